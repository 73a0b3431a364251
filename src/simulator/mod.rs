//! DLI as a server: a pure model of the cloud, and HTTP around it.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`model`] | the cloud as a value: no I/O, no clock, no chance from outside |
//! | [`verify`] | the gateway's check of signatures, just as pure |
//! | `token` | IAM tokens, just as pure |
//! | `credential` | access keys |
//! | `http`, `transport` | the server: limits, signatures, faults on the wire |
//! | `shared` | what all connections share |
//! | `store` | the file that keeps the state over restarts |
//! | `control` | the control endpoint below `/_simulator/` (`docs/simulator.md`) |
//! | `console` | the page for people at `/` |
//! | `args`, `options` | the command line, and what a simulator is started with |
//!
//! Tests call [`Model::handle`] in process, or [`Simulator::start`] a server and talk HTTP to it.

mod args;
mod console;
mod control;
mod credential;
mod http;
pub mod model;
mod options;
mod route;
mod shared;
mod store;
mod token;
mod transport;
pub mod verify;

pub use args::{SimulateArgs, serve};
pub use credential::Credential;
pub use http::Simulator;
pub use model::{
    Answers, Caller, Config, ConfigError, Delivery, Durations, Edit, EditError, Effect, Fault, FaultId, Limit,
    Matching, Model, Outcome, Policy, RateLimit,
};
pub use options::{SimulateOptions, SimulatorError};
pub use route::Operation;
