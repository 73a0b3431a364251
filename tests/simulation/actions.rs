//! What people do: users with `kubectl`, tools that apply and restore, colleagues in the console.

use std::collections::BTreeSet;

use dli_operator::{
    core::{Millis, ObjectKey, ObjectKind},
    dli::Host,
    simulator::{Edit, Fault, Limit, Policy, RateLimit},
};
use serde_json::{Value, json};

use crate::{
    scenarios::{NS, REGION},
    scheduler::Simulation,
};

/// One thing that somebody does. Connections in the cloud are named, not numbered.
#[derive(Clone, Debug)]
pub enum Action {
    /// `kubectl apply`.
    Apply { cluster: usize, kind: ObjectKind, name: String, spec: Value },
    /// `kubectl delete --wait=false`.
    Delete { cluster: usize, kind: ObjectKind, name: String },
    /// Somebody takes the finalizers off and deletes.
    Force { cluster: usize, kind: ObjectKind, name: String },
    /// From now on a GitOps tool applies again at once what has gone.
    Reapply,
    /// A deleted object comes back out of a backup, annotations and status and all.
    Restore { cluster: usize, kind: ObjectKind, name: String },
    /// The YAML of a live object, annotations and status and all, is applied under another name, with these fields.
    Copy { cluster: usize, kind: ObjectKind, from: String, to: String, fields: Value },
    /// The definition of a kind is deleted, and all its objects with it.
    DeleteDefinition { kind: ObjectKind },
    /// Another version of the Secret, or none.
    Secret { cluster: usize, version: Option<u64> },
    /// In the console.
    Console(Colleague),
    /// The operator is scaled down to nothing, and up again so many milliseconds later.
    Outage(u64),
    /// Something in the cloud will go wrong.
    Arm(Fault),
    /// The server's clock goes wrong by so many milliseconds.
    ServerClock(i64),
    /// The cloud takes so many calls in ten seconds; or any number.
    Limit(Option<u32>),
    /// Nothing: time passes.
    Nothing,
}

/// What a colleague does in the console.
#[derive(Clone, Debug)]
pub enum Colleague {
    CreateQueue(String),
    DeleteQueue(String),
    CreateConnection(String),
    DeleteConnection(String),
    Bind(String, String),
    Unbind(String, String),
    SetHosts(String),
    FailPeering(String, String),
    HealPeering(String, String),
}

/// What a colleague made, and how it should look unless somebody may take it over.
#[derive(Clone, Debug)]
pub struct ForeignResource {
    pub kind: ObjectKind,
    pub name: String,
    /// Id in the cloud, as text.
    pub id: String,
    pub entries: BTreeSet<String>,
    pub hosts: bool,
    /// When it was made, in simulated time.
    pub made: Millis,
}

/// A project without anything.
pub fn project() -> Action {
    apply(ObjectKind::Project, "default", json!({"region": REGION}))
}

pub fn apply(kind: ObjectKind, name: &str, spec: Value) -> Action {
    Action::Apply { cluster: 0, kind, name: name.to_owned(), spec }
}

pub fn delete(kind: ObjectKind, name: &str) -> Action {
    Action::Delete { cluster: 0, kind, name: name.to_owned() }
}

/// A queue with these further fields.
pub fn queue(name: &str, extra: Value) -> Action {
    apply(ObjectKind::Queue, name, merged(json!({"cuCount": 16}), extra))
}

/// The connection `test1` with these further fields.
pub fn connection(extra: Value) -> Action {
    apply(ObjectKind::Connection, "test1", connection_spec(extra))
}

pub fn connection_spec(extra: Value) -> Value {
    let spec = json!({
        "destVpcId": VPC,
        "destNetworkId": NETWORK,
        "hosts": [{"name": "ecs-97f8-0001", "ip": "192.168.0.1"}]
    });
    merged(spec, extra)
}

const VPC: &str = "22094d8f-c310-4621-913d-4c4d655d8495";
const NETWORK: &str = "78f2562a-36e4-4b39-95b9-f5aab22e1281";

pub fn merged(mut target: Value, extra: Value) -> Value {
    if let (Value::Object(target), Value::Object(extra)) = (&mut target, extra) {
        target.extend(extra);
    }
    target
}

/// References to queues.
pub fn refs(names: &[&str]) -> Value {
    json!({"queues": names.iter().map(|n| json!({"ref": {"name": n}})).collect::<Vec<_>>()})
}

