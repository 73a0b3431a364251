//! Starts and stops everything.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    path::Path,
    sync::Arc,
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use kube::Client;
use tokio::{
    sync::{oneshot, watch},
    task::{JoinError, JoinSet},
};

use crate::{
    api::{DliProject, DliQueue, EnhancedConnection},
    core::{Leadership, Now, ObjectKind, OperatorState, Settings},
};

use super::{
    cloud_io::{CloudIo, CloudIoError},
    config::Config,
    events::Events,
    http::{self, BindError, Health},
    kinds::Kind,
    kube_io::{KubeIo, WatchCaches},
    lease::{Held, Keeper, LeaseConfig, Lost},
    malloc_trim,
    metrics::Metrics,
    reconcile::{Runner, passes, reconcile},
    secrets::{CredentialCache, SecretReader},
    start::{self, StartError},
    watch_cache::{Merger, WatchCache},
    watch_tasks::{RunnerObserver, SECRETS, publish_broken, watch_kind, watch_secrets},
};

/// Time for running passes beyond one call to the cloud, before they are given up.
const DRAIN_MARGIN: Duration = Duration::from_secs(5);
/// Time for events that still wait.
const FLUSH: Duration = Duration::from_secs(2);

/// Why the operator ended, other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// An address is taken.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The cloud's client could not be built.
    #[error(transparent)]
    Cloud(#[from] CloudIoError),
    /// Signals cannot be waited for.
    #[error("cannot wait for signals")]
    Signals(#[source] std::io::Error),
    /// Leadership was lost. Another process may lead by now, so this one must not go on.
    #[error("leadership is lost, so this process ends: {0}")]
    Lost(#[from] Lost),
    /// A part panicked. What it was changing may be half-changed, so nothing goes on from there.
    #[error("{part} has ended unexpectedly, so this process ends; what it did is safe to repeat")]
    Ended {
        /// Which part.
        part: &'static str,
        /// The panic, if it was one.
        source: Option<JoinError>,
    },
    /// Passes did not come to an end in time.
    #[error("running passes did not end within {seconds} s of the signal; the lease is left to expire")]
    Drain {
        /// How long was waited.
        seconds: u64,
    },
    /// A second signal came.
    #[error("a second signal came before running passes had ended; the lease is left to expire")]
    Forced,
}

/// Runs the operator until SIGTERM or SIGINT.
pub async fn run(config: Config, kubeconfig: Option<&Path>) -> Result<(), RunError> {
    let signals = signals().map_err(RunError::Signals)?;
    let metrics = Arc::new(Metrics::new());
    let health = Arc::new(Health::default());
    http::serve_health(config.health_address, Arc::clone(&health)).await?;
    http::serve_metrics(config.metrics_address, Arc::clone(&metrics)).await?;
    let client = start::connect(kubeconfig).await?;
    let prepared = async {
        start::wait_for_definitions(&client, &health).await?;
        start::cluster_id(&client).await
    };
    let cluster_id = tokio::select! {
        prepared = prepared => prepared?,
        () = nth_signal(signals.clone(), 1) => return Ok(()),
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), cluster_id, "started");
    tokio::select! {
        result = Operator::new(config, client, cluster_id, metrics, health)?.run(signals) => result,
        never = malloc_trim::keep_small() => match never {},
    }
}

/// Counts SIGTERM and SIGINT.
fn signals() -> std::io::Result<watch::Receiver<u32>> {
    let (sender, receiver) = watch::channel(0);
    #[cfg(unix)]
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            #[cfg(unix)]
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            #[cfg(not(unix))]
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            sender.send_modify(|count| *count += 1);
        }
    });
    Ok(receiver)
}

async fn nth_signal(mut signals: watch::Receiver<u32>, n: u32) {
    if signals.wait_for(|count| *count >= n).await.is_err() {
        // Nobody counts any more: the runtime is ending.
        std::future::pending::<()>().await;
    }
}

