//! The seam between what decides and what does: inputs, effects and results as values.
//!
//! The caller runs one loop: begin a [`super::Pass`] with [`Input::Object`], perform every [`Effect`] that
//! [`super::step`] returns and hand its reply back as the next input, until `step` says [`Step::Done`].

pub(crate) mod durations;
mod effects;
mod intent;
mod objects;
mod settings;

pub use effects::{
    CloudEffect, CredentialId, CredentialState, Effect, Endpoint, Event, FinalizerChange, Input, KubeEffect, KubeReply,
    Leadership, LifecycleState, Next, Outcome, Precondition, Step,
};
pub use intent::{INTENT_VERSION, Intent, IntentOp};
pub(crate) use intent::{RecordedIntent, recorded_intent};
pub(crate) use objects::has_finalizer;
pub use objects::{Millis, Now, Object, ObjectKey, ObjectKind, Status};
pub use settings::Settings;
