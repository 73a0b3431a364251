//! Who waits for a turn, in order of priority.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::seam::{
    Millis, ObjectKey,
    durations::{ABSENT_AFTER, LATE_AFTER},
};

/// How urgent a call is: the first is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Priority {
    /// For an object that is being deleted.
    Delete,
    /// Carries out a change of the spec.
    Edit,
    /// Makes or adopts something.
    Create,
    /// Reads one resource for one object.
    Read,
    /// Reads a list for all.
    List,
}

/// Of so many turns one goes to who has waited longest, so that many urgent calls cannot make us blind.
const FAIR: u64 = 8;
/// Among how many of those who have come a place is counted.
const COUNTED: usize = 64;

/// Place in the line: priority, then arrival.
type Number = (Priority, u64);

#[derive(Clone, Copy, Debug)]
struct Place {
    number: Number,
    /// When its owner was promised_at to come.
    promised_at: Millis,
}

/// The line.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitingLine {
    places: BTreeMap<ObjectKey, Place>,
    order: BTreeMap<Priority, BTreeMap<u64, ObjectKey>>,
    /// Those who have come in their time and found no turn, and when they were promised_at to come again.
    here: BTreeSet<Number>,
    /// The same by arrival alone.
    arrivals: BTreeMap<u64, Priority>,
    numbers: u64,
    served: u64,
}

impl WaitingLine {
    /// Gives a place, or keeps the one that is there if it is as good. Says whether there was one.
    pub(crate) fn join(&mut self, key: &ObjectKey, priority: Priority) -> bool {
        if let Some(place) = self.places.get(key) {
            if place.number.0 <= priority {
                return true;
            }
            self.leave(key);
        }
        self.numbers += 1;
        // Who finds nobody before it has come in its time.
        let open = self.order.range(..=priority).all(|(_, class)| class.is_empty());
        let promised_at = if open { 0 } else { Millis::MAX };
        self.places.insert(key.clone(), Place { number: (priority, self.numbers), promised_at });
        self.order.entry(priority).or_default().insert(self.numbers, key.clone());
        false
    }

    pub(crate) fn leave(&mut self, key: &ObjectKey) {
        let Some(place) = self.places.remove(key) else { return };
        let (priority, number) = place.number;
        if let Some(class) = self.order.get_mut(&priority) {
            class.remove(&number);
        }
        self.here.remove(&place.number);
        self.arrivals.remove(&number);
    }

    /// Its turn has been taken.
    pub(crate) fn serve(&mut self, key: &ObjectKey) {
        self.leave(key);
        self.served += 1;
    }

    /// The owner of a place asks: says whether it has come in its time.
    pub(crate) fn check_in(&mut self, key: &ObjectKey, now: Millis) -> bool {
        let Some(place) = self.places.get(key).filter(|place| place.promised_at <= now) else { return false };
        self.here.insert(place.number);
        self.arrivals.insert(place.number.1, place.number.0);
        true
    }

    /// Of those who have come, the one whose turn is next.
    pub(crate) fn next(&self) -> Option<&ObjectKey> {
        let (priority, number) = self.next_number()?;
        self.order.get(&priority)?.get(&number)
    }

    fn next_number(&self) -> Option<Number> {
        if self.served % FAIR == FAIR - 1 {
            self.arrivals.first_key_value().map(|(number, priority)| (*priority, *number))
        } else {
            self.here.first().copied()
        }
    }

    fn promised_at(&self, (priority, number): Number) -> Option<Millis> {
        let key = self.order.get(&priority)?.get(&number)?;
        Some(self.places.get(key)?.promised_at)
    }

    /// How many turns are taken before that of this object, as far as can be promised_at.
    pub(crate) fn ahead(&self, key: &ObjectKey) -> u64 {
        let Some(Place { number: (priority, number), .. }) = self.places.get(key).copied() else { return 0 };
        if self.here.contains(&(priority, number)) {
            return self.here.range(..(priority, number)).take(COUNTED).count() as u64;
        }
        let before: u64 = self.order.range(..priority).map(|(_, class)| class.len() as u64).sum();
        let first = self.order.get(&priority).and_then(|class| class.first_key_value());
        // Numbers of those that have left since are counted too: who is promised_at too late is called.
        let own = number.saturating_sub(first.map_or(number, |(first, _)| *first));
        if before == 0 { own } else { (before + own).min(FAIR * (own + 1)) }
    }

    /// Tells the owner of a place when to come, unless it was promised_at an earlier time that is still to come; gives that time.
    pub(crate) fn promise(&mut self, key: &ObjectKey, at: Millis, now: Millis) -> Millis {
        let Some(place) = self.places.get_mut(key) else { return at };
        if place.promised_at <= now || at < place.promised_at {
            place.promised_at = at;
        }
        place.promised_at
    }

    /// Calls whoever is next, if it was promised_at to come later than now.
    pub(crate) fn next_ready(&mut self, now: Millis) -> Option<ObjectKey> {
        let first = || self.order.values().find_map(|class| class.first_key_value()).map(|(_, key)| key);
        let key = self.next().or_else(first)?.clone();
        let place = self.places.get_mut(&key)?;
        if place.promised_at <= now {
            return None;
        }
        place.promised_at = now;
        Some(key)
    }

    /// Takes out those at the front who have not come in their time.
    pub(crate) fn drop_absent(&mut self, now: Millis) {
        while let Some(number) = self.next_number()
            && self.promised_at(number).is_none_or(|promised_at| now > promised_at.saturating_add(LATE_AFTER))
        {
            self.here.remove(&number);
            self.arrivals.remove(&number.1);
        }
        let fronts = self.order.values().filter_map(|class| class.first_key_value()).map(|(_, key)| key);
        let late = |key: &&ObjectKey| {
            self.places.get(*key).is_some_and(|place| now > place.promised_at.saturating_add(ABSENT_AFTER))
        };
        let absent: Vec<ObjectKey> = fronts.filter(late).cloned().collect();
        for key in absent {
            self.leave(&key);
        }
    }
}