fn id_of(sim: &Simulation, name: &str) -> Option<String> {
    let connections = sim.cloud.connections(sim.wall());
    connections.into_iter().find(|c| &*c.name == name && !c.deleted).map(|c| c.id.to_string())
}

impl Action {
    /// Where it is done.
    pub fn cluster(&self) -> usize {
        match self {
            Self::Apply { cluster, .. }
            | Self::Delete { cluster, .. }
            | Self::Force { cluster, .. }
            | Self::Restore { cluster, .. }
            | Self::Copy { cluster, .. }
            | Self::Secret { cluster, .. } => *cluster,
            _ => 0,
        }
    }

    pub fn perform(&self, sim: &mut Simulation) {
        let now = sim.wall();
        sim.say(|| format!("** {self:?}"));
        match self {
            Self::Apply { cluster, kind, name, spec } => {
                let policy = spec.get("adoptionPolicy").and_then(Value::as_str).unwrap_or("IfOwned");
                if policy != "IfOwned" {
                    sim.may_adopt.insert((*kind, remote_name(name, spec)));
                }
                sim.wanted.insert((*cluster, ObjectKey::new(*kind, NS, name)), spec.clone());
                sim.clusters[*cluster].kube.apply(*kind, NS, name, spec, now);
            }
            Self::Delete { cluster, kind, name } => {
                let key = ObjectKey::new(*kind, NS, name);
                let kube = &mut sim.clusters[*cluster].kube;
                if let Some(object) = kube.objects.get(&key).cloned() {
                    kube.attic.insert(key.clone(), object);
                }
                kube.delete(&key, now);
            }
            Self::Force { cluster, kind, name } => {
                sim.clusters[*cluster].kube.vanish(&ObjectKey::new(*kind, NS, name));
                sim.vanished.insert(name.replace('-', "_"));
            }
            Self::Restore { cluster, kind, name } => {
                let key = ObjectKey::new(*kind, NS, name);
                let kube = &mut sim.clusters[*cluster].kube;
                if let Some(copy) = kube.attic.get(&key).cloned() {
                    kube.restore(&key, &copy, now);
                }
            }
            Self::Copy { cluster, kind, from, to, fields } => {
                let kube = &mut sim.clusters[*cluster].kube;
                if let Some(object) = kube.objects.get(&ObjectKey::new(*kind, NS, from)).cloned() {
                    kube.copy(&object, &ObjectKey::new(*kind, NS, to), fields, now);
                }
            }
            Self::DeleteDefinition { kind } => {
                let kube = &mut sim.clusters[0].kube;
                kube.terminating.insert(*kind);
                let keys: Vec<ObjectKey> = kube.objects.keys().filter(|k| k.kind == *kind).cloned().collect();
                for key in keys {
                    kube.delete(&key, now);
                }
            }
            // Another account before the project is known is simply that account.
            Self::Secret { cluster, version: Some(100..) } if !sim.clusters[*cluster].kube.pinned() => {}
            Self::Secret { cluster, version } => sim.set_secret(*cluster, *version),
            Self::Console(colleague) => {
                colleague.edit(sim);
                sim.last_console = sim.mono;
            }
            Self::ServerClock(ms) => {
                // Set by seconds, it stays near what it was in the beginning, which is in minutes.
                let far = (sim.cloud.clock_skew() + 30_000).div_euclid(60_000) * 60_000;
                sim.cloud.skew_clock(far + ms);
            }
            Self::Limit(calls) => {
                let limit = |calls| Limit { policy: Policy::User, limit: calls, seconds: 10 };
                let limit = calls.map(|calls| RateLimit { limit: limit(calls), retry_after: false, named: false });
                sim.cloud.limit_rate(limit);
            }
            Self::Outage(ms) => sim.outage(*ms),
            Self::Arm(fault) => {
                sim.cloud.arm(fault.clone());
            }
            Self::Reapply => sim.reapplies = true,
            Self::Nothing => {}
        }
        sim.meddled();
    }
}

/// Name in the cloud.
pub fn remote_name(name: &str, spec: &Value) -> String {
    let field = |f: &str| spec.get(f).and_then(Value::as_str).map(ToOwned::to_owned);
    field("queueName").or_else(|| field("connectionName")).unwrap_or_else(|| name.replace('-', "_"))
}

