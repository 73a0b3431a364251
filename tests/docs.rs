//! Checks the documents against the code, as far as a program can.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

use dli_operator::controller::config::KEYS;

/// Longest line of Markdown, in characters.
const COLUMNS: usize = 120;

/// Documents that are not wrapped yet.
const NOT_WRAPPED: [&str; 7] = [
    "CONTRIBUTING.md",
    "deploy/argocd/README.md",
    "deploy/README.md",
    "deploy/local/README.md",
    "docs/architecture.md",
    "docs/protocol.md",
    "tests/data/README.md",
];

/// Paths that the documents name already: the path, and the one that it still has until the tests are renamed.
const RENAMED_PATHS: [(&str, &str); 5] = [
    ("tests/simulation", "tests/fault_search"),
    ("tests/mutation", "tests/mutants"),
    ("tests/chaos", "tests/rounds"),
    ("tests/parser_properties", "tests/laws"),
    ("tests/cel_rules.rs", "tests/rules.rs"),
];

/// Reasons that the README names already: the one of `src/core`, and its new name, empty for a reason that disappears.
const RENAMED_REASONS: [(&str, &str); 3] =
    [("LeftoverNotDeleted", "OrphanNotDeleted"), ("SnapshotSuspect", "MassAbsence"), ("SlowAnswers", "")];

/// Words in `src/core` that look like reasons but are not: types and values of conditions, kinds, states of the cloud,
/// actions of events.
const NO_REASONS: [&str; 13] = [
    "Ready",
    "Synced",
    "Reconciling",
    "Stalled",
    "True",
    "False",
    "Unknown",
    "DliProject",
    "DliQueue",
    "EnhancedConnection",
    "ACTIVE",
    "Reconcile",
    "Delete",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files that belong to the repository, as paths from its root.
fn files() -> Vec<PathBuf> {
    let mut git = Command::new("git");
    match git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(root()).output() {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            let list = String::from_utf8(output.stdout).unwrap();
            list.lines().map(PathBuf::from).filter(|path| root().join(path).is_file()).collect()
        }
        // An archive of the sources.
        _ => walk(root()).into_iter().map(|path| path.strip_prefix(root()).unwrap().to_owned()).collect(),
    }
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap_or_default();
        if matches!(name, "target" | ".git" | ".local") {
            continue;
        }
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

fn documents() -> Vec<PathBuf> {
    files().into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// Words between quotes that are written like reasons, in `UpperCamelCase`, outside comments.
fn upper_camel_literals(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for word in line.split('"').skip(1).step_by(2) {
            let letters = word.chars().all(|c| c.is_ascii_alphabetic());
            if letters && word.starts_with(|c: char| c.is_ascii_uppercase()) && word.len() > 1 {
                found.insert(word.to_owned());
            }
        }
    }
    found
}

/// The words of code that rows of tables and items of lists in a section begin with.
fn entries(text: &str, heading: &str) -> BTreeSet<String> {
    let section = text.split_once(heading).unwrap().1;
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `").or_else(|| line.strip_prefix("- `")))
        .filter_map(|rest| rest.split_once('`'))
        .map(|(word, _)| word.to_owned())
        .collect()
}

#[test]
fn the_readme_lists_the_reasons_and_nothing_else() {
    let mut reasons = BTreeSet::new();
    for path in walk(&root().join("src/core")) {
        reasons.extend(upper_camel_literals(&fs::read_to_string(path).unwrap()));
    }
    reasons.retain(|word| !NO_REASONS.contains(&&**word));
    for (old, new) in RENAMED_REASONS {
        if reasons.remove(old) && !new.is_empty() {
            reasons.insert(new.to_owned());
        }
    }
    assert!(reasons.len() > 30, "only {reasons:?} found");
    let mut documented = entries(&read("README.md"), "\n## Conditions and reasons\n");
    documented.retain(|word| !matches!(&**word, "Ready" | "Synced" | "Reconciling" | "Stalled"));
    let missing: Vec<_> = reasons.difference(&documented).collect();
    let surplus: Vec<_> = documented.difference(&reasons).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "not in README.md: {missing:?}; in no condition: {surplus:?}");
}

