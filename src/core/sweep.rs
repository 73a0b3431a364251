//! How a project's lists are read for all its objects.

use crate::dli::{
    Call, CallError, ConnectionId, ConnectionItem, ConnectionState, ErrorClass, ProjectId, QueueItem, QueuePage, Reply,
};

use super::{
    Millis, ObjectKind,
    conditions::Conditions,
    inventory::{CompleteList, PRESET_QUEUE, PageResult, Pages},
    pass::{Context, Flow, ProjectAccess},
    records::backoff,
    records::owner_tag::canary,
    world::Project,
};

/// The least time between two readings of one list.
pub(in crate::core) const LEAST_GAP: Millis = 1_000;

/// How often a filter by a tag that nothing carries has to be answered with nothing before it counts as honoured. What a
/// cloud that ignores the filter wrongly leaves empty is held for proof only if it happens that often in a row.
const EMPTY_CANARIES: u32 = 3;

/// For how long a list that was proved to be uncut counts as such.
pub(in crate::core) const TRUSTED_FOR: Millis = 600_000;

/// What a project's pass has found out.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct RefreshProgress {
    pub(in crate::core) found: Option<Result<ProjectId, Conditions>>,
    queues: Option<Pages<QueueItem>>,
    queues_read: bool,
    connections: Option<Pages<ConnectionItem>>,
    connections_read: bool,
    pub(in crate::core) offset: usize,
    /// Number of the next page of the queue list.
    number: u32,
    canary_failed: bool,
    /// The list of connections came back empty in this pass: once may be wrong.
    empty_connections: bool,
    /// How often a filter by a tag that nothing carries was answered with nothing: once or twice may be chance.
    empty_canaries: [u32; 2],
    /// One of the connections that the list showed in this pass: only beside it does an empty answer to a filter tell
    /// anything, and only if it is there afterwards as well. Ids do not come back.
    witness: Option<ConnectionId>,
}

impl RefreshProgress {
    /// The connection that is to be looked at before the filter counts as honoured.
    pub(in crate::core) fn called_upon(&self) -> Option<&ConnectionId> {
        self.witness.as_ref().filter(|_| self.empty_canaries[0] >= EMPTY_CANARIES)
    }
}

pub(in crate::core) fn next_sweep(project: &Project) -> Millis {
    project.queues_at.min(project.connections_at)
}

/// Reads the lists that are due.
pub(in crate::core) fn sweep(ctx: &mut Context<'_>, link: &ProjectAccess) -> Flow<()> {
    let now = ctx.now.mono;
    let (queues_due, connections_due, canary_queues, canary_connections) = {
        let Some(project) = ctx.world.projects.get(ctx.key) else { return Ok(()) };
        let due = |want: bool, at: Millis, complete: Option<Millis>, length: usize| {
            let gap = LEAST_GAP + length as Millis;
            at <= now || (want && complete.is_none_or(|began| now >= began + gap))
        };
        let snapshot = &project.snapshot;
        (
            due(project.want_queues, project.queues_at, snapshot.queues.complete(), snapshot.queues.len()),
            due(
                project.want_connections,
                project.connections_at,
                snapshot.connections.complete(),
                snapshot.connections.len(),
            ),
            !ctx.facts.sweep.canary_failed
                && project.queue_filter.is_none()
                && (project.trusted_queues.0 > 0 || snapshot.queues.len() > 0),
            !ctx.facts.sweep.canary_failed && project.connection_filter.is_none() && ctx.facts.sweep.witness.is_some(),
        )
    };
    if queues_due && !ctx.facts.sweep.queues_read {
        let page = ctx.facts.sweep.queues.as_ref().map(|_| {
            // The first page was as long as the server makes them.
            let size = ctx.facts.sweep.offset.max(1);
            QueuePage { number: ctx.facts.sweep.number, size: size as u32 }
        });
        return ctx.call(link, Call::ListQueues { tag: None, page });
    }
    if connections_due && !ctx.facts.sweep.connections_read {
        let offset = ctx.facts.sweep.connections.as_ref().map_or(0, |_| ctx.facts.sweep.offset);
        return ctx.call(link, Call::ListConnections { tag: None, offset: offset as u32, limit: 0 });
    }
    if canary_queues {
        return ctx.call(link, Call::ListQueues { tag: Some(canary()), page: None });
    }
    if let Some(id) = ctx.facts.sweep.called_upon() {
        let call = Call::GetConnection(id.clone());
        return ctx.call(link, call);
    }
    if canary_connections {
        return ctx.call(link, Call::ListConnections { tag: Some(canary()), offset: 0, limit: 0 });
    }
    // A list that was asked for, but too soon after the last reading, comes later.
    if let Some(project) = ctx.world.projects.get_mut(ctx.key) {
        if project.want_queues && !ctx.facts.sweep.queues_read {
            let gap = LEAST_GAP + project.snapshot.queues.len() as Millis;
            project.queues_at = project.queues_at.min(project.snapshot.queues.complete().unwrap_or(now) + gap);
        }
        if project.want_connections && !ctx.facts.sweep.connections_read {
            let gap = LEAST_GAP + project.snapshot.connections.len() as Millis;
            project.connections_at =
                project.connections_at.min(project.snapshot.connections.complete().unwrap_or(now) + gap);
        }
    }
    Ok(())
}

