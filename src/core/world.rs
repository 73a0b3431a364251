//! What is known: projects and what they hold, attempts in flight, claims, limiters, leadership, whom to wake.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    api::DEFAULT_PROJECT,
    dli::{CallError, EpochMillis, ErrorClass, ProjectId, QueueName},
};

use super::{
    CloudEffect, CredentialId, Endpoint, Leadership, Millis, Now, ObjectKey, ObjectKind, Settings,
    ghost::{Ghost, Made, RACE},
    inventory::Inventory,
    memory::{CreateOutcome, ObjectState},
    rate_limit::RateLimiter,
    records::backoff,
};

/// Everything that the operator remembers between passes. Lost at a restart, and rebuilt from Kubernetes and the cloud.
#[derive(Clone, Debug)]
pub struct OperatorState {
    pub(in crate::core) settings: Settings,
    pub(in crate::core) leadership: Leadership,
    wakes: BTreeSet<ObjectKey>,
    pub(in crate::core) projects: BTreeMap<ObjectKey, Project>,
    memories: BTreeMap<ObjectKey, Box<ObjectState>>,
    limiters: BTreeMap<(Endpoint, CredentialId), RateLimiter>,
    /// Server's clock minus [`Now::mono`], for each endpoint that has answered.
    clocks: BTreeMap<Endpoint, i64>,
    /// For whom who waits.
    dependents: BTreeSet<(ObjectKey, ObjectKey)>,
    claims: BTreeMap<NameClaim, ClaimHolder>,
    /// Next turn to say that an observation is stale.
    stale_turn: Millis,
    /// Versions that a write found outdated: the cache lags behind for as long as it shows them.
    pub(in crate::core) outdated: BTreeMap<ObjectKey, String>,
}

/// A remote name in one project of one endpoint; at most one object works on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core) struct NameClaim {
    pub(in crate::core) endpoint: Endpoint,
    pub(in crate::core) project: ProjectId,
    pub(in crate::core) kind: ObjectKind,
    pub(in crate::core) name: Arc<str>,
}

/// Who holds a claim.
#[derive(Clone, Debug)]
pub(in crate::core) struct ClaimHolder {
    pub(in crate::core) key: ObjectKey,
    /// How well founded it is: who has more takes over.
    pub(in crate::core) rank: ClaimStrength,
}

/// How well founded a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::core) enum ClaimStrength {
    /// It asks for the name.
    Asks,
    /// It wrote an intent.
    Intends,
    /// It owns the resource, by intent and id.
    Owns,
}

/// A project as far as it is known.
#[derive(Clone, Debug)]
pub(in crate::core) struct Project {
    pub(in crate::core) endpoint: Endpoint,
    pub(in crate::core) id: Option<ProjectId>,
    pub(in crate::core) credential: Option<CredentialId>,
    pub(in crate::core) standing: ProjectAvailability,
    pub(in crate::core) standing_since: Millis,
    pub(in crate::core) snapshot: Inventory,
    /// Whether lists can be filtered by tag; queues and connections apart.
    pub(in crate::core) queue_filter: Option<bool>,
    /// When this process last proved that a queue has gone.
    pub(in crate::core) queue_gone: Option<Millis>,
    /// Queues whose DELETE is under way, and until when it is waited for.
    pub(in crate::core) queue_deletes: BTreeMap<QueueName, Millis>,
    /// Queues that lately went, and when: connections that were not known to refer to them by then go by it later.
    pub(in crate::core) queues_cut: BTreeMap<QueueName, Millis>,
    /// Queues whose DELETE got an error, and when.
    pub(in crate::core) queues_unsure: BTreeMap<QueueName, Millis>,
    pub(in crate::core) connection_filter: Option<bool>,
    pub(in crate::core) tag_service: Option<bool>,
    /// Lists asked for before their time.
    pub(in crate::core) want_queues: bool,
    pub(in crate::core) want_connections: bool,
    pub(in crate::core) queues_at: Millis,
    pub(in crate::core) connections_at: Millis,
    /// Lengths at which the lists were lately proved to be uncut, and when.
    pub(in crate::core) trusted_queues: (usize, Millis),
    pub(in crate::core) trusted_connections: (usize, Millis),
    pub(in crate::core) failures: u32,
    pub(in crate::core) retry_at: Millis,
    /// A credential that was refused, and until when it is not tried again.
    pub(in crate::core) refused: Option<(CredentialId, Millis)>,
    /// Objects to tell about a remote name.
    watchers: BTreeSet<(ObjectKind, Arc<str>, ObjectKey)>,
    /// Pending reads: who, and when it is due.
    pub(in crate::core) due: BTreeMap<ObjectKey, Millis>,
    /// Owned resources that the lists lack.
    pub(in crate::core) missing: BTreeMap<ObjectKey, Missing>,
    /// Set while so many are missing at once that the lists are in doubt: how many, of how many.
    pub(in crate::core) breaker: Option<(usize, usize)>,
    pub(in crate::core) next_confirmation: Millis,
    /// What was made for objects that went all the same.
    pub(in crate::core) ghosts: BTreeMap<ObjectKey, Ghost>,
}

