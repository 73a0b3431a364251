//! What the model remembers. Everything that comes about by itself (a queue that becomes available, a peering entry
//! that turns ACTIVE, a list that catches up) is a moment in here and a comparison when it is looked at.

use std::{
    collections::{BTreeMap, VecDeque},
    hash::{Hash, Hasher},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    auxiliary_state::{AuthInfo, ConnectivityTest, Grant, Job, RouteItem, Word},
    env::Env,
    errors::Refusal,
    lagging::{Eye, KEEP, Lagging},
    lagging_map::LaggingMap,
    pool_state::{Hourly, Pool, ScalingPolicy},
};
use crate::dli::{EpochMillis, Host, PeeringState, ProjectId, Tag};

/// A queue.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Queue {
    pub(super) name: Arc<str>,
    /// `queue_id`.
    pub(super) number: i64,
    pub(super) resource_id: Arc<str>,
    pub(super) created: EpochMillis,
    /// What `create_time` shows: `created` by the server's clock.
    pub(super) create_time: EpochMillis,
    /// Until then it is "assigning".
    pub(super) available_at: EpochMillis,
    /// From when the list and the get call show it.
    pub(super) list_from: EpochMillis,
    pub(super) get_from: EpochMillis,
    /// Until when lists show it, once it is deleted.
    pub(super) list_until: Option<EpochMillis>,
    /// Until when the get call shows it, once it is deleted.
    #[serde(default)]
    pub(super) get_until: EpochMillis,
    pub(super) kind: Word,
    pub(super) description: Arc<str>,
    pub(super) charging_mode: i64,
    pub(super) resource_mode: i64,
    pub(super) enterprise_project_id: Arc<str>,
    pub(super) platform: Word,
    pub(super) labels: Word,
    pub(super) feature: Option<Word>,
    pub(super) engine: Word,
    pub(super) cu: Lagging<i64>,
    /// A scaling in flight: from when `cu` counts, and the target.
    pub(super) scaling: Option<(EpochMillis, i64)>,
    pub(super) restarting_until: EpochMillis,
    /// Runs a job now.
    pub(super) busy: bool,
    /// Has run a job.
    pub(super) ran: bool,
    pub(super) tags: Lagging<Arc<[Tag]>>,
    /// The pool that it lives in; a standalone queue has none.
    pub(super) pool: Option<Arc<str>>,
    /// Its scaling policies there.
    pub(super) policies: Hourly<Arc<[ScalingPolicy]>>,
    /// What was set by the property calls (dli_02_0511).
    pub(super) properties: BTreeMap<Arc<str>, Arc<str>>,
    /// When its first job ran or its first peering was asked for.
    pub(super) used_at: Option<EpochMillis>,
}

impl Queue {
    /// Compute units as seen from `eye`.
    pub(super) fn cu_seen(&self, eye: Eye) -> i64 {
        let (Eye::Now(at) | Eye::List(at)) = eye;
        match self.scaling {
            Some((done, target)) if at >= done => target,
            _ => *self.cu.seen(eye),
        }
    }

    /// Whether `eye` sees it.
    pub(super) fn visible(&self, eye: Eye) -> bool {
        match eye {
            Eye::Now(at) => self.list_until.is_none() && at >= self.get_from,
            Eye::List(at) => at >= self.list_from && self.list_until.is_none_or(|until| at < until),
        }
    }

    /// Fewest and most units by the policy in force at a moment.
    pub(super) fn bounds(&self, at: EpochMillis, hour: i64) -> (i64, i64) {
        let of_day = at.div_euclid(hour).rem_euclid(24);
        let policies = self.policies.in_force(at);
        let special = policies.iter().filter(|p| !p.is_default() && p.covers(of_day)).max_by_key(|p| p.priority);
        special.or_else(|| policies.iter().find(|p| p.is_default())).map_or((0, 0), |policy| (policy.min, policy.max))
    }

