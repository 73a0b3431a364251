//! Faults, rate limits, stale lists and the passing of time, in process.

use dli_operator::{
    dli::{HttpRequest, Method, PeeringState},
    simulator::{
        Answers, Caller, Config, Delivery, Edit, Effect, Fault, Limit, Matching, Operation, Policy, RateLimit,
    },
};
use serde_json::json;

use crate::support::{Cloud, connections, exact, queues};

const CREATE: &[u8] = br#"{"queue_name":"q2","cu_count":16,"resource_mode":1}"#;

fn exists(cloud: &Cloud) -> bool {
    cloud.model.queues(cloud.now).iter().any(|queue| &*queue.name == "q2")
}

#[test]
fn each_effect_applies_or_does_not() {
    let text = || (500, "DLI.0999".to_owned(), "broken".to_owned());
    let (status, code, message) = text();
    let respond = Effect::Respond { status, code, message };
    let (status, code, message) = text();
    let apply = Effect::ApplyThenRespond { status, code, message };
    let throttle = Effect::Throttle { retry_after: Some(5000), limit: None };
    // Effect, whether it is applied, and the status that the caller sees (0: no answer, or not a whole one).
    let rows = [
        (respond, false, 500),
        (apply, true, 500),
        (Effect::DropBefore, false, 0),
        (Effect::DropAfter, true, 0),
        (Effect::Delay { ms: 9 }, true, 200),
        (throttle, false, 429),
        (Effect::Html { applied: false }, false, 502),
        (Effect::Html { applied: true }, true, 502),
        (Effect::NotSuccess { applied: false }, false, 200),
        (Effect::NotSuccess { applied: true }, true, 200),
        (Effect::Unauthorized, false, 401),
        (Effect::EndlessBody, true, 0),
        (Effect::CutBody, true, 0),
    ];
    for (effect, applied, status) in rows {
        let mut cloud = Cloud::new(Config::default());
        let id = cloud.model.arm(Fault::next(Operation::CreateQueue, effect.clone()));
        cloud.get(&queues());
        let outcome = cloud.outcome(Method::Post, &queues(), Some(CREATE));
        assert_eq!(outcome.applied, applied, "{effect:?}");
        assert_eq!(exists(&cloud), applied, "{effect:?}");
        assert_eq!(outcome.delay, if effect == (Effect::Delay { ms: 9 }) { 9 } else { 0 });
        let change = cloud.model.changes().last().unwrap().clone();
        assert_eq!(change.applied, applied, "{effect:?}");
        let response = outcome.into_response();
        assert_eq!(response.as_ref().map_or(0, |response| response.status), status, "{effect:?}");
        if let Effect::NotSuccess { .. } = effect {
            assert!(String::from_utf8(response.unwrap().body).unwrap().contains("\"is_success\":false"));
        }
        let armed = cloud.model.faults().iter().find(|armed| armed.id == id).unwrap();
        assert_eq!((armed.seen, armed.hits), (1, 1), "{effect:?}");
        // It is spent.
        assert_ne!(cloud.outcome(Method::Post, &queues(), Some(CREATE)).delivery, Delivery::Nothing);
    }
}

