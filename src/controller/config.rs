//! The configuration file. Every key is optional; a wrong one is refused at start, with all its fellows at once, its
//! path, what is allowed, and the nearest key that exists.

mod clouds;
mod keys;
mod read;

use std::{net::SocketAddr, path::Path};

use crate::core::{Millis, Settings};

pub use clouds::{CloudConfig, Clouds};
pub use keys::{KEYS, Key, help};
pub use read::Problem;

use read::Section;

/// Namespace of the lease when nothing else says it.
const DEFAULT_NAMESPACE: &str = "dli-operator-system";
/// Where Kubernetes tells a pod its namespace.
const NAMESPACE_FILE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Durations of the lease, and the two others that its safety rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTiming {
    /// How long others wait before they take the lease from a holder that has gone silent.
    pub lease_duration: Millis,
    /// How long after the last renewal the holder still changes things.
    pub renew_deadline: Millis,
    /// Time from one renewal to the next.
    pub renew_period: Millis,
    /// Longest time from sending a call to its answer.
    pub call_timeout: Millis,
}

impl Default for LeaseTiming {
    fn default() -> Self {
        Self { lease_duration: 30_000, renew_deadline: 20_000, renew_period: 5_000, call_timeout: 20_000 }
    }
}

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Clouds by name.
    pub clouds: Clouds,
    /// Namespaces to work in; empty means all.
    pub watch_namespaces: Vec<String>,
    /// Where `/metrics` is served.
    pub metrics_address: SocketAddr,
    /// Where `/healthz` and `/readyz` are served.
    pub health_address: SocketAddr,
    /// Passes at a time, for each kind.
    pub concurrency: u16,
    /// How log lines look.
    pub log_format: LogFormat,
    /// What is logged: a level, or directives such as `info,dli_operator=debug`.
    pub log_level: String,
    /// Namespace of the lease.
    pub lease_namespace: String,
    /// Name of the lease.
    pub lease_name: String,
    /// Durations of the lease.
    pub lease: LeaseTiming,
    /// Durations of the deciding side; its cluster id and seed are filled in at start.
    pub settings: Settings,
}

/// Why a configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not YAML.
    #[error("the configuration file is not valid YAML: {0}")]
    Yaml(String),
    /// Its content is wrong.
    #[error("the configuration is wrong:{}", list(.0))]
    Wrong(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    let mut out = String::new();
    for Problem { path, text } in problems {
        out.push_str("\n  ");
        out.push_str(path);
        out.push_str(if path.is_empty() { "" } else { ": " });
        out.push_str(text);
    }
    out
}

impl Config {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.display().to_string(), source })?;
        Self::parse(&text)
    }

    /// The configuration of an empty file.
    pub fn defaults() -> Result<Self, ConfigError> {
        Self::parse("")
    }

    /// Reads a text.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let value = match serde_saphyr::from_str::<Option<serde_json::Value>>(text) {
            Ok(value) => value.unwrap_or_default(),
            Err(error) => return Err(ConfigError::Yaml(error.to_string())),
        };
        let mut problems = Vec::new();
        let config = Self::read(Section::root(value, &mut problems));
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::Wrong(problems)) }
    }

    fn read(mut root: Section<'_>) -> Self {
        let clouds = clouds::read(root.section("clouds"));
        let (lease, settings) = read_timing(root.section("timing"));
        let config = Self {
            clouds,
            watch_namespaces: root.names("watchNamespaces"),
            metrics_address: root.address("metricsAddress", ([0, 0, 0, 0], 8080).into()),
            health_address: root.address("healthAddress", ([0, 0, 0, 0], 8081).into()),
            concurrency: root.number("concurrency", 16, 1, 1000) as u16,
            log_format: match root.choice("logFormat", &["json", "text"]) {
                Some(1) => LogFormat::Text,
                _ => LogFormat::Json,
            },
            log_level: root.log_level("logLevel").unwrap_or_else(|| "info".to_owned()),
            lease_namespace: root.name("leaseNamespace").unwrap_or_else(own_namespace),
            lease_name: root.name("leaseName").unwrap_or_else(|| "dli-operator".to_owned()),
            lease,
            settings: Settings {
                calls_per_second: root.number(
                    "callsPerSecond",
                    u64::from(Settings::default().calls_per_second),
                    1,
                    1000,
                ) as u32,
                ..settings
            },
        };
        if config.metrics_address == config.health_address && config.health_address.port() != 0 {
            root.problem("healthAddress", "is the same as metricsAddress; give each its own port");
        }
        root.finish();
        config
    }
}

fn read_timing(mut timing: Section<'_>) -> (LeaseTiming, Settings) {
    const HOUR: Millis = 3_600_000;
    let standard = LeaseTiming::default();
    let default = Settings::default();
    let settings = Settings {
        call_timeout: timing.duration("callTimeout", default.call_timeout, 100, 120_000),
        visibility_grace: timing.duration("visibilityGrace", default.visibility_grace, 0, HOUR),
        list_period: timing.duration("listPeriod", default.list_period, 100, HOUR),
        orphan_period: timing.duration("orphanPeriod", default.orphan_period, 1_000, 24 * HOUR),
        queue_grace: timing.duration("queueGrace", default.queue_grace, 0, HOUR),
        stuck_retry: timing.duration("stuckRetry", default.stuck_retry, 1_000, 24 * HOUR),
        ..default
    };
    let lease = LeaseTiming {
        lease_duration: timing.duration("leaseDuration", standard.lease_duration, 1_000, HOUR),
        renew_deadline: timing.duration("renewDeadline", standard.renew_deadline, 500, HOUR),
        renew_period: timing.duration("renewPeriod", standard.renew_period, 100, HOUR),
        call_timeout: settings.call_timeout,
    };
    let LeaseTiming { lease_duration, renew_deadline, renew_period, call_timeout } = lease;
    if renew_deadline >= lease_duration {
        timing.problem(
            "renewDeadline",
            "must be shorter than leaseDuration, or two replicas could lead at the same time; \
             two thirds of leaseDuration are usual",
        );
    }
    if renew_period * 2 > renew_deadline {
        timing.problem(
            "renewPeriod",
            "must be at most half of renewDeadline, so that one failed renewal does not end the leadership",
        );
    }
    if call_timeout > lease_duration {
        timing.problem(
            "callTimeout",
            "must not be longer than leaseDuration, or a call of the last leader could outlive the wait of the next",
        );
    }
    timing.finish();
    (lease, settings)
}

/// The namespace of the pod, or the usual one where this is not a pod.
fn own_namespace() -> String {
    std::fs::read_to_string(NAMESPACE_FILE)
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())
}

#[cfg(test)]
mod tests;
