//! Tests of the check: it finds nothing in a consistent state, and each violation in a state with that violation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    consistency::{Class, Foreign, Objects, check, duplicates, unfinished},
    fixture::{NETWORK, VPC},
};

/// An object that is Ready and Synced in its third generation.
fn object(name: &str, spec: &Value, status: &Value) -> Value {
    let said = |type_: &str| json!({"type": type_, "status": "True", "reason": "Available", "observedGeneration": 3});
    let mut status = status.clone();
    status["conditions"] = json!([said("Ready"), said("Synced")]);
    json!({"metadata": {"name": name, "generation": 3, "resourceVersion": "7"}, "spec": spec, "status": status})
}

fn objects() -> Objects {
    let queue = object("q01", &json!({"cuCount": 16}), &json!({"queueId": 5}));
    let spec = json!({"queues": [{"ref": {"name": "q01"}}, {"queueName": "colleague_0"}], "hosts": [host("1")]});
    Objects::new(vec![queue], vec![object("c01", &spec, &json!({"connectionId": "id-1"}))])
}

fn host(last: &str) -> Value {
    json!({"name": "h", "ip": format!("10.0.0.{last}")})
}

fn connection(name: &str, id: &str, entries: &[(&str, &str)]) -> Value {
    let entries: Vec<Value> = entries.iter().map(|(name, state)| json!({"name": name, "state": state})).collect();
    json!({"id": id, "name": name, "deleted": false, "destVpcId": VPC, "destNetworkId": NETWORK, "entries": entries,
        "hosts": [host("1")]})
}

fn cloud() -> Value {
    json!({
        "queues": [
            {"name": "default", "preset": true},
            {"name": "q01", "preset": false, "available": true, "cuCount": 16, "queueId": 5},
            {"name": "colleague_0", "preset": false, "available": true, "cuCount": 16, "queueId": 6}
        ],
        "connections": [
            connection("c01", "id-1", &[("q01", "ACTIVE"), ("colleague_0", "ACTIVE"), ("guest", "ACTIVE")]),
            connection("link", "id-2", &[("colleague_0", "ACTIVE")])
        ]
    })
}

fn foreign() -> Foreign {
    let cloud = cloud();
    Foreign {
        queues: vec![cloud["queues"][2].clone()],
        connections: vec![cloud["connections"][1].clone()],
        bindings: BTreeSet::from([("id-1".to_owned(), "guest".to_owned())]),
    }
}

/// What is found after something in the cloud was made otherwise.
fn found(change: impl FnOnce(&mut Value)) -> Vec<Class> {
    let (objects, mut cloud) = (objects(), cloud());
    change(&mut cloud);
    let (found, claims) = check(&objects, &cloud, &objects, &foreign());
    assert_eq!(claims, 2);
    found.iter().map(|v| v.class).collect()
}

#[test]
fn a_consistent_state_has_no_violation() {
    assert_eq!(found(|_| {}), []);
    let names = |name: &str| BTreeSet::from([name.to_owned()]);
    assert!(unfinished(&objects(), &cloud(), &foreign(), &names("q01"), &names("c01")).is_empty());
    let made = BTreeMap::from([("c01".to_owned(), 1)]);
    assert!(duplicates(&cloud(), &foreign(), &made).is_empty());
}

#[test]
fn each_false_status_is_found() {
    type Wrong = fn(&mut Value);
    let wrongs: [Wrong; 10] = [
        |cloud| cloud["queues"][1]["available"] = json!(false),
        |cloud| cloud["queues"][1]["cuCount"] = json!(32),
        |cloud| cloud["queues"][1]["queueId"] = json!(9),
        |cloud| cloud["queues"][1]["preset"] = json!(true),
        |cloud| cloud["connections"][0]["deleted"] = json!(true),
        |cloud| cloud["connections"][0]["id"] = json!("id-9"),
        |cloud| cloud["connections"][0]["entries"][0]["state"] = json!("CREATING"),
        |cloud| cloud["connections"][0]["entries"][2]["name"] = json!("q02"),
        |cloud| cloud["connections"][0]["hosts"] = json!([host("2")]),
        |cloud| cloud["connections"][0]["destVpcId"] = json!("elsewhere"),
    ];
    for (number, wrong) in wrongs.into_iter().enumerate() {
        assert!(found(wrong).contains(&Class::FalseStatus), "number {number}");
    }
}

