//! DLI as a pure value: state, and one function from a request to an answer.
//!
//! Nothing here does I/O, reads a clock or draws from outside: time is an argument, chance comes from a seed in the
//! configuration. So a model can be copied, compared by [`Model::fingerprint`] and played again, and the HTTP server
//! around it answers with the same code.

mod answers;
mod auth_info;
mod auxiliary_state;
mod binding;
mod calls;
mod config;
mod connection;
mod console;
mod dispatch;
mod env;
mod errors;
mod faults;
mod iam;
mod input;
mod inspect;
mod json;
mod lagging;
mod lagging_map;
mod network_route;
mod outcome;
mod persist;
mod pool;
mod pool_queue;
mod pool_state;
mod pool_time;
mod privilege;
mod property;
mod queue;
mod queue_action;
mod queue_show;
mod quota;
mod random;
mod rate;
mod state;
mod tag_search;
mod tags;
mod task;

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

pub use answers::*;
pub use calls::{Change, Count};
pub use config::{Config, ConfigError, Durations, History, Networks, ProjectConfig, Quotas};
pub use console::{Edit, EditError};
pub use faults::{Armed, Effect, Fault, FaultId, Matching};
pub use inspect::{ConnectionView, EntryView, PoolView, QueueView};
pub use outcome::{Caller, Delivery, Outcome};
pub use persist::StateError;
pub use rate::{Limit, Policy, RateLimit};

pub(crate) use errors::Refusal;
pub(crate) use iam::TOKEN_LIFE;

use super::route::{self, Operation, Route};
use crate::dli::{EpochMillis, HttpRequest, HttpResponse, ProjectId};
use env::Env;
use faults::Faults;
use lagging_map::LaggingMap;
use outcome::Done;
use random::Random;
use state::Project;

/// DLI, as far as it is simulated.
#[derive(Clone, Debug)]
pub struct Model {
    env: Env,
    projects: Vec<Project>,
    faults: Faults,
    changes: VecDeque<Change>,
    counts: BTreeMap<(Operation, u16), u64>,
    fault_hits: BTreeMap<&'static str, u64>,
    requests: u64,
    revision: u64,
}

impl Model {
    /// An empty cloud: each project has the preset queue `default` and nothing else.
    pub fn new(config: Config) -> Self {
        let env = Env {
            random: Random::new(config.seed),
            config: Arc::new(config),
            now: EpochMillis::MIN / 2,
            skew: 0,
            next: 0,
            stale_by: 0,
            keep: None,
            touched: false,
            peering_fails: None,
        };
        let mut model = Self {
            env,
            projects: Vec::new(),
            faults: Faults::new(),
            changes: VecDeque::new(),
            counts: BTreeMap::new(),
            fault_hits: BTreeMap::new(),
            requests: 0,
            revision: 0,
        };
        let config = Arc::clone(&model.env.config);
        for project in &config.projects {
            let place = model.preset(project.id.clone());
            model.projects.push(place);
        }
        model.env.skew = config.clock_skew_ms;
        model.faults.rate.set(config.rate_limit.clone());
        for fault in &config.faults {
            model.faults.arm(fault.clone());
        }
        model
    }

    /// A project with its preset queue (dli_02_0196: shared, charging mode 0).
    fn preset(&mut self, id: ProjectId) -> Project {
        let mut queue = queue::blank(&mut self.env, "default", 0, Vec::new());
        let number = self.env.number();
        queue.number = number as i64;
        queue.resource_id = random::uuid(self.env.config.seed, 1, number).into();
        queue.create_time = 0;
        queue.charging_mode = 0;
        queue.resource_mode = 0;
        queue.description = "The default queue".into();
        Project {
            id,
            queues: BTreeMap::from([(Arc::clone(&queue.name), Arc::new(queue))]),
            gone: VecDeque::new(),
            connections: BTreeMap::new(),
            ids: BTreeMap::new(),
            deleted_connections: 0,
            pools: LaggingMap::default(),
            auth_infos: LaggingMap::default(),
            grants: Vec::new(),
            tests: VecDeque::new(),
            jobs: VecDeque::new(),
        }
    }

    /// Answers a request. `now` may stand still but never goes back: an earlier one counts as the latest.
    pub fn handle(&mut self, now: EpochMillis, caller: &Caller, request: &HttpRequest) -> Outcome {
        self.begin(now);
        self.requests += 1;
        let request_id = self.request_id();
        let route = route::find(request);
        let effect = self.faults.hit(route.operation, caller, request);
        if let Some(effect) = &effect {
            *self.fault_hits.entry(effect.name()).or_default() += 1;
        }
        let mut outcome = match self.gate(effect.as_ref(), &route, caller, &request_id) {
            Some(delivery) => Outcome { delivery, delay: 0, slow: 0, applied: false },
            None => self.perform(effect.as_ref(), &route, caller, request, &request_id),
        };
        if let Some(effect) = &effect {
            effect.afterwards(&mut outcome, self.env.config.answers.error_shape);
        }
        self.record(&route, caller, request, &outcome);
        outcome
    }

    /// Counts and logs a call that never got as far as [`Model::handle`], such as one with a bad signature.
    pub fn turned_away(&mut self, now: EpochMillis, caller: &Caller, request: &HttpRequest, status: u16) {
        self.begin(now);
        let response = HttpResponse { status, request_id: None, retry_after: None, body: Vec::new() };
        let outcome = Outcome { delivery: Delivery::Whole(response), delay: 0, slow: 0, applied: false };
        self.record(&route::find(request), caller, request, &outcome);
    }

