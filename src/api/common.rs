//! Fields and values that several kinds share.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;

// The enums have no description in the schema, where it would displace that of the field.

/// What the operator may do to the remote resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "")]
pub enum ManagementPolicy {
    /// Create it, correct drift, delete it.
    #[default]
    Full,
    /// Create and delete it, but only report drift.
    Report,
    /// Never write to the cloud; implies that deleting the object retains the resource.
    Observe,
}

/// What deleting the object does to the remote resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "")]
pub enum DeletionPolicy {
    /// Deletes it. This is what an absent policy means.
    Delete,
    /// Keeps it with its owner tag; applying the object again adopts it again.
    Retain,
}

/// Whether the operator may adopt a remote resource that already exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "")]
pub enum AdoptionPolicy {
    /// Only one with the owner tag of this object.
    #[default]
    IfOwned,
    /// Also one without an owner tag.
    IfUnowned,
    /// Any, even one with the owner tag of another object.
    Always,
}

/// Names an object of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct LocalReference {
    /// Name of the object, in the namespace of this one.
    #[schemars(length(min = 1, max = 253), regex(pattern = rules::OBJECT_NAME))]
    #[x_kube(validation = rules::object_name())]
    pub name: String,
}

/// A tag of the remote resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct TagEntry {
    /// Key: 1 to 128 letters, digits, spaces and `_ . : + - @`, with no space at either end. It must not start with
    /// `_sys_` or `dli-operator-`.
    #[schemars(length(min = 1, max = 128), regex(pattern = rules::TAG_KEY))]
    #[x_kube(validation = rules::tag_key(), validation = rules::tag_key_is_free())]
    pub key: String,
    /// Value: up to 255 letters, digits, spaces and `_ . : + - @`.
    #[schemars(length(max = 255), regex(pattern = rules::TAG_VALUE))]
    #[x_kube(validation = rules::tag_value())]
    pub value: String,
}

/// The project in which the operator last observed an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObservedProject {
    /// Project id.
    pub id: String,
    /// Region.
    pub region: String,
}

/// A field whose remote value differs from the spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Drift {
    /// Path of the field in the spec, such as `hosts`.
    pub field: String,
    /// What the spec asks for.
    pub want: String,
    /// What the cloud has.
    pub have: String,
}
