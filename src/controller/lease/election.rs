//! When a lease may be taken: plain state, no I/O and no clock.

use k8s_openapi::api::coordination::v1::Lease;

use crate::{controller::config::LeaseTiming, core::Millis};

/// What is read of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Changes with every write.
    pub version: String,
    /// Who holds it; `None` once it was released.
    pub holder: Option<String>,
    /// How long the holder asks others to wait.
    pub duration: Millis,
}

impl From<&Lease> for Record {
    fn from(lease: &Lease) -> Self {
        let spec = lease.spec.as_ref();
        Self {
            version: lease.metadata.resource_version.clone().unwrap_or_default(),
            holder: spec.and_then(|spec| spec.holder_identity.clone()).filter(|holder| !holder.is_empty()),
            duration: spec
                .and_then(|spec| spec.lease_duration_seconds)
                .and_then(|seconds| Millis::try_from(seconds).ok())
                .unwrap_or(0)
                * 1000,
        }
    }
}

/// What to do about a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Write it.
    Take,
    /// Look again, at the latest at this moment.
    Wait {
        /// The moment.
        until: Millis,
        /// Who has it.
        holder: String,
    },
}

/// Watches a lease that somebody else may hold.
#[derive(Debug)]
pub struct Election {
    identity: String,
    timing: LeaseTiming,
    /// The record and since when it has been seen unchanged, on our own clock. The times in the record come from
    /// another machine's clock and are never compared with ours.
    seen: Option<(Record, Millis)>,
    /// Whether the holder before us may still have a call in flight.
    unreleased: bool,
}

impl Election {
    /// Has seen nothing yet.
    pub fn new(identity: String, timing: LeaseTiming) -> Self {
        Self { identity, timing, seen: None, unreleased: false }
    }

    /// Takes what was read, and says whether the lease may be taken. The write must be guarded by the version that
    /// was read.
    pub fn observe(&mut self, record: Option<Record>, now: Millis) -> Verdict {
        let Some(record) = record else {
            // Nobody has ever held it. Where a person deleted it under a holder, that one notices at its next renewal.
            self.seen = None;
            self.unreleased = false;
            return Verdict::Take;
        };
        let Some(holder) = record.holder.clone() else {
            self.unreleased = false;
            return Verdict::Take;
        };
        if holder == self.identity {
            // Our own write whose answer was lost. What it took over from is still remembered.
            return Verdict::Take;
        }
        let since = match &self.seen {
            Some((known, since)) if *known == record => *since,
            _ => now,
        };
        let until = since + record.duration.max(self.timing.lease_duration);
        self.seen = Some((record, since));
        if now >= until {
            self.unreleased = true;
            return Verdict::Take;
        }
        Verdict::Wait { until, holder }
    }

    /// First moment at which a mutation is allowed, after the lease was taken at `now`. The holder before us sent its
    /// last call at the latest at its renew deadline, and that call may be applied until its time-out; the wait
    /// before taking over has covered a part of this. A sixth of the lease is added for what clocks and networks do.
    pub fn mutate_from(&self, now: Millis) -> Millis {
        if !self.unreleased {
            return now;
        }
        let LeaseTiming { lease_duration, renew_deadline, call_timeout, renew_period: _ } = self.timing;
        now + (renew_deadline + call_timeout).saturating_sub(lease_duration) + lease_duration / 6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn election() -> Election {
        Election::new("me".to_owned(), LeaseTiming::default())
    }

    fn record(version: &str, holder: &str) -> Record {
        let holder = Some(holder.to_owned()).filter(|holder| !holder.is_empty());
        Record { version: version.to_owned(), holder, duration: 30_000 }
    }

    fn wait(until: Millis, holder: &str) -> Verdict {
        Verdict::Wait { until, holder: holder.to_owned() }
    }

    #[test]
    fn a_free_lease_is_taken_and_used_at_once() {
        for free in [None, Some(record("1", ""))] {
            let mut election = election();
            assert_eq!(election.observe(free, 1_000), Verdict::Take);
            assert_eq!(election.mutate_from(1_000), 1_000);
        }
    }

    #[test]
    fn a_held_lease_is_taken_once_it_was_seen_unchanged_for_its_duration() {
        let mut election = election();
        assert_eq!(election.observe(Some(record("1", "other")), 1_000), wait(31_000, "other"));
        assert_eq!(election.observe(Some(record("1", "other")), 30_999), wait(31_000, "other"));
        assert_eq!(election.observe(Some(record("1", "other")), 31_000), Verdict::Take);
        assert_eq!(election.mutate_from(31_000), 46_000);
    }

    #[test]
    fn a_renewal_starts_the_wait_anew() {
        let mut election = election();
        election.observe(Some(record("1", "other")), 1_000);
        assert_eq!(election.observe(Some(record("2", "other")), 30_000), wait(60_000, "other"));
    }

    #[test]
    fn a_holder_that_asks_for_more_time_gets_it() {
        let mut election = election();
        let slow = Record { duration: 60_000, ..record("1", "other") };
        assert_eq!(election.observe(Some(slow), 0), wait(60_000, "other"));
        let hasty = Record { duration: 1_000, ..record("2", "other") };
        assert_eq!(election.observe(Some(hasty), 0), wait(30_000, "other"));
    }

    #[test]
    fn a_release_during_the_wait_ends_it_without_a_barrier() {
        let mut election = election();
        election.observe(Some(record("1", "other")), 0);
        assert_eq!(election.observe(Some(record("2", "")), 5_000), Verdict::Take);
        assert_eq!(election.mutate_from(5_000), 5_000);
    }

    #[test]
    fn a_lost_answer_to_a_takeover_keeps_the_barrier() {
        let mut election = election();
        election.observe(Some(record("1", "other")), 0);
        assert_eq!(election.observe(Some(record("1", "other")), 30_000), Verdict::Take);
        assert_eq!(election.observe(Some(record("2", "me")), 31_000), Verdict::Take);
        assert_eq!(election.mutate_from(31_000), 46_000);
    }

    #[test]
    fn losing_the_race_to_a_third_one_waits_for_that_one() {
        let mut election = election();
        election.observe(Some(record("1", "other")), 0);
        election.observe(Some(record("1", "other")), 30_000);
        assert_eq!(election.observe(Some(record("2", "third")), 30_100), wait(60_100, "third"));
        assert_eq!(election.observe(Some(record("3", "")), 31_000), Verdict::Take);
        assert_eq!(election.mutate_from(31_000), 31_000);
    }
}
