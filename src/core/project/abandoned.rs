//! What a create call made for an object that went although its finalizer had just been put on.
//!
//! An API server that has begun to delete an object without finalizers does not look again: the object goes, even if the
//! finalizer was put on it in between. The project looks for what the call made, deletes it if it carries the object's
//! owner tag, and gives up after a few refusals (P-orphan-1). What stays is an orphan, which the inventory by the cluster
//! tag reports.

use crate::{
    core::{
        pass::{Context, Flow, ProjectAccess, Reading, ResourceObservations},
        records::{backoff::backoff, owner_tag::owner_tag},
        seam::{
            Millis, ObjectKey, ObjectKind,
            durations::{CLOCK_TOLERANCE, FAILURES_BEFORE_REPORT, LAG_POLL},
        },
        state::{AbandonedCreate, ProjectState},
    },
    dli::{
        Call, CallError, ConnectionId, ConnectionItem, ConnectionName, ConnectionState, EpochMillis, ErrorClass,
        QueueName, Reply, ResourceType, Tag,
    },
};

/// When the project has to look next.
pub(super) fn next_clean_up(project: &ProjectState) -> Option<Millis> {
    project.abandoned.values().map(|abandoned| abandoned.next).min()
}

/// A project that is being deleted waits until the calls have settled.
pub(super) fn holds_project(ctx: &Context<'_>) -> bool {
    // mutant: abandoned-project
    let project = ctx.state.projects.get(ctx.key);
    project.is_some_and(|project| project.abandoned.values().any(|abandoned| ctx.now.mono < abandoned.until + LAG_POLL))
}

/// Looks after those that are due.
pub(super) fn clean_up_abandoned(ctx: &mut Context<'_>, access: &ProjectAccess) -> Flow<()> {
    while let Some((key, abandoned)) = due(ctx) {
        look_after(ctx, access, &key, &abandoned)?;
    }
    Ok(())
}

/// The one that this pass has begun with, or the next one that is due.
fn due(ctx: &Context<'_>) -> Option<(ObjectKey, AbandonedCreate)> {
    let all = &ctx.state.projects.get(ctx.key)?.abandoned;
    let (key, abandoned) = match &ctx.observations.refresh.abandoned {
        Some(key) => all.get_key_value(key)?,
        None => all.iter().find(|(_, abandoned)| abandoned.next <= ctx.now.mono)?,
    };
    Some((key.clone(), abandoned.clone()))
}

fn look_after(ctx: &mut Context<'_>, access: &ProjectAccess, key: &ObjectKey, abandoned: &AbandonedCreate) -> Flow<()> {
    let now = ctx.now.mono;
    ctx.observations.refresh.abandoned = Some(key.clone());
    // mutant: abandoned-until
    match fetch_remnant(ctx, access, key, abandoned)? {
        Some(_) if abandoned.failures >= FAILURES_BEFORE_REPORT => {
            give_up(ctx, key, abandoned);
            Ok(())
        }
        Some(call) => ctx.call(access, call),
        None if abandoned.deleted || now >= abandoned.until => {
            end(ctx);
            Ok(())
        }
        None => {
            look_again(ctx, now + LAG_POLL);
            Ok(())
        }
    }
}

