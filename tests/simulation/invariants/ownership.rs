//! One live object owns exactly one remote resource, and what others made stays as they made it.

use std::collections::BTreeMap;

use dli_operator::{
    core::{CloudEffect, Effect, Object, ObjectKind},
    dli::Call,
    simulator::model::{ConnectionTagFilter, GetDeleteLag, QueueTagFilter, TagsService},
};

use super::{Remote, limits::excused, marked, remote_name};
use crate::{actions::ForeignResource, faults::FaultKind, kube::meta, scheduler::Simulation};

/// By name, as far as names are the operator's, and by mark.
pub(super) fn exactly_one(sim: &Simulation, remote: &Remote) -> Result<(), String> {
    let foreign = |id: &str| sim.foreign_resources.iter().any(|s| s.id == id);
    let forgotten = |name: &str| forgotten(sim, name);
    let mut names = BTreeMap::new();
    for connection in remote.connections.iter().filter(|c| !foreign(&c.id) && !forgotten(&c.name)) {
        *names.entry(connection.name.to_string()).or_insert(0) += 1;
    }
    if let Some((name, count)) =
        names.iter().find(|(name, count)| **count > 1 && distinguishable(sim, ObjectKind::Connection, name))
        && sim.clusters.len() == 1
    {
        return Err(format!("{count} connections named {name}"));
    }
    let mut owned = BTreeMap::new();
    // What is forgotten has its mark, and the next object of the name finds it, where marks are shown.
    let found = |name: &str| !forgotten(name) || marks_shown(sim, ObjectKind::Connection);
    let connections = remote.connections.iter().filter(|c| found(&c.name));
    let tags = remote.queues.iter().map(|q| &q.tags).chain(connections.map(|c| &c.tags));
    for mark in tags.filter_map(|tags| marked(tags)) {
        *owned.entry(mark.to_owned()).or_insert(0) += 1;
    }
    match owned.iter().find(|(_, count)| **count > 1) {
        Some((mark, count)) => Err(format!("{count} resources with the mark {mark}")),
        None => Ok(()),
    }
}

/// Nothing is made more often than objects asked for it and colleagues took it away.
pub(super) fn created_once(sim: &Simulation) -> Result<(), String> {
    for ((kind, name), made) in &sim.made {
        let key = (*kind, name.clone());
        let asked: u32 = sim.clusters.iter().filter_map(|c| c.kube.born.get(&key)).sum();
        let taken = sim.unmade.get(&key).copied().unwrap_or(0);
        // Two clusters that want the same name take what the other made for gone, where nobody can say whose it is.
        let alone = sim.clusters.len() == 1 || marks_shown(sim, *kind);
        if *made > asked + taken && alone && distinguishable(sim, *kind, name) {
            return Err(format!("{kind:?} {name} was made {made} times for {asked} objects, {taken} taken away"));
        }
    }
    Ok(())
}

/// What was made for an object that went all the same is known to its replica only.
pub(super) fn forgotten(sim: &Simulation, name: &str) -> bool {
    sim.vanished.contains(name) && sim.replicas.iter().any(|replica| replica.dead)
}

