//! What the users of the cluster want, and how they tell the API server: they create, edit and delete, and retry
//! where it does not answer.

use std::collections::{BTreeMap, BTreeSet};

use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions},
};
use serde_json::{Value, json};

use crate::{
    fixture::{NETWORK, RUNTIME, VPC},
    reader::Reader,
    rng::Rng,
};

/// How many queues, and how many connections.
pub const PAIRS: usize = 50;
/// Queues of a colleague that connections may bind.
pub const COLLEAGUES: [&str; 3] = ["colleague_0", "colleague_1", "colleague_2"];
/// Annotation by which a write whose answer was lost is recognized.
const CHANGE_ID: &str = "chaos/change";

/// One change that somebody makes.
#[derive(Clone, Debug)]
pub enum Change {
    Create { kind: &'static str, name: String, object: Value },
    Edit { kind: &'static str, name: String, patch: Value },
    Delete { kind: &'static str, name: String },
}

/// How a change went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Done,
    /// An object of the name is still on its way out.
    Later,
    /// The API server does not answer, or not as it should.
    Again,
}

/// What is wanted now.
#[derive(Debug, Default)]
pub struct Workload {
    /// Queues, and connections with the queues that they bind, by number.
    pub queues: BTreeSet<usize>,
    pub connections: BTreeMap<usize, BTreeSet<String>>,
    /// Objects that were made, by name.
    pub made: BTreeMap<String, u64>,
    /// Queues whose last object may still be on its way out, and the burst from which on they may be wanted again.
    resting: BTreeMap<usize, u64>,
    /// Objects that are still to be made.
    pub awaited: BTreeSet<String>,
    bursts: u64,
    pub created: u64,
    pub edited: u64,
    pub deleted: u64,
    counter: u64,
}

pub fn queue(number: usize) -> String {
    format!("q{number:02}")
}

pub fn connection(number: usize) -> String {
    format!("c{number:02}")
}

impl Workload {
    /// Names of what is wanted: queues, connections.
    pub fn names(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        (self.queues.iter().map(|n| queue(*n)).collect(), self.connections.keys().map(|n| connection(*n)).collect())
    }

    /// The next few things that people want: so many more pairs, at most [`PAIRS`] in all, and some edits and deletions
    /// of what there is. What was deleted may be wanted again, a connection at once.
    pub fn burst(&mut self, more: usize, rng: &mut Rng) -> Vec<Change> {
        self.bursts += 1;
        let now = self.bursts;
        self.resting.retain(|_, until| *until > now);
        let mut changes = Vec::new();
        for _ in 0..more {
            changes.extend(self.another_queue(rng));
            changes.extend(self.another_connection(rng));
        }
        for _ in 0..8 {
            changes.extend(self.edit(rng));
        }
        for _ in 0..2 {
            changes.extend(self.delete_connection(rng));
        }
        changes.extend(self.delete_queue(rng));
        changes
    }

    fn another_queue(&mut self, rng: &mut Rng) -> Option<Change> {
        let free: Vec<usize> =
            (0..PAIRS).filter(|n| !self.queues.contains(n) && !self.resting.contains_key(n)).collect();
        let number = *rng.pick(&free)?;
        self.queues.insert(number);
        Some(self.create("dliq", queue(number), &json!({"cuCount": 16 * (1 + number % 3)})))
    }

    fn another_connection(&mut self, rng: &mut Rng) -> Option<Change> {
        let free: Vec<usize> = (0..PAIRS).filter(|n| !self.connections.contains_key(n)).collect();
        let number = *rng.pick(&free)?;
        let (targets, queues) = self.some_targets(rng);
        self.connections.insert(number, targets);
        let spec = json!({"destVpcId": VPC, "destNetworkId": NETWORK, "queues": queues, "hosts": some_hosts(rng)});
        Some(self.create("dlic", connection(number), &spec))
    }

    /// A connection under a name that a colleague has taken.
    pub fn taken(&mut self, name: &str) -> Change {
        self.create("dlic", name.to_owned(), &json!({"destVpcId": VPC, "destNetworkId": NETWORK}))
    }

    fn create(&mut self, kind: &'static str, name: String, spec: &Value) -> Change {
        self.counter += 1;
        self.created += 1;
        *self.made.entry(name.clone()).or_default() += 1;
        let object = json!({
            "apiVersion": "dli.huaweicloud.com/v1alpha1",
            "kind": if kind == "dliq" { "DliQueue" } else { "EnhancedConnection" },
            "metadata": {"name": name, "annotations": {CHANGE_ID: self.counter.to_string()}},
            "spec": spec
        });
        Change::Create { kind, name, object }
    }

    fn edit(&mut self, rng: &mut Rng) -> Option<Change> {
        let numbers: Vec<usize> = self.connections.keys().copied().collect();
        let number = *rng.pick(&numbers)?;
        let (targets, queues) = self.some_targets(rng);
        let patch = match rng.roll(3) {
            0 => json!({"spec": {"hosts": some_hosts(rng)}}),
            1 => {
                self.connections.insert(number, targets);
                json!({"spec": {"queues": queues}})
            }
            _ => {
                self.connections.insert(number, targets);
                json!({"spec": {"queues": queues, "hosts": some_hosts(rng)}})
            }
        };
        self.edited += 1;
        Some(Change::Edit { kind: "dlic", name: connection(number), patch })
    }

    fn delete_connection(&mut self, rng: &mut Rng) -> Option<Change> {
        let numbers: Vec<usize> = self.connections.keys().copied().collect();
        let number = *rng.pick(&numbers).filter(|_| numbers.len() > 5)?;
        self.connections.remove(&number);
        self.deleted += 1;
        Some(Change::Delete { kind: "dlic", name: connection(number) })
    }

    /// A queue that no connection asks for: what a connection says while somebody takes its queue away is old, not false.
    fn delete_queue(&mut self, rng: &mut Rng) -> Option<Change> {
        let wanted = |n: &usize| self.connections.values().any(|targets| targets.contains(&queue(*n)));
        let free: Vec<usize> = self.queues.iter().copied().filter(|n| !wanted(n)).collect();
        let number = *rng.pick(&free)?;
        self.queues.remove(&number);
        self.resting.insert(number, self.bursts + 2);
        self.deleted += 1;
        Some(Change::Delete { kind: "dliq", name: queue(number) })
    }

    /// All of it, in any order.
    pub fn delete_all(&mut self, rng: &mut Rng) -> Vec<Change> {
        let (queues, connections) = self.names();
        let queues = queues.into_iter().map(|name| Change::Delete { kind: "dliq", name });
        let connections = connections.into_iter().map(|name| Change::Delete { kind: "dlic", name });
        let mut changes: Vec<Change> = queues.chain(connections).collect();
        rng.shuffle(&mut changes);
        self.deleted += changes.len() as u64;
        self.queues.clear();
        self.connections.clear();
        changes
    }

    fn queues_made(&self, name: &str) -> u64 {
        self.made.get(name).copied().unwrap_or(0)
    }

    /// None to three queues, and how they are written in a spec.
    fn some_targets(&self, rng: &mut Rng) -> (BTreeSet<String>, Vec<Value>) {
        let numbers: Vec<usize> = self.queues.iter().copied().collect();
        let mut targets = BTreeSet::new();
        for _ in 0..rng.roll(3) {
            // Not one whose name is still on its way out: what is bound would go with it.
            let picked = rng.pick(&numbers).map(|n| queue(*n));
            targets.extend(picked.filter(|name| self.queues_made(name) < 2 || !self.awaited.contains(name)));
        }
        if rng.chance(20) {
            targets.extend(rng.pick(&COLLEAGUES).map(|name| (*name).to_owned()));
        }
        let written = |name: &String| {
            if name.starts_with('q') { json!({"ref": {"name": name}}) } else { json!({"queueName": name}) }
        };
        let queues = targets.iter().map(written).collect();
        (targets, queues)
    }
}

fn some_hosts(rng: &mut Rng) -> Vec<Value> {
    (0..rng.roll(3)).map(|n| json!({"name": format!("h{n}"), "ip": format!("10.0.{}.1", rng.roll(250))})).collect()
}

impl Change {
    pub fn name(&self) -> &str {
        match self {
            Self::Create { name, .. } | Self::Edit { name, .. } | Self::Delete { name, .. } => name,
        }
    }

    /// In a word or two, for people.
    pub fn shown(&self) -> String {
        match self {
            Self::Create { name, object, .. } => format!("create \"{name}\" {}", object["spec"]),
            Self::Edit { name, patch, .. } => format!("edit \"{name}\" {}", patch["spec"]),
            Self::Delete { name, .. } => format!("delete \"{name}\""),
        }
    }

    /// Tells the API server, once.
    pub fn tell(&self, reader: &Reader) -> Delivery {
        let api = |kind| -> Api<DynamicObject> { reader.api(kind) };
        match self {
            Self::Create { kind, name, object } => {
                let wanted = serde_json::from_value(object.clone()).expect("an object");
                match RUNTIME.block_on(api(kind).create(&PostParams::default(), &wanted)) {
                    Ok(_) => Delivery::Done,
                    Err(kube::Error::Api(status)) if status.code == 409 => {
                        match RUNTIME.block_on(api(kind).get_opt(name)) {
                            Ok(Some(found)) if mark(&found) == mark(&wanted) => Delivery::Done,
                            Ok(_) => Delivery::Later,
                            Err(_) => Delivery::Again,
                        }
                    }
                    Err(error) => again(&error),
                }
            }
            Self::Edit { kind, name, patch } => {
                let params = PatchParams::default();
                match RUNTIME.block_on(api(kind).patch(name, &params, &Patch::Merge(patch))) {
                    Ok(_) => Delivery::Done,
                    Err(error) => again(&error),
                }
            }
            Self::Delete { kind, name } => {
                let version = match RUNTIME.block_on(api(kind).get_metadata_opt(name)) {
                    Ok(Some(found)) => found.metadata.resource_version,
                    Ok(None) => return Delivery::Done,
                    Err(error) => return again(&error),
                };
                // The API server reads an object, sees no finalizer, and deletes it, whatever has been written in between,
                // a finalizer too, unless it is told which version is meant. Nobody could keep a promise then.
                let preconditions = Some(Preconditions { resource_version: version, uid: None });
                let params = DeleteParams { preconditions, ..DeleteParams::default() };
                match RUNTIME.block_on(api(kind).delete(name, &params)) {
                    Ok(_) => Delivery::Done,
                    Err(kube::Error::Api(status)) if status.code == 404 => Delivery::Done,
                    Err(error) => again(&error),
                }
            }
        }
    }
}

fn mark(object: &DynamicObject) -> Option<&String> {
    object.metadata.annotations.as_ref()?.get(CHANGE_ID)
}

/// A refusal would be a mistake of this test; anything else passes.
fn again(error: &kube::Error) -> Delivery {
    if let kube::Error::Api(status) = error {
        assert!(![400, 404, 422].contains(&status.code), "the API server refuses: {status:?}");
    }
    Delivery::Again
}
