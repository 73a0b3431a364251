//! What a run takes, beside what it takes without faults: whoever goes round in circles takes ever more.

use std::fmt;

use crate::scheduler::Simulation;

/// Calls, writes and waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    pub remote_writes: u64,
    pub kube_writes: u64,
    pub calls: u64,
    /// Up to the last write, in milliseconds of simulated time.
    pub time: u64,
}

impl Effort {
    pub fn of(sim: &Simulation) -> Self {
        let Simulation { remote_writes, kube_writes, remote_calls: calls, last_write: time, .. } = *sim;
        Self { remote_writes, kube_writes, calls, time }
    }

    /// The most that so many faults may cost where there are so many objects, and where it took so much longer: what the
    /// cloud refuses is tried again every minute.
    pub fn bound(faults: u64, objects: u64, longer: u64) -> Self {
        Self {
            remote_writes: (4 + 3 * objects) * faults + objects * (longer / 60_000),
            kube_writes: (8 + 5 * objects) * faults,
            calls: (100 + 40 * objects) * faults,
            time: 1_800_000 * faults,
        }
    }

    fn each(self, other: Self, of: impl Fn(u64, u64) -> u64) -> Self {
        Self {
            remote_writes: of(self.remote_writes, other.remote_writes),
            kube_writes: of(self.kube_writes, other.kube_writes),
            calls: of(self.calls, other.calls),
            time: of(self.time, other.time),
        }
    }

    /// What of it is beyond `other`.
    pub fn beyond(self, other: Self) -> Self {
        self.each(other, u64::saturating_sub)
    }

    pub fn most(self, other: Self) -> Self {
        self.each(other, u64::max)
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { remote_writes, kube_writes, calls, time } = self;
        write!(
            f,
            "{remote_writes} writes to the cloud, {kube_writes} to Kubernetes, {calls} calls and {} s",
            time / 1_000
        )
    }
}
