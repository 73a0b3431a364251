//! The scheduler: replicas, API servers and clouds in one simulated time. It stops at every effect boundary, so that
//! whoever drives it can copy the whole world there and let something go wrong.

mod advance;
mod apply;
mod boundary;
mod replicas;
mod state;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use dli_operator::{
    core::{Effect, Millis, ObjectKey, ObjectKind, Settings},
    simulator::{
        Model,
        model::{QueueTagFilter, TagsService},
    },
};

use crate::{
    actions::ForeignResource,
    faults::FaultKind,
    invariants,
    kube::{Kube, meta},
    replica::Replica,
    rng::Rng,
};

/// Wall clock at the beginning of simulated time.
pub const EPOCH: i64 = 1_795_000_000_000;
/// Where simulated time begins.
pub const BEGINNING: Millis = 1_000_000;
const LEASE: Millis = 30_000;
const RENEW_DEADLINE: Millis = 20_000;
const BARRIER: Millis = 15_000;
const CALL_TIMEOUT: Millis = 20_000;
const KUBE_TIMEOUT: Millis = 10_000;
/// What happens within this time happens at once.
const MOMENT: Millis = 5_000;

/// A cluster: its API server, and the credentials in it.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub kube: Kube,
    /// Version of the Secret; from 100 on it is another account's.
    pub secret: Option<u64>,
    settings: Settings,
}

/// An effect that has left its replica, and still reaches the other side.
#[derive(Clone, Debug)]
struct DetachedEffect {
    at: Millis,
    cluster: usize,
    effect: Effect,
    /// Sent by a replica that was stopped between its last check and the send, for longer than anything guards against.
    stray: bool,
    /// When it was sent, on the wall clock.
    since: i64,
}

/// A pass has ended, and the Ready condition of its object does not speak of its generation yet.
#[derive(Clone, Debug)]
struct Unreported {
    /// When it is checked again.
    due: Millis,
    replica: usize,
    key: ObjectKey,
    uid: Option<String>,
    generation: Option<i64>,
    /// Version of its project, if that can be used.
    project: Option<u64>,
}

/// Where [`Simulation::proceed`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// This replica (first number) is about to perform the effect of this pass (second number).
    Boundary(usize, usize),
    /// The time has come, or all is quiet.
    Reached,
}

/// All there is.
#[derive(Clone, Debug)]
pub struct Simulation {
    pub clusters: Vec<Cluster>,
    pub cloud: Model,
    /// Another region, and what another account's credentials lead to.
    pub elsewhere: Model,
    pub mono: Millis,
    pub replicas: Vec<Replica>,
    /// Effects of replicas that are gone, which still reach the other side.
    detached: Vec<DetachedEffect>,
    /// Chance in latencies and order; without it both are fixed.
    pub rng: Option<Rng>,
    sequence: u64,
    pub slots: usize,
    /// Effect boundaries so far.
    pub effects: usize,
    pub remote_calls: u64,
    pub remote_writes: u64,
    pub kube_writes: u64,
    /// Last moment at which either side was written to.
    pub last_write: Millis,
    /// Last moment at which somebody other than an operator did something.
    pub last_meddling: Millis,
    /// Last moment at which a replica took over.
    pub last_start: Millis,
    /// What users have applied.
    pub wanted: BTreeMap<(usize, ObjectKey), serde_json::Value>,
    /// A GitOps tool applies it again when it has gone.
    pub reapplies: bool,
    /// Last moment at which a colleague did something in the console.
    pub last_console: Millis,
    /// A colleague has written hosts.
    pub hosts_edited: bool,
    /// What operators made, by name, and how often.
    pub made: BTreeMap<(ObjectKind, String), u32>,
    /// When they made the last queue of a name, in simulated time.
    pub made_at: BTreeMap<String, Millis>,
    /// What of it colleagues deleted.
    pub unmade: BTreeMap<(ObjectKind, String), u32>,
    /// What colleagues made.
    pub foreign_resources: Vec<ForeignResource>,
    /// A DELETE hit what a colleague made while it was under way.
    pub overtaken_by_colleague: bool,
    /// What a colleague bound: id of the connection and name of the queue.
    pub bound: BTreeSet<(String, String)>,
    /// What operators bound, and when last.
    pub bound_by_us: BTreeMap<(String, String), i64>,
    /// What projects ever said of orphans that the cloud refuses to delete.
    pub orphans_reported: BTreeSet<String>,
    /// When operators last deleted a queue of a name, in simulated time.
    pub queues_deleted: BTreeMap<String, Millis>,
    /// Names of what a colleague ever made.
    pub foreign_names: BTreeSet<String>,
    /// What of it somebody was told to take over.
    pub may_adopt: BTreeSet<(ObjectKind, String)>,
    /// Names in the cloud of objects that went although their finalizer was just put on.
    pub vanished: BTreeSet<String>,
    /// Faults that struck.
    pub struck: Vec<(usize, FaultKind)>,
    /// Who said Ready of what was not so, and when it is looked at again: two writes may meet.
    suspects: Vec<(Millis, usize, ObjectKey)>,
    /// Passes that have ended and whose result no status shows yet.
    unreported: VecDeque<Unreported>,
    /// Steps of all replicas so far.
    steps: u64,
    /// The first violation of an invariant on the way.
    pub problem: Option<String>,
    pub trace: Vec<String>,
    pub tracing: bool,
}

