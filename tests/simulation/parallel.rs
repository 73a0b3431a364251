//! Jobs on all processors, and word of how far they are: some searches take hours.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::report::number;

/// Time between two lines that say how far the jobs are.
const PERIOD: Duration = Duration::from_secs(60);

/// Most failures that are said at once.
const MOST: usize = 40;

struct Done<T> {
    results: Vec<(usize, T)>,
    said: Instant,
    failures: usize,
}

/// Does `count` jobs on all processors; the results come in the order of the jobs. What `failures` finds in one is said
/// at once.
pub fn parallel<T: Send>(
    count: usize,
    job: impl Fn(usize) -> T + Sync,
    failures: impl Fn(&T) -> Vec<String> + Sync,
) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = number("SIMULATION_THREADS", threads as u64);
    let (began, next) = (Instant::now(), AtomicUsize::new(0));
    let done = Mutex::new(Done { results: Vec::new(), said: began, failures: 0 });
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return;
                    }
                    let result = job(index);
                    let failures = failures(&result);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    for failure in failures {
                        done.failures += 1;
                        if done.failures <= MOST {
                            eprintln!("failed: {failure}");
                        }
                    }
                    done.results.push((index, result));
                    if done.said.elapsed() > PERIOD {
                        done.said = Instant::now();
                        let (parts, minutes) = (done.results.len(), began.elapsed().as_secs() / 60);
                        eprintln!("{parts} of {count} parts after {minutes} min, {} failures", done.failures);
                    }
                }
            });
        }
    });
    let mut results = done.into_inner().unwrap_or_else(PoisonError::into_inner).results;
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
