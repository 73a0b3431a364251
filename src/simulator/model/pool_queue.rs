//! Queues in a pool: move in, list, scaling policies, and the pool's history (dli_02_0331, 0330, 0332, 0336).

use std::sync::Arc;

use serde::Deserialize;

use super::{
    answers::{AssociateTwice, HetuMinimum, PolicyMaxStep, PoolMaxRule},
    env::Env,
    errors::Refusal,
    input::{self, Flag, Int},
    json::Json,
    lagging::Eye,
    outcome::Done,
    pool_state::{Hourly, Pool, ScalingPolicy},
    pool_time::{queues, reconsider},
    state::{Project, Queue},
};
use crate::dli::HttpRequest;

fn bad<T>(text: &str) -> Result<T, Refusal> {
    Err(Refusal::parameter(format!("Parameter check failed: {text}")))
}

/// Whether a range fits the queues of a pool, one of them changed: the sum of minima, and each maximum.
pub(super) fn fits(
    project: &Project,
    env: &Env,
    pool: &Pool,
    (min, max): (i64, i64),
    changed: Option<(&str, &[ScalingPolicy])>,
) -> Result<(), Refusal> {
    let others = queues(project, &pool.name).filter(|queue| changed.is_none_or(|(name, _)| *queue.name != *name));
    let mut all: Vec<&[ScalingPolicy]> = others.map(|queue| &*queue.policies.asked).collect();
    all.extend(changed.map(|(_, policies)| policies));
    let extreme =
        |policies: &[ScalingPolicy], of: fn(&ScalingPolicy) -> i64| policies.iter().map(of).max().unwrap_or(0);
    let sum: i64 = all.iter().map(|policies| extreme(policies, |p| p.min)).sum();
    if sum > min {
        let text = format!("the sum of the min_cu of all queues, {sum}, exceeds the min_cu of the pool, {min}");
        return Err(env.unfit(&text));
    }
    let maxima = all.iter().map(|policies| extreme(policies, |p| p.max));
    let most = match env.config.answers.pool_max_rule {
        PoolMaxRule::Any => maxima.max().unwrap_or(0),
        PoolMaxRule::Sum => maxima.sum(),
    };
    if most > max {
        return Err(env.unfit(&format!("the max_cu of the queues, {most}, exceeds that of the pool, {max}")));
    }
    Ok(())
}

/// Checks a new queue of a pool; its fewest units are not those of a standalone one.
pub(super) fn admit(project: &Project, env: &Env, pool: &str, new: &Queue) -> Result<Arc<str>, Refusal> {
    let pool = project.live_pool(env, pool)?;
    pool.available(env)?;
    let cu = *new.cu.get();
    let least = match (&*new.kind, &*new.engine, env.config.answers.hetu_minimum) {
        (_, "hetuEngine", HetuMinimum::Large) => 96,
        (_, "hetuEngine", HetuMinimum::Small) => 16,
        ("general", ..) => 4,
        _ => 8,
    };
    if cu < least || cu % 4 != 0 {
        return Err(env.unfit(&format!("cu_count must be a multiple of 4 and at least {least}")));
    }
    fits(project, env, pool, pool.range.asked, Some((&new.name, &[ScalingPolicy::first(cu)])))?;
    Ok(Arc::clone(&pool.name))
}

/// Body of the association.
#[derive(Debug, Deserialize)]
struct Associate {
    queue_name: Option<String>,
}

/// Moves a standalone queue into a pool; there is no way back.
pub(super) fn associate(
    project: &mut Project,
    env: &mut Env,
    pool: &str,
    request: &HttpRequest,
) -> Result<Done, Refusal> {
    let body: Associate = input::body(request)?;
    let name = input::required(body.queue_name, "queue_name")?;
    let pool = Arc::clone(project.live_pool(env, pool)?);
    let queue = project.queue(&name).ok_or_else(|| env.missing_queue(&name))?;
    match &queue.pool {
        Some(other) if *other == pool.name && env.config.answers.associate_twice == AssociateTwice::Success => {
            return Ok(Done::ok(env.success("")));
        }
        Some(other) => {
            let text = format!("The queue {name} is in the elastic resource pool {other}.");
            return Err(env.unable(text));
        }
        None => {}
    }
    pool.available(env)?;
    if queue.resource_mode != 1 || queue.charging_mode != 1 {
        return Err(env.unable(format!("The queue {name} is not a dedicated pay-per-use queue.")));
    }
    if queue.enterprise_project_id != pool.enterprise_project_id {
        return Err(env.unable(format!("The queue {name} is in another enterprise project.")));
    }
    queue.ready(env)?;
    if queue.busy {
        return Err(env.busy(format!("The queue {name} runs jobs.")));
    }
    let cu = queue.cu_seen(Eye::Now(env.now));
    let policies = [ScalingPolicy::first(cu)];
    fits(project, env, &pool, pool.range.asked, Some((&queue.name, &policies)))?;
    let name = Arc::clone(&queue.name);
    project.change_queue(env, &name, |queue| {
        queue.pool = Some(Arc::clone(&pool.name));
        queue.policies = Hourly::new(policies.as_slice().into());
    });
    reconsider(project, env, &pool.name);
    Ok(Done::ok(env.success("")))
}

