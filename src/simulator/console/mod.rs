//! The console for people: one page at `/`, made on the server, and forms for what a colleague would change.
//!
//! Answered to loopback addresses only. Names come from clients, so all text is escaped. A form carries a word that only
//! the page knows, and a request that another site caused is refused by its headers, so that a page elsewhere in the
//! same browser can neither press a button here nor frame it.

mod html;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::Response,
};
use serde_json::{Map, Value};

use self::html::{ACTION, SCRIPT, STYLE};
use super::{model::Edit, route, shared::Shared};
use crate::dli::ProjectId;

/// Whether a path is the console's.
pub(super) fn is_here(path: &str) -> bool {
    matches!(path, "/" | ACTION | STYLE | SCRIPT)
}

/// Whether a request may have been caused by another site: its headers say so, or it names a host that is not this one
/// (a name of another site that leads to this machine).
pub(super) fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    // A browser always names a host.
    let ours = name.is_empty()
        || name == "localhost"
        || name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
    let origin = text(header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    let site = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    !(ours && origin && site)
}

/// Answers a request to the console.
pub(super) fn answer(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> Response {
    match (method.as_str(), path) {
        ("GET" | "HEAD", "/") => page(shared, StatusCode::OK, None),
        ("GET", STYLE) => file("text/css; charset=utf-8", include_str!("console.css").to_owned()),
        ("GET", SCRIPT) => file("text/javascript; charset=utf-8", include_str!("console.js").to_owned()),
        ("POST", ACTION) => match press(shared, body) {
            Ok(()) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::SEE_OTHER;
                response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
                response
            }
            Err((status, text)) => page(shared, status, Some(&text)),
        },
        _ => page(shared, StatusCode::METHOD_NOT_ALLOWED, Some("The console knows GET here, and POST for its forms.")),
    }
}

fn file(kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn page(shared: &Shared, status: StatusCode, error: Option<&str>) -> Response {
    let mut response = file("text/html; charset=utf-8", html::render(shared, error));
    *response.status_mut() = status;
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

type Pressed = Result<(), (StatusCode, String)>;

/// Does what a form asks for.
fn press(shared: &Shared, body: &[u8]) -> Pressed {
    let bad = |text: &str| (StatusCode::BAD_REQUEST, text.to_owned());
    let fields = fields(body).ok_or_else(|| bad("The form cannot be read."))?;
    let field = |name: &str| fields.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    if field("key-of-page") != Some(shared.form_key()) {
        let text = "The form does not come from this page, or the simulator was restarted: load the page anew.";
        return Err((StatusCode::FORBIDDEN, text.to_owned()));
    }
    if let Some(minutes) = field("minutes") {
        let minutes = minutes.parse::<i64>().ok().filter(|minutes| (0..=100_000).contains(minutes));
        let minutes = minutes.ok_or_else(|| bad("minutes must be a number from 0 to 100000"))?;
        let mut model = shared.model();
        model.clock().advance(minutes * 60_000);
        let now = model.now();
        model.pass(now);
        return Ok(());
    }
    let project = field("project").map(ProjectId::new);
    for edit in edits(&fields).map_err(|text| bad(&text))? {
        let mut model = shared.model();
        let now = model.now();
        model.edit(now, project.as_ref(), edit).map_err(|error| (StatusCode::CONFLICT, error.to_string()))?;
    }
    Ok(())
}

/// The fields of a form.
fn fields(body: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(body).ok()?;
    let decoded = |text: &str| route::decode(&text.replace('+', " ")).map(std::borrow::Cow::into_owned);
    text.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        })
        .collect()
}

/// The edits of a form: its fields are those of [`Edit`], as text. Another key for a tag is two edits.
fn edits(fields: &[(String, String)]) -> Result<Vec<Edit>, String> {
    let mut edit = Map::new();
    let mut old_key = None;
    for (name, value) in fields {
        let value = match name.as_str() {
            "key-of-page" | "project" => continue,
            "oldKey" => {
                old_key = Some(value.clone()).filter(|key| !key.is_empty());
                continue;
            }
            "cuCount" => value.parse::<i64>().map(Value::from).map_err(|_| "cuCount must be a number".to_owned())?,
            "running" => Value::from(value == "true"),
            _ => Value::from(value.as_str()),
        };
        edit.insert(name.clone(), value);
    }
    let parse =
        |edit: Map<String, Value>| serde_json::from_value(Value::Object(edit)).map_err(|error| error.to_string());
    let mut edits = Vec::new();
    if let Some(old_key) = old_key.filter(|old| edit.get("key").is_some_and(|new| new != old)) {
        let mut removal = edit.clone();
        removal.insert("key".to_owned(), Value::from(old_key));
        removal.remove("value");
        edits.push(parse(removal)?);
    }
    // Without a key there is nothing to set: the old tag is removed.
    if edit.get("key").is_none_or(|key| key != "") {
        edits.push(parse(edit)?);
    }
    Ok(edits)
}
