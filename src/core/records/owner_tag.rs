//! Whose a remote resource is: two tags that every create call carries and that a filtered list reads back.

use sha2::{Digest, Sha256};

use crate::{core::seam::ObjectKey, dli::Tag};

/// Tag of everything that belongs to one cluster.
pub const CLUSTER_TAG: &str = "dli-operator-cluster";
/// Tag of what belongs to one object.
pub const OWNER_TAG: &str = "dli-operator-owner";
/// Tag that nothing carries: a list filtered by it shows whether the server honours the filter.
pub(crate) const PROBE_TAG: &str = "dli-operator-probe";

/// The owner tag of one object. It holds no uid, so that an object that is applied again owns its resource again.
pub(crate) fn owner_tag(cluster: &str, key: &ObjectKey) -> Tag {
    let text = format!("{cluster}\n{}\n{}\n{}", key.kind.as_str(), key.namespace, key.name);
    Tag { key: OWNER_TAG.to_owned(), value: digest(&text)[..40].to_owned() }
}

/// Both tags of one object, as its create call carries them.
pub(crate) fn owner_tags(cluster: &str, key: &ObjectKey) -> Vec<Tag> {
    vec![cluster_tag(cluster), owner_tag(cluster, key)]
}

/// The tag that everything of a cluster carries.
pub(crate) fn cluster_tag(cluster: &str) -> Tag {
    Tag { key: CLUSTER_TAG.to_owned(), value: cluster.to_owned() }
}

/// A tag that no resource carries.
pub(crate) fn probe_tag() -> Tag {
    Tag { key: PROBE_TAG.to_owned(), value: "none".to_owned() }
}

/// Hexadecimal SHA-256.
pub(crate) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
