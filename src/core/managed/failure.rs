//! What is reported of a failed call, and when the next try is.

use crate::{
    core::{
        conditions::{Conditions, Progress, RETRYING, RETRYING_SLOWLY, Reason, was_ready},
        pass::{Flow, finish, wait},
        seam::{
            Outcome,
            durations::{DELETE_RETRY, FAILURES_BEFORE_REPORT, SOON},
        },
    },
    dli::{Call, CallError, Cause, ErrorClass},
};

use super::resource::{Managed, Reconcile};

/// What is reported of a failed call.
fn failure_conditions(call: &Call, error: &CallError) -> Conditions {
    let name = call.name();
    match error.class {
        ErrorClass::Quota => Conditions::stalled(
            Reason::QuotaExceeded,
            format!("{name}: {error}. Raise the quota, or delete something. {RETRYING_SLOWLY}"),
            Reason::Pending,
        ),
        ErrorClass::Denied => Conditions::stalled(
            Reason::AccessDenied,
            format!("{name}: {error}. Grant the right. {RETRYING_SLOWLY}"),
            Reason::Pending,
        ),
        ErrorClass::Unsupported => Conditions::stalled(
            Reason::Unsupported,
            format!("{name} is not offered in this region: {error}."),
            Reason::Unsupported,
        ),
        ErrorClass::Refused | ErrorClass::NotFound => Conditions::stalled(
            Reason::Refused,
            format!("{name}: {error}. Correct the spec. {RETRYING_SLOWLY}"),
            Reason::Pending,
        ),
        ErrorClass::Exists | ErrorClass::Transient | ErrorClass::Auth | ErrorClass::Throttled => {
            Conditions::waiting(Reason::CloudError, format!("{name}: {error}. {RETRYING}"))
        }
    }
}

impl<K: Managed> Reconcile<'_, '_, K> {
    /// The failure of this pass that nothing has dealt with yet. One that says that the region has no tag service is
    /// dealt with here.
    pub(super) fn take_failure(&mut self) -> Option<(Call, CallError)> {
        let (call, error) = self.ctx.observations.failure.take()?;
        let about_tags = matches!(call, Call::ListTags { .. } | Call::CreateTags { .. });
        if about_tags && error.class == ErrorClass::Unsupported {
            if let Some(project) = self.project_mut() {
                project.tag_service = Some(false);
            }
            return None;
        }
        Some((call, error))
    }

    /// Ends the pass where a failure says nothing about this object: the limiter or the project deals with it.
    fn require_own_failure(&mut self, error: &CallError) -> Flow<()> {
        let at = match error.class {
            ErrorClass::Throttled => self.now() + error.retry_after.unwrap_or(SOON),
            ErrorClass::Auth => {
                let project_key = self.project_key();
                self.ctx.state.wake(&project_key);
                self.now() + SOON
            }
            _ if error.cause == Cause::NotSent => self.now() + SOON,
            _ => return Ok(()),
        };
        wait(at)
    }

    /// Reports a failed call, and backs off.
    pub(super) fn report_failure<T>(&mut self, call: &Call, error: &CallError) -> Flow<T> {
        self.require_own_failure(error)?;
        let uid = self.ctx.uid();
        let at = self.ctx.state.next_try(self.ctx.key, &uid, self.ctx.now, Some(error));
        let conditions = failure_conditions(call, error);
        let outcome = match conditions.progress {
            Progress::Stalled(_) => Outcome::Stalled,
            _ => Outcome::Failed,
        };
        // A short trouble of an object that is ready is not worth a write.
        let few = self.ctx.object_state().failures < FAILURES_BEFORE_REPORT;
        let quiet = outcome == Outcome::Failed && (was_ready(self.common().conditions) || few);
        let generation = self.generation();
        let conditions = (!quiet).then(|| conditions.keep_words(self.common().conditions, generation));
        self.ctx.back_off(at, generation, conditions.clone());
        if let Some(conditions) = conditions {
            self.update_conditions(&conditions)?;
        }
        finish(Some(at), outcome)
    }

    /// Reports a failed DELETE, and backs off. The server decides; it is asked again at least every minute
    /// (P-delete-13).
    pub(super) fn report_delete_failure<T>(&mut self, call: &Call, error: &CallError) -> Flow<T> {
        self.require_own_failure(error)?;
        let uid = self.ctx.uid();
        let next = self.ctx.state.next_try(self.ctx.key, &uid, self.ctx.now, None);
        let at = next.min(self.now() + DELETE_RETRY);
        let message = format!(
            "{}: {error}. Retrying every minute. If a job is running, cancel it. To remove this object and keep the {}, set \
             deletionPolicy: Retain.",
            call.name(),
            K::NOUN
        );
        let conditions = Conditions::deleting(Reason::DeletionRefused, message);
        // A DELETE by name that may have been carried out is not soon sent again, so it is reported at once.
        let soon = !(call.deletes_by_name() && CallError::may_have_been_applied(Some(error)));
        let few = self.ctx.object_state().failures < FAILURES_BEFORE_REPORT - 1;
        let quiet = soon && few && error.class == ErrorClass::Transient;
        let generation = self.generation();
        let conditions = (!quiet).then(|| conditions.keep_words(self.common().conditions, generation));
        self.ctx.back_off(at, generation, conditions.clone());
        if let Some(conditions) = conditions {
            self.update_conditions(&conditions)?;
            return finish(Some(at), Outcome::Waiting);
        }
        finish(Some(at), Outcome::Failed)
    }
}
