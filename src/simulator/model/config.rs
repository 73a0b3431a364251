//! Configuration of the model: one struct, for the command line, configuration files and tests alike.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{answers::Answers, faults::Fault, rate::RateLimit};
use crate::{
    dli::{ProjectId, RegionName},
    simulator::route::Group,
};

/// Everything that can be set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Config {
    /// Seed of ids and of jitter.
    pub seed: u64,
    /// Projects: DLI serves each of them, IAM lists them.
    pub projects: Vec<ProjectConfig>,
    /// Account that owns the projects.
    pub domain_id: String,
    /// Name of that account, as IAM shows it, and owner of what is created.
    pub domain_name: String,
    /// How long things take.
    pub durations: Durations,
    /// Answers to the open questions.
    pub answers: Answers,
    /// Largest page where [`Answers`] say that pages are capped.
    pub page_cap: u32,
    /// Limits that a project has.
    pub quotas: Quotas,
    /// Networks that do not work.
    pub networks: Networks,
    /// How much history to keep.
    pub history: History,
    /// Groups of calls that this region does not have: 404 APIGW.0101.
    pub absent: BTreeSet<Group>,
    /// Faults that are armed at the start.
    pub faults: Vec<Fault>,
    /// Rate limit from the start.
    pub rate_limit: Option<RateLimit>,
    /// How far the server's clock is ahead at the start, in milliseconds.
    pub clock_skew_ms: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            projects: vec![ProjectConfig::default()],
            domain_id: "d0000000000000000000000000000001".to_owned(),
            domain_name: "simulated-account".to_owned(),
            durations: Durations::default(),
            answers: Answers::default(),
            page_cap: 100,
            quotas: Quotas::default(),
            networks: Networks::default(),
            history: History::default(),
            absent: BTreeSet::new(),
            faults: Vec::new(),
            rate_limit: None,
            clock_skew_ms: 0,
        }
    }
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No project, or a project id that is not 1 to 64 letters and digits, or one that comes twice.
    #[error("the project {0:?} is not usable: give one or more different ids of 1 to 64 letters and digits")]
    Project(String),
    /// A duration is out of range.
    #[error("durations.{0} is out of range: give milliseconds from {1} to {2}")]
    Duration(&'static str, i64, i64),
    /// The jitter is out of range.
    #[error("durations.jitterPercent is {0}: give a number from 0 to 50")]
    Jitter(u32),
    /// Pages would be empty.
    #[error("pageCap is 0: give a number from 1")]
    PageCap,
}

impl Config {
    /// Checks what types cannot express.
    pub fn check(&self) -> Result<(), ConfigError> {
        let mut seen = BTreeSet::new();
        for project in &self.projects {
            let id = project.id.as_str();
            let good = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
            if !good || !seen.insert(id) {
                return Err(ConfigError::Project(id.to_owned()));
            }
        }
        if seen.is_empty() {
            return Err(ConfigError::Project(String::new()));
        }
        let durations = &self.durations;
        if durations.jitter_percent > 50 {
            return Err(ConfigError::Jitter(durations.jitter_percent));
        }
        let day = 24 * 60 * 60 * 1000;
        let ranges = durations.all().map(|(name, duration)| match name {
            "listLag" | "getLag" => (name, 0, duration, Durations::MAX_LAG),
            "hour" => (name, 1, duration, day),
            _ => (name, 0, duration, day),
        });
        for (name, least, duration, most) in ranges {
            if !(least..=most).contains(&duration) {
                return Err(ConfigError::Duration(name, least, most));
            }
        }
        if self.page_cap == 0 { Err(ConfigError::PageCap) } else { Ok(()) }
    }
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ProjectConfig {
    /// Id.
    pub id: ProjectId,
    /// Region; a root project is named like it.
    pub region: RegionName,
    /// What IAM says in `enabled`.
    pub enabled: bool,
}

impl Default for ProjectConfig {
    fn default() -> Self {
        Self {
            id: ProjectId::new("48cc2c48765f481480c7db940d6409d1"),
            region: RegionName::new("ap-southeast-3"),
            enabled: true,
        }
    }
}

/// How long things take, in milliseconds. The defaults are those of the real service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Durations {
    /// A new queue is "assigning" (clients sleep four minutes after the create call).
    pub queue_assigning: i64,
    /// A peering entry is CREATING, from the later of bind and queue available (assumed: seconds to a minute).
    pub peering: i64,
    /// A standalone queue scales (dli_01_0487: about ten minutes).
    pub scaling: i64,
    /// A queue restarts.
    pub restart: i64,
    /// Lists lag behind, where [`Answers`] say so; at most 30 s.
    pub list_lag: i64,
    /// The get call of a new queue lags behind, where [`Answers`] say so.
    pub get_lag: i64,
    /// A pool is CREATING (assumed).
    pub pool_creating: i64,
    /// A pool is SCALING (assumed).
    pub pool_scaling: i64,
    /// A deleted pool is still listed (assumed).
    pub pool_deleting: i64,
    /// A pool cannot be deleted for so long after its creation (dli_07_0005: 15 minutes, once an hour).
    pub pool_cool_down: i64,
    /// A connectivity test runs (assumed).
    pub connectivity: i64,
    /// A FAILED peering entry recovers, where [`Answers`] say so.
    pub recovery: i64,
    /// An hour of scaling policies, which act at full ones (dli_01_0686).
    pub hour: i64,
    /// Each duration is stretched by up to this many percent, by chance; 0 makes them exact.
    pub jitter_percent: u32,
}

