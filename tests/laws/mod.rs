//! What holds for any input whatever of each parser: a law takes bytes and panics where it is broken.
//!
//! `tests/parsers.rs` tries the laws on inputs that proptest makes and on the seeds in `fuzz/seeds`; `fuzz/` tries them on
//! inputs that libFuzzer finds. Each input is text that a person can read and change.

// Each binary that has a copy of this module uses a part of it.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

pub mod answer;
pub mod classify;
pub mod config;
pub mod decode;
pub mod shapes;
pub mod signing;
pub mod simulator;
pub mod wire;

/// A law.
pub type Law = fn(&[u8]);

/// All laws, by the name of their fuzz target.
pub const LAWS: [(&str, Law); 5] = [
    ("decode", decode::check),
    ("classify", classify::check),
    ("signing", signing::check),
    ("config", config::check),
    ("simulator", simulator::check),
];
