//! Objects of one namespace, through the API server.

// Each test binary has a copy of this module and uses a part of it.
#![allow(dead_code)]

use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams},
};
use serde_json::Value;

use crate::fixture::RUNTIME;

/// Reads and writes objects of one namespace through the API server.
#[derive(Clone)]
pub struct Reader {
    pub client: Client,
    pub ns: String,
}

impl Reader {
    pub fn api(&self, kind: &str) -> Api<DynamicObject> {
        let (group, version, kind, plural) = match kind {
            "dlip" => ("dli.huaweicloud.com", "v1alpha1", "DliProject", "dliprojects"),
            "dliq" => ("dli.huaweicloud.com", "v1alpha1", "DliQueue", "dliqueues"),
            "dlic" => ("dli.huaweicloud.com", "v1alpha1", "EnhancedConnection", "enhancedconnections"),
            "event" => ("events.k8s.io", "v1", "Event", "events"),
            "namespace" => ("", "v1", "Namespace", "namespaces"),
            other => panic!("no kind {other}"),
        };
        let resource = ApiResource {
            group: group.into(),
            version: version.into(),
            api_version: if group.is_empty() { version.into() } else { format!("{group}/{version}") },
            kind: kind.into(),
            plural: plural.into(),
        };
        match kind {
            "Namespace" => Api::all_with(self.client.clone(), &resource),
            _ => Api::namespaced_with(self.client.clone(), &self.ns, &resource),
        }
    }

    /// All objects of a kind, as they are at this moment.
    pub fn list(&self, kind: &str) -> kube::Result<Vec<Value>> {
        let found = RUNTIME.block_on(self.api(kind).list(&ListParams::default()))?;
        Ok(found.items.into_iter().map(|object| serde_json::to_value(object).expect("JSON")).collect())
    }
}