    /// Refuses while it is being set up, restarted or scaled; the text is documented (dli_01_0487), the code assumed.
    pub(super) fn ready(&self, env: &Env) -> Result<(), Refusal> {
        let now = env.now;
        let state = if now < self.available_at {
            "assigning"
        } else if now < self.restarting_until {
            "restarting"
        } else if self.scaling.is_some_and(|(done, _)| now < done) {
            "scaling"
        } else {
            return Ok(());
        };
        Err(env.busy(format!("Status of queue {} is {state}, which is not available", self.name)))
    }
}

/// The peering of a connection with one queue.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) target: Arc<str>,
    pub(super) peer_id: Arc<str>,
    pub(super) bound: EpochMillis,
    /// When CREATING ends.
    pub(super) ready_at: EpochMillis,
    /// Why it ends in FAILED instead of ACTIVE.
    pub(super) failure: Option<Arc<str>>,
    /// How far lists are behind.
    pub(super) lag: i64,
    /// From when lists no longer show it, once it is unbound.
    pub(super) list_until: Option<EpochMillis>,
    /// It is a pool's, not a queue's.
    pub(super) pool: bool,
    /// When it turns ACTIVE after it has FAILED.
    pub(super) recovers_at: Option<EpochMillis>,
    /// Unbound, and yet the get call shows it as long as lists do.
    #[serde(default)]
    pub(super) lingers: bool,
    /// When it went. What lists go on showing is as it was then.
    #[serde(default)]
    pub(super) gone_at: Option<EpochMillis>,
}

impl Entry {
    /// Its state as seen from `eye`; `None` if it is not there.
    pub(super) fn seen(&self, eye: Eye) -> Option<PeeringState> {
        let at = match eye {
            Eye::Now(at) if self.list_until.is_some_and(|until| !self.lingers || at >= until) => return None,
            Eye::Now(at) => at,
            Eye::List(at) => {
                if self.list_until.is_some_and(|until| at >= until) || at < self.bound + self.lag {
                    return None;
                }
                at - self.lag
            }
        };
        let at = self.gone_at.map_or(at, |gone| at.min(gone));
        Some(if at < self.ready_at {
            PeeringState::Creating
        } else if self.failure.is_some() && self.recovers_at.is_none_or(|recovers| at < recovers) {
            PeeringState::Failed
        } else {
            PeeringState::Active
        })
    }
}

/// An enhanced datasource connection. Deleted ones stay (dli_02_0189).
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Connection {
    pub(super) id: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) vpc: Arc<str>,
    pub(super) network: Arc<str>,
    pub(super) created: EpochMillis,
    pub(super) create_time: EpochMillis,
    pub(super) list_from: EpochMillis,
    /// Deleted: until when lists show it as ACTIVE.
    pub(super) deleted: Option<EpochMillis>,
    /// When it was deleted, and until when the get call shows what it was.
    #[serde(default)]
    pub(super) deleted_at: EpochMillis,
    #[serde(default)]
    pub(super) get_until: EpochMillis,
    pub(super) entries: Vec<Entry>,
    pub(super) hosts: Lagging<Arc<[Host]>>,
    pub(super) tags: Lagging<Arc<[Tag]>>,
    pub(super) routes: Vec<RouteItem>,
}

impl Connection {
    /// Whether `eye` sees it as deleted.
    pub(super) fn seen_deleted(&self, eye: Eye) -> bool {
        match eye {
            Eye::Now(at) => self.deleted.is_some() && at >= self.deleted_at,
            Eye::List(at) => self.deleted.is_some_and(|until| at >= until),
        }
    }

    /// Entries that `eye` sees.
    pub(super) fn seen_entries(&self, eye: Eye) -> impl Iterator<Item = (&Entry, PeeringState)> {
        let none = self.seen_deleted(eye);
        self.entries.iter().filter(move |_| !none).filter_map(move |entry| Some((entry, entry.seen(eye)?)))
    }

