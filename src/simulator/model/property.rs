//! Properties of a queue, version 3 (dli_02_0509 to dli_02_0512).

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::Value;

use super::{
    answers::CidrMasks,
    env::Env,
    errors::Refusal,
    input,
    lagging::Eye,
    outcome::Done,
    state::{Project, Queue},
};
use crate::{dli::HttpRequest, simulator::route::Operation};

/// Properties that the delete call takes (dli_02_0512).
const DELETABLE: [&str; 3] = ["computeEngine.maxInstance", "job.maxConcurrent", "computeEngine.maxPrefetchInstance"];

/// Body of the calls that set.
#[derive(Debug, Deserialize)]
struct Properties {
    properties: Option<BTreeMap<String, Value>>,
}

/// Body of the delete call.
#[derive(Debug, Deserialize)]
struct Keys {
    keys: Option<Vec<String>>,
}

fn bad<T>(text: &str) -> Result<T, Refusal> {
    Err(Refusal::parameter(format!("Parameter check failed: {text}")))
}

/// All four calls.
pub(super) fn handle(
    project: &mut Project,
    env: &mut Env,
    operation: Operation,
    name: &str,
    request: &HttpRequest,
) -> Result<Done, Refusal> {
    let queue = project.queue(name).ok_or_else(|| env.missing_queue(name))?;
    if operation == Operation::ListProperties {
        return list(queue, env, request);
    }
    // Only in pools of the standard edition (dli_02_0511).
    let basic = queue.pool.as_deref().and_then(|pool| project.pools.get(pool)).is_some_and(|pool| pool.is_basic());
    if queue.kind != "sql" || queue.engine != "spark" || queue.charging_mode == 0 || basic {
        return Err(env.unable(format!("The queue {} has no properties.", queue.name)));
    }
    let name = Arc::clone(&queue.name);
    if operation == Operation::DeleteProperties {
        let body: Keys = input::body(request)?;
        let keys = body.keys.unwrap_or_default();
        if keys.is_empty() {
            return bad("keys is required");
        }
        if let Some(key) = keys.iter().find(|key| !DELETABLE.contains(&key.as_str())) {
            return bad(&format!("the property {key} cannot be deleted"));
        }
        queue.ready(env)?;
        project.change_queue(env, &name, |queue| {
            queue.properties.retain(|key, _| !keys.iter().any(|k| **k == **key));
        });
        return Ok(Done::ok(env.success("")));
    }
    let body: Properties = input::body(request)?;
    let given = body.properties.unwrap_or_default();
    if given.is_empty() {
        return bad("properties needs at least one property");
    }
    let update = operation == Operation::UpdateProperties;
    let mut new = Vec::with_capacity(given.len());
    for (key, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        new.push((Arc::from(key.as_str()), Arc::from(checked(project, env, queue, key, value, update)?)));
    }
    queue.ready(env)?;
    project.change_queue(env, &name, |queue| queue.properties.extend(new));
    Ok(Done::ok(env.success("")))
}

/// A property as text, if it is one and in range.
fn checked(
    project: &Project,
    env: &Env,
    queue: &Queue,
    key: &str,
    value: &Value,
    update: bool,
) -> Result<String, Refusal> {
    let cu = queue.cu_seen(Eye::Now(env.now));
    let number = || value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let ranged = |least: i64, most: i64| match number() {
        Some(number) if (least..=most).contains(&number) => Ok(number.to_string()),
        _ => bad(&format!("the property {key} must be from {least} to {most}")),
    };
    match (key, value) {
        ("computeEngine.maxInstance", _) if cu == 16 => ranged(2, 2),
        ("computeEngine.maxInstance", _) => ranged(2, (cu / 16).max(2)),
        ("job.maxConcurrent", _) => ranged(1, 32),
        ("computeEngine.maxPrefetchInstance", _) => ranged(0, if cu < 32 { 1 } else { cu / 16 }),
        ("computeEngine.spark.nativeEnabled", Value::String(text)) if text == "true" || text == "false" => {
            Ok(text.clone())
        }
        ("job.saveJobResultToJobBucket", Value::String(text)) if update => {
            let on = queue.properties.get(key).is_some_and(|old| **old == *"true");
            match text.as_str() {
                "false" if on => Err(env.unable(format!("The property {key} cannot be turned off."))),
                "true" | "false" => Ok(text.clone()),
                _ => bad(&format!("the property {key} must be true or false")),
            }
        }
        ("network.cidrInVpc", Value::String(cidr)) if update => {
            if queue.pool.is_some() {
                return Err(env.unable(format!("The queue {} is in a pool.", queue.name)));
            }
            if project.connections.values().any(|c| c.deleted.is_none() && c.entry(&queue.name).is_some()) {
                let text = format!("The queue {} is bound to an enhanced datasource connection.", queue.name);
                return Err(env.unable(text));
            }
            if queue.busy {
                // The change restarts the cluster.
                let text = format!("The queue {} has jobs that are submitting or running.", queue.name);
                return Err(env.unable(text));
            }
            let longest = longest_mask(env, cu);
            match input::private_block(cidr) {
                Some(mask) if mask <= longest => Ok(cidr.clone()),
                _ => bad(&format!("the property {key} must be a private block of at least /{longest}")),
            }
        }
        _ => bad(&format!("the property {key} is not supported")),
    }
}

/// The smallest network that a queue of so many units can have.
fn longest_mask(env: &Env, cu: i64) -> u8 {
    match env.config.answers.cidr_masks {
        CidrMasks::Small if cu >= 128 => 21,
        CidrMasks::Small if cu >= 64 => 22,
        CidrMasks::Large if cu >= 512 => 21,
        CidrMasks::Large if cu >= 256 => 22,
        _ if cu >= 16 => 24,
        _ => 26,
    }
}

/// Values are strings, whatever they were (dli_02_0510).
fn list(queue: &Queue, env: &Env, request: &HttpRequest) -> Result<Done, Refusal> {
    let limit = input::query_number(env, request, "limit", 0, 1000)?;
    let offset = input::query_number(env, request, "offset", 0, 0)?;
    let mut json = env.success("");
    json.open_list("properties");
    for (key, value) in queue.properties.iter().skip(offset).take(limit) {
        json.open_item().text("key", key).text("value", value).close_object();
    }
    json.close_list();
    Ok(Done::ok(json))
}
