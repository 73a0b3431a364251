//! Connections: create, list, show, delete, hosts, bindings, routes.

use dli_operator::{
    dli::Method::{Delete, Get, Post, Put},
    simulator::{
        Config, Edit,
        model::{Networks, Quotas},
    },
};
use serde_json::{Value, json};

use super::{Row, Table, accepted, answering, row, with};
use crate::support::{Cloud, PROJECT, connections, queues};

const NONE: &str = "Connection nope does not exist.";

fn at(id: &str, rest: &str) -> String {
    format!("{}/{id}{rest}", connections())
}

fn new() -> Value {
    json!({"name": "new", "dest_vpc_id": "v", "dest_network_id": "n"})
}

/// What is wrong with hosts, whether they come with the create call or later.
fn bad_hosts() -> Vec<Value> {
    let many: Vec<Value> = (0..20_001).map(|i| json!({"name": format!("h{i}"), "ip": "10.0.0.1"})).collect();
    let host = |name: &str, ip: &str| json!([{"name": name, "ip": ip}]);
    vec![
        host("", "10.0.0.1"),
        host("1h", "10.0.0.1"),
        host("h/h", "10.0.0.1"),
        host(&"h".repeat(129), "10.0.0.1"),
        host("h", "10.0.0.256"),
        host("h", "::1"),
        json!([{"name": "h"}]),
        json!([{"ip": "10.0.0.1"}]),
        json!(many),
    ]
}

pub(super) fn creating(table: &mut Table) {
    let networks = Networks { unknown: ["nowhere".to_owned()].into(), ..Networks::default() };
    let (mut cloud, _) = Cloud::furnished(Config { networks, ..Config::default() });
    cloud.post(&queues(), json!({"queue_name": "shared", "cu_count": 16, "resource_mode": 0}));
    let one = |field: &str, value: Value| with(new(), field, value);
    let bind = |queue: &str| one("queues", json!([queue]));
    let many: Vec<Value> = (0..21).map(|i| json!({"key": format!("k{i}"), "value": "v"})).collect();
    let bodies = [
        ("connection-name", one("name", Value::Null)),
        ("connection-name", one("name", json!(""))),
        ("connection-name", one("name", json!("a b"))),
        ("connection-name", one("name", json!("a-b"))),
        ("connection-name", one("name", json!("n".repeat(65)))),
        ("connection-network", one("dest_vpc_id", Value::Null)),
        ("connection-network", one("dest_vpc_id", json!(""))),
        ("connection-network", one("dest_network_id", Value::Null)),
        ("connection-network", one("dest_network_id", json!(""))),
        ("connection-tags", one("tags", json!([{"key": "_sys_x", "value": "v"}]))),
        ("connection-tags", one("tags", json!([{"key": "a,b", "value": "v"}]))),
        ("connection-tags", one("tags", json!([{"key": "k".repeat(129), "value": "v"}]))),
        ("connection-tags", one("tags", json!([{"key": "k", "value": "v".repeat(256)}]))),
        ("connection-tags", one("tags", json!(many))),
    ];
    let host = |name: &str| json!({"name": name, "ip": "10.0.0.1"});
    let most: Vec<Value> = (0..20_000).map(|i| host(&format!("h{i}"))).collect();
    let fine = [
        new(),
        one("name", json!("n".repeat(64))),
        one("tags", json!(many[..20])),
        one("tags", json!([{"key": "k".repeat(128), "value": "v".repeat(255)}])),
        one("hosts", json!([host(&"h".repeat(128)), host("h-1_a.b")])),
        one("hosts", json!(most)),
        bind("q1"),
    ];
    accepted(&cloud, Post, &connections(), fine);
    let hosts = bad_hosts().into_iter().map(|hosts| ("connection-hosts", one("hosts", hosts)));
    let mut rows: Vec<Row> = bodies
        .into_iter()
        .chain(hosts)
        .map(|(fact, body)| row(fact, Post, connections(), body, "Parameter check"))
        .collect();
    rows.extend([
        row("connection-dedicated", Post, connections(), bind("shared"), "dedicated"),
        row("connection-dedicated", Post, connections(), bind("default"), "dedicated"),
        row("connection-queue", Post, connections(), bind("nope"), "There is no queue named nope"),
        row("connection-pool", Post, connections(), one("elastic_resource_pools", json!(["p"])), "does not exist"),
        row("connection-pool", Post, connections(), one("elastic_resource_pools", json!("p")), "does not exist"),
        row("connection-vpc", Post, connections(), one("dest_vpc_id", json!("nowhere")), "VPC"),
        row("connection-vpc", Post, connections(), one("dest_network_id", json!("nowhere")), "subnet"),
        row("connection-exists", Post, connections(), one("name", json!("c1")), "already exists"),
    ]);
    table.check(&cloud, rows);
    let quotas = Quotas { connections: Some(1), ..Quotas::default() };
    let (cloud, _) = Cloud::furnished(Config { quotas, ..Config::default() });
    table.check(&cloud, vec![row("connection-quota", Post, connections(), new(), "quota")]);
}

