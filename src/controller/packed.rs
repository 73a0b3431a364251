//! How the watch caches keep objects: as compressed text.

use std::{borrow::Cow, error::Error, fmt, marker::PhantomData, num::TryFromIntError};

use kube::{Resource, core::ObjectMeta};
use lz4_flex::block::{compress_with_dict, decompress_with_dict};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned},
};

use super::kinds::{Kind, strip};

/// What objects look like. Most of the text of any object is in here somewhere, and is kept as a reference to it.
const EXAMPLES: &[u8] = include_bytes!("packed/examples.json");

/// An object of the watch cache: which one it is, and all of it as compressed JSON.
///
/// Typed, an object takes many times the memory, most of it for fields that are not set. A pass unpacks the one that it
/// looks at.
pub struct Packed<K> {
    /// Name and namespace, and the version, by which the watch knows where to go on; nothing else.
    meta: ObjectMeta,
    /// Length of the text.
    length: u32,
    text: Box<[u8]>,
    kind: PhantomData<fn() -> K>,
}

/// An object cannot be turned into text or back.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// It cannot be written as JSON, or is too long.
    #[error("an object cannot be put into the watch cache")]
    Pack(#[source] Box<dyn Error + Send + Sync>),
    /// What is in the cache is not what was put there.
    #[error("an object of the watch cache cannot be read")]
    Unpack(#[source] Box<dyn Error + Send + Sync>),
}

impl<K: Kind> Packed<K> {
    /// Packs an object, without what nobody here reads.
    ///
    /// # Errors
    /// [`PackError`] where it cannot be written as JSON.
    pub fn new(mut object: K) -> Result<Self, PackError> {
        strip(&mut object);
        let text = serde_json::to_vec(&object).map_err(|error| PackError::Pack(error.into()))?;
        let length = text.len().try_into().map_err(|error: TryFromIntError| PackError::Pack(error.into()))?;
        let text = compress_with_dict(&text, EXAMPLES).into_boxed_slice();
        let whole = object.meta_mut();
        let (name, namespace) = (whole.name.take(), whole.namespace.take());
        let meta =
            ObjectMeta { name, namespace, resource_version: whole.resource_version.take(), ..ObjectMeta::default() };
        Ok(Self { meta, length, text, kind: PhantomData })
    }

    /// The object.
    ///
    /// # Errors
    /// [`PackError`] where the text is not that of such an object, which [`Packed::new`] excludes.
    pub fn open(&self) -> Result<K, PackError> {
        self.read()
    }

    /// Its incarnation.
    ///
    /// # Errors
    /// As [`Packed::open`].
    pub fn uid(&self) -> Result<String, PackError> {
        #[derive(Deserialize)]
        struct Head {
            metadata: Meta,
        }
        #[derive(Deserialize)]
        struct Meta {
            #[serde(default)]
            uid: String,
        }
        self.read().map(|head: Head| head.metadata.uid)
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T, PackError> {
        let text = decompress_with_dict(&self.text, self.length as usize, EXAMPLES)
            .map_err(|error| PackError::Unpack(error.into()))?;
        serde_json::from_slice(&text).map_err(|error| PackError::Unpack(error.into()))
    }
}

impl<'de, K: Kind> Deserialize<'de> for Packed<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(K::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<K> Clone for Packed<K> {
    fn clone(&self) -> Self {
        Self { meta: self.meta.clone(), length: self.length, text: self.text.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Packed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Packed").field("name", &self.meta.name).field("bytes", &self.text.len()).finish_non_exhaustive()
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

    fn packed<K: Kind>(object: Value) -> Packed<K> {
        serde_json::from_value(object).unwrap()
    }

    fn comes_back<K: Kind>(object: Value) -> Value {
        serde_json::to_value(packed::<K>(object).open().unwrap()).unwrap()
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
    fn what_nobody_reads_is_dropped_and_its_name_stands_outside() {
        let packed: Packed<DliQueue> = packed(json!({
            "apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": "DliQueue", "spec": {"cuCount": 16},
            "metadata": {"name": "q1", "namespace": "team", "uid": "u", "resourceVersion": "12", "managedFields": [{}]},
        }));
        assert_eq!(packed.open().unwrap().metadata.managed_fields, None);
        let meta = packed.meta();
        assert_eq!((meta.name.as_deref(), meta.namespace.as_deref()), (Some("q1"), Some("team")));
        // Without it the watch would list everything anew after each event.
        assert_eq!(meta.resource_version.as_deref(), Some("12"));
        assert_eq!(packed.uid().unwrap(), "u");
        assert_eq!(format!("{packed:?}"), format!("Packed {{ name: Some(\"q1\"), bytes: {}, .. }}", packed.text.len()));
    }

    #[test]
    fn the_examples_are_such_objects_and_most_of_an_object_is_found_in_them() {
        let mut lines = std::str::from_utf8(EXAMPLES).unwrap().lines();
        let connection: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        let queue: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
        assert_eq!(comes_back::<EnhancedConnection>(connection.clone()), connection);
        assert_eq!(comes_back::<DliQueue>(queue.clone()), queue);
        let mut other = queue;
        other["metadata"]["uid"] = json!("7d4b93f0-1cb5-4b7e-9a8f-2f0d8a56c3e1");
        other["metadata"]["name"] = json!("analytics-of-march");
        other["status"]["conditions"][0]["message"] =
            json!("The cloud has said something that nobody has seen before.");
        let packed: Packed<DliQueue> = packed(other);
        assert!(packed.text.len() * 5 < packed.length as usize, "{} of {} bytes", packed.text.len(), packed.length);
    }

    #[test]
    fn what_is_damaged_is_no_object() {
        let mut packed: Packed<DliQueue> = packed(json!({"metadata": {"name": "q1"}, "spec": {"cuCount": 16}}));
        packed.text = packed.text.iter().take(packed.text.len() / 2).copied().collect();
        assert!(matches!(packed.open(), Err(PackError::Unpack(_))));
    }
}
