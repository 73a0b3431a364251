//! What the documented error answers mean, for calls of every kind.
#![allow(clippy::unwrap_used)]

use dli_operator::{
    cloud::classify::{classify, classify_hiding},
    dli::{
        Applied::{self, No, Unknown},
        Call, Cause, ConnectionId, ConnectionName, CreateConnection, CreateQueue,
        ErrorClass::{self, Auth, Denied, Exists, NotFound, Quota, Refused, Throttled, Transient, Unsupported},
        Host, HttpResponse, LearnedLimit, LimitScope, QueueName, RegionName, ResourceType, Tag,
    },
};

const CONNECTION: &str = "2a620c33-5609-40c9-affd-2b6453071b0f";

fn create_queue() -> Call {
    Call::CreateQueue(Box::new(CreateQueue {
        queue_name: QueueName::new("q1"),
        queue_type: None,
        description: None,
        cu_count: 16,
        charging_mode: None,
        enterprise_project_id: None,
        platform: None,
        resource_mode: 1,
        labels: None,
        feature: None,
        tags: vec![],
        properties: None,
        engine: None,
    }))
}

fn create_connection() -> Call {
    Call::CreateConnection(Box::new(CreateConnection {
        name: ConnectionName::new("c1"),
        dest_vpc_id: "v".to_owned(),
        dest_network_id: "n".to_owned(),
        routetable_id: None,
        queues: vec![],
        hosts: None,
        tags: vec![],
    }))
}

fn id() -> ConnectionId {
    ConnectionId::new(CONNECTION)
}

fn bind(names: &[&str]) -> Call {
    Call::Bind { id: id(), queues: names.iter().map(|name| QueueName::new(name)).collect() }
}

fn unbind(names: &[&str]) -> Call {
    Call::Unbind { id: id(), queues: names.iter().map(|name| QueueName::new(name)).collect() }
}

/// One call of every kind.
fn calls() -> Vec<Call> {
    vec![
        Call::ListQueues { tag: None, page: None },
        Call::GetQueue(QueueName::new("q1")),
        create_queue(),
        Call::DeleteQueue(QueueName::new("q1")),
        Call::ListConnections { tag: None, offset: 0, limit: 0 },
        Call::GetConnection(id()),
        create_connection(),
        Call::DeleteConnection(id()),
        Call::SetHosts { id: id(), hosts: vec![Host { name: "h".to_owned(), ip: "10.0.0.1".to_owned() }] },
        bind(&["q1"]),
        unbind(&["q1"]),
        Call::ListTags { resource: ResourceType::Queue, id: "1".to_owned() },
        Call::CreateTags {
            resource: ResourceType::Queue,
            id: "1".to_owned(),
            tags: vec![Tag { key: "k".to_owned(), value: "v".to_owned() }],
        },
        Call::FindProjects(RegionName::new("r")),
    ]
}

fn has_object(call: &Call) -> bool {
    !matches!(
        call,
        Call::ListQueues { .. }
            | Call::CreateQueue(_)
            | Call::ListConnections { .. }
            | Call::CreateConnection(_)
            | Call::FindProjects(_)
    )
}

fn response(status: u16, body: &str) -> HttpResponse {
    HttpResponse { status, request_id: None, retry_after: None, body: body.as_bytes().to_vec() }
}

fn coded(status: u16, code: &str, text: &str) -> HttpResponse {
    response(status, &serde_json::json!({"error_code": code, "error_msg": text}).to_string())
}

/// Class and effect; for a read the effect is always `No`.
fn check(call: &Call, response: &HttpResponse, class: ErrorClass, applied: Applied) {
    let error = classify(call, response);
    let applied = if call.is_mutation() { applied } else { No };
    let what = format!("{} {} {}", call.name(), response.status, String::from_utf8_lossy(&response.body));
    assert_eq!((error.class, error.applied, error.cause), (class, applied, Cause::Answer), "{what}");
    assert_eq!(error.status, Some(response.status), "{what}");
}

