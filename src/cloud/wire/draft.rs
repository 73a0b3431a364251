//! A request as it is put together, and why one may not come about.

use serde::Serialize;

use crate::dli::{Call, HttpRequest, Method, ProjectId, signing};

/// Why a call cannot be written as a request. It is a mistake of the caller; nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A call of DLI has the project in its path.
    #[error("{0} needs a project id, and none is known")]
    NoProject(&'static str),
    /// A part of the path that would lead elsewhere: empty, a dot segment, or with a slash in it.
    #[error("{value:?} cannot be {what} in the path of a request")]
    BadSegment {
        /// What it is.
        what: &'static str,
        /// The offending text.
        value: String,
    },
    /// The body does not become JSON.
    #[error("the body of {0} cannot be written as JSON")]
    Body(&'static str),
}

/// A part of a path.
pub(super) enum Segment<'a> {
    /// Goes in as it is; may hold slashes.
    Fixed(&'static str),
    /// The project id.
    Project,
    /// A name or an id: checked and encoded.
    Value(&'static str, &'a str),
}

/// A request before its path is put together.
pub(super) struct Draft<'a> {
    method: Method,
    path: Vec<Segment<'a>>,
    query: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(method: Method, path: Vec<Segment<'a>>) -> Self {
        Self { method, path, query: Vec::new(), body: None }
    }

    pub(super) fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// Serialises the body, once: the same bytes are signed and sent.
    pub(super) fn json(mut self, what: &'static str, body: &impl Serialize) -> Result<Self, EncodeError> {
        self.body = Some(serde_json::to_vec(body).map_err(|_| EncodeError::Body(what))?);
        Ok(self)
    }

    pub(super) fn finish(self, call: &Call, project: Option<&ProjectId>) -> Result<HttpRequest, EncodeError> {
        let mut path = String::with_capacity(128);
        for segment in self.path {
            path.push('/');
            match segment {
                Segment::Fixed(text) => path.push_str(text),
                Segment::Project => {
                    let id = project.ok_or(EncodeError::NoProject(call.name()))?;
                    path.push_str(&encoded("a project id", id.as_str())?);
                }
                Segment::Value(what, value) => path.push_str(&encoded(what, value)?),
            }
        }
        Ok(HttpRequest { method: self.method, path, query: self.query, body: self.body })
    }
}

fn encoded(what: &'static str, value: &str) -> Result<String, EncodeError> {
    if value.is_empty() || value == "." || value == ".." || value.contains('/') {
        return Err(EncodeError::BadSegment { what, value: value.to_owned() });
    }
    Ok(signing::percent_encode(value.as_bytes()))
}