pub(super) fn changing(table: &mut Table) {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    cloud.post(&queues(), json!({"queue_name": "shared", "cu_count": 16, "resource_mode": 0}));
    cloud.pool("p1", 64, 112);
    cloud.queue("q2", 16);
    let failed = cloud.connection("failed", &["q2"]);
    let path = at(&failed, "/associate-queue");
    assert_eq!(cloud.post(&path, json!({"elastic_resource_pools": ["p1"]})).status, 200);
    for name in ["q2", "p1"] {
        let edit = Edit::Peering { id: failed.clone(), queue: name.into(), error: Some("overlap".into()) };
        cloud.model.edit(cloud.now, None, edit).unwrap();
    }
    let gone = cloud.connection("gone", &[]);
    assert_eq!(cloud.delete(&at(&gone, "")).status, 200);
    let creating = cloud.connection("creating", &["q2"]);
    let name = |name: &str| json!({ "queues": [name] });
    let pool = |name: &str| json!({ "elastic_resource_pools": [name] });
    let (bind, unbind) = ("/associate-queue", "/disassociate-queue");
    let list = |query: &str| format!("{}?{query}", connections());
    let mut rows = vec![
        row("connection-list-page", Get, list("limit=-1"), Value::Null, "limit"),
        row("connection-list-page", Get, list("offset=x"), Value::Null, "offset"),
        row("connection-list-status", Get, list("status=CREATING"), Value::Null, "status"),
        row("connection-missing", Get, at("nope", ""), Value::Null, NONE),
        row("connection-delete-missing", Delete, at("nope", ""), Value::Null, NONE),
        row("connection-delete-missing", Delete, at(&gone, ""), Value::Null, "does not exist"),
        row("connection-creating", Delete, at(&creating, ""), Value::Null, "being created"),
        row("hosts-missing", Put, at("nope", ""), json!({"hosts": []}), NONE),
        row("hosts-missing", Put, at(&gone, ""), json!({"hosts": []}), "does not exist"),
        row("hosts-required", Put, at(&id, ""), json!({}), "hosts is required"),
        row("hosts-required", Put, at(&id, ""), json!({"hosts": null}), "hosts is required"),
        row("bind-missing", Post, at("nope", bind), name("q1"), NONE),
        row("bind-missing", Post, at(&gone, bind), name("q1"), "does not exist"),
        row("bind-nothing", Post, at(&id, bind), json!({}), "required"),
        row("bind-nothing", Post, at(&id, bind), json!({"queues": [], "elastic_resource_pools": null}), "required"),
        row("bind-dedicated", Post, at(&id, bind), name("shared"), "dedicated"),
        row("bind-dedicated", Post, at(&id, bind), name("default"), "dedicated"),
        row("bind-queue", Post, at(&id, bind), name("nope"), "There is no queue named nope"),
        row("bind-pool", Post, at(&id, bind), pool("nope"), "does not exist"),
        row("unbind-missing", Post, at("nope", unbind), name("q1"), NONE),
        row("unbind-missing", Post, at(&gone, unbind), name("q1"), "does not exist"),
        row("unbind-nothing", Post, at(&id, unbind), json!({"queues": []}), "required"),
        row("unbind-unbound", Post, at(&id, unbind), name("q2"), "not associated"),
        row("unbind-unbound", Post, at(&id, unbind), pool("p1"), "not associated"),
        row("unbind-failed", Post, at(&failed, unbind), name("q2"), "failed"),
        row("unbind-failed", Post, at(&failed, unbind), pool("p1"), "failed"),
        row("grants-missing", Get, at("nope", "/privileges"), Value::Null, NONE),
        row("grants-deleted", Get, at(&gone, "/privileges"), Value::Null, "does not exist."),
    ];
    rows.extend(
        bad_hosts().into_iter().map(|hosts| row("hosts-rules", Put, at(&id, ""), json!({ "hosts": hosts }), "host")),
    );
    table.check(&cloud, rows);
    // C conn.go:272: a deleted connection is shown, and a FAILED entry does not keep a connection from being deleted.
    let shown = cloud.get(&at(&gone, ""));
    assert_eq!((shown.status, &shown.json["status"]), (200, &json!("DELETED")));
    assert_eq!(cloud.get(&list("status=deleted")).json["connections"][0]["id"], gone.as_str());
    assert_eq!(cloud.delete(&at(&failed, "")).status, 200);
    let networks = Networks { overlapping: ["vpc".to_owned()].into(), ..Networks::default() };
    let (mut cloud, id) = Cloud::furnished(Config { networks, ..Config::default() });
    cloud.queue("q2", 16);
    cloud.model.configure(|config| config.answers = answering(&[("cidrOverlap", "refused")]).answers);
    table.check(
        &cloud,
        vec![
            row("bind-overlap", Post, at(&id, bind), name("q2"), "overlaps"),
            row(
                "connection-overlap",
                Post,
                connections(),
                with(with(new(), "dest_vpc_id", json!("vpc")), "queues", json!(["q2"])),
                "overlaps",
            ),
        ],
    );
    let (cloud, _) = Cloud::furnished(answering(&[("missingGrants", "isNotExist")]));
    let words = "Connection nope is not exist";
    table.check(&cloud, vec![row("grants-not-exist", Get, at("nope", "/privileges"), Value::Null, words)]);
}

