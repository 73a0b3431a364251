//! Whatever is called, in whatever order and under whatever answers: no panic, and what must hold holds.

use std::collections::BTreeSet;

use dli_operator::{
    dli::{HttpRequest, Method},
    simulator::{
        Answers, Caller, Config, Delivery, Effect, Fault, Model,
        model::{HourlyChanges, NumberStyle, SharedQueue},
    },
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{PROJECT, START, connections, pools, queues};

#[derive(Clone, Debug)]
enum Step {
    Call { method: Method, path: String, query: Vec<(String, String)>, body: Option<Vec<u8>> },
    Wait(i64),
    Fault(u64, u32),
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["q1", "q1", "q1", "Q1", "q2", "q2", "q3", "default", "nope"]).prop_map(str::to_owned)
}

/// A connection by the order of its creation: ids depend on the seed alone, so they can be looked up before the run.
fn id() -> impl Strategy<Value = String> {
    prop::sample::select(vec![0, 0, 0, 1, 1, 2, 3]).prop_map(|index| format!("<{index}>"))
}

#[allow(clippy::needless_pass_by_value, reason = "bodies are written in place")]
fn call(method: Method, path: String, body: Value) -> Step {
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    Step::Call { method, path, query: Vec::new(), body }
}

fn step() -> impl Strategy<Value = Step> {
    use Method::{Delete, Get, Post, Put};
    let names = || prop::collection::vec(name(), 0..3);
    let tags = || {
        prop::collection::vec(("[kl]", "[vw]"), 0..3).prop_map(|tags| {
            tags.into_iter().map(|(key, value)| json!({"key": key, "value": value})).collect::<Value>()
        })
    };
    prop_oneof![
        3 => (name(), prop::sample::select(vec![16, 64]), prop::sample::select(vec![0, 1, 1, 1]), tags()).prop_map(|(name, cu, mode, tags)| {
            call(Post, queues(), json!({"queue_name": name, "cu_count": cu, "resource_mode": mode, "tags": tags}))
        }),
        2 => name().prop_map(|name| call(Delete, format!("{}/{name}", queues()), Value::Null)),
        1 => name().prop_map(|name| call(Get, format!("{}/{name}", queues()), Value::Null)),
        1 => (name(), "scale_out|scale_in|restart").prop_map(|(name, action)| {
            call(Put, format!("{}/{name}/action", queues()), json!({"action": action, "cu_count": 16}))
        }),
        3 => ("[cd]", names(), tags()).prop_map(|(name, queues, tags)| {
            let body = json!({"name": name, "dest_vpc_id": "v", "dest_network_id": "n", "queues": queues, "tags": tags});
            call(Post, connections(), body)
        }),
        2 => id().prop_map(|id| call(Delete, format!("{}/{id}", connections()), Value::Null)),
        1 => id().prop_map(|id| call(Get, format!("{}/{id}", connections()), Value::Null)),
        3 => (id(), names()).prop_map(|(id, queues)| {
            call(Post, format!("{}/{id}/associate-queue", connections()), json!({"queues": queues}))
        }),
        2 => (id(), names()).prop_map(|(id, queues)| {
            call(Post, format!("{}/{id}/disassociate-queue", connections()), json!({"queues": queues}))
        }),
        1 => (id(), 0..3).prop_map(|(id, count)| {
            let hosts: Vec<Value> = (0..count).map(|i| json!({"name": format!("h{i}"), "ip": "10.0.0.1"})).collect();
            call(Put, format!("{}/{id}", connections()), json!({"hosts": hosts}))
        }),
        1 => (id(), tags(), "create|delete").prop_map(|(id, tags, verb)| {
            let path = format!("/v3/{PROJECT}/dli_enhanced_datasource/{id}/tags/{verb}");
            call(Post, path, json!({"tags": tags}))
        }),
        4 => pool_step(),
        2 => prop::collection::vec(("limit|offset|status|name|tags|queue_type|page-size|current-page|order", "[0-9a-zA-Z=,]{0,4}"), 0..4)
            .prop_flat_map(|query| (Just(query), any::<bool>()))
            .prop_map(|(query, which)| {
                let path = if which { queues() } else { connections() };
                Step::Call { method: Get, path, query, body: None }
            }),
        1 => ("/[a-z0-9./%_-]{0,40}", prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(path, body)| {
            Step::Call { method: Post, path, query: Vec::new(), body: Some(body) }
        }),
        1 => (name(), prop::collection::vec(any::<u8>(), 0..40)).prop_map(|(name, body)| {
            let path = format!("{}/{name}/action", queues());
            Step::Call { method: Put, path, query: Vec::new(), body: Some(body) }
        }),
        4 => prop::sample::select(vec![0, 1, 5_000, 20_000, 240_000, 600_000, 3_600_000]).prop_map(Step::Wait),
        1 => (any::<u64>(), 0_u32..3).prop_map(|(seed, skip)| Step::Fault(seed, skip)),
    ]
}

