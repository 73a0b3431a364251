//! Reads a list page by page.

use crate::core::seam::Millis;

use super::list::{CompleteList, Keyed};

/// Reads a list page by page and knows when it has it all.
///
/// One page is asked for. Where the server may have cut it (a documented default is 100 items), the next page is asked
/// for, overlapping by one item: it has to begin with the last item of the page before (P-read-2).
#[derive(Clone, Debug)]
pub(crate) struct Pages<T> {
    items: Vec<T>,
    began: Millis,
    /// Pages that brought something new: more than one, and the server cuts the list.
    full: u32,
}

/// What a page led to.
#[derive(Debug)]
pub(crate) enum PageResult<T> {
    /// Ask for the items from this offset on.
    More(Pages<T>, usize),
    /// All items, and whether one page held them all.
    Complete(CompleteList<T>, bool),
    /// The pages do not fit together: the list changed while it was read.
    Broken,
}

/// Below this, no server is known to cut a list.
const NEVER_CUT_BELOW: usize = 100;

impl<T: Keyed> Pages<T> {
    pub(crate) fn begin(began: Millis) -> Self {
        Self { items: Vec::new(), began, full: 0 }
    }

    pub(crate) fn began(&self) -> Millis {
        self.began
    }

    /// Takes in a page. `trusted` is a length at which, or below which, this list was lately proved to be uncut.
    pub(crate) fn page(mut self, page: Vec<T>, trusted: usize) -> PageResult<T> {
        let (before, length) = (self.items.len(), page.len());
        // mutant: page-overlap
        match self.items.last() {
            None => self.items = page,
            // The overlap: the same item again, or the list moved under us.
            Some(last) if page.first().map(Keyed::key) == Some(last.key()) => {
                self.items.extend(page.into_iter().skip(1));
            }
            Some(_) => return PageResult::Broken,
        }
        let mut keys: Vec<&T::Key> = self.items.iter().map(Keyed::key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair.first() == pair.last()) {
            return PageResult::Broken;
        }
        self.full += u32::from(self.items.len() > before);
        let done = if before == 0 { length < NEVER_CUT_BELOW || length <= trusted } else { length == 1 };
        if done {
            let single = self.full <= 1;
            PageResult::Complete(self.take(), single)
        } else {
            let offset = self.items.len() - 1;
            PageResult::More(self, offset)
        }
    }

    /// Adds a page of a list that cannot be read page by page with an overlap.
    pub(crate) fn append(&mut self, page: Vec<T>) {
        self.items.extend(page);
    }

    /// All that was read so far; of an item that came twice, what came last.
    pub(crate) fn take(self) -> CompleteList<T> {
        CompleteList::last_of_each(self.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::inventory::List;

    #[derive(Clone, Debug, PartialEq)]
    struct Item(usize, &'static str);

    impl Keyed for Item {
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
                PageResult::Complete(items, single) => return (items.len(), single, calls),
                PageResult::More(more, next) => (pages, offset) = (more, next),
                PageResult::Broken => panic!("broken"),
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
        let PageResult::More(pages, 99) = Pages::begin(0).page(page(0..100), 0) else { panic!("one page") };
        assert!(matches!(pages.page(page(100..150), 0), PageResult::Broken));
        let twice = [page(0..3), page(1..2)].concat();
        assert!(matches!(Pages::begin(0).page(twice, 0), PageResult::Broken));
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
        let listed = || CompleteList(vec![Item(2, "old")]);
        list.put(1, Item(1, "new"), 20);
        list.put(1, Item(1, "old"), 15);
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
