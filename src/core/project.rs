//! The machine of `DliProject`: credentials, project id, and the reading of the project's lists for all its objects.

use crate::{
    api::{DliProject, DliProjectStatus, ProjectCapabilities},
    dli::{Call, CallError, Cause, ErrorClass, ProjectId, RegionName},
};

use super::conditions::without_request;
use super::ghost::{lay_to_rest, next_visit, undeletable};
use super::sweep::{next_sweep, sweep};
use super::{
    CloudEffect, CredentialId, CredentialState, Effect, Endpoint, FinalizerChange, KubeEffect, Millis, Next, Outcome,
    Status,
    conditions::{ConditionStatus, ConditionValue, Conditions, find},
    pass::{Context, Flow, ProjectAccess, ask, done},
    records::backoff,
    seam::has_finalizer,
    world::{Project, ProjectAvailability},
};

/// The cloud that a project uses when it names none.
const DEFAULT_CLOUD: &str = "huaweicloud";

/// A refused credential is not tried again before this time: five refusals in a row lock the key for everyone.
const REFUSED_FOR: Millis = 310_000;

/// How long a project that is being deleted waits for a chance to delete what is left of objects that have gone.
const HAUNTED_FOR: Millis = 60_000;

/// Failures in a row after which a project that was fine is said not to be.
const PATIENCE: u32 = 3;

pub(in crate::core) fn decide(ctx: &mut Context<'_>, object: &DliProject) -> Flow<Next> {
    let deleting = object.metadata.deletion_timestamp.is_some();
    if deleting {
        if !has_finalizer(&object.metadata) {
            ctx.gone();
            return done(None, Outcome::Gone);
        }
        match ctx.facts.dependents {
            None => return ask(Effect::Kube(KubeEffect::HasDependents(ctx.key.clone()))),
            Some(false) if !haunted(ctx) => return ctx.change_finalizer(FinalizerChange::Remove),
            Some(_) => {}
        }
    } else if !has_finalizer(&object.metadata) {
        return ctx.change_finalizer(FinalizerChange::Add);
    }
    let endpoint = Endpoint {
        cloud: object.spec.cloud.as_deref().unwrap_or(DEFAULT_CLOUD).into(),
        region: object.spec.region.as_str().into(),
    };
    let key = ctx.key.clone();
    if ctx.world.projects.get(&key).is_none_or(|p| p.endpoint != endpoint) {
        ctx.world.projects.insert(key.clone(), Project::new(endpoint.clone()));
        ctx.world.wake_dependents(&key);
    }
    let Some(credential) = ctx.facts.credential.clone() else {
        return ask(Effect::ReadCredential { namespace: key.namespace.clone() });
    };
    let credential = match credential {
        CredentialState::Present(id) => id,
        CredentialState::Missing { last } => {
            let message = format!(
                "There is no Secret {}/{}. Create it with the keys accessKey and secretKey.",
                key.namespace,
                crate::api::CREDENTIALS_SECRET
            );
            return without_credential(ctx, object, deleting, last, "CredentialsMissing", message);
        }
        CredentialState::Malformed { message, last } => {
            return without_credential(ctx, object, deleting, last, "CredentialsInvalid", message);
        }
    };
    work(ctx, object, endpoint, credential, deleting)
}

/// Whether something is still to be deleted that was made for an object which has gone. A project that cannot do it is
/// not held for ever.
fn haunted(ctx: &Context<'_>) -> bool {
    let project = ctx.world.projects.get(ctx.key);
    project.is_some_and(|p| p.ghosts.values().any(|ghost| ctx.now.mono < ghost.until + HAUNTED_FOR))
}

