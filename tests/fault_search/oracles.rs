//! What has to be true at the end, judged from the two models alone.

use std::collections::{BTreeMap, BTreeSet};

use dli_operator::{
    core::{OWNER_TAG, Object, ObjectKind},
    dli::{PeeringState, Tag},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{QUIET, kube::meta, scenarios::Scenario, sim::Sim};

/// The end of a run, without what may differ from run to run: ids, times, words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    remote: BTreeSet<String>,
    objects: BTreeMap<String, String>,
}

fn conditions(object: &Object) -> &[Condition] {
    match object {
        Object::Project(o) => o.status.as_ref().map(|s| &s.conditions[..]),
        Object::Queue(o) => o.status.as_ref().map(|s| &s.conditions[..]),
        Object::Connection(o) => o.status.as_ref().map(|s| &s.conditions[..]),
    }
    .unwrap_or_default()
}

fn marked(tags: &[Tag]) -> Option<&str> {
    tags.iter().find(|t| t.key == OWNER_TAG).map(|t| t.value.as_str())
}

impl End {
    pub fn of(sim: &Sim) -> Self {
        let now = sim.wall();
        let mut remote = BTreeSet::new();
        for queue in sim.cloud.queues(now) {
            remote.insert(format!("queue {} {} {:?}", queue.name, queue.cu_count, marked(&queue.tags)));
        }
        for connection in sim.cloud.connections(now).iter().filter(|c| !c.deleted) {
            let entries: Vec<String> =
                connection.entries.iter().map(|e| format!("{}={}", e.name, e.state.as_str())).collect();
            let mut entries = entries;
            entries.sort();
            let hosts: Vec<&str> = connection.hosts.iter().map(|h| h.name.as_str()).collect();
            remote.insert(format!(
                "connection {} {entries:?} {hosts:?} {:?}",
                connection.name,
                marked(&connection.tags)
            ));
        }
        let objects = sim
            .kube
            .objects
            .iter()
            .map(|(key, object)| {
                let say: Vec<String> =
                    conditions(object).iter().map(|c| format!("{}={}/{}", c.type_, c.status, c.reason)).collect();
                (key.to_string(), say.join(" "))
            })
            .collect();
        Self { remote, objects }
    }
}

impl End {
    fn difference(&self, expected: &Self) -> String {
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
        words
            .extend(expected.objects.keys().filter(|k| !self.objects.contains_key(*k)).map(|k| format!("{k} is gone")));
        words.join("; ")
    }
}

pub fn judge(sim: &Sim, scenario: &Scenario, expected: Option<&End>) -> Result<(), String> {
    let now = sim.wall();
    let queues = sim.cloud.queues(now);
    let connections: Vec<_> = sim.cloud.connections(now).into_iter().filter(|c| !c.deleted).collect();

    // Exactly one, by name and by mark.
    let mut names = BTreeMap::new();
    for connection in &connections {
        *names.entry(connection.name.to_string()).or_insert(0) += 1;
    }
    if let Some((name, count)) = names.iter().find(|(_, count)| **count > 1) {
        return Err(format!("{count} connections named {name}"));
    }
    let mut owned = BTreeMap::new();
    for tags in queues.iter().map(|q| &q.tags).chain(connections.iter().map(|c| &c.tags)) {
        if let Some(mark) = marked(tags) {
            *owned.entry(mark.to_owned()).or_insert(0) += 1;
        }
    }
    if let Some((mark, count)) = owned.iter().find(|(_, count)| **count > 1) {
        return Err(format!("{count} resources with the mark {mark}"));
    }

    // None left: what is remote and marked belongs to a live object, unless it was retained.
    let live = |kind: ObjectKind, name: &str| sim.kube.objects.keys().any(|k| k.kind == kind && &*k.name == name);
    let retained = scenario.name.contains("retain");
    for queue in queues.iter().filter(|q| marked(&q.tags).is_some()) {
        if !live(ObjectKind::Queue, &queue.name) && !retained {
            return Err(format!("queue {} is leaked", queue.name));
        }
    }
    for connection in connections.iter().filter(|c| marked(&c.tags).is_some()) {
        if !live(ObjectKind::Connection, &connection.name) && !retained {
            return Err(format!("connection {} is leaked", connection.name));
        }
    }

    // Foreign untouched.
    for name in &scenario.foreign {
        let queue = queues.iter().find(|q| &*q.name == *name);
        let connection = connections.iter().find(|c| &*c.name == *name);
        let fine = match (queue, connection) {
            (Some(q), _) => marked(&q.tags).is_none() && q.cu_count == 32,
            (None, Some(c)) => marked(&c.tags).is_none() && c.entries.is_empty() && c.hosts.is_empty(),
            (None, None) => false,
        };
        if !fine {
            return Err(format!("the stranger's {name} was touched"));
        }
    }

    // Status true; nobody hangs.
    for (key, object) in &sim.kube.objects {
        if meta(object).deletion_timestamp.is_some() {
            return Err(format!("{key} hangs in deletion: {:?}", conditions(object)));
        }
        let ready = conditions(object).iter().find(|c| c.type_ == "Ready");
        let Some(ready) = ready else { return Err(format!("{key} has no Ready condition")) };
        if ready.observed_generation != meta(object).generation {
            return Err(format!("{key} speaks of generation {:?}", ready.observed_generation));
        }
        let says_ready = ready.status == "True";
        let abnormal =
            conditions(object).iter().filter(|c| matches!(c.type_.as_str(), "Reconciling" | "Stalled")).count();
        if abnormal > 1 {
            return Err(format!("{key} is both Reconciling and Stalled"));
        }
        let truth = match object {
            Object::Project(_) => true,
            Object::Queue(o) => queues.iter().any(|q| Some(q.queue_id) == o.status.as_ref().and_then(|s| s.queue_id)),
            Object::Connection(o) => {
                let id = o.status.as_ref().and_then(|s| s.connection_id.clone()).unwrap_or_default();
                let wanted: Vec<String> = o
                    .spec
                    .queues
                    .iter()
                    .flatten()
                    .filter_map(|q| q.reference.as_ref().map(|r| r.name.clone()).or(q.queue_name.clone()))
                    .collect();
                connections.iter().any(|c| {
                    *c.id == *id
                        && wanted
                            .iter()
                            .all(|w| c.entries.iter().any(|e| *e.name == **w && e.state == PeeringState::Active))
                })
            }
        };
        if says_ready && !truth {
            return Err(format!("{key} says Ready, and it is not so"));
        }
        if !says_ready && truth && expected.is_none() && scenario.foreign.is_empty() {
            return Err(format!("{key} is there and does not say Ready: {:?}", conditions(object)));
        }
    }

    // Stable, then silent.
    if sim.mono < sim.last_write + QUIET {
        return Err(format!("still writing at {} (last write {})", sim.mono, sim.last_write));
    }

    // The same end as without the fault.
    if let Some(expected) = expected {
        let end = End::of(sim);
        if end != *expected {
            return Err(format!("another end: {}", end.difference(expected)));
        }
    }
    Ok(())
}
