//! The documented limits ("Limits" in `docs/protocol.md`): what an invariant lets pass, by the id of the sentence, and how
//! often.

use std::{collections::BTreeMap, sync::Mutex};

static HITS: Mutex<BTreeMap<&str, u64>> = Mutex::new(BTreeMap::new());

/// Lets a violation pass because of a documented limit, if `applies`, and counts it.
pub(super) fn excused(id: &'static str, applies: bool) -> bool {
    if applies {
        *HITS.lock().unwrap().entry(id).or_default() += 1;
    }
    applies
}

/// How often each limit was hit, in words.
pub fn limit_hits() -> String {
    let hits = HITS.lock().unwrap();
    let words: Vec<String> = hits.iter().map(|(id, count)| format!("{id} {count}")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
