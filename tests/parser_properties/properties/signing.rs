//! Signing: what the signer signs, the gateway's check lets in, whatever is in the request and however its headers are
//! ordered and written; and what was changed afterwards, it does not.

use std::collections::BTreeSet;

use dli_operator::{
    dli::signing::{
        Authorization, DATE_HEADER, Query, Scheme, SignedRequest, format_timestamp, payload_hash, query_string, sign,
    },
    simulator::{
        Credential,
        verify::{Verifier, WireRequest},
    },
};

use super::wire::{Request, read};

const ACCESS_KEY: &str = "AKIDEXAMPLE";
const SECRET_KEY: &str = "canary-secret-5b1f90";
/// Any moment: 2026-01-01.
const NOW: i64 = 1_767_225_600_000;
/// Headers with a meaning of their own for the check.
const SPECIAL: [&str; 6] =
    ["authorization", "x-auth-token", DATE_HEADER, "x-security-token", "x-sdk-content-sha256", "host"];

pub fn check(data: &[u8]) {
    let Some(request) = read(data) else { return };
    let canonical = query_string(Query::Raw(request.query));
    assert_eq!(query_string(Query::Raw(&canonical)), canonical, "a canonical query is its own canonical form");
    for scheme in [Scheme::Plain, Scheme::Derived { info: "20260101/ap-southeast-3/dli" }] {
        round(scheme, &request);
    }
}

/// Signs, and has it checked.
fn round(scheme: Scheme<'_>, request: &Request<'_>) {
    let date = format_timestamp(NOW).unwrap();
    let mut headers: Vec<(&str, &str)> = request.headers.iter().copied().filter(|(name, _)| plain(name)).collect();
    headers.extend([("host", "dli.example.com"), (DATE_HEADER, &date)]);
    let names: BTreeSet<String> = headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let payload = payload_hash(request.body);
    let pieces = SignedRequest {
        method: request.method,
        path: request.path,
        query: Query::Raw(request.query),
        headers: &headers,
        signed_headers: &names,
        payload: &payload,
    };
    let signed = sign(scheme, &pieces, &date, ACCESS_KEY, SECRET_KEY.as_bytes()).expect("all headers are there");
    let parsed = Authorization::parse(&signed.authorization).expect("what was written can be read");
    assert_eq!((parsed.access_key.as_str(), &parsed.signature), (ACCESS_KEY, &signed.signature));
    assert_eq!(parsed.signed_headers, names);
    assert_eq!(parsed.scheme(), scheme);

    let enters = |method: &str, path: &str, query: &str, headers: &[(&str, &str)], body: &[u8]| {
        let mut all = headers.to_vec();
        all.push(("Authorization", &signed.authorization));
        verifier().check(NOW, &WireRequest { method, path, query, headers: &all, body }).is_ok()
    };
    let Request { method, path, query, body, .. } = request;
    assert!(enters(method, path, query, &headers, body), "the signature is refused: {}", signed.canonical_request);

    // Order and case of the headers do not matter.
    let loud: Vec<(String, &str)> = headers.iter().rev().map(|(name, v)| (name.to_ascii_uppercase(), *v)).collect();
    let loud: Vec<(&str, &str)> = loud.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let again = SignedRequest { headers: &loud, ..pieces }.canonical();
    assert_eq!(again.as_ref(), Ok(&signed.canonical_request));
    assert!(enters(method, path, query, &loud, body), "headers in another order are refused");

    // Anything else does.
    assert!(!enters(&format!("{method}X"), path, query, &headers, body), "another method is let in");
    assert!(!enters(method, &format!("{path}x"), query, &headers, body), "another path is let in");
    assert!(!enters(method, path, &format!("{query}&x=1"), &headers, body), "another query is let in");
    assert!(!enters(method, path, query, &headers, &[*body, b"x"].concat()), "another body is let in");
    for place in 0..headers.len() {
        let changed = format!("{}x", headers[place].1);
        let mut others = headers.clone();
        others[place].1 = &changed;
        assert!(!enters(method, path, query, &others, body), "another value of {} is let in", headers[place].0);
    }
}

/// A header that any client might send.
fn plain(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.bytes().all(word) && !SPECIAL.iter().any(|special| name.eq_ignore_ascii_case(special))
}

pub fn verifier() -> Verifier {
    let mut verifier = Verifier::default();
    verifier.add(Credential {
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned().into(),
        security_token: None,
    });
    verifier
}
