//! Quotas of a project (dli_02_0503). There are no types for connections and routes.

use super::{env::Env, lagging::Eye, outcome::Done, state::Project};

/// Shown for what has no limit.
const UNLIMITED: i64 = -1;

/// Lists quotas and what is used of them.
pub(super) fn list(project: &Project, env: &Env) -> Done {
    let quotas = &env.config.quotas;
    let limit = |limit: Option<u32>| limit.map_or(UNLIMITED, i64::from);
    let own = || project.queues.values().filter(|queue| queue.charging_mode != 0);
    let cus: i64 = own().map(|queue| queue.cu_seen(Eye::Now(env.now))).sum();
    let rows = [
        ("CU", limit(quotas.cus), cus),
        ("QUEUE", limit(quotas.queues), own().count() as i64),
        ("ELASTIC_RESOURCE_POOL", limit(quotas.pools), project.pools.values().count() as i64),
        // What is not simulated, with the limits of dli_02_0503.
        ("DATABASE", 50, 0),
        ("TABLE", 5_000, 0),
        ("TEMPLATE", UNLIMITED, 0),
        ("SL_PKG_RESOURCE", UNLIMITED, 0),
        ("SL_SESSION", UNLIMITED, 0),
        ("JOB_CU", UNLIMITED, 0),
    ];
    let mut json = env.bare();
    json.open_object("quotas").open_list("resources");
    for (kind, quota, used) in rows {
        json.open_item()
            .text("type", kind)
            .number("min", 0)
            .number("max", quota)
            .number("quota", quota)
            .number("used", used)
            .close_object();
    }
    json.close_list().close_object();
    Done::ok(json)
}
