//! The state as a file's content: everything that a real cloud would still know after a restart.
//!
//! Kept are the objects, the numbers for ids, the clock's skew and the log of calls. Faults, the rate limit and the
//! configuration are not: whoever starts the simulator gives them anew.

use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Model,
    calls::{Change, Count},
    config::Config,
    random::Random,
    state::{Connection, Project},
};
use crate::dli::{EpochMillis, ProjectId};

/// The first line: what this is, and the hash of the rest.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    sha256: String,
}

const FORMAT: &str = "dli-simulator-state";
const VERSION: u32 = 1;

/// All that is kept, borrowed for writing.
#[derive(Serialize)]
struct Written<'a> {
    requests: u64,
    now: EpochMillis,
    skew: i64,
    next: u64,
    random: &'a Random,
    projects: &'a [Project],
    counts: Vec<Count>,
    changes: Vec<&'a Change>,
}

/// All that is kept, as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    requests: u64,
    now: EpochMillis,
    skew: i64,
    next: u64,
    random: Random,
    projects: Vec<Project>,
    counts: Vec<Count>,
    changes: Vec<Change>,
}

/// Why a saved state cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It is not a state, or its end is missing.
    #[error("this is not a state of the simulator, or it is damaged ({0}); move it away to begin with an empty cloud")]
    Damaged(String),
    /// A later version wrote it.
    #[error("it was written by version {0} of the format, and this program knows version {VERSION}; use a newer one")]
    Newer(u32),
    /// It has objects of a project that the configuration does not have.
    #[error("it has objects of the project {0}, which is not configured; add --project {0}, or name another file")]
    Project(ProjectId),
}

impl Model {
    /// The state, for [`Model::load`].
    pub fn save(&self) -> Vec<u8> {
        let written = Written {
            requests: self.requests,
            now: self.env.now,
            skew: self.env.skew,
            next: self.env.next,
            random: &self.env.random,
            projects: &self.projects,
            counts: self.counts().collect(),
            changes: self.changes.iter().collect(),
        };
        // Only maps with keys that are no text, and numbers that are no numbers, cannot be written: there are none.
        let rest = serde_json::to_vec(&written).unwrap_or_default();
        let head = Head { format: FORMAT.to_owned(), version: VERSION, sha256: hash(&rest) };
        let mut out = serde_json::to_vec(&head).unwrap_or_default();
        out.push(b'\n');
        out.extend_from_slice(&rest);
        out
    }

    /// A model with a saved state. Projects that the state does not know are empty.
    pub fn load(config: Config, saved: &[u8]) -> Result<Self, StateError> {
        let damaged = |text: &str| StateError::Damaged(text.to_owned());
        let end = saved.iter().position(|b| *b == b'\n').ok_or_else(|| damaged("its first line has no end"))?;
        let (head, rest) = (&saved[..end], &saved[end + 1..]);
        let head: Head = serde_json::from_slice(head).map_err(|error| damaged(&format!("first line: {error}")))?;
        if head.format != FORMAT {
            return Err(damaged(&format!("its format is {:?}", head.format)));
        }
        if head.version != VERSION {
            return Err(StateError::Newer(head.version));
        }
        if head.sha256 != hash(rest) {
            return Err(damaged("what follows the first line does not have the hash that it names"));
        }
        let read: Read = serde_json::from_slice(rest).map_err(|error| damaged(&error.to_string()))?;
        let mut model = Self::new(config);
        for project in read.projects {
            let Some(index) = model.project(project.id.as_str()) else {
                if is_blank(&project) {
                    continue;
                }
                return Err(StateError::Project(project.id));
            };
            model.projects[index] = indexed(project).map_err(|text| damaged(&text))?;
        }
        (model.requests, model.revision) = (read.requests, 0);
        (model.env.now, model.env.skew) = (read.now, read.skew);
        (model.env.next, model.env.random) = (read.next, read.random);
        model.counts = read.counts.into_iter().map(|count| ((count.operation, count.status), count.calls)).collect();
        model.changes = read.changes.into();
        Ok(model)
    }
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Nothing but the preset queue.
fn is_blank(project: &Project) -> bool {
    project.connections.is_empty() && project.queues.values().all(|queue| queue.charging_mode == 0)
}

/// Makes the index of connection ids anew.
fn indexed(mut project: Project) -> Result<Project, String> {
    let mut ids = BTreeSet::new();
    for (key, connection) in &project.connections {
        let Connection { id, .. } = &**connection;
        if !ids.insert(Arc::clone(id)) {
            return Err(format!("the connection {id} comes twice"));
        }
        project.ids.insert(Arc::clone(id), *key);
    }
    Ok(project)
}
