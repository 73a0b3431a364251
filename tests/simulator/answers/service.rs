//! The switches of the service as a whole: lists, tags, authentications, grants, error bodies, credentials.

use dli_operator::{
    dli::Method::{Get, Post},
    simulator::{Durations, Edit},
};
use serde_json::{Value, json};

use super::{Switch, all_queues as all, at, code, lag, len, names, network, new_pool as pool, switch};
use crate::{
    http::Client,
    support::{Cloud, PROJECT, connections, pools, queues},
};

fn auth_infos() -> String {
    format!("/v3/{PROJECT}/datasource/auth-infos")
}

fn login(name: &str) -> Value {
    json!({"auth_info_name": name, "datasource_type": "passwd", "user_name": "u", "password": "secret"})
}

pub(super) const SWITCHES: &[Switch] = &[
    switch("listDeleteLag", &[("atOnce", "0 1, later 0 1"), ("late", "1 2, later 0 1")], |cloud, id| {
        let connection = at(id);
        cloud.delete(&connection);
        cloud.delete(&format!("{}/q1", queues()));
        assert_eq!(cloud.get(&connection).json["status"], "DELETED", "the get call does not lag");
        assert_eq!(cloud.get(&format!("{}/q1", queues())).status, 400);
        let look = |cloud: &mut Cloud| {
            let live = cloud.get(&format!("{}?status=ACTIVE", connections()));
            let entry = &live.json["connections"][0]["available_queue_info"][0]["status"];
            assert!(entry.is_null() || entry == "ACTIVE");
            format!("{} {}", len(&live.json["connections"]), len(&cloud.get(&all()).json["queues"]))
        };
        let first = look(cloud);
        cloud.pass(lag());
        format!("{first}, later {}", look(cloud))
    }),
    switch(
        "getDeleteLag",
        &[("atOnce", "DELETED [] 400, later DELETED [] 400"), ("late", "ACTIVE [\"q1\"] 200, later DELETED [] 400")],
        |cloud, id| {
            let (connection, queue) = (at(id), format!("{}/q1", queues()));
            cloud.delete(&connection);
            cloud.delete(&queue);
            let look = |cloud: &mut Cloud| {
                let shown = cloud.get(&connection).json;
                let bound: Vec<_> =
                    shown["available_queue_info"].as_array().into_iter().flatten().map(|e| e["name"].clone()).collect();
                let status = shown["status"].as_str().unwrap_or("no status").to_owned();
                format!("{status} {} {}", json!(bound), cloud.get(&queue).status)
            };
            let first = look(cloud);
            cloud.pass(Durations::default().get_lag);
            format!("{first}, later {}", look(cloud))
        },
    ),
    switch(
        "listUpdateLag",
        &[("atOnce", "80 [1,1], later 80 [1,1]"), ("late", "64 [0,0], later 80 [1,1]")],
        |cloud, id| {
            let connection = at(id);
            cloud.put(&connection, json!({"hosts": [{"name": "h", "ip": "10.0.0.1"}]}));
            cloud.queue("q2", 16);
            cloud.pass(300_000);
            cloud.put(&connection, json!({"hosts": []}));
            cloud.pass(60_000);
            cloud.put(&connection, json!({"hosts": [{"name": "h", "ip": "10.0.0.1"}]}));
            cloud.post(&format!("{connection}/associate-queue"), json!({"queues": ["q2"]}));
            cloud.model.edit(cloud.now, None, Edit::ScaleQueue { name: "q1".into(), cu_count: 80 }).unwrap();
            let look = |cloud: &mut Cloud| {
                let cu = cloud.get(&all()).json["queues"][1]["cu_count"].clone();
                let item = cloud.get(&connections()).json["connections"][0].clone();
                format!("{cu} [{},{}]", len(&item["hosts"]), len(&item["available_queue_info"]) - 1)
            };
            let first = look(cloud);
            cloud.pass(lag());
            format!("{first}, later {}", look(cloud))
        },
    ),
    switch("tagsService", &[("present", "200 "), ("absent", "404 APIGW.0101")], |cloud, id| {
        code(&cloud.get(&format!("/v3/{PROJECT}/dli_enhanced_datasource/{id}/tags")))
    }),
    switch("refusalStyle", &[("status", "400 null"), ("successFalse", "200 false")], |cloud, _| {
        assert_eq!(cloud.get(&format!("{}/nope", queues())).status, 400, "reads keep their status");
        let refused = cloud.post(&connections(), network("c1", "v"));
        assert!(refused.json.to_string().contains("already exists"));
        format!("{} {}", refused.status, refused.json["is_success"])
    }),
    switch("numberStyle", &[("numbers", "true 64"), ("strings", "\"true\" \"64\"")], |cloud, _| {
        let shown = cloud.get(&format!("{}/q1", queues())).json;
        assert!(shown["create_time"].is_i64() && shown["queue_id"].is_i64());
        format!("{} {}", shown["is_success"], shown["cuCount"])
    }),
    switch("messageStyle", &[("echo", "\"Deleted\""), ("empty", "\"\"")], |cloud, id| {
        let connection = at(id);
        cloud.delete(&connection).json["message"].to_string()
    }),
    switch("otherProject", &[("forbidden0302", "403 APIGW.0302"), ("role0016", "400 DLI.0016")], |cloud, _| {
        code(&cloud.get("/v1.0/other/queues"))
    }),
    switch("tagLimits", &[("large", "200 "), ("small", "400 DLI.0001")], |cloud, _| {
        let tags: Vec<Value> = (0..11).map(|i| json!({"key": format!("k{i}"), "value": "v"})).collect();
        code(&cloud.post(&queues(), json!({"queue_name": "q2", "cu_count": 16, "tags": tags})))
    }),
    switch("authCreateStatus", &[("created201", "201 "), ("ok200", "200 ")], |cloud, _| {
        code(&cloud.post(&auth_infos(), login("a")))
    }),
    switch("duplicateAuth", &[("exists0006", "400 DLI.0006"), ("parameter0001", "400 DLI.0001")], |cloud, _| {
        cloud.post(&auth_infos(), login("a"));
        code(&cloud.post(&auth_infos(), login("a")))
    }),
    switch(
        "missingAuth",
        &[("notFound0002", "400 DLI.0002 400 DLI.0002"), ("parameter0001", "400 DLI.0001 400 DLI.0001")],
        |cloud, _| {
            let updated = code(&cloud.put(&auth_infos(), json!({"auth_info_name": "none", "user_name": "x"})));
            format!("{updated} {}", code(&cloud.delete(&format!("{}/none", auth_infos()))))
        },
    ),
    switch("authNameFilter", &[("exact", "1"), ("fuzzy", "2")], |cloud, _| {
        for name in ["a", "ab"] {
            cloud.post(&auth_infos(), login(name));
        }
        len(&cloud.get(&format!("{}?auth_info_name=a", auth_infos())).json["auth_infos"]).to_string()
    }),
    switch(
        "existingTag",
        &[("overwritten", "204 204  [\"w\"]"), ("refused", "204 400 DLI.0006 [\"v\"]")],
        |cloud, id| {
            let path = format!("/v3/{PROJECT}/dli_enhanced_datasource/{id}/tags");
            let mut set =
                |value: &str| cloud.post(&format!("{path}/create"), json!({"tags": [{"key": "k", "value": value}]}));
            assert_eq!(set("v").status, 204);
            let same = set("v").status;
            let other = code(&set("w"));

            format!("{same} {other} {}", names(&cloud.get(&path).json["tags"], "value"))
        },
    ),
    switch("retryAfterForm", &[("seconds", "2"), ("date", "a date 2 seconds after Date")], |cloud, _| {
        over_the_wire(cloud, retry_after)
    }),
    switch(
        "badCredentials",
        &[
            ("gateway0301", "401 APIGW.0301, 401 APIGW.0301, 401 APIGW.0301"),
            ("service0013", "401 DLI.0013, 400 DLI.0015, 401 APIGW.0301"),
        ],
        |cloud, _| over_the_wire(cloud, turned_away),
    ),
    switch("getBody", &[("ignored", "200  200 "), ("refused", "400 DLI.0001 200 ")], |cloud, id| {
        let connection = at(id);
        let with = code(&cloud.call(Get, &connection, Some(b"{}")));
        format!("{with} {}", code(&cloud.call(Get, &connection, Some(b""))))
    }),
    switch("tagFilterMatch", &[("all", "0 0 0, 1"), ("any", "1 1 1, 1")], |cloud, _| {
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
    }),
    switch("authFields", &[("refused", "400 DLI.0001 400 DLI.0001"), ("accepted", "201  201 ")], |cloud, _| {
        let mut create = |body: Value| code(&cloud.post(&auth_infos(), body));
        let css = create(json!({"auth_info_name": "a", "datasource_type": "CSS"}));
        let kafka = json!({"auth_info_name": "b", "datasource_type": "Kafka_SSL", "keystore_location": "obs://k"});
        format!("{css} {}", create(kafka))
    }),
    switch("authFixedFields", &[("refused", "400 DLI.0001 \"CSS\""), ("ignored", "200  \"CSS\"")], |cloud, _| {
        let mut login = json!({"auth_info_name": "a", "datasource_type": "CSS", "user_name": "u"});
        login["password"] = json!("p");
        cloud.post(&auth_infos(), login);
        let body = json!({"auth_info_name": "a", "datasource_type": "KRB", "key_password": "x"});
        let changed = code(&cloud.put(&auth_infos(), body));
        format!("{changed} {}", cloud.get(&auth_infos()).json["auth_infos"][0]["datasource_type"])
    }),
    switch(
        "missingTagged",
        &[("notFound0002", "400 DLI.0002 400 DLI.0002"), ("noResource0023", "404 DLI.0023 404 DLI.0023")],
        |cloud, _| {
            let path = |kind: &str| format!("/v3/{PROJECT}/{kind}/77777/tags");
            let queue = code(&cloud.get(&path("dli_queue")));
            let body = json!({"tags": [{"key": "k", "value": "v"}]});
            let target = format!("{}/create", path("dli_enhanced_datasource"));
            format!("{queue} {}", code(&cloud.call(Post, &target, Some(body.to_string().as_bytes()))))
        },
    ),
    switch("grantObjects", &[("known", "200  200 "), ("unknown", "400 DLI.0002 400 DLI.0002")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        let login = json!({"auth_info_name": "a", "datasource_type": "passwd", "user_name": "u", "password": "p"});
        cloud.post(&auth_infos(), login);
        let mut grant = |object: &str| {
            let privileges = json!([{"object": object, "privileges": ["USE"]}]);
            let body = json!({"user_name": "u", "action": "grant", "privileges": privileges});
            code(&cloud.put(&format!("/v1.0/{PROJECT}/authorization"), body))
        };
        format!("{} {}", grant("elasticresourcepool.p1"), grant("datasourceauth.a"))
    }),
    switch("authPageCap", &[("none", "2"), ("capped", "1")], |cloud, _| {
        for name in ["a", "b"] {
            let body = json!({"auth_info_name": name, "datasource_type": "passwd", "user_name": "u", "password": "p"});
            cloud.post(&auth_infos(), body);
        }
        len(&cloud.get(&auth_infos()).json["auth_infos"]).to_string()
    }),
    switch(
        "staleSignature",
        &[("iam0301", "401 APIGW.0301, 401 APIGW.0301"), ("expired0303", "401 APIGW.0303, 401 APIGW.0301")],
        |cloud, _| over_the_wire(cloud, late),
    ),
    switch("disabledProject", &[("served", "200 "), ("frozen0310", "403 APIGW.0310")], |cloud, _| {
        cloud.model.configure(|config| config.projects[0].enabled = false);
        code(&cloud.get(&queues()))
    }),
    switch(
        "errorShape",
        &[
            ("snake", "error_code error_msg"),
            ("camel", "errorCode errorMsg"),
            ("short", "code message"),
            ("nested", "error: error_code error_msg"),
            ("list", "0: error_code error_msg"),
        ],
        |cloud, _| {
            let refused = cloud.get(&format!("{}/nope", queues()));
            assert_eq!(refused.status, 400);
            let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
            match (refused.json.get("error"), refused.json.get(0)) {
                (Some(inner), _) => format!("error: {}", keys(inner)),
                (_, Some(first)) => format!("0: {}", keys(first)),
                _ => keys(&refused.json),
            }
        },
    ),
    switch("badListQuery", &[("refused0001", "400 DLI.0001"), ("ignored", "200 ")], |cloud, id| {
        cloud.pool("p1", 64, 112);
        let of = |kind: &str| format!("/v3/{PROJECT}/{kind}");
        let lists = [
            format!("{}?queue_type=spark", queues()),
            format!("{}?order=owner", queues()),
            format!("{}?page-size=0", queues()),
            format!("{}?tags=k", queues()),
            format!("{}?limit=-1", connections()),
            format!("{}?status=CREATING", connections()),
            format!("{}?offset=x", pools()),
            format!("{}?status=DELETING", pools()),
            format!("{}/p1/queues?limit=x", pools()),
            format!("{}/p1/scale-records?limit=101", pools()),
            format!("{}/p1/scale-records?status=maybe", pools()),
            format!("{}/p1/scale-records?end_time=x", pools()),
            format!("{}?limit=x", auth_infos()),
            format!("{}?offset=x", of("queues/q1/properties")),
            format!("{}?limit=0", of(&format!("dli_enhanced_datasource/{id}/tags"))),
            format!("{}?limit=x", of("dli_queue/tags")),
            format!("/v1.0/{PROJECT}/jobs?page-size=101"),
        ];
        let mut answers = Vec::new();
        for list in &lists {
            let plain = list.split('?').next().unwrap();
            let (bad, left_out) = (cloud.get(list), cloud.get(plain));
            assert!(bad.status == 400 || bad == left_out, "{list}: {bad:?}");
            answers.push(code(&bad));
        }
        answers.dedup();
        answers.join(", ")
    }),
    switch("grantMissing", &[("notFound0002", "400 DLI.0002"), ("parameter0001", "400 DLI.0001")], |cloud, _| {
        let privileges = json!([{"object": "queues.nope", "privileges": ["DROP_QUEUE"]}]);
        let body = json!({"user_name": "u", "action": "grant", "privileges": privileges});
        let refused = cloud.put(&format!("/v1.0/{PROJECT}/authorization"), body);
        assert_eq!(refused.json["error_msg"], "There is no queue named nope");
        code(&refused)
    }),
];

