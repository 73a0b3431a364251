//! Points in time as Kubernetes writes them.

/// `2026-11-23T10:02:00Z` for milliseconds since the epoch.
pub(crate) fn rfc3339(at: i64) -> String {
    timestamp(at).to_string()
}

/// Milliseconds since the epoch for `2026-11-23T10:02:00Z`.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<k8s_openapi::jiff::Timestamp>().ok().map(k8s_openapi::jiff::Timestamp::as_millisecond)
}

/// The moment in whole seconds, as Kubernetes writes it.
pub(crate) fn timestamp(at: i64) -> k8s_openapi::jiff::Timestamp {
    k8s_openapi::jiff::Timestamp::from_second(at.div_euclid(1_000)).unwrap_or(k8s_openapi::jiff::Timestamp::UNIX_EPOCH)
}
