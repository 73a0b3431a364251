//! Publishes Kubernetes events, one after another and beside the passes: an event is a courtesy, never worth a wait.

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Client,
    runtime::events::{Event, EventType, Recorder, Reporter},
};
use tokio::sync::mpsc;

use crate::core::{self, ObjectKind};

use super::{kube_request::REQUEST_TIMEOUT, metrics::Metrics};

/// Longest note that the API takes, in bytes.
const NOTE_LIMIT: usize = 1024;
/// Events that may wait. With more, the API server has a problem that events would only add to.
const WAITING: usize = 256;
/// So many events are remembered at the most, so that a repetition joins a series. The recorder itself would keep each for
/// six minutes, which is more than a kilobyte for every object that has just been created.
const REMEMBERED: usize = 25;

struct Job {
    kind: ObjectKind,
    event: Event,
    regarding: ObjectReference,
}

/// Takes events and returns at once.
#[derive(Clone, Debug)]
pub struct Events {
    sender: mpsc::Sender<Job>,
}

impl Events {
    /// Starts the publisher. It ends when the last `Events` is dropped.
    pub fn start(client: Client, instance: String, metrics: Arc<Metrics>) -> Self {
        let (sender, mut receiver) = mpsc::channel::<Job>(WAITING);
        // One recorder for all objects: it is what folds repetitions into a series.
        let reporter = Reporter { controller: "dli-operator".to_owned(), instance: Some(instance) };
        let recorder = move || Recorder::new(client.clone(), reporter.clone());
        tokio::spawn(async move {
            let (mut current, mut published) = (recorder(), 0);
            while let Some(job) = receiver.recv().await {
                if published == REMEMBERED {
                    (current, published) = (recorder(), 0);
                }
                published += 1;
                match tokio::time::timeout(REQUEST_TIMEOUT, current.publish(&job.event, &job.regarding)).await {
                    Ok(Ok(())) => metrics.event(job.kind),
                    Ok(Err(error)) => tracing::debug!(error = super::chain(&error), "an event was not published"),
                    Err(_) => tracing::debug!("an event was not published in time"),
                }
            }
        });
        Self { sender }
    }

    /// Publishes an event soon, or drops it when too many wait.
    pub fn publish(&self, kind: ObjectKind, event: Event, regarding: ObjectReference) {
        if self.sender.try_send(Job { kind, event, regarding }).is_err() {
            tracing::debug!("an event was dropped: too many wait");
        }
    }

    /// Waits a little for events that still wait.
    pub async fn flush(&self, limit: Duration) {
        let flushed = async {
            // All places are free when nothing waits.
            let _ = self.sender.reserve_many(WAITING).await;
        };
        let _ = tokio::time::timeout(limit, flushed).await;
    }
}

impl From<core::Event> for Event {
    fn from(event: core::Event) -> Self {
        Self {
            type_: if event.warning { EventType::Warning } else { EventType::Normal },
            reason: event.reason.to_owned(),
            note: Some(super::cut(&event.note, NOTE_LIMIT)),
            action: event.action.to_owned(),
            secondary: None,
        }
    }
}