#[test]
fn every_documented_code_without_a_telling_text() {
    // The codes of dli_02_0056 and of the gateway, as collected from the documentation and from client code.
    let table = [
        (400, "DLI.0001", Refused, No),
        (400, "DLI.0003", Denied, No),
        (400, "DLI.0004", Refused, No),
        (400, "DLI.0005", Refused, No),
        (400, "DLI.0006", Exists, No),
        (400, "DLI.0007", Refused, No),
        (400, "DLI.0008", Transient, Unknown),
        (400, "DLI.0009", Refused, No),
        (400, "DLI.0011", Refused, No),
        (400, "DLI.0012", Transient, Unknown),
        (401, "DLI.0013", Auth, No),
        (401, "DLI.0014", Auth, No),
        (400, "DLI.0015", Auth, No),
        (400, "DLI.0016", Denied, No),
        (400, "DLI.0018", Refused, No),
        (400, "DLI.0019", Transient, Unknown),
        (408, "DLI.0019", Transient, Unknown),
        (400, "DLI.0100", Refused, No),
        (400, "DLI.0999", Transient, Unknown),
        (400, "DLI.1028", Quota, No),
        (400, "DLI.4711", Transient, Unknown),
        (500, "DLI.0001", Transient, Unknown),
        (404, "APIGW.0101", Unsupported, No),
        (400, "APIGW.0201", Refused, No),
        (413, "APIGW.0201", Refused, No),
        (502, "APIGW.0201", Transient, Unknown),
        (502, "APIGW.0202", Transient, Unknown),
        (504, "APIGW.0203", Transient, Unknown),
        (401, "APIGW.0301", Auth, No),
        (403, "APIGW.0302", Denied, No),
        (401, "APIGW.0303", Auth, No),
        (401, "APIGW.0305", Auth, No),
        (403, "APIGW.0306", Denied, No),
        (401, "APIGW.0307", Auth, No),
        (429, "APIGW.0308", Throttled, No),
        (403, "APIGW.0310", Denied, No),
        (500, "APIGW.0601", Transient, Unknown),
        (503, "APIGW.0613", Transient, Unknown),
        (403, "APIGW.0802", Denied, No),
    ];
    for (status, code, class, applied) in table {
        for call in calls() {
            check(&call, &coded(status, code, "something happened"), class, applied);
            if let Some(number) = code.strip_prefix("APIGW.") {
                check(&call, &coded(status, &format!("APIG.{number}"), ""), class, applied);
            }
        }
    }
    for code in ["DLI.0002", "DLI.0023"] {
        for call in calls() {
            let class = if has_object(&call) { NotFound } else { Refused };
            for status in [400, 404] {
                check(&call, &coded(status, code, "something happened"), class, No);
            }
        }
    }
}

#[test]
fn what_is_missing_is_found_by_code_and_text() {
    let queue = "There is no queue named q1";
    let connection = format!("Connection {CONNECTION} does not exist.");
    let older = format!("Connection {CONNECTION} is not exist");
    for code in ["DLI.0002", "DLI.0008", "DLI.0001"] {
        for call in [Call::GetQueue(QueueName::new("q1")), Call::DeleteQueue(QueueName::new("q1"))] {
            check(&call, &coded(400, code, queue), NotFound, No);
        }
        for text in [&connection, &older] {
            for call in [
                Call::GetConnection(id()),
                Call::DeleteConnection(id()),
                Call::SetHosts { id: id(), hosts: vec![] },
                bind(&["q1"]),
                unbind(&["q1"]),
            ] {
                check(&call, &coded(400, code, text), NotFound, No);
            }
        }
        // What the call refers to is missing, not what it is about.
        for call in [bind(&["q1"]), unbind(&["q1"]), create_connection()] {
            check(&call, &coded(400, code, queue), Refused, No);
        }
        let named = coded(400, code, "There is no queue named connection");
        check(&bind(&["connection"]), &named, Refused, No);
    }
    check(&Call::DeleteQueue(QueueName::new("q1")), &coded(400, "CBC.30000067", "unsubscribed"), NotFound, No);
}

