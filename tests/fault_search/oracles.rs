//! What has to be true, judged from the models of Kubernetes and the cloud alone.

use std::collections::{BTreeMap, BTreeSet};

use dli_operator::{
    api::{ManagementPolicy, QueueEvidence},
    core::{CloudEffect, Effect, OWNER_TAG, Object, ObjectKey, ObjectKind},
    dli::{Call, PeeringState, Tag},
    simulator::Operation,
    simulator::model::{
        ConnectionTagFilter, ConnectionView, GetDeleteLag, HostsReturned, ListDeleteLag, ListUpdateLag, QueueTagFilter,
        QueueView, TagsService,
    },
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::{acts::Stranger, kube::meta, sim::Sim, trace};

/// So long without a write on either side, and a world is quiet: longer than any retry.
pub const QUIET: u64 = 11 * 60_000;
/// A lie is what is said so long after the cloud was last changed by a colleague.
const STALE: u64 = 130_000;
/// What says Ready of what is not so for longer is a lie.
const MOMENT: u64 = 5_000;
/// A pending object is looked at so often, with the time that its call takes.
pub const LOOK: u64 = 15_000 + 20_000;
/// How long lists may lag behind.
const GRACE: u64 = 60_000;
/// What is made within this time after a create call can be held for what that call made.
const AT_ONCE: u64 = 3_000;

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
    pub fn of(sim: &Sim) -> Self {
        let now = sim.wall();
        let mut connections = sim.cloud.connections(now);
        connections.retain(|c| !c.deleted);
        let mut queues = sim.cloud.queues(now);
        queues.retain(|q| !q.preset);
        Self { queues, connections }
    }
}

