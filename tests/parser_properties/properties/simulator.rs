//! The simulator: whatever is sent to it, it answers as the cloud does, and a request that it refuses changes nothing.
//!
//! An input is several requests, each after a line `---`. Those to `/_simulator/` stand for its control endpoint, and
//! `{connection}` in a path or a body for the id of the last connection that was made.

use std::borrow::Cow;

use dli_operator::{
    cloud::wire::decode,
    dli::{Applied, Call, ConnectionId, HttpRequest, Method, QueueName, ResourceType},
    simulator::{Caller, Config, Delivery, Edit, Effect, Fault, Model, RateLimit, verify::WireRequest},
};

use super::{
    answer::{CONNECTION, connection, queue},
    signing::verifier,
    wire::{Request, read},
};

const NOW: i64 = 1_767_225_600_000;
/// Stands for an id.
const LAST: &str = "{connection}";
/// What would be too long for a test.
const MOST_REQUESTS: usize = 24;

pub fn check(data: &[u8]) {
    let mut model = Model::new(Config::default());
    // Until a fault or a limit is set, which each call uses up.
    let mut calm = true;
    let mut now = NOW;
    for part in parts(data).take(MOST_REQUESTS) {
        let part = with_id(part, &model, now);
        let Some(request) = read(&part) else { continue };
        door(&request);
        now += 1_000;
        match request.path.strip_prefix("/_simulator/") {
            Some(what) => calm &= control(&mut model, now, what, request.body),
            None => serve(&mut model, now, &request, calm),
        }
    }
    // Whatever has happened, it can be looked at.
    let _ = (model.queues(now).len(), model.connections(now).len(), model.fingerprint());
}

fn parts(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.windows(5).position(|window| window == b"\n---\n");
        rest = end.map(|end| &text[end + 5..]);
        Some(end.map_or(text, |end| &text[..end]))
    })
}

/// The part with the id that it asks for.
fn with_id<'a>(part: &'a [u8], model: &Model, now: i64) -> Cow<'a, [u8]> {
    let Ok(text) = std::str::from_utf8(part) else { return part.into() };
    if !text.contains(LAST) {
        return part.into();
    }
    let id = model.connections(now).last().map(|connection| connection.id.to_string());
    text.replace(LAST, &id.unwrap_or_default()).into_bytes().into()
}

/// Who did not sign is not let in, and is not told a secret.
fn door(request: &Request<'_>) {
    let Request { method, path, query, headers, body } = request;
    let wire = WireRequest { method, path, query, headers, body };
    let denied = verifier().check(NOW, &wire).expect_err("nobody can guess a signature");
    // What was sent may be said again: the cloud, too, answers with the canonical request.
    let mut said = headers.iter().map(|(_, value)| &**value).chain([&**path, &**query]);
    let sent = said.any(|text| text.contains("canary-secret"));
    assert!(!denied.0.is_empty() && (sent || !denied.0.contains("canary-secret")), "{denied}");
}

fn serve(model: &mut Model, now: i64, request: &Request<'_>, calm: bool) {
    let method = match request.method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        _ => return,
    };
    let pairs = request.query.split('&').filter(|pair| !pair.is_empty());
    let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (k.into(), v.into()));
    let body = (!request.body.is_empty()).then(|| request.body.to_vec());
    let sent = HttpRequest { method, path: request.path.to_owned(), query: query.collect(), body };
    let caller = Caller::new("caller");
    // Time by itself changes the fingerprint, so what is compared is at the same moment.
    let mut untouched = model.clone();
    untouched.handle(
        now,
        &caller,
        &HttpRequest { method: Method::Get, path: "/".to_owned(), query: vec![], body: None },
    );
    let outcome = model.handle(now, &caller, &sent);
    if calm && !outcome.applied {
        assert_eq!(untouched.fingerprint(), model.fingerprint(), "what was not applied changed something: {request:?}");
    }
    assert!(method != Method::Get || !outcome.applied, "a read is applied: {request:?}");
    let Delivery::Whole(response) = &outcome.delivery else { return };
    assert!((200..=599).contains(&response.status), "{response:?}");
    // The operator reads the answer, and what it thinks of a change that was made is not that it was not.
    if let Some(call) = call(method, request.path)
        && outcome.applied
        && let Err(error) = decode(&call, response)
    {
        assert_ne!(error.applied, Applied::No, "it was applied, and this says otherwise: {response:?}");
    }
}

/// The operator's call that this may be.
fn call(method: Method, path: &str) -> Option<Call> {
    let id = || ConnectionId::new(CONNECTION);
    // With one name alone, a refusal means that nothing was done.
    let queues = || vec![QueueName::new("q1"), QueueName::new("q2")];
    Some(match (method, path.rsplit('/').next()?) {
        (Method::Post, "queues") => Call::CreateQueue(Box::new(queue())),
        (Method::Post, "enhanced-connections") => Call::CreateConnection(Box::new(connection())),
        (Method::Post, "associate-queue") => Call::Bind { id: id(), queues: queues() },
        (Method::Post, "disassociate-queue") => Call::Unbind { id: id(), queues: queues() },
        (Method::Post, "create") => {
            Call::CreateTags { resource: ResourceType::Queue, id: "1".to_owned(), tags: vec![] }
        }
        (Method::Put, _) => Call::SetHosts { id: id(), hosts: vec![] },
        (Method::Delete, _) if path.contains("enhanced-connections") => Call::DeleteConnection(id()),
        (Method::Delete, _) => Call::DeleteQueue(QueueName::new("q1")),
        _ => return None,
    })
}

/// Says whether all goes on as before: no fault and no limit was set.
fn control(model: &mut Model, now: i64, what: &str, body: &[u8]) -> bool {
    match what {
        "edits" => {
            if let Ok(edit) = serde_json::from_slice::<Edit>(body)
                && let Err(error) = model.edit(now, None, edit)
            {
                assert!(!error.to_string().is_empty());
            }
        }
        "faults" => {
            let Ok(fault) = serde_json::from_slice::<Fault>(body) else { return true };
            // These two may say of what was done that it was not, on purpose.
            if !matches!(fault.effect, Effect::Respond { .. } | Effect::ApplyThenRespond { .. }) {
                model.arm(fault);
            }
            return false;
        }
        "rate-limit" => {
            let Ok(limit) = serde_json::from_slice::<Option<RateLimit>>(body) else { return true };
            model.limit_rate(limit);
            return false;
        }
        "config" => {
            if let Ok(config) = serde_json::from_slice::<Config>(body)
                && config.check().is_ok()
            {
                model.configure(|current| *current = Config { projects: current.projects.clone(), ..config });
            }
        }
        _ => {}
    }
    true
}
