//! Answers read back, as loose as DLI is known to give them. `tests/parser_properties` has what holds for any answer.
#![allow(clippy::unwrap_used, clippy::panic)]

use dli_operator::{
    cloud::wire::decode,
    dli::{
        Applied, Call, CallError, Cause, ConnectionId, ConnectionItem, ConnectionName, ConnectionState,
        CreateConnection, CreateQueue, ErrorClass, Host, HttpResponse, Peering, PeeringState, ProjectId, ProjectItem,
        QueueItem, QueueName, RegionName, Reply, ResourceType, Tag,
    },
};
use serde_json::{Value, json};

const CONNECTION: &str = "2a620c33-5609-40c9-affd-2b6453071b0f";

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

fn id() -> ConnectionId {
    ConnectionId::new(CONNECTION)
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

fn ok(body: &Value) -> HttpResponse {
    raw(200, &body.to_string())
}

fn raw(status: u16, body: &str) -> HttpResponse {
    HttpResponse { status, request_id: Some("req".to_owned()), retry_after: None, body: body.as_bytes().to_vec() }
}

fn list_queues() -> Call {
    Call::ListQueues { tag: None, page: None }
}

fn list_connections() -> Call {
    Call::ListConnections { tag: None, offset: 0, limit: 0 }
}

fn queues(body: &Value) -> Result<Vec<QueueItem>, CallError> {
    decode(&list_queues(), &ok(body)).map(|reply| match reply {
        Reply::Queues(items) => items,
        other => panic!("{other:?}"),
    })
}

fn bare_queue(name: &str) -> QueueItem {
    QueueItem {
        name: QueueName::new(name),
        queue_id: None,
        resource_id: None,
        create_time: None,
        queue_type: None,
        cu_count: None,
        resource_mode: None,
        description: None,
        engine: None,
        platform: None,
        feature: None,
        enterprise_project_id: None,
        elastic_resource_pool_name: None,
    }
}

#[test]
fn a_queue_list_in_all_its_looseness() {
    let items = queues(&json!({
        "is_success": "true", "message": "", "unknown": {"a": [1]},
        "queues": [
            {
                "queue_id": "4711", "queue_name": "Etl_1", "description": "d", "create_time": 1_566_888_011_125.0,
                "queue_type": "sql", "engine": "spark", "cu_count": "16", "resource_mode": 1.0, "resource_id": "r",
                "labels": ["multi_az=2"], "feature": "", "platform": "x86_64", "is_restarting": "false",
                "enterprise_project_id": 0, "elastic_resource_pool_name": "", "support_spark_versions": ["3.3.1"],
            },
            {
                "queue_name": "plain", "queue_id": null, "cu_count": null, "labels": "", "charging_mode": "1",
                "elastic_resource_pool_name": "Pool_A", "create_time": "",
            },
        ],
    }))
    .unwrap();
    let first = QueueItem {
        queue_id: Some(4711),
        resource_id: Some("r".to_owned()),
        create_time: Some(1_566_888_011_125),
        queue_type: Some("sql".to_owned()),
        cu_count: Some(16),
        resource_mode: Some(1),
        description: Some("d".to_owned()),
        engine: Some("spark".to_owned()),
        platform: Some("x86_64".to_owned()),
        enterprise_project_id: Some("0".to_owned()),
        ..bare_queue("etl_1")
    };
    let second = QueueItem { elastic_resource_pool_name: Some(QueueName::new("pool_a")), ..bare_queue("plain") };
    assert_eq!(items, [first, second]);
}

#[test]
fn a_queue_in_both_spellings() {
    let call = Call::GetQueue(QueueName::new("q1"));
    let expected =
        QueueItem { queue_type: Some("general".to_owned()), cu_count: Some(64), queue_id: Some(7), ..bare_queue("q1") };
    for body in [
        json!({"is_success": true, "queueName": "Q1", "queueType": "general", "cuCount": 64, "queue_id": 7}),
        json!({"is_success": true, "queue_name": "q1", "queue_type": "general", "cu_count": "64", "queue_id": 7}),
        json!({"queue_name": null, "queueName": "q1", "queueType": "general", "cuCount": 64, "cu_count": null,
            "queue_id": 7}),
    ] {
        assert_eq!(decode(&call, &ok(&body)), Ok(Reply::Queue(Box::new(expected.clone()))));
    }
    let other = decode(&call, &ok(&json!({"queueName": "q2"}))).unwrap_err();
    assert_eq!(other.cause, Cause::Decode);
}

#[test]
fn one_bad_item_spoils_the_list_and_is_named() {
    let text = |body: &Value| {
        let error = queues(body).unwrap_err();
        assert_eq!((error.class, error.applied, error.cause), (ErrorClass::Transient, Applied::No, Cause::Decode));
        error.message
    };
    let good = json!({"queue_name": "a"});
    assert_eq!(text(&json!({"queues": [good, {"queue_id": 1}]})), "the answer has no field queues[1].queue_name");
    assert_eq!(
        text(&json!({"queues": [good, good, {"queue_name": "b", "cu_count": "many"}]})),
        "field queues[2].cu_count of the answer is another text, not a whole number"
    );
    assert_eq!(text(&json!({"queues": [good, 7]})), "field queues[1] of the answer is a number, not an object");
    assert_eq!(text(&json!({"queues": {}})), "field queues of the answer is an object, not a list");
}

#[test]
fn an_empty_list_needs_a_clear_word() {
    assert_eq!(queues(&json!({"queues": []})), Ok(vec![]));
    assert_eq!(queues(&json!({"is_success": true})), Ok(vec![]));
    assert_eq!(queues(&json!({"is_success": true, "queues": null})), Ok(vec![]));
    assert_eq!(queues(&json!({"count": 0})), Ok(vec![]));
    for body in [json!({}), json!({"queues": null}), json!({"is_success": true, "count": 3}), json!({"count": "x"})] {
        assert_eq!(queues(&body).unwrap_err().cause, Cause::Decode, "{body}");
    }
    for body in ["", " ", "null", "[]", "<html></html>", "{\"queues\":[", "{\"queues\":[]} x", "\u{1}"] {
        let error = decode(&list_queues(), &raw(200, body)).unwrap_err();
        assert_eq!((error.cause, error.applied), (Cause::Decode, Applied::No), "{body}");
    }
    let not_text = HttpResponse { body: b"{\"queues\":[{\"queue_name\":\"\xff\"}]}".to_vec(), ..raw(200, "") };
    assert_eq!(decode(&list_queues(), &not_text).unwrap_err().cause, Cause::Decode);
}

fn example() -> Value {
    json!({
        "is_success": true, "message": "", "name": "test1", "id": CONNECTION,
        "available_queue_info": [{
            "status": "ACTIVE", "name": "Queue1", "peer_id": CONNECTION, "err_msg": "", "update_time": 1_566_889_577_861_i64,
        }],
        "dest_vpc_id": "22094d8f-c310-4621-913d-4c4d655d8495", "isPrivis": true,
        "dest_network_id": "78f2562a-36e4-4b39-95b9-f5aab22e1281", "create_time": 1_566_888_011_125_i64,
        "status": "Active",
        "hosts": [{"ip": "192.168.0.1", "name": "ecs-97f8-0001"}, {"ip": "192.168.0.2", "name": "ecs-97f8-0002"}],
    })
}

#[test]
fn the_documented_connection() {
    let host = |name: &str, ip: &str| Host { name: name.to_owned(), ip: ip.to_owned() };
    let expected = ConnectionItem {
        id: id(),
        name: ConnectionName::new("test1"),
        state: ConnectionState::Active,
        available_queue_info: vec![Peering {
            name: QueueName::new("queue1"),
            state: PeeringState::Active,
            peer_id: Some(CONNECTION.to_owned()),
            err_msg: String::new(),
            update_time: Some(1_566_889_577_861),
        }],
        elastic_resource_pools: vec![],
        dest_vpc_id: Some("22094d8f-c310-4621-913d-4c4d655d8495".to_owned()),
        dest_network_id: Some("78f2562a-36e4-4b39-95b9-f5aab22e1281".to_owned()),
        create_time: Some(1_566_888_011_125),
        hosts: Some(vec![host("ecs-97f8-0001", "192.168.0.1"), host("ecs-97f8-0002", "192.168.0.2")]),
    };
    let got = decode(&Call::GetConnection(id()), &ok(&example()));
    assert_eq!(got, Ok(Reply::Connection(Box::new(expected.clone()))));
    let mut bare = example();
    for field in ["hosts", "available_queue_info"] {
        bare.as_object_mut().unwrap().remove(field);
    }
    bare["elastic_resource_pools"] = json!([{"name": "P", "status": "strange", "update_time": "5", "err_msg": null}]);
    let list =
        decode(&list_connections(), &ok(&json!({"is_success": true, "count": 9, "connections": [example(), bare]})));
    let Ok(Reply::Connections(items)) = list else { panic!("{list:?}") };
    assert_eq!(items[0], expected);
    assert_eq!((items[1].hosts.as_ref(), items[1].available_queue_info.len()), (None, 0));
    let pool = &items[1].elastic_resource_pools[0];
    assert_eq!((pool.name.as_str(), &pool.state), ("p", &PeeringState::Other("strange".to_owned())));
    assert_eq!((pool.err_msg.as_str(), pool.update_time), ("", Some(5)));
}

#[test]
fn a_deleted_connection_is_an_answer() {
    for body in [
        json!({"is_success": true, "id": CONNECTION, "name": "test1", "status": "DELETED"}),
        json!({"id": CONNECTION.to_uppercase(), "status": "deleted"}),
    ] {
        let reply = decode(&Call::GetConnection(id()), &ok(&body)).unwrap();
        let Reply::Connection(item) = reply else { panic!("{reply:?}") };
        assert_eq!((&item.id, &item.state), (&id(), &ConnectionState::Deleted));
    }
    for body in [json!({}), json!({"id": CONNECTION}), json!({"id": "another", "name": "n"})] {
        let error = decode(&Call::GetConnection(id()), &ok(&body)).unwrap_err();
        assert_eq!(error.cause, Cause::Decode, "{body}");
    }
}

#[test]
fn a_bad_entry_inside_an_item_is_named() {
    let message = |field: &str, value: Value| {
        let mut item = example();
        item[field] = value;
        decode(&list_connections(), &ok(&json!({"connections": [example(), item]}))).unwrap_err().message
    };
    assert_eq!(
        message("available_queue_info", json!([{"status": "ACTIVE"}])),
        "the answer has no field connections[1].available_queue_info[0].name"
    );
    assert_eq!(
        message("hosts", json!([{"name": "h", "ip": ["x"]}])),
        "field connections[1].hosts[0].ip of the answer is a list, not a text"
    );
}

#[test]
fn creating_a_connection_answers_its_id() {
    let call = Call::CreateConnection(Box::new(connection()));
    let body = json!({"is_success": true, "message": "", "connection_id": CONNECTION});
    let answer = HttpResponse { status: 201, ..ok(&body) };
    assert_eq!(decode(&call, &answer), Ok(Reply::ConnectionCreated(id())));
    for body in ["", "{}", r#"{"is_success":true}"#, "<html>"] {
        let error = decode(&call, &raw(201, body)).unwrap_err();
        assert_eq!((error.cause, error.applied), (Cause::Decode, Applied::Unknown), "{body}");
    }
}

#[test]
fn accepted_needs_no_body_but_believes_no_nonsense() {
    let call = Call::DeleteQueue(QueueName::new("q1"));
    for (status, body) in [(200, ""), (204, ""), (202, "null"), (201, "{}"), (200, r#"{"is_success":true,"x":[]}"#)] {
        assert_eq!(decode(&call, &raw(status, body)), Ok(Reply::Accepted), "{status} {body}");
    }
    for body in ["<html>sign in</html>", "OK", "{\"is_success\":", "{\"is_success\":[]}"] {
        let error = decode(&call, &raw(200, body)).unwrap_err();
        assert_eq!((error.cause, error.applied), (Cause::Decode, Applied::Unknown), "{body}");
    }
    for status in [100, 301, 304, 307] {
        let error = decode(&call, &raw(status, "")).unwrap_err();
        assert_eq!((error.cause, error.applied), (Cause::Decode, Applied::Unknown), "{status}");
        assert_eq!(error.request_id.as_deref(), Some("req"));
    }
}

#[test]
fn success_that_says_false_is_an_error() {
    let body = json!({"is_success": false, "message": "backend\nbusy"});
    let error = decode(&Call::DeleteQueue(QueueName::new("q1")), &ok(&body)).unwrap_err();
    assert_eq!((error.class, error.applied, error.cause), (ErrorClass::Transient, Applied::Unknown, Cause::Answer));
    assert_eq!((error.message.as_str(), error.status), ("backend busy", Some(200)));
    let error = queues(&json!({"is_success": "false", "queues": []})).unwrap_err();
    assert_eq!((error.class, error.applied), (ErrorClass::Transient, Applied::No));
    let body = json!({"is_success": false, "error_code": "DLI.0006", "error_msg": "exists"});
    let error = decode(&Call::CreateQueue(Box::new(queue())), &ok(&body)).unwrap_err();
    assert_eq!((error.class, error.applied), (ErrorClass::Exists, Applied::Unknown));
}

#[test]
fn tags_and_projects() {
    let call = Call::ListTags { resource: ResourceType::Queue, id: "1".to_owned() };
    let body = json!({"tags": [{"key": "a", "value": "b"}, {"Key": "c", "value": null}], "count": 2});
    assert_eq!(decode(&call, &ok(&body)), Ok(Reply::Tags(vec![tag("a", "b"), tag("c", "")])));
    let call = Call::FindProjects(RegionName::new("r"));
    let body = json!({"projects": [
        {"id": "1", "name": "r", "enabled": true, "is_domain": false},
        {"id": "2", "name": "r_sub", "enabled": "false"},
        {"id": "3", "name": "r_other"},
    ], "links": {}});
    let project =
        |id: &str, name: &str, enabled| ProjectItem { id: ProjectId::new(id), name: RegionName::new(name), enabled };
    let expected = vec![project("1", "r", true), project("2", "r_sub", false), project("3", "r_other", true)];
    assert_eq!(decode(&call, &ok(&body)), Ok(Reply::Projects(expected)));
}
