//! Who may import whom, who has to stay pure, and how long a file may be.
//!
//! A test on text, after comments and literals are taken out: simple, and strict enough for how the sources are written.

#![allow(clippy::unwrap_used)]

mod imports;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use imports::{Source, Tree, absolute, circles::circles, code, floors, parse, words};

/// Modules of the library, and what each may import.
const ALLOWED: [(&str, &[&str]); 6] = [
    ("api", &[]),
    ("dli", &[]),
    ("core", &["api", "dli"]),
    ("cloud", &["dli"]),
    ("controller", &["api", "dli", "core", "cloud"]),
    ("simulator", &["dli"]),
];

/// Parts without I/O, clock, chance and log.
const PURE: [&str; 10] = [
    "core",
    "dli",
    "cloud/classify",
    "cloud/classify.rs",
    "cloud/wire",
    "cloud/wire.rs",
    "simulator/credential.rs",
    "simulator/model",
    "simulator/route.rs",
    "simulator/verify.rs",
];

/// Words that a pure part does not name. Maps that hash have a random order.
const IMPURE_WORDS: [&str; 15] = [
    "tokio",
    "futures",
    "reqwest",
    "hyper",
    "axum",
    "kube",
    "tracing",
    "rand",
    "getrandom",
    "RandomState",
    "HashMap",
    "HashSet",
    "Instant",
    "SystemTime",
    "rustix",
];

/// Paths that a pure part does not name.
const IMPURE_PATHS: [&str; 7] =
    ["::now(", "std::fs", "std::net::Tcp", "std::net::Udp", "std::env", "std::thread", "std::process"];

/// Modules of the library in which files do not import in a circle. `core` still has circles.
const WITHOUT_CIRCLES: [&str; 6] = ["api", "dli", "core", "cloud", "controller", "simulator"];

/// Most lines of a file: what one can read at a stretch.
const MOST_LINES: usize = 400;
/// Where files may still be longer.
const STILL_LONG: [&str; 0] = [];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All sources below `dir`: path from `src`, and text.
fn files(dir: &Path) -> Vec<Source> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(source()).unwrap().to_str().unwrap().replace('\\', "/");
            found.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// Modules of the library that a file names.
fn imports(file: &str, text: &str) -> BTreeSet<String> {
    let mentions = parse(file, text).mentions;
    let roots = mentions.iter().filter_map(|mention| absolute(&mention.module, &mention.path)?.into_iter().next());
    roots.filter(|root| ALLOWED.iter().any(|(module, _)| module == root)).collect()
}

/// What is wrong with one file.
fn faults(file: &str, text: &str) -> Vec<String> {
    let module = file.split(['/', '.']).next().unwrap_or_default();
    let mut faults = Vec::new();
    // `lib.rs` and `main.rs` put everything together.
    if let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == module) {
        for import in imports(file, text) {
            if import != module && !allowed.contains(&&*import) {
                faults.push(format!("{file}: {module} must not import {import}"));
            }
        }
    }
    if PURE.iter().any(|part| file == *part || file.starts_with(&format!("{part}/"))) {
        let code = code(text);
        let words: BTreeSet<&str> = words(&code).collect();
        faults.extend(IMPURE_WORDS.iter().filter(|word| words.contains(*word)).map(|word| format!("{file}: {word}")));
        faults.extend(IMPURE_PATHS.iter().filter(|path| code.contains(*path)).map(|path| format!("{file}: {path}")));
    }
    faults
}

#[test]
fn imports_run_one_way_and_pure_parts_stay_pure() {
    let files = files(&source());
    assert!(files.len() > 60, "only {} sources found", files.len());
    for part in PURE {
        let there = files.iter().any(|(file, _)| file == part || file.starts_with(&format!("{part}/")));
        assert!(there, "{part} does not exist");
    }
    let faults: Vec<String> = files.iter().flat_map(|(file, text)| faults(file, text)).collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_module_has_its_rule() {
    let lib = fs::read_to_string(source().join("lib.rs")).unwrap();
    let declared: BTreeSet<String> =
        lib.lines().filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned())).collect();
    let ruled: BTreeSet<String> = ALLOWED.iter().map(|(module, _)| (*module).to_owned()).collect();
    assert_eq!(declared, ruled);
}

