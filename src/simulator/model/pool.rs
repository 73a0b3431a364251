//! Elastic resource pools: create, list, change, delete (dli_02_0326, 0327, 0329, 0328).

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::{
    answers::{
        DeleteBoundPool, DeletePoolWithQueues, DuplicatePool, HiddenPoolLingers, HiddenPools, ListUpdateLag,
        PoolActualCu, PoolBounds, PoolCuStep, PoolDeleteBody, PoolNameDigit, PoolNames, PoolStatusCase, StrangeLabel,
    },
    binding,
    env::Env,
    errors::Refusal,
    input::{self, Flag, Int, TagBody},
    json::Json,
    lagging::Eye,
    outcome::Done,
    pool_queue,
    pool_state::{Hourly, Pool, is_basic},
    pool_time::{self, queues},
    queue,
    queue_show::carries,
    random::uuid,
    state::{Project, Queue},
};
use crate::dli::HttpRequest;

/// Body of the create call (dli_02_0326).
#[derive(Debug, Deserialize)]
struct Create {
    elastic_resource_pool_name: Option<String>,
    description: Option<String>,
    cidr_in_vpc: Option<String>,
    max_cu: Option<Int>,
    min_cu: Option<Int>,
    charging_mode: Option<Int>,
    enterprise_project_id: Option<String>,
    tags: Option<Vec<TagBody>>,
    label: Option<BTreeMap<String, String>>,
    ipv6_enable: Option<Flag>,
}

fn bad<T>(text: &str) -> Result<T, Refusal> {
    Err(Refusal::parameter(format!("Parameter check failed: {text}")))
}

/// Creates a pool.
pub(super) fn create(project: &mut Project, env: &mut Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Create = input::body(request)?;
    let name = input::required(body.elastic_resource_pool_name, "elastic_resource_pool_name")?;
    let name = input::queue_name(&name).or_else(|_| bad(&format!("the pool name {name} is invalid")))?;
    if name.starts_with(|first: char| first.is_ascii_digit())
        && env.config.answers.pool_name_digit == PoolNameDigit::Refused
    {
        return bad(&format!("the pool name {name} begins with a digit"));
    }
    let description = input::description(env, body.description)?;
    let label = body.label.unwrap_or_default();
    for (key, value) in &label {
        let known = matches!((key.as_str(), value.as_str()), ("spec", "basic") | ("billing_spec_code", "developer"));
        if !known && env.config.answers.strange_label == StrangeLabel::Refused {
            return bad(&format!("the label {key}={value} is not supported"));
        }
    }
    let (Some(Int(min)), Some(Int(max))) = (body.min_cu, body.max_cu) else {
        return bad("min_cu and max_cu are required");
    };
    range(env, is_basic(&label), min, max)?;
    let cidr = body.cidr_in_vpc.filter(|cidr| !cidr.is_empty()).unwrap_or("172.16.0.0/12".into());
    if input::private_block(&cidr).is_none_or(|mask| mask > 19) {
        return bad("cidr_in_vpc must be a private block of at least /19");
    }
    if body.charging_mode.is_some_and(|Int(mode)| mode != 1) {
        return bad("charging_mode must be 1");
    }
    let tags = input::tags(env, body.tags)?;
    free(project, env, &name)?;
    if env.config.quotas.pools.is_some_and(|most| project.pools.values().count() >= most as usize) {
        return Err(Refusal::quota("The quota of elastic resource pools is insufficient."));
    }
    let number = env.number();
    let shown = env.now + env.skew;
    let ready_at = env.now + env.stretch(env.config.durations.pool_creating);
    let pool = Pool {
        name: Arc::clone(&name),
        number: 20_000 + number as i64,
        resource_id: uuid(env.config.seed, 5, number).into(),
        created: env.now,
        create_time: shown,
        update_time: shown,
        description: description.into(),
        range: Hourly::new((min, max)),
        cidr: cidr.into(),
        enterprise_project_id: body.enterprise_project_id.filter(|id| !id.is_empty()).unwrap_or("0".into()).into(),
        label,
        ipv6: body.ipv6_enable == Some(Flag(true)),
        tags: tags.into(),
        ready_at,
        scaling: None,
        current: min,
        failure: None,
        leaving: None,
        settled: env.now,
        started: false,
        records: std::collections::VecDeque::new(),
    };
    project.pools.put(env.now, &name, Some(pool));
    env.touched = true;
    let mut json = env.success("Success to create elastic resource pool");
    json.text("elastic_resource_pool_name", &name);
    Ok(Done::ok(json))
}

/// Rules of a pool's units that need no queues.
fn range(env: &Env, basic: bool, min: i64, max: i64) -> Result<(), Refusal> {
    let (least, most) = if basic { (16, 64) } else { (64, 32_000) };
    if !(least..=most).contains(&min) || !(least..=most).contains(&max) {
        return bad(&format!("min_cu and max_cu must be from {least} to {most}"));
    }
    let greater = env.config.answers.pool_bounds == PoolBounds::Greater;
    if max < min || (greater && max == min) {
        return bad("max_cu must not be less than min_cu");
    }
    if env.config.answers.pool_cu_step == PoolCuStep::Sixteen && (min % 16 != 0 || max % 16 != 0) {
        return bad("min_cu and max_cu must be multiples of 16");
    }
    Ok(())
}

