//! How many calls the cloud takes, learned from its refusals.
//!
//! A refusal says that the limit lies below the pace that led to it. Where the pace before it was good for some time, the
//! limit is near, and the pace goes back to that one; otherwise what was taken between the refusals, by the time that it
//! took, says where the limit is. Then the pace grows in steps that are long enough to keep refusals below one in a
//! hundred.

use crate::{
    core::seam::{
        Millis,
        durations::{FIRST_PAUSE, FORGOTTEN_AFTER, LONGEST_PAUSE, LONGEST_STEP},
    },
    dli::CallError,
};

/// Slowest pace that refusals may lead to, in calls an hour.
const SLOWEST: u64 = 720;
/// Calls of a step of growth when the limit is near, and when it is not known where it is.
const STEP_NEAR: u64 = 100;
const STEP_FAR: u64 = 40;
/// From so many refusals in a row on, with no good pace between them, nothing is known about the limit.
const UNKNOWN: u32 = 6;

/// The pace, and what it was learned from.
#[derive(Clone, Debug)]
pub(crate) struct LearnedRate {
    /// Calls an hour: integer arithmetic keeps the core deterministic everywhere.
    per_hour: u64,
    ceiling: u64,
    /// The pace before the cloud has said anything.
    first: u64,
    /// When the cloud last named a limit.
    named_at: Millis,
    /// Calls that were taken, and the time in which calls were wanted; what is older counts less.
    taken: u64,
    busy: Millis,
    last_call: Millis,
    /// Calls since the last refusal that counted, and between the two before.
    since: u64,
    apart: u64,
    refused_at: Option<Millis>,
    /// Refusals without a success between them, and when the first of them was.
    in_a_row: u32,
    closed_at: Millis,
    /// Longest time lately for which the door stayed closed: the cloud counts at least as long.
    closed_for: Millis,
    /// Refusals that counted, since the pace was last good for a step.
    misses: u32,
    growth: Growth,
}

/// How the pace grows again: in small steps near the limit, then in ever larger ones.
#[derive(Clone, Copy, Debug)]
struct Growth {
    /// The limit is near.
    near: bool,
    /// By how many per cent the next step raises the pace, and the last one has raised it.
    next: u64,
    last: u64,
    /// Steps that went by without a refusal.
    steps: u32,
    calls: u64,
    since: Millis,
    /// The pace of the last of them.
    good: Option<u64>,
}

/// Steps of one per cent near the limit, before they become larger.
const SMALL_STEPS: u32 = 2;
/// The largest step, in per cent.
const LARGEST: u64 = 16;

impl Growth {
    fn new(near: bool, next: u64, now: Millis) -> Self {
        Self { near, next, last: 0, steps: 0, calls: 0, since: now, good: None }
    }

    /// Calls of the step. The first one near the limit is as long as from one refusal to the next: the cloud may count
    /// that long.
    fn length(&self, apart: u64) -> u64 {
        match (self.near, self.steps) {
            (false, _) => STEP_FAR,
            (true, 0) => apart.clamp(STEP_NEAR, 4 * STEP_NEAR),
            (true, 1..=SMALL_STEPS) => STEP_NEAR,
            // It is not where it was.
            (true, _) => STEP_FAR,
        }
    }

    /// A step at this pace has gone by; says by how many per cent to raise it.
    fn pass(&mut self, pace: u64, now: Millis) -> u64 {
        self.good = Some(pace);
        (self.calls, self.since) = (0, now);
        self.steps += 1;
        self.last = self.next;
        self.next = match (self.near, self.steps) {
            // Halving the distance to where it was too much.
            (true, 0..=SMALL_STEPS) => (self.next / 2).max(1),
            _ => (self.next * 2).min(LARGEST),
        };
        self.last
    }
}

impl LearnedRate {
    pub(crate) fn new(calls_per_second: u32) -> Self {
        let per_hour = u64::from(calls_per_second.max(1)) * 3_600;
        Self {
            per_hour,
            ceiling: per_hour,
            first: per_hour,
            named_at: 0,
            taken: 0,
            busy: 0,
            last_call: 0,
            since: 0,
            apart: 0,
            refused_at: None,
            in_a_row: 0,
            closed_at: 0,
            closed_for: 0,
            misses: UNKNOWN,
            growth: Growth::new(false, 1, 0),
        }
    }

