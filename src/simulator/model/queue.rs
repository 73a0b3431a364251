//! Queues: create and delete (dli_02_0194, dli_02_0195).

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::{
    answers::{
        DeleteBoundQueue, DeleteBusyQueue, DeleteDefaultQueue, DeleteMissingQueue, DuplicateQueue, PoolNames,
        QueueDeleteStatus, QueueGetVisibility, QueueListVisibility, ResourceModeDefault,
    },
    binding,
    env::Env,
    errors::Refusal,
    input::{self, Int, TagBody},
    lagging::{Eye, Lagging},
    outcome::Done,
    pool_queue,
    pool_state::{Hourly, ScalingPolicy},
    pool_time,
    random::uuid,
    state::{Project, Queue},
    task,
};
use crate::dli::{EpochMillis, HttpRequest, Tag};

/// Body of the create call (dli_02_0194). A field that is null counts as left out.
#[derive(Debug, Deserialize)]
struct Create {
    queue_name: Option<String>,
    queue_type: Option<String>,
    description: Option<String>,
    cu_count: Option<Int>,
    charging_mode: Option<Int>,
    enterprise_project_id: Option<String>,
    platform: Option<String>,
    resource_mode: Option<Int>,
    labels: Option<Vec<String>>,
    feature: Option<String>,
    tags: Option<Vec<TagBody>>,
    elastic_resource_pool_name: Option<String>,
    properties: Option<BTreeMap<String, serde_json::Value>>,
    engine: Option<String>,
}

/// Creates a queue.
pub(super) fn create(project: &mut Project, env: &mut Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let queue = checked(input::body(request)?, project, env)?;
    if project.queues.contains_key(&queue.name) {
        let name = &queue.name;
        return Err(match env.config.answers.duplicate_queue {
            DuplicateQueue::Exists => Refusal::exists(format!("The queue {name} already exists.")),
            DuplicateQueue::Unsupported => Refusal::unsupported(format!("The queue {name} cannot be created.")),
            DuplicateQueue::Text => Refusal::system(format!("Queue {name} already exists")),
        });
    }
    if queue.pool.is_none()
        && env.config.answers.pool_names == PoolNames::Shared
        && project.pools.get(&queue.name).is_some()
    {
        return Err(Refusal::exists(format!("The elastic resource pool {} already exists.", queue.name)));
    }
    quota(project, env, queue.cu_seen(Eye::Now(env.now)))?;
    let mut json = env.success("create queue success");
    json.text("queue_name", &queue.name);
    let pool = queue.pool.clone();
    insert(project, env, queue);
    if let Some(pool) = pool {
        pool_time::reconsider(project, env, &pool);
    }
    Ok(Done::ok(json))
}

fn checked(body: Create, project: &Project, env: &mut Env) -> Result<Queue, Refusal> {
    let name = input::queue_name(&input::required(body.queue_name, "queue_name")?)?;
    let bad = |text: &str| Err(Refusal::parameter(format!("Parameter check failed: {text}")));
    let kind = input::one_of(body.queue_type.as_deref(), &["sql", "general"], "queue_type")?;
    let description = input::description(env, body.description)?;
    let Some(Int(cu)) = body.cu_count else { return bad("cu_count is required") };
    let pool = body.elastic_resource_pool_name.filter(|pool| !pool.is_empty());
    // 16, 64, 256 are documented; scaling makes every multiple of 16 (dli_02_0194, dli_02_0249).
    if pool.is_none() && (cu < 16 || cu % 16 != 0) {
        return bad("cu_count must be a multiple of 16");
    }
    if body.charging_mode.is_some_and(|Int(mode)| mode != 1) {
        return bad("charging_mode must be 1");
    }
    let platform = input::one_of(body.platform.as_deref(), &["x86_64", "aarch64"], "platform")?;
    let resource_mode = match body.resource_mode {
        Some(Int(mode @ (0 | 1))) => mode,
        Some(_) => return bad("resource_mode must be 0 or 1"),
        None if env.config.answers.resource_mode_default == ResourceModeDefault::Dedicated => 1,
        None => 0,
    };
    let labels = match body.labels.unwrap_or_default().as_slice() {
        [] => "",
        [label] if label == "multi_az=2" => "multi_az=2",
        _ => return bad("labels may only hold multi_az=2"),
    };
    let feature = match body.feature {
        None => None,
        given => Some(input::one_of(given.as_deref(), &["basic", "ai"], "feature")?),
    };
    if feature == Some("ai") && (kind != "sql" || platform != "x86_64" || resource_mode != 1) {
        return bad("the feature ai needs a dedicated sql queue on x86_64");
    }
    let hetu = body.engine.as_deref() == Some("hetuEngine");
    let engine = input::one_of(body.engine.as_deref(), &["spark", "hetuEngine"], "engine")?;
    if hetu && kind != "sql" {
        return bad("the engine hetuEngine needs a sql queue");
    }
    let mut properties = BTreeMap::new();
    for (key, value) in body.properties.unwrap_or_default() {
        match value {
            serde_json::Value::String(text) if key == "computeEngine.spark.nativeEnabled" => {
                properties.insert(key.into(), text.into());
            }
            _ => return bad(&format!("the property {key} is not supported")),
        }
    }
    let tags = input::tags(env, body.tags)?;
    let mut queue = blank(env, &name, cu, tags);
    queue.kind = kind.into();
    queue.description = description.into();
    queue.resource_mode = resource_mode;
    queue.enterprise_project_id = body.enterprise_project_id.filter(|id| !id.is_empty()).unwrap_or("0".into()).into();
    queue.platform = platform.into();
    queue.labels = labels.into();
    queue.feature = feature.map(Into::into);
    queue.engine = engine.into();
    queue.properties = properties;
    if let Some(pool) = pool {
        queue.pool = Some(pool_queue::admit(project, env, &pool, &queue)?);
        queue.policies = Hourly::new([ScalingPolicy::first(cu)].as_slice().into());
    }
    Ok(queue)
}

