//! The refusals of pools, routes, grants, properties, tests, authentications and searches, each with its source.

use dli_operator::{
    dli::Method::{Delete, Get, Post, Put},
    simulator::{Config, model::Quotas},
};
use serde_json::{Value, json};

use crate::{
    refusals::{check, row},
    support::{Cloud, PROJECT, connections, exact, pools, queues},
};

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// The pool `p1` of 64 to 112 units with the queue `inner` of 32, the standalone `q1`, and a connection.
fn furnished(config: Config) -> (Cloud, String) {
    let (mut cloud, id) = Cloud::furnished(config);
    cloud.pool("p1", 64, 112);
    cloud.pooled("inner", "p1", 32);
    cloud.pass(300_000);
    (cloud, id)
}

#[test]
fn creating_and_changing_a_pool() {
    let (mut cloud, _) = furnished(Config::default());
    cloud.post(&pools(), json!({"elastic_resource_pool_name": "young", "min_cu": 64, "max_cu": 64}));
    let pool = json!({"elastic_resource_pool_name": "new", "min_cu": 64, "max_cu": 112});
    let basic = with(pool.clone(), "label", json!({"spec": "basic"}));
    let bodies = [
        with(pool.clone(), "elastic_resource_pool_name", Value::Null),
        with(pool.clone(), "elastic_resource_pool_name", json!("_x")),
        with(pool.clone(), "elastic_resource_pool_name", json!("123")),
        with(pool.clone(), "elastic_resource_pool_name", json!("a-b")),
        with(pool.clone(), "elastic_resource_pool_name", json!("a".repeat(129))),
        with(pool.clone(), "min_cu", Value::Null),
        with(pool.clone(), "max_cu", Value::Null),
        with(pool.clone(), "min_cu", json!(63)),
        with(pool.clone(), "max_cu", json!(32_001)),
        with(pool.clone(), "min_cu", json!(128)),
        basic,
        with(pool.clone(), "label", json!({"spec": "huge"})),
        with(pool.clone(), "cidr_in_vpc", json!("172.16.0.0/20")),
        with(pool.clone(), "cidr_in_vpc", json!("8.8.0.0/16")),
        with(pool.clone(), "cidr_in_vpc", json!("x")),
        with(pool.clone(), "charging_mode", json!(2)),
        with(pool.clone(), "description", json!("d".repeat(257))),
        with(pool.clone(), "tags", json!([{"key": "_sys_x", "value": "v"}])),
    ];
    let page = "D dli_02_0326";
    let mut rows: Vec<_> =
        bodies.into_iter().map(|body| row(page, Post, pools(), body, "DLI.0001", "Parameter check")).collect();
    let at = |rest: &str| format!("{}{rest}", pools());
    let exists = with(pool, "elastic_resource_pool_name", json!("P1"));
    rows.extend([
        row(page, Post, pools(), exists, "DLI.0006", "already exists"),
        row("D dli_02_0327", Get, at("?status=deleting"), Value::Null, "DLI.0001", "status"),
        row("D dli_02_0327", Get, at("?limit=x"), Value::Null, "DLI.0001", "limit"),
        row("C pool.go:546", Put, at("/nope"), json!({"max_cu": 128}), "DLI.0002", "does not exist"),
        row("C pool.go:546", Delete, at("/nope"), Value::Null, "DLI.0002", "does not exist"),
        row("D dli_02_0329", Put, at("/p1"), json!({"min_cu": 16}), "DLI.0001", "from 64 to 32000"),
        row("D dli_02_0329", Put, at("/p1"), json!({"max_cu": 48}), "DLI.0001", ""),
        row("D dli_02_0329", Put, at("/young"), json!({"max_cu": 128}), "DLI.0999", "CREATING"),
        row("D dli_07_0005", Delete, at("/young"), Value::Null, "DLI.0999", "so soon"),
    ]);
    check(&cloud, rows);
    let quotas = Quotas { pools: Some(1), ..Quotas::default() };
    let (cloud, _) = furnished(Config { quotas, ..Config::default() });
    let body = json!({"elastic_resource_pool_name": "new", "min_cu": 64, "max_cu": 112});
    check(&cloud, vec![row("D dli_02_0056", Post, pools(), body, "DLI.1028", "quota")]);
}

