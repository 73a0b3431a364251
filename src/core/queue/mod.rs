//! `DliQueue` as a managed resource.

mod resource;
mod status;
