//! Every refusal that the documentation states, or that clients and records of the real service show.
//!
//! Marks: D documentation (page), C client code that runs against the real service, F recorded from the real service.

use dli_operator::{
    dli::{
        HttpRequest,
        Method::{self, Delete, Get, Post, Put},
        ProjectId, RegionName,
    },
    simulator::{
        Caller, Config, Edit,
        model::{ProjectConfig, Quotas},
    },
};
use serde_json::{Value, json};

use crate::support::{Cloud, PROJECT, connections, queues};

pub(crate) struct Row {
    source: &'static str,
    method: Method,
    target: String,
    body: Value,
    status: u16,
    code: &'static str,
    text: &'static str,
}

pub(crate) fn row(
    source: &'static str,
    method: Method,
    target: String,
    body: Value,
    code: &'static str,
    text: &'static str,
) -> Row {
    Row { source, method, target, body, status: 400, code, text }
}

pub(crate) fn check(cloud: &Cloud, rows: Vec<Row>) {
    for Row { source, method, target, body, status, code, text } in rows {
        let mut cloud = cloud.clone();
        let look = |cloud: &Cloud| {
            (cloud.model.queues(cloud.now), cloud.model.connections(cloud.now), cloud.model.pools(cloud.now))
        };
        let before = look(&cloud);
        let bytes = body.to_string();
        let answer = cloud.call(method, &target, (!body.is_null()).then_some(bytes.as_bytes()));
        let shown = format!("{source}: {method:?} {target} {body} answered {answer:?}");
        assert_eq!(answer.code(), (status, code), "{shown}");
        assert!(answer.json["error_msg"].as_str().unwrap_or_default().contains(text), "{shown}");
        assert!(before == look(&cloud), "{shown} and changed something");
    }
}

#[test]
fn creating_a_queue() {
    let (cloud, _) = Cloud::furnished(Config::default());
    let with = |field: &str, value: Value| {
        let mut body = json!({"queue_name": "new", "cu_count": 16, "resource_mode": 1});
        body[field] = value;
        body
    };
    let tag = |key: &str, value: &str| with("tags", json!([{"key": key, "value": value}]));
    let many: Vec<Value> = (0..21).map(|i| json!({"key": format!("k{i}"), "value": "v"})).collect();
    let mut ai = with("feature", json!("ai"));
    ai["resource_mode"] = json!(0);
    let mut hetu = with("engine", json!("hetuEngine"));
    hetu["queue_type"] = json!("general");
    let bodies = [
        with("queue_name", Value::Null),
        with("queue_name", json!("")),
        with("queue_name", json!("_x")),
        with("queue_name", json!("123")),
        with("queue_name", json!("a-b")),
        with("queue_name", json!("a".repeat(129))),
        with("queue_name", json!(7)),
        with("queue_type", json!("spark")),
        with("description", json!("d".repeat(257))),
        with("cu_count", Value::Null),
        with("cu_count", json!(0)),
        with("cu_count", json!(17)),
        with("cu_count", json!("many")),
        with("charging_mode", json!(2)),
        with("platform", json!("arm")),
        with("resource_mode", json!(2)),
        with("labels", json!(["multi_az=3"])),
        with("feature", json!("pro")),
        ai,
        with("engine", json!("flink")),
        hetu,
        with("properties", json!({"job.maxConcurrent": "1"})),
        with("tags", json!(many)),
        tag("", "v"),
        tag(" k", "v"),
        tag("_sys_k", "v"),
        tag("k/k", "v"),
        tag(&"k".repeat(129), "v"),
        tag("k", &"v".repeat(256)),
        json!([]),
    ];
    let mut rows: Vec<Row> = bodies
        .into_iter()
        .map(|body| row("D dli_02_0194", Post, queues(), body, "DLI.0001", "Parameter check"))
        .collect();
    let pool = with("elastic_resource_pool_name", json!("pool"));
    rows.push(row("D dli_02_0056", Post, queues(), pool, "DLI.0002", "does not exist"));
    check(&cloud, rows);
}

