//! What one reconciliation may ask, write and wait for, and what it has observed so far.

mod context;
mod observations;

pub(crate) use context::{Context, Flow, ProjectAccess, Suspend, finish, request, wait};
pub(crate) use observations::{Observations, Reading, ResourceObservations};
