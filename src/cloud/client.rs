//! One call to the cloud over HTTP: sign, send, read with a limit, decode. It sends once and never retries.

mod transport;

pub use transport::not_sent;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::header::{ACCEPT, AUTHORIZATION, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};

use self::transport::MESSAGE_BYTES;
use super::{
    classify::one_line,
    credential::Credential,
    endpoint::EndpointUrl,
    wire::{self, EncodeError},
};
use crate::dli::{
    Answer, Call, CallError, EpochMillis, ErrorClass, HttpResponse, Method, ProjectId,
    signing::{self, DATE_HEADER, Query, Scheme, SignedRequest, SigningError},
};

/// Of an error answer no more than this is read, in bytes.
const ERROR_BYTES: usize = 64 << 10;
/// The client never uses a proxy for loopback addresses.
const DIRECT: &str = "localhost,127.0.0.0/8,::1";

/// How to talk to one cloud.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// From the start of a call to the last byte of its response.
    pub timeout: Duration,
    /// Of that, for name, connection and TLS handshake. Shorter than `timeout`, so that a call that was never sent is
    /// known as such.
    pub connect_timeout: Duration,
    /// Largest answer of a list, after decompression, in bytes.
    pub list_bytes: usize,
    /// Largest answer of any other call, after decompression, in bytes. A connection may have 20,000 hosts
    /// (dli_02_0200), which make some 4 MB.
    pub other_bytes: usize,
    /// PEM file with certificates to trust in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// Proxy to use; the client ignores the environment.
    pub proxy: Option<SecretString>,
}

impl Default for ClientOptions {
    /// 20 s a call and 8 s of them to connect; 64 MiB a list and 8 MiB otherwise; system certificates, no proxy.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(8),
            list_bytes: 64 << 20,
            other_bytes: 8 << 20,
            ca_file: None,
            proxy: None,
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file with certificates cannot be read.
    #[error("the certificates in {path} cannot be read: {source}")]
    CaRead {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds no certificate, or something else.
    #[error("{path} does not hold certificates in PEM (-----BEGIN CERTIFICATE-----)")]
    CaFormat {
        /// The file.
        path: String,
    },
    /// The proxy is not a URL. The text does not repeat it, since it may hold a password.
    #[error("the proxy is not a URL such as http://proxy.example.com:3128")]
    Proxy,
    /// The TLS library does not start; without system certificates, for one.
    #[error("the HTTP client cannot be set up: {0}")]
    Setup(String),
}

/// Destination and identity of a call.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// DLI.
    pub dli: EndpointUrl,
    /// IAM.
    pub iam: EndpointUrl,
    /// Credentials that sign the call.
    pub credential: Arc<Credential>,
    /// Project of the path and of `X-Project-Id`; IAM's calls have none.
    pub project: Option<ProjectId>,
    /// Server's clock minus this machine's, in milliseconds: the signature is dated by the server's clock.
    pub clock_offset: i64,
}

/// Why a call cannot be sent.
#[derive(Debug, thiserror::Error)]
enum PrepareError {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Sign(#[from] SigningError),
    #[error("the path of the request would be changed on its way")]
    Path,
    #[error("the time of signing is out of range: the clock or its correction is wrong")]
    Clock,
    #[error("the value of the header {0} cannot be sent")]
    Header(&'static str),
}

/// Performs calls. It keeps connections open between them; it is cheap to clone.
#[derive(Clone, Debug)]
pub struct CloudClient {
    http: reqwest::Client,
    list_bytes: usize,
    other_bytes: usize,
}

impl CloudClient {
    /// Sets up a client. Reads the file with certificates.
    ///
    /// # Errors
    /// [`ClientError`] where certificates, proxy or TLS library are unusable.
    pub fn new(options: &ClientOptions) -> Result<Self, ClientError> {
        // The HTTP library uses the process's TLS provider. An existing one is fine.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("dli-operator/", env!("CARGO_PKG_VERSION")))
            .timeout(options.timeout)
            .connect_timeout(options.connect_timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .dns_resolver(transport::Resolver)
            .http1_only()
            .referer(false)
            .no_proxy();
        if let Some(proxy) = &options.proxy {
            let proxy = reqwest::Proxy::all(proxy.expose_secret()).map_err(|_| ClientError::Proxy)?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(DIRECT)));
        }
        if let Some(file) = &options.ca_file {
            let path = file.display().to_string();
            let pem = std::fs::read(file).map_err(|source| ClientError::CaRead { path: path.clone(), source })?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).unwrap_or_default();
            if certificates.is_empty() {
                return Err(ClientError::CaFormat { path });
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder.build().map_err(|error| ClientError::Setup(transport::innermost(&error)))?;
        Ok(Self { http, list_bytes: options.list_bytes, other_bytes: options.other_bytes })
    }

    /// Performs one call, once.
    pub async fn call(&self, context: &CallContext, call: &Call) -> Answer {
        let hidden = context.credential.hidden();
        let now = wall_clock();
        let request = match prepare(context, call, now.saturating_add(context.clock_offset)) {
            Ok(request) => request,
            Err(error) => {
                let message = one_line(&error.to_string(), MESSAGE_BYTES, &hidden);
                return Answer { outcome: Err(not_sent(ErrorClass::Refused, message)), server_date: None };
            }
        };
        let host = endpoint(context, call).authority();
        let response = match self.http.execute(request).await {
            Ok(response) => response,
            Err(error) => {
                return Answer { outcome: Err(transport::sending(call, &error, &host, &hidden)), server_date: None };
            }
        };
        let server_date = header(response.headers(), DATE.as_str()).and_then(http_date);
        let outcome = self.read(call, response, server_date.unwrap_or(now), &hidden).await;
        Answer { outcome, server_date }
    }

    async fn read(
        &self,
        call: &Call,
        mut response: reqwest::Response,
        server_now: EpochMillis,
        hidden: &[&str],
    ) -> Result<crate::dli::Reply, CallError> {
        let headers = response.headers();
        let head = HttpResponse {
            status: response.status().as_u16(),
            request_id: header(headers, "x-request-id")
                .or_else(|| header(headers, "x-iam-trace-id"))
                .map(ToOwned::to_owned),
            retry_after: header(headers, RETRY_AFTER.as_str()).and_then(|text| retry_after(text, server_now)),
            body: Vec::new(),
        };
        let success = response.status().is_success();
        let list = matches!(call, Call::ListQueues { .. } | Call::ListConnections { .. });
        let cap = match (success, list) {
            (false, _) => ERROR_BYTES,
            (true, true) => self.list_bytes,
            (true, false) => self.other_bytes,
        };
        let mut body = wire::Body::of(call, head.status);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.received() + chunk.len() > cap => {
                    if success {
                        return Err(transport::too_large(call, &head, cap));
                    }
                    // The beginning of an error response is enough.
                    break;
                }
                Ok(Some(chunk)) => body.feed(&chunk),
                Err(error) if success => return Err(transport::reading(call, &head, &error, hidden)),
                // The status of a truncated error response is known, and may be enough.
                Ok(None) | Err(_) => break,
            }
        }
        body.decode(call, head, hidden)
    }
}

