//! What the cloud has, as far as it was seen: two lists a project, shared by all its objects.
//!
//! A reading has a beginning and an end. Evidence of absence, and of a field's value, counts only where the reading
//! began after the last write to that object; evidence of presence counts from any reading.

use std::collections::BTreeMap;

mod connections;

pub(super) use connections::Connections;

use crate::dli::{ConnectionId, ConnectionItem, QueueItem, QueueName};

use super::Millis;

/// The queue that every project has; it can be neither bound nor deleted, and belongs to nobody.
pub(super) const PRESET_QUEUE: &str = "default";

/// An item of a list.
pub(super) trait Listed {
    /// What tells it from the others.
    type Key: Ord + Clone;

    fn key(&self) -> &Self::Key;
}

impl Listed for QueueItem {
    type Key = QueueName;

    fn key(&self) -> &QueueName {
        &self.name
    }
}

impl Listed for ConnectionItem {
    type Key = ConnectionId;

    fn key(&self) -> &ConnectionId {
        &self.id
    }
}

/// All items of a list, each once, in the order of their keys. One block of memory, which is given back whole: a long
/// list comes every minute.
#[derive(Clone, Debug)]
pub(super) struct Whole<T>(Vec<T>);

impl<T: Listed> Whole<T> {
    /// Of items with the same key the last one counts.
    fn last_of_each(mut items: Vec<T>) -> Self {
        items.reverse();
        items.sort_by(|one, other| one.key().cmp(other.key()));
        items.dedup_by(|next, kept| next.key() == kept.key());
        Self(items)
    }

    pub(super) fn contains(&self, key: &T::Key) -> bool {
        self.0.binary_search_by(|item| item.key().cmp(key)).is_ok()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.0
    }
}

/// An item with the moment at which the reading that showed it began.
#[derive(Clone, Debug)]
pub(super) struct Seen<T> {
    pub(super) item: T,
    pub(super) began: Millis,
    /// It was asked for by its name or id, rather than seen in a list.
    pub(super) direct: bool,
}

/// One list of a project.
#[derive(Clone, Debug)]
pub(super) struct List<K, T> {
    /// Boxed, since the leaves of the tree are half empty.
    items: BTreeMap<K, Box<Seen<T>>>,
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
    pub(super) fn complete(&self) -> Option<Millis> {
        self.complete
    }

    pub(super) fn get(&self, key: &K) -> Option<&Seen<T>> {
        self.items.get(key).map(|seen| &**seen)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &Seen<T>)> {
        self.items.iter().map(|(key, seen)| (key, &**seen))
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Takes in a reading of one object.
    pub(super) fn put(&mut self, key: K, item: T, began: Millis) {
        self.take(key, Seen { item, began, direct: true });
    }

    /// Takes in what a list shows of one object.
    pub(super) fn put_listed(&mut self, key: K, item: T, began: Millis) {
        self.take(key, Seen { item, began, direct: false });
    }

    /// Whether a reading that began at this moment says something new of one object.
    fn accepts(&self, key: &K, began: Millis) -> bool {
        self.items.get(key).is_none_or(|seen| seen.began <= began)
    }

    /// Whether a complete reading that began at this moment and lacks the object proves it to be absent.
    fn outlived(seen: &Seen<T>, began: Millis) -> bool {
        seen.began <= began
    }

    fn take(&mut self, key: K, new: Seen<T>) {
        match self.items.get_mut(&key) {
            Some(seen) if seen.began > new.began => {}
            // What is the same stays where it is: then what a list took in memory can be given back whole.
            Some(seen) if seen.item == new.item => (seen.began, seen.direct) = (new.began, new.direct),
            Some(seen) => **seen = new,
            None => drop(self.items.insert(key, Box::new(new))),
        }
    }

    /// Takes in the proof that one object is absent.
    pub(super) fn remove(&mut self, key: &K, began: Millis) {
        if self.accepts(key, began) {
            self.items.remove(key);
        }
    }
}

impl<K: Ord + Clone, T: Listed<Key = K> + PartialEq> List<K, T> {
    /// Takes in a complete reading: what it lacks is gone, unless it was seen by a reading that began later.
    pub(super) fn publish(&mut self, items: Whole<T>, began: Millis) {
        self.items.retain(|key, seen| !Self::outlived(seen, began) || items.contains(key));
        for item in items.into_items() {
            self.put_listed(item.key().clone(), item, began);
        }
        self.complete = Some(self.complete.map_or(began, |old| old.max(began)));
    }
}

/// Both lists of a project.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    pub(super) queues: List<QueueName, QueueItem>,
    pub(super) connections: Connections,
}

/// Reads a list page by page and knows when it has it all.
///
/// One page is asked for. Where the server may have cut it (a documented default is 100 items), the next page is asked
/// for, overlapping by one item: it has to begin with the last item of the page before.
#[derive(Clone, Debug)]
pub(super) struct Pages<T> {
    items: Vec<T>,
    began: Millis,
    /// Pages that brought something new: more than one, and the server cuts the list.
    full: u32,
}

