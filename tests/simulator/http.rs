//! The server from outside: signatures, headers, limits, broken lines and the control endpoint.

use std::time::Duration;

use dli_operator::{
    dli::signing::{self, Query, Scheme, SignedRequest},
    simulator::{Config, Credential, Durations, SimulateOptions, Simulator},
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::PROJECT;

pub(crate) const KEY: &str = "KEY";
pub(crate) const SECRET: &str = "secret";

pub(crate) struct Client {
    pub(crate) simulator: Simulator,
    pub(crate) http: reqwest::Client,
    skew: i64,
}

pub(crate) fn wall() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

impl Client {
    pub(crate) async fn start() -> Self {
        let durations = Durations { queue_assigning: 20, peering: 20, jitter_percent: 0, ..Durations::default() };
        let credential =
            Credential { access_key: KEY.to_owned(), secret_key: SECRET.to_owned().into(), security_token: None };
        let options = SimulateOptions {
            listen: "127.0.0.1:0".parse().unwrap(),
            credentials: vec![credential],
            config: Config { durations, ..Config::default() },
            state: None,
        };
        let simulator = Simulator::start(options).await.unwrap();
        let http = crate::support::http_client().timeout(Duration::from_secs(20)).build().unwrap();
        Self { simulator, http, skew: 0 }
    }

    pub(crate) fn signed(&self, method: Method, target: &str, body: &str) -> reqwest::RequestBuilder {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let date = signing::format_timestamp(wall() + self.skew).unwrap();
        let host = self.simulator.address().to_string();
        let request = SignedRequest {
            method: method.as_str(),
            path,
            query: Query::Raw(query),
            headers: &[("host", &host), ("x-sdk-date", &date)],
            signed_headers: &["host", "x-sdk-date"],
            payload: &signing::payload_hash(body.as_bytes()),
        };
        let signed = signing::sign(Scheme::Plain, &request, &date, KEY, SECRET.as_bytes()).unwrap();
        self.http
            .request(method, format!("{}{target}", self.simulator.url()))
            .header("x-sdk-date", date)
            .header("authorization", signed.authorization)
            .body(body.to_owned())
    }

    pub(crate) async fn send(&self, method: Method, target: &str, body: &str) -> reqwest::Result<reqwest::Response> {
        self.signed(method, target, body).send().await
    }

    pub(crate) async fn json(&self, method: Method, target: &str, body: &str) -> (StatusCode, Value) {
        let response = self.send(method, target, body).await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub(crate) async fn control(&self, method: Method, name: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}/_simulator/{name}", self.simulator.url());
        let response = self.http.request(method, url).body(body.to_string()).send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let (status, answer) = self.control(Method::POST, "faults", fault).await;
        assert_eq!(status, 200, "{answer}");
        assert!(answer["id"].is_u64());
    }
}

pub(crate) fn queues() -> String {
    format!("/v1.0/{PROJECT}/queues")
}

pub(crate) const CREATE: &str = r#"{"queue_name":"q1","cu_count":16,"resource_mode":1}"#;

#[tokio::test]
async fn a_signed_call_is_answered_with_the_gateways_headers() {
    let client = Client::start().await;
    let response = client.send(Method::POST, &queues(), CREATE).await.unwrap();
    assert_eq!(response.status(), 200);
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("content-type").as_deref(), Some("application/json"));
    assert_eq!(header("x-request-id").unwrap().len(), 32);
    let date = jiff::fmt::rfc2822::parse(&header("date").unwrap()).unwrap().timestamp().as_millisecond();
    assert!((wall() - date).abs() < 5_000);
    assert_eq!(response.json::<Value>().await.unwrap()["queue_name"], "q1");
    let (_, list) = client.json(Method::GET, &format!("{}?queue_type=all&tags=", queues()), "").await;
    assert_eq!(list["queues"][1]["queue_name"], "q1");
    let created = list["queues"][1]["create_time"].as_i64().unwrap();
    assert!((wall() - created).abs() < 5_000, "create_time is wall time");
    // IAM is at the same endpoint.
    let (_, projects) = client.json(Method::GET, "/v3/projects?name=ap-southeast-3", "").await;
    assert_eq!(projects["projects"][0]["id"], PROJECT);
}

