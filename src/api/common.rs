//! Fields and values that several kinds share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the operator may do to the remote resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ManagementPolicy {
    /// Create it, correct what differs, delete it.
    #[default]
    Full,
    /// Create and delete it, but only report what differs.
    Report,
    /// Never write to the cloud; implies that deleting the object retains the resource.
    Observe,
}

/// What deleting the object does to the remote resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// Deletes it. This is what an absent policy means.
    Delete,
    /// Leaves it, with its owner tag, so that applying the object again takes it back.
    Retain,
}

/// Whether a remote resource that exists already may be taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AdoptionPolicy {
    /// Only one that carries this object's own mark.
    #[default]
    IfOwned,
    /// Also one that carries no mark.
    IfUnowned,
    /// Any, even one that carries another owner's mark.
    Always,
}

/// Names an object of the same namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalReference {
    /// Name of the object.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// A tag of the remote resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagEntry {
    /// Key, 1 to 128 characters.
    #[schemars(length(min = 1, max = 128))]
    pub key: String,
    /// Value, up to 255 characters.
    #[schemars(length(max = 255))]
    pub value: String,
}

/// The project that an object was last seen in.
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
