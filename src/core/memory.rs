//! What is remembered about one object.

use std::{collections::BTreeMap, sync::Arc};

use crate::dli::{ConnectionId, QueueName};

use super::{Millis, ObjectKey, conditions::Conditions, ghost::Made, late::Late, plan::PlanStep};

/// What came of the last create call of an object in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum CreateOutcome {
    /// Accepted: sent at `sent`, answered at `at`; a connection's answer carries its id.
    Accepted { n: u32, sent: Millis, at: Millis, id: Option<ConnectionId> },
    /// Certainly not applied.
    NotApplied { n: u32 },
    /// Something of that name exists, and this call did not make it.
    Exists { n: u32 },
    /// Nobody can tell; given up at this moment.
    Unknown { n: u32, gave_up: Millis },
}

impl CreateOutcome {
    pub(in crate::core) fn number(&self) -> u32 {
        match self {
            Self::Accepted { n, .. } | Self::NotApplied { n } | Self::Exists { n } | Self::Unknown { n, .. } => *n,
        }
    }
}

/// What is remembered about one object.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct ObjectState {
    pub(in crate::core) uid: Arc<str>,
    /// End of the last write to its remote resource: what was read before says nothing about fields.
    pub(in crate::core) fence: Millis,
    /// Lists that began before this moment may still show what was before.
    pub(in crate::core) list_fence: Millis,
    pub(in crate::core) attempt: Option<CreateOutcome>,
    /// When this process put the finalizer on the object; none once it is seen to be deleted.
    pub(in crate::core) guarded: Option<Millis>,
    /// The create call that was sent right after that.
    pub(in crate::core) made: Option<Box<Made>>,
    pub(in crate::core) failures: u32,
    /// When a reading first lacked this object's mark on what it owns.
    pub(in crate::core) denied: Option<Millis>,
    /// When a reading first lacked it during the deletion: what is given up then is lost, so earlier ones do not count.
    pub(in crate::core) disowned: Option<Millis>,
    /// When a list began that lacked what a create call in doubt may have made.
    pub(in crate::core) empty_look: Option<Millis>,
    /// The cloud's words about the create call in doubt.
    pub(in crate::core) last_words: Option<String>,
    /// Not before this moment, while the object is of this generation.
    pub(in crate::core) hold: Option<Box<Backoff>>,
    /// Since when it has been waiting for the cloud.
    pub(in crate::core) pending_since: Option<Millis>,
    /// The binding calls that were refused, with the cloud's words.
    pub(in crate::core) refused_binds: BTreeMap<String, Refusal>,
    /// Until when they count.
    pub(in crate::core) refused_until: Millis,
    /// Generation of the spec whose bindings were refused.
    pub(in crate::core) refused_generation: i64,
    /// Bind one by one: a call for several was refused.
    pub(in crate::core) single: bool,
    /// The last step of the plan, and when it was taken.
    pub(in crate::core) last_step: Option<PlanStep>,
    pub(in crate::core) last_change: Option<Millis>,
    /// Digest of the hosts that this process sent, where the cloud does not show them.
    pub(in crate::core) sent_hosts: Option<String>,
    /// Until when a call that writes hosts and got no answer may still take effect.
    pub(in crate::core) hosts_doubt: Option<Millis>,
    /// Queues that were unbound, and until when their entries may be shown.
    pub(in crate::core) unbinding: BTreeMap<QueueName, Millis>,
    /// Bindings that calls without an answer may still make or undo.
    pub(in crate::core) late: Late,
    /// When the DELETE was first accepted.
    pub(in crate::core) deleted_at: Option<Millis>,
    /// When a DELETE was last sent that may have been carried out.
    pub(in crate::core) delete_sent: Option<Millis>,
    /// This process, leading, has written the object while it was not being deleted: no other has sent a DELETE.
    pub(in crate::core) stood: bool,
    /// Until when a DELETE that got no answer may still take effect.
    pub(in crate::core) delete_doubt: Option<Millis>,
    /// A DELETE was refused: what is bound is unbound first.
    pub(in crate::core) delete_refused: bool,
    /// What who refers to this object was last told: its id, and whether it is being deleted.
    pub(in crate::core) told: Option<(Option<i64>, bool)>,
    pub(in crate::core) project: Option<ObjectKey>,
}

/// A binding that the cloud refused.
#[derive(Clone, Debug)]
pub(in crate::core) struct Refusal {
    pub(in crate::core) words: String,
    /// The queue that was meant, by its number; set by the pass that plans with it.
    pub(in crate::core) queue: Option<Option<i64>>,
}

/// A pause after a failure, and what is said meanwhile.
#[derive(Clone, Debug)]
pub(in crate::core) struct Backoff {
    pub(in crate::core) until: Millis,
    pub(in crate::core) generation: i64,
    pub(in crate::core) verdict: Option<Conditions>,
}
