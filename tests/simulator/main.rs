//! Does the simulator answer as the documentation says, and as each of its switches says?
#![allow(clippy::unwrap_used)]

mod answers;
mod console;

mod faults;
mod guide;
mod http;
mod load;
mod page;
mod pools;
mod properties;
mod refusals;
mod settings;
mod state;
mod support;
mod time;
mod verify;
