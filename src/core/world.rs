//! What is known, and where each object stands.

use super::{Input, Leadership, Now, ObjectKey, Settings, Step};

/// Everything that the operator remembers between passes. Lost at a restart, and rebuilt from Kubernetes and the cloud.
#[derive(Debug)]
pub struct World {
    settings: Settings,
    leadership: Leadership,
    wakes: Vec<ObjectKey>,
}

/// Where one pass over one object stands.
#[derive(Debug)]
pub struct Pass {
    key: ObjectKey,
}

impl Pass {
    /// Begins a pass over an object; its first input is [`Input::Object`].
    pub fn new(key: ObjectKey) -> Self {
        Self { key }
    }

    /// The object.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }
}

impl World {
    /// A world that knows nothing yet and leads nothing.
    pub fn new(settings: Settings) -> Self {
        Self { settings, leadership: Leadership::Follower, wakes: Vec::new() }
    }

    /// The durations it works with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Tells it about the lease.
    pub fn set_leadership(&mut self, leadership: Leadership) {
        self.leadership = leadership;
    }

    /// Tells it that the credentials of a namespace have changed, so that its projects are looked at again.
    pub fn credential_changed(&mut self, namespace: &str) {
        let _ = namespace;
    }

    /// Tells it that an object has gone from the watch cache.
    pub fn forget(&mut self, key: &ObjectKey) {
        self.wakes.retain(|k| k != key);
    }

    /// Objects to look at now, each once. The caller starts a pass over each.
    pub fn take_wakes(&mut self) -> Vec<ObjectKey> {
        std::mem::take(&mut self.wakes)
    }
}

/// Takes one input and says what to do next.
pub fn step(world: &mut World, pass: &mut Pass, input: Input, now: Now) -> Step {
    let _ = (world, pass, input, now);
    Step::Done(super::Next { at: None, outcome: super::Outcome::Settled })
}
