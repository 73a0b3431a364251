//! The control endpoint: tests and people arm faults, look at the state and make a colleague's edits.
//!
//! All of it is below `/_simulator/`, unsigned, and answered to loopback addresses only. Bodies and answers are JSON;
//! `docs/simulator.md` has an example of each.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    credential::Credential,
    model::{Answers, Config, Edit, Fault, RateLimit},
    shared::Shared,
    store::wall,
};
use crate::dli::ProjectId;

/// Where it is.
pub(super) const PREFIX: &str = "/_simulator/";

/// A status and a message, where a request is not understood.
struct Refused(StatusCode, String);

type Answered = Result<Value, Refused>;

/// Answers a request to the control endpoint.
pub(super) fn answer(shared: &Shared, method: &Method, path: &str, body: &[u8]) -> Response {
    let name = path.strip_prefix(PREFIX).unwrap_or_default();
    let answered = match (method.as_str(), name) {
        ("GET", "state") => Ok(state(shared)),
        ("GET", "calls") => Ok(calls(shared)),
        ("DELETE", "calls") => {
            shared.model().forget_calls();
            Ok(json!({}))
        }
        ("GET", "faults") => Ok(json!({ "faults": shared.model().faults() })),
        ("POST", "faults") => parse::<Fault>(body).map(|fault| json!({ "id": shared.model().arm(fault) })),
        ("DELETE", "faults") => {
            shared.model().disarm();
            Ok(json!({}))
        }
        ("POST", "edits") => parse(body).and_then(|edit| make(shared, edit)),
        ("GET", "clock") => Ok(clock(shared)),
        ("POST", "clock") => parse(body).and_then(|change| change_clock(shared, &change)),
        ("POST", "rate-limit") => parse::<Option<RateLimit>>(body).map(|limit| {
            shared.model().limit_rate(limit);
            json!({})
        }),
        ("GET", "credentials") => Ok(credentials(shared)),
        ("POST", "credentials") => parse(body).and_then(|change| change_credentials(shared, change)),
        ("GET", "config") => Ok(json!({ "config": shared.model().config() })),
        ("POST", "config") => parse(body).and_then(|patch| configure(shared, &patch)),
        ("GET", "answers") => Ok(answers(shared)),
        _ => Err(Refused(StatusCode::NOT_FOUND, format!("the control endpoint has no {method} {path}"))),
    };
    let (status, value) = match answered {
        Ok(value) => (StatusCode::OK, value),
        Err(Refused(status, message)) => (status, json!({ "error": message })),
    };
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused(StatusCode::BAD_REQUEST, error.to_string()))
}

fn state(shared: &Shared) -> Value {
    let model = shared.model();
    let now = model.now();
    json!({
        "now": now,
        "clockSkewMs": model.clock_skew(),
        "fingerprint": format!("{:016x}", model.fingerprint()),
        "queues": model.queues(now),
        "connections": model.connections(now),
        "pools": model.pools(now),
    })
}

fn calls(shared: &Shared) -> Value {
    let model = shared.model();
    json!({
        "counts": model.counts().collect::<Vec<_>>(),
        "changes": model.changes().collect::<Vec<_>>(),
        "faults": model.fault_hits(),
    })
}

/// An edit and where.
#[derive(Deserialize)]
struct Placed {
    project: Option<ProjectId>,
    #[serde(flatten)]
    edit: Value,
}

fn make(shared: &Shared, Placed { project, edit }: Placed) -> Answered {
    let edit: Edit =
        serde_json::from_value(edit).map_err(|error| Refused(StatusCode::BAD_REQUEST, error.to_string()))?;
    let mut model = shared.model();
    let now = model.now();
    let made = model.edit(now, project.as_ref(), edit);
    made.map(|id| json!({ "id": id })).map_err(|error| Refused(StatusCode::CONFLICT, error.to_string()))
}

/// What to do with the clock; in this order.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockChange {
    /// How far the times that the server writes are ahead.
    skew_ms: Option<i64>,
    /// Stop it, or let it go on.
    hold: Option<bool>,
    /// Put it forward.
    advance_ms: Option<i64>,
    /// Put it forward to when something comes about by itself.
    #[serde(default)]
    to_next_event: bool,
}

