//! The part of a deletion that queues and connections share.

use crate::{
    api::{DeletionPolicy, ManagementPolicy},
    dli::{Call, CallError, Cause, ErrorClass},
};

use super::doubt::{in_doubt_for, may_have_changed, settling};
use super::member::{Member, SAFETY_NET, keep_claim, link, same_project, say, wall};
use super::{
    Effect, Event, FinalizerChange, Intent, IntentOp, KubeEffect, Millis, Outcome,
    conditions::{ConditionStatus, ConditionValue, Conditions, Progress, find},
    mark::disowned_at,
    memory::CreateOutcome,
    pass::{Context, Flow, ProjectAccess, ask, done},
    seam::{RecordedIntent, has_finalizer, recorded_intent},
    world::ProjectAvailability,
};

/// What deleting an object comes down to.
#[derive(Debug)]
pub(in crate::core) enum Farewell {
    /// Delete the remote resource whose id the status has.
    Owned(ProjectAccess),
    /// A create call is in doubt, or an adoption has been begun: find out, and delete what carries the mark.
    InDoubt(ProjectAccess, Intent),
}

/// The part of a deletion that both kinds share. Drops the finalizer where nothing is to be deleted in the cloud.
pub(in crate::core) fn farewell<M: Member>(ctx: &mut Context<'_>, member: &M) -> Flow<Farewell> {
    let now = ctx.now;
    if !has_finalizer(member.meta()) {
        ctx.gone();
        return done(None, Outcome::Gone);
    }
    let project_key = member.project_key();
    ctx.memory().project = Some(project_key.clone());
    ctx.memory().guarded = None;
    let evidence = recorded_intent(member.meta());
    let unreadable = evidence == RecordedIntent::Unreadable;
    let intent = match evidence {
        RecordedIntent::Valid(intent) => Some(intent),
        RecordedIntent::None | RecordedIntent::Unreadable => None,
    };
    let in_doubt = match &intent {
        Some(intent) if intent.op == IntentOp::Create && !member.has_id() => {
            let made_nothing = [CreateOutcome::NotApplied { n: intent.n }, CreateOutcome::Exists { n: intent.n }];
            intent.first.is_some() || !ctx.memory().attempt.as_ref().is_some_and(|a| made_nothing.contains(a))
        }
        _ => false,
    };
    // The mark may be on what was to be taken over, though the status does not say so yet.
    let adopting = !member.has_id() && intent.as_ref().is_some_and(|intent| intent.op == IntentOp::Adopt);
    let keeps = member.deletion() == DeletionPolicy::Retain || member.management() == ManagementPolicy::Observe;
    if unreadable && !keeps {
        let message = "The intent annotation was written by a newer version of the operator. Run that version, or set \
                       deletionPolicy: Retain to let the object go and keep the cloud resource.";
        return refuse(ctx, member, "IntentUnreadable", message.to_owned(), now.mono + SAFETY_NET);
    }
    let owns = member.has_id() && intent.is_some();
    if !in_doubt && (keeps || !(adopting || owns)) {
        return ctx.change_finalizer(FinalizerChange::Remove);
    }
    if let Some(link) = ctx.world.projects.get(&project_key).and_then(link) {
        keep_claim(ctx, member, &link);
    }
    match ctx.facts.terminating {
        None => return ask(Effect::Kube(KubeEffect::IsDefinitionTerminating(member.kind()))),
        Some(true) => return ctx.change_finalizer(FinalizerChange::Remove),
        Some(false) => {}
    }
    if keeps && let Some(intent) = &intent {
        // What the call in doubt may have made is kept too; only wait until it can be seen by who comes next.
        let left = in_doubt_for(ctx, wall(ctx, member), intent);
        if left > 0 {
            return done(Some(now.mono + left as Millis), Outcome::Waiting);
        }
        return ctx.change_finalizer(FinalizerChange::Remove);
    }
    if let Some(hold) = ctx.memory().hold.clone() {
        if hold.generation == member.generation() && now.mono < hold.until {
            return done(Some(hold.until), Outcome::Waiting);
        }
        ctx.memory().hold = None;
    }
    ctx.world.depend(ctx.key, &project_key);
    let Some(project) = ctx.world.projects.get(&project_key) else {
        if ctx.cached(&project_key)?.is_none() {
            let message = format!(
                "DliProject {} is gone, so the cloud cannot be reached. Create it again with its credentials, or set \
                 deletionPolicy: Retain to let the object go and keep the cloud resource.",
                project_key.name
            );
            return refuse(ctx, member, "CredentialsMissing", message, now.mono + SAFETY_NET);
        }
        return done(Some(now.mono + SAFETY_NET), Outcome::Waiting);
    };
    let (standing, credential, refused) =
        (project.standing.clone(), project.credential.clone(), project.refused.clone());
    let usable = refused.is_none_or(|(id, until)| Some(&id) != credential.as_ref() || now.mono >= until);
    let link = link(project);
    match (standing, link) {
        (ProjectAvailability::Unknown, _) => done(Some(now.mono + SAFETY_NET), Outcome::Waiting),
        (ProjectAvailability::Down { reason, .. }, link) if link.is_none() || !usable || reason == "ProjectChanged" => {
            let message = format!(
                "DliProject {} is not usable: {reason}. Mend it, or set deletionPolicy: Retain to let the object go and keep \
                 the cloud resource.",
                project_key.name
            );
            let reason = match reason {
                "CredentialsMissing" | "CredentialsInvalid" => reason,
                _ => "WaitingForDependency",
            };
            refuse(ctx, member, reason, message, now.mono + SAFETY_NET)
        }
        (_, None) => done(Some(now.mono + SAFETY_NET), Outcome::Waiting),
        (_, Some(link)) => {
            same_project(ctx, member, &link)?;
            match intent {
                Some(intent) if in_doubt || adopting => Ok(Farewell::InDoubt(link, intent)),
                _ => Ok(Farewell::Owned(link)),
            }
        }
    }
}

