//! A fast hash: states are hashed whole after every fault, and answers at every call.

use std::hash::Hasher;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Folds each eight bytes in by a multiplication to 128 bits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fingerprint(u64);

impl Fingerprint {
    fn take(&mut self, word: u64) {
        let wide = u128::from(self.0 ^ word ^ MULTIPLIER.rotate_left(17)) * u128::from(MULTIPLIER);
        self.0 = (wide as u64) ^ ((wide >> 64) as u64).rotate_left(23);
    }
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.take(chunk.try_into().map_or(0, u64::from_le_bytes));
        }
        let rest = chunks.remainder().iter().fold(1, |word, byte| (word << 8) | u64::from(*byte));
        self.take(rest);
    }

    fn write_u64(&mut self, word: u64) {
        self.take(word);
    }

    fn finish(&self) -> u64 {
        let mut last = *self;
        last.take(0);
        last.0
    }
}
