//! What a status says is true of the cloud.

use std::collections::BTreeSet;

use dli_operator::{
    api::QueueEvidence,
    core::{Object, ObjectKey, ObjectKind},
    dli::PeeringState,
    simulator::model::{GetDeleteLag, HostsReturned, ListDeleteLag, ListUpdateLag, QueueView},
};

use super::{GRACE, QUIET, Remote, conditions, limits::excused, name_of, ownership::marks_shown, ready, remote_name};
use crate::{kube::meta, scheduler::Simulation, trace};

/// A status may be outdated for this long after a colleague changed the cloud in the console.
const STALE: u64 = 130_000;
/// A status that says Ready may be wrong for this long, since two writes may cross.
const MOMENT: u64 = 5_000;
/// An object that is not settled is reconciled again within this time, with the time that its calls take.
pub const LOOK: u64 = 15_000 + 20_000;
/// A queue that is made within this time after a create call can be held for the one that the call made.
const AT_ONCE: u64 = 3_000;
/// From one reading of a list to the next, with the time that its call takes.
const LIST_PERIOD: u64 = 60_000 + 20_000;

/// Whether the cloud really has what an object asks for.
fn remote_matches(sim: &Simulation, remote: &Remote, object: &Object) -> bool {
    let name = name_of(object);
    match object {
        Object::Project(_) => true,
        Object::Queue(o) => {
            let id = o.status.as_ref().and_then(|s| s.queue_id);
            let own = |id: i64| {
                let foreign = sim.foreign_resources.iter().find(|s| s.id == id.to_string());
                foreign.is_none_or(|s| {
                    // The server's clock is known to a second: so soon after the call, it may be what the call made.
                    let at_once = sim.made_at.get(&s.name).is_some_and(|at| (*at..at + AT_ONCE).contains(&s.made));
                    sim.may_adopt.contains(&(s.kind, s.name.clone())) || sim.marks_unreadable() || at_once
                })
            };
            // That it is old enough is a guess, and says so; that a connection reaches it is none.
            let by_age = o.status.as_ref().is_some_and(|s| s.evidence == Some(QueueEvidence::AssumedByAge));
            let usable = |q: &QueueView| q.available || by_age;
            remote.queues.iter().any(|q| *q.name == *name && Some(q.queue_id) == id && own(q.queue_id) && usable(q))
        }
        Object::Connection(o) => {
            let id = o.status.as_ref().and_then(|s| s.connection_id.clone()).unwrap_or_default();
            let wanted = targets(sim, object);
            remote.connections.iter().any(|c| {
                let bound = |w: &String| c.entries.iter().any(|e| *e.name == **w && e.state == PeeringState::Active);
                *c.name == *name && *c.id == *id && wanted.iter().all(bound)
            })
        }
    }
}

/// Names in the cloud of the queues that a connection asks for.
pub(super) fn targets(sim: &Simulation, object: &Object) -> Vec<String> {
    let Object::Connection(connection) = object else { return Vec::new() };
    let queues = connection.spec.queues.iter().flatten();
    queues
        .map(|q| match (&q.reference, &q.queue_name) {
            (Some(reference), _) => queue_of(sim, object, &reference.name),
            (None, name) => name.clone().unwrap_or_default(),
        })
        .collect()
}

/// Name in the cloud of a queue object that a connection refers to.
fn queue_of(sim: &Simulation, object: &Object, name: &str) -> String {
    let namespace = meta(object).namespace.clone().unwrap_or_default();
    let key = ObjectKey::new(ObjectKind::Queue, &namespace, name);
    let found = sim.clusters.iter().find_map(|c| c.kube.objects.get(&key));
    match found {
        Some(Object::Queue(q)) => q.spec.queue_name.clone().unwrap_or_else(|| name.replace('-', "_")),
        _ => name.replace('-', "_"),
    }
}

