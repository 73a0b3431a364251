//! What several test binaries share.

pub mod control_plane;
