//! Reading a project's lists for all its objects.

use std::sync::Arc;

use crate::{
    core::{
        conditions::{Conditions, Reason},
        inventory::{CompleteList, PRESET_QUEUE, PageResult, Pages},
        pass::{Context, Flow, ProjectAccess},
        records::backoff::jitter,
        seam::{Millis, ObjectKey, ObjectKind, durations::LIST_GAP},
        state::{ListState, ProjectState},
    },
    dli::{
        Call, CallError, ConnectionItem, ConnectionState, ProjectId, ProjectItem, QueueItem, QueuePage, RegionName,
        Reply,
    },
};

use super::capabilities::{absorb_control_item, absorb_probe, probe_filters};

/// When the next list is due.
pub(super) fn next_refresh(project: &ProjectState) -> Millis {
    project.list(ObjectKind::Queue).due_at.min(project.list(ObjectKind::Connection).due_at)
}

/// Length of a list, and when its newest complete reading began.
fn known(project: &ProjectState, kind: ObjectKind) -> (usize, Option<Millis>) {
    let inventory = &project.inventory;
    match kind {
        ObjectKind::Queue => (inventory.queues.len(), inventory.queues.complete()),
        ObjectKind::Connection => (inventory.connections.len(), inventory.connections.complete()),
        ObjectKind::Project => (0, None),
    }
}

/// The least time between two readings of a list: long ones are read less often.
fn gap(length: usize) -> Millis {
    LIST_GAP + length as Millis
}

fn is_due(list: ListState, (length, complete): (usize, Option<Millis>), now: Millis) -> bool {
    list.due_at <= now || (list.wanted && complete.is_none_or(|began| now >= began + gap(length)))
}

/// Reads the lists that are due, and tries their filters.
pub(super) fn refresh_lists(ctx: &mut Context<'_>, access: &ProjectAccess) -> Flow<()> {
    let now = ctx.now.mono;
    let Some(project) = ctx.state.projects.get(ctx.key) else { return Ok(()) };
    let due = |kind| is_due(project.list(kind), known(project, kind), now);
    let (queues_due, connections_due) = (due(ObjectKind::Queue), due(ObjectKind::Connection));
    let progress = &ctx.observations.refresh;
    if queues_due && !progress.queues_read {
        // The first page was as long as the server makes them.
        let size = progress.offset.max(1) as u32;
        let page = progress.queues.as_ref().map(|_| QueuePage { number: progress.number, size });
        return ctx.call(access, Call::ListQueues { tag: None, page });
    }
    if connections_due && !progress.connections_read {
        let offset = progress.connections.as_ref().map_or(0, |_| progress.offset) as u32;
        return ctx.call(access, Call::ListConnections { tag: None, offset, limit: 0 });
    }
    probe_filters(ctx, access)?;
    // A list that was asked for, but too soon after the last reading, comes later.
    let read = [
        (ObjectKind::Queue, ctx.observations.refresh.queues_read),
        (ObjectKind::Connection, ctx.observations.refresh.connections_read),
    ];
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        for (kind, read) in read {
            let (length, complete) = known(project, kind);
            let list = project.list_mut(kind);
            if list.wanted && !read {
                list.due_at = list.due_at.min(complete.unwrap_or(now) + gap(length));
            }
        }
    }
    Ok(())
}

