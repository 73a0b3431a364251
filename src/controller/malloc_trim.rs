//! Freed memory, given back to the system.

use std::{convert::Infallible, time::Duration};

/// Time between two times that it is given back. It takes half a millisecond where the heap has 100 MiB.
const PERIOD: Duration = Duration::from_secs(2);

/// Gives free pages back for as long as it is polled. Objects are replaced in the caches while much that is short-lived
/// comes and goes, and by itself the C library's allocator gives back only what is free at the end of its heap.
pub(super) async fn keep_small() -> Infallible {
    loop {
        tokio::time::sleep(PERIOD).await;
        trim();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "no library offers this call of glibc without")]
fn trim() {
    // SAFETY: the call takes no pointer, locks what it reads, and drops the content of free pages alone.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn trim() {}
