//! What can go wrong at one effect boundary.

use dli_operator::{
    core::{Effect, KubeEffect},
    dli::Applied,
    simulator::Effect as CloudFault,
};

/// A fault at one effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The replica dies; the effect does not happen.
    CrashBefore,
    /// The replica dies; the effect happens.
    CrashAfter,
    /// The replica is asked to stop: it ends its passes, gives the lease back, and another begins at once.
    Restart,
    /// Stopped between the check and the send for longer than the lease; another takes over, then the effect happens.
    SecondLeader,
    /// The same, and the effect happens just before the other may change anything.
    SecondLeaderSoon,
    /// Stopped between the check and the send for less than the lease; it goes on.
    Paused,
    /// It happens, and the line breaks.
    LostReply,
    /// It happens, and the caller waits in vain for the answer.
    NoAnswer,
    /// It happens, and the answer is an error.
    ErrorApplied,
    /// It does not happen, and the answer is an error.
    ErrorNotApplied,
    /// It happens after the caller has given up.
    AppliedLate,
    /// It happens, and a proxy answers HTML.
    Html,
    /// It happens, and the answer says `is_success: false`.
    NotSuccess,
    /// 429.
    Throttled,
    /// 401, once.
    Unauthorized,
    /// The list is as it was half a minute ago.
    StaleRead,
    /// The list comes back empty.
    EmptyList,
    /// The list comes back with its first item only.
    ShortList,
    /// The event of the write reaches the watch a minute late.
    DroppedEvent,
    /// The machine's wall clock jumps an hour ahead.
    ClockAhead,
    /// The machine's wall clock jumps an hour back.
    ClockBack,
    /// The next stage of the schedule begins just before it.
    StageBefore,
    /// The next stage of the schedule begins just after it, before its answer.
    StageAfter,
    /// The object goes although the finalizer was just put on it: an API server that has begun a deletion before does not
    /// look again.
    Vanished,
    /// It happens at the last moment at which somebody still expects it, long after the caller has given up.
    AppliedLast,
}

impl FaultKind {
    pub const ALL: [Self; 25] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Restart,
        Self::SecondLeader,
        Self::SecondLeaderSoon,
        Self::Paused,
        Self::LostReply,
        Self::NoAnswer,
        Self::ErrorApplied,
        Self::ErrorNotApplied,
        Self::AppliedLate,
        Self::Html,
        Self::NotSuccess,
        Self::Throttled,
        Self::Unauthorized,
        Self::StaleRead,
        Self::EmptyList,
        Self::ShortList,
        Self::DroppedEvent,
        Self::ClockAhead,
        Self::ClockBack,
        Self::StageBefore,
        Self::StageAfter,
        Self::Vanished,
        Self::AppliedLast,
    ];

    /// Those that need no schedule in stages, as they were when the first seeds were written down: one more would make another
    /// schedule of every seed.
    pub fn anywhere() -> &'static [Self] {
        &Self::ALL[..21]
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| format!("{kind:?}") == name)
    }

    /// Whether something is at stake: the fault could change what this effect does or what its caller learns.
    pub fn matters(self, effect: &Effect) -> bool {
        let (cloud, write, list) = match effect {
            Effect::Cloud(effect) => (true, effect.call.is_mutation(), effect.call.name().contains("List")),
            Effect::Kube(KubeEffect::PatchMeta { .. } | KubeEffect::PutStatus { .. }) => (false, true, false),
            _ => (false, false, false),
        };
        match self {
            Self::CrashBefore
            | Self::Restart
            | Self::SecondLeader
            | Self::SecondLeaderSoon
            | Self::Paused
            | Self::ErrorNotApplied
            | Self::ClockAhead
            | Self::ClockBack => true,
            Self::CrashAfter | Self::AppliedLate | Self::NoAnswer => write,
            Self::AppliedLast => cloud && write,
            // A read that is not answered is the same as one that fails.
            Self::LostReply => write,
            Self::ErrorApplied => cloud && write,
            Self::Html | Self::NotSuccess | Self::Throttled | Self::Unauthorized => cloud,
            Self::StaleRead | Self::EmptyList | Self::ShortList => list,
            Self::DroppedEvent => write && !cloud,
            Self::StageBefore => true,
            Self::StageAfter => write || cloud,
            // Whether it was just put on is for the caller to say.
            Self::Vanished => true,
        }
    }

    /// What is armed in the model of the cloud.
    pub fn cloud(self) -> Option<CloudFault> {
        let error = |status| (status, "DLI.0999".to_owned(), "Server-side error.".to_owned());
        match self {
            Self::LostReply => Some(CloudFault::DropAfter),
            Self::ErrorApplied => {
                let (status, code, message) = error(400);
                Some(CloudFault::ApplyThenRespond { status, code, message })
            }
            Self::ErrorNotApplied => {
                let (status, code, message) = error(500);
                Some(CloudFault::Respond { status, code, message })
            }
            Self::Html => Some(CloudFault::Html { applied: true }),
            Self::NotSuccess => Some(CloudFault::NotSuccess { applied: true }),
            Self::Throttled => Some(CloudFault::Throttle { retry_after: None, limit: None }),
            Self::Unauthorized => Some(CloudFault::Unauthorized),
            Self::StaleRead => Some(CloudFault::StaleList { ms: 30_000 }),
            Self::EmptyList => Some(CloudFault::TruncatedList { keep: 0 }),
            Self::ShortList => Some(CloudFault::TruncatedList { keep: 1 }),
            _ => None,
        }
    }
}

/// What a caller that gives up can know about its call.
pub fn given_up(mutation: bool) -> Applied {
    if mutation { Applied::Unknown } else { Applied::No }
}
