//! Performs the cloud side of a pass: finds endpoint and credentials, checks the deadline, calls, counts.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    cloud::{CallContext, ClientError, ClientOptions, CloudClient, not_sent},
    core::{CloudEffect, Settings},
    dli::{Answer, ErrorClass},
};

use super::{clock, config::Clouds, metrics::Metrics, secrets::CredentialCache};

/// A client of a cloud could not be built.
#[derive(Debug, thiserror::Error)]
#[error("clouds.{cloud} in the configuration cannot be used")]
pub struct CloudIoError {
    cloud: String,
    source: ClientError,
}

/// Performs [`CloudEffect`]s.
#[derive(Debug)]
pub struct CloudIo {
    clouds: Clouds,
    clients: BTreeMap<String, CloudClient>,
    credentials: Arc<CredentialCache>,
    metrics: Arc<Metrics>,
}

impl CloudIo {
    /// Puts it together; reads the files with certificates.
    pub fn new(
        clouds: Clouds,
        settings: &Settings,
        credentials: Arc<CredentialCache>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, CloudIoError> {
        let default = ClientOptions::default();
        let timeout = Duration::from_millis(settings.call_timeout);
        let mut clients = BTreeMap::new();
        for (name, cloud) in clouds.iter() {
            let options = ClientOptions {
                timeout,
                connect_timeout: default.connect_timeout.min(timeout / 2),
                ca_file: cloud.ca_file.clone(),
                ..default.clone()
            };
            let client =
                CloudClient::new(&options).map_err(|source| CloudIoError { cloud: name.to_owned(), source })?;
            clients.insert(name.to_owned(), client);
        }
        Ok(Self { clouds, clients, credentials, metrics })
    }

    /// Performs a call, now. It always answers.
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
                    cause = ?error.cause,
                    code = error.code,
                    status = error.status,
                    request_id = error.request_id,
                    answer = error.message,
                    "a call to the cloud did not succeed"
                );
            }
        }
        answer
    }

    async fn call(&self, effect: &CloudEffect) -> Answer {
        let refused = |class, message: String| Answer { outcome: Err(not_sent(class, message)), server_date: None };
        let (dli, iam) = match self.clouds.endpoints(&effect.endpoint) {
            Ok(endpoints) => endpoints,
            Err(message) => return refused(ErrorClass::Refused, message),
        };
        let Some(client) = self.clients.get(&*effect.endpoint.cloud) else {
            return refused(ErrorClass::Refused, format!("there is no client for the cloud {}", effect.endpoint.cloud));
        };
        let Some(credential) = self.credentials.get(&effect.credential) else {
            let message = "not sent: these credentials have been replaced meanwhile".to_owned();
            return refused(ErrorClass::Transient, message);
        };
        let context =
            CallContext { dli, iam, credential, project: effect.project.clone(), clock_offset: effect.clock_offset };
        // Last, right before sending: whatever took long until here has been waited for.
        if effect.not_after.is_some_and(|deadline| clock::now().mono > deadline) {
            let message = "not sent: the time for which this process is sure to lead has passed".to_owned();
            return refused(ErrorClass::Transient, message);
        }
        client.call(&context, &effect.call).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        controller::config::Config,
        core::{CredentialId, Endpoint},
        dli::{Applied, Call, Cause, ProjectId, QueueName},
    };

    fn io() -> (CloudIo, CredentialId) {
        let credentials = Arc::new(CredentialCache::default());
        let data = [("accessKey", "AK"), ("secretKey", "canary")];
        let data = data.map(|(key, value)| (key.to_owned(), value.as_bytes().to_vec())).into();
        credentials.put("team", &data);
        let crate::core::CredentialState::Present(id) = credentials.state(&"team".into()) else {
            panic!("no credentials")
        };
        // Nobody listens there: a call that is sent fails otherwise than one that is not.
        let config = "clouds: {lab: {dliEndpoint: 'http://127.0.0.1:1', iamEndpoint: 'http://127.0.0.1:1'}}";
        let clouds = Config::parse(config).unwrap().clouds;
        (CloudIo::new(clouds, &Settings::default(), credentials, Arc::default()).unwrap(), id)
    }

    fn effect(cloud: &str, credential: CredentialId, not_after: Option<u64>) -> CloudEffect {
        CloudEffect {
            endpoint: Endpoint { cloud: cloud.into(), region: "r1".into() },
            credential,
            project: Some(ProjectId::new("p")),
            call: Call::DeleteQueue(QueueName::new("q")),
            clock_offset: 0,
            not_before: 0,
            not_after,
        }
    }

    #[tokio::test]
    async fn a_call_is_sent_before_its_deadline_and_not_after_it() {
        let (io, id) = io();
        let now = clock::now().mono;
        let late = io.perform(effect("lab", id.clone(), Some(now.saturating_sub(1)))).await.outcome.unwrap_err();
        assert_eq!((late.cause, late.applied, late.class), (Cause::NotSent, Applied::No, ErrorClass::Transient));
        for not_after in [None, Some(now + 60_000)] {
            let sent = io.perform(effect("lab", id.clone(), not_after)).await.outcome.unwrap_err();
            assert_eq!((sent.cause, sent.applied), (Cause::Connect, Applied::No));
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_to_an_unknown_cloud_or_with_unknown_credentials() {
        let (io, id) = io();
        let unknown = io.perform(effect("mine", id.clone(), None)).await.outcome.unwrap_err();
        assert_eq!((unknown.cause, unknown.class), (Cause::NotSent, ErrorClass::Refused));
        assert!(unknown.message.contains("clouds.mine"), "{}", unknown.message);
        let old = CredentialId { fingerprint: id.fingerprint.wrapping_add(1), ..id };
        let gone = io.perform(effect("lab", old, None)).await.outcome.unwrap_err();
        assert_eq!((gone.cause, gone.applied, gone.class), (Cause::NotSent, Applied::No, ErrorClass::Transient));
    }
}
