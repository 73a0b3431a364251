//! How long to wait before the next read or the next retry.

use crate::core::seam::Millis;

/// Time to the next targeted read of something that has been pending for `age`: often at first, then in proportion, so
/// that what becomes ACTIVE is seen within a twentieth of the time it took.
pub(crate) fn poll_after(age: Millis) -> Millis {
    // mutant: poll-after
    (age / 20).clamp(1_000, 15_000)
}

/// Time to the next try after `failures` failures in a row, with a jitter that depends on `salt`.
pub(crate) fn backoff(failures: u32, salt: u64) -> Millis {
    // mutant: backoff
    let base = 2_000u64 << failures.saturating_sub(1).min(7);
    let base = base.min(300_000);
    base - base / 4 + jitter(salt ^ u64::from(failures), base / 2)
}

/// A number below `bound` that depends on `salt` alone.
pub(crate) fn jitter(salt: u64, bound: u64) -> u64 {
    // splitmix64: spreads neighbouring salts.
    let mut z = salt.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % bound.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_up_to_a_bound() {
        assert_eq!([0, 40_000, 3_600_000].map(poll_after), [1_000, 2_000, 15_000]);
        for salt in 0..100 {
            let tries = [1, 2, 8, 1_000].map(|failures| backoff(failures, salt));
            let bases = [2_000, 4_000, 256_000, 256_000];
            for (found, base) in tries.into_iter().zip(bases) {
                assert!((base - base / 4..base + base / 4).contains(&found), "{found} is about {base}");
            }
        }
    }
}
