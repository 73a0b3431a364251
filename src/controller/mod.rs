//! The controller: everything that touches Kubernetes, time, randomness and the log.
//!
//! It decides nothing about queues, connections or projects. It watches, hands each object to [`crate::core::step`],
//! performs what that asks for, and says what came of it.
//!
//! | file | what it does |
//! | --- | --- |
//! | `run` | starts and stops everything |
//! | `start` | what must be known before: client, definitions, cluster id |
//! | `watch_cache`, `watch_tasks`, `watch_decode`, `compressed` | watch caches, the tasks that keep them, how what these bring is decoded, and the form in which objects are kept |
//! | `reconcile` | one pass: step, effect, step, … |
//! | `kube_io`, `events`, `cloud_io`, `secrets` | perform effects |
//! | `kinds`, `object_ref`, `kube_request` | what the generic parts know of a kind, of the names of its objects, and of a request |
//! | `lease`, `clock` | who leads, and until when |
//! | `http`, `metrics` | what others see of the process |
//! | `malloc_trim` | gives free memory back to the system |
//! | `config` | the configuration file |

pub mod clock;
pub mod cloud_io;
pub mod compressed;
pub mod config;
pub mod events;
pub mod http;
pub mod kinds;
pub mod kube_io;
pub mod kube_request;
pub mod lease;
mod malloc_trim;
pub mod metrics;
pub mod object_ref;
pub mod reconcile;
mod run;
pub mod secrets;
mod start;
pub mod watch_cache;
pub mod watch_decode;
pub mod watch_tasks;

pub use run::{RunError, run};
pub use start::{StartError, connect};

/// An error and its causes in one line. Several libraries repeat the cause in the text of the error; what has been said
/// already is left out.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

/// The beginning of a text, at most `limit` bytes long.
fn cut(text: &str, limit: usize) -> String {
    const DOTS: &str = "…";
    if text.len() <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub(DOTS.len());
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= room).last().unwrap_or(0);
    format!("{}{DOTS}", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_cut_text_keeps_to_its_limit_and_to_whole_characters() {
        assert_eq!(super::cut("short", 10), "short");
        assert_eq!(super::cut("äöüäöüäöü", 10), "äöü…");
    }
}
