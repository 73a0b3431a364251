//! Access keys, read from a Secret.

use std::{collections::BTreeMap, fmt};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// Key of the Secret that holds the access key.
pub const ACCESS_KEY: &str = "accessKey";
/// Key of the Secret that holds the secret key.
pub const SECRET_KEY: &str = "secretKey";
/// Key of the Secret that holds the token of a temporary access key; absent for a permanent one.
pub const SECURITY_TOKEN: &str = "securityToken";

/// Why the content of a Secret is unusable. The message names the key and the remedy, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The key is not there.
    #[error("the Secret has no key {0:?}: add it, with the value shown when the access key was created")]
    Missing(&'static str),
    /// The key exists, but is empty.
    #[error("the key {0:?} of the Secret is empty: put the value in{optional}", optional = optional(.0))]
    Empty(&'static str),
    /// The value is not text.
    #[error("the value of the key {0:?} of the Secret is not text: encode it in base64 once, not as a binary file")]
    NotText(&'static str),
    /// The value has blanks or control characters in or around it.
    #[error(
        "the value of the key {0:?} of the Secret has white space or control characters in or around it: \
         store the bare value"
    )]
    Whitespace(&'static str),
    /// The value has a character that the header of a request cannot carry.
    #[error(
        "the value of the key {0:?} of the Secret has a character that is never part of such a value: copy it again"
    )]
    BadCharacter(&'static str),
}

fn optional(key: &str) -> &'static str {
    if key == SECURITY_TOKEN { ", or remove the key where the access key is a permanent one" } else { "" }
}

/// An access key with its secret. Printing it shows neither.
#[derive(Clone)]
pub struct Credential {
    access_key: SecretString,
    secret_key: SecretString,
    security_token: Option<SecretString>,
}

impl Credential {
    /// Reads the data of a Secret. Line ends at the end of a value are dropped, since files have them; keys other than
    /// [`ACCESS_KEY`], [`SECRET_KEY`] and [`SECURITY_TOKEN`] are ignored.
    ///
    /// # Errors
    /// The first key that is missing or unusable.
    pub fn from_secret(data: &BTreeMap<String, Vec<u8>>) -> Result<Self, CredentialError> {
        let access_key = required(data, ACCESS_KEY)?;
        let secret_key = required(data, SECRET_KEY)?;
        let security_token = read(data, SECURITY_TOKEN)?;
        if access_key.expose_secret().contains(',') {
            return Err(CredentialError::BadCharacter(ACCESS_KEY));
        }
        Ok(Self { access_key, secret_key, security_token })
    }

    /// The access key: only an identifier, but no log or message needs it.
    pub fn access_key(&self) -> &str {
        self.access_key.expose_secret()
    }

    /// The secret key.
    pub fn secret_key(&self) -> &SecretString {
        &self.secret_key
    }

    /// The token of a temporary access key.
    pub fn security_token(&self) -> Option<&SecretString> {
        self.security_token.as_ref()
    }