/// What is wrong with the status that was just written, and how long it may stay: until the object's next pass if it says
/// Ready of what is not so, until its next look at the cloud if it says Synced.
pub fn false_status(sim: &Simulation, cluster: usize, key: &ObjectKey) -> Option<(u64, String)> {
    if sim.mono < sim.last_console + STALE || sim.clusters.len() > 1 {
        return None;
    }
    // Who has just begun does not know what was deleted before, and lists that lag still show it.
    let answers = &sim.cloud.config().answers;
    let lags = answers.list_delete_lag == ListDeleteLag::Late || answers.list_update_lag == ListUpdateLag::Late;
    let lags = lags || answers.get_delete_lag == GetDeleteLag::Late;
    let object = sim.clusters[cluster].kube.objects.get(key)?;
    if lags && sim.mono < sim.last_start + GRACE && !reaches_new_queue(sim, cluster, object) {
        return None;
    }
    if meta(object).deletion_timestamp.is_some() {
        return None;
    }
    // Who cannot look any more says so, and keeps what was so.
    if conditions(object).iter().any(|c| c.reason == "ObservationStale") {
        return None;
    }
    let remote = Remote::of(sim);
    if let Some(says) = ready(object)
        && says.status == "True"
        && says.observed_generation == meta(object).generation
        && !remote_matches(sim, &remote, object)
        && !excused("L-ready-1", names_deleted_queue(sim, object))
    {
        return Some((MOMENT, format!("{key} says Ready ({}), and it is not so", says.message)));
    }
    out_of_sync(sim, &remote, key, object).map(|problem| (LOOK, problem))
}

/// Whether a connection names a queue by its name in the cloud that an operator has just deleted: what was read before is
/// believed for a list period and the time that lists lag.
fn names_deleted_queue(sim: &Simulation, object: &Object) -> bool {
    let Object::Connection(connection) = object else { return false };
    let names = connection.spec.queues.iter().flatten().filter_map(|queue| queue.queue_name.as_ref());
    let deleted = |name: &String| sim.queues_deleted.get(name).is_some_and(|at| sim.mono < at + LIST_PERIOD + GRACE);
    names.into_iter().any(deleted)
}

/// Whether a connection reaches a queue whose status says that it is so new that lists may show its predecessor's entry.
fn reaches_new_queue(sim: &Simulation, cluster: usize, object: &Object) -> bool {
    let Object::Connection(_) = object else { return false };
    let targets = targets(sim, object);
    let since = sim.wall() - GRACE as i64;
    sim.clusters[cluster].kube.objects.iter().any(|(key, other)| {
        let Object::Queue(queue) = other else { return false };
        let made = queue.status.as_ref().and_then(|s| s.create_time.as_deref());
        let made = made.and_then(|text| text.parse::<k8s_openapi::jiff::Timestamp>().ok());
        made.is_some_and(|at| at.as_millisecond() - sim.cloud.clock_skew() > since)
            && targets.contains(&remote_name(key, other))
    })
}

/// Whether a connection claims that the cloud has what its spec asks for, and it has not.
fn out_of_sync(sim: &Simulation, remote: &Remote, key: &ObjectKey, object: &Object) -> Option<String> {
    let Object::Connection(o) = object else { return None };
    let says = conditions(object).iter().find(|c| c.type_ == "Synced")?;
    if says.status != "True" || says.observed_generation != o.metadata.generation {
        return None;
    }
    let status = o.status.as_ref()?;
    let found = remote.connections.iter().find(|c| Some(&*c.id) == status.connection_id.as_deref());
    let Some(found) = found else { return Some(format!("{key} says Synced, and it is not there")) };
    // What a colleague writes where hosts are not shown, nobody can see.
    let unseen = sim.hosts_edited && sim.cloud.config().answers.hosts_returned == HostsReturned::Hidden;
    // Two clusters that both hold it for theirs, where nobody can say whose it is, both write it.
    let fought = sim.clusters.len() > 1 && !marks_shown(sim, ObjectKind::Connection);
    if let Some(hosts) = o.spec.hosts.as_ref().filter(|_| !unseen && !fought) {
        let want: BTreeSet<(&str, &str)> = hosts.iter().map(|h| (&*h.name, &*h.ip)).collect();
        let have: BTreeSet<(&str, &str)> = found.hosts.iter().map(|h| (&*h.name, &*h.ip)).collect();
        if want != have {
            return Some(format!("{key} says Synced, and the hosts are {have:?}"));
        }
    }
    let mut wanted = targets(sim, object);
    wanted.retain(|name| !found.entries.iter().any(|e| *e.name == **name));
    (!wanted.is_empty()).then(|| format!("{key} says Synced, and {} is not bound", wanted.join(", ")))
}

