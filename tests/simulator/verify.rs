//! The verifier against the published signing vectors, and against every way in which they can go wrong.

use base64::Engine as _;
use dli_operator::{
    dli::signing::{self, DATE_HEADER, Query, Scheme, SignedRequest},
    simulator::{
        Credential,
        verify::{Verifier, WireRequest},
    },
};
use serde_json::Value;

/// A vector as it comes over the wire.
#[derive(Clone)]
struct Wire {
    id: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    access_key: String,
    secret_key: String,
    time: i64,
}

fn file() -> Value {
    serde_json::from_str(include_str!("../data/signing-vectors.json")).unwrap()
}

fn wires() -> Vec<Wire> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let wire = |v: &Value| {
        let url = text(&v["url_on_wire"]);
        let (_, rest) = url.split_once("://").unwrap();
        let target = &rest[rest.find('/').unwrap()..];
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // The file shows the bytes of a value as latin-1.
        let utf8 = |value: &Value| {
            let bytes = value.as_str().unwrap().chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
            String::from_utf8(bytes).unwrap()
        };
        let headers: Vec<(String, String)> =
            v["headers_out"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), utf8(value))).collect();
        let date = &headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(DATE_HEADER)).unwrap().1;
        Wire {
            id: text(&v["id"]),
            method: text(&v["method"]).to_uppercase(),
            path: path.to_owned(),
            query: query.to_owned(),
            body: base64::engine::general_purpose::STANDARD.decode(text(&v["body_base64"])).unwrap(),
            access_key: text(&v["ak"]),
            secret_key: text(&v["sk"]),
            time: signing::parse_timestamp(date).unwrap(),
            headers,
        }
    };
    file()["vectors"].as_array().unwrap().iter().map(wire).collect()
}

impl Wire {
    fn verifier(&self) -> Verifier {
        self.verifier_with(&self.secret_key, None)
    }

    fn verifier_with(&self, secret_key: &str, token: Option<&str>) -> Verifier {
        let mut verifier = Verifier::default();
        verifier.add(Credential {
            access_key: self.access_key.clone(),
            secret_key: secret_key.to_owned().into(),
            security_token: token.map(Into::into),
        });
        verifier
    }

    fn check(&self, verifier: &mut Verifier, now: i64) -> Result<String, String> {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let request = WireRequest {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        };
        verifier.check(now, &request).map_err(|denied| denied.0)
    }

    fn set(&mut self, name: &str, value: &str) {
        let header = self.headers.iter_mut().find(|(given, _)| given.eq_ignore_ascii_case(name));
        value.clone_into(&mut header.unwrap().1);
    }

    fn remove(&mut self, name: &str) {
        self.headers.retain(|(given, _)| !given.eq_ignore_ascii_case(name));
    }

    fn sign(&mut self, names: &[&str]) {
        let date = signing::format_timestamp(self.time).unwrap();
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let request = SignedRequest {
            method: &self.method,
            path: &self.path,
            query: Query::Raw(&self.query),
            headers: &headers,
            signed_headers: names,
            payload: &signing::payload_hash(&self.body),
        };
        let signed =
            signing::sign(Scheme::Plain, &request, &date, &self.access_key, self.secret_key.as_bytes()).unwrap();
        self.set("authorization", &signed.authorization);
    }
}

#[test]
fn every_published_vector_is_let_in() {
    let wires = wires();
    assert_eq!(wires.len(), 50);
    for wire in wires {
        assert_eq!(wire.check(&mut wire.verifier(), wire.time), Ok(wire.access_key.clone()), "{}", wire.id);
    }
}

/// What each published negative vector does to its base: the mutation is prose in the file, code here.
fn negative(id: &str, wire: &mut Wire) -> Result<String, String> {
    let mut verifier = wire.verifier();
    let mut now = wire.time;
    match id {
        "neg-body-tampered" => wire.body.push(b' '),
        "neg-query-added" => "x=1".clone_into(&mut wire.query),
        "neg-signed-header-changed" => wire.set("x-project-id", "ffffffffffffffffffffffffffffffff"),
        "neg-unsigned-header-changed" => wire.headers.push(("Content-Type".to_owned(), "text/plain".to_owned())),
        "neg-wrong-sk" => verifier = wire.verifier_with("another", None),
        "neg-unknown-ak" => verifier = Verifier::default(),
        "neg-clock-late" => now += 901_000,
        "neg-clock-early" => now -= 901_000,
        "neg-clock-edge" => now += 899_000,
        "neg-date-not-signed" => wire.sign(&["host"]),
        "neg-no-credentials" => wire.remove("authorization"),
        "neg-lockout" => {
            let good = wire.clone();
            wire.set("host", "another.example");
            for _ in 0..6 {
                assert!(wire.check(&mut verifier, now).is_err());
            }
            assert!(good.check(&mut verifier, now + 5 * 60_000 + 1).is_ok(), "the lock ends");
            for _ in 0..6 {
                assert!(wire.check(&mut verifier, now).is_err());
            }
            return good.check(&mut verifier, now + 60_000);
        }
        other => unreachable!("{other}"),
    }
    wire.check(&mut verifier, now)
}

