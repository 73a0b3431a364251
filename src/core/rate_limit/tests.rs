//! The limiter against clouds that count calls, in simulated time.

use std::collections::BTreeMap;

use super::*;
use crate::{
    core::{records::backoff::jitter, seam::ObjectKind},
    dli::{Applied, LearnedLimit, LimitScope},
};

fn key(n: u64) -> ObjectKey {
    ObjectKey::new(ObjectKind::Queue, "ns", &n.to_string())
}

/// A cloud that takes so many calls in each window of time.
struct Cloud {
    /// Calls in a window, by time.
    limit: fn(Millis) -> u64,
    window: Millis,
    named: bool,
    retry_after: bool,
    used: BTreeMap<Millis, u64>,
}

impl Cloud {
    fn new(limit: fn(Millis) -> u64, window: Millis) -> Self {
        Self { limit, window, named: false, retry_after: false, used: BTreeMap::new() }
    }

    fn take(&mut self, now: Millis) -> Result<(), CallError> {
        let limit = (self.limit)(now);
        let used = self.used.entry(now / self.window).or_default();
        if *used < limit {
            *used += 1;
            return Ok(());
        }
        Err(CallError {
            class: ErrorClass::Throttled,
            applied: Applied::No,
            cause: Cause::Answer,
            status: Some(429),
            code: None,
            message: String::new(),
            request_id: None,
            retry_after: self.retry_after.then_some(self.window - now % self.window),
            limit: self.named.then_some(LearnedLimit {
                scope: LimitScope::User,
                limit: limit as u32,
                per_ms: self.window,
            }),
        })
    }

    /// What it would have taken between two moments at the ends of windows.
    fn allowance(&self, from: Millis, to: Millis) -> u64 {
        (from / self.window..to / self.window).map(|window| (self.limit)(window * self.window)).sum()
    }
}

enum Event {
    /// A pass asks for a turn.
    Ask(u64),
    /// Its call begins, arrives, and is answered.
    Begin(u64),
    Arrive(u64, Millis),
    Answer(u64, Millis, Result<(), CallError>),
}

/// Taken and refused calls by second.
#[derive(Default)]
struct Log {
    taken: BTreeMap<Millis, u64>,
    refused: BTreeMap<Millis, u64>,
}

impl Log {
    fn sum(map: &BTreeMap<Millis, u64>, from: Millis, to: Millis) -> u64 {
        map.range(from / 1_000..to / 1_000).map(|(_, count)| count).sum()
    }

    /// What happened, minute by minute.
    fn story(&self) -> String {
        let minutes = self.taken.keys().next_back().map_or(0, |second| second / 60);
        let of = |map| (0..=minutes).map(|m| Self::sum(map, m * MINUTE, (m + 1) * MINUTE)).collect::<Vec<_>>();
        format!("taken by minute {:?}, refused {:?}", of(&self.taken), of(&self.refused))
    }

    /// Goodput in parts of the allowance, and refused calls in parts of all, in thousandths.
    fn judge(&self, cloud: &Cloud, from: Millis, to: Millis) -> (u64, u64) {
        let (taken, refused) = (Self::sum(&self.taken, from, to), Self::sum(&self.refused, from, to));
        (taken * 1_000 / cloud.allowance(from, to).max(1), refused * 1_000 / (taken + refused).max(1))
    }
}

/// Passes that each want one call, as the shell and the cloud play them: a write of the API server between turn and
/// call, and times on the way that vary. `wanted` says how many of them there are at a time.
fn play(cloud: &mut Cloud, limiter: &mut RateLimiter, wanted: fn(Millis) -> u64, end: Millis) -> Log {
    play_passes(cloud, limiter, wanted, 1, end)
}