/// What only a client with a line to the server can see.
fn over_the_wire(cloud: &Cloud, look: impl AsyncFnOnce(&Client) -> String) -> String {
    let answers = serde_json::to_value(cloud.model.config().answers).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::start().await;
        let (status, _) = client.control(reqwest::Method::POST, "config", json!({ "answers": answers })).await;
        assert_eq!(status, 200);
        look(&client).await
    })
}

async fn retry_after(client: &Client) -> String {
    client.fault(json!({"effect": {"throttle": {"retryAfter": 1500}}})).await;
    let response = client.send(reqwest::Method::GET, &queues(), "").await.unwrap();
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let moment = |text: &str| jiff::fmt::rfc2822::parse(text).map(|zoned| zoned.timestamp().as_second());
    match (moment(&header("retry-after")), moment(&header("date"))) {
        (Ok(then), Ok(now)) => format!("a date {} seconds after Date", then - now),
        _ => header("retry-after"),
    }
}

async fn late(client: &Client) -> String {
    client.control(reqwest::Method::POST, "clock", json!({"skewMs": 901_000})).await;
    let (late, body) = client.json(reqwest::Method::GET, &queues(), "").await;
    client.control(reqwest::Method::POST, "clock", json!({"skewMs": 0})).await;
    let tampered = client.signed(reqwest::Method::POST, &queues(), "{}").body("[]").send().await.unwrap();
    let (wrong, other) = (tampered.status().as_u16(), tampered.json::<Value>().await.unwrap());
    let word = |body: &Value| body["error_code"].as_str().unwrap().to_owned();
    format!("{} {}, {wrong} {}", late.as_u16(), word(&body), word(&other))
}

async fn turned_away(client: &Client) -> String {
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