fn endpoint<'a>(context: &'a CallContext, call: &Call) -> &'a EndpointUrl {
    if matches!(call, Call::FindProjects(_)) { &context.iam } else { &context.dli }
}

/// Encodes and signs. The client sends exactly what it signs: the same path, query, host and body bytes.
fn prepare(context: &CallContext, call: &Call, moment: EpochMillis) -> Result<reqwest::Request, PrepareError> {
    let project = context.project.as_ref().filter(|_| !matches!(call, Call::FindProjects(_)));
    let encoded = wire::encode(call, project)?;
    let base = endpoint(context, call);
    let query = encoded
        .query
        .iter()
        .map(|(name, value)| {
            format!("{}={}", signing::percent_encode(name.as_bytes()), signing::percent_encode(value.as_bytes()))
        })
        .collect::<Vec<_>>()
        .join("&");
    let url = base.join(&encoded.path, &query).ok_or(PrepareError::Path)?;
    let authority = base.authority();
    let timestamp = signing::format_timestamp(moment).ok_or(PrepareError::Clock)?;
    let token = context.credential.security_token().map(ExposeSecret::expose_secret);

    // In alphabetical order, as the list of signed headers wants it.
    let mut headers: Vec<(&'static str, &str)> = Vec::with_capacity(5);
    if encoded.body.is_some() {
        headers.push(("content-type", "application/json"));
    }
    headers.push(("host", &authority));
    headers.extend(project.map(|id| ("x-project-id", id.as_str())));
    headers.push((DATE_HEADER, &timestamp));
    headers.extend(token.map(|token| ("x-security-token", token)));
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();

    let signed = signing::sign(
        Scheme::Plain,
        &SignedRequest {
            method: encoded.method.as_str(),
            path: url.path(),
            query: Query::Raw(&query),
            headers: &headers,
            signed_headers: &names,
            payload: &signing::payload_hash(encoded.body.as_deref().unwrap_or_default()),
        },
        &timestamp,
        context.credential.access_key(),
        context.credential.secret_key().expose_secret().as_bytes(),
    )?;

    let mut request = reqwest::Request::new(method(encoded.method), url);
    let map = request.headers_mut();
    for (name, value) in headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| PrepareError::Header(name))?;
        value.set_sensitive(name == "x-security-token");
        map.insert(HeaderName::from_static(name), value);
    }
    let mut value = HeaderValue::from_str(&signed.authorization).map_err(|_| PrepareError::Header("authorization"))?;
    value.set_sensitive(true);
    map.insert(AUTHORIZATION, value);
    map.insert(ACCEPT, HeaderValue::from_static("application/json"));
    // Unsigned, so that a gateway that drops it does no harm: error texts are predictable in English only.
    map.insert(HeaderName::from_static("x-language"), HeaderValue::from_static("en-us"));
    *request.body_mut() = encoded.body.map(reqwest::Body::from);
    Ok(request)
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Delete => reqwest::Method::DELETE,
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

fn wall_clock() -> EpochMillis {
    millis(SystemTime::now())
}

fn millis(moment: SystemTime) -> EpochMillis {
    match moment.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}

fn http_date(text: &str) -> Option<EpochMillis> {
    httpdate::parse_http_date(text).ok().map(millis)
}

/// `Retry-After` in milliseconds: a number of seconds, or a date by the server's clock.
fn retry_after(text: &str, server_now: EpochMillis) -> Option<u64> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let until = http_date(text)?;
    Some(u64::try_from(until.saturating_sub(server_now)).unwrap_or(0))
}
