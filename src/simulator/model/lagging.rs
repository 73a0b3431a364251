//! Values that lists may show late.

use serde::{Deserialize, Serialize};

use crate::dli::EpochMillis;

/// How long past values are kept beyond the lag of lists, for faults that serve older ones.
pub(super) const KEEP: i64 = 60_000;

/// From where state is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Eye {
    /// As it is, at this moment.
    Now(EpochMillis),
    /// As lists show it, at this moment.
    List(EpochMillis),
}

/// A value whose last change lists may not show yet.
#[derive(Clone, Debug, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lagging<T> {
    current: T,
    /// The value before, and until when lists show it.
    before: Option<(T, EpochMillis)>,
}

impl<T: Clone> Lagging<T> {
    pub(super) fn new(value: T) -> Self {
        Self { current: value, before: None }
    }

    pub(super) fn get(&self) -> &T {
        &self.current
    }

    pub(super) fn seen(&self, eye: Eye) -> &T {
        match (eye, &self.before) {
            (Eye::List(at), Some((before, until))) if at < *until => before,
            _ => &self.current,
        }
    }

    /// When lists go over to the current value.
    pub(super) fn changes_at(&self) -> Option<EpochMillis> {
        self.before.as_ref().map(|(_, until)| *until)
    }

    pub(super) fn set(&mut self, value: T, now: EpochMillis, visible_at: EpochMillis) {
        let before = match self.before.take() {
            Some((older, until)) if now < until => older,
            _ => self.current.clone(),
        };
        self.before = Some((before, visible_at));
        self.current = value;
    }
}
