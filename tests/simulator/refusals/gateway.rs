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
    table.meet(fact, status.as_u16(), &body, &body.to_string());
}

/// The same, and the words are those of the page.
fn meet_words(table: &mut Table, fact: &'static str, words: &str, answer: (StatusCode, Value)) {
    assert!(answer.1["error_msg"].as_str().unwrap_or_default().contains(words), "{fact}: {answer:?}");
    meet(table, fact, answer);
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
    client.control(Method::POST, "config", json!({"answers": {"staleSignature": "expired0303"}})).await;
    meet(table, "gw-skew-0303", client.json(GET, &queues(), "").await);
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
    meet_words(table, "gw-token-missing", "X-Auth-Token is not defined in request", read(action()).await);
    let null = read(action().header("x-auth-token", "null")).await;
    meet_words(table, "gw-token-null", "Token info for token is null, return.", null);
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
