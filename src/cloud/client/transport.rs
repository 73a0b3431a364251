//! Transport failures: the cause, and whether the request may have arrived.

use std::{error::Error, io};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{
    cloud::classify::{one_line, undecodable},
    dli::{Applied, Call, CallError, Cause, ErrorClass, HttpResponse},
};

/// Longest message of an error that arose here, in bytes.
pub(super) const MESSAGE_BYTES: usize = 512;

/// The system's name resolution, with an error type of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolver;

/// The name of a host does not resolve.
#[derive(Debug, thiserror::Error)]
#[error("the host name does not resolve: {0}")]
struct Unresolved(io::Error);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(Unresolved)?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// An error for a call that was not sent at all.
pub fn not_sent(class: ErrorClass, message: String) -> CallError {
    CallError {
        class,
        applied: Applied::No,
        cause: Cause::NotSent,
        status: None,
        code: None,
        message,
        request_id: None,
        retry_after: None,
        limit: None,
    }
}

/// A failure before any answer.
pub(super) fn sending(call: &Call, error: &reqwest::Error, host: &str, hidden: &[&str]) -> CallError {
    let (cause, sent) = if error.is_connect() || error.is_builder() {
        (connecting(error), false)
    } else if error.is_timeout() {
        (Cause::Timeout, true)
    } else {
        (Cause::Reset, true)
    };
    let what = match (cause, sent) {
        (Cause::Dns, _) => "cannot find",
        (Cause::Tls, _) => "cannot make a TLS connection to",
        (Cause::Timeout, false) => "cannot connect in time to",
        (_, false) => "cannot connect to",
        (Cause::Timeout, true) => "no answer in time from",
        (_, true) => "the connection broke before the answer of",
    };
    let message = match cause {
        Cause::Timeout => format!("{what} {host}"),
        _ => format!("{what} {host}: {}", innermost(error)),
    };
    failure(call, cause, sent, &message, hidden)
}

/// A failure within the body of a successful response.
pub(super) fn reading(call: &Call, head: &HttpResponse, error: &reqwest::Error, hidden: &[&str]) -> CallError {
    let (cause, what) = if error.is_timeout() {
        (Cause::Timeout, "the answer did not end in time".to_owned())
    } else if is_garbage(error) {
        (Cause::Decode, format!("the answer cannot be decompressed: {}", innermost(error)))
    } else {
        (Cause::Reset, format!("the connection broke within the answer: {}", innermost(error)))
    };
    CallError { cause, ..undecodable(call, head, &what, hidden) }
}

/// A response beyond its limit.
pub(super) fn too_large(call: &Call, head: &HttpResponse, cap: usize) -> CallError {
    undecodable(call, head, &format!("the answer is larger than {cap} bytes"), &[])
}

/// The text of the innermost error, which says what happened.
pub(super) fn innermost(error: &dyn Error) -> String {
    chain(error).last().map_or_else(|| "for an unknown reason".to_owned(), ToString::to_string)
}

fn failure(call: &Call, cause: Cause, sent: bool, message: &str, hidden: &[&str]) -> CallError {
    let applied = if sent && call.is_mutation() { Applied::Unknown } else { Applied::No };
    let message = one_line(message, MESSAGE_BYTES, hidden);
    CallError { applied, cause, ..not_sent(ErrorClass::Transient, message) }
}

/// Why the connection could not be established.
fn connecting(error: &reqwest::Error) -> Cause {
    if error.is_timeout() {
        return Cause::Timeout;
    }
    let mut cause = Cause::Connect;
    for error in chain(error) {
        if error.is::<Unresolved>() {
            return Cause::Dns;
        }
        // rustls reports its errors as invalid data, and a peer that hangs up within the handshake as an early end.
        if io_kinds(error).any(|kind| matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)) {
            cause = Cause::Tls;
        }
    }
    cause
}

fn is_garbage(error: &reqwest::Error) -> bool {
    chain(error).flat_map(io_kinds).any(|kind| matches!(kind, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput))
}

/// Kinds of an I/O error and of the I/O errors packed into it, which are not among its sources.
fn io_kinds<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = io::ErrorKind> + 'a {
    std::iter::successors(error.downcast_ref::<io::Error>(), |io| io.get_ref()?.downcast_ref::<io::Error>())
        .map(io::Error::kind)
}

/// The causes of an error; without the error itself, whose text repeats the URL.
fn chain(error: &dyn Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let mut next = error.source();
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
