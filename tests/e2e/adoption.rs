//! Whose is it? What exists already is taken over only where the policy says so, and given back whole.

use serde_json::json;

use crate::{
    fixture::{Fixture, NETWORK, VPC, condition, connection, queue},
    processes::text,
};

#[test]
fn what_was_retained_is_taken_back() {
    let fixture = Fixture::new("retain");
    let bound = ", queues: [{ref: {name: q1}}], deletionPolicy: Retain";
    let yaml = queue("q1", ", deletionPolicy: Retain") + &connection("c1", bound);
    fixture.apply(&yaml);
    let id = fixture.ready("dlic", "c1")["status"]["connectionId"].clone();
    let number = fixture.ready("dliq", "q1")["status"]["queueId"].clone();
    fixture.delete_and_wait("dlic", "c1");
    fixture.delete_and_wait("dliq", "q1");
    assert_eq!(fixture.cloud.names(), (vec!["q1".into()], vec!["c1".into()]));
    fixture.cloud.forget_calls();

    // IfOwned, the default, is enough: the mark says that both are this object's own.
    fixture.apply(&yaml);
    let connection = fixture.ready("dlic", "c1");
    assert_eq!(connection["status"]["connectionId"], id);
    assert_eq!(connection["status"]["adopted"], true);
    assert_eq!(fixture.ready("dliq", "q1")["status"]["queueId"], number);
    assert_eq!(fixture.cloud.changes(), Vec::<serde_json::Value>::new(), "nothing had to be changed");

    // The policy may be changed while the object waits to go, and before.
    for (kind, name) in [("dlic", "c1"), ("dliq", "q1")] {
        fixture.patch(kind, name, &json!({"spec": {"deletionPolicy": null}}));
        fixture.delete_and_wait(kind, name);
    }
    assert!(fixture.cloud.is_empty());
}

#[test]
fn what_a_stranger_made_is_taken_over_only_as_the_policy_allows() {
    let fixture = Fixture::new("adopt");
    fixture.cloud.edit(&json!({"edit": "createQueue", "name": "theirs", "cuCount": 16}));
    let make = json!({"edit": "createConnection", "name": "link", "destVpcId": VPC, "destNetworkId": NETWORK});
    let id = fixture.cloud.edit(&make);

    fixture.apply(&(queue("theirs", "") + &connection("link", "")));
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link")] {
        let refused = fixture.reason(kind, name, "Ready", "NameConflict");
        assert!(text(&refused["message"]).contains("adoptionPolicy"), "{refused}");
        assert_eq!(condition(&fixture.get(kind, name), "Stalled").unwrap()["reason"], "NameConflict");
    }
    // What never owned deletes nothing.
    fixture.delete_and_wait("dliq", "theirs");
    fixture.delete_and_wait("dlic", "link");
    assert_eq!(fixture.cloud.names(), (vec!["theirs".into()], vec!["link".into()]));

    // Another owner's mark is not no mark.
    let mark = "0123456789012345678901234567890123456789";
    fixture.cloud.edit(&json!({"edit": "tagQueue", "name": "theirs", "key": "dli-operator-owner", "value": mark}));
    fixture.cloud.edit(&json!({"edit": "tagConnection", "id": id, "key": "dli-operator-owner", "value": mark}));
    let unowned = ", adoptionPolicy: IfUnowned, deletionPolicy: Retain";
    fixture.apply(&(queue("theirs", unowned) + &connection("link", unowned)));
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link")] {
        let refused = fixture.reason(kind, name, "Ready", "NameConflict");
        assert!(text(&refused["message"]).contains("adoptionPolicy: Always"), "{refused}");
    }
    // An edit of the policy is enough.
    fixture.patch("dliq", "theirs", &json!({"spec": {"adoptionPolicy": "Always"}}));
    fixture.patch("dlic", "link", &json!({"spec": {"adoptionPolicy": "Always"}}));
    assert_eq!(fixture.ready("dliq", "theirs")["status"]["adopted"], true);
    assert_eq!(fixture.ready("dlic", "link")["status"]["connectionId"], id);
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link")] {
        fixture.delete_and_wait(kind, name);
    }
    assert_eq!(fixture.cloud.names(), (vec!["theirs".into()], vec!["link".into()]), "Retain");

    // Without any mark, IfUnowned takes it; Delete then deletes it.
    for key in ["dli-operator-owner", "dli-operator-cluster"] {
        fixture.cloud.edit(&json!({"edit": "tagQueue", "name": "theirs", "key": key}));
        fixture.cloud.edit(&json!({"edit": "tagConnection", "id": id, "key": key}));
    }
    let unowned = ", adoptionPolicy: IfUnowned, deletionPolicy: Delete";
    fixture.apply(&(queue("theirs", unowned) + &connection("link", unowned)));
    fixture.ready("dliq", "theirs");
    assert_eq!(fixture.ready("dlic", "link")["status"]["adopted"], true);
    for (kind, name) in [("dliq", "theirs"), ("dlic", "link")] {
        fixture.delete_and_wait(kind, name);
    }
    assert!(fixture.cloud.is_empty());
    assert_eq!(fixture.cloud.count(Some("CreateQueue"), None), 0);
    assert_eq!(fixture.cloud.count(Some("CreateConnection"), None), 0);
}

