//! The watch cache of one kind, and the way into its controller.
//!
//! kube-runtime's reflector takes one watch. This takes one for each watched namespace, keeps one store, and makes
//! explicit what the deciding side relies on: an object in the store may be stale but never goes back, and its
//! disappearance is always told, also when a watch had to list anew.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::channel::mpsc;
use kube::{
    Resource, ResourceExt,
    runtime::{
        reflector::{Store, store::Writer},
        watcher::Event,
    },
};

use super::{
    compressed::{Compressed, CompressionError},
    kinds::Kind,
    object_ref::{Ref, ref_to},
    watch_decode::Watched,
};

/// What a change of the watch cache means to others.
#[derive(Debug)]
pub enum Change<K: Kind> {
    /// The object is new or another one than before.
    Touched(Ref<K>),
    /// The object does not exist any more.
    Gone(Ref<K>),
    /// The object exists, but is not of the shape that this build knows. It has left the store.
    Undecodable(Broken),
}

/// An object that could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// What is wrong.
    pub error: String,
}

type BrokenObjects<K> = Arc<Mutex<HashMap<Ref<K>, Broken>>>;

/// The watch cache of one kind, for readers.
pub struct WatchCache<K: Kind> {
    store: Store<Compressed<K>>,
    broken: BrokenObjects<K>,
    inbox: Arc<Mutex<Option<mpsc::UnboundedSender<Ref<K>>>>>,
}

impl<K: Kind> Clone for WatchCache<K> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), broken: Arc::clone(&self.broken), inbox: Arc::clone(&self.inbox) }
    }
}

impl<K: Kind> fmt::Debug for WatchCache<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchCache").field("kind", &K::KIND).finish_non_exhaustive()
    }
}

/// The data behind these locks is replaced whole, so a panic elsewhere cannot have left it half-written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Kind> WatchCache<K> {
    /// The store.
    pub fn store(&self) -> &Store<Compressed<K>> {
        &self.store
    }

    /// An object, if it is in the store.
    ///
    /// # Errors
    /// [`CompressionError`] where it cannot be decompressed.
    pub fn get(&self, reference: &Ref<K>) -> Result<Option<K>, CompressionError> {
        self.store.get(reference).map(|compressed| compressed.open()).transpose()
    }

    /// Whether something holds for an object of a namespace.
    ///
    /// # Errors
    /// [`CompressionError`] where one cannot be decompressed.
    pub fn any_in(&self, namespace: &str, mut holds: impl FnMut(&K) -> bool) -> Result<bool, CompressionError> {
        for compressed in self.store.state() {
            if compressed.meta().namespace.as_deref() == Some(namespace) && holds(&compressed.open()?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Asks for a pass over an object. Before [`WatchCache::open`] there is nobody to ask, and no need to.
    pub fn trigger(&self, reference: Ref<K>) {
        if let Some(sender) = &*lock(&self.inbox) {
            // It fails only while the controller is being shut down.
            let _ = sender.unbounded_send(reference);
        }
    }

    /// Opens the way into the controller. The first items are all objects of the store.
    pub fn open(&self) -> mpsc::UnboundedReceiver<Ref<K>> {
        let (sender, receiver) = mpsc::unbounded();
        // First the sender, then the store: an object that comes in between is asked for twice, never not at all.
        *lock(&self.inbox) = Some(sender);
        for object in self.store.state() {
            self.trigger(ref_to(&*object));
        }
        receiver
    }

    /// Objects that exist but could not be decoded.
    pub fn broken(&self) -> Vec<Broken> {
        lock(&self.broken).values().cloned().collect()
    }

    /// Whether an object of the namespace could not be decoded: nobody can tell then what it refers to.
    pub fn any_broken_in(&self, namespace: &str) -> bool {
        lock(&self.broken).values().any(|object| object.namespace == namespace)
    }
}

/// What one watch has told.
struct Source<K: Kind> {
    namespace: Option<String>,
    /// Objects named by the list that is being read, if one is.
    listed: Option<HashSet<Ref<K>>>,
    /// Objects of the first list, until all watches have theirs.
    initial: HashMap<Ref<K>, Compressed<K>>,
    done: bool,
}

/// Turns the events of several watches into one store.
pub struct Merger<K: Kind> {
    sources: Vec<Source<K>>,
    writer: Writer<Compressed<K>>,
    cache: WatchCache<K>,
    started: bool,
}

impl<K: Kind> fmt::Debug for Merger<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merger").field("kind", &K::KIND).field("started", &self.started).finish_non_exhaustive()
    }
}

impl<K: Kind> Merger<K> {
    /// For watches of these namespaces (`None`: all).
    pub fn new(namespaces: Vec<Option<String>>) -> Self {
        let writer = Writer::default();
        let cache = WatchCache { store: writer.as_reader(), broken: Arc::default(), inbox: Arc::default() };
        let sources = namespaces
            .into_iter()
            .map(|namespace| Source { namespace, listed: None, initial: HashMap::new(), done: false })
            .collect();
        Self { sources, writer, cache, started: false }
    }

