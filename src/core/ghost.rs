//! What was made for an object that went all the same.
//!
//! An API server that has begun to delete an object without finalizers does not look again: the object goes, even if the
//! finalizer was put on it in between. What was made for it since is nobody's then. Its project deletes it, and an object
//! of the same name waits for that.

use std::collections::BTreeSet;

use crate::dli::{
    Call, CallError, Cause, ConnectionId, ConnectionItem, ConnectionName, ConnectionState, EpochMillis, ErrorClass,
    PeeringState, QueueItem, QueueName, Reply, ResourceType, Tag,
};

use super::{
    Millis, Object, ObjectKey, ObjectKind,
    conditions::without_request,
    connection::SKEW,
    doubt::may_have_changed,
    mark::LOOKS_APART,
    member::Member,
    pass::{Context, Flow, ProjectAccess, Reading},
    queue::{queue_id, queue_name},
    queue_birth::same_queue,
    records::backoff,
    records::owner_tag::{canary, owner_tag},
    severance::fence_connections,
    world::Project,
};

/// So long after the finalizer was put on, an object that goes without having been deleted has gone that way, the time
/// included that a write to it may take to end without an answer. Later, somebody has taken the finalizer off, or the API
/// server has lost its memory: nothing is deleted for that.
pub(in crate::core) const RACE: Millis = 25_000;

/// Time between two looks.
const PAUSE: Millis = 5_000;

/// Time between two looks at what was deleted.
const SHOWN_PAUSE: Millis = 1_000;

/// Refusals after which a project says what it cannot delete: one may only mean that something is to be unbound first.
const PATIENCE: u32 = 4;

/// Time between two tries to delete what the cloud goes on refusing, at least.
const REFUSED_PAUSE: Millis = 60_000;

/// A create call that was sent for an object whose finalizer was just put on.
#[derive(Clone, Debug)]
pub(in crate::core) struct Made {
    /// When the finalizer was put on.
    pub(in crate::core) guarded: Millis,
    pub(in crate::core) project: ObjectKey,
    pub(in crate::core) name: String,
    /// What was there before this moment, by the server's clock, was made by another.
    pub(in crate::core) since: EpochMillis,
    /// An earlier create call is in doubt, or this one marks what another made: whatever the last create call came to,
    /// something may be there.
    pub(in crate::core) earlier: bool,
    /// Queues that a connection's call binds.
    pub(in crate::core) targets: Vec<String>,
    /// DliQueues that a connection which is taken over is to reach: bindings of their queues are this object's too, whoever
    /// made them, even if it could not know the queues yet.
    pub(in crate::core) asked: Vec<ObjectKey>,
}

/// What is left of an object.
#[derive(Clone, Debug)]
pub(in crate::core) struct Ghost {
    pub(in crate::core) name: String,
    pub(in crate::core) since: EpochMillis,
    /// A connection's id, if the answer to the create call is known.
    pub(in crate::core) id: Option<ConnectionId>,
    /// Looks that began before this moment do not prove that there is nothing.
    pub(in crate::core) until: Millis,
    /// When to look next.
    pub(in crate::core) next: Millis,
    targets: Vec<String>,
    asked: Vec<ObjectKey>,
    /// A DELETE was refused: what is bound is unbound first, by the connection if it is a queue.
    refused: bool,
    /// Up to when it may still be shown although its DELETE was accepted.
    deleted: Option<Millis>,
    /// When the first look began that showed nothing of it although it had to be shown by then: one may be wrong.
    lacked: Option<Millis>,
    failures: u32,
    /// The cloud's words, once it has refused the DELETE [`PATIENCE`] times. They stay the same while it says the same.
    words: Option<String>,
}

impl Ghost {
    pub(in crate::core) fn new(made: Made, until: Millis) -> Self {
        let Made { name, since, targets, asked, .. } = made;
        Self {
            name,
            since,
            id: None,
            until,
            next: 0,
            targets,
            asked,
            refused: false,
            deleted: None,
            lacked: None,
            failures: 0,
            words: None,
        }
    }