/// Takes in the answer to one of these calls; gives back a failure for the reconciliation to deal with.
pub(super) fn absorb_lists(
    ctx: &mut Context<'_>,
    call: &Call,
    outcome: Result<Reply, CallError>,
    began: Millis,
) -> Option<CallError> {
    match (call, outcome) {
        (Call::FindProjects(region), Ok(Reply::Projects(list))) => {
            ctx.observations.refresh.found = Some(choose_project(region, list));
            None
        }
        (Call::ListQueues { tag: None, .. }, Ok(Reply::Queues(items))) => {
            queue_page(ctx, items, began);
            None
        }
        (Call::ListConnections { tag: None, .. }, Ok(Reply::Connections(items))) => {
            connection_page(ctx, items, began);
            None
        }
        (Call::ListQueues { tag: Some(_), .. }, outcome) => {
            let empty = matches!(&outcome, Ok(Reply::Queues(items)) if items.is_empty());
            absorb_probe(ctx, ObjectKind::Queue, empty, outcome.err())
        }
        (Call::ListConnections { tag: Some(_), .. }, outcome) => {
            let empty = matches!(&outcome, Ok(Reply::Connections(items)) if items.is_empty());
            absorb_probe(ctx, ObjectKind::Connection, empty, outcome.err())
        }
        (Call::GetConnection(_), outcome) => absorb_control_item(ctx, outcome),
        (_, outcome) => outcome.err(),
    }
}

/// The one enabled project that is named like the region, or why there is none.
fn choose_project(region: &RegionName, list: Vec<ProjectItem>) -> Result<ProjectId, Conditions> {
    let matching = list.into_iter().filter(|project| project.enabled && project.name == *region);
    let ids: Vec<ProjectId> = matching.map(|project| project.id).collect();
    let (reason, message) = match ids.as_slice() {
        [id] => return Ok(id.clone()),
        [] => (
            Reason::ProjectNotFound,
            format!(
                "IAM shows these credentials no enabled project for region {region}. Check spec.region, or set spec.projectId."
            ),
        ),
        several => {
            let names: Vec<&str> = several.iter().map(ProjectId::as_str).collect();
            (
                Reason::ProjectAmbiguous,
                format!(
                    "IAM shows {} projects for region {region}: {}. Set spec.projectId to the one that is meant.",
                    names.len(),
                    names.join(", ")
                ),
            )
        }
    };
    Err(Conditions::stalled(reason, message, reason))
}

/// The queue list has page numbers instead of offsets, so no overlap can be asked for: the whole list is asked for in one
/// page, and where it may have been cut, further pages of the same length are read until one is not full. An item that
/// moves between pages meanwhile may be missed; an object that misses it asks for it by name before anything is done.
fn queue_page(ctx: &mut Context<'_>, page: Vec<QueueItem>, began: Millis) {
    let now = ctx.now.mono;
    let uncut = ctx.state.projects.get(ctx.key).map_or(0, |p| p.list(ObjectKind::Queue).uncut(now));
    let progress = &mut ctx.observations.refresh;
    let mut pages = progress.queues.take().unwrap_or_else(|| Pages::begin(began));
    let began = pages.began();
    if progress.offset > 0 {
        let (size, length) = (progress.offset, page.len());
        pages.append(page);
        if length < size {
            let single = progress.number == 2 && length == 0;
            progress.offset = 0;
            publish_queues(ctx, pages.take(), began, single);
        } else {
            progress.number += 1;
            progress.queues = Some(pages);
        }
        return;
    }
    match pages.page(page, uncut) {
        PageResult::Complete(items, _) => publish_queues(ctx, items, began, true),
        PageResult::More(more, offset) => {
            progress.offset = offset + 1;
            progress.number = 2;
            progress.queues = Some(more);
        }
        PageResult::Broken => {
            progress.queues_read = true;
            read_again_soon(ctx, ObjectKind::Queue);
        }
    }
}

fn connection_page(ctx: &mut Context<'_>, page: Vec<ConnectionItem>, began: Millis) {
    let now = ctx.now.mono;
    let uncut = ctx.state.projects.get(ctx.key).map_or(0, |p| p.list(ObjectKind::Connection).uncut(now));
    let progress = &mut ctx.observations.refresh;
    let pages = progress.connections.take().unwrap_or_else(|| Pages::begin(began));
    let began = pages.began();
    progress.offset = 0;
    match pages.page(page, uncut) {
        PageResult::More(pages, offset) => {
            progress.connections = Some(pages);
            progress.offset = offset;
        }
        PageResult::Complete(items, single) => publish_connections(ctx, items, began, single),
        PageResult::Broken => {
            progress.connections_read = true;
            read_again_soon(ctx, ObjectKind::Connection);
        }
    }
}

