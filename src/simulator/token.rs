//! IAM tokens: made and checked without a list of them, so that they outlive a restart. Pure: time is an argument.
//!
//! A user is an access key, the password its secret key. A token says who, until when and for which project, and is
//! sealed with the secret key.

use secrecy::ExposeSecret;
use serde::Deserialize;

use super::credential::Credential;
use crate::dli::{
    EpochMillis,
    signing::{Scheme, signature, verify},
};

/// What a login names, as far as it is read (IAM `POST /v3/auth/tokens`).
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
    /// Project of the scope, by id.
    pub(super) project: String,
}

#[derive(Deserialize)]
struct Body {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    identity: Identity,
    scope: Option<Scope>,
}

#[derive(Deserialize)]
struct Identity {
    methods: Vec<String>,
    password: Password,
}

#[derive(Deserialize)]
struct Password {
    user: User,
}

#[derive(Deserialize)]
struct User {
    name: String,
    password: String,
}

#[derive(Deserialize)]
struct Scope {
    project: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    id: Option<String>,
}

impl Login {
    /// Reads the body of the login; `None` if it is not one with a password.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let Body { auth: Auth { identity, scope } } = serde_json::from_slice(body).ok()?;
        let User { name, password } = identity.password.user;
        let project = scope.and_then(|scope| scope.project).and_then(|project| project.id).unwrap_or_default();
        identity.methods.iter().any(|method| method == "password").then_some(Self { user: name, password, project })
    }
}

/// A token that is good until `until`.
pub(super) fn seal(credential: &Credential, project: &str, until: EpochMillis) -> String {
    let text = format!("{}.{until}.{project}", hex::encode(&credential.access_key));
    let secret = credential.secret_key.expose_secret().as_bytes();
    let seal = signature(Scheme::Plain, &credential.access_key, secret, &text);
    format!("{text}.{seal}")
}

/// User and project of a token, before it is checked.
pub(super) fn claims(token: &str) -> Option<(String, &str)> {
    let mut parts = token.split('.');
    let user = String::from_utf8(hex::decode(parts.next()?).ok()?).ok()?;
    parts.next()?;
    Some((user, parts.next()?))
}

/// Whether a token was sealed by this key and has not run out.
pub(super) fn is_good(token: &str, credential: &Credential, now: EpochMillis) -> bool {
    let Some((text, seal)) = token.rsplit_once('.') else { return false };
    let until = text.split('.').nth(1).and_then(|until| until.parse::<EpochMillis>().ok());
    let secret = credential.secret_key.expose_secret().as_bytes();
    let sealed = verify(Scheme::Plain, &credential.access_key, secret, text, seal);
    sealed && until.is_some_and(|until| now < until)
}