/// The call that deletes what was made, if it is shown.
fn fetch_remnant(
    ctx: &mut Context<'_>,
    access: &ProjectAccess,
    key: &ObjectKey,
    abandoned: &AbandonedCreate,
) -> Flow<Option<Call>> {
    let own = owner_tag(&ctx.state.settings.cluster_id, key);
    let Some(project) = ctx.state.projects.get(ctx.key) else { return Ok(None) };
    let tagged = project.list(key.kind).filter == Some(true);
    if key.kind == ObjectKind::Queue {
        let name = QueueName::new(&abandoned.name);
        let Some(read) = ctx.observations.queue.read.clone() else { return ctx.call(access, Call::GetQueue(name)) };
        let Some(item) = read.value else { return Ok(None) };
        let ours = match (&ctx.observations.queue.tagged, item.queue_id) {
            (Some(reading), _) if tagged => reading.value.iter().any(|other| other.queue_id == item.queue_id),
            (None, _) if tagged => return ctx.call(access, Call::ListQueues { tag: Some(own), page: None }),
            (_, Some(id)) => {
                let young = is_young(abandoned, item.create_time);
                fetch_is_own(ctx, access, ResourceType::Queue, id.to_string(), &own, young)?
            }
            (_, None) => false,
        };
        return Ok(ours.then_some(Call::DeleteQueue(name)));
    }
    if let Some(id) = abandoned.id.as_deref().map(ConnectionId::new) {
        let Some(read) = ctx.observations.connection.read.clone() else {
            return ctx.call(access, Call::GetConnection(id));
        };
        return Ok(read.value.map(|item| Call::DeleteConnection(item.id)));
    }
    if tagged {
        let Some(reading) = ctx.observations.connection.tagged.clone() else {
            return ctx.call(access, Call::ListConnections { tag: Some(own), offset: 0, limit: 0 });
        };
        let found = reading.value.into_iter().find(|item| item.name.as_str() == abandoned.name);
        return Ok(found.map(|item| Call::DeleteConnection(item.id)));
    }
    let name = ConnectionName::new(&abandoned.name);
    let listed = project.inventory.connections.named(&name);
    let listed = listed.filter(|seen| is_young(abandoned, seen.item.create_time));
    let listed: Vec<ConnectionId> = listed.map(|seen| seen.item.id.clone()).collect();
    match listed.as_slice() {
        [id] if fetch_is_own(ctx, access, ResourceType::Connection, id.to_string(), &own, true)? => {
            Ok(Some(Call::DeleteConnection(id.clone())))
        }
        _ => Ok(None),
    }
}

/// Whether the call may have made a resource that was created then.
fn is_young(abandoned: &AbandonedCreate, created: Option<EpochMillis>) -> bool {
    created.is_none_or(|t| t >= abandoned.since - CLOCK_TOLERANCE)
}

/// Whether the tag service shows the owner tag; where there is none, whether the age fits.
fn fetch_is_own(
    ctx: &mut Context<'_>,
    access: &ProjectAccess,
    resource: ResourceType,
    id: String,
    own: &Tag,
    young: bool,
) -> Flow<bool> {
    if ctx.state.projects.get(ctx.key).and_then(|project| project.tag_service) == Some(false) {
        return Ok(young);
    }
    // mutant: abandoned-own
    match ctx.observations.tags.get(&id) {
        Some(tags) => Ok(tags.contains(own)),
        None => ctx.call(access, Call::ListTags { resource, id }),
    }
}

/// The cloud refuses to delete it: reports that, and leaves it to the next object of its name, or to a person.
fn give_up(ctx: &mut Context<'_>, key: &ObjectKey, abandoned: &AbandonedCreate) {
    let AbandonedCreate { name, last_error, .. } = abandoned;
    let note = format!(
        "{key} was removed while {name} was being created for it, and the cloud refuses to delete that resource: {last_error}. The \
         operator stops trying. Remove what is bound to it and delete it in the console, or create the object again."
    );
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        project.undeletable.insert(key.clone(), note);
    }
    end(ctx);
}

/// Nothing is left of it, or nothing more can be done: an object of the same name can go on.
fn end(ctx: &mut Context<'_>) {
    let Some(key) = clear(ctx) else { return };
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        project.abandoned.remove(&key);
        project.list_mut(key.kind).wanted = true;
    }
    ctx.state.wake(&key);
}

fn look_again(ctx: &mut Context<'_>, at: Millis) {
    let Some(key) = clear(ctx) else { return };
    if let Some(project) = ctx.state.projects.get_mut(ctx.key) {
        // Where the list is the only evidence, it is read again.
        project.list_mut(key.kind).wanted |= key.kind == ObjectKind::Connection;
        if let Some(abandoned) = project.abandoned.get_mut(&key) {
            abandoned.next = at;
        }
    }
}

