//! What is reported of a project.

use crate::{
    api::{DliProject, DliProjectStatus},
    core::{
        conditions::{ConditionStatus, ConditionValue, Conditions, Progress, Reason, find, without_request_ids},
        pass::{Context, Flow},
        seam::{ObjectKind, Status},
    },
};

use super::{capabilities::capabilities, orphans::orphan_event};

/// The conditions of a project that can be used.
pub(super) fn project_conditions(ctx: &Context<'_>, id: &str, region: &str) -> Conditions {
    let Some((missing, owned)) = ctx.state.projects.get(ctx.key).and_then(|p| p.breaker) else {
        let message =
            format!("Project {id} in {region}: the credentials are valid, and the operator has read the lists.");
        let available = Conditions::available(message);
        return match ctx.state.projects.get(ctx.key).and_then(|project| project.undeletable.values().next().cloned()) {
            None => available,
            Some(note) => Conditions {
                synced: ConditionValue::new(ConditionStatus::False, Reason::OrphanNotDeleted, note),
                ..available
            },
        };
    };
    let message = format!(
        "{missing} of {owned} owned resources are missing from the cloud's lists at once. Nothing is created until each is \
         confirmed to be gone. Check that the credentials belong to project {id}."
    );
    let doubt = "The cloud's lists are in doubt.";
    Conditions {
        ready: Some(ConditionValue::new(ConditionStatus::False, Reason::MassAbsence, message)),
        progress: Progress::Reconciling(Reason::MassAbsence),
        synced: ConditionValue::new(ConditionStatus::Unknown, Reason::MassAbsence, doubt),
    }
}

/// Writes the project's status if it says something else than before.
pub(super) fn report(ctx: &mut Context<'_>, object: &DliProject, conditions: &Conditions) -> Flow<()> {
    let old = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or(0);
    let project = ctx.state.projects.get(ctx.key);
    let server = match project {
        Some(project) => ctx.state.server_time(&project.endpoint, ctx.now),
        None => ctx.now.wall,
    };
    let is_ready = |value: &ConditionValue| value.status == ConditionStatus::True;
    let ready = conditions.ready.as_ref().is_some_and(is_ready);
    // A cloud that stays away answers in ever new words; the first are enough. So is the first id of a request.
    let reported = find(&old.conditions, "Ready").is_some_and(|before| {
        let Some(value) = conditions.ready.as_ref().filter(|value| !is_ready(value)) else { return false };
        let any_words =
            matches!(value.reason, Reason::CloudUnreachable | Reason::UnexpectedAnswer | Reason::CloudError);
        before.reason == value.reason.as_str()
            && before.observed_generation == Some(generation)
            && (any_words || without_request_ids(&before.message) == without_request_ids(&value.message))
    });
    if reported {
        return Ok(());
    }
    let pinned = old.project_id.clone().or_else(|| {
        let id = project.filter(|_| ready)?.id.as_ref()?;
        Some(id.as_str().to_owned())
    });
    // Where no list can be filtered, nobody looks, and what an earlier process saw is not kept.
    let never = |kind| project.is_some_and(|p| p.list(kind).filter == Some(false));
    let never = never(ObjectKind::Queue) && never(ObjectKind::Connection);
    let (orphans, count) = match project.and_then(|p| Some((p.orphans.clone()?, p.orphan_count))) {
        Some((orphans, count)) => (orphans, count),
        None if never => (Vec::new(), 0),
        None => (old.orphans.clone(), old.orphan_count.unwrap_or(0)),
    };
    let status = DliProjectStatus {
        observed_generation: Some(generation),
        conditions: conditions.to_list(&old.conditions, generation, server),
        project_id: pinned,
        capabilities: capabilities(project, old.capabilities.as_ref()),
        orphan_count: (count > 0).then_some(count),
        orphans,
    };
    if status == old {
        return Ok(());
    }
    let mut events = conditions.events(&old.conditions);
    events.extend(orphan_event(&old, &status));
    ctx.put_status(Status::Project(Box::new(status)), events)
}
