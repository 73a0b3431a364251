//! Elastic resource pools in time: they come up, scale after their queues and at full hours, cool down, vanish.

use dli_operator::simulator::{Config, Edit, Effect, Fault, Operation};
use serde_json::{Value, json};

use crate::support::{Answer, Cloud, connections, exact, pools, queues};

const HOUR: i64 = 3_600_000;

/// A cloud whose clock stands at a full hour, with the pool `p1` of 64 to 112 units, made right now.
fn cloud() -> Cloud {
    let mut cloud = Cloud::new(exact(Config::default()));
    cloud.now = cloud.now.div_euclid(HOUR) * HOUR;
    let body = json!({"elastic_resource_pool_name": "P1", "min_cu": 64, "max_cu": 112});
    assert_eq!(cloud.post(&pools(), body).json["elastic_resource_pool_name"], "p1");
    cloud
}

fn item(cloud: &mut Cloud) -> Value {
    cloud.get(&pools()).json["elastic_resource_pools"][0].clone()
}

fn shown(cloud: &mut Cloud) -> (String, i64) {
    let item = item(cloud);
    (item["status"].as_str().unwrap_or("none").to_owned(), item["current_cu"].as_i64().unwrap_or_default())
}

fn policy(priority: i64, start: &str, stop: &str, min: i64, max: i64) -> Value {
    json!({"priority": priority, "impact_start_time": start, "impact_stop_time": stop, "min_cu": min, "max_cu": max})
}

fn set(cloud: &mut Cloud, queue: &str, policies: &[Value]) -> Answer {
    cloud.put(&format!("{}/p1/queues/{queue}", pools()), json!({ "queue_scaling_policies": policies }))
}

/// D dli_01_0622: pool 64 to 112, queues with 32 and 56 units at most: 88, rounded up to 96.
#[test]
fn a_pool_scales_to_what_its_queues_need() {
    let mut cloud = cloud();
    assert_eq!(shown(&mut cloud), ("CREATING".to_owned(), 64));
    cloud.pass(179_999);
    assert_eq!(shown(&mut cloud).0, "CREATING");
    cloud.pass(1);
    assert_eq!(shown(&mut cloud), ("AVAILABLE".to_owned(), 64));
    cloud.pooled("one", "p1", 32);
    assert_eq!(shown(&mut cloud), ("AVAILABLE".to_owned(), 64), "32 units fit into 64");
    assert_eq!(item(&mut cloud)["queues"], json!(["one"]));
    cloud.pass(300_000);
    let answer = set(&mut cloud, "one", &[policy(1, "00:00", "24:00", 32, 88)]);
    assert_eq!(answer.status, 200, "{answer:?}");
    // D dli_01_0686: at the next full hour, not before.
    cloud.now = (cloud.now / HOUR + 1) * HOUR - 1;
    assert_eq!(shown(&mut cloud), ("AVAILABLE".to_owned(), 64));
    cloud.pass(1);
    assert_eq!(shown(&mut cloud), ("SCALING".to_owned(), 64));
    cloud.pass(120_000);
    assert_eq!(shown(&mut cloud), ("AVAILABLE".to_owned(), 96));
    assert_eq!(item(&mut cloud)["actual_cu"], 96);
    // Taking the queue away acts at once.
    assert_eq!(cloud.delete(&format!("{}/one", queues())).status, 200);
    assert_eq!(shown(&mut cloud), ("SCALING".to_owned(), 96));
    cloud.pass(120_000);
    assert_eq!(shown(&mut cloud), ("AVAILABLE".to_owned(), 64));
    let records = cloud.get(&format!("{}/p1/scale-records", pools())).json;
    let steps: Vec<_> =
        records["items"].as_array().unwrap().iter().map(|item| (&item["origin_cu"], &item["target_cu"])).collect();
    assert_eq!(steps, [(&json!(64), &json!(96)), (&json!(96), &json!(64))]);
    assert!(records.get("is_success").is_none(), "D dli_02_0336: no envelope");
}

