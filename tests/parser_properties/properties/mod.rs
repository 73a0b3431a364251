//! What holds for any input whatever of each parser: a property takes bytes and panics where it does not hold.
//!
//! `main.rs` checks the properties on inputs that proptest makes and on the seeds in `fuzz/seeds`; `fuzz/` checks them on
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

/// A property.
pub type Property = fn(&[u8]);

/// All properties, by the name of their fuzz target.
pub const PROPERTIES: [(&str, Property); 5] = [
    ("decode", decode::check),
    ("classify", classify::check),
    ("signing", signing::check),
    ("config", config::check),
    ("simulator", simulator::check),
];
