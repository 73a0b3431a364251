//! Objects by name, with what they were a little while ago: lists may show that.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{config::Durations, lagging::KEEP};
use crate::dli::EpochMillis;

/// How long the past is kept: what lists may lag and what faults may add.
const PAST: i64 = KEEP + Durations::MAX_LAG;

/// Objects by name.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LaggingMap<T> {
    now: BTreeMap<Arc<str>, Arc<T>>,
    /// What a change replaced, and when; the newest is last.
    past: VecDeque<(EpochMillis, Arc<str>, Option<Arc<T>>)>,
}

impl<T> Default for LaggingMap<T> {
    fn default() -> Self {
        Self { now: BTreeMap::new(), past: VecDeque::new() }
    }
}

impl<T: Clone> LaggingMap<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<T>> {
        self.now.get(name)
    }

    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.now.values()
    }

    pub(super) fn names(&self) -> Vec<Arc<str>> {
        self.now.keys().cloned().collect()
    }

    /// Puts an object under a name, or takes it away.
    pub(super) fn put(&mut self, now: EpochMillis, name: &Arc<str>, value: Option<T>) {
        let before = match value {
            Some(value) => self.now.insert(Arc::clone(name), Arc::new(value)),
            None => self.now.remove(name),
        };
        self.past.push_back((now, Arc::clone(name), before));
        while self.past.front().is_some_and(|(at, ..)| *at + PAST < now) {
            self.past.pop_front();
        }
    }

    /// Changes an object in place; false if there is none.
    pub(super) fn change(&mut self, now: EpochMillis, name: &str, change: impl FnOnce(&mut T)) -> bool {
        let Some((name, value)) = self.now.get_key_value(name) else { return false };
        let (name, mut value) = (Arc::clone(name), T::clone(value));
        change(&mut value);
        self.put(now, &name, Some(value));
        true
    }

    /// The objects as they were at a moment.
    pub(super) fn at(&self, moment: EpochMillis) -> BTreeMap<Arc<str>, Arc<T>> {
        let mut then = self.now.clone();
        for (at, name, before) in self.past.iter().rev() {
            if *at <= moment {
                break;
            }
            match before {
                Some(value) => then.insert(Arc::clone(name), Arc::clone(value)),
                None => then.remove(name),
            };
        }
        then
    }
}
