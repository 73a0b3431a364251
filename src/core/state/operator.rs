//! The root of what the operator knows: objects, projects, whom to wake.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    api::DEFAULT_PROJECT,
    core::{
        rate_limit::RateLimiter,
        records::backoff,
        seam::{CloudEffect, CredentialId, Endpoint, Leadership, Millis, Now, ObjectKey, ObjectKind, Settings},
    },
    dli::{CallError, EpochMillis, ErrorClass},
};

use super::{
    claims::{ClaimStrength, NameClaim, NameClaims},
    clock::ServerClocks,
    object::ObjectState,
    project::{ProjectAvailability, ProjectState},
};

/// Everything that the operator remembers between passes. Lost at a restart, and rebuilt from Kubernetes and the cloud.
#[derive(Clone, Debug)]
pub struct OperatorState {
    pub(crate) settings: Settings,
    leadership: Leadership,
    wakes: BTreeSet<ObjectKey>,
    pub(crate) projects: BTreeMap<ObjectKey, ProjectState>,
    objects: BTreeMap<ObjectKey, Box<ObjectState>>,
    limiters: BTreeMap<(Endpoint, CredentialId), RateLimiter>,
    clocks: ServerClocks,
    /// Dependents by what they wait for.
    dependents: BTreeSet<(ObjectKey, ObjectKey)>,
    claims: NameClaims,
    /// Next turn to report that an observation is stale.
    stale_turn: Millis,
    /// Versions that a write found outdated: the cache lags behind for as long as it shows them.
    pub(crate) outdated: BTreeMap<ObjectKey, String>,
}

