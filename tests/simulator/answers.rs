//! Every switch, both sides: what the cloud answers under each of the answers that the documentation leaves open.

use std::collections::BTreeMap;

use dli_operator::simulator::{Answers, Config, Durations, Edit, model::Networks};
use serde_json::{Value, json};

use crate::{
    answers_later, answers_more,
    support::{Answer, Cloud, PROJECT, connections, queues},
};

/// Each switch with what is seen under each of its answers.
const EXPECTED: &[(&str, &[(&str, &str)])] = &[
    (
        "duplicateQueue",
        &[("exists0006", "400 DLI.0006"), ("unsupported0007", "400 DLI.0007"), ("text0999", "400 DLI.0999")],
    ),
    ("resourceModeDefault", &[("shared", "0"), ("dedicated", "1")]),
    ("missingQueue", &[("notFound0002", "400 DLI.0002"), ("metadata0008", "400 DLI.0008")]),
    (
        "deleteMissingQueue",
        &[
            ("notFound0002", "400 DLI.0002"),
            ("metadata0008", "400 DLI.0008"),
            ("noResource0023", "404 DLI.0023"),
            ("success", "200 "),
        ],
    ),
    ("deleteBoundQueue", &[("allowed", "200 , entries 0"), ("refused", "400 DLI.0999, entries 1")]),
    ("deleteBusyQueue", &[("system0999", "400 DLI.0999"), ("unsupported0007", "400 DLI.0007")]),
    ("queueDeleteStatus", &[("ok200", "200 "), ("created201", "201 ")]),
    ("scaleBeforeJob", &[("allowed", "200 "), ("refused", "400 DLI.0999")]),
    ("featureEcho", &[("empty", "\"\""), ("basic", "\"basic\"")]),
    (
        "queueTagFilter",
        &[
            ("honoured", "200 [\"tagged\"]"),
            ("ignored", "200 [\"default\",\"q1\",\"tagged\"]"),
            ("refused", "400 null"),
        ],
    ),
    ("queuePageCap", &[("none", "3"), ("capped", "1")]),
    ("queueListVisibility", &[("atOnce", "true, later true"), ("late", "false, later true")]),
    ("queueGetVisibility", &[("atOnce", "200, later 200"), ("late", "400, later 200")]),
    ("connectionListVisibility", &[("atOnce", "2, later 2"), ("late", "1, later 2")]),
    ("listDeleteLag", &[("atOnce", "0 1, later 0 1"), ("late", "1 2, later 0 1")]),
    ("listUpdateLag", &[("atOnce", "80 [1,1], later 80 [1,1]"), ("late", "64 [0,0], later 80 [1,1]")]),
    ("connectionNames", &[("unique0006", "400 DLI.0006"), ("unique0001", "400 DLI.0001"), ("free", "201 ")]),
    ("connectionHyphen", &[("refused", "400 DLI.0001"), ("allowed", "201 ")]),
    ("connectionCreateStatus", &[("created201", "201 "), ("ok200", "200 ")]),
    (
        "missingConnection",
        &[("parameter0001", "400 DLI.0001"), ("notFound0002", "400 DLI.0002"), ("noResource0023", "404 DLI.0023")],
    ),
    (
        "deletedConnection",
        &[("shown", "200 , DELETED"), ("parameter0001", "400 DLI.0001, "), ("noResource0023", "404 DLI.0023, ")],
    ),
    (
        "deleteMissingConnection",
        &[("parameter0001", "400 DLI.0001"), ("noResource0023", "404 DLI.0023"), ("success", "200 ")],
    ),
    ("deleteBoundConnection", &[("allowed", "200 "), ("refused", "400 DLI.0999")]),
    (
        "deleteCreatingConnection",
        &[("refused", "400 DLI.0999"), ("allowed", "200 "), ("unsupported0007", "400 DLI.0007")],
    ),
    ("bindTwice", &[("success", "200 , entries 1"), ("refused", "400 DLI.0001, entries 1")]),
    ("unbindUnbound", &[("refused", "400 DLI.0001"), ("success", "200 ")]),
    ("unbindCreating", &[("allowed", "200 "), ("refused", "400 DLI.0999")]),
    ("partialBind", &[("nothing", "400 DLI.0002, entries 1"), ("goodOnes", "400 DLI.0002, entries 2")]),
    ("unknownVpc", &[("refused", "400 DLI.0001, "), ("failed", "201 , FAILED The VPC unknown does not exist.")]),
    (
        "cidrOverlap",
        &[
            ("failed", "201 , FAILED The CIDR block of the queue q1 overlaps with that of the VPC tight."),
            ("refused", "400 DLI.0001, "),
        ],
    ),
    ("connectionTagFilter", &[("honoured", "200 1"), ("ignored", "200 2"), ("refused", "400 0")]),
    ("connectionNameFilter", &[("fuzzy", "2"), ("exact", "1")]),
    ("connectionPageCap", &[("none", "3 3"), ("capped", "1 1")]),
    ("connectionCount", &[("total", "3"), ("returned", "1")]),
    ("connectionOrder", &[("ascending", "[\"c1\",\"c2\"]"), ("descending", "[\"c2\",\"c1\"]")]),
    ("hostsReturned", &[("shown", "true"), ("hidden", "false")]),
    (
        "privisAndRoutes",
        &[
            ("shown", "true true, in the list true true"),
            ("hidden", "false false, in the list false false"),
            ("listOnly", "false false, in the list true false"),
        ],
    ),
    ("peeringMode", &[("legacy", "1 0"), ("pooled", "0 1")]),
    ("tagsService", &[("present", "200 "), ("absent", "404 APIGW.0101")]),
    ("refusalStyle", &[("status", "400 null"), ("successFalse", "200 false")]),
    ("numberStyle", &[("numbers", "true 64"), ("strings", "\"true\" \"64\"")]),
    ("messageStyle", &[("echo", "\"Deleted\""), ("empty", "\"\"")]),
    ("otherProject", &[("forbidden0302", "403 APIGW.0302"), ("role0016", "400 DLI.0016")]),
];

