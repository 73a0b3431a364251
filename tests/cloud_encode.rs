//! Calls on the wire: the exact request of each.
#![allow(clippy::unwrap_used)]

use dli_operator::{
    cloud::wire::{EncodeError, encode},
    dli::{
        Call, ConnectionId, ConnectionName, CreateConnection, CreateQueue, Host, ProjectId, QueueName, QueuePage,
        RegionName, ResourceType, Tag,
    },
};
use serde_json::{Value, json};

const PROJECT: &str = "48cc2c48765f481480c7db940d6409d1";
const CONNECTION: &str = "2a620c33-5609-40c9-affd-2b6453071b0f";

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

fn id() -> ConnectionId {
    ConnectionId::new(CONNECTION)
}

/// Request line and body of a call.
fn sent(call: &Call) -> (String, Option<Value>) {
    let request = encode(call, Some(&ProjectId::new(PROJECT))).unwrap();
    let query: Vec<String> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let path = request.path.replace(PROJECT, "P");
    let body = request.body.map(|body| serde_json::from_slice(&body).unwrap());
    (format!("{} {path}{query}", request.method.as_str()), body)
}

fn line(call: &Call) -> String {
    let (line, body) = sent(call);
    assert_eq!(body, None);
    line
}

fn queue() -> CreateQueue {
    CreateQueue {
        queue_name: QueueName::new("Q1"),
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
    }
}

fn connection() -> CreateConnection {
    CreateConnection {
        name: ConnectionName::new("Test1"),
        dest_vpc_id: "22094d8f-c310-4621-913d-4c4d655d8495".to_owned(),
        dest_network_id: "78f2562a-36e4-4b39-95b9-f5aab22e1281".to_owned(),
        routetable_id: None,
        queues: vec![],
        hosts: None,
        tags: vec![],
    }
}

#[test]
fn reads_are_single_lines() {
    let page = Some(QueuePage { number: 2, size: 100 });
    let owner = Some(tag("owner", "a b"));
    assert_eq!(line(&Call::ListQueues { tag: None, page: None }), "GET /v1.0/P/queues?queue_type=all");
    assert_eq!(
        line(&Call::ListQueues { tag: owner.clone(), page }),
        "GET /v1.0/P/queues?queue_type=all&page-size=100&current-page=2&tags=owner=a b"
    );
    assert_eq!(line(&Call::GetQueue(QueueName::new("Q1"))), "GET /v1.0/P/queues/q1");
    assert_eq!(line(&Call::DeleteQueue(QueueName::new("q1"))), "DELETE /v1.0/P/queues/q1");
    assert_eq!(
        line(&Call::ListConnections { tag: None, offset: 0, limit: 0 }),
        "GET /v2.0/P/datasource/enhanced-connections?status=ACTIVE&limit=0&offset=0"
    );
    assert_eq!(
        line(&Call::ListConnections { tag: owner, offset: 200, limit: 100 }),
        "GET /v2.0/P/datasource/enhanced-connections?status=ACTIVE&limit=100&offset=200&tags=owner=a b"
    );
    let path = format!("/v2.0/P/datasource/enhanced-connections/{CONNECTION}");
    assert_eq!(line(&Call::GetConnection(id())), format!("GET {path}"));
    assert_eq!(line(&Call::DeleteConnection(id())), format!("DELETE {path}"));
    let tags = |resource, id: &str| Call::ListTags { resource, id: id.to_owned() };
    assert_eq!(line(&tags(ResourceType::Queue, "4711")), "GET /v3/P/dli_queue/4711/tags");
    assert_eq!(line(&tags(ResourceType::Connection, "c")), "GET /v3/P/dli_enhanced_datasource/c/tags");
    let projects = encode(&Call::FindProjects(RegionName::new("ap-southeast-3")), None).unwrap();
    assert_eq!(projects.path, "/v3/projects");
    assert_eq!(projects.query, [("name".to_owned(), "ap-southeast-3".to_owned())]);
}

#[test]
fn absent_fields_are_left_out() {
    let (line, body) = sent(&Call::CreateQueue(Box::new(queue())));
    assert_eq!(line, "POST /v1.0/P/queues");
    assert_eq!(body, Some(json!({"queue_name": "q1", "cu_count": 16, "resource_mode": 1})));
    let (line, body) = sent(&Call::CreateConnection(Box::new(connection())));
    assert_eq!(line, "POST /v2.0/P/datasource/enhanced-connections");
    assert_eq!(
        body,
        Some(json!({
            "name": "Test1",
            "dest_vpc_id": "22094d8f-c310-4621-913d-4c4d655d8495",
            "dest_network_id": "78f2562a-36e4-4b39-95b9-f5aab22e1281",
        }))
    );
}

