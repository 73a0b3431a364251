//! Who calls, and what comes of a call.

use std::sync::Arc;

use super::json::Json;
use crate::dli::{HttpResponse, ProjectId};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Access key, or any name: for the log, rate limits and faults.
    pub name: Arc<str>,
    /// Address, for rate limits.
    pub address: Arc<str>,
    /// Header `X-Project-Id`, if sent: it must agree with the path.
    pub project: Option<ProjectId>,
}

impl Caller {
    /// A caller by name.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), address: "127.0.0.1".into(), project: None }
    }
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the caller gets.
    pub delivery: Delivery,
    /// How late, in milliseconds.
    pub delay: u64,
    /// How long the body takes to come, in milliseconds.
    pub slow: u64,
    /// Whether the call changed anything.
    pub applied: bool,
}

/// What the caller gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The answer.
    Whole(HttpResponse),
    /// Nothing: the line breaks.
    Nothing,
    /// The first half of the answer, then the line breaks.
    Cut(HttpResponse),
    /// The answer's head, then a body without end.
    Endless(HttpResponse),
}

impl Outcome {
    /// The whole answer, if there is one.
    pub fn into_response(self) -> Option<HttpResponse> {
        match self.delivery {
            Delivery::Whole(response) => Some(response),
            Delivery::Nothing | Delivery::Cut(_) | Delivery::Endless(_) => None,
        }
    }
}

/// A call that was not refused.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Done {
    pub(super) fn new(status: u16, json: Json) -> Self {
        Self { status, body: json.finish() }
    }

    pub(super) fn ok(json: Json) -> Self {
        Self::new(200, json)
    }

    pub(super) fn empty() -> Self {
        Self { status: 204, body: Vec::new() }
    }
}