#[test]
fn every_switch_does_what_it_says() {
    let expected: BTreeMap<&str, &[(&str, &str)]> =
        EXPECTED.iter().chain(answers_more::EXPECTED).chain(answers_later::EXPECTED).copied().collect();
    assert_eq!(expected.len(), Answers::dimensions());
    for (index, dimension) in Answers::DIMENSIONS.iter().enumerate() {
        let rows = expected.get(dimension.name).unwrap_or_else(|| unreachable!("no row for {}", dimension.name));
        let names: Vec<&str> = dimension.variants.iter().map(|(name, _)| *name).collect();
        assert_eq!(rows.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names, "{}", dimension.name);
        for (variant, (name, seen)) in rows.iter().enumerate() {
            let mut answers = Answers::default();
            assert!(answers.choose(index, variant));
            assert_eq!(answers.chosen()[index], variant);
            let config = Config { answers, page_cap: 1, ..Config::default() };
            assert_eq!(observe(dimension.name, config), *seen, "{} = {name}", dimension.name);
        }
    }
}

pub(crate) fn code(answer: &Answer) -> String {
    let (status, code) = answer.code();
    format!("{status} {code}")
}

pub(crate) fn len(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

/// Looks at what one switch is about.
fn observe(name: &str, config: Config) -> String {
    let config = Config {
        networks: Networks {
            unknown: ["unknown".to_owned()].into(),
            overlapping: ["tight".to_owned()].into(),
            unreachable: ["far.example:80".to_owned()].into(),
        },
        durations: Durations { jitter_percent: 0, ..Durations::default() },
        ..config
    };
    let (mut cloud, id) = Cloud::furnished(config);
    // Past every lag of what was just made.
    cloud.pass(60_000);
    let connection = format!("{}/{id}", connections());
    let list = format!("{}?queue_type=all", queues());
    let lag = Durations::default().list_lag;
    let names = |answer: &Answer| -> Value {
        answer.json["queues"].as_array().map_or(Value::Null, |q| q.iter().map(|q| q["queue_name"].clone()).collect())
    };
    let entries = |cloud: &Cloud| cloud.model.connections(cloud.now)[0].entries.len();
    let network =
        |name: &str, vpc: &str| json!({"name": name, "dest_vpc_id": vpc, "dest_network_id": "n", "queues": ["q1"]});
    let failing = |cloud: &mut Cloud, vpc: &str| {
        let created = cloud.post(&connections(), network("c2", vpc));
        cloud.pass(60_000);
        let entry = match created.json["connection_id"].as_str() {
            Some(id) => {
                let entry = cloud.get(&format!("{}/{id}", connections())).json["available_queue_info"][0].clone();
                format!("{} {}", entry["status"].as_str().unwrap(), entry["err_msg"].as_str().unwrap())
            }
            None => String::new(),
        };
        format!("{}, {entry}", code(&created))
    };
    match name {
        "duplicateQueue" => code(&cloud.post(&queues(), json!({"queue_name": "Q1", "cu_count": 16}))),
        "resourceModeDefault" => {
            cloud.post(&queues(), json!({"queue_name": "plain", "cu_count": 16}));
            cloud.get(&format!("{}/plain", queues())).json["resource_mode"].to_string()
        }
        "missingQueue" => code(&cloud.get(&format!("{}/nope", queues()))),
        "deleteMissingQueue" => code(&cloud.delete(&format!("{}/nope", queues()))),
        "deleteBoundQueue" => {
            let deleted = code(&cloud.delete(&format!("{}/q1", queues())));
            format!("{deleted}, entries {}", entries(&cloud))
        }
        "deleteBusyQueue" => {
            cloud.model.edit(cloud.now, None, Edit::Job { name: "q1".into(), running: true }).unwrap();
            code(&cloud.delete(&format!("{}/q1", queues())))
        }
        "queueDeleteStatus" => code(&cloud.delete(&format!("{}/q1", queues()))),
        "scaleBeforeJob" => {
            let path = format!("{}/q1/action", queues());
            let body = json!({"action": "scale_out", "cu_count": 16});
            let first = cloud.clone().put(&path, body.clone());
            cloud.model.edit(cloud.now, None, Edit::Job { name: "q1".into(), running: false }).unwrap();
            assert_eq!(cloud.put(&path, body).status, 200, "after a job");
            code(&first)
        }
        "featureEcho" => cloud.get(&list).json["queues"][1]["feature"].to_string(),
        "queueTagFilter" => {
            let tags = json!([{"key": "k", "value": "v"}, {"key": "l", "value": "w"}]);
            cloud.post(&queues(), json!({"queue_name": "tagged", "cu_count": 16, "tags": tags}));
            let found = cloud.get(&format!("{list}&tags=k=v,l=w"));
            let other = cloud.get(&format!("{list}&tags=k=v,l=x"));
            assert!(found.status != 200 || len(&found.json["queues"]) != 1 || len(&other.json["queues"]) == 0);
            format!("{} {}", found.status, names(&found))
        }
        "queuePageCap" => {
            cloud.queue("q2", 16);
            len(&cloud.get(&list).json["queues"]).to_string()
        }
        "queueListVisibility" => {
            let mut seen = Vec::new();
            cloud.queue("q2", 16);
            for wait in [0, lag] {
                cloud.pass(wait);
                seen.push(names(&cloud.get(&list)).to_string().contains("q2"));
            }
            format!("{}, later {}", seen[0], seen[1])
        }
        "queueGetVisibility" => {
            let path = format!("{}/q2", queues());
            cloud.queue("q2", 16);
            let first = cloud.get(&path).status;
            cloud.pass(Durations::default().get_lag);
            format!("{first}, later {}", cloud.get(&path).status)
        }
        "connectionListVisibility" => {
            cloud.connection("c2", &[]);
            let first = len(&cloud.get(&connections()).json["connections"]);
            cloud.pass(lag);
            format!("{first}, later {}", len(&cloud.get(&connections()).json["connections"]))
        }
        "listDeleteLag" => {
            cloud.delete(&connection);
            cloud.delete(&format!("{}/q1", queues()));
            assert_eq!(cloud.get(&connection).json["status"], "DELETED", "the get call does not lag");
            assert_eq!(cloud.get(&format!("{}/q1", queues())).status, 400);
            let look = |cloud: &mut Cloud| {
                let live = cloud.get(&format!("{}?status=ACTIVE", connections()));
                let entry = &live.json["connections"][0]["available_queue_info"][0]["status"];
                assert!(entry.is_null() || entry == "ACTIVE");
                format!("{} {}", len(&live.json["connections"]), len(&cloud.get(&list).json["queues"]))
            };
            let first = look(&mut cloud);
            cloud.pass(lag);
            format!("{first}, later {}", look(&mut cloud))
        }
        "listUpdateLag" => {
            cloud.put(&connection, json!({"hosts": [{"name": "h", "ip": "10.0.0.1"}]}));
            cloud.queue("q2", 16);
            cloud.pass(300_000);
            cloud.put(&connection, json!({"hosts": []}));
            cloud.pass(60_000);
            cloud.put(&connection, json!({"hosts": [{"name": "h", "ip": "10.0.0.1"}]}));
            cloud.post(&format!("{connection}/associate-queue"), json!({"queues": ["q2"]}));
            cloud.model.edit(cloud.now, None, Edit::ScaleQueue { name: "q1".into(), cu_count: 80 }).unwrap();
            let look = |cloud: &mut Cloud| {
                let cu = cloud.get(&list).json["queues"][1]["cu_count"].clone();
                let item = cloud.get(&connections()).json["connections"][0].clone();
                format!("{cu} [{},{}]", len(&item["hosts"]), len(&item["available_queue_info"]) - 1)
            };
            let first = look(&mut cloud);
            cloud.pass(lag);
            format!("{first}, later {}", look(&mut cloud))
        }
        "connectionNames" => code(&cloud.post(&connections(), network("c1", "v"))),
        "connectionHyphen" => code(&cloud.post(&connections(), network("c-2", "v"))),
        "connectionCreateStatus" => code(&cloud.post(&connections(), network("c2", "v"))),
        "missingConnection" => {
            let path = format!("{}/nope", connections());
            let shown = code(&cloud.get(&path));
            assert_eq!(code(&cloud.put(&path, json!({"hosts": []}))), shown);
            assert_eq!(code(&cloud.post(&format!("{path}/associate-queue"), json!({"queues": ["q1"]}))), shown);
            shown
        }
        "deletedConnection" => {
            cloud.delete(&connection);
            let shown = cloud.get(&connection);
            format!("{}, {}", code(&shown), shown.json["status"].as_str().unwrap_or_default())
        }
        "deleteMissingConnection" => {
            cloud.delete(&connection);
            let again = code(&cloud.delete(&connection));
            assert_eq!(code(&cloud.delete(&format!("{}/nope", connections()))), again);
            again
        }
        "deleteBoundConnection" => code(&cloud.delete(&connection)),
        "deleteCreatingConnection" => {
            cloud.queue("q2", 16);
            let id = cloud.connection("c2", &["q2"]);
            code(&cloud.delete(&format!("{}/{id}", connections())))
        }
        "bindTwice" => {
            let bound = code(&cloud.post(&format!("{connection}/associate-queue"), json!({"queues": ["Q1"]})));
            format!("{bound}, entries {}", entries(&cloud))
        }
        "unbindUnbound" => code(&cloud.post(&format!("{connection}/disassociate-queue"), json!({"queues": ["q9"]}))),
        "unbindCreating" => {
            cloud.queue("q2", 16);
            cloud.post(&format!("{connection}/associate-queue"), json!({"queues": ["q2"]}));
            code(&cloud.post(&format!("{connection}/disassociate-queue"), json!({"queues": ["q2"]})))
        }
        "partialBind" => {
            cloud.queue("q2", 16);
            cloud.queue("q3", 16);
            let body = json!({"queues": ["q2", "nope", "q3"]});
            let bound = code(&cloud.post(&format!("{connection}/associate-queue"), body));
            format!("{bound}, entries {}", entries(&cloud))
        }
        "unknownVpc" => failing(&mut cloud, "unknown"),
        "cidrOverlap" => failing(&mut cloud, "tight"),
        "connectionTagFilter" => {
            let mut body = network("c2", "v");
            body["tags"] = json!([{"key": "k", "value": "v"}]);
            cloud.post(&connections(), body);
            let found = cloud.get(&format!("{}?tags=k=v", connections()));
            format!("{} {}", found.status, len(&found.json["connections"]))
        }
        "connectionNameFilter" => {
            cloud.connection("c11", &[]);
            len(&cloud.get(&format!("{}?name=c1", connections())).json["connections"]).to_string()
        }
        "connectionPageCap" | "connectionCount" => {
            cloud.connection("c2", &[]);
            cloud.connection("c3", &[]);
            if name == "connectionCount" {
                return cloud.get(&format!("{}?limit=1", connections())).json["count"].to_string();
            }
            let all = len(&cloud.get(&format!("{}?limit=0", connections())).json["connections"]);
            format!("{all} {}", len(&cloud.get(&connections()).json["connections"]))
        }
        "connectionOrder" => {
            cloud.connection("c2", &[]);
            let found = cloud.get(&connections());
            let items = found.json["connections"].as_array().unwrap();
            items.iter().map(|item| item["name"].clone()).collect::<Value>().to_string()
        }
        "hostsReturned" => cloud.get(&connection).json.get("hosts").is_some().to_string(),
        "privisAndRoutes" => {
            let seen = |item: &Value| format!("{} {}", item.get("isPrivis").is_some(), item.get("routes").is_some());
            let listed = seen(&cloud.get(&connections()).json["connections"][0]);
            format!("{}, in the list {listed}", seen(&cloud.get(&connection).json))
        }
        "peeringMode" => {
            let shown = cloud.get(&connection).json;
            format!("{} {}", len(&shown["available_queue_info"]), len(&shown["elastic_resource_pools"]))
        }
        "tagsService" => code(&cloud.get(&format!("/v3/{PROJECT}/dli_enhanced_datasource/{id}/tags"))),
        "refusalStyle" => {
            assert_eq!(cloud.get(&format!("{}/nope", queues())).status, 400, "reads keep their status");
            let refused = cloud.post(&connections(), network("c1", "v"));
            assert!(refused.json.to_string().contains("already exists"));
            format!("{} {}", refused.status, refused.json["is_success"])
        }
        "numberStyle" => {
            let shown = cloud.get(&format!("{}/q1", queues())).json;
            assert!(shown["create_time"].is_i64() && shown["queue_id"].is_i64());
            format!("{} {}", shown["is_success"], shown["cuCount"])
        }
        "messageStyle" => cloud.delete(&connection).json["message"].to_string(),
        "otherProject" => code(&cloud.get("/v1.0/other/queues")),
        other => answers_more::observe(other, &mut cloud, &id),
    }
}

#[test]
fn a_seed_picks_answers_and_every_answer_is_picked_sometimes() {
    let mut seen = vec![std::collections::BTreeSet::new(); Answers::dimensions()];
    for seed in 0..200 {
        assert_eq!(Answers::variant(seed), Answers::variant(seed));
        for (set, chosen) in seen.iter_mut().zip(Answers::variant(seed).chosen()) {
            set.insert(chosen);
        }
    }
    for (set, dimension) in seen.iter().zip(Answers::DIMENSIONS) {
        assert_eq!(set.len(), dimension.variants.len(), "{}", dimension.name);
    }
    let singles = Answers::singles().count();
    assert_eq!(singles, Answers::DIMENSIONS.iter().map(|d| d.variants.len() - 1).sum::<usize>());
}

/// The page for users lists every switch and every answer.
#[test]
fn the_page_for_users_lists_every_switch() {
    let page = include_str!("../../docs/simulator.md");
    for dimension in Answers::DIMENSIONS {
        let answers: Vec<String> = dimension.variants.iter().map(|(name, text)| format!("`{name}`: {text}")).collect();
        let line = format!("| `{}` | {} | {} |", dimension.name, dimension.question, answers.join("; "));
        assert!(page.contains(&line), "docs/simulator.md lacks this line:\n{line}");
    }
}