#[test]
fn every_published_negative_vector_is_turned_away() {
    let (file, wires) = (file(), wires());
    let negatives = file["negative"].as_array().unwrap();
    assert_eq!(negatives.len(), 12);
    for case in negatives {
        let text = |name: &str| case[name].as_str().unwrap_or_default();
        let base = if text("base") == "neg-wrong-sk" { "get-no-query" } else { text("base") };
        let mut wire = wires.iter().find(|wire| wire.id == base).unwrap().clone();
        let answer = negative(text("id"), &mut wire);
        if case["expect"] == 200 {
            assert!(answer.is_ok(), "{}: {answer:?}", text("id"));
        } else {
            let denied = answer.unwrap_err();
            assert!(denied.contains(text("msg_contains")), "{}: {denied}", text("id"));
        }
    }
}

#[test]
fn four_failures_and_a_success_do_not_lock() {
    let wire = wires().into_iter().find(|wire| wire.id == "get-no-query").unwrap();
    let mut bad = wire.clone();
    bad.set("host", "another.example");
    let mut verifier = wire.verifier();
    for _ in 0..3 {
        for _ in 0..4 {
            assert!(bad.check(&mut verifier, wire.time).unwrap_err().contains("canonicalRequest:GET|/v1.0/"));
        }
        assert!(wire.check(&mut verifier, wire.time).is_ok());
    }
    for _ in 0..5 {
        assert!(bad.check(&mut verifier, wire.time).is_err());
    }
    let locked = "AK access failed to reach the limit,forbidden.";
    assert_eq!(wire.check(&mut verifier, wire.time).unwrap_err(), locked);
    assert_eq!(verifier.keys(wire.time).collect::<Vec<_>>(), [(wire.access_key.as_str(), true)]);
    verifier.unlock();
    assert!(wire.check(&mut verifier, wire.time).is_ok());
}

#[test]
fn a_temporary_key_needs_its_token() {
    let mut wire = wires().into_iter().find(|wire| wire.id == "get-no-query").unwrap();
    let mut verifier = wire.verifier_with(&wire.secret_key, Some("the-token"));
    assert!(wire.check(&mut verifier, wire.time).unwrap_err().contains("security token"));
    wire.headers.push(("X-Security-Token".to_owned(), "another".to_owned()));
    assert!(wire.check(&mut verifier, wire.time).unwrap_err().contains("security token"));
    // The token need not be signed.
    wire.set("x-security-token", "the-token");
    assert!(wire.check(&mut verifier, wire.time).is_ok());
    // A signed token is not echoed.
    wire.sign(&["host", "x-sdk-date", "x-security-token"]);
    assert!(wire.check(&mut verifier, wire.time).is_ok());
    wire.query.push_str("x=1");
    let denied = wire.check(&mut verifier, wire.time).unwrap_err();
    assert!(denied.contains("x-security-token:***") && !denied.contains("the-token"), "{denied}");
}

#[test]
fn odd_headers_are_turned_away() {
    let good = wires().into_iter().find(|wire| wire.id == "get-no-query").unwrap();
    let denied = |change: &dyn Fn(&mut Wire), text: &str| {
        let mut wire = good.clone();
        change(&mut wire);
        let answer = wire.check(&mut wire.verifier(), wire.time).unwrap_err();
        assert!(answer.contains(text), "{answer}");
    };
    denied(&|wire| wire.headers.push(("X-Auth-Token".to_owned(), "MII".to_owned())), "decrypt token fail");
    denied(&|wire| wire.set("authorization", "Bearer x"), "verify aksk signature fail");
    denied(&|wire| wire.set("authorization", "SDK-HMAC-SHA256 Credential=K/20240229/r/s/sdk_request"), "legacy form");
    denied(&|wire| wire.headers.push(("X-Sdk-Date".to_owned(), "20240229T123456Z".to_owned())), "given once");
    denied(&|wire| wire.set("x-sdk-date", "2024-02-29"), "YYYYMMDDTHHMMSSZ");
    denied(&|wire| wire.remove("host"), "host");
    denied(&|wire| wire.headers.push(("X-Sdk-Content-Sha256".to_owned(), "00".to_owned())), "not the body's");
}