fn publish_queues(ctx: &mut Context<'_>, mut items: CompleteList<QueueItem>, began: Millis, single: bool) {
    ctx.observations.refresh.queues_read = true;
    let Some(project) = ctx.state.projects.get_mut(ctx.key) else { return };
    let length = items.len();
    items.retain(|item| item.name.as_str() != PRESET_QUEUE);
    let queues = &mut project.inventory.queues;
    let new = items.iter().filter(|item| queues.get(&item.name).is_none_or(|seen| seen.item != **item));
    let mut changed: Vec<Arc<str>> = new.map(|item| item.name.as_str().into()).collect();
    changed.extend(queues.iter().filter(|(name, _)| !items.contains(name)).map(|(name, _)| name.as_str().into()));
    queues.publish(items, began);
    let changed = changed.into_iter().map(|name| (ObjectKind::Queue, name)).collect();
    published(ctx, ObjectKind::Queue, length, single, changed);
}

fn publish_connections(ctx: &mut Context<'_>, mut items: CompleteList<ConnectionItem>, began: Millis, single: bool) {
    ctx.observations.refresh.connections_read = true;
    let Some(project) = ctx.state.projects.get_mut(ctx.key) else { return };
    let length = items.len();
    items.retain(|item| item.state != ConnectionState::Deleted);
    ctx.observations.refresh.control_item = items.iter().next().map(|item| item.id.clone());
    let connections = &mut project.inventory.connections;
    let new = items.iter().filter(|item| connections.get(&item.id).is_none_or(|seen| seen.item != **item));
    let mut changed: Vec<(ObjectKind, Arc<str>)> =
        new.map(|item| (ObjectKind::Connection, item.name.as_str().into())).collect();
    let gone = connections.iter().filter(|(id, _)| !items.contains(id));
    changed.extend(gone.map(|(_, seen)| (ObjectKind::Connection, seen.item.name.as_str().into())));
    connections.publish(items, began);
    // Queues become ready by what connections reach.
    let reached = connections.take_changed();
    changed.extend(reached.iter().map(|name| (ObjectKind::Queue, name.as_str().into())));
    published(ctx, ObjectKind::Connection, length, single, changed);
}

/// A list was read whole: plans the next reading, and wakes the objects that watch a name that changed or that wait for a
/// reading of this list.
fn published(
    ctx: &mut Context<'_>,
    kind: ObjectKind,
    length: usize,
    single: bool,
    changed: Vec<(ObjectKind, Arc<str>)>,
) {
    let now = ctx.now.mono;
    let period = period(ctx, kind);
    let Some(project) = ctx.state.projects.get_mut(ctx.key) else { return };
    let list = project.list_mut(kind);
    list.learn_length(length, single, now);
    list.wanted = false;
    list.due_at = now + period;
    let mut woken: Vec<ObjectKey> = Vec::new();
    for (kind, name) in changed {
        woken.extend(project.watchers(kind, &name).cloned());
    }
    let polls = project.polls.iter().filter(|(key, at)| key.kind == kind && **at <= now);
    let polls: Vec<ObjectKey> = polls.map(|(key, _)| key.clone()).collect();
    for key in polls {
        project.polls.remove(&key);
        woken.push(key);
    }
    ctx.state.wake_all(woken);
}

/// A list that changed while it was read proves nothing; it is read again, but not at once.
fn read_again_soon(ctx: &mut Context<'_>, kind: ObjectKind) {
    let at = ctx.now.mono + 5 * LIST_GAP;
    ctx.observations.refresh.offset = 0;
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        project.list_mut(kind).due_at = at;
    }
}

/// The base period with a jitter, so that many projects do not read in step.
fn period(ctx: &Context<'_>, kind: ObjectKind) -> Millis {
    let base = ctx.state.settings.list_period;
    base - jitter(ctx.state.settings.seed ^ ctx.now.mono ^ (kind as u64), base / 10)
}