#[test]
fn nothing_less_than_a_clear_word_means_missing() {
    for call in calls() {
        for body in ["", "<html><title>404 Not Found</title></html>", "404 page not found", r#"{"code":404}"#] {
            check(&call, &response(404, body), Transient, Unknown);
        }
        check(&call, &response(404, r#"{"status":404,"error":"Not Found","path":"/x"}"#), Transient, Unknown);
        check(&call, &coded(404, "APIGW.0101", "The API does not exist"), Unsupported, No);
    }
    let gone = coded(400, "DLI.0002", "The project does not exist.");
    check(&Call::DeleteQueue(QueueName::new("q1")), &gone, Refused, No);
}

#[test]
fn duplicates_have_several_codes() {
    for call in [create_queue(), create_connection()] {
        check(&call, &coded(400, "DLI.0006", ""), Exists, No);
        check(&call, &coded(400, "DLI.0001", "The connection c1 already exists."), Exists, No);
        check(&call, &coded(400, "DLI.0007", "Queue q1 already exists"), Exists, No);
        check(&call, &coded(400, "DLI.0999", "Queue q1 already exists"), Exists, Unknown);
    }
}

#[test]
fn a_state_that_passes_is_not_a_refusal() {
    let assigning = "Status of queue q1 is assigning, which is not available";
    for code in ["DLI.0999", "DLI.0007", "DLI.0001"] {
        check(&bind(&["q1"]), &coded(400, code, assigning), Transient, Unknown);
    }
    for code in ["DLI.0999", "DLI.0007"] {
        let text = "The queue has running jobs and cannot be deleted";
        check(&Call::DeleteQueue(QueueName::new("q1")), &coded(400, code, text), Transient, Unknown);
        let text = "A connection being created cannot be deleted";
        check(&Call::DeleteConnection(id()), &coded(400, code, text), Transient, Unknown);
    }
    let text = "cu_count is not available in this region";
    check(&create_queue(), &coded(400, "DLI.0001", text), Refused, No);
}

#[test]
fn of_several_names_the_good_ones_may_have_been_taken() {
    for call in [bind(&["q1", "q2"]), unbind(&["q1", "q2"])] {
        check(&call, &coded(400, "DLI.0001", "bad name"), Refused, Unknown);
        check(&call, &coded(429, "APIGW.0308", ""), Throttled, No);
        check(&call, &coded(400, "DLI.0016", ""), Denied, No);
    }
}

#[test]
fn the_status_decides_where_nobody_else_does() {
    for call in calls() {
        for body in ["", "<html>busy</html>", "plain", "[]", "{}", "null", "7", r#"{"a":{"b":{"code":"DLI.0002"}}}"#] {
            check(&call, &response(400, body), Transient, Unknown);
            check(&call, &response(401, body), Auth, No);
            check(&call, &response(403, body), Denied, No);
            check(&call, &response(408, body), Transient, Unknown);
            check(&call, &response(429, body), Throttled, No);
            check(&call, &response(500, body), Transient, Unknown);
            check(&call, &response(503, body), Transient, Unknown);
        }
        check(&call, &response(413, ""), Transient, Unknown);
        check(&call, &HttpResponse { retry_after: Some(1), ..response(413, "") }, Throttled, No);
    }
    let keystone = r#"{"error":{"code":401,"message":"The request you have made requires authentication."}}"#;
    let error = classify(&Call::FindProjects(RegionName::new("r")), &response(401, keystone));
    assert_eq!((error.class, error.code.as_deref()), (Auth, Some("401")));
    assert_eq!(error.message, "The request you have made requires authentication.");
    check(&Call::FindProjects(RegionName::new("r")), &coded(400, "IAM.0011", "bad"), Refused, No);
    check(&Call::FindProjects(RegionName::new("r")), &coded(403, "IAM.0003", "no"), Denied, No);
}

#[test]
fn a_throttled_answer_teaches_the_limit_and_the_wait() {
    let text = "The throttling threshold has been reached: policy user over ratelimit,limit:60,time:1 minute";
    let answer = HttpResponse {
        request_id: Some("req-1".to_owned()),
        retry_after: Some(7000),
        ..coded(429, "APIGW.0308", text)
    };
    let error = classify(&create_queue(), &answer);
    assert_eq!(error.limit, Some(LearnedLimit { scope: LimitScope::User, limit: 60, per_ms: 60_000 }));
    assert_eq!((error.retry_after, error.request_id.as_deref()), (Some(7000), Some("req-1")));
    assert_eq!(error.to_string(), format!("{text} (APIGW.0308, HTTP 429, request req-1)"));
}

#[test]
fn the_request_id_of_the_body_fills_in() {
    let body = r#"{"error_msg":"m","error_code":"APIGW.0301","request_id":"abc"}"#;
    assert_eq!(classify(&create_queue(), &response(401, body)).request_id.as_deref(), Some("abc"));
}

#[test]
fn messages_hold_no_secrets() {
    let text = "verify aksk signature fail, Access=CANARY, Signature=CANARY, x-security-token: CANARY, \
                canonicalRequest:GET|/|CANARY";
    let error = classify(&create_queue(), &coded(401, "APIGW.0301", text));
    assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
    let loose = coded(401, "CANARY", "who is CANARY and what does xCANARYx want");
    let error = classify_hiding(&create_queue(), &loose, &["CANARY"]);
    assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
}