#[test]
fn the_readme_lists_every_key_of_the_configuration() {
    let documented = entries(&read("README.md"), "\n## Configuration\n");
    let keys: BTreeSet<String> = KEYS.iter().map(|key| key.path.to_owned()).collect();
    assert_eq!(documented, keys);
}

/// Every metric that the README names is registered: the source has the part between its prefix and its unit.
#[test]
fn every_documented_metric_exists() {
    let source = read("src/controller/metrics.rs");
    let readme = read("README.md");
    let section = readme.split_once("\n## Metrics and health\n").unwrap().1.split("\n## ").next().unwrap();
    let names: Vec<&str> = section
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.starts_with("dli_operator_") || word.starts_with("process_"))
        .collect();
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        let name = name.split('{').next().unwrap();
        let stem =
            ["_seconds", "_bytes", "_total", "_info"].iter().fold(name, |stem, unit| stem.trim_end_matches(unit));
        let stem = stem.trim_start_matches("dli_operator_");
        assert!(source.contains(&format!("\"{stem}\"")), "{name} is not registered");
    }
}

/// The targets of the links of a document, without those in code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("    ") {
            continue;
        }
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
        links.extend(plain.split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned));
    }
    links
}

/// The anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>().replace(' ', "-")
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut broken = Vec::new();
    let mut count = 0;
    for document in documents() {
        for link in links(&read(&document)) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            count += 1;
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = match path {
                "" => document.clone(),
                path => document.parent().unwrap().join(path),
            };
            let target = normal(&target);
            if !root().join(&target).exists() {
                broken.push(format!("{}: {link}", document.display()));
            } else if !fragment.is_empty()
                && !read(&target).lines().any(|line| line.starts_with('#') && anchor(line) == fragment)
            {
                broken.push(format!("{}: {link}: no such heading", document.display()));
            }
        }
    }
    assert!(count > 20, "only {count} links found");
    assert!(broken.is_empty(), "{broken:#?}");
}

fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

/// Whether a word that a document puts between back-ticks is meant as a path of the repository.
fn is_path(word: &str) -> bool {
    let begins = ["src/", "tests/", "docs/", "deploy/", "crds/"].iter().any(|dir| word.starts_with(dir));
    begins && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
}

#[test]
fn every_path_that_a_document_names_exists() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = read(&document);
        let words = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
        for word in words.filter(|word| is_path(word)) {
            let old = RENAMED_PATHS.iter().find(|(new, _)| *new == word).map(|(_, old)| *old);
            if !root().join(word).exists() && !old.is_some_and(|old| root().join(old).exists()) {
                broken.push(format!("{}: {word}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The samples that the README shows are those of `deploy/samples`.
#[test]
fn the_readme_shows_the_samples_as_they_are() {
    let readme = read("README.md");
    let samples = [read("deploy/samples/minimal.yaml"), read("deploy/samples/getting-started.yaml")].join("\n---\n");
    let shown: Vec<&str> = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(shown.len() >= 2);
    for yaml in shown {
        for document in yaml.split("---\n") {
            assert!(samples.contains(document.trim_end()), "in no sample:\n{document}");
        }
    }
}

/// Code blocks are exempt, and so is a line that ends in one long word, such as a URL.
#[test]
fn markdown_is_wrapped() {
    let mut long = Vec::new();
    for document in documents().into_iter().filter(|path| !NOT_WRAPPED.iter().any(|name| path == Path::new(name))) {
        let mut fenced = false;
        for (number, line) in read(&document).lines().enumerate() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            }
            if fenced || line.starts_with("    ") || line.chars().count() <= COLUMNS {
                continue;
            }
            if line.chars().skip(80).any(|c| c == ' ') {
                long.push(format!("{}:{}", document.display(), number + 1));
            }
        }
    }
    assert!(long.is_empty(), "longer than {COLUMNS} columns: {long:#?}");
}

#[test]
fn no_file_names_a_machine() {
    // Put together, so that this file does not name them either.
    let home = ["/ho", "me/"].concat();
    let names = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["/tmp/", "wt"].concat(), ["/Use", "rs/"].concat()];
    let mut found = Vec::new();
    for path in files() {
        let Ok(text) = String::from_utf8(fs::read(root().join(&path)).unwrap()) else { continue };
        for (number, line) in text.lines().enumerate() {
            if names.iter().chain([&home]).any(|name| line.contains(name.as_str())) {
                found.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
