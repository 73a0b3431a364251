//! The HTTP server: limits, signatures, the model, and what a fault does to a connection.

use std::{convert::Infallible, future::IntoFuture, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use futures::{StreamExt, stream};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    console, control,
    model::{
        Answers, BadCredentials, Caller, Delivery, ErrorShape, Model, Outcome, Refusal, RetryAfterForm, StaleSignature,
    },
    options::{SimulateOptions, SimulatorError},
    route,
    shared::Shared,
    store::wall,
    token::{self, Login},
    transport::{BreakableListener, Peer},
    verify::WireRequest,
};
use crate::dli::{EpochMillis, HttpRequest, HttpResponse, Method, ProjectId};

/// Largest body of a signed request (gateway limits).
const MAX_BODY: usize = 12 * 1024 * 1024;
/// Longest request target, and longest header (gateway limits).
const MAX_LINE: usize = 32 * 1024;
/// All headers (gateway limits).
const MAX_HEADERS: usize = 128 * 1024;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);
/// The longest delay that a fault can cause.
const MAX_DELAY: Duration = Duration::from_secs(120);
/// How long open calls may go on after the signal to stop.
const STOP_TIME: Duration = Duration::from_secs(2);

/// A simulator that runs. Dropping it stops it at once.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Simulator {
    /// Listens and serves in the background.
    pub async fn start(options: SimulateOptions) -> Result<Self, SimulatorError> {
        let listen = options.listen;
        let failed = |source| SimulatorError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared::new(options)?);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        let service = router.into_make_service_with_connect_info::<Peer>();
        let server = axum::serve(BreakableListener(listener), service).with_graceful_shutdown(async {
            // Also when the other end is dropped.
            let _ = stopped.await;
        });
        let server = tokio::spawn(server.into_future());
        Ok(Self { address, shared, stop: Some(stop), server })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its endpoint, for DLI and IAM alike.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at the model or changes it, between two calls. `now` is the server's clock.
    pub fn with<T>(&self, act: impl FnOnce(&mut Model, EpochMillis) -> T) -> T {
        let mut model = self.shared.model();
        let now = model.now();
        act(&mut model, now)
    }

    /// Stops: open calls have a few seconds to end.
    pub async fn stop(mut self) -> Result<(), SimulatorError> {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        match tokio::time::timeout(STOP_TIME, &mut self.server).await {
            Ok(Ok(served)) => served.map_err(SimulatorError::Serve),
            Ok(Err(_)) => Ok(()),
            Err(_) => {
                self.server.abort();
                Ok(())
            }
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Answers one request.
async fn answer(State(shared): State<Arc<Shared>>, ConnectInfo(peer): ConnectInfo<Peer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let own = path.starts_with(control::PREFIX) || console::is_here(path);
    let local = own && peer.address.ip().to_canonical().is_loopback();
    let refusal = match too_large(&parts) {
        Some(refusal) => Err(refusal),
        None => read(body).await,
    };
    let body = match refusal {
        Ok(body) => body,
        Err(refusal) => return finish(&shared, refused(&refusal), Body::from),
    };
    if local && console::is_foreign(&parts.headers) {
        let text = "Another site asked for this: the console and the control endpoint answer their own pages only.";
        return finish(&shared, refused(&Refusal::gateway(403, "SIMULATOR.0403", text)), Body::from);
    }
    if local && console::is_here(path) {
        return console::answer(&shared, &parts.method, path, &body);
    }
    if local {
        return control::answer(&shared, &parts.method, path, &body);
    }
    let (outcome, token) = perform(&shared, &peer, &parts, &body);
    if outcome.delay > 0 {
        tokio::time::sleep(Duration::from_millis(outcome.delay).min(MAX_DELAY)).await;
    }
    match outcome.delivery {
        Delivery::Whole(response) => {
            let body = |bytes: Vec<u8>| if outcome.slow > 0 { slow(&bytes, outcome.slow) } else { Body::from(bytes) };
            let mut response = finish(&shared, response, body);
            if let Some(token) = token.and_then(|token| HeaderValue::try_from(token).ok()) {
                response.headers_mut().insert(HeaderName::from_static("x-subject-token"), token);
            }
            response
        }
        Delivery::Nothing => {
            peer.break_connection();
            Response::new(Body::empty())
        }
        Delivery::Cut(response) => finish(&shared, response, cut),
        Delivery::Endless(response) => finish(&shared, response, endless),
    }
}

/// What the gateway turns away by size (gateway error codes, 0201).
fn too_large(parts: &Parts) -> Option<Refusal> {
    let refusal = |status, text| Some(Refusal::gateway(status, "APIGW.0201", text));
    if parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > MAX_LINE) {
        return refusal(414, "The request URI is longer than 32 KB");
    }
    let sizes = || parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    if sizes().any(|size| size > MAX_LINE) || sizes().sum::<usize>() > MAX_HEADERS {
        return refusal(494, "The request headers are too large");
    }
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > MAX_BODY as u64) {
        return refusal(413, "The request body is larger than 12 MB");
    }
    None
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(BODY_TIME, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Refusal::gateway(413, "APIGW.0201", "The request body is larger than 12 MB or broken")),
        Err(_) => Err(Refusal::gateway(400, "APIGW.0201", "The request body did not arrive in time")),
    }
}

