//! A deleted object leaves no remote resource and no binding behind.

use dli_operator::{
    api::ManagementPolicy,
    core::{Object, ObjectKey, ObjectKind},
    dli::PeeringState,
    simulator::model::ConnectionView,
};

use super::{
    GRACE, Remote, conditions,
    limits::excused,
    ownership::{distinguishable, forgotten, marks_shown},
    ready, remote_name,
    status::targets,
};
use crate::{kube::meta, scheduler::Simulation};

/// What an operator made belongs to a live object, unless it is retained.
pub(super) fn no_leaks(sim: &Simulation, remote: &Remote) -> Result<(), String> {
    let live = |kind: ObjectKind, name: &str| {
        let objects = sim.clusters.iter().flat_map(|c| &c.kube.objects);
        objects.filter(|(k, _)| k.kind == kind).any(|(k, o)| remote_name(k, o) == name)
    };
    let foreign = |kind, id: &str| sim.foreign_resources.iter().any(|s| s.kind == kind && s.id == id);
    let forgotten = |name: &str| forgotten(sim, name);
    for queue in remote.queues.iter().filter(|queue| !forgotten(&queue.name)) {
        // Two clusters that call for one name within a second or two can both hold the same one for theirs, where no mark
        // can be read. When a colleague, or the cluster whose object vanished, deletes that one, what the other made then is
        // held for another's.
        let told = sim.clusters.len() == 1 || marks_shown(sim, ObjectKind::Queue);
        let unmade = sim.unmade.contains_key(&(ObjectKind::Queue, queue.name.to_string()));
        let told = told || !(unmade || sim.vanished.contains(&*queue.name));
        let leaked =
            told && !foreign(ObjectKind::Queue, &queue.queue_id.to_string()) && !live(ObjectKind::Queue, &queue.name);
        if leaked
            && !excused("L-orphan-1", leftover_said(sim, &queue.name) || vanished_and_bound(sim, remote, &queue.name))
        {
            return Err(format!("queue {} is leaked", queue.name));
        }
    }
    for connection in remote.connections.iter().filter(|connection| !forgotten(&connection.name)) {
        // Two clusters whose connections have one name can both hold the same one for theirs, where no mark can be read.
        let alone = sim.clusters.len() == 1 || marks_shown(sim, ObjectKind::Connection);
        let told = distinguishable(sim, ObjectKind::Connection, &connection.name) && alone;
        let leaked =
            told && !foreign(ObjectKind::Connection, &connection.id) && !live(ObjectKind::Connection, &connection.name);
        if leaked
            && !excused(
                "L-orphan-1",
                leftover_said(sim, &connection.name) || vanished_and_bound(sim, remote, &connection.name),
            )
        {
            return Err(format!("connection {} is leaked", connection.name));
        }
    }
    Ok(())
}

/// Whether the object of this name went by force, and its resource is bound: the cloud may refuse to delete that.
fn vanished_and_bound(sim: &Simulation, remote: &Remote, name: &str) -> bool {
    let bound = |c: &&ConnectionView| *c.name == *name && !c.entries.is_empty();
    let reached = |c: &&ConnectionView| c.entries.iter().any(|entry| *entry.name == *name);
    sim.vanished.contains(name) && remote.connections.iter().any(|c| bound(&c) || reached(&c))
}

/// What a project says of orphans that the cloud refuses to delete.
pub fn reported_orphans(sim: &Simulation, cluster: usize, key: &ObjectKey) -> Option<String> {
    let object = sim.clusters[cluster].kube.objects.get(key)?;
    let said = conditions(object).iter().find(|c| c.reason == "OrphanNotDeleted")?;
    Some(said.message.clone())
}

/// Whether a project has said that it cannot delete what has this name, or lists it as an orphan.
pub fn leftover_said(sim: &Simulation, name: &str) -> bool {
    let objects = sim.clusters.iter().flat_map(|c| c.kube.objects.values());
    let listed = objects.filter_map(|o| match o {
        Object::Project(project) => project.status.as_ref(),
        _ => None,
    });
    let listed = listed.flat_map(|status| &status.orphans).any(|orphan| orphan.name == name);
    sim.orphans_reported.iter().any(|said| said.contains(name)) || sim.vanished.contains(name) && listed
}

/// What an operator bound for an object that does not ask for it any more is unbound.
pub(super) fn bindings_left(sim: &Simulation, remote: &Remote) -> Result<(), String> {
    let [cluster] = sim.clusters.as_slice() else { return Ok(()) };
    for ((id, queue), at) in &sim.bound_by_us {
        let found = remote.connections.iter().find(|c| *c.id == **id);
        let entry = found.and_then(|c| c.entries.iter().find(|e| *e.name == **queue));
        // One that has failed cannot be unbound.
        if entry.is_none_or(|e| e.state == PeeringState::Failed) || sim.bound.contains(&(id.clone(), queue.clone())) {
            continue;
        }
        for (key, object) in &cluster.kube.objects {
            let Object::Connection(o) = object else { continue };
            let its = o.spec.suspend != Some(true)
                && o.status.as_ref().is_some_and(|s| s.connection_id.as_deref() == Some(id));
            // A connection that was taken over comes with what its last owner bound; that is not the new one's.
            let made = meta(object).creation_timestamp.as_ref().map_or(0, |t| t.0.as_millisecond());
            let younger = made > at - GRACE as i64 - 30_000;
            let full =
                o.spec.queues.is_some() && o.spec.management_policy.unwrap_or_default() == ManagementPolicy::Full;
            let settled = ready(object).is_some_and(|c| c.status == "True");
            if its && full && settled && !younger && !targets(sim, object).contains(queue) {
                return Err(format!("{key} is Ready, and {queue}, which was bound for it, is still bound"));
            }
        }
    }
    Ok(())
}