#[test]
fn queues_in_a_pool() {
    let (mut cloud, _) = furnished(Config::default());
    cloud.post(&queues(), json!({"queue_name": "shared", "cu_count": 16, "resource_mode": 0}));
    let other = json!({"queue_name": "foreign", "cu_count": 16, "resource_mode": 1, "enterprise_project_id": "e"});
    cloud.post(&queues(), other);
    cloud.queue("fresh", 16);
    let path = |rest: &str| format!("{}/p1/queues{rest}", pools());
    let name = |name: &str| json!({ "queue_name": name });
    let inside = |cu: i64, kind: &str| json!({"queue_name": "new", "cu_count": cu, "queue_type": kind, "elastic_resource_pool_name": "p1"});
    let policy = |start: &str, stop: &str, min: i64, max: i64| json!({"priority": 1, "impact_start_time": start, "impact_stop_time": stop, "min_cu": min, "max_cu": max});
    let day = || policy("00:00", "24:00", 32, 32);
    let set = |policies: Value| json!({ "queue_scaling_policies": policies });
    let mut rows = vec![
        row("D dli_02_0194", Post, queues(), inside(4, "sql"), "DLI.0001", "at least 8"),
        row("D dli_02_0194", Post, queues(), inside(2, "general"), "DLI.0001", "at least 4"),
        row("D dli_02_0330", Post, queues(), inside(36, "sql"), "DLI.0001", "min_cu of the pool"),
        row("D dli_02_0331", Post, path(""), json!({}), "DLI.0001", "queue_name"),
        row("D dli_02_0331", Post, path(""), name("nope"), "DLI.0002", "no queue named"),
        row("D dli_02_0331", Post, path(""), name("shared"), "DLI.0007", "dedicated"),
        row("D dli_02_0331", Post, path(""), name("foreign"), "DLI.0007", "enterprise project"),
        row("D dli_02_0331", Post, path(""), name("default"), "DLI.0007", "dedicated"),
        row("D dli_01_0487", Post, path(""), name("fresh"), "DLI.0999", "is assigning"),
        row("D dli_02_0331", Post, path(""), name("q1"), "DLI.0001", "min_cu of the pool"),
        row("D dli_02_0332", Put, path("/nope"), set(json!([day()])), "DLI.0002", "no queue named"),
        row("D dli_02_0332", Put, path("/q1"), set(json!([day()])), "DLI.0002", "no queue named"),
        row(
            "D dli_02_0249",
            Put,
            format!("{}/inner/action", queues()),
            json!({"action": "scale_out", "cu_count": 16}),
            "DLI.0007",
            "elastic resource pool",
        ),
        row("C pool.go:546", Get, format!("{}/nope/queues", pools()), Value::Null, "DLI.0002", "does not exist"),
        row("D dli_02_0336", Get, format!("{}/p1/scale-records?limit=101", pools()), Value::Null, "DLI.0001", "limit"),
        row(
            "D dli_02_0336",
            Get,
            format!("{}/p1/scale-records?status=maybe", pools()),
            Value::Null,
            "DLI.0001",
            "status",
        ),
        row(
            "D dli_02_0336",
            Get,
            format!("{}/p1/scale-records?start_time=1", pools()),
            Value::Null,
            "DLI.0001",
            "30 days",
        ),
    ];
    let bad = [
        json!([]),
        Value::Null,
        json!([policy("08:00", "12:00", 32, 32)]),
        json!([day(), day()]),
        json!([day(), policy("08:00", "12:00", 32, 32), policy("11:00", "13:00", 32, 32)]),
        json!([day(), policy("22:00", "10:00", 32, 32), policy("09:00", "13:00", 32, 32)]),
        json!([day(), policy("08:30", "12:00", 32, 32)]),
        json!([day(), policy("8:00", "12:00", 32, 32)]),
        json!([day(), policy("12:00", "12:00", 32, 32)]),
        json!([day(), policy("08:00", "25:00", 32, 32)]),
        json!([policy("00:00", "24:00", 32, 116)]),
        json!([policy("00:00", "24:00", 68, 112)]),
        json!([policy("00:00", "24:00", 32, 28)]),
        json!([policy("00:00", "24:00", 30, 32)]),
        json!([with(day(), "priority", json!(0))]),
        json!([with(day(), "priority", json!(101))]),
    ];
    rows.extend(
        bad.map(|policies| row("D dli_02_0332", Put, path("/inner"), set(policies), "DLI.0001", "Parameter check")),
    );
    check(&cloud, rows);
}