/// The same with passes that each make so many calls, one after the other.
fn play_passes(
    cloud: &mut Cloud,
    limiter: &mut RateLimiter,
    wanted: fn(Millis) -> u64,
    calls: u64,
    end: Millis,
) -> Log {
    let mut left: BTreeMap<u64, u64> = BTreeMap::new();
    let mut events: BTreeMap<(Millis, u64), Event> = BTreeMap::new();
    let mut log = Log::default();
    // When each pass comes next: a call to come sooner takes the place of the later time.
    let mut comes: BTreeMap<u64, Millis> = BTreeMap::new();
    let (mut number, mut made, mut open) = (0, 0, 0);
    let mut now = 0;
    while now < end {
        let mut put = |at: Millis, event: Event| {
            number += 1;
            events.insert((at, number), event);
        };
        if now.is_multiple_of(100) {
            while open < wanted(now) {
                made += 1;
                open += 1;
                comes.insert(made, now);
                put(now, Event::Ask(made));
            }
        }
        while let Some(entry) = events.first_entry().filter(|entry| entry.key().0 <= now) {
            let event = entry.remove();
            let mut put = |after: Millis, event: Event| {
                number += 1;
                events.insert((now + after, number), event);
            };
            match event {
                Event::Ask(n) if comes.get(&n) != Some(&now) => {}
                Event::Ask(n) => {
                    comes.remove(&n);
                    match limiter.acquire(&key(n), Priority::Create, now) {
                        Ok(()) => put(10 + jitter(n ^ now, 25), Event::Begin(n)),
                        Err(at) => {
                            comes.insert(n, at);
                            put(at - now, Event::Ask(n));
                        }
                    }
                    if let Some(overdue) = limiter.overdue(now) {
                        let n = overdue.name.parse().unwrap();
                        comes.insert(n, now + 1);
                        put(1, Event::Ask(n));
                    }
                }
                Event::Begin(n) => put(5 + jitter(n, 15), Event::Arrive(n, now)),
                Event::Arrive(n, began) => {
                    let answer = cloud.take(now);
                    let count = if answer.is_ok() { &mut log.taken } else { &mut log.refused };
                    *count.entry(now / 1_000).or_default() += 1;
                    put(20 + jitter(n ^ 7, 60), Event::Answer(n, began, answer));
                }
                Event::Answer(n, began, answer) => {
                    limiter.learn(answer.as_ref().err(), began, now);
                    match answer {
                        Ok(()) => {
                            let left = left.entry(n).or_insert(calls);
                            *left -= 1;
                            if *left == 0 {
                                open -= 1;
                                continue;
                            }
                            match limiter.acquire_on_credit(&key(n), Priority::Create, now) {
                                Ok(at) => put(at - now, Event::Begin(n)),
                                Err(at) => {
                                    comes.insert(n, at);
                                    put(at - now, Event::Ask(n));
                                }
                            }
                        }
                        // As a pass does that was told no.
                        Err(error) => {
                            let wait = error.retry_after.unwrap_or(1_000);
                            comes.insert(n, now + wait);
                            put(wait, Event::Ask(n));
                        }
                    }
                }
            }
        }
        now += 1;
    }
    log
}

/// 95 % of what the cloud takes, and at most 1 % refused.
fn holds(name: &str, cloud: &Cloud, log: &Log, from: Millis, to: Millis) {
    let (good, refused) = log.judge(cloud, from, to);
    let story = format!("{name}: {good} thousandths of the limit used, {refused} refused; {}", log.story());
    assert!(good >= 950 && refused <= 10, "{story}");
}

const MINUTE: Millis = 60_000;

/// The answers may or may not name the limit, and may or may not say when to come again.
fn each_way(name: &str, limit: fn(Millis) -> u64, window: Millis, judge: impl Fn(&str, &Cloud, &Log)) {
    for (named, retry_after) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut cloud = Cloud::new(limit, window);
        (cloud.named, cloud.retry_after) = (named, retry_after);
        let log = play(&mut cloud, &mut RateLimiter::new(20), |_| 200, 30 * MINUTE);
        judge(&format!("{name}, named {named}, Retry-After {retry_after}"), &cloud, &log);
    }
}

