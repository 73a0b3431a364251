//! What every request to the Kubernetes API keeps to.

use std::time::Duration;

/// Who writes, in managed fields.
pub(super) const FIELD_MANAGER: &str = "dli-operator";
/// Longest time for one request. The client's own retries are off, so this is also the longest time for one effect.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
