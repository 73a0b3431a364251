//! Performs the Kubernetes side of a pass: reads, guarded writes, events.

use std::{fmt, sync::Arc};

use k8s_openapi::{
    api::core::v1::ObjectReference, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams, PostParams},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;

use crate::{
    api::{DEFAULT_PROJECT, DliProject, DliQueue, EnhancedConnection, FINALIZER, INTENT_ANNOTATION, LocalReference},
    core::{Event, FinalizerChange, Intent, KubeEffect, KubeReply, ObjectKey, ObjectKind, Precondition, Status},
};

use super::{
    compressed::CompressionError,
    events::Events,
    kinds::{Kind, strip},
    kube_request::{FIELD_MANAGER, REQUEST_TIMEOUT},
    metrics::Metrics,
    object_ref::ref_of,
    watch_cache::WatchCache,
};

/// Requests of passes under way at a time. Each takes a connection with buffers of its own, and what those take is hardly
/// ever given back; an API server answers in milliseconds, so more at a time would not be faster.
const AT_A_TIME: usize = 6;
/// Longest text of the API server that is passed on.
const MESSAGE_LIMIT: usize = 512;

/// The watch caches of the three kinds.
#[derive(Clone, Debug)]
pub struct WatchCaches {
    /// Projects.
    pub projects: WatchCache<DliProject>,
    /// Queues.
    pub queues: WatchCache<DliQueue>,
    /// Connections.
    pub connections: WatchCache<EnhancedConnection>,
}

/// Runs an expression with the cache of a kind that is known only at run time.
macro_rules! with_cache {
    ($caches:expr, $kind:expr, $cache:ident => $body:expr) => {
        match $kind {
            ObjectKind::Project => {
                let $cache = &$caches.projects;
                $body
            }
            ObjectKind::Queue => {
                let $cache = &$caches.queues;
                $body
            }
            ObjectKind::Connection => {
                let $cache = &$caches.connections;
                $body
            }
        }
    };
}
pub(super) use with_cache;

/// Performs [`KubeEffect`]s.
pub struct KubeIo {
    client: Client,
    caches: WatchCaches,
    events: Events,
    metrics: Arc<Metrics>,
    turns: Semaphore,
}

impl fmt::Debug for KubeIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KubeIo").field("caches", &self.caches).finish_non_exhaustive()
    }
}

/// A failed request, with the time-out as one more way to fail.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    #[error("the Kubernetes API did not answer in {} s", REQUEST_TIMEOUT.as_secs())]
    Timeout,
    #[error(transparent)]
    Kube(#[from] kube::Error),
}

impl KubeIo {
    /// Puts it together. The client must have its hidden retries switched off.
    pub fn new(client: Client, caches: WatchCaches, events: Events, metrics: Arc<Metrics>) -> Self {
        Self { client, caches, events, metrics, turns: Semaphore::new(AT_A_TIME) }
    }

    /// The watch caches.
    pub fn caches(&self) -> &WatchCaches {
        &self.caches
    }

    /// Where events go.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Performs an effect. It always answers, and within [`REQUEST_TIMEOUT`] for each request.
    pub async fn perform(&self, effect: KubeEffect) -> KubeReply {
        match effect {
            KubeEffect::PatchMeta { key, precondition, finalizer, intent } => {
                let reply = with_cache!(self.caches, key.kind, cache => {
                    self.patch_meta(cache, &key, &precondition, finalizer, intent.as_ref()).await
                });
                self.count(&key, "patch_meta", &reply);
                reply
            }
            KubeEffect::PutStatus { key, precondition, status, events } => {
                let reply = with_cache!(self.caches, key.kind, cache => {
                    self.put_status(cache, &key, &precondition, &status).await
                });
                self.count(&key, "put_status", &reply);
                if matches!(reply, KubeReply::Written(_)) {
                    self.publish(&key, &precondition, events);
                }
                reply
            }
            KubeEffect::GetLive(key) => with_cache!(self.caches, key.kind, cache => self.get_live(cache, &key).await),
            KubeEffect::GetCached(key) => with_cache!(self.caches, key.kind, cache => get_cached(cache, &key)),
            KubeEffect::IsDefinitionTerminating(kind) => self.is_definition_terminating(kind).await,
            KubeEffect::HasDependents(project) => match has_dependents(&self.caches, &project) {
                Ok(has) => KubeReply::Flag(has),
                Err(error) => KubeReply::Unknown { message: cut(&super::chain(&error)) },
            },
        }
    }

