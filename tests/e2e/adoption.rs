//! Whose is it? What exists already is taken over only where the policy says so, and given back whole.

use serde_json::json;

use crate::{
    lab::{Lab, NETWORK, VPC, condition, connection, queue},
    processes::text,
};

#[test]
fn what_was_retained_is_taken_back() {
    let lab = Lab::new("retain");
    let bound = ", queues: [{ref: {name: q1}}], deletionPolicy: Retain";
    let yaml = queue("q1", ", deletionPolicy: Retain") + &connection("c1", bound);
    lab.apply(&yaml);
    let id = lab.ready("dlic", "c1")["status"]["connectionId"].clone();
    let number = lab.ready("dliq", "q1")["status"]["queueId"].clone();
    lab.delete_and_wait("dlic", "c1");
    lab.delete_and_wait("dliq", "q1");
    assert_eq!(lab.cloud.names(), (vec!["q1".into()], vec!["c1".into()]));
    lab.cloud.forget_calls();

    // IfOwned, the default, is enough: the mark says that both are this object's own.
    lab.apply(&yaml);
    let connection = lab.ready("dlic", "c1");
    assert_eq!(connection["status"]["connectionId"], id);
    assert_eq!(connection["status"]["adopted"], true);
    assert_eq!(lab.ready("dliq", "q1")["status"]["queueId"], number);
    assert_eq!(lab.cloud.changes(), Vec::<serde_json::Value>::new(), "nothing had to be changed");

    // The policy may be changed while the object waits to go, and before.
    for (kind, name) in [("dlic", "c1"), ("dliq", "q1")] {
        lab.patch(kind, name, &json!({"spec": {"deletionPolicy": null}}));
        lab.delete_and_wait(kind, name);
    }
    assert!(lab.cloud.is_empty());
}

#[test]
fn what_a_stranger_made_is_taken_over_only_as_the_policy_allows() {
    let lab = Lab::new("adopt");
    lab.cloud.edit(&json!({"edit": "createQueue", "name": "theirs", "cuCount": 16}));
    let make = json!({"edit": "createConnection", "name": "link", "destVpcId": VPC, "destNetworkId": NETWORK});
    let id = lab.cloud.edit(&make);

    lab.apply(&(queue("theirs", "") + &connection("link", "")));
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link")] {
        let refused = lab.reason(kind, name, "Ready", "NameConflict");
        assert!(text(&refused["message"]).contains("adoptionPolicy"), "{refused}");
        assert_eq!(condition(&lab.get(kind, name), "Stalled").unwrap()["reason"], "NameConflict");
    }
    // What never owned deletes nothing.
    lab.delete_and_wait("dliq", "theirs");
    lab.delete_and_wait("dlic", "link");
    assert_eq!(lab.cloud.names(), (vec!["theirs".into()], vec!["link".into()]));

    // Another owner's mark is not no mark.
    let mark = "0123456789012345678901234567890123456789";
    lab.cloud.edit(&json!({"edit": "tagQueue", "name": "theirs", "key": "dli-operator-owner", "value": mark}));
    lab.cloud.edit(&json!({"edit": "tagConnection", "id": id, "key": "dli-operator-owner", "value": mark}));
    let unowned = ", adoptionPolicy: IfUnowned, deletionPolicy: Retain";
    lab.apply(&(queue("theirs", unowned) + &connection("link", unowned)));
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link")] {
        let refused = lab.reason(kind, name, "Ready", "NameConflict");
        assert!(text(&refused["message"]).contains("adoptionPolicy: Always"), "{refused}");
    }
    // An edit of the policy is enough.
    lab.patch("dliq", "theirs", &json!({"spec": {"adoptionPolicy": "Always"}}));
    lab.patch("dlic", "link", &json!({"spec": {"adoptionPolicy": "Always"}}));
    assert_eq!(lab.ready("dliq", "theirs")["status"]["adopted"], true);
    assert_eq!(lab.ready("dlic", "link")["status"]["connectionId"], id);
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link")] {
        lab.delete_and_wait(kind, name);
    }
    assert_eq!(lab.cloud.names(), (vec!["theirs".into()], vec!["link".into()]), "Retain");

    // Without any mark, IfUnowned takes it; Delete then deletes it.
    for key in ["dli-operator-owner", "dli-operator-cluster"] {
        lab.cloud.edit(&json!({"edit": "tagQueue", "name": "theirs", "key": key}));
        lab.cloud.edit(&json!({"edit": "tagConnection", "id": id, "key": key}));
    }
    let unowned = ", adoptionPolicy: IfUnowned, deletionPolicy: Delete";
    lab.apply(&(queue("theirs", unowned) + &connection("link", unowned)));
    lab.ready("dliq", "theirs");
    assert_eq!(lab.ready("dlic", "link")["status"]["adopted"], true);
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link")] {
        lab.delete_and_wait(kind, name);
    }
    assert!(lab.cloud.is_empty());
    assert_eq!(lab.cloud.count(Some("CreateQueue"), None), 0);
    assert_eq!(lab.cloud.count(Some("CreateConnection"), None), 0);
}

#[test]
fn what_cannot_be_changed_must_be_as_the_spec_says() {
    let lab = Lab::new("mismatch");
    lab.cloud.edit(&json!({"edit": "createQueue", "name": "theirs", "cuCount": 16}));
    let make = json!({"edit": "createConnection", "name": "link", "destVpcId": NETWORK, "destNetworkId": VPC});
    lab.cloud.edit(&make);
    let always = ", adoptionPolicy: Always, deletionPolicy: Retain";
    lab.apply(&(queue("theirs", &format!(", queueType: general{always}")) + &connection("link", always)));
    let refused = lab.reason("dliq", "theirs", "Stalled", "ImmutableMismatch");
    assert!(text(&refused["message"]).contains("queueType"), "{refused}");
    let refused = lab.reason("dlic", "link", "Stalled", "ImmutableMismatch");
    assert!(text(&refused["message"]).contains(NETWORK), "{refused}");
    assert_eq!(lab.cloud.changes(), Vec::<serde_json::Value>::new());
}

#[test]
fn two_objects_of_one_remote_name_do_not_fight() {
    let lab = Lab::new("twins");
    lab.apply(&queue("one", ", queueName: shared"));
    lab.ready("dliq", "one");
    lab.apply(&queue("two", ", queueName: shared, adoptionPolicy: Always, deletionPolicy: Delete"));
    let refused = lab.reason("dliq", "two", "Stalled", "NameConflict");
    assert!(text(&refused["message"]).contains("one works on shared"), "{refused}");
    lab.two_more_looks();
    lab.ready("dliq", "one");
    lab.delete_and_wait("dliq", "two");
    assert!(lab.cloud.queue("shared").is_some(), "the loser deletes nothing");
    assert_eq!(lab.cloud.changes().len(), 1);

    // Both at once: one of them has it, and it makes one.
    lab.apply(&(queue("three", ", queueName: other") + &queue("four", ", queueName: other")));
    let (winner, loser) = lab.until("one has it and one has not", || {
        let stalled = |name| condition(&lab.find("dliq", name).unwrap(), "Stalled").is_some();
        let made = |name: &str| lab.get("dliq", name)["status"]["queueId"].is_number();
        match (made("three"), stalled("four"), made("four"), stalled("three")) {
            (true, true, false, false) => Some(("three", "four")),
            (false, false, true, true) => Some(("four", "three")),
            _ => None,
        }
    });
    // The loser's turn comes when the name is free, without an edit.
    lab.delete_and_wait("dliq", winner);
    lab.ready("dliq", loser);
    assert_eq!(lab.cloud.names().0, ["other", "shared"]);
}
