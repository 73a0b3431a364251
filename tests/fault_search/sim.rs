//! The scheduler: performs effects against the two models, one at a time, in simulated time, and injects faults.

use std::collections::{BTreeMap, BTreeSet};

use dli_operator::{
    cloud::wire,
    core::{
        CloudEffect, CredentialId, CredentialState, Effect, Input, KubeEffect, KubeReply, Leadership, Millis, Next,
        Now, Object, ObjectKey, ObjectKind, Pass, Settings, Step, World, step,
    },
    dli::{Answer, Applied, CallError, Cause, ErrorClass},
    simulator::{Caller, Delivery, Effect as CloudFault, Fault as ArmedFault, Model},
};

use crate::kube::{Kube, meta};

/// Wall clock at the beginning of simulated time.
pub const EPOCH: i64 = 1_795_000_000_000;
const LEASE: Millis = 30_000;
const BARRIER: Millis = 15_000;

/// What goes wrong at one effect boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    CrashBefore,
    CrashAfter,
    LostReply,
    ErrorApplied,
    ErrorNotApplied,
    Throttled,
    StaleRead,
    DroppedEvent,
    SecondLeader,
}

impl FaultKind {
    pub const ALL: [Self; 9] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::LostReply,
        Self::ErrorApplied,
        Self::ErrorNotApplied,
        Self::Throttled,
        Self::StaleRead,
        Self::DroppedEvent,
        Self::SecondLeader,
    ];
}

/// A fault at the n-th effect.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub at: usize,
    pub kind: FaultKind,
}

/// One process: its world, its watch cache, its passes.
struct Process {
    world: World,
    cache: BTreeMap<ObjectKey, Object>,
    due: BTreeMap<ObjectKey, Millis>,
    /// Cache updates that are under way.
    coming: Vec<(Millis, ObjectKey, Option<Object>)>,
    running: Option<(Pass, Input)>,
    leads_until: Option<Millis>,
    mutate_from: Millis,
    /// It neither runs nor renews before this moment.
    paused_until: Millis,
    dead: bool,
}

/// Both models, and the processes between them.
pub struct Sim {
    pub kube: Kube,
    pub cloud: Model,
    pub mono: Millis,
    processes: Vec<Process>,
    secret: Option<u64>,
    faults: Vec<Fault>,
    pub effects: usize,
    pub remote_calls: u64,
    pub remote_writes: u64,
    pub trace: Vec<String>,
    pub tracing: bool,
    /// Last moment at which either side was written to.
    pub last_write: Millis,
    pub injected: BTreeSet<FaultKind>,
    settings: Settings,
}

impl Sim {
    pub fn new(cloud: Model, faults: Vec<Fault>) -> Self {
        let settings = Settings { cluster_id: "c1".to_owned(), ..Settings::default() };
        let mut sim = Self {
            kube: Kube::default(),
            cloud,
            mono: 1_000_000,
            processes: Vec::new(),
            secret: Some(1),
            faults,
            effects: 0,
            remote_calls: 0,
            remote_writes: 0,
            trace: Vec::new(),
            tracing: false,
            last_write: 0,
            injected: BTreeSet::new(),
            settings,
        };
        sim.start(false);
        sim
    }

    pub fn wall(&self) -> i64 {
        EPOCH + self.mono as i64
    }

    fn now(&self) -> Now {
        Now { mono: self.mono, wall: self.wall() }
    }

    /// Starts a process that becomes the leader at once, or after the old lease ran out.
    fn start(&mut self, takeover: bool) {
        let mut world = World::new(Settings { seed: self.processes.len() as u64, ..self.settings.clone() });
        let start = self.mono + if takeover { LEASE } else { 0 };
        let mutate_from = start + if takeover { BARRIER } else { 0 };
        world.set_leadership(Leadership::Follower);
        let cache: BTreeMap<_, _> = self.kube.objects.clone();
        let due = cache.keys().map(|k| (k.clone(), start)).collect();
        self.processes.push(Process {
            world,
            cache,
            due,
            coming: Vec::new(),
            running: None,
            leads_until: None,
            mutate_from,
            paused_until: start,
            dead: false,
        });
    }

