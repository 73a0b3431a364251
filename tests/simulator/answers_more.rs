//! The switches of pools, routes, authentications and the like: what the cloud answers under each.

use dli_operator::simulator::{Answers, Config, Edit};
use serde_json::{Value, json};

use crate::{
    answers::{code, len},
    answers_later,
    support::{Cloud, PROJECT, connections, exact, pools, queues},
};

/// Each switch with what is seen under each of its answers.
pub(crate) const EXPECTED: &[(&str, &[(&str, &str)])] = &[
    ("poolNames", &[("shared", "400 DLI.0006, 400 DLI.0006"), ("apart", "200 , 200 ")]),
    ("duplicatePool", &[("exists0006", "400 DLI.0006"), ("parameter0001", "400 DLI.0001")]),
    ("poolCuStep", &[("any", "200 "), ("sixteen", "400 DLI.0001")]),
    ("poolBounds", &[("atLeast", "200 "), ("greater", "400 DLI.0001")]),
    ("poolMaxRule", &[("any", "200 "), ("sum", "400 DLI.0001")]),
    ("poolPageCap", &[("none", "2"), ("capped", "1")]),
    ("hourlyChanges", &[("shown", "128 48, later 128 48"), ("hidden", "112 32, later 128 48")]),
    ("pooledCuCount", &[("created", "32"), ("allocated", "48")]),
    ("pooledQueueEntry", &[("queue", "[\"inner\"] []"), ("pool", "[] [\"p1\"]")]),
    ("deletePoolWithQueues", &[("refused", "400 DLI.0999, 1"), ("allowed", "200 , 0")]),
    ("deleteBoundPool", &[("allowed", "200 , entries 0"), ("refused", "400 DLI.0999, entries 1")]),
    ("deletePoolBoundConnection", &[("allowed", "200 "), ("refused", "400 DLI.0999")]),
    ("poolDeleteBody", &[("ignored", "200 , 200 "), ("required", "400 DLI.0001, 200 ")]),
    ("hiddenPools", &[("unlisted", "[\"p1\"]"), ("listed", "[\"p1\",\"q1\"]")]),
    ("hiddenPoolLingers", &[("blocks", "400 DLI.0006, later 200 "), ("gone", "200 , later 200 ")]),
    ("associateTwice", &[("refused", "400 DLI.0007"), ("success", "200 ")]),
    (
        "busyCode",
        &[
            ("system0999", "400 DLI.0999 400 DLI.0999 400 DLI.0999"),
            ("unsupported0007", "400 DLI.0007 400 DLI.0007 400 DLI.0007"),
        ],
    ),
    ("descriptionLimit", &[("long256", "200  200 "), ("short128", "400 DLI.0001 400 DLI.0001")]),
    ("hetuMinimum", &[("cu96", "400 DLI.0001 200 "), ("cu16", "200  200 ")]),
    ("queueGetKeys", &[("camel", "\"q1\" null"), ("snake", "null \"q1\"")]),
    ("queueLabels", &[("text", "\"multi_az=2\" \"\""), ("list", "[\"multi_az=2\"] []")]),
    ("tagLimits", &[("large", "200 "), ("small", "400 DLI.0001")]),
    ("actionCuCount", &[("delta", "200  144"), ("target", "200  80")]),
    ("deleteDefaultQueue", &[("refused", "400 DLI.0007"), ("allowed", "200 ")]),
    ("queueStart", &[("creation", "ACTIVE, later ACTIVE"), ("firstUse", "CREATING, later ACTIVE")]),
    (
        "failedRecovers",
        &[("never", "FAILED \"broken\", later FAILED \"broken\""), ("later", "FAILED \"broken\", later ACTIVE \"\"")],
    ),
    ("vanishedPeering", &[("active", "ACTIVE"), ("failed", "FAILED")]),
    ("peerId", &[("distinct", "false"), ("connection", "true")]),
    ("statusWord", &[("upper", "\"ACTIVE\" 1"), ("title", "\"Active\" 1")]),
    ("duplicateRoute", &[("exists0006", "400 DLI.0006"), ("parameter0001", "400 DLI.0001")]),
    ("missingRoute", &[("notFound0002", "400 DLI.0002"), ("parameter0001", "400 DLI.0001"), ("success", "200 ")]),
    (
        "privilegeKey",
        &[("both", "\"other\" \"other\""), ("applicant", "\"other\" null"), ("project", "null \"other\"")],
    ),
    ("authCreateStatus", &[("created201", "201 "), ("ok200", "200 ")]),
    ("duplicateAuth", &[("exists0006", "400 DLI.0006"), ("parameter0001", "400 DLI.0001")]),
    ("missingAuth", &[("notFound0002", "400 DLI.0002 400 DLI.0002"), ("parameter0001", "400 DLI.0001 400 DLI.0001")]),
    ("authNameFilter", &[("exact", "1"), ("fuzzy", "2")]),
    ("connectivityFailure", &[("word", "200  \"UNREACHABLE\""), ("refused", "400 DLI.0999 null")]),
    ("connectivityRunning", &[("empty", "\"\", later \"REACHABLE\""), ("word", "\"RUNNING\", later \"REACHABLE\"")]),
    ("cidrMasks", &[("sdk", "400 DLI.0001"), ("cn21", "200 ")]),
];

