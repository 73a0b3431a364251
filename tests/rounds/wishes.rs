//! What the people of the cluster want, and how they tell the API server: they create, edit and delete, and try again
//! where it does not answer.

use std::collections::{BTreeMap, BTreeSet};

use kube::{
    Api,
    api::{DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions},
};
use serde_json::{Value, json};

use crate::{
    dice::Dice,
    lab::{NETWORK, RUNTIME, VPC},
    reader::Reader,
};

/// How many queues, and how many connections.
pub const PAIRS: usize = 50;
/// Queues of a colleague that connections may bind.
pub const COLLEAGUES: [&str; 3] = ["colleague_0", "colleague_1", "colleague_2"];
/// Annotation by which a write whose answer was lost is known again.
const WISH: &str = "rounds/wish";

/// One change that somebody makes.
#[derive(Clone, Debug)]
pub enum Change {
    Create { kind: &'static str, name: String, object: Value },
    Edit { kind: &'static str, name: String, patch: Value },
    Delete { kind: &'static str, name: String },
}

/// How a change went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Done,
    /// An object of the name is still on its way out.
    Later,
    /// The API server does not answer, or not as it should.
    Again,
}

/// What is wanted now.
#[derive(Debug, Default)]
pub struct Wishes {
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

impl Wishes {
    /// Names of what is wanted: queues, connections.
    pub fn names(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        (self.queues.iter().map(|n| queue(*n)).collect(), self.connections.keys().map(|n| connection(*n)).collect())
    }

    /// The next few things that people want: so many more pairs, at most [`PAIRS`] in all, and some edits and deletions
    /// of what there is. What was deleted may be wanted again, a connection at once.
    pub fn burst(&mut self, more: usize, dice: &mut Dice) -> Vec<Change> {
        self.bursts += 1;
        let now = self.bursts;
        self.resting.retain(|_, until| *until > now);
        let mut changes = Vec::new();
        for _ in 0..more {
            changes.extend(self.another_queue(dice));
            changes.extend(self.another_connection(dice));
        }
        for _ in 0..8 {
            changes.extend(self.edit(dice));
        }
        for _ in 0..2 {
            changes.extend(self.delete_connection(dice));
        }
        changes.extend(self.delete_queue(dice));
        changes
    }

    fn another_queue(&mut self, dice: &mut Dice) -> Option<Change> {
        let free: Vec<usize> =
            (0..PAIRS).filter(|n| !self.queues.contains(n) && !self.resting.contains_key(n)).collect();
        let number = *dice.pick(&free)?;
        self.queues.insert(number);
        Some(self.create("dliq", queue(number), &json!({"cuCount": 16 * (1 + number % 3)})))
    }

    fn another_connection(&mut self, dice: &mut Dice) -> Option<Change> {
        let free: Vec<usize> = (0..PAIRS).filter(|n| !self.connections.contains_key(n)).collect();
        let number = *dice.pick(&free)?;
        let (targets, queues) = self.some_targets(dice);
        self.connections.insert(number, targets);
        let spec = json!({"destVpcId": VPC, "destNetworkId": NETWORK, "queues": queues, "hosts": some_hosts(dice)});
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
            "metadata": {"name": name, "annotations": {WISH: self.counter.to_string()}},
            "spec": spec
        });
        Change::Create { kind, name, object }
    }

    fn edit(&mut self, dice: &mut Dice) -> Option<Change> {
        let numbers: Vec<usize> = self.connections.keys().copied().collect();
        let number = *dice.pick(&numbers)?;
        let (targets, queues) = self.some_targets(dice);
        let patch = match dice.roll(3) {
            0 => json!({"spec": {"hosts": some_hosts(dice)}}),
            1 => {
                self.connections.insert(number, targets);
                json!({"spec": {"queues": queues}})
            }
            _ => {
                self.connections.insert(number, targets);
                json!({"spec": {"queues": queues, "hosts": some_hosts(dice)}})
            }
        };
        self.edited += 1;
        Some(Change::Edit { kind: "dlic", name: connection(number), patch })
    }

    fn delete_connection(&mut self, dice: &mut Dice) -> Option<Change> {
        let numbers: Vec<usize> = self.connections.keys().copied().collect();
        let number = *dice.pick(&numbers).filter(|_| numbers.len() > 5)?;
        self.connections.remove(&number);
        self.deleted += 1;
        Some(Change::Delete { kind: "dlic", name: connection(number) })
    }

    /// A queue that no connection asks for: what a connection says while somebody takes its queue away is old, not false.
    fn delete_queue(&mut self, dice: &mut Dice) -> Option<Change> {
        let wanted = |n: &usize| self.connections.values().any(|targets| targets.contains(&queue(*n)));
        let free: Vec<usize> = self.queues.iter().copied().filter(|n| !wanted(n)).collect();
        let number = *dice.pick(&free)?;
        self.queues.remove(&number);
        self.resting.insert(number, self.bursts + 2);
        self.deleted += 1;
        Some(Change::Delete { kind: "dliq", name: queue(number) })
    }

    /// All of it, in any order.
    pub fn delete_all(&mut self, dice: &mut Dice) -> Vec<Change> {
        let (queues, connections) = self.names();
        let queues = queues.into_iter().map(|name| Change::Delete { kind: "dliq", name });
        let connections = connections.into_iter().map(|name| Change::Delete { kind: "dlic", name });
        let mut changes: Vec<Change> = queues.chain(connections).collect();
        dice.shuffle(&mut changes);
        self.deleted += changes.len() as u64;
        self.queues.clear();
        self.connections.clear();
        changes
    }

    fn queues_made(&self, name: &str) -> u64 {
        self.made.get(name).copied().unwrap_or(0)
    }

    /// None to three queues, and how they are written in a spec.
    fn some_targets(&self, dice: &mut Dice) -> (BTreeSet<String>, Vec<Value>) {
        let numbers: Vec<usize> = self.queues.iter().copied().collect();
        let mut targets = BTreeSet::new();
        for _ in 0..dice.roll(3) {
            // Not one whose name is still on its way out: what is bound would go with it.
            let picked = dice.pick(&numbers).map(|n| queue(*n));
            targets.extend(picked.filter(|name| self.queues_made(name) < 2 || !self.awaited.contains(name)));
        }
        if dice.chance(20) {
            targets.extend(dice.pick(&COLLEAGUES).map(|name| (*name).to_owned()));
        }
        let written = |name: &String| {
            if name.starts_with('q') { json!({"ref": {"name": name}}) } else { json!({"queueName": name}) }
        };
        let queues = targets.iter().map(written).collect();
        (targets, queues)
    }
}

fn some_hosts(dice: &mut Dice) -> Vec<Value> {
    (0..dice.roll(3)).map(|n| json!({"name": format!("h{n}"), "ip": format!("10.0.{}.1", dice.roll(250))})).collect()
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
    pub fn tell(&self, reader: &Reader) -> Told {
        let api = |kind| -> Api<DynamicObject> { reader.api(kind) };
        match self {
            Self::Create { kind, name, object } => {
                let wish = serde_json::from_value(object.clone()).expect("an object");
                match RUNTIME.block_on(api(kind).create(&PostParams::default(), &wish)) {
                    Ok(_) => Told::Done,
                    Err(kube::Error::Api(status)) if status.code == 409 => {
                        match RUNTIME.block_on(api(kind).get_opt(name)) {
                            Ok(Some(found)) if mark(&found) == mark(&wish) => Told::Done,
                            Ok(_) => Told::Later,
                            Err(_) => Told::Again,
                        }
                    }
                    Err(error) => again(&error),
                }
            }
            Self::Edit { kind, name, patch } => {
                let params = PatchParams::default();
                match RUNTIME.block_on(api(kind).patch(name, &params, &Patch::Merge(patch))) {
                    Ok(_) => Told::Done,
                    Err(error) => again(&error),
                }
            }
            Self::Delete { kind, name } => {
                let version = match RUNTIME.block_on(api(kind).get_metadata_opt(name)) {
                    Ok(Some(found)) => found.metadata.resource_version,
                    Ok(None) => return Told::Done,
                    Err(error) => return again(&error),
                };
                // The API server reads an object, sees no finalizer, and deletes it, whatever has been written in between,
                // a finalizer too, unless it is told which version is meant. Nobody could keep a promise then.
                let preconditions = Some(Preconditions { resource_version: version, uid: None });
                let params = DeleteParams { preconditions, ..DeleteParams::default() };
                match RUNTIME.block_on(api(kind).delete(name, &params)) {
                    Ok(_) => Told::Done,
                    Err(kube::Error::Api(status)) if status.code == 404 => Told::Done,
                    Err(error) => again(&error),
                }
            }
        }
    }
}

fn mark(object: &DynamicObject) -> Option<&String> {
    object.metadata.annotations.as_ref()?.get(WISH)
}

/// A refusal would be a mistake of this test; anything else passes.
fn again(error: &kube::Error) -> Told {
    if let kube::Error::Api(status) = error {
        assert!(![400, 404, 422].contains(&status.code), "the API server refuses: {status:?}");
    }
    Told::Again
}
