//! What a colleague changes in the console is put right, and what others own is left alone.

use serde_json::json;

use crate::{
    fixture::{Fixture, condition, connection, entries, queue},
    processes::text,
};

fn active(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), "ACTIVE".to_owned())).collect()
}

#[test]
fn what_a_colleague_changes_is_put_right() {
    let fixture = Fixture::new("drift");
    let bound = ", queues: [{ref: {name: q1}}, {ref: {name: q2}}], hosts: [{name: h1, ip: 10.0.0.1}]";
    fixture.apply(&(queue("q1", "") + &queue("q2", "") + &connection("c1", bound)));
    let first = text(&fixture.ready("dlic", "c1")["status"]["connectionId"]);
    let is_right = || fixture.cloud.connection("c1").is_some_and(|c| entries(&c) == active(&["q1", "q2"]));
    assert!(is_right());

    fixture.cloud.edit(&json!({"edit": "unbind", "id": first, "queue": "q1"}));
    fixture.until_true("q1 is bound again", is_right);
    fixture.ready("dlic", "c1");

    fixture.cloud.edit(&json!({"edit": "setHosts", "id": first, "hosts": [{"name": "evil", "ip": "10.6.6.6"}]}));
    let hosts = json!([{"name": "h1", "ip": "10.0.0.1"}]);
    fixture.until_true("the hosts are back", || fixture.cloud.connection("c1").unwrap()["hosts"] == hosts);
    fixture.ready("dlic", "c1");

    // What somebody else binds is his.
    fixture.cloud.edit(&json!({"edit": "createQueue", "name": "other", "cuCount": 16}));
    fixture.cloud.edit(&json!({"edit": "bind", "id": first, "queue": "other"}));

    fixture.cloud.edit(&json!({"edit": "deleteConnection", "id": first}));
    let second = fixture.until("the connection is there again", || {
        let object = fixture.find("dlic", "c1")?;
        let id = text(&object["status"]["connectionId"]);
        (id != first && condition(&object, "Ready")?["status"] == "True").then_some(id)
    });
    assert_eq!(fixture.cloud.connection("c1").unwrap()["id"], json!(second));
    assert!(is_right());

    let before = fixture.cloud.queue("q1").unwrap()["queueId"].clone();
    fixture.cloud.edit(&json!({"edit": "deleteQueue", "name": "q1"}));
    fixture
        .until_true("the queue is there again", || fixture.cloud.queue("q1").is_some_and(|q| q["queueId"] != before));
    fixture.until_true("it is bound again", is_right);
    let again = fixture.cloud.queue("q1").unwrap()["queueId"].clone();
    fixture.until("its status shows the new one", || {
        (fixture.get("dliq", "q1")["status"]["queueId"] == again).then_some(())
    });
    fixture.ready("dliq", "q1");
    fixture.ready("dlic", "c1");

    fixture.cloud.edit(&json!({"edit": "bind", "id": second, "queue": "other"}));
    fixture.two_more_looks();
    assert_eq!(entries(&fixture.cloud.connection("c1").unwrap()).len(), 3, "what others bind stays");
    assert_eq!(fixture.cloud.names(), (vec!["other".into(), "q1".into(), "q2".into()], vec!["c1".into()]));
}
