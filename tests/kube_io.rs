//! What the controller writes and reads, on a real API server with the rights of the operator's own account.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use dli_operator::{
    api::{DliProject, DliQueue, DliQueueStatus, EnhancedConnection, FINALIZER, INTENT_ANNOTATION},
    controller::{
        connect,
        events::Events,
        kinds::Kind,
        kube_io::{KubeIo, WatchCaches},
        metrics::Metrics,
        reconcile::ReconcileError,
        watch_cache::{Change, Merger},
        watch_tasks::{Observer, watch_kind},
    },
    core::{
        Event, FinalizerChange, Intent, IntentOp, KubeEffect, KubeReply, Object, ObjectKey, ObjectKind, Precondition,
        Status,
    },
};
use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};
use kube::{ResourceExt, runtime::watcher};
use serde_json::json;
use support::control_plane::{ControlPlane, words};
use tokio::time::sleep;

const QUEUE: &str = "
apiVersion: dli.huaweicloud.com/v1alpha1
kind: DliQueue
metadata: {name: etl, finalizers: [example.com/other]}
spec: {cuCount: 16}
";

struct Nobody;

impl<K: Kind> Observer<K> for Nobody {
    fn changed(&mut self, _change: &Change<K>) -> Result<(), ReconcileError> {
        Ok(())
    }

    fn failed(&mut self, error: &watcher::Error) {
        panic!("{error}");
    }

    fn counted(&mut self, _objects: usize, _ready: bool) {}
}

struct Setup {
    cluster: &'static ControlPlane,
    namespace: String,
    io: KubeIo,
}

impl Setup {
    async fn new(prefix: &'static str) -> Self {
        let (cluster, namespace, kubeconfig) = tokio::task::spawn_blocking(move || {
            let cluster = ControlPlane::shared();
            (cluster, cluster.new_namespace(prefix), cluster.service_account_kubeconfig())
        })
        .await
        .unwrap();
        let client = connect(Some(&kubeconfig)).await.unwrap();
        let namespaces = vec![Some(namespace.clone())];
        let (projects, queues, connections) =
            (Merger::new(namespaces.clone()), Merger::new(namespaces.clone()), Merger::new(namespaces.clone()));
        let caches =
            WatchCaches { projects: projects.cache(), queues: queues.cache(), connections: connections.cache() };
        tokio::spawn(watch_kind::<DliProject>(client.clone(), namespaces.clone(), projects, Nobody));
        tokio::spawn(watch_kind::<DliQueue>(client.clone(), namespaces.clone(), queues, Nobody));
        tokio::spawn(watch_kind::<EnhancedConnection>(client.clone(), namespaces.clone(), connections, Nobody));
        let metrics = Arc::new(Metrics::new());
        let events = Events::start(client.clone(), "test".to_owned(), Arc::clone(&metrics));
        Self { cluster, namespace, io: KubeIo::new(client, caches, events, metrics) }
    }

    fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::new(ObjectKind::Queue, &self.namespace, name)
    }

    fn apply(&self, yaml: &str) {
        let output = self.cluster.apply(&self.namespace, yaml);
        assert!(output.status.success(), "{}", words(&output));
    }

    async fn live(&self, name: &str) -> Arc<DliQueue> {
        match self.io.perform(KubeEffect::GetLive(self.key(name))).await {
            KubeReply::Object(Some(Object::Queue(queue))) => queue,
            other => panic!("{other:?}"),
        }
    }

    async fn cached(&self, key: ObjectKey, version: &str) -> Object {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let KubeReply::Object(Some(object)) = self.io.perform(KubeEffect::GetCached(key.clone())).await {
                let found = match &object {
                    Object::Project(project) => project.resource_version(),
                    Object::Queue(queue) => queue.resource_version(),
                    Object::Connection(connection) => connection.resource_version(),
                };
                if version.is_empty() || found.as_deref() == Some(version) {
                    return object;
                }
            }
            assert!(Instant::now() < deadline, "{key} never came");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn patch(&self, of: &Precondition, finalizer: FinalizerChange, intent: Option<Intent>) -> KubeReply {
        let key = self.key("etl");
        self.io.perform(KubeEffect::PatchMeta { key, precondition: of.clone(), finalizer, intent }).await
    }

    async fn put(&self, of: &Precondition, status: DliQueueStatus, events: Vec<Event>) -> KubeReply {
        let (key, status) = (self.key("etl"), Status::Queue(Box::new(status)));
        self.io.perform(KubeEffect::PutStatus { key, precondition: of.clone(), status, events }).await
    }
}

