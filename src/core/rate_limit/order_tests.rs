//! In which order passes get their permits.

use std::collections::BTreeMap;

use super::*;
use crate::core::seam::ObjectKind;

const MINUTE: Millis = 60_000;

fn key(n: u64) -> ObjectKey {
    ObjectKey::new(ObjectKind::Queue, "ns", &n.to_string())
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
            match limiter.acquire(&key(n), Priority::Create, now) {
                Ok(()) => {
                    sent.push(now);
                    for _ in 1..CALLS {
                        assert_eq!(
                            limiter.acquire_on_credit(&key(n), Priority::Create, now),
                            Ok(now),
                            "nothing was refused yet"
                        );
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
    assert_eq!(limiter.acquire(&key(1), Priority::Create, 5_000), Ok(()));
    limiter.paused_until = 7_000;
    let Err(at) = limiter.acquire_on_credit(&key(1), Priority::Create, 5_001) else { panic!("it went on") };
    assert!((7_000..7_010).contains(&at), "told to come at {at}");
    assert_eq!(limiter.acquire(&key(1), Priority::Create, at), Ok(()));
}

/// Passes of these priorities that all come at once and come again when they are told to: in which order they are served.
fn order(priorities: &[Priority], arrivals: impl Fn(u64) -> Millis) -> Vec<(u64, Millis)> {
    let mut limiter = RateLimiter::new(1);
    limiter.credit = 0;
    limiter.filled_at = 1_000;
    let mut next: BTreeMap<u64, Millis> = (0..priorities.len() as u64).map(|n| (n, 1_000 + arrivals(n))).collect();
    let mut served = Vec::new();
    let mut now = 1_000;
    while !next.is_empty() {
        let due: Vec<u64> = next.iter().filter(|(_, at)| **at <= now).map(|(n, _)| *n).collect();
        for n in due {
            match limiter.acquire(&key(n), priorities[n as usize], now) {
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
    let priorities = [Create, Create, Create, Read, Create, Edit, Delete];
    // The last two come when the others have been waiting for a while.
    let served = order(&priorities, |n| if n < 5 { n } else { 1_500 });
    let position = |n: u64| served.iter().position(|(served, _)| *served == n).unwrap();
    assert!(position(0) < position(1) && position(1) < position(2) && position(2) < position(4), "{served:?}");
    assert!(position(6) <= 2 && position(5) <= 3, "a deletion and an edit overtake: {served:?}");
    assert!(position(3) > position(2), "reads come after creates: {served:?}");
}

#[test]
fn a_list_is_read_in_five_minutes_whatever_waits() {
    let mut priorities = vec![Priority::Create; 400];
    priorities[10] = Priority::List;
    let served = order(&priorities, |_| 0);
    let (_, at) = served.iter().find(|(n, _)| *n == 10).unwrap();
    assert!(*at <= 300_000, "after {at} ms");
    assert_eq!(served.len(), 400);
}

#[test]
fn who_never_comes_holds_up_nobody() {
    let mut limiter = RateLimiter::new(1);
    for n in 0..5 {
        let _ = limiter.acquire(&key(n), Priority::Delete, 1_000);
    }
    // Those have gone without a word; one that comes later has its turn all the same.
    let mut at = 2_000;
    let came = at;
    while let Err(again) = limiter.acquire(&key(9), Priority::Create, at) {
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
    let Err(told) = limiter.acquire(&key(1), Priority::Delete, 1_000) else { panic!("there was no turn") };
    let mut at = told + 1;
    while let Err(again) = limiter.acquire(&key(2), Priority::Create, at) {
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
        let _ = limiter.acquire(&key(n), Priority::Create, 1_000);
    }
    for n in 0..10 {
        limiter.forget(&key(n));
    }
    assert_eq!(limiter.overdue(1_050), None, "there is no turn yet");
    limiter.fill(1_150);
    assert_eq!(limiter.overdue(1_150), Some(key(10)));
    assert_eq!(limiter.acquire(&key(10), Priority::Create, 1_151), Ok(()));
}
