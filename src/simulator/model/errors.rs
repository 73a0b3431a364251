//! Refusals: codes and texts, each with its source.

use super::{answers::ErrorShape, json::Json};

/// Who refuses: each has a body shape of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// DLI: `error_code`, `error_msg` (dli_02_0056).
    Dli,
    /// The gateway: the same with `request_id`.
    Gateway,
    /// IAM: nested under `error`.
    Iam,
}

/// A refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) origin: Origin,
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    fn dli(status: u16, code: &str, text: impl Into<String>) -> Self {
        Self { origin: Origin::Dli, status, code: code.to_owned(), text: text.into(), retry_after: None }
    }

    /// Of the gateway.
    pub(crate) fn gateway(status: u16, code: &str, text: impl Into<String>) -> Self {
        Self { origin: Origin::Gateway, status, code: code.to_owned(), text: text.into(), retry_after: None }
    }

    /// Whatever a fault asks for: the code tells whose body shape it has (a bare number is IAM's).
    pub(crate) fn any(status: u16, code: &str, text: impl Into<String>) -> Self {
        let origin = if code.starts_with("APIG") {
            Origin::Gateway
        } else if code.bytes().all(|b| b.is_ascii_digit()) {
            Origin::Iam
        } else {
            Origin::Dli
        };
        Self { origin, ..Self::dli(status, code, text) }
    }

    /// 400 DLI.0001: a parameter is wrong (dli_02_0056).
    pub(crate) fn parameter(text: impl Into<String>) -> Self {
        Self::dli(400, "DLI.0001", text)
    }

    /// 400 DLI.0002: an object does not exist (dli_02_0056).
    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::dli(400, "DLI.0002", text)
    }

    /// 400 DLI.0006: an object exists (dli_02_0056).
    pub(crate) fn exists(text: impl Into<String>) -> Self {
        Self::dli(400, "DLI.0006", text)
    }

    /// 400 DLI.0007: not supported (dli_02_0056).
    pub(crate) fn unsupported(text: impl Into<String>) -> Self {
        Self::dli(400, "DLI.0007", text)
    }

    /// 400 DLI.0008: metadata (dli_02_0056).
    pub(crate) fn metadata(text: impl Into<String>) -> Self {
        Self::dli(400, "DLI.0008", text)
    }

    /// 400 DLI.0016: role (dli_02_0056).
    pub(crate) fn role(text: impl Into<String>) -> Self {
        Self::dli(400, "DLI.0016", text)
    }

    /// 404 DLI.0023: no related resource (dli_02_0056).
    pub(crate) fn no_resource(text: impl Into<String>) -> Self {
        Self::dli(404, "DLI.0023", text)
    }

    /// 400 DLI.0999: the service's catch-all (dli_02_0056).
    pub(crate) fn system(text: impl Into<String>) -> Self {
        Self::dli(400, "DLI.0999", text)
    }

    /// 400 DLI.1028: quota (dli_02_0056).
    pub(crate) fn quota(text: impl Into<String>) -> Self {
        Self::dli(400, "DLI.1028", text)
    }

    /// 404 APIGW.0101: no such API here (gateway error codes).
    pub(crate) fn no_such_api() -> Self {
        Self::gateway(404, "APIGW.0101", "The API does not exist or has not been published in the environment")
    }

    /// 401 APIGW.0301 (gateway error codes).
    pub(crate) fn unauthenticated(text: &str) -> Self {
        Self::gateway(401, "APIGW.0301", format!("Incorrect IAM authentication information: {text}"))
    }

    /// "There is no queue named …" (dli_02_0056).
    pub(crate) fn no_queue_text(name: &str) -> String {
        format!("There is no queue named {name}")
    }

    /// "Connection … does not exist." (dli_02_0256).
    pub(crate) fn no_connection_text(id: &str) -> String {
        format!("Connection {id} does not exist.")
    }

    /// Text about a pool that does not exist.
    pub(crate) fn no_pool_text(name: &str) -> String {
        format!("The elastic resource pool {name} does not exist.")
    }

    /// The body; only DLI's comes in several shapes. The gateway's carries the request id.
    pub(crate) fn body(&self, request_id: &str, shape: ErrorShape) -> Vec<u8> {
        let mut json = Json::new(false);
        match self.origin {
            Origin::Dli => {
                let (code, text) = match shape {
                    ErrorShape::Snake | ErrorShape::Nested | ErrorShape::List => ("error_code", "error_msg"),
                    ErrorShape::Camel => ("errorCode", "errorMsg"),
                    ErrorShape::Short => ("code", "message"),
                };
                if shape == ErrorShape::Nested {
                    json.open_object("error");
                }
                json.text(code, &self.code).text(text, &self.text);
                if shape == ErrorShape::Nested {
                    json.close_object();
                }
            }
            Origin::Gateway => {
                json.text("error_msg", &self.text).text("error_code", &self.code).text("request_id", request_id);
            }
            Origin::Iam => {
                let title = match self.status {
                    401 => "Unauthorized",
                    403 => "Forbidden",
                    404 => "Not Found",
                    _ => "Bad Request",
                };
                json.open_object("error")
                    .integer("code", i64::from(self.status))
                    .text("message", &self.text)
                    .text("title", title)
                    .close_object();
            }
        }
        let body = json.finish();
        if self.origin == Origin::Dli && shape == ErrorShape::List { [b"[", &*body, b"]"].concat() } else { body }
    }
}
