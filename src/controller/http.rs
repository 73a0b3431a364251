//! Probes and metrics over HTTP.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, sync::Notify};

use super::metrics::Metrics;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An address cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} for {what}; choose another {key} in the configuration")]
pub struct BindError {
    address: SocketAddr,
    what: &'static str,
    key: &'static str,
    source: std::io::Error,
}

/// What the probes say.
#[derive(Debug, Default)]
pub struct Health {
    state: Mutex<HealthState>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct HealthState {
    started: bool,
    waiting: Option<String>,
    unsynced: BTreeSet<&'static str>,
    leading: bool,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, HealthState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the start waits for.
    pub(super) fn waiting_for(&self, what: Option<String>) {
        self.lock().waiting = what;
    }

    /// Names the watch caches whose first list is to be waited for.
    pub(super) fn expect(&self, caches: impl IntoIterator<Item = &'static str>) {
        let mut state = self.lock();
        state.unsynced.extend(caches);
        state.started = true;
    }

    /// A watch cache has its first list.
    pub(super) fn synced(&self, cache: &'static str) {
        self.lock().unsynced.remove(cache);
        self.changed.notify_waiters();
    }

    /// Waits until every watch cache has its first list.
    pub(super) async fn all_synced(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if self.lock().unsynced.is_empty() {
                return;
            }
            changed.await;
        }
    }

    /// Whether this process leads.
    pub(super) fn leading(&self, leading: bool) {
        self.lock().leading = leading;
    }

    /// Whether the process can do its part, and a sentence about it. A replica that stands by is ready: it could take
    /// over at once, and a rolling update must not wait for it to lead.
    pub fn readiness(&self) -> (bool, String) {
        let state = self.lock();
        if let Some(waiting) = &state.waiting {
            return (false, format!("waiting: {waiting}"));
        }
        if !state.started {
            return (false, "waiting: starting".to_owned());
        }
        if !state.unsynced.is_empty() {
            let caches: Vec<&str> = state.unsynced.iter().copied().collect();
            return (false, format!("waiting: the first list of {} has not been read", caches.join(", ")));
        }
        (true, if state.leading { "leading".to_owned() } else { "standing by".to_owned() })
    }
}

/// Serves the probes until the runtime ends. The address is logged, since port 0 takes any.
pub(super) async fn serve_health(address: SocketAddr, health: Arc<Health>) -> Result<(), BindError> {
    let routes =
        Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(readyz)).with_state(health);
    serve(address, "health", "healthAddress", routes).await
}

/// Serves the metrics until the runtime ends.
pub(super) async fn serve_metrics(address: SocketAddr, metrics: Arc<Metrics>) -> Result<(), BindError> {
    let routes = Router::new().route("/metrics", get(scrape)).with_state(metrics);
    serve(address, "metrics", "metricsAddress", routes).await
}

async fn serve(address: SocketAddr, what: &'static str, key: &'static str, routes: Router) -> Result<(), BindError> {
    let failed = |source| BindError { address, what, key, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!(server = what, address = %address, "serving {what}");
    tokio::spawn(async move {
        // It ends only with the runtime: axum waits out errors of accept.
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(server = what, error = super::chain(&error), "a server has ended");
        }
    });
    Ok(())
}

async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, String) {
    let (ready, text) = health.readiness();
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text + "\n")
}

async fn scrape(State(metrics): State<Arc<Metrics>>) -> impl IntoResponse {
    let headers: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, OPEN_METRICS)];
    match metrics.encode() {
        Ok(text) => (StatusCode::OK, headers, text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::Health;

    #[test]
    fn readiness_says_what_is_missing() {
        let health = Health::default();
        assert_eq!(health.readiness(), (false, "waiting: starting".to_owned()));
        health.waiting_for(Some("a definition is missing".to_owned()));
        assert_eq!(health.readiness(), (false, "waiting: a definition is missing".to_owned()));
        health.waiting_for(None);
        health.expect(["DliQueue", "DliProject"]);
        let missing = "waiting: the first list of DliProject, DliQueue has not been read";
        assert_eq!(health.readiness(), (false, missing.to_owned()));
        health.synced("DliQueue");
        health.synced("DliProject");
        assert_eq!(health.readiness(), (true, "standing by".to_owned()));
        health.leading(true);
        assert_eq!(health.readiness(), (true, "leading".to_owned()));
    }
}
