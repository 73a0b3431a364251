//! Which call a request is: by method and path, nothing else.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::dli::{HttpRequest, Method};

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident $mutation:literal),+ $(,)?) => {
        /// A call that the simulator knows.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Operation {
            $($(#[$doc])* $name,)+
        }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name: as `dli::Call` names it, where both know the call.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// Whether it changes something.
            pub fn is_mutation(self) -> bool {
                match self {
                    $(Self::$name => $mutation,)+
                }
            }
        }
    };
}

operations! {
    /// `GET /v1.0/{project}/queues` (dli_02_0196).
    ListQueues false,
    /// `GET /v1.0/{project}/queues/{name}` (dli_02_0016).
    GetQueue false,
    /// `POST /v1.0/{project}/queues` (dli_02_0194).
    CreateQueue true,
    /// `DELETE /v1.0/{project}/queues/{name}` (dli_02_0195).
    DeleteQueue true,
    /// `PUT /v1.0/{project}/queues/{name}/action` (dli_02_0249).
    QueueAction true,
    /// `GET /v2.0/{project}/datasource/enhanced-connections` (dli_02_0190).
    ListConnections false,
    /// `GET …/enhanced-connections/{id}` (dli_02_0189).
    GetConnection false,
    /// `POST …/enhanced-connections` (dli_02_0187).
    CreateConnection true,
    /// `DELETE …/enhanced-connections/{id}` (dli_02_0188).
    DeleteConnection true,
    /// `PUT …/enhanced-connections/{id}` (dli_02_0200).
    SetHosts true,
    /// `POST …/{id}/associate-queue` (dli_02_0191).
    AssociateQueue true,
    /// `POST …/{id}/disassociate-queue` (dli_02_0192).
    DisassociateQueue true,
    /// `GET /v3/{project}/{type}/{id}/tags` (dli_02_0501).
    ListTags false,
    /// `POST /v3/{project}/{type}/{id}/tags/create` (dli_02_0396).
    CreateTags true,
    /// `POST /v3/{project}/{type}/{id}/tags/delete` (dli_02_0397).
    DeleteTags true,
    /// IAM `GET /v3/projects`.
    FindProjects false,
    /// IAM `GET /v3/auth/domains`.
    ListDomains false,
    /// Anything else: 404 APIGW.0101.
    Unknown false,
}

/// Resource types of the tag calls that the simulator has objects of (dli_02_0396).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tagged {
    /// `dli_queue`, by `queue_id`.
    Queue,
    /// `dli_enhanced_datasource`, by connection id.
    Connection,
}

/// A request, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route<'a> {
    pub(crate) operation: Operation,
    /// Project of the path; empty for IAM.
    pub(crate) project: Cow<'a, str>,
    /// Queue name, connection id or resource id.
    pub(crate) object: Cow<'a, str>,
    pub(crate) tagged: Tagged,
}

/// Takes a request apart.
pub(crate) fn find(request: &HttpRequest) -> Route<'_> {
    let mut segments = [""; 8];
    let mut count = 0;
    for segment in request.path.trim_start_matches('/').trim_end_matches('/').split('/') {
        if count == segments.len() {
            return none();
        }
        segments[count] = segment;
        count += 1;
    }
    known(request.method, &segments[..count]).unwrap_or_else(none)
}

fn none<'a>() -> Route<'a> {
    Route {
        operation: Operation::Unknown,
        project: Cow::Borrowed(""),
        object: Cow::Borrowed(""),
        tagged: Tagged::Queue,
    }
}

fn known<'a>(method: Method, segments: &[&'a str]) -> Option<Route<'a>> {
    use Method::{Delete, Get, Post, Put};
    let mut tagged = Tagged::Queue;
    let (operation, project, object) = match (method, segments) {
        (Get, ["v1.0", project, "queues"]) => (Operation::ListQueues, *project, ""),
        (Post, ["v1.0", project, "queues"]) => (Operation::CreateQueue, *project, ""),
        (Get, ["v1.0", project, "queues", name]) => (Operation::GetQueue, *project, *name),
        (Delete, ["v1.0", project, "queues", name]) => (Operation::DeleteQueue, *project, *name),
        (Put, ["v1.0", project, "queues", name, "action"]) => (Operation::QueueAction, *project, *name),
        (method, ["v2.0", project, "datasource", "enhanced-connections", rest @ ..]) => {
            let (operation, id) = match (method, rest) {
                (Get, []) => (Operation::ListConnections, ""),
                (Post, []) => (Operation::CreateConnection, ""),
                (Get, [id]) => (Operation::GetConnection, *id),
                (Delete, [id]) => (Operation::DeleteConnection, *id),
                (Put, [id]) => (Operation::SetHosts, *id),
                (Post, [id, "associate-queue"]) => (Operation::AssociateQueue, *id),
                (Post, [id, "disassociate-queue"]) => (Operation::DisassociateQueue, *id),
                _ => return None,
            };
            (operation, *project, id)
        }
        (Get, ["v3", "projects"]) => (Operation::FindProjects, "", ""),
        (Get, ["v3", "auth", "domains"]) => (Operation::ListDomains, "", ""),
        (method, ["v3", project, kind, id, "tags", rest @ ..]) => {
            tagged = match *kind {
                "dli_queue" => Tagged::Queue,
                "dli_enhanced_datasource" => Tagged::Connection,
                _ => return None,
            };
            let operation = match (method, rest) {
                (Get, []) => Operation::ListTags,
                (Post, ["create"]) => Operation::CreateTags,
                (Post, ["delete"]) => Operation::DeleteTags,
                _ => return None,
            };
            (operation, *project, *id)
        }
        _ => return None,
    };
    Some(Route { operation, project: decode(project)?, object: decode(object)?, tagged })
}

/// Decodes percent-encoding; `None` where it is broken or not UTF-8.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let digit = |index: usize| bytes.get(index).and_then(|b| char::from(*b).to_digit(16));
            out.push((digit(at + 1)? * 16 + digit(at + 2)?) as u8);
            at += 3;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}