/// Waits until the sender is dropped.
async fn closed(mut receiver: watch::Receiver<()>) {
    while receiver.changed().await.is_ok() {}
}

/// Everything that runs, put together.
struct Operator {
    config: Config,
    client: Client,
    namespaces: Vec<Option<String>>,
    runner: Arc<Runner>,
    health: Arc<Health>,
    identity: String,
    mergers: (Merger<DliProject>, Merger<DliQueue>, Merger<EnhancedConnection>),
    secrets: SecretReader,
}

impl Operator {
    fn new(
        config: Config,
        client: Client,
        cluster_id: String,
        metrics: Arc<Metrics>,
        health: Arc<Health>,
    ) -> Result<Self, RunError> {
        let namespaces: Vec<Option<String>> = if config.watch_namespaces.is_empty() {
            vec![None]
        } else {
            config.watch_namespaces.iter().cloned().map(Some).collect()
        };
        let mergers =
            (Merger::new(namespaces.clone()), Merger::new(namespaces.clone()), Merger::new(namespaces.clone()));
        let caches =
            WatchCaches { projects: mergers.0.cache(), queues: mergers.1.cache(), connections: mergers.2.cache() };
        let pod = std::env::var("HOSTNAME").unwrap_or_else(|_| "dli-operator".to_owned());
        let identity = format!("{pod}_{:016x}", random());
        let events = Events::start(client.clone(), super::cut(&pod, 120), Arc::clone(&metrics));
        let credentials = Arc::new(CredentialCache::default());
        let settings = Settings { cluster_id, seed: random(), ..config.settings.clone() };
        let cloud = CloudIo::new(config.clouds.clone(), &settings, Arc::clone(&credentials), Arc::clone(&metrics))?;
        let kube = KubeIo::new(client.clone(), caches, events, Arc::clone(&metrics));
        let secrets = SecretReader::new(Arc::clone(&credentials), namespaces.clone());
        let runner = Arc::new(Runner::new(OperatorState::new(settings), kube, cloud, credentials, metrics));
        Ok(Self { config, client, namespaces, runner, health, identity, mergers, secrets })
    }

    async fn run(self, signals: watch::Receiver<u32>) -> Result<(), RunError> {
        let Self { config, client, namespaces, runner, health, identity, mergers, secrets } = self;
        health.expect(ObjectKind::ALL.map(ObjectKind::as_str).into_iter().chain([SECRETS]));

        let mut watches = JoinSet::new();
        let caches = runner.kube().caches().clone();
        let observer = (&runner, &health);
        watches.spawn(watch_kind(client.clone(), namespaces.clone(), mergers.0, observe(observer, &caches.projects)));
        watches.spawn(watch_kind(client.clone(), namespaces.clone(), mergers.1, observe(observer, &caches.queues)));
        watches.spawn(watch_kind(
            client.clone(),
            namespaces.clone(),
            mergers.2,
            observe(observer, &caches.connections),
        ));
        watches.spawn(watch_secrets(client.clone(), namespaces, secrets, Arc::clone(&runner), Arc::clone(&health)));

        // Standing by: the caches are kept warm, and nothing is worked on.
        let keeper = keeper(&config, client.clone(), identity, Arc::clone(&runner), Arc::clone(&health));
        let held = tokio::select! {
            held = keeper.acquire() => held,
            () = nth_signal(signals.clone(), 1) => return Ok(()),
            ended = watches.join_next() => return Err(ended_part("a watch", ended)),
        };

        let (release, released) = oneshot::channel();
        let mut holding = tokio::spawn(hold(keeper, held, released));
        let stopped_early = tokio::select! {
            () = health.all_synced() => false,
            () = nth_signal(signals.clone(), 1) => true,
            lost = &mut holding => return Err(holding_ended(lost)),
            ended = watches.join_next() => return Err(ended_part("a watch", ended)),
        };

        // Controllers are stopped from here and do not listen to the signal themselves: they could have ended before
        // this task heard of it, and that would look like a failure.
        let (stop, stopped) = watch::channel(());
        let mut controllers = JoinSet::new();
        if !stopped_early {
            let concurrency = config.concurrency;
            controllers.spawn(control(&caches.projects, &runner, concurrency, closed(stopped.clone())));
            controllers.spawn(control(&caches.queues, &runner, concurrency, closed(stopped.clone())));
            controllers.spawn(control(&caches.connections, &runner, concurrency, closed(stopped.clone())));
            tokio::select! {
                () = nth_signal(signals.clone(), 1) => {}
                lost = &mut holding => return Err(holding_ended(lost)),
                ended = watches.join_next() => return Err(ended_part("a watch", ended)),
                ended = controllers.join_next() => return Err(ended_part("a controller", ended)),
            }
        }

        tracing::info!("stopping: no new passes; waiting for those that run");
        runner.stop();
        drop(stop);
        let limit = Duration::from_millis(config.settings.call_timeout) + DRAIN_MARGIN;
        tokio::select! {
            drained = drain(&mut controllers) => drained?,
            () = tokio::time::sleep(limit) => return Err(RunError::Drain { seconds: limit.as_secs() }),
            () = nth_signal(signals.clone(), 2) => return Err(RunError::Forced),
            lost = &mut holding => return Err(holding_ended(lost)),
        }
        runner.kube().events().flush(FLUSH).await;
        let _ = release.send(());
        match holding.await {
            Ok(Ok(())) => {
                tracing::info!("stopped");
                Ok(())
            }
            other => Err(holding_ended(other)),
        }
    }
}

