//! The file that keeps the state: read at the start, written before a call that changed something is answered.
//!
//! It is written beside itself and then renamed, so that a simulator that is killed leaves the old state or the new
//! one, never a half. A second simulator on the same file is refused.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::MutexGuard,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    model::{Config, Model},
    options::SimulatorError,
};
use crate::dli::EpochMillis;

/// The model, and where it is kept.
#[derive(Debug)]
pub(super) struct Kept {
    model: Model,
    store: Option<Store>,
    clock: Clock,
}

/// The cloud's time: the wall clock, put forward or held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    /// How far it is put forward.
    ahead: i64,
    /// Where it is held.
    held: Option<EpochMillis>,
}

impl Clock {
    fn now(self) -> EpochMillis {
        self.held.unwrap_or_else(|| wall() + self.ahead)
    }

    /// Whether it stands still.
    pub(super) fn is_held(self) -> bool {
        self.held.is_some()
    }

    /// Puts it forward.
    pub(super) fn advance(&mut self, ms: i64) {
        match &mut self.held {
            Some(held) => *held += ms,
            None => self.ahead += ms,
        }
    }

    /// Holds it, or lets it go on from where it is.
    pub(super) fn hold(&mut self, hold: bool) {
        let now = self.now();
        self.held = hold.then_some(now);
        self.ahead = now - wall();
    }
}

/// The wall clock.
pub(super) fn wall() -> EpochMillis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as EpochMillis)
}

#[derive(Debug)]
struct Store {
    file: PathBuf,
    /// Revision of the model that the file has.
    written: u64,
    /// Held for as long as this simulator runs.
    _lock: File,
}

/// The model, locked. What has changed is written when it is let go.
#[derive(Debug)]
pub(super) struct Held<'a>(pub(super) MutexGuard<'a, Kept>);

impl Kept {
    /// A model with the state of `file`, or an empty one where there is none yet.
    pub(super) fn open(config: Config, file: Option<PathBuf>) -> Result<Self, SimulatorError> {
        let clock = Clock::default();
        let Some(file) = file else { return Ok(Self { model: Model::new(config), store: None, clock }) };
        let failed = |text: String| SimulatorError::State { path: file.display().to_string(), text };
        let unusable = |error: io::Error| {
            failed(format!("{error}; give the path of a file that can be written, in a folder that exists"))
        };
        let lock = File::create(beside(&file, "lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(failed("another simulator uses it; stop that one, or give another file".to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let model = match fs::read(&file) {
            Ok(bytes) => Model::load(config, &bytes).map_err(|error| failed(error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Model::new(config),
            Err(error) => return Err(unusable(error)),
        };
        let store = Store { written: model.revision(), file: file.clone(), _lock: lock };
        // Also shows at once whether it can be written.
        store.write(&model).map_err(unusable)?;
        // A clock that was put forward before does not go back.
        let clock = Clock { ahead: (model.latest() - wall()).max(0), held: None };
        Ok(Self { model, store: Some(store), clock })
    }

    fn keep(&mut self) {
        let Some(store) = &mut self.store else { return };
        let revision = self.model.revision();
        if revision == store.written {
            return;
        }
        match store.write(&self.model) {
            Ok(()) => store.written = revision,
            // The next change tries again.
            Err(error) => tracing::error!(file = %store.file.display(), %error, "the state could not be written"),
        }
    }
}

impl Store {
    fn write(&self, model: &Model) -> io::Result<()> {
        let new = beside(&self.file, "new");
        let mut out = File::create(&new)?;
        out.write_all(&model.save())?;
        drop(out);
        fs::rename(&new, &self.file)
    }
}

/// A file of the same name with one more ending.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

impl Held<'_> {
    /// The cloud's time.
    pub(super) fn now(&self) -> EpochMillis {
        self.0.clock.now()
    }

    /// Its clock.
    pub(super) fn clock(&mut self) -> &mut Clock {
        &mut self.0.clock
    }
}

impl Deref for Held<'_> {
    type Target = Model;

    fn deref(&self) -> &Model {
        &self.0.model
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Model {
        &mut self.0.model
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.keep();
    }
}
