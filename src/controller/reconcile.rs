//! Runs passes: one step under the lock of the state, one effect without it, until the pass is over.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use kube::runtime::controller::{self, Action, Controller};
use tracing::Instrument;

use crate::core::{self, Effect, Input, Next, Object, ObjectKey, ObjectKind, OperatorState, Outcome, Pass, Step};

use super::{
    clock,
    cloud_io::CloudIo,
    compressed::{Compressed, CompressionError},
    kinds::Kind,
    kube_io::{KubeIo, with_cache},
    metrics::Metrics,
    object_ref::{key_of, ref_of, ref_to},
    secrets::CredentialCache,
    watch_cache::WatchCache,
};

/// Everything that a pass needs.
#[derive(Debug)]
pub struct Runner {
    state: Mutex<OperatorState>,
    kube: KubeIo,
    cloud: CloudIo,
    credentials: Arc<CredentialCache>,
    metrics: Arc<Metrics>,
    stopping: AtomicBool,
    leading: AtomicBool,
}

/// Why a pass was given up.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// A step panicked and may have left the state half-changed. Nothing is decided from it any more; the process ends.
    #[error("an earlier pass panicked while it held the state")]
    Broken,
    /// The process is being stopped. To the protocol this is a crash between two effects, which it can take anywhere.
    #[error("the operator is being stopped")]
    Stopping,
    /// The object cannot be read out of the watch cache. There is another try when it changes.
    #[error(transparent)]
    Compression(#[from] CompressionError),
}

impl Runner {
    /// Puts it together.
    pub fn new(
        state: OperatorState,
        kube: KubeIo,
        cloud: CloudIo,
        credentials: Arc<CredentialCache>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let (stopping, leading) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { state: Mutex::new(state), kube, cloud, credentials, metrics, stopping, leading }
    }

    /// The Kubernetes side.
    pub fn kube(&self) -> &KubeIo {
        &self.kube
    }

    /// The metrics.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// From now on no pass makes another call to the cloud. Writes of the Kubernetes API go on, so that what the last
    /// call answered is still recorded.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    /// Notes whether this process leads.
    pub fn lead(&self, leading: bool) {
        self.leading.store(leading, Ordering::Release);
    }

    /// Whether this process leads. Only for courtesies such as events; the core has its own, exact view.
    pub fn is_leading(&self) -> bool {
        self.leading.load(Ordering::Acquire)
    }

    /// Changes the state, and wakes the objects that this concerns.
    pub fn tell(&self, say: impl FnOnce(&mut OperatorState)) -> Result<(), ReconcileError> {
        self.with_state(say)
    }

    fn with_state<T>(&self, work: impl FnOnce(&mut OperatorState) -> T) -> Result<T, ReconcileError> {
        let (result, wakes) = {
            let mut state: MutexGuard<'_, OperatorState> =
                self.state.lock().map_err(|_: PoisonError<_>| ReconcileError::Broken)?;
            let result = work(&mut state);
            (result, state.take_wakes())
        };
        for key in wakes {
            self.metrics.wakes(key.kind);
            with_cache!(self.kube.caches(), key.kind, cache => cache.trigger(ref_of(&key)));
        }
        Ok(result)
    }

    /// One pass over one object, from its first step to its last.
    pub async fn run_pass(&self, key: ObjectKey, object: Object) -> Result<Next, ReconcileError> {
        let mut pass = Pass::new(key);
        let mut input = Input::Object(object);
        loop {
            let step = self.with_state(|state| core::step(state, &mut pass, input, clock::now()))?;
            input = match step {
                Step::Done(next) => return Ok(next),
                Step::Do(effect) => self.perform(*effect).await?,
            };
        }
    }

    async fn perform(&self, effect: Effect) -> Result<Input, ReconcileError> {
        match effect {
            Effect::Kube(effect) => Ok(Input::Kube(self.kube.perform(effect).await)),
            Effect::Cloud(effect) => {
                let held = effect.not_before.saturating_sub(clock::now().mono);
                // Even a sleep of nothing may wait for the timer's next tick.
                if held > 0 {
                    tokio::time::sleep(Duration::from_millis(held)).await;
                }
                if self.stopping.load(Ordering::Acquire) {
                    return Err(ReconcileError::Stopping);
                }
                Ok(Input::Cloud(self.cloud.perform(effect).await))
            }
            Effect::ReadCredential { namespace } => Ok(Input::Credential(self.credentials.state(&namespace))),
        }
    }
}

