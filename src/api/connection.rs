//! `EnhancedConnection`: an enhanced datasource connection with its bindings and hosts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AdoptionPolicy, DeletionPolicy, Drift, LocalReference, ManagementPolicy, ObservedProject, TagEntry, rules,
};

/// The desired connection. Fields have the names of the DLI API (dli_02_0187).
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "dli.huaweicloud.com",
    version = "v1alpha1",
    kind = "EnhancedConnection",
    doc = "An EnhancedConnection is an enhanced datasource connection of DLI: a network peering between queues and a VPC, \
           with the queues that are bound to it and the hosts that their jobs can resolve.",
    shortname = "dlic",
    category = "dli",
    namespaced,
    status = "EnhancedConnectionStatus"
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::fixed("EnhancedConnection", "projectRef"),
    validation = rules::fixed("EnhancedConnection", "connectionName"),
    validation = rules::fixed_required("EnhancedConnection", "destVpcId"),
    validation = rules::fixed_required("EnhancedConnection", "destNetworkId"),
    validation = rules::fixed("EnhancedConnection", "routeTableId"),
    validation = rules::fixed("EnhancedConnection", "tags"),
    validation = rules::adoption_names_deletion()
)]
pub struct EnhancedConnectionSpec {
    /// The DliProject of this namespace that the connection belongs to. Default: the one named `default`. Cannot be added,
    /// changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_ref: Option<LocalReference>,
    /// Name of the connection in the cloud: 1 to 64 letters, digits and `_`. Default: the name of this object with `-`
    /// and `.` turned into `_`. Cannot be added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = rules::CONNECTION_NAME))]
    #[x_kube(validation = rules::matches(
        rules::CONNECTION_NAME,
        "connectionName must consist of letters, digits and `_`: write `_` in place of other characters"
    ))]
    pub connection_name: Option<String>,
    /// Id (a UUID) of the VPC to connect to. Cannot be changed after creation.
    #[schemars(length(max = 36), regex(pattern = rules::UUID))]
    #[x_kube(validation = rules::uuid("destVpcId", "VPC"))]
    pub dest_vpc_id: String,
    /// Network id (a UUID) of the subnet to connect to: `id` or `neutron_network_id` in the VPC API, not
    /// `neutron_subnet_id`. Cannot be changed after creation.
    #[schemars(length(max = 36), regex(pattern = rules::UUID))]
    #[x_kube(validation = rules::uuid("destNetworkId", "network"))]
    pub dest_network_id: String,
    /// Id (a UUID) of the route table of the subnet; required if the subnet does not use the default route table of its
    /// VPC. Cannot be added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 36), regex(pattern = rules::UUID))]
    #[x_kube(validation = rules::uuid("routeTableId", "route table"))]
    pub route_table_id: Option<String>,
    /// Queues to bind, up to 100. When the list is absent, the operator does not touch bindings. When a queue is
    /// removed from the list, the operator unbinds it, whoever bound it. The operator never removes a binding that the
    /// list has never asked for. Can be changed (dli_02_0191, dli_02_0192).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub queues: Option<Vec<QueueTarget>>,
    /// The whole hosts file of the connection, up to 2000 lines. When the list is absent, the operator does not touch
    /// the hosts; when it is empty, the operator clears them. Can be changed (dli_02_0200).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    #[x_kube(merge_strategy = ListMerge::Atomic)]
    pub hosts: Option<Vec<HostEntry>>,
    /// Tags of the connection, up to 18. The operator sets them at creation. Cannot be added, changed or removed after
    /// creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 18))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["key".into()]))]
    pub tags: Option<Vec<TagEntry>>,
    /// What the operator may do to the connection. `Full` (default): create it, correct drift from this spec, delete
    /// it. `Report`: create and delete it, but only report drift. `Observe`: never write to the cloud. Can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_policy: Option<ManagementPolicy>,
    /// While `true`, the operator does not reconcile this object; deleting it still works. Default: `false`. Can be
    /// changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// What deleting this object does to the connection. `Delete` (default) deletes it. `Retain` keeps it with its owner
    /// tag; applying the object again adopts it again. Required when `adoptionPolicy` is `IfUnowned` or `Always`. Can be
    /// changed, also while the object is being deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,
    /// Whether the operator may adopt a connection of this name that already exists. `IfOwned` (default): only one with
    /// the owner tag of this object. `IfUnowned`: also one without an owner tag. `Always`: any, even one with the owner
    /// tag of another object. Can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption_policy: Option<AdoptionPolicy>,
}

/// A queue to bind: exactly one of `ref` and `queueName`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::reference_or_name())]
pub struct QueueTarget {
    /// A DliQueue of this namespace and of the same project. The connection waits until it is ready.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<LocalReference>,
    /// Name of a queue in the cloud, in lower case. The queue does not need an object in this cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = rules::QUEUE_NAME))]
    #[x_kube(validation = rules::queue_name())]
    pub queue_name: Option<String>,
}

/// A line of the hosts file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostEntry {
    /// Host name: up to 128 letters, digits and `_ - .`, starting with a letter.
    #[schemars(length(min = 1, max = 128), regex(pattern = rules::HOST_NAME))]
    pub name: String,
    /// IPv4 address, such as `192.168.0.1`.
    #[schemars(length(max = 15), extend("format" = "ipv4"))]
    pub ip: String,
}

/// A peering entry as the cloud reports it.
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
    /// The cloud's message about a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err_msg: Option<String>,
    /// Last change (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_time: Option<String>,
}

/// What the operator observed of a connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnhancedConnectionStatus {
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
    /// Whether this object adopted an existing connection instead of creating it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<bool>,
    /// Number of ACTIVE desired bindings of all desired ones, such as `2/3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<String>,
    /// Peering entries of bound queues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub available_queue_info: Vec<ObservedPeering>,
    /// Peering entries of bound pools; a standalone queue may appear here as its hidden pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elastic_resource_pools: Vec<ObservedPeering>,
    /// Queues that the spec lists or has listed, bound or about to be bound. The operator unbinds only these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed_targets: Vec<String>,
    /// Number of lines in the hosts file that the cloud reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_count: Option<i64>,
    /// Digest of the hosts that the operator last wrote, for clouds that do not report them; empty while a write is in
    /// flight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts_hash: Option<String>,
    /// Other connections that may be duplicates of this one, where the operator cannot read ownership. It leaves them
    /// alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspected_duplicates: Vec<String>,
    /// Fields that differ from the spec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
}
