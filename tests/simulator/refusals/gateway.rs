//! What the gateway and IAM turn away: over HTTP, as clients meet it.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Table;
use crate::{
    http::{CREATE, Client, KEY, SECRET, queues},
    support::PROJECT,
};

const GET: Method = Method::GET;

fn meet(table: &mut Table, fact: &'static str, (status, body): (StatusCode, Value)) {
    let code = body["error_code"].as_str().unwrap_or_default();
    table.meet(fact, status.as_u16(), code, &body.to_string());
}

async fn read(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

pub(super) async fn over_the_wire(table: &mut Table) {
    let client = Client::start().await;
    let url = |path: &str| format!("{}{path}", client.simulator.url());
    let list = || client.http.get(url(&queues()));
    meet(table, "gw-unpublished", client.json(GET, "/v1.0/x/nothing", "").await);
    meet(table, "gw-unpublished", client.json(Method::PATCH, &queues(), "").await);
    meet(table, "gw-credentials", read(list()).await);
    meet(table, "gw-token", read(list().header("x-auth-token", "MII")).await);
    meet(table, "gw-signature", read(client.signed(Method::POST, &queues(), CREATE).body("{}")).await);
    meet(table, "gw-signature", read(list().header("authorization", "Bearer x")).await);
    let too_large = client.json(Method::POST, &queues(), &" ".repeat(12 * 1024 * 1024 + 1)).await;
    meet(table, "gw-body", too_large);
    for skew in [901_000, -901_000] {
        client.control(Method::POST, "clock", json!({ "skewMs": skew })).await;
        meet(table, "gw-skew", client.json(GET, &queues(), "").await);
    }
    client.control(Method::POST, "clock", json!({"skewMs": 0})).await;
    logins(table, &client).await;
    let limit = json!({"limit": {"policy": "ip", "limit": 5, "seconds": 3600}});
    client.control(Method::POST, "rate-limit", limit).await;
    for _ in 0..5 {
        assert_eq!(client.json(GET, &queues(), "").await.0, 200);
    }
    meet(table, "gw-throttled", client.json(GET, &queues(), "").await);
    client.control(Method::POST, "rate-limit", Value::Null).await;
    client.control(Method::POST, "config", json!({"answers": {"badCredentials": "service0013"}})).await;
    let action = || client.http.put(url(&format!("{}/q1/action", queues())));
    meet(table, "gw-token-missing", read(action()).await);
    meet(table, "gw-token-null", read(action().header("x-auth-token", "null")).await);
    for _ in 0..5 {
        read(client.signed(Method::POST, &queues(), CREATE).body("{}")).await;
    }
    let locked = client.json(GET, &queues(), "").await;
    assert!(locked.1["error_msg"].as_str().unwrap().contains("reach the limit"), "{locked:?}");
    meet(table, "gw-lock", locked);
    client.control(Method::POST, "credentials", json!({"remove": KEY})).await;
    meet(table, "gw-access-key", client.json(GET, &queues(), "").await);
}

async fn logins(table: &mut Table, client: &Client) {
    let login = |name: &str, password: &str, project: &str| {
        let user = json!({"name": name, "password": password, "domain": {"name": "d"}});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        json!({"auth": {"identity": identity, "scope": {"project": {"id": project}}}}).to_string()
    };
    let url = format!("{}/v3/auth/tokens", client.simulator.url());
    let post = |body: String| client.http.post(&url).body(body);
    let right = post(login(KEY, SECRET, PROJECT)).send().await.unwrap();
    let token = right.headers()["x-subject-token"].to_str().unwrap().to_owned();
    for wrong in [login(KEY, "wrong", PROJECT), login("nobody", SECRET, PROJECT), login(KEY, SECRET, "other")] {
        meet(table, "iam-password", read(post(wrong)).await);
    }
    for nonsense in ["{}", "nonsense"] {
        meet(table, "iam-body", read(post(nonsense.to_owned())).await);
    }
    client.control(Method::POST, "clock", json!({"skewMs": 24 * 60 * 60 * 1000})).await;
    let old = client.http.get(format!("{}{}", client.simulator.url(), queues())).header("x-auth-token", token);
    meet(table, "gw-token-old", read(old).await);
    client.control(Method::POST, "clock", json!({"skewMs": 0})).await;
}
