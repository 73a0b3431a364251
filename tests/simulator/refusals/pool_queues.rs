//! Queues in a pool: moving in, scaling policies, history.

use dli_operator::{
    dli::Method::{Get, Post, Put},
    simulator::{Config, Edit},
};
use serde_json::{Value, json};

use super::{Row, Table, accepted, answering, row, with};
use crate::support::{Cloud, pools, queues};

/// The pool `p1` of 64 to 112 units with the queue `inner` of 32, and `p2` with `other`.
fn furnished(config: Config) -> Cloud {
    let (mut cloud, _) = Cloud::furnished(config);
    for (pool, queue) in [("p1", "inner"), ("p2", "other")] {
        cloud.pool(pool, 64, 112);
        cloud.pooled(queue, pool, 32);
    }
    cloud.pass(300_000);
    cloud
}

fn path(rest: &str) -> String {
    format!("{}/p1/queues{rest}", pools())
}

pub(super) fn moving_in(table: &mut Table) {
    let mut cloud = furnished(Config::default());
    cloud.post(&queues(), json!({"queue_name": "shared", "cu_count": 16, "resource_mode": 0}));
    let foreign = json!({"queue_name": "foreign", "cu_count": 16, "resource_mode": 1, "enterprise_project_id": "e"});
    cloud.post(&queues(), foreign);
    cloud.queue("busy", 16);
    cloud.queue("ready", 16);
    cloud.pass(300_000);
    cloud.queue("fresh", 16);
    cloud.post(&pools(), json!({"elastic_resource_pool_name": "young", "min_cu": 64, "max_cu": 64}));
    cloud.model.edit(cloud.now, None, Edit::Job { name: "busy".into(), running: true }).unwrap();
    let name = |name: &str| json!({ "queue_name": name });
    let into = |fact: &'static str, queue: &str, text: &'static str| row(fact, Post, path(""), name(queue), text);
    let at = |pool: &str| format!("{}/{pool}/queues", pools());
    let records = |query: &str| format!("{}/p1/scale-records?{query}", pools());
    table.check(
        &cloud,
        vec![
            row("associate-name", Post, path(""), json!({}), "queue_name"),
            into("associate-queue", "nope", "no queue named"),
            row("associate-pool", Post, at("nope"), name("ready"), "does not exist"),
            into("associate-dedicated", "shared", "dedicated"),
            into("associate-dedicated", "default", "dedicated"),
            into("associate-project", "foreign", "enterprise project"),
            into("associate-other", "other", "is in the elastic resource pool p2"),
            into("associate-busy", "fresh", "is assigning"),
            into("associate-busy", "busy", "runs jobs"),
            row("associate-busy", Post, at("young"), name("ready"), "CREATING"),
            into("associate-fits", "q1", "min_cu of the pool"),
            row("pool-queues-missing", Get, at("nope"), Value::Null, "does not exist"),
            row("records-missing", Get, format!("{}/nope/scale-records", pools()), Value::Null, "does not exist"),
            row("records-query", Get, records("limit=101"), Value::Null, "limit"),
            row("records-query", Get, records("limit=-1"), Value::Null, "limit"),
            row("records-query", Get, records("offset=-1"), Value::Null, "offset"),
            row("records-query", Get, records("status=maybe"), Value::Null, "status"),
            row("records-query", Get, records("start_time=x"), Value::Null, "start_time"),
            row("records-query", Get, records("end_time=-1"), Value::Null, "end_time"),
            row("records-days", Get, records("start_time=1"), Value::Null, "30 days"),
        ],
    );
}

pub(super) fn policies(table: &mut Table) {
    let mut cloud = furnished(Config::default());
    cloud.pool("p3", 64, 112);
    cloud.pooled("fresh", "p3", 32);
    let policy = |start: &str, stop: &str, min: i64, max: i64| json!({"priority": 1, "impact_start_time": start, "impact_stop_time": stop, "min_cu": min, "max_cu": max});
    let all_day = |min: i64, max: i64| policy("00:00", "24:00", min, max);
    let day = || all_day(32, 32);
    let beside = |start: &str, stop: &str| json!([day(), policy(start, stop, 32, 32)]);
    let set = |policies: Value| json!({ "queue_scaling_policies": policies });
    let lists = [
        ("policy-default", json!([])),
        ("policy-default", Value::Null),
        ("policy-default", json!([policy("08:00", "12:00", 32, 32)])),
        ("policy-default", json!([day(), day()])),
        ("policy-overlap", json!([day(), policy("08:00", "12:00", 32, 32), policy("11:00", "13:00", 32, 32)])),
        ("policy-overlap", json!([day(), policy("22:00", "10:00", 32, 32), policy("09:00", "13:00", 32, 32)])),
        ("policy-hours", beside("08:30", "12:00")),
        ("policy-hours", beside("8:00", "12:00")),
        ("policy-hours", beside("12:00", "12:00")),
        ("policy-hours", beside("08:00", "25:00")),
        ("policy-hours", json!([with(day(), "impact_stop_time", Value::Null)])),
        ("policy-cu", json!([all_day(32, 28)])),
        ("policy-cu", json!([all_day(30, 32)])),
        ("policy-cu", json!([all_day(32, 34)])),
        ("policy-cu", json!([with(day(), "max_cu", Value::Null)])),
        ("policy-priority", json!([with(day(), "priority", json!(0))])),
        ("policy-priority", json!([with(day(), "priority", json!(101))])),
        ("policy-priority", json!([with(day(), "priority", Value::Null)])),
        ("policy-fits", json!([all_day(32, 116)])),
        ("policy-fits", json!([all_day(68, 112)])),
    ];
    let fine = [
        json!([day()]),
        beside("08:00", "12:00"),
        beside("22:00", "10:00"),
        json!([day(), policy("08:00", "12:00", 32, 32), policy("12:00", "13:00", 32, 32)]),
        json!([with(day(), "priority", json!(100))]),
        json!([all_day(64, 112)]),
        json!([all_day(28, 32)]),
    ];
    accepted(&cloud, Put, &path("/inner"), fine.map(set));
    let mut rows: Vec<Row> =
        lists.into_iter().map(|(fact, list)| row(fact, Put, path("/inner"), set(list), "Parameter check")).collect();
    for queue in ["nope", "q1", "other"] {
        rows.push(row("policy-missing", Put, path(&format!("/{queue}")), set(json!([day()])), "no queue named"));
    }
    let assigning = "Status of queue fresh is assigning, which is not available";
    rows.push(row("policy-assigning", Put, format!("{}/p3/queues/fresh", pools()), set(json!([day()])), assigning));
    table.check(&cloud, rows);
    let cloud = furnished(answering(&[("policyMaxStep", "sixteen")]));
    let body = set(json!([all_day(32, 56)]));
    table.check(&cloud, vec![row("policy-step", Put, path("/inner"), body, "multiple of 16")]);
}