impl Simulation {
    pub fn new(cloud: Model, elsewhere: Model) -> Self {
        let mut sim = Self {
            clusters: Vec::new(),
            cloud,
            elsewhere,
            mono: BEGINNING,
            replicas: Vec::new(),
            detached: Vec::new(),
            rng: None,
            sequence: 0,
            slots: 1,
            effects: 0,
            remote_calls: 0,
            remote_writes: 0,
            kube_writes: 0,
            last_write: 0,
            last_meddling: 0,
            last_start: 0,
            wanted: BTreeMap::new(),
            reapplies: false,
            last_console: 0,
            hosts_edited: false,
            made: BTreeMap::new(),
            made_at: BTreeMap::new(),
            unmade: BTreeMap::new(),
            foreign_resources: Vec::new(),
            overtaken_by_colleague: false,
            bound: BTreeSet::new(),
            bound_by_us: BTreeMap::new(),
            orphans_reported: BTreeSet::new(),
            queues_deleted: BTreeMap::new(),
            foreign_names: BTreeSet::new(),
            may_adopt: BTreeSet::new(),
            vanished: BTreeSet::new(),
            struck: Vec::new(),
            suspects: Vec::new(),
            unreported: VecDeque::new(),
            steps: 0,
            problem: None,
            trace: Vec::new(),
            tracing: false,
        };
        sim.add_cluster("c1", &Settings::default());
        sim
    }

    /// How many passes each replica works on at a time.
    pub fn use_slots(&mut self, slots: usize) {
        self.slots = slots;
        for replica in &mut self.replicas {
            replica.slots = slots;
        }
    }

    /// One more cluster, with one replica.
    pub fn add_cluster(&mut self, id: &str, settings: &Settings) {
        let settings = Settings { cluster_id: id.to_owned(), ..settings.clone() };
        self.clusters.push(Cluster { kube: Kube::default(), secret: Some(1), settings });
        self.start(self.clusters.len() - 1, false);
    }

    pub fn wall(&self) -> i64 {
        EPOCH + self.mono as i64
    }

    pub fn say(&mut self, text: impl FnOnce() -> String) {
        if self.tracing {
            let at = self.mono - BEGINNING;
            self.trace.push(format!("{:>5}.{:03} {}", at / 1000, at % 1000, text()));
        }
    }

    /// Starts a replica that becomes the leader at once, or after the old lease ran out.
    fn start(&mut self, cluster: usize, takeover: bool) {
        let settings = Settings { seed: self.replicas.len() as u64, ..self.clusters[cluster].settings.clone() };
        let start = self.mono + if takeover { LEASE } else { 0 };
        let mutate_from = start + if takeover { BARRIER } else { 0 };
        let mut replica = Replica::new(cluster, settings, self.slots, start, mutate_from);
        replica.cache.clone_from(&self.clusters[cluster].kube.objects);
        for key in replica.cache.keys() {
            replica.agenda.add(key, start);
        }
        replica.last_secret = None;
        // It looks at everything anew, so the world is not quiet yet.
        self.last_write = self.last_write.max(start);
        if self.replicas.iter().any(|p| p.cluster == cluster) {
            self.last_start = start;
        }
        let number = self.replicas.len();
        self.say(|| {
            format!(
                "p{number} starts in cluster {cluster}{}",
                if takeover { ", when the lease has run out" } else { "" }
            )
        });
        self.replicas.push(replica);
    }

    pub fn set_secret(&mut self, cluster: usize, secret: Option<u64>) {
        self.clusters[cluster].secret = secret;
        for replica in self.replicas.iter_mut().filter(|p| p.cluster == cluster && !p.dead) {
            replica.world.credential_changed(crate::scenarios::NS);
            take_wakes(replica, self.mono);
        }
    }

