//! Does the whole work? A real API server and etcd, the operator as a process with the rights of its ServiceAccount, and
//! the simulated cloud as another process. What is judged is what the cloud and the API server have in the end, never
//! what the operator says it did.
//!
//! The program is `DLI_OPERATOR_BIN`, else `target/release/dli-operator` where it was built, else the debug build. Tests
//! run two at a time; each has its own namespaces, cloud and operator. No test measures time: a test that does not come
//! to its end within a generous bound ends with what everybody has said.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

#[path = "../support/control_plane.rs"]
mod control_plane;

mod fixture;
mod processes;
mod reader;

mod adoption;
mod credentials;
mod definitions;
mod drift;
mod failures;
mod getting_started;
mod kubectl;
mod lifecycle;
mod policies;
mod probes;
mod replicas;
mod silence;
