//! Whether this process leads, by both clocks.

use crate::core::seam::{Leadership, Millis, Now, durations::SOON};

impl Leadership {
    /// Whether this process leads, as far as both clocks say.
    pub(super) fn leads(self, now: Now) -> bool {
        match self {
            Self::Follower => false,
            // mutant: leads-by-both-clocks
            Self::Leader { until_mono, until_wall, .. } => now.mono < until_mono && now.wall < until_wall,
        }
    }

    /// When no call of another leader could be in flight any more; 0 where this process does not lead (P-fence-2).
    pub(super) fn from(self) -> Millis {
        match self {
            // mutant: leads-from
            Self::Leader { mutate_from, .. } => mutate_from,
            Self::Follower => 0,
        }
    }

    /// Until when a call that changes the cloud may be sent, or from when on.
    pub(super) fn may_mutate(self, now: Now) -> Result<Millis, Millis> {
        match self {
            Self::Leader { until_mono, mutate_from, .. } if self.leads(now) => {
                // mutant: mutate-from
                if now.mono < mutate_from { Err(mutate_from) } else { Ok(until_mono) }
            }
            _ => Err(now.mono + SOON),
        }
    }
}