/// Calls about pools, routes and authentications.
fn pool_step() -> impl Strategy<Value = Step> {
    use Method::{Delete, Get, Post, Put};
    let pool = || prop::sample::select(vec!["p1", "p1", "p1", "p2", "q1"]);
    let units = || prop::sample::select(vec![64, 96, 112, 256]);
    prop_oneof![
        3 => (pool(), units(), units()).prop_map(|(name, min, max)| {
            call(Post, pools(), json!({"elastic_resource_pool_name": name, "min_cu": min, "max_cu": max}))
        }),
        1 => pool().prop_map(|name| call(Delete, format!("{}/{name}", pools()), json!({}))),
        1 => (pool(), units(), units()).prop_map(|(name, min, max)| {
            call(Put, format!("{}/{name}", pools()), json!({"min_cu": min, "max_cu": max}))
        }),
        2 => (name(), pool(), prop::sample::select(vec![8, 16, 32, 60])).prop_map(|(name, pool, cu)| {
            let body = json!({"queue_name": name, "cu_count": cu, "resource_mode": 1, "elastic_resource_pool_name": pool});
            call(Post, queues(), body)
        }),
        1 => (pool(), name()).prop_map(|(pool, name)| {
            call(Post, format!("{}/{pool}/queues", pools()), json!({"queue_name": name}))
        }),
        2 => (pool(), name(), 0..4_i64, 0..30_i64).prop_map(|(pool, name, min, more)| {
            let (min, max) = (min * 16, min * 16 + more * 4);
            let day = json!({"priority": 1, "impact_start_time": "00:00", "impact_stop_time": "24:00", "min_cu": min, "max_cu": max});
            let body = json!({ "queue_scaling_policies": [day] });
            call(Put, format!("{}/{pool}/queues/{name}", pools()), body)
        }),
        1 => (id(), pool(), "associate|disassociate").prop_map(|(id, pool, verb)| {
            call(Post, format!("{}/{id}/{verb}-queue", connections()), json!({"elastic_resource_pools": [pool]}))
        }),
        1 => (id(), "[rs]", 0..3).prop_map(|(id, name, net)| {
            let path = format!("/v3/{PROJECT}/datasource/enhanced-connections/{id}/routes");
            call(Post, path, json!({"name": name, "cidr": format!("10.{net}.0.0/16")}))
        }),
        1 => (pool(), "queues|scale-records").prop_map(|(pool, what)| {
            call(Get, format!("{}/{pool}/{what}", pools()), Value::Null)
        }),
    ]
}

