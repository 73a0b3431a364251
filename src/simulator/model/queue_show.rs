//! How queues are listed and shown (dli_02_0196, dli_02_0016).

use std::sync::Arc;

use super::{
    answers::{
        FeatureEcho, PooledCuCount, QueueGetKeys, QueueLabels, QueuePageCap, QueuePaging, QueueTagFilter,
        TagFilterMatch,
    },
    env::Env,
    errors::Refusal,
    input,
    json::Json,
    lagging::Eye,
    outcome::Done,
    state::{Project, Queue},
};
use crate::dli::{HttpRequest, Tag};

/// Lists queues.
pub(super) fn list(project: &Project, env: &Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let answers = &env.config.answers;
    let kind = match input::query(request, "queue_type") {
        // The default is sql, not all (dli_02_0196).
        None | Some("" | "sql") => Some("sql"),
        Some("general") => Some("general"),
        Some("all") => None,
        Some(_) => input::unless_bad(env, "queue_type", None, Some("sql"))?,
    };
    let mut size = input::query_number(env, request, "page-size", 1, i32::MAX as u64)?;
    let page = input::query_number(env, request, "current-page", 1, 1)?;
    let mut skipped = (page - 1).saturating_mul(size);
    if answers.queue_paging == QueuePaging::Offsets {
        skipped = input::query_number(env, request, "offset", 0, skipped as u64)?;
        size = input::query_number(env, request, "limit", 1, size as u64)?;
    }
    let mut filter = input::tag_filter(env, request)?;
    match answers.queue_tag_filter {
        QueueTagFilter::Honoured => {}
        QueueTagFilter::Refused if !filter.is_empty() => {
            return Err(Refusal::parameter("Parameter check failed: tags is not supported"));
        }
        QueueTagFilter::Ignored | QueueTagFilter::Refused => filter.clear(),
    }
    if answers.queue_page_cap == QueuePageCap::Capped {
        size = size.min(env.config.page_cap as usize);
    }
    let eye = env.list_eye();
    let wanted = |queue: &&Arc<Queue>| {
        queue.visible(eye) && kind.is_none_or(|kind| queue.kind == kind) && carries(env, queue.tags.seen(eye), &filter)
    };
    let gone = project
        .gone
        .iter()
        .filter(|queue| queue.list_until.is_some() && !project.queues.get(&queue.name).is_some_and(|q| q.visible(eye)));
    let mut queues: Vec<&Arc<Queue>> = project.queues.values().chain(gone).filter(wanted).collect();
    // A name deleted twice within the lag shows up once, as its later self.
    queues.sort_by(|a, b| a.name.cmp(&b.name).then(b.number.cmp(&a.number)));
    queues.dedup_by(|a, b| a.name == b.name);
    match input::query(request, "order") {
        None | Some("" | "queue_name_asc") => {}
        Some("queue_name_desc") => queues.reverse(),
        Some("cu_asc") => queues.sort_by_key(|queue| queue.cu_seen(eye)),
        Some("cu_desc") => queues.sort_by_key(|queue| std::cmp::Reverse(queue.cu_seen(eye))),
        Some(_) => input::unless_bad(env, "order", None, ())?,
    }
    let mut json = env.success("");
    json.open_list("queues");
    for queue in queues.into_iter().skip(skipped).take(size).take(env.keep.unwrap_or(usize::MAX)) {
        json.open_item();
        item(&mut json, queue, env, eye);
        json.close_object();
    }
    json.close_list();
    Ok(Done::ok(json))
}

/// Whether `tags` fits the `tags` filter of a list.
pub(super) fn carries(env: &Env, tags: &[Tag], filter: &[Tag]) -> bool {
    match env.config.answers.tag_filter_match {
        TagFilterMatch::All => filter.iter().all(|tag| tags.contains(tag)),
        TagFilterMatch::Any => filter.is_empty() || filter.iter().any(|tag| tags.contains(tag)),
    }
}

