//! The keys of the configuration file: one table for the help, for the check of unknown keys, and for the test that
//! the example names them all.

use std::fmt::Write;

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Path; `NAME` stands for any name.
    pub path: &'static str,
    /// What holds without it.
    pub default: &'static str,
    /// What it does.
    pub text: &'static str,
}

const fn key(path: &'static str, default: &'static str, text: &'static str) -> Key {
    Key { path, default, text }
}

/// All keys.
pub const KEYS: &[Key] = &[
    key(
        "clouds.NAME.dliEndpoint",
        "for huaweicloud https://dli.{region}.myhuaweicloud.com, in regions eu-west-1xx .eu",
        "URL of DLI in the cloud NAME, which a DliProject chooses by spec.cloud; {region} stands for its region",
    ),
    key(
        "clouds.NAME.iamEndpoint",
        "for huaweicloud https://iam.{region}.myhuaweicloud.com, in regions eu-west-1xx .eu",
        "URL of IAM, which is asked for the project id",
    ),
    key("clouds.NAME.caFile", "none", "PEM file with certificates to trust for this cloud besides the system's"),
    key("watchNamespaces", "all namespaces", "list of the namespaces to work in; needs rights only there"),
    key("metricsAddress", "0.0.0.0:8080", "where /metrics is served; port 0 takes a free one and logs it"),
    key("healthAddress", "0.0.0.0:8081", "where /healthz and /readyz are served"),
    key("concurrency", "16", "objects worked on at a time, for each kind"),
    key("callsPerSecond", "20", "calls a second to one endpoint with one credential, until the cloud says otherwise"),
    key("logFormat", "json", "json or text"),
    key("logLevel", "info", "error, warn, info, debug or trace, or directives such as info,dli_operator=debug"),
    key("leaseNamespace", "the pod's namespace, else dli-operator-system", "namespace of the lease of the leader"),
    key("leaseName", "dli-operator", "name of that lease; two installations in one cluster need two names"),
    key("timing.callTimeout", "20s", "longest time from sending a call to the cloud to its answer"),
    key("timing.visibilityGrace", "60s", "how long a write may stay invisible in the cloud's lists"),
    key("timing.listPeriod", "60s", "time from one reading of a project's lists to the next"),
    key("timing.orphanPeriod", "1h", "time from one look for orphans to the next; the first is after a sixth of it"),
    key("timing.queueGrace", "4m", "age at which a queue without other evidence counts as allocated"),
    key("timing.stuckRetry", "10m", "time after which an object that needs a person is tried again"),
    key("timing.leaseDuration", "30s", "how long others wait for a leader that has gone silent"),
    key("timing.renewDeadline", "20s", "how long after its last renewal a leader still changes things"),
    key("timing.renewPeriod", "5s", "time from one renewal of the lease to the next"),
];

/// The keys as text, for the command's help.
pub fn help() -> String {
    let mut out = String::from(
        "The configuration file (--config) is YAML. All keys are optional; an unknown key is refused.\n\
         Durations are written like 500ms, 20s, 4m or 1h.\n",
    );
    for Key { path, default, text } in KEYS {
        // Writing to a String does not fail.
        let _ = write!(out, "\n  {path}\n      {text}\n      Default: {default}\n");
    }
    out.push_str("\nExit codes: 0 after SIGTERM or SIGINT, 1 when something failed, 2 for a wrong command line or configuration.\n");
    out
}
