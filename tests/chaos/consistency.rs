//! Compares what objects say with what the cloud has. A pure function of three readings, so that the check
//! itself can be tried.
//!
//! The cloud is read between two readings of the API server. An object with the same `resourceVersion` in both said the
//! same thing all the while, so what it says has to be true of the cloud as it was in between.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Value, json};

use crate::{
    fixture::{NETWORK, VPC, condition},
    processes::text,
};

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A remote resource has no object.
    Leak,
    /// A resource was created more often than it was asked for.
    Duplicate,
    /// The state that was asked for was never reached.
    Stuck,
    /// A status says what is not true.
    FalseStatus,
    /// A foreign resource was changed.
    Foreign,
    /// Everything had converged, and the operator still changed something.
    NeverSettles,
}

impl Class {
    pub const ALL: [Self; 6] =
        [Self::Leak, Self::Duplicate, Self::Stuck, Self::FalseStatus, Self::Foreign, Self::NeverSettles];
}

/// One thing that is wrong, with all that a person needs to see why.
#[derive(Clone, Debug)]
pub struct Violation {
    pub class: Class,
    /// Object or thing in the cloud.
    pub name: String,
    pub what: String,
    /// The whole object, if there is one.
    pub object: Value,
    /// What the cloud has under the name.
    pub cloud: Value,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { class, name, what, object, cloud } = self;
        write!(f, "{class:?}: {name}: {what}\n  the object: {object:#}\n  the cloud: {cloud:#}")
    }
}

/// All objects at one moment.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    pub queues: BTreeMap<String, Value>,
    pub connections: BTreeMap<String, Value>,
}

impl Objects {
    pub fn new(queues: Vec<Value>, connections: Vec<Value>) -> Self {
        let by_name = |list: Vec<Value>| list.into_iter().map(|o| (text(&o["metadata"]["name"]), o)).collect();
        Self { queues: by_name(queues), connections: by_name(connections) }
    }
}

/// What a colleague has in the cloud, and has done to what is ours.
#[derive(Clone, Debug, Default)]
pub struct Foreign {
    /// As they were made.
    pub queues: Vec<Value>,
    /// As they were made.
    pub connections: Vec<Value>,
    /// Bindings added to connections of ours: id and queue.
    pub bindings: BTreeSet<(String, String)>,
}

impl Foreign {
    fn owns(&self, connection: &Value) -> bool {
        self.connections.iter().any(|c| c["id"] == connection["id"])
    }

    /// Colleagues' bindings of a connection.
    fn bound_to(&self, id: &Value) -> BTreeSet<String> {
        self.bindings.iter().filter(|(of, _)| *id == **of).map(|(_, queue)| queue.clone()).collect()
    }
}

/// What is wrong, and how many claims were looked at.
pub fn check(before: &Objects, cloud: &Value, after: &Objects, foreign: &Foreign) -> (Vec<Violation>, u64) {
    let view = View::new(cloud, foreign);
    let mut found = view.foreign_resources(foreign);
    view.ownership(before, after, &mut found);
    let mut claims = 0;
    let mut same = |earlier: Option<&Value>, later: &Value| {
        let version = &later["metadata"]["resourceVersion"];
        let same = earlier.is_some_and(|o| o["metadata"]["resourceVersion"] == *version);
        claims += u64::from(same);
        same
    };
    for (name, object) in &after.queues {
        if same(before.queues.get(name), object) {
            view.queue(name, object, &mut found);
        }
    }
    // What a connection says while somebody takes its queue away is old, not false.
    let stays = |name: &String, of: &Objects| {
        of.queues.get(name).is_none_or(|queue| queue["metadata"]["deletionTimestamp"].is_null())
            && (of.queues.contains_key(name) || !name.starts_with('q'))
    };
    for (name, object) in &after.connections {
        let stand = targets(object).iter().flatten().all(|queue| stays(queue, before) && stays(queue, after));
        if stand && same(before.connections.get(name), object) {
            view.connection(name, object, foreign, &mut found);
        }
    }
    (found, claims)
}

