//! DLI over HTTP: requests, answers, errors, credentials, and the client that puts them together.
//!
//! [`wire`] and [`classify`] are pure; only [`client`] touches the network and the clock.

pub mod classify;
pub mod wire;
