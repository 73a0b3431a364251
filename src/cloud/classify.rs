//! Classifies failures and decides whether the call was applied. The only place that reads error responses. Pure.
//!
//! Status codes mean little here: most of DLI's failures are a 400, including "does not exist" and "server-side error"
//! (dli_02_0056), and the same situation has had several codes over the years. So the code decides first, the text
//! second, the status last. An unknown failure is [`ErrorClass::Transient`] and, for a call that changes something,
//! [`Applied::Unknown`]: reading again is always safe, believing a wrong "no" is not.

mod body;
mod limit;
mod text;

pub(crate) use text::one_line;

use self::{body::ErrorBody, text::MESSAGE_BYTES};
use crate::dli::{Applied, Call, CallError, Cause, ErrorClass, HttpResponse};

/// Longest error code that is kept, in bytes.
const CODE_BYTES: usize = 64;
/// Longest request id that is kept, in bytes.
const ID_BYTES: usize = 128;
/// `DLI.0999`: only its text says what happened.
const SYSTEM_ERROR: u32 = 999;

/// Classifies an answer with an error status.
pub fn classify(call: &Call, response: &HttpResponse) -> CallError {
    classify_hiding(call, response, &[])
}

/// As [`classify`]; the texts in `hidden` appear in no part of the error.
pub fn classify_hiding(call: &Call, response: &HttpResponse, hidden: &[&str]) -> CallError {
    let body = ErrorBody::parse(&response.body);
    let text = body.message.to_ascii_lowercase();
    let code = Code::parse(body.code.as_deref());
    let (class, applied) = judge(call, response, code, &text);
    let mut error = build(call, response, &body, hidden, class, applied);
    if class == ErrorClass::Throttled {
        error.limit = limit::parse(&body.message);
    }
    error
}

/// A 2xx response with `is_success: false`: the call failed, but may have been applied in part.
pub(crate) fn refused_with_success(call: &Call, response: &HttpResponse, hidden: &[&str]) -> CallError {
    let body = ErrorBody::parse(&response.body);
    let code = Code::parse(body.code.as_deref());
    let text = body.message.to_ascii_lowercase();
    let class = match code {
        Code::Dli(_) => judge(call, response, code, &text).0,
        // Without a code, only the text is left.
        Code::Gateway(_) | Code::Billing(_) | Code::Other | Code::None => {
            match service(call, SYSTEM_ERROR, response, &text).0 {
                class @ (ErrorClass::Exists | ErrorClass::NotFound) => class,
                _ => ErrorClass::Transient,
            }
        }
    };
    build(call, response, &body, hidden, class, Applied::Unknown)
}

/// An answer that is not what the API documents.
pub(crate) fn undecodable(call: &Call, response: &HttpResponse, what: &str, hidden: &[&str]) -> CallError {
    let body = ErrorBody { code: None, message: what.to_owned(), request_id: None };
    let mut error = build(call, response, &body, hidden, ErrorClass::Transient, Applied::Unknown);
    error.cause = Cause::Decode;
    error
}

fn build(
    call: &Call,
    response: &HttpResponse,
    body: &ErrorBody,
    hidden: &[&str],
    class: ErrorClass,
    applied: Applied,
) -> CallError {
    let message = Some(one_line(&body.message, MESSAGE_BYTES, hidden))
        .filter(|message| !message.is_empty())
        .unwrap_or_else(|| format!("HTTP {} without an explanation", response.status));
    let id = response.request_id.as_deref().or(body.request_id.as_deref());
    CallError {
        class,
        applied: if call.is_mutation() { applied } else { Applied::No },
        cause: Cause::Answer,
        status: Some(response.status),
        code: body.code.as_deref().map(|code| one_line(code, CODE_BYTES, hidden)).filter(|code| !code.is_empty()),
        message,
        request_id: id.map(|id| one_line(id, ID_BYTES, hidden)).filter(|id| !id.is_empty()),
        retry_after: response.retry_after,
        limit: None,
    }
}