/// What a page led to.
#[derive(Debug)]
pub(super) enum Paged<T> {
    /// Ask for the items from this offset on.
    More(Pages<T>, usize),
    /// All items, and whether one page held them all.
    Complete(Whole<T>, bool),
    /// The pages do not fit together: the list changed while it was read.
    Broken,
}

/// Below this, no server is known to cut a list.
const NEVER_CUT_BELOW: usize = 100;

impl<T: Listed> Pages<T> {
    pub(super) fn begin(began: Millis) -> Self {
        Self { items: Vec::new(), began, full: 0 }
    }

    pub(super) fn began(&self) -> Millis {
        self.began
    }

    /// Takes in a page. `trusted` is a length at which, or below which, this list was lately proved to be uncut.
    pub(super) fn page(mut self, page: Vec<T>, trusted: usize) -> Paged<T> {
        let (before, length) = (self.items.len(), page.len());
        match self.items.last() {
            None => self.items = page,
            // The overlap: the same item again, or the list moved under us.
            Some(last) if page.first().map(Listed::key) == Some(last.key()) => {
                self.items.extend(page.into_iter().skip(1));
            }
            Some(_) => return Paged::Broken,
        }
        let mut keys: Vec<&T::Key> = self.items.iter().map(Listed::key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) {
            return Paged::Broken;
        }
        self.full += u32::from(self.items.len() > before);
        let done = if before == 0 { length < NEVER_CUT_BELOW || length <= trusted } else { length == 1 };
        if done {
            let single = self.full <= 1;
            Paged::Complete(self.take(), single)
        } else {
            let offset = self.items.len() - 1;
            Paged::More(self, offset)
        }
    }

    /// Adds a page of a list that cannot be read page by page with an overlap.
    pub(super) fn append(&mut self, page: Vec<T>) {
        self.items.extend(page);
    }

    /// All that was read so far; of an item that came twice, what came last.
    pub(super) fn take(self) -> Whole<T> {
        Whole::last_of_each(self.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Item(usize, &'static str);

    impl Listed for Item {
        type Key = usize;

        fn key(&self) -> &usize {
            &self.0
        }
    }

    fn page(range: std::ops::Range<usize>) -> Vec<Item> {
        range.map(|n| Item(n, "")).collect()
    }

    /// Reads a list of `length` items from a server that cuts pages at `cap`.
    fn read(length: usize, cap: usize, trusted: usize) -> (usize, bool, u32) {
        let mut pages = Pages::begin(0);
        let mut offset = 0;
        let mut calls = 0;
        loop {
            calls += 1;
            match pages.page(page(offset..length.min(offset + cap)), trusted) {
                Paged::Complete(items, single) => return (items.len(), single, calls),
                Paged::More(more, next) => (pages, offset) = (more, next),
                Paged::Broken => panic!("broken"),
            }
        }
    }

    #[test]
    fn a_short_list_needs_one_page_and_a_long_one_a_look_behind_its_end() {
        assert_eq!(read(0, 1_000, 0), (0, true, 1));
        assert_eq!(read(99, 1_000, 0), (99, true, 1));
        assert_eq!(read(100, 1_000, 0), (100, true, 2));
        assert_eq!(read(500, 1_000, 500), (500, true, 1));
    }

    #[test]
    fn a_server_that_cuts_is_read_to_the_end() {
        assert_eq!(read(250, 100, 0), (250, false, 4));
        assert_eq!(read(100, 100, 0), (100, true, 2));
        assert_eq!(read(199, 100, 0), (199, false, 3));
    }

    #[test]
    fn a_list_that_moves_while_it_is_read_proves_nothing() {
        let Paged::More(pages, 99) = Pages::begin(0).page(page(0..100), 0) else { panic!("one page") };
        assert!(matches!(pages.page(page(100..150), 0), Paged::Broken));
        let twice = [page(0..3), page(1..2)].concat();
        assert!(matches!(Pages::begin(0).page(twice, 0), Paged::Broken));
    }

    #[test]
    fn of_numbered_pages_what_came_last_counts() {
        let mut pages = Pages::begin(0);
        pages.append(vec![Item(2, "old"), Item(1, "")]);
        pages.append(vec![Item(3, ""), Item(2, "new")]);
        let whole = pages.take();
        assert_eq!(whole.iter().cloned().collect::<Vec<_>>(), [Item(1, ""), Item(2, "new"), Item(3, "")]);
        assert!(whole.contains(&3) && !whole.contains(&0));
    }

    #[test]
    fn what_was_seen_later_survives_an_older_list() {
        let mut list: List<usize, Item> = List::default();
        let listed = || Whole(vec![Item(2, "old")]);
        list.put(1, Item(1, "new"), 20);
        list.publish(listed(), 10);
        assert_eq!(list.get(&1).map(|s| s.item.1), Some("new"));
        list.publish(listed(), 30);
        assert!(list.get(&1).is_none());
        list.remove(&2, 5);
        assert!(list.get(&2).is_some(), "a proof that began before the reading proves nothing");
        list.remove(&2, 40);
        assert!(list.get(&2).is_none());
    }
}
