//! The Secret: rotated, wrong, missing; and its content never shows up anywhere.

use std::{thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    control_plane::words,
    lab::{Lab, Options, condition, connection, queue},
    processes::{ACCESS_KEY, SECRET_KEY, http, text},
};

#[test]
fn a_rotated_secret_is_picked_up_at_once_and_nothing_is_made_anew() {
    let lab = Lab::new("rotated");
    lab.apply(&queue("q1", ""));
    lab.ready("dliq", "q1");
    let add = json!({"add": {"accessKey": "SECONDKEY", "secretKey": "second-secret"}});
    lab.cloud.control("POST", "credentials", &add);
    lab.secret("SECONDKEY", "second-secret");
    // The old key stops working only after the new one is in use.
    lab.two_more_looks();
    lab.cloud.control("POST", "credentials", &json!({"remove": ACCESS_KEY}));
    lab.cloud.forget_calls();
    lab.apply(&queue("q2", ""));
    lab.ready("dliq", "q2");
    let callers: Vec<String> = lab.cloud.changes().iter().map(|c| text(&c["caller"])).collect();
    assert_eq!(callers, ["SECONDKEY"]);
    assert_eq!(lab.cloud.count(None, Some(401)), 0);
    lab.delete_and_wait("dliq", "q1");
    assert_eq!(lab.cloud.names().0, ["q2"]);
}

#[test]
fn a_wrong_secret_is_said_by_the_project_alone_and_not_tried_again_and_again() {
    let lab = Lab::new("wrong");
    lab.apply(&(queue("q1", "") + &connection("c1", ", queues: [{ref: {name: q1}}]")));
    lab.ready("dlic", "c1");
    lab.ready("dliq", "q1");
    let before = lab.versions();
    lab.secret(ACCESS_KEY, "mistyped-secret-key");
    let invalid = lab.reason("dlip", "default", "Ready", "CredentialsInvalid");
    assert!(text(&invalid["message"]).contains("accessKey and secretKey"), "{invalid}");
    assert_eq!(condition(&lab.get("dlip", "default"), "Stalled").unwrap()["reason"], "CredentialsInvalid");
    // Five refusals in a row lock the key for everyone who uses it.
    thread::sleep(Duration::from_secs(20));
    let refusals = lab.cloud.count(None, Some(401));
    assert!((1..=2).contains(&refusals), "{refusals} calls were answered 401");
    let after = lab.versions();
    for object in ["dliq/q1", "dlic/c1"] {
        assert_eq!(before[object], after[object], "{object} is as it was: {:#}", json!([before, after]));
    }

    lab.secret(ACCESS_KEY, SECRET_KEY);
    lab.ready("dlip", "default");
    lab.apply(&queue("q2", ""));
    lab.ready("dliq", "q2");
    assert_eq!(lab.cloud.count(None, Some(401)), refusals);
    let after = lab.versions();
    for object in ["dliq/q1", "dlic/c1"] {
        assert_eq!(before[object], after[object], "{object} is as it was");
    }
}

#[test]
fn a_missing_or_broken_secret_is_said_with_what_to_do() {
    let lab = Lab::with("missing", &Options { bare: true, ..Options::default() });
    lab.apply(&(crate::lab::project("default", "simulator") + &queue("q1", "")));
    let missing = lab.reason("dlip", "default", "Stalled", "CredentialsMissing");
    let words = text(&missing["message"]);
    assert!(words.contains(&format!("{}/dli-credentials", lab.ns)) && words.contains("accessKey"), "{words}");
    let waiting = lab.reason("dliq", "q1", "Ready", "WaitingForDependency");
    assert!(text(&waiting["message"]).contains("CredentialsMissing"), "{waiting}");

    lab.kubectl(&["create", "secret", "generic", "dli-credentials", "--from-literal=accesskey=typo"]);
    let broken = lab.reason("dlip", "default", "Stalled", "CredentialsInvalid");
    assert!(text(&broken["message"]).contains("accessKey"), "{broken}");
    assert_eq!(lab.cloud.count(None, None), 0, "nothing to sign with, nothing sent");
    lab.secret(ACCESS_KEY, SECRET_KEY);
    lab.ready("dliq", "q1");

    // It goes while objects still need it: they stay, and what is there can still be deleted.
    lab.kubectl(&["delete", "secret", "dli-credentials"]);
    lab.reason("dlip", "default", "Stalled", "CredentialsMissing");
    lab.delete("dlip", "default");
    lab.delete_and_wait("dliq", "q1");
    lab.until_true("the project is gone", || lab.find("dlip", "default").is_none());
    assert!(lab.cloud.is_empty());
}

#[test]
fn no_secret_shows_up_anywhere() {
    let mut lab = Lab::new("canary");
    let token = "canary-token-77ab31";
    lab.apply(&(queue("q1", "") + &connection("c1", ", queues: [{ref: {name: q1}}]")));
    lab.ready("dlic", "c1");
    // Through all that makes people print things: refusals that echo the request, broken answers, a temporary key.
    lab.secret(ACCESS_KEY, "canary-mistyped-4410");
    lab.reason("dlip", "default", "Ready", "CredentialsInvalid");
    let key = json!({"add": {"accessKey": "CANARYTEMPORARY01", "secretKey": SECRET_KEY, "securityToken": token}});
    lab.cloud.control("POST", "credentials", &key);
    lab.apply(&format!(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: dli-credentials}}, stringData: {{accessKey: \
         CANARYTEMPORARY01, secretKey: {SECRET_KEY}, securityToken: {token}}}}}"
    ));
    lab.ready("dlip", "default");
    lab.cloud.always(&json!({"html": {"applied": false}}));
    lab.reason("dlip", "default", "Ready", "CloudError");
    lab.cloud.disarm();
    lab.ready("dlip", "default");
    lab.delete_and_wait("dlic", "c1");

    let port = lab.operator().port("metrics");
    let (_, metrics) = http(port, "GET", "/metrics", "").unwrap();
    lab.operator().terminate();
    let objects = lab.cluster().kubectl(["-n", &lab.ns, "get", "dlip,dliq,dlic,lease,configmap", "-o", "yaml"]);
    let events = lab.list("event").iter().map(Value::to_string).collect::<String>();
    assert!(events.contains("CredentialsInvalid"), "{events}");
    let sinks = [
        ("log", lab.operator().log()),
        ("metrics", metrics),
        ("objects", words(&objects)),
        ("events", events),
        ("the cloud's record", lab.cloud.log()),
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
