//! What several test binaries share.

// To a test binary everything here is private, whatever it says.
#![allow(unreachable_pub)]

pub mod control_plane;
pub mod invalid_specs;
