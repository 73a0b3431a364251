//! Access keys.

use secrecy::SecretString;

/// An access key.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Access key.
    pub access_key: String,
    /// Secret key.
    pub secret_key: SecretString,
    /// A temporary key is only good together with its token.
    pub security_token: Option<SecretString>,
}