impl OperatorState {
    /// Knows nothing yet and leads nothing.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            leadership: Leadership::Follower,
            wakes: BTreeSet::new(),
            projects: BTreeMap::new(),
            objects: BTreeMap::new(),
            limiters: BTreeMap::new(),
            clocks: ServerClocks::default(),
            dependents: BTreeSet::new(),
            claims: NameClaims::default(),
            stale_turn: 0,
            outdated: BTreeMap::new(),
        }
    }

    /// How many resources carry the owner tag of this cluster and belong to no object, over all projects.
    pub fn orphans(&self) -> i64 {
        // Several DliProjects may mean the same project.
        let counts = self.projects.values().map(|project| ((&project.endpoint, &project.id), project.orphan_count));
        counts.collect::<BTreeMap<_, _>>().into_values().sum()
    }

    /// The durations it works with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reports that the credentials of a namespace have changed, so that its projects are reconciled again.
    pub fn credential_changed(&mut self, namespace: &str) {
        for (key, project) in &mut self.projects {
            if &*key.namespace == namespace {
                project.retry_at = 0;
                self.wakes.insert(key.clone());
            }
        }
    }

    /// Objects to reconcile now, each once. The caller starts a pass over each.
    pub fn take_wakes(&mut self) -> Vec<ObjectKey> {
        std::mem::take(&mut self.wakes).into_iter().collect()
    }

    /// Reports that an object has gone. What its create call made is remembered by its project if the object went in
    /// spite of a finalizer that had just been put on.
    pub fn forget(&mut self, key: &ObjectKey, now: Now) {
        self.wakes.remove(key);
        self.outdated.remove(key);
        if let Some(object) = self.objects.remove(key)
            && let Some(project_key) = &object.project
            && let Some(project) = self.projects.get_mut(project_key)
        {
            project.polls.remove(key);
            project.missing.remove(key);
            project.unwatch(key);
            let settles = self.settings.call_timeout + self.settings.visibility_grace;
            if let Some(abandoned) = object.abandoned(now.mono, settles) {
                project.abandoned.insert(key.clone(), abandoned);
                self.wakes.insert(project_key.clone());
            }
        }
        if key.kind == ObjectKind::Project {
            self.projects.remove(key);
        }
        self.leave_line(key);
        self.claims.release_all(key);
        self.dependents.retain(|(_, dependent)| dependent != key);
    }

    /// Has an object reconciled soon.
    pub(crate) fn wake(&mut self, key: &ObjectKey) {
        self.wakes.insert(key.clone());
    }

    /// Has several objects reconciled soon.
    pub(crate) fn wake_all(&mut self, keys: impl IntoIterator<Item = ObjectKey>) {
        self.wakes.extend(keys);
    }

    /// Records that `dependent` waits for `dependency`.
    pub(crate) fn depend(&mut self, dependent: &ObjectKey, dependency: &ObjectKey) {
        self.dependents.insert((dependency.clone(), dependent.clone()));
    }

    /// Objects that wait for, or refer to, another one.
    pub(crate) fn dependents(&self, dependency: &ObjectKey) -> impl Iterator<Item = &ObjectKey> {
        let first = (dependency.clone(), ObjectKey::first());
        self.dependents.range(first..).take_while(move |(other, _)| other == dependency).map(|(_, who)| who)
    }

    /// Wakes all dependents of an object.
    pub(crate) fn wake_dependents(&mut self, dependency: &ObjectKey) {
        let woken: Vec<ObjectKey> = self.dependents(dependency).cloned().collect();
        self.wakes.extend(woken);
    }

    /// State of an object; another incarnation of it starts afresh.
    pub(crate) fn object(&mut self, key: &ObjectKey, uid: &str) -> &mut ObjectState {
        let object = self.objects.entry(key.clone()).or_default();
        if &*object.uid != uid {
            **object = ObjectState { uid: uid.into(), ..ObjectState::default() };
        }
        object
    }

    /// State of an object that a pass has looked at before.
    pub(crate) fn known_object(&mut self, key: &ObjectKey) -> Option<&mut ObjectState> {
        self.objects.get_mut(key).map(|object| &mut **object)
    }

    /// States of all objects that a pass has looked at.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&ObjectKey, &ObjectState)> {
        self.objects.iter().map(|(key, object)| (key, &**object))
    }

    /// The rate limiter of an endpoint and a credential.
    pub(crate) fn limiter(&mut self, endpoint: &Endpoint, credential: &CredentialId) -> &mut RateLimiter {
        let rate = self.settings.calls_per_second;
        let key = (endpoint.clone(), credential.clone());
        if !self.limiters.contains_key(&key) {
            // Each rotation comes by here: drop what no project uses any more.
            let projects = &self.projects;
            self.limiters.retain(|(endpoint, credential), _| {
                projects.values().any(|p| p.endpoint == *endpoint && p.credential.as_ref() == Some(credential))
            });
        }
        self.limiters.entry(key).or_insert_with(|| RateLimiter::new(rate))
    }

    /// Gives up an object's place in the waiting lines.
    pub(crate) fn leave_line(&mut self, key: &ObjectKey) {
        for limiter in self.limiters.values_mut() {
            limiter.forget(key);
        }
    }

    /// Tells the limiter of a call how it ended. One that was dropped meanwhile has nothing to learn.
    pub(crate) fn learn_rate(&mut self, effect: &CloudEffect, error: Option<&CallError>, began: Millis, now: Millis) {
        if let Some(limiter) = self.limiters.get_mut(&(effect.endpoint.clone(), effect.credential.clone())) {
            limiter.learn(error, began, now);
        }
    }

    /// Counts what is missing, opens or closes the mass-absence breaker, and says whether it is open: how many are
    /// missing, of how many.
    pub(crate) fn update_absence_breaker(&mut self, project_key: &ObjectKey) -> Option<(usize, usize)> {
        let project = self.projects.get(project_key)?;
        let (missing, unproved) = (project.missing.len(), project.missing.values().filter(|m| !m.proved).count());
        let open = match (missing, &project.id) {
            (0..=5, _) | (_, None) => None,
            (_, Some(id)) => {
                let owned = self.claims.owned(&project.endpoint, id);
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

    /// Spreads what is reported because of time alone: at most 20 a second.
    pub(crate) fn stale_turn(&mut self, now: Millis) -> Millis {
        self.stale_turn = self.stale_turn.max(now) + 50;
        self.stale_turn
    }

    /// When to retry after one more failure of this object.
    pub(crate) fn next_try(&mut self, key: &ObjectKey, uid: &str, now: Now, error: Option<&CallError>) -> Millis {
        let (seed, stuck) = (self.settings.seed, self.settings.stuck_retry);
        let object = self.object(key, uid);
        object.failures = object.failures.saturating_add(1);
        let salt = seed ^ key.name.bytes().fold(7u64, |a, b| a.wrapping_mul(31).wrapping_add(u64::from(b)));
        // mutant: stuck-retry
        let wait = match error.map(|e| e.class) {
            Some(ErrorClass::Quota | ErrorClass::Denied | ErrorClass::Unsupported | ErrorClass::Refused) => stuck,
            _ => backoff::backoff(object.failures, salt),
        };
        let asked = error.and_then(|e| e.retry_after).unwrap_or(0);
        now.mono + wait.max(asked.min(stuck))
    }

    /// Key of the project that an object of `namespace` refers to.
    pub(crate) fn project_key(namespace: &str, reference: Option<&str>) -> ObjectKey {
        ObjectKey::new(ObjectKind::Project, namespace, reference.unwrap_or(DEFAULT_PROJECT))
    }

    /// Changes a project's availability and wakes its objects where that matters.
    pub(crate) fn set_availability(&mut self, key: &ObjectKey, availability: ProjectAvailability, now: Now) {
        let Some(project) = self.projects.get_mut(key) else { return };
        if project.availability == availability {
            return;
        }
        project.availability = availability;
        project.availability_since = now.mono;
        self.wake_dependents(key);
    }

    /// What was read of an object's resource before this moment counts for nothing, and lists count for nothing for the
    /// visibility grace. The object looks soon, since its status may have become false this moment.
    pub(crate) fn invalidate(&mut self, key: &ObjectKey, now: Millis) {
        let grace = self.settings.visibility_grace;
        let Some(object) = self.objects.get_mut(key) else { return };
        object.invalidate(now, grace);
        if let Some(project) = object.project.as_ref().and_then(|p| self.projects.get_mut(p)) {
            project.polls.remove(key);
        }
        self.wakes.insert(key.clone());
    }

    /// Claims a remote name for an object. On conflict, says who holds it.
    pub(crate) fn claim(
        &mut self,
        claim: &NameClaim,
        key: &ObjectKey,
        strength: ClaimStrength,
    ) -> Result<(), ObjectKey> {
        self.claims.claim(claim, key, strength)
    }

    /// Takes a claim away from a holder that does not exist any more.
    pub(crate) fn release_claim(&mut self, claim: &NameClaim) {
        self.claims.release(claim);
    }

    /// Reports what the lease says.
    pub fn set_leadership(&mut self, leadership: Leadership) {
        self.leadership = leadership;
    }

    /// Whether this process leads, as far as both clocks say.
    pub(crate) fn leads(&self, now: Now) -> bool {
        self.leadership.leads(now)
    }

    /// When no call of another leader could be in flight any more; 0 where this process does not lead.
    pub(crate) fn leads_from(&self) -> Millis {
        self.leadership.from()
    }

    /// Until when a call that changes the cloud may be sent, or from when on.
    pub(crate) fn may_mutate(&self, now: Now) -> Result<Millis, Millis> {
        self.leadership.may_mutate(now)
    }

    /// The server's clock of an endpoint.
    pub(crate) fn server_time(&self, endpoint: &Endpoint, now: Now) -> EpochMillis {
        self.clocks.time(endpoint, now)
    }

    /// Server's clock minus this machine's wall clock: signatures are dated by the server's.
    pub(crate) fn clock_offset(&self, endpoint: &Endpoint, now: Now) -> i64 {
        self.server_time(endpoint, now) - now.wall
    }

    /// Learns the server's clock from an answer to a call that began at `began`. A notable correction wakes the objects
    /// that wait for a moment of that clock.
    pub(crate) fn learn_clock(&mut self, endpoint: &Endpoint, server: EpochMillis, began: Millis, now: Now) {
        if self.clocks.learn(endpoint, server, began, now) {
            let there = |key: &ObjectKey| self.projects.get(key).is_some_and(|p| p.endpoint == *endpoint);
            let waiting = self.objects.iter().filter(|(_, object)| object.project.as_ref().is_some_and(there));
            self.wakes.extend(waiting.map(|(key, _)| key.clone()));
        }
    }
}