fn quota(project: &Project, env: &Env, cu: i64) -> Result<(), Refusal> {
    let own = || project.queues.values().filter(|queue| queue.charging_mode != 0);
    if env.config.quotas.queues.is_some_and(|most| own().count() >= most as usize) {
        return Err(Refusal::quota("The quota of queues is insufficient."));
    }
    units(project, env, cu)
}

/// Whether the quota leaves room for so many more units (dli_02_0503).
pub(super) fn units(project: &Project, env: &Env, more: i64) -> Result<(), Refusal> {
    let own = project.queues.values().filter(|queue| queue.charging_mode != 0);
    let used: i64 = own.map(|queue| queue.cu_seen(Eye::Now(env.now))).sum();
    if env.config.quotas.cus.is_some_and(|most| used + more > i64::from(most)) {
        return Err(Refusal::quota("The quota of CUs is insufficient."));
    }
    Ok(())
}

/// A dedicated queue with defaults for the rest.
pub(super) fn blank(env: &mut Env, name: &str, cu: i64, tags: Vec<Tag>) -> Queue {
    Queue {
        name: name.into(),
        number: 0,
        resource_id: "".into(),
        created: env.now,
        create_time: env.now + env.skew,
        available_at: env.now,
        list_from: env.now,
        get_from: env.now,
        list_until: None,
        get_until: 0,
        kind: "sql".into(),
        description: "".into(),
        charging_mode: 1,
        resource_mode: 1,
        enterprise_project_id: "0".into(),
        platform: "x86_64".into(),
        labels: "".into(),
        feature: None,
        engine: "spark".into(),
        cu: Lagging::new(cu),
        scaling: None,
        restarting_until: EpochMillis::MIN,
        busy: false,
        ran: false,
        tags: Lagging::new(tags.into()),
        pool: None,
        policies: Hourly::new(Arc::default()),
        properties: BTreeMap::new(),
        used_at: None,
    }
}

/// Puts a new queue into the project: ids and moments are drawn here.
pub(super) fn insert(project: &mut Project, env: &mut Env, mut queue: Queue) {
    let number = env.number();
    queue.number = 10_000 + number as i64;
    queue.resource_id = uuid(env.config.seed, 1, number).into();
    queue.available_at = env.now + env.stretch(env.config.durations.queue_assigning);
    queue.list_from = env.now + env.lag(env.config.answers.queue_list_visibility == QueueListVisibility::Late);
    if env.config.answers.queue_get_visibility == QueueGetVisibility::Late {
        queue.get_from = env.now + env.stretch(env.config.durations.get_lag);
    }
    project.queues.insert(Arc::clone(&queue.name), Arc::new(queue));
    env.touched = true;
}

/// Deletes a queue.
pub(super) fn delete(project: &mut Project, env: &mut Env, name: &str) -> Result<Done, Refusal> {
    let answers = &env.config.answers;
    let status = match answers.queue_delete_status {
        QueueDeleteStatus::Ok => 200,
        QueueDeleteStatus::Created => 201,
    };
    let Some(queue) = project.queue(name) else {
        let text = Refusal::no_queue_text(name);
        return match answers.delete_missing_queue {
            DeleteMissingQueue::NotFound => Err(Refusal::not_found(text)),
            DeleteMissingQueue::Metadata => Err(Refusal::metadata(text)),
            DeleteMissingQueue::NoResource => Err(Refusal::no_resource(text)),
            DeleteMissingQueue::Success => Ok(Done::new(status, env.success(""))),
        };
    };
    let name = Arc::clone(&queue.name);
    if queue.charging_mode == 0 && answers.delete_default_queue == DeleteDefaultQueue::Refused {
        return Err(Refusal::unsupported(format!("The queue {name} cannot be deleted.")));
    }
    if queue.busy {
        let text = format!("The queue {name} has jobs that are submitting or running.");
        return Err(match answers.delete_busy_queue {
            DeleteBusyQueue::System => Refusal::system(text),
            DeleteBusyQueue::Unsupported => Refusal::unsupported(text),
        });
    }
    if answers.delete_bound_queue == DeleteBoundQueue::Refused
        && project.connections.values().any(|c| c.deleted.is_none() && c.entry(&name).is_some())
    {
        return Err(Refusal::system(format!("The queue {name} is bound to an enhanced datasource connection.")));
    }
    remove(project, env, &name);
    Ok(Done::new(status, env.success("delete queue success")))
}

/// Takes a queue out of the project, and its peering entries with it (assumed).
pub(super) fn remove(project: &mut Project, env: &mut Env, name: &str) {
    let Some(mut queue) = project.queues.remove(name) else { return };
    let until = env.delete_visible();
    let changed = Arc::make_mut(&mut queue);
    changed.list_until = Some(until);
    changed.get_until = env.deletion_shown();
    let pool = queue.pool.clone();
    project.gone.push_back(queue);
    binding::drop_everywhere(project, env, name);
    task::end(project, env, name);
    if let Some(pool) = pool {
        pool_time::reconsider(project, env, &pool);
    }
    env.touched = true;
}