/// An error code, by the service that issued it.
#[derive(Clone, Copy)]
enum Code {
    /// `DLI.0002`
    Dli(u32),
    /// `APIGW.0301`, on older and dedicated gateways `APIG.0301`.
    Gateway(u32),
    /// `CBC.30000067`: the billing centre.
    Billing(u32),
    /// Of another service: IAM, OpenStack, a proxy.
    Other,
    /// None.
    None,
}

impl Code {
    fn parse(code: Option<&str>) -> Self {
        let Some(code) = code.map(str::trim).filter(|code| !code.is_empty()) else { return Self::None };
        let Some((who, number)) = code.split_once('.') else { return Self::Other };
        let Ok(number) = number.parse() else { return Self::Other };
        match who.to_ascii_uppercase().as_str() {
            "DLI" => Self::Dli(number),
            "APIGW" | "APIG" => Self::Gateway(number),
            "CBC" => Self::Billing(number),
            _ => Self::Other,
        }
    }
}

/// Class and effect of an error answer. `text` is in lower case.
fn judge(call: &Call, response: &HttpResponse, code: Code, text: &str) -> (ErrorClass, Applied) {
    match code {
        Code::Gateway(number) => gateway(number, response.status),
        Code::Dli(number) if response.status < 500 => service(call, number, response, text),
        // Already unsubscribed: gone, as far as a deletion is concerned. A failure of the server proves nothing.
        Code::Billing(30_000_067) if is_deletion(call) && response.status < 500 => (ErrorClass::NotFound, Applied::No),
        Code::Other if response.status == 404 && says_missing(call, text) => (ErrorClass::NotFound, Applied::No),
        Code::Other if response.status == 400 && matches!(call, Call::FindProjects(_)) => {
            (ErrorClass::Refused, Applied::No)
        }
        Code::Dli(_) | Code::Billing(_) | Code::Other | Code::None => by_status(response),
    }
}

/// The gateway's own responses: the request did not reach the service, unless the service itself failed.
fn gateway(number: u32, status: u16) -> (ErrorClass, Applied) {
    let class = match (number, status) {
        (101, _) => ErrorClass::Unsupported,
        (308, _) | (_, 429) => ErrorClass::Throttled,
        (301 | 303 | 305 | 307, _) | (_, 401) => ErrorClass::Auth,
        (302 | 306 | 310 | 802, _) | (_, 403) => ErrorClass::Denied,
        (202 | 203 | 601 | 613, _) | (_, 408 | 500..) => ErrorClass::Transient,
        _ => ErrorClass::Refused,
    };
    let reached = status >= 500 || matches!(number, 202 | 203);
    (class, if reached { Applied::Unknown } else { Applied::No })
}

/// DLI's own codes (dli_02_0056) below 500.
fn service(call: &Call, number: u32, response: &HttpResponse, text: &str) -> (ErrorClass, Applied) {
    let unknown = (ErrorClass::Transient, Applied::Unknown);
    let refused = (ErrorClass::Refused, refusal(call));
    if response.status == 429 {
        return (ErrorClass::Throttled, Applied::No);
    }
    match number {
        13..=15 => (ErrorClass::Auth, Applied::No),
        3 | 16 => (ErrorClass::Denied, Applied::No),
        1028 => (ErrorClass::Quota, refusal(call)),
        6 => (ErrorClass::Exists, refusal(call)),
        _ if response.status == 401 => (ErrorClass::Auth, Applied::No),
        _ if response.status == 403 => (ErrorClass::Denied, Applied::No),
        2 | 23 if is_about_another(call, text) => refused,
        2 | 23 => (ErrorClass::NotFound, Applied::No),
        1 | 8 if says_missing(call, text) => (ErrorClass::NotFound, Applied::No),
        1 | 7 | 8 | 9 | 999 if is_creation(call) && says_exists(text) => {
            (ErrorClass::Exists, if number == 999 { Applied::Unknown } else { Applied::No })
        }
        1 | 7 | 9 if says_busy(call, text) => unknown,
        8 if says_nothing_there(text) => refused,
        1 | 4 | 5 | 7 | 9 | 11 | 18 | 100 => refused,
        // 8 metadata, 12 unavailable, 19 timed out, 999 server-side error, and whatever else there may be.
        _ => unknown,
    }
}

