//! Performs the cloud side of a pass: finds endpoint and credentials, checks the deadline, calls, counts.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Instant};

use crate::{
    core::{CloudEffect, Settings},
    dli::{Answer, Applied, CallError, Cause, ErrorClass},
};

use super::{clock, config::Clouds, metrics::Metrics, secrets::Vault};

/// Stands in for the client's type.
#[derive(Debug)]
pub struct Credential(u64);

impl Credential {
    pub(super) fn from_secret_data(data: &BTreeMap<String, Vec<u8>>) -> Result<Self, String> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        for key in ["accessKey", "secretKey"] {
            if !data.contains_key(key) {
                return Err(format!("the key {key} is missing"));
            }
        }
        let mut hasher = DefaultHasher::new();
        data.hash(&mut hasher);
        Ok(Self(hasher.finish()))
    }

    pub(super) fn fingerprint(&self) -> u64 {
        self.0
    }
}

/// The client could not be built.
#[derive(Debug, thiserror::Error)]
#[error("cannot build the client of the cloud")]
pub struct CloudIoError;

/// Performs [`CloudEffect`]s.
pub struct CloudIo {
    clouds: Clouds,
    vault: Arc<Vault>,
    metrics: Arc<Metrics>,
}

impl fmt::Debug for CloudIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudIo").finish_non_exhaustive()
    }
}

impl CloudIo {
    /// Puts it together.
    pub fn new(
        clouds: Clouds,
        _settings: &Settings,
        vault: Arc<Vault>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, CloudIoError> {
        Ok(Self { clouds, vault, metrics })
    }

    /// Performs a call. It always answers.
    pub async fn perform(&self, effect: CloudEffect) -> Answer {
        let operation = effect.call.name();
        let started = Instant::now();
        let answer = self.call(&effect).await;
        let took = started.elapsed();
        let took_ms = took.as_millis() as u64;
        match &answer.outcome {
            Ok(_) => {
                self.metrics.call(operation, "ok", took);
                if effect.call.is_mutation() {
                    tracing::info!(operation, took_ms, "called the cloud");
                } else {
                    tracing::debug!(operation, took_ms, "called the cloud");
                }
            }
            Err(error) => {
                self.metrics.call(operation, error.class.as_str(), took);
                tracing::info!(
                    operation,
                    took_ms,
                    class = error.class.as_str(),
                    applied = ?error.applied,
                    code = error.code,
                    status = error.status,
                    request_id = error.request_id,
                    message = error.message,
                    "a call to the cloud failed"
                );
            }
        }
        answer
    }

    async fn call(&self, effect: &CloudEffect) -> Answer {
        let endpoints = match self.clouds.endpoints(&effect.endpoint) {
            Ok(endpoints) => endpoints,
            Err(message) => return not_sent(ErrorClass::Refused, message),
        };
        let Some(credential) = self.vault.get(&effect.credential) else {
            return not_sent(
                ErrorClass::Transient,
                "not sent: these credentials have been replaced meanwhile".to_owned(),
            );
        };
        let _ = (endpoints, credential);
        // Last, right before sending: whatever took long until here has been waited for.
        if effect.not_after.is_some_and(|deadline| clock::now().mono > deadline) {
            return not_sent(
                ErrorClass::Transient,
                "not sent: the time in which this process may be sure of its lease has passed".to_owned(),
            );
        }
        std::future::ready(not_sent(ErrorClass::Transient, "not sent: no client".to_owned())).await
    }
}

fn not_sent(class: ErrorClass, message: String) -> Answer {
    let error = CallError {
        class,
        applied: Applied::No,
        cause: Cause::NotSent,
        status: None,
        code: None,
        message,
        request_id: None,
        retry_after: None,
        limit: None,
    };
    Answer { outcome: Err(error), server_date: None }
}
