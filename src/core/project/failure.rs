//! What makes a project unavailable: refused credentials, failed calls.

use crate::{
    core::{
        conditions::{ConditionStatus, ConditionValue, Conditions, RETRYING, Reason},
        pass::Context,
        records::backoff::backoff,
        seam::{
            CloudEffect, CredentialId, ObjectKey,
            durations::{FAILURES_BEFORE_REPORT, REFUSED_FOR, RESYNC},
        },
        state::ProjectAvailability,
    },
    dli::{Call, CallError, Cause, ErrorClass},
};

/// A credential was refused: nobody tries it again for a while, or the cloud locks the key for everyone (P-project-4).
pub(crate) fn credential_refused(ctx: &mut Context<'_>, effect: &CloudEffect, error: &CallError) {
    let now = ctx.now;
    let hint = match error.message.contains("expired") {
        true => "Check the clock of this machine.",
        false => "Check accessKey and secretKey in the Secret. A new version is tried at once, this one in 5 minutes.",
    };
    let message = format!("The cloud refuses the credentials: {error}. {hint}");
    // The same key in another namespace is as bad.
    let affected = ctx.state.projects.iter().filter(|(_, project)| {
        let same = |id: &CredentialId| id.fingerprint == effect.credential.fingerprint;
        project.endpoint == effect.endpoint && project.credential.as_ref().is_some_and(same)
    });
    let affected: Vec<ObjectKey> = affected.map(|(key, _)| key.clone()).collect();
    for key in affected {
        // mutant: credential-refused
        if let Some(project) = ctx.state.projects.get_mut(&key) {
            project.refused = project.credential.clone().map(|id| (id, now.mono + REFUSED_FOR));
        }
        let down = ProjectAvailability::Down { reason: Reason::CredentialsInvalid, message: message.clone() };
        ctx.state.set_availability(&key, down, now);
        if key != *ctx.key {
            ctx.state.wake(&key);
        }
    }
}

/// Reason and message after a failed call, and whether only a person can help.
fn judge(call: &Call, error: &CallError) -> (Reason, String, bool) {
    let name = call.name();
    match (error.class, error.cause) {
        (ErrorClass::Denied, _) if call.is_global() => (
            Reason::AccessDenied,
            format!(
                "The credentials are not allowed to list projects: {error}. Set spec.projectId, or grant that right."
            ),
            true,
        ),
        (ErrorClass::Denied, _) => (
            Reason::AccessDenied,
            format!(
                "The credentials are not allowed to call {name}: {error}. Grant the DLI rights, or check spec.projectId."
            ),
            true,
        ),
        // An unknown cloud, or a region that makes no URL: only an edit or another configuration helps.
        (ErrorClass::Unsupported, _) | (ErrorClass::Refused, Cause::NotSent) => (
            Reason::Unsupported,
            format!("{name} is not offered here: {error}. Check spec.region and spec.cloud."),
            true,
        ),
        (_, Cause::Dns | Cause::Connect | Cause::Tls | Cause::Timeout | Cause::Reset) => (
            Reason::CloudUnreachable,
            format!("{name} got no answer: {error}. {RETRYING} Check spec.region, spec.cloud and the network."),
            false,
        ),
        (_, Cause::Decode) => (
            Reason::UnexpectedAnswer,
            format!(
                "{name} got an answer that is not DLI's: {error}. {RETRYING} Check the endpoint of the cloud in the operator's \
                 configuration."
            ),
            false,
        ),
        _ => (Reason::CloudError, format!("{name} failed: {error}. {RETRYING}"), false),
    }
}

/// Records a failed call of the project itself.
pub(super) fn record_failure(ctx: &mut Context<'_>, call: &Call, error: &CallError) {
    let now = ctx.now;
    if error.class == ErrorClass::Throttled || (error.class == ErrorClass::Auth && ctx.observations.redated) {
        return;
    }
    let (seed, stuck) = (ctx.state.settings.seed, ctx.state.settings.stuck_retry);
    let Some(project) = ctx.state.projects.get_mut(ctx.key) else { return };
    if error.class == ErrorClass::Auth {
        // The refusal itself holds the project back.
        project.retry_at = 0;
        return;
    }
    project.failures = project.failures.saturating_add(1);
    let (reason, message, stalled) = judge(call, error);
    let asked = error.retry_after.unwrap_or(0).min(stuck);
    project.retry_at = now.mono
        + match stalled {
            true => stuck,
            // At least once a minute, so that work goes on soon after the cloud is back.
            false => backoff(project.failures, seed).max(asked).min(RESYNC),
        };
    let fine = project.availability == ProjectAvailability::Ready;
    if !fine || project.failures >= FAILURES_BEFORE_REPORT || error.class == ErrorClass::Denied {
        ctx.state.set_availability(ctx.key, ProjectAvailability::Down { reason, message }, now);
    }
}

/// What is reported of a project whose calls fail.
pub(super) fn unavailable_conditions(reason: Reason, message: String) -> Conditions {
    match reason {
        Reason::AccessDenied | Reason::Unsupported | Reason::CredentialsInvalid => {
            Conditions::stalled(reason, message, reason)
        }
        _ => {
            let synced = ConditionValue::new(ConditionStatus::Unknown, reason, "The cloud could not be read.");
            Conditions::reconciling(reason, message, synced)
        }
    }
}
