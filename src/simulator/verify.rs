//! Checking signatures as the gateway does: key, clock, token, signature, lock-out. Pure: time is an argument.

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use super::{
    credential::Credential,
    model::TOKEN_LIFE,
    token::{self, Login},
};
use crate::dli::{
    EpochMillis,
    signing::{
        Authorization, DATE_HEADER, MAX_SKEW_MS, Query, SignedRequest, SigningError, UNSIGNED_PAYLOAD,
        format_timestamp, parse_timestamp, payload_hash, string_to_sign, verify,
    },
};

/// Failed checks in a row that lock a key.
const MOST_FAILURES: u32 = 5;
/// How long a key stays locked, in milliseconds.
const LOCKED_FOR: i64 = 5 * 60 * 1000;

/// A request as it came over the wire.
#[derive(Clone, Copy, Debug)]
pub struct WireRequest<'a> {
    /// Method.
    pub method: &'a str,
    /// Path as on the request line.
    pub path: &'a str,
    /// Query as on the request line, without the question mark.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// Body.
    pub body: &'a [u8],
}

impl<'a> WireRequest<'a> {
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// Why a request is turned away: 401 APIGW.0301 with this text (gateway error codes, 0301).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(pub String);

#[derive(Debug)]
struct Key {
    credential: Credential,
    failures: u32,
    locked_until: Option<EpochMillis>,
}

/// The keys that are known, and how often each has failed.
#[derive(Debug, Default)]
pub struct Verifier {
    keys: BTreeMap<String, Key>,
}

impl Verifier {
    /// Adds a key, or replaces the one of the same name; it is not locked.
    pub fn add(&mut self, credential: Credential) {
        let name = credential.access_key.clone();
        self.keys.insert(name, Key { credential, failures: 0, locked_until: None });
    }

    /// Takes a key away; false if it is not known.
    pub fn remove(&mut self, access_key: &str) -> bool {
        self.keys.remove(access_key).is_some()
    }

    /// The token for a login, if its password is right.
    pub(super) fn log_in(&self, now: EpochMillis, login: &Login) -> Option<String> {
        let credential = &self.keys.get(&login.user)?.credential;
        let right = credential.secret_key.expose_secret() == login.password;
        right.then(|| token::seal(credential, &login.project, now + TOKEN_LIFE))
    }

    /// Lifts all locks.
    pub fn unlock(&mut self) {
        for key in self.keys.values_mut() {
            (key.failures, key.locked_until) = (0, None);
        }
    }

    /// The known keys, and whether each is locked.
    pub fn keys(&self, now: EpochMillis) -> impl Iterator<Item = (&str, bool)> {
        self.keys.iter().map(move |(name, key)| (name.as_str(), key.locked_until.is_some_and(|until| now < until)))
    }