#[test]
fn routes_and_grants() {
    let quotas = Quotas { routes: Some(1), ..Quotas::default() };
    let (mut cloud, id) = Cloud::furnished(Config { quotas, ..Config::default() });
    let routes = |version: &str, id: &str| format!("/{version}/{PROJECT}/datasource/enhanced-connections/{id}/routes");
    let v3 = routes("v3", &id);
    let route = |name: &str, cidr: &str| json!({"name": name, "cidr": cidr});
    assert_eq!(cloud.post(&routes("v2.0", &id), route("r", "10.1.0.0/16")).status, 200);
    // The documentation's own example has a bare address.
    let mut free = cloud.clone();
    free.model.configure(|config| config.quotas.routes = None);
    for cidr in ["127.0.0.0", "2001:db8::/32", "10.0.0.0/8", "100.126.0.0/16"] {
        assert_eq!(free.post(&v3, route(&format!("r{}", cidr.len()), cidr)).status, 200, "{cidr}");
    }
    let authorize = format!("/v1.0/{PROJECT}/authorization");
    let grant = |object: &str| {
        let privileges = json!([{"object": object, "privileges": ["BIND_QUEUE"]}]);
        json!({"projectId": "other", "action": "grant", "privileges": privileges})
    };
    let of = |object: &str| format!("{authorize}/privileges?object={object}");
    let none = "Connection nope does not exist.";
    check(
        &cloud,
        vec![
            row("D dli_02_0371", Post, v3.clone(), json!({"cidr": "10.0.0.0/8"}), "DLI.0001", "name"),
            row("D dli_02_0371", Post, v3.clone(), json!({"name": "x"}), "DLI.0001", "cidr"),
            row("D dli_02_0371", Post, v3.clone(), route("a b", "10.0.0.0/8"), "DLI.0001", "name"),
            row("D dli_02_0371", Post, v3.clone(), route(&"n".repeat(65), "10.0.0.0/8"), "DLI.0001", "name"),
            row("D dli_02_0371", Post, v3.clone(), route("x", "10.0.0.0/33"), "DLI.0001", "cidr"),
            row("D dli_02_0371", Post, v3.clone(), route("x", "10.1.0.0/16"), "DLI.0001", "already exists"),
            row("D dli_01_0006", Post, v3.clone(), route("x", "100.125.0.0/16"), "DLI.0001", "reserved"),
            row("D dli_01_0006", Post, v3.clone(), route("x", "100.125.7.0/24"), "DLI.0001", "reserved"),
            row("D dli_01_0006", Post, v3.clone(), route("x", "100.64.0.0/10"), "DLI.0001", "reserved"),
            row("D dli_02_0056", Post, v3.clone(), route("x", "10.9.0.0/16"), "DLI.1028", "quota"),
            row("assumed", Post, routes("v3", "nope"), route("x", "10.9.0.0/16"), "DLI.0001", none),
            row("assumed", Delete, format!("{}/r", routes("v3", "nope")), Value::Null, "DLI.0001", none),
            row("assumed", Delete, format!("{v3}/none"), Value::Null, "DLI.0002", "does not exist"),
            row("D dli_02_0256", Get, format!("{}/nope/privileges", connections()), Value::Null, "DLI.0001", none),
            row("C perm.go:331", Get, of("queues.nope"), Value::Null, "DLI.0002", "no queue named"),
            row("C perm.go:331", Get, of("tables.x"), Value::Null, "DLI.0002", "does not exist"),
            row("D dli_02_0252", Get, of(""), Value::Null, "DLI.0001", "object"),
            row("D dli_02_0037", Put, authorize.clone(), grant("queues.nope"), "DLI.0002", "no queue named"),
            row(
                "D dli_02_0037",
                Put,
                authorize.clone(),
                with(grant("queues.q1"), "action", json!("give")),
                "DLI.0001",
                "action",
            ),
            row(
                "D dli_02_0037",
                Put,
                authorize.clone(),
                with(grant("queues.q1"), "privileges", json!([])),
                "DLI.0001",
                "privileges",
            ),
            row(
                "D dli_02_0037",
                Put,
                authorize.clone(),
                with(grant("queues.q1"), "user_name", json!("u")),
                "DLI.0001",
                "one of",
            ),
        ],
    );
    let quotas = Quotas { connections: Some(1), ..Quotas::default() };
    let (cloud, _) = Cloud::furnished(Config { quotas, ..Config::default() });
    let body = json!({"name": "new", "dest_vpc_id": "v", "dest_network_id": "n"});
    check(&cloud, vec![row("D dli_02_0056", Post, connections(), body, "DLI.1028", "quota")]);
}

