//! What the three kinds have in common, for the generic parts of the controller.

use std::{fmt::Debug, sync::Arc};

use k8s_openapi::NamespaceResourceScope;
use kube::Resource;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    api::{DliProject, DliQueue, EnhancedConnection},
    core::{Object, ObjectKind},
};

/// Annotation in which `kubectl apply` keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A kind that the operator works on.
pub trait Kind:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + Debug
    + Serialize
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
    /// Which one.
    const KIND: ObjectKind;

    /// Hands the object to the deciding side.
    fn into_object(self) -> Object;
}

impl Kind for DliProject {
    const KIND: ObjectKind = ObjectKind::Project;

    fn into_object(self) -> Object {
        Object::Project(Arc::new(self))
    }
}

impl Kind for DliQueue {
    const KIND: ObjectKind = ObjectKind::Queue;

    fn into_object(self) -> Object {
        Object::Queue(Arc::new(self))
    }
}

impl Kind for EnhancedConnection {
    const KIND: ObjectKind = ObjectKind::Connection;

    fn into_object(self) -> Object {
        Object::Connection(Arc::new(self))
    }
}

/// Drops what nobody here reads and what may be the larger half of an object in memory.
pub(super) fn strip<K: Resource>(object: &mut K) {
    let meta = object.meta_mut();
    meta.managed_fields = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove(LAST_APPLIED);
    }
}
