//! Configuration of the model: one struct, for the command line, configuration files and tests alike.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Answers;
use crate::dli::{ProjectId, RegionName};

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
    #[error("durations.{0} is out of range: give milliseconds from 0 to {1}")]
    Duration(&'static str, i64),
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
        let ranges = [
            ("queueAssigning", durations.queue_assigning, day),
            ("peering", durations.peering, day),
            ("scaling", durations.scaling, day),
            ("restart", durations.restart, day),
            ("listLag", durations.list_lag, Durations::MAX_LAG),
            ("getLag", durations.get_lag, Durations::MAX_LAG),
        ];
        for (name, duration, most) in ranges {
            if !(0..=most).contains(&duration) {
                return Err(ConfigError::Duration(name, most));
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
        let shrink = |ms: i64| (ms as f64 / scale).round() as i64;
        Self {
            queue_assigning: shrink(self.queue_assigning),
            peering: shrink(self.peering),
            scaling: shrink(self.scaling),
            restart: shrink(self.restart),
            list_lag: shrink(self.list_lag),
            get_lag: shrink(self.get_lag),
            jitter_percent: self.jitter_percent,
        }
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
}

/// Networks that do not work; every other VPC exists and fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Networks {
    /// VPCs and subnets that do not exist.
    pub unknown: BTreeSet<String>,
    /// VPCs whose addresses overlap with those of every queue.
    pub overlapping: BTreeSet<String>,
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
