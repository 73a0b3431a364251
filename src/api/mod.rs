//! What users write: the custom resources of group `dli.huaweicloud.com`, their rules and their conditions.

// The derive `KubeSchema` copies each struct into a function, `pub` and all.
#![allow(unreachable_pub)]

mod common;
mod connection;
pub mod crd;
mod project;
mod queue;
mod rules;

pub use common::{AdoptionPolicy, DeletionPolicy, Drift, LocalReference, ManagementPolicy, ObservedProject, TagEntry};
pub use connection::{
    EnhancedConnection, EnhancedConnectionSpec, EnhancedConnectionStatus, HostEntry, ObservedPeering, QueueTarget,
};
pub use project::{DliProject, DliProjectSpec, DliProjectStatus, OrphanedResource, ProjectCapabilities};
pub use queue::{DliQueue, DliQueueSpec, DliQueueStatus, QueueEvidence, QueueType};

/// API group of all kinds.
pub const GROUP: &str = "dli.huaweicloud.com";
/// The one version.
pub const VERSION: &str = "v1alpha1";
/// Finalizer that keeps an object until the operator has confirmed that its remote resource is gone.
pub const FINALIZER: &str = "dli.huaweicloud.com/finalizer";
/// Annotation with the durable intent of a create or an adoption (see `docs/protocol.md`).
pub const INTENT_ANNOTATION: &str = "dli.huaweicloud.com/intent";
/// Name of the Secret with the credentials, in the namespace of the objects.
pub const CREDENTIALS_SECRET: &str = "dli-credentials";
/// Name of the `DliProject` that objects use by default.
pub const DEFAULT_PROJECT: &str = "default";
