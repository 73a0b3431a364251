//! The switches of bindings and their peerings.

use dli_operator::simulator::{Answers, Config, Edit};
use serde_json::{Value, json};

use super::{Switch, at, code, entries, failing, len, names, switch};
use crate::support::{Cloud, connections, exact, queues};

/// The first entry of a connection.
fn item(cloud: &mut Cloud, id: &str) -> Value {
    cloud.get(&at(id)).json["available_queue_info"][0].clone()
}

pub(super) const SWITCHES: &[Switch] = &[
    switch("bindTwice", &[("success", "200 , entries 1"), ("refused", "400 DLI.0001, entries 1")], |cloud, id| {
        let connection = at(id);
        let bound = code(&cloud.post(&format!("{connection}/associate-queue"), json!({"queues": ["Q1"]})));
        format!("{bound}, entries {}", entries(cloud))
    }),
    switch("unbindUnbound", &[("refused", "400 DLI.0001"), ("success", "200 ")], |cloud, id| {
        let connection = at(id);
        code(&cloud.post(&format!("{connection}/disassociate-queue"), json!({"queues": ["q9"]})))
    }),
    switch("unbindCreating", &[("allowed", "200 "), ("refused", "400 DLI.0999")], |cloud, id| {
        let connection = at(id);
        cloud.queue("q2", 16);
        cloud.post(&format!("{connection}/associate-queue"), json!({"queues": ["q2"]}));
        code(&cloud.post(&format!("{connection}/disassociate-queue"), json!({"queues": ["q2"]})))
    }),
    switch(
        "partialBind",
        &[("nothing", "400 DLI.0002, entries 1"), ("goodOnes", "400 DLI.0002, entries 2")],
        |cloud, id| {
            let connection = at(id);
            cloud.queue("q2", 16);
            cloud.queue("q3", 16);
            let body = json!({"queues": ["q2", "nope", "q3"]});
            let bound = code(&cloud.post(&format!("{connection}/associate-queue"), body));
            format!("{bound}, entries {}", entries(cloud))
        },
    ),
    switch(
        "cidrOverlap",
        &[
            ("failed", "201 , FAILED The CIDR block of the queue q1 overlaps with that of the VPC tight."),
            ("refused", "400 DLI.0001, "),
        ],
        |cloud, _| failing(cloud, "tight"),
    ),
    switch("peeringMode", &[("legacy", "1 0"), ("pooled", "0 1")], |cloud, id| {
        let connection = at(id);
        let shown = cloud.get(&connection).json;
        format!("{} {}", len(&shown["available_queue_info"]), len(&shown["elastic_resource_pools"]))
    }),
    switch("pooledQueueEntry", &[("queue", "[\"inner\"] []"), ("pool", "[] [\"p1\"]")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        cloud.pooled("inner", "p1", 32);
        cloud.pass(600_000);
        let other = cloud.connection("c2", &["inner"]);
        let shown = cloud.get(&format!("{}/{other}", connections())).json;
        let seen = format!(
            "{} {}",
            names(&shown["available_queue_info"], "name"),
            names(&shown["elastic_resource_pools"], "name")
        );
        cloud.pass(600_000);
        let unbound =
            cloud.post(&format!("{}/{other}/disassociate-queue", connections()), json!({"queues": ["inner"]}));
        assert_eq!(code(&unbound), "200 ");
        seen
    }),
    switch(
        "queueStart",
        &[("creation", "ACTIVE, later ACTIVE"), ("firstUse", "CREATING, later ACTIVE")],
        |cloud, id| {
            let connection = at(id);
            cloud.queue("q2", 16);
            cloud.pass(300_000);
            cloud.post(&format!("{connection}/associate-queue"), json!({"queues": ["q2"]}));
            cloud.pass(60_000);
            let entry = |cloud: &mut Cloud| {
                let shown = cloud.get(&connection).json["available_queue_info"][1]["status"].clone();
                shown.as_str().unwrap().to_owned()
            };
            let first = entry(cloud);
            cloud.pass(240_000);
            format!("{first}, later {}", entry(cloud))
        },
    ),
    switch(
        "failedRecovers",
        &[("never", "FAILED \"broken\", later FAILED \"broken\""), ("later", "FAILED \"broken\", later ACTIVE \"\"")],
        |cloud, id| {
            let edit = Edit::Peering { id: id.to_owned(), queue: "q1".into(), error: Some("broken".into()) };
            cloud.model.edit(cloud.now, None, edit).unwrap();
            let look = |cloud: &mut Cloud| {
                let entry = item(cloud, id);
                format!("{} {}", entry["status"].as_str().unwrap(), entry["err_msg"])
            };
            let first = look(cloud);
            cloud.pass(600_000);
            format!("{first}, later {}", look(cloud))
        },
    ),
    switch("vanishedPeering", &[("active", "ACTIVE"), ("failed", "FAILED")], |cloud, id| {
        let edit = Edit::DeleteVpcPeering { id: id.to_owned(), queue: "q1".into() };
        cloud.model.edit(cloud.now, None, edit).unwrap();
        item(cloud, id)["status"].as_str().unwrap().to_owned()
    }),
    switch("peerId", &[("distinct", "false"), ("connection", "true")], |cloud, id| {
        (item(cloud, id)["peer_id"] == id).to_string()
    }),
    switch(
        "sharedQueue",
        &[
            ("parameter0001", "400 DLI.0001 400 DLI.0001, "),
            ("unsupported0007", "400 DLI.0007 400 DLI.0007, "),
            ("failed", "200  200 , FAILED FAILED The queue default is not a dedicated queue."),
        ],
        |cloud, id| {
            let connection = at(id);
            cloud.post(&queues(), json!({"queue_name": "shared", "cu_count": 16, "resource_mode": 0}));
            let path = format!("{connection}/associate-queue");
            let mut bind = |name: &str| code(&cloud.post(&path, json!({ "queues": [name] })));
            let both = format!("{} {}", bind("shared"), bind("default"));
            cloud.pass(600_000);
            let seen = cloud.get(&connection).json["available_queue_info"].clone();
            let state = |i: usize| seen[i]["status"].as_str().unwrap_or_default().to_owned();
            let text = seen[2]["err_msg"].as_str().unwrap_or_default();
            format!("{both}, {}", format!("{} {} {text}", state(1), state(2)).trim())
        },
    ),
    switch(
        "unbindTakes",
        &[("atOnce", "[], bound again CREATING"), ("late", "[\"ACTIVE\"], later [], bound again CREATING")],
        |cloud, id| {
            let connection = at(id);
            let body = json!({"queues": ["q1"]});
            assert_eq!(code(&cloud.post(&format!("{connection}/disassociate-queue"), body.clone())), "200 ");
            let states = |cloud: &mut Cloud| {
                let shown = cloud.get(&connection).json["available_queue_info"].as_array().unwrap().clone();
                shown.iter().map(|entry| entry["status"].clone()).collect::<Vec<Value>>()
            };
            let mut seen = json!(states(cloud)).to_string();
            if seen != "[]" {
                let again = cloud.post(&format!("{connection}/disassociate-queue"), body.clone());
                assert_eq!(code(&again), "400 DLI.0001", "it is not bound any more");
                let mut later = cloud.clone();
                later.pass(20_000);
                seen = format!("{seen}, later {}", json!(states(&mut later)));
            }
            cloud.post(&format!("{connection}/associate-queue"), body);
            let entries = states(cloud);
            assert_eq!(entries.len(), 1);
            format!("{seen}, bound again {}", entries[0].as_str().unwrap())
        },
    ),
];

/// In the mode of hidden pools, the pool of a queue can be bound by its own name.
#[test]
fn a_hidden_pool_can_be_bound() {
    let mut answers = Answers::default();
    let mode = Answers::DIMENSIONS.iter().position(|dimension| dimension.name == "peeringMode").unwrap();
    answers.choose(mode, 1);
    let (mut cloud, id) = Cloud::furnished(exact(Config { answers, ..Config::default() }));
    cloud.queue("q2", 16);
    let path = format!("{}/{id}/associate-queue", connections());
    assert_eq!(cloud.post(&path, json!({"elastic_resource_pools": ["Q2"]})).status, 200);
    let shown = cloud.get(&format!("{}/{id}", connections())).json;
    assert_eq!(shown["elastic_resource_pools"][1]["name"], "q2");
    assert_eq!(shown["available_queue_info"], json!([]));
}
