//! What a pass is told, what it asks for, and how it ends.

use std::sync::Arc;

use crate::dli::{Answer, Call, EpochMillis, ProjectId};

use super::{
    intent::Intent,
    objects::{Millis, Object, ObjectKey, ObjectKind, Status},
};

/// What a pass is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// The object to work on, as the watch cache has it. The first input of a pass, and only the first.
    Object(Object),
    /// Reply to [`Effect::Kube`].
    Kube(KubeReply),
    /// Reply to [`Effect::Cloud`].
    Cloud(Answer),
    /// Reply to [`Effect::ReadCredential`].
    Credential(CredentialState),
}

/// What a pass asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A read or a write of the Kubernetes API.
    Kube(KubeEffect),
    /// A call to the cloud.
    Cloud(CloudEffect),
    /// What the Secret with the credentials of a namespace looks like now (from the cache; never its content).
    ReadCredential {
        /// The namespace.
        namespace: Arc<str>,
    },
}

/// Guards a write: it applies only to this incarnation and version of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precondition {
    /// `metadata.uid`
    pub uid: Arc<str>,
    /// `metadata.resourceVersion`
    pub resource_version: Arc<str>,
}

/// What to do with the operator's finalizer; foreign finalizers are never touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalizerChange {
    /// Leave it as it is.
    Keep,
    /// Add it if it is missing.
    Add,
    /// Remove it.
    Remove,
}

/// A read or a write of the Kubernetes API.
#[derive(Clone, Debug, PartialEq)]
pub enum KubeEffect {
    /// One metadata PATCH. Answers [`KubeReply::Written`], `Conflict`, `Gone`, `Refused` or `Unknown`.
    PatchMeta {
        /// The object.
        key: ObjectKey,
        /// Incarnation and version.
        precondition: Precondition,
        /// The finalizer.
        finalizer: FinalizerChange,
        /// The intent annotation: a new one, or `None` to leave it.
        intent: Option<Intent>,
    },
    /// Replaces the status. Answers as `PatchMeta`; the events are published once it is written.
    PutStatus {
        /// The object.
        key: ObjectKey,
        /// Incarnation and version.
        precondition: Precondition,
        /// The whole new status.
        status: Status,
        /// Events to publish after the write.
        events: Vec<Event>,
    },
    /// Reads an object from the API server, not from the cache. Answers [`KubeReply::Object`] or `Unknown`.
    GetLive(ObjectKey),
    /// Reads an object from the watch cache. Answers [`KubeReply::Object`].
    GetCached(ObjectKey),
    /// Whether the definition of a kind is itself being deleted (live). Answers [`KubeReply::Flag`] or `Unknown`.
    IsDefinitionTerminating(ObjectKind),
    /// Whether any queue or connection in the watch cache refers to a project. Answers [`KubeReply::Flag`].
    HasDependents(ObjectKey),
}

/// What the Kubernetes API answered.
#[derive(Clone, Debug)]
pub enum KubeReply {
    /// Written; the object as it is now, or nothing where the write removed it (last finalizer of a deleted object).
    Written(Option<Object>),
    /// Another version was there: the pass starts again with a newer object.
    Conflict,
    /// The object, or this incarnation of it, is gone.
    Gone,
    /// Refused for good: invalid or forbidden.
    Refused {
        /// The API server's words.
        message: String,
    },
    /// Nobody can tell: time-out, connection lost, server error.
    Unknown {
        /// What happened.
        message: String,
    },
    /// Reply of a read: the object, or nothing where there is none.
    Object(Option<Object>),
    /// Reply of a question.
    Flag(bool),
}

/// An event to publish on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `Warning` rather than `Normal`.
    pub warning: bool,
    /// The condition's reason.
    pub reason: &'static str,
    /// What was being done, one `UpperCamelCase` word.
    pub action: &'static str,
    /// A sentence, at most 1,024 bytes.
    pub note: String,
}

/// A cloud and a region of it: what the endpoints are looked up by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// Name of the cloud in the operator's configuration.
    pub cloud: Arc<str>,
    /// Region.
    pub region: Arc<str>,
}

