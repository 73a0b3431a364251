//! What a pass has observed so far. A crash loses it, and the next pass observes again.

use std::collections::BTreeMap;

use crate::{
    core::{
        conditions::Conditions,
        inventory::Pages,
        seam::{CredentialState, LifecycleState, Millis, Object, ObjectKey},
    },
    dli::{Call, CallError, ConnectionId, ConnectionItem, ProjectId, QueueItem, Tag},
};

/// Everything that this pass has observed so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observations {
    /// A write may or may not have been applied, or the cache lags behind: read the object before anything else
    /// (P-write-2).
    pub(crate) must_reread: bool,
    pub(crate) cached: BTreeMap<ObjectKey, Option<Object>>,
    pub(crate) credential: Option<CredentialState>,
    pub(crate) definition_terminating: Option<bool>,
    pub(crate) has_dependents: Option<bool>,
    /// This pass has called the cloud.
    pub(crate) called: bool,
    /// When the last reading of the cloud began.
    pub(crate) read_at: Millis,
    /// It ends since its permit has not come.
    pub(crate) in_line: bool,
    /// It has its turn to poll, to confirm an absence, or to report a stale observation.
    pub(crate) has_turn: bool,
    /// A failed call that nothing has dealt with yet.
    pub(crate) failure: Option<(Call, CallError)>,
    /// The signature was refused for its date: one more try with the server's clock.
    pub(crate) redated: bool,
    pub(crate) queue: ResourceObservations<QueueItem>,
    pub(crate) connection: ResourceObservations<ConnectionItem>,
    /// Tags by the id of the resource, from the tag service.
    pub(crate) tags: BTreeMap<String, Vec<Tag>>,
    /// This pass has written the owner tag.
    pub(crate) tagged: bool,
    /// The intent that this pass wrote, acknowledged by the API server.
    pub(crate) written_intent: Option<u32>,
    /// The DELETE of this pass was accepted.
    pub(crate) deleted: bool,
    /// This pass has unbound what stood in the way of a deletion.
    pub(crate) unbound: bool,
    pub(crate) refresh: RefreshProgress,
    /// Where the lifecycle of the object stands, for the log and the metrics.
    pub(crate) lifecycle: Option<LifecycleState>,
}

/// What was read of one object's resource.
#[derive(Clone, Debug)]
pub(crate) struct ResourceObservations<T> {
    /// By its name or id; `None` within where it was not there.
    pub(crate) read: Option<Reading<Option<T>>>,
    /// The call that read it: another id is another resource.
    pub(crate) read_by: Option<Call>,
    /// The resources with this object's owner tag.
    pub(crate) tagged: Option<Reading<Vec<T>>>,
}

impl<T> Default for ResourceObservations<T> {
    fn default() -> Self {
        Self { read: None, read_by: None, tagged: None }
    }
}

/// Something read in this pass, and when the reading began.
#[derive(Clone, Debug)]
pub(crate) struct Reading<T> {
    pub(crate) value: T,
    pub(crate) began: Millis,
}

/// How far a project's pass is with its lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct RefreshProgress {
    pub(crate) found: Option<Result<ProjectId, Conditions>>,
    pub(crate) queues: Option<Pages<QueueItem>>,
    pub(crate) queues_read: bool,
    pub(crate) connections: Option<Pages<ConnectionItem>>,
    pub(crate) connections_read: bool,
    /// Where the next page of the list under way begins.
    pub(crate) offset: usize,
    /// Number of the next page of the queue list.
    pub(crate) number: u32,
    /// A filter could not be tried; the next reading tries again.
    pub(crate) probe_failed: bool,
    /// A connection that the list showed in this pass: an empty answer to a filter means something only beside it, and
    /// only if it is still there afterwards.
    pub(crate) control_item: Option<ConnectionId>,
    /// The filter of connections left everything out; the control item decides.
    pub(crate) filter_left_all_out: bool,
    /// Resources with the cluster tag, as far as they were listed in this pass.
    pub(crate) cluster_queues: Option<Vec<QueueItem>>,
    pub(crate) cluster_connections: Option<Vec<ConnectionItem>>,
    /// The abandoned create that this pass looks after.
    pub(crate) abandoned: Option<ObjectKey>,
}