#[test]
fn an_unknown_limit_is_used_and_rarely_hit() {
    let constant = |name: &str, cloud: &Cloud, log: &Log| {
        // It takes several windows to learn the limit.
        let warm = if cloud.window < MINUTE { 3 } else { 15 };
        holds(name, cloud, log, warm * MINUTE, 30 * MINUTE);
    };
    each_way("10 a second", |_| 10, 1_000, constant);
    each_way("5 a second", |_| 5, 1_000, constant);
    each_way("300 a minute", |_| 300, MINUTE, constant);
    each_way("120 a minute", |_| 120, MINUTE, constant);
    each_way("40 in 10 s", |_| 40, 10_000, constant);
}

/// Two calls at once would be one too many where the cloud counts seconds.
#[test]
fn passes_of_several_calls_keep_a_limit_of_a_short_time() {
    for calls in [2, 3] {
        let mut cloud = Cloud::new(|_| 5, 1_000);
        let log = play_passes(&mut cloud, &mut RateLimiter::new(20), |_| 200, calls, 30 * MINUTE);
        holds(&format!("{calls} calls a pass"), &cloud, &log, 3 * MINUTE, 30 * MINUTE);
    }
}

#[test]
fn a_limit_that_is_halved_for_a_while_is_followed() {
    let halved = |now: Millis| if (10 * MINUTE..20 * MINUTE).contains(&now) { 5 } else { 10 };
    each_way("halved", halved, 1_000, |name, cloud, log| {
        holds(&format!("{name}, before"), cloud, log, 3 * MINUTE, 10 * MINUTE);
        holds(&format!("{name}, in it"), cloud, log, 13 * MINUTE, 20 * MINUTE);
        if !cloud.named {
            // A limit that was named counts for ten minutes.
            holds(&format!("{name}, after it"), cloud, log, 24 * MINUTE, 30 * MINUTE);
        }
    });
}

/// Few calls tell little, so it takes minutes to find that more than twice as many are taken again.
#[test]
fn a_limit_that_rises_again_is_found() {
    let lowered = |now: Millis| if (10 * MINUTE..20 * MINUTE).contains(&now) { 2 } else { 5 };
    each_way("lowered", lowered, 1_000, |name, cloud, log| {
        holds(&format!("{name}, in it"), cloud, log, 12 * MINUTE, 20 * MINUTE);
        if !cloud.named {
            holds(&format!("{name}, after it"), cloud, log, 26 * MINUTE, 30 * MINUTE);
        }
    });
}

#[test]
fn a_burst_after_a_rest_stays_within_what_was_learned() {
    let mut cloud = Cloud::new(|_| 10, 1_000);
    let bursts = |now: Millis| if now < 5 * MINUTE || now % (2 * MINUTE) > MINUTE { 200 } else { 0 };
    let log = play(&mut cloud, &mut RateLimiter::new(20), bursts, 15 * MINUTE);
    for minute in [7, 9, 11, 13] {
        let name = format!("minute {minute}");
        holds(&name, &cloud, &log, minute * MINUTE + 1_000, (minute + 1) * MINUTE);
    }
}

#[test]
fn refusals_that_last_do_not_ruin_the_pace() {
    // Somebody else uses up everything for ten seconds.
    let robbed = |now: Millis| if (5 * MINUTE..5 * MINUTE + 10_000).contains(&now) { 0 } else { 10 };
    let mut cloud = Cloud::new(robbed, 1_000);
    let log = play(&mut cloud, &mut RateLimiter::new(20), |_| 200, 10 * MINUTE);
    let refused = Log::sum(&log.refused, 5 * MINUTE, 5 * MINUTE + 12_000);
    assert!(refused <= 12, "{refused} calls against a closed door");
    holds("after it", &cloud, &log, 7 * MINUTE, 10 * MINUTE);
}

#[test]
fn without_refusals_the_configured_rate_is_kept() {
    let mut cloud = Cloud::new(|_| u64::MAX, 1_000);
    let log = play(&mut cloud, &mut RateLimiter::new(20), |_| 500, 2 * MINUTE);
    let taken = Log::sum(&log.taken, 0, 2 * MINUTE);
    assert!((2_380..=2_421).contains(&taken), "{taken} calls in two minutes");
}