/// Whether a pool can have a name.
fn free(project: &Project, env: &Env, name: &str) -> Result<(), Refusal> {
    let answers = &env.config.answers;
    let exists = format!("The elastic resource pool {name} already exists.");
    if project.pools.get(name).is_some() {
        return Err(match answers.duplicate_pool {
            DuplicatePool::Exists => Refusal::exists(exists),
            DuplicatePool::Parameter => Refusal::parameter(exists),
        });
    }
    let standalone = |queue: &Queue| *queue.name == *name && queue.pool.is_none();
    if answers.pool_names == PoolNames::Shared && project.queues.values().any(|queue| standalone(queue)) {
        return Err(Refusal::exists(exists));
    }
    let left = |queue: &Arc<Queue>| {
        standalone(queue) && queue.list_until.is_some_and(|until| env.now < until + env.config.durations.pool_deleting)
    };
    if answers.hidden_pool_lingers == HiddenPoolLingers::Blocks && project.gone.iter().any(left) {
        return Err(Refusal::exists(exists));
    }
    Ok(())
}

/// Lists pools.
pub(super) fn list(project: &Project, env: &Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let answers = &env.config.answers;
    let (limit, offset) = input::pool_page(env, request)?;
    let name = input::query(request, "name").unwrap_or_default().to_ascii_lowercase();
    let given = input::query(request, "status").unwrap_or_default();
    let status = given.to_ascii_uppercase();
    if given != status && answers.pool_status_case == PoolStatusCase::Upper {
        return bad("status is invalid");
    }
    let known = matches!(&*status, "" | "CREATING" | "AVAILABLE" | "SCALING" | "FAILED");
    let status = input::unless_bad(env, "status", known.then_some(status), String::new())?;
    let filter = input::tag_filter(env, request)?;
    let lag = if answers.list_update_lag == ListUpdateLag::Late { env.config.durations.list_lag } else { 0 };
    let mut pools = project.pools.at(env.now - env.stale_by - lag);
    if env.stale_by == 0 {
        // Clients read the list right after they have created a pool, and find it.
        for pool in project.pools.values() {
            pools.entry(Arc::clone(&pool.name)).or_insert_with(|| Arc::clone(pool));
        }
    }
    let mut shown: Vec<&Arc<Pool>> = pools
        .values()
        .filter(|pool| pool.name.contains(&*name) && (status.is_empty() || pool.status() == status))
        .filter(|pool| carries(env, &pool.tags, &filter))
        .collect();
    shown.sort_by_key(|pool| pool.number);
    let hidden: Vec<&Arc<Queue>> = match answers.hidden_pools {
        HiddenPools::Listed => project.queues.values().filter(|queue| is_hidden_pool(queue, &name, &status)).collect(),
        HiddenPools::Unlisted => Vec::new(),
    };
    let mut json = env.success("");
    json.number("count", (shown.len() + hidden.len()) as i64).open_list("elastic_resource_pools");
    let keep = limit.min(env.keep.unwrap_or(usize::MAX));
    let total = shown.len();
    for pool in shown.into_iter().skip(offset).take(keep) {
        item(&mut json, pool, project, env);
    }
    let room = keep.saturating_sub(total.saturating_sub(offset));
    for queue in hidden.into_iter().skip(offset.saturating_sub(total)).take(room) {
        hidden_item(&mut json, queue, env);
    }
    json.close_list();
    Ok(Done::ok(json))
}

fn is_hidden_pool(queue: &Queue, name: &str, status: &str) -> bool {
    queue.charging_mode != 0 && queue.pool.is_none() && queue.name.contains(name) && matches!(status, "" | "AVAILABLE")
}

fn item(json: &mut Json, pool: &Pool, project: &Project, env: &Env) {
    let (min, max) = *pool.range.shown(env, env.now);
    let names: Vec<&Arc<str>> = queues(project, &pool.name).map(|queue| &queue.name).collect();
    let actual = match env.config.answers.pool_actual_cu {
        // Allocated units mean something only once there are queues.
        PoolActualCu::Allocated if names.is_empty() => 0,
        PoolActualCu::Allocated | PoolActualCu::Current => pool.current,
    };
    json.open_item()
        .integer("id", pool.number)
        .text("elastic_resource_pool_name", &pool.name)
        .text("resource_id", &pool.resource_id)
        .text("owner", &env.config.domain_name)
        .text("manager", "")
        .text("description", &pool.description)
        .number("max_cu", max)
        .number("min_cu", min)
        .number("actual_cu", actual)
        .number("current_cu", pool.current)
        .number("prepay_cu", 0)
        .text("cidr_in_vpc", &pool.cidr)
        .integer("create_time", pool.create_time)
        .integer("update_time", pool.update_time)
        .text("status", pool.status())
        .text("fail_reason", pool.failure.as_deref().unwrap_or_default())
        .text("enterprise_project_id", &pool.enterprise_project_id)
        .number("charging_mode", 1)
        .flag("ipv6_enable", pool.ipv6)
        .text("ipv6_cidr_in_subnet", "")
        .texts("queues", names.iter().map(|name| &***name))
        .open_object("label");
    for (key, value) in &pool.label {
        json.text(key, value);
    }
    json.close_object().close_object();
}