#[tokio::test]
async fn what_is_not_signed_well_is_turned_away() {
    let client = Client::start().await;
    let unsigned = client.http.get(format!("{}{}", client.simulator.url(), queues())).send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    let id = unsigned.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body: Value = unsigned.json().await.unwrap();
    assert_eq!(body["error_code"], "APIGW.0301");
    assert_eq!(body["error_msg"], "Incorrect IAM authentication information: x-auth-token not found");
    assert_eq!(body["request_id"], id.as_str());
    // Nothing was done, and the count says so.
    let tampered = client.signed(Method::POST, &queues(), CREATE).body("{}").send().await.unwrap();
    assert_eq!(tampered.status(), 401);
    let (_, calls) = client.control(Method::GET, "calls", json!(null)).await;
    assert_eq!(calls["counts"][1], json!({"operation": "CreateQueue", "status": 401, "calls": 1}));
    assert_eq!(calls["changes"][0]["applied"], false);
    // An API that is not published, and a method that nothing has.
    for method in [Method::GET, Method::PATCH] {
        let (status, body) = client.json(method, "/v1.0/x/nothing", "").await;
        assert_eq!((status.as_u16(), &body["error_code"]), (404, &json!("APIGW.0101")));
    }
}

#[tokio::test]
async fn the_gateways_limits_hold() {
    let client = Client::start().await;
    let long = client.send(Method::GET, &format!("{}?tags={}", queues(), "a".repeat(33 * 1024)), "").await.unwrap();
    assert_eq!(long.status(), 414);
    let wide = client.signed(Method::GET, &queues(), "").header("x-wide", "a".repeat(33 * 1024));
    assert_eq!(wide.send().await.unwrap().status(), 494);
    let (status, body) = client.json(Method::POST, &queues(), &" ".repeat(12 * 1024 * 1024 + 1)).await;
    assert_eq!((status.as_u16(), &body["error_code"]), (413, &json!("APIGW.0201")));
    let (status, body) = client.json(Method::POST, &queues(), &" ".repeat(12 * 1024 * 1024)).await;
    assert_eq!((status.as_u16(), &body["error_code"]), (400, &json!("DLI.0001")));
}

#[tokio::test]
async fn lines_break_before_in_and_after() {
    let client = Client::start().await;
    client.fault(json!({"effect": "dropBefore"})).await;
    client.send(Method::POST, &queues(), CREATE).await.unwrap_err();
    client.fault(json!({"effect": "dropAfter", "when": {"operation": "CreateQueue"}})).await;
    client.send(Method::POST, &queues(), CREATE).await.unwrap_err();
    let (status, body) = client.json(Method::POST, &queues(), CREATE).await;
    assert_eq!((status.as_u16(), &body["error_code"]), (400, &json!("DLI.0006")), "the second call was applied");
    client.fault(json!({"effect": "cutBody"})).await;
    let response = client.send(Method::GET, &queues(), "").await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap_err();
    client.fault(json!({"effect": "endlessBody"})).await;
    let mut response = client.send(Method::GET, &queues(), "").await.unwrap();
    let mut read = 0;
    while read < 20 * 1024 * 1024 {
        read += response.chunk().await.unwrap().unwrap().len();
    }
    drop(response);
    client.fault(json!({"effect": {"delay": {"ms": 300}}})).await;
    let begin = std::time::Instant::now();
    client.send(Method::GET, &queues(), "").await.unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(300));
    let (_, faults) = client.control(Method::GET, "faults", json!(null)).await;
    assert!(faults["faults"].as_array().unwrap().iter().all(|armed| armed["hits"] == 1));
}

