//! Calls as HTTP requests, HTTP responses as replies. Pure: no clock, no socket.
//!
//! Decoding is lenient where DLI is known to be loose (dli_02_0016, dli_02_0196: numbers and booleans as text, two
//! spellings of a name, null for absent) and strict where a guess would be dangerous: if one item of a list cannot be
//! read, the whole list is an error, not a shorter list.

mod connection;
mod draft;
mod fields;
mod iam;
mod items;
mod queue;
mod tags;

pub use draft::EncodeError;
pub use fields::DecodeError;

use self::{fields::Envelope, items::Items};
use super::classify;
use crate::dli::{Call, CallError, ConnectionItem, HttpRequest, HttpResponse, Method, ProjectId, QueueItem, Reply};

/// Writes a call as a request without authority, identity and signature. Fields that are `None` are left out.
///
/// # Errors
/// [`EncodeError`] where the call would end up at another path than its own.
pub fn encode(call: &Call, project: Option<&ProjectId>) -> Result<HttpRequest, EncodeError> {
    let draft = match call {
        Call::ListQueues { tag, page } => queue::list(tag.as_ref(), *page),
        Call::GetQueue(name) => queue::one(Method::Get, name),
        Call::CreateQueue(body) => queue::create(body)?,
        Call::DeleteQueue(name) => queue::one(Method::Delete, name),
        Call::ListConnections { tag, offset, limit } => connection::list(tag.as_ref(), *offset, *limit),
        Call::GetConnection(id) => connection::one(Method::Get, id),
        Call::CreateConnection(body) => connection::create(body)?,
        Call::DeleteConnection(id) => connection::one(Method::Delete, id),
        Call::SetHosts { id, hosts } => connection::set_hosts(id, hosts)?,
        Call::Bind { id, queues } => connection::bind(id, "associate-queue", queues)?,
        Call::Unbind { id, queues } => connection::bind(id, "disassociate-queue", queues)?,
        Call::ListTags { resource, id } => tags::list(*resource, id),
        Call::CreateTags { resource, id, tags } => tags::create(*resource, id, tags)?,
        Call::FindProjects(region) => iam::find_projects(region),
    };
    draft.finish(call, project)
}

/// Reads the response to a call: the reply, or the failure and whether the call was applied nevertheless.
///
/// # Errors
/// A [`CallError`] for every status other than 2xx, for `is_success: false`, and for a body that is not what the API
/// documents.
pub fn decode(call: &Call, response: &HttpResponse) -> Result<Reply, CallError> {
    decode_hiding(call, response, &[])
}

/// As [`decode`]; the texts in `hidden` appear in no part of the error.
///
/// # Errors
/// As [`decode`].
pub fn decode_hiding(call: &Call, response: &HttpResponse, hidden: &[&str]) -> Result<Reply, CallError> {
    let mut body = Body::of(call, response.status);
    body.feed(&response.body);
    body.decode(call, HttpResponse { body: Vec::new(), ..response.clone() }, hidden)
}

/// The body of a response, parsed while it arrives. Of long lists it keeps only the decoded items.
pub struct Body {
    received: usize,
    parts: Parts,
}

enum Parts {
    Whole(Vec<u8>),
    Queues(Items<QueueItem>),
    Connections(Items<ConnectionItem>),
}

impl Body {
    /// Starts the response with this status to a call.
    pub fn of(call: &Call, status: u16) -> Self {
        let parts = match call {
            Call::ListQueues { .. } if is_success(status) => Parts::Queues(Items::new("queues", queue::item)),
            Call::ListConnections { .. } if is_success(status) => {
                Parts::Connections(Items::new("connections", connection::item))
            }
            _ => Parts::Whole(Vec::new()),
        };
        Self { received: 0, parts }
    }

    /// Bytes that have arrived.
    pub fn received(&self) -> usize {
        self.received
    }

    /// Takes in the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.received += bytes.len();
        match &mut self.parts {
            Parts::Whole(body) => body.extend_from_slice(bytes),
            Parts::Queues(items) => items.feed(bytes),
            Parts::Connections(items) => items.feed(bytes),
        }
    }

    /// Reads the response; `head` is the response without the body.
    ///
    /// # Errors
    /// As [`decode_hiding`].
    pub fn decode(mut self, call: &Call, head: HttpResponse, hidden: &[&str]) -> Result<Reply, CallError> {
        let body = match &mut self.parts {
            Parts::Whole(body) => std::mem::take(body),
            Parts::Queues(items) => items.take_rest(),
            Parts::Connections(items) => items.take_rest(),
        };
        let response = HttpResponse { body, ..head };
        let undecodable = |error: DecodeError| classify::undecodable(call, &response, &error.to_string(), hidden);
        match response.status {
            status if is_success(status) => {}
            ..=199 | 300..=399 => {
                let what = format!("the answer is HTTP {}, which the API does not use", response.status);
                return Err(classify::undecodable(call, &response, &what, hidden));
            }
            _ => return Err(classify::classify_hiding(call, &response, hidden)),
        }
        let envelope = Envelope::parse(&response.body).map_err(undecodable)?;
        if !envelope.is_success().map_err(undecodable)? {
            return Err(classify::refused_with_success(call, &response, hidden));
        }
        match self.parts {
            Parts::Whole(_) => reply(call, &envelope),
            Parts::Queues(items) => items.finish(&envelope).map(Reply::Queues),
            Parts::Connections(items) => items.finish(&envelope).map(Reply::Connections),
        }
        .map_err(undecodable)
    }
}

fn is_success(status: u16) -> bool {
    (200..=299).contains(&status)
}

fn reply(call: &Call, envelope: &Envelope<'_>) -> Result<Reply, DecodeError> {
    match call {
        Call::ListQueues { .. } => envelope.list("queues", queue::item).map(Reply::Queues),
        Call::GetQueue(name) => queue::got(envelope, name).map(|item| Reply::Queue(Box::new(item))),
        Call::ListConnections { .. } => envelope.list("connections", connection::item).map(Reply::Connections),
        Call::GetConnection(id) => connection::got(envelope, id).map(|item| Reply::Connection(Box::new(item))),
        Call::CreateConnection(_) => connection::created(envelope).map(Reply::ConnectionCreated),
        Call::ListTags { .. } => envelope.list("tags", tags::item).map(Reply::Tags),
        Call::FindProjects(_) => envelope.list("projects", iam::project).map(Reply::Projects),
        Call::CreateQueue(_)
        | Call::DeleteQueue(_)
        | Call::DeleteConnection(_)
        | Call::SetHosts { .. }
        | Call::Bind { .. }
        | Call::Unbind { .. }
        | Call::CreateTags { .. } => Ok(Reply::Accepted),
    }
}
