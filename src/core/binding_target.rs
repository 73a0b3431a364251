//! What the queues that a connection is to reach are now: whether each exists, may be bound, and what may have happened to
//! its entry.

use crate::{api::EnhancedConnection, dli::QueueName};

use super::{
    Object, ObjectKey, ObjectKind, Outcome,
    conditions::find,
    ghost::{left_bound, must_be_unbound},
    member::Member,
    pass::{Context, Flow, done},
    plan::Target,
    queue::{queue_id, queue_name},
    records::time::parse_rfc3339,
};

/// Finds the queues that the spec names. `None`: bindings are not managed.
pub(in crate::core) fn resolve(ctx: &mut Context<'_>, object: &EnhancedConnection) -> Flow<Option<Vec<Target>>> {
    let Some(queues) = &object.spec.queues else { return Ok(None) };
    let project_key = object.project_key();
    let mut targets = Vec::with_capacity(queues.len());
    for queue in queues {
        let target = match (&queue.reference, &queue.queue_name) {
            (Some(reference), _) => by_reference(ctx, &project_key, &queue_key(ctx.key, &reference.name))?,
            (None, Some(name)) => by_name(ctx, &project_key, name)?,
            (None, None) => continue,
        };
        targets.push(target);
    }
    Ok(Some(targets))
}

/// DliQueues that the spec of this connection names.
pub(in crate::core) fn references(key: &ObjectKey, object: &EnhancedConnection) -> impl Iterator<Item = ObjectKey> {
    let references = object.spec.queues.iter().flatten().filter_map(|target| target.reference.as_ref());
    references.map(|reference| queue_key(key, &reference.name))
}

fn queue_key(key: &ObjectKey, name: &str) -> ObjectKey {
    ObjectKey::new(ObjectKind::Queue, &key.namespace, name)
}

fn by_reference(ctx: &mut Context<'_>, project_key: &ObjectKey, key: &ObjectKey) -> Flow<Target> {
    let name = &key.name;
    ctx.world.depend(ctx.key, key);
    let Some(Object::Queue(queue)) = ctx.cached(key)? else {
        let left = ctx.world.projects.get(project_key).and_then(|project| left_bound(project, key));
        let severed = left.is_some();
        let remote = left.unwrap_or_else(|| QueueName::new(&super::member::default_name(name)));
        let unbinding = unbinding(ctx, &remote);
        return Ok(Target {
            name: remote,
            pool: None,
            id: None,
            created: None,
            dangling: true,
            unsettled: false,
            severed,
            unbinding,
            may_go: None,
            waits: Some(format!("DliQueue {name} does not exist in this namespace.")),
        });
    };
    let remote = queue_name(&queue);
    let waits = if queue.project_key() != *project_key {
        Some(format!("DliQueue {name} belongs to another DliProject."))
    } else if queue.metadata.deletion_timestamp.is_some() {
        Some(format!("DliQueue {name} is being deleted."))
    } else if queue_id(&queue).is_none() {
        let reason = find(queue.conditions(), "Ready").map_or("not looked at yet", |c| c.reason.as_str());
        Some(format!("DliQueue {name}: {reason}."))
    } else {
        None
    };
    let pool = pool_of(ctx, project_key, &remote);
    let id = queue_id(&queue);
    let unsettled = id.is_none() || queue.metadata.deletion_timestamp.is_some();
    let created = queue.status.as_ref().and_then(|s| s.create_time.as_deref()).and_then(parse_rfc3339);
    let unbinding = unbinding(ctx, &remote);
    let may_go = ctx.memory().late.may_go(&remote);
    let severed = severed(ctx, project_key, &remote);
    Ok(Target { name: remote, pool, id, created, dangling: false, unsettled, severed, unbinding, may_go, waits })
}

fn by_name(ctx: &mut Context<'_>, project_key: &ObjectKey, name: &str) -> Flow<Target> {
    let remote = QueueName::new(name);
    let key = ctx.key.clone();
    let (now, grace) = (ctx.now.mono, ctx.world.settings.visibility_grace);
    let (exists, just_gone) = match ctx.world.projects.get_mut(project_key) {
        Some(project) => {
            project.watch(ObjectKind::Queue, remote.as_str().into(), key);
            // What is read while its DELETE is under way may be false before it is said.
            if let Some(until) = project.queue_deletes.get(&remote).filter(|until| now < **until) {
                return done(Some((now + 1_000).min(*until)), Outcome::Waiting);
            }
            let just_gone = project.queue_gone.is_some_and(|at| now < at + grace);
            (project.snapshot.queues.get(&remote).is_some(), just_gone)
        }
        None => (false, false),
    };
    let severed = severed(ctx, project_key, &remote);
    let waits = match (exists, severed) {
        (_, true) => Some(format!("The queue {remote} was made for a DliQueue that is gone, and is being deleted.")),
        (true, false) => None,
        (false, false) => Some(format!("The project has no queue named {remote}.")),
    };
    let seen = ctx.world.projects.get(project_key).and_then(|p| p.snapshot.queues.get(&remote));
    let (id, created) = seen.map_or((None, None), |seen| (seen.item.queue_id, seen.item.create_time));
    Ok(Target {
        pool: pool_of(ctx, project_key, &remote),
        unbinding: unbinding(ctx, &remote),
        may_go: ctx.memory().late.may_go(&remote),
        name: remote,
        id,
        created,
        dangling: false,
        // A list may show its entry for a while.
        unsettled: severed || (!exists && just_gone),
        severed,
        waits,
    })
}

/// Whether this object has unbound a queue so lately that its entry may still be shown, or still be there.
fn unbinding(ctx: &mut Context<'_>, name: &QueueName) -> bool {
    let now = ctx.now.mono;
    ctx.memory().unbinding.get(name).is_some_and(|until| now < *until)
}

/// Whether what has this name now has to go, and cannot while it is bound.
fn severed(ctx: &Context<'_>, project_key: &ObjectKey, name: &QueueName) -> bool {
    ctx.world.projects.get(project_key).is_some_and(|project| must_be_unbound(project, name))
}

fn pool_of(ctx: &Context<'_>, project_key: &ObjectKey, name: &QueueName) -> Option<QueueName> {
    let seen = ctx.world.projects.get(project_key)?.snapshot.queues.get(name)?;
    seen.item.elastic_resource_pool_name.clone()
}
