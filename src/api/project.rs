//! `DliProject`: one DLI project in one region, with the credentials to reach it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;

/// The project to use and its region.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "dli.huaweicloud.com",
    version = "v1alpha1",
    kind = "DliProject",
    doc = "A DliProject is one DLI project in one region. Queues and connections of its namespace use it; its \
           credentials are the Secret `dli-credentials` of that namespace, with the keys `accessKey`, `secretKey` and, \
           for temporary credentials, `securityToken`.",
    shortname = "dlip",
    category = "dli",
    namespaced,
    status = "DliProjectStatus"
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::project_stays_required("region"),
    validation = rules::project_stays("cloud"),
    validation = rules::project_id_once()
)]
pub struct DliProjectSpec {
    /// Region id, such as `ap-southeast-3`: lower-case letters, digits and hyphens. Cannot be changed.
    #[schemars(length(min = 1, max = 63), regex(pattern = rules::REGION))]
    #[x_kube(validation = rules::matches(
        rules::REGION,
        "region must be a region id such as ap-southeast-3: lower-case letters, digits and hyphens, not a display name"
    ))]
    pub region: String,
    /// Name of a cloud in the operator's configuration, which defines its endpoints. Default: `huaweicloud`. Cannot be
    /// added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = rules::CLOUD))]
    #[x_kube(validation = rules::matches(
        rules::CLOUD,
        "cloud must be the name of a cloud in the operator's configuration: lower-case letters, digits and hyphens"
    ))]
    pub cloud: Option<String>,
    /// Project id, 32 hexadecimal digits in practice. When it is absent, the operator looks up the project of the
    /// region once and keeps it in `status.projectId`. Can be added later; cannot be changed or removed once it is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = rules::PROJECT_ID))]
    #[x_kube(validation = rules::matches(
        rules::PROJECT_ID,
        "projectId must be the id of the project, letters and digits such as 48cc2c48765f481480c7db940d6409d1, not its \
         name"
    ))]
    pub project_id: Option<String>,
}

/// What the operator observed of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DliProjectStatus {
    /// Generation of the spec that the conditions refer to; -1 before the first reconcile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` and `Synced` are present after the first reconcile. `Reconciling` (the operator is working) and
    /// `Stalled` (a person must act) are present only while True. Each states a reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The project id in use, fixed after the first successful lookup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// What this region offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<ProjectCapabilities>,
    /// How many resources carry the owner tag of this cluster and belong to no object. Absent while there are none, or
    /// where lists cannot be filtered by tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orphan_count: Option<i64>,
    /// The first 50 of them. The operator does not delete them: adopt them by creating an object with their name, or
    /// delete them in the console.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<OrphanedResource>,
}

/// A resource that carries the owner tag of this cluster and belongs to no object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrphanedResource {
    /// Kind of the object that would own it: `DliQueue` or `EnhancedConnection`.
    pub kind: String,
    /// Name in the cloud.
    pub name: String,
    /// Id in the cloud.
    pub id: String,
    /// When the cloud created it (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// When the operator first reported it (RFC 3339).
    pub since: String,
}

/// What a region offers, as far as the operator has observed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectCapabilities {
    /// Whether lists can be filtered by tag, so that the operator can read ownership. Absent until the operator has
    /// tried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_filter: Option<bool>,
    /// Whether the region publishes the tag service. Absent until the operator has tried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_service: Option<bool>,
}