fn names(list: &Value) -> Value {
    list.as_array().map_or(Value::Null, |list| {
        list.iter().map(|item| item.get("elastic_resource_pool_name").unwrap_or(&item["name"]).clone()).collect()
    })
}

fn auth_infos() -> String {
    format!("/v3/{PROJECT}/datasource/auth-infos")
}

fn login(name: &str) -> Value {
    json!({"auth_info_name": name, "datasource_type": "passwd", "user_name": "u", "password": "secret"})
}

/// Looks at what one switch is about. The cloud has the queue `q1`, bound to a connection and available.
pub(crate) fn observe(name: &str, cloud: &mut Cloud, id: &str) -> String {
    let connection = format!("{}/{id}", connections());
    let routes = format!("/v3/{PROJECT}/datasource/enhanced-connections/{id}/routes");
    let pool =
        |name: &str, min: i64, max: i64| json!({"elastic_resource_pool_name": name, "min_cu": min, "max_cu": max});
    let item = |cloud: &mut Cloud| cloud.get(&connection).json["available_queue_info"][0].clone();
    match name {
        "poolNames" => {
            let taken = code(&cloud.post(&pools(), pool("Q1", 64, 64)));
            cloud.pool("p1", 64, 112);
            format!("{taken}, {}", code(&cloud.post(&queues(), json!({"queue_name": "P1", "cu_count": 16}))))
        }
        "duplicatePool" => {
            cloud.pool("p1", 64, 112);
            code(&cloud.post(&pools(), pool("P1", 64, 112)))
        }
        "poolCuStep" => code(&cloud.post(&pools(), pool("p1", 78, 684))),
        "poolBounds" => code(&cloud.post(&pools(), pool("p1", 64, 64))),
        "poolMaxRule" => {
            cloud.pool("p1", 64, 112);
            cloud.pooled("one", "p1", 32);
            cloud.pass(3_600_000);
            cloud.pooled("two", "p1", 32);
            let path = format!("{}/p1/queues/two", pools());
            cloud.pass(3_600_000);
            code(&cloud.put(&path, policies(32, 112)))
        }
        "poolPageCap" => {
            cloud.pool("p1", 64, 112);
            cloud.pool("p2", 64, 112);
            let found = cloud.get(&pools());
            assert_eq!(found.json["count"], 2, "the count is that of all");
            len(&found.json["elastic_resource_pools"]).to_string()
        }
        "hourlyChanges" => {
            cloud.pool("p1", 64, 112);
            cloud.pooled("inner", "p1", 32);
            cloud.pass(3_600_000);
            assert_eq!(code(&cloud.put(&format!("{}/p1/queues/inner", pools()), policies(32, 48))), "200 ");
            assert_eq!(code(&cloud.put(&format!("{}/p1", pools()), json!({"max_cu": 128}))), "200 ");
            let look = |cloud: &mut Cloud| {
                let pool = cloud.get(&pools()).json["elastic_resource_pools"][0]["max_cu"].clone();
                let queues = cloud.get(&format!("{}/p1/queues", pools())).json;
                format!("{pool} {}", queues["queues"][0]["queue_scaling_policies"][0]["max_cu"])
            };
            let first = look(cloud);
            cloud.pass(3_600_000);
            format!("{first}, later {}", look(cloud))
        }
        "pooledCuCount" => {
            cloud.pool("p1", 64, 112);
            cloud.pooled("inner", "p1", 32);
            cloud.put(&format!("{}/p1/queues/inner", pools()), policies(32, 48));
            cloud.pass(600_000);
            cloud.put(&format!("{}/p1/queues/inner", pools()), policies(32, 48));
            cloud.pass(3_600_000);
            cloud.get(&format!("{}/inner", queues())).json["cuCount"].to_string()
        }
        "pooledQueueEntry" => {
            cloud.pool("p1", 64, 112);
            cloud.pooled("inner", "p1", 32);
            cloud.pass(600_000);
            let other = cloud.connection("c2", &["inner"]);
            let shown = cloud.get(&format!("{}/{other}", connections())).json;
            let seen = format!("{} {}", names(&shown["available_queue_info"]), names(&shown["elastic_resource_pools"]));
            cloud.pass(600_000);
            let unbound =
                cloud.post(&format!("{}/{other}/disassociate-queue", connections()), json!({"queues": ["inner"]}));
            assert_eq!(code(&unbound), "200 ");
            seen
        }
        "deletePoolWithQueues" => {
            cloud.pool("p1", 64, 112);
            cloud.pooled("inner", "p1", 32);
            cloud.pass(3_600_000);
            let deleted = code(&cloud.delete(&format!("{}/p1", pools())));
            let left = cloud.model.queues(cloud.now).iter().filter(|queue| queue.pool.is_some()).count();
            format!("{deleted}, {left}")
        }
        "deleteBoundPool" | "deletePoolBoundConnection" => {
            cloud.pool("p1", 64, 112);
            let body =
                json!({"name": "c2", "dest_vpc_id": "v", "dest_network_id": "n", "elastic_resource_pools": ["P1"]});
            let other = cloud.post(&connections(), body).json["connection_id"].as_str().unwrap().to_owned();
            cloud.pass(3_600_000);
            if name == "deletePoolBoundConnection" {
                return code(&cloud.delete(&format!("{}/{other}", connections())));
            }
            let deleted = code(&cloud.delete(&format!("{}/p1", pools())));
            let entries = cloud.get(&format!("{}/{other}", connections())).json["elastic_resource_pools"].clone();
            format!("{deleted}, entries {}", len(&entries))
        }
        "poolDeleteBody" => {
            for name in ["p1", "p2"] {
                cloud.pool(name, 64, 112);
            }
            cloud.pass(3_600_000);
            let bare = code(&cloud.delete(&format!("{}/p1", pools())));
            let with = cloud.call(dli_operator::dli::Method::Delete, &format!("{}/p2", pools()), Some(b"{}"));
            format!("{bare}, {}", code(&with))
        }
        "hiddenPools" => {
            cloud.pool("p1", 64, 112);
            names(&cloud.get(&pools()).json["elastic_resource_pools"]).to_string()
        }
        "hiddenPoolLingers" => {
            cloud.queue("q2", 16);
            cloud.delete(&format!("{}/q2", queues()));
            let first = code(&cloud.clone().post(&pools(), pool("q2", 64, 64)));
            cloud.pass(30_000);
            format!("{first}, later {}", code(&cloud.post(&pools(), pool("q2", 64, 64))))
        }
        "associateTwice" => {
            cloud.pool("p1", 64, 112);
            cloud.pooled("inner", "p1", 32);
            cloud.pass(600_000);
            code(&cloud.post(&format!("{}/P1/queues", pools()), json!({"queue_name": "Inner"})))
        }
        "busyCode" => {
            cloud.pool("p1", 64, 112);
            cloud.queue("q2", 64);
            let young = code(&cloud.delete(&format!("{}/p1", pools())));
            let action = json!({"action": "scale_out", "cu_count": 16});
            let assigning = code(&cloud.put(&format!("{}/q2/action", queues()), action));
            let edit = Edit::Peering { id: id.to_owned(), queue: "q1".into(), error: Some("broken".into()) };
            cloud.model.edit(cloud.now, None, edit).unwrap();
            let unbound = cloud.post(&format!("{connection}/disassociate-queue"), json!({"queues": ["q1"]}));
            format!("{young} {assigning} {}", code(&unbound))
        }
        "descriptionLimit" => {
            let mut body = pool("p1", 64, 112);
            body["description"] = json!("d".repeat(129));
            let queue = json!({"queue_name": "q2", "cu_count": 16, "description": "d".repeat(129)});
            format!("{} {}", code(&cloud.post(&pools(), body)), code(&cloud.post(&queues(), queue)))
        }
        "hetuMinimum" => {
            cloud.pool("p1", 256, 256);
            let mut create = |name: &str, cu: i64| {
                let mut body = json!({"queue_name": name, "cu_count": cu, "engine": "hetuEngine"});
                body["elastic_resource_pool_name"] = json!("p1");
                let answer = code(&cloud.post(&queues(), body));
                cloud.pass(3_600_000);
                answer
            };
            format!("{} {}", create("small", 16), create("large", 96))
        }
        "queueGetKeys" => {
            let shown = cloud.get(&format!("{}/q1", queues())).json;
            format!("{} {}", shown["queueName"], shown["queue_name"])
        }
        "queueLabels" => {
            let body = json!({"queue_name": "q2", "cu_count": 16, "labels": ["multi_az=2"]});
            cloud.post(&queues(), body);
            cloud.pass(60_000);
            let list = cloud.get(&format!("{}?order=queue_name_desc", queues())).json;
            let shown = format!("{}", list["queues"][0]["labels"]);
            cloud.delete(&format!("{}/q2", queues()));
            cloud.pass(60_000);
            let list = cloud.get(&format!("{}?order=queue_name_desc", queues())).json;
            format!("{shown} {}", list["queues"][0]["labels"])
        }
        "tagLimits" => {
            let tags: Vec<Value> = (0..11).map(|i| json!({"key": format!("k{i}"), "value": "v"})).collect();
            code(&cloud.post(&queues(), json!({"queue_name": "q2", "cu_count": 16, "tags": tags})))
        }
        "actionCuCount" => {
            let action = json!({"action": "scale_out", "cu_count": 80});
            let done = code(&cloud.put(&format!("{}/q1/action", queues()), action));
            cloud.pass(700_000);
            format!("{done} {}", cloud.model.queues(cloud.now)[1].cu_count)
        }
        "deleteDefaultQueue" => code(&cloud.delete(&format!("{}/default", queues()))),
        "queueStart" => {
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
        }
        "failedRecovers" => {
            let edit = Edit::Peering { id: id.to_owned(), queue: "q1".into(), error: Some("broken".into()) };
            cloud.model.edit(cloud.now, None, edit).unwrap();
            let look = |cloud: &mut Cloud| {
                let entry = item(cloud);
                format!("{} {}", entry["status"].as_str().unwrap(), entry["err_msg"])
            };
            let first = look(cloud);
            cloud.pass(600_000);
            format!("{first}, later {}", look(cloud))
        }
        "vanishedPeering" => {
            let edit = Edit::DeleteVpcPeering { id: id.to_owned(), queue: "q1".into() };
            cloud.model.edit(cloud.now, None, edit).unwrap();
            item(cloud)["status"].as_str().unwrap().to_owned()
        }
        "peerId" => (item(cloud)["peer_id"] == id).to_string(),
        "statusWord" => {
            let active = cloud.get(&format!("{}?status=active", connections())).json;
            format!("{} {}", cloud.get(&connection).json["status"], len(&active["connections"]))
        }
        "duplicateRoute" => {
            assert_eq!(code(&cloud.post(&routes, json!({"name": "r", "cidr": "10.1.0.0/16"}))), "200 ");
            code(&cloud.post(&routes, json!({"name": "r", "cidr": "10.2.0.0/16"})))
        }
        "missingRoute" => code(&cloud.delete(&format!("{routes}/none"))),
        "privilegeKey" => {
            let object = format!("edsconnections.{id}");
            let privileges = json!([{"object": object, "privileges": ["BIND_QUEUE"]}]);
            let body = json!({"projectId": "other", "action": "grant", "privileges": privileges});
            assert_eq!(code(&cloud.put(&format!("/v1.0/{PROJECT}/authorization"), body)), "200 ");
            let shown = cloud.get(&format!("{connection}/privileges")).json["privileges"][0].clone();
            format!("{} {}", shown["applicant_project_id"], shown["project_id"])
        }
        "authCreateStatus" => code(&cloud.post(&auth_infos(), login("a"))),
        "duplicateAuth" => {
            cloud.post(&auth_infos(), login("a"));
            code(&cloud.post(&auth_infos(), login("a")))
        }
        "missingAuth" => {
            let updated = code(&cloud.put(&auth_infos(), json!({"auth_info_name": "none", "user_name": "x"})));
            format!("{updated} {}", code(&cloud.delete(&format!("{}/none", auth_infos()))))
        }
        "authNameFilter" => {
            for name in ["a", "ab"] {
                cloud.post(&auth_infos(), login(name));
            }
            len(&cloud.get(&format!("{}?auth_info_name=a", auth_infos())).json["auth_infos"]).to_string()
        }
        "connectivityFailure" | "connectivityRunning" => {
            let far = name == "connectivityFailure";
            let path = format!("{}/q1/connection-test", queues());
            let address = if far { "far.example:80" } else { "192.168.0.1:80" };
            let begun = cloud.post(&path, json!({ "address": address }));
            let task = format!("{path}/{}", begun.json["task_id"]);
            let first = cloud.get(&task).json["connectivity"].clone();
            cloud.pass(5_000);
            let last = cloud.get(&task).json["connectivity"].clone();
            if far { format!("{} {last}", code(&begun)) } else { format!("{first}, later {last}") }
        }
        "cidrMasks" => {
            cloud.queue("q2", 64);
            cloud.pass(300_000);
            let body = json!({"properties": {"network.cidrInVpc": "10.0.0.0/24"}});
            code(&cloud.put(&format!("/v3/{PROJECT}/queues/q2/properties"), body))
        }
        other => answers_later::observe(other, cloud, id),
    }
}

/// One policy for the whole day.
fn policies(min: i64, max: i64) -> Value {
    let policy =
        json!({"priority": 1, "impact_start_time": "00:00", "impact_stop_time": "24:00", "min_cu": min, "max_cu": max});
    json!({ "queue_scaling_policies": [policy] })
}

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