#[test]
fn what_cannot_be_changed_must_be_as_the_spec_says() {
    let fixture = Fixture::new("mismatch");
    fixture.cloud.edit(&json!({"edit": "createQueue", "name": "theirs", "cuCount": 16}));
    let make = json!({"edit": "createConnection", "name": "link", "destVpcId": NETWORK, "destNetworkId": VPC});
    fixture.cloud.edit(&make);
    let always = ", adoptionPolicy: Always, deletionPolicy: Retain";
    fixture.apply(&(queue("theirs", &format!(", queueType: general{always}")) + &connection("link", always)));
    let refused = fixture.reason("dliq", "theirs", "Stalled", "ImmutableMismatch");
    assert!(text(&refused["message"]).contains("queueType"), "{refused}");
    let refused = fixture.reason("dlic", "link", "Stalled", "ImmutableMismatch");
    assert!(text(&refused["message"]).contains(NETWORK), "{refused}");
    assert_eq!(fixture.cloud.changes(), Vec::<serde_json::Value>::new());
}

#[test]
fn two_objects_of_one_remote_name_do_not_fight() {
    let fixture = Fixture::new("twins");
    fixture.apply(&queue("one", ", queueName: shared"));
    fixture.ready("dliq", "one");
    fixture.apply(&queue("two", ", queueName: shared, adoptionPolicy: Always, deletionPolicy: Delete"));
    let refused = fixture.reason("dliq", "two", "Stalled", "NameConflict");
    assert!(text(&refused["message"]).contains("one already works on shared"), "{refused}");
    fixture.two_more_looks();
    fixture.ready("dliq", "one");
    fixture.delete_and_wait("dliq", "two");
    assert!(fixture.cloud.queue("shared").is_some(), "the loser deletes nothing");
    assert_eq!(fixture.cloud.changes().len(), 1);

    // Both at once: one of them has it, and it makes one.
    fixture.apply(&(queue("three", ", queueName: other") + &queue("four", ", queueName: other")));
    let (winner, loser) = fixture.until("one has it and one has not", || {
        let stalled = |name| condition(&fixture.find("dliq", name).unwrap(), "Stalled").is_some();
        let made = |name: &str| fixture.get("dliq", name)["status"]["queueId"].is_number();
        match (made("three"), stalled("four"), made("four"), stalled("three")) {
            (true, true, false, false) => Some(("three", "four")),
            (false, false, true, true) => Some(("four", "three")),
            _ => None,
        }
    });
    // The loser's turn comes when the name is free, without an edit.
    fixture.delete_and_wait("dliq", winner);
    fixture.ready("dliq", loser);
    assert_eq!(fixture.cloud.names().0, ["other", "shared"]);
}
