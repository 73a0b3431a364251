//! What the model remembers of an elastic resource pool.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{answers::HourlyChanges, env::Env, errors::Refusal};
use crate::dli::{EpochMillis, Tag};

/// A value whose last change acts from a full hour on (dli_01_0686).
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hourly<T> {
    pub(super) asked: T,
    /// What is in force until when.
    before: Option<(T, EpochMillis)>,
}

impl<T: Clone> Hourly<T> {
    pub(super) fn new(value: T) -> Self {
        Self { asked: value, before: None }
    }

    /// What is in force at a moment.
    pub(super) fn in_force(&self, at: EpochMillis) -> &T {
        match &self.before {
            Some((before, until)) if at < *until => before,
            _ => &self.asked,
        }
    }

    /// What answers show at a moment.
    pub(super) fn shown(&self, env: &Env, at: EpochMillis) -> &T {
        match env.config.answers.hourly_changes {
            HourlyChanges::Shown => &self.asked,
            HourlyChanges::Hidden => self.in_force(at),
        }
    }

    /// Asks for a value from the next full hour on.
    pub(super) fn ask(&mut self, value: T, now: EpochMillis, hour: i64) {
        let before = self.in_force(now).clone();
        self.before = Some((before, next_hour(now, hour)));
        self.asked = value;
    }

    /// When the change comes into force.
    pub(super) fn changes_at(&self) -> Option<EpochMillis> {
        self.before.as_ref().map(|(_, until)| *until)
    }
}

/// The full hour after a moment.
pub(super) fn next_hour(at: EpochMillis, hour: i64) -> EpochMillis {
    (at.div_euclid(hour) + 1) * hour
}

/// A scaling policy of a queue in a pool (dli_02_0332). Hours are those of the day; the default one is 0 to 24.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScalingPolicy {
    pub(super) priority: i64,
    pub(super) start: i64,
    pub(super) stop: i64,
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) inherit: Option<bool>,
}

impl ScalingPolicy {
    /// The policy that a queue gets when it comes into a pool.
    pub(super) fn first(cu: i64) -> Self {
        Self { priority: 1, start: 0, stop: 24, min: cu, max: cu, inherit: None }
    }

    pub(super) fn is_default(&self) -> bool {
        self.start == 0 && self.stop == 24
    }

    /// Whether it holds in an hour of the day; a range may cross midnight.
    pub(super) fn covers(&self, hour: i64) -> bool {
        if self.start < self.stop {
            (self.start..self.stop).contains(&hour)
        } else {
            hour >= self.start || hour < self.stop
        }
    }
}

/// A line of a pool's history (dli_02_0336).
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleRecord {
    pub(super) at: EpochMillis,
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) origin: i64,
    pub(super) target: i64,
    pub(super) current: i64,
    pub(super) failure: Option<Arc<str>>,
}

/// BreakableListener of history that a pool keeps.
pub(super) const RECORDS: usize = 1_000;

/// An elastic resource pool.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    pub(super) name: Arc<str>,
    pub(super) number: i64,
    pub(super) resource_id: Arc<str>,
    pub(super) created: EpochMillis,
    pub(super) create_time: EpochMillis,
    pub(super) update_time: EpochMillis,
    pub(super) description: Arc<str>,
    /// Fewest and most units.
    pub(super) range: Hourly<(i64, i64)>,
    pub(super) cidr: Arc<str>,
    pub(super) enterprise_project_id: Arc<str>,
    pub(super) label: BTreeMap<String, String>,
    pub(super) ipv6: bool,
    pub(super) tags: Arc<[Tag]>,
    /// Until then it is CREATING.
    pub(super) ready_at: EpochMillis,
    /// A scaling in flight: when it ends, and the target.
    pub(super) scaling: Option<(EpochMillis, i64)>,
    /// Units in service.
    pub(super) current: i64,
    pub(super) failure: Option<Arc<str>>,
    /// Deleted: until when it is still listed.
    pub(super) leaving: Option<EpochMillis>,
    /// Up to when time has passed for it.
    pub(super) settled: EpochMillis,
    pub(super) started: bool,
    pub(super) records: VecDeque<ScaleRecord>,
}

impl Pool {
    /// `status` (dli_02_0327): there is no word for deleting.
    pub(super) fn status(&self) -> &'static str {
        if self.failure.is_some() {
            "FAILED"
        } else if !self.started {
            "CREATING"
        } else if self.scaling.is_some() {
            "SCALING"
        } else {
            "AVAILABLE"
        }
    }

    /// Refuses while it is CREATING, SCALING or FAILED.
    pub(super) fn available(&self, env: &Env) -> Result<(), Refusal> {
        match self.status() {
            "AVAILABLE" => Ok(()),
            status => Err(env.busy(format!("The elastic resource pool {} is {status}.", self.name))),
        }
    }

    /// Basic edition: smaller limits.
    pub(super) fn is_basic(&self) -> bool {
        is_basic(&self.label)
    }
}

pub(super) fn is_basic(label: &BTreeMap<String, String>) -> bool {
    label.get("spec").is_some_and(|spec| spec == "basic")
}
