//! `DliQueue`: a dedicated, standalone queue.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AdoptionPolicy, DeletionPolicy, Drift, LocalReference, ManagementPolicy, ObservedProject, TagEntry, rules,
};

/// The desired queue. Fields have the names of the DLI API (dli_02_0194).
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "dli.huaweicloud.com",
    version = "v1alpha1",
    kind = "DliQueue",
    doc = "A DliQueue is a dedicated queue of DLI: the compute that SQL, Flink or Spark jobs run on.",
    shortname = "dliq",
    category = "dli",
    namespaced,
    status = "DliQueueStatus"
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::fixed("DliQueue", "projectRef"),
    validation = rules::fixed("DliQueue", "queueName"),
    validation = rules::fixed("DliQueue", "queueType"),
    validation = rules::fixed("DliQueue", "description"),
    validation = rules::fixed_required("DliQueue", "cuCount"),
    validation = rules::fixed("DliQueue", "enterpriseProjectId"),
    validation = rules::fixed("DliQueue", "platform"),
    validation = rules::fixed("DliQueue", "feature"),
    validation = rules::fixed("DliQueue", "labels"),
    validation = rules::fixed("DliQueue", "engine"),
    validation = rules::fixed("DliQueue", "tags"),
    validation = rules::fixed("DliQueue", "properties"),
    validation = rules::sql_only("engine", "hetuEngine"),
    validation = rules::sql_only("feature", "ai"),
    validation = rules::adoption_names_deletion()
)]
pub struct DliQueueSpec {
    /// The DliProject of this namespace that the queue belongs to. Default: the one named `default`. Cannot be added,
    /// changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_ref: Option<LocalReference>,
    /// Name of the queue in the cloud: 1 to 128 lower-case letters, digits and `_`, not starting with `_`, not digits
    /// alone. Default: the name of this object with `-` and `.` turned into `_`. Cannot be added, changed or removed
    /// after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = rules::QUEUE_NAME))]
    #[x_kube(validation = rules::queue_name())]
    pub queue_name: Option<String>,
    /// `sql` (default) for SQL jobs, or `general` for Flink and Spark jar jobs. Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "sql"))]
    pub queue_type: Option<QueueType>,
    /// Free text, up to 256 characters. Cannot be added, changed or removed after creation: the cloud has no call for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub description: Option<String>,
    /// Size in compute units (CU): a multiple of 16, at least 16. One CU is 1 vCPU and 4 GB of memory. Cannot be changed
    /// after creation.
    #[x_kube(validation = rules::cu_count())]
    pub cu_count: i64,
    /// How the queue is paid: 1, by the CU hour, is the default and the only way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::charging_mode())]
    pub charging_mode: Option<i64>,
    /// 1, dedicated, is the default and the only mode: a shared queue cannot be bound to a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = rules::resource_mode())]
    pub resource_mode: Option<i64>,
    /// Id of the enterprise project that the queue is billed to. Default: `0`, the default enterprise project. Cannot
    /// be added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = rules::ENTERPRISE_PROJECT_ID))]
    pub enterprise_project_id: Option<String>,
    /// CPU architecture: `x86_64` (default) or `aarch64`. Cannot be added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = rules::WORD))]
    pub platform: Option<String>,
    /// `basic` (default) or `ai`; `ai` needs `queueType` `sql`. Cannot be added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = rules::WORD))]
    pub feature: Option<String>,
    /// Labels of the cloud, each `key=value`: `multi_az=2` spreads the queue over two availability zones. Cannot be
    /// added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10), inner(length(min = 1, max = 128), regex(pattern = rules::LABEL)))]
    #[x_kube(validation = rules::labels(), merge_strategy = ListMerge::Atomic)]
    pub labels: Option<Vec<String>>,
    /// Engine of an SQL queue: `spark` (default) or `hetuEngine`; `hetuEngine` needs `queueType` `sql`. Cannot be added,
    /// changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = rules::WORD))]
    pub engine: Option<String>,
    /// Tags of the queue, up to 18. The operator sets them at creation. Cannot be added, changed or removed after
    /// creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 18))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["key".into()]))]
    pub tags: Option<Vec<TagEntry>>,
    /// Properties of the queue, up to 20, such as `computeEngine.spark.nativeEnabled: "true"`; values are strings of up
    /// to 256 characters. The operator sets them at creation. Cannot be added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 20, "additionalProperties" = {"type": "string", "maxLength": 256}))]
    pub properties: Option<BTreeMap<String, String>>,
    /// What the operator may do to the queue. `Full` (default): create it, correct drift from this spec, delete it.
    /// `Report`: create and delete it, but only report drift. `Observe`: never write to the cloud. Can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// While `true`, the operator does not reconcile this object; deleting it still works. Default: `false`. Can be
    /// changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// What deleting this object does to the queue. `Delete` (default) deletes it. `Retain` keeps it with its owner tag;
    /// applying the object again adopts it again. Required when `adoptionPolicy` is `IfUnowned` or `Always`. Can be
    /// changed, also while the object is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Whether the operator may adopt a queue of this name that already exists. `IfOwned` (default): only one with the
    /// owner tag of this object. `IfUnowned`: also one without an owner tag. `Always`: any, even one with the owner tag
    /// of another object. Can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption_policy: Option<AdoptionPolicy>,
}

/// Kind of jobs that a queue runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "")]
pub enum QueueType {
    /// SQL jobs.
    Sql,
    /// Flink and Spark jar jobs.
    General,
}

/// What the readiness of a queue is based on: the cloud reports no status for a queue. Best evidence first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "")]
pub enum QueueEvidence {
    /// A connection has an ACTIVE peering entry for it.
    PeeringActive,
    /// It has existed longer than `timing.queueGrace` of the configuration.
    AssumedByAge,
}

/// What the operator observed of a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DliQueueStatus {
    /// Generation of the spec that the conditions refer to; -1 before the first reconcile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` and `Synced` are present after the first reconcile. `Reconciling` (the operator is working) and
    /// `Stalled` (a person must act) are present only while True. Each states a reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The project in which the operator observed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ObservedProject>,
    /// Its name in the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_name: Option<String>,
    /// Its number in the cloud; present once the operator has observed the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_id: Option<i64>,
    /// Its UUID in the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// When the cloud created it (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_time: Option<String>,
    /// Size that the cloud reports, in compute units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cu_count: Option<i64>,
    /// Whether this object adopted an existing queue instead of creating it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,
    /// What its readiness is based on, because the cloud reports no status for a queue. `PeeringActive`: a connection
    /// has an ACTIVE entry for it. `AssumedByAge`: it has existed longer than `timing.queueGrace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<QueueEvidence>,
    /// Fields that differ from the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
}