/// D dli_02_0332: periods of whole hours, half-open, also across midnight; the highest priority holds.
#[test]
fn policies_hold_in_their_hours() {
    let mut cloud = cloud();
    cloud.pass(180_000);
    cloud.pooled("one", "p1", 32);
    cloud.pass(300_000);
    let policies = [policy(1, "00:00", "24:00", 32, 32), policy(5, "22:00", "02:00", 32, 112)];
    assert_eq!(set(&mut cloud, "one", &policies).status, 200);
    let day = 24 * HOUR;
    cloud.now = (cloud.now / day + 1) * day;
    for (hour, units) in [(21, 64), (22, 112), (23, 112), (25, 112), (26, 64), (46, 112)] {
        let mut then = cloud.clone();
        then.now += hour * HOUR + 600_000;
        assert_eq!(shown(&mut then), ("AVAILABLE".to_owned(), units), "at {hour}:10");
    }
    // Whoever looks seldom and whoever looks often see the same, and the model knows when to look.
    let mut often = cloud.clone();
    while often.now < cloud.now + 2 * day {
        let now = often.now;
        often.now = often.model.next_event(now).unwrap().min(cloud.now + 2 * day);
        assert!(often.now > now);
        shown(&mut often);
    }
    cloud.pass(2 * day);
    let path = format!("{}/p1/scale-records?limit=100", pools());
    assert_eq!(cloud.get(&path), often.get(&path));
    assert_eq!(cloud.get(&path).json["count"], 5);
}

/// D dli_07_0005: not within 15 minutes; the rest of [C] pool.go: it vanishes from the list after a while.
#[test]
fn a_pool_cools_down_and_vanishes() {
    let mut cloud = cloud();
    let path = format!("{}/P1", pools());
    cloud.pass(899_999);
    let early = cloud.delete(&path);
    assert_eq!(early.code(), (400, "DLI.0999"));
    cloud.pass(1);
    assert_eq!(cloud.delete(&path).status, 200);
    assert_eq!(item(&mut cloud)["elastic_resource_pool_name"], "p1", "no word for deleting: it is still listed");
    assert_eq!(cloud.delete(&path).code(), (400, "DLI.0002"));
    cloud.pass(30_000);
    assert_eq!(
        cloud.get(&pools()).json,
        json!({"is_success": true, "message": "", "count": 0, "elastic_resource_pools": []})
    );
    assert_eq!(cloud.delete(&path).code(), (400, "DLI.0002"), "C pool.go:546");
}

#[test]
fn a_changed_range_acts_at_the_full_hour() {
    let mut cloud = cloud();
    cloud.pass(180_000);
    let path = format!("{}/p1", pools());
    assert_eq!(cloud.put(&path, json!({"min_cu": 80})).code(), (400, "DLI.0001"), "C: not above current_cu");
    cloud.pooled("one", "p1", 64);
    cloud.pass(300_000);
    assert_eq!(set(&mut cloud, "one", &[policy(1, "00:00", "24:00", 64, 112)]).status, 200);
    assert_eq!(cloud.put(&path, json!({"max_cu": 96})).code(), (400, "DLI.0001"), "below that of a queue");
    assert_eq!(cloud.put(&path, json!({"max_cu": 256, "description": "new"})).status, 200);
    let after = item(&mut cloud);
    assert_eq!(
        (&after["status"], &after["max_cu"], &after["description"]),
        (&json!("SCALING"), &json!(256), &json!("new"))
    );
    assert_eq!(cloud.put(&path, json!({"max_cu": 512})).code(), (400, "DLI.0999"), "not while SCALING");
    cloud.pass(120_000);
    assert_eq!(shown(&mut cloud), ("AVAILABLE".to_owned(), 64));
    cloud.now = (cloud.now / HOUR + 1) * HOUR + 120_000;
    assert_eq!(shown(&mut cloud), ("AVAILABLE".to_owned(), 112));
}

#[test]
fn a_standalone_queue_moves_in_and_a_pool_is_bound() {
    let mut cloud = cloud();
    cloud.queue("q1", 32);
    let path = format!("{}/p1/queues", pools());
    assert_eq!(cloud.post(&path, json!({"queue_name": "q1"})).code(), (400, "DLI.0999"), "the pool is CREATING");
    cloud.pass(180_000);
    let early = cloud.post(&path, json!({"queue_name": "q1"}));
    assert!(early.json["error_msg"].as_str().unwrap().contains("is assigning"), "{early:?}");
    cloud.pass(60_000);
    assert_eq!(cloud.post(&path, json!({"queue_name": "Q1"})).status, 200);
    assert_eq!(cloud.get(&format!("{}/q1", queues())).json["elastic_resource_pool_name"], "p1");
    let action = cloud.put(&format!("{}/q1/action", queues()), json!({"action": "scale_out", "cu_count": 16}));
    assert_eq!(action.code(), (400, "DLI.0007"), "D dli_02_0249: not in a pool");
    let body = json!({"name": "c1", "dest_vpc_id": "v", "dest_network_id": "n", "elastic_resource_pools": ["p1"]});
    let id = cloud.post(&connections(), body).json["connection_id"].as_str().unwrap().to_owned();
    let bound = format!("{}/{id}", connections());
    assert_eq!(cloud.get(&bound).json["elastic_resource_pools"][0]["status"], "CREATING");
    cloud.pass(60_000);
    let entry = cloud.get(&bound).json["elastic_resource_pools"][0].clone();
    assert_eq!((&entry["name"], &entry["status"]), (&json!("p1"), &json!("ACTIVE")));
    // A queue in a bound pool reaches what the connection leads to.
    let test = format!("{}/q1/connection-test", queues());
    let task = cloud.post(&test, json!({"address": "192.168.0.5:3306"})).json["task_id"].clone();
    cloud.pass(5_000);
    assert_eq!(cloud.get(&format!("{test}/{task}")).json["connectivity"], "REACHABLE");
}

