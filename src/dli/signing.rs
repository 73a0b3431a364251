//! Request signing with an access key: the headers that a client adds and a server checks.
//!
//! `SDK-HMAC-SHA256` is what DLI and IAM take; the derived `V11-HMAC-SHA256` is here because the same clients can emit
//! it. Everything starts from the raw pieces of the wire, so that signer and verifier canonicalise with the same code.
//! Sources: the public signing guide, the official Python SDK core 3.1.219 (`tests/data/signing-vectors.json`).

mod canonical;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub use canonical::Query;

use self::canonical::{canonical_path, canonical_query, encode_into};
use super::EpochMillis;

/// Name of the plain algorithm.
pub const SDK_HMAC_SHA256: &str = "SDK-HMAC-SHA256";
/// Name of the derived algorithm.
pub const V11_HMAC_SHA256: &str = "V11-HMAC-SHA256";
/// Payload line that leaves the body unsigned.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// Name of the header that carries the time of signing, in lower case.
pub const DATE_HEADER: &str = "x-sdk-date";
/// How far the signing time may be from the server's clock, in milliseconds (15 minutes).
pub const MAX_SKEW_MS: u64 = 15 * 60 * 1000;

/// Why a request cannot be canonicalised or an `Authorization` header cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The request lacks a header that is to be signed.
    #[error("the header {0:?} is to be signed, but the request does not have it")]
    MissingHeader(String),
    /// The header names no algorithm that is known here.
    #[error("the Authorization header does not begin with {SDK_HMAC_SHA256} or {V11_HMAC_SHA256}")]
    UnknownAlgorithm,
    /// The legacy form with a scope: `SDK-HMAC-SHA256 Credential=…/sdk_request`.
    #[error("the Authorization header has the legacy form with Credential=; Access= is expected")]
    LegacyScope,
    /// A part of the header is missing or malformed.
    #[error("the Authorization header has no well-formed part {0}")]
    MalformedPart(&'static str),
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// `SDK-HMAC-SHA256`: the secret key signs.
    Plain,
    /// `V11-HMAC-SHA256`: a key derived for one day, region and service signs.
    Derived {
        /// `YYYYMMDD/region/service`
        info: &'a str,
    },
}

impl Scheme<'_> {
    /// Name of the algorithm, the first word of the header and the first line of the string to sign.
    pub fn algorithm(self) -> &'static str {
        match self {
            Self::Plain => SDK_HMAC_SHA256,
            Self::Derived { .. } => V11_HMAC_SHA256,
        }
    }
}

/// The pieces of a request that a signature covers. Printing it shows no header values, because one may be a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SignedRequest<'a> {
    /// Method in any case.
    pub method: &'a str,
    /// Path as on the request line, percent-encoded or not.
    pub path: &'a str,
    /// Query.
    pub query: Query<'a>,
    /// Headers of the request, names in any case, values as UTF-8 text. More than the signed ones may be here.
    pub headers: &'a [(&'a str, &'a str)],
    /// Lower-case names of exactly the headers to sign, in the order in which they are listed.
    pub signed_headers: &'a [&'a str],
    /// Payload line: [`payload_hash`] of the body, [`UNSIGNED_PAYLOAD`], or the value of `X-Sdk-Content-Sha256`.
    pub payload: &'a str,
}

impl SignedRequest<'_> {
    /// The canonical request. A repeated header gives one line a value, in the order of the values.
    ///
    /// # Errors
    /// [`SigningError::MissingHeader`] where a name of `signed_headers` is not among `headers`.
    pub fn canonical(&self) -> Result<String, SigningError> {
        let mut out = String::with_capacity(512);
        out.push_str(&self.method.to_ascii_uppercase());
        out.push('\n');
        canonical_path(self.path, &mut out);
        out.push('\n');
        canonical_query(self.query, &mut out);
        out.push('\n');
        for name in self.signed_headers {
            let mut values: Vec<&str> = self
                .headers
                .iter()
                .filter(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.trim())
                .collect();
            if values.is_empty() {
                return Err(SigningError::MissingHeader((*name).to_owned()));
            }
            values.sort_unstable();
            for value in values {
                out.push_str(&name.to_ascii_lowercase());
                out.push(':');
                out.push_str(value);
                out.push('\n');
            }
        }
        out.push('\n');
        out.push_str(&self.signed_headers.join(";"));
        out.push('\n');
        out.push_str(self.payload);
        Ok(out)
    }
}