/// Lists the queues of a pool. `offset` counts only beside `limit`, as clients have found.
pub(super) fn list(project: &Project, env: &Env, pool: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let pool = project.live_pool(env, pool)?;
    let (limit, offset) = input::pool_page(env, request)?;
    let offset = if input::query(request, "limit").is_some() { offset } else { 0 };
    let part = input::query(request, "queue_name").unwrap_or_default().to_ascii_lowercase();
    let found: Vec<&Queue> = queues(project, &pool.name).filter(|queue| queue.name.contains(&*part)).collect();
    let mut json = env.success("");
    json.number("count", found.len() as i64).open_list("queues");
    for queue in found.into_iter().skip(offset).take(limit.min(env.keep.unwrap_or(usize::MAX))) {
        json.open_item()
            .text("queue_name", &queue.name)
            .text("enterprise_project_id", &pool.enterprise_project_id)
            .text("queue_type", &queue.kind)
            .text("owner", &env.config.domain_name)
            .integer("create_time", queue.create_time)
            .text("engine", &queue.engine)
            .open_list("queue_scaling_policies");
        for policy in queue.policies.shown(env, env.now).iter() {
            show(&mut json, policy);
        }
        json.close_list().close_object();
    }
    json.close_list();
    Ok(Done::ok(json))
}

fn show(json: &mut Json, policy: &ScalingPolicy) {
    json.open_item()
        .number("priority", policy.priority)
        .text("impact_start_time", &format!("{:02}:00", policy.start))
        .text("impact_stop_time", &format!("{:02}:00", policy.stop))
        .number("min_cu", policy.min)
        .number("max_cu", policy.max);
    if let Some(inherit) = policy.inherit {
        json.flag("inherit_elastic_resource_pool_max_cu", inherit);
    }
    json.close_object();
}

/// Body of the policies call (dli_02_0332).
#[derive(Debug, Deserialize)]
struct Policies {
    queue_scaling_policies: Option<Vec<PolicyBody>>,
}

#[derive(Debug, Deserialize)]
struct PolicyBody {
    priority: Option<Int>,
    impact_start_time: Option<String>,
    impact_stop_time: Option<String>,
    min_cu: Option<Int>,
    max_cu: Option<Int>,
    inherit_elastic_resource_pool_max_cu: Option<Flag>,
}

/// Replaces the scaling policies of a queue; they act from the next full hour on.
pub(super) fn set_policies(
    project: &mut Project,
    env: &mut Env,
    pool: &str,
    name: &str,
    request: &HttpRequest,
) -> Result<Done, Refusal> {
    let body: Policies = input::body(request)?;
    let pool = project.live_pool(env, pool)?;
    let queue = project.queue(name).filter(|queue| queue.pool.as_ref() == Some(&pool.name));
    let queue = queue.ok_or_else(|| env.missing_queue(name))?;
    let Some(list) = body.queue_scaling_policies else { return bad("queue_scaling_policies is required") };
    let policies = list.into_iter().map(|policy| read(env, policy, pool)).collect::<Result<Vec<_>, _>>()?;
    check(&policies)?;
    queue.ready(env)?;
    fits(project, env, pool, pool.range.asked, Some((&queue.name, &policies)))?;
    let name = Arc::clone(&queue.name);
    let (now, hour) = (env.now, env.config.durations.hour);
    project.change_queue(env, &name, |queue| queue.policies.ask(policies.into(), now, hour));
    Ok(Done::ok(env.success("")))
}