/// An owned resource that the lists lack.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::core) struct Missing {
    /// A read of its own has proved it to be gone.
    pub(in crate::core) proved: bool,
    /// Its turn for that read, kept until it is used: turns that are only counted out are never reached.
    pub(in crate::core) turn: Option<Millis>,
}

/// Whether the objects of a project can be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum ProjectAvailability {
    /// Not looked at since the start.
    Unknown,
    /// Credentials valid, id known, lists read.
    Ready,
    /// Not usable.
    Down { reason: &'static str, message: String },
}

impl Project {
    pub(in crate::core) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            id: None,
            credential: None,
            standing: ProjectAvailability::Unknown,
            standing_since: 0,
            snapshot: Inventory::default(),
            queue_filter: None,
            queue_gone: None,
            queue_deletes: BTreeMap::new(),
            queues_cut: BTreeMap::new(),
            queues_unsure: BTreeMap::new(),
            connection_filter: None,
            tag_service: None,
            want_queues: false,
            want_connections: false,
            queues_at: 0,
            connections_at: 0,
            trusted_queues: (0, 0),
            trusted_connections: (0, 0),
            failures: 0,
            retry_at: 0,
            refused: None,
            watchers: BTreeSet::new(),
            due: BTreeMap::new(),
            missing: BTreeMap::new(),
            breaker: None,
            next_confirmation: 0,
            ghosts: BTreeMap::new(),
        }
    }

    /// Has an object told about a remote name.
    pub(in crate::core) fn watch(&mut self, kind: ObjectKind, name: Arc<str>, key: ObjectKey) {
        self.watchers.insert((kind, name, key));
    }

    /// Objects that watch a remote name.
    pub(in crate::core) fn watchers<'a>(
        &'a self,
        kind: ObjectKind,
        name: &'a str,
    ) -> impl Iterator<Item = &'a ObjectKey> {
        let first = (kind, Arc::from(name), ObjectKey::first());
        let all = self.watchers.range(first..).take_while(move |(of, named, _)| *of == kind && **named == *name);
        all.map(|(_, _, key)| key)
    }

    /// Whether lists of this kind can be filtered by tag.
    pub(in crate::core) fn filter(&self, kind: ObjectKind) -> Option<bool> {
        match kind {
            ObjectKind::Queue => self.queue_filter,
            ObjectKind::Connection => self.connection_filter,
            ObjectKind::Project => None,
        }
    }
}