impl fmt::Debug for SignedRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("signed_headers", &self.signed_headers)
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

/// A finished signature with its inputs. Printing it shows only the string to sign.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// What was hashed. It holds the values of all signed headers, a security token among them: never log it.
    pub canonical_request: String,
    /// What was signed.
    pub string_to_sign: String,
    /// 64 lower-case hexadecimal digits.
    pub signature: String,
    /// Value of the `Authorization` header.
    pub authorization: String,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("string_to_sign", &self.string_to_sign).finish_non_exhaustive()
    }
}

/// Signs a request. `timestamp` is the text of its `X-Sdk-Date` header.
///
/// # Errors
/// As [`SignedRequest::canonical`].
pub fn sign(
    scheme: Scheme<'_>,
    request: &SignedRequest<'_>,
    timestamp: &str,
    access_key: &str,
    secret_key: &[u8],
) -> Result<Signed, SigningError> {
    let canonical_request = request.canonical()?;
    let string_to_sign = string_to_sign(scheme, timestamp, &canonical_request);
    let signature = signature(scheme, access_key, secret_key, &string_to_sign);
    let authorization = authorization(scheme, access_key, request.signed_headers, &signature);
    Ok(Signed { canonical_request, string_to_sign, signature, authorization })
}

/// The string to sign.
pub fn string_to_sign(scheme: Scheme<'_>, timestamp: &str, canonical_request: &str) -> String {
    let algorithm = scheme.algorithm();
    let hash = hex::encode(Sha256::digest(canonical_request.as_bytes()));
    match scheme {
        Scheme::Plain => format!("{algorithm}\n{timestamp}\n{hash}"),
        Scheme::Derived { info } => format!("{algorithm}\n{timestamp}\n{info}\n{hash}"),
    }
}

/// The signature: 64 lower-case hexadecimal digits.
pub fn signature(scheme: Scheme<'_>, access_key: &str, secret_key: &[u8], string_to_sign: &str) -> String {
    hex::encode(mac(scheme, access_key, secret_key, string_to_sign).finalize().into_bytes())
}

/// Whether `signature` is the one for this key and string, compared in constant time.
pub fn verify(scheme: Scheme<'_>, access_key: &str, secret_key: &[u8], string_to_sign: &str, signature: &str) -> bool {
    if signature.bytes().any(|b| b.is_ascii_uppercase()) {
        return false;
    }
    hex::decode(signature)
        .is_ok_and(|given| mac(scheme, access_key, secret_key, string_to_sign).verify_slice(&given).is_ok())
}

/// The value of the `Authorization` header.
pub fn authorization(scheme: Scheme<'_>, access_key: &str, signed_headers: &[&str], signature: &str) -> String {
    let algorithm = scheme.algorithm();
    let names = signed_headers.join(";");
    match scheme {
        Scheme::Plain => {
            format!("{algorithm} Access={access_key}, SignedHeaders={names}, Signature={signature}")
        }
        Scheme::Derived { info } => {
            format!("{algorithm} Credential={access_key}/{info}, SignedHeaders={names}, Signature={signature}")
        }
    }
}

/// An `Authorization` header, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// `YYYYMMDD/region/service` of the derived algorithm; `None` for the plain one.
    pub info: Option<String>,
    /// Access key.
    pub access_key: String,
    /// Names of the signed headers, as listed.
    pub signed_headers: Vec<String>,
    /// The signature, as given.
    pub signature: String,
}

