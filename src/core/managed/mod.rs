//! The lifecycle of a managed resource: one object, one resource in the cloud.
//!
//! Preconditions, then what the lifecycle asks for: create or adopt, resolve a create whose outcome is unknown, keep up
//! what exists, delete. What is special to a kind is behind the trait [`Managed`].

mod adopt;
mod candidates;
mod create;
mod create_decision;
mod delete;
mod delete_decision;
mod failure;
mod ownership;
mod polling;
mod preconditions;
mod presence;
mod reconcile;
mod reconciliation;
mod resource;

pub(crate) use reconcile::{absorb, reconcile};
pub(crate) use resource::{
    Common, CreateInputs, Heard, Managed, Names, Ownership, Reconcile, default_name, managed_fields,
};
