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

/// A leaky bucket with reservations: who comes too early is told when its turn is, and nobody else gets that turn.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    /// Calls an hour: integer arithmetic keeps the core deterministic everywhere.
    per_hour: u64,
    ceiling: u64,
    /// Theoretical time of the next turn, in microseconds of the monotonic clock.
    next_turn: u64,
    paused_until: Millis,
    last_change: Millis,
    turns: BTreeMap<ObjectKey, Millis>,
}

impl Budget {
    pub(super) fn new(calls_per_second: u32) -> Self {
        let per_hour = u64::from(calls_per_second.max(1)) * 3_600;
        Self { per_hour, ceiling: per_hour, next_turn: 0, paused_until: 0, last_change: 0, turns: BTreeMap::new() }
    }

    /// Takes a turn for `key` now, or says when its turn is.
    pub(super) fn take(&mut self, key: &ObjectKey, now: Millis) -> Result<(), Millis> {
        self.recover(now);
        if let Some(turn) = self.turns.get(key).copied() {
            let turn = turn.max(self.paused_until);
            if turn <= now {
                self.turns.remove(key);
                return Ok(());
            }
            return Err(turn);
        }
        let interval = 3_600_000_000 / self.per_hour;
        // A second's worth of calls may go out at once.
        let burst = 1_000_000;
        let earliest = (now * 1_000).saturating_sub(burst).max(self.paused_until * 1_000);
        let turn = self.next_turn.max(earliest);
        self.next_turn = turn + interval;
        let turn = turn.div_ceil(1_000).max(self.paused_until);
        if turn <= now {
            Ok(())
        } else {
            self.turns.insert(key.clone(), turn);
            Err(turn)
        }
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
            self.per_hour = target;
            self.last_change = now;
        }
        let pause = error.retry_after.unwrap_or(1_000).clamp(1, LONGEST_PAUSE);
        self.paused_until = self.paused_until.max(now + pause);
        self.next_turn = self.next_turn.max(self.paused_until * 1_000);
    }

    /// Gives up the turn of an object that has gone.
    pub(super) fn forget(&mut self, key: &ObjectKey) {
        self.turns.remove(key);
    }

    fn recover(&mut self, now: Millis) {
        while self.per_hour < self.ceiling && now >= self.last_change + RECOVERY {
            self.last_change += RECOVERY;
            self.per_hour = (self.per_hour + (self.ceiling / 20).max(1)).min(self.ceiling);
        }
    }
}