    /// Distinguishes versions of a credential without revealing it: the first eight bytes of a SHA-256 over all parts.
    pub fn fingerprint(&self) -> u64 {
        let mut hash = Sha256::new_with_prefix(b"dli-operator credential v1");
        let token = self.security_token.as_ref().map(ExposeSecret::expose_secret);
        for part in [Some(self.access_key()), Some(self.secret_key.expose_secret()), token] {
            match part {
                // The length before the text keeps ("ab", "c") and ("a", "bc") apart.
                Some(text) => {
                    hash.update([1]);
                    hash.update((text.len() as u64).to_be_bytes());
                    hash.update(text);
                }
                None => hash.update([0]),
            }
        }
        let digest = hash.finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// All texts that must never be shown.
    pub(super) fn hidden(&self) -> Vec<&str> {
        let mut hidden = vec![self.secret_key.expose_secret(), self.access_key()];
        hidden.extend(self.security_token.as_ref().map(ExposeSecret::expose_secret));
        // A longer one may hold a shorter one.
        hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
        hidden
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("temporary", &self.security_token.is_some()).finish_non_exhaustive()
    }
}

fn required(data: &BTreeMap<String, Vec<u8>>, key: &'static str) -> Result<SecretString, CredentialError> {
    read(data, key)?.ok_or(CredentialError::Missing(key))
}

fn read(data: &BTreeMap<String, Vec<u8>>, key: &'static str) -> Result<Option<SecretString>, CredentialError> {
    let Some(bytes) = data.get(key) else { return Ok(None) };
    let text = std::str::from_utf8(bytes).map_err(|_| CredentialError::NotText(key))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(CredentialError::Empty(key));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(CredentialError::Whitespace(key));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(CredentialError::BadCharacter(key));
    }
    Ok(Some(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pair<'a> = (&'a str, &'a [u8]);

    fn secret(pairs: &[Pair<'_>]) -> BTreeMap<String, Vec<u8>> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect()
    }

    fn read(pairs: &[Pair<'_>]) -> Result<Credential, CredentialError> {
        Credential::from_secret(&secret(pairs))
    }

    #[test]
    fn a_secret_is_read_with_or_without_line_ends() {
        let plain = read(&[("accessKey", b"AK"), ("secretKey", b"SK"), ("other", b"\xff")]).unwrap();
        let lines = read(&[("accessKey", b"AK\n"), ("secretKey", b"SK\r\n")]).unwrap();
        assert_eq!((plain.access_key(), plain.secret_key().expose_secret()), ("AK", "SK"));
        assert!(plain.security_token().is_none());
        assert_eq!(plain.fingerprint(), lines.fingerprint());
        let token = read(&[("accessKey", b"AK"), ("secretKey", b"SK"), ("securityToken", b"T==\n")]).unwrap();
        assert_eq!(token.security_token().unwrap().expose_secret(), "T==");
    }

    #[test]
    fn errors_name_the_key_and_never_the_value() {
        let good: Pair<'_> = ("accessKey", b"CANARY");
        let cases: [(&[Pair<'_>], CredentialError); 9] = [
            (&[], CredentialError::Missing("accessKey")),
            (&[good], CredentialError::Missing("secretKey")),
            (&[good, ("secretKey", b"")], CredentialError::Empty("secretKey")),
            (&[good, ("secretKey", b"\n")], CredentialError::Empty("secretKey")),
            (&[good, ("secretKey", b"CANARY\xff")], CredentialError::NotText("secretKey")),
            (&[good, ("secretKey", b" CANARY")], CredentialError::Whitespace("secretKey")),
            (&[good, ("secretKey", "CANARY\u{e4}".as_bytes())], CredentialError::BadCharacter("secretKey")),
            (&[good, ("secretKey", b"x"), ("securityToken", b"")], CredentialError::Empty("securityToken")),
            (&[("accessKey", b"CAN,ARY"), ("secretKey", b"x")], CredentialError::BadCharacter("accessKey")),
        ];
        for (pairs, expected) in cases {
            let error = read(pairs).unwrap_err();
            assert_eq!(error, expected);
            assert!(!format!("{error} {error:?}").contains("CANARY"));
        }
    }

    #[test]
    fn every_part_counts_for_the_fingerprint() {
        let print = |ak: &[u8], sk: &[u8], token: Option<&[u8]>| {
            let mut pairs = vec![("accessKey", ak), ("secretKey", sk)];
            pairs.extend(token.map(|token| ("securityToken", token)));
            read(&pairs).unwrap().fingerprint()
        };
        let all = [
            print(b"ab", b"c", None),
            print(b"a", b"bc", None),
            print(b"ab", b"c", Some(b"t")),
            print(b"ab", b"ct", None),
            print(b"c", b"ab", None),
        ];
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn printing_shows_nothing() {
        let credential =
            read(&[("accessKey", b"CANARY1"), ("secretKey", b"CANARY2"), ("securityToken", b"CANARY3")]).unwrap();
        assert_eq!(format!("{credential:?}"), "Credential { temporary: true, .. }");
        assert_eq!(credential.hidden().len(), 3);
    }
}