/// Takes in the answer to one of the project's own calls; gives back a failure for [`decide`] to deal with.
pub(in crate::core) fn absorb(
    ctx: &mut Context<'_>,
    call: &Call,
    outcome: Result<Reply, CallError>,
    began: Millis,
) -> Option<CallError> {
    match (call, outcome) {
        (Call::FindProjects(region), Ok(Reply::Projects(list))) => {
            let mut ids: Vec<ProjectId> =
                list.into_iter().filter(|p| p.enabled && p.name == *region).map(|p| p.id).collect();
            ctx.facts.sweep.found = Some(match (ids.pop(), ids.is_empty()) {
                (Some(id), true) => Ok(id),
                (Some(id), false) => {
                    ids.push(id);
                    let names: Vec<&str> = ids.iter().map(ProjectId::as_str).collect();
                    Err(Conditions::stalled(
                        "ProjectAmbiguous",
                        format!(
                            "IAM knows {} projects for region {region}: {}. Set spec.projectId to the one that is meant.",
                            names.len(),
                            names.join(", ")
                        ),
                        "ProjectAmbiguous",
                    ))
                }
                (None, _) => Err(Conditions::stalled(
                    "ProjectNotFound",
                    format!(
                        "IAM knows no enabled project for region {region} that these credentials may see. Check spec.region, \
                         or set spec.projectId."
                    ),
                    "ProjectNotFound",
                )),
            });
            None
        }
        (Call::ListQueues { tag: None, .. }, Ok(Reply::Queues(items))) => {
            let pages = ctx.facts.sweep.queues.take().unwrap_or_else(|| Pages::begin(began));
            let began = pages.began();
            let trusted = ctx.world.projects.get(ctx.key).map_or(0, |p| trusted(p.trusted_queues, ctx.now.mono));
            let first = ctx.facts.sweep.offset == 0;
            queue_page(ctx, pages, items, trusted, first, began);
            None
        }
        (Call::ListConnections { tag: None, .. }, Ok(Reply::Connections(items))) => {
            let pages = ctx.facts.sweep.connections.take().unwrap_or_else(|| Pages::begin(began));
            let began = pages.began();
            let trusted = ctx.world.projects.get(ctx.key).map_or(0, |p| trusted(p.trusted_connections, ctx.now.mono));
            match pages.page(items, trusted) {
                PageResult::More(pages, offset) => {
                    ctx.facts.sweep.connections = Some(pages);
                    ctx.facts.sweep.offset = offset;
                }
                PageResult::Complete(items, single) => {
                    ctx.facts.sweep.offset = 0;
                    let known = ctx.world.projects.get(ctx.key).is_some_and(|p| {
                        p.snapshot.connections.complete().is_some() && p.snapshot.connections.len() == 0
                    });
                    if items.len() == 0 && !known && !std::mem::replace(&mut ctx.facts.sweep.empty_connections, true) {
                        // Nothing, where there was something or nobody has looked: a second reading has to agree.
                        return None;
                    }
                    publish_connections(ctx, items, began, single);
                }
                PageResult::Broken => {
                    ctx.facts.sweep.offset = 0;
                    ctx.facts.sweep.connections_read = true;
                    read_again_soon(ctx, ObjectKind::Connection);
                }
            }
            None
        }
        (Call::ListQueues { tag: Some(_), .. }, outcome) => {
            let empty = matches!(&outcome, Ok(Reply::Queues(items)) if items.is_empty());
            canary_answer(ctx, ObjectKind::Queue, empty, outcome.err())
        }
        (Call::ListConnections { tag: Some(_), .. }, outcome) => {
            let empty = matches!(&outcome, Ok(Reply::Connections(items)) if items.is_empty());
            canary_answer(ctx, ObjectKind::Connection, empty, outcome.err())
        }
        (Call::GetConnection(_), outcome) => testimony(ctx, outcome),
        (_, Err(error)) => Some(error),
        (_, Ok(_)) => None,
    }
}

