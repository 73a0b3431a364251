use futures::FutureExt;
use kube::runtime::reflector::ObjectRef;
use serde_json::json;

use super::*;
use crate::api::DliQueue;

type Guarded = Watched<DliQueue>;

fn queue(namespace: &str, name: &str, version: &str) -> Guarded {
    serde_json::from_value(json!({
        "apiVersion": "dli.huaweicloud.com/v1alpha1",
        "kind": "DliQueue",
        "metadata": {
            "namespace": namespace, "name": name, "resourceVersion": version, "uid": format!("uid-{name}"),
            "managedFields": [{"manager": "kubectl"}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "kept"},
        },
        "spec": {"cuCount": 16},
    }))
    .unwrap()
}

fn broken(namespace: &str, name: &str) -> Guarded {
    serde_json::from_value(json!({
        "apiVersion": "dli.huaweicloud.com/v1alpha1",
        "kind": "DliQueue",
        "metadata": {"namespace": namespace, "name": name, "resourceVersion": "9", "uid": format!("uid-{name}")},
        "spec": {"cuCount": "many"},
    }))
    .unwrap()
}

fn said(changes: &[Change<DliQueue>]) -> Vec<String> {
    let mut words: Vec<String> = changes
        .iter()
        .map(|change| match change {
            Change::Touched(reference) => format!("touched {}", reference.name),
            Change::Gone(reference) => format!("gone {}", reference.name),
            Change::Undecodable(broken) => format!("undecodable {}: {}", broken.name, broken.error),
        })
        .collect();
    words.sort();
    words
}

fn started() -> Merger<DliQueue> {
    let mut merger = Merger::new(vec![None]);
    for event in [Event::Init, Event::InitApply(queue("a", "one", "5")), Event::InitApply(queue("b", "two", "6"))] {
        assert!(merger.take(0, event).is_empty());
    }
    assert_eq!(said(&merger.take(0, Event::InitDone)), ["touched one", "touched two"]);
    merger
}

#[test]
fn the_store_is_ready_only_after_the_first_list_of_every_namespace() {
    let mut merger = Merger::<DliQueue>::new(vec![Some("a".into()), Some("b".into())]);
    let store = merger.cache().store().clone();
    merger.take(0, Event::Init);
    merger.take(1, Event::Init);
    merger.take(0, Event::InitApply(queue("a", "one", "5")));
    merger.take(0, Event::InitDone);
    merger.take(0, Event::Apply(queue("a", "late", "7")));
    merger.take(0, Event::Delete(queue("a", "one", "8")));
    assert!(store.wait_until_ready().now_or_never().is_none());
    merger.take(1, Event::InitApply(queue("b", "two", "6")));
    assert_eq!(said(&merger.take(1, Event::InitDone)), ["touched late", "touched two"]);
    assert!(store.wait_until_ready().now_or_never().is_some());
    assert_eq!(store.len(), 2);
}

#[test]
fn managed_fields_and_the_copy_of_kubectl_do_not_reach_the_store() {
    let merger = started();
    let object = merger.cache().get(&ObjectRef::new("one").within("a")).unwrap().unwrap();
    assert_eq!(object.metadata.managed_fields, None);
    assert_eq!(object.annotations().keys().collect::<Vec<_>>(), ["mine"]);
}

#[test]
fn listing_anew_tells_what_vanished_and_leaves_alone_what_is_unchanged() {
    let mut merger = started();
    merger.take(0, Event::Init);
    assert!(merger.take(0, Event::InitApply(queue("a", "one", "5"))).is_empty());
    assert_eq!(said(&merger.take(0, Event::InitApply(queue("b", "three", "9")))), ["touched three"]);
    assert_eq!(said(&merger.take(0, Event::InitDone)), ["gone two"]);
    assert_eq!(merger.cache().store().len(), 2);
}

#[test]
fn listing_one_namespace_anew_says_nothing_about_another() {
    let mut merger = Merger::<DliQueue>::new(vec![Some("a".into()), Some("b".into())]);
    for (source, namespace, name) in [(0, "a", "one"), (1, "b", "two")] {
        merger.take(source, Event::Init);
        merger.take(source, Event::InitApply(queue(namespace, name, "5")));
        merger.take(source, Event::InitDone);
    }
    merger.take(1, Event::Init);
    assert_eq!(said(&merger.take(1, Event::InitDone)), ["gone two"]);
}

#[test]
fn the_store_never_goes_back() {
    let mut merger = started();
    assert!(merger.take(0, Event::Apply(queue("a", "one", "4"))).is_empty());
    assert_eq!(said(&merger.take(0, Event::Apply(queue("a", "one", "10")))), ["touched one"]);
    assert!(merger.take(0, Event::Apply(queue("a", "one", "9"))).is_empty());
}

#[test]
fn an_undecodable_object_is_reported_once_and_leaves_the_store_without_counting_as_gone() {
    let mut merger = started();
    let cache = merger.cache();
    let changes = merger.take(0, Event::Apply(broken("a", "one")));
    assert_eq!(changes.len(), 1);
    assert!(said(&changes)[0].starts_with("undecodable one: "), "{:?}", said(&changes));
    assert_eq!(cache.store().len(), 1);
    assert!(cache.any_broken_in("a") && !cache.any_broken_in("b"));
    assert!(merger.take(0, Event::Apply(broken("a", "one"))).is_empty());
    assert_eq!(said(&merger.take(0, Event::Apply(queue("a", "one", "11")))), ["touched one"]);
    assert!(cache.broken().is_empty());
}

#[test]
fn an_undecodable_object_that_is_deleted_unseen_is_forgotten_at_the_next_list() {
    let mut merger = started();
    merger.take(0, Event::Apply(broken("a", "one")));
    merger.take(0, Event::Init);
    merger.take(0, Event::InitApply(queue("b", "two", "6")));
    assert_eq!(said(&merger.take(0, Event::InitDone)), ["gone one"]);
    assert!(merger.cache().broken().is_empty());
}

#[test]
fn opening_asks_for_every_object_and_triggers_before_that_are_dropped() {
    let merger = started();
    let cache = merger.cache();
    cache.trigger(ObjectRef::new("one").within("a"));
    let mut inbox = cache.open();
    let mut names = Vec::new();
    while let Ok(reference) = inbox.try_recv() {
        names.push(reference.name);
    }
    names.sort();
    assert_eq!(names, ["one", "two"]);
}
