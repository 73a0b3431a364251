//! The switches of elastic resource pools and the queues in them.

use dli_operator::simulator::Edit;
use serde_json::{Value, json};

use super::{Switch, at, code, len, names, network, new_pool as pool, pool_bound, switch, with};
use crate::support::{Cloud, connections, pools, queues};

/// One policy for the whole day.
fn policies(min: i64, max: i64) -> Value {
    let policy =
        json!({"priority": 1, "impact_start_time": "00:00", "impact_stop_time": "24:00", "min_cu": min, "max_cu": max});
    json!({ "queue_scaling_policies": [policy] })
}

pub(super) const SWITCHES: &[Switch] = &[
    switch("poolNames", &[("shared", "400 DLI.0006, 400 DLI.0006"), ("apart", "200 , 200 ")], |cloud, _| {
        let taken = code(&cloud.post(&pools(), pool("Q1", 64, 64)));
        cloud.pool("p1", 64, 112);
        format!("{taken}, {}", code(&cloud.post(&queues(), json!({"queue_name": "P1", "cu_count": 16}))))
    }),
    switch("duplicatePool", &[("exists0006", "400 DLI.0006"), ("parameter0001", "400 DLI.0001")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        code(&cloud.post(&pools(), pool("P1", 64, 112)))
    }),
    switch("poolCuStep", &[("any", "200 "), ("sixteen", "400 DLI.0001")], |cloud, _| {
        code(&cloud.post(&pools(), pool("p1", 78, 684)))
    }),
    switch("poolBounds", &[("atLeast", "200 "), ("greater", "400 DLI.0001")], |cloud, _| {
        code(&cloud.post(&pools(), pool("p1", 64, 64)))
    }),
    switch("poolMaxRule", &[("any", "200 "), ("sum", "400 DLI.0001")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        cloud.pooled("one", "p1", 32);
        cloud.pass(3_600_000);
        cloud.pooled("two", "p1", 32);
        let path = format!("{}/p1/queues/two", pools());
        cloud.pass(3_600_000);
        code(&cloud.put(&path, policies(32, 112)))
    }),
    switch("poolPageCap", &[("none", "2"), ("capped", "1")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        cloud.pool("p2", 64, 112);
        let found = cloud.get(&pools());
        assert_eq!(found.json["count"], 2, "the count is that of all");
        len(&found.json["elastic_resource_pools"]).to_string()
    }),
    switch("hourlyChanges", &[("shown", "128 48, later 128 48"), ("hidden", "112 32, later 128 48")], |cloud, _| {
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
    }),
    switch("pooledCuCount", &[("allocated", "48"), ("created", "32")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        cloud.pooled("inner", "p1", 32);
        cloud.put(&format!("{}/p1/queues/inner", pools()), policies(32, 48));
        cloud.pass(600_000);
        cloud.put(&format!("{}/p1/queues/inner", pools()), policies(32, 48));
        cloud.pass(3_600_000);
        cloud.get(&format!("{}/inner", queues())).json["cuCount"].to_string()
    }),
    switch("deletePoolWithQueues", &[("refused", "400 DLI.0999, 1"), ("allowed", "200 , 0")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        cloud.pooled("inner", "p1", 32);
        cloud.pass(3_600_000);
        let deleted = code(&cloud.delete(&format!("{}/p1", pools())));
        let left = cloud.model.queues(cloud.now).iter().filter(|queue| queue.pool.is_some()).count();
        format!("{deleted}, {left}")
    }),
    switch("deleteBoundPool", &[("allowed", "200 , entries 0"), ("refused", "400 DLI.0999, entries 1")], |cloud, _| {
        let other = pool_bound(cloud);
        let deleted = code(&cloud.delete(&format!("{}/p1", pools())));
        format!("{deleted}, entries {}", len(&cloud.get(&at(&other)).json["elastic_resource_pools"]))
    }),
    switch("poolDeleteBody", &[("ignored", "200 , 200 "), ("required", "400 DLI.0001, 200 ")], |cloud, _| {
        for name in ["p1", "p2"] {
            cloud.pool(name, 64, 112);
        }
        cloud.pass(3_600_000);
        let bare = code(&cloud.delete(&format!("{}/p1", pools())));
        let with = cloud.call(dli_operator::dli::Method::Delete, &format!("{}/p2", pools()), Some(b"{}"));
        format!("{bare}, {}", code(&with))
    }),
    switch("hiddenPools", &[("unlisted", "[\"p1\"]"), ("listed", "[\"p1\",\"q1\"]")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        names(&cloud.get(&pools()).json["elastic_resource_pools"], "elastic_resource_pool_name").to_string()
    }),
    switch("hiddenPoolLingers", &[("blocks", "400 DLI.0006, later 200 "), ("gone", "200 , later 200 ")], |cloud, _| {
        cloud.queue("q2", 16);
        cloud.delete(&format!("{}/q2", queues()));
        let first = code(&cloud.clone().post(&pools(), pool("q2", 64, 64)));
        cloud.pass(30_000);
        format!("{first}, later {}", code(&cloud.post(&pools(), pool("q2", 64, 64))))
    }),
    switch("associateTwice", &[("refused", "400 DLI.0007"), ("success", "200 ")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        cloud.pooled("inner", "p1", 32);
        cloud.pass(600_000);
        code(&cloud.post(&format!("{}/P1/queues", pools()), json!({"queue_name": "Inner"})))
    }),
    switch(
        "busyCode",
        &[
            ("system0999", "400 DLI.0999 400 DLI.0999 400 DLI.0999"),
            ("unsupported0007", "400 DLI.0007 400 DLI.0007 400 DLI.0007"),
        ],
        |cloud, id| {
            let connection = at(id);
            cloud.pool("p1", 64, 112);
            cloud.queue("q2", 64);
            let young = code(&cloud.delete(&format!("{}/p1", pools())));
            let action = json!({"action": "scale_out", "cu_count": 16});
            let assigning = code(&cloud.put(&format!("{}/q2/action", queues()), action));
            let edit = Edit::Peering { id: id.to_owned(), queue: "q1".into(), error: Some("broken".into()) };
            cloud.model.edit(cloud.now, None, edit).unwrap();
            let unbound = cloud.post(&format!("{connection}/disassociate-queue"), json!({"queues": ["q1"]}));
            format!("{young} {assigning} {}", code(&unbound))
        },
    ),
    switch("hetuMinimum", &[("cu96", "400 DLI.0001 200 "), ("cu16", "200  200 ")], |cloud, _| {
        cloud.pool("p1", 256, 256);
        let mut create = |name: &str, cu: i64| {
            let mut body = json!({"queue_name": name, "cu_count": cu, "engine": "hetuEngine"});
            body["elastic_resource_pool_name"] = json!("p1");
            let answer = code(&cloud.post(&queues(), body));
            cloud.pass(3_600_000);
            answer
        };
        format!("{} {}", create("small", 16), create("large", 96))
    }),
    switch("poolStatusCase", &[("anyCase", "200  1"), ("upperOnly", "400 DLI.0001 1")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        let lower = code(&cloud.get(&format!("{}?status=available", pools())));
        format!("{lower} {}", cloud.get(&format!("{}?status=AVAILABLE", pools())).json["count"])
    }),
    switch("poolActualCu", &[("allocated", "0 64, then 64 64"), ("current", "64 64, then 64 64")], |cloud, _| {
        let look = |cloud: &mut Cloud| {
            let shown = cloud.get(&pools()).json["elastic_resource_pools"][0].clone();
            format!("{} {}", shown["actual_cu"], shown["current_cu"])
        };
        cloud.pool("p1", 64, 112);
        let empty = look(cloud);
        cloud.pooled("inner", "p1", 32);
        format!("{empty}, then {}", look(cloud))
    }),
    switch("poolNameDigit", &[("allowed", "200 "), ("refused", "400 DLI.0001")], |cloud, _| {
        code(&cloud.post(&pools(), pool("1p", 64, 112)))
    }),
    switch("policyMaxStep", &[("four", "200 , basic 200 "), ("sixteen", "400 DLI.0001, basic 200 ")], |cloud, _| {
        cloud.pool("p1", 64, 112);
        let mut basic = pool("p2", 32, 64);
        basic["label"] = json!({"spec": "basic"});
        cloud.post(&pools(), basic);
        cloud.pass(180_000);
        cloud.pooled("one", "p1", 16);
        cloud.pooled("two", "p2", 16);
        cloud.pass(600_000);
        let standard = code(&cloud.put(&format!("{}/p1/queues/one", pools()), policies(16, 56)));
        format!("{standard}, basic {}", code(&cloud.put(&format!("{}/p2/queues/two", pools()), policies(16, 56))))
    }),
    switch(
        "missingPool",
        &[
            ("notFound0002", "400 DLI.0002, deleted 400 DLI.0002"),
            ("parameter0001", "400 DLI.0001, deleted 400 DLI.0002"),
            ("noResource0023", "404 DLI.0023, deleted 400 DLI.0002"),
        ],
        |cloud, id| {
            let path = format!("{}/nope", pools());
            let one = json!({"queue_name": "new", "cu_count": 16, "elastic_resource_pool_name": "nope"});
            let created = code(&cloud.post(&queues(), one));
            let bind = json!({"elastic_resource_pools": ["nope"]});
            let others = [
                cloud.put(&path, json!({"max_cu": 128})),
                cloud.get(&format!("{path}/queues")),
                cloud.post(&format!("{path}/queues"), json!({"queue_name": "q1"})),
                cloud.put(&format!("{path}/queues/q1"), policies(16, 32)),
                cloud.get(&format!("{path}/scale-records")),
                cloud.post(&format!("{}/associate-queue", at(id)), bind.clone()),
                cloud.post(
                    &connections(),
                    with(network("c2", "v"), "elastic_resource_pools", bind["elastic_resource_pools"].clone()),
                ),
            ];
            for other in &others {
                assert_eq!(code(other), created, "{other:?}");
                assert_eq!(other.json["error_msg"], "The elastic resource pool nope does not exist.");
            }
            format!("{created}, deleted {}", code(&cloud.delete(&path)))
        },
    ),
    switch(
        "unfitCode",
        &[("parameter0001", "400 DLI.0001"), ("unsupported0007", "400 DLI.0007"), ("system0999", "400 DLI.0999")],
        |cloud, _| {
            cloud.pool("p1", 64, 112);
            cloud.pooled("inner", "p1", 32);
            cloud.pass(3_600_000);
            let inside = |cu: i64| json!({"queue_name": "new", "cu_count": cu, "elastic_resource_pool_name": "p1"});
            let answers = [
                cloud.post(&queues(), inside(4)),
                cloud.post(&queues(), inside(36)),
                cloud.put(&format!("{}/p1/queues/inner", pools()), policies(32, 128)),
                cloud.put(&format!("{}/p1", pools()), json!({"min_cu": 80})),
            ];
            let first = code(&answers[0]);
            assert!(answers.iter().all(|answer| code(answer) == first), "{answers:?}");
            first
        },
    ),
    switch("strangeLabel", &[("refused0001", "400 DLI.0001, "), ("ignored", "200 , 400 DLI.0001")], |cloud, _| {
        let labelled = |name: &str, min: i64| with(pool(name, min, 112), "label", json!({"spec": "huge"}));
        let created = cloud.post(&pools(), labelled("p1", 64));
        // A pool of the basic edition could have 16 units.
        let small = if created.status == 200 { code(&cloud.post(&pools(), labelled("p2", 16))) } else { String::new() };
        format!("{}, {small}", code(&created))
    }),
];
