//! Report, Observe and suspend: what the operator must not do.

use serde_json::json;

use crate::{
    lab::{Lab, NETWORK, VPC, condition, connection, entries, queue},
    processes::text,
};

#[test]
fn observe_never_writes_to_the_cloud_and_keeps_no_hold_on_the_object() {
    let lab = Lab::new("observe");
    lab.cloud.edit(&json!({"edit": "createQueue", "name": "theirs", "cuCount": 64}));
    let make = json!({"edit": "createConnection", "name": "link", "destVpcId": VPC, "destNetworkId": NETWORK});
    let id = lab.cloud.edit(&make);
    lab.cloud.edit(&json!({"edit": "bind", "id": id, "queue": "theirs"}));

    let observe = ", managementPolicy: Observe";
    let hosts = ", queues: [{queueName: theirs}], hosts: [{name: h1, ip: 10.0.0.1}], managementPolicy: Observe";
    lab.apply(&(queue("theirs", observe) + &connection("link", hosts) + &queue("nowhere", observe)));
    let seen = lab.ready("dliq", "theirs");
    assert_eq!(seen["status"]["cuCount"], 64);
    assert_eq!(condition(&seen, "Synced").unwrap()["reason"], "Drifted");
    let seen = lab.ready("dlic", "link");
    assert_eq!(seen["status"]["connectionId"], id);
    assert_eq!(seen["status"]["bound"], "1/1");
    assert_eq!(seen["status"]["drift"][0]["field"], "hosts");
    lab.reason("dliq", "nowhere", "Ready", "RemoteMissing");

    // What changes there shows up here.
    lab.cloud.edit(&json!({"edit": "unbind", "id": id, "queue": "theirs"}));
    lab.until_true("the missing binding is shown", || lab.get("dlic", "link")["status"]["bound"] == "0/1");
    lab.two_more_looks();
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link"), ("dliq", "nowhere")] {
        assert!(lab.get(kind, name)["metadata"]["finalizers"].is_null(), "{kind} {name} can be deleted by anybody");
        lab.delete_and_wait(kind, name);
    }
    lab.two_more_looks();
    assert_eq!(lab.cloud.changes(), Vec::<serde_json::Value>::new());
    assert_eq!(lab.cloud.names(), (vec!["theirs".into()], vec!["link".into()]));
}

#[test]
fn report_creates_and_deletes_but_does_not_correct() {
    let lab = Lab::new("report");
    let report = ", managementPolicy: Report";
    let hosts = ", queues: [{ref: {name: q1}}], hosts: [{name: h1, ip: 10.0.0.1}], managementPolicy: Report";
    lab.apply(&(queue("q1", report) + &connection("c1", hosts)));
    let id = lab.ready("dlic", "c1")["status"]["connectionId"].clone();
    lab.ready("dliq", "q1");
    let made = lab.cloud.changes().len();

    lab.cloud.edit(&json!({"edit": "setHosts", "id": id, "hosts": []}));
    let drifted = lab.reason("dlic", "c1", "Synced", "Drifted");
    assert!(text(&drifted["message"]).contains("hosts"), "{drifted}");
    assert_eq!(condition(&lab.get("dlic", "c1"), "Ready").unwrap()["status"], "True");
    assert_eq!(condition(&lab.get("dlic", "c1"), "Reconciling"), None);
    lab.cloud.edit(&json!({"edit": "unbind", "id": id, "queue": "q1"}));
    lab.reason("dlic", "c1", "Ready", "NotBound");
    lab.cloud.edit(&json!({"edit": "scaleQueue", "name": "q1", "cuCount": 64}));
    lab.reason("dliq", "q1", "Synced", "Drifted");
    lab.two_more_looks();
    assert_eq!(lab.cloud.changes().len(), made, "{:#?}", lab.cloud.changes());
    assert_eq!(entries(&lab.cloud.connection("c1").unwrap()), []);

    lab.delete_and_wait("dlic", "c1");
    lab.delete_and_wait("dliq", "q1");
    assert!(lab.cloud.is_empty());
}

#[test]
fn a_suspended_object_is_left_alone_until_it_is_resumed_or_deleted() {
    let lab = Lab::new("suspend");
    lab.apply(
        &(queue("q1", "") + &connection("c1", ", queues: [{ref: {name: q1}}]") + &queue("q2", ", suspend: true")),
    );
    let id = lab.ready("dlic", "c1")["status"]["connectionId"].clone();
    lab.reason("dliq", "q2", "Synced", "Suspended");
    lab.patch("dlic", "c1", &json!({"spec": {"suspend": true}}));
    lab.reason("dlic", "c1", "Synced", "Suspended");
    assert_eq!(condition(&lab.get("dlic", "c1"), "Ready").unwrap()["status"], "True", "the last that is known");
    let made = lab.cloud.changes().len();
    lab.cloud.edit(&json!({"edit": "unbind", "id": id, "queue": "q1"}));
    lab.two_more_looks();
    assert_eq!(lab.cloud.changes().len(), made);
    assert!(lab.cloud.queue("q2").is_none());

    lab.patch("dlic", "c1", &json!({"spec": {"suspend": false}}));
    lab.until_true("the binding is back", || !entries(&lab.cloud.connection("c1").unwrap()).is_empty());
    lab.ready("dlic", "c1");
    // Deleting works all the same.
    lab.patch("dlic", "c1", &json!({"spec": {"suspend": true}}));
    lab.delete_and_wait("dlic", "c1");
    lab.delete_and_wait("dliq", "q2");
    assert_eq!(lab.cloud.names(), (vec!["q1".into()], vec![]));
}