fn item(json: &mut Json, queue: &Queue, env: &Env, eye: Eye) {
    let cu = shown_cu(queue, env, eye);
    let cidr = queue.properties.get("network.cidrInVpc").map_or("172.16.0.0/12", |cidr| &**cidr);
    let feature = match (&queue.feature, env.config.answers.feature_echo) {
        (Some(feature), _) => feature.as_ref(),
        (None, FeatureEcho::Basic) => "basic",
        (None, FeatureEcho::Empty) => "",
    };
    json.integer("queue_id", queue.number)
        .text("queue_name", &queue.name)
        .text("description", &queue.description)
        .text("owner", &env.config.domain_name)
        .integer("create_time", queue.create_time)
        .text("queue_type", &queue.kind)
        .text("engine", &queue.engine)
        .number("used_cu", 0)
        .number("cu_count", cu)
        .number("charging_mode", queue.charging_mode)
        .text("resource_id", &queue.resource_id)
        .text("enterprise_project_id", &queue.enterprise_project_id)
        .text("cidr_in_vpc", cidr)
        .text("cidr_in_mgntsubnet", "172.24.128.0/18")
        .text("cidr_in_subnet", "172.24.0.0/18")
        .number("resource_mode", queue.resource_mode)
        .text("platform", &queue.platform)
        .flag("is_restarting", env.now < queue.restarting_until)
        .text("feature", feature)
        .text("queue_resource_type", "container")
        .number("cu_spec", cu)
        .number("cu_scale_out_limit", cu)
        .number("cu_scale_in_limit", cu)
        .text("elastic_resource_pool_name", queue.pool.as_deref().unwrap_or_default());
    match env.config.answers.queue_labels {
        QueueLabels::Text => json.text("labels", &queue.labels),
        QueueLabels::List => json.texts("labels", Some(&*queue.labels).filter(|label| !label.is_empty())),
    };
    json.number("max_cu_count", cu);
    versions(json, queue);
    json.members(FLINK);
}

/// Versions of the engines: free text to clients, written as it is because every item has it.
const VERSIONS: &str = r#""support_spark_versions":["2.4.5","3.3.1"],"default_spark_version":"3.3.1","support_flink_jar_versions":["1.12","1.15"],"default_flink_jar_version":"1.15""#;
const FLINK: &str = r#""support_opensource_flink_versions":["1.12","1.15"],"default_flink_sql_version":"1.15","support_flink_sql_versions":["1.12","1.15"]"#;
const HETU: &str = r#""support_hetu_engine_versions":["2.1.0"],"default_hetu_engine_version":"2.1.0""#;

fn versions(json: &mut Json, queue: &Queue) {
    json.members(VERSIONS);
    if queue.engine == "hetuEngine" {
        json.members(HETU);
    }
}

/// Units of a queue; those of one in a pool may move with its policy.
pub(super) fn shown_cu(queue: &Queue, env: &Env, eye: Eye) -> i64 {
    match (&queue.pool, env.config.answers.pooled_cu_count) {
        (Some(_), PooledCuCount::Allocated) => queue.bounds(env.now, env.config.durations.hour).1,
        _ => queue.cu_seen(eye),
    }
}

/// Shows one queue: four names in camelCase, and fewer fields than the list (dli_02_0016).
pub(super) fn get(project: &Project, env: &Env, name: &str) -> Result<Done, Refusal> {
    // One that was just deleted may still be shown, even in the place of one that has its name by now.
    let lingers = |queue: &&Arc<Queue>| queue.name.eq_ignore_ascii_case(name) && env.now < queue.get_until;
    let queue = project.gone.iter().find(lingers).map_or_else(|| project.visible_queue(env, name), Ok)?;
    let cu = shown_cu(queue, env, Eye::Now(env.now));
    let [name, kind, count, charging] = match env.config.answers.queue_get_keys {
        QueueGetKeys::Camel => ["queueName", "queueType", "cuCount", "chargingMode"],
        QueueGetKeys::Snake => ["queue_name", "queue_type", "cu_count", "charging_mode"],
    };
    let mut json = env.success("");
    json.integer("queue_id", queue.number)
        .text(name, &queue.name)
        .text("description", &queue.description)
        .text("owner", &env.config.domain_name)
        .integer("create_time", queue.create_time)
        .text(kind, &queue.kind)
        .number(count, cu)
        .number(charging, queue.charging_mode)
        .text("resource_id", &queue.resource_id)
        .text("enterprise_project_id", &queue.enterprise_project_id)
        .number("resource_mode", queue.resource_mode)
        .text("resource_type", "container")
        .number("cu_spec", cu)
        .number("cu_scale_out_limit", cu)
        .number("cu_scale_in_limit", cu)
        .text("elastic_resource_pool_name", queue.pool.as_deref().unwrap_or_default());
    versions(&mut json, queue);
    Ok(Done::ok(json))
}