impl OperatorState {
    /// A world that knows nothing yet and leads nothing.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            leadership: Leadership::Follower,
            wakes: BTreeSet::new(),
            projects: BTreeMap::new(),
            memories: BTreeMap::new(),
            limiters: BTreeMap::new(),
            clocks: BTreeMap::new(),
            dependents: BTreeSet::new(),
            claims: BTreeMap::new(),
            stale_turn: 0,
            outdated: BTreeMap::new(),
        }
    }

    /// The durations it works with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Tells it about the lease.
    pub fn set_leadership(&mut self, leadership: Leadership) {
        self.leadership = leadership;
    }

    /// Tells it that the credentials of a namespace have changed, so that its projects are looked at again.
    pub fn credential_changed(&mut self, namespace: &str) {
        for (key, project) in &mut self.projects {
            if &*key.namespace == namespace {
                project.retry_at = 0;
                self.wakes.insert(key.clone());
            }
        }
    }

    /// Tells it that an object has gone.
    pub fn forget(&mut self, key: &ObjectKey, now: Now) {
        self.wakes.remove(key);
        self.outdated.remove(key);
        let memory = self.memories.remove(key);
        if let Some(memory) = &memory {
            self.leave_ghost(key, memory, now.mono);
        }
        if let Some(project) = memory.and_then(|m| m.project)
            && let Some(project) = self.projects.get_mut(&project)
        {
            project.due.remove(key);
            project.missing.remove(key);
            project.watchers.retain(|(_, _, who)| who != key);
        }
        if key.kind == ObjectKind::Project {
            self.projects.remove(key);
        }
        self.leave_line(key);
        self.claims.retain(|_, holder| holder.key != *key);
        self.dependents.retain(|(_, who)| who != key);
    }

    /// Notes what was made for an object that went although its finalizer had just been put on.
    fn leave_ghost(&mut self, key: &ObjectKey, memory: &ObjectState, now: Millis) {
        let grace = self.settings.visibility_grace;
        let end = self.settings.call_timeout + grace;
        let earlier = memory.made.as_ref().is_some_and(|made| made.earlier);
        let (id, until) = match &memory.attempt {
            Some(CreateOutcome::NotApplied { .. } | CreateOutcome::Exists { .. }) if earlier => (None, now + end),
            Some(CreateOutcome::NotApplied { .. } | CreateOutcome::Exists { .. }) => {
                self.projects.values_mut().for_each(|p| drop(p.ghosts.remove(key)));
                return;
            }
            Some(CreateOutcome::Accepted { at, id, .. }) => (id.clone(), at + grace),
            Some(CreateOutcome::Unknown { gave_up, .. }) => (None, gave_up + grace),
            None => (None, now + end),
        };
        let raced = |made: &&Made| memory.guarded == Some(made.guarded) && now < made.guarded + RACE;
        if let Some(made) = memory.made.as_deref().filter(raced)
            && let Some(project) = self.projects.get_mut(&made.project)
        {
            project.ghosts.insert(key.clone(), Ghost::new(made.clone(), until));
            self.wakes.insert(made.project.clone());
        }
        // The answer to the call may come after the news that the object has gone.
        if id.is_some()
            && let Some(ghost) = self.projects.values_mut().find_map(|p| p.ghosts.get_mut(key))
        {
            ghost.id = id;
        }
    }

    /// Objects to look at now, each once. The caller starts a pass over each.
    pub fn take_wakes(&mut self) -> Vec<ObjectKey> {
        std::mem::take(&mut self.wakes).into_iter().collect()
    }

    pub(in crate::core) fn wake(&mut self, key: &ObjectKey) {
        self.wakes.insert(key.clone());
    }

    /// Notes that `who` waits for `whom`.
    pub(in crate::core) fn depend(&mut self, who: &ObjectKey, whom: &ObjectKey) {
        self.dependents.insert((whom.clone(), who.clone()));
    }

    pub(in crate::core) fn dependents(&self, whom: &ObjectKey) -> impl Iterator<Item = &ObjectKey> {
        let first = (whom.clone(), ObjectKey::first());
        self.dependents.range(first..).take_while(move |(other, _)| other == whom).map(|(_, who)| who)
    }

    /// Wakes all that wait for `whom`.
    pub(in crate::core) fn wake_dependents(&mut self, whom: &ObjectKey) {
        let woken: Vec<ObjectKey> = self.dependents(whom).cloned().collect();
        self.wakes.extend(woken);
    }

    /// What was read of an object's resource before this moment says nothing, and lists say nothing for a while.
    pub(in crate::core) fn fence(&mut self, key: &ObjectKey, now: Millis, grace: Millis) {
        let Some(memory) = self.memories.get_mut(key) else { return };
        memory.fence = memory.fence.max(now);
        memory.list_fence = memory.list_fence.max(now + grace);
        // What it says may have become false this moment: it looks soon.
        memory.pending_since = Some(now);
        if let Some(project) = memory.project.as_ref().and_then(|p| self.projects.get_mut(p)) {
            project.due.remove(key);
        }
        self.wakes.insert(key.clone());
    }

    /// Until then a connection's queue may still be deleted, by a call that was given up.
    pub(in crate::core) fn queue_may_go(&mut self, connection: &ObjectKey, name: &QueueName, until: Millis) {
        if let Some(memory) = self.memories.get_mut(connection) {
            memory.late.queue_may_go(name, until);
        }
    }

    /// ObjectState of an object; another incarnation of it starts afresh.
    pub(in crate::core) fn memory(&mut self, key: &ObjectKey, uid: &str) -> &mut ObjectState {
        let memory = self.memories.entry(key.clone()).or_default();
        if &*memory.uid != uid {
            **memory = ObjectState { uid: uid.into(), ..ObjectState::default() };
        }
        memory
    }

    pub(in crate::core) fn limiter(&mut self, endpoint: &Endpoint, credential: &CredentialId) -> &mut RateLimiter {
        let rate = self.settings.calls_per_second;
        let key = (endpoint.clone(), credential.clone());
        if !self.limiters.contains_key(&key) {
            // Each rotation comes by here: what no project uses any more is dropped.
            let projects = &self.projects;
            self.limiters.retain(|(endpoint, credential), _| {
                projects.values().any(|p| p.endpoint == *endpoint && p.credential.as_ref() == Some(credential))
            });
        }
        self.limiters.entry(key).or_insert_with(|| RateLimiter::new(rate))
    }

    /// Gives up an object's place in line for a call.
    pub(in crate::core) fn leave_line(&mut self, key: &ObjectKey) {
        for limiter in self.limiters.values_mut() {
            limiter.forget(key);
        }
    }

    /// Tells the limiter of a call how it ended. One that was dropped meanwhile has nothing to learn.
    pub(in crate::core) fn learn_rate(
        &mut self,
        effect: &CloudEffect,
        error: Option<&CallError>,
        began: Millis,
        now: Millis,
    ) {
        if let Some(limiter) = self.limiters.get_mut(&(effect.endpoint.clone(), effect.credential.clone())) {
            limiter.learn(error, began, now);
        }
    }

    /// The leader, as far as the clocks say.
    pub(in crate::core) fn leads(&self, now: Now) -> bool {
        match self.leadership {
            Leadership::Follower => false,
            Leadership::Leader { until_mono, until_wall, .. } => now.mono < until_mono && now.wall < until_wall,
        }
    }

    /// When no call of another leader could be under way any more; the beginning of time where this is no leader.
    pub(in crate::core) fn leads_from(&self) -> Millis {
        match self.leadership {
            Leadership::Leader { mutate_from, .. } => mutate_from,
            Leadership::Follower => 0,
        }
    }

    /// Until when a call to the cloud that changes something may be sent, or from when on.
    pub(in crate::core) fn may_mutate(&self, now: Now) -> Result<Millis, Millis> {
        match self.leadership {
            Leadership::Leader { until_mono, .. } if self.leads(now) => {
                let from = self.leads_from();
                if now.mono < from { Err(from) } else { Ok(until_mono) }
            }
            _ => Err(now.mono + 1_000),
        }
    }

    /// Server's clock minus this machine's wall clock: signatures are dated by the server's.
    pub(in crate::core) fn offset(&self, endpoint: &Endpoint, now: Now) -> i64 {
        self.server_now(endpoint, now) - now.wall
    }

    /// The server's clock. Once an answer has shown it, it is told by the monotonic clock: what a person or a time daemon
    /// does to the wall clock does not make anything older or younger.
    pub(in crate::core) fn server_now(&self, endpoint: &Endpoint, now: Now) -> EpochMillis {
        self.clocks.get(endpoint).map_or(now.wall, |offset| now.mono as i64 + offset)
    }

    /// Learns the server's clock from an answer to a call that began at `began`. A `Date` header has whole seconds, and tells
    /// a moment between the two: what is believed is moved no further than to where the answer allows it.
    pub(in crate::core) fn learn_clock(&mut self, endpoint: &Endpoint, server: EpochMillis, began: Millis, now: Now) {
        const NOTABLE: u64 = 5_000;
        let known = self.clocks.get(endpoint).copied();
        let believed = known.unwrap_or(now.wall - now.mono as i64);
        let earliest = server - now.mono as i64;
        let latest = server + 1_000 - began.min(now.mono) as i64;
        let offset = believed.clamp(earliest, latest);
        if known == Some(offset) {
            return;
        }
        self.clocks.insert(endpoint.clone(), offset);
        if offset.abs_diff(believed) >= NOTABLE {
            // Whoever waits for a moment of the server's clock has counted with the wrong one.
            let there = |key: &ObjectKey| self.projects.get(key).is_some_and(|p| p.endpoint == *endpoint);
            let waiting = self.memories.iter().filter(|(_, m)| m.project.as_ref().is_some_and(there));
            self.wakes.extend(waiting.map(|(key, _)| key.clone()));
        }
    }

    /// Claims a remote name for an object. On conflict, says who holds it.
    pub(in crate::core) fn claim(
        &mut self,
        claim: &NameClaim,
        key: &ObjectKey,
        rank: ClaimStrength,
    ) -> Result<(), ObjectKey> {
        match self.claims.get_mut(claim) {
            Some(holder) if holder.key == *key => {
                holder.rank = rank;
                Ok(())
            }
            Some(holder) if holder.rank >= rank => Err(holder.key.clone()),
            _ => {
                self.claims.insert(claim.clone(), ClaimHolder { key: key.clone(), rank });
                Ok(())
            }
        }
    }

    /// Who works on a remote name.
    pub(in crate::core) fn holder(&self, claim: &NameClaim) -> Option<&ObjectKey> {
        self.claims.get(claim).map(|holder| &holder.key)
    }

    /// Takes a claim away from a holder that does not exist any more.
    pub(in crate::core) fn release(&mut self, claim: &NameClaim) {
        self.claims.remove(claim);
    }

    /// How many claims of a project are owned.
    fn owned(&self, endpoint: &Endpoint, id: &ProjectId) -> usize {
        self.claims
            .iter()
            .filter(|(c, h)| h.rank == ClaimStrength::Owns && c.endpoint == *endpoint && c.project == *id)
            .count()
    }

    /// Counts what is missing, opens or closes the breaker, and says whether it is open.
    pub(in crate::core) fn weigh(&mut self, project_key: &ObjectKey) -> Option<(usize, usize)> {
        let project = self.projects.get(project_key)?;
        let (missing, unproved) = (project.missing.len(), project.missing.values().filter(|m| !m.proved).count());
        let open = match (missing, &project.id) {
            (0..=5, _) | (_, None) => None,
            (_, Some(id)) => {
                let owned = self.owned(&project.endpoint, id);
                (missing > owned / 10 && unproved > 0).then_some((missing, owned))
            }
        };
        let project = self.projects.get_mut(project_key)?;
        if project.breaker.is_some() != open.is_some() {
            self.wakes.insert(project_key.clone());
            if open.is_none() {
                self.wakes.extend(project.missing.keys().cloned());
            }
        }
        project.breaker = open;
        open
    }

    /// Spreads what is said because of time alone: at most 20 a second.
    pub(in crate::core) fn stale_turn(&mut self, now: Millis) -> Millis {
        self.stale_turn = self.stale_turn.max(now) + 50;
        self.stale_turn
    }

    /// When to try again after one more failure of this object.
    pub(in crate::core) fn next_try(
        &mut self,
        key: &ObjectKey,
        uid: &str,
        now: Now,
        error: Option<&CallError>,
    ) -> Millis {
        let seed = self.settings.seed;
        let stuck = self.settings.stuck_retry;
        let memory = self.memory(key, uid);
        memory.failures = memory.failures.saturating_add(1);
        let salt = seed ^ key.name.bytes().fold(7u64, |a, b| a.wrapping_mul(31).wrapping_add(u64::from(b)));
        let wait = match error.map(|e| e.class) {
            Some(ErrorClass::Quota | ErrorClass::Denied | ErrorClass::Unsupported | ErrorClass::Refused) => stuck,
            _ => backoff::backoff(memory.failures, salt),
        };
        let asked = error.and_then(|e| e.retry_after).unwrap_or(0);
        now.mono + wait.max(asked.min(stuck))
    }

    /// Key of the project that an object of `namespace` refers to.
    pub(in crate::core) fn project_key(namespace: &str, reference: Option<&str>) -> ObjectKey {
        ObjectKey::new(ObjectKind::Project, namespace, reference.unwrap_or(DEFAULT_PROJECT))
    }

    /// Changes a project's standing and wakes its objects where that matters.
    pub(in crate::core) fn set_standing(&mut self, key: &ObjectKey, standing: ProjectAvailability, now: Now) {
        let Some(project) = self.projects.get_mut(key) else { return };
        if project.standing == standing {
            return;
        }
        project.standing = standing;
        project.standing_since = now.mono;
        self.wake_dependents(key);
    }
}
