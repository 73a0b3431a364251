//! The switches of queues, their properties and what runs on them.

use dli_operator::simulator::{Durations, Edit};
use serde_json::json;

use super::{Switch, all_queues as all, at, code, entries, lag, len, names, new_pool as pool, switch};
use crate::support::{Cloud, PROJECT, pools, queues};

pub(super) const SWITCHES: &[Switch] = &[
    switch(
        "duplicateQueue",
        &[("exists0006", "400 DLI.0006"), ("unsupported0007", "400 DLI.0007"), ("text0999", "400 DLI.0999")],
        |cloud, _| code(&cloud.post(&queues(), json!({"queue_name": "Q1", "cu_count": 16}))),
    ),
    switch("resourceModeDefault", &[("shared", "0"), ("dedicated", "1")], |cloud, _| {
        cloud.post(&queues(), json!({"queue_name": "plain", "cu_count": 16}));
        cloud.get(&format!("{}/plain", queues())).json["resource_mode"].to_string()
    }),
    switch("missingQueue", &[("notFound0002", "400 DLI.0002"), ("metadata0008", "400 DLI.0008")], |cloud, id| {
        let path = format!("{}/nope", queues());
        let shown = code(&cloud.get(&path));
        let action = json!({"action": "restart"});
        let bound = json!({"queues": ["nope"]});
        assert_eq!(code(&cloud.put(&format!("{path}/action"), action)), shown);
        assert_eq!(code(&cloud.get(&format!("/v3/{PROJECT}/queues/nope/properties"))), shown);
        assert_eq!(code(&cloud.post(&format!("{}/associate-queue", at(id)), bound)), shown);
        shown
    }),
    switch(
        "deleteMissingQueue",
        &[
            ("notFound0002", "400 DLI.0002"),
            ("metadata0008", "400 DLI.0008"),
            ("noResource0023", "404 DLI.0023"),
            ("success", "200 "),
        ],
        |cloud, _| code(&cloud.delete(&format!("{}/nope", queues()))),
    ),
    switch(
        "deleteBoundQueue",
        &[("allowed", "200 , entries 0"), ("refused", "400 DLI.0999, entries 1")],
        |cloud, _| {
            let deleted = code(&cloud.delete(&format!("{}/q1", queues())));
            format!("{deleted}, entries {}", entries(cloud))
        },
    ),
    switch("deleteBusyQueue", &[("system0999", "400 DLI.0999"), ("unsupported0007", "400 DLI.0007")], |cloud, _| {
        cloud.model.edit(cloud.now, None, Edit::Job { name: "q1".into(), running: true }).unwrap();
        code(&cloud.delete(&format!("{}/q1", queues())))
    }),
    switch("queueDeleteStatus", &[("ok200", "200 "), ("created201", "201 ")], |cloud, _| {
        code(&cloud.delete(&format!("{}/q1", queues())))
    }),
    switch("scaleBeforeJob", &[("allowed", "200 "), ("refused", "400 DLI.0999")], |cloud, _| {
        let path = format!("{}/q1/action", queues());
        let body = json!({"action": "scale_out", "cu_count": 16});
        let first = cloud.clone().put(&path, body.clone());
        cloud.model.edit(cloud.now, None, Edit::Job { name: "q1".into(), running: false }).unwrap();
        assert_eq!(cloud.put(&path, body).status, 200, "after a job");
        code(&first)
    }),
    switch("featureEcho", &[("empty", "\"\""), ("basic", "\"basic\"")], |cloud, _| {
        cloud.get(&all()).json["queues"][1]["feature"].to_string()
    }),
    switch(
        "queueTagFilter",
        &[
            ("honoured", "200 [\"tagged\"]"),
            ("ignored", "200 [\"default\",\"q1\",\"tagged\"]"),
            ("refused", "400 null"),
        ],
        |cloud, _| {
            let tags = json!([{"key": "k", "value": "v"}, {"key": "l", "value": "w"}]);
            cloud.post(&queues(), json!({"queue_name": "tagged", "cu_count": 16, "tags": tags}));
            let found = cloud.get(&format!("{}&tags=k=v,l=w", all()));
            let other = cloud.get(&format!("{}&tags=k=v,l=x", all()));
            assert!(found.status != 200 || len(&found.json["queues"]) != 1 || len(&other.json["queues"]) == 0);
            format!("{} {}", found.status, names(&found.json["queues"], "queue_name"))
        },
    ),
    switch("queuePageCap", &[("none", "3"), ("capped", "1")], |cloud, _| {
        cloud.queue("q2", 16);
        len(&cloud.get(&all()).json["queues"]).to_string()
    }),
    switch("queueListVisibility", &[("atOnce", "true, later true"), ("late", "false, later true")], |cloud, _| {
        let mut seen = Vec::new();
        cloud.queue("q2", 16);
        for wait in [0, lag()] {
            cloud.pass(wait);
            seen.push(names(&cloud.get(&all()).json["queues"], "queue_name").to_string().contains("q2"));
        }
        format!("{}, later {}", seen[0], seen[1])
    }),
    switch("queueGetVisibility", &[("atOnce", "200, later 200"), ("late", "400, later 200")], |cloud, _| {
        let path = format!("{}/q2", queues());
        cloud.queue("q2", 16);
        let first = cloud.get(&path).status;
        cloud.pass(Durations::default().get_lag);
        format!("{first}, later {}", cloud.get(&path).status)
    }),
    switch("descriptionLimit", &[("long256", "200  200 "), ("short128", "400 DLI.0001 400 DLI.0001")], |cloud, _| {
        let mut body = pool("p1", 64, 112);
        body["description"] = json!("d".repeat(129));
        let queue = json!({"queue_name": "q2", "cu_count": 16, "description": "d".repeat(129)});
        format!("{} {}", code(&cloud.post(&pools(), body)), code(&cloud.post(&queues(), queue)))
    }),
    switch("queueGetKeys", &[("camel", "\"q1\" null"), ("snake", "null \"q1\"")], |cloud, _| {
        let shown = cloud.get(&format!("{}/q1", queues())).json;
        format!("{} {}", shown["queueName"], shown["queue_name"])
    }),
    switch("queueLabels", &[("text", "\"multi_az=2\" \"\""), ("list", "[\"multi_az=2\"] []")], |cloud, _| {
        let body = json!({"queue_name": "q2", "cu_count": 16, "labels": ["multi_az=2"]});
        cloud.post(&queues(), body);
        cloud.pass(60_000);
        let list = cloud.get(&format!("{}?order=queue_name_desc", queues())).json;
        let shown = format!("{}", list["queues"][0]["labels"]);
        cloud.delete(&format!("{}/q2", queues()));
        cloud.pass(60_000);
        let list = cloud.get(&format!("{}?order=queue_name_desc", queues())).json;
        format!("{shown} {}", list["queues"][0]["labels"])
    }),
    switch("actionCuCount", &[("delta", "200  144"), ("target", "200  80")], |cloud, _| {
        let action = json!({"action": "scale_out", "cu_count": 80});
        let done = code(&cloud.put(&format!("{}/q1/action", queues()), action));
        cloud.pass(700_000);
        format!("{done} {}", cloud.model.queues(cloud.now)[1].cu_count)
    }),
    switch("deleteDefaultQueue", &[("refused", "400 DLI.0007"), ("allowed", "200 ")], |cloud, _| {
        code(&cloud.delete(&format!("{}/default", queues())))
    }),
    switch("connectivityFailure", &[("word", "200  \"UNREACHABLE\""), ("refused", "400 DLI.0999 null")], |cloud, _| {
        cloud.model.configure(|config| config.networks.unreachable = ["far.example:80".to_owned()].into());
        let path = format!("{}/q1/connection-test", queues());
        let begun = cloud.post(&path, json!({"address": "far.example:80"}));
        cloud.pass(5_000);
        let last = cloud.get(&format!("{path}/{}", begun.json["task_id"])).json["connectivity"].clone();
        format!("{} {last}", code(&begun))
    }),
    switch(
        "connectivityRunning",
        &[("empty", "\"\", later \"REACHABLE\""), ("word", "\"RUNNING\", later \"REACHABLE\"")],
        |cloud, _| {
            let path = format!("{}/q1/connection-test", queues());
            let begun = cloud.post(&path, json!({"address": "192.168.0.1:80"}));
            let task = format!("{path}/{}", begun.json["task_id"]);
            let first = cloud.get(&task).json["connectivity"].clone();
            cloud.pass(5_000);
            format!("{first}, later {}", cloud.get(&task).json["connectivity"])
        },
    ),
    switch("cidrMasks", &[("sdk", "400 DLI.0001"), ("cn21", "200 ")], |cloud, _| {
        cloud.queue("q2", 64);
        cloud.pass(300_000);
        let body = json!({"properties": {"network.cidrInVpc": "10.0.0.0/24"}});
        code(&cloud.put(&format!("/v3/{PROJECT}/queues/q2/properties"), body))
    }),
    switch(
        "restartBeforeJob",
        &[("allowed", "200 , after a job 200 "), ("refused", "400 DLI.0999, after a job 200 ")],
        |cloud, _| {
            let path = format!("{}/q1/action", queues());
            let restart = |cloud: &mut Cloud| code(&cloud.put(&path, json!({"action": "restart"})));
            let first = restart(&mut cloud.clone());
            cloud.model.edit(cloud.now, None, Edit::Job { name: "q1".into(), running: false }).unwrap();
            format!("{first}, after a job {}", restart(cloud))
        },
    ),
    switch("queuePaging", &[("pages", "[\"default\",\"q1\",\"q2\"]"), ("offsets", "[\"q1\"]")], |cloud, _| {
        cloud.queue("q2", 16);
        let found = cloud.get(&format!("{}?limit=1&offset=1", queues())).json["queues"].clone();
        assert_eq!(len(&cloud.get(&format!("{}?page-size=2&current-page=2", queues())).json["queues"]), 1);
        names(&found, "queue_name").to_string()
    }),
    switch("scalingEnds", &[("target", "112"), ("partial", "96"), ("failed", "64")], |cloud, _| {
        let action = json!({"action": "scale_out", "cu_count": 48});
        assert_eq!(code(&cloud.put(&format!("{}/q1/action", queues()), action)), "200 ");
        cloud.pass(600_000);
        cloud.get(&format!("{}/q1", queues())).json["cuCount"].to_string()
    }),
    switch(
        "unableCode",
        &[
            ("unsupported0007", "400 DLI.0007 400 DLI.0007 400 DLI.0007"),
            ("parameter0001", "400 DLI.0001 400 DLI.0001 400 DLI.0001"),
            ("system0999", "400 DLI.0999 400 DLI.0999 400 DLI.0999"),
        ],
        |cloud, _| {
            cloud.pool("p1", 64, 112);
            let shrink = json!({"action": "scale_in", "cu_count": 16});
            let shrunk = code(&cloud.put(&format!("{}/q1/action", queues()), shrink));
            let moved = code(&cloud.post(&format!("{}/p1/queues", pools()), json!({"queue_name": "default"})));
            let body = json!({"properties": {"network.cidrInVpc": "10.0.0.0/16"}});
            format!("{shrunk} {moved} {}", code(&cloud.put(&format!("/v3/{PROJECT}/queues/q1/properties"), body)))
        },
    ),
    switch(
        "missingTask",
        &[("notFound0002", "400 DLI.0002"), ("parameter0001", "400 DLI.0001"), ("noResource0023", "404 DLI.0023")],
        |cloud, _| code(&cloud.get(&format!("{}/q1/connection-test/7", queues()))),
    ),
];