#[test]
fn properties_tests_and_jobs() {
    let (mut cloud, _) = furnished(Config::default());
    cloud.post(&queues(), json!({"queue_name": "jar", "cu_count": 16, "queue_type": "general"}));
    cloud.queue("fresh", 16);
    let path = |queue: &str| format!("/v3/{PROJECT}/queues/{queue}/properties");
    let set = |key: &str, value: Value| {
        let mut properties = json!({});
        properties[key] = value;
        json!({ "properties": properties })
    };
    let test = |queue: &str| format!("{}/{queue}/connection-test", queues());
    let address = |address: &str| json!({ "address": address });
    let jobs = |query: &str| format!("/v1.0/{PROJECT}/jobs?{query}");
    let none = "There is no queue named nope";
    let mut rows = vec![
        row("D dli_02_0056", Get, path("nope"), Value::Null, "DLI.0002", none),
        row("D dli_02_0510", Put, path("jar"), set("job.maxConcurrent", json!(2)), "DLI.0007", "no properties"),
        row("C queue.go:640", Put, path("q1"), json!({"properties": {}}), "DLI.0001", "at least one"),
        row("D dli_02_0512", Delete, path("q1"), json!({"keys": []}), "DLI.0001", "keys"),
        row(
            "D dli_02_0512",
            Delete,
            path("q1"),
            json!({"keys": ["network.cidrInVpc"]}),
            "DLI.0001",
            "cannot be deleted",
        ),
        row(
            "D dli_02_0511",
            Post,
            path("q1"),
            set("network.cidrInVpc", json!("10.0.0.0/16")),
            "DLI.0001",
            "not supported",
        ),
        row("D dli_02_0511", Put, path("inner"), set("network.cidrInVpc", json!("10.0.0.0/16")), "DLI.0007", "pool"),
        row("D dli_02_0511", Put, path("q1"), set("network.cidrInVpc", json!("10.0.0.0/16")), "DLI.0007", "bound"),
        row("D dli_01_0487", Put, path("fresh"), set("job.maxConcurrent", json!(2)), "DLI.0999", "is assigning"),
        row("D dli_02_0056", Post, test("nope"), address("h:1"), "DLI.0002", none),
        row("D dli_02_0284", Post, test("q1"), json!({}), "DLI.0001", "address"),
        row("D dli_02_0284", Post, test("q1"), address("h:99999"), "DLI.0001", "address"),
        row("D dli_02_0284", Post, test("q1"), address("[::1:80"), "DLI.0001", "address"),
        row("D dli_01_0487", Post, test("fresh"), address("h:1"), "DLI.0999", "is assigning"),
        row("assumed", Get, format!("{}/7", test("q1")), Value::Null, "DLI.0002", "task"),
        row("D dli_02_0025", Get, jobs("page-size=101"), Value::Null, "DLI.0001", "page-size"),
        row("D dli_02_0025", Get, jobs("start=x"), Value::Null, "DLI.0001", "start"),
    ];
    let ranges = [
        ("computeEngine.maxInstance", json!(1)),
        ("computeEngine.maxInstance", json!(5)),
        ("job.maxConcurrent", json!(0)),
        ("job.maxConcurrent", json!(33)),
        ("computeEngine.maxPrefetchInstance", json!(5)),
        ("computeEngine.spark.nativeEnabled", json!(true)),
        ("multipleSc.support", json!("true")),
        ("nonsense", json!(1)),
    ];
    rows.extend(ranges.map(|(key, value)| row("D dli_02_0511", Put, path("q1"), set(key, value), "DLI.0001", key)));
    check(&cloud, rows);
    let on = set("job.saveJobResultToJobBucket", json!("true"));
    assert_eq!(cloud.put(&path("q1"), on).status, 200);
    let off = set("job.saveJobResultToJobBucket", json!("false"));
    check(&cloud, vec![row("D dli_02_0511", Put, path("q1"), off, "DLI.0007", "turned off")]);
}

