//! Objects, their keys and kinds, and the clocks.

use std::{fmt, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    api::{
        DliProject, DliProjectStatus, DliQueue, DliQueueStatus, EnhancedConnection, EnhancedConnectionStatus, FINALIZER,
    },
    dli::EpochMillis,
};

/// A length of time in milliseconds.
pub type Millis = u64;

/// The two clocks, read together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that never goes back and goes on while the machine sleeps.
    pub mono: Millis,
    /// This machine's wall clock.
    pub wall: EpochMillis,
}

/// Kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// `DliProject`
    Project,
    /// `DliQueue`
    Queue,
    /// `EnhancedConnection`
    Connection,
}

impl ObjectKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Project, Self::Queue, Self::Connection];

    /// The kind as Kubernetes spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Project => "DliProject",
            Self::Queue => "DliQueue",
            Self::Connection => "EnhancedConnection",
        }
    }

    /// Name of the custom resource definition.
    pub fn crd_name(self) -> &'static str {
        match self {
            Self::Project => "dliprojects.dli.huaweicloud.com",
            Self::Queue => "dliqueues.dli.huaweicloud.com",
            Self::Connection => "enhancedconnections.dli.huaweicloud.com",
        }
    }
}

/// Names one object of the cluster.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Kind.
    pub kind: ObjectKind,
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// Puts a key together.
    pub fn new(kind: ObjectKind, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.into(), name: name.into() }
    }

    /// No key comes before this one, and no object has it.
    pub(crate) fn first() -> Self {
        Self::new(ObjectKind::Project, "", "")
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.as_str(), self.namespace, self.name)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An object as read from the watch cache or the API server.
#[derive(Clone, Debug)]
pub enum Object {
    /// A project.
    Project(Arc<DliProject>),
    /// A queue.
    Queue(Arc<DliQueue>),
    /// A connection.
    Connection(Arc<EnhancedConnection>),
}

/// The status of an object, whole.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// Of a project.
    Project(Box<DliProjectStatus>),
    /// Of a queue.
    Queue(Box<DliQueueStatus>),
    /// Of a connection.
    Connection(Box<EnhancedConnectionStatus>),
}

impl Object {
    /// The metadata.
    pub(crate) fn meta(&self) -> &ObjectMeta {
        match self {
            Self::Project(o) => &o.metadata,
            Self::Queue(o) => &o.metadata,
            Self::Connection(o) => &o.metadata,
        }
    }
}

/// Whether the operator's finalizer is on an object.
pub(crate) fn has_finalizer(meta: &ObjectMeta) -> bool {
    meta.finalizers.as_deref().unwrap_or_default().iter().any(|f| f == FINALIZER)
}

impl From<Arc<DliProject>> for Object {
    fn from(object: Arc<DliProject>) -> Self {
        Self::Project(object)
    }
}

impl From<Arc<DliQueue>> for Object {
    fn from(object: Arc<DliQueue>) -> Self {
        Self::Queue(object)
    }
}

impl From<Arc<EnhancedConnection>> for Object {
    fn from(object: Arc<EnhancedConnection>) -> Self {
        Self::Connection(object)
    }
}