/// The longest step of the clock: ten years.
const LONGEST_STEP: i64 = 10 * 365 * 24 * 60 * 60 * 1000;

fn clock(shared: &Shared) -> Value {
    let mut model = shared.model();
    let (now, held) = (model.now(), model.clock().is_held());
    json!({ "now": now, "aheadMs": now - wall(), "held": held, "skewMs": model.clock_skew() })
}

fn change_clock(shared: &Shared, change: &ClockChange) -> Answered {
    if change.advance_ms.is_some_and(|ms| !(0..=LONGEST_STEP).contains(&ms)) {
        let text = format!("advanceMs must be from 0 to {LONGEST_STEP}: the clock does not go back");
        return Err(Refused(StatusCode::BAD_REQUEST, text));
    }
    {
        let mut model = shared.model();
        if let Some(skew) = change.skew_ms {
            model.skew_clock(skew);
        }
        if let Some(hold) = change.hold {
            model.clock().hold(hold);
        }
        if let Some(ms) = change.advance_ms {
            model.clock().advance(ms);
        }
        let now = model.now();
        if let Some(next) = model.next_event(now).filter(|_| change.to_next_event) {
            model.clock().advance(next - now);
        }
        let now = model.now();
        model.pass(now);
    }
    Ok(clock(shared))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum CredentialChange {
    Add(NewCredential),
    Remove(String),
    Unlock {},
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewCredential {
    access_key: String,
    secret_key: String,
    security_token: Option<String>,
}

fn credentials(shared: &Shared) -> Value {
    let now = wall() + shared.model().clock_skew();
    let verifier = shared.verifier();
    let keys = verifier.keys(now).map(|(name, locked)| json!({ "accessKey": name, "locked": locked }));
    json!({ "credentials": keys.collect::<Vec<_>>() })
}

fn change_credentials(shared: &Shared, change: CredentialChange) -> Answered {
    match change {
        CredentialChange::Add(NewCredential { access_key, secret_key, security_token }) => {
            let (secret_key, security_token) = (SecretString::from(secret_key), security_token.map(SecretString::from));
            shared.verifier().add(Credential { access_key, secret_key, security_token });
        }
        CredentialChange::Remove(access_key) => {
            if !shared.verifier().remove(&access_key) {
                return Err(Refused(StatusCode::CONFLICT, format!("there is no access key {access_key}")));
            }
        }
        CredentialChange::Unlock {} => shared.verifier().unlock(),
    }
    Ok(json!({}))
}

/// Merges a partial configuration into the one in force. Durations are taken as they are, not divided.
fn configure(shared: &Shared, patch: &Value) -> Answered {
    let bad = |error: String| Refused(StatusCode::BAD_REQUEST, error);
    let mut model = shared.model();
    let mut merged = serde_json::to_value(model.config()).map_err(|error| bad(error.to_string()))?;
    if patch.get("projects").is_some() {
        return Err(bad("projects cannot be changed while the simulator runs".to_owned()));
    }
    merge(&mut merged, patch);
    let config: Config = serde_json::from_value(merged).map_err(|error| bad(error.to_string()))?;
    config.check().map_err(|error| bad(error.to_string()))?;
    model.configure(|current| *current = config);
    Ok(json!({ "config": model.config() }))
}

fn merge(into: &mut Value, patch: &Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch.clone(),
    }
}

fn answers(shared: &Shared) -> Value {
    let chosen = shared.model().config().answers.chosen();
    let rows = Answers::DIMENSIONS.iter().zip(chosen).map(|(dimension, chosen)| {
        json!({
            "name": dimension.name,
            "question": dimension.question,
            "chosen": dimension.variants.get(chosen).map(|(name, _)| name),
            "variants": dimension.variants.iter().map(|(name, text)| json!({ "name": name, "text": text })).collect::<Vec<_>>(),
        })
    });
    json!({ "answers": rows.collect::<Vec<_>>() })
}