/// What has not converged yet: in the end exactly what is wanted exists, and its status says so.
pub fn unfinished(
    objects: &Objects,
    cloud: &Value,
    foreign: &Foreign,
    queues: &BTreeSet<String>,
    connections: &BTreeSet<String>,
) -> Vec<Violation> {
    let view = View::new(cloud, foreign);
    let mut found = Vec::new();
    let mut stuck = |name: &str, what: &str, object: Option<&Value>, cloud: Option<&Value>| {
        found.push(violation(Class::Stuck, name, what.to_owned(), object, cloud));
    };
    for (wanted, objects, kind) in [(queues, &objects.queues, "queue"), (connections, &objects.connections, "conn")] {
        let none = Vec::new();
        let real = |name: &String| match kind {
            "queue" => view.queues.iter().find(|q| q["name"] == **name),
            _ => view.ours.get(name).unwrap_or(&none).first(),
        };
        for (name, object) in objects.iter().filter(|(name, _)| !wanted.contains(*name)) {
            stuck(name, "it is to be gone", Some(object), real(name));
        }
        for name in wanted {
            let (object, real) = (objects.get(name), real(name));
            let Some(said) = object else {
                stuck(name, "there is no such object", object, real);
                continue;
            };
            if claim(said, "Ready").is_none() {
                stuck(name, "it is not Ready", object, real);
            }
            let Some(real) = real else {
                stuck(name, "it is not in the cloud", object, None);
                continue;
            };
            if let Some(mut want) = targets(said) {
                want.extend(foreign.bound_to(&real["id"]));
                if !entries(real).into_keys().eq(want) {
                    stuck(name, "it is bound otherwise", object, Some(real));
                }
            }
        }
    }
    for name in view.ours.keys().filter(|name| !connections.contains(*name)) {
        stuck(name, "it is in the cloud and nobody wants it", objects.connections.get(name), None);
    }
    found
}

/// What was made more often than there were objects of its name, whatever has become of it since.
pub fn duplicates(cloud: &Value, foreign: &Foreign, objects: &BTreeMap<String, u64>) -> Vec<Violation> {
    let mut made: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let all = cloud["connections"].as_array().into_iter().flatten();
    for connection in all.filter(|c| !foreign.owns(c)) {
        made.entry(text(&connection["name"])).or_default().push(connection.clone());
    }
    let mut found = Vec::new();
    for (name, made) in made {
        let asked = objects.get(&name).copied().unwrap_or(0);
        if made.len() as u64 > asked {
            let what = format!("it was made {} times for {asked} objects", made.len());
            found.push(violation(Class::Duplicate, &name, what, None, Some(&json!(made))));
        }
    }
    found
}

/// What the cloud has, sorted.
struct View {
    queues: Vec<Value>,
    connections: Vec<Value>,
    ours: BTreeMap<String, Vec<Value>>,
}

impl View {
    fn new(cloud: &Value, foreign: &Foreign) -> Self {
        let list = |name: &str| cloud[name].as_array().cloned().unwrap_or_default();
        let queues = list("queues").into_iter().filter(|q| q["preset"] == false).collect();
        let connections: Vec<Value> = list("connections").into_iter().filter(|c| c["deleted"] == false).collect();
        let mut ours: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for connection in connections.iter().filter(|c| !foreign.owns(c)) {
            ours.entry(text(&connection["name"])).or_default().push(connection.clone());
        }
        Self { queues, connections, ours }
    }

