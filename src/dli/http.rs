//! An HTTP exchange as plain data: the wire encoder creates it, the signer signs it, the simulator responds to it.

/// Request method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

impl Method {
    /// As on the request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request without its authority, identity and signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// Method.
    pub method: Method,
    /// Path as sent, percent-encoded, beginning with `/`.
    pub path: String,
    /// Decoded query pairs, in the order in which they are sent.
    pub query: Vec<(String, String)>,
    /// JSON body, serialised once: the same bytes are signed and sent.
    pub body: Option<Vec<u8>>,
}

/// A response, reduced to the parts that the operator reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Header `X-Request-Id` (or IAM's `X-IAM-Trace-Id`).
    pub request_id: Option<String>,
    /// Header `Retry-After`, already turned into milliseconds.
    pub retry_after: Option<u64>,
    /// Body; may be empty, HTML or anything else.
    pub body: Vec<u8>,
}
