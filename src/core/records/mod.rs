//! Small libraries that know no object: the owner tag, times, back-off.

pub(in crate::core) mod backoff;
pub(in crate::core) mod owner_tag;
pub(in crate::core) mod time;