    /// What colleagues have is as they made it.
    fn foreign_resources(&self, foreign: &Foreign) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut compare = |had: &Value, have: Option<&Value>| {
            if have != Some(had) {
                let what = format!("was {had}");
                found.push(violation(Class::Foreign, &text(&had["name"]), what, None, have));
            }
        };
        for had in &foreign.queues {
            compare(had, self.queues.iter().find(|q| q["name"] == had["name"]));
        }
        for had in &foreign.connections {
            compare(had, self.connections.iter().find(|c| c["id"] == had["id"]));
        }
        for (id, queue) in &foreign.bindings {
            if let Some(connection) = self.connections.iter().find(|c| c["id"] == **id)
                && !entries(connection).contains_key(queue)
            {
                let what = format!("the colleague's binding of {queue} is gone");
                found.push(violation(Class::Foreign, &text(&connection["name"]), what, None, Some(connection)));
            }
        }
        found
    }

    /// Everything belongs to an object, and nothing is there twice.
    fn ownership(&self, before: &Objects, after: &Objects, found: &mut Vec<Violation>) {
        let known = |name: &String, of: fn(&Objects) -> &BTreeMap<String, Value>| {
            of(before).contains_key(name) || of(after).contains_key(name)
        };
        for queue in &self.queues {
            let name = text(&queue["name"]);
            if name.starts_with('q') && !known(&name, |o| &o.queues) {
                let what = "there is no object for this queue".to_owned();
                found.push(violation(Class::Leak, &name, what, None, Some(queue)));
            }
        }
        for (name, connections) in &self.ours {
            if !known(name, |o| &o.connections) {
                let what = "there is no object for this connection".to_owned();
                found.push(violation(Class::Leak, name, what, None, connections.first()));
            }
            let colleagues = self.connections.iter().filter(|c| c["name"] == **name).count() - connections.len();
            if connections.len() + colleagues > 1 {
                let what = format!("it is there {} times", connections.len() + colleagues);
                let object = after.connections.get(name);
                found.push(violation(Class::Duplicate, name, what, object, Some(&json!(connections))));
            }
        }
    }

    fn queue(&self, name: &str, object: &Value, found: &mut Vec<Violation>) {
        let Some(ready) = claim(object, "Ready") else { return };
        let real = self.queues.iter().find(|q| q["name"] == name);
        let mut false_status = |what: String| found.push(violation(Class::FalseStatus, name, what, Some(object), real));
        let Some(queue) = real else { return false_status(format!("{ready}, and there is no such queue")) };
        for (what, said, is) in [
            ("available", &json!(true), &queue["available"]),
            ("cuCount", &object["spec"]["cuCount"], &queue["cuCount"]),
            ("queueId", &object["status"]["queueId"], &queue["queueId"]),
        ] {
            if said != is {
                false_status(format!("{ready}, and {what} is {is}, not {said}"));
            }
        }
    }

    fn connection(&self, name: &str, object: &Value, foreign: &Foreign, found: &mut Vec<Violation>) {
        let ready = claim(object, "Ready");
        let synced = claim(object, "Synced");
        let Some(said) = ready.as_ref().or(synced.as_ref()) else { return };
        let ours = self.ours.get(name).map(Vec::as_slice).unwrap_or_default();
        let shown = json!(ours);
        let mut false_status =
            |what: String| found.push(violation(Class::FalseStatus, name, what, Some(object), Some(&shown)));
        let id = &object["status"]["connectionId"];
        let Some(connection) = ours.iter().find(|c| c["id"] == *id) else {
            return false_status(format!("{said}, and there is no connection {id}"));
        };
        let (have, want) = (entries(connection), targets(object));
        if let Some(ready) = ready {
            if (&connection["destVpcId"], &connection["destNetworkId"]) != (&json!(VPC), &json!(NETWORK)) {
                false_status(format!("{ready}, and it leads elsewhere"));
            }
            for name in want.iter().flatten() {
                match have.get(name) {
                    Some(state) if state == "ACTIVE" => {}
                    other => false_status(format!("{ready}, and {name} is {other:?}")),
                }
            }
        }
        if let Some(synced) = synced {
            let hosts = &object["spec"]["hosts"];
            if !hosts.is_null() && *hosts != connection["hosts"] {
                false_status(format!("{synced}, and the hosts are {}", connection["hosts"]));
            }
            let colleagues = foreign.bound_to(id);
            for name in have.keys().filter(|name| !colleagues.contains(*name)) {
                if want.as_ref().is_some_and(|want| !want.contains(name)) {
                    false_status(format!("{synced}, and {name} is bound all the same"));
                }
            }
        }
    }
}

fn violation(class: Class, name: &str, what: String, object: Option<&Value>, cloud: Option<&Value>) -> Violation {
    let [mut object, cloud] = [object, cloud].map(|value| value.cloned().unwrap_or_default());
    // Who wrote which field is long, and helps nobody here.
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
    Violation { class, name: name.to_owned(), what, object, cloud }
}

/// What an object that is not being deleted says of its newest generation, if it says that this condition is True.
pub fn claim(object: &Value, type_: &str) -> Option<String> {
    let said = condition(object, type_)?;
    let of_now = said["observedGeneration"] == object["metadata"]["generation"];
    let stays = object["metadata"]["deletionTimestamp"].is_null();
    (of_now && stays && said["status"] == "True").then(|| format!("{type_} for {}", said["reason"]))
}

/// Names of the queues that a connection's object asks for, if it does.
pub fn targets(object: &Value) -> Option<BTreeSet<String>> {
    let list = object["spec"]["queues"].as_array()?;
    Some(list.iter().map(|t| text(if t["ref"].is_null() { &t["queueName"] } else { &t["ref"]["name"] })).collect())
}

/// A connection's queues in the cloud, with their states.
pub fn entries(connection: &Value) -> BTreeMap<String, String> {
    let list = connection["entries"].as_array().into_iter().flatten();
    list.map(|entry| (text(&entry["name"]), text(&entry["state"]))).collect()
}