impl End {
    pub fn of(sim: &Sim) -> Self {
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

/// Whether the cloud really has what an object asks for.
fn truth(sim: &Sim, remote: &Remote, object: &Object) -> bool {
    let name = name_of(object);
    match object {
        Object::Project(_) => true,
        Object::Queue(o) => {
            let id = o.status.as_ref().and_then(|s| s.queue_id);
            let own = |id: i64| {
                let stranger = sim.strangers.iter().find(|s| s.id == id.to_string());
                stranger.is_none_or(|s| {
                    // The server's clock is known to a second: so soon after the call, it may be what the call made.
                    let at_once = sim.made_at.get(&s.name).is_some_and(|at| (*at..at + AT_ONCE).contains(&s.made));
                    sim.may_take.contains(&(s.kind, s.name.clone())) || sim.met_unreadable() || at_once
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
fn targets(sim: &Sim, object: &Object) -> Vec<String> {
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
fn queue_of(sim: &Sim, object: &Object, name: &str) -> String {
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
pub fn lie(sim: &Sim, cluster: usize, key: &ObjectKey) -> Option<(u64, String)> {
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
        && !truth(sim, &remote, object)
    {
        return Some((MOMENT, format!("{key} says Ready ({}), and it is not so", says.message)));
    }
    out_of_sync(sim, &remote, key, object).map(|problem| (LOOK, problem))
}

/// Whether a connection reaches a queue whose status says that it is so new that lists may show its predecessor's entry.
fn reaches_new_queue(sim: &Sim, cluster: usize, object: &Object) -> bool {
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
fn out_of_sync(sim: &Sim, remote: &Remote, key: &ObjectKey, object: &Object) -> Option<String> {
    let Object::Connection(o) = object else { return None };
    let says = conditions(object).iter().find(|c| c.type_ == "Synced")?;
    if says.status != "True" || says.observed_generation != o.metadata.generation {
        return None;
    }
    let status = o.status.as_ref()?;
    let found = remote.connections.iter().find(|c| Some(&*c.id) == status.connection_id.as_deref());
    let Some(found) = found else { return Some(format!("{key} says Synced, and it is not there")) };
    // What a colleague writes where hosts are not shown, nobody can see.
    let unseen = sim.hosts_met && sim.cloud.config().answers.hosts_returned == HostsReturned::Hidden;
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

/// What is to be judged besides what holds for every run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expect<'a> {
    /// What is marked may be left.
    pub keeps: bool,
    /// The end without faults.
    pub end: Option<&'a End>,
    /// Everything that is there is to be Ready.
    pub all_ready: bool,
}

pub fn judge(sim: &Sim, expect: Expect<'_>) -> Result<(), String> {
    if let Some(problem) = &sim.problem {
        return Err(problem.clone());
    }
    let remote = Remote::of(sim);
    exactly_one(sim, &remote)?;
    made_once(sim)?;
    if expect.keeps {
        let deleted = sim.cloud.calls(Operation::DeleteQueue) + sim.cloud.calls(Operation::DeleteConnection);
        if deleted > 0 {
            return Err(format!("{deleted} calls delete what is to be kept"));
        }
    } else {
        none_left(sim, &remote)?;
    }
    bindings_of_others(sim, &remote)?;
    bindings_left(sim, &remote)?;
    for stranger in &sim.strangers {
        untouched(sim, &remote, stranger)?;
    }
    let now = sim.wall();
    let elsewhere = sim.elsewhere.queues(now).iter().any(|q| !q.preset) || !sim.elsewhere.connections(now).is_empty();
    if elsewhere {
        return Err("something was made in another region or account".to_owned());
    }
    for (number, cluster) in sim.clusters.iter().enumerate() {
        for (key, object) in &cluster.kube.objects {
            honest(sim, &remote, key, object, expect.all_ready).map_err(|e| format!("cluster {number}: {e}"))?;
        }
    }
    // Where no mark can be written on what is taken over, or none be read, two clusters that want the same undo each
    // other's changes.
    let unmarked = sim.cloud.config().answers.tags_service == TagsService::Absent && !sim.may_take.is_empty();
    let fight = sim.clusters.len() > 1 && (unmarked || !marks_shown(sim, ObjectKind::Connection));
    if sim.mono < sim.last_write + QUIET && !fight {
        return Err(format!("still writing (last write {} ms ago)", sim.mono - sim.last_write));
    }
    if let Some(expected) = expect.end {
        let end = End::of(sim);
        if end != *expected {
            return Err(format!("another end: {}", end.difference(expected)));
        }
    }
    Ok(())
}

/// By name, as far as names are the operator's, and by mark.
fn exactly_one(sim: &Sim, remote: &Remote) -> Result<(), String> {
    let foreign = |id: &str| sim.strangers.iter().any(|s| s.id == id);
    let forgotten = |name: &str| forgotten(sim, name);
    let mut names = BTreeMap::new();
    for connection in remote.connections.iter().filter(|c| !foreign(&c.id) && !forgotten(&c.name)) {
        *names.entry(connection.name.to_string()).or_insert(0) += 1;
    }
    if let Some((name, count)) =
        names.iter().find(|(name, count)| **count > 1 && told_apart(sim, ObjectKind::Connection, name))
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
fn made_once(sim: &Sim) -> Result<(), String> {
    for ((kind, name), made) in &sim.made {
        let key = (*kind, name.clone());
        let asked: u32 = sim.clusters.iter().filter_map(|c| c.kube.born.get(&key)).sum();
        let taken = sim.unmade.get(&key).copied().unwrap_or(0);
        // Two clusters that want the same name take what the other made for gone, where nobody can say whose it is.
        let alone = sim.clusters.len() == 1 || marks_shown(sim, *kind);
        if *made > asked + taken && alone && told_apart(sim, *kind, name) {
            return Err(format!("{kind:?} {name} was made {made} times for {asked} objects, {taken} taken away"));
        }
    }
    Ok(())
}

/// What was made for an object that went all the same is known to its process only.
fn forgotten(sim: &Sim, name: &str) -> bool {
    sim.vanished.contains(name) && sim.processes.iter().any(|process| process.dead)
}

/// What an operator made belongs to a live object, unless it is retained.
fn none_left(sim: &Sim, remote: &Remote) -> Result<(), String> {
    let live = |kind: ObjectKind, name: &str| {
        let objects = sim.clusters.iter().flat_map(|c| &c.kube.objects);
        objects.filter(|(k, _)| k.kind == kind).any(|(k, o)| remote_name(k, o) == name)
    };
    let foreign = |kind, id: &str| sim.strangers.iter().any(|s| s.kind == kind && s.id == id);
    let forgotten = |name: &str| forgotten(sim, name);
    for queue in remote.queues.iter().filter(|queue| !forgotten(&queue.name)) {
        // Two clusters that call for one name within a second or two can both hold the same one for theirs, where no mark
        // can be read. When a colleague, or the cluster whose object vanished, deletes that one, what the other made then is
        // held for another's.
        let told = sim.clusters.len() == 1 || marks_shown(sim, ObjectKind::Queue);
        let unmade = sim.unmade.contains_key(&(ObjectKind::Queue, queue.name.to_string()));
        let told = told || !(unmade || sim.vanished.contains(&*queue.name));
        if told && !foreign(ObjectKind::Queue, &queue.queue_id.to_string()) && !live(ObjectKind::Queue, &queue.name) {
            return Err(format!("queue {} is leaked", queue.name));
        }
    }
    for connection in remote.connections.iter().filter(|connection| !forgotten(&connection.name)) {
        // Two clusters whose connections have one name can both hold the same one for theirs, where no mark can be read.
        let alone = sim.clusters.len() == 1 || marks_shown(sim, ObjectKind::Connection);
        let told = told_apart(sim, ObjectKind::Connection, &connection.name) && alone;
        // A cloud may refuse to delete what a colleague has bound. The project says so.
        let held =
            connection.entries.iter().any(|e| sim.bound.contains(&(connection.id.to_string(), e.name.to_string())));
        let told = told && !(held && leftover_said(sim, &connection.name));
        if told && !foreign(ObjectKind::Connection, &connection.id) && !live(ObjectKind::Connection, &connection.name) {
            return Err(format!("connection {} is leaked", connection.name));
        }
    }
    Ok(())
}

/// Whether a project says that it cannot delete what has this name.
pub fn leftover_said(sim: &Sim, name: &str) -> bool {
    let objects = sim.clusters.iter().flat_map(|c| c.kube.objects.values());
    let mut said = objects.filter(|o| matches!(o, Object::Project(_))).flat_map(conditions);
    said.any(|c| c.reason == "LeftoverNotDeleted" && c.message.contains(name))
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

/// What a colleague made is as the colleague left it, unless somebody was told to take it over.
fn untouched(sim: &Sim, remote: &Remote, stranger: &Stranger) -> Result<(), String> {
    let may_take = sim.may_take.contains(&(stranger.kind, stranger.name.clone()));
    if may_take || !told_apart(sim, stranger.kind, &stranger.name) {
        return Ok(());
    }
    let fine = match stranger.kind {
        ObjectKind::Queue => {
            let found = remote.queues.iter().find(|q| q.queue_id.to_string() == stranger.id);
            found.is_some_and(|q| marked(&q.tags).is_none() && q.cu_count == 32)
        }
        _ => {
            let found = remote.connections.iter().find(|c| *c.id == *stranger.id);
            found.is_some_and(|c| {
                let only = c.entries.iter().all(|e| stranger.entries.contains(&*e.name));
                marked(&c.tags).is_none() && only && (c.hosts.is_empty() || stranger.hosts)
            })
        }
    };
    if fine { Ok(()) } else { Err(format!("the colleague's {:?} {} was touched", stranger.kind, stranger.name)) }
}

/// Whether nothing that a colleague made can be taken for what is in doubt.
pub fn all_told_apart(sim: &Sim) -> bool {
    let kinds = [ObjectKind::Queue, ObjectKind::Connection];
    sim.met.iter().all(|name| kinds.iter().all(|kind| told_apart(sim, *kind, name)))
}

/// What a colleague bound to an operator's connection stays bound, unless somebody asked the operator for the same.
fn bindings_of_others(sim: &Sim, remote: &Remote) -> Result<(), String> {
    for (id, queue) in &sim.bound {
        let lives = remote.queues.iter().any(|q| *q.name == **queue);
        let connection = remote.connections.iter().find(|c| *c.id == **id).filter(|_| lives);
        if connection.is_some_and(|c| !c.entries.iter().any(|e| *e.name == **queue)) {
            return Err(format!("the colleague's binding of {queue} was touched"));
        }
    }
    Ok(())
}

/// What an operator bound for an object that does not ask for it any more is unbound.
fn bindings_left(sim: &Sim, remote: &Remote) -> Result<(), String> {
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

/// Whether an object asks for what users have not made: a queue that does not exist.
fn waits_for_others(sim: &Sim, remote: &Remote, object: &Object) -> bool {
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

/// The name of a queue that belongs to an object which was made after this DELETE had been sent: the object that sent it
/// was let go too early.
pub fn hits_successor(sim: &Sim, cluster: usize, effect: &Effect, since: i64) -> Option<String> {
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
fn told_apart(sim: &Sim, kind: ObjectKind, name: &str) -> bool {
    marks_shown(sim, kind) || !sim.met.contains(name)
}

/// Whether the region shows marks at all.
fn marks_shown(sim: &Sim, kind: ObjectKind) -> bool {
    let answers = &sim.cloud.config().answers;
    let filter = match kind {
        ObjectKind::Queue => answers.queue_tag_filter == QueueTagFilter::Honoured,
        _ => answers.connection_tag_filter == ConnectionTagFilter::Honoured,
    };
    filter || answers.tags_service == TagsService::Present
}

/// Nobody hangs, and what is said is so.
fn honest(sim: &Sim, remote: &Remote, key: &ObjectKey, object: &Object, all_ready: bool) -> Result<(), String> {
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
    let shared = sim.clusters.len() > 1 && !sim.may_take.is_empty();
    if let Some(problem) = out_of_sync(sim, remote, key, object).filter(|_| !shared) {
        return Err(problem);
    }
    let says_ready = ready.status == "True";
    let true_ = truth(sim, remote, object);
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
