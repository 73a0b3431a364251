//! (module simulator)
