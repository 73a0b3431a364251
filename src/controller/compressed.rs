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
const EXAMPLES: &[u8] = include_bytes!("compressed/examples.json");

/// An object of the watch cache: which one it is, and all of it as compressed JSON.
///
/// Typed, an object takes many times the memory, most of it for fields that are not set. A pass decompresses the one that it
/// looks at.
pub struct Compressed<K> {
    /// Name and namespace, and the version, by which the watch knows where to go on; nothing else.
    meta: ObjectMeta,
    /// Length of the text.
    length: u32,
    text: Box<[u8]>,
    kind: PhantomData<fn() -> K>,
}

/// An object cannot be turned into text or back.
#[derive(Debug, thiserror::Error)]
pub enum CompressionError {
    /// It cannot be written as JSON, or is too long.
    #[error("an object cannot be put into the watch cache")]
    Compress(#[source] Box<dyn Error + Send + Sync>),
    /// What is in the cache is not what was put there.
    #[error("an object of the watch cache cannot be read")]
    Decompress(#[source] Box<dyn Error + Send + Sync>),
}

impl<K: Kind> Compressed<K> {
    /// Compresses an object, without what nobody here reads.
    ///
    /// # Errors
    /// [`CompressionError`] where it cannot be written as JSON.
    pub fn new(mut object: K) -> Result<Self, CompressionError> {
        strip(&mut object);
        let text = serde_json::to_vec(&object).map_err(|error| CompressionError::Compress(error.into()))?;
        let length =
            text.len().try_into().map_err(|error: TryFromIntError| CompressionError::Compress(error.into()))?;
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
    /// [`CompressionError`] where the text is not that of such an object, which [`Compressed::new`] excludes.
    pub fn open(&self) -> Result<K, CompressionError> {
        self.read()
    }

    /// Its incarnation.
    ///
    /// # Errors
    /// As [`Compressed::open`].
    pub fn uid(&self) -> Result<String, CompressionError> {
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

    fn read<T: DeserializeOwned>(&self) -> Result<T, CompressionError> {
        let text = decompress_with_dict(&self.text, self.length as usize, EXAMPLES)
            .map_err(|error| CompressionError::Decompress(error.into()))?;
        serde_json::from_slice(&text).map_err(|error| CompressionError::Decompress(error.into()))
    }
}

impl<'de, K: Kind> Deserialize<'de> for Compressed<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(K::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<K> Clone for Compressed<K> {
    fn clone(&self) -> Self {
        Self { meta: self.meta.clone(), length: self.length, text: self.text.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Compressed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressed")
            .field("name", &self.meta.name)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl<K: Kind> Resource for Compressed<K> {
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

    fn compressed<K: Kind>(object: Value) -> Compressed<K> {
        serde_json::from_value(object).unwrap()
    }

    fn comes_back<K: Kind>(object: Value) -> Value {
        serde_json::to_value(compressed::<K>(object).open().unwrap()).unwrap()
    }

    fn condition(message: &str) -> Value {
        json!({
            "type": "Ready", "status": "True", "reason": "Available", "message": message, "observedGeneration": 3,
            "lastTransitionTime": "2026-11-23T10:00:00Z",
        })
    }

    #[test]
    fn what_is_compressed_comes_back_whole() {
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
        let compressed: Compressed<DliQueue> = compressed(json!({
            "apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": "DliQueue", "spec": {"cuCount": 16},
            "metadata": {"name": "q1", "namespace": "team", "uid": "u", "resourceVersion": "12", "managedFields": [{}]},
        }));
        assert_eq!(compressed.open().unwrap().metadata.managed_fields, None);
        let meta = compressed.meta();
        assert_eq!((meta.name.as_deref(), meta.namespace.as_deref()), (Some("q1"), Some("team")));
        // Without it the watch would list everything anew after each event.
        assert_eq!(meta.resource_version.as_deref(), Some("12"));
        assert_eq!(compressed.uid().unwrap(), "u");
        assert_eq!(
            format!("{compressed:?}"),
            format!("Compressed {{ name: Some(\"q1\"), bytes: {}, .. }}", compressed.text.len())
        );
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
        let compressed: Compressed<DliQueue> = compressed(other);
        assert!(
            compressed.text.len() * 5 < compressed.length as usize,
            "{} of {} bytes",
            compressed.text.len(),
            compressed.length
        );
    }

    #[test]
    fn what_is_damaged_is_no_object() {
        let mut compressed: Compressed<DliQueue> =
            compressed(json!({"metadata": {"name": "q1"}, "spec": {"cuCount": 16}}));
        compressed.text = compressed.text.iter().take(compressed.text.len() / 2).copied().collect();
        assert!(matches!(compressed.open(), Err(CompressionError::Decompress(_))));
    }
}
