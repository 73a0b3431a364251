//! The Kubernetes side: making objects, watching them, and what the API server has counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::http::Request;
use futures::{StreamExt, TryStreamExt, stream};
use kube::{
    Api, Client, Config,
    api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    runtime::{
        WatchStreamExt,
        watcher::{self, Event, watcher},
    },
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    control_plane::ControlPlane,
    processes::{ACCESS_KEY, PROJECT, REGION, SECRET_KEY},
};

/// Requests of the bench under way at a time.
const AT_ONCE: usize = 16;

/// The two kinds that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Queue,
    Connection,
}

impl Kind {
    pub const BOTH: [Self; 2] = [Self::Queue, Self::Connection];

    pub fn plural(self) -> &'static str {
        match self {
            Self::Queue => "dliqueues",
            Self::Connection => "enhancedconnections",
        }
    }

    fn resource(self) -> ApiResource {
        let kind = match self {
            Self::Queue => "DliQueue",
            Self::Connection => "EnhancedConnection",
        };
        ApiResource {
            group: "dli.huaweicloud.com".into(),
            version: "v1alpha1".into(),
            api_version: "dli.huaweicloud.com/v1alpha1".into(),
            kind: kind.into(),
            plural: self.plural().into(),
        }
    }
}

/// Milliseconds since the epoch, the clock that the simulator uses too.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// What a watch of the bench's own has seen of an object.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// When it was first Ready.
    pub ready_at: Option<i64>,
    /// When `status.drift` was first not empty.
    pub drift_at: Option<i64>,
    /// When each generation was first seen.
    pub generations: BTreeMap<i64, i64>,
    /// What its status said that it waits for, of what others have to do.
    pub waits: BTreeSet<String>,
}

type Sight = BTreeMap<(Kind, String), Seen>;

/// A namespace of its own.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    namespace: String,
    sight: Arc<Mutex<Sight>>,
    /// Ends the watches with the last copy of this.
    _watches: Arc<JoinSet<()>>,
}

/// Successful requests of the API server by verb, resource and subresource.
pub type Requests = BTreeMap<(String, String, String), u64>;

impl Cluster {
    /// A namespace with credentials and a project, and a watch on each kind.
    pub async fn new(control_plane: &ControlPlane, namespace: &str) -> Self {
        let kubeconfig = Kubeconfig::read_from(control_plane.kubeconfig()).expect("a kubeconfig");
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
        let client = Client::try_from(config.expect("a configuration")).expect("a client");
        let sight: Arc<Mutex<Sight>> = Arc::default();
        let mut watches = JoinSet::new();
        for kind in Kind::BOTH {
            let api = Api::namespaced_with(client.clone(), namespace, &kind.resource());
            watches.spawn(watch(api, kind, Arc::clone(&sight)));
        }
        let cluster = Self { client, namespace: namespace.to_owned(), sight, _watches: Arc::new(watches) };
        let yaml = format!(
            "{{apiVersion: v1, kind: Secret, metadata: {{name: dli-credentials}}, stringData: {{accessKey: {ACCESS_KEY}, \
             secretKey: {SECRET_KEY}}}}}\n---\n{{apiVersion: dli.huaweicloud.com/v1alpha1, kind: DliProject, metadata: \
             {{name: default}}, spec: {{cloud: simulator, region: {REGION}, projectId: {PROJECT}}}}}\n"
        );
        let output = control_plane.apply(namespace, &yaml);
        assert!(output.status.success(), "{}", crate::control_plane::words(&output));
        cluster
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    fn api(&self, kind: Kind) -> Api<DynamicObject> {
        Api::namespaced_with(self.client.clone(), &self.namespace, &kind.resource())
    }

    /// What was seen so far.
    pub fn sight(&self) -> MutexGuard<'_, Sight> {
        lock(&self.sight)
    }

    /// How many objects have been Ready.
    pub fn ready(&self) -> usize {
        self.sight().values().filter(|seen| seen.ready_at.is_some()).count()
    }

    /// How many waits the objects of a kind were told to be in, two of each at the most.
    pub fn waits(&self, kind: Kind) -> usize {
        self.sight().iter().filter(|((of, _), _)| *of == kind).map(|(_, seen)| seen.waits.len().min(2)).sum()
    }

    /// Makes `n` queues and, if asked to, a connection for each.
    pub async fn create(&self, names: &[String], connections: bool) {
        let (queues, peers) = (self.api(Kind::Queue), self.api(Kind::Connection));
        stream::iter(names)
            .for_each_concurrent(AT_ONCE, |name| {
                let (queues, peers) = (&queues, &peers);
                async move {
                    create(queues, &queue(name)).await;
                    if connections {
                        create(peers, &connection(name)).await;
                    }
                }
            })
            .await;
    }

