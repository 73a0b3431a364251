//! (module cloud)
