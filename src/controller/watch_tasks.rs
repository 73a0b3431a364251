//! The tasks that keep the watch caches and the cache of the credentials.

use std::sync::Arc;

use futures::{FutureExt, Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    runtime::{
        WatchStreamExt,
        events::{Event, EventType},
        watcher,
    },
};

use crate::{api::CREDENTIALS_SECRET, core::ObjectKey};

use super::{
    clock,
    http::Health,
    kinds::Kind,
    kube_io,
    object_ref::key_of,
    reconcile::{ReconcileError, Runner},
    secrets::SecretReader,
    watch_cache::{Broken, Change, Merger, WatchCache},
    watch_decode::Watched,
};

/// Name of the credentials among what is watched.
pub(super) const SECRETS: &str = "Secret";

/// Is told what the watches of a kind see.
pub trait Observer<K: Kind>: Send {
    /// An object has changed or gone. The watch ends with an error.
    fn changed(&mut self, change: &Change<K>) -> Result<(), ReconcileError>;
    /// A watch broke off; it is repeated.
    fn failed(&mut self, error: &watcher::Error);
    /// So many objects are in the store, and whether all first lists have been read.
    fn counted(&mut self, objects: usize, ready: bool);
}

/// Watches a kind in these namespaces (`None`: all), keeps its store and asks for passes. It ends only when the
/// observer says so.
pub async fn watch_kind<K: Kind>(
    client: Client,
    namespaces: Vec<Option<String>>,
    mut merger: Merger<K>,
    mut observer: impl Observer<K>,
) -> ReconcileError {
    let cache = merger.cache();
    let apis = namespaces.iter().map(|namespace| match namespace {
        Some(namespace) => Api::<Watched<K>>::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    });
    let mut events = merge(apis.map(|api| watcher(api, watcher::Config::default())));
    let mut failures = Failures::default();
    while let Some((source, event)) = events.next().await {
        let event = match event {
            Ok(event) => event,
            Err(error) => {
                observer.failed(&error);
                failures.report(K::KIND.as_str(), &error);
                continue;
            }
        };
        failures.over(K::KIND.as_str());
        for change in merger.take(source, event) {
            if let Err(error) = observer.changed(&change) {
                return error;
            }
            if let Change::Touched(reference) = change {
                cache.trigger(reference);
            }
        }
        observer.counted(cache.store().len(), cache.store().wait_until_ready().now_or_never().is_some());
    }
    ReconcileError::Stopping
}

/// Passes on to the state, the metrics, the probes and the log what the watches of a kind see.
pub(super) struct RunnerObserver<K: Kind> {
    runner: Arc<Runner>,
    health: Arc<Health>,
    cache: WatchCache<K>,
    ready: bool,
}

impl<K: Kind> RunnerObserver<K> {
    pub(super) fn new(runner: &Arc<Runner>, health: &Arc<Health>, cache: WatchCache<K>) -> Self {
        Self { runner: Arc::clone(runner), health: Arc::clone(health), cache, ready: false }
    }
}

impl<K: Kind> Observer<K> for RunnerObserver<K> {
    fn changed(&mut self, change: &Change<K>) -> Result<(), ReconcileError> {
        match change {
            Change::Touched(_) => Ok(()),
            Change::Gone(reference) => self.runner.tell(|state| state.forget(&key_of(reference), clock::now())),
            Change::Undecodable(broken) => {
                self.runner.metrics().decode_failure(K::KIND);
                tracing::warn!(
                    kind = K::KIND.as_str(),
                    namespace = broken.namespace,
                    object = broken.name,
                    error = broken.error,
                    "an object cannot be decoded and is left alone until it is changed"
                );
                publish_broken(&self.runner, &self.cache, broken);
                Ok(())
            }
        }
    }

    fn failed(&mut self, _error: &watcher::Error) {
        self.runner.metrics().watch_failure(K::KIND.as_str());
    }

    fn counted(&mut self, objects: usize, ready: bool) {
        self.runner.metrics().objects(K::KIND, objects);
        if ready && !self.ready {
            self.ready = true;
            tracing::info!(kind = K::KIND.as_str(), objects, "first list read");
            self.health.synced(K::KIND.as_str());
        }
    }
}

/// Tells the user about an object that could not be decoded. The status of it is not touched: nobody here knows its
/// shape.
pub(super) fn publish_broken<K: Kind>(runner: &Runner, cache: &WatchCache<K>, broken: &Broken) {
    if !runner.is_leading() {
        return;
    }
    let key = ObjectKey::new(K::KIND, &broken.namespace, &broken.name);
    let event = Event {
        type_: EventType::Warning,
        reason: "Undecodable".to_owned(),
        action: "Decode".to_owned(),
        note: Some(super::cut(
            &format!(
                "This version of the operator cannot read the object and leaves it alone: {}. Correct the field, or \
                 install the operator that belongs to the installed custom resource definitions.",
                broken.error
            ),
            1024,
        )),
        secondary: None,
    };
    runner.kube().events().publish(K::KIND, event, kube_io::reference(cache, &key, &broken.uid));
}

/// Watches the Secrets with the credentials. It ends only when the state is broken.
pub(super) async fn watch_secrets(
    client: Client,
    namespaces: Vec<Option<String>>,
    mut reader: SecretReader,
    runner: Arc<Runner>,
    health: Arc<Health>,
) -> ReconcileError {
    let apis = namespaces.iter().map(|namespace| match namespace {
        Some(namespace) => Api::<Secret>::namespaced(client.clone(), namespace),
        None => Api::all(client.clone()),
    });
    // With this selector the API server asks for rights on this one name only.
    let selector = format!("metadata.name={CREDENTIALS_SECRET}");
    let mut events = merge(apis.map(|api| watcher(api, watcher::Config::default().fields(&selector))));
    let mut failures = Failures::default();
    let mut ready = false;
    while let Some((source, event)) = events.next().await {
        match event {
            Ok(event) => {
                failures.over(SECRETS);
                for namespace in reader.take(source, event) {
                    tracing::info!(namespace, "the credentials have changed");
                    if let Err(error) = runner.tell(|state| state.credential_changed(&namespace)) {
                        return error;
                    }
                }
            }
            Err(error) => {
                runner.metrics().watch_failure(SECRETS);
                failures.report(SECRETS, &error);
            }
        }
        if !ready && reader.is_ready() {
            ready = true;
            health.synced(SECRETS);
        }
    }
    ReconcileError::Stopping
}

type Told<T> = (usize, Result<watcher::Event<T>, watcher::Error>);

/// The events of several watches, each with the number of its watch and each repeated with its own back-off.
fn merge<T, W>(watches: impl Iterator<Item = W>) -> impl Stream<Item = Told<T>> + Unpin
where
    W: Stream<Item = Result<watcher::Event<T>, watcher::Error>> + Send + 'static,
    T: Send + 'static,
{
    stream::select_all(
        watches.enumerate().map(|(source, watch)| watch.default_backoff().map(move |event| (source, event)).boxed()),
    )
}

/// Says once that a watch fails and why, and once that it works again.
#[derive(Default)]
struct Failures(Option<String>);

impl Failures {
    fn report(&mut self, kind: &'static str, error: &watcher::Error) {
        let text = super::chain(error);
        if self.0.as_ref() != Some(&text) {
            tracing::warn!(kind, error = text, "a watch failed; watching again");
            self.0 = Some(text);
        }
    }

    fn over(&mut self, kind: &'static str) {
        if self.0.take().is_some() {
            tracing::info!(kind, "watching again");
        }
    }
}