    /// The reading side.
    pub fn cache(&self) -> WatchCache<K> {
        self.cache.clone()
    }

    /// Takes an event of one watch, updates the store and says what has changed in it.
    pub fn take(&mut self, source: usize, event: Event<Watched<K>>) -> Vec<Change<K>> {
        match event {
            Event::Init => {
                if let Some(source) = self.sources.get_mut(source) {
                    source.listed = Some(HashSet::new());
                    source.initial.clear();
                }
                Vec::new()
            }
            Event::InitApply(object) => {
                if let Some(listed) = self.sources.get_mut(source).and_then(|source| source.listed.as_mut()) {
                    listed.insert(ref_to(&object));
                }
                self.apply(source, object)
            }
            Event::InitDone => self.list_done(source),
            Event::Apply(object) => self.apply(source, object),
            Event::Delete(object) => {
                let reference = ref_to(&object);
                lock(&self.cache.broken).remove(&reference);
                if let Some(source) = self.sources.get_mut(source) {
                    source.initial.remove(&reference);
                }
                self.remove(&reference);
                vec![Change::Gone(reference)]
            }
        }
    }

    fn apply(&mut self, source: usize, object: Watched<K>) -> Vec<Change<K>> {
        let reference: Ref<K> = ref_to(&object);
        let object = match object.0 {
            Ok(object) => object,
            Err(invalid) => {
                let broken = Broken {
                    namespace: invalid.metadata.namespace.unwrap_or_default(),
                    name: invalid.metadata.name.unwrap_or_default(),
                    uid: invalid.metadata.uid.unwrap_or_default(),
                    error: invalid.error,
                };
                if let Some(source) = self.sources.get_mut(source) {
                    source.initial.remove(&reference);
                }
                // Working on from the last readable version would be working against what the user wrote since.
                self.remove(&reference);
                let before = lock(&self.cache.broken).insert(reference, broken.clone());
                return if before.as_ref() == Some(&broken) { Vec::new() } else { vec![Change::Undecodable(broken)] };
            }
        };
        let repaired = lock(&self.cache.broken).remove(&reference).is_some();
        if !self.started {
            if let Some(source) = self.sources.get_mut(source) {
                source.initial.insert(reference, object);
            }
            return Vec::new();
        }
        if !repaired && self.cache.store.get(&reference).is_some_and(|known| !is_newer(&object, &known)) {
            return Vec::new();
        }
        self.writer.apply_watcher_event(&Event::Apply(object));
        vec![Change::Touched(reference)]
    }

    fn remove(&mut self, reference: &Ref<K>) {
        if let Some(known) = self.cache.store.get(reference) {
            self.writer.apply_watcher_event(&Event::Delete(Arc::unwrap_or_clone(known)));
        }
    }

    fn list_done(&mut self, index: usize) -> Vec<Change<K>> {
        let Some(source) = self.sources.get_mut(index) else { return Vec::new() };
        source.done = true;
        let listed = source.listed.take().unwrap_or_default();
        let namespace = source.namespace.clone();
        let vanished = |reference: &Ref<K>| {
            (namespace.is_none() || namespace == reference.namespace) && !listed.contains(reference)
        };
        let mut gone = Vec::new();
        lock(&self.cache.broken).retain(|reference, _| {
            let keep = !vanished(reference);
            if !keep {
                gone.push(reference.clone());
            }
            keep
        });
        if self.started {
            gone.extend(self.cache.store.state().iter().map(|object| ref_to(&**object)).filter(vanished));
            for reference in &gone {
                self.remove(reference);
            }
            return gone.into_iter().map(Change::Gone).collect();
        }
        if !self.sources.iter().all(|source| source.done) {
            return Vec::new();
        }
        self.started = true;
        let mut touched = Vec::new();
        self.writer.apply_watcher_event(&Event::Init);
        for source in &mut self.sources {
            for (reference, object) in std::mem::take(&mut source.initial) {
                self.writer.apply_watcher_event(&Event::InitApply(object));
                touched.push(Change::Touched(reference));
            }
        }
        self.writer.apply_watcher_event(&Event::InitDone);
        touched
    }
}

/// Whether an object is another version than the known one, and not an older one of the same incarnation. What cannot be
/// read is replaced.
fn is_newer<K: Kind>(object: &Compressed<K>, known: &Compressed<K>) -> bool {
    match (object.uid(), known.uid()) {
        (Ok(new), Ok(old)) if new == old => {}
        _ => return true,
    }
    let (new, old) = (object.resource_version(), known.resource_version());
    match (number(new.as_deref()), number(old.as_deref())) {
        (Some(new), Some(old)) => new > old,
        _ => new != old,
    }
}

/// Resource versions are comparable numbers (KEP-5504); one that is not is only compared for equality.
fn number(version: Option<&str>) -> Option<u128> {
    version?.parse().ok()
}

#[cfg(test)]
mod tests;
