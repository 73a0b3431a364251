//! What the cloud's answers mean for a connection, and whom a reading concerns.

use std::collections::BTreeSet;

use crate::{
    core::{
        managed::Heard,
        pass::Context,
        seam::{Millis, ObjectKey, ObjectKind},
        state::{ProjectState, Refusal},
    },
    dli::{Call, CallError, ConnectionItem, ConnectionState, ErrorClass, Reply},
};

use super::hosts::hosts_hash;

/// What an answer means.
pub(super) fn heard(call: &Call, outcome: Result<Reply, CallError>) -> Heard<ConnectionItem> {
    let exists = |item: &ConnectionItem| item.state != ConnectionState::Deleted;
    match (call, outcome) {
        (Call::GetConnection(_), Ok(Reply::Connection(item))) => Heard::Read(Some(*item).filter(exists)),
        (Call::GetConnection(_), Err(error)) if error.is_not_found() => Heard::Read(None),
        (Call::ListConnections { tag: Some(_), .. }, Ok(Reply::Connections(items))) => {
            Heard::Tagged(items.into_iter().filter(exists).collect())
        }
        (Call::CreateConnection(_), Ok(Reply::ConnectionCreated(id))) => Heard::Created(Ok(Some(id.to_string()))),
        (Call::CreateConnection(_), outcome) => Heard::Created(outcome.map(|_| None)),
        (Call::DeleteConnection(_), outcome) => Heard::Deleted(outcome.map(|_| ())),
        (Call::Bind { .. } | Call::Unbind { .. } | Call::SetHosts { .. }, outcome) => {
            Heard::Edited(outcome.map(|_| ()))
        }
        (_, outcome) => Heard::Other(outcome),
    }
}

/// What is bound, and how far it is.
fn bindings(item: &ConnectionItem) -> BTreeSet<(&str, &str)> {
    item.entries().map(|entry| (entry.name.as_str(), entry.state.as_str())).collect()
}

/// Other objects that have to look at a connection that was read: the project's next list will show nothing new of it.
fn affected(project: &ProjectState, item: &ConnectionItem, reader: &ObjectKey) -> Vec<ObjectKey> {
    if project.inventory.connections.get(&item.id).is_some_and(|seen| seen.item == *item) {
        return Vec::new();
    }
    let watchers = project.watchers(ObjectKind::Connection, item.name.as_str());
    watchers.filter(|key| *key != reader).cloned().collect()
}

/// Takes a reading into the inventory, and wakes the other objects that it concerns.
pub(super) fn learn(ctx: &mut Context<'_>, call: &Call, item: Option<&ConnectionItem>, began: Millis) {
    let Some(project_key) = ctx.object_state().project.clone() else { return };
    let Some(project) = ctx.state.projects.get_mut(&project_key) else { return };
    let mut woken = item.map(|item| affected(project, item, ctx.key)).unwrap_or_default();
    let mut news = false;
    match (call, item) {
        (Call::GetConnection(id), Some(item)) => {
            let known = project.inventory.connections.get(id);
            news = known.is_some_and(|seen| bindings(&seen.item) != bindings(item));
            project.inventory.connections.put(id.clone(), item.clone(), began);
        }
        (Call::GetConnection(id), None) => project.inventory.connections.remove(id, began),
        (_, Some(item)) => project.inventory.connections.put_listed(item.id.clone(), item.clone(), began),
        (_, None) => {}
    }
    for name in project.inventory.connections.take_changed() {
        woken.extend(project.watchers(ObjectKind::Queue, name.as_str()).cloned());
    }
    ctx.state.wake_all(woken);
    // mutant: first-to-show
    if news {
        // Lists may lack for a while what this reading is the first to show.
        let grace = ctx.state.settings.visibility_grace;
        let object = ctx.object_state();
        object.lists_valid_from = object.lists_valid_from.max(began + grace);
    }
}

/// Takes in the end of a change of the connection (P-change-1).
pub(super) fn edited(ctx: &mut Context<'_>, call: &Call, outcome: Result<(), CallError>) -> Option<CallError> {
    let now = ctx.now.mono;
    let (stuck_retry, grace) = (ctx.state.settings.stuck_retry, ctx.state.settings.visibility_grace);
    ctx.observations.unbound |= matches!(call, Call::Unbind { .. });
    let object = ctx.object_state();
    let error = outcome.err();
    // mutant: edit-applied
    let applied = CallError::may_have_been_applied(error.as_ref());
    let refused = error
        .as_ref()
        .is_some_and(|error| matches!(error.class, ErrorClass::Refused | ErrorClass::NotFound | ErrorClass::Exists));
    object.last_change = Some(now);
    object.last_step = Some(call.clone());
    if applied {
        // mutant: edit-in-flight
        object.invalidate(now, grace);
        if error.is_some() {
            object.in_flight_until = now + grace;
        }
    }
    match call {
        Call::Bind { queues, .. } if applied => object.unbinding.retain(|name, _| !queues.contains(name)),
        // An entry that is on its way out may be shown until it is. A refusal may mean that it is on its way already.
        Call::Unbind { queues, .. } if applied || refused => {
            object.unbinding.extend(queues.iter().map(|name| (name.clone(), now + grace)));
        }
        // A write without an answer may still arrive, and would undo what is sent after it.
        Call::SetHosts { hosts, .. } if applied => {
            // mutant: hosts-settled
            let settled = error.is_none() && object.in_flight_until <= now;
            object.sent_hosts = settled.then(|| hosts_hash(hosts));
        }
        _ => {}
    }
    let Some(error) = error else {
        object.failures = 0;
        return None;
    };
    let names = match call {
        Call::Bind { queues, .. } | Call::Unbind { queues, .. } if refused => queues,
        _ => return Some(error),
    };
    // A refusal may also mean that it is so already: the reading that follows tells.
    object.valid_from = now;
    object.pending_since = Some(now);
    if let [name] = names.as_slice() {
        object.refused_binds.insert(name.to_string(), Refusal { words: error.to_string(), queue: None });
        object.refused_until = now + stuck_retry;
    } else {
        // mutant: one-by-one
        object.bind_one_by_one = true;
    }
    None
}