/// Forgets what was read of the one that this pass looks after.
fn clear(ctx: &mut Context<'_>) -> Option<ObjectKey> {
    ctx.observations.queue = ResourceObservations::default();
    ctx.observations.connection = ResourceObservations::default();
    ctx.observations.tags.clear();
    ctx.observations.refresh.abandoned.take()
}

/// Whether the answer to a call is for [`absorb_abandoned`].
pub(super) fn is_about_abandoned(ctx: &Context<'_>, call: &Call) -> bool {
    let lists = matches!(
        call,
        Call::ListQueues { tag: None, .. } | Call::ListConnections { tag: None, .. } | Call::FindProjects(_)
    );
    ctx.observations.refresh.abandoned.is_some() && !lists
}

/// Takes in the answer to a call that [`clean_up_abandoned`] asked for. A failure puts it off.
pub(super) fn absorb_abandoned(ctx: &mut Context<'_>, call: &Call, outcome: Result<Reply, CallError>) {
    let began = ctx.now.mono;
    let exists = |item: &ConnectionItem| item.state != ConnectionState::Deleted;
    match (call, outcome) {
        (Call::GetQueue(_), Ok(Reply::Queue(item))) => {
            ctx.observations.queue.read = Some(Reading { value: Some(*item), began });
        }
        (Call::GetQueue(_), Err(error)) if error.is_not_found() => {
            ctx.observations.queue.read = Some(Reading { value: None, began });
        }
        (Call::ListQueues { .. }, Ok(Reply::Queues(items))) => {
            ctx.observations.queue.tagged = Some(Reading { value: items, began });
        }
        (Call::GetConnection(_), Ok(Reply::Connection(item))) => {
            ctx.observations.connection.read = Some(Reading { value: Some(*item).filter(exists), began });
        }
        (Call::GetConnection(_), Err(error)) if error.is_not_found() => {
            ctx.observations.connection.read = Some(Reading { value: None, began });
        }
        (Call::ListConnections { .. }, Ok(Reply::Connections(items))) => {
            let value = items.into_iter().filter(exists).collect();
            ctx.observations.connection.tagged = Some(Reading { value, began });
        }
        (Call::ListTags { id, .. }, Ok(Reply::Tags(tags))) => {
            ctx.observations.tags.insert(id.clone(), tags);
        }
        (Call::DeleteQueue(_) | Call::DeleteConnection(_), outcome) => {
            let error = outcome.err().filter(|error| !error.is_not_found());
            absorb_delete(ctx, error.as_ref());
        }
        (_, outcome) => {
            if outcome.is_err_and(|error| error.class == ErrorClass::Unsupported)
                && let Some(project) = ctx.state.projects.get_mut(ctx.key)
            {
                project.tag_service = Some(false);
                return;
            }
            look_again(ctx, ctx.now.mono + LAG_POLL);
        }
    }
}

fn absorb_delete(ctx: &mut Context<'_>, error: Option<&CallError>) {
    let (now, grace, seed) = (ctx.now.mono, ctx.state.settings.visibility_grace, ctx.state.settings.seed);
    let Some(key) = ctx.observations.refresh.abandoned.clone() else { return };
    let abandoned = ctx.state.projects.get_mut(ctx.key).and_then(|p| p.abandoned.get_mut(&key));
    let Some(abandoned) = abandoned else { return };
    let Some(error) = error else {
        abandoned.deleted = true;
        look_again(ctx, now + LAG_POLL);
        return;
    };
    abandoned.failures += 1;
    abandoned.last_error = error.to_string();
    let failures = abandoned.failures;
    // A second DELETE by the name must not hit what has it next, while readings lag behind the first.
    // mutant: abandoned-repeat
    let lag = if CallError::may_have_been_applied(Some(error)) { grace } else { 0 };
    look_again(ctx, now + backoff(failures, seed).max(lag));
}
