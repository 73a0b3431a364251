//! `EnhancedConnection` as a managed resource, with its bindings and hosts.

mod apply;
mod hosts;
mod plan;
mod readings;
mod resource;
mod status;
mod targets;
