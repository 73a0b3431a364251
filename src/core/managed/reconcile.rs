//! From an object to what its lifecycle asks for, and from an answer of the cloud to what is remembered of it.

use crate::{
    api::ManagementPolicy,
    core::{
        pass::{Context, Flow, Reading, ResourceObservations},
        seam::{IntentOp, Millis, Next},
        state::CreateOutcome,
    },
    dli::{Applied, Call, CallError, Cause, ErrorClass, Reply},
};

use super::{
    reconciliation::Lifecycle,
    resource::{Heard, Managed, Reconcile},
};

/// Reconciles one object.
pub(crate) fn reconcile<K: Managed>(ctx: &mut Context<'_>, object: &K) -> Flow<Next> {
    let mut r = Reconcile::new(ctx, object);
    r.remember();
    let lifecycle = r.lifecycle();
    r.ctx.observations.lifecycle = Some(lifecycle.state());
    if let Lifecycle::Deleting = lifecycle {
        return r.delete();
    }
    r.require_preconditions()?;
    r.watch_name();
    if !matches!(lifecycle, Lifecycle::Observing) {
        r.require_claim()?;
    }
    if let Some((call, error)) = r.take_failure() {
        return r.report_failure(&call, &error);
    }
    // A cache that lags behind this process's own write must not look like a fresh object.
    if r.ctx.object_state().create_outcome.is_some() && r.intent().is_none() {
        r.ctx.require_fresh()?;
    }
    match lifecycle {
        Lifecycle::Observing => r.observe(),
        Lifecycle::Owned(id) => r.reconcile_owned(&id),
        Lifecycle::Creating(intent) => r.resolve_create(&intent),
        Lifecycle::Unclaimed | Lifecycle::Adopting | Lifecycle::Deleting => r.create_or_adopt(),
    }
}

impl<K: Managed> Reconcile<'_, '_, K> {
    fn lifecycle(&self) -> Lifecycle<K> {
        if self.common().meta.deletion_timestamp.is_some() {
            return Lifecycle::Deleting;
        }
        if self.common().management == ManagementPolicy::Observe {
            return Lifecycle::Observing;
        }
        // mutant: create-without-id
        match (self.intent(), self.object.id()) {
            (Some(_), Some(id)) => Lifecycle::Owned(id),
            (Some(intent), None) if intent.op == IntentOp::Create => Lifecycle::Creating(intent),
            (Some(intent), None) if intent.op == IntentOp::Adopt => Lifecycle::Adopting,
            _ => Lifecycle::Unclaimed,
        }
    }

    /// Remembers what the object stands for, and wakes its dependents when what they may rely on has changed. They read
    /// it from the watch cache, so they are notified of what the cache shows, not of what this pass writes.
    fn remember(&mut self) {
        let project = self.project_key();
        let id = self.object.id().map(|id| id.to_string().into());
        let remote = Some((self.object.remote_name().into(), id.clone()));
        let deleting = self.common().meta.deletion_timestamp.is_some();
        let newer = self.ctx.is_newer_than_cache();
        let object = self.ctx.object_state();
        object.project = Some(project);
        object.remote = remote;
        if !newer && object.last_notified.replace((id.clone(), deleting)) != Some((id, deleting)) {
            let key = self.ctx.key.clone();
            self.ctx.state.wake_dependents(&key);
        }
    }
}

/// Takes in the answer to one of an object's own calls; gives back a failure for the reconciliation to deal with.
pub(crate) fn absorb<K: Managed>(
    ctx: &mut Context<'_>,
    call: &Call,
    outcome: Result<Reply, CallError>,
    began: Millis,
) -> Option<CallError> {
    match call {
        Call::ListTags { id, .. } => return absorb_tags(ctx, id, outcome),
        Call::CreateTags { .. } => {
            ctx.observations.tagged |= outcome.is_ok();
            return outcome.err();
        }
        _ => {}
    }
    ctx.observations.has_turn = false;
    match K::heard(call, outcome) {
        Heard::Read(item) => {
            K::learn(ctx, call, item.as_ref(), began);
            let observed = K::observed_mut(ctx.observations);
            observed.read = Some(Reading { value: item, began });
            observed.read_by = Some(call.clone());
            None
        }
        Heard::Tagged(items) => {
            for item in &items {
                K::learn(ctx, call, Some(item), began);
            }
            K::observed_mut(ctx.observations).tagged = Some(Reading { value: items, began });
            None
        }
        Heard::Created(outcome) => {
            *K::observed_mut(ctx.observations) = ResourceObservations::default();
            absorb_create(ctx, outcome, began)
        }
        Heard::Deleted(outcome) => {
            *K::observed_mut(ctx.observations) = ResourceObservations::default();
            K::deleted(ctx, call, outcome.as_ref().err());
            absorb_delete(ctx, outcome)
        }
        Heard::Edited(outcome) => {
            K::observed_mut(ctx.observations).read = None;
            K::edited(ctx, call, outcome)
        }
        Heard::Other(outcome) => outcome.err(),
    }
}

fn absorb_tags(ctx: &mut Context<'_>, id: &str, outcome: Result<Reply, CallError>) -> Option<CallError> {
    match outcome {
        Ok(Reply::Tags(tags)) => {
            ctx.observations.tags.insert(id.to_owned(), tags);
            None
        }
        // What is gone carries no tag.
        Err(error) if error.is_not_found() => {
            ctx.observations.tags.insert(id.to_owned(), Vec::new());
            None
        }
        other => other.err(),
    }
}

/// Records how a create call ended; gives back what was certainly not applied.
fn absorb_create(
    ctx: &mut Context<'_>,
    outcome: Result<Option<String>, CallError>,
    began: Millis,
) -> Option<CallError> {
    let (n, now) = (ctx.intent_number(), ctx.now.mono);
    let object = ctx.object_state();
    object.valid_from = now;
    object.pending_since = Some(now);
    let error = match outcome {
        Ok(id) => {
            object.create_outcome = Some(CreateOutcome::Accepted { n, sent: began, at: now, id });
            return None;
        }
        Err(error) => error,
    };
    match (error.applied, error.class) {
        (_, ErrorClass::Exists) => {
            object.create_outcome = Some(CreateOutcome::Exists { n });
            object.failures = object.failures.saturating_add(1);
            None
        }
        // mutant: create-unanswered
        (Applied::Unknown | Applied::Yes, _) => {
            object.create_outcome = Some(CreateOutcome::Unknown { n, gave_up: now });
            object.failures = object.failures.saturating_add(1);
            object.last_cloud_error = Some(error.to_string());
            None
        }
        (Applied::No, _) => {
            object.create_outcome = Some(CreateOutcome::NotApplied { n });
            Some(error)
        }
    }
}

fn absorb_delete(ctx: &mut Context<'_>, outcome: Result<(), CallError>) -> Option<CallError> {
    let (now, grace) = (ctx.now.mono, ctx.state.settings.visibility_grace);
    let object = ctx.object_state();
    object.valid_from = now;
    let error = outcome.err();
    let gone = error.as_ref().is_some_and(CallError::is_not_found);
    // mutant: delete-sent
    if gone || CallError::may_have_been_applied(error.as_ref()) {
        object.delete_sent = Some(now);
    }
    match error {
        Some(error) if !gone => {
            object.delete_refused |= error.cause == Cause::Answer;
            if error.cause != Cause::Answer && error.applied != Applied::No {
                object.delete_in_flight_until = Some(now + grace);
            }
            Some(error)
        }
        _ => {
            ctx.observations.deleted = true;
            None
        }
    }
}
