//! Queues that this process deletes. Their peerings go with them, so what was read of the connections that reach them says
//! nothing from the moment at which the DELETE is sent.

use std::collections::{BTreeMap, BTreeSet};

use crate::dli::{CallError, Cause, ErrorClass, QueueName};

use super::{Millis, ObjectKey, ObjectKind, doubt::may_have_changed, late::Look, pass::Context};

/// The DELETE is about to be sent; until then it has an answer, or is given up.
pub(in crate::core) fn begins(ctx: &mut Context<'_>, name: &QueueName, until: Millis) {
    let now = ctx.now.mono;
    let Some(key) = project_key(ctx) else { return };
    if let Some(project) = ctx.world.projects.get_mut(&key) {
        project.queue_deletes.retain(|_, until| now < *until);
        project.queue_deletes.insert(name.clone(), until);
    }
}

/// The DELETE has ended.
pub(in crate::core) fn ended(ctx: &mut Context<'_>, name: &QueueName, error: Option<&CallError>) {
    let changed = may_have_changed(error) || error.is_some_and(|error| error.class == ErrorClass::NotFound);
    // One that gets an error is sent again and again: nobody is woken for it, but nobody calls bound what was read before
    // it. Where it was carried out all the same, the queue's own look tells.
    let failed = error.is_some_and(|error| error.cause == Cause::Answer && error.class != ErrorClass::NotFound);
    let Some(key) = project_key(ctx) else { return };
    if let Some(project) = ctx.world.projects.get_mut(&key) {
        project.queue_deletes.remove(name);
    }
    let (now, grace) = (ctx.now.mono, ctx.world.settings.visibility_grace);
    match (changed, failed) {
        (true, false) => {
            fence_connections(ctx, &key, name);
            if error.is_some_and(|error| error.cause != Cause::Answer) {
                // It may still arrive, after they were read again.
                for connection in concerned(ctx, &key, name) {
                    ctx.world.queue_may_go(&connection, name, now + grace);
                }
            }
        }
        (true, true) => {
            if let Some(project) = ctx.world.projects.get_mut(&key) {
                project.queues_unsure.retain(|_, at| now < *at + grace);
                project.queues_unsure.insert(name.clone(), now);
            }
        }
        (false, _) => {}
    }
}

/// Project of the pass: its own, or the one that its object refers to.
fn project_key(ctx: &mut Context<'_>) -> Option<ObjectKey> {
    match ctx.key.kind {
        ObjectKind::Project => Some(ctx.key.clone()),
        _ => ctx.memory().project.clone(),
    }
}

/// What was read before this moment says nothing about the connections that refer to the queue, by its object or by its
/// name in the cloud, and lists say nothing for a while.
pub(in crate::core) fn fence_connections(ctx: &mut Context<'_>, project: &ObjectKey, name: &QueueName) {
    let (now, grace) = (ctx.now.mono, ctx.world.settings.visibility_grace);
    let timeout = ctx.world.settings.call_timeout;
    if let Some(project) = ctx.world.projects.get_mut(project) {
        // An answer is believed for the grace, and is as old as its call.
        project.queues_cut.retain(|_, at| now < *at + grace + timeout);
        project.queues_cut.insert(name.clone(), now);
    }
    for key in concerned(ctx, project, name) {
        ctx.world.fence(&key, now, grace);
    }
}

/// Connections that refer to the queue, by the object of this pass or by its name in the cloud.
fn concerned(ctx: &Context<'_>, project: &ObjectKey, name: &QueueName) -> BTreeSet<ObjectKey> {
    let project = ctx.world.projects.get(project);
    let by_name = project.into_iter().flat_map(|project| project.watchers(ObjectKind::Queue, name.as_str()));
    let by_object = (ctx.key.kind == ObjectKind::Queue).then(|| ctx.world.dependents(ctx.key));
    let all = by_name.chain(by_object.into_iter().flatten());
    all.filter(|key| key.kind == ObjectKind::Connection).cloned().collect()
}

/// Whether a reading of a connection that began then says nothing, since one of these queues went after it.
pub(in crate::core) fn cut_since<'a>(
    ctx: &Context<'_>,
    project: &ObjectKey,
    names: impl IntoIterator<Item = &'a QueueName>,
    reading: Look,
) -> bool {
    let project = ctx.world.projects.get(project);
    project.and_then(|project| last_hidden(&project.queues_cut, names, reading)).is_some()
}

/// Whether a queue went, or may have gone, after a connection was read.
pub(in crate::core) fn gone_since(ctx: &Context<'_>, project: &ObjectKey, name: &QueueName, read: Millis) -> bool {
    let project = ctx.world.projects.get(project);
    project.and_then(|project| project.queues_cut.get(name)).is_some_and(|at| read < *at)
}

/// When a DELETE of one of these queues got an error, if a reading of a connection that began then may be outdated by it.
pub(in crate::core) fn unsure_since<'a>(
    ctx: &Context<'_>,
    project: &ObjectKey,
    names: impl IntoIterator<Item = &'a QueueName>,
    reading: Look,
) -> Option<Millis> {
    ctx.world.projects.get(project).and_then(|project| last_hidden(&project.queues_unsure, names, reading))
}

/// The last time that something happened to one of the queues that this reading does not show.
fn last_hidden<'a>(
    happened: &BTreeMap<QueueName, Millis>,
    names: impl IntoIterator<Item = &'a QueueName>,
    reading: Look,
) -> Option<Millis> {
    names.into_iter().filter_map(|name| happened.get(name)).copied().filter(|at| !reading.shows(*at)).max()
}
