//! One reconciliation of one object: what it may ask, write and wait for, shared by all kinds.
//!
//! A pass decides from the top each time it is told something: with the object, the operator's state and the
//! [`Observations`] gathered so far it either finds what it still needs, and requests it, or comes to its end. So there is
//! no position in a procedure that a crash could lose.

use std::sync::Arc;

use crate::{
    core::{
        conditions::Conditions,
        rate_limit::Priority,
        seam::{
            CloudEffect, CredentialId, Effect, Endpoint, Event, FinalizerChange, Intent, KubeEffect, Millis, Next, Now,
            Object, ObjectKey, ObjectKind, Outcome, Precondition, RecordedIntent, Status,
            durations::{DELETE_BY_NAME_WITHIN, FRESH_FOR},
            recorded_intent,
        },
        state::{Backoff, ObjectState, OperatorState},
    },
    dli::{Call, ProjectId},
};

use super::observations::Observations;

/// Why deciding stops here.
#[derive(Debug)]
pub(crate) enum Suspend {
    /// Something is needed.
    Effect(Box<Effect>),
    /// The pass is over.
    Finish(Next),
}

/// The outcome of a decision that may stop at any point. Functions named `fetch_*` may request an effect; functions named
/// `require_*` may end the pass.
pub(crate) type Flow<T> = Result<T, Suspend>;

/// Requests an effect.
pub(crate) fn request<T>(effect: Effect) -> Flow<T> {
    Err(Suspend::Effect(Box::new(effect)))
}

/// Ends the pass.
pub(crate) fn finish<T>(at: Option<Millis>, outcome: Outcome) -> Flow<T> {
    Err(Suspend::Finish(Next { at, outcome, lifecycle: None }))
}

/// Ends the pass until a moment: something has to happen first.
pub(crate) fn wait<T>(at: Millis) -> Flow<T> {
    finish(Some(at), Outcome::Waiting)
}

/// How to reach a project: everything that a call needs beside itself.
#[derive(Clone, Debug)]
pub(crate) struct ProjectAccess {
    pub(crate) endpoint: Endpoint,
    pub(crate) credential: CredentialId,
    pub(crate) project: Option<ProjectId>,
}

impl ProjectAccess {
    /// The project's id; empty where it is not known yet.
    pub(crate) fn project_id(&self) -> &str {
        self.project.as_ref().map(ProjectId::as_str).unwrap_or_default()
    }
}

/// What a decision works with.
pub(crate) struct Context<'a> {
    pub(crate) state: &'a mut OperatorState,
    pub(crate) key: &'a ObjectKey,
    pub(crate) observations: &'a mut Observations,
    pub(crate) now: Now,
    pub(crate) object: &'a mut Option<Object>,
    /// When the object was last seen to be the newest.
    pub(crate) fresh_at: &'a mut Option<Millis>,
    /// A permit of the rate limiter that no answer has used up yet: the moment from which the call may be sent.
    pub(crate) permit: &'a mut Option<Millis>,
}