    pub fn set_secret(&mut self, version: Option<u64>) {
        self.secret = version;
        for process in &mut self.processes {
            process.world.credential_changed("team");
        }
        self.wakes();
    }

    /// Hands the changes of the store to the watches.
    pub fn spread(&mut self, drop_one: bool) {
        let changed = std::mem::take(&mut self.kube.changed);
        let last = changed.len();
        for (index, (key, object)) in changed.into_iter().enumerate() {
            for process in &mut self.processes {
                // A dropped event is made good by the next list, a minute later.
                let late = if drop_one && index + 1 == last { 60_000 } else { 5 };
                process.coming.push((self.mono + late, key.clone(), object.clone()));
            }
        }
    }

    fn wakes(&mut self) {
        for process in &mut self.processes {
            for key in process.world.take_wakes() {
                let at = process.due.entry(key).or_insert(self.mono);
                *at = (*at).min(self.mono);
            }
        }
    }

    /// Runs until `until`, or, if earlier, until nothing was written for `quiet`.
    pub fn run(&mut self, until: Millis, quiet: Millis) {
        let mut guard = 0u64;
        while self.mono < until {
            guard += 1;
            assert!(guard < 200_000, "no end in sight at {} after {} effects", self.mono, self.effects);
            if self.mono > self.last_write + quiet && self.mono > quiet {
                return;
            }
            if !self.advance() {
                let Some(next) = self.next_moment() else {
                    self.mono = until;
                    return;
                };
                self.mono = next.max(self.mono + 1).min(until);
            }
        }
    }

    fn next_moment(&self) -> Option<Millis> {
        let mut next = Millis::MAX;
        for process in self.processes.iter().filter(|p| !p.dead) {
            let floor = process.paused_until;
            if process.running.is_some() {
                next = next.min(floor);
            }
            for at in process.due.values() {
                next = next.min((*at).max(floor));
            }
            for (at, ..) in &process.coming {
                next = next.min((*at).max(floor));
            }
        }
        (next < Millis::MAX).then_some(next)
    }

    /// Does one thing; `false` if there is nothing to do at this moment.
    fn advance(&mut self) -> bool {
        for index in 0..self.processes.len() {
            if self.processes[index].dead || self.mono < self.processes[index].paused_until {
                continue;
            }
            self.deliver(index);
            self.lead(index);
            if self.processes[index].dead {
                continue;
            }
            if self.processes[index].running.is_none() {
                let now = self.mono;
                let process = &mut self.processes[index];
                let next = process.due.iter().filter(|(_, at)| **at <= now).min_by_key(|(_, at)| **at);
                let Some(key) = next.map(|(k, _)| k.clone()) else { continue };
                process.due.remove(&key);
                let Some(object) = process.cache.get(&key).cloned() else {
                    process.world.forget(&key);
                    continue;
                };
                process.running = Some((Pass::new(key), Input::Object(object)));
            }
            self.turn(index);
            return true;
        }
        false
    }

    fn deliver(&mut self, index: usize) {
        let now = self.mono;
        let process = &mut self.processes[index];
        let (ready, later): (Vec<_>, Vec<_>) = process.coming.drain(..).partition(|(at, ..)| *at <= now);
        process.coming = later;
        for (_, key, object) in ready {
            match object {
                Some(object) => {
                    let version = |o: &Object| meta(o).resource_version.as_ref().unwrap().parse::<u64>().unwrap();
                    let newer = process.cache.get(&key).is_none_or(|old| version(old) < version(&object));
                    if newer {
                        process.cache.insert(key.clone(), object);
                        let at = process.due.entry(key).or_insert(now);
                        *at = (*at).min(now);
                    }
                }
                None => {
                    process.cache.remove(&key);
                }
            }
        }
    }

