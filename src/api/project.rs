//! `DliProject`: one DLI project in one region, with the credentials to reach it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules;

/// The project to use and where it is.
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
    /// Name of a cloud in the operator's configuration, which knows its endpoints. Default: `huaweicloud`. Cannot be
    /// added, changed or removed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = rules::CLOUD))]
    #[x_kube(validation = rules::matches(
        rules::CLOUD,
        "cloud must be the name of a cloud in the operator's configuration: lower-case letters, digits and hyphens"
    ))]
    pub cloud: Option<String>,
    /// Project id, 32 hexadecimal digits in practice. When it is absent, the project of the region is looked up once
    /// and kept in `status.projectId`. May be added later; cannot be changed or removed once it is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = rules::PROJECT_ID))]
    #[x_kube(validation = rules::matches(
        rules::PROJECT_ID,
        "projectId must be the id of the project, letters and digits such as 48cc2c48765f481480c7db940d6409d1, not its \
         name"
    ))]
    pub project_id: Option<String>,
}

/// What the operator saw of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DliProjectStatus {
    /// Generation of the spec that the conditions judge; -1 before the first judgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` and `Synced`; besides, while it is so, `Reconciling` (something is under way) or `Stalled` (a person must
    /// act). Each says why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
    /// The project id in use, pinned at the first success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// What this region offers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<ProjectCapabilities>,
}

/// What a region offers, as far as it has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectCapabilities {
    /// Whether the lists can be filtered by tag, so that ownership can be read back. Absent until it was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_filter: Option<bool>,
    /// Whether the tag service is published. Absent until it was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_service: Option<bool>,
}
