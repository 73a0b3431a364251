//! `DliProject`: one DLI project in one region, with the credentials to reach it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a user writes about a project.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "dli.huaweicloud.com",
    version = "v1alpha1",
    kind = "DliProject",
    shortname = "dlip",
    category = "dli",
    namespaced,
    status = "DliProjectStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct DliProjectSpec {
    /// Region id, such as `ap-southeast-3`. Cannot be changed.
    pub region: String,
    /// Name of a cloud in the operator's configuration; `huaweicloud` when absent. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<String>,
    /// Project id. Looked up from the region and pinned when absent; may be set once, never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
}

/// What the operator saw of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DliProjectStatus {
    /// Generation whose judgement the conditions are; -1 before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// `Ready` and `Synced`, and while they hold `Reconciling` or `Stalled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
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
