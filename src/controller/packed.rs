//! How the watch caches keep objects: as text.

use std::{borrow::Cow, fmt, marker::PhantomData};

use kube::{Resource, core::ObjectMeta};
use serde::{Deserialize, Deserializer, de};

use super::kinds::{Kind, strip};

/// An object of the watch cache: which one it is, in which version, and all of it as JSON.
///
/// Typed, an object takes three times the memory, most of it for fields that are not set. A pass unpacks the one that it
/// looks at.
pub struct Packed<K> {
    /// Name, namespace, uid and version; nothing else.
    meta: ObjectMeta,
    json: Box<[u8]>,
    kind: PhantomData<fn() -> K>,
}

/// An object cannot be turned into text or back.
#[derive(Debug, thiserror::Error)]
#[error("an object of the watch cache cannot be {action}")]
pub struct PackError {
    action: &'static str,
    #[source]
    source: serde_json::Error,
}

impl<K: Kind> Packed<K> {
    /// Packs an object, without what nobody here reads.
    ///
    /// # Errors
    /// [`PackError`] where it cannot be written as JSON.
    pub fn new(mut object: K) -> Result<Self, PackError> {
        strip(&mut object);
        let json = serde_json::to_vec(&object).map_err(|source| PackError { action: "packed", source })?;
        let meta = ObjectMeta {
            name: object.meta_mut().name.take(),
            namespace: object.meta_mut().namespace.take(),
            uid: object.meta_mut().uid.take(),
            resource_version: object.meta_mut().resource_version.take(),
            ..ObjectMeta::default()
        };
        Ok(Self { meta, json: json.into_boxed_slice(), kind: PhantomData })
    }

    /// The object.
    ///
    /// # Errors
    /// [`PackError`] where the text is not that of such an object, which [`Packed::new`] excludes.
    pub fn open(&self) -> Result<K, PackError> {
        serde_json::from_slice(&self.json).map_err(|source| PackError { action: "unpacked", source })
    }
}

/// Takes what an object of this kind looks like, and nothing else.
impl<'de, K: Kind> Deserialize<'de> for Packed<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(K::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<K> Clone for Packed<K> {
    fn clone(&self) -> Self {
        Self { meta: self.meta.clone(), json: self.json.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Packed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed").field("name", &self.meta.name).field("bytes", &self.json.len()).finish_non_exhaustive()
    }
}

impl<K: Kind> Resource for Packed<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::{DliQueue, EnhancedConnection};

    fn comes_back<K: Kind>(object: Value) -> Value {
        let packed: Packed<K> = serde_json::from_value(object).unwrap();
        serde_json::to_value(packed.open().unwrap()).unwrap()
    }

    fn condition(message: &str) -> Value {
        json!({
            "type": "Ready", "status": "True", "reason": "Available", "message": message, "observedGeneration": 3,
            "lastTransitionTime": "2026-11-23T10:00:00Z",
        })
    }

    #[test]
    fn what_is_packed_comes_back_whole() {
        let meta = json!({
            "name": "q1", "namespace": "team", "uid": "u", "resourceVersion": "12", "generation": 3,
            "creationTimestamp": "2026-11-23T09:59:00Z", "deletionTimestamp": "2026-11-23T10:01:00Z",
            "finalizers": ["dli.huaweicloud.com/finalizer", "other"], "labels": {"a": "b"}, "annotations": {"c": "\"d\" é"},
        });
        let queue = json!({
            "apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": "DliQueue", "metadata": meta,
            "spec": {"cuCount": 16, "queueType": "sql", "properties": {"k": "v"}, "tags": [{"key": "t", "value": ""}]},
            "status": {"observedGeneration": 3, "queueId": 7, "conditions": [condition("It is.")], "evidence": "AssumedByAge"},
        });
        assert_eq!(comes_back::<DliQueue>(queue.clone()), queue);
        let connection = json!({
            "apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": "EnhancedConnection", "metadata": meta,
            "spec": {
                "destVpcId": "v", "destNetworkId": "n", "queues": [{"ref": {"name": "q1"}}, {"queueName": "q2"}],
                "hosts": [{"name": "h", "ip": "10.0.0.1"}],
            },
            "status": {"connectionId": "c", "conditions": [condition("So it is.")], "managedTargets": ["q1"]},
        });
        assert_eq!(comes_back::<EnhancedConnection>(connection.clone()), connection);
    }

    #[test]
    fn what_nobody_reads_is_dropped_and_what_identifies_it_stands_outside() {
        let packed: Packed<DliQueue> = serde_json::from_value(json!({
            "apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": "DliQueue", "spec": {"cuCount": 16},
            "metadata": {"name": "q1", "namespace": "team", "uid": "u", "resourceVersion": "12", "managedFields": [{}]},
        }))
        .unwrap();
        assert!(!String::from_utf8_lossy(&packed.json).contains("managedFields"));
        let meta = packed.meta();
        assert_eq!(
            [&meta.name, &meta.namespace, &meta.uid, &meta.resource_version].map(|field| field.as_deref()),
            [Some("q1"), Some("team"), Some("u"), Some("12")]
        );
        assert_eq!(format!("{packed:?}"), format!("Packed {{ name: Some(\"q1\"), bytes: {}, .. }}", packed.json.len()));
    }

    #[test]
    fn an_object_of_another_shape_is_refused_with_the_reason() {
        let wrong = json!({"metadata": {"name": "q1"}, "spec": {"cuCount": "many"}});
        let error = serde_json::from_value::<Packed<DliQueue>>(wrong).unwrap_err().to_string();
        assert!(error.contains("many"), "{error}");
    }
}
