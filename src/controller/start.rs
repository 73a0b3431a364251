//! What must be there before the first pass: a client, the definitions of the kinds, and the name of the cluster.

use std::{path::Path, time::Duration};

use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client, Config,
    config::{InferConfigError, KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use sha2::{Digest, Sha256};

use crate::core::ObjectKind;

use super::{http::Health, kube_request::REQUEST_TIMEOUT};

/// Time between two looks at what is missing.
const LOOK_AGAIN: Duration = Duration::from_secs(3);
/// Longest time until a connection to the API server stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why the operator could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A given kubeconfig is unusable.
    #[error("cannot use the kubeconfig {path}")]
    Kubeconfig {
        /// The file.
        path: String,
        /// Why.
        source: KubeconfigError,
    },
    /// Neither a kubeconfig nor a service account.
    #[error(
        "no way to reach a Kubernetes API server: give --kubeconfig, set KUBECONFIG, or run in a pod with a service \
         account"
    )]
    NoConfig(#[source] InferConfigError),
    /// The client could not be built.
    #[error("cannot build a client for the Kubernetes API")]
    Client(#[source] kube::Error),
    /// A right is missing.
    #[error("{what} needs a right that is missing; apply the roles of deploy/: {message}")]
    Forbidden {
        /// What was tried.
        what: String,
        /// The API server's words.
        message: String,
    },
    /// `kube-system` has no uid.
    #[error("the namespace kube-system has no uid")]
    NoClusterUid,
}

/// Connects as `--kubeconfig`, `KUBECONFIG`, `~/.kube/config` or the pod's service account says, in this order.
pub async fn connect(kubeconfig: Option<&Path>) -> Result<Client, StartError> {
    let mut config = match kubeconfig {
        Some(path) => {
            let bad = |source| StartError::Kubeconfig { path: path.display().to_string(), source };
            let file = Kubeconfig::read_from(path).map_err(bad)?;
            Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.map_err(bad)?
        }
        None => Config::infer().await.map_err(StartError::NoConfig)?,
    };
    // The client would repeat a request up to 15 times on its own, also a create, within one call and without a word.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    Client::try_from(config).map_err(StartError::Client)
}

/// Waits until the API server answers and serves all kinds.
pub(super) async fn wait_for_definitions(client: &Client, health: &Health) -> Result<(), StartError> {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    for kind in ObjectKind::ALL {
        let name = kind.crd_name();
        let mut told = String::new();
        loop {
            let why = match look(api.get_opt(name)).await {
                Look::Found(Some(definition)) if is_established(&definition) => break,
                Look::Found(Some(_)) => format!("the custom resource definition {name} is not established yet"),
                Look::Found(None) => format!(
                    "the custom resource definition {name} is missing; install it: \
                     dli-operator crds | kubectl apply --server-side -f -"
                ),
                Look::Forbidden(message) => {
                    return Err(StartError::Forbidden { what: format!("reading {name}"), message });
                }
                Look::Failed(error) => format!("the Kubernetes API cannot be asked for {name}: {error}"),
            };
            if told != why {
                tracing::warn!(definition = name, "waiting: {why}");
                health.waiting_for(Some(why.clone()));
                told = why;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
    health.waiting_for(None);
    Ok(())
}

/// Names this cluster: what the tag `dli-operator-cluster` says. The uid of `kube-system` lives as long as the cluster.
pub(super) async fn cluster_id(client: &Client) -> Result<String, StartError> {
    let api = Api::<Namespace>::all(client.clone());
    loop {
        match look(api.get_metadata_opt("kube-system")).await {
            Look::Found(Some(namespace)) => {
                let uid = namespace.metadata.uid.ok_or(StartError::NoClusterUid)?;
                return Ok(digest(&uid));
            }
            Look::Found(None) => tracing::warn!("waiting: the namespace kube-system does not exist"),
            Look::Forbidden(message) => {
                return Err(StartError::Forbidden { what: "reading the namespace kube-system".to_owned(), message });
            }
            Look::Failed(error) => tracing::warn!("waiting: the namespace kube-system cannot be read: {error}"),
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// 80 bits: short enough for a tag, long enough to tell clusters apart.
fn digest(uid: &str) -> String {
    hex::encode(Sha256::digest(uid.as_bytes()).iter().take(10).copied().collect::<Vec<u8>>())
}

enum Look<T> {
    Found(Option<T>),
    Forbidden(String),
    Failed(String),
}

async fn look<T>(request: impl Future<Output = kube::Result<Option<T>>>) -> Look<T> {
    match tokio::time::timeout(REQUEST_TIMEOUT, request).await {
        Ok(Ok(found)) => Look::Found(found),
        Ok(Err(kube::Error::Api(status))) if status.code == 403 => Look::Forbidden(status.message.clone()),
        Ok(Err(error)) => Look::Failed(super::chain(&error)),
        Err(_) => Look::Failed(format!("no answer in {} s", REQUEST_TIMEOUT.as_secs())),
    }
}

fn is_established(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Established" && one.status == "True"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_cluster_id_fits_a_tag() {
        let id = super::digest("3f1c0a52-8a7d-4b8e-9d55-0c6a1f6f3f10");
        assert_eq!(id.len(), 20);
        assert_ne!(id, super::digest("another"));
    }
}