    /// Hands the changes of a store to the watches.
    pub fn spread(&mut self, cluster: usize, dropped: bool) {
        if self.reapplies {
            self.apply_again(cluster);
        }
        let changed = std::mem::take(&mut self.clusters[cluster].kube.changed);
        let last = changed.len();
        for (index, (key, object)) in changed.into_iter().enumerate() {
            let lag = self.rng.as_mut().map_or(5, |rng| rng.lag(2, 400, 3_000));
            // A dropped event is made good by the next list, a minute later.
            let late = if dropped && index + 1 == last { 60_000 } else { lag };
            self.sequence += 1;
            for replica in self.replicas.iter_mut().filter(|p| p.cluster == cluster && !p.dead) {
                // Changes of one object come in their order.
                let before = replica.coming.iter().rfind(|(_, (other, _))| *other == key).map_or(0, |((at, _), _)| *at);
                let at = (self.mono + late).max(before);
                replica.coming.insert((at, self.sequence), (key.clone(), object.clone()));
            }
        }
    }

    /// What has gone and is wanted comes back.
    fn apply_again(&mut self, cluster: usize) {
        let now = self.wall();
        let kube = &mut self.clusters[cluster].kube;
        let gone: Vec<ObjectKey> = kube.changed.iter().filter(|(_, o)| o.is_none()).map(|(k, _)| k.clone()).collect();
        for key in gone {
            if let Some(spec) = self.wanted.get(&(cluster, key.clone())) {
                kube.apply(key.kind, &key.namespace, &key.name, spec, now);
            }
        }
    }

    /// Goes on until an effect boundary, until `until`, or until nothing was written for `quiet`.
    pub fn proceed(&mut self, until: Millis, quiet: Millis) -> Halt {
        loop {
            if self.mono >= until || (self.mono > self.last_write + quiet && self.mono > quiet + BEGINNING) {
                return Halt::Reached;
            }
            if !self.suspects.is_empty() {
                self.ask_again();
            }
            if self.unreported.front().is_some_and(|pass| pass.due <= self.mono) {
                self.check_reports();
            }
            match self.advance() {
                Some(Some(halt)) => return halt,
                Some(None) => {}
                None => {
                    let next = self.next_moment().unwrap_or(until).max(self.mono + 1);
                    self.mono = next.min(until);
                }
            }
        }
    }

    /// Looks again at those that said Ready of what was not so.
    fn ask_again(&mut self) {
        let now = self.mono;
        let (due, later) = self.suspects.drain(..).partition::<Vec<_>, _>(|(at, ..)| *at <= now);
        self.suspects = later;
        for (_, cluster, key) in due {
            // Nobody can take back what a replica that is gone has said, until the next one leads and has looked around.
            let look = if self.rng.is_some() { invariants::LOOK } else { MOMENT };
            let leads = self
                .replicas
                .iter()
                .any(|p| p.cluster == cluster && !p.dead && p.paused_until + MOMENT <= now && p.began + look <= now);
            if !leads {
                self.suspects.push((now + MOMENT, cluster, key));
            } else if self.problem.is_none() {
                self.problem = invariants::false_status(self, cluster, &key).map(|(_, problem)| problem);
            }
        }
    }

    fn next_moment(&self) -> Option<Millis> {
        let replicas = self.replicas.iter().filter(|p| !p.dead).filter_map(Replica::next);
        replicas.chain(self.detached.iter().map(|effect| effect.at)).min()
    }

    /// Whether some connection's YAML names this queue.
    pub fn asked_for(&self, queue: &str) -> bool {
        let quoted = format!("\"{queue}\"");
        let connections = self.wanted.iter().filter(|((_, key), _)| key.kind == ObjectKind::Connection);
        connections.into_iter().any(|(_, spec)| spec["queues"].to_string().contains(&quoted))
    }

    /// Whether marks of queues cannot be read at all.
    pub fn marks_unreadable(&self) -> bool {
        let answers = &self.cloud.config().answers;
        answers.queue_tag_filter != QueueTagFilter::Honoured && answers.tags_service == TagsService::Absent
    }

    /// Somebody other than an operator has done something.
    pub fn meddled(&mut self) {
        for cluster in 0..self.clusters.len() {
            self.spread(cluster, false);
        }
        self.last_write = self.mono;
        self.last_meddling = self.mono;
    }

    /// Objects that are being deleted.
    pub fn leaving(&self) -> usize {
        let objects = self.clusters.iter().flat_map(|c| c.kube.objects.values());
        objects.filter(|o| meta(o).deletion_timestamp.is_some()).count()
    }
}

fn take_wakes(replica: &mut Replica, now: Millis) {
    for key in replica.world.take_wakes() {
        replica.agenda.add(&key, now);
    }
}