fn precondition(queue: &DliQueue) -> Precondition {
    Precondition { uid: queue.uid().unwrap().into(), resource_version: queue.resource_version().unwrap().into() }
}

fn written(reply: KubeReply) -> Arc<DliQueue> {
    match reply {
        KubeReply::Written(Some(Object::Queue(queue))) => queue,
        other => panic!("{other:?}"),
    }
}

fn intent(queue: &DliQueue) -> Intent {
    Intent {
        v: 1,
        uid: queue.uid().unwrap(),
        n: 1,
        op: IntentOp::Create,
        key: "p/etl".into(),
        at: 1,
        targets: Vec::new(),
        hosts_hash: None,
    }
}

fn condition(reason: &str) -> Condition {
    Condition {
        type_: "Ready".into(),
        status: "False".into(),
        reason: reason.into(),
        message: "words".into(),
        last_transition_time: Time(Timestamp::from_second(1_700_000_000).unwrap()),
        observed_generation: Some(1),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_is_written_once_guarded_and_beside_what_others_wrote() {
    let setup = Setup::new("meta").await;
    setup.apply(QUEUE);
    let first = setup.live("etl").await;
    let before = precondition(&first);

    // From the cache or, where that has another version, from a live read.
    let second = written(setup.patch(&before, FinalizerChange::Add, Some(intent(&first))).await);
    assert_eq!(second.finalizers(), ["example.com/other", FINALIZER]);
    let annotation = &second.annotations()[INTENT_ANNOTATION];
    assert_eq!(serde_json::from_str::<Intent>(annotation).unwrap(), intent(&first));
    assert_eq!(second.metadata.managed_fields, None);
    assert_eq!(second.metadata.generation, first.metadata.generation);

    assert!(matches!(setup.patch(&before, FinalizerChange::Remove, None).await, KubeReply::Conflict));
    setup.cached(setup.key("etl"), &second.resource_version().unwrap()).await;
    assert!(matches!(setup.patch(&before, FinalizerChange::Remove, None).await, KubeReply::Conflict));
    let foreign = Precondition { uid: "another".into(), ..precondition(&second) };
    assert!(matches!(setup.patch(&foreign, FinalizerChange::Keep, None).await, KubeReply::Conflict));

    let third = written(setup.patch(&precondition(&second), FinalizerChange::Remove, None).await);
    assert_eq!(third.finalizers(), ["example.com/other"]);
    assert!(third.annotations().contains_key(INTENT_ANNOTATION), "never cleared");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taking_the_last_finalizer_of_a_deleted_object_removes_it() {
    let setup = Setup::new("last").await;
    setup.apply(&QUEUE.replace(", finalizers: [example.com/other]", ""));
    let queue = setup.live("etl").await;
    let queue = written(setup.patch(&precondition(&queue), FinalizerChange::Add, None).await);
    setup.cluster.must(["-n", &setup.namespace, "delete", "dliq/etl", "--wait=false"]);
    assert!(matches!(setup.patch(&precondition(&queue), FinalizerChange::Remove, None).await, KubeReply::Conflict));
    let queue = setup.live("etl").await;
    assert!(queue.metadata.deletion_timestamp.is_some());
    let now = precondition(&queue);
    assert!(matches!(setup.patch(&now, FinalizerChange::Remove, None).await, KubeReply::Written(None)));
    assert!(matches!(setup.patch(&now, FinalizerChange::Remove, None).await, KubeReply::Gone));
    assert!(matches!(
        setup.put(&now, DliQueueStatus::default(), Vec::new()).await,
        KubeReply::Gone | KubeReply::Conflict
    ));
    let key = setup.key("etl");
    assert!(matches!(setup.io.perform(KubeEffect::GetLive(key)).await, KubeReply::Object(None)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_is_replaced_whole_and_leaves_the_spec_alone() {
    let setup = Setup::new("status").await;
    setup.apply(QUEUE);
    let first = setup.live("etl").await;
    let status = DliQueueStatus {
        observed_generation: Some(1),
        conditions: vec![condition("Allocating")],
        queue_id: Some(7),
        ..DliQueueStatus::default()
    };
    let event = Event { warning: true, reason: "Allocating", action: "Create", note: "é".repeat(1_000) };
    let second = written(setup.put(&precondition(&first), status.clone(), vec![event]).await);
    assert_eq!(second.status.as_ref(), Some(&status));
    assert_eq!((&second.spec, second.finalizers()), (&first.spec, first.finalizers()));
    assert!(matches!(setup.put(&precondition(&first), status.clone(), Vec::new()).await, KubeReply::Conflict));
    let foreign = Precondition { uid: "another".into(), ..precondition(&second) };
    assert!(matches!(setup.put(&foreign, status.clone(), Vec::new()).await, KubeReply::Conflict));

    let third = DliQueueStatus { queue_id: None, ..status.clone() };
    let third = written(setup.put(&precondition(&second), third, Vec::new()).await);
    assert_eq!(third.status.as_ref().unwrap().queue_id, None, "what is left out is gone");
    // Equal to what is there: no new version, so no event and no pass.
    let again = third.status.clone().unwrap();
    let fourth = written(setup.put(&precondition(&third), again, Vec::new()).await);
    assert_eq!(fourth.resource_version(), third.resource_version());

    let bad = DliQueueStatus { conditions: vec![condition("Twice"), condition("Twice")], ..status };
    match setup.put(&precondition(&fourth), bad, Vec::new()).await {
        KubeReply::Refused { message } => assert!(message.contains("Duplicate value"), "{message}"),
        other => panic!("{other:?}"),
    }

    let deadline = Instant::now() + Duration::from_secs(10);
    let event = loop {
        let events = setup.cluster.get(&setup.namespace, "events.events.k8s.io");
        if let Some(event) = events["items"].get(0) {
            break event.clone();
        }
        assert!(Instant::now() < deadline, "no event");
        sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(
        (&event["reason"], &event["type"], &event["action"]),
        (&json!("Allocating"), &json!("Warning"), &json!("Create"))
    );
    assert_eq!(event["regarding"]["uid"], json!(first.uid().unwrap()));
    let note = event["note"].as_str().unwrap();
    assert!(note.len() <= 1024 && note.ends_with("é…"), "{note}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dependents_are_found_by_the_project_they_name_or_by_default() {
    let setup = Setup::new("dependents").await;
    let has = async |name: &str| {
        let project = ObjectKey::new(ObjectKind::Project, &setup.namespace, name);
        match setup.io.perform(KubeEffect::HasDependents(project)).await {
            KubeReply::Flag(flag) => flag,
            other => panic!("{other:?}"),
        }
    };
    assert!(!has("default").await && !has("second").await);
    setup.apply(QUEUE);
    setup.cached(setup.key("etl"), "").await;
    assert!(has("default").await && !has("second").await);
    setup.apply(
        "{apiVersion: dli.huaweicloud.com/v1alpha1, kind: EnhancedConnection, metadata: {name: c}, spec: {projectRef: \
         {name: second}, destVpcId: 22094d8f-c310-4621-913d-4c4d655d8495, destNetworkId: \
         78f2562a-36e4-4b39-95b9-f5aab22e1281}}",
    );
    setup.cached(ObjectKey::new(ObjectKind::Connection, &setup.namespace, "c"), "").await;
    assert!(has("second").await && !has("third").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_definition_that_is_there_is_not_terminating() {
    let setup = Setup::new("definition").await;
    for kind in ObjectKind::ALL {
        let reply = setup.io.perform(KubeEffect::IsDefinitionTerminating(kind)).await;
        assert!(matches!(reply, KubeReply::Flag(false)), "{reply:?}");
    }
}
