//! The server's clock, learned from its answers.

use std::collections::BTreeMap;

use crate::{
    core::seam::{Endpoint, Millis, Now, durations::NOTABLE_CLOCK_STEP},
    dli::EpochMillis,
};

/// Server's clock minus [`Now::mono`], for each endpoint that has answered.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerClocks {
    offsets: BTreeMap<Endpoint, i64>,
}

impl ServerClocks {
    /// The server's clock. Once an answer has shown it, the monotonic clock carries it on: a change of the machine's wall
    /// clock makes nothing older or younger (P-clock-1).
    pub(super) fn time(&self, endpoint: &Endpoint, now: Now) -> EpochMillis {
        // mutant: server-clock
        self.offsets.get(endpoint).map_or(now.wall, |offset| now.mono as i64 + offset)
    }

    /// Learns from an answer to a call that began at `began`; says whether the correction is notable. A `Date` header has
    /// whole seconds, and shows a moment between the two: the clock is moved no further than to where the answer allows it.
    pub(super) fn learn(&mut self, endpoint: &Endpoint, server: EpochMillis, began: Millis, now: Now) -> bool {
        let known = self.offsets.get(endpoint).copied();
        let believed = known.unwrap_or(now.wall - now.mono as i64);
        let earliest = server - now.mono as i64;
        let latest = server + 1_000 - began.min(now.mono) as i64;
        // mutant: learn-clock
        let offset = believed.clamp(earliest, latest);
        if known == Some(offset) {
            return false;
        }
        self.offsets.insert(endpoint.clone(), offset);
        // mutant: learn-clock-wakes
        offset.abs_diff(believed) >= NOTABLE_CLOCK_STEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_the_server_is_learned_once_and_carried_on() {
        let endpoint = Endpoint { cloud: "c".into(), region: "r".into() };
        let at = |mono, wall| Now { mono, wall };
        let mut clocks = ServerClocks::default();
        assert_eq!(clocks.time(&endpoint, at(1_000, 50_000)), 50_000);
        // Behind by more than the answer took: a correction that others have to hear of.
        assert!(clocks.learn(&endpoint, 90_000, 800, at(1_000, 50_000)));
        assert_eq!(clocks.time(&endpoint, at(1_000, 50_000)), 90_000);
        // The machine's clock is set: nothing becomes older.
        assert_eq!(clocks.time(&endpoint, at(3_000, 10)), 92_000);
        // Within what a date of whole seconds allows, nothing is new.
        assert!(!clocks.learn(&endpoint, 92_000, 2_900, at(3_000, 10)));
        assert!(!clocks.learn(&endpoint, 93_000, 2_900, at(3_000, 10)), "small");
        assert_eq!(clocks.time(&endpoint, at(3_000, 10)), 93_000);
    }
}
