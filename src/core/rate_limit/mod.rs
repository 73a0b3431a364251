//! When calls may go out: one bucket for each endpoint and credential, with a line in front of it.

mod learned_rate;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod tests;
mod waiting_line;

pub(crate) use waiting_line::Priority;

use crate::{
    core::seam::{
        Millis, ObjectKey,
        durations::{LONGEST_HOLD, LONGEST_PROMISE},
    },
    dli::{CallError, Cause, ErrorClass},
};

use learned_rate::LearnedRate;
use waiting_line::WaitingLine;

/// One call, in the unit of the credit: what a pace of one call an hour earns in a millisecond.
const CALL: i64 = 3_600_000;

/// A bucket that fills at the learned pace. Who finds it empty is told when to come again; of those who have come in their
/// time, the first in the line has the next turn.
///
/// A turn is for a pass. What else the pass calls follows without another turn, since a pass that stops half-way has to
/// begin anew, and many that do so would never come to an end. Such calls are taken on credit, and paid for by all turns
/// to come. Where the cloud has refused calls, each is held until it is paid for: limits may count short times, and two
/// calls at once are then one too many.
#[derive(Clone, Debug)]
pub(crate) struct RateLimiter {
    pace: LearnedRate,
    line: WaitingLine,
    /// Calls that may go out now, in units of [`CALL`]; a debt where it is negative.
    credit: i64,
    filled_at: Millis,
    paused_until: Millis,
}

impl RateLimiter {
    pub(crate) fn new(calls_per_second: u32) -> Self {
        Self {
            pace: LearnedRate::new(calls_per_second),
            line: WaitingLine::default(),
            credit: i64::from(calls_per_second.max(1)) * CALL,
            filled_at: 0,
            paused_until: 0,
        }
    }

    /// Takes a turn for `key` now, or says when to come again.
    pub(crate) fn acquire(&mut self, key: &ObjectKey, priority: Priority, now: Millis) -> Result<(), Millis> {
        self.fill(now);
        self.line.drop_absent(now);
        let waited = self.line.join(key, priority);
        let came = self.line.check_in(key, now);
        if came && self.is_open(now) && self.line.next() == Some(key) {
            self.line.serve(key);
            self.spend(waited, now);
            return Ok(());
        }
        let missing = ((self.line.ahead(key) as i64 + 1) * CALL - self.credit).max(1) as u64;
        let wait = missing.div_ceil(self.pace.per_hour()).min(LONGEST_PROMISE);
        let at = now.max(self.paused_until) + wait;
        Err(self.line.promise(key, at, now))
    }

    /// One more call of a pass that has had its turn, unless the cloud has asked for a pause: gives the moment before
    /// which it is not to be sent.
    pub(crate) fn acquire_on_credit(
        &mut self,
        key: &ObjectKey,
        priority: Priority,
        now: Millis,
    ) -> Result<Millis, Millis> {
        if now < self.paused_until {
            return self.acquire(key, priority, now).map(|()| now);
        }
        self.fill(now);
        self.spend(true, now);
        let debt = self.credit.min(0).unsigned_abs();
        let hold = if self.pace.is_learned() { debt.div_ceil(self.pace.per_hour()).min(LONGEST_HOLD) } else { 0 };
        Ok(now + hold)
    }

    /// Who could have its turn now, but was told to come later: somebody has left the line, or the pace has risen.
    pub(crate) fn overdue(&mut self, now: Millis) -> Option<ObjectKey> {
        if !self.is_open(now) {
            return None;
        }
        self.line.next_ready(now)
    }

    /// Learns from the answer to a call that began at `began`.
    pub(crate) fn learn(&mut self, error: Option<&CallError>, began: Millis, now: Millis) {
        match error {
            Some(error) if error.class == ErrorClass::Throttled => {
                self.fill(now);
                let pause = self.pace.refused(error, began, now);
                self.paused_until = self.paused_until.max(now + pause);
                // One call goes out after the pause, to see whether it is over.
                self.credit = self.credit.min(CALL);
            }
            // What never came to an answer says nothing about a limit.
            Some(error) if error.cause != Cause::Answer => {}
            _ => self.pace.taken(began),
        }
    }

    /// Gives up the place of an object.
    pub(crate) fn forget(&mut self, key: &ObjectKey) {
        self.line.leave(key);
    }

    /// Whether a turn is there.
    fn is_open(&self, now: Millis) -> bool {
        now >= self.paused_until && self.credit >= CALL
    }

    /// Adds what has been earned. A pause earns nothing.
    fn fill(&mut self, now: Millis) {
        let since = now.saturating_sub(self.filled_at.max(self.paused_until));
        let per_hour = self.pace.per_hour() as i64;
        // A little more than a call at least, or who comes a little late would lose a turn.
        let most = (per_hour * self.pace.burst() as i64).max(CALL * 5 / 4);
        let earned = per_hour.saturating_mul(since as i64);
        self.credit = self.credit.saturating_add(earned).min(most);
        self.filled_at = self.filled_at.max(now);
    }

    fn spend(&mut self, waited: bool, now: Millis) {
        self.credit -= CALL;
        self.pace.called(waited, now);
    }
}