    /// Deleted, but a get call may lag behind that: who has the name next would take it for its own.
    fn shown_still(&self, now: Millis) -> bool {
        self.deleted.is_some_and(|until| now < until)
    }

    fn made(&self, created: Option<EpochMillis>) -> bool {
        created.is_none_or(|t| t >= self.since - SKEW)
    }
}

/// What a project's pass does about one of them.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct Visit {
    key: Option<ObjectKey>,
    began: Millis,
    queue: Option<Option<QueueItem>>,
    marked_queues: Option<Vec<QueueItem>>,
    marked_connections: Option<Reading<Vec<ConnectionId>>>,
    tags: Option<Vec<Tag>>,
    connection: Option<Option<ConnectionItem>>,
    unbound: bool,
}

/// What the cloud refuses to delete, in words; `None` if there is no such thing.
pub(in crate::core) fn undeletable(project: &Project) -> Option<String> {
    let mut refused = project.ghosts.iter().filter_map(|(key, ghost)| Some((key, ghost, ghost.words.as_ref()?)));
    let (key, ghost, words) = refused.next()?;
    let others = match refused.count() {
        0 => String::new(),
        n => format!(" And so for {n} more."),
    };
    Some(format!(
        "{key} went while {} was being made for it, and the cloud refuses to delete that: {words}. It is tried again by itself; \
         undo what others have bound to it, or delete it in the console.{others}",
        ghost.name
    ))
}

/// When the project has to look after one of them.
pub(in crate::core) fn next_visit(project: &Project) -> Option<Millis> {
    project.ghosts.values().map(|ghost| ghost.next).min()
}

/// Deletes what is left of the next one that is due.
pub(in crate::core) fn lay_to_rest(ctx: &mut Context<'_>, link: &ProjectAccess) -> Flow<()> {
    let now = ctx.now.mono;
    let Some(project) = ctx.world.projects.get(ctx.key) else { return Ok(()) };
    let due = match &ctx.facts.visit.key {
        Some(key) => project.ghosts.get_key_value(key),
        None => project.ghosts.iter().find(|(_, ghost)| ghost.next <= now),
    };
    let Some((key, ghost)) = due.map(|(key, ghost)| (key.clone(), ghost.clone())) else { return Ok(()) };
    ctx.facts.visit.key = Some(key.clone());
    match key.kind {
        ObjectKind::Queue => queue(ctx, link, &key, &ghost),
        ObjectKind::Connection => connection(ctx, link, &key, &ghost),
        ObjectKind::Project => Ok(()),
    }
}

fn queue(ctx: &mut Context<'_>, link: &ProjectAccess, key: &ObjectKey, ghost: &Ghost) -> Flow<()> {
    let name = QueueName::new(&ghost.name);
    let Some(found) = ctx.facts.visit.queue.clone() else { return ctx.call(link, Call::GetQueue(name)) };
    let item = match found {
        Some(_) if ghost.shown_still(ctx.now.mono) => {
            postpone(ctx, SHOWN_PAUSE);
            return Ok(());
        }
        Some(item) if ghost.made(item.create_time) && ghost.deleted.is_none() => item,
        _ if ghost.deleted.is_some() => {
            gone(ctx);
            return Ok(());
        }
        other => {
            if other.is_none() && ghost.failures > 0 {
                // A DELETE that failed may have been carried out all the same.
                fence_connections(ctx, &ctx.key.clone(), &name);
            }
            nothing(ctx, ghost);
            return Ok(());
        }
    };
    let own = owner_tag(&ctx.world.settings.cluster_id, key);
    let filter = ctx.world.projects.get(ctx.key).and_then(|p| p.queue_filter);
    let ours = match (filter, item.queue_id) {
        (Some(true), _) => {
            let Some(marked) = &ctx.facts.visit.marked_queues else {
                return ctx.call(link, Call::ListQueues { tag: Some(own), page: None });
            };
            marked.iter().any(|q| same_queue(q, &item))
        }
        (_, Some(id)) => shows_mark(ctx, link, ResourceType::Queue, id.to_string(), &own)?,
        (_, None) => true,
    };
    if ours {
        return ctx.call(link, Call::DeleteQueue(name));
    }
    nothing(ctx, ghost);
    Ok(())
}