/// The hidden pool of a standalone queue.
fn hidden_item(json: &mut Json, queue: &Queue, env: &Env) {
    let cu = queue.cu_seen(Eye::Now(env.now));
    json.open_item()
        .integer("id", queue.number)
        .text("elastic_resource_pool_name", &queue.name)
        .text("resource_id", &queue.resource_id)
        .text("owner", &env.config.domain_name)
        .number("max_cu", cu)
        .number("min_cu", cu)
        .number("actual_cu", cu)
        .number("current_cu", cu)
        .text("cidr_in_vpc", "172.16.0.0/12")
        .integer("create_time", queue.create_time)
        .integer("update_time", queue.create_time)
        .text("status", "AVAILABLE")
        .text("enterprise_project_id", &queue.enterprise_project_id)
        .number("charging_mode", 1)
        .texts("queues", std::iter::once(&*queue.name))
        .close_object();
}

/// Body of the update call (dli_02_0329).
#[derive(Debug, Deserialize)]
struct Update {
    description: Option<String>,
    max_cu: Option<Int>,
    min_cu: Option<Int>,
}

/// Changes a pool; its range acts from the next full hour on.
pub(super) fn update(project: &mut Project, env: &mut Env, name: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let body: Update = input::body(request)?;
    let pool = project.live_pool(env, name)?;
    pool.available(env)?;
    let (min, max) = pool.range.asked;
    let (min, max) = (body.min_cu.map_or(min, |Int(cu)| cu), body.max_cu.map_or(max, |Int(cu)| cu));
    let description = match body.description {
        None => Arc::clone(&pool.description),
        given => input::description(env, given)?.into(),
    };
    range(env, pool.is_basic(), min, max)?;
    let moved = (min, max) != pool.range.asked;
    if moved && min > pool.current {
        return Err(env.unfit("min_cu must not be greater than current_cu"));
    }
    pool_queue::fits(project, env, pool, (min, max), None)?;
    let name = Arc::clone(&pool.name);
    let hour = env.config.durations.hour;
    let (now, done, shown) = (env.now, env.now + env.stretch(env.config.durations.pool_scaling), env.now + env.skew);
    env.touched = project.pools.change(now, &name, |pool| {
        pool.description = description;
        pool.update_time = shown;
        if moved {
            pool.range.ask((min, max), now, hour);
            pool.scaling = Some((done, pool.current));
        }
    });
    Ok(Done::ok(env.success("")))
}

/// Deletes a pool: it vanishes after a while.
pub(super) fn delete(project: &mut Project, env: &mut Env, name: &str, request: &HttpRequest) -> Result<Done, Refusal> {
    let answers = &env.config.answers;
    if answers.pool_delete_body == PoolDeleteBody::Required && request.body.is_none() {
        return bad("the body must be a JSON object");
    }
    // 400 DLI.0002, as clients know it: pool.go:546-548.
    let pool = project.pool(name).ok_or_else(|| Refusal::not_found(Refusal::no_pool_text(name)))?;
    if env.now < pool.created + env.config.durations.pool_cool_down {
        let text = format!("The elastic resource pool {} cannot be deleted so soon after its creation.", pool.name);
        return Err(env.busy(text));
    }
    if matches!(pool.status(), "SCALING" | "CREATING") {
        pool.available(env)?;
    }
    let name = Arc::clone(&pool.name);
    let inside: Vec<Arc<str>> = queues(project, &name).map(|queue| Arc::clone(&queue.name)).collect();
    if !inside.is_empty() && answers.delete_pool_with_queues == DeletePoolWithQueues::Refused {
        return Err(Refusal::system(format!("The elastic resource pool {name} has queues.")));
    }
    let bound = project.connections.values().any(|c| c.deleted.is_none() && c.entry(&name).is_some_and(|e| e.pool));
    if bound && answers.delete_bound_pool == DeleteBoundPool::Refused {
        return Err(Refusal::system(format!("The elastic resource pool {name} is bound to a connection.")));
    }
    for queue in &inside {
        queue::remove(project, env, queue);
    }
    binding::drop_everywhere(project, env, &name);
    let until = env.now + env.stretch(env.config.durations.pool_deleting);
    env.touched = project.pools.change(env.now, &name, |pool| pool.leaving = Some(until));
    pool_time::advance(project, env);
    Ok(Done::ok(env.success("")))
}
