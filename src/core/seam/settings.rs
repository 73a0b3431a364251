//! What the operator's configuration sets.

use super::objects::Millis;

/// Durations in milliseconds, and bounds. The defaults are those of `docs/protocol.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Digest that marks what belongs to this cluster: value of the tag `dli-operator-cluster`.
    pub cluster_id: String,
    /// Longest time from sending a call to its answer.
    pub call_timeout: Millis,
    /// How long a write may stay invisible in a reading.
    pub visibility_grace: Millis,
    /// Time from one reading of the project's lists to the next.
    pub list_period: Millis,
    /// Time from one look for orphans to the next; the first is a sixth of it after this process began to lead.
    pub orphan_period: Millis,
    /// Age at which a queue without other evidence counts as allocated (Terraform's provider waits four minutes).
    pub queue_grace: Millis,
    /// Time after which a stalled object is tried again.
    pub stuck_retry: Millis,
    /// Largest number of calls a second to one endpoint with one credential, before the cloud has said anything.
    pub calls_per_second: u32,
    /// Seed of the jitter; no two replicas should share it.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster_id: String::new(),
            call_timeout: 20_000,
            visibility_grace: 60_000,
            list_period: 60_000,
            orphan_period: 3_600_000,
            queue_grace: 240_000,
            stuck_retry: 600_000,
            calls_per_second: 20,
            seed: 0,
        }
    }
}
