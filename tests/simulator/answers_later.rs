//! The switches that came last: credentials, headers, tags, hosts, grants and the rest of pools.

use dli_operator::{
    dli::Method::{Get, Post},
    simulator::Edit,
};
use serde_json::{Value, json};

use crate::{
    answers::{code, len},
    http::Client,
    support::{Cloud, PROJECT, connections, pools, queues},
};

/// Each switch with what is seen under each of its answers.
pub(crate) const EXPECTED: &[(&str, &[(&str, &str)])] = &[
    (
        "sharedQueue",
        &[
            ("parameter0001", "400 DLI.0001 400 DLI.0001, "),
            ("unsupported0007", "400 DLI.0007 400 DLI.0007, "),
            ("failed", "200  200 , FAILED FAILED The queue default is not a dedicated queue."),
        ],
    ),
    ("poolsAsText", &[("accepted", "201 , [\"p1\"]"), ("refused", "400 DLI.0001, null")]),
    ("existingTag", &[("overwritten", "204 204  [\"w\"]"), ("refused", "204 400 DLI.0006 [\"v\"]")]),
    ("retryAfterForm", &[("seconds", "2"), ("date", "a date 2 seconds after Date")]),
    (
        "badCredentials",
        &[
            ("gateway0301", "401 APIGW.0301, 401 APIGW.0301, 401 APIGW.0301"),
            ("service0013", "401 DLI.0013, 400 DLI.0015, 401 APIGW.0301"),
        ],
    ),
    ("getBody", &[("ignored", "200  200 "), ("refused", "400 DLI.0001 200 ")]),
    ("tagFilterMatch", &[("all", "0 0 0, 1"), ("any", "1 1 1, 1")]),
    ("poolStatusCase", &[("anyCase", "200  1"), ("upperOnly", "400 DLI.0001 1")]),
    ("poolActualCu", &[("allocated", "0 64, then 64 64"), ("current", "64 64, then 64 64")]),
    ("poolNameDigit", &[("allowed", "200 "), ("refused", "400 DLI.0001")]),
    ("policyMaxStep", &[("four", "200 , basic 200 "), ("sixteen", "400 DLI.0001, basic 200 ")]),
    ("authFields", &[("refused", "400 DLI.0001 400 DLI.0001"), ("accepted", "201  201 ")]),
    ("authFixedFields", &[("refused", "400 DLI.0001 \"CSS\""), ("ignored", "200  \"CSS\"")]),
    (
        "missingTagged",
        &[("notFound0002", "400 DLI.0002 400 DLI.0002"), ("noResource0023", "404 DLI.0023 404 DLI.0023")],
    ),
    ("grantObjects", &[("known", "200  200 "), ("unknown", "400 DLI.0002 400 DLI.0002")]),
    ("hostsOrder", &[("kept", "[\"b\",\"a\"]"), ("sorted", "[\"a\",\"b\"]")]),
    (
        "unbindTakes",
        &[("atOnce", "[], bound again CREATING"), ("late", "[\"ACTIVE\"], later [], bound again CREATING")],
    ),
    ("restartBeforeJob", &[("allowed", "200 , after a job 200 "), ("refused", "400 DLI.0999, after a job 200 ")]),
    ("authPageCap", &[("none", "2"), ("capped", "1")]),
    (
        "staleSignature",
        &[("iam0301", "401 APIGW.0301, 401 APIGW.0301"), ("expired0303", "401 APIGW.0303, 401 APIGW.0301")],
    ),
    (
        "errorShape",
        &[
            ("snake", "error_code error_msg"),
            ("camel", "errorCode errorMsg"),
            ("short", "code message"),
            ("nested", "error: error_code error_msg"),
            ("list", "0: error_code error_msg"),
        ],
    ),
    ("queuePaging", &[("pages", "[\"default\",\"q1\",\"q2\"]"), ("offsets", "[\"q1\"]")]),
    ("scalingEnds", &[("target", "112"), ("partial", "96"), ("failed", "64")]),
    (
        "unableCode",
        &[
            ("unsupported0007", "400 DLI.0007 400 DLI.0007 400 DLI.0007"),
            ("parameter0001", "400 DLI.0001 400 DLI.0001 400 DLI.0001"),
            ("system0999", "400 DLI.0999 400 DLI.0999 400 DLI.0999"),
        ],
    ),
    ("disabledProject", &[("served", "200 "), ("frozen0310", "403 APIGW.0310")]),
];

