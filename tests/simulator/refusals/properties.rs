//! Properties of queues, connectivity tests, the list of jobs.

use dli_operator::{
    dli::Method::{Delete, Get, Post, Put},
    simulator::{Config, Edit},
};
use serde_json::{Value, json};

use super::{Row, Table, accepted, answering, row};
use crate::support::{Cloud, PROJECT, pools, queues};

fn path(queue: &str) -> String {
    format!("/v3/{PROJECT}/queues/{queue}/properties")
}

fn set(key: &str, value: Value) -> Value {
    let mut properties = json!({});
    properties[key] = value;
    json!({ "properties": properties })
}

/// The standalone `q1`, which is bound, `free`, `small`, `large` and `busy`; `inner` in a pool, `plain` in one of the basic edition; `jar`
/// and `hetu`, which are not for Spark SQL; `fresh`, which is not available.
fn furnished(config: Config) -> Cloud {
    let (mut cloud, _) = Cloud::furnished(config);
    cloud.pool("p1", 128, 256);
    let basic = json!({"elastic_resource_pool_name": "p2", "min_cu": 32, "max_cu": 64, "label": {"spec": "basic"}});
    assert_eq!(cloud.post(&pools(), basic).status, 200);
    cloud.pass(180_000);
    cloud.pooled("inner", "p1", 32);
    cloud.pooled("plain", "p2", 16);
    let hetu =
        json!({"queue_name": "hetu", "cu_count": 96, "engine": "hetuEngine", "elastic_resource_pool_name": "p1"});
    assert_eq!(cloud.post(&queues(), hetu).status, 200);
    cloud.post(&queues(), json!({"queue_name": "jar", "cu_count": 16, "queue_type": "general"}));
    cloud.queue("free", 64);
    cloud.queue("small", 16);
    cloud.queue("large", 128);
    cloud.queue("busy", 64);
    cloud.pass(300_000);
    cloud.model.edit(cloud.now, None, Edit::Job { name: "busy".into(), running: true }).unwrap();
    cloud.queue("fresh", 16);
    cloud
}