    /// Renews the lease, takes it, or finds it lost.
    fn lead(&mut self, index: usize) {
        let newest = (0..self.processes.len()).rev().find(|i| {
            !self.processes[*i].dead && self.processes[*i].leads_until.is_some_and(|until| self.mono < until)
        });
        let process = &mut self.processes[index];
        if newest.is_some_and(|leader| leader != index) {
            if process.leads_until.is_some() {
                // Somebody else has it now: a real process ends itself.
                process.dead = true;
                process.running = None;
            }
            return;
        }
        process.leads_until = Some(self.mono + LEASE);
        process.world.set_leadership(Leadership::Leader {
            until_mono: self.mono + 20_000,
            until_wall: EPOCH + self.mono as i64 + 20_000,
            mutate_from: process.mutate_from,
        });
    }

    /// Gives the running pass its input, and performs what it asks for.
    fn turn(&mut self, index: usize) {
        let now = self.now();
        let process = &mut self.processes[index];
        let Some((mut pass, input)) = process.running.take() else { return };
        let result = step(&mut process.world, &mut pass, input, now);
        self.wakes();
        match result {
            Step::Done(Next { at, outcome }) => {
                if self.tracing {
                    self.trace.push(format!(
                        "{:>9} p{index} {} done: {} {at:?}",
                        self.mono - 1_000_000,
                        pass.key(),
                        outcome.as_str()
                    ));
                }
                if let Some(at) = at {
                    let process = &mut self.processes[index];
                    let entry = process.due.entry(pass.key().clone()).or_insert(at);
                    *entry = (*entry).min(at).max(self.mono + 1);
                }
            }
            Step::Do(effect) => self.perform(index, pass, &effect),
        }
    }

    fn perform(&mut self, index: usize, pass: Pass, effect: &Effect) {
        let counted = !matches!(
            effect,
            Effect::ReadCredential { .. } | Effect::Kube(KubeEffect::GetCached(_) | KubeEffect::HasDependents(_))
        );
        let mut fault = None;
        if counted {
            fault = self.faults.iter().find(|f| f.at == self.effects).map(|f| f.kind);
            self.effects += 1;
        }
        if self.tracing {
            let text = format!("{effect:?}");
            let text: String = text.chars().take(if text.contains("PutStatus") { 1500 } else { 400 }).collect();
            self.trace.push(format!(
                "{:>9} p{index} {} #{} {} {text}",
                self.mono - 1_000_000,
                pass.key(),
                self.effects,
                fault.map(|f| format!("[{f:?}]")).unwrap_or_default()
            ));
        }
        if let Some(kind) = fault {
            self.injected.insert(kind);
        }
        match fault {
            Some(FaultKind::CrashBefore) => return self.crash(index),
            Some(FaultKind::SecondLeader) => {
                // Stopped between the check and the send, for longer than the lease; somebody else takes over.
                self.start(true);
                self.processes[index].paused_until = self.mono + LEASE + BARRIER + 15_000;
                self.late(index, effect);
                return;
            }
            _ => {}
        }
        let input = match effect {
            Effect::ReadCredential { namespace } => Input::Credential(self.credential(namespace)),
            Effect::Kube(effect) => Input::Kube(self.kube_effect(index, effect, fault)),
            Effect::Cloud(effect) => Input::Cloud(self.cloud_effect(effect, fault)),
        };
        if fault == Some(FaultKind::CrashAfter) {
            return self.crash(index);
        }
        self.processes[index].running = Some((pass, input));
    }

    /// A paused process sends its last effect when it wakes up, and only then finds out that it leads no more.
    fn late(&mut self, index: usize, effect: &Effect) {
        let wake = self.processes[index].paused_until;
        // The others go on meanwhile.
        while self.mono < wake {
            if !self.advance() {
                let next = self.next_moment().unwrap_or(wake).max(self.mono + 1);
                self.mono = next.min(wake);
            }
        }
        match effect {
            Effect::ReadCredential { .. } => {}
            Effect::Kube(effect) => drop(self.kube_effect(index, effect, None)),
            Effect::Cloud(effect) => drop(self.cloud_effect(effect, None)),
        }
        self.processes[index].dead = true;
    }