pub(super) fn routes(table: &mut Table) {
    let quotas = Quotas { routes: Some(1), ..Quotas::default() };
    let (mut cloud, id) = Cloud::furnished(Config { quotas, ..Config::default() });
    let routes = |version: &str, id: &str| format!("/{version}/{PROJECT}/datasource/enhanced-connections/{id}/routes");
    let v3 = || routes("v3", &id);
    let route = |name: &str, cidr: &str| json!({"name": name, "cidr": cidr});
    assert_eq!(cloud.post(&routes("v2.0", &id), route("r", "10.1.0.0/16")).status, 200);
    // Blocks may overlap; the documentation's own example has a bare address.
    let mut free = cloud.clone();
    free.model.configure(|config| config.quotas.routes = None);
    for cidr in ["127.0.0.0", "2001:db8::/32", "10.0.0.0/8", "100.126.0.0/16"] {
        assert_eq!(free.post(&v3(), route(&format!("r{}", cidr.len()), cidr)).status, 200, "{cidr}");
    }
    let one = |fact: &'static str, body: Value, text: &'static str| row(fact, Post, v3(), body, text);
    let mut rows = vec![
        one("route-name", json!({"cidr": "10.0.0.0/8"}), "name"),
        one("route-name", route("a b", "10.0.0.0/8"), "name"),
        one("route-name", route(&"n".repeat(65), "10.0.0.0/8"), "name"),
        one("route-cidr", json!({"name": "x"}), "cidr"),
        one("route-equal", route("x", "10.1.0.0/16"), "already exists"),
        one("route-exists", route("r", "10.9.0.0/16"), "already exists"),
        one("route-quota", route("x", "10.9.0.0/16"), "quota"),
        row("route-connection", Post, routes("v3", "nope"), route("x", "10.9.0.0/16"), NONE),
        row("route-missing", Delete, format!("{}/none", v3()), Value::Null, "does not exist"),
        row("route-delete-connection", Delete, format!("{}/r", routes("v2.0", "nope")), Value::Null, NONE),
    ];
    rows.extend(
        ["10.0.0.0/33", "10.0.0/8", "2001:db8::/129", "all"].map(|cidr| one("route-cidr", route("x", cidr), "cidr")),
    );
    let reserved = ["100.125.0.0/16", "100.125.7.0/24", "100.64.0.0/16", "100.64.0.0/10"];
    rows.extend(reserved.map(|cidr| one("route-reserved", route("x", cidr), "reserved")));
    table.check(&cloud, rows);
}