#[test]
fn a_pool_that_fails_says_why() {
    let mut cloud = cloud();
    let edit = Edit::FailPool { name: "P1".into(), reason: "no units left".into() };
    cloud.model.edit(cloud.now, None, edit).unwrap();
    cloud.pass(HOUR);
    let failed = item(&mut cloud);
    assert_eq!((&failed["status"], &failed["fail_reason"]), (&json!("FAILED"), &json!("no units left")));
    assert_eq!(cloud.get(&format!("{}?status=failed", pools())).json["count"], 1);
    assert_eq!(cloud.delete(&format!("{}/p1", pools())).status, 200);
}

/// Not every list shows the newest state.
#[test]
fn pool_lists_can_be_stale_or_cut() {
    let mut cloud = cloud();
    cloud.pass(180_000);
    cloud.pool("p2", 64, 112);
    cloud.put(&format!("{}/p1", pools()), json!({"description": "new"}));
    cloud.pass(5_000);
    let stale = |cloud: &mut Cloud, ms: u32| {
        cloud.model.arm(Fault::next(Operation::ListPools, Effect::StaleList { ms }));
        cloud.get(&pools()).json["elastic_resource_pools"].clone()
    };
    assert_eq!(stale(&mut cloud, 4_000)[0]["description"], "new");
    assert_eq!(stale(&mut cloud, 6_000)[0]["description"], "");
    cloud.model.arm(Fault::next(Operation::ListPools, Effect::TruncatedList { keep: 1 }));
    let cut = cloud.get(&pools()).json;
    assert_eq!((cut["elastic_resource_pools"].as_array().unwrap().len(), &cut["count"]), (1, &json!(2)));
    cloud.pass(1_000_000);
    cloud.delete(&format!("{}/p2", pools()));
    cloud.pass(31_000);
    assert_eq!(cloud.get(&pools()).json["count"], 1);
    assert_eq!(stale(&mut cloud, 10_000).as_array().unwrap().len(), 2, "what is gone is shown as it was");
}

#[test]
fn the_lists_page_and_filter() {
    let mut cloud = cloud();
    for name in ["p2", "other"] {
        cloud.pool(name, 64, 112);
    }
    cloud.pooled("aa", "p1", 32);
    cloud.pass(300_000);
    cloud.pooled("ab", "p1", 16);
    let names = |cloud: &mut Cloud, query: &str| -> Vec<String> {
        let found = cloud.get(&format!("{}{query}", pools())).json;
        let list = found.get("elastic_resource_pools").or(found.get("queues")).unwrap().as_array().unwrap().clone();
        let name = |item: &Value| item.get("elastic_resource_pool_name").unwrap_or(&item["queue_name"]).clone();
        list.iter().map(|item| name(item).as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&mut cloud, ""), ["p1", "p2", "other"]);
    assert_eq!(names(&mut cloud, "?name=P"), ["p1", "p2"], "D dli_02_0327: a part of the name");
    assert_eq!(names(&mut cloud, "?limit=1&offset=1"), ["p2"]);
    assert_eq!(names(&mut cloud, "?status=creating"), Vec::<String>::new());
    assert_eq!(names(&mut cloud, "/p1/queues?queue_name=A"), ["aa", "ab"]);
    assert_eq!(names(&mut cloud, "/p1/queues?limit=1&offset=1"), ["ab"]);
    assert_eq!(
        names(&mut cloud, "/p1/queues?offset=1"),
        ["aa", "ab"],
        "C queue.go:489: offset counts beside limit only"
    );
}
