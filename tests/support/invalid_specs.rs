//! Invalid specs that users write, and the answers of the API server.

// Each test binary has a copy of this module and uses a part of it.
#![allow(dead_code, unused_imports)]

mod connections;
mod projects;
mod queues;

pub use connections::CONNECTIONS;
pub use projects::PROJECTS;
pub use queues::QUEUES;

/// An invalid spec: what is written, and the lines of the answer.
pub struct Case {
    /// What is invalid, in words.
    pub title: &'static str,
    /// What is written.
    pub given: Given,
    /// What `kubectl apply` answers, of an object with the name `x`.
    pub answer: &'static [&'static str],
}

/// What is written.
pub enum Given {
    /// A new object with this spec.
    Spec(&'static str),
    /// A new object without a spec.
    Nothing,
    /// A new object of another API version, with this spec.
    Version(&'static str, &'static str),
    /// An object with the first spec, then the second.
    Change(&'static str, &'static str),
}

/// What the API server adds when an error keeps it from checking the rules.
pub const NOT_CHECKED: &str = "* <nil>: Invalid value: null: some validation rules were not checked because the object was \
                           invalid; correct the existing errors to complete validation";
