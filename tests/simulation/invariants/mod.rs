//! What has to hold, checked on the models of Kubernetes and the cloud alone, never on what the operator says it did.

mod leaks;
mod limits;
mod ownership;
mod quiescence;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use dli_operator::{
    core::{OWNER_TAG, Object, ObjectKey},
    dli::Tag,
    simulator::{
        Operation,
        model::{ConnectionView, QueueView},
    },
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{kube::meta, scheduler::Simulation, trace};

pub use leaks::{leftover_said, reported_orphans};
pub use limits::limit_hits;
pub use ownership::{all_distinguishable, hits_successor};
pub use quiescence::{QUIET, decides_the_same, reported, same_result, sampled};
pub use status::{LOOK, false_status};

/// Lists may lag behind for this long.
const GRACE: u64 = 60_000;

/// The end of a run, without what may differ from run to run: ids, times, words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    remote: BTreeSet<String>,
    objects: BTreeMap<String, String>,
}

pub fn conditions(object: &Object) -> &[Condition] {
    match object {
        Object::Project(o) => o.status.as_ref().map(|s| &s.conditions[..]),
        Object::Queue(o) => o.status.as_ref().map(|s| &s.conditions[..]),
        Object::Connection(o) => o.status.as_ref().map(|s| &s.conditions[..]),
    }
    .unwrap_or_default()
}

pub fn ready(object: &Object) -> Option<&Condition> {
    conditions(object).iter().find(|c| c.type_ == "Ready")
}

pub fn marked(tags: &[Tag]) -> Option<&str> {
    tags.iter().find(|t| t.key == OWNER_TAG).map(|t| t.value.as_str())
}

/// What the cloud really has.
pub struct Remote {
    pub queues: Vec<QueueView>,
    pub connections: Vec<ConnectionView>,
}

impl Remote {
    pub fn of(sim: &Simulation) -> Self {
        let now = sim.wall();
        let mut connections = sim.cloud.connections(now);
        connections.retain(|c| !c.deleted);
        let mut queues = sim.cloud.queues(now);
        queues.retain(|q| !q.preset);
        Self { queues, connections }
    }
}

impl End {
    pub fn of(sim: &Simulation) -> Self {
        let now = Remote::of(sim);
        let mut remote = BTreeSet::new();
        for queue in &now.queues {
            remote.insert(format!("queue {} {} {:?}", queue.name, queue.cu_count, marked(&queue.tags)));
        }
        for connection in &now.connections {
            let mut entries: Vec<String> =
                connection.entries.iter().map(|e| format!("{}={}", e.name, e.state.as_str())).collect();
            entries.sort();
            let hosts: Vec<&str> = connection.hosts.iter().map(|h| h.name.as_str()).collect();
            let mark = marked(&connection.tags);
            remote.insert(format!("connection {} {entries:?} {hosts:?} {mark:?}", connection.name));
        }
        let mut objects = BTreeMap::new();
        for (number, cluster) in sim.clusters.iter().enumerate() {
            for (key, object) in &cluster.kube.objects {
                objects.insert(format!("{number} {key}"), trace::conditions(conditions(object)));
            }
        }
        Self { remote, objects }
    }

    pub fn difference(&self, expected: &Self) -> String {
        let mut words = Vec::new();
        words.extend(self.remote.difference(&expected.remote).map(|r| format!("has {r}")));
        words.extend(expected.remote.difference(&self.remote).map(|r| format!("lacks {r}")));
        for (key, say) in &self.objects {
            match expected.objects.get(key) {
                Some(other) if other == say => {}
                Some(other) => words.push(format!("{key} says [{say}] instead of [{other}]")),
                None => words.push(format!("{key} is there")),
            }
        }
        let gone = expected.objects.keys().filter(|k| !self.objects.contains_key(*k));
        words.extend(gone.map(|k| format!("{k} is gone")));
        words.join("; ")
    }
}

/// What is checked besides what holds for every run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expect<'a> {
    /// What is marked may be left.
    pub keeps: bool,
    /// The end without faults.
    pub end: Option<&'a End>,
    /// Everything that is there is to be Ready.
    pub all_ready: bool,
}

/// All invariants at the end of a run.
pub fn check(sim: &Simulation, expect: Expect<'_>) -> Result<(), String> {
    if let Some(problem) = &sim.problem {
        return Err(problem.clone());
    }
    let remote = Remote::of(sim);
    ownership::exactly_one(sim, &remote)?;
    ownership::created_once(sim)?;
    if expect.keeps {
        let deleted = sim.cloud.calls(Operation::DeleteQueue) + sim.cloud.calls(Operation::DeleteConnection);
        if deleted > 0 {
            return Err(format!("{deleted} calls delete what is to be kept"));
        }
    } else {
        leaks::no_leaks(sim, &remote)?;
    }
    ownership::bindings_of_others(sim, &remote)?;
    leaks::bindings_left(sim, &remote)?;
    for foreign in &sim.foreign_resources {
        ownership::untouched(sim, &remote, foreign)?;
    }
    let now = sim.wall();
    let elsewhere = sim.elsewhere.queues(now).iter().any(|q| !q.preset) || !sim.elsewhere.connections(now).is_empty();
    if elsewhere {
        return Err("something was made in another region or account".to_owned());
    }
    for (number, cluster) in sim.clusters.iter().enumerate() {
        for (key, object) in &cluster.kube.objects {
            status::status_is_true(sim, &remote, key, object, expect.all_ready)
                .map_err(|e| format!("cluster {number}: {e}"))?;
        }
    }
    quiescence::no_more_writes(sim)?;
    if let Some(expected) = expect.end {
        let end = End::of(sim);
        if end != *expected {
            return Err(format!("another end: {}", end.difference(expected)));
        }
    }
    Ok(())
}

pub fn remote_name(key: &ObjectKey, object: &Object) -> String {
    given_name(object).unwrap_or_else(|| key.name.replace('-', "_"))
}

/// Name in the cloud that an object asks for.
fn name_of(object: &Object) -> String {
    given_name(object).unwrap_or_else(|| meta(object).name.as_deref().unwrap_or_default().replace('-', "_"))
}

fn given_name(object: &Object) -> Option<String> {
    match object {
        Object::Queue(o) => o.spec.queue_name.clone(),
        Object::Connection(o) => o.spec.connection_name.clone(),
        Object::Project(_) => None,
    }
}