/// That nothing is found proves nothing yet where it was created a moment ago, unless it was deleted on the way.
pub(in crate::core) fn not_just_created<M: Member>(ctx: &mut Context<'_>, member: &M) -> Flow<()> {
    if ctx.facts.deleted || ctx.memory().deleted_at.is_some() || !settling(ctx, member) {
        return Ok(());
    }
    let message = format!(
        "{} was just created, and the cloud does not show it yet; it is looked for again before this object is let go.",
        member.remote_name()
    );
    refuse(ctx, member, "ConfirmingAbsence", message, ctx.now.mono + 5_000)
}

/// Says why a deletion does not go on.
pub(in crate::core) fn refuse<T, M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    reason: &'static str,
    message: String,
    at: Millis,
) -> Flow<T> {
    announce(ctx, member, reason, message)?;
    done(Some(at), Outcome::Waiting)
}

/// Says what a deletion waits for.
pub(in crate::core) fn announce<M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    reason: &'static str,
    message: String,
) -> Flow<()> {
    let verdict = Conditions {
        ready: Some(ConditionValue::new(ConditionStatus::False, "Deleting", message.clone())),
        progress: Progress::Reconciling(reason),
        synced: ConditionValue::new(ConditionStatus::False, "Deleting", message),
    };
    let verdict = repeated_deletion(member, verdict, reason);
    say(ctx, member, &verdict)
}

/// A refusal that goes on keeps its first words.
pub(in crate::core) fn repeated_deletion<M: Member>(
    member: &M,
    mut verdict: Conditions,
    reason: &'static str,
) -> Conditions {
    let same = find(member.conditions(), "Reconciling").is_some_and(|c| c.reason == reason);
    if same && let (Some(old), Some(say)) = (find(member.conditions(), "Ready"), &mut verdict.ready) {
        say.message.clone_from(&old.message);
        verdict.synced.message.clone_from(&old.message);
    }
    verdict
}

/// A DELETE that failed.
pub(in crate::core) fn delete_failed<T, M: Member>(
    ctx: &mut Context<'_>,
    member: &M,
    call: &Call,
    error: &CallError,
) -> Flow<T> {
    let now = ctx.now;
    match error.class {
        ErrorClass::Throttled => return done(Some(now.mono + error.retry_after.unwrap_or(1_000)), Outcome::Waiting),
        ErrorClass::Auth => {
            ctx.world.wake(&member.project_key());
            return done(Some(now.mono + 1_000), Outcome::Waiting);
        }
        _ => {}
    }
    if error.cause == Cause::NotSent {
        return done(Some(now.mono + 1_000), Outcome::Waiting);
    }
    let uid = ctx.uid();
    // The server decides; it is asked again every minute.
    let at = ctx.world.next_try(ctx.key, &uid, now, None).min(now.mono + 60_000);
    ctx.hold(at, member.generation(), None);
    // A DELETE by name that may have been carried out is not soon sent again, so it is said at once.
    let soon = !(matches!(call, Call::DeleteQueue(_)) && may_have_changed(Some(error)));
    if soon && ctx.memory().failures < 2 && error.class == ErrorClass::Transient {
        return done(Some(at), Outcome::Failed);
    }
    let message = format!(
        "{}: {error}. It is tried again every minute. If a job is running, cancel it; or set deletionPolicy: Retain to let \
         the object go and keep the cloud resource.",
        call.name()
    );
    refuse(ctx, member, "DeletionRefused", message, at)
}

/// The resource that this object owns lacks its mark. It is left behind if it goes on doing so.
pub(in crate::core) fn disown<M: Member>(ctx: &mut Context<'_>, member: &M, what: &str) -> Flow<()> {
    let Some(at) = disowned_at(ctx) else { return Ok(()) };
    let message = format!(
        "{what} does not show this object's mark. It is looked at again; if it still lacks the mark after {} s, it is left \
         alone and this object is let go. With deletionPolicy: Retain that happens at once.",
        ctx.world.settings.visibility_grace / 1_000
    );
    refuse(ctx, member, "ConfirmingOwnership", message, at)
}

/// An event that goes with dropping a resource that turned out to be somebody else's.
pub(in crate::core) fn lost_event(note: String) -> Event {
    Event { warning: true, reason: "OwnershipLost", action: "Delete", note }
}