    fn crash(&mut self, index: usize) {
        self.processes[index].dead = true;
        self.start(true);
    }

    fn credential(&self, namespace: &std::sync::Arc<str>) -> CredentialState {
        match self.secret {
            Some(version) => {
                CredentialState::Present(CredentialId { namespace: namespace.clone(), fingerprint: version })
            }
            None => {
                CredentialState::Missing { last: Some(CredentialId { namespace: namespace.clone(), fingerprint: 1 }) }
            }
        }
    }

    fn kube_effect(&mut self, index: usize, effect: &KubeEffect, fault: Option<FaultKind>) -> KubeReply {
        let unknown = || KubeReply::Unknown { message: "injected".to_owned() };
        match effect {
            KubeEffect::GetCached(key) => {
                return KubeReply::Object(self.processes[index].cache.get(key).cloned());
            }
            KubeEffect::HasDependents(_) => {
                return KubeReply::Flag(self.processes[index].cache.keys().any(|k| k.kind != ObjectKind::Project));
            }
            _ => {}
        }
        if matches!(fault, Some(FaultKind::ErrorNotApplied | FaultKind::Throttled)) {
            return unknown();
        }
        let before = self.kube.changed.len();
        let reply = self.kube.perform(effect);
        if self.kube.changed.len() > before {
            self.last_write = self.mono;
        }
        self.mono += 3;
        self.spread(fault == Some(FaultKind::DroppedEvent));
        match fault {
            Some(FaultKind::LostReply | FaultKind::ErrorApplied) => unknown(),
            _ => reply,
        }
    }

    fn cloud_effect(&mut self, effect: &CloudEffect, fault: Option<FaultKind>) -> Answer {
        self.remote_calls += 1;
        let mutation = effect.call.is_mutation();
        if mutation {
            self.remote_writes += 1;
            self.last_write = self.mono;
        }
        let error = |applied, cause, message: &str| Answer {
            outcome: Err(CallError {
                class: ErrorClass::Transient,
                applied,
                cause,
                status: None,
                code: None,
                message: message.to_owned(),
                request_id: None,
                retry_after: None,
                limit: None,
            }),
            server_date: None,
        };
        let armed = match fault {
            Some(FaultKind::LostReply) => Some(CloudFault::DropAfter),
            Some(FaultKind::ErrorApplied) => Some(CloudFault::ApplyThenRespond {
                status: 400,
                code: "DLI.0999".to_owned(),
                message: "Server-side error.".to_owned(),
            }),
            Some(FaultKind::ErrorNotApplied) => Some(CloudFault::Respond {
                status: 500,
                code: "DLI.0999".to_owned(),
                message: "Server-side error.".to_owned(),
            }),
            Some(FaultKind::Throttled) => Some(CloudFault::Throttle { retry_after: None, limit: None }),
            Some(FaultKind::StaleRead) => Some(CloudFault::StaleList { ms: 30_000 }),
            _ => None,
        };
        if let Some(armed) = armed {
            self.cloud.arm(ArmedFault::any(armed));
        }
        self.mono += 20;
        let request = wire::encode(&effect.call, effect.project.as_ref()).expect("encodable");
        let outcome = self.cloud.handle(self.wall(), &Caller::new("key"), &request);
        self.cloud.disarm();
        let answer = match outcome.delivery {
            Delivery::Whole(response) => {
                Answer { outcome: wire::decode(&effect.call, &response), server_date: Some(self.wall() / 1000 * 1000) }
            }
            Delivery::Nothing | Delivery::Cut(_) | Delivery::Endless(_) => {
                self.mono += 1_000;
                error(Applied::Unknown, Cause::Reset, "connection reset")
            }
        };
        if self.tracing {
            let text = format!("{answer:?}");
            self.trace.push(format!(
                "{:>9}    <- {}",
                self.mono - 1_000_000,
                text.chars().take(700).collect::<String>()
            ));
        }
        answer
    }
}