impl Authorization {
    /// Takes an `Authorization` header apart.
    ///
    /// # Errors
    /// Any [`SigningError`] but `MissingHeader`; its text repeats nothing of the header.
    pub fn parse(value: &str) -> Result<Self, SigningError> {
        let (algorithm, parts) = value.trim().split_once(' ').ok_or(SigningError::UnknownAlgorithm)?;
        let part = |key: &str| {
            parts.split(',').find_map(|part| part.trim().strip_prefix(key)?.strip_prefix('=')).map(str::trim)
        };
        let (access_key, info) = match algorithm {
            SDK_HMAC_SHA256 if part("Credential").is_some() => return Err(SigningError::LegacyScope),
            SDK_HMAC_SHA256 => (part("Access").ok_or(SigningError::MalformedPart("Access"))?, None),
            V11_HMAC_SHA256 => {
                let credential = part("Credential").ok_or(SigningError::MalformedPart("Credential"))?;
                let (key, info) = credential.split_once('/').ok_or(SigningError::MalformedPart("Credential"))?;
                (key, Some(info.to_owned()))
            }
            _ => return Err(SigningError::UnknownAlgorithm),
        };
        let names = part("SignedHeaders").ok_or(SigningError::MalformedPart("SignedHeaders"))?;
        let signature = part("Signature").ok_or(SigningError::MalformedPart("Signature"))?;
        if access_key.is_empty() {
            return Err(SigningError::MalformedPart("Access"));
        }
        if names.is_empty() || names.split(';').any(str::is_empty) {
            return Err(SigningError::MalformedPart("SignedHeaders"));
        }
        if signature.is_empty() {
            return Err(SigningError::MalformedPart("Signature"));
        }
        Ok(Self {
            info,
            access_key: access_key.to_owned(),
            signed_headers: names.split(';').map(str::to_owned).collect(),
            signature: signature.to_owned(),
        })
    }

    /// The signing method that the header claims.
    pub fn scheme(&self) -> Scheme<'_> {
        match &self.info {
            None => Scheme::Plain,
            Some(info) => Scheme::Derived { info },
        }
    }
}

/// Payload line of a body: the hexadecimal SHA-256; no body and an empty body are the same.
pub fn payload_hash(body: &[u8]) -> String {
    hex::encode(Sha256::digest(body))
}

/// Text of the `X-Sdk-Date` header: `YYYYMMDDTHHMMSSZ`; the fraction of the second is cut off. `None` for a moment
/// outside the years 0 to 9999.
pub fn format_timestamp(moment: EpochMillis) -> Option<String> {
    let moment = jiff::Timestamp::from_millisecond(moment).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    (0..=9999).contains(&moment.year()).then(|| moment.strftime("%Y%m%dT%H%M%SZ").to_string())
}

/// Reads an `X-Sdk-Date` header; `None` where it has not exactly the form `YYYYMMDDTHHMMSSZ`.
pub fn parse_timestamp(text: &str) -> Option<EpochMillis> {
    let exact = text.len() == 16
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 => b == b'T',
            15 => b == b'Z',
            _ => b.is_ascii_digit(),
        });
    if !exact {
        return None;
    }
    let moment = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(jiff::tz::TimeZone::UTC.to_timestamp(moment).ok()?.as_millisecond())
}

/// Percent-encodes everything but `A-Z a-z 0-9 - _ . ~`, as the canonical form and the wire both want it.
pub fn percent_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    encode_into(bytes, &mut out);
    out
}

/// A query string in canonical form: sorted by decoded name and value, each name with an equals sign. It is a valid
/// wire form too.
pub fn query_string(query: Query<'_>) -> String {
    let mut out = String::new();
    canonical_query(query, &mut out);
    out
}

/// The keyed hash of the string to sign. An HMAC takes a key of any length, so this cannot fail.
fn mac(scheme: Scheme<'_>, access_key: &str, secret_key: &[u8], string_to_sign: &str) -> Hmac<Sha256> {
    match scheme {
        Scheme::Plain => keyed(secret_key).chain_update(string_to_sign),
        Scheme::Derived { info } => {
            let extracted = keyed(access_key.as_bytes()).chain_update(secret_key).finalize().into_bytes();
            let expanded = keyed(&extracted).chain_update(info).chain_update([1]).finalize().into_bytes();
            // The hexadecimal text is the key, not the bytes that it encodes.
            let key = Zeroizing::new(hex::encode(expanded));
            keyed(key.as_bytes()).chain_update(string_to_sign)
        }
    }
}

/// An HMAC with a key of any length. RFC 2104: a key longer than a block is hashed, a shorter one is filled with zeros.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    const BLOCK: usize = 64;
    let mut block = Zeroizing::new([0_u8; BLOCK]);
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    Hmac::new((&*block).into())
}
