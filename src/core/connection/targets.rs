//! What the queues that a connection is to reach are now: whether each exists, and may be bound.

use crate::{
    api::EnhancedConnection,
    core::{
        conditions::find,
        managed::{Managed, Reconcile, default_name},
        pass::Flow,
        records::time::parse_rfc3339,
        seam::{Object, ObjectKey, ObjectKind},
        state::OperatorState,
    },
    dli::QueueName,
};

use super::plan::Target;

/// Finds the queues that the spec names. `None`: bindings are not managed.
pub(super) fn fetch_targets(r: &mut Reconcile<'_, '_, EnhancedConnection>) -> Flow<Option<Vec<Target>>> {
    let object = r.object;
    let Some(queues) = &object.spec.queues else { return Ok(None) };
    let mut targets = Vec::with_capacity(queues.len());
    for queue in queues {
        match (&queue.reference, &queue.queue_name) {
            (Some(reference), _) => targets.push(fetch_referenced(r, &reference.name)?),
            (None, Some(name)) => targets.push(named(r, name)),
            (None, None) => {}
        }
    }
    Ok(Some(targets))
}

fn fetch_referenced(r: &mut Reconcile<'_, '_, EnhancedConnection>, name: &str) -> Flow<Target> {
    let key = ObjectKey::new(ObjectKind::Queue, &r.ctx.key.namespace, name);
    r.ctx.state.depend(r.ctx.key, &key);
    let Some(Object::Queue(queue)) = r.ctx.fetch_cached(&key)? else {
        let target = target(r, QueueName::new(&default_name(name)));
        let blocked_by = Some(format!("DliQueue {name} does not exist in this namespace."));
        return Ok(Target { id: None, created: None, unresolved: true, blocked_by, ..target });
    };
    let common = queue.common();
    let deleting = common.meta.deletion_timestamp.is_some();
    let namespace = common.meta.namespace.as_deref().unwrap_or_default();
    let id = queue.id();
    let blocked_by = if OperatorState::project_key(namespace, common.project_ref) != r.project_key() {
        Some(format!("DliQueue {name} belongs to another DliProject."))
    } else if deleting {
        Some(format!("DliQueue {name} is being deleted."))
    } else if id.is_none() {
        let reason = find(common.conditions, "Ready").map_or("not reconciled yet", |c| c.reason.as_str());
        Some(format!("DliQueue {name}: {reason}."))
    } else {
        None
    };
    let created = queue.status.as_ref().and_then(|s| s.create_time.as_deref()).and_then(parse_rfc3339);
    let target = target(r, QueueName::new(&queue.remote_name()));
    Ok(Target { id, created, changing: id.is_none() || deleting, blocked_by, ..target })
}

fn named(r: &mut Reconcile<'_, '_, EnhancedConnection>, name: &str) -> Target {
    let remote = QueueName::new(name);
    let key = r.ctx.key.clone();
    if let Some(project) = r.project_mut() {
        project.watch(ObjectKind::Queue, remote.as_str().into(), key);
    }
    let exists = r.project().is_some_and(|project| project.inventory.queues.get(&remote).is_some());
    let target = target(r, remote);
    // A list may show the entry of a queue that has gone for a while.
    // mutant: named-changing
    let blocked_by = (!exists).then(|| format!("The project has no queue named {}.", target.name));
    Target { changing: !exists, blocked_by, ..target }
}

/// What the inventory shows of a queue.
fn target(r: &mut Reconcile<'_, '_, EnhancedConnection>, name: QueueName) -> Target {
    let now = r.now();
    let unbinding = r.ctx.object_state().unbinding.get(&name).is_some_and(|until| now < *until);
    let seen = r.project().and_then(|project| project.inventory.queues.get(&name)).map(|seen| &seen.item);
    Target {
        pool: seen.and_then(|item| item.elastic_resource_pool_name.clone()),
        id: seen.and_then(|item| item.queue_id),
        created: seen.and_then(|item| item.create_time),
        name,
        unresolved: false,
        changing: false,
        unbinding,
        blocked_by: None,
    }
}
