//! What to do. One pure function, [`step`], holds everything that remembers or decides between two I/O calls: it takes
//! what is known ([`OperatorState`]), where a pass stands ([`Pass`]), one input and the time, and says the next effect.
//!
//! Nothing here does I/O, reads a clock, draws a random number or logs. The folders are floors: imports run downward, from
//! [`step`] over the kinds, their common lifecycle, the pass and the state to the values of the seam.

mod conditions;
mod connection;
mod inventory;
mod managed;
mod pass;
mod project;
mod queue;
mod rate_limit;
mod records;
mod seam;
mod state;
mod step;

pub use conditions::{Reason, ReasonEntry};
pub use records::owner_tag::{CLUSTER_TAG, OWNER_TAG};
pub use seam::{
    CloudEffect, CredentialId, CredentialState, Effect, Endpoint, Event, FinalizerChange, INTENT_VERSION, Input,
    Intent, IntentOp, KubeEffect, KubeReply, Leadership, LifecycleState, Millis, Next, Now, Object, ObjectKey,
    ObjectKind, Outcome, Precondition, Settings, Status, Step,
};
pub use state::OperatorState;
pub use step::{Pass, decide_again, step};