    /// The entry of a queue that is bound now.
    pub(super) fn entry(&self, target: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.list_until.is_none() && *entry.target == *target)
    }

    /// Drops entries that nobody sees any more.
    pub(super) fn tidy(&mut self, now: EpochMillis) {
        self.entries.retain(|entry| entry.list_until.is_none_or(|until| now < until + KEEP));
    }
}

/// The DLI objects of one project.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    pub(super) id: ProjectId,
    pub(super) queues: BTreeMap<Arc<str>, Arc<Queue>>,
    /// Deleted queues that lists may still show, in the order of deletion.
    pub(super) gone: VecDeque<Arc<Queue>>,
    /// By order of creation.
    pub(super) connections: BTreeMap<u64, Arc<Connection>>,
    /// Connection id to key in `connections`.
    #[serde(skip)]
    pub(super) ids: BTreeMap<Arc<str>, u64>,
    pub(super) deleted_connections: usize,
    pub(super) pools: LaggingMap<Pool>,
    pub(super) auth_infos: LaggingMap<AuthInfo>,
    pub(super) grants: Vec<Grant>,
    pub(super) tests: VecDeque<ConnectivityTest>,
    pub(super) jobs: VecDeque<Job>,
}

impl Project {
    /// Key of a connection.
    pub(super) fn key(&self, id: &str) -> Option<u64> {
        self.ids.get(id).copied()
    }

    /// A connection, deleted or not.
    pub(super) fn connection(&self, id: &str) -> Option<&Arc<Connection>> {
        self.connections.get(&self.key(id)?)
    }

    /// A connection to change.
    pub(super) fn connection_mut(&mut self, id: &str) -> Option<&mut Connection> {
        let key = self.key(id)?;
        self.connections.get_mut(&key).map(Arc::make_mut)
    }

    /// A connection that can be changed.
    pub(super) fn live_connection(&self, env: &Env, id: &str) -> Result<&Arc<Connection>, Refusal> {
        let found = self.connection(id).filter(|connection| connection.deleted.is_none());
        found.ok_or_else(|| env.missing_connection(id))
    }

    /// A queue by name, in any case.
    pub(super) fn queue(&self, name: &str) -> Option<&Arc<Queue>> {
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            self.queues.get(name.to_ascii_lowercase().as_str())
        } else {
            self.queues.get(name)
        }
    }

    /// A queue that the get call shows.
    pub(super) fn visible_queue(&self, env: &Env, name: &str) -> Result<&Arc<Queue>, Refusal> {
        let found = self.queue(name).filter(|queue| queue.visible(Eye::Now(env.now)));
        found.ok_or_else(|| env.missing_queue(name))
    }

    /// Changes a queue in place.
    pub(super) fn change_queue(&mut self, env: &mut Env, name: &str, edit: impl FnOnce(&mut Queue)) {
        if let Some(queue) = self.queues.get_mut(name) {
            edit(Arc::make_mut(queue));
            env.touched = true;
        }
    }

    /// A pool that is not on its way out.
    pub(super) fn pool(&self, name: &str) -> Option<&Arc<Pool>> {
        self.pools.get(&name.to_ascii_lowercase()).filter(|pool| pool.leaving.is_none())
    }

    /// A pool that is not on its way out, for any call but its deletion.
    pub(super) fn live_pool(&self, env: &Env, name: &str) -> Result<&Arc<Pool>, Refusal> {
        self.pool(name).ok_or_else(|| env.missing_pool(name))
    }

    /// Forgets deleted queues that nobody sees any more.
    pub(super) fn forget(&mut self, now: EpochMillis) {
        while let Some(queue) = self.gone.front() {
            if queue.list_until.is_some_and(|until| now >= until.max(queue.get_until) + KEEP) {
                self.gone.pop_front();
            } else {
                break;
            }
        }
    }
}

impl Hash for Project {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.queues.hash(state);
        self.gone.hash(state);
        self.connections.hash(state);
        (&self.pools, &self.auth_infos, &self.grants, &self.tests, &self.jobs).hash(state);
    }
}