#[test]
fn quotas_of_queues() {
    let none = Quotas::default;
    for quotas in [Quotas { queues: Some(1), ..none() }, Quotas { cus: Some(79), ..none() }] {
        let (cloud, _) = Cloud::furnished(Config { quotas, ..Config::default() });
        let body = json!({"queue_name": "new", "cu_count": 16});
        check(&cloud, vec![row("D dli_02_0056", Post, queues(), body, "DLI.1028", "quota")]);
    }
}

#[test]
fn listing_showing_and_changing_a_queue() {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    let general = json!({"queue_name": "jar", "cu_count": 32, "queue_type": "general", "resource_mode": 1});
    cloud.post(&queues(), general);
    cloud.queue("small", 16);
    cloud.queue("large", 128);
    cloud.pass(300_000);
    cloud.queue("fresh", 64);
    cloud.put(&format!("{}/large/action", queues()), json!({"action": "scale_out", "cu_count": 16}));
    cloud.model.edit(cloud.now, None, Edit::Job { name: "q1".into(), running: true }).unwrap();
    let action = |name: &str| format!("{}/{name}/action", queues());
    let out = |cu: i64| json!({"action": "scale_out", "cu_count": cu});
    let into = |cu: i64| json!({"action": "scale_in", "cu_count": cu});
    let none = "There is no queue named nope";
    let list = |query: &str| format!("{}?{query}", queues());
    check(
        &cloud,
        vec![
            row("D dli_02_0196", Get, list("queue_type=spark"), Value::Null, "DLI.0001", "queue_type"),
            row("D dli_02_0196", Get, list("order=owner"), Value::Null, "DLI.0001", "order"),
            row("D dli_02_0196", Get, list("page-size=0"), Value::Null, "DLI.0001", "page-size"),
            row("D dli_02_0196", Get, list("current-page=x"), Value::Null, "DLI.0001", "current-page"),
            row("D dli_02_0196", Get, list("tags=k"), Value::Null, "DLI.0001", "tags"),
            row("D dli_02_0056", Get, format!("{}/nope", queues()), Value::Null, "DLI.0002", none),
            row("D dli_02_0056", Put, action("nope"), out(16), "DLI.0002", none),
            row("D dli_02_0056", Delete, format!("{}/nope", queues()), Value::Null, "DLI.0002", none),
            row("D dli_01_0016", Delete, format!("{}/q1", queues()), Value::Null, "DLI.0999", "running"),
            row("D dli_02_0249", Put, action("q1"), json!({}), "DLI.0001", "action"),
            row("D dli_02_0249", Put, action("q1"), json!({"action": "stop"}), "DLI.0001", "action"),
            row("D dli_02_0249", Put, action("q1"), json!({"action": "scale_out"}), "DLI.0001", "multiple of 16"),
            row("D dli_02_0249", Put, action("q1"), out(0), "DLI.0001", "multiple of 16"),
            row("D dli_02_0249", Put, action("q1"), out(10), "DLI.0001", "multiple of 16"),
            row("D dli_02_0249", Put, action("q1"), out(-16), "DLI.0001", "multiple of 16"),
            row("D dli_02_0249", Put, action("jar"), json!({"action": "restart"}), "DLI.0007", "SQL"),
            row("D dli_01_0487", Put, action("small"), out(16), "DLI.0007", "16 CUs"),
            row("D dli_01_0487", Put, action("q1"), into(16), "DLI.0007", "64 CUs"),
            row(
                "D dli_01_0487",
                Put,
                action("fresh"),
                out(16),
                "DLI.0999",
                "Status of queue fresh is assigning, which is not available",
            ),
            row("D dli_01_0487", Put, action("large"), out(16), "DLI.0999", "is scaling, which is not available"),
            row("D dli_02_0196", Put, action("default"), out(16), "DLI.0007", "default"),
        ],
    );
}

