//! The durable intent of a create or an adoption: an annotation that is written before the call, in the same PATCH as
//! the finalizer, and that makes a lost reply or a crash repairable.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

use crate::{api::INTENT_ANNOTATION, dli::EpochMillis};

/// Version of the format that this build writes and understands.
pub const INTENT_VERSION: u32 = 1;

/// What was about to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntentOp {
    /// Create the remote resource.
    Create,
    /// Take over a remote resource that exists.
    Adopt,
    /// Nothing: the call came to nothing, and what has the name is another's. Written down, since a process that begins
    /// later could not tell this from a call in doubt.
    Void,
}

/// The content of the annotation `dli.huaweicloud.com/intent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// Format version. An unknown one is never acted on.
    pub v: u32,
    /// `metadata.uid` of the object that wrote it. A copy of the YAML has another uid, and its intent is no evidence.
    pub uid: String,
    /// Counts the attempts of this object.
    pub n: u32,
    /// What.
    pub op: IntentOp,
    /// Project id and remote name, `project/name`; for an adoption of a connection its id follows, `project/name/id`.
    pub key: String,
    /// When, by the server's clock.
    pub at: EpochMillis,
    /// Queues named in a connection's create call: bound by it, hence managed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// Digest of the hosts in a connection's create call; absent where it has none.
    #[serde(rename = "hostsHash", default, skip_serializing_if = "Option::is_none")]
    pub hosts_hash: Option<String>,
}

/// What the intent annotation of an object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordedIntent {
    /// None, or one that another incarnation of the object wrote.
    None,
    /// This incarnation's own.
    Valid(Intent),
    /// Written by a version of the operator that knows more: nothing may be done.
    Unreadable,
}

/// Reads the intent annotation.
pub(crate) fn recorded_intent(meta: &ObjectMeta) -> RecordedIntent {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    let Some(text) = meta.annotations.as_ref().and_then(|a| a.get(INTENT_ANNOTATION)) else {
        return RecordedIntent::None;
    };
    match serde_json::from_str::<Intent>(text) {
        Ok(intent) if intent.v == INTENT_VERSION => {
            // mutant: intent-uid
            let own = Some(&intent.uid) == meta.uid.as_ref();
            if own { RecordedIntent::Valid(intent) } else { RecordedIntent::None }
        }
        // Another version may have other fields.
        _ => match serde_json::from_str::<Version>(text) {
            Ok(Version { v: INTENT_VERSION }) | Err(_) => RecordedIntent::None,
            Ok(_) => RecordedIntent::Unreadable,
        },
    }
}
