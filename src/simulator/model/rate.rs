//! The gateway's rate limit: calls beyond it are answered 429 and not applied (gateway error codes, 0308).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{errors::Refusal, outcome::Caller};
use crate::{dli::EpochMillis, simulator::route::Operation};

/// A throttling limit, as the gateway's text names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    /// Whom it counts.
    #[serde(default)]
    pub policy: Policy,
    /// Calls…
    pub limit: u32,
    /// …in this many seconds.
    pub seconds: u32,
}

/// Whom a limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Policy {
    /// The caller.
    #[default]
    User,
    /// The caller's address.
    Ip,
    /// The operation.
    Api,
    /// Everybody.
    App,
}

impl Policy {
    fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Ip => "ip",
            Self::Api => "api",
            Self::App => "app",
        }
    }
}

/// 429 with the gateway's text (gateway error codes, 0308).
pub(super) fn throttled(retry_after: Option<u64>, limit: Option<&Limit>) -> Refusal {
    let mut text = "The throttling threshold has been reached".to_owned();
    if let Some(Limit { policy, limit, seconds }) = limit {
        let (time, unit) = if seconds % 60 == 0 { (seconds / 60, "minute") } else { (*seconds, "second") };
        text = format!("{text}: policy {} over ratelimit,limit:{limit},time:{time} {unit}", policy.word());
    }
    Refusal { retry_after, ..Refusal::gateway(429, "APIGW.0308", text) }
}

/// 413 that asks for a later try (dli_02_0012, which names no code).
pub(super) fn too_large(retry_after: Option<u64>) -> Refusal {
    Refusal { retry_after, ..Refusal::any(413, "DLI.0999", "The request entity is too large.") }
}

/// A rate limit: calls beyond it in a window are answered 429 and not applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// The limit.
    pub limit: Limit,
    /// Whether the answer has a `Retry-After` header.
    #[serde(default)]
    pub retry_after: bool,
    /// Whether the answer's text names the limit.
    #[serde(default = "yes")]
    pub named: bool,
}

fn yes() -> bool {
    true
}

/// The limit in force and what is used of it in this window.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Gate {
    limit: Option<RateLimit>,
    window: EpochMillis,
    used: BTreeMap<String, u32>,
}

impl Gate {
    /// Sets or lifts the limit.
    pub(super) fn set(&mut self, limit: Option<RateLimit>) {
        self.limit = limit;
        self.used.clear();
    }

    /// The refusal of a call that is beyond the rate limit.
    pub(super) fn over(&mut self, now: EpochMillis, operation: Operation, caller: &Caller) -> Option<Refusal> {
        let RateLimit { limit, retry_after, named } = self.limit.as_ref()?;
        let length = i64::from(limit.seconds.max(1)) * 1000;
        let window = now - now.rem_euclid(length);
        if window != self.window {
            self.window = window;
            self.used.clear();
        }
        let key = match limit.policy {
            Policy::User => &*caller.name,
            Policy::Ip => &*caller.address,
            Policy::Api => operation.name(),
            Policy::App => "",
        };
        let used = match self.used.get_mut(key) {
            Some(used) => used,
            None => self.used.entry(key.to_owned()).or_default(),
        };
        if *used < limit.limit {
            *used += 1;
            return None;
        }
        let wait = retry_after.then(|| (window + length - now) as u64);
        Some(throttled(wait, named.then_some(limit)))
    }
}