#[test]
fn a_fault_picks_its_calls() {
    let mut cloud = Cloud::new(Config::default());
    let drop = |when: Matching| Fault { when, ..Fault::any(Effect::DropBefore) };
    let dropped = |cloud: &mut Cloud, caller: &str, method: Method, path: &str, body: &[u8]| {
        let request = HttpRequest { method, path: path.to_owned(), query: Vec::new(), body: Some(body.to_vec()) };
        cloud.model.handle(cloud.now, &Caller::new(caller), &request).delivery == Delivery::Nothing
    };
    cloud.model.arm(drop(Matching { caller: Some("b".into()), ..Matching::default() }).after(1).times(2));
    let seen: Vec<bool> =
        ["a", "b", "b", "a", "b", "b"].map(|caller| dropped(&mut cloud, caller, Method::Get, &queues(), b"")).to_vec();
    assert_eq!(seen, [false, false, true, false, true, false]);
    cloud.model.arm(drop(Matching { mutation: Some(true), contains: Some("q2".into()), ..Matching::default() }));
    assert!(!dropped(&mut cloud, "a", Method::Get, &format!("{}/q2", queues()), b""));
    assert!(!dropped(&mut cloud, "a", Method::Post, &queues(), br#"{"queue_name":"q1","cu_count":16}"#));
    assert!(dropped(&mut cloud, "a", Method::Post, &queues(), CREATE));
    cloud.model.arm(Fault::any(Effect::DropBefore));
    cloud.model.disarm();
    assert!(!dropped(&mut cloud, "a", Method::Get, &queues(), b""));
    // Spent faults do not pile up.
    for _ in 0..1000 {
        cloud.model.arm(Fault::any(Effect::DropBefore));
        assert!(dropped(&mut cloud, "a", Method::Get, &queues(), b""));
    }
    assert!(cloud.model.faults().len() < 300);
}

#[test]
fn lists_can_be_stale_or_cut() {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    cloud.queue("q2", 16);
    cloud.delete(&format!("{}/{id}", connections()));
    cloud.delete(&format!("{}/q1", queues()));
    cloud.pass(10_000);
    cloud.model.arm(Fault::next(Operation::ListQueues, Effect::StaleList { ms: 20_000 }));
    let names = |cloud: &mut Cloud| {
        let list = cloud.get(&format!("{}?queue_type=all", queues())).json;
        list["queues"].as_array().unwrap().iter().map(|q| q["queue_name"].as_str().unwrap().to_owned()).collect()
    };
    let (stale, fresh): (Vec<String>, Vec<String>) = (names(&mut cloud), names(&mut cloud));
    assert_eq!((stale, fresh), (vec!["default".into(), "q1".into()], vec!["default".into(), "q2".into()]));
    cloud.model.arm(Fault::next(Operation::ListConnections, Effect::StaleList { ms: 20_000 }));
    let stale = cloud.get(&format!("{}?status=ACTIVE", connections())).json;
    assert_eq!(stale["connections"][0]["available_queue_info"][0]["status"], "ACTIVE");
    assert_eq!(cloud.get(&format!("{}?status=ACTIVE", connections())).json["count"], 0);
    cloud.model.arm(Fault::next(Operation::ListQueues, Effect::TruncatedList { keep: 1 }));
    let cut: Vec<String> = names(&mut cloud);
    assert_eq!(cut, ["default"]);
}

#[test]
fn a_rate_limit_counts_whom_it_names() {
    let limit = |policy| RateLimit { limit: Limit { policy, limit: 2, seconds: 60 }, retry_after: true, named: true };
    // Calls of two callers in turn to two operations: which of them pass.
    let rows = [
        (Policy::User, [true, true, true, true, false, false]),
        (Policy::Ip, [true, true, false, false, false, false]),
        (Policy::Api, [true, true, false, true, false, true]),
        (Policy::App, [true, true, false, false, false, false]),
    ];
    for (policy, expected) in rows {
        let mut cloud = Cloud::new(Config::default());
        cloud.model.limit_rate(Some(limit(policy)));
        let targets = [queues(), queues(), queues(), connections(), queues(), connections()];
        for (index, (target, passes)) in targets.iter().zip(expected).enumerate() {
            let request = HttpRequest { method: Method::Get, path: target.clone(), query: Vec::new(), body: None };
            let caller = Caller::new(if index % 2 == 0 { "a" } else { "b" });
            let response = cloud.model.handle(cloud.now, &caller, &request).into_response().unwrap();
            assert_eq!(response.status, if passes { 200 } else { 429 }, "{policy:?} call {index}");
            if !passes {
                let wait = response.retry_after.unwrap();
                assert!((1..=60_000).contains(&wait));
                assert!(String::from_utf8(response.body).unwrap().contains("limit:2,time:1 minute"));
            }
        }
        cloud.pass(60_000);
        assert_eq!(cloud.get(&queues()).status, 200, "the next window");
        cloud.model.limit_rate(None);
        for _ in 0..5 {
            assert_eq!(cloud.get(&queues()).status, 200);
        }
    }
}

#[test]
fn peering_begins_when_the_queue_is_available() {
    let mut cloud = Cloud::new(exact(Config::default()));
    cloud.queue("old", 16);
    cloud.pass(1_000_000);
    cloud.queue("new", 16);
    cloud.pass(10_000);
    let id = cloud.connection("c", &["old", "new"]);
    let states = |cloud: &mut Cloud| {
        let shown = cloud.get(&format!("{}/{id}", connections())).json;
        let of = |index: usize| shown["available_queue_info"][index]["status"].as_str().unwrap().to_owned();
        (of(0), of(1))
    };
    assert_eq!(states(&mut cloud), ("CREATING".into(), "CREATING".into()));
    cloud.pass(19_999);
    assert_eq!(states(&mut cloud).0, "CREATING");
    assert_eq!(cloud.model.next_event(cloud.now), Some(cloud.now + 1));
    cloud.pass(1);
    assert_eq!(states(&mut cloud), ("ACTIVE".into(), "CREATING".into()));
    // 240 s from the creation of the queue, then 20 s for the peering.
    cloud.pass(240_000 - 10_000 - 20_000 + 20_000 - 1);
    assert_eq!(states(&mut cloud).1, "CREATING");
    cloud.pass(1);
    assert_eq!(states(&mut cloud).1, "ACTIVE");
    assert_eq!(cloud.model.next_event(cloud.now), None);
}

#[test]
fn scaling_takes_its_time_and_restarting_too() {
    let (mut cloud, _) = Cloud::furnished(Config::default());
    let action = format!("{}/q1/action", queues());
    let cu = |cloud: &mut Cloud| cloud.get(&format!("{}/q1", queues())).json["cuCount"].clone();
    let scaled = cloud.put(&action, json!({"action": "scale_out", "cu_count": 32}));
    assert_eq!(scaled.json, json!({"queue_name": "q1", "result": true}));
    cloud.pass(599_999);
    assert_eq!(cu(&mut cloud), 64);
    cloud.pass(1);
    assert_eq!(cu(&mut cloud), 96);
    cloud.put(&action, json!({"action": "scale_in", "cu_count": "16"}));
    cloud.pass(600_000);
    assert_eq!(cu(&mut cloud), 80);
    let restarted = cloud.put(&action, json!({"action": "restart", "force": "true"}));
    assert_eq!(restarted.json["message"], "Restart success");
    assert!(restarted.json["job_id"].is_string());
    assert_eq!(cloud.get(&queues()).json["queues"][1]["is_restarting"], true);
    cloud.pass(60_000);
    assert_eq!(cloud.get(&queues()).json["queues"][1]["is_restarting"], false);
}

#[test]
fn tags_can_be_set_listed_and_deleted() {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    let queue = cloud.model.queues(cloud.now).into_iter().find(|queue| &*queue.name == "q1").unwrap();
    for (kind, id) in [("dli_queue", queue.queue_id.to_string()), ("dli_enhanced_datasource", id)] {
        let path = format!("/v3/{}/{kind}/{id}/tags", crate::support::PROJECT);
        let set = json!({"tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]});
        assert_eq!(cloud.post(&format!("{path}/create"), set).status, 204);
        cloud.post(&format!("{path}/create"), json!({"tags": [{"key": "a", "value": "3"}]}));
        let listed = cloud.get(&path).json;
        let expected = json!({"count": 2, "tags": [{"key": "a", "value": "3"}, {"key": "b", "value": "2"}]});
        assert_eq!(listed, expected);
        assert_eq!(cloud.get(&format!("{path}?offset=1&limit=1")).json["tags"][0]["key"], "b");
        let gone = json!({"tags": [{"key": "a"}, {"key": "zzz"}]});
        assert_eq!(cloud.post(&format!("{path}/delete"), gone.clone()).status, 204);
        assert_eq!(cloud.post(&format!("{path}/delete"), gone).status, 204, "idempotent");
        assert_eq!(cloud.get(&path).json["count"], 1);
    }
}

#[test]
fn a_colleague_may_delete_what_is_bound() {
    let (mut cloud, id) = Cloud::furnished(Config::default());
    let edit = |cloud: &mut Cloud, edit: Edit| cloud.model.edit(cloud.now, None, edit);
    edit(&mut cloud, Edit::Peering { id: id.clone(), queue: "q1".into(), error: Some("cut".into()) }).unwrap();
    let shown = cloud.get(&format!("{}/{id}", connections())).json;
    assert_eq!(shown["available_queue_info"][0]["status"], "FAILED");
    assert_eq!(shown["available_queue_info"][0]["err_msg"], "cut");
    edit(&mut cloud, Edit::Peering { id: id.clone(), queue: "q1".into(), error: None }).unwrap();
    assert_eq!(cloud.model.connections(cloud.now)[0].entries[0].state, PeeringState::Active);
    edit(&mut cloud, Edit::DeleteQueue { name: "Q1".into() }).unwrap();
    assert_eq!(cloud.model.connections(cloud.now)[0].entries.len(), 0);
    assert!(edit(&mut cloud, Edit::DeleteQueue { name: "q1".into() }).is_err());
    assert!(edit(&mut cloud, Edit::CreateQueue { name: "a-b".into(), cu_count: 16, tags: Vec::new() }).is_err());
}

/// What the list leaves out by default, and how it pages and sorts.
#[test]
fn the_queue_list_has_its_quirks() {
    let mut cloud = Cloud::new(Config::default());
    for (name, kind, cu) in [("b", "sql", 64), ("a", "general", 16), ("c", "sql", 16)] {
        cloud.post(&queues(), json!({"queue_name": name, "cu_count": cu, "queue_type": kind, "tags": null}));
    }
    let names = |cloud: &mut Cloud, query: &str| {
        let list = cloud.get(&format!("{}?{query}", queues())).json;
        let name = |queue: &serde_json::Value| queue["queue_name"].as_str().unwrap().to_owned();
        list["queues"].as_array().unwrap().iter().map(name).collect::<Vec<_>>().join(" ")
    };
    let rows = [
        ("", "b c default"),
        ("queue_type=general", "a"),
        ("queue_type=all", "a b c default"),
        ("queue_type=all&order=queue_name_desc", "default c b a"),
        ("queue_type=all&order=cu_desc", "b a c default"),
        ("queue_type=all&page-size=2", "a b"),
        ("queue_type=all&page-size=2&current-page=2", "c default"),
        ("queue_type=all&page-size=2&current-page=3", ""),
    ];
    for (query, expected) in rows {
        assert_eq!(names(&mut cloud, query), expected, "{query}");
    }
}

/// The log and the counts tell who did what; the log is bounded.
#[test]
fn calls_are_counted() {
    let mut cloud = Cloud::new(Config { seed: 7, ..Config::default() });
    for _ in 0..1500 {
        cloud.post(&queues(), json!({"queue_name": "q", "cu_count": 16}));
    }
    assert_eq!(cloud.model.changes().len(), 1000);
    assert_eq!(cloud.model.calls(Operation::CreateQueue), 1500);
    let counts: Vec<_> = cloud.model.counts().map(|count| (count.status, count.calls)).collect();
    assert_eq!(counts, [(200, 1), (400, 1499)]);
    let last = cloud.model.changes().last().unwrap();
    assert_eq!((&*last.caller, last.status, last.applied), ("test", Some(400), false));
    cloud.model.forget_calls();
    assert_eq!(cloud.model.calls(Operation::CreateQueue), 0);
}

/// Deleted connections stay, up to a bound.
#[test]
fn deleted_connections_are_bounded() {
    let mut config = exact(Config::default());
    config.history.deleted_connections = 16;
    let mut cloud = Cloud::new(config);
    let first = cloud.connection("c", &[]);
    let kept = cloud.connection("kept", &[]);
    cloud.delete(&format!("{}/{first}", connections()));
    for _ in 0..100 {
        let id = cloud.connection("c", &[]);
        cloud.pass(1);
        assert_eq!(cloud.delete(&format!("{}/{id}", connections())).status, 200);
        assert_eq!(cloud.get(&format!("{}/{id}", connections())).json["status"], "DELETED");
    }
    assert!(cloud.model.connections(cloud.now).len() <= 20);
    assert_eq!(cloud.get(&format!("{}/{first}", connections())).status, 400);
    assert_eq!(cloud.get(&format!("{}/{kept}", connections())).json["status"], "ACTIVE");
    assert_eq!(Answers::default(), cloud.model.config().answers);
}

/// What goes and comes back while lists still lag shows up in them once.
#[test]
fn lagging_lists_name_everything_once() {
    let mut answers = Answers::default();
    for name in ["listDeleteLag", "listUpdateLag"] {
        answers.choose(Answers::DIMENSIONS.iter().position(|dimension| dimension.name == name).unwrap(), 1);
    }
    let (mut cloud, id) = Cloud::furnished(Config { answers, ..Config::default() });
    cloud.pass(60_000);
    for _ in 0..3 {
        for verb in ["disassociate-queue", "associate-queue"] {
            cloud.post(&format!("{}/{id}/{verb}", connections()), json!({"queues": ["q1"]}));
            let entries = cloud.get(&connections()).json["connections"][0]["available_queue_info"].clone();
            assert_eq!(entries.as_array().map(Vec::len), Some(1), "{verb} {entries}");
        }
    }
    for _ in 0..3 {
        assert_eq!(cloud.delete(&format!("{}/q1", queues())).status, 200);
        let listed = cloud.get(&queues()).json["queues"].clone();
        assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
        cloud.queue("q1", 64);
        let listed = cloud.get(&queues()).json["queues"].clone();
        assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    }
}