#[test]
fn leaks_duplicates_and_changes_of_foreign_resources_are_found() {
    let add = |list: &'static str, item: Value| move |cloud: &mut Value| cloud[list].as_array_mut().unwrap().push(item);
    assert_eq!(found(add("queues", json!({"name": "q02", "preset": false}))), [Class::Leak]);
    assert_eq!(found(add("connections", connection("c02", "id-3", &[]))), [Class::Leak]);
    assert_eq!(found(add("connections", connection("c01", "id-3", &[]))), [Class::Duplicate]);
    assert_eq!(found(|cloud| cloud["queues"][2]["cuCount"] = json!(32)), [Class::Foreign]);
    assert_eq!(found(|cloud| cloud["connections"][1]["entries"] = json!([])), [Class::Foreign]);
    assert_eq!(found(|cloud| drop(cloud["connections"].as_array_mut().unwrap().pop())), [Class::Foreign]);
    let unbound = |cloud: &mut Value| drop(cloud["connections"][0]["entries"].as_array_mut().unwrap().pop());
    assert_eq!(found(unbound), [Class::Foreign]);
    // A second one under a colleague's name, also where an object asks for it.
    let mut asked = objects();
    asked.connections.insert("link".to_owned(), json!({"metadata": {"name": "link"}}));
    let mut cloud = cloud();
    cloud["connections"].as_array_mut().unwrap().push(connection("link", "id-3", &[]));
    let (found, _) = check(&asked, &cloud, &asked, &foreign());
    assert_eq!(found.iter().map(|v| v.class).collect::<Vec<_>>(), [Class::Duplicate]);
}

#[test]
fn what_changed_between_the_readings_is_not_checked() {
    let (before, mut after) = (objects(), objects());
    after.connections.get_mut("c01").unwrap()["metadata"]["resourceVersion"] = json!("8");
    let mut wrong = cloud();
    wrong["connections"][0]["hosts"] = json!([]);
    let (found, claims) = check(&before, &wrong, &after, &foreign());
    assert_eq!((found.len(), claims), (0, 1));
    // Nor what is said of an older generation, by an object on its way out, or while its queue is taken away.
    for (place, value) in [("generation", json!(4)), ("deletionTimestamp", json!("now"))] {
        let mut objects = objects();
        objects.connections.get_mut("c01").unwrap()["metadata"][place] = value;
        assert!(check(&objects, &wrong, &objects, &foreign()).0.is_empty());
    }
    let mut objects = objects();
    objects.queues.get_mut("q01").unwrap()["metadata"]["deletionTimestamp"] = json!("now");
    assert!(check(&objects, &wrong, &objects, &foreign()).0.is_empty());
}

#[test]
fn what_is_unfinished_or_created_too_often_is_found() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let stuck = |objects: &Objects, cloud: &Value, queues: &[&str], connections: &[&str]| {
        unfinished(objects, cloud, &foreign(), &names(queues), &names(connections)).len()
    };
    let (all, real) = (objects(), cloud());
    assert_eq!(stuck(&all, &real, &["q01", "q02"], &["c01"]), 1);
    // The object, and what is in the cloud for it.
    assert_eq!(stuck(&all, &real, &["q01"], &[]), 2);
    let mut waiting = objects();
    waiting.queues.get_mut("q01").unwrap()["status"]["conditions"][0]["status"] = json!("False");
    assert_eq!(stuck(&waiting, &real, &["q01"], &["c01"]), 1);
    let mut bound = cloud();
    bound["connections"][0]["entries"][1]["name"] = json!("q09");
    assert_eq!(stuck(&all, &bound, &["q01"], &["c01"]), 1);
    let mut gone = cloud();
    gone["connections"][0]["deleted"] = json!(true);
    assert_eq!(stuck(&all, &gone, &["q01"], &["c01"]), 1);

    // Twice, though one of the two is gone again.
    let mut twice = cloud();
    let mut second = connection("c01", "id-3", &[]);
    second["deleted"] = json!(true);
    twice["connections"].as_array_mut().unwrap().push(second);
    let made = |count| BTreeMap::from([("c01".to_owned(), count)]);
    assert_eq!(duplicates(&twice, &foreign(), &made(1)).len(), 1);
    assert!(duplicates(&twice, &foreign(), &made(2)).is_empty());
}