impl Default for Durations {
    fn default() -> Self {
        Self {
            queue_assigning: 240_000,
            peering: 20_000,
            scaling: 600_000,
            restart: 60_000,
            list_lag: 8_000,
            get_lag: 3_000,
            pool_creating: 180_000,
            pool_scaling: 120_000,
            pool_deleting: 30_000,
            pool_cool_down: 900_000,
            connectivity: 5_000,
            recovery: 600_000,
            hour: 3_600_000,
            jitter_percent: 10,
        }
    }
}

impl Durations {
    /// The longest allowed [`Durations::list_lag`], jitter included.
    pub const MAX_LAG: i64 = 30_000;

    /// All durations divided by `scale`.
    #[must_use]
    pub fn scaled(&self, scale: f64) -> Self {
        let mut scaled = self.clone();
        for duration in scaled.each_mut() {
            *duration = (*duration as f64 / scale).round() as i64;
        }
        // An hour of no length has no full ones.
        scaled.hour = scaled.hour.max(1);
        scaled
    }

    fn each_mut(&mut self) -> [&mut i64; 13] {
        [
            &mut self.queue_assigning,
            &mut self.peering,
            &mut self.scaling,
            &mut self.restart,
            &mut self.list_lag,
            &mut self.get_lag,
            &mut self.pool_creating,
            &mut self.pool_scaling,
            &mut self.pool_deleting,
            &mut self.pool_cool_down,
            &mut self.connectivity,
            &mut self.recovery,
            &mut self.hour,
        ]
    }

    /// Each duration by its name in configuration files.
    fn all(&self) -> [(&'static str, i64); 13] {
        [
            ("queueAssigning", self.queue_assigning),
            ("peering", self.peering),
            ("scaling", self.scaling),
            ("restart", self.restart),
            ("listLag", self.list_lag),
            ("getLag", self.get_lag),
            ("poolCreating", self.pool_creating),
            ("poolScaling", self.pool_scaling),
            ("poolDeleting", self.pool_deleting),
            ("poolCoolDown", self.pool_cool_down),
            ("connectivity", self.connectivity),
            ("recovery", self.recovery),
            ("hour", self.hour),
        ]
    }
}

/// Limits of a project (dli_02_0503); `None` is unlimited. Beyond them: 400 DLI.1028.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Quotas {
    /// Queues.
    pub queues: Option<u32>,
    /// Compute units of all queues.
    pub cus: Option<u32>,
    /// Elastic resource pools.
    pub pools: Option<u32>,
    /// Connections that are not deleted (no quota is documented).
    pub connections: Option<u32>,
    /// Routes of a connection (no quota is documented).
    pub routes: Option<u32>,
}

/// Networks that do not work; every other VPC exists and fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Networks {
    /// VPCs and subnets that do not exist.
    pub unknown: BTreeSet<String>,
    /// VPCs whose addresses overlap with those of every queue.
    pub overlapping: BTreeSet<String>,
    /// Addresses, as a connectivity test names them, that no queue reaches.
    pub unreachable: BTreeSet<String>,
}

/// How much history to keep; the oldest is dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct History {
    /// Changes in the log.
    pub changes: usize,
    /// Deleted connections that the get call still shows.
    pub deleted_connections: usize,
}

impl Default for History {
    fn default() -> Self {
        Self { changes: 1_000, deleted_connections: 10_000 }
    }
}