fn auth_infos() -> String {
    format!("/v3/{PROJECT}/datasource/auth-infos")
}

/// Looks at what one switch is about. The cloud has the queue `q1`, bound to a connection and available.
pub(crate) fn observe(name: &str, cloud: &mut Cloud, id: &str) -> String {
    let connection = format!("{}/{id}", connections());
    let pool =
        |name: &str, min: i64, max: i64| json!({"elastic_resource_pool_name": name, "min_cu": min, "max_cu": max});
    let policy = |max: i64| {
        let policy = json!({"priority": 1, "impact_start_time": "00:00", "impact_stop_time": "24:00", "min_cu": 16, "max_cu": max});
        json!({ "queue_scaling_policies": [policy] })
    };
    match name {
        "sharedQueue" => {
            cloud.post(&queues(), json!({"queue_name": "shared", "cu_count": 16, "resource_mode": 0}));
            let path = format!("{connection}/associate-queue");
            let mut bind = |name: &str| code(&cloud.post(&path, json!({ "queues": [name] })));
            let both = format!("{} {}", bind("shared"), bind("default"));
            cloud.pass(600_000);
            let seen = cloud.get(&connection).json["available_queue_info"].clone();
            let state = |i: usize| seen[i]["status"].as_str().unwrap_or_default().to_owned();
            let text = seen[2]["err_msg"].as_str().unwrap_or_default();
            format!("{both}, {}", format!("{} {} {text}", state(1), state(2)).trim())
        }
        "poolsAsText" => {
            cloud.pool("p1", 64, 112);
            let body =
                json!({"name": "c2", "dest_vpc_id": "v", "dest_network_id": "n", "elastic_resource_pools": "p1"});
            let created = cloud.post(&connections(), body);
            let other = created.json["connection_id"].as_str().unwrap_or("none").to_owned();
            let shown = cloud.get(&format!("{}/{other}", connections())).json["elastic_resource_pools"].clone();
            let names = shown.as_array().map(|list| list.iter().map(|item| item["name"].clone()).collect::<Value>());
            format!("{}, {}", code(&created), names.unwrap_or_default())
        }
        "existingTag" => {
            let path = format!("/v3/{PROJECT}/dli_enhanced_datasource/{id}/tags");
            let mut set =
                |value: &str| cloud.post(&format!("{path}/create"), json!({"tags": [{"key": "k", "value": value}]}));
            assert_eq!(set("v").status, 204);
            let same = set("v").status;
            let other = code(&set("w"));
            let held = cloud.get(&path).json["tags"].as_array().unwrap().clone();
            format!("{same} {other} {}", held.iter().map(|tag| tag["value"].clone()).collect::<Value>())
        }
        "retryAfterForm" | "badCredentials" | "staleSignature" => {
            let answers = serde_json::to_value(cloud.model.config().answers).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(over_the_wire(name, &answers))
        }
        "getBody" => {
            let with = code(&cloud.call(Get, &connection, Some(b"{}")));
            format!("{with} {}", code(&cloud.call(Get, &connection, Some(b""))))
        }
        "tagFilterMatch" => {
            let tags = json!([{"key": "k", "value": "v"}]);
            cloud.post(&queues(), json!({"queue_name": "q2", "cu_count": 16, "tags": tags}));
            let body = json!({"name": "c2", "dest_vpc_id": "v", "dest_network_id": "n", "tags": tags});
            cloud.post(&connections(), body);
            let mut body = pool("p1", 64, 64);
            body["tags"] = tags;
            cloud.post(&pools(), body);
            let mut found = |target: String, list: &str| len(&cloud.get(&target).json[list]);
            let two = "tags=k=v,l=w";
            let seen = [
                found(format!("{}?{two}", queues()), "queues"),
                found(format!("{}?{two}", connections()), "connections"),
                found(format!("{}?{two}", pools()), "elastic_resource_pools"),
            ];
            let one = found(format!("{}?tags=k=v", queues()), "queues");
            format!("{} {} {}, {one}", seen[0], seen[1], seen[2])
        }
        "poolStatusCase" => {
            cloud.pool("p1", 64, 112);
            let lower = code(&cloud.get(&format!("{}?status=available", pools())));
            format!("{lower} {}", cloud.get(&format!("{}?status=AVAILABLE", pools())).json["count"])
        }
        "poolActualCu" => {
            let look = |cloud: &mut Cloud| {
                let shown = cloud.get(&pools()).json["elastic_resource_pools"][0].clone();
                format!("{} {}", shown["actual_cu"], shown["current_cu"])
            };
            cloud.pool("p1", 64, 112);
            let empty = look(cloud);
            cloud.pooled("inner", "p1", 32);
            format!("{empty}, then {}", look(cloud))
        }
        "poolNameDigit" => code(&cloud.post(&pools(), pool("1p", 64, 112))),
        "policyMaxStep" => {
            cloud.pool("p1", 64, 112);
            let mut basic = pool("p2", 32, 64);
            basic["label"] = json!({"spec": "basic"});
            cloud.post(&pools(), basic);
            cloud.pass(180_000);
            cloud.pooled("one", "p1", 16);
            cloud.pooled("two", "p2", 16);
            cloud.pass(600_000);
            let standard = code(&cloud.put(&format!("{}/p1/queues/one", pools()), policy(56)));
            format!("{standard}, basic {}", code(&cloud.put(&format!("{}/p2/queues/two", pools()), policy(56))))
        }
        "authFields" => {
            let mut create = |body: Value| code(&cloud.post(&auth_infos(), body));
            let css = create(json!({"auth_info_name": "a", "datasource_type": "CSS"}));
            let kafka = json!({"auth_info_name": "b", "datasource_type": "Kafka_SSL", "keystore_location": "obs://k"});
            format!("{css} {}", create(kafka))
        }
        "authFixedFields" => {
            let mut login = json!({"auth_info_name": "a", "datasource_type": "CSS", "user_name": "u"});
            login["password"] = json!("p");
            cloud.post(&auth_infos(), login);
            let body = json!({"auth_info_name": "a", "datasource_type": "KRB", "key_password": "x"});
            let changed = code(&cloud.put(&auth_infos(), body));
            format!("{changed} {}", cloud.get(&auth_infos()).json["auth_infos"][0]["datasource_type"])
        }
        "missingTagged" => {
            let path = |kind: &str| format!("/v3/{PROJECT}/{kind}/77777/tags");
            let queue = code(&cloud.get(&path("dli_queue")));
            let body = json!({"tags": [{"key": "k", "value": "v"}]});
            let target = format!("{}/create", path("dli_enhanced_datasource"));
            format!("{queue} {}", code(&cloud.call(Post, &target, Some(body.to_string().as_bytes()))))
        }
        "grantObjects" => {
            cloud.pool("p1", 64, 112);
            let login = json!({"auth_info_name": "a", "datasource_type": "passwd", "user_name": "u", "password": "p"});
            cloud.post(&auth_infos(), login);
            let mut grant = |object: &str| {
                let privileges = json!([{"object": object, "privileges": ["USE"]}]);
                let body = json!({"user_name": "u", "action": "grant", "privileges": privileges});
                code(&cloud.put(&format!("/v1.0/{PROJECT}/authorization"), body))
            };
            format!("{} {}", grant("elasticresourcepool.p1"), grant("datasourceauth.a"))
        }
        "hostsOrder" => {
            let hosts = json!([{"name": "b", "ip": "10.0.0.1"}, {"name": "a", "ip": "10.0.0.2"}]);
            cloud.put(&connection, json!({ "hosts": hosts }));
            let shown = cloud.get(&connection).json["hosts"].as_array().unwrap().clone();
            shown.iter().map(|host| host["name"].clone()).collect::<Value>().to_string()
        }
        "unbindTakes" => {
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
        }
        "restartBeforeJob" => {
            let path = format!("{}/q1/action", queues());
            let restart = |cloud: &mut Cloud| code(&cloud.put(&path, json!({"action": "restart"})));
            let first = restart(&mut cloud.clone());
            cloud.model.edit(cloud.now, None, Edit::Job { name: "q1".into(), running: false }).unwrap();
            format!("{first}, after a job {}", restart(cloud))
        }
        "authPageCap" => {
            for name in ["a", "b"] {
                let body =
                    json!({"auth_info_name": name, "datasource_type": "passwd", "user_name": "u", "password": "p"});
                cloud.post(&auth_infos(), body);
            }
            len(&cloud.get(&auth_infos()).json["auth_infos"]).to_string()
        }
        "errorShape" => {
            let refused = cloud.get(&format!("{}/nope", queues()));
            assert_eq!(refused.status, 400);
            let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
            match (refused.json.get("error"), refused.json.get(0)) {
                (Some(inner), _) => format!("error: {}", keys(inner)),
                (_, Some(first)) => format!("0: {}", keys(first)),
                _ => keys(&refused.json),
            }
        }
        "queuePaging" => {
            cloud.queue("q2", 16);
            let found = cloud.get(&format!("{}?limit=1&offset=1", queues())).json["queues"].as_array().unwrap().clone();
            assert_eq!(len(&cloud.get(&format!("{}?page-size=2&current-page=2", queues())).json["queues"]), 1);
            found.iter().map(|queue| queue["queue_name"].clone()).collect::<Value>().to_string()
        }
        "scalingEnds" => {
            let action = json!({"action": "scale_out", "cu_count": 48});
            assert_eq!(code(&cloud.put(&format!("{}/q1/action", queues()), action)), "200 ");
            cloud.pass(600_000);
            cloud.get(&format!("{}/q1", queues())).json["cuCount"].to_string()
        }
        "unableCode" => {
            cloud.pool("p1", 64, 112);
            let shrink = json!({"action": "scale_in", "cu_count": 16});
            let shrunk = code(&cloud.put(&format!("{}/q1/action", queues()), shrink));
            let moved = code(&cloud.post(&format!("{}/p1/queues", pools()), json!({"queue_name": "default"})));
            let body = json!({"properties": {"network.cidrInVpc": "10.0.0.0/16"}});
            format!("{shrunk} {moved} {}", code(&cloud.put(&format!("/v3/{PROJECT}/queues/q1/properties"), body)))
        }
        "disabledProject" => {
            cloud.model.configure(|config| config.projects[0].enabled = false);
            code(&cloud.get(&queues()))
        }
        other => unreachable!("{other}"),
    }
}

