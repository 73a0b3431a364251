//! What all connections share: the model, the keys, and the word that the forms of the console carry.

use std::{
    hash::BuildHasher as _,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{
    options::{SimulateOptions, SimulatorError},
    store::{Held, Kept, wall},
    verify::Verifier,
};

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    model: Mutex<Kept>,
    verifier: Mutex<Verifier>,
    form_key: String,
}

impl Shared {
    /// A model with its state, and the keys that are known at the start.
    pub(super) fn new(options: SimulateOptions) -> Result<Self, SimulatorError> {
        let mut verifier = Verifier::default();
        for credential in options.credentials {
            verifier.add(credential);
        }
        let model = Kept::open(options.config, options.state)?;
        Ok(Self { model: Mutex::new(model), verifier: Mutex::new(verifier), form_key: unguessable() })
    }

    /// The model. A panic elsewhere does not make it unusable.
    pub(super) fn model(&self) -> Held<'_> {
        Held(self.model.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a form of the console must carry: a word that only its page shows.
    pub(super) fn form_key(&self) -> &str {
        &self.form_key
    }

    /// The keys.
    pub(super) fn verifier(&self) -> MutexGuard<'_, Verifier> {
        self.verifier.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A word that nobody can guess: the standard library's maps draw their keys from the system.
fn unguessable() -> String {
    let word = || std::hash::RandomState::new().hash_one(wall());
    format!("{:016x}{:016x}", word(), word())
}