    pub(crate) fn per_hour(&self) -> u64 {
        self.per_hour
    }

    /// Whether the cloud has refused a call for its pace.
    pub(crate) fn is_learned(&self) -> bool {
        self.refused_at.is_some()
    }

    /// What may go out at once after a rest, in milliseconds' worth of calls: a second's worth as long as nothing was
    /// refused, since then a little of it, as the limit may count short times.
    pub(crate) fn burst(&self) -> Millis {
        if self.is_learned() { 50 } else { 1_000 }
    }

    /// A call goes out. `waited`: it would have gone sooner if it could have.
    pub(crate) fn called(&mut self, waited: bool, now: Millis) {
        let since = now.saturating_sub(self.last_call);
        self.last_call = now;
        self.busy += if waited { since } else { since.min(3_600_000 / self.per_hour) };
        if self.ceiling < self.first && now >= self.named_at + FORGOTTEN_AFTER {
            self.ceiling = self.first;
        }
        self.growth.calls += 1;
        self.since += 1;
        let age = now.saturating_sub(self.growth.since);
        let enough = self.growth.calls >= self.growth.length(self.apart);
        if (enough && age >= 2 * self.closed_for) || age >= LONGEST_STEP.max(2 * self.closed_for) {
            self.misses = 0;
            if self.per_hour < self.ceiling {
                let more = self.per_hour * self.growth.pass(self.per_hour, now) / 100;
                self.per_hour = (self.per_hour + more).min(self.ceiling);
            } else {
                self.growth = Growth { good: Some(self.per_hour), ..Growth::new(true, 1, now) };
            }
        }
    }

    /// The answer to a call that began at `began` was no refusal for its pace.
    pub(crate) fn taken(&mut self, began: Millis) {
        self.taken += 1;
        if self.in_a_row > 0 && self.refused_at.is_some_and(|at| began >= at) {
            self.in_a_row = 0;
            self.closed_for = (self.closed_for / 2).max(began.saturating_sub(self.closed_at));
        }
    }

    /// The answer to a call that began at `began` was a refusal for its pace: says how long to pause.
    pub(crate) fn refused(&mut self, error: &CallError, began: Millis, now: Millis) -> Millis {
        let asked = error.retry_after.map(|pause| pause.clamp(1, LONGEST_PAUSE));
        // Stay a little below what the text names, since others may use the same allowance.
        let named = error.limit.map(|l| u64::from(l.limit) * 3_600_000 * 97 / 100 / l.per_ms.max(1));
        if let Some(named) = named {
            self.ceiling = named.clamp(SLOWEST, self.first);
            self.named_at = now;
        }
        if self.refused_at.is_some_and(|at| began < at) {
            // Went out before the refusal that has been learned from: the same burst.
            return asked.unwrap_or(0);
        }
        let pause = asked.unwrap_or_else(|| {
            // About as long as the last time, so that few calls find the door still closed.
            (FIRST_PAUSE.max(self.closed_for / 4) << self.in_a_row.min(8)).min(LONGEST_PAUSE)
        });
        self.refused_at = Some(now);
        self.in_a_row += 1;
        if self.in_a_row > 1 {
            // The same allowance is still used up: that says nothing about the pace.
            return pause;
        }
        self.closed_at = now;
        self.apart = std::mem::take(&mut self.since);
        self.slow_down(now);
        pause
    }

    fn slow_down(&mut self, now: Millis) {
        let lower = if let Some(good) = self.growth.good {
            (self.taken, self.busy) = (0, 0);
            self.growth = Growth::new(true, self.growth.last / 2, now);
            good.min(self.per_hour)
        } else {
            self.misses += 1;
            if self.misses < UNKNOWN {
                // Just missed, or much less is taken than before: that shows by and by.
                self.growth = Growth::new(true, 1, now);
                self.per_hour - (self.per_hour << (self.misses - 1)) / 100
            } else {
                let estimate = self.taken * 3_600_000 / self.busy.max(1);
                (self.taken, self.busy) = (self.taken / 2, self.busy / 2);
                self.growth = Growth::new(false, 1, now);
                (self.per_hour * 97 / 100).min(estimate * 98 / 100).max(self.per_hour / 2)
            }
        };
        self.per_hour = lower.max(SLOWEST).min(self.ceiling);
    }
}
