//! What is remembered about one object.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    core::{
        conditions::Conditions,
        seam::{
            Millis, ObjectKey,
            durations::{FINALIZER_RACE, SOON},
        },
    },
    dli::{Call, EpochMillis, QueueName},
};

use super::project::AbandonedCreate;

/// What came of the last create call of an object in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CreateOutcome {
    /// Accepted: sent at `sent`, answered at `at`; a connection's answer carries its id.
    Accepted { n: u32, sent: Millis, at: Millis, id: Option<String> },
    /// Certainly not applied.
    NotApplied { n: u32 },
    /// Something of that name exists, and this call did not make it.
    Exists { n: u32 },
    /// No answer says whether it was applied; given up at this moment.
    Unknown { n: u32, gave_up: Millis },
}

impl CreateOutcome {
    /// Number of the intent.
    pub(crate) fn number(&self) -> u32 {
        match self {
            Self::Accepted { n, .. } | Self::NotApplied { n } | Self::Exists { n } | Self::Unknown { n, .. } => *n,
        }
    }
}

/// What is remembered about one object.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectState {
    pub(crate) uid: Arc<str>,
    pub(crate) project: Option<ObjectKey>,
    /// Name of its resource in the cloud, and the id in its status.
    pub(crate) remote: Option<(Arc<str>, Option<Arc<str>>)>,
    /// Readings that began before this moment count for nothing: the object's resource was changed then.
    pub(crate) valid_from: Millis,
    /// Lists that began before this moment may still show what was before.
    pub(crate) lists_valid_from: Millis,
    /// Until when a call without an answer may still change the resource.
    pub(crate) in_flight_until: Millis,
    pub(crate) create_outcome: Option<CreateOutcome>,
    /// A create call was sent, or an owner tag written: the name, and since when by the server's clock a resource may be
    /// what it made.
    pub(crate) create_sent: Option<(String, EpochMillis)>,
    /// When this process put the finalizer on.
    pub(crate) finalizer_added_at: Option<Millis>,
    pub(crate) failures: u32,
    /// When a reading first lacked the owner tag of what this object owns, during its deletion.
    pub(crate) tag_missing_since: Option<Millis>,
    /// When the first reading began that lacked what is to be proved absent.
    pub(crate) absent_since: Option<Millis>,
    /// The cloud's words about the create call whose outcome is unknown.
    pub(crate) last_cloud_error: Option<String>,
    /// Not before this moment, while the object is of this generation.
    pub(crate) backoff: Option<Box<Backoff>>,
    /// Since when it has been waiting for the cloud.
    pub(crate) pending_since: Option<Millis>,
    /// The binding calls that were refused, with the cloud's words.
    pub(crate) refused_binds: BTreeMap<String, Refusal>,
    /// Until when they count.
    pub(crate) refused_until: Millis,
    /// Generation of the spec whose bindings were refused.
    pub(crate) refused_generation: i64,
    /// Bind one by one: a call for several was refused.
    pub(crate) bind_one_by_one: bool,
    /// The last change of the resource, and when its answer came.
    pub(crate) last_step: Option<Call>,
    pub(crate) last_change: Option<Millis>,
    /// Digest of the hosts that this process sent, where the cloud does not show them.
    pub(crate) sent_hosts: Option<String>,
    /// Queues that were unbound, and until when their entries may still be shown.
    pub(crate) unbinding: BTreeMap<QueueName, Millis>,
    /// When a DELETE was last sent that may have been carried out.
    pub(crate) delete_sent: Option<Millis>,
    /// Until when a DELETE that got no answer may still take effect.
    pub(crate) delete_in_flight_until: Option<Millis>,
    /// A DELETE was refused: what is bound is unbound first.
    pub(crate) delete_refused: bool,
    /// The state last announced to dependents: whether it has an id, and whether it is being deleted.
    pub(crate) last_notified: Option<(Option<Arc<str>>, bool)>,
}

/// A binding that the cloud refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) words: String,
    /// The queue that was meant, by its number; set by the pass that plans with it.
    pub(crate) queue: Option<Option<i64>>,
}

/// A pause after a failure, and what is reported meanwhile.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    pub(crate) until: Millis,
    pub(crate) generation: i64,
    pub(crate) conditions: Option<Conditions>,
}

impl ObjectState {
    /// Readings that began before `now` count for nothing from now on, and lists for the visibility grace.
    pub(crate) fn invalidate(&mut self, now: Millis, grace: Millis) {
        // mutant: invalidate
        self.valid_from = self.valid_from.max(now);
        self.lists_valid_from = self.lists_valid_from.max(now + grace);
        self.pending_since = Some(now);
    }

    /// What its create call may have made, if the object goes at `now` although its finalizer was just put on. The call
    /// settles within `settles` milliseconds.
    pub(super) fn abandoned(&self, now: Millis, settles: Millis) -> Option<AbandonedCreate> {
        let (name, since) = self.create_sent.clone()?;
        // mutant: abandoned-create
        self.finalizer_added_at.filter(|added| now < added + FINALIZER_RACE)?;
        // mutant: abandoned-id
        let id = match &self.create_outcome {
            Some(CreateOutcome::NotApplied { .. } | CreateOutcome::Exists { .. }) => return None,
            Some(CreateOutcome::Accepted { id, .. }) => id.clone(),
            Some(CreateOutcome::Unknown { .. }) | None => None,
        };
        Some(AbandonedCreate {
            name,
            since,
            id,
            until: now + settles,
            next: now + SOON,
            failures: 0,
            last_error: String::new(),
            deleted: false,
        })
    }
}
