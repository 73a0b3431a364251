//! The exchange of the getting-started guide ("Creating and Using a Datasource Connection"), call by call.

use dli_operator::simulator::Config;
use serde_json::{Value, json};

use crate::support::{Cloud, PROJECT, connections, pools, queues};

/// The guide's own request bodies get answers with the guide's own fields.
#[test]
fn the_guide_works() {
    let mut cloud = Cloud::new(Config::default());
    for queue in ["q1", "q2"] {
        let body = json!({"queue_name": queue, "cu_count": 16, "resource_mode": 1});
        let created = cloud.post(&format!("/v1.0/{PROJECT}/queues"), body);
        assert_eq!(created.status, 200);
        assert_eq!(created.json["is_success"], true);
        assert_eq!(created.json["queue_name"], queue);
    }
    let connections = format!("/v2.0/{PROJECT}/datasource/enhanced-connections");
    let created = cloud.post(
        &connections,
        json!({
            "name": "test1",
            "dest_vpc_id": "22094d8f-c310-4621-913d-4c4d655d8495",
            "dest_network_id": "78f2562a-36e4-4b39-95b9-f5aab22e1281",
            "queues": ["q1", "q2"],
            "hosts": [{"ip": "192.168.0.1", "name": "ecs-97f8-0001"}, {"ip": "192.168.0.2", "name": "ecs-97f8-0002"}]
        }),
    );
    assert_eq!(created.status, 201);
    assert_eq!(created.json["is_success"], true);
    let id = created.json["connection_id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36);

    // A queue that is just created is not available yet, and its peering waits for it (dli_03_0257).
    let path = format!("{connections}/{id}");
    assert_eq!(cloud.get(&path).json["available_queue_info"][0]["status"], "CREATING");
    cloud.pass(20 * 60 * 1000);

    // The guide sends a body with its GET.
    let shown = cloud.call(dli_operator::dli::Method::Get, &path, Some(b"{}"));
    assert_eq!(shown.status, 200);
    let mut fields: Vec<&str> = shown.json.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    let guide = [
        "available_queue_info",
        "create_time",
        "dest_network_id",
        "dest_vpc_id",
        "hosts",
        "id",
        "is_success",
        "message",
        "name",
        "status",
    ];
    for field in guide {
        assert!(fields.contains(&field), "{field} is missing in {fields:?}");
    }
    assert_eq!(shown.json["id"], id.as_str());
    assert_eq!(shown.json["name"], "test1");
    assert_eq!(shown.json["status"], "ACTIVE");
    assert_eq!(shown.json["hosts"][1], json!({"ip": "192.168.0.2", "name": "ecs-97f8-0002"}));
    let entries = shown.json["available_queue_info"].as_array().unwrap();
    assert_eq!(entries.iter().map(|entry| &entry["name"]).collect::<Vec<_>>(), ["q1", "q2"]);
    for entry in entries {
        assert_eq!(entry["status"], "ACTIVE");
        assert_eq!(entry["err_msg"], "");
        assert!(entry["update_time"].is_i64());
        assert!(entry["peer_id"].is_string());
        assert_eq!(entry.as_object().map(serde_json::Map::len), Some(5));
    }
    assert!(shown.json["create_time"].is_i64());

    // Step 3 of the guide: binding later.
    cloud.post(&format!("/v1.0/{PROJECT}/queues"), json!({"queue_name": "Q3", "cu_count": 16, "resource_mode": 1}));
    let bound = cloud.post(&format!("{path}/associate-queue"), json!({"queues": ["q3"]}));
    assert_eq!(bound.json["message"], Value::from("associated peer connection for queues: {q3}."));
    cloud.pass(20 * 60 * 1000);
    assert_eq!(cloud.get(&path).json["available_queue_info"][2]["status"], "ACTIVE");
}

/// What documents and clients send although the tables of the API have it otherwise: numbers as strings, `Key` and
/// `Value` of tags, null for what is left out, empty lists, one pool as text, a pool deleted with a body.
#[test]
fn the_quirks_of_documents_and_clients_are_taken() {
    let mut cloud = Cloud::new(Config::default());
    let tags = json!([{"Key": "team", "Value": "data"}]);
    let pool = json!({
        "elastic_resource_pool_name": "P1", "min_cu": "64", "max_cu": "112", "charging_mode": "1", "ipv6_enable": "false",
        "tags": tags, "label": null, "cidr_in_vpc": null
    });
    assert_eq!(cloud.post(&pools(), pool).status, 200);
    cloud.pass(300_000);
    let queue = json!({
        "queue_name": "Q1", "cu_count": "32", "charging_mode": "1", "resource_mode": "1", "labels": [], "feature": null,
        "tags": tags, "elastic_resource_pool_name": "p1", "description": null, "properties": null
    });
    assert_eq!(cloud.post(&queues(), queue).status, 200);
    assert_eq!(cloud.get(&format!("{}?tags=team=data", queues())).json["queues"][0]["queue_name"], "q1");
    assert_eq!(cloud.get(&format!("{}?tags=team=data", pools())).json["count"], 1);
    cloud.pass(300_000);
    let policy = json!({
        "priority": "1", "impact_start_time": "00:00", "impact_stop_time": "24:00", "min_cu": "32", "max_cu": "64"
    });
    let path = format!("{}/P1/queues/Q1", pools());
    let set = cloud.put(&path, json!({ "queue_scaling_policies": [policy] }));
    assert_eq!(set.status, 200, "{set:?}");
    let connection = json!({
        "name": "c1", "dest_vpc_id": "v", "dest_network_id": "n", "queues": [], "elastic_resource_pools": "p1",
        "hosts": null, "routetable_id": null, "tags": null
    });
    let created = cloud.post(&connections(), connection);
    let id = created.json["connection_id"].as_str().unwrap().to_owned();
    let path = format!("{}/{id}/disassociate-queue", connections());
    let unbound = cloud.post(&path, json!({"queues": [], "elastic_resource_pools": ["P1"]}));
    assert_eq!(unbound.status, 200, "{unbound:?}");
    assert_eq!(cloud.delete(&format!("{}/Q1", queues())).status, 200);
    cloud.pass(3_600_000);
    let deleted = cloud.call(dli_operator::dli::Method::Delete, &format!("{}/P1", pools()), Some(b"{}"));
    assert_eq!(deleted.status, 200, "{deleted:?}");
}