fn connection(ctx: &mut Context<'_>, link: &ProjectAccess, key: &ObjectKey, ghost: &Ghost) -> Flow<()> {
    if let Some(id) = &ghost.id {
        if ghost.deleted.is_none() {
            return delete(ctx, link, ghost, id);
        }
        match &ctx.facts.visit.connection {
            None => return ctx.call(link, Call::GetConnection(id.clone())),
            Some(Some(item)) if item.state != ConnectionState::Deleted && ghost.shown_still(ctx.now.mono) => {
                postpone(ctx, SHOWN_PAUSE);
            }
            Some(_) => gone(ctx),
        }
        return Ok(());
    }
    let own = owner_tag(&ctx.world.settings.cluster_id, key);
    let Some(project) = ctx.world.projects.get(ctx.key) else { return Ok(()) };
    if project.connection_filter == Some(true) {
        let Some(marked) = ctx.facts.visit.marked_connections.clone() else {
            return ctx.call(link, Call::ListConnections { tag: Some(own), offset: 0, limit: 0 });
        };
        ctx.facts.visit.began = marked.began;
        if let Some(id) = marked.value.first() {
            return delete(ctx, link, ghost, id);
        }
        nothing(ctx, ghost);
        return Ok(());
    }
    ctx.facts.visit.began = project.snapshot.connections.complete().unwrap_or(0);
    let listed: Vec<ConnectionId> = project
        .snapshot
        .connections
        .named(&ConnectionName::new(&ghost.name))
        .filter(|seen| ghost.made(seen.item.create_time))
        .map(|seen| seen.item.id.clone())
        .collect();
    if let [id] = listed.as_slice()
        && shows_mark(ctx, link, ResourceType::Connection, id.to_string(), &own)?
    {
        return delete(ctx, link, ghost, id);
    }
    nothing(ctx, ghost);
    Ok(())
}

fn delete(ctx: &mut Context<'_>, link: &ProjectAccess, ghost: &Ghost, id: &ConnectionId) -> Flow<()> {
    if ghost.refused && !ctx.facts.visit.unbound {
        let Some(found) = &ctx.facts.visit.connection else { return ctx.call(link, Call::GetConnection(id.clone())) };
        let bound = found.iter().flat_map(ConnectionItem::entries).filter(|e| e.state == PeeringState::Active);
        let bound: Vec<QueueName> = bound.map(|e| e.name.clone()).collect();
        let ours = bound_names(ctx, ghost)?;
        let queues: Vec<QueueName> = bound.into_iter().filter(|name| ours.contains(name)).collect();
        if !queues.is_empty() {
            return ctx.call(link, Call::Unbind { id: id.clone(), queues });
        }
    }
    ctx.call(link, Call::DeleteConnection(id.clone()))
}

/// Queues whose binding to it was this object's: those that it bound or found bound, and those that it asked for when it
/// took the connection over.
fn bound_names(ctx: &mut Context<'_>, ghost: &Ghost) -> Flow<BTreeSet<QueueName>> {
    let mut names: BTreeSet<QueueName> = ghost.targets.iter().map(|name| QueueName::new(name)).collect();
    for key in &ghost.asked {
        match ctx.cached(key)? {
            Some(Object::Queue(queue)) if queue_id(&queue).is_some() && queue.project_key() == *ctx.key => {
                names.insert(queue_name(&queue));
            }
            Some(_) => {}
            None => names.extend(ctx.world.projects.get(ctx.key).and_then(|project| left_bound(project, key))),
        }
    }
    Ok(names)
}

/// Whether the tag service shows the mark; where there is none, name and time have to do.
fn shows_mark(
    ctx: &mut Context<'_>,
    link: &ProjectAccess,
    resource: ResourceType,
    id: String,
    own: &Tag,
) -> Flow<bool> {
    if ctx.world.projects.get(ctx.key).and_then(|p| p.tag_service) == Some(false) {
        return Ok(true);
    }
    match &ctx.facts.visit.tags {
        Some(tags) => Ok(tags.contains(own)),
        None => ctx.call(link, Call::ListTags { resource, id }),
    }
}