async fn hold(keeper: Keeper, held: Held, released: oneshot::Receiver<()>) -> Result<(), Lost> {
    keeper.hold(held, released).await
}

async fn drain(controllers: &mut JoinSet<()>) -> Result<(), RunError> {
    while let Some(ended) = controllers.join_next().await {
        ended.map_err(|source| RunError::Ended { part: "a controller", source: Some(source) })?;
    }
    Ok(())
}

fn keeper(config: &Config, client: Client, identity: String, runner: Arc<Runner>, health: Arc<Health>) -> Keeper {
    let lease = LeaseConfig {
        namespace: config.lease_namespace.clone(),
        name: config.lease_name.clone(),
        identity,
        timing: config.lease,
    };
    let on_leadership = move |leadership: Leadership, since: Option<Now>| {
        runner.metrics().lease(since.map(|since| since.wall));
        runner.lead(since.is_some());
        health.leading(since.is_some());
        if let Err(error) = runner.tell(|state| state.set_leadership(leadership)) {
            tracing::error!(error = super::chain(&error), "the lease could not be reported to the state");
        }
    };
    Keeper::new(client, lease, Arc::new(on_leadership))
}

fn observe<K: Kind>((runner, health): (&Arc<Runner>, &Arc<Health>), cache: &WatchCache<K>) -> RunnerObserver<K> {
    RunnerObserver::new(runner, health, cache.clone())
}

/// Runs the passes of one kind until `stop`, and until those that run then have ended.
fn control<K: Kind>(
    cache: &WatchCache<K>,
    runner: &Arc<Runner>,
    concurrency: u16,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) -> BoxFuture<'static, ()> {
    for broken in cache.broken() {
        publish_broken(runner, cache, &broken);
    }
    passes(cache.clone(), concurrency, stop, reconcile::<K>, Arc::clone(runner)).boxed()
}

fn holding_ended(ended: Result<Result<(), Lost>, JoinError>) -> RunError {
    match ended {
        Ok(Ok(())) => RunError::Ended { part: "the keeper of the lease", source: None },
        Ok(Err(lost)) => RunError::Lost(lost),
        Err(source) => RunError::Ended { part: "the keeper of the lease", source: Some(source) },
    }
}

fn ended_part<T>(part: &'static str, ended: Option<Result<T, JoinError>>) -> RunError {
    RunError::Ended { part, source: ended.and_then(Result::err) }
}

/// 64 bits from the operating system: the keys of a `RandomState` are random.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
