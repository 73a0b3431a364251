//! `EnhancedConnection`: an enhanced datasource connection with its bindings and hosts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AdoptionPolicy, DeletionPolicy, Drift, LocalReference, ManagementPolicy, ObservedProject, TagEntry};

/// What a user writes about a connection. Field names are those of the DLI API (dli_02_0187).
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dli.huaweicloud.com",
    version = "v1alpha1",
    kind = "EnhancedConnection",
    shortname = "dlic",
    category = "dli",
    namespaced,
    status = "EnhancedConnectionStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct EnhancedConnectionSpec {
    /// The `DliProject` of this namespace that it belongs to; `default` when absent. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_ref: Option<LocalReference>,
    /// Name in the cloud; the object's name with `-` and `.` turned into `_` when absent. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_name: Option<String>,
    /// Id of the VPC to connect to. Cannot be changed.
    pub dest_vpc_id: String,
    /// Network id of the subnet to connect to (`neutron_network_id` in the VPC API). Cannot be changed.
    pub dest_network_id: String,
    /// Route table of the subnet, where it is not the VPC's default one. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_table_id: Option<String>,
    /// Queues to bind. Absent: bindings are left alone; empty: the operator unbinds what it bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<Vec<QueueTarget>>,
    /// The whole hosts file. Absent: left alone; empty: cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<HostEntry>>,
    /// Tags given at creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<TagEntry>>,
    /// What the operator may do: `Full` (when absent), `Report` or `Observe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// Stops the operator's work on this object; deleting it still works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// `Delete` (when absent) or `Retain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Whether a connection that exists may be taken over: `IfOwned` (when absent), `IfUnowned` or `Always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption_policy: Option<AdoptionPolicy>,
}

/// A queue to bind: exactly one of `ref` and `queueName`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueTarget {
    /// A `DliQueue` of this namespace.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<LocalReference>,
    /// Name of a queue in the cloud that no object of this cluster need manage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_name: Option<String>,
}

/// A line of the hosts file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostEntry {
    /// Host name, starting with a letter.
    pub name: String,
    /// IPv4 address.
    pub ip: String,
}

/// A peering entry as the cloud shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObservedPeering {
    /// Queue or pool.
    pub name: String,
    /// `CREATING`, `ACTIVE` or `FAILED`.
    pub status: String,
    /// Id of the VPC peering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_id: Option<String>,
    /// The cloud's words about a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err_msg: Option<String>,
    /// Last change (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_time: Option<String>,
}

/// What the operator saw of a connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnhancedConnectionStatus {
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
    pub connection_name: Option<String>,
    /// Its id in the cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_id: Option<String>,
    /// When the cloud created it (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_time: Option<String>,
    /// The cloud's own status word of the connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// VPC that the cloud reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dest_vpc_id: Option<String>,
    /// Network that the cloud reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dest_network_id: Option<String>,
    /// Whether this object took over a connection that existed, rather than creating it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,
    /// ACTIVE desired bindings of all desired ones, such as `2/3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// Peering entries of bound queues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub available_queue_info: Vec<ObservedPeering>,
    /// Peering entries of bound pools; a standalone queue may show up here as its hidden pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elastic_resource_pools: Vec<ObservedPeering>,
    /// Queues that this object bound, or is about to bind: the only ones that it unbinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed_targets: Vec<String>,
    /// Number of lines in the hosts file that the cloud reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_count: Option<i64>,
    /// Digest of the hosts that were last written, for clouds that do not report them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts_hash: Option<String>,
    /// Other connections that may be duplicates of this one and are left alone, where ownership cannot be read back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspected_duplicates: Vec<String>,
    /// Fields that differ from the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
}
