//! The shapes of error bodies: those of DLI, the gateway, IAM, and proxies in between.

use serde_json::{Map, Value};

/// Pairs of field names for code and text, in the order in which the official SDK looks for them, and one more.
const PAIRS: [(&str, &str); 4] =
    [("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"), ("errCode", "errMsg")];
/// How much of a body that is not JSON is looked at, in bytes.
const PLAIN_BYTES: usize = 4096;

/// What an error body says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorBody {
    /// Error code; a number is taken as its text.
    pub(super) code: Option<String>,
    /// Text as sent; may be empty.
    pub(super) message: String,
    /// Request id that the gateway repeats.
    pub(super) request_id: Option<String>,
}

impl ErrorBody {
    /// Reads any body.
    pub(super) fn parse(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self { message: plain(body), ..Self::default() };
        };
        let object = match &value {
            Value::Object(map) => Some(map),
            // Batch calls return a list; the first item represents all.
            Value::Array(items) => items.iter().find_map(Value::as_object),
            _ => None,
        };
        let Some(object) = object else {
            return Self { message: scalar(&value).unwrap_or_default(), ..Self::default() };
        };
        let nested = || object.values().filter_map(Value::as_object);
        let found = with_code(object)
            .or_else(|| nested().find_map(with_code))
            .or_else(|| with_text(object))
            .or_else(|| nested().find_map(with_text));
        let (code, message) = found.unwrap_or_default();
        Self { code, message, request_id: object.get("request_id").and_then(scalar) }
    }
}

type Found = (Option<String>, String);

fn with_code(object: &Map<String, Value>) -> Option<Found> {
    PAIRS.iter().find_map(|(code, text)| {
        let code = object.get(*code).and_then(scalar)?;
        Some((
            Some(code),
            object.get(*text).and_then(scalar).or_else(|| with_text(object).map(|f| f.1)).unwrap_or_default(),
        ))
    })
}

fn with_text(object: &Map<String, Value>) -> Option<Found> {
    PAIRS.iter().find_map(|(_, text)| Some((None, object.get(*text).and_then(scalar)?)))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text of a body that is not JSON; of HTML, the text between the tags.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(PLAIN_BYTES)]);
    if !text.trim_start().starts_with('<') {
        return text.into_owned();
    }
    let mut said: Vec<&str> = Vec::new();
    for piece in text.split('<') {
        // A piece begins with the rest of a tag; only what follows it is text. The title often comes again as a heading.
        if let Some((_, after)) = piece.split_once('>')
            && !said.contains(&after.trim())
        {
            said.push(after.trim());
        }
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> (Option<String>, String) {
        let body = ErrorBody::parse(body.as_bytes());
        (body.code, body.message)
    }

    fn pair(code: &str, message: &str) -> (Option<String>, String) {
        (Some(code.to_owned()), message.to_owned())
    }

    #[test]
    fn every_known_shape_is_read() {
        assert_eq!(parse(r#"{"error_code":"DLI.0001","error_msg":"m"}"#), pair("DLI.0001", "m"));
        assert_eq!(parse(r#"{"errorCode":"DLI.0001","errorMsg":"m"}"#), pair("DLI.0001", "m"));
        assert_eq!(parse(r#"{"errCode":"DLI.0001","errMsg":"m"}"#), pair("DLI.0001", "m"));
        assert_eq!(parse(r#"{"code":"DLI.0001","message":"m"}"#), pair("DLI.0001", "m"));
        assert_eq!(parse(r#"{"code":404,"message":"m"}"#), pair("404", "m"));
        assert_eq!(parse(r#"{"error":{"code":401,"message":"m","title":"Unauthorized"}}"#), pair("401", "m"));
        assert_eq!(parse(r#"{"is_success":false,"error":{"error_code":"A.1","error_msg":"m"}}"#), pair("A.1", "m"));
        assert_eq!(
            parse(r#"[{"error_code":"DLI.0001","error_msg":"m"},{"error_code":"DLI.0002"}]"#),
            pair("DLI.0001", "m")
        );
        assert_eq!(parse(r#"{"is_success":false,"message":"m"}"#), (None, "m".to_owned()));
        assert_eq!(parse(r#"{"error_code":"DLI.0999"}"#), pair("DLI.0999", ""));
        assert_eq!(parse(r#"{"error_code":"DLI.0999","message":"m"}"#), pair("DLI.0999", "m"));
        assert_eq!(parse("\"text\""), (None, "text".to_owned()));
    }

    #[test]
    fn what_is_not_json_is_text() {
        assert_eq!(parse(""), (None, String::new()));
        assert_eq!(parse("upstream timed out"), (None, "upstream timed out".to_owned()));
        let html = "<html><head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\
            \r\n<hr><center>nginx</center>\r\n</body></html>";
        assert_eq!(parse(html).1.trim(), "502 Bad Gateway nginx");
    }
}