/// Names one version of the credentials of a namespace. The fingerprint is a keyed or one-way digest; it tells versions
/// apart and reveals nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId {
    /// Namespace of the Secret.
    pub namespace: Arc<str>,
    /// Digest of its content.
    pub fingerprint: u64,
}

/// What the Secret with the credentials looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialState {
    /// Usable.
    Present(CredentialId),
    /// There is no such Secret. `last` is what was there before, kept in memory until nobody needs it.
    Missing {
        /// The last usable version, if this process ever saw one.
        last: Option<CredentialId>,
    },
    /// It is there, but unusable.
    Malformed {
        /// Which key is missing or bad, and what to do; never a value.
        message: String,
        /// The last usable version, if this process ever saw one.
        last: Option<CredentialId>,
    },
}

/// A call to the cloud.
#[derive(Clone, Debug, PartialEq)]
pub struct CloudEffect {
    /// Where to.
    pub endpoint: Endpoint,
    /// On whose behalf.
    pub credential: CredentialId,
    /// Project of the path and of `X-Project-Id`; absent for IAM.
    pub project: Option<ProjectId>,
    /// What.
    pub call: Call,
    /// Server's clock minus this machine's wall clock, as far as known: the signature is dated by the server's clock.
    pub clock_offset: i64,
    /// The call is not sent before this moment ([`super::Now::mono`]); the limit of the cloud is kept that way.
    pub not_before: Millis,
    /// The call must not be sent later than this ([`super::Now::mono`]); if it is later, the answer is a
    /// [`crate::dli::Cause::NotSent`]. `None` for reads.
    pub not_after: Option<Millis>,
}

/// What `step` says.
#[derive(Debug)]
pub enum Step {
    /// Perform this and come back with its reply.
    Do(Box<Effect>),
    /// The pass is over.
    Done(Next),
}

/// When to look at the object again. An event on the object or a wake-up may come earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// Not before this moment ([`super::Now::mono`]); `None`: only when something happens.
    pub at: Option<Millis>,
    /// How the pass ended: metric label and log field.
    pub outcome: Outcome,
    /// Where the lifecycle of the managed resource stands; `None` for a project, and where the pass did not come so far.
    pub lifecycle: Option<LifecycleState>,
}

/// Where the lifecycle of a managed resource stands. It is derived in each pass, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LifecycleState {
    /// The operator only looks (`managementPolicy: Observe`).
    Observing,
    /// No intent of this incarnation: create the resource, or adopt what has the name.
    Unclaimed,
    /// A create intent is recorded, and no id: did the call take effect?
    Creating,
    /// An adoption is recorded, and no id.
    Adopting,
    /// Intent and id are recorded: the resource exists, or must be proved gone.
    Owned,
    /// The object is being deleted.
    Deleting,
}

impl LifecycleState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Observing, Self::Unclaimed, Self::Creating, Self::Adopting, Self::Owned, Self::Deleting];

    /// A fixed word: metric label and log field.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observing => "observing",
            Self::Unclaimed => "unclaimed",
            Self::Creating => "creating",
            Self::Adopting => "adopting",
            Self::Owned => "owned",
            Self::Deleting => "deleting",
        }
    }
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nothing is left to do.
    Settled,
    /// Something has to happen first.
    Waiting,
    /// Only a person can help.
    Stalled,
    /// The object had changed meanwhile; the pass is repeated.
    Conflict,
    /// A call failed; it is tried again later.
    Failed,
    /// The object is done with.
    Gone,
}

impl Outcome {
    /// A fixed word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Waiting => "waiting",
            Self::Stalled => "stalled",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::Gone => "gone",
        }
    }
}

/// What this process knows of its leadership. It is told to the world by the lease's keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leadership {
    /// Not the leader: no mutation, neither of the cloud nor of Kubernetes.
    Follower,
    /// The leader, until either deadline (last renewal + renew deadline) has passed on its clock.
    Leader {
        /// Deadline on [`super::Now::mono`].
        until_mono: Millis,
        /// Deadline on [`super::Now::wall`].
        until_wall: EpochMillis,
        /// First moment ([`super::Now::mono`]) at which a mutation is allowed: later than the start of leadership where the
        /// lease was taken over from somebody who had not released it and may have a call in flight.
        mutate_from: Millis,
    },
}
