//! Create, bind, unbind, change, delete; and a namespace that goes with everything in it.

use serde_json::json;

use crate::{
    fixture::{Fixture, condition, connection, entries, queue},
    processes::http,
};

#[test]
fn an_object_is_made_changed_and_deleted_with_all_that_it_owns() {
    let fixture = Fixture::new("lifecycle");
    fixture.cloud.edit(&json!({"edit": "createQueue", "name": "stranger", "cuCount": 16}));
    fixture.apply(&(queue("q-1", "") + &queue("q2", ", tags: [{key: team, value: data}]")));
    fixture.apply(&connection("c.1", ""));
    let made = fixture.ready("dlic", "c.1");
    assert_eq!(made["status"]["connectionName"], "c_1");
    let remote = || fixture.cloud.connection("c_1").unwrap();
    assert_eq!(entries(&remote()), []);

    // Bind.
    fixture.patch("dlic", "c.1", &json!({"spec": {"queues": [{"ref": {"name": "q-1"}}, {"queueName": "stranger"}]}}));
    let bound = fixture.ready("dlic", "c.1");
    assert_eq!(bound["status"]["bound"], "2/2");
    assert_eq!(entries(&remote()), [("q_1".into(), "ACTIVE".into()), ("stranger".into(), "ACTIVE".into())]);

    // Unbind, and bind another one, in one edit; and hosts.
    let edit = json!({"spec": {"queues": [{"ref": {"name": "q2"}}], "hosts": [{"name": "h1", "ip": "10.0.0.1"}]}});
    fixture.patch("dlic", "c.1", &edit);
    let changed = fixture.ready("dlic", "c.1");
    assert_eq!(changed["status"]["bound"], "1/1");
    assert_eq!(entries(&remote()), [("q2".into(), "ACTIVE".into())]);
    assert_eq!(remote()["hosts"], json!([{"name": "h1", "ip": "10.0.0.1"}]));
    fixture.patch("dlic", "c.1", &json!({"spec": {"queues": [], "hosts": []}}));
    fixture.ready("dlic", "c.1");
    assert_eq!(entries(&remote()), []);
    assert_eq!(remote()["hosts"], json!([]));

    // User tags are there beside ours.
    let tags = fixture.cloud.queue("q2").unwrap()["tags"].as_array().unwrap().clone();
    assert!(tags.contains(&json!({"key": "team", "value": "data"})), "{tags:?}");
    assert_eq!(tags.len(), 3, "{tags:?}");

    // A queue with a running job goes once the job has ended; until then it says so.
    fixture.ready("dliq", "q2");
    fixture.cloud.edit(&json!({"edit": "job", "name": "q2", "running": true}));
    fixture.delete("dliq", "q2");
    let refused = fixture.reason("dliq", "q2", "Reconciling", "DeletionRefused");
    assert!(refused["message"].as_str().unwrap().contains("deletionPolicy: Retain"), "{refused}");
    fixture.cloud.edit(&json!({"edit": "job", "name": "q2", "running": false}));
    for (kind, name) in [("dlic", "c.1"), ("dliq", "q-1"), ("dliq", "q2")] {
        if kind == "dliq" && name == "q2" {
            fixture.until("q2 is gone", || fixture.find(kind, name).is_none().then_some(()));
        } else {
            fixture.delete_and_wait(kind, name);
        }
    }
    assert_eq!(fixture.cloud.names(), (vec!["stranger".into()], vec![]));
    fixture.delete_and_wait("dlip", "default");
}

#[test]
fn a_deleted_namespace_leaves_nothing_in_the_cloud() {
    let fixture = Fixture::new("namespace");
    let bound = ", queues: [{ref: {name: q1}}, {ref: {name: q2}}]";
    fixture.apply(&(queue("q1", "") + &queue("q2", "") + &connection("c1", bound) + &connection("c2", "")));
    for name in ["c1", "c2"] {
        fixture.ready("dlic", name);
    }
    // One is only just being made when everything goes: Secret and DliProject too, in any order.
    fixture.apply(&queue("q3", ""));
    fixture.cluster().must(["delete", "namespace", &fixture.ns, "--wait=false"]);
    fixture.until_true("the namespace is gone", || {
        !fixture.cluster().kubectl(["get", "namespace", &fixture.ns]).status.success()
    });
    assert!(fixture.cloud.is_empty(), "{:?}", fixture.cloud.names());
}

