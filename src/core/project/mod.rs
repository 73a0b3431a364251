//! `DliProject`: credentials, project id, and the reading of the project's lists for all its objects.

mod abandoned;
mod capabilities;
mod failure;
mod orphans;
mod reconcile;
mod refresh;
mod report;

pub(crate) use failure::credential_refused;
pub(crate) use reconcile::{absorb, reconcile};
