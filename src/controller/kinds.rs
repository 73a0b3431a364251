//! What the three kinds have in common, for the generic parts of the controller.

use std::{fmt::Debug, sync::Arc};

use k8s_openapi::NamespaceResourceScope;
use kube::{
    Resource,
    runtime::reflector::{Lookup, ObjectRef},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    api::{DliProject, DliQueue, EnhancedConnection},
    core::{Object, ObjectKey, ObjectKind},
};

use super::watch_cache::Ref;

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

/// The key of an object in the terms of the deciding side.
pub(super) fn key_of<K: Kind>(reference: &Ref<K>) -> ObjectKey {
    ObjectKey::new(K::KIND, reference.namespace.as_deref().unwrap_or_default(), &reference.name)
}

/// The key of an object in the terms of the watch cache.
pub(super) fn ref_of<K: Kind>(key: &ObjectKey) -> Ref<K> {
    ObjectRef::new(&key.name).within(&key.namespace)
}

/// The reference of an object.
pub(super) fn ref_to<K: Kind>(object: &impl Lookup<DynamicType = ()>) -> Ref<K> {
    let reference = ObjectRef::new(&object.name().unwrap_or_default());
    match object.namespace() {
        Some(namespace) => reference.within(&namespace),
        None => reference,
    }
}