/// Whether an object asks for what users have not made: a queue that does not exist.
fn waits_for_others(sim: &Simulation, remote: &Remote, object: &Object) -> bool {
    let Object::Connection(connection) = object else { return false };
    let namespace = meta(object).namespace.clone().unwrap_or_default();
    connection.spec.queues.iter().flatten().any(|q| match (&q.reference, &q.queue_name) {
        (Some(reference), _) => {
            let key = ObjectKey::new(ObjectKind::Queue, &namespace, &reference.name);
            !sim.clusters.iter().any(|c| c.kube.objects.get(&key).is_some_and(|o| meta(o).deletion_timestamp.is_none()))
        }
        (None, name) => !remote.queues.iter().any(|q| Some(&*q.name) == name.as_deref()),
    })
}

/// Nobody hangs, and what is said is so.
pub(super) fn status_is_true(
    sim: &Simulation,
    remote: &Remote,
    key: &ObjectKey,
    object: &Object,
    all_ready: bool,
) -> Result<(), String> {
    let say = conditions(object);
    let has = |type_: &str, reason: &str| say.iter().any(|c| c.type_ == type_ && c.reason == reason);
    if meta(object).deletion_timestamp.is_some() {
        // Without credentials the cloud cannot be asked, and the object says so.
        let lost = sim.clusters.iter().any(|c| c.secret.is_none());
        if lost && (has("Reconciling", "CredentialsMissing") || key.kind == ObjectKind::Project) {
            return Ok(());
        }
        // The cloud may refuse to delete what is bound, and what others bound is not unbound.
        let bound = match key.kind {
            ObjectKind::Queue => {
                let name = remote_name(key, object);
                remote.connections.iter().any(|c| c.entries.iter().any(|e| *e.name == *name))
            }
            _ => remote.connections.iter().any(|c| *c.name == *remote_name(key, object) && !c.entries.is_empty()),
        };
        if bound && has("Reconciling", "DeletionRefused") {
            return Ok(());
        }
        return Err(format!("{key} hangs in deletion: {}", trace::conditions(say)));
    }
    let Some(ready) = ready(object) else { return Err(format!("{key} has no Ready condition")) };
    if ready.observed_generation != meta(object).generation {
        return Err(format!("{key} speaks of generation {:?}", ready.observed_generation));
    }
    if say.iter().filter(|c| matches!(c.type_.as_str(), "Reconciling" | "Stalled")).count() > 1 {
        return Err(format!("{key} is both Reconciling and Stalled"));
    }
    let shared = sim.clusters.len() > 1 && !sim.may_adopt.is_empty();
    if let Some(problem) = out_of_sync(sim, remote, key, object).filter(|_| !shared) {
        return Err(problem);
    }
    let says_ready = ready.status == "True";
    let true_ = remote_matches(sim, remote, object);
    // Where two clusters undo each other's changes for ever, it is judged in the middle of that.
    let fought = shared && sim.mono < sim.last_write + QUIET;
    if says_ready && !true_ && !fought {
        return Err(format!("{key} says Ready, and it is not so"));
    }
    if !says_ready && all_ready && !waits_for_others(sim, remote, object) {
        return Err(format!("{key} is not Ready: {} {}", trace::conditions(say), ready.message));
    }
    Ok(())
}
