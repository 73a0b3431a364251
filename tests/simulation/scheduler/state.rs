//! The state of a simulation as a number.

use std::{fmt::Write, hash::Hasher};

use super::Simulation;
use crate::fingerprint::Fingerprint;

impl Simulation {
    /// A number for all that the future depends on.
    pub fn state(&self) -> u64 {
        let mut hasher = TextHasher(Fingerprint::default());
        let _ = write!(
            hasher,
            "{} {:?} {:?} {:?} {} {} {} {:?} {:?} {:?}",
            self.mono,
            self.clusters,
            self.replicas.iter().filter(|p| !p.dead).collect::<Vec<_>>(),
            self.detached,
            self.sequence,
            self.last_write,
            self.last_console,
            self.foreign_resources,
            self.rng,
            (
                &self.problem,
                &self.suspects,
                &self.unreported,
                &self.made,
                &self.made_at,
                &self.unmade,
                self.hosts_edited,
                self.overtaken_by_colleague,
                self.last_start,
                &self.bound_by_us,
                &self.queues_deleted,
                &self.orphans_reported
            ),
        );
        hasher.0.write_u64(self.cloud.fingerprint());
        hasher.0.write_u64(self.elsewhere.fingerprint());
        hasher.0.finish()
    }
}

/// Hashes text without keeping it.
struct TextHasher(Fingerprint);

impl Write for TextHasher {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}
