//! The Secret: rotated, wrong, missing; and its content never shows up anywhere.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    control_plane::words,
    fixture::{Fixture, Options, condition, connection, queue},
    processes::{ACCESS_KEY, SECRET_KEY, http, text},
};

#[test]
fn a_rotated_secret_is_picked_up_at_once_and_nothing_is_made_anew() {
    let fixture = Fixture::new("rotated");
    fixture.apply(&queue("q1", ""));
    fixture.ready("dliq", "q1");
    let add = json!({"add": {"accessKey": "SECONDKEY", "secretKey": "second-secret"}});
    fixture.cloud.control("POST", "credentials", &add);
    fixture.secret("SECONDKEY", "second-secret");
    // The old key stops working only after the new one is in use.
    fixture.two_more_looks();
    fixture.cloud.control("POST", "credentials", &json!({"remove": ACCESS_KEY}));
    fixture.cloud.forget_calls();
    fixture.apply(&queue("q2", ""));
    fixture.ready("dliq", "q2");
    let callers: Vec<String> = fixture.cloud.changes().iter().map(|c| text(&c["caller"])).collect();
    assert_eq!(callers, ["SECONDKEY"]);
    assert_eq!(fixture.cloud.count(None, Some(401)), 0);
    fixture.delete_and_wait("dliq", "q1");
    assert_eq!(fixture.cloud.names().0, ["q2"]);
}

#[test]
fn a_wrong_secret_is_said_by_the_project_alone_and_not_tried_again_and_again() {
    let fixture = Fixture::new("wrong");
    fixture.apply(&(queue("q1", "") + &connection("c1", ", queues: [{ref: {name: q1}}]")));
    fixture.ready("dlic", "c1");
    fixture.ready("dliq", "q1");
    let before = fixture.versions();
    fixture.secret(ACCESS_KEY, "mistyped-secret-key");
    let invalid = fixture.reason("dlip", "default", "Ready", "CredentialsInvalid");
    assert!(text(&invalid["message"]).contains("accessKey and secretKey"), "{invalid}");
    assert_eq!(condition(&fixture.get("dlip", "default"), "Stalled").unwrap()["reason"], "CredentialsInvalid");
    // Five refusals in a row lock the key for everyone who uses it.
    thread::sleep(Duration::from_secs(20));
    let refusals = fixture.cloud.count(None, Some(401));
    assert!((1..=2).contains(&refusals), "{refusals} calls were answered 401");
    let after = fixture.versions();
    for object in ["dliq/q1", "dlic/c1"] {
        assert_eq!(before[object], after[object], "{object} is as it was: {:#}", json!([before, after]));
    }

    fixture.secret(ACCESS_KEY, SECRET_KEY);
    fixture.ready("dlip", "default");
    fixture.apply(&queue("q2", ""));
    fixture.ready("dliq", "q2");
    assert_eq!(fixture.cloud.count(None, Some(401)), refusals);
    let after = fixture.versions();
    for object in ["dliq/q1", "dlic/c1"] {
        assert_eq!(before[object], after[object], "{object} is as it was");
    }
}

#[test]
fn a_missing_or_broken_secret_is_said_with_what_to_do() {
    let fixture = Fixture::with("missing", &Options { bare: true, ..Options::default() });
    fixture.apply(&(crate::fixture::project("default", "simulator") + &queue("q1", "")));
    let missing = fixture.reason("dlip", "default", "Stalled", "CredentialsMissing");
    let words = text(&missing["message"]);
    assert!(words.contains(&format!("{}/dli-credentials", fixture.ns)) && words.contains("accessKey"), "{words}");
    let waiting = fixture.reason("dliq", "q1", "Ready", "WaitingForDependency");
    assert!(text(&waiting["message"]).contains("CredentialsMissing"), "{waiting}");

    fixture.kubectl(&["create", "secret", "generic", "dli-credentials", "--from-literal=accesskey=typo"]);
    let broken = fixture.reason("dlip", "default", "Stalled", "CredentialsInvalid");
    assert!(text(&broken["message"]).contains("accessKey"), "{broken}");
    assert_eq!(fixture.cloud.count(None, None), 0, "nothing to sign with, nothing sent");
    fixture.secret(ACCESS_KEY, SECRET_KEY);
    fixture.ready("dliq", "q1");

    // It goes while objects still need it: they stay, and what is there can still be deleted.
    fixture.kubectl(&["delete", "secret", "dli-credentials"]);
    fixture.reason("dlip", "default", "Stalled", "CredentialsMissing");
    fixture.delete("dlip", "default");
    fixture.delete_and_wait("dliq", "q1");
    fixture.until_true("the project is gone", || fixture.find("dlip", "default").is_none());
    assert!(fixture.cloud.is_empty());
}

#[test]
fn no_secret_shows_up_anywhere() {
    let mut fixture = Fixture::new("canary");
    let token = "canary-token-77ab31";
    fixture.apply(&(queue("q1", "") + &connection("c1", ", queues: [{ref: {name: q1}}]")));
    fixture.ready("dlic", "c1");
    // Through all that makes people print things: refusals that echo the request, broken answers, a temporary key.
    fixture.secret(ACCESS_KEY, "canary-mistyped-4410");
    fixture.reason("dlip", "default", "Ready", "CredentialsInvalid");
    let key = json!({"add": {"accessKey": "CANARYTEMPORARY01", "secretKey": SECRET_KEY, "securityToken": token}});
    fixture.cloud.control("POST", "credentials", &key);
    fixture.apply(&format!(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: dli-credentials}}, stringData: {{accessKey: \
         CANARYTEMPORARY01, secretKey: {SECRET_KEY}, securityToken: {token}}}}}"
    ));
    fixture.ready("dlip", "default");
    fixture.cloud.always(&json!({"html": {"applied": false}}));
    fixture.reason("dlip", "default", "Ready", "CloudError");
    fixture.cloud.disarm();
    fixture.ready("dlip", "default");
    fixture.delete_and_wait("dlic", "c1");

    let port = fixture.operator().port("metrics");
    let (_, metrics) = http(port, "GET", "/metrics", "").unwrap();
    fixture.operator().terminate();
    let objects = fixture.cluster().kubectl(["-n", &fixture.ns, "get", "dlip,dliq,dlic,lease,configmap", "-o", "yaml"]);
    let events = fixture.list("event").iter().map(Value::to_string).collect::<String>();
    assert!(events.contains("CredentialsInvalid"), "{events}");
    let sinks = [
        ("log", fixture.operator().log()),
        ("metrics", metrics),
        ("objects", words(&objects)),
        ("events", events),
        ("the cloud's record", fixture.cloud.log()),
    ];
    for (sink, text) in &sinks {
        assert!(!text.is_empty() || *sink == "the cloud's record", "{sink} is empty");
        for secret in [SECRET_KEY, "canary-mistyped-4410", token] {
            // Kubernetes keeps the bytes of a Secret as base64.
            for shape in [secret.to_owned(), base64(secret)] {
                assert!(!text.contains(&shape), "a secret is in the {sink}: {text}");
            }
        }
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text).trim_end_matches('=').to_owned()
}
