//! Reconciles a `DliProject`: a state machine of its own, since it stands for no resource that the operator creates.

use crate::{
    api::{CREDENTIALS_SECRET, DliProject},
    core::{
        conditions::{Conditions, Reason},
        pass::{Context, Flow, ProjectAccess, finish, request},
        seam::{
            CredentialId, CredentialState, Effect, Endpoint, FinalizerChange, KubeEffect, Millis, Next, Outcome,
            durations::{LAG_POLL, SOON},
            has_finalizer,
        },
        state::{ProjectAvailability, ProjectState},
    },
    dli::{Call, CallError, ProjectId, RegionName, Reply},
};

use super::{
    abandoned::{absorb_abandoned, clean_up_abandoned, holds_project, is_about_abandoned, next_clean_up},
    failure::{record_failure, unavailable_conditions},
    orphans::{absorb_orphans, is_about_orphans, look_for_orphans, next_look},
    refresh::{absorb_lists, next_refresh, refresh_lists},
    report::{project_conditions, report},
};

/// The cloud that a project uses when it names none.
const DEFAULT_CLOUD: &str = "huaweicloud";

/// Reconciles one project.
pub(crate) fn reconcile(ctx: &mut Context<'_>, object: &DliProject) -> Flow<Next> {
    let deleting = object.metadata.deletion_timestamp.is_some();
    if deleting {
        if !has_finalizer(&object.metadata) {
            ctx.gone();
            return finish(None, Outcome::Gone);
        }
        match ctx.observations.has_dependents {
            None => return request(Effect::Kube(KubeEffect::HasDependents(ctx.key.clone()))),
            Some(false) if !holds_project(ctx) => return ctx.change_finalizer(FinalizerChange::Remove),
            Some(_) => {}
        }
    } else if !has_finalizer(&object.metadata) {
        return ctx.change_finalizer(FinalizerChange::Add);
    }
    let endpoint = Endpoint {
        cloud: object.spec.cloud.as_deref().unwrap_or(DEFAULT_CLOUD).into(),
        region: object.spec.region.as_str().into(),
    };
    if ctx.state.projects.get(ctx.key).is_none_or(|p| p.endpoint != endpoint) {
        ctx.state.projects.insert(ctx.key.clone(), ProjectState::new(endpoint.clone()));
        let key = ctx.key.clone();
        ctx.state.wake_dependents(&key);
    }
    let Some(credential) = ctx.observations.credential.clone() else {
        return request(Effect::ReadCredential { namespace: ctx.key.namespace.clone() });
    };
    let (last, reason, message) = match credential {
        CredentialState::Present(id) => return work(ctx, object, endpoint, id, deleting),
        CredentialState::Missing { last } => {
            let message = format!(
                "There is no Secret {}/{CREDENTIALS_SECRET}. Create it with the keys accessKey and secretKey.",
                ctx.key.namespace
            );
            (last, Reason::CredentialsMissing, message)
        }
        CredentialState::Malformed { message, last } => (last, Reason::CredentialsInvalid, message),
    };
    // What is being deleted goes on with the last credentials that this process saw (P-project-3).
    match last {
        Some(last) if deleting => work(ctx, object, endpoint, last, true),
        last => {
            if let Some(project) = ctx.state.projects.get_mut(ctx.key)
                && last.is_some()
            {
                project.credential = last;
            }
            stall(ctx, object, reason, message)
        }
    }
}

/// Makes the project unavailable, and ends the pass until the slow retry.
fn stall(ctx: &mut Context<'_>, object: &DliProject, reason: Reason, message: String) -> Flow<Next> {
    let down = ProjectAvailability::Down { reason, message: message.clone() };
    ctx.state.set_availability(ctx.key, down, ctx.now);
    report(ctx, object, &Conditions::stalled(reason, message, reason))?;
    finish(Some(ctx.now.mono + ctx.state.settings.stuck_retry), Outcome::Stalled)
}

