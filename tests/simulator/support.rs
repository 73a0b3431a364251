//! What the tests of the simulator share: a cloud with its own clock, called in process.

#![allow(clippy::needless_pass_by_value, reason = "bodies are written in place")]

use dli_operator::{
    dli::{HttpRequest, Method},
    simulator::{Caller, Config, Delivery, Durations, Model, Outcome},
};
use serde_json::{Value, json};

/// The default project, which is the guide's.
pub(crate) const PROJECT: &str = "48cc2c48765f481480c7db940d6409d1";

/// When tests begin.
pub(crate) const START: i64 = 1_566_888_000_000;

/// An HTTP client for loopback. It never speaks TLS, and all the same wants to be told by which library.
pub(crate) fn http_client() -> reqwest::ClientBuilder {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

/// A model and its clock.
#[derive(Clone)]
pub(crate) struct Cloud {
    pub(crate) model: Model,
    pub(crate) now: i64,
}

/// An answer with its body read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

impl Answer {
    /// Status and error code, for refusals.
    pub(crate) fn code(&self) -> (u16, &str) {
        (self.status, self.json["error_code"].as_str().unwrap_or_default())
    }
}

impl Cloud {
    pub(crate) fn new(config: Config) -> Self {
        Self { model: Model::new(config), now: START }
    }

    pub(crate) fn pass(&mut self, ms: i64) {
        self.now += ms;
    }

    pub(crate) fn outcome(&mut self, method: Method, target: &str, body: Option<&[u8]>) -> Outcome {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key.to_owned(), value.to_owned())
        };
        let request = HttpRequest {
            method,
            path: path.to_owned(),
            query: query.split('&').filter(|text| !text.is_empty()).map(pair).collect(),
            body: body.map(<[u8]>::to_vec),
        };
        self.model.handle(self.now, &Caller::new("test"), &request)
    }

    pub(crate) fn call(&mut self, method: Method, target: &str, body: Option<&[u8]>) -> Answer {
        let outcome = self.outcome(method, target, body);
        let response = match outcome.delivery {
            Delivery::Whole(response) => response,
            other => unreachable!("{other:?}"),
        };
        let json = if response.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&response.body)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&response.body).into_owned()))
        };
        Answer { status: response.status, json }
    }

    pub(crate) fn get(&mut self, target: &str) -> Answer {
        self.call(Method::Get, target, None)
    }

    pub(crate) fn post(&mut self, target: &str, body: Value) -> Answer {
        self.call(Method::Post, target, Some(body.to_string().as_bytes()))
    }

    pub(crate) fn put(&mut self, target: &str, body: Value) -> Answer {
        self.call(Method::Put, target, Some(body.to_string().as_bytes()))
    }

    pub(crate) fn delete(&mut self, target: &str) -> Answer {
        self.call(Method::Delete, target, None)
    }
}

/// A project's queues.
pub(crate) fn queues() -> String {
    format!("/v1.0/{PROJECT}/queues")
}

/// A project's connections.
pub(crate) fn connections() -> String {
    format!("/v2.0/{PROJECT}/datasource/enhanced-connections")
}

/// A project's elastic resource pools.
pub(crate) fn pools() -> String {
    format!("/v3/{PROJECT}/elastic-resource-pools")
}

/// Durations without chance.
pub(crate) fn exact(config: Config) -> Config {
    Config { durations: Durations { jitter_percent: 0, ..Durations::default() }, ..config }
}

impl Cloud {
    /// A cloud with the queue `q1` of 64 units, available, and the connection `c1`, to which `q1` is bound and ACTIVE.
    pub(crate) fn furnished(config: Config) -> (Self, String) {
        let mut cloud = Self::new(exact(config));
        cloud.queue("q1", 64);
        cloud.pass(300_000);
        let id = cloud.connection("c1", &["q1"]);
        cloud.pass(60_000);
        (cloud, id)
    }

    /// Creates a dedicated queue.
    pub(crate) fn queue(&mut self, name: &str, cu: i64) {
        let answer = self.post(&queues(), json!({"queue_name": name, "cu_count": cu, "resource_mode": 1}));
        assert_eq!(answer.json["queue_name"], name, "{answer:?}");
    }

    /// Creates a connection; returns its id.
    pub(crate) fn connection(&mut self, name: &str, bound: &[&str]) -> String {
        let body = json!({"name": name, "dest_vpc_id": "vpc", "dest_network_id": "net", "queues": bound});
        let answer = self.post(&connections(), body);
        answer.json["connection_id"].as_str().unwrap_or_else(|| unreachable!("{answer:?}")).to_owned()
    }

    /// Creates a pool and waits until it is there.
    pub(crate) fn pool(&mut self, name: &str, min: i64, max: i64) {
        let answer = self.post(&pools(), json!({"elastic_resource_pool_name": name, "min_cu": min, "max_cu": max}));
        assert_eq!(answer.json["elastic_resource_pool_name"], name, "{answer:?}");
        self.pass(180_000);
    }

    /// Creates a queue in a pool.
    pub(crate) fn pooled(&mut self, name: &str, pool: &str, cu: i64) {
        let mut body = json!({"queue_name": name, "cu_count": cu, "resource_mode": 1});
        body["elastic_resource_pool_name"] = json!(pool);
        let answer = self.post(&queues(), body);
        assert_eq!(answer.json["queue_name"], name, "{answer:?}");
    }
}
