//! What time does to pools: they come up, scale after their queues and at full hours, and vanish.

use std::sync::Arc;

use super::{
    env::Env,
    pool_state::{Pool, RECORDS, ScaleRecord, next_hour},
    state::{Project, Queue},
};
use crate::dli::EpochMillis;

/// Full hours that are looked at one by one after a long silence: as far back as the history of a pool can be read.
const HOURS: i64 = 31 * 24;

/// What comes next in the life of a pool.
enum Event {
    Ready,
    Scaled,
    Gone,
    FullHour,
}

/// Lets all pools catch up with the present.
pub(super) fn advance(project: &mut Project, env: &mut Env) {
    for name in project.pools.names() {
        let Some(pool) = project.pools.get(&name) else { continue };
        if pool.settled >= env.now || next(pool, project, env).is_none() {
            continue;
        }
        let mut pool = Pool::clone(pool);
        while let Some((at, event)) = next(&pool, project, env) {
            pool.settled = at;
            match event {
                Event::Ready => pool.started = true,
                Event::Scaled => scaled(&mut pool, at),
                Event::Gone => {
                    project.pools.put(at, &name, None);
                    break;
                }
                Event::FullHour => {}
            }
            evaluate(&mut pool, project, env, at);
            project.pools.put(at, &name, Some(pool.clone()));
        }
    }
}

/// The next event up to now.
fn next(pool: &Pool, project: &Project, env: &Env) -> Option<(EpochMillis, Event)> {
    let hour = env.config.durations.hour;
    let from = pool.settled.max(env.now - HOURS * hour);
    let full = next_hour(from, hour);
    let hourly = pool.range.changes_at().is_some_and(|at| at >= full) || queues(project, &pool.name).next().is_some();
    let ready = (!pool.started && pool.failure.is_none()).then_some((pool.ready_at, Event::Ready));
    let scaled = pool.scaling.map(|(at, _)| (at, Event::Scaled));
    let gone = pool.leaving.map(|at| (at, Event::Gone));
    let full = hourly.then_some((full, Event::FullHour));
    [gone, ready, scaled, full].into_iter().flatten().min_by_key(|(at, _)| *at).filter(|(at, _)| *at <= env.now)
}

/// The next moment at which something becomes of a pool by itself.
pub(super) fn next_moment(pool: &Pool, hour: i64, now: EpochMillis, has_queues: bool) -> Vec<EpochMillis> {
    let mut moments = vec![pool.ready_at];
    moments.extend(pool.scaling.map(|(at, _)| at));
    moments.extend(pool.leaving);
    if has_queues || pool.range.changes_at().is_some_and(|at| at > now) {
        moments.push(next_hour(now, hour));
    }
    moments
}

fn scaled(pool: &mut Pool, at: EpochMillis) {
    let Some((_, target)) = pool.scaling.take() else { return };
    let (min, max) = *pool.range.in_force(at);
    if target == pool.current {
        return;
    }
    if pool.records.len() >= RECORDS {
        pool.records.pop_front();
    }
    let record = ScaleRecord { at, min, max, origin: pool.current, target, current: target, failure: None };
    pool.records.push_back(record);
    pool.current = target;
}

/// Begins to scale where the queues need another number of units.
pub(super) fn evaluate(pool: &mut Pool, project: &Project, env: &mut Env, at: EpochMillis) {
    if !pool.started || pool.scaling.is_some() || pool.failure.is_some() || pool.leaving.is_some() {
        return;
    }
    let hour = env.config.durations.hour;
    let target = wanted(pool, project, at, hour);
    if target != pool.current {
        pool.scaling = Some((at + env.config.durations.pool_scaling, target));
    }
}

/// Units that the queues of a pool need at a moment (dli_01_0622).
fn wanted(pool: &Pool, project: &Project, at: EpochMillis, hour: i64) -> i64 {
    let (min, max) = *pool.range.in_force(at);
    let sum: i64 = queues(project, &pool.name).map(|queue| queue.bounds(at, hour).1).sum();
    let exact = sum.min(max).max(min);
    (exact + 15).div_euclid(16) * 16
}

/// Looks at a pool again after its queues have changed.
pub(super) fn reconsider(project: &mut Project, env: &mut Env, name: &str) {
    let Some(pool) = project.pools.get(name) else { return };
    let (name, mut pool) = (Arc::clone(&pool.name), Pool::clone(pool));
    evaluate(&mut pool, project, env, env.now);
    project.pools.put(env.now, &name, Some(pool));
}

/// The queues that live in a pool.
pub(super) fn queues<'a>(project: &'a Project, pool: &'a str) -> impl Iterator<Item = &'a Queue> {
    project.queues.values().map(|queue| &**queue).filter(move |queue| queue.pool.as_deref() == Some(pool))
}