#[test]
fn present_fields_are_all_sent() {
    let full = CreateQueue {
        queue_name: QueueName::new("q1"),
        queue_type: Some("general".to_owned()),
        description: Some(String::new()),
        cu_count: 64,
        charging_mode: Some(1),
        enterprise_project_id: Some("0".to_owned()),
        platform: Some("aarch64".to_owned()),
        resource_mode: 0,
        labels: Some(vec!["multi_az=2".to_owned()]),
        feature: Some("ai".to_owned()),
        tags: vec![tag("k", "v")],
        properties: Some(vec![("computeEngine.spark.nativeEnabled".to_owned(), "true".to_owned())]),
        engine: Some("spark".to_owned()),
    };
    let expected = json!({
        "queue_name": "q1", "queue_type": "general", "description": "", "cu_count": 64, "charging_mode": 1,
        "enterprise_project_id": "0", "platform": "aarch64", "resource_mode": 0, "labels": ["multi_az=2"],
        "feature": "ai", "tags": [{"key": "k", "value": "v"}],
        "properties": {"computeEngine.spark.nativeEnabled": "true"}, "engine": "spark",
    });
    assert_eq!(sent(&Call::CreateQueue(Box::new(full))).1, Some(expected));
    let full = CreateConnection {
        routetable_id: Some("rt".to_owned()),
        queues: vec![QueueName::new("Q1")],
        hosts: Some(vec![Host { name: "h".to_owned(), ip: "10.0.0.1".to_owned() }]),
        tags: vec![tag("k", "v")],
        ..connection()
    };
    let body = sent(&Call::CreateConnection(Box::new(full))).1.unwrap();
    assert_eq!(body["routetable_id"], "rt");
    assert_eq!(body["queues"], json!(["q1"]));
    assert_eq!(body["hosts"], json!([{"name": "h", "ip": "10.0.0.1"}]));
    assert_eq!(body["tags"], json!([{"key": "k", "value": "v"}]));
}

#[test]
fn changes_of_a_connection() {
    let path = format!("/v2.0/P/datasource/enhanced-connections/{CONNECTION}");
    let clear = Call::SetHosts { id: id(), hosts: vec![] };
    assert_eq!(sent(&clear), (format!("PUT {path}"), Some(json!({"hosts": []}))));
    let queues = vec![QueueName::new("Q1"), QueueName::new("q2")];
    let body = Some(json!({"queues": ["q1", "q2"]}));
    let bind = Call::Bind { id: id(), queues: queues.clone() };
    assert_eq!(sent(&bind), (format!("POST {path}/associate-queue"), body.clone()));
    let unbind = Call::Unbind { id: id(), queues };
    assert_eq!(sent(&unbind), (format!("POST {path}/disassociate-queue"), body));
    let tags = Call::CreateTags { resource: ResourceType::Queue, id: "1".to_owned(), tags: vec![tag("k", "v")] };
    let body = Some(json!({"tags": [{"key": "k", "value": "v"}]}));
    assert_eq!(sent(&tags), ("POST /v3/P/dli_queue/1/tags/create".to_owned(), body));
}

#[test]
fn no_call_ends_up_at_another_path() {
    let project = ProjectId::new(PROJECT);
    for name in ["", ".", "..", "a/b", "/"] {
        for call in [Call::DeleteQueue(QueueName::new(name)), Call::DeleteConnection(ConnectionId::new(name))] {
            let error = encode(&call, Some(&project)).unwrap_err();
            assert!(matches!(error, EncodeError::BadSegment { .. }), "{name}");
        }
        assert!(encode(&Call::ListQueues { tag: None, page: None }, Some(&ProjectId::new(name))).is_err());
    }
    let without = encode(&Call::GetQueue(QueueName::new("q")), None);
    assert_eq!(without, Err(EncodeError::NoProject("GetQueue")));
    let odd = encode(&Call::GetQueue(QueueName::new("ä ?#%")), Some(&project)).unwrap();
    assert!(odd.path.ends_with("/queues/%C3%A4%20%3F%23%25"));
}