fn by_status(response: &HttpResponse) -> (ErrorClass, Applied) {
    match response.status {
        401 => (ErrorClass::Auth, Applied::No),
        403 => (ErrorClass::Denied, Applied::No),
        429 => (ErrorClass::Throttled, Applied::No),
        413 if response.retry_after.is_some() => (ErrorClass::Throttled, Applied::No),
        _ => (ErrorClass::Transient, Applied::Unknown),
    }
}

/// Effect of a refusal. A bind or unbind call with several names may have applied the good ones (undocumented).
fn refusal(call: &Call) -> Applied {
    match call {
        Call::Bind { queues, .. } | Call::Unbind { queues, .. } if queues.len() > 1 => Applied::Unknown,
        _ => Applied::No,
    }
}

fn is_deletion(call: &Call) -> bool {
    matches!(call, Call::DeleteQueue(_) | Call::DeleteConnection(_))
}

fn is_creation(call: &Call) -> bool {
    matches!(call, Call::CreateQueue(_) | Call::CreateConnection(_))
}

/// Whether the call has an object that can be missing. Lists and creations have none; there, a resource that they refer
/// to is missing.
fn has_object(call: &Call) -> bool {
    match call {
        Call::GetQueue(_)
        | Call::DeleteQueue(_)
        | Call::GetConnection(_)
        | Call::DeleteConnection(_)
        | Call::SetHosts { .. }
        | Call::Bind { .. }
        | Call::Unbind { .. }
        | Call::ListTags { .. }
        | Call::CreateTags { .. } => true,
        Call::ListQueues { .. }
        | Call::CreateQueue(_)
        | Call::ListConnections { .. }
        | Call::CreateConnection(_)
        | Call::FindProjects(_) => false,
    }
}

/// The documented ways to say that something does not exist, over several editions.
fn says_nothing_there(text: &str) -> bool {
    ["no queue named", "does not exist", "is not exist", "do not exist", "not exist"].iter().any(|p| text.contains(p))
}

/// Whether another resource than the object of the call is missing: for example a queue to bind, and not the
/// connection.
fn is_about_another(call: &Call, text: &str) -> bool {
    if !has_object(call) {
        return true;
    }
    // A missing project does not prove that its resources are gone.
    if text.contains("project") && !text.contains("queue named") && !text.contains("connection ") {
        return true;
    }
    match call {
        Call::SetHosts { .. } | Call::Bind { .. } | Call::Unbind { .. } => {
            text.contains("no queue named") || !text.contains("connection") && text.contains("queue")
        }
        _ => false,
    }
}

fn says_missing(call: &Call, text: &str) -> bool {
    says_nothing_there(text) && !is_about_another(call, text)
}

fn says_exists(text: &str) -> bool {
    ["already exist", "has existed", "is existed", "duplicate"].iter().any(|p| text.contains(p))
}

/// A temporary state, whatever the code. For a deletion or an unbinding any such hint is enough, because repeating it
/// is harmless; for other calls only the documented texts count (dli_01_0487).
fn says_busy(call: &Call, text: &str) -> bool {
    let documented = ["is assigning", "is being", "try again"];
    let hints = ["not be deleted", "in use", "running", "submitting", "creating", "scaling", "not available"];
    let harmless = is_deletion(call) || matches!(call, Call::Unbind { .. });
    documented.iter().any(|p| text.contains(p)) || harmless && hints.iter().any(|p| text.contains(p))
}
