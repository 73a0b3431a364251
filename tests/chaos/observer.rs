//! Checks consistency again and again while faults are injected.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

use crate::{
    consistency::{Foreign, Objects, Violation, check},
    processes::http,
    reader::Reader,
};

/// What has been seen so far.
#[derive(Debug, Default)]
pub struct Seen {
    pub looks: u64,
    pub claims: u64,
    pub violations: Vec<Violation>,
}

/// Reads both sides, independently of the operator.
#[derive(Clone)]
pub struct Readings {
    pub reader: Reader,
    pub cloud: u16,
}

impl Readings {
    /// All objects, if the API server answers.
    pub fn objects(&self) -> Option<Objects> {
        Some(Objects::new(self.reader.list("dliq").ok()?, self.reader.list("dlic").ok()?))
    }

    /// What is in the cloud, if it answers.
    pub fn cloud(&self) -> Option<Value> {
        let (status, body) = http(self.cloud, "GET", "/_simulator/state", "").ok()?;
        serde_json::from_str(&body).ok().filter(|_| status == 200)
    }
}

/// The checking thread; it ends when this is dropped.
pub struct Observer {
    seen: Arc<Mutex<Seen>>,
    /// What colleagues have. Locked while the cloud is read, and while a colleague changes it.
    foreign: Arc<Mutex<Foreign>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Observer {
    pub fn start(readings: Readings, foreign: Foreign) -> Self {
        let (seen, foreign) = (Arc::<Mutex<Seen>>::default(), Arc::new(Mutex::new(foreign)));
        let ending = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (seen, foreign, ending) = (Arc::clone(&seen), Arc::clone(&foreign), Arc::clone(&ending));
            move || {
                while !ending.load(Ordering::Acquire) {
                    look(&readings, &seen, &foreign);
                    thread::sleep(Duration::from_millis(400));
                }
            }
        });
        Self { seen, foreign, ending, thread: Some(thread) }
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn foreign(&self) -> MutexGuard<'_, Foreign> {
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn look(readings: &Readings, seen: &Mutex<Seen>, foreign: &Mutex<Foreign>) {
    let Some(before) = readings.objects() else { return };
    let (foreign, cloud) = {
        let foreign = foreign.lock().unwrap_or_else(PoisonError::into_inner);
        (foreign.clone(), readings.cloud())
    };
    let Some(cloud) = cloud else { return };
    let Some(after) = readings.objects() else { return };
    let (found, claims) = check(&before, &cloud, &after, &foreign);
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.looks += 1;
    seen.claims += claims;
    // Those of one look are enough to end the test; the rest mostly follows from them.
    if seen.violations.is_empty() {
        seen.violations = found;
    }
}
