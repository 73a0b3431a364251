//! What to do. One pure function, [`step`], holds everything that remembers or decides between two I/O calls: it takes
//! what is known ([`OperatorState`]), where an object stands ([`Pass`]), one input and the time, and says the next effect.
//!
//! Nothing here does I/O, reads a clock, draws a random number or logs.

mod binding;
mod binding_report;
mod binding_target;
mod conditions;
mod connection;
mod connection_birth;
mod connection_depart;
mod doubt;
mod farewell;
mod ghost;
mod inventory;
mod late;
mod mark;
mod member;
mod memory;
mod pass;
mod plan;
mod project;
mod queue;
mod queue_birth;
mod queue_depart;
mod rate_limit;
mod records;
mod seam;
mod severance;
mod sweep;
mod world;

pub use pass::{Pass, step};
pub use records::owner_tag::{CLUSTER_TAG, OWNER_TAG};
pub use seam::{
    CloudEffect, CredentialId, CredentialState, Effect, Endpoint, Event, FinalizerChange, INTENT_VERSION, Input,
    Intent, IntentOp, KubeEffect, KubeReply, Leadership, Millis, Next, Now, Object, ObjectKey, ObjectKind, Outcome,
    Precondition, Settings, Status, Step,
};
pub use world::OperatorState;
pub use world::OperatorState as World;
