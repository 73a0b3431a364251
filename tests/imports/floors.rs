//! The floors of the deciding side: a folder imports from its own floor's files and from lower floors.

use std::collections::{BTreeMap, BTreeSet};

use super::{Tree, circles::circles};

/// Folders of `src/core`, and the floor of each. What is higher knows what is lower, never the other way round.
const FLOORS: [(&str, u8); 12] = [
    ("seam", 1),
    ("records", 2),
    ("inventory", 2),
    ("rate_limit", 2),
    ("conditions", 2),
    ("state", 3),
    ("pass", 4),
    ("managed", 5),
    ("queue", 6),
    ("connection", 7),
    ("project", 7),
    ("step", 8),
];

/// The floor whose folders may import from each other, as long as that makes no circle.
const OPEN_FLOOR: u8 = 2;

/// Imports of `src/core` that run up, or that run between folders of one floor which must not know each other.
///
/// Files that lie in `src/core` itself have no floor, `mod.rs` among them. `x.rs` belongs to the folder `x`.
pub(crate) fn faults(tree: &Tree) -> Vec<String> {
    let files: Vec<&str> = tree.files().collect();
    let floor_of = |file: &str| {
        let name = file.strip_prefix("core/")?.split(['/', '.']).next()?;
        let folder = format!("core/{name}/");
        let there = files.iter().any(|file| file.starts_with(&folder));
        FLOORS.into_iter().find(|(folder, _)| there && *folder == name)
    };
    let mut faults = Vec::new();
    let mut across = BTreeMap::<String, BTreeSet<String>>::new();
    for (file, targets) in tree.imports("core") {
        let Some((folder, floor)) = floor_of(&file) else { continue };
        for target in targets {
            let Some((below, lower)) = floor_of(&target).filter(|(below, _)| *below != folder) else { continue };
            if lower > floor || (lower == floor && floor != OPEN_FLOOR) {
                faults.push(format!("{file}: {folder} (floor {floor}) must not import {below} (floor {lower})"));
            } else if lower == floor {
                across.entry(folder.to_owned()).or_default().insert(below.to_owned());
            }
        }
    }
    faults.extend(circles(&across).into_iter().map(|circle| format!("core: {circle}")));
    faults
}

/// The check itself: imports that run up, or between folders that must not know each other.
#[test]
fn an_import_that_runs_up_is_found() {
    let broken: [&[(&str, &str)]; 13] = [
        &[("core/seam/a.rs", "use crate::core::records::R;"), ("core/records/mod.rs", "pub struct R;")],
        &[("core/state/a.rs", "use super::super::pass::P;"), ("core/pass/p.rs", "")],
        &[("core/state/mod.rs", "use super::{seam::S, pass::{P, Q}};"), ("core/pass/mod.rs", "pub struct P;")],
        &[("core/pass/a.rs", "fn f() { super::super::managed::f(); }"), ("core/managed/mod.rs", "pub fn f() {}")],
        &[("core/managed/a.rs", "fn f(q: &crate::core::queue::Q) {}"), ("core/queue/mod.rs", "pub struct Q;")],
        // By way of what `core` passes on.
        &[("core/mod.rs", "pub use step::run;"), ("core/pass/a.rs", "use crate::core::run;"), ("core/step/mod.rs", "")],
        &[("core/seam/mod.rs", "pub use super::step::S;"), ("core/step/mod.rs", "pub struct S;")],
        // A folder has its parent file inside or beside it.
        &[("core/queue.rs", "use super::connection::C;"), ("core/queue/a.rs", ""), ("core/connection/mod.rs", "")],
        &[("core/queue/a.rs", "use crate::core::project;"), ("core/project.rs", ""), ("core/project/p.rs", "")],
        &[("core/connection/a.rs", "use super::super::project::P;"), ("core/project/mod.rs", "pub struct P;")],
        &[("core/project/mod.rs", "use super::connection::C;"), ("core/connection/mod.rs", "pub struct C;")],
        &[
            ("core/records/a.rs", "use crate::core::inventory::I;"),
            ("core/inventory/mod.rs", "pub struct I;"),
            ("core/inventory/b.rs", "use crate::core::records::b::R;"),
            ("core/records/b.rs", "pub struct R;"),
        ],
        &[
            ("core/records/mod.rs", "use super::inventory;"),
            ("core/inventory/mod.rs", "use super::rate_limit;"),
            ("core/rate_limit/mod.rs", "use super::conditions;"),
            ("core/conditions/mod.rs", "use super::records;"),
        ],
    ];
    for sources in broken {
        assert_eq!(faults(&Tree::made_up(sources)).len(), 1, "{sources:?}");
    }
    let fine: [&[(&str, &str)]; 6] = [
        &[
            ("core/step/mod.rs", "use super::{connection::C, project::P, queue::Q, seam::S};"),
            ("core/project/mod.rs", "use super::queue::Q; pub struct P;"),
            ("core/connection/mod.rs", "use crate::core::queue::Q; pub struct C;"),
            ("core/queue/mod.rs", "use super::state; use a::A; pub struct Q;"),
            ("core/queue/a.rs", "use super::Q; pub struct A;"),
            ("core/seam/mod.rs", "pub struct S;"),
            ("core/state/mod.rs", ""),
        ],
        &[("core/mod.rs", "use step::run; pub use seam::S;"), ("core/seam/mod.rs", ""), ("core/step/mod.rs", "")],
        &[
            ("core/records/mod.rs", "use super::inventory;"),
            ("core/conditions/mod.rs", "use super::records;"),
            ("core/inventory/mod.rs", ""),
        ],
        // Files without a folder, and folders without a floor.
        &[("core/seam.rs", "use super::step::S;"), ("core/step/mod.rs", "pub struct S;")],
        &[("core/seam/mod.rs", "use super::step;"), ("core/step.rs", "")],
        &[("core/budget/mod.rs", "use super::step;"), ("core/step/mod.rs", "use super::budget;")],
    ];
    for sources in fine {
        assert_eq!(faults(&Tree::made_up(sources)), Vec::<String>::new(), "{sources:?}");
    }
}