/// Checks the signature and asks the model. The second value is the token of a login.
fn perform(shared: &Shared, peer: &Peer, parts: &Parts, body: &[u8]) -> (Outcome, Option<String>) {
    let whole = |response| (Outcome { delivery: Delivery::Whole(response), delay: 0, slow: 0, applied: false }, None);
    let method = match parts.method.as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        _ => return whole(refused(&Refusal::no_such_api())),
    };
    let raw_query = parts.uri.query().unwrap_or_default();
    let request = HttpRequest {
        method,
        path: parts.uri.path().to_owned(),
        query: pairs(raw_query),
        body: (!body.is_empty()).then(|| body.to_vec()),
    };
    // Header values are bytes; those of clients are UTF-8.
    let headers: Vec<(&str, &str)> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), std::str::from_utf8(value.as_bytes()).ok()?)))
        .collect();
    let mut caller = Caller { name: "".into(), address: peer.address.ip().to_string().into(), project: None };
    // Signatures go by the wall clock: clients need not know that the cloud's was put forward.
    let skewed = wall() + shared.model().clock_skew();
    let operation = route::find(&request).operation;
    let turned_away = |caller: &Caller, refusal: Refusal| {
        let mut model = shared.model();
        let now = model.now();
        model.turned_away(now, caller, &request, refusal.status);
        whole(refused(&refusal))
    };
    if operation == route::Operation::CreateToken {
        let Some(login) = Login::read(body) else {
            return turned_away(&caller, Refusal::any(400, "400", "The login is not one with a password."));
        };
        let Some(token) = shared.verifier().log_in(skewed, &login) else {
            return turned_away(&caller, Refusal::any(401, "401", "The username or password is wrong."));
        };
        let mut model = shared.model();
        let now = model.now();
        let outcome = model.handle(now, &caller, &request);
        let made = matches!(&outcome.delivery, Delivery::Whole(response) if response.status == 201);
        return (outcome, made.then_some(token));
    }
    // An API that is not published is not looked for behind a signature.
    if operation != route::Operation::Unknown {
        let wire = WireRequest {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: raw_query,
            headers: &headers,
            body,
        };
        match shared.verifier().check(skewed, &wire) {
            Ok(access_key) => caller.name = access_key.into(),
            Err(denied) => {
                let answer = shared.model().config().answers;
                return turned_away(&caller, unauthenticated(&answer, &wire, &denied.0));
            }
        }
        caller.project = headers.iter().find(|(name, _)| *name == "x-project-id").map(|(_, id)| ProjectId::new(id));
        if let Some((_, scope)) = wire.header("x-auth-token").and_then(token::claims).filter(|(_, id)| !id.is_empty()) {
            caller.project = Some(ProjectId::new(scope));
        }
    }
    let mut model = shared.model();
    let now = model.now();
    (model.handle(now, &caller, &request), None)
}

