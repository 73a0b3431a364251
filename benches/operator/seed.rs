//! A large cluster without making it one by one: copies of a pair that the operator made, put into etcd and into the cloud.
//!
//! What is measured on it begins with a restart. The operator finds the objects as it would have left them; where a copy
//! were not exactly that, it would write, and "writes at a restart" would not be 0.

use std::collections::BTreeMap;

use axum::http::Request;
use kube::Client;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    cluster::Kind,
    control_plane::ControlPlane,
    processes::{Simulator, http},
};

/// Puts copies of the pair `model` into the cloud and the cluster, under these names.
pub async fn seed(
    control_plane: &ControlPlane,
    cloud: &Simulator,
    client: &Client,
    namespace: &str,
    model: &str,
    names: &[String],
) {
    let etcd = control_plane.etcd().rsplit(':').next().and_then(|port| port.parse().ok()).expect("etcd's port");
    let mut models = BTreeMap::new();
    for kind in Kind::BOTH {
        let path = format!("/apis/dli.huaweicloud.com/v1alpha1/namespaces/{namespace}/{}/{model}", kind.plural());
        let request = Request::get(path).body(Vec::new()).expect("a request");
        models.insert(kind, client.request_text(request).await.expect("the model of the copies"));
    }
    let before = cloud.control("GET", "state", &Value::Null);
    for name in names {
        make(cloud, &before, namespace, model, name);
    }
    let after = cloud.control("GET", "state", &Value::Null);
    let (old, new) = (by_name(&before), by_name(&after));
    for kind in Kind::BOTH {
        let text = &models[&kind];
        let from = &old[&(kind, model.to_owned())];
        for (i, name) in names.iter().enumerate() {
            let to = &new[&(kind, name.clone())];
            let object = copy(text, kind, i, (model, from), (name, to));
            put(etcd, &format!("/registry/dli.huaweicloud.com/{}/{namespace}/{name}", kind.plural()), &object);
        }
    }
}

/// The same as the model, in the cloud.
fn make(cloud: &Simulator, state: &Value, namespace: &str, model: &str, name: &str) {
    let list = |key: &str| state[key].as_array().cloned().unwrap_or_default();
    let connection = list("connections").into_iter().find(|c| c["name"] == model).expect("the model's connection");
    let tags = connection["tags"].as_array().cloned().unwrap_or_default();
    let cluster = tags.iter().find(|tag| tag["key"] == "dli-operator-cluster").expect("the model's mark");
    let marks = |kind: &str| {
        let text = format!("{}\n{kind}\n{namespace}\n{name}", cluster["value"].as_str().unwrap_or_default());
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        json!([cluster, {"key": "dli-operator-owner", "value": &digest[..40]}])
    };
    let tags = marks("DliQueue");
    cloud.control("POST", "edits", &json!({"edit": "createQueue", "name": name, "cuCount": 16, "tags": tags}));
    let made = cloud.control(
        "POST",
        "edits",
        &json!({
            "edit": "createConnection", "name": name, "destVpcId": connection["destVpcId"],
            "destNetworkId": connection["destNetworkId"], "tags": marks("EnhancedConnection")
        }),
    );
    let id = &made["id"];
    cloud.control("POST", "edits", &json!({"edit": "bind", "id": id, "queue": name}));
    cloud.control("POST", "edits", &json!({"edit": "peering", "id": id, "queue": name}));
}

fn by_name(state: &Value) -> BTreeMap<(Kind, String), Value> {
    let mut found = BTreeMap::new();
    for (kind, key) in [(Kind::Queue, "queues"), (Kind::Connection, "connections")] {
        for item in state[key].as_array().into_iter().flatten() {
            found.insert((kind, item["name"].as_str().unwrap_or_default().to_owned()), item.clone());
        }
    }
    found
}

/// The object with other names, ids and times.
fn copy(text: &str, kind: Kind, number: usize, (model, from): (&str, &Value), (name, to): (&str, &Value)) -> Value {
    let mut text = text.replace(model, name);
    let object: Value = serde_json::from_str(&text).expect("JSON");
    let uid = object["metadata"]["uid"].as_str().expect("a uid").to_owned();
    let which = if kind == Kind::Queue { 1 } else { 2 };
    text = text.replace(&uid, &format!("be9c0000-0000-4000-800{which}-{number:012x}"));
    for at in ["/resourceId", "/id", "/entries/0/peerId"] {
        let text_at = |item: &Value| item.pointer(at).and_then(Value::as_str).map(str::to_owned);
        if let (Some(old), Some(new)) = (text_at(from), text_at(to)) {
            text = text.replace(&old, &new);
        }
    }
    let mut object: Value = serde_json::from_str(&text).expect("JSON");
    if let (Some(id), true) = (to["queueId"].as_i64(), kind == Kind::Queue) {
        object["status"]["queueId"] = json!(id);
    }
    let time = |at: &Value| {
        let at = at.as_i64().expect("a time");
        json!(k8s_openapi::jiff::Timestamp::from_second(at.div_euclid(1000)).expect("a time").to_string())
    };
    if object["status"]["createTime"].is_string() {
        object["status"]["createTime"] = time(&to["createTime"]);
    }
    if let Some(shown) = object.pointer_mut("/status/availableQueueInfo/0/updateTime") {
        *shown = time(&to["entries"][0]["readyAt"]);
    }
    let metadata = object["metadata"].as_object_mut().expect("metadata");
    metadata.remove("resourceVersion");
    metadata.remove("managedFields");
    object
}

/// Puts an object into etcd by its JSON gateway. One at a time: what one transaction puts has one revision, and to a watch
/// of the API server each object needs its own.
fn put(port: u16, key: &str, object: &Value) {
    let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
    let body = json!({"key": encode(key), "value": encode(&format!("{object}\n"))}).to_string();
    let (status, answer) = http(port, "POST", "/v3/kv/put", &body).expect("etcd");
    assert_eq!(status, 200, "etcd: {answer}");
}
