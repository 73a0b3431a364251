//! Small libraries that know no object: the owner tag, times, back-off.

pub(crate) mod backoff;
pub(crate) mod owner_tag;
pub(crate) mod time;
