//! What is remembered of the calls.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    dli::{EpochMillis, Method},
    simulator::route::Operation,
};

/// A call that was meant to change something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When.
    pub at: EpochMillis,
    /// Who.
    pub caller: Arc<str>,
    /// What.
    pub operation: Operation,
    /// Method.
    #[serde(with = "method")]
    pub method: Method,
    /// Path.
    pub path: Arc<str>,
    /// Status of the answer as it was made; `None` where the line broke.
    pub status: Option<u16>,
    /// Whether anything changed.
    pub applied: bool,
}

/// A method as its word.
mod method {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Method;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(method.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
        let word = String::deserialize(deserializer)?;
        [Method::Get, Method::Post, Method::Put, Method::Delete]
            .into_iter()
            .find(|method| method.as_str() == word)
            .ok_or_else(|| D::Error::custom("not a method"))
    }
}

/// How often a call was answered with a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The call.
    pub operation: Operation,
    /// The status; 0 where the line broke.
    pub status: u16,
    /// How often.
    pub calls: u64,
}
