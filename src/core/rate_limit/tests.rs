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
                    match limiter.take(&key(n), Priority::Create, now) {
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
                            match limiter.go_on(&key(n), Priority::Create, now) {
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

/// Many passes of several calls each: all come to an end, and at the rate.
#[test]
fn passes_of_several_calls_all_end_and_keep_the_rate() {
    const PASSES: u64 = 60;
    const CALLS: usize = 4;
    let mut limiter = RateLimiter::new(20);
    let mut next: BTreeMap<u64, Millis> = (0..PASSES).map(|n| (n, 10_000)).collect();
    let mut sent = Vec::new();
    let mut now = 10_000;
    while !next.is_empty() {
        let due: Vec<u64> = next.iter().filter(|(_, at)| **at <= now).map(|(n, _)| *n).collect();
        for n in due {
            match limiter.take(&key(n), Priority::Create, now) {
                Ok(()) => {
                    sent.push(now);
                    for _ in 1..CALLS {
                        assert_eq!(limiter.go_on(&key(n), Priority::Create, now), Ok(now), "nothing was refused yet");
                        sent.push(now);
                    }
                    next.remove(&n);
                }
                Err(at) => drop(next.insert(n, at)),
            }
        }
        now += 1;
        assert!(now < 60_000, "{} passes never end", next.len());
    }
    // A second's worth at once, the rest evenly, and at most one pass beyond.
    for (count, at) in sent.iter().enumerate() {
        let allowed = 20 + (at - 10_000) * 20 / 1_000 + CALLS as u64;
        assert!(count as u64 <= allowed, "{count} calls in {} ms", at - 10_000);
    }
    let took = sent.last().map_or(0, |at| at - 10_000);
    assert!((10_500..=12_000).contains(&took), "{took} ms for {} calls", sent.len());
}

#[test]
fn a_pause_holds_for_those_that_go_on_too() {
    let mut limiter = RateLimiter::new(20);
    assert_eq!(limiter.take(&key(1), Priority::Create, 5_000), Ok(()));
    limiter.paused_until = 7_000;
    let Err(at) = limiter.go_on(&key(1), Priority::Create, 5_001) else { panic!("it went on") };
    assert!((7_000..7_010).contains(&at), "told to come at {at}");
    assert_eq!(limiter.take(&key(1), Priority::Create, at), Ok(()));
}

/// Passes of these urgencies that all come at once and come again when they are told to: in which order they are served.
fn order(urgencies: &[Priority], arrivals: impl Fn(u64) -> Millis) -> Vec<(u64, Millis)> {
    let mut limiter = RateLimiter::new(1);
    limiter.credit = 0;
    limiter.filled_at = 1_000;
    let mut next: BTreeMap<u64, Millis> = (0..urgencies.len() as u64).map(|n| (n, 1_000 + arrivals(n))).collect();
    let mut served = Vec::new();
    let mut now = 1_000;
    while !next.is_empty() {
        let due: Vec<u64> = next.iter().filter(|(_, at)| **at <= now).map(|(n, _)| *n).collect();
        for n in due {
            match limiter.take(&key(n), urgencies[n as usize], now) {
                Ok(()) => {
                    next.remove(&n);
                    served.push((n, now));
                }
                Err(at) => drop(next.insert(n, at)),
            }
            if let Some(overdue) = limiter.overdue(now) {
                next.insert(overdue.name.parse().unwrap(), now + 1);
            }
        }
        now += 1;
        assert!(now < 10 * MINUTE, "{next:?} never come to their turn");
    }
    served
}

#[test]
fn the_more_urgent_go_first_and_equals_in_order_of_arrival() {
    use Priority::{Create, Delete, Edit, Read};
    let urgencies = [Create, Create, Create, Read, Create, Edit, Delete];
    // The last two come when the others have been waiting for a while.
    let served = order(&urgencies, |n| if n < 5 { n } else { 1_500 });
    let position = |n: u64| served.iter().position(|(served, _)| *served == n).unwrap();
    assert!(position(0) < position(1) && position(1) < position(2) && position(2) < position(4), "{served:?}");
    assert!(position(6) <= 2 && position(5) <= 3, "a deletion and an edit overtake: {served:?}");
    assert!(position(3) > position(2), "reads come after creates: {served:?}");
}

#[test]
fn a_list_is_read_in_five_minutes_whatever_waits() {
    let mut urgencies = vec![Priority::Create; 400];
    urgencies[10] = Priority::List;
    let served = order(&urgencies, |_| 0);
    let (_, at) = served.iter().find(|(n, _)| *n == 10).unwrap();
    assert!(*at <= 300_000, "after {at} ms");
    assert_eq!(served.len(), 400);
}

#[test]
fn who_never_comes_holds_up_nobody() {
    let mut limiter = RateLimiter::new(1);
    for n in 0..5 {
        let _ = limiter.take(&key(n), Priority::Delete, 1_000);
    }
    // Those have gone without a word; one that comes later has its turn all the same.
    let mut at = 2_000;
    let came = at;
    while let Err(again) = limiter.take(&key(9), Priority::Create, at) {
        at = again;
        assert!(at < came + 2 * MINUTE, "waits for somebody who is not there");
    }
}

#[test]
fn who_came_once_and_not_again_holds_up_nobody() {
    let mut limiter = RateLimiter::new(10);
    limiter.credit = 0;
    limiter.filled_at = 1_000;
    // The first has come in its time and found nothing; what it wanted has been settled otherwise.
    let Err(told) = limiter.take(&key(1), Priority::Delete, 1_000) else { panic!("there was no turn") };
    let mut at = told + 1;
    while let Err(again) = limiter.take(&key(2), Priority::Create, at) {
        at = again;
        assert!(at < told + 3_000, "waits for somebody who does not come");
    }
}

#[test]
fn a_rate_that_rises_calls_those_who_were_told_to_come_later() {
    let mut limiter = RateLimiter::new(10);
    limiter.credit = 0;
    limiter.filled_at = 1_000;
    for n in 0..20 {
        let _ = limiter.take(&key(n), Priority::Create, 1_000);
    }
    for n in 0..10 {
        limiter.forget(&key(n));
    }
    assert_eq!(limiter.overdue(1_050), None, "there is no turn yet");
    limiter.fill(1_150);
    assert_eq!(limiter.overdue(1_150), Some(key(10)));
    assert_eq!(limiter.take(&key(10), Priority::Create, 1_151), Ok(()));
}
