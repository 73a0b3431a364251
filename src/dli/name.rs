//! Names and ids, each a type of its own so that one cannot be passed for another.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text as it goes over the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &self.0)
            }
        }
    };
}

text_type! {
    /// Name of a queue, in lower case: the server lower-cases it (dli_02_0194), so equality is equality of queues.
    QueueName
}
text_type! {
    /// Name of an enhanced datasource connection: case matters, uniqueness is undocumented (dli_02_0187).
    ConnectionName
}
text_type! {
    /// Id that the server assigned to an enhanced datasource connection, a UUID (dli_02_0187).
    ConnectionId
}
text_type! {
    /// Id of a cloud project, 32 hexadecimal digits in practice; every DLI object belongs to one.
    ProjectId
}
text_type! {
    /// Region id such as `ap-southeast-3`. A free string: new regions appear without notice.
    RegionName
}

impl QueueName {
    /// Lower-cases `name`, as the server does.
    pub fn new(name: &str) -> Self {
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            Self(name.to_ascii_lowercase().into())
        } else {
            Self(name.into())
        }
    }
}

macro_rules! plain_new {
    ($($name:ident),*) => {$(
        impl $name {
            /// Takes the text as it is.
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }
        }
    )*};
}

plain_new!(ConnectionName, ConnectionId, ProjectId, RegionName);