/// Sums of a pool fit it, names are unique, and what is bound as a pool is one.
fn pools_agree(model: &Model, now: i64) {
    let views = model.pools(now);
    let names: BTreeSet<&str> = views.iter().map(|pool| &*pool.name).collect();
    assert_eq!(names.len(), views.len(), "pool names are unique");
    let queues = model.queues(now);
    for connection in model.connections(now) {
        for entry in connection.entries.iter().filter(|entry| entry.pool) {
            assert!(names.contains(&*entry.name), "only pools that exist are bound");
        }
    }
    for queue in &queues {
        if let Some(pool) = &queue.pool {
            let pool = views.iter().find(|view| view.name == *pool).unwrap_or_else(|| unreachable!("no pool {pool}"));
            assert!(pool.queues.contains(&queue.name));
        }
    }
    let mut model = model.clone();
    model.disarm();
    model.limit_rate(None);
    model.configure(|config| {
        config.page_cap = 1_000_000;
        config.answers.hourly_changes = HourlyChanges::Shown;
        config.answers.number_style = NumberStyle::Numbers;
    });
    for pool in views.iter().filter(|pool| !pool.leaving) {
        assert!(pool.min_cu <= pool.max_cu);
        assert!(matches!(pool.status, "CREATING" | "AVAILABLE" | "SCALING"), "{}", pool.status);
        let path = format!("{}/{}/queues", pools(), pool.name);
        let request = HttpRequest { method: Method::Get, path, query: Vec::new(), body: None };
        let response = model.handle(now, &Caller::new("p"), &request).into_response().unwrap();
        let list: Value = serde_json::from_slice(&response.body).unwrap();
        let policy = |queue: &Value, field: &str| queue["queue_scaling_policies"][0][field].as_i64().unwrap();
        let inside = list["queues"].as_array().unwrap();
        let sum: i64 = inside.iter().map(|queue| policy(queue, "min_cu")).sum();
        assert!(sum <= pool.min_cu, "the sum of the minima, {sum}, fits into {}", pool.min_cu);
        assert!(
            inside.iter().all(|queue| policy(queue, "max_cu") <= pool.max_cu),
            "no queue may have more than its pool"
        );
        let listed: BTreeSet<&str> = inside.iter().map(|queue| queue["queue_name"].as_str().unwrap()).collect();
        assert_eq!(listed, pool.queues.iter().map(|name| &**name).collect());
    }
}

/// Runs steps; returns all deliveries.
fn run(config: Config, steps: &[Step]) -> (Model, i64, Vec<Delivery>) {
    let mut model = Model::new(config);
    let mut now = START;
    let mut known: Vec<String> = Vec::new();
    let mut deleted: BTreeSet<String> = BTreeSet::new();
    let mut deliveries = Vec::new();
    let queue =
        |name: &str| call(Method::Post, queues(), json!({"queue_name": name, "cu_count": 64, "resource_mode": 1}));
    let body = json!({"name": "first", "dest_vpc_id": "v", "dest_network_id": "n", "queues": ["q1"]});
    let furniture =
        [queue("q1"), queue("q2"), Step::Wait(300_000), call(Method::Post, connections(), body), Step::Wait(60_000)];
    for step in furniture.iter().chain(steps) {
        match step {
            Step::Wait(ms) => now += ms,
            Step::Fault(seed, skip) => {
                model.arm(Fault::any(Effect::sample(*seed)).after(*skip));
            }
            Step::Call { method, path, query, body } => {
                let mut path = path.clone();
                for (index, id) in known.iter().enumerate() {
                    path = path.replace(&format!("<{index}>"), id);
                }
                let request = HttpRequest { method: *method, path, query: query.clone(), body: body.clone() };
                deliveries.push(model.handle(now, &Caller::new("p"), &request).delivery);
            }
        }
        let connections = model.connections(now);
        known = connections.iter().map(|connection| connection.id.to_string()).collect();
        for connection in &connections {
            if connection.deleted {
                deleted.insert(connection.id.to_string());
                assert!(connection.entries.is_empty(), "a deleted connection has no peering");
            } else {
                assert!(!deleted.contains(&*connection.id), "soft deletes stay");
            }
            let targets: BTreeSet<&str> = connection.entries.iter().map(|entry| &*entry.name).collect();
            assert_eq!(targets.len(), connection.entries.len(), "one peering a target");
            for entry in connection.entries.iter().filter(|entry| !entry.pool) {
                let queue = model.queues(now).into_iter().find(|queue| queue.name == entry.name);
                let any = model.config().answers.shared_queue == SharedQueue::Failed;
                assert!(
                    queue.is_some_and(|queue| any || queue.resource_mode == 1),
                    "only dedicated queues that exist are bound, unless the others are bound in vain"
                );
            }
            assert!(connection.tags.len() <= 20);
        }
        lists_agree(&model, now);
        pools_agree(&model, now);
    }
    (model, now, deliveries)
}

