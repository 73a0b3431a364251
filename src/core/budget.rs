//! How fast calls may go out: one bucket for each endpoint and credential, learned from what the cloud says.

use std::collections::BTreeMap;

use crate::dli::{CallError, ErrorClass};

use super::{Millis, ObjectKey};

/// Longest pause that one throttling answer causes.
const LONGEST_PAUSE: Millis = 60_000;
/// Slowest rate that throttling may lead to, in calls an hour.
const SLOWEST: u64 = 720;
/// The learned rate grows by a twentieth in this time without a throttling answer.
const RECOVERY: Millis = 5_000;
/// A limit that the cloud named counts for this long.
const FORGOTTEN_AFTER: Millis = 600_000;

/// A leaky bucket with reservations: who comes too early is told when its turn is, and nobody else gets that turn.
///
/// A turn is for a pass. What else the pass calls follows without a wait, since a pass that stops half-way has to begin
/// anew, and many that do so would never come to an end. Such calls are paid for by all turns to come: those are counted
/// on a clock of the bucket's own, which each of these calls sets back by one interval.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// Calls an hour: integer arithmetic keeps the core deterministic everywhere.
    per_hour: u64,
    ceiling: u64,
    /// The rate before the cloud has said anything.
    first: u64,
    /// When the cloud last named a limit.
    named_at: Millis,
    /// How far the bucket's clock is behind, in microseconds.
    behind: i64,
    /// Time of the next turn on the bucket's clock, in microseconds.
    next_turn: i64,
    paused_until: Millis,
    last_change: Millis,
    /// Turns by object, on the bucket's clock.
    turns: BTreeMap<ObjectKey, i64>,
}

impl Budget {
    pub(super) fn new(calls_per_second: u32) -> Self {
        let per_hour = u64::from(calls_per_second.max(1)) * 3_600;
        Self {
            per_hour,
            ceiling: per_hour,
            first: per_hour,
            named_at: 0,
            behind: 0,
            next_turn: 0,
            paused_until: 0,
            last_change: 0,
            turns: BTreeMap::new(),
        }
    }

    /// Takes a turn for `key` now, or says when its turn is.
    pub(super) fn take(&mut self, key: &ObjectKey, now: Millis) -> Result<(), Millis> {
        self.recover(now);
        let turn = match self.turns.get(key) {
            Some(turn) => *turn,
            None => {
                let turn = self.soonest(now);
                self.next_turn = turn + self.interval();
                turn
            }
        };
        let at = ((turn + self.behind).max(0) as u64).div_ceil(1_000).max(self.paused_until);
        if at <= now {
            self.turns.remove(key);
            Ok(())
        } else {
            self.turns.insert(key.clone(), turn);
            Err(at)
        }
    }

    /// One more call of a pass that has had its turn: now, unless the cloud has asked for a pause.
    pub(super) fn go_on(&mut self, key: &ObjectKey, now: Millis) -> Result<(), Millis> {
        if now < self.paused_until {
            return self.take(key, now);
        }
        self.recover(now);
        self.next_turn = self.soonest(now);
        self.behind += self.interval();
        Ok(())
    }

    /// The next turn, on the bucket's clock: a second's worth of calls may go out at once.
    fn soonest(&self, now: Millis) -> i64 {
        let burst = 1_000_000;
        self.next_turn.max(micros(now) - self.behind - burst).max(micros(self.paused_until) - self.behind)
    }

    fn interval(&self) -> i64 {
        (3_600_000_000 / self.per_hour) as i64
    }

    /// Learns from a failed call.
    pub(super) fn learn(&mut self, error: &CallError, now: Millis) {
        if error.class != ErrorClass::Throttled {
            return;
        }
        let learned = error.limit.map(|l| {
            // Stay a little below what the text names, since others may use the same allowance.
            u64::from(l.limit) * 3_600_000 * 95 / 100 / l.per_ms.max(1)
        });
        let target = learned.unwrap_or(self.per_hour / 2).min(self.per_hour).max(SLOWEST);
        // Several answers of one burst count once.
        if learned.is_some() || now >= self.last_change + 1_000 {
            if learned.is_some() {
                // The text names the limit: no use in growing past it, until it has been quiet for long.
                self.ceiling = target;
                self.named_at = now;
            }
            self.per_hour = target;
            self.last_change = now;
        }
        let pause = error.retry_after.unwrap_or(1_000).clamp(1, LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(now + pause);
        self.next_turn = self.next_turn.max(micros(self.paused_until) - self.behind);
    }

    /// Gives up the turn of an object that has gone.
    pub(super) fn forget(&mut self, key: &ObjectKey) {
        self.turns.remove(key);
    }

    fn recover(&mut self, now: Millis) {
        if self.ceiling < self.first && now >= self.named_at + FORGOTTEN_AFTER {
            self.ceiling = self.first;
        }
        while self.per_hour < self.ceiling && now >= self.last_change + RECOVERY {
            self.last_change += RECOVERY;
            self.per_hour = (self.per_hour + (self.ceiling / 20).max(1)).min(self.ceiling);
        }
    }
}

fn micros(at: Millis) -> i64 {
    (at as i64).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::ObjectKind;

    /// Many passes of several calls each: all come to an end, and at the rate.
    #[test]
    fn passes_of_several_calls_all_end_and_keep_the_rate() {
        const PASSES: usize = 60;
        const CALLS: usize = 4;
        let mut budget = Budget::new(20);
        let key = |n: usize| ObjectKey::new(ObjectKind::Queue, "ns", &n.to_string());
        let mut next: Vec<Option<Millis>> = vec![Some(10_000); PASSES];
        let mut sent = Vec::new();
        let mut now = 10_000;
        while next.iter().any(Option::is_some) {
            for (n, at) in next.iter_mut().enumerate().filter(|(_, at)| at.is_some_and(|at| at <= now)) {
                *at = match budget.take(&key(n), now) {
                    Ok(()) => {
                        sent.push(now);
                        for _ in 1..CALLS {
                            assert_eq!(budget.go_on(&key(n), now), Ok(()));
                            sent.push(now);
                        }
                        None
                    }
                    Err(later) => Some(later),
                };
            }
            now += 1;
            assert!(now < 60_000, "{} passes never end", next.iter().flatten().count());
        }
        // A second's worth at once, the rest evenly, and at most one pass beyond.
        for (count, at) in sent.iter().enumerate() {
            let allowed = 20 + (at - 10_000) * 20 / 1_000 + CALLS as u64;
            assert!(count as u64 <= allowed, "{count} calls in {} ms", at - 10_000);
        }
        let took = sent.last().map_or(0, |at| at - 10_000);
        assert!((10_500..=11_500).contains(&took), "{took} ms for {} calls", PASSES * CALLS);
    }

    #[test]
    fn a_pause_holds_for_those_that_go_on_too() {
        let mut budget = Budget::new(20);
        let key = ObjectKey::new(ObjectKind::Queue, "ns", "q");
        assert_eq!(budget.take(&key, 5_000), Ok(()));
        budget.paused_until = 7_000;
        assert_eq!(budget.go_on(&key, 5_001), Err(7_000));
        assert_eq!(budget.take(&key, 7_000), Ok(()));
    }
}