#[test]
fn a_connection_says_what_it_waits_for() {
    let fixture = Fixture::new("waits");
    fixture.apply(&connection("c1", ", queues: [{ref: {name: q1}}]"));
    let waiting = fixture.reason("dlic", "c1", "Ready", "WaitingForDependency");
    assert!(waiting["message"].as_str().unwrap().contains("DliQueue q1 does not exist"), "{waiting}");
    assert!(fixture.cloud.is_empty());
    fixture.apply(&queue("q1", ""));
    let ready = fixture.ready("dlic", "c1");
    assert_eq!(ready["status"]["bound"], "1/1");

    // A peering that fails needs a person, and the object says what to do.
    let id = fixture.cloud.connection("c1").unwrap()["id"].clone();
    let overlap = json!({"edit": "peering", "id": id, "queue": "q1", "error": "The CIDR blocks overlap."});
    fixture.cloud.edit(&overlap);
    let failed = fixture.reason("dlic", "c1", "Stalled", "PeeringFailed");
    assert!(failed["message"].as_str().unwrap().contains("The CIDR blocks overlap."), "{failed}");
    assert_eq!(condition(&fixture.get("dlic", "c1"), "Ready").unwrap()["status"], "False");
    fixture.delete_and_wait("dlic", "c1");
    assert_eq!(fixture.cloud.names(), (vec!["q1".into()], vec![]));
}

#[test]
fn what_is_left_of_an_object_that_went_by_force_is_named_by_the_project() {
    let mut fixture = Fixture::new("leftover");
    fixture.cloud.configure(&json!({"answers": {"deleteBoundConnection": "refused"}}));
    fixture.cloud.edit(&json!({"edit": "createQueue", "name": "theirs", "cuCount": 16}));
    fixture.apply(&connection("c1", ""));
    fixture.ready("dlic", "c1");
    let id = fixture.cloud.connection("c1").unwrap()["id"].clone();
    fixture.cloud.edit(&json!({"edit": "bind", "id": id, "queue": "theirs"}));
    fixture.until_true("the colleague's binding is ACTIVE", || {
        entries(&fixture.cloud.connection("c1").unwrap()) == [("theirs".into(), "ACTIVE".into())]
    });

    // Faster than the operator can put the finalizer on again.
    fixture.operator().signal("STOP");
    fixture.patch("dlic", "c1", &json!({"metadata": {"finalizers": null}}));
    fixture.delete_and_wait("dlic", "c1");
    fixture.operator().signal("CONT");
    let said = fixture.reason("dlip", "default", "Synced", "OrphanNotDeleted");
    for words in ["EnhancedConnection", "c1", "has queues bound to it", "in the console"] {
        assert!(said["message"].as_str().unwrap().contains(words), "{said}");
    }
    assert_eq!(condition(&fixture.get("dlip", "default"), "Ready").unwrap()["status"], "True");
    fixture.until_true("there is an event", || {
        fixture.list("event").iter().any(|event| event["reason"] == "OrphanNotDeleted" && event["type"] == "Warning")
    });
    assert_eq!(entries(&fixture.cloud.connection("c1").unwrap()), [("theirs".into(), "ACTIVE".into())]);

    // The object of the name takes back what was left.
    fixture.apply(&connection("c1", ""));
    let back = fixture.ready("dlic", "c1");
    assert_eq!(back["status"]["connectionId"], id);
    fixture.reason("dlip", "default", "Synced", "InSync");
}

#[test]
fn a_resource_without_an_object_is_listed_until_an_object_takes_it_back() {
    let mut fixture = Fixture::new("orphans");
    let port = fixture.operator().port("metrics");
    let retained = ", deletionPolicy: Retain";
    fixture.apply(&(queue("q1", retained) + &queue("q2", "")));
    let id = fixture.ready("dliq", "q1")["status"]["queueId"].clone();
    fixture.ready("dliq", "q2");
    fixture.delete_and_wait("dliq", "q1");
    let project = || fixture.get("dlip", "default");
    fixture.until_true("the orphan is listed", || project()["status"]["orphanCount"] == 1);
    let orphan = project()["status"]["orphans"][0].clone();
    assert_eq!((&orphan["kind"], &orphan["name"]), (&json!("DliQueue"), &json!("q1")), "{orphan}");
    assert_eq!(orphan["id"], id.to_string(), "{orphan}");
    assert!(orphan["created"].is_string() && orphan["since"].is_string(), "{orphan}");
    fixture.until_true("there is an event", || {
        fixture.list("event").iter().any(|event| event["reason"] == "OrphansFound")
    });
    let (_, metrics) = http(port, "GET", "/metrics", "").unwrap();
    assert!(metrics.contains("dli_operator_orphans 1"), "{metrics}");
    // Nothing was deleted, and the object of the same name owns it again.
    assert_eq!(fixture.cloud.names().0, ["q1", "q2"]);
    fixture.apply(&queue("q1", ""));
    assert_eq!(fixture.ready("dliq", "q1")["status"]["queueId"], id);
    fixture.until_true("no orphan is listed", || project()["status"]["orphanCount"].is_null());
}