impl Context<'_> {
    /// Wakes the dependents of an object that has gone, and forgets it.
    pub(crate) fn gone(&mut self) {
        self.state.wake_dependents(self.key);
        self.state.forget(self.key, self.now);
    }

    pub(crate) fn uid(&self) -> Arc<str> {
        self.object.as_ref().and_then(|o| o.meta().uid.as_deref()).unwrap_or_default().into()
    }

    /// What is remembered about this object.
    pub(crate) fn object_state(&mut self) -> &mut ObjectState {
        let uid = self.object.as_ref().and_then(|o| o.meta().uid.as_deref()).unwrap_or_default();
        self.state.object(self.key, uid)
    }

    fn precondition(&self) -> Precondition {
        let version = self.object.as_ref().and_then(|o| o.meta().resource_version.as_deref()).unwrap_or_default();
        Precondition { uid: self.uid(), resource_version: version.into() }
    }

    /// Number of the object's intent; 0 without one.
    pub(crate) fn intent_number(&self) -> u32 {
        match self.object.as_ref().map(|o| recorded_intent(o.meta())) {
            Some(RecordedIntent::Valid(intent)) => intent.n,
            _ => 0,
        }
    }

    /// Whether the object is newer than the watch cache: written or read live by this pass.
    pub(crate) fn is_newer_than_cache(&self) -> bool {
        self.fresh_at.is_some()
    }

    /// Whether this pass wrote this very intent, so that no call of it can have been sent before.
    pub(crate) fn wrote_intent(&self, intent: &Intent) -> bool {
        self.observations.written_intent == Some(intent.n)
    }

    /// Another object, out of the watch cache.
    pub(crate) fn fetch_cached(&mut self, key: &ObjectKey) -> Flow<Option<Object>> {
        match self.observations.cached.get(key) {
            Some(object) => Ok(object.clone()),
            None => request(Effect::Kube(KubeEffect::GetCached(key.clone()))),
        }
    }

    /// Makes sure that the object is the newest, also when its call is held back.
    pub(crate) fn require_fresh(&mut self) -> Flow<()> {
        let sent = self.permit.map_or(self.now.mono, |at| at.max(self.now.mono));
        // mutant: live-read
        match *self.fresh_at {
            Some(at) if sent < at + FRESH_FOR => Ok(()),
            _ => request(Effect::Kube(KubeEffect::GetLive(self.key.clone()))),
        }
    }

    /// Makes sure that this process may change the cloud now.
    pub(crate) fn require_leadership(&mut self) -> Flow<()> {
        match self.state.may_mutate(self.now) {
            Ok(_) => Ok(()),
            Err(at) => finish(Some(at), Outcome::Waiting),
        }
    }

    /// Acquires a permit of the rate limiter, or ends the pass until its turn comes.
    pub(crate) fn require_permit(&mut self, access: &ProjectAccess, priority: Priority) -> Flow<()> {
        if self.permit.is_some() {
            return Ok(());
        }
        let now = self.now.mono;
        let goes_on = self.observations.called;
        let limiter = self.state.limiter(&access.endpoint, &access.credential);
        let permit = if goes_on {
            limiter.acquire_on_credit(self.key, priority, now)
        } else {
            limiter.acquire(self.key, priority, now).map(|()| now)
        };
        if let Some(key) = limiter.overdue(now) {
            self.state.wake(&key);
        }
        match permit {
            Ok(at) => {
                *self.permit = Some(at);
                Ok(())
            }
            Err(at) => {
                self.observations.in_line = true;
                finish(Some(at), Outcome::Waiting)
            }
        }
    }

    fn priority(&self, call: &Call) -> Priority {
        let deleting = self.object.as_ref().is_some_and(|o| o.meta().deletion_timestamp.is_some());
        match self.key.kind {
            ObjectKind::Project => Priority::List,
            _ if deleting => Priority::Delete,
            _ if call.is_edit() => Priority::Edit,
            _ if call.is_mutation() => Priority::Create,
            _ => Priority::Read,
        }
    }

    /// Requests a call to the cloud. One that changes something needs leadership and a fresh object, and carries the
    /// moment after which it must not be sent (P-fence-1).
    pub(crate) fn call<T>(&mut self, access: &ProjectAccess, call: Call) -> Flow<T> {
        let mut not_after = None;
        let priority = self.priority(&call);
        if call.is_mutation() {
            self.require_leadership()?;
            self.require_permit(access, priority)?;
            self.require_fresh()?;
            let lease = self.state.may_mutate(self.now).unwrap_or(self.now.mono);
            let fresh = self.fresh_at.unwrap_or(self.now.mono) + FRESH_FOR;
            // mutant: delete-shown
            let shown = match call.deletes_by_name() {
                true => self.observations.read_at + DELETE_BY_NAME_WITHIN,
                false => Millis::MAX,
            };
            if shown <= self.now.mono {
                // The cloud took too long to show whose it is: read again.
                return finish(Some(self.now.mono), Outcome::Waiting);
            }
            // mutant: call-deadline
            not_after = Some(lease.min(fresh).min(shown));
        } else {
            self.require_permit(access, priority)?;
        }
        request(Effect::Cloud(CloudEffect {
            clock_offset: self.state.clock_offset(&access.endpoint, self.now),
            endpoint: access.endpoint.clone(),
            credential: access.credential.clone(),
            project: access.project.clone().filter(|_| !call.is_global()),
            call,
            not_before: self.permit.unwrap_or(self.now.mono),
            not_after,
        }))
    }

    /// Writes the intent and the finalizer in one PATCH; the call comes after it.
    pub(crate) fn write_intent<T>(&mut self, intent: Intent) -> Flow<T> {
        self.patch(FinalizerChange::Add, Some(intent))
    }

    /// Adds or removes the finalizer.
    pub(crate) fn change_finalizer<T>(&mut self, finalizer: FinalizerChange) -> Flow<T> {
        self.patch(finalizer, None)
    }

    fn patch<T>(&mut self, finalizer: FinalizerChange, intent: Option<Intent>) -> Flow<T> {
        let (key, precondition) = (self.key.clone(), self.precondition());
        request(Effect::Kube(KubeEffect::PatchMeta { key, precondition, finalizer, intent }))
    }

    /// Writes the status.
    pub(crate) fn put_status<T>(&mut self, status: Status, events: Vec<Event>) -> Flow<T> {
        let (key, precondition) = (self.key.clone(), self.precondition());
        request(Effect::Kube(KubeEffect::PutStatus { key, precondition, status, events }))
    }

    /// A pause until `at`, with what is reported meanwhile; an edit of the object ends it.
    pub(crate) fn back_off(&mut self, at: Millis, generation: i64, conditions: Option<Conditions>) {
        self.object_state().backoff = Some(Box::new(Backoff { until: at, generation, conditions }));
    }
}
