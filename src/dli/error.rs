//! How a call can fail: the class of the failure, and whether the call was applied nevertheless.

use std::fmt;

use super::{EpochMillis, Reply};

/// Class of a failure, independent of its status code (most of DLI's failures are a 400).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The object of the call does not exist.
    NotFound,
    /// An object of that name exists already.
    Exists,
    /// The server understood the call and refuses it: bad parameter, wrong state, unsupported combination.
    Refused,
    /// Too many requests.
    Throttled,
    /// Not authenticated: key, signature, token or clock.
    Auth,
    /// Authenticated, but without permission.
    Denied,
    /// A quota is used up.
    Quota,
    /// The API is not published in this region.
    Unsupported,
    /// Anything that a retry may resolve.
    Transient,
}

impl ErrorClass {
    /// A fixed word: metric label and log field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Exists => "exists",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
            Self::Auth => "auth",
            Self::Denied => "denied",
            Self::Quota => "quota",
            Self::Unsupported => "unsupported",
            Self::Transient => "transient",
        }
    }
}

/// Whether a failed call changed the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Applied {
    /// It certainly did not.
    No,
    /// It certainly did.
    Yes,
    /// Unknown: the operator has to read to find out.
    Unknown,
}

/// Where the failure arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The host name did not resolve.
    Dns,
    /// The address or the network refuses the connection.
    Connect,
    /// The TLS handshake failed: certificate, name or version.
    Tls,
    /// No complete answer in time.
    Timeout,
    /// The connection broke after the request had been sent.
    Reset,
    /// An answer that is not what the API documents: HTML, cut JSON, too large, a redirect.
    Decode,
    /// An error answer of the gateway or of a service.
    Answer,
    /// Never sent: the deadline for sending it safely had passed, or the credentials were gone.
    NotSent,
}

/// What a throttling response says about the limit that was exceeded: "policy user over ratelimit,limit:60,time:1
/// minute".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnedLimit {
    /// Scope of the limit.
    pub scope: LimitScope,
    /// Calls allowed…
    pub limit: u32,
    /// …in this many milliseconds.
    pub per_ms: u64,
}

/// The callers that a throttling policy counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LimitScope {
    /// All callers from one address.
    Ip,
    /// One user.
    User,
    /// One API.
    Api,
    /// One application.
    App,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// Class of the failure.
    pub class: ErrorClass,
    /// Whether it was applied.
    pub applied: Applied,
    /// Where it arose.
    pub cause: Cause,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The cloud's error code, such as `DLI.0002`.
    pub code: Option<String>,
    /// The cloud's text, or what happened on the way; one line, truncated, without secrets.
    pub message: String,
    /// The cloud's request id.
    pub request_id: Option<String>,
    /// How long the server asks to wait, in milliseconds.
    pub retry_after: Option<u64>,
    /// What the response says about the limit.
    pub limit: Option<LearnedLimit>,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut open = " (";
        if let Some(code) = &self.code {
            write!(f, "{open}{code}")?;
            open = ", ";
        }
        if let Some(status) = self.status {
            write!(f, "{open}HTTP {status}")?;
            open = ", ";
        }
        if let Some(id) = &self.request_id {
            write!(f, "{open}request {id}")?;
            open = ", ";
        }
        if open == ", " { f.write_str(")") } else { Ok(()) }
    }
}

impl std::error::Error for CallError {}

impl CallError {
    /// Whether a call that ended with this error, or without one, may have been carried out.
    pub fn may_have_been_applied(error: Option<&Self>) -> bool {
        error.is_none_or(|e| e.applied != Applied::No)
    }

    /// Whether the object of the call does not exist.
    pub fn is_not_found(&self) -> bool {
        self.class == ErrorClass::NotFound
    }
}

/// Result of a call, with the server's clock if the response states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Reply or failure.
    pub outcome: Result<Reply, CallError>,
    /// Header `Date` of the response.
    pub server_date: Option<EpochMillis>,
}