#[test]
fn authentications_and_searches() {
    let (mut cloud, _) = Cloud::furnished(exact(Config::default()));
    let path = format!("/v3/{PROJECT}/datasource/auth-infos");
    let login = json!({"auth_info_name": "a", "datasource_type": "CSS", "user_name": "u", "password": "p", "certificate_location": "obs://c"});
    assert_eq!(cloud.post(&path, login.clone()).status, 201, "C auth.go:186");
    let new = with(login.clone(), "auth_info_name", json!("b"));
    let search = format!("/v3/{PROJECT}/dli_queue/resource-instances/filter");
    let text = cloud.get(&path).json.to_string();
    assert!(!text.contains("password") && !text.contains("\"p\""), "never returned: {text}");
    let mut rows = vec![
        row("assumed", Post, path.clone(), login, "DLI.0006", "already exists"),
        row(
            "D dli_02_0367",
            Put,
            path.clone(),
            json!({"auth_info_name": "a", "certificate_location": "obs://d"}),
            "DLI.0001",
            "cannot be changed",
        ),
        row(
            "D dli_02_0367",
            Put,
            path.clone(),
            json!({"auth_info_name": "a", "key_password": "x"}),
            "DLI.0001",
            "cannot be changed",
        ),
        row(
            "D dli_02_0367",
            Put,
            path.clone(),
            json!({"auth_info_name": "a", "datasource_type": "KRB"}),
            "DLI.0001",
            "cannot be changed",
        ),
        row("assumed", Delete, format!("{path}/none"), Value::Null, "DLI.0002", "does not exist"),
        row("D dli_02_0513", Post, search, json!([]), "DLI.0001", "JSON object"),
    ];
    let bodies = [
        with(new.clone(), "auth_info_name", json!("_b")),
        with(new.clone(), "auth_info_name", json!("12")),
        with(new.clone(), "auth_info_name", json!("b".repeat(129))),
        with(new.clone(), "datasource_type", json!("css")),
        with(new.clone(), "datasource_type", Value::Null),
        with(new.clone(), "password", Value::Null),
        with(new.clone(), "datasource_type", json!("KRB")),
        with(new, "datasource_type", json!("Kafka_SSL")),
    ];
    rows.extend(bodies.map(|body| row("D dli_02_0367", Post, path.clone(), body, "DLI.0001", "Parameter check")));
    check(&cloud, rows);
    // C auth.go:281: a missing one is an empty list, not an error.
    let none = cloud.get(&format!("{path}?auth_info_name=none"));
    assert_eq!((none.status, &none.json["auth_infos"]), (200, &json!([])));
}