    /// Lets time pass, so that a state that is saved knows of it.
    pub fn pass(&mut self, now: EpochMillis) {
        self.begin(now);
        self.revision += 1;
    }

    /// Empties the log and the counts.
    pub fn forget_calls(&mut self) {
        self.changes.clear();
        self.counts.clear();
        self.revision += 1;
    }

    /// Moves on to `now` and forgets what the last call needed.
    fn begin(&mut self, now: EpochMillis) {
        self.env.now = self.env.now.max(now);
        self.env.touched = false;
        self.env.stale_by = 0;
        self.env.keep = None;
        self.env.peering_fails = None;
    }

    fn request_id(&self) -> String {
        format!("{:032x}", u128::from(random::mix(self.requests)) << 64 | u128::from(self.requests))
    }

    /// What keeps a call from reaching the service.
    fn gate(
        &mut self,
        effect: Option<&Effect>,
        route: &Route<'_>,
        caller: &Caller,
        request_id: &str,
    ) -> Option<Delivery> {
        let shape = self.env.config.answers.error_shape;
        if let Some(delivery) = effect.and_then(|effect| effect.instead(request_id, shape)) {
            return Some(delivery);
        }
        let refusal = self.faults.rate.over(self.env.now, route.operation, caller)?;
        *self.fault_hits.entry("rateLimit").or_default() += 1;
        Some(Delivery::Whole(faults::refused(&refusal, request_id, shape)))
    }

    fn perform(
        &mut self,
        effect: Option<&Effect>,
        route: &Route<'_>,
        caller: &Caller,
        request: &HttpRequest,
        request_id: &str,
    ) -> Outcome {
        match effect {
            Some(Effect::StaleList { ms }) => self.env.stale_by = i64::from(*ms).min(lagging::KEEP),
            Some(Effect::TruncatedList { keep }) => self.env.keep = Some(*keep),
            Some(Effect::FailedPeering { text }) => self.env.peering_fails = Some(text.as_str().into()),
            _ => {}
        }
        let response = match self.dispatch(route, caller, request) {
            Ok(Done { status, body }) => {
                HttpResponse { status, request_id: Some(request_id.to_owned()), retry_after: None, body }
            }
            Err(refusal)
                if route.operation.is_mutation()
                    && refusal.origin == errors::Origin::Dli
                    && self.env.config.answers.refusal_style == RefusalStyle::SuccessFalse =>
            {
                faults::not_success(request_id, &refusal.text)
            }
            Err(refusal) => faults::refused(&refusal, request_id, self.env.config.answers.error_shape),
        };
        Outcome { delivery: Delivery::Whole(response), delay: 0, slow: 0, applied: self.env.touched }
    }

    fn project(&self, id: &str) -> Option<usize> {
        self.projects.iter().position(|project| project.id.as_str() == id)
    }

    /// A number that grows with everything that [`Model::save`] keeps: changes, refused ones too, and edits.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    fn record(&mut self, route: &Route<'_>, caller: &Caller, request: &HttpRequest, outcome: &Outcome) {
        let status = match &outcome.delivery {
            Delivery::Whole(response) | Delivery::Cut(response) | Delivery::Endless(response) => Some(response.status),
            Delivery::Nothing => None,
        };
        *self.counts.entry((route.operation, status.unwrap_or_default())).or_default() += 1;
        let most = self.env.config.history.changes;
        if !route.operation.is_mutation() {
            return;
        }
        self.revision += 1;
        if most == 0 {
            return;
        }
        while self.changes.len() >= most {
            self.changes.pop_front();
        }
        self.changes.push_back(Change {
            at: self.env.now,
            caller: Arc::clone(&caller.name),
            operation: route.operation,
            method: request.method,
            path: request.path.as_str().into(),
            status,
            applied: outcome.applied,
        });
    }

    /// Arms a fault.
    pub fn arm(&mut self, fault: Fault) -> FaultId {
        self.faults.arm(fault)
    }

    /// Disarms all faults and forgets the spent ones.
    pub fn disarm(&mut self) {
        self.faults.armed.clear();
    }

    /// The armed faults, and those that have done their work lately.
    pub fn faults(&self) -> &[Armed] {
        &self.faults.armed
    }

    /// How often each kind of fault hit since the start, also those that are disarmed, and the rate limit.
    pub fn fault_hits(&self) -> &BTreeMap<&'static str, u64> {
        &self.fault_hits
    }

    /// Sets or lifts the rate limit.
    pub fn limit_rate(&mut self, limit: Option<RateLimit>) {
        self.faults.rate.set(limit);
    }

    /// Puts the server's clock ahead (or behind) in the times that it writes from now on.
    pub fn skew_clock(&mut self, ms: i64) {
        self.env.skew = ms;
        self.revision += 1;
    }

    /// The latest moment that it knows of.
    pub fn latest(&self) -> EpochMillis {
        self.env.now
    }

    /// How far the server's clock is ahead.
    pub fn clock_skew(&self) -> i64 {
        self.env.skew
    }

    /// The configuration in force.
    pub fn config(&self) -> &Config {
        &self.env.config
    }

    /// Changes the configuration. Projects stay as they are.
    pub fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(Arc::make_mut(&mut self.env.config));
    }

    /// A number for everything that later answers can depend on: objects, faults, rate limit, clock, generator and
    /// configuration. The log, the counts and request ids are left out.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.projects.hash(&mut hasher);
        self.faults.hash(&mut hasher);
        self.env.config.hash(&mut hasher);
        self.env.random.hash(&mut hasher);
        (self.env.now, self.env.skew, self.env.next).hash(&mut hasher);
        hasher.finish()
    }
}