/// What a colleague made is as the colleague left it, unless somebody was told to take it over.
pub(super) fn untouched(sim: &Simulation, remote: &Remote, foreign: &ForeignResource) -> Result<(), String> {
    let may_adopt = sim.may_adopt.contains(&(foreign.kind, foreign.name.clone()));
    if may_adopt || !distinguishable(sim, foreign.kind, &foreign.name) {
        return Ok(());
    }
    let fine = match foreign.kind {
        ObjectKind::Queue => {
            let found = remote.queues.iter().find(|q| q.queue_id.to_string() == foreign.id);
            found.is_some_and(|q| marked(&q.tags).is_none() && q.cu_count == 32)
        }
        _ => {
            let found = remote.connections.iter().find(|c| *c.id == *foreign.id);
            found.is_some_and(|c| {
                let only = c.entries.iter().all(|e| foreign.entries.contains(&*e.name));
                marked(&c.tags).is_none() && only && (c.hosts.is_empty() || foreign.hosts)
            })
        }
    };
    let answers = &sim.cloud.config().answers;
    // A new leader does not know of the DELETE of the last one, and a reading that lags shows what that one deleted.
    let deleted_again =
        foreign.kind == ObjectKind::Queue && sim.last_start > 0 && answers.get_delete_lag == GetDeleteLag::Late;
    // One wrong empty answer to the probe, and a filter that is ignored counts as honoured.
    let ignored = match foreign.kind {
        ObjectKind::Queue => answers.queue_tag_filter != QueueTagFilter::Honoured,
        _ => answers.connection_tag_filter != ConnectionTagFilter::Honoured,
    };
    let empty = |kind: &FaultKind| matches!(kind, FaultKind::EmptyList | FaultKind::ShortList);
    let misled = ignored && sim.struck.iter().any(|(_, kind)| empty(kind));
    if fine || excused("L-delete-1", deleted_again) || excused("L-tag-1", misled) {
        return Ok(());
    }
    Err(format!("the colleague's {:?} {} was touched", foreign.kind, foreign.name))
}

/// Whether nothing that a colleague made can be taken for what is in doubt.
pub fn all_distinguishable(sim: &Simulation) -> bool {
    let kinds = [ObjectKind::Queue, ObjectKind::Connection];
    sim.foreign_names.iter().all(|name| kinds.iter().all(|kind| distinguishable(sim, *kind, name)))
}

/// What a colleague bound to an operator's connection stays bound, unless somebody asked the operator for the same.
pub(super) fn bindings_of_others(sim: &Simulation, remote: &Remote) -> Result<(), String> {
    for (id, queue) in &sim.bound {
        let lives = remote.queues.iter().any(|q| *q.name == **queue);
        let connection = remote.connections.iter().find(|c| *c.id == **id).filter(|_| lives);
        if connection.is_some_and(|c| !c.entries.iter().any(|e| *e.name == **queue)) {
            return Err(format!("the colleague's binding of {queue} was touched"));
        }
    }
    Ok(())
}

/// The name of a queue that belongs to an object which was made after this DELETE had been sent: the object that sent it
/// was let go too early.
pub fn hits_successor(sim: &Simulation, cluster: usize, effect: &Effect, since: i64) -> Option<String> {
    let Effect::Cloud(CloudEffect { call: Call::DeleteQueue(name), .. }) = effect else { return None };
    let made = sim
        .cloud
        .queues(sim.wall())
        .iter()
        .any(|q| *q.name == *name.as_str() && q.create_time - sim.cloud.clock_skew() > since);
    let younger = |o: &Object| meta(o).creation_timestamp.as_ref().is_some_and(|t| t.0.as_millisecond() > since);
    let mut objects = sim.clusters[cluster].kube.objects.iter().filter(|(key, _)| key.kind == ObjectKind::Queue);
    let next = objects.any(|(key, object)| remote_name(key, object) == name.as_str() && younger(object));
    (made && next).then(|| name.to_string())
}

/// Whether the cloud can say whose a resource is. Where it cannot, one that a colleague makes under the same name
/// while a create call is in doubt cannot be told from one's own: the promise is weaker there, and says so.
pub(super) fn distinguishable(sim: &Simulation, kind: ObjectKind, name: &str) -> bool {
    marks_shown(sim, kind) || !sim.foreign_names.contains(name)
}

/// Whether the region shows marks at all.
pub(super) fn marks_shown(sim: &Simulation, kind: ObjectKind) -> bool {
    let answers = &sim.cloud.config().answers;
    let filter = match kind {
        ObjectKind::Queue => answers.queue_tag_filter == QueueTagFilter::Honoured,
        _ => answers.connection_tag_filter == ConnectionTagFilter::Honoured,
    };
    filter || answers.tags_service == TagsService::Present
}
