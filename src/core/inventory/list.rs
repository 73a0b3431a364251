//! One list of a project's resources.

use std::collections::BTreeMap;

use crate::{
    core::seam::Millis,
    dli::{ConnectionId, ConnectionItem, QueueItem, QueueName},
};

/// An item of a list.
pub(crate) trait Keyed {
    /// What tells it from the others.
    type Key: Ord + Clone;

    fn key(&self) -> &Self::Key;
}

impl Keyed for QueueItem {
    type Key = QueueName;

    fn key(&self) -> &QueueName {
        &self.name
    }
}

impl Keyed for ConnectionItem {
    type Key = ConnectionId;

    fn key(&self) -> &ConnectionId {
        &self.id
    }
}

/// All items of a list, each once, in the order of their keys. One block of memory, which is given back whole: a long
/// list comes every minute.
#[derive(Clone, Debug)]
pub(crate) struct CompleteList<T>(pub(super) Vec<T>);

impl<T: Keyed> CompleteList<T> {
    /// Of items with the same key the last one counts.
    pub(super) fn last_of_each(mut items: Vec<T>) -> Self {
        items.reverse();
        items.sort_by(|one, other| one.key().cmp(other.key()));
        items.dedup_by(|next, kept| next.key() == kept.key());
        Self(items)
    }

    pub(crate) fn contains(&self, key: &T::Key) -> bool {
        self.0.binary_search_by(|item| item.key().cmp(key)).is_ok()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    pub(crate) fn into_items(self) -> Vec<T> {
        self.0
    }
}

/// An item with the moment at which the reading that showed it began.
#[derive(Clone, Debug)]
pub(crate) struct Observed<T> {
    pub(crate) item: T,
    pub(crate) began: Millis,
    /// It was asked for by its name or id, rather than seen in a list.
    pub(crate) direct: bool,
}

/// One list of a project.
#[derive(Clone, Debug)]
pub(crate) struct List<K, T> {
    /// Boxed, since the leaves of the tree are half empty.
    items: BTreeMap<K, Box<Observed<T>>>,
    /// When the newest complete reading began; nothing is known before the first.
    complete: Option<Millis>,
}

impl<K, T> Default for List<K, T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), complete: None }
    }
}

impl<K: Ord + Clone, T: PartialEq> List<K, T> {
    /// When the newest complete reading began.
    pub(crate) fn complete(&self) -> Option<Millis> {
        self.complete
    }

    pub(crate) fn get(&self, key: &K) -> Option<&Observed<T>> {
        self.items.get(key).map(|seen| &**seen)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Observed<T>)> {
        self.items.iter().map(|(key, seen)| (key, &**seen))
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Takes in a reading of one object.
    pub(crate) fn put(&mut self, key: K, item: T, began: Millis) {
        self.take(key, Observed { item, began, direct: true });
    }

    /// Takes in what a list shows of one object.
    pub(crate) fn put_listed(&mut self, key: K, item: T, began: Millis) {
        self.take(key, Observed { item, began, direct: false });
    }

    /// Whether a reading that began at this moment says something new of one object.
    pub(super) fn accepts(&self, key: &K, began: Millis) -> bool {
        self.items.get(key).is_none_or(|seen| seen.began <= began)
    }

    /// Whether a complete reading that began at this moment and lacks the object proves it to be absent.
    pub(super) fn outlived(seen: &Observed<T>, began: Millis) -> bool {
        // mutant: outlived
        seen.began <= began
    }

    fn take(&mut self, key: K, new: Observed<T>) {
        // mutant: older-reading
        match self.items.get_mut(&key) {
            Some(seen) if seen.began > new.began => {}
            // What is the same stays where it is: then what a list took in memory can be given back whole.
            Some(seen) if seen.item == new.item => (seen.began, seen.direct) = (new.began, new.direct),
            Some(seen) => **seen = new,
            None => drop(self.items.insert(key, Box::new(new))),
        }
    }

    /// Takes in the proof that one object is absent.
    pub(crate) fn remove(&mut self, key: &K, began: Millis) {
        if self.accepts(key, began) {
            self.items.remove(key);
        }
    }
}

impl<K: Ord + Clone, T: Keyed<Key = K> + PartialEq> List<K, T> {
    /// Takes in a complete reading: what it lacks is gone, unless it was seen by a reading that began later.
    pub(crate) fn publish(&mut self, items: CompleteList<T>, began: Millis) {
        self.items.retain(|key, seen| !Self::outlived(seen, began) || items.contains(key));
        for item in items.into_items() {
            self.put_listed(item.key().clone(), item, began);
        }
        self.complete = Some(self.complete.map_or(began, |old| old.max(began)));
    }
}
