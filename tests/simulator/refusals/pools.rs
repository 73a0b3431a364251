//! Elastic resource pools: create, list, change, delete.

use dli_operator::{
    dli::Method::{Delete, Get, Post, Put},
    simulator::{Config, Effect, Fault, Operation, model::Quotas},
};
use serde_json::{Value, json};

use super::{Row, Table, accepted, answering, row, with};
use crate::support::{Cloud, pools, queues};

fn new() -> Value {
    json!({"elastic_resource_pool_name": "new", "min_cu": 64, "max_cu": 112})
}

pub(super) fn creating(table: &mut Table) {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    cloud.pool("p1", 64, 112);
    cloud.queue("gone", 16);
    assert_eq!(cloud.delete(&format!("{}/gone", queues())).status, 200);
    let one = |field: &str, value: Value| with(new(), field, value);
    let name = |name: &str| one("elastic_resource_pool_name", json!(name));
    let basic = |min: i64, max: i64| json!({"elastic_resource_pool_name": "new", "min_cu": min, "max_cu": max, "label": {"spec": "basic"}});
    let many: Vec<Value> = (0..21).map(|i| json!({"key": format!("k{i}"), "value": "v"})).collect();
    let bodies = [
        ("pool-name", one("elastic_resource_pool_name", Value::Null)),
        ("pool-name", name("")),
        ("pool-name", name("_x")),
        ("pool-name", name("123")),
        ("pool-name", name("a-b")),
        ("pool-name", name(&"a".repeat(129))),
        ("pool-cu", one("min_cu", Value::Null)),
        ("pool-cu", one("max_cu", Value::Null)),
        ("pool-cu", one("min_cu", json!(63))),
        ("pool-cu", one("max_cu", json!(32_001))),
        ("pool-cu", one("min_cu", json!(128))),
        ("pool-cu-basic", basic(15, 64)),
        ("pool-cu-basic", basic(16, 65)),
        ("pool-label", one("label", json!({"spec": "huge"}))),
        ("pool-label", one("label", json!({"color": "blue"}))),
        ("pool-cidr", one("cidr_in_vpc", json!("172.16.0.0/20"))),
        ("pool-cidr", one("cidr_in_vpc", json!("8.8.0.0/16"))),
        ("pool-cidr", one("cidr_in_vpc", json!("x"))),
        ("pool-charging", one("charging_mode", json!(2))),
        ("pool-description", one("description", json!("d".repeat(257)))),
        ("pool-tags", one("tags", json!([{"key": "_sys_x", "value": "v"}]))),
        ("pool-tags", one("tags", json!(many))),
    ];
    let fine = [
        new(),
        name(&"a".repeat(128)),
        one("max_cu", json!(32_000)),
        one("max_cu", json!(64)),
        basic(16, 64),
        one("label", json!({"billing_spec_code": "developer"})),
        one("cidr_in_vpc", json!("172.16.0.0/19")),
        one("charging_mode", json!(1)),
        one("description", json!("d".repeat(256))),
        one("tags", json!(many[..20])),
    ];
    accepted(&cloud, Post, &pools(), fine);
    let mut rows: Vec<Row> =
        bodies.into_iter().map(|(fact, body)| row(fact, Post, pools(), body, "Parameter check")).collect();
    rows.extend([
        row("pool-exists", Post, pools(), name("P1"), "already exists"),
        row("pool-queue-name", Post, pools(), name("q1"), "already exists"),
        row("pool-lingers", Post, pools(), name("gone"), "already exists"),
        row("pool-list", Get, format!("{}?status=deleting", pools()), Value::Null, "status"),
        row("pool-list", Get, format!("{}?limit=x", pools()), Value::Null, "limit"),
        row("pool-list", Get, format!("{}?offset=-1", pools()), Value::Null, "offset"),
    ]);
    table.check(&cloud, rows);
    let (cloud, _) = Cloud::furnished(answering(&[("poolNameDigit", "refused"), ("poolCuStep", "sixteen")]));
    table.check(
        &cloud,
        vec![
            row("pool-digit", Post, pools(), name("1new"), "digit"),
            row("pool-step", Post, pools(), one("min_cu", json!(78)), "multiples of 16"),
        ],
    );
    let quotas = Quotas { pools: Some(0), ..Quotas::default() };
    let (cloud, _) = Cloud::furnished(Config { quotas, ..Config::default() });
    table.check(&cloud, vec![row("pool-quota", Post, pools(), new(), "quota")]);
}

