//! The vocabulary of the cloud: names, items, calls, replies and error classes, as plain data.
//!
//! Nothing here does I/O, reads a clock or logs. Page ids such as `dli_02_0194` are pages of the DLI API reference;
//! each rule about the cloud names the page it comes from, or says that it is assumed.

mod call;
mod error;
mod http;
mod item;
mod name;
pub mod signing;

pub use call::{Call, CreateConnection, CreateQueue, QueuePage, ResourceType};
pub use error::{Answer, Applied, CallError, Cause, ErrorClass, LearnedLimit, LimitScope};
pub use http::{HttpRequest, HttpResponse, Method};
pub use item::{ConnectionItem, ConnectionState, Host, Peering, PeeringState, ProjectItem, QueueItem, Reply, Tag};
pub use name::{ConnectionId, ConnectionName, ProjectId, QueueName, RegionName};

/// A moment on the cloud's wall clock: milliseconds since 1970-01-01 UTC, as DLI writes all its times.
pub type EpochMillis = i64;
