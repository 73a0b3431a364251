//! Does the simulator answer as the documentation says, and as each of its switches says?
#![allow(clippy::unwrap_used)]

mod guide;
mod http;
mod refusals;
mod support;
mod verify;
