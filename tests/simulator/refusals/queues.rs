//! Queues: create, list, show, delete, restart and scale.

use dli_operator::{
    dli::Method::{Delete, Get, Post, Put},
    simulator::{Config, Edit, model::Quotas},
};
use serde_json::{Value, json};

use super::{Row, Table, accepted, answering, row, with};
use crate::support::{Cloud, pools, queues};

pub(super) fn creating(table: &mut Table) {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    cloud.pool("p1", 64, 256);
    let new = || json!({"queue_name": "new", "cu_count": 16, "resource_mode": 1});
    let one = |field: &str, value: Value| with(new(), field, value);
    let tag = |key: &str, value: &str| one("tags", json!([{"key": key, "value": value}]));
    let many: Vec<Value> = (0..21).map(|i| json!({"key": format!("k{i}"), "value": "v"})).collect();
    let ai = |field: &str, value: Value| with(one("feature", json!("ai")), field, value);
    let inside = |cu: i64| with(one("elastic_resource_pool_name", json!("P1")), "cu_count", json!(cu));
    let bodies = [
        ("queue-name", one("queue_name", Value::Null)),
        ("queue-name", one("queue_name", json!(""))),
        ("queue-name", one("queue_name", json!("_x"))),
        ("queue-name", one("queue_name", json!("123"))),
        ("queue-name", one("queue_name", json!("a-b"))),
        ("queue-name", one("queue_name", json!("a".repeat(129)))),
        ("queue-name", one("queue_name", json!(7))),
        ("queue-type", one("queue_type", json!("spark"))),
        ("queue-description", one("description", json!("d".repeat(257)))),
        ("queue-cu", one("cu_count", Value::Null)),
        ("queue-cu", one("cu_count", json!(0))),
        ("queue-cu", one("cu_count", json!(17))),
        ("queue-cu", one("cu_count", json!(-16))),
        ("queue-cu", one("cu_count", json!("many"))),
        ("queue-charging", one("charging_mode", json!(2))),
        ("queue-charging", one("charging_mode", json!("2"))),
        ("queue-platform", one("platform", json!("arm"))),
        ("queue-mode", one("resource_mode", json!(2))),
        ("queue-labels", one("labels", json!(["multi_az=3"]))),
        ("queue-labels", one("labels", json!(["multi_az=2", "x=1"]))),
        ("queue-feature", one("feature", json!("pro"))),
        ("queue-feature", ai("resource_mode", json!(0))),
        ("queue-feature", ai("platform", json!("aarch64"))),
        ("queue-feature", ai("queue_type", json!("general"))),
        ("queue-engine", one("engine", json!("flink"))),
        ("queue-engine", with(one("engine", json!("hetuEngine")), "queue_type", json!("general"))),
        ("queue-properties", one("properties", json!({"job.maxConcurrent": "1"}))),
        ("queue-properties", one("properties", json!({"computeEngine.spark.nativeEnabled": true}))),
        ("queue-tags", one("tags", json!(many))),
        ("queue-tags", tag("", "v")),
        ("queue-tags", tag(" k", "v")),
        ("queue-tags", tag("k ", "v")),
        ("queue-tags", tag("_sys_k", "v")),
        ("queue-tags", tag("k/k", "v")),
        ("queue-tags", tag("k", "v*v")),
        ("queue-tags", tag(&"k".repeat(129), "v")),
        ("queue-tags", tag("k", &"v".repeat(256))),
        ("queue-pool-cu", with(inside(4), "queue_type", json!("sql"))),
        ("queue-pool-cu", with(inside(2), "queue_type", json!("general"))),
        ("queue-pool-cu", with(inside(92), "engine", json!("hetuEngine"))),
        ("queue-pool-min", inside(68)),
    ];
    let fine = [
        new(),
        one("queue_name", json!("a".repeat(128))),
        one("queue_name", json!("1_a")),
        one("queue_type", json!("general")),
        one("description", json!("d".repeat(256))),
        one("cu_count", json!(256)),
        one("charging_mode", json!(1)),
        one("platform", json!("aarch64")),
        one("resource_mode", json!(0)),
        one("labels", json!(["multi_az=2"])),
        ai("platform", json!("x86_64")),
        one("engine", json!("hetuEngine")),
        one("properties", json!({"computeEngine.spark.nativeEnabled": "true"})),
        one("tags", json!(many[..20])),
        tag(&"k".repeat(128), &"v".repeat(255)),
        tag("a b_.:+-@1", "c d_.:+-@1"),
        inside(8),
        inside(64),
        with(inside(4), "queue_type", json!("general")),
    ];
    accepted(&cloud, Post, &queues(), fine);
    let mut rows: Vec<Row> =
        bodies.into_iter().map(|(fact, body)| row(fact, Post, queues(), body, "Parameter check")).collect();
    let pool = one("elastic_resource_pool_name", json!("nope"));
    rows.push(row("queue-pool", Post, queues(), pool, "does not exist"));
    rows.push(row("queue-exists", Post, queues(), one("queue_name", json!("Q1")), "already exists"));
    rows.push(row("queue-pool-name", Post, queues(), one("queue_name", json!("P1")), "already exists"));
    table.check(&cloud, rows);
    cloud.put(&format!("{}/p1", pools()), json!({"max_cu": 512}));
    table.check(&cloud, vec![row("queue-pool-busy", Post, queues(), inside(16), "SCALING")]);
}