    async fn patch_meta<K: Kind>(
        &self,
        cache: &WatchCache<K>,
        key: &ObjectKey,
        precondition: &Precondition,
        finalizer: FinalizerChange,
        intent: Option<&Intent>,
    ) -> KubeReply {
        let api = self.api::<K>(key);
        // The list of finalizers is written whole, so it is computed from exactly the version that the write is
        // guarded by; otherwise the finalizer of somebody else could get lost.
        let cached = match cache.get(&ref_of(key)) {
            Ok(cached) => cached.filter(|object| is_version(object, precondition)),
            Err(error) => return KubeReply::Unknown { message: cut(&super::chain(&error)) },
        };
        let base = match cached {
            Some(object) => object,
            None => match self.within(api.get(&key.name)).await {
                Ok(object) if is_version(&object, precondition) => object,
                Ok(_) => return KubeReply::Conflict,
                Err(error) => return reply_of(&error),
            },
        };
        let patch = match meta_patch(base.finalizers(), precondition, finalizer, intent) {
            Ok(patch) => Patch::Merge(patch),
            Err(error) => return KubeReply::Unknown { message: format!("cannot encode the intent: {error}") },
        };
        written(self.within(api.patch(&key.name, &params(), &patch)).await)
    }

    async fn put_status<K: Kind>(
        &self,
        _cache: &WatchCache<K>,
        key: &ObjectKey,
        precondition: &Precondition,
        status: &Status,
    ) -> KubeReply {
        // The status subresource takes nothing but the status from the body: the spec need not travel.
        let body = match StatusBody::<K>::new(key, precondition, status) {
            Ok(body) => body.0,
            Err(error) => return KubeReply::Unknown { message: format!("cannot encode the status: {error}") },
        };
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        written(self.within(self.api::<K>(key).replace_subresource("status", &key.name, &params, &body)).await)
    }

    async fn get_live<K: Kind>(&self, _cache: &WatchCache<K>, key: &ObjectKey) -> KubeReply {
        match self.within(self.api::<K>(key).get_opt(&key.name)).await {
            Ok(object) => KubeReply::Object(object.map(|mut object| {
                strip(&mut object);
                object.into_object()
            })),
            Err(error) => unknown(&error),
        }
    }

    async fn is_definition_terminating(&self, kind: ObjectKind) -> KubeReply {
        let api = Api::<CustomResourceDefinition>::all(self.client.clone());
        match self.within(api.get_metadata_opt(kind.crd_name())).await {
            Ok(None) => KubeReply::Flag(true),
            Ok(Some(definition)) => KubeReply::Flag(definition.metadata.deletion_timestamp.is_some()),
            Err(error) => unknown(&error),
        }
    }

    fn publish(&self, key: &ObjectKey, precondition: &Precondition, events: Vec<Event>) {
        for event in events {
            let regarding = with_cache!(self.caches, key.kind, cache => reference(cache, key, &precondition.uid));
            self.events.publish(key.kind, event.into(), regarding);
        }
    }

    /// Makes a request when it is its turn. Waiting for that counts: whoever asked relies on [`REQUEST_TIMEOUT`].
    async fn within<T>(&self, request: impl Future<Output = kube::Result<T>>) -> Result<T, RequestError> {
        let in_turn = async {
            let _turn = self.turns.acquire().await;
            request.await
        };
        match tokio::time::timeout(REQUEST_TIMEOUT, in_turn).await {
            Ok(result) => Ok(result?),
            Err(_) => Err(RequestError::Timeout),
        }
    }

    fn api<K: Kind>(&self, key: &ObjectKey) -> Api<K> {
        Api::namespaced(self.client.clone(), &key.namespace)
    }

    fn count(&self, key: &ObjectKey, verb: &'static str, reply: &KubeReply) {
        let result = match reply {
            KubeReply::Written(_) => "written",
            KubeReply::Conflict => "conflict",
            KubeReply::Gone => "gone",
            KubeReply::Refused { .. } => "refused",
            KubeReply::Unknown { .. } | KubeReply::Object(_) | KubeReply::Flag(_) => "unknown",
        };
        self.metrics.kube_write(key.kind, verb, result);
        match reply {
            KubeReply::Refused { message } | KubeReply::Unknown { message } => {
                tracing::warn!(verb, result, message, "a write of the Kubernetes API failed");
            }
            _ => tracing::debug!(verb, result, "wrote to the Kubernetes API"),
        }
    }
}

fn params() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

fn is_version<K: Resource>(object: &K, precondition: &Precondition) -> bool {
    object.meta().resource_version.as_deref() == Some(&*precondition.resource_version)
        && object.meta().uid.as_deref() == Some(&*precondition.uid)
}