#[test]
fn creating_a_connection() {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    cloud.post(&queues(), json!({"queue_name": "shared", "cu_count": 16, "resource_mode": 0}));
    let with = |field: &str, value: Value| {
        let mut body = json!({"name": "new", "dest_vpc_id": "v", "dest_network_id": "n"});
        body[field] = value;
        body
    };
    let host = |name: &str, ip: &str| with("hosts", json!([{"name": name, "ip": ip}]));
    let many: Vec<Value> = (0..20_001).map(|i| json!({"name": format!("h{i}"), "ip": "10.0.0.1"})).collect();
    let bodies = [
        with("name", Value::Null),
        with("name", json!("")),
        with("name", json!("a b")),
        with("name", json!("n".repeat(65))),
        with("dest_vpc_id", Value::Null),
        with("dest_network_id", json!("")),
        host("1h", "10.0.0.1"),
        host("h/h", "10.0.0.1"),
        host(&"h".repeat(129), "10.0.0.1"),
        host("h", "10.0.0.256"),
        host("h", "::1"),
        with("hosts", json!([{"name": "h"}])),
        with("hosts", json!(many)),
        with("tags", json!([{"key": "_sys_x", "value": "v"}])),
    ];
    let mut rows: Vec<Row> = bodies
        .into_iter()
        .map(|body| row("D dli_02_0187", Post, connections(), body, "DLI.0001", "Parameter check"))
        .collect();
    let bind = |queue: &str| with("queues", json!([queue]));
    rows.push(row("D dli_02_0187", Post, connections(), bind("shared"), "DLI.0001", "dedicated"));
    rows.push(row("D dli_02_0187", Post, connections(), bind("default"), "DLI.0001", "dedicated"));
    rows.push(row("D dli_02_0056", Post, connections(), bind("nope"), "DLI.0002", "There is no queue named nope"));
    let pool = with("elastic_resource_pools", json!(["pool"]));
    rows.push(row("D dli_02_0056", Post, connections(), pool, "DLI.0002", "does not exist"));
    check(&cloud, rows);
}

