//! Report, Observe and suspend: what the operator must not do.

use serde_json::json;

use crate::{
    fixture::{Fixture, NETWORK, VPC, condition, connection, entries, queue},
    processes::text,
};

#[test]
fn observe_never_writes_to_the_cloud_and_keeps_no_hold_on_the_object() {
    let fixture = Fixture::new("observe");
    fixture.cloud.edit(&json!({"edit": "createQueue", "name": "theirs", "cuCount": 64}));
    let make = json!({"edit": "createConnection", "name": "link", "destVpcId": VPC, "destNetworkId": NETWORK});
    let id = fixture.cloud.edit(&make);
    fixture.cloud.edit(&json!({"edit": "bind", "id": id, "queue": "theirs"}));

    let observe = ", managementPolicy: Observe";
    let hosts = ", queues: [{queueName: theirs}], hosts: [{name: h1, ip: 10.0.0.1}], managementPolicy: Observe";
    fixture.apply(&(queue("theirs", observe) + &connection("link", hosts) + &queue("nowhere", observe)));
    let seen = fixture.ready("dliq", "theirs");
    assert_eq!(seen["status"]["cuCount"], 64);
    assert_eq!(condition(&seen, "Synced").unwrap()["reason"], "Drifted");
    let seen = fixture.ready("dlic", "link");
    assert_eq!(seen["status"]["connectionId"], id);
    assert_eq!(seen["status"]["bound"], "1/1");
    assert_eq!(seen["status"]["drift"][0]["field"], "hosts");
    fixture.reason("dliq", "nowhere", "Ready", "RemoteMissing");

    // What changes there shows up here.
    fixture.cloud.edit(&json!({"edit": "unbind", "id": id, "queue": "theirs"}));
    fixture.until_true("the missing binding is shown", || fixture.get("dlic", "link")["status"]["bound"] == "0/1");
    fixture.two_more_looks();
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link"), ("dliq", "nowhere")] {
        assert!(fixture.get(kind, name)["metadata"]["finalizers"].is_null(), "{kind} {name} can be deleted by anybody");
        fixture.delete_and_wait(kind, name);
    }
    fixture.two_more_looks();
    assert_eq!(fixture.cloud.changes(), Vec::<serde_json::Value>::new());
    assert_eq!(fixture.cloud.names(), (vec!["theirs".into()], vec!["link".into()]));
}

#[test]
fn report_creates_and_deletes_but_does_not_correct() {
    let fixture = Fixture::new("report");
    let report = ", managementPolicy: Report";
    let hosts = ", queues: [{ref: {name: q1}}], hosts: [{name: h1, ip: 10.0.0.1}], managementPolicy: Report";
    fixture.apply(&(queue("q1", report) + &connection("c1", hosts)));
    let id = fixture.ready("dlic", "c1")["status"]["connectionId"].clone();
    fixture.ready("dliq", "q1");
    let made = fixture.cloud.changes().len();

    fixture.cloud.edit(&json!({"edit": "setHosts", "id": id, "hosts": []}));
    let drifted = fixture.reason("dlic", "c1", "Synced", "Drifted");
    assert!(text(&drifted["message"]).contains("hosts"), "{drifted}");
    assert_eq!(condition(&fixture.get("dlic", "c1"), "Ready").unwrap()["status"], "True");
    assert_eq!(condition(&fixture.get("dlic", "c1"), "Reconciling"), None);
    fixture.cloud.edit(&json!({"edit": "unbind", "id": id, "queue": "q1"}));
    fixture.reason("dlic", "c1", "Ready", "NotBound");
    fixture.cloud.edit(&json!({"edit": "scaleQueue", "name": "q1", "cuCount": 64}));
    fixture.reason("dliq", "q1", "Synced", "Drifted");
    fixture.two_more_looks();
    assert_eq!(fixture.cloud.changes().len(), made, "{:#?}", fixture.cloud.changes());
    assert_eq!(entries(&fixture.cloud.connection("c1").unwrap()), []);

    fixture.delete_and_wait("dlic", "c1");
    fixture.delete_and_wait("dliq", "q1");
    assert!(fixture.cloud.is_empty());
}

#[test]
fn a_suspended_object_is_left_alone_until_it_is_resumed_or_deleted() {
    let fixture = Fixture::new("suspend");
    fixture.apply(
        &(queue("q1", "") + &connection("c1", ", queues: [{ref: {name: q1}}]") + &queue("q2", ", suspend: true")),
    );
    let id = fixture.ready("dlic", "c1")["status"]["connectionId"].clone();
    fixture.reason("dliq", "q2", "Synced", "Suspended");
    fixture.patch("dlic", "c1", &json!({"spec": {"suspend": true}}));
    fixture.reason("dlic", "c1", "Synced", "Suspended");
    assert_eq!(condition(&fixture.get("dlic", "c1"), "Ready").unwrap()["status"], "True", "the last that is known");
    let made = fixture.cloud.changes().len();
    fixture.cloud.edit(&json!({"edit": "unbind", "id": id, "queue": "q1"}));
    fixture.two_more_looks();
    assert_eq!(fixture.cloud.changes().len(), made);
    assert!(fixture.cloud.queue("q2").is_none());

    fixture.patch("dlic", "c1", &json!({"spec": {"suspend": false}}));
    fixture.until_true("the binding is back", || !entries(&fixture.cloud.connection("c1").unwrap()).is_empty());
    fixture.ready("dlic", "c1");
    // Deleting works all the same.
    fixture.patch("dlic", "c1", &json!({"spec": {"suspend": true}}));
    fixture.delete_and_wait("dlic", "c1");
    fixture.delete_and_wait("dliq", "q2");
    assert_eq!(fixture.cloud.names(), (vec!["q1".into()], vec![]));
}
