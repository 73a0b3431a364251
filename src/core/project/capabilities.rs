//! What a region offers: whether its lists can be filtered by tag, and whether it has the tag service.
//!
//! A list is filtered by a tag that nothing carries, right after a reading that shows something. An empty answer means
//! that the filter is honoured. Of connections the one that the list showed must still be there afterwards, since there
//! may have been no other (P-tag-2).

use crate::{
    api::ProjectCapabilities,
    core::{
        pass::{Context, Flow, ProjectAccess},
        records::owner_tag::probe_tag,
        seam::ObjectKind,
        state::ProjectState,
    },
    dli::{Call, CallError, ConnectionState, ErrorClass, Reply},
};

/// What the status says of the region: what was found out before stays.
pub(super) fn capabilities(
    project: Option<&ProjectState>,
    old: Option<&ProjectCapabilities>,
) -> Option<ProjectCapabilities> {
    let Some(project) = project else { return old.cloned() };
    let filter = match (project.list(ObjectKind::Queue).filter, project.list(ObjectKind::Connection).filter) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), _) | (_, Some(true)) => Some(true),
        (None, None) => None,
    };
    if filter.is_none() && project.tag_service.is_none() {
        return old.cloned();
    }
    let old = old.cloned().unwrap_or_default();
    Some(ProjectCapabilities {
        tag_filter: filter.or(old.tag_filter),
        tag_service: project.tag_service.or(old.tag_service),
    })
}

/// Tries the filters that were not tried yet and for which there is something to try them on.
pub(super) fn probe_filters(ctx: &mut Context<'_>, access: &ProjectAccess) -> Flow<()> {
    let Some(project) = ctx.state.projects.get(ctx.key) else { return Ok(()) };
    let progress = &ctx.observations.refresh;
    if progress.probe_failed {
        return Ok(());
    }
    let queues = project.list(ObjectKind::Queue);
    if queues.filter.is_none() && queues.length > 0 {
        return ctx.call(access, Call::ListQueues { tag: Some(probe_tag()), page: None });
    }
    if project.list(ObjectKind::Connection).filter.is_none()
        && let Some(id) = progress.control_item.clone()
    {
        return match progress.filter_left_all_out {
            true => ctx.call(access, Call::GetConnection(id)),
            false => ctx.call(access, Call::ListConnections { tag: Some(probe_tag()), offset: 0, limit: 0 }),
        };
    }
    Ok(())
}

/// The answer to a list that was filtered by a tag which nothing carries; `empty`: it left everything out. Gives back a
/// failure of the project's.
pub(super) fn absorb_probe(
    ctx: &mut Context<'_>,
    kind: ObjectKind,
    empty: bool,
    error: Option<CallError>,
) -> Option<CallError> {
    // mutant: filter-honoured
    let honoured = match error.as_ref().map(|error| error.class) {
        // The connections may have gone meanwhile: the control item decides.
        None if empty && kind == ObjectKind::Connection => {
            ctx.observations.refresh.filter_left_all_out = true;
            return None;
        }
        None => empty,
        Some(ErrorClass::Refused | ErrorClass::Unsupported | ErrorClass::NotFound) => false,
        Some(ErrorClass::Transient) => {
            ctx.observations.refresh.probe_failed = true;
            return None;
        }
        Some(_) => return error,
    };
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        project.list_mut(kind).filter = Some(honoured);
    }
    None
}

/// The answer to the look at the control item: where it is still there, the filter has left it out.
pub(super) fn absorb_control_item(ctx: &mut Context<'_>, outcome: Result<Reply, CallError>) -> Option<CallError> {
    ctx.observations.refresh.control_item = None;
    ctx.observations.refresh.filter_left_all_out = false;
    match outcome {
        Ok(Reply::Connection(item)) if item.state != ConnectionState::Deleted => {
            if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
                project.list_mut(ObjectKind::Connection).filter = Some(true);
            }
            None
        }
        Ok(_) => None,
        Err(error) => match error.class {
            // Undecided; the next reading tries again.
            ErrorClass::NotFound | ErrorClass::Refused | ErrorClass::Unsupported | ErrorClass::Transient => None,
            _ => Some(error),
        },
    }
}