/// This look shows nothing of it. The project's own list is read anew for the next.
fn nothing(ctx: &mut Context<'_>, ghost: &Ghost) {
    let began = ctx.facts.visit.began;
    if ghost.lacked.is_some_and(|first| began >= first + LOOKS_APART) {
        gone(ctx);
        return;
    }
    let key = ctx.facts.visit.key.clone();
    if let Some(project) = ctx.world.projects.get_mut(ctx.key)
        && let Some(key) = key
    {
        project.want_connections |= key.kind == ObjectKind::Connection;
        if began >= ghost.until
            && let Some(ghost) = project.ghosts.get_mut(&key)
        {
            ghost.lacked.get_or_insert(began);
        }
    }
    postpone(ctx, PAUSE);
}

/// Its DELETE was accepted: it is looked at until it is not shown any more.
fn deleted(ctx: &mut Context<'_>, id: Option<&ConnectionId>) {
    let until = ctx.now.mono + ctx.world.settings.visibility_grace;
    let key = ctx.facts.visit.key.clone();
    let project = ctx.world.projects.get_mut(ctx.key);
    if let Some(ghost) = project.and_then(|p| p.ghosts.get_mut(key.as_ref()?)) {
        ghost.deleted = Some(until);
        ghost.id = id.cloned();
    }
    postpone(ctx, 0);
}

/// Nothing is left of it: who waits for the name can go on.
fn gone(ctx: &mut Context<'_>) {
    let Some(key) = std::mem::take(&mut ctx.facts.visit).key else { return };
    if let Some(project) = ctx.world.projects.get_mut(ctx.key) {
        project.ghosts.remove(&key);
        project.want_queues |= key.kind == ObjectKind::Queue;
        project.want_connections |= key.kind == ObjectKind::Connection;
    }
    ctx.world.wake(&key);
}

fn postpone(ctx: &mut Context<'_>, by: Millis) {
    let now = ctx.now.mono;
    let Some(key) = std::mem::take(&mut ctx.facts.visit).key else { return };
    if let Some(ghost) = ctx.world.projects.get_mut(ctx.key).and_then(|p| p.ghosts.get_mut(&key)) {
        ghost.next = now + by;
    }
}