pub(super) fn of_queues(table: &mut Table) {
    let mut cloud = furnished(Config::default());
    let none = "There is no queue named nope";
    let assigning = "Status of queue fresh is assigning, which is not available";
    let cidr = |block: &str| set("network.cidrInVpc", json!(block));
    let two = || set("job.maxConcurrent", json!(2));
    let mut rows = vec![
        row("property-missing", Get, path("nope"), Value::Null, none),
        row("property-put-missing", Put, path("nope"), two(), none),
        row("property-kind", Put, path("jar"), two(), "no properties"),
        row("property-kind", Put, path("hetu"), two(), "no properties"),
        row("property-kind", Put, path("default"), two(), "no properties"),
        row("property-basic", Put, path("plain"), two(), "no properties"),
        row("property-none", Put, path("q1"), json!({"properties": {}}), "at least one"),
        row("property-none", Put, path("q1"), json!({}), "at least one"),
        row("property-put-only", Post, path("free"), cidr("10.0.0.0/16"), "not supported"),
        row("property-put-only", Post, path("q1"), set("job.saveJobResultToJobBucket", json!("true")), "not supported"),
        row("property-cidr", Put, path("free"), cidr("8.8.0.0/16"), "private"),
        row("property-cidr", Put, path("free"), cidr("10.0.0.0"), "private"),
        row("property-cidr", Put, path("free"), cidr("10.0.0.0/23"), "/22"),
        row("property-cidr", Put, path("small"), cidr("192.168.0.0/25"), "/24"),
        row("property-cidr", Put, path("large"), cidr("10.0.0.0/22"), "/21"),
        row("property-cidr-pool", Put, path("inner"), cidr("10.0.0.0/16"), "pool"),
        row("property-cidr-bound", Put, path("q1"), cidr("10.0.0.0/16"), "bound"),
        row("property-cidr-busy", Put, path("busy"), cidr("10.0.0.0/16"), "running"),
        row("property-assigning", Put, path("fresh"), two(), assigning),
        row("property-post-assigning", Post, path("fresh"), two(), assigning),
        row("property-delete-assigning", Delete, path("fresh"), json!({"keys": ["job.maxConcurrent"]}), assigning),
        row("property-delete", Delete, path("q1"), json!({"keys": []}), "keys"),
        row("property-delete", Delete, path("q1"), json!({}), "keys"),
        row("property-delete", Delete, path("q1"), json!({"keys": ["network.cidrInVpc"]}), "cannot be deleted"),
        row("property-delete-missing", Delete, path("nope"), json!({"keys": ["job.maxConcurrent"]}), none),
        row("property-post-range", Post, path("q1"), set("job.maxConcurrent", json!(33)), "from 1 to 32"),
    ];
    let values = [
        ("property-range", "computeEngine.maxInstance", json!(1)),
        ("property-range", "computeEngine.maxInstance", json!(5)),
        ("property-range", "job.maxConcurrent", json!(0)),
        ("property-range", "job.maxConcurrent", json!(33)),
        ("property-range", "job.maxConcurrent", json!("many")),
        ("property-range", "computeEngine.maxPrefetchInstance", json!(-1)),
        ("property-range", "computeEngine.maxPrefetchInstance", json!(5)),
        ("property-range", "computeEngine.spark.nativeEnabled", json!(true)),
        ("property-unknown", "multipleSc.support", json!("true")),
        ("property-unknown", "computeEngine.maxInstances", json!(2)),
        ("property-unknown", "nonsense", json!(1)),
    ];
    rows.extend(values.map(|(fact, key, value)| row(fact, Put, path("q1"), set(key, value), key)));
    for (key, value) in [("computeEngine.maxInstance", 3), ("computeEngine.maxPrefetchInstance", 2)] {
        rows.push(row("property-range", Put, path("small"), set(key, json!(value)), key));
    }
    let fine = [
        set("computeEngine.maxInstance", json!(2)),
        set("computeEngine.maxInstance", json!(4)),
        set("job.maxConcurrent", json!(1)),
        set("job.maxConcurrent", json!(32)),
        set("computeEngine.maxPrefetchInstance", json!(0)),
        set("computeEngine.maxPrefetchInstance", json!(4)),
        set("computeEngine.spark.nativeEnabled", json!("true")),
    ];
    accepted(&cloud, Put, &path("q1"), fine);
    accepted(&cloud, Put, &path("free"), [cidr("10.0.0.0/22")]);
    accepted(&cloud, Put, &path("small"), [cidr("192.168.0.0/24")]);
    accepted(&cloud, Put, &path("large"), [cidr("172.16.0.0/21")]);
    accepted(&cloud, Delete, &path("q1"), [json!({"keys": ["job.maxConcurrent"]})]);
    table.check(&cloud, rows);
    let on = set("job.saveJobResultToJobBucket", json!("true"));
    assert_eq!(cloud.put(&path("q1"), on).status, 200);
    let off = set("job.saveJobResultToJobBucket", json!("false"));
    table.check(&cloud, vec![row("property-bucket", Put, path("q1"), off, "turned off")]);
    let absent = serde_json::from_value(json!({"absent": ["properties"]})).unwrap();
    let (cloud, _) = Cloud::furnished(absent);
    table.check(&cloud, vec![row("gw-region", Get, path("q1"), Value::Null, "not been published")]);
}

pub(super) fn tests_and_jobs(table: &mut Table) {
    let cloud = furnished(Config::default());
    let test = |queue: &str| format!("{}/{queue}/connection-test", queues());
    let address = |address: &str| json!({ "address": address });
    let jobs = |query: &str| format!("/v1.0/{PROJECT}/jobs?{query}");
    let none = "There is no queue named nope";
    let mut rows = vec![
        row("connectivity-missing", Post, test("nope"), address("h:1"), none),
        row("connectivity-address", Post, test("q1"), json!({}), "address"),
        row(
            "connectivity-assigning",
            Post,
            test("fresh"),
            address("h:1"),
            "Status of queue fresh is assigning, which is not available",
        ),
        row("connectivity-task", Get, format!("{}/7", test("q1")), Value::Null, "task"),
        row("jobs-page", Get, jobs("page-size=101"), Value::Null, "page-size"),
        row("jobs-page", Get, jobs("page-size=0"), Value::Null, "page-size"),
        row("jobs-number", Get, jobs("start=x"), Value::Null, "start"),
    ];
    let bad = ["h:99999", "h:0", "h:x", "[::1:80", "[::g]:80", "a b:80", ":80"];
    rows.extend(bad.map(|bad| row("connectivity-address", Post, test("q1"), address(bad), "address")));
    table.check(&cloud, rows);
    let cloud = furnished(answering(&[("connectivityFailure", "refused")]));
    let unbound: Row =
        row("connectivity-failed", Post, test("free"), address("h:1"), "failed to connect to specified address");
    table.check(&cloud, vec![unbound]);
}
