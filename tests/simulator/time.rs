//! The clock that can be stepped, tokens, slow bodies, and what a region lacks: over HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    http::{CREATE, Client, KEY, SECRET, queues, wall},
    support::PROJECT,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn time_is_put_forward_and_held() {
    let client = Client::start().await;
    client.control(Method::POST, "config", json!({"durations": {"queueAssigning": 240_000, "peering": 20_000}})).await;
    let (_, clock) = client.control(Method::POST, "clock", json!({"hold": true})).await;
    assert_eq!(clock["held"], true);
    client.send(Method::POST, &queues(), CREATE).await.unwrap();
    let body = json!({"name": "c", "dest_vpc_id": "v", "dest_network_id": "n", "queues": ["q1"]}).to_string();
    let connections = format!("/v2.0/{PROJECT}/datasource/enhanced-connections");
    let (_, created) = client.json(Method::POST, &connections, &body).await;
    let one = format!("{connections}/{}", created["connection_id"].as_str().unwrap());
    let state = async || {
        let (_, shown) = client.json(Method::GET, &one, "").await;
        shown["available_queue_info"][0]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(state().await, "CREATING");
    client.control(Method::POST, "clock", json!({"advanceMs": 259_999})).await;
    assert_eq!(state().await, "CREATING", "not a millisecond too soon, however long this test takes");
    client.control(Method::POST, "clock", json!({"advanceMs": 1})).await;
    assert_eq!(state().await, "ACTIVE");
    let edit = json!({"edit": "job", "name": "q1", "running": true});
    client.control(Method::POST, "edits", edit).await;
    let (_, jobs) = client.json(Method::GET, &format!("/v1.0/{PROJECT}/jobs"), "").await;
    assert_eq!((&jobs["jobs"][0]["status"], &jobs["jobs"][0]["queue_name"]), (&json!("RUNNING"), &json!("q1")));
    // A day on: the server's clock shows it, and clients that sign by the wall clock are let in all the same.
    let (_, clock) = client.control(Method::POST, "clock", json!({"advanceMs": DAY, "hold": false})).await;
    assert!(clock["aheadMs"].as_i64().unwrap() > DAY && clock["held"] == false, "{clock}");
    let response = client.send(Method::GET, &queues(), "").await.unwrap();
    assert_eq!(response.status(), 200);
    let date = jiff::fmt::rfc2822::parse(response.headers()["date"].to_str().unwrap()).unwrap().timestamp();
    assert!(date.as_millisecond() > wall() + DAY - 1_000);
    for bad in [json!({"advanceMs": -1}), json!({"advanceMs": i64::MAX}), json!({"speed": 2})] {
        assert_eq!(client.control(Method::POST, "clock", bad).await.0, 400);
    }
    // To the next event, and no further.
    client.control(Method::POST, "clock", json!({"hold": true})).await;
    let action = json!({"action": "restart"}).to_string();
    assert_eq!(client.send(Method::PUT, &format!("{}/q1/action", queues()), &action).await.unwrap().status(), 200);
    let (_, before) = client.control(Method::GET, "clock", Value::Null).await;
    let (_, after) = client.control(Method::POST, "clock", json!({"toNextEvent": true})).await;
    assert_eq!(after["now"].as_i64().unwrap() - before["now"].as_i64().unwrap(), 60_000);
}

#[tokio::test]
async fn a_token_stands_in_for_a_signature() {
    let client = Client::start().await;
    let login = |name: &str, password: &str, scope: Value| {
        let identity = json!({"methods": ["password"], "password": {"user": {"name": name, "password": password, "domain": {"name": "d"}}}});
        json!({"auth": {"identity": identity, "scope": scope}}).to_string()
    };
    let url = format!("{}/v3/auth/tokens", client.simulator.url());
    let post = async |body: String| client.http.post(&url).body(body).send().await.unwrap();
    let scope = json!({"project": {"id": PROJECT}});
    let response = post(login(KEY, SECRET, scope.clone())).await;
    assert_eq!(response.status(), 201);
    let token = response.headers()["x-subject-token"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!((&body["token"]["project"]["id"], &body["token"]["methods"]), (&json!(PROJECT), &json!(["password"])));
    let with = async |token: &str, path: &str| {
        let request = client.http.get(format!("{}{path}", client.simulator.url()));
        let response = request.header("x-auth-token", token).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap()["error_code"].clone())
    };
    assert_eq!(with(&token, &queues()).await.0, 200);
    // The scope holds, and nothing of the token can be changed.
    assert_eq!(with(&token, "/v1.0/other/queues").await.0, 403);
    for at in [0, token.len() / 2, token.len() - 1] {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        let forged = String::from_utf8(bytes).unwrap();
        assert_eq!(with(&forged, &queues()).await, (401, json!("APIGW.0301")), "{forged}");
    }
    for (body, status) in [
        (login(KEY, "wrong", scope.clone()), 401),
        (login("nobody", SECRET, scope), 401),
        (login(KEY, SECRET, json!({"project": {"id": "other"}})), 401),
        ("{}".to_owned(), 400),
        ("nonsense".to_owned(), 400),
    ] {
        let response = post(body.clone()).await;
        assert!(!response.headers().contains_key("x-subject-token"));
        assert_eq!(response.status(), status, "{body}");
        assert!(response.json::<Value>().await.unwrap()["error"]["message"].is_string(), "IAM's body");
    }
    // D: 24 hours.
    client.control(Method::POST, "clock", json!({"skewMs": DAY - 60_000})).await;
    assert_eq!(with(&token, &queues()).await.0, 200);
    client.control(Method::POST, "clock", json!({"skewMs": DAY})).await;
    assert_eq!(with(&token, &queues()).await.0, 401);
}

#[tokio::test]
async fn bodies_can_be_slow_and_groups_absent_and_all_is_counted() {
    let client = Client::start().await;
    client.fault(json!({"effect": {"slowBody": {"ms": 400}}})).await;
    let begin = std::time::Instant::now();
    let mut response = client.send(Method::GET, &queues(), "").await.unwrap();
    let mut pieces = 0;
    while response.chunk().await.unwrap().is_some() {
        pieces += 1;
    }
    assert!(pieces > 1 && begin.elapsed().as_millis() >= 300, "{pieces} pieces");
    client.fault(json!({"effect": "absent", "times": 2, "when": {"operation": "ListQueues"}})).await;
    for _ in 0..2 {
        let (status, body) = client.json(Method::GET, &queues(), "").await;
        assert_eq!((status.as_u16(), &body["error_code"]), (404, &json!("APIGW.0101")));
    }
    let quotas = format!("/v3/{PROJECT}/quotas");
    assert_eq!(client.json(Method::GET, &quotas, "").await.0, 200);
    client.control(Method::POST, "config", json!({"absent": ["quotas", "routesV3"]})).await;
    assert_eq!(client.json(Method::GET, &quotas, "").await.0, 404);
    let routes = |version: &str| format!("/{version}/{PROJECT}/datasource/enhanced-connections/x/routes");
    let route = json!({"name": "r", "cidr": "10.0.0.0/8"}).to_string();
    assert_eq!(client.json(Method::POST, &routes("v3"), &route).await.0, 404);
    assert_eq!(client.json(Method::POST, &routes("v2.0"), &route).await.0, 400);
    client
        .fault(json!({"effect": {"failedPeering": {"text": "no route"}}, "when": {"mutation": true, "contains": "c1"}}))
        .await;
    client.send(Method::POST, &queues(), CREATE).await.unwrap();
    let body = json!({"name": "c1", "dest_vpc_id": "v", "dest_network_id": "n", "queues": ["q1"]}).to_string();
    let connections = format!("/v2.0/{PROJECT}/datasource/enhanced-connections");
    client.send(Method::POST, &connections, &body).await.unwrap();
    client.control(Method::POST, "clock", json!({"advanceMs": 60_000})).await;
    let (_, list) = client.json(Method::GET, &connections, "").await;
    let entry = &list["connections"][0]["available_queue_info"][0];
    assert_eq!((&entry["status"], &entry["err_msg"]), (&json!("FAILED"), &json!("no route")));
    client.control(Method::DELETE, "faults", Value::Null).await;
    let (_, calls) = client.control(Method::GET, "calls", Value::Null).await;
    assert_eq!(calls["faults"], json!({"absent": 2, "failedPeering": 1, "slowBody": 1}));
}