/// A project whose credential is known.
fn work(
    ctx: &mut Context<'_>,
    object: &DliProject,
    endpoint: Endpoint,
    credential: CredentialId,
    deleting: bool,
) -> Flow<Next> {
    let now = ctx.now;
    let pinned = object.status.as_ref().and_then(|s| s.project_id.as_deref());
    let named = object.spec.project_id.as_deref();
    if let (Some(pinned), Some(named)) = (pinned, named)
        && pinned != named
    {
        let message = format!(
            "spec.projectId is {named}, but this object was bound to project {pinned} and cannot move. Create a new DliProject \
             for the other project, and this one again without spec.projectId or with {pinned}."
        );
        return stall(ctx, object, Reason::ProjectChanged, message);
    }
    let Some(project) = ctx.state.projects.get_mut(ctx.key) else {
        return finish(Some(now.mono + SOON), Outcome::Failed);
    };
    project.use_credential(&credential);
    let mut access = ProjectAccess { endpoint, credential, project: project.id.clone() };
    require_unrefused(ctx, object, &access)?;
    if let Some((call, error)) = ctx.observations.failure.take() {
        record_failure(ctx, &call, &error);
    }
    require_retry_time(ctx, object)?;
    // mutant: pinned-project
    access.project = Some(fetch_project_id(ctx, object, &access, named.or(pinned))?);
    // What was begun is finished before the next list: their answers look alike.
    if ctx.observations.refresh.abandoned.is_some() {
        clean_up_abandoned(ctx, &access)?;
    }
    refresh_lists(ctx, &access)?;
    clean_up_abandoned(ctx, &access)?;
    look_for_orphans(ctx, &access)?;
    let id = access.project_id();
    let conditions = project_conditions(ctx, id, &object.spec.region);
    report(ctx, object, &conditions)?;
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        project.failures = 0;
    }
    ctx.state.set_availability(ctx.key, ProjectAvailability::Ready, now);
    let Some(project) = ctx.state.projects.get(ctx.key) else {
        return finish(Some(now.mono + SOON), Outcome::Failed);
    };
    let others = [next_clean_up(project), next_look(project), deleting.then_some(now.mono + LAG_POLL / 2)];
    let at = others.into_iter().flatten().fold(next_refresh(project), Millis::min);
    finish(Some(at), Outcome::Settled)
}

/// Waits while the credential is known to be refused, or the cloud locks the key for everyone.
fn require_unrefused(ctx: &mut Context<'_>, object: &DliProject, access: &ProjectAccess) -> Flow<()> {
    let now = ctx.now.mono;
    let Some(project) = ctx.state.projects.get_mut(ctx.key) else { return Ok(()) };
    let Some((refused, until)) = project.refused.clone() else { return Ok(()) };
    if refused != access.credential {
        return Ok(());
    }
    if now >= until {
        project.refused = None;
        return Ok(());
    }
    let (reason, message) = match &project.availability {
        ProjectAvailability::Down { reason, message } => (*reason, message.clone()),
        _ => (Reason::CredentialsInvalid, String::new()),
    };
    report(ctx, object, &Conditions::stalled(reason, message, reason))?;
    finish(Some(until), Outcome::Stalled)
}

/// Waits until a failed call of the project may be retried.
fn require_retry_time(ctx: &mut Context<'_>, object: &DliProject) -> Flow<()> {
    let Some(project) = ctx.state.projects.get(ctx.key) else { return Ok(()) };
    let retry_at = project.retry_at;
    if ctx.now.mono >= retry_at {
        return Ok(());
    }
    if let ProjectAvailability::Down { reason, message } = project.availability.clone() {
        report(ctx, object, &unavailable_conditions(reason, message))?;
    }
    finish(Some(retry_at), Outcome::Failed)
}

/// The project id: once looked up, it is kept (P-project-1).
fn fetch_project_id(
    ctx: &mut Context<'_>,
    object: &DliProject,
    access: &ProjectAccess,
    known: Option<&str>,
) -> Flow<ProjectId> {
    if let Some(id) = &access.project {
        return Ok(id.clone());
    }
    let id = match (known, ctx.observations.refresh.found.clone()) {
        (Some(id), _) => ProjectId::new(id),
        (None, Some(Ok(id))) => id,
        (None, Some(Err(conditions))) => {
            if let Some(ready) = &conditions.ready {
                let down = ProjectAvailability::Down { reason: ready.reason, message: ready.message.clone() };
                ctx.state.set_availability(ctx.key, down, ctx.now);
            }
            report(ctx, object, &conditions)?;
            return finish(Some(ctx.now.mono + ctx.state.settings.stuck_retry), Outcome::Stalled);
        }
        (None, None) => return ctx.call(access, Call::FindProjects(RegionName::new(&object.spec.region))),
    };
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        project.id = Some(id.clone());
    }
    Ok(id)
}

/// Takes in the answer to one of a project's own calls; gives back a failure for the reconciliation to deal with.
pub(crate) fn absorb(
    ctx: &mut Context<'_>,
    call: &Call,
    outcome: Result<Reply, CallError>,
    began: Millis,
) -> Option<CallError> {
    if is_about_orphans(ctx, call) {
        return absorb_orphans(ctx, call, outcome);
    }
    if is_about_abandoned(ctx, call) {
        absorb_abandoned(ctx, call, outcome);
        return None;
    }
    absorb_lists(ctx, call, outcome, began)
}