/// The body of the one metadata PATCH: `uid` and `resourceVersion` make the API server refuse it for another
/// incarnation or version.
fn meta_patch(
    finalizers: &[String],
    precondition: &Precondition,
    change: FinalizerChange,
    intent: Option<&Intent>,
) -> Result<Value, serde_json::Error> {
    let mut meta = Map::new();
    meta.insert("uid".to_owned(), json!(&*precondition.uid));
    meta.insert("resourceVersion".to_owned(), json!(&*precondition.resource_version));
    let foreign = finalizers.iter().map(String::as_str).filter(|name| *name != FINALIZER);
    let present = finalizers.iter().any(|name| name == FINALIZER);
    match change {
        FinalizerChange::Add if !present => {
            meta.insert("finalizers".to_owned(), foreign.chain([FINALIZER]).collect());
        }
        FinalizerChange::Remove if present => {
            meta.insert("finalizers".to_owned(), foreign.collect());
        }
        FinalizerChange::Keep | FinalizerChange::Add | FinalizerChange::Remove => {}
    }
    if let Some(intent) = intent {
        meta.insert("annotations".to_owned(), json!({ INTENT_ANNOTATION: serde_json::to_string(intent)? }));
    }
    Ok(json!({ "metadata": meta }))
}

/// Body of a replacement of the status.
struct StatusBody<K>(Value, std::marker::PhantomData<K>);

impl<K: Kind> StatusBody<K> {
    fn new(key: &ObjectKey, precondition: &Precondition, status: &Status) -> Result<Self, serde_json::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Any<'a> {
            Project(&'a crate::api::DliProjectStatus),
            Queue(&'a crate::api::DliQueueStatus),
            Connection(&'a crate::api::EnhancedConnectionStatus),
        }
        let status = serde_json::to_value(match status {
            Status::Project(status) => Any::Project(status),
            Status::Queue(status) => Any::Queue(status),
            Status::Connection(status) => Any::Connection(status),
        })?;
        let body = json!({
            "apiVersion": K::api_version(&()),
            "kind": K::kind(&()),
            "metadata": {
                "namespace": &*key.namespace,
                "name": &*key.name,
                "uid": &*precondition.uid,
                "resourceVersion": &*precondition.resource_version,
            },
            "status": status,
        });
        Ok(Self(body, std::marker::PhantomData))
    }
}

fn written<K: Kind>(result: Result<K, RequestError>) -> KubeReply {
    match result {
        // The write that takes the last finalizer of a deleted object removes it, and the answer shows it once more.
        Ok(object) if object.meta().deletion_timestamp.is_some() && object.finalizers().is_empty() => {
            KubeReply::Written(None)
        }
        Ok(mut object) => {
            strip(&mut object);
            KubeReply::Written(Some(object.into_object()))
        }
        Err(error) => reply_of(&error),
    }
}

/// What a failed write means. Everything that is not a clear answer is `Unknown`: the write may have been applied.
/// Code 0 is what a proxy's `{}` decodes to.
fn reply_of(error: &RequestError) -> KubeReply {
    match error {
        RequestError::Kube(kube::Error::Api(status)) => match status.code {
            409 => KubeReply::Conflict,
            404 => KubeReply::Gone,
            400 | 403 | 422 => KubeReply::Refused { message: cut(&status.message) },
            _ => unknown(error),
        },
        _ => unknown(error),
    }
}

fn unknown(error: &RequestError) -> KubeReply {
    KubeReply::Unknown { message: cut(&super::chain(error)) }
}

fn cut(text: &str) -> String {
    super::cut(text, MESSAGE_LIMIT)
}

fn get_cached<K: Kind>(cache: &WatchCache<K>, key: &ObjectKey) -> KubeReply {
    match cache.get(&ref_of(key)) {
        Ok(object) => KubeReply::Object(object.map(K::into_object)),
        Err(error) => KubeReply::Unknown { message: cut(&super::chain(&error)) },
    }
}

/// Whether a queue or a connection refers to the project, or might: what one that could not be decoded refers to,
/// nobody knows.
fn has_dependents(caches: &WatchCaches, project: &ObjectKey) -> Result<bool, CompressionError> {
    let namespace = &*project.namespace;
    let refers = |reference: Option<&LocalReference>| {
        reference.map_or(DEFAULT_PROJECT, |reference| &reference.name) == &*project.name
    };
    Ok(caches.queues.any_broken_in(namespace)
        || caches.connections.any_broken_in(namespace)
        || caches.queues.any_in(namespace, |queue| refers(queue.spec.project_ref.as_ref()))?
        || caches.connections.any_in(namespace, |connection| refers(connection.spec.project_ref.as_ref()))?)
}

/// What events are about.
pub(super) fn reference<K: Kind>(_cache: &WatchCache<K>, key: &ObjectKey, uid: &str) -> ObjectReference {
    ObjectReference {
        api_version: Some(K::api_version(&()).into_owned()),
        kind: Some(K::kind(&()).into_owned()),
        namespace: Some(key.namespace.to_string()),
        name: Some(key.name.to_string()),
        uid: Some(uid.to_owned()),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests;