pub(super) fn quotas(table: &mut Table) {
    let none = Quotas::default;
    for quotas in [Quotas { queues: Some(1), ..none() }, Quotas { cus: Some(79), ..none() }] {
        let (cloud, _) = Cloud::furnished(Config { quotas, ..Config::default() });
        let body = json!({"queue_name": "new", "cu_count": 16});
        table.check(&cloud, vec![row("queue-quota", Post, queues(), body, "quota")]);
    }
}

pub(super) fn the_rest(table: &mut Table) {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    let general = json!({"queue_name": "jar", "cu_count": 32, "queue_type": "general", "resource_mode": 1});
    cloud.post(&queues(), general);
    for (name, cu) in [("small", 16), ("large", 128), ("restarted", 64)] {
        cloud.queue(name, cu);
    }
    cloud.pool("p1", 64, 112);
    cloud.pooled("inner", "p1", 32);
    cloud.pass(300_000);
    cloud.queue("fresh", 64);
    let action = |name: &str| format!("{}/{name}/action", queues());
    let out = |cu: i64| json!({"action": "scale_out", "cu_count": cu});
    let into = |cu: i64| json!({"action": "scale_in", "cu_count": cu});
    let restart = || json!({"action": "restart"});
    assert_eq!(cloud.put(&action("large"), out(16)).status, 200);
    assert_eq!(cloud.put(&action("restarted"), restart()).status, 200);
    cloud.model.edit(cloud.now, None, Edit::Job { name: "q1".into(), running: true }).unwrap();
    let none = "There is no queue named nope";
    let list = |query: &str| format!("{}?{query}", queues());
    let at = |name: &str| format!("{}/{name}", queues());
    let assigning = "Status of queue fresh is assigning, which is not available";
    table.check(
        &cloud,
        vec![
            row("queue-list-type", Get, list("queue_type=spark"), Value::Null, "queue_type"),
            row("queue-list-order", Get, list("order=owner"), Value::Null, "order"),
            row("queue-list-page", Get, list("page-size=0"), Value::Null, "page-size"),
            row("queue-list-page", Get, list("current-page=0"), Value::Null, "current-page"),
            row("queue-list-page", Get, list("current-page=x"), Value::Null, "current-page"),
            row("queue-list-tags", Get, list("tags=k"), Value::Null, "tags"),
            row("queue-missing", Get, at("nope"), Value::Null, none),
            row("action-missing", Put, action("nope"), out(16), none),
            row("queue-delete-missing", Delete, at("nope"), Value::Null, none),
            row("queue-delete-busy", Delete, at("q1"), Value::Null, "running"),
            row("queue-delete-default", Delete, at("default"), Value::Null, "cannot be deleted"),
            row("action-word", Put, action("q1"), json!({}), "action"),
            row("action-word", Put, action("q1"), json!({"action": "stop"}), "action"),
            row("action-cu", Put, action("q1"), json!({"action": "scale_out"}), "multiple of 16"),
            row("action-cu", Put, action("q1"), out(0), "multiple of 16"),
            row("action-cu", Put, action("q1"), out(10), "multiple of 16"),
            row("action-cu", Put, action("q1"), out(-16), "multiple of 16"),
            row("action-restart-kind", Put, action("jar"), restart(), "SQL"),
            row("action-16", Put, action("small"), out(16), "16 CUs"),
            row("action-64", Put, action("q1"), into(16), "64 CUs"),
            row("action-assigning", Put, action("fresh"), out(16), assigning),
            row("action-assigning", Put, action("fresh"), restart(), assigning),
            row("action-busy", Put, action("large"), out(16), "is scaling, which is not available"),
            row("action-busy", Put, action("large"), restart(), "is scaling, which is not available"),
            row("action-busy", Put, action("restarted"), out(16), "is restarting, which is not available"),
            row("action-pool", Put, action("inner"), out(16), "elastic resource pool"),
            row("action-pool", Put, action("inner"), into(16), "elastic resource pool"),
            row("action-default", Put, action("default"), out(16), "default"),
            row("action-default", Put, action("default"), restart(), "default"),
        ],
    );
    let quotas = Quotas { cus: Some(79), ..Quotas::default() };
    let (full, _) = Cloud::furnished(Config { quotas, ..Config::default() });
    table.check(&full, vec![row("action-quota", Put, action("q1"), out(16), "quota")]);
    let (cloud, _) = Cloud::furnished(answering(&[("missingQueue", "metadata0008")]));
    table.check(
        &cloud,
        vec![
            row("queue-missing-2021", Get, at("nope"), Value::Null, none),
            row("action-missing-2021", Put, action("nope"), out(16), none),
        ],
    );
    let strict = answering(&[("scaleBeforeJob", "refused"), ("restartBeforeJob", "refused")]);
    let (cloud, _) = Cloud::furnished(strict);
    table.check(
        &cloud,
        vec![
            row("action-scale-job", Put, action("q1"), out(16), "before a job"),
            row("action-restart-job", Put, action("q1"), restart(), "before a job"),
        ],
    );
}