pub(super) fn changing(table: &mut Table) {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    cloud.pool("p1", 128, 256);
    cloud.pooled("inner", "p1", 96);
    cloud.pool("full", 64, 112);
    cloud.pooled("other", "full", 32);
    cloud.pool("moved", 64, 112);
    cloud.pooled("last", "moved", 64);
    cloud.pass(3_600_000);
    let policy = |min: i64| json!({"priority": 1, "impact_start_time": "00:00", "impact_stop_time": "24:00", "min_cu": min, "max_cu": 112});
    for (path, min) in [("moved/queues/last", 64), ("full/queues/other", 32)] {
        let body = json!({ "queue_scaling_policies": [policy(min)] });
        assert_eq!(cloud.put(&format!("{}/{path}", pools()), body).status, 200);
    }
    cloud.pass(3_600_000);
    // C: whoever deletes a queue and right after it the pool finds the pool SCALING.
    assert_eq!(cloud.delete(&format!("{}/last", queues())).status, 200);
    let body = json!({"elastic_resource_pool_name": "young", "min_cu": 64, "max_cu": 64});
    assert_eq!(cloud.post(&pools(), body).status, 200);
    let at = |name: &str| format!("{}/{name}", pools());
    table.check(
        &cloud,
        vec![
            row("pool-update-missing", Put, at("nope"), json!({"max_cu": 128}), "does not exist"),
            row("pool-update-range", Put, at("p1"), json!({"min_cu": 16}), "from 64 to 32000"),
            row("pool-update-range", Put, at("p1"), json!({"max_cu": 112}), "less than min_cu"),
            row("pool-update-range", Put, at("p1"), json!({"max_cu": 32_016}), "from 64 to 32000"),
            row("pool-update-current", Put, at("p1"), json!({"min_cu": 144}), "current_cu"),
            row("pool-update-queues", Put, at("p1"), json!({"min_cu": 64}), "the sum of the min_cu"),
            row("pool-update-queues", Put, at("full"), json!({"max_cu": 96}), "the max_cu of the queues"),
            row("pool-update-description", Put, at("p1"), json!({"description": "d".repeat(257)}), "description"),
            row("pool-update-busy", Put, at("young"), json!({"max_cu": 128}), "CREATING"),
            row("pool-update-busy", Put, at("moved"), json!({"max_cu": 128}), "SCALING"),
            row("pool-delete-missing", Delete, at("nope"), Value::Null, "does not exist"),
            row("pool-delete-young", Delete, at("young"), Value::Null, "so soon"),
            row("pool-delete-scaling", Delete, at("moved"), Value::Null, "SCALING"),
            row("pool-delete-queues", Delete, at("full"), Value::Null, "has queues"),
        ],
    );
}

/// What depends on who calls, or on when the region was brought up to date.
pub(super) fn the_rest(table: &mut Table) {
    let (mut cloud, _) = Cloud::furnished(answering(&[("poolDeleteBody", "required")]));
    cloud.pool("p1", 64, 112);
    cloud.pass(3_600_000);
    let path = format!("{}/p1", pools());
    table.check(&cloud, vec![row("pool-delete-body", Delete, path.clone(), Value::Null, "JSON object")]);
    assert_eq!(cloud.call(Delete, &path, Some(b"{}")).status, 200);
    let (mut cloud, _) = Cloud::furnished(Config::default());
    let message = "The user may not create elastic resource pools.".to_owned();
    let effect = Effect::Respond { status: 403, code: "DLI.0003".to_owned(), message };
    cloud.model.arm(Fault::next(Operation::CreatePool, effect));
    table.check(&cloud, vec![row("pool-forbidden", Post, pools(), new(), "may not create")]);
}
