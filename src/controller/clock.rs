//! The two clocks.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    core::{Millis, Now},
    dli::EpochMillis,
};

/// Reads both clocks.
pub fn now() -> Now {
    Now { mono: mono(), wall: wall() }
}

/// `CLOCK_BOOTTIME` goes on while the machine sleeps. `CLOCK_MONOTONIC`, which `std::time::Instant` reads on Linux,
/// does not: a paused leader would wake up and believe that its lease is fresh.
#[cfg(target_os = "linux")]
fn mono() -> Millis {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    time.tv_sec as Millis * 1_000 + time.tv_nsec as Millis / 1_000_000
}

#[cfg(not(target_os = "linux"))]
fn mono() -> Millis {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_millis() as Millis
}

fn wall() -> EpochMillis {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_millis() as EpochMillis,
        Err(before) => -(before.duration().as_millis() as EpochMillis),
    }
}

#[cfg(test)]
mod tests {
    use super::now;

    #[test]
    fn goes_forward() {
        let first = now();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let second = now();
        assert!(second.mono >= first.mono + 5);
        assert!(second.wall > 1_700_000_000_000);
    }
}
