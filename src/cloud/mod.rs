//! DLI over HTTP: requests, responses, errors, credentials, and the client that combines them.
//!
//! [`wire`] and [`classify`] are pure; only [`client`] touches the network and the clock.

pub mod classify;
pub mod client;
pub mod credential;
pub mod endpoint;
pub mod wire;

pub use client::{CallContext, ClientError, ClientOptions, CloudClient, not_sent};
pub use credential::{Credential, CredentialError};
pub use endpoint::{EndpointError, EndpointTemplate, EndpointUrl};
