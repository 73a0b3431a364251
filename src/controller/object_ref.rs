//! How the watch caches name an object, and how the deciding side does.

use kube::runtime::reflector::{Lookup, ObjectRef};

use crate::core::ObjectKey;

use super::{compressed::Compressed, kinds::Kind};

/// Which object, in the terms of the watch cache.
pub type Ref<K> = ObjectRef<Compressed<K>>;

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
