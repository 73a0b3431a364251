//! What the operator knows between passes. It is lost at a restart, and rebuilt from Kubernetes and the cloud.

mod claims;
mod clock;
mod leadership;
mod object;
mod operator;
mod project;

pub(crate) use claims::{ClaimStrength, NameClaim};
pub(crate) use object::{Backoff, CreateOutcome, ObjectState, Refusal};
pub use operator::OperatorState;
pub(crate) use project::{AbandonedCreate, ListState, ProjectAvailability, ProjectState};
