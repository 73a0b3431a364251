//! What a watch brings, decoded one object at a time: an object of another shape does not break the watch.

use std::borrow::Cow;

use kube::{
    Resource,
    core::{ObjectMeta, error_boundary::InvalidObject},
};
use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;

use super::{compressed::Compressed, kinds::Kind};

/// An object, or what is wrong with it.
///
/// kube's `DeserializeGuard` does the same by way of a tree of values and a copy of it, which took most of the time of a
/// start with many objects. This one reads the text of the object in place, and only what JSON brings.
#[derive(Clone, Debug)]
pub struct Watched<K>(pub Result<Compressed<K>, InvalidObject>);

impl<'de, K: Kind> Deserialize<'de> for Watched<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Head {
            #[serde(default)]
            metadata: ObjectMeta,
        }
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let compressed = serde_json::from_str(text.get()).map_err(|error| without_place(&error));
        match compressed {
            Ok(compressed) => Ok(Self(Ok(compressed))),
            Err(error) => {
                let Head { metadata } = serde_json::from_str(text.get()).map_err(de::Error::custom)?;
                Ok(Self(Err(InvalidObject { error, metadata })))
            }
        }
    }
}

/// What is wrong, without line and column: nobody sees the text that they count in.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned()
}

impl<K: Kind> Resource for Watched<K> {
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
        self.0.as_ref().map_or_else(|invalid| &invalid.metadata, Compressed::meta)
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.0 {
            Ok(compressed) => compressed.meta_mut(),
            Err(invalid) => &mut invalid.metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::core::{ObjectList, WatchEvent};

    use super::*;
    use crate::api::DliQueue;

    const GOOD: &str = r#"{"apiVersion": "dli.huaweicloud.com/v1alpha1", "kind": "DliQueue",
        "metadata": {"name": "q1", "namespace": "team", "resourceVersion": "7"}, "spec": {"cuCount": 16}}"#;
    const BAD: &str =
        r#"{"metadata": {"name": "q2", "namespace": "team", "resourceVersion": "8", "uid": "u"}, "spec": 5}"#;

    #[test]
    fn one_bad_object_leaves_the_others_of_a_list() {
        let text = format!(
            r#"{{"kind": "DliQueueList", "apiVersion": "dli.huaweicloud.com/v1alpha1",
            "metadata": {{"resourceVersion": "9"}}, "items": [{GOOD}, {BAD}]}}"#
        );
        let list: ObjectList<Watched<DliQueue>> = serde_json::from_str(&text).unwrap();
        assert_eq!(list.items[0].0.as_ref().unwrap().open().unwrap().spec.cu_count, 16);
        let invalid = list.items[1].0.as_ref().unwrap_err();
        assert_eq!((invalid.metadata.name.as_deref(), invalid.metadata.uid.as_deref()), (Some("q2"), Some("u")));
        assert_eq!(invalid.error, "invalid type: integer `5`, expected struct DliQueueSpec");
        let versions: Vec<_> = list.items.iter().map(|item| item.meta().resource_version.as_deref()).collect();
        assert_eq!(versions, [Some("7"), Some("8")], "the watch goes on from there");
    }

    #[test]
    fn events_are_decoded_as_the_api_server_writes_them() {
        for (object, good) in [(GOOD, true), (BAD, false)] {
            let line = format!(r#"{{"type":"MODIFIED","object":{object}}}"#);
            let WatchEvent::Modified(watched) = serde_json::from_str::<WatchEvent<Watched<DliQueue>>>(&line).unwrap()
            else {
                panic!("another event")
            };
            assert_eq!(watched.0.is_ok(), good);
        }
    }
}
