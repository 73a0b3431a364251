//! `DliQueue`: a dedicated, standalone queue.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AdoptionPolicy, DeletionPolicy, Drift, LocalReference, ManagementPolicy, ObservedProject, TagEntry};

/// What a user writes about a queue. Field names are those of the DLI API (dli_02_0194).
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dli.huaweicloud.com",
    version = "v1alpha1",
    kind = "DliQueue",
    shortname = "dliq",
    category = "dli",
    namespaced,
    status = "DliQueueStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct DliQueueSpec {
    /// The `DliProject` of this namespace that it belongs to; `default` when absent. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_ref: Option<LocalReference>,
    /// Name of the queue in the cloud; the object's name with `-` and `.` turned into `_` when absent. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_name: Option<String>,
    /// `sql` (when absent) or `general`, for Flink and Spark jar jobs. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_type: Option<QueueType>,
    /// Free text, up to 256 characters. Cannot be changed: the cloud has no call for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Size in compute units, a multiple of 16.
    pub cu_count: i64,
    /// How it is paid: 1, by the CU hour, is the only way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charging_mode: Option<i64>,
    /// 1, dedicated, is the only mode: a shared queue cannot be bound to a connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_mode: Option<i64>,
    /// Enterprise project; the default one when absent. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise_project_id: Option<String>,
    /// CPU architecture, `x86_64` or `aarch64`. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `basic` or `ai`. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    /// Labels of the cloud, such as `multi_az=2`. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// Engine, `spark` or `hetuEngine`. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Tags given at creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<TagEntry>>,
    /// Properties given at creation, such as `computeEngine.spark.nativeEnabled: "true"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub properties: Option<BTreeMap<String, String>>,
    /// What the operator may do: `Full` (when absent), `Report` or `Observe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// Stops the operator's work on this object; deleting it still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// `Delete` (when absent) or `Retain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Whether a queue that exists may be taken over: `IfOwned` (when absent), `IfUnowned` or `Always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption_policy: Option<AdoptionPolicy>,
}

/// Kind of jobs that a queue runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueType {
    /// SQL jobs.
    Sql,
    /// Flink and Spark jar jobs.
    General,
}

/// What the readiness of a queue rests on: the cloud gives a queue no status of its own. Best evidence first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum QueueEvidence {
    /// A connection has an ACTIVE peering entry for it.
    PeeringActive,
    /// It exists for longer than queues take to be allocated.
    AssumedByAge,
}

/// What the operator saw of a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DliQueueStatus {
    /// Generation whose judgement the conditions are; -1 before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` and `Synced`, and while they hold `Reconciling` or `Stalled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// The project it was seen in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ObservedProject>,
    /// Its name in the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_name: Option<String>,
    /// Its number in the cloud; present once the queue was seen.
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
    /// Whether this object took over a queue that existed, rather than creating it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,
    /// What its readiness rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<QueueEvidence>,
    /// Fields that differ from the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
}