/// What only a client with a line to the server can see.
async fn over_the_wire(name: &str, answers: &Value) -> String {
    let client = Client::start().await;
    let (status, _) = client.control(reqwest::Method::POST, "config", json!({ "answers": answers })).await;
    assert_eq!(status, 200);
    if name == "retryAfterForm" {
        client.fault(json!({"effect": {"throttle": {"retryAfter": 1500}}})).await;
        let response = client.send(reqwest::Method::GET, &queues(), "").await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let moment = |text: &str| jiff::fmt::rfc2822::parse(text).map(|zoned| zoned.timestamp().as_second());
        return match (moment(&header("retry-after")), moment(&header("date"))) {
            (Ok(then), Ok(now)) => format!("a date {} seconds after Date", then - now),
            _ => header("retry-after"),
        };
    }
    if name == "staleSignature" {
        client.control(reqwest::Method::POST, "clock", json!({"skewMs": 901_000})).await;
        let (late, body) = client.json(reqwest::Method::GET, &queues(), "").await;
        client.control(reqwest::Method::POST, "clock", json!({"skewMs": 0})).await;
        let tampered = client.signed(reqwest::Method::POST, &queues(), "{}").body("[]").send().await.unwrap();
        let (wrong, other) = (tampered.status().as_u16(), tampered.json::<Value>().await.unwrap());
        let word = |body: &Value| body["error_code"].as_str().unwrap().to_owned();
        return format!("{} {}, {wrong} {}", late.as_u16(), word(&body), word(&other));
    }
    let url = format!("{}{}", client.simulator.url(), queues());
    let mut seen = Vec::new();
    for (header, value) in [("x-none", ""), ("x-auth-token", "MII"), ("authorization", "SDK-HMAC-SHA256 Access=K")] {
        let response = client.http.get(&url).header(header, value).send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        seen.push(format!("{status} {}", body["error_code"].as_str().unwrap()));
    }
    seen.join(", ")
}