pub(in crate::core) fn trusted((length, at): (usize, Millis), now: Millis) -> usize {
    if now < at + TRUSTED_FOR { length } else { 0 }
}

/// The length up to which a single page is known to be uncut, after a reading of `length` items.
fn trust(old: (usize, Millis), length: usize, single: bool, now: Millis) -> (usize, Millis) {
    match single {
        false => (0, now),
        true if length > trusted(old, now) => (length, now),
        true => old,
    }
}

/// The queue list has page numbers instead of offsets, so no overlap can be asked for: the whole list is asked for in one
/// page, and where it may have been cut, further pages of the same length are read until one is not full. An item that
/// moves between pages meanwhile may be missed; whoever misses it asks for it by name before anything is done.
pub(in crate::core) fn queue_page(
    ctx: &mut Context<'_>,
    mut pages: Pages<QueueItem>,
    page: Vec<QueueItem>,
    trusted: usize,
    first: bool,
    began: Millis,
) {
    if first {
        match pages.page(page, trusted) {
            PageResult::Complete(items, _) => publish_queues(ctx, items, began, true),
            PageResult::More(more, offset) => {
                ctx.facts.sweep.offset = offset + 1;
                ctx.facts.sweep.number = 2;
                ctx.facts.sweep.queues = Some(more);
            }
            PageResult::Broken => {
                ctx.facts.sweep.offset = 0;
                ctx.facts.sweep.queues_read = true;
                read_again_soon(ctx, ObjectKind::Queue);
            }
        }
    } else {
        let (size, length) = (ctx.facts.sweep.offset, page.len());
        pages.append(page);
        if length < size {
            let single = ctx.facts.sweep.number == 2 && length == 0;
            ctx.facts.sweep.offset = 0;
            publish_queues(ctx, pages.take(), began, single);
        } else {
            ctx.facts.sweep.number += 1;
            ctx.facts.sweep.queues = Some(pages);
        }
    }
}

pub(in crate::core) fn publish_queues(
    ctx: &mut Context<'_>,
    mut items: CompleteList<QueueItem>,
    began: Millis,
    single: bool,
) {
    ctx.facts.sweep.queues_read = true;
    let now = ctx.now.mono;
    let period = period(ctx, 1);
    let Some(project) = ctx.world.projects.get_mut(ctx.key) else { return };
    project.trusted_queues = trust(project.trusted_queues, items.len(), single, now);
    items.retain(|item| item.name.as_str() != PRESET_QUEUE);
    let mut changed = Vec::new();
    for item in items.iter() {
        if project.snapshot.queues.get(&item.name).is_none_or(|seen| seen.item != *item) {
            changed.push(item.name.clone());
        }
    }
    changed.extend(project.snapshot.queues.iter().filter(|(n, _)| !items.contains(n)).map(|(n, _)| n.clone()));
    project.snapshot.queues.publish(items, began);
    project.want_queues = false;
    project.queues_at = now + period;
    let names = changed.iter().map(|name| (ObjectKind::Queue, name.as_str().into()));
    let wakes = wakes(project, names, ObjectKind::Queue, now);
    for key in wakes {
        ctx.world.wake(&key);
    }
}

pub(in crate::core) fn publish_connections(
    ctx: &mut Context<'_>,
    mut items: CompleteList<ConnectionItem>,
    began: Millis,
    single: bool,
) {
    ctx.facts.sweep.connections_read = true;
    let now = ctx.now.mono;
    let period = period(ctx, 2);
    let Some(project) = ctx.world.projects.get_mut(ctx.key) else { return };
    project.trusted_connections = trust(project.trusted_connections, items.len(), single, now);
    items.retain(|item| item.state != ConnectionState::Deleted);
    ctx.facts.sweep.witness = items.iter().next().map(|item| item.id.clone());
    let mut changed = Vec::new();
    for item in items.iter() {
        if project.snapshot.connections.get(&item.id).is_none_or(|seen| seen.item != *item) {
            changed.push(item.name.clone());
        }
    }
    let gone = project.snapshot.connections.iter().filter(|(id, _)| !items.contains(id));
    changed.extend(gone.map(|(_, seen)| seen.item.name.clone()));
    project.snapshot.connections.publish(items, began);
    project.want_connections = false;
    project.connections_at = now + period;
    let targets = project.snapshot.connections.take_changed();
    let names = changed
        .iter()
        .map(|name| (ObjectKind::Connection, name.as_str().into()))
        .chain(targets.iter().map(|name| (ObjectKind::Queue, name.as_str().into())));
    let wakes = wakes(project, names, ObjectKind::Connection, now);
    for key in wakes {
        ctx.world.wake(&key);
    }
}