#[test]
fn no_file_imports_in_a_circle() {
    let tree = Tree::of(&files(&source()));
    for module in WITHOUT_CIRCLES {
        let imports = tree.imports(module);
        assert!(imports.len() > 2, "only {} files of {module} import anything", imports.len());
        let circles = circles(&imports);
        assert!(circles.is_empty(), "\n{}", circles.join("\n"));
    }
}

#[test]
fn no_import_of_the_deciding_side_runs_up() {
    let faults = floors::faults(&Tree::of(&files(&source())));
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let files = files(&source());
    let checked = files.iter().filter(|(file, _)| !STILL_LONG.iter().any(|prefix| file.starts_with(prefix)));
    let long: Vec<_> =
        checked.map(|(file, text)| (file, text.lines().count())).filter(|(_, n)| *n > MOST_LINES).collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {long:?}");
}

/// The check itself: made-up sources that break a rule, in every way in which an import can be written.
#[test]
fn a_broken_rule_is_found() {
    let broken = [
        ("core/x.rs", "use crate::controller::run;"),
        ("core/x.rs", "use crate::{\n    api::DliQueue,\n    dli::{Call, Reply},\n    cloud::{wire, client},\n};"),
        ("core/x.rs", "fn f() { crate::cloud::not_sent(); }"),
        ("core/x.rs", "use super::super::simulator::Model;"),
        ("core/mod.rs", "use super::{api, simulator};"),
        ("core/x.rs", "let c = '\"'; use crate::cloud::wire; let d = '\"';"),
        ("core/x.rs", "let c = '\\''; use crate::cloud::wire; let d = r#\"\"\"#;"),
        ("api/x.rs", "use crate::dli::Tag;"),
        ("dli/x.rs", "use crate::{core::OperatorState};"),
        ("cloud/client.rs", "use crate::core::Now;"),
        ("simulator/http.rs", "use crate::cloud::wire;"),
        ("controller/run.rs", "use crate::simulator::Model;"),
        ("core/x.rs", "use tokio::time;"),
        ("core/x.rs", "use kube::{Client, ResourceExt};"),
        ("core/x.rs", "let now = std::time::Instant::now();"),
        ("core/x.rs", "let now = jiff::Timestamp::now();"),
        ("core/x.rs", "use std::collections::{BTreeMap, HashMap};"),
        ("core/x.rs", "tracing::info!(\"x\");"),
        ("dli/x.rs", "use std::time::SystemTime;"),
        ("cloud/wire.rs", "use reqwest::Url;"),
        ("cloud/wire/queue.rs", "use reqwest::Url;"),
        ("cloud/classify/text.rs", "rand::random()"),
        ("simulator/model/mod.rs", "let port = std::net::TcpListener::bind(\"\");"),
        ("simulator/route.rs", "use axum::Router;"),
    ];
    for (file, text) in broken {
        assert!(!faults(file, text).is_empty(), "nothing was found in {file}: {text}");
    }
    let fine = [
        (
            "core/x.rs",
            "use crate::{api::DliQueue, dli::{Call, Reply}};\nuse super::pass::Ctx;\nuse crate::core::OperatorState;",
        ),
        (
            "core/x.rs",
            "// use crate::cloud::wire;\n/* tokio */ let a = \"crate::cloud kube tokio\"; let b = r\"tokio\";",
        ),
        ("core/x.rs", "fn f<'a>(a: &'a str) -> &'a str { a } // 'tokio"),
        ("cloud/client.rs", "use reqwest::Url; use std::time::Instant; use crate::dli::Call;"),
        ("simulator/http.rs", "use axum::Router; use super::model::Model;"),
        ("controller/run.rs", "use crate::{api, cloud, core::{self, OperatorState}, dli};"),
        ("main.rs", "use dli_operator::{controller, simulator};"),
    ];
    for (file, text) in fine {
        assert_eq!(faults(file, text), Vec::<String>::new(), "{file}: {text}");
    }
}
