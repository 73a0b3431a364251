//! What to do. One pure function, [`step`], holds everything that remembers or decides between two I/O calls: it takes
//! what is known ([`World`]), where an object stands ([`Pass`]), one input and the time, and says the next effect.
//!
//! Nothing here does I/O, reads a clock, draws a random number or logs.

mod binding;
mod binding_report;
mod binding_target;
mod budget;
mod connection;
mod connection_birth;
mod connection_depart;
mod doubt;
mod farewell;
mod ghost;
mod intent;
mod late;
mod mark;
mod member;
mod memory;
mod ownership;
mod pass;
mod plan;
mod project;
mod queue;
mod queue_birth;
mod queue_depart;
mod report;
mod seam;
mod settings;
mod severance;
mod snapshot;
mod sweep;
mod timing;
mod world;

pub use intent::{INTENT_VERSION, Intent, IntentOp};
pub use ownership::{CLUSTER_TAG, OWNER_TAG};
pub use pass::{Pass, step};
pub use seam::{
    CloudEffect, CredentialId, CredentialState, Effect, Endpoint, Event, FinalizerChange, Input, KubeEffect, KubeReply,
    Leadership, Millis, Next, Now, Object, ObjectKey, ObjectKind, Outcome, Precondition, Status, Step,
};
pub use settings::Settings;
pub use world::World;