#[test]
fn changing_a_connection() {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    cloud.post(&queues(), json!({"queue_name": "shared", "cu_count": 16, "resource_mode": 0}));
    cloud.queue("q2", 16);
    let creating = cloud.connection("creating", &["q2"]);
    let failed = cloud.connection("failed", &["q2"]);
    let edit = Edit::Peering { id: failed.clone(), queue: "q2".into(), error: Some("overlap".into()) };
    cloud.model.edit(cloud.now, None, edit).unwrap();
    let gone = cloud.connection("gone", &[]);
    assert_eq!(cloud.delete(&format!("{}/{gone}", connections())).status, 200);
    let at = |id: &str, rest: &str| format!("{}/{id}{rest}", connections());
    let name = |name: &str| json!({ "queues": [name] });
    let (bind, unbind) = ("/associate-queue", "/disassociate-queue");
    let none = "Connection nope does not exist.";
    let list = |query: &str| format!("{}?{query}", connections());
    let mut rows = vec![
        row("D dli_02_0190", Get, list("limit=-1"), Value::Null, "DLI.0001", "limit"),
        row("D dli_02_0190", Get, list("offset=x"), Value::Null, "DLI.0001", "offset"),
        row("D dli_02_0190", Get, list("status=CREATING"), Value::Null, "DLI.0001", "status"),
        row("D dli_02_0256", Get, at("nope", ""), Value::Null, "DLI.0001", none),
        row("D dli_02_0256", Delete, at("nope", ""), Value::Null, "DLI.0001", none),
        row("D dli_02_0256", Put, at("nope", ""), json!({"hosts": []}), "DLI.0001", none),
        row("D dli_02_0256", Post, at("nope", bind), name("q1"), "DLI.0001", none),
        row("D dli_02_0256", Post, at("nope", unbind), name("q1"), "DLI.0001", none),
        row("D dli_02_0188", Delete, at(&creating, ""), Value::Null, "DLI.0999", "being created"),
        row("D dli_02_0200", Put, at(&id, ""), json!({}), "DLI.0001", "hosts is required"),
        row("D dli_02_0200", Put, at(&id, ""), json!({"hosts": null}), "DLI.0001", "hosts is required"),
        row("D dli_02_0200", Put, at(&id, ""), json!({"hosts": [{"name": "h", "ip": "x"}]}), "DLI.0001", "host"),
        row("D dli_02_0191", Post, at(&id, bind), json!({}), "DLI.0001", "required"),
        row("D dli_02_0191", Post, at(&id, bind), name("shared"), "DLI.0001", "dedicated"),
        row("D dli_02_0191", Post, at(&id, bind), name("default"), "DLI.0001", "dedicated"),
        row("D dli_02_0056", Post, at(&id, bind), name("nope"), "DLI.0002", "There is no queue named nope"),
        row("D dli_02_0192", Post, at(&id, unbind), json!({"queues": []}), "DLI.0001", "required"),
        row("D dli_01_0555", Post, at(&failed, unbind), name("q2"), "DLI.0999", "failed"),
    ];
    for (method, rest, body) in [
        (Delete, "", Value::Null),
        (Put, "", json!({"hosts": []})),
        (Post, bind, name("q1")),
        (Post, unbind, name("q1")),
    ] {
        rows.push(row("assumed: as if it had never been", method, at(&gone, rest), body, "DLI.0001", "does not exist"));
    }
    check(&cloud, rows);
    // C conn.go:272: a deleted connection is shown.
    let shown = cloud.get(&at(&gone, ""));
    assert_eq!((shown.status, &shown.json["status"]), (200, &json!("DELETED")));
    assert_eq!(cloud.get(&list("status=deleted")).json["connections"][0]["id"], gone.as_str());
}

#[test]
fn tagging() {
    let (cloud, id) = Cloud::furnished(Config::default());
    let path = |rest: &str| format!("/v3/{PROJECT}/dli_enhanced_datasource/{id}/tags{rest}");
    let many: Vec<Value> = (0..21).map(|i| json!({"key": format!("k{i}"), "value": "v"})).collect();
    let tag = |key: &str| json!({"tags": [{"key": key, "value": "v"}]});
    let other = |kind: &str| format!("/v3/{PROJECT}/{kind}/77777/tags");
    let mut rows = vec![
        row("D dli_02_0396", Post, path("/create"), json!({"tags": many}), "DLI.0001", "20"),
        row("D dli_02_0396", Post, path("/create"), json!({"tags": []}), "DLI.0001", "required"),
        row("D dli_02_0396", Post, path("/create"), json!({}), "DLI.0001", "required"),
        row("D dli_02_0396", Post, path("/create"), tag("_sys_a"), "DLI.0001", "invalid"),
        row("D dli_02_0396", Post, path("/create"), tag("a,b"), "DLI.0001", "invalid"),
        row("D dli_02_0501", Get, path("?limit=0"), Value::Null, "DLI.0001", "limit"),
        row("assumed", Get, other("dli_queue"), Value::Null, "DLI.0002", "does not exist"),
        row("assumed", Get, other("dli_enhanced_datasource"), Value::Null, "DLI.0002", "does not exist"),
    ];
    let unknown = row("F: an API that is not published", Get, other("dli_table"), Value::Null, "APIGW.0101", "");
    rows.push(Row { status: 404, ..unknown });
    check(&cloud, rows);
}