/// A project whose Secret cannot be used. What is being deleted goes on with the credentials that were there before.
fn without_credential(
    ctx: &mut Context<'_>,
    object: &DliProject,
    deleting: bool,
    last: Option<CredentialId>,
    reason: &'static str,
    message: String,
) -> Flow<Next> {
    if deleting && let Some(last) = last.clone() {
        let endpoint = ctx.world.projects.get(ctx.key).map(|p| p.endpoint.clone());
        if let Some(endpoint) = endpoint {
            return work(ctx, object, endpoint, last, true);
        }
    }
    let now = ctx.now;
    if let Some(project) = ctx.world.projects.get_mut(ctx.key)
        && last.is_some()
    {
        project.credential = last;
    }
    ctx.world.set_standing(ctx.key, ProjectAvailability::Down { reason, message: message.clone() }, now);
    report(ctx, object, &Conditions::stalled(reason, message, reason))?;
    done(Some(now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck)
}

fn work(
    ctx: &mut Context<'_>,
    object: &DliProject,
    endpoint: Endpoint,
    credential: CredentialId,
    deleting: bool,
) -> Flow<Next> {
    let now = ctx.now;
    let key = ctx.key.clone();
    let pinned = object.status.as_ref().and_then(|s| s.project_id.as_deref());
    let named = object.spec.project_id.as_deref();
    if let (Some(pinned), Some(named)) = (pinned, named)
        && pinned != named
    {
        let message = format!(
            "spec.projectId is {named}, but this object was bound to project {pinned} and cannot move. Set spec.projectId \
             back to {pinned}, or make a new DliProject for the other project."
        );
        ctx.world.set_standing(
            &key,
            ProjectAvailability::Down { reason: "ProjectChanged", message: message.clone() },
            now,
        );
        report(ctx, object, &Conditions::stalled("ProjectChanged", message, "ProjectChanged"))?;
        return done(None, Outcome::Stuck);
    }
    let Some(project) = ctx.world.projects.get_mut(&key) else { return done(Some(now.mono + 1_000), Outcome::Failed) };
    if project.credential.as_ref() != Some(&credential) {
        // Whatever was wrong or right with the old key says nothing about the new one.
        project.credential = Some(credential.clone());
        project.retry_at = 0;
        project.failures = 0;
        project.queues_at = 0;
        project.connections_at = 0;
        if project.standing == ProjectAvailability::Ready {
            project.standing = ProjectAvailability::Unknown;
        }
    }
    let mut link = ProjectAccess { endpoint, credential, project: project.id.clone() };

    if let Some((refused, until)) = project.refused.clone()
        && refused == link.credential
    {
        if now.mono < until {
            let (reason, message) = match &project.standing {
                ProjectAvailability::Down { reason, message } => (*reason, message.clone()),
                _ => ("CredentialsInvalid", String::new()),
            };
            report(ctx, object, &Conditions::stalled(reason, message, reason))?;
            return done(Some(until), Outcome::Stuck);
        }
        project.refused = None;
    }
    if let Some((call, error)) = ctx.facts.failure.take() {
        fail(ctx, &call, &error);
    }
    let retry_at = ctx.world.projects.get(&key).map_or(0, |p| p.retry_at);
    if now.mono < retry_at {
        let standing = ctx.world.projects.get(&key).map(|p| p.standing.clone());
        if let Some(ProjectAvailability::Down { reason, message }) = standing {
            let verdict = match reason {
                "AccessDenied" | "Unsupported" | "CredentialsInvalid" => Conditions::stalled(reason, message, reason),
                _ => Conditions::reconciling(
                    reason,
                    message,
                    ConditionValue::new(ConditionStatus::Unknown, reason, "The cloud could not be read."),
                ),
            };
            report(ctx, object, &verdict)?;
        }
        return done(Some(retry_at), Outcome::Failed);
    }

    if link.project.is_none() {
        let id = match named.or(pinned) {
            Some(id) => ProjectId::new(id),
            None => match ctx.facts.sweep.found.take() {
                Some(Ok(id)) => id,
                Some(Err(verdict)) => {
                    let say = verdict.ready.clone();
                    if let Some(say) = say {
                        let standing = ProjectAvailability::Down { reason: say.reason, message: say.message };
                        ctx.world.set_standing(&key, standing, now);
                    }
                    ctx.facts.sweep.found = Some(Err(verdict.clone()));
                    report(ctx, object, &verdict)?;
                    return done(Some(now.mono + ctx.world.settings.stuck_retry), Outcome::Stuck);
                }
                None => return ctx.call(&link, Call::FindProjects(RegionName::new(&object.spec.region))),
            },
        };
        if let Some(project) = ctx.world.projects.get_mut(&key) {
            project.id = Some(id.clone());
        }
        link.project = Some(id);
    }
    sweep(ctx, &link)?;
    lay_to_rest(ctx, &link)?;

    let id = link.project.as_ref().map(ProjectId::as_str).unwrap_or_default();
    let verdict = verdict(ctx, id, &object.spec.region);
    report(ctx, object, &verdict)?;
    let Some(project) = ctx.world.projects.get_mut(&key) else { return done(Some(now.mono + 1_000), Outcome::Failed) };
    project.failures = 0;
    ctx.world.set_standing(&key, ProjectAvailability::Ready, now);
    let at = ctx.world.projects.get(&key).map_or(now.mono, |project| {
        let sweep = next_sweep(project);
        next_visit(project).map_or(sweep, |visit| visit.min(sweep))
    });
    let at = if deleting { at.min(now.mono + 2_000) } else { at };
    done(Some(at), Outcome::Settled)
}

pub(in crate::core) fn verdict(ctx: &Context<'_>, id: &str, region: &str) -> Conditions {
    match ctx.world.projects.get(ctx.key).and_then(|p| p.breaker) {
        Some((missing, owned)) => Conditions {
            ready: Some(ConditionValue::new(
                ConditionStatus::False,
                "SnapshotSuspect",
                format!(
                    "{missing} of {owned} owned resources are missing from the cloud's lists at once. Nothing is created \
                     until each is confirmed to be gone. Check that the credentials belong to project {id}."
                ),
            )),
            progress: super::conditions::Progress::Reconciling("SnapshotSuspect"),
            synced: ConditionValue::new(ConditionStatus::Unknown, "SnapshotSuspect", "The cloud's lists are in doubt."),
        },
        None => {
            let ready = format!("Project {id} in {region}: the credentials are valid and the lists are read.");
            let left = ctx.world.projects.get(ctx.key).and_then(undeletable);
            let available = Conditions::available(ready);
            match left {
                Some(left) => Conditions {
                    synced: ConditionValue::new(ConditionStatus::False, "LeftoverNotDeleted", left),
                    ..available
                },
                None => available,
            }
        }
    }
}

/// A credential was refused: nobody tries it again for a while, or the cloud locks the key for everyone.
pub(in crate::core) fn credential_refused(ctx: &mut Context<'_>, effect: &CloudEffect, error: &CallError) {
    let now = ctx.now;
    let hint = match error.message.contains("expired") {
        true => "Check the clock of this machine.",
        false => "Check accessKey and secretKey in the Secret; a new version is tried at once, this one in 5 minutes.",
    };
    let message = format!("The cloud refuses the credentials: {error}. {hint}");
    let affected: Vec<_> = ctx
        .world
        .projects
        .iter()
        .filter(|(_, p)| {
            // The same key in another namespace is as bad.
            p.endpoint == effect.endpoint
                && p.credential.as_ref().is_some_and(|c| c.fingerprint == effect.credential.fingerprint)
        })
        .map(|(key, _)| key.clone())
        .collect();
    for key in affected {
        if let Some(project) = ctx.world.projects.get_mut(&key) {
            project.refused = project.credential.clone().map(|c| (c, now.mono + REFUSED_FOR));
        }
        let standing = ProjectAvailability::Down { reason: "CredentialsInvalid", message: message.clone() };
        ctx.world.set_standing(&key, standing, now);
        if key != *ctx.key {
            ctx.world.wake(&key);
        }
    }
}

/// Notes a failed call of the project itself.
pub(in crate::core) fn fail(ctx: &mut Context<'_>, call: &Call, error: &CallError) {
    let now = ctx.now;
    if error.class == ErrorClass::Throttled || (error.class == ErrorClass::Auth && ctx.facts.redated) {
        return;
    }
    let key = ctx.key.clone();
    let seed = ctx.world.settings.seed;
    let stuck = ctx.world.settings.stuck_retry;
    let Some(project) = ctx.world.projects.get_mut(&key) else { return };
    if error.class == ErrorClass::Auth {
        // Held by the refusal itself.
        project.retry_at = 0;
        return;
    }
    project.failures = project.failures.saturating_add(1);
    let name = call.name();
    let lookup = matches!(call, Call::FindProjects(_));
    let (reason, message, wait) = match (error.class, error.cause) {
        (ErrorClass::Denied, _) if lookup => (
            "AccessDenied",
            format!("The credentials may not list projects: {error}. Set spec.projectId, or grant that right."),
            stuck,
        ),
        (ErrorClass::Denied, _) => (
            "AccessDenied",
            format!("The credentials may not do {name}: {error}. Grant the DLI rights, or check spec.projectId."),
            stuck,
        ),
        // An unknown cloud, or a region that makes no URL: only an edit or another configuration helps.
        (ErrorClass::Unsupported, _) | (ErrorClass::Refused, Cause::NotSent) => {
            ("Unsupported", format!("{name} is not offered here: {error}. Check spec.region and spec.cloud."), stuck)
        }
        (_, Cause::Dns | Cause::Connect | Cause::Tls | Cause::Timeout | Cause::Reset) => (
            "CloudUnreachable",
            format!(
                "{name} got no answer: {error}. It is tried again by itself; check spec.region, spec.cloud and the network."
            ),
            backoff::backoff(project.failures, seed),
        ),
        (_, Cause::Decode) => (
            "UnexpectedAnswer",
            format!(
                "{name} got an answer that is not DLI's: {error}. It is tried again by itself; check the endpoint of the cloud \
                 in the operator's configuration."
            ),
            backoff::backoff(project.failures, seed),
        ),
        _ => (
            "CloudError",
            format!("{name} failed: {error}. It is tried again by itself."),
            backoff::backoff(project.failures, seed),
        ),
    };
    let wait = wait.max(error.retry_after.unwrap_or(0).min(stuck));
    // Unreachable clouds are looked for at least once a minute, so that work goes on soon after they are back.
    let wait = if reason == "AccessDenied" || reason == "Unsupported" { wait } else { wait.min(60_000) };
    project.retry_at = now.mono + wait;
    let fine = project.standing == ProjectAvailability::Ready;
    if !fine || project.failures >= PATIENCE || error.class == ErrorClass::Denied {
        ctx.world.set_standing(&key, ProjectAvailability::Down { reason, message }, now);
    }
}

/// Writes the project's status if it says something else than before.
fn report(ctx: &mut Context<'_>, object: &DliProject, verdict: &Conditions) -> Flow<()> {
    let old = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or(0);
    let project = ctx.world.projects.get(ctx.key);
    let endpoint = project.map(|p| p.endpoint.clone());
    let wall = endpoint.map_or(ctx.now.wall, |e| ctx.world.server_now(&e, ctx.now));
    let ready = matches!(&verdict.ready, Some(say) if say.status == ConditionStatus::True);
    // A cloud that stays away answers in ever new words; the first are enough. So is the first number of a request.
    let same = find(&old.conditions, "Ready").is_some_and(|c| {
        let Some(say) = verdict.ready.as_ref().filter(|_| !ready) else { return false };
        c.reason == say.reason
            && c.observed_generation == Some(generation)
            && (matches!(say.reason, "CloudUnreachable" | "UnexpectedAnswer" | "CloudError")
                || without_request(&c.message) == without_request(&say.message))
    });
    if same {
        return Ok(());
    }
    let mut capabilities = old.capabilities.clone();
    if let Some(project) = project {
        let filter = match (project.queue_filter, project.connection_filter) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true) | None) | (None, Some(true)) => Some(true),
            (None, None) => None,
        };
        if filter.is_some() || project.tag_service.is_some() {
            let c = capabilities.get_or_insert_with(ProjectCapabilities::default);
            c.tag_filter = filter.or(c.tag_filter);
            c.tag_service = project.tag_service.or(c.tag_service);
        }
    }
    let pinned = old.project_id.clone().or_else(|| match ready {
        true => project.and_then(|p| p.id.as_ref()).map(|id| id.as_str().to_owned()),
        false => None,
    });
    let status = DliProjectStatus {
        observed_generation: Some(generation),
        conditions: verdict.conditions(&old.conditions, generation, wall),
        project_id: pinned,
        capabilities,
    };
    if status == old {
        return Ok(());
    }
    let events = verdict.events(&old.conditions);
    ctx.put_status(Status::Project(Box::new(status)), events)
}