    /// Replaces the hosts of a connection; gives its new generation.
    pub async fn set_hosts(&self, name: &str, ip: &str) -> i64 {
        let patch = Patch::Merge(json!({"spec": {"hosts": [{"name": "bench", "ip": ip}]}}));
        let patched = self.api(Kind::Connection).patch(name, &PatchParams::default(), &patch).await;
        patched.expect("an edit").metadata.generation.unwrap_or(0)
    }

    /// Deletes these pairs.
    pub async fn delete(&self, names: &[String]) {
        for kind in [Kind::Connection, Kind::Queue] {
            let api = self.api(kind);
            let parameters = DeleteParams::default();
            let deletions = stream::iter(names).map(Ok).try_for_each_concurrent(AT_ONCE, |name| {
                let (api, parameters) = (&api, &parameters);
                async move { api.delete(name, parameters).await.map(|_| ()) }
            });
            deletions.await.expect("a deletion");
        }
    }

    /// What the API server has counted, reads left out.
    pub async fn requests(&self) -> Requests {
        let request = Request::get("/metrics").body(Vec::new()).expect("a request");
        let text = self.client.request_text(request).await.expect("the API server's metrics");
        let mut found = Requests::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("apiserver_request_total{")) {
            let Some((labels, value)) = line.rsplit_once("} ") else { continue };
            let label = |name: &str| {
                let from = labels.split_once(&format!("{name}=\"")).map_or("", |(_, rest)| rest);
                from.split('"').next().unwrap_or_default().to_owned()
            };
            let ours = ["dli.huaweicloud.com", "events.k8s.io"].contains(&label("group").as_str());
            if ours && label("code").starts_with('2') && ["POST", "PUT", "PATCH"].contains(&label("verb").as_str()) {
                let key = (label("verb"), label("resource"), label("subresource"));
                *found.entry(key).or_default() += value.parse::<f64>().unwrap_or(0.0) as u64;
            }
        }
        found
    }
}

fn lock(sight: &Mutex<Sight>) -> MutexGuard<'_, Sight> {
    sight.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes what happens to the objects of a kind.
async fn watch(api: Api<DynamicObject>, kind: Kind, sight: Arc<Mutex<Sight>>) {
    let events = watcher(api, watcher::Config::default()).default_backoff();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => note(&mut lock(&sight), kind, &object),
            Ok(Event::Delete(object)) => {
                lock(&sight).remove(&(kind, object.metadata.name.unwrap_or_default()));
            }
            Ok(Event::Init | Event::InitDone) => {}
            Err(error) => eprintln!("  the bench's own watch: {error}"),
        }
    }
}

fn note(sight: &mut Sight, kind: Kind, object: &DynamicObject) {
    let now = now();
    let status = &object.data["status"];
    let conditions = status["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let ready = conditions.iter().any(|c| c["type"] == "Ready" && c["status"] == "True");
    let drifts = status["drift"].as_array().is_some_and(|drift| !drift.is_empty());
    let seen = sight.entry((kind, object.metadata.name.clone().unwrap_or_default())).or_default();
    if ready {
        seen.ready_at.get_or_insert(now);
    }
    if drifts {
        seen.drift_at.get_or_insert(now);
    }
    let waits = conditions.iter().filter(|c| c["type"] == "Ready" && c["reason"] == "WaitingForDependency");
    seen.waits.extend(waits.filter_map(|c| c["message"].as_str()).map(ToOwned::to_owned));
    seen.generations.entry(object.metadata.generation.unwrap_or(0)).or_insert(now);
}

/// What was counted between two looks, of those that `select` takes by verb, resource and subresource.
pub fn between(before: &Requests, after: &Requests, select: impl Fn(&str, &str, &str) -> bool) -> u64 {
    let chosen = after.iter().filter(|((verb, resource, subresource), _)| select(verb, resource, subresource));
    chosen.map(|(key, count)| count - before.get(key).copied().unwrap_or(0)).sum()
}

async fn create(api: &Api<DynamicObject>, object: &Value) {
    let object: DynamicObject = serde_json::from_value(object.clone()).expect("an object");
    api.create(&PostParams::default(), &object).await.expect("a new object");
}

fn queue(name: &str) -> Value {
    json!({
        "apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": "DliQueue",
        "metadata": {"name": name}, "spec": {"cuCount": 16}
    })
}

fn connection(name: &str) -> Value {
    json!({
        "apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": "EnhancedConnection",
        "metadata": {"name": name},
        "spec": {
            "destVpcId": "22094d8f-c310-4621-913d-4c4d655d8495", "destNetworkId": "78f2562a-36e4-4b39-95b9-f5aab22e1281",
            "queues": [{"ref": {"name": name}}]
        }
    })
}
