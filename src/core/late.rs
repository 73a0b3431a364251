//! Bindings that a call without an answer may still make or undo.
//!
//! A call that its sender has given up, or that a leader sent who is gone, can arrive later. What it does then undoes what
//! was sent after it; so nothing is concluded from a reading that began before it can have arrived.

use std::collections::BTreeMap;

use crate::dli::{Call, QueueName};

use super::Millis;

/// When a connection was read, and how.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct Look {
    pub(in crate::core) began: Millis,
    /// By a get call. Lists may lag behind.
    pub(in crate::core) direct: bool,
    /// For how long lists may lag, and calls may be under way.
    pub(in crate::core) grace: Millis,
}

impl Look {
    /// Whether it shows all that happened until then.
    pub(in crate::core) fn shows(self, until: Millis) -> bool {
        self.began >= until && (self.direct || self.began >= until + self.grace)
    }
}

/// Queues that calls without an answer named, and until when these may take effect. An Unbind and the DELETE of the queue
/// itself come to the same.
#[derive(Clone, Debug, Default)]
pub(in crate::core) struct Late {
    binds: BTreeMap<QueueName, Millis>,
    unbinds: BTreeMap<QueueName, Millis>,
}

impl Late {
    /// Remembers a call that was given up without an answer.
    pub(in crate::core) fn gave_up(&mut self, call: &Call, until: Millis) {
        let (queues, list) = match call {
            Call::Bind { queues, .. } => (queues, &mut self.binds),
            Call::Unbind { queues, .. } => (queues, &mut self.unbinds),
            _ => return,
        };
        list.extend(queues.iter().map(|name| (name.clone(), until)));
    }

    /// Remembers that the DELETE of a queue was given up without an answer: its entries go with it.
    pub(in crate::core) fn queue_may_go(&mut self, name: &QueueName, until: Millis) {
        self.unbinds.insert(name.clone(), until);
    }

    /// Forgets what a reading has settled.
    pub(in crate::core) fn settle(&mut self, reading: Look) {
        self.binds.retain(|_, until| !reading.shows(*until));
        self.unbinds.retain(|_, until| !reading.shows(*until));
    }

    /// Until when an entry may come that is not there: a leader before this one, who ended at `led_from`, may have asked
    /// for it.
    pub(in crate::core) fn may_come(&self, name: &QueueName, reading: Look, led_from: Millis) -> Option<Millis> {
        let inherited = led_from + reading.grace;
        let inherited = (!reading.shows(inherited)).then_some(inherited);
        self.binds.get(name).copied().max(inherited)
    }

    /// Until when an entry that is wanted may go.
    pub(in crate::core) fn may_go(&self, name: &QueueName) -> Option<Millis> {
        self.unbinds.get(name).copied()
    }
}