/// A list that changed while it was read proves nothing; it is read again, but not at once.
pub(in crate::core) fn read_again_soon(ctx: &mut Context<'_>, kind: ObjectKind) {
    let at = ctx.now.mono + 5 * LEAST_GAP;
    if let Some(project) = ctx.world.projects.get_mut(ctx.key) {
        match kind {
            ObjectKind::Queue => project.queues_at = at,
            ObjectKind::Connection => project.connections_at = at,
            ObjectKind::Project => {}
        }
    }
}

/// The base period with a jitter, so that many projects do not read in step.
pub(in crate::core) fn period(ctx: &Context<'_>, salt: u64) -> Millis {
    let base = ctx.world.settings.list_period;
    base - backoff::jitter(ctx.world.settings.seed ^ ctx.now.mono ^ salt, base / 10)
}

/// Who has to look: who watches a name that changed, and who waits for a reading of this list.
pub(in crate::core) fn wakes(
    project: &mut Project,
    names: impl Iterator<Item = (ObjectKind, std::sync::Arc<str>)>,
    kind: ObjectKind,
    now: Millis,
) -> Vec<super::ObjectKey> {
    let mut wakes = Vec::new();
    for (kind, name) in names {
        wakes.extend(project.watchers(kind, &name).cloned());
    }
    let due: Vec<_> =
        project.due.iter().filter(|(key, at)| key.kind == kind && **at <= now).map(|(key, _)| key.clone()).collect();
    for key in due {
        project.due.remove(&key);
        wakes.push(key);
    }
    wakes
}

/// The answer to a filter by a tag that nothing carries. Gives back a failure of the project's.
fn canary_answer(ctx: &mut Context<'_>, kind: ObjectKind, empty: bool, error: Option<CallError>) -> Option<CallError> {
    let readable = match error {
        None if empty => {
            let count = &mut ctx.facts.sweep.empty_canaries[usize::from(kind == ObjectKind::Queue)];
            *count += 1;
            // There is always a queue; of connections, what was there may have gone meanwhile: see `testimony`.
            if *count < EMPTY_CANARIES || kind == ObjectKind::Connection {
                return None;
            }
            Some(true)
        }
        None => Some(false),
        Some(error) => match error.class {
            ErrorClass::Refused | ErrorClass::Unsupported | ErrorClass::NotFound => Some(false),
            // Nobody knows; it is tried again with the next reading.
            ErrorClass::Transient => {
                ctx.facts.sweep.canary_failed = true;
                return None;
            }
            _ => return Some(error),
        },
    };
    if let Some(project) = ctx.world.projects.get_mut(ctx.key) {
        match kind {
            ObjectKind::Queue => project.queue_filter = readable,
            ObjectKind::Connection => project.connection_filter = readable,
            ObjectKind::Project => {}
        }
    }
    None
}

/// The answer to the look at a connection that was listed before the filter was tried: where it is still there, the filter
/// has left it out. Whether another is there now says nothing, since it may have come after the filter was tried.
fn testimony(ctx: &mut Context<'_>, outcome: Result<Reply, CallError>) -> Option<CallError> {
    ctx.facts.sweep.witness = None;
    match outcome {
        Ok(Reply::Connection(item)) if item.state != ConnectionState::Deleted => {
            if let Some(project) = ctx.world.projects.get_mut(ctx.key) {
                project.connection_filter = Some(true);
            }
            None
        }
        Ok(_) => None,
        Err(error) => match error.class {
            // Nobody knows; it is tried again with the next reading.
            ErrorClass::NotFound | ErrorClass::Refused | ErrorClass::Unsupported | ErrorClass::Transient => None,
            _ => Some(error),
        },
    }
}