/// What kube-runtime calls for each object.
pub(super) async fn reconcile<K: Kind>(
    object: Arc<Compressed<K>>,
    runner: Arc<Runner>,
) -> Result<Action, ReconcileError> {
    let key = key_of::<K>(&ref_to(&*object));
    let object = object.open()?;
    let span = tracing::info_span!(
        "pass",
        kind = K::KIND.as_str(),
        namespace = &*key.namespace,
        // Not `name`: JSON log lines have the name of the span under that.
        object = &*key.name,
        generation = object.meta().generation,
        uid = object.meta().uid,
    );
    async {
        let started = Instant::now();
        let next = runner.run_pass(key, object.into_object()).await?;
        report(&runner, K::KIND, next, started.elapsed());
        if K::KIND == ObjectKind::Project {
            runner.metrics.orphans(runner.with_state(|state| state.orphans())?);
        }
        Ok(action(next, clock::now().mono))
    }
    .instrument(span)
    .await
}

fn report(runner: &Runner, kind: ObjectKind, next: Next, took: Duration) {
    runner.metrics.pass(kind, next.outcome, next.lifecycle, took);
    let outcome = next.outcome.as_str();
    let lifecycle = next.lifecycle.map(core::LifecycleState::as_str);
    let took_ms = took.as_millis() as u64;
    match next.outcome {
        Outcome::Failed | Outcome::Stalled => tracing::info!(outcome, lifecycle, took_ms, "pass over"),
        Outcome::Settled | Outcome::Waiting | Outcome::Conflict | Outcome::Gone => {
            tracing::debug!(outcome, lifecycle, took_ms, "pass over");
        }
    }
}

/// When to come back, in the terms of kube-runtime. One millisecond more than asked: the two count on different clocks,
/// and a pass that comes too early finds nothing to do and has to come again.
fn action(next: Next, now: core::Millis) -> Action {
    match next.at {
        Some(at) => Action::requeue(Duration::from_millis(at.saturating_sub(now).saturating_add(1))),
        None => Action::await_change(),
    }
}

/// Runs the passes of one kind under kube-runtime, until `stop` and until those that run then have ended.
///
/// What `core` trusts in, and `tests/kube_runtime.rs` checks: there are never two passes over one object at once; an
/// event or a wake-up during a pass causes another one after it; without either there is none before the requeue time;
/// and no pass sees an older version of an object than the pass before it.
pub async fn passes<K, C, F>(
    cache: WatchCache<K>,
    concurrency: u16,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
    reconcile: impl FnMut(Arc<Compressed<K>>, Arc<C>) -> F,
    context: Arc<C>,
) where
    K: Kind,
    F: Future<Output = Result<Action, ReconcileError>> + Send + 'static,
{
    // Most errors mean that the process is about to end; the others are not mended by trying again.
    let after_error = |_: Arc<Compressed<K>>, _: &ReconcileError, _: Arc<C>| Action::await_change();
    // Everything comes in by one door: the objects at the start, then events of the watch and wake-ups. The watch
    // itself is read by a task of its own, which also runs while this replica stands by.
    Controller::for_stream(stream::pending(), cache.store().clone())
        .reconcile_on(cache.open())
        // Unbounded concurrency is quadratic in the number of objects, and holds a task for each of them.
        .with_config(controller::Config::default().concurrency(concurrency))
        .graceful_shutdown_on(stop)
        .run(reconcile, after_error, context)
        .for_each(|result| async move {
            match result {
                Ok(_) | Err(controller::Error::ReconcilerFailed(ReconcileError::Stopping, _)) => {}
                // Deleted since it was asked for.
                Err(controller::Error::ObjectNotFound(object)) => tracing::debug!(%object, "the object is gone"),
                Err(error) => tracing::error!(error = super::chain(&error), "a pass was given up"),
            }
        })
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_becomes_a_distance() {
        let next = |at| Next { at, outcome: Outcome::Waiting, lifecycle: None };
        assert_eq!(action(next(None), 50), Action::await_change());
        assert_eq!(action(next(Some(80)), 50), Action::requeue(Duration::from_millis(31)));
        assert_eq!(action(next(Some(20)), 50), Action::requeue(Duration::from_millis(1)));
    }
}