/// Who turns a call away that proves nothing: the gateway, or DLI as the errors beside dli_02_0249 have it. A signature
/// that is wrong is the gateway's matter in any case.
fn unauthenticated(answers: &Answers, wire: &WireRequest<'_>, text: &str) -> Refusal {
    let (token, signature) = (wire.header("x-auth-token"), wire.header("authorization"));
    match (answers.bad_credentials, token, signature) {
        (BadCredentials::Service, Some(_), _) => Refusal::any(400, "DLI.0015", "Token info for token is null, return."),
        (BadCredentials::Service, None, None) => {
            Refusal::any(401, "DLI.0013", "X-Auth-Token is not defined in request.")
        }
        _ if answers.stale_signature == StaleSignature::Expired && text.contains("signature expired") => {
            Refusal::gateway(401, "APIGW.0303", text)
        }
        _ => Refusal::unauthenticated(text),
    }
}

/// Decoded query pairs; what cannot be decoded stays as it is, and a plus sign is a plus sign.
fn pairs(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| route::decode(text).map_or_else(|| text.to_owned(), std::borrow::Cow::into_owned);
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

/// A refusal that did not come from the model.
fn refused(refusal: &Refusal) -> HttpResponse {
    let id = format!("{:032x}", wall());
    HttpResponse {
        status: refusal.status,
        body: refusal.body(&id, ErrorShape::Snake),
        request_id: Some(id),
        retry_after: None,
    }
}

/// Puts the headers on that every answer has.
fn finish(shared: &Shared, answer: HttpResponse, body: impl FnOnce(Vec<u8>) -> Body) -> Response {
    let html = answer.body.first() == Some(&b'<');
    let empty = answer.body.is_empty();
    let mut response = Response::new(body(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if !empty {
        let kind = if html { "text/html" } else { "application/json" };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    let (server, form) = {
        let model = shared.model();
        (model.now() + model.clock_skew(), model.config().answers.retry_after_form)
    };
    if let Some(date) = date(server) {
        headers.insert(header::DATE, date);
    }
    if let Some(id) = answer.request_id.and_then(|id| HeaderValue::try_from(id).ok()) {
        headers.insert(HeaderName::from_static("x-iam-trace-id"), id.clone());
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    if let Some(ms) = answer.retry_after {
        let seconds = ms.div_ceil(1000);
        let moment = server.saturating_add_unsigned(seconds * 1000);
        let value = Some(form).filter(|form| *form == RetryAfterForm::Date).and_then(|_| date(moment));
        headers.insert(header::RETRY_AFTER, value.unwrap_or_else(|| HeaderValue::from(seconds)));
    }
    response
}

/// Header `Date` of a moment.
fn date(moment: EpochMillis) -> Option<HeaderValue> {
    let zoned = jiff::Timestamp::from_millisecond(moment).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    HeaderValue::try_from(zoned.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
}

/// The first half of a body; then the connection breaks.
fn cut(mut body: Vec<u8>) -> Body {
    body.truncate(body.len() / 2);
    let half = stream::iter([Ok(Bytes::from(body))]);
    // The half must be on its way before the line breaks.
    let broken = stream::once(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(half.chain(broken))
}

/// A body in pieces, over so many milliseconds.
fn slow(body: &[u8], ms: u64) -> Body {
    const PIECES: usize = 16;
    let pause = Duration::from_millis(ms).min(MAX_DELAY) / PIECES as u32;
    let size = body.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = body.chunks(size).map(Bytes::copy_from_slice).collect();
    Body::from_stream(stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok::<_, Infallible>(piece)
    }))
}

/// A body that goes on: up to a gigabyte of spaces after its last comma.
fn endless(mut body: Vec<u8>) -> Body {
    body.pop();
    let spaces = Bytes::from(vec![b' '; 64 * 1024]);
    let rest = stream::repeat(spaces).take(16 * 1024);
    Body::from_stream(stream::iter([Bytes::from(body)]).chain(rest).map(Ok::<_, Infallible>))
}
