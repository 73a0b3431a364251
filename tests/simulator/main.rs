//! Does the simulator answer as the documentation says, and as each of its switches says?

mod guide;
mod support;
mod verify;
