//! DLI as a server: a pure model of the cloud, and HTTP around it.

pub mod model;
mod route;

pub use model::{
    Answers, Caller, Config, Delivery, Durations, Edit, EditError, Effect, Fault, FaultId, Limit, Matching, Model,
    Outcome, Policy, RateLimit,
};
pub use route::Operation;
