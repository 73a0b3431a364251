//! Which file imports which, read from the text of the sources.
//!
//! It knows no types and runs no macros: it takes out comments and literals, and follows the paths that are left
//! through modules and `use` lines.

pub(crate) mod circles;
pub(crate) mod floors;
mod parse;
mod text;
mod tree;

pub(crate) use parse::parse;
pub(crate) use text::{code, words};
pub(crate) use tree::{Tree, absolute};

/// A source: its path from `src`, and its text.
pub(crate) type Source = (String, String);