/// Takes in the answer to a call that [`lay_to_rest`] asked for. A failure puts it off.
pub(in crate::core) fn absorb(ctx: &mut Context<'_>, call: &Call, outcome: Result<Reply, CallError>, began: Millis) {
    let visit = &mut ctx.facts.visit;
    match (call, outcome) {
        (Call::GetQueue(_), Ok(Reply::Queue(item))) => {
            visit.began = began;
            visit.queue = Some(Some(*item));
        }
        (Call::GetQueue(_), Err(error)) if error.class == ErrorClass::NotFound => {
            visit.began = began;
            visit.queue = Some(None);
        }
        (Call::ListQueues { .. }, Ok(Reply::Queues(items))) => visit.marked_queues = Some(items),
        (Call::ListConnections { .. }, Ok(Reply::Connections(items))) => {
            let name = visit.key.as_ref().and_then(|key| ctx.world.projects.get(ctx.key)?.ghosts.get(key));
            let name = name.map(|ghost| ghost.name.clone()).unwrap_or_default();
            let live = items.into_iter().filter(|c| c.name.as_str() == name);
            let live = live.filter(|c| c.state != ConnectionState::Deleted);
            visit.marked_connections = Some(Reading { value: live.map(|c| c.id).collect(), began });
        }
        (Call::ListTags { .. }, Ok(Reply::Tags(tags))) => visit.tags = Some(tags),
        (Call::ListTags { .. }, Err(error)) if error.class == ErrorClass::Unsupported => {
            if let Some(project) = ctx.world.projects.get_mut(ctx.key) {
                project.tag_service = Some(false);
            }
        }
        (Call::DeleteQueue(_), Ok(_)) => deleted(ctx, None),
        (Call::DeleteConnection(id), Ok(_)) => deleted(ctx, Some(id)),
        (Call::DeleteQueue(_), Err(error)) if error.class == ErrorClass::NotFound => deleted(ctx, None),
        (Call::DeleteConnection(id), Err(error)) if error.class == ErrorClass::NotFound => deleted(ctx, Some(id)),
        (Call::GetConnection(_), Ok(Reply::Connection(item))) => visit.connection = Some(Some(*item)),
        (Call::GetConnection(_), Err(error)) if error.class == ErrorClass::NotFound => visit.connection = Some(None),
        (Call::Unbind { .. }, Ok(_)) => visit.unbound = true,
        (_, outcome) => {
            // A second DELETE by the name must not hit what has it next, while a get call lags behind the first.
            let doubtful = matches!(call, Call::DeleteQueue(_)) && may_have_changed(outcome.as_ref().err());
            let lag = if doubtful { ctx.world.settings.visibility_grace } else { 0 };
            let refusal = outcome.err().filter(|error| error.cause == Cause::Answer);
            let refusal = refusal.filter(|_| matches!(call, Call::DeleteQueue(_) | Call::DeleteConnection(_)));
            let refused = refusal.is_some();
            let project = ctx.world.projects.get_mut(ctx.key);
            let ghost = project.and_then(|p| p.ghosts.get_mut(ctx.facts.visit.key.as_ref()?));
            let (failures, pause) = ghost.map_or((1, 0), |ghost| {
                ghost.refused |= refused;
                ghost.failures = ghost.failures.saturating_add(1);
                if let Some(words) = refusal.map(|error| error.to_string())
                    && ghost.failures >= PATIENCE
                    && ghost.words.as_deref().is_none_or(|said| without_request(said) != without_request(&words))
                {
                    ghost.words = Some(words);
                }
                (ghost.failures, if ghost.words.is_some() { REFUSED_PAUSE } else { 0 })
            });
            if refused && let Call::DeleteQueue(name) = call {
                wake_connections(ctx, name);
            }
            postpone(ctx, backoff::backoff(failures, ctx.world.settings.seed).max(1_000).max(lag).max(pause));
        }
    }
}

/// Who has bound a queue that has to go hears of it.
fn wake_connections(ctx: &mut Context<'_>, name: &QueueName) {
    let project = ctx.world.projects.get(ctx.key);
    let by_name = project.into_iter().flat_map(|p| p.watchers(ObjectKind::Queue, name.as_str()));
    let by_reference = ctx.facts.visit.key.iter().flat_map(|key| ctx.world.dependents(key));
    let concerned: Vec<ObjectKey> = by_name.chain(by_reference).cloned().collect();
    for key in &concerned {
        ctx.world.wake(key);
    }
}

/// Whether the queue of this name was made for an object that is gone, and cannot go itself while it is bound.
pub(in crate::core) fn must_be_unbound(project: &Project, name: &QueueName) -> bool {
    project.ghosts.keys().any(|key| left_bound(project, key).as_ref() == Some(name))
}

/// Name of the queue that was made for this object, which is gone, if the queue cannot go while it is bound.
pub(in crate::core) fn left_bound(project: &Project, key: &ObjectKey) -> Option<QueueName> {
    let ghost = project.ghosts.get(key).filter(|ghost| ghost.refused && ghost.deleted.is_none())?;
    (key.kind == ObjectKind::Queue).then(|| QueueName::new(&ghost.name))
}

/// Whether a call of a project's pass is about one of them, so that its answer is for [`absorb`].
pub(in crate::core) fn is_about_ghost(ctx: &Context<'_>, call: &Call) -> bool {
    let sweeps = match call {
        Call::ListQueues { tag, .. } | Call::ListConnections { tag, .. } => {
            tag.as_ref().is_none_or(|tag| *tag == canary())
        }
        Call::FindProjects(_) => true,
        Call::GetConnection(id) => ctx.facts.sweep.called_upon() == Some(id),
        _ => false,
    };
    ctx.facts.visit.key.is_some() && !sweeps
}