#[test]
fn paths_that_nothing_is_at() {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    for path in [
        "/",
        "/v1.0",
        "/v1.0/p/queues/a/b/c/d/e/f/g/h",
        "/v9/p/queues",
        "/v1.0//queues/x/y",
        "/%zz",
        "/v1.0/%ff/queues",
    ] {
        for method in [Get, Post, Put, Delete] {
            let answer = cloud.call(method, path, None);
            assert_eq!(answer.code(), (404, "APIGW.0101"), "{method:?} {path}");
            assert!(answer.json["request_id"].is_string());
        }
    }
}

#[test]
fn a_project_that_is_not_the_callers() {
    let (cloud, id) = Cloud::furnished(Config::default());
    let list = "/v1.0/ffffffffffffffffffffffffffffffff/queues".to_owned();
    let get = format!("/v2.0/other/datasource/enhanced-connections/{id}");
    for target in [list, get] {
        let refused = row("assumed", Get, target, Value::Null, "APIGW.0302", "project");
        check(&cloud, vec![Row { status: 403, ..refused }]);
    }
}

/// The header `X-Project-Id` must agree with the path, except for IAM.
#[test]
fn a_header_that_names_another_project() {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    let mut status = |project: &str, path: String| {
        let caller = Caller { project: Some(ProjectId::new(project)), ..Caller::new("test") };
        let request = HttpRequest { method: Get, path, query: Vec::new(), body: None };
        cloud.model.handle(cloud.now, &caller, &request).into_response().unwrap().status
    };
    assert_eq!(status(PROJECT, queues()), 200);
    assert_eq!(status("other", queues()), 403);
    assert_eq!(status("other", "/v3/projects".to_owned()), 200);
}

/// Projects know nothing of each other; IAM lists them by region.
#[test]
fn projects_are_apart() {
    let second = ProjectConfig { id: ProjectId::new("p2"), region: RegionName::new("r2"), enabled: false };
    let config = Config { projects: vec![ProjectConfig::default(), second], ..Config::default() };
    let (mut cloud, id) = Cloud::furnished(config);
    assert_eq!(cloud.get("/v1.0/p2/queues/q1").status, 400);
    assert_eq!(cloud.get(&format!("/v2.0/p2/datasource/enhanced-connections/{id}")).status, 400);
    let body = json!({"queue_name": "q1", "cu_count": 16});
    assert_eq!(cloud.post("/v1.0/p2/queues", body).status, 200);
    let found = cloud.get("/v3/projects?name=r2").json;
    assert_eq!((&found["projects"][0]["id"], &found["projects"][0]["enabled"]), (&json!("p2"), &json!(false)));
    assert_eq!(found["projects"].as_array().map(Vec::len), Some(1));
    assert_eq!(cloud.get("/v3/projects").json["projects"].as_array().map(Vec::len), Some(2));
    assert_eq!(cloud.get("/v3/projects?name=r3").json["projects"], json!([]));
    assert_eq!(cloud.get("/v3/auth/domains").json["domains"][0]["id"], found["projects"][0]["domain_id"]);
}

#[test]
fn bodies_that_are_not_json() {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    let targets = [
        (Post, queues()),
        (Put, format!("{}/q1/action", queues())),
        (Post, connections()),
        (Put, format!("{}/{id}", connections())),
        (Post, format!("{}/{id}/associate-queue", connections())),
        (Post, format!("/v3/{PROJECT}/dli_enhanced_datasource/{id}/tags/create")),
    ];
    let deep = "{\"a\":".repeat(500);
    let bodies: [&[u8]; 9] =
        [b"", b"{", b"null", b"[]", b"\"x\"", b"{\"queue_name\": }", b"\xff\xfe", b"{\"hosts\":{}}", deep.as_bytes()];
    for (method, target) in targets {
        for body in bodies {
            let answer = cloud.call(method, &target, Some(body));
            let body = String::from_utf8_lossy(body);
            assert_eq!(answer.code(), (400, "DLI.0001"), "{method:?} {target} {body} answered {answer:?}");
        }
        assert_eq!(cloud.call(method, &target, None).code(), (400, "DLI.0001"));
    }
}
