use super::*;
use crate::core::IntentOp;

fn precondition() -> Precondition {
    Precondition { uid: "u-1".into(), resource_version: "42".into() }
}

fn finalizers(have: &[&str], change: FinalizerChange) -> Option<Value> {
    let have: Vec<String> = have.iter().map(|name| (*name).to_owned()).collect();
    let patch = meta_patch(&have, &precondition(), change, None).unwrap();
    assert_eq!(patch["metadata"]["uid"], "u-1");
    assert_eq!(patch["metadata"]["resourceVersion"], "42");
    patch["metadata"].get("finalizers").cloned()
}

#[test]
fn foreign_finalizers_are_kept() {
    use FinalizerChange::{Add, Keep, Remove};
    assert_eq!(finalizers(&["other/one"], Add), Some(json!(["other/one", FINALIZER])));
    assert_eq!(finalizers(&[FINALIZER, "other/one"], Add), None);
    assert_eq!(finalizers(&[FINALIZER, "other/one"], Remove), Some(json!(["other/one"])));
    assert_eq!(finalizers(&[FINALIZER], Remove), Some(json!([])));
    assert_eq!(finalizers(&["other/one"], Remove), None);
    assert_eq!(finalizers(&["other/one"], Keep), None);
}

#[test]
fn the_intent_is_an_annotation_that_holds_json() {
    let intent = Intent {
        v: 1,
        uid: "u-1".into(),
        n: 2,
        op: IntentOp::Create,
        key: "p/q".into(),
        at: 7,
        targets: Vec::new(),
        hosts_hash: None,
    };
    let patch = meta_patch(&[], &precondition(), FinalizerChange::Keep, Some(&intent)).unwrap();
    let text = patch["metadata"]["annotations"][INTENT_ANNOTATION].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Intent>(text).unwrap(), intent);
}

#[test]
fn answers_are_told_apart() {
    let api = |code: u16| {
        let status = serde_json::from_value(json!({"code": code, "message": "words", "status": "Failure"})).unwrap();
        reply_of(&RequestError::Kube(kube::Error::Api(Box::new(status))))
    };
    assert!(matches!(api(409), KubeReply::Conflict));
    assert!(matches!(api(404), KubeReply::Gone));
    for code in [400, 403, 422] {
        assert!(matches!(api(code), KubeReply::Refused { message } if message == "words"), "{code}");
    }
    for code in [0, 401, 410, 429, 500, 503, 504] {
        assert!(matches!(api(code), KubeReply::Unknown { .. }), "{code}");
    }
    assert!(matches!(reply_of(&RequestError::Timeout), KubeReply::Unknown { .. }));
}