impl Colleague {
    fn edit(&self, sim: &mut Simulation) {
        let now = sim.wall();
        let edit = match self {
            Self::CreateQueue(name) => {
                let taken = sim.cloud.queues(now).iter().any(|q| *q.name == **name);
                (!taken).then(|| Edit::CreateQueue { name: name.clone(), cu_count: 32, tags: vec![] })
            }
            Self::CreateConnection(name) => Some(Edit::CreateConnection {
                name: name.clone(),
                dest_vpc_id: VPC.to_owned(),
                dest_network_id: NETWORK.to_owned(),
                tags: vec![],
            }),
            Self::DeleteQueue(name) => Some(Edit::DeleteQueue { name: name.clone() }),
            Self::DeleteConnection(name) => id_of(sim, name).map(|id| Edit::DeleteConnection { id }),
            Self::Bind(name, queue) => id_of(sim, name).map(|id| Edit::Bind { id, queue: queue.clone() }),
            Self::Unbind(name, queue) => id_of(sim, name).map(|id| Edit::Unbind { id, queue: queue.clone() }),
            Self::SetHosts(name) => {
                let hosts = vec![Host { name: "other".into(), ip: "10.0.0.1".into() }];
                id_of(sim, name).map(|id| Edit::SetHosts { id, hosts })
            }
            Self::FailPeering(name, queue) => {
                let error = Some("CIDR conflict".to_owned());
                id_of(sim, name).map(|id| Edit::Peering { id, queue: queue.clone(), error })
            }
            Self::HealPeering(name, queue) => {
                id_of(sim, name).map(|id| Edit::Peering { id, queue: queue.clone(), error: None })
            }
        };
        let Some(edit) = edit else { return };
        // What a colleague wants to edit may be gone by then.
        if sim.cloud.edit(now, None, edit.clone()).is_ok() {
            self.remember(sim, &edit);
        }
    }

    /// Keeps the account of what is a colleague's.
    fn remember(&self, sim: &mut Simulation, edit: &Edit) {
        let now = sim.wall();
        let made = sim.mono;
        let foreign = |kind, name: &str, id| ForeignResource {
            kind,
            name: name.to_owned(),
            id,
            entries: BTreeSet::new(),
            hosts: false,
            made,
        };
        match (self, edit) {
            (Self::CreateQueue(name), _) => {
                sim.foreign_names.insert(name.clone());
                let id = sim.cloud.queues(now).iter().find(|q| *q.name == **name).map(|q| q.queue_id.to_string());
                sim.foreign_resources.extend(id.map(|id| foreign(ObjectKind::Queue, name, id)));
            }
            (Self::CreateConnection(name), _) => {
                sim.foreign_names.insert(name.clone());
                let newest = sim.cloud.connections(now).into_iter().rfind(|c| *c.name == **name && !c.deleted);
                sim.foreign_resources.extend(newest.map(|c| foreign(ObjectKind::Connection, name, c.id.to_string())));
            }
            (Self::DeleteQueue(name), _) => {
                *sim.unmade.entry((ObjectKind::Queue, name.clone())).or_default() += 1;
                sim.bound.retain(|(_, queue)| queue != name);
                sim.foreign_resources.retain(|s| s.kind != ObjectKind::Queue || s.name != *name);
                for foreign in &mut sim.foreign_resources {
                    foreign.entries.remove(name);
                }
            }
            (Self::DeleteConnection(name), Edit::DeleteConnection { id }) => {
                *sim.unmade.entry((ObjectKind::Connection, name.clone())).or_default() += 1;
                sim.foreign_resources.retain(|s| s.id != *id);
            }
            (Self::Bind(_, queue), Edit::Bind { id, .. }) => {
                if !sim.asked_for(queue) {
                    sim.bound.insert((id.clone(), queue.clone()));
                }
                for foreign in sim.foreign_resources.iter_mut().filter(|s| s.id == *id) {
                    foreign.entries.insert(queue.clone());
                }
            }
            (Self::Unbind(_, queue), Edit::Unbind { id, .. }) => {
                sim.bound.remove(&(id.clone(), queue.clone()));
                for foreign in sim.foreign_resources.iter_mut().filter(|s| s.id == *id) {
                    foreign.entries.remove(queue);
                }
            }
            (_, Edit::SetHosts { id, .. }) => {
                sim.hosts_edited = true;
                for foreign in sim.foreign_resources.iter_mut().filter(|s| s.id == *id) {
                    foreign.hosts = true;
                }
            }
            _ => {}
        }
    }
}