    /// Checks a request; returns the access key that signed it.
    pub fn check(&mut self, now: EpochMillis, request: &WireRequest<'_>) -> Result<String, Denied> {
        let denied = |text: &str| Err(Denied(text.to_owned()));
        if let Some(token) = request.header("x-auth-token") {
            let (user, _) = token::claims(token).ok_or_else(|| Denied("decrypt token fail".to_owned()))?;
            let key = self.keys.get(&user).filter(|key| token::is_good(token, &key.credential, now));
            return if key.is_some() { Ok(user) } else { denied("decrypt token fail") };
        }
        let Some(authorization) = request.header("authorization") else { return denied("x-auth-token not found") };
        let given = match Authorization::parse(authorization) {
            Ok(given) => given,
            Err(error) => return Err(Denied(format!("verify aksk signature fail, {error}"))),
        };
        let Some(key) = self.keys.get_mut(&given.access_key) else {
            return Err(Denied(format!("Get secretKey failed,ak:{},err:ak not exist", given.access_key)));
        };
        match key.locked_until {
            Some(until) if now < until => return denied("AK access failed to reach the limit,forbidden."),
            Some(_) => (key.failures, key.locked_until) = (0, None),
            None => {}
        }
        let date = signing_time(now, request, &given)?;
        if let Some(token) = &key.credential.security_token
            && request.header("x-security-token") != Some(token.expose_secret())
        {
            // The wording is modelled on its neighbours; nobody documents it.
            return denied("verify aksk signature fail, the security token is missing or does not belong to the ak");
        }
        match matches(request, &given, date, &key.credential) {
            Ok(()) => {
                key.failures = 0;
                Ok(given.access_key)
            }
            Err(denied) => {
                key.failures += 1;
                if key.failures >= MOST_FAILURES {
                    key.locked_until = Some(now + LOCKED_FOR);
                }
                Err(denied)
            }
        }
    }
}

/// The signing time: signed, given once, well-formed and within 15 minutes of `now`.
fn signing_time<'a>(now: EpochMillis, request: &WireRequest<'a>, given: &Authorization) -> Result<&'a str, Denied> {
    let fail = |text: &str| Denied(format!("verify aksk signature fail, {text}"));
    if !given.signed_headers.iter().any(|name| name == DATE_HEADER) {
        return Err(fail("x-sdk-date must be signed"));
    }
    let mut dates = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(DATE_HEADER));
    let (Some((_, date)), None) = (dates.next(), dates.next()) else {
        return Err(fail("x-sdk-date must be given once"));
    };
    let date = date.trim();
    let time = parse_timestamp(date).ok_or_else(|| fail("x-sdk-date must have the form YYYYMMDDTHHMMSSZ"))?;
    if time.abs_diff(now) > MAX_SKEW_MS {
        let server = format_timestamp(now).unwrap_or_default();
        return Err(Denied(format!(
            "calc aksk signature fail:signature expired, signature time:{date},server time:{server}"
        )));
    }
    Ok(date)
}

/// Rebuilds what was signed and compares, in constant time.
fn matches(
    request: &WireRequest<'_>,
    given: &Authorization,
    date: &str,
    credential: &Credential,
) -> Result<(), Denied> {
    let names: Vec<&str> = given.signed_headers.iter().map(String::as_str).collect();
    let hash = payload_hash(request.body);
    let declared = request.header("x-sdk-content-sha256");
    // Clients disagree about an empty body that is declared unsigned: either line is taken.
    let payloads: &[&str] = match declared {
        None => &[&hash],
        Some(UNSIGNED_PAYLOAD) if request.body.is_empty() => &[UNSIGNED_PAYLOAD, &hash],
        Some(UNSIGNED_PAYLOAD) => &[UNSIGNED_PAYLOAD],
        Some(declared) if declared.eq_ignore_ascii_case(&hash) => &[declared],
        Some(_) => return Err(Denied("verify aksk signature fail, x-sdk-content-sha256 is not the body's".to_owned())),
    };
    let mut echo = String::new();
    for payload in payloads {
        let signed = SignedRequest {
            method: request.method,
            path: request.path,
            query: Query::Raw(request.query),
            headers: request.headers,
            signed_headers: &names,
            payload,
        };
        let canonical = match signed.canonical() {
            Ok(canonical) => canonical,
            Err(error @ SigningError::MissingHeader(_)) => {
                return Err(Denied(format!("verify aksk signature fail, {error}")));
            }
            Err(error) => return Err(Denied(format!("verify aksk signature fail, {error}"))),
        };
        let text = string_to_sign(given.scheme(), date, &canonical);
        let secret = credential.secret_key.expose_secret().as_bytes();
        if verify(given.scheme(), &given.access_key, secret, &text, &given.signature) {
            return Ok(());
        }
        echo = canonical;
    }
    Err(Denied(format!("verify aksk signature fail, canonicalRequest:{}", masked(&echo))))
}

/// The canonical request on one line, without the security token.
fn masked(canonical: &str) -> String {
    let lines = canonical.split('\n').map(|line| match line.strip_prefix("x-security-token:") {
        Some(_) => "x-security-token:***",
        None => line,
    });
    lines.collect::<Vec<_>>().join("|")
}