#[tokio::test]
async fn errors_look_like_the_gateways() {
    let client = Client::start().await;
    let limit = json!({"policy": "user", "limit": 60, "seconds": 60});
    client.fault(json!({"effect": {"throttle": {"retryAfter": 1500, "limit": limit}}})).await;
    let response = client.send(Method::GET, &queues(), "").await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "2");
    let text = "The throttling threshold has been reached: policy user over ratelimit,limit:60,time:1 minute";
    assert_eq!(response.json::<Value>().await.unwrap()["error_msg"], text);
    client.fault(json!({"effect": {"html": {"applied": false}}})).await;
    let response = client.send(Method::GET, &queues(), "").await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["content-type"]), (502, &"text/html".parse().unwrap()));
    client.fault(json!({"effect": "unauthorized"})).await;
    assert_eq!(client.send(Method::GET, &queues(), "").await.unwrap().status(), 401);
    let (status, _) = client
        .control(Method::POST, "rate-limit", json!({"limit": {"limit": 1, "seconds": 3600}, "retryAfter": true}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(client.send(Method::GET, &queues(), "").await.unwrap().status(), 200);
    assert_eq!(client.send(Method::GET, &queues(), "").await.unwrap().status(), 429);
    client.control(Method::POST, "rate-limit", json!(null)).await;
    assert_eq!(client.send(Method::GET, &queues(), "").await.unwrap().status(), 200);
}

#[tokio::test]
async fn clock_and_credentials_change_while_it_runs() {
    let mut client = Client::start().await;
    client.control(Method::POST, "clock", json!({"skewMs": 20 * 60 * 1000})).await;
    let response = client.send(Method::GET, &queues(), "").await.unwrap();
    assert_eq!(response.status(), 401);
    let date = response.headers()["date"].to_str().unwrap().to_owned();
    let date = jiff::fmt::rfc2822::parse(&date).unwrap().timestamp().as_millisecond();
    assert!((date - wall() - 20 * 60 * 1000).abs() < 5_000, "Date is the server's clock");
    let body: Value = response.json().await.unwrap();
    assert!(body["error_msg"].as_str().unwrap().contains("signature expired, signature time:"));
    client.skew = 20 * 60 * 1000;
    assert_eq!(client.send(Method::GET, &queues(), "").await.unwrap().status(), 200);
    client.control(Method::POST, "credentials", json!({"remove": KEY})).await;
    let (status, body) = client.json(Method::GET, &queues(), "").await;
    assert_eq!(status, 401);
    assert!(body["error_msg"].as_str().unwrap().ends_with("Get secretKey failed,ak:KEY,err:ak not exist"));
    let wrong = json!({"add": {"accessKey": KEY, "secretKey": "another"}});
    client.control(Method::POST, "credentials", wrong).await;
    for _ in 0..5 {
        assert_eq!(client.send(Method::GET, &queues(), "").await.unwrap().status(), 401);
    }
    let (_, keys) = client.control(Method::GET, "credentials", json!(null)).await;
    assert_eq!(keys, json!({"credentials": [{"accessKey": KEY, "locked": true}]}));
    client.control(Method::POST, "credentials", json!({"add": {"accessKey": KEY, "secretKey": SECRET}})).await;
    assert_eq!(client.send(Method::GET, &queues(), "").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_colleague_edits_and_the_state_shows_it() {
    let client = Client::start().await;
    let edit = |edit: Value| client.control(Method::POST, "edits", edit);
    let (status, _) = edit(json!({"edit": "createQueue", "name": "Q1", "cuCount": 64})).await;
    assert_eq!(status, 200);
    let (_, created) =
        edit(json!({"edit": "createConnection", "name": "c", "destVpcId": "v", "destNetworkId": "n"})).await;
    let id = created["id"].as_str().unwrap();
    edit(json!({"edit": "bind", "id": id, "queue": "q1"})).await;
    edit(json!({"edit": "peering", "id": id, "queue": "q1", "error": "broken", "project": PROJECT})).await;
    edit(json!({"edit": "setHosts", "id": id, "hosts": [{"name": "h", "ip": "10.0.0.1"}]})).await;
    edit(json!({"edit": "tagQueue", "name": "q1", "key": "k", "value": "v"})).await;
    edit(json!({"edit": "tagConnection", "id": id, "key": "k", "value": "v"})).await;
    edit(json!({"edit": "scaleQueue", "name": "q1", "cuCount": 80})).await;
    let (_, state) = client.control(Method::GET, "state", json!(null)).await;
    assert_eq!(state["queues"][1]["name"], "q1");
    assert_eq!(state["queues"][1]["cuCount"], 80);
    assert_eq!(state["queues"][1]["tags"], json!([{"key": "k", "value": "v"}]));
    assert_eq!(state["connections"][0]["entries"][0]["state"], "FAILED");
    assert_eq!(state["connections"][0]["hosts"], json!([{"name": "h", "ip": "10.0.0.1"}]));
    assert_eq!(state["connections"][0]["tags"], json!([{"key": "k", "value": "v"}]));
    edit(json!({"edit": "unbind", "id": id, "queue": "q1"})).await;
    edit(json!({"edit": "deleteConnection", "id": id})).await;
    edit(json!({"edit": "deleteQueue", "name": "q1"})).await;
    let (_, state) = client.control(Method::GET, "state", json!(null)).await;
    assert_eq!(state["queues"].as_array().unwrap().len(), 1);
    assert_eq!(state["connections"][0]["deleted"], true);
    // What cannot be done says why.
    let (status, body) = edit(json!({"edit": "bind", "id": id, "queue": "q1"})).await;
    assert_eq!((status.as_u16(), &body["error"]), (409, &json!("there is no queue q1")));
    assert_eq!(edit(json!({"edit": "fly"})).await.0, 400);
    assert_eq!(edit(json!({"edit": "job", "name": "q1", "running": true, "project": "x"})).await.0, 409);
    assert_eq!(client.control(Method::GET, "nothing", json!(null)).await.0, 404);
}

#[tokio::test]
async fn answers_can_be_switched_while_it_runs() {
    let client = Client::start().await;
    let (status, body) = client
        .control(Method::POST, "config", json!({"answers": {"tagsService": "absent"}, "durations": {"peering": 5}}))
        .await;
    assert_eq!(status, 200, "{body}");
    let (_, answers) = client.control(Method::GET, "answers", json!(null)).await;
    let row = answers["answers"].as_array().unwrap().iter().find(|row| row["name"] == "tagsService").unwrap();
    assert_eq!(row["chosen"], "absent");
    let tags = format!("/v3/{PROJECT}/dli_queue/1/tags");
    assert_eq!(client.json(Method::GET, &tags, "").await.0, 404);
    for bad in
        [json!({"answers": {"tagsService": "maybe"}}), json!({"projects": []}), json!({"durations": {"peering": -1}})]
    {
        assert_eq!(client.control(Method::POST, "config", bad.clone()).await.0, 400, "{bad}");
    }
    let (_, config) = client.control(Method::GET, "config", json!(null)).await;
    assert_eq!(config["config"]["durations"]["peering"], 5);
    client.send(Method::GET, &queues(), "").await.unwrap();
    client.control(Method::DELETE, "calls", json!(null)).await;
    assert_eq!(
        client.control(Method::GET, "calls", json!(null)).await.1,
        json!({"counts": [], "changes": [], "faults": {}})
    );
    client.fault(json!({"effect": "dropBefore", "times": 9})).await;
    client.control(Method::DELETE, "faults", json!(null)).await;
    client.send(Method::GET, &queues(), "").await.unwrap();
    client.simulator.stop().await.unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let client = Client::start().await;
    client.fault(json!({"effect": {"delay": {"ms": 60_000}}})).await;
    let slow = client.signed(Method::GET, &queues(), "");
    let call = tokio::spawn(slow.send());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begin = std::time::Instant::now();
    client.simulator.stop().await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(8));
    call.abort();
}