fn read(env: &Env, body: PolicyBody, pool: &Pool) -> Result<ScalingPolicy, Refusal> {
    let hour = |time: Option<String>| -> Option<i64> {
        let time = time?;
        let (hour, minute) = time.split_once(':')?;
        (minute == "00" && hour.len() == 2).then(|| hour.parse().ok())?.filter(|hour| (0..=24).contains(hour))
    };
    let (Some(start), Some(stop)) = (hour(body.impact_start_time), hour(body.impact_stop_time)) else {
        return bad("impact_start_time and impact_stop_time must have the form HH:00");
    };
    let Some(Int(priority @ 1..=100)) = body.priority else { return bad("priority must be from 1 to 100") };
    let (Some(Int(min)), Some(Int(max))) = (body.min_cu, body.max_cu) else {
        return bad("min_cu and max_cu are required");
    };
    let inherit = body.inherit_elastic_resource_pool_max_cu.map(|Flag(inherit)| inherit);
    let max = if inherit == Some(true) { pool.range.asked.1 } else { max };
    if min < 0 || min % 4 != 0 || max % 4 != 0 || max < min {
        return bad("min_cu and max_cu must be multiples of 4, and max_cu not less than min_cu");
    }
    if env.config.answers.policy_max_step == PolicyMaxStep::Sixteen && !pool.is_basic() && max % 16 != 0 {
        return bad("max_cu must be a multiple of 16");
    }
    if start == stop || start == 24 || stop == 0 {
        return bad("a period must begin before 24:00, end after 00:00, and not be empty");
    }
    Ok(ScalingPolicy { priority, start, stop, min, max, inherit })
}

/// Exactly one policy for the whole day; no hour with two others (dli_02_0332).
fn check(policies: &[ScalingPolicy]) -> Result<(), Refusal> {
    if policies.iter().filter(|policy| policy.is_default()).count() != 1 {
        return bad("there must be exactly one policy from 00:00 to 24:00");
    }
    for hour in 0..24 {
        if policies.iter().filter(|policy| !policy.is_default() && policy.covers(hour)).count() > 1 {
            return bad(&format!("two policies overlap at {hour:02}:00"));
        }
    }
    Ok(())
}

/// A day in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The history of a pool (dli_02_0336): the last 15 days, or 7 days before `end_time`.
pub(super) fn records(project: &Project, env: &Env, pool: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let pool = project.live_pool(env, pool)?;
    let shown = env.now + env.skew;
    let moment = |name: &str| match input::query(request, name) {
        None | Some("") => Ok(None),
        Some(text) => input::unless_bad(env, name, text.parse().ok().filter(|moment| *moment >= 0).map(Some), None),
    };
    let (start, end) = match (moment("start_time")?, moment("end_time")?) {
        (None, None) => (shown - 15 * DAY, shown),
        (None, Some(end)) => (end - 7 * DAY, end),
        (Some(start), end) => (start, end.unwrap_or(shown)),
    };
    if start < shown - 30 * DAY || start > end {
        return bad("start_time must be at most 30 days ago and not after end_time");
    }
    let wanted = match input::query(request, "status") {
        None | Some("") => None,
        Some("success") => Some(true),
        Some("fail") => Some(false),
        Some(_) => input::unless_bad(env, "status", None, None)?,
    };
    let limit = input::query_range(env, request, "limit", 0..=100, 100)?;
    let offset = input::query_number(env, request, "offset", 0, 0)?;
    let found: Vec<_> = pool
        .records
        .iter()
        .filter(|record| (start..=end).contains(&(record.at + env.skew)))
        .filter(|record| wanted.is_none_or(|success| success == record.failure.is_none()))
        .collect();
    // No envelope (dli_02_0336).
    let mut json = env.bare();
    json.number("count", found.len() as i64).open_list("items");
    for record in found.into_iter().skip(offset).take(limit) {
        json.open_item()
            .number("max_cu", record.max)
            .number("min_cu", record.min)
            .number("current_cu", record.current)
            .number("origin_cu", record.origin)
            .number("target_cu", record.target)
            .integer("record_time", record.at + env.skew)
            .text("status", if record.failure.is_none() { "success" } else { "fail" })
            .text("fail_reason", record.failure.as_deref().unwrap_or_default())
            .close_object();
    }
    json.close_list();
    Ok(Done::ok(json))
}