/// Lists name each thing once, and when nothing lags they show what is there.
fn lists_agree(model: &Model, now: i64) {
    let mut model = model.clone();
    model.disarm();
    model.limit_rate(None);
    let answers = model.config().answers;
    model.configure(|config| config.page_cap = 1_000_000);
    let mut get = |path: String, query: &[(&str, &str)]| -> Value {
        let query = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let request = HttpRequest { method: Method::Get, path, query, body: None };
        let response = model.handle(now, &Caller::new("p"), &request).into_response().unwrap();
        assert_eq!(response.status, 200);
        serde_json::from_slice(&response.body).unwrap()
    };
    let queues = get(queues(), &[("queue_type", "all")]);
    let names: Vec<&str> =
        queues["queues"].as_array().unwrap().iter().map(|q| q["queue_name"].as_str().unwrap()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "queue names are unique in lists");
    let connections = get(connections(), &[("limit", "0"), ("status", "ACTIVE")]);
    let mut targets = BTreeSet::new();
    for item in connections["connections"].as_array().unwrap() {
        let id = item["id"].as_str().unwrap();
        for entry in
            ["available_queue_info", "elastic_resource_pools"].iter().flat_map(|key| item[key].as_array().unwrap())
        {
            let new = targets.insert((id, entry["name"].as_str().unwrap()));
            assert!(new, "one peering a target in lists");
        }
    }
    let default = Answers::default();
    if (answers.queue_list_visibility, answers.list_delete_lag)
        == (default.queue_list_visibility, default.list_delete_lag)
    {
        let views = model.queues(now);
        let live: Vec<&str> = views.iter().map(|queue| &*queue.name).collect();
        assert_eq!(names, live);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics_and_invariants_hold(seed in any::<u64>(), assumed in any::<bool>(), steps in prop::collection::vec(step(), 0..40)) {
        let answers = if assumed { Answers::default() } else { Answers::variant(seed) };
        let config = Config { seed, answers, ..Config::default() };
        let (model, now, deliveries) = run(config.clone(), &steps);
        // The same seed and the same calls: the same answers and the same state.
        let (again, _, same) = run(config, &steps);
        prop_assert_eq!(deliveries, same);
        prop_assert_eq!(model.fingerprint(), again.fingerprint());
        prop_assert_eq!(model.clone().fingerprint(), model.fingerprint());
        prop_assert_eq!(model.queues(now), again.queues(now));
        // A restart changes nothing.
        let mut calm = model.clone();
        calm.disarm();
        let loaded = Model::load(calm.config().clone(), &calm.save());
        prop_assert_eq!(loaded.map(|loaded| (loaded.queues(now), loaded.connections(now), loaded.pools(now))), Ok((calm.queues(now), calm.connections(now), calm.pools(now))));
    }

    #[test]
    fn every_answer_is_json_or_empty(steps in prop::collection::vec(step(), 0..40)) {
        let calls: Vec<Step> = steps.into_iter().filter(|step| !matches!(step, Step::Fault(..))).collect();
        let (_, _, deliveries) = run(Config::default(), &calls);
        for delivery in deliveries {
            let Delivery::Whole(response) = delivery else { return Err(TestCaseError::fail("no answer")) };
            if response.status != 204 {
                prop_assert!(serde_json::from_slice::<Value>(&response.body).is_ok_and(|body| body.is_object()));
            }
        }
    }
}

#[test]
fn fingerprints_tell_states_apart() {
    let model = Model::new(Config::default());
    let request = |body: Value| HttpRequest {
        method: Method::Post,
        path: queues(),
        query: Vec::new(),
        body: Some(body.to_string().into_bytes()),
    };
    let mut read = model.clone();
    let list = HttpRequest { method: Method::Get, body: None, ..request(Value::Null) };
    read.handle(START, &Caller::new("a"), &list);
    let print = read.fingerprint();
    read.handle(START, &Caller::new("b"), &list);
    read.handle(START, &Caller::new("b"), &request(json!({})));
    assert_eq!(read.fingerprint(), print, "reads and refusals change nothing");
    let mut one = read.clone();
    one.handle(START, &Caller::new("a"), &request(json!({"queue_name": "a", "cu_count": 16})));
    let mut two = read.clone();
    two.handle(START, &Caller::new("a"), &request(json!({"queue_name": "b", "cu_count": 16})));
    let mut armed = read.clone();
    armed.arm(Fault::any(Effect::DropAfter));
    let prints: BTreeSet<u64> = [&read, &one, &two, &armed].map(Model::fingerprint).into();
    assert_eq!(prints.len(), 4);
}
