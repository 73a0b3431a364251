//! Checks the documents against the code, as far as a program can.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

use dli_operator::{controller::config::KEYS, core::Reason};

/// Longest line of Markdown, in characters.
const COLUMNS: usize = 120;

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

/// `docs/reasons.md`, as the table of reasons has it.
fn reasons_document() -> String {
    let head = "Every reason of a condition or an event, from the table in `src/core/conditions/reason.rs`. After a change of \
                that table, `UPDATE_DOCS=1 cargo test --test docs` writes this file anew.";
    let mut text = format!("# Reasons\n\n{}", wrapped(head, ""));
    for entry in Reason::ALL {
        let types = match entry.types {
            "event" => "none; it is the reason of an Event".to_owned(),
            types => types.split(", ").map(|type_| format!("`{type_}`")).collect::<Vec<_>>().join(", "),
        };
        text.extend(["\n### ", entry.name, "\n\n"]);
        for line in [
            format!("- Condition types: {types}"),
            format!("- Meaning: {}", entry.meaning),
            format!("- What to do: {}", entry.remedy),
        ] {
            text.push_str(&wrapped(&line, "  "));
        }
    }
    text
}

/// A text in lines of at most [`COLUMNS`] characters; the lines after the first are indented.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= COLUMNS {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_reasons_are_documented_as_they_are_defined() {
    let path = root().join("docs/reasons.md");
    let expected = reasons_document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let hint = "docs/reasons.md is not what src/core/conditions/reason.rs says: UPDATE_DOCS=1 cargo test --test docs";
    assert!(fs::read_to_string(&path).is_ok_and(|text| text == expected), "{hint}");
}

/// The README explains the reasons that users meet first.
#[test]
fn the_readme_names_only_reasons_that_exist() {
    let known: BTreeSet<&str> = Reason::ALL.iter().map(|entry| entry.name).collect();
    assert!(known.len() > 30, "only {known:?}");
    let mut documented = entries(&read("README.md"), "\n## Conditions and reasons\n");
    documented.retain(|word| !matches!(&**word, "Ready" | "Synced" | "Reconciling" | "Stalled"));
    let surplus: Vec<_> = documented.iter().filter(|word| !known.contains(&***word)).collect();
    assert!(documented.len() >= 10, "only {documented:?}");
    assert!(surplus.is_empty(), "in no condition: {surplus:?}");
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
            if !root().join(word).exists() {
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
    for document in documents() {
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

/// A rule of `docs/protocol.md`: its id, and its parts.
struct Rule {
    id: String,
    parts: Vec<String>,
}

/// The labels of the parts of a rule, in their order.
const PARTS: [&str; 5] = ["Situation: ", "Rule: ", "Because: ", "Code: ", "Test: "];

/// Most words of a rule.
const MOST_WORDS: usize = 80;

/// The rules, in the order of the document.
fn rules() -> Vec<Rule> {
    let text = read("docs/protocol.md");
    let sections = text.split("\n### P-").skip(1);
    let rule = |section: &str| {
        let section = section.split("\n## ").next().unwrap();
        let (heading, body) = section.split_once('\n').unwrap();
        let parts = body.split("\n- ").skip(1).map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
        Rule { id: format!("P-{}", heading.split(' ').next().unwrap()), parts: parts.collect() }
    };
    sections.map(rule).collect()
}

/// Ids of rules (`P`) or limits (`L`) in a text: a letter, words and a number, joined by hyphens.
fn ids(text: &str, letter: char) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_id = |word: &&str| {
        let mut parts = word.split('-');
        parts.next() == Some(letter.to_string().as_str())
            && parts.next().is_some_and(|kind| !kind.is_empty() && kind.chars().all(|c| c.is_ascii_lowercase()))
            && parts.next().is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
            && parts.next().is_none()
    };
    words.filter(is_id).map(str::to_owned).collect()
}

/// Ids that the sources and the tests cite, without this file.
fn cited(letter: char) -> BTreeSet<String> {
    let own = Path::new("tests/docs.rs");
    let sources = files().into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs") && path != own);
    let below = |path: &PathBuf| path.starts_with("src") || path.starts_with("tests");
    sources.filter(below).flat_map(|path| ids(&read(path), letter)).collect()
}

#[test]
fn every_rule_has_its_place_in_the_code_and_the_protocol() {
    let rules: Vec<String> = rules().into_iter().map(|rule| rule.id).collect();
    let documented: BTreeSet<String> = rules.iter().cloned().collect();
    assert_eq!(documented.len(), rules.len(), "an id stands twice: {rules:?}");
    let cited = cited('P');
    let missing: Vec<_> = cited.difference(&documented).collect();
    let unused: Vec<_> = documented.difference(&cited).collect();
    assert!(documented.len() > 30, "only {documented:?} found");
    assert!(missing.is_empty() && unused.is_empty(), "no such rule: {missing:?}; cited nowhere: {unused:?}");
    let named = ids(&read("docs/protocol.md"), 'P');
    let dangling: Vec<_> = named.difference(&documented).collect();
    assert!(dangling.is_empty(), "named by another rule, and not there: {dangling:?}");
}

#[test]
fn every_limit_that_is_cited_is_documented_once() {
    let text = read("docs/protocol.md");
    let item = |line: &str| {
        line.strip_prefix("- **L-").and_then(|rest| rest.split_once("**: ")).map(|(id, _)| format!("L-{id}"))
    };
    let listed: Vec<String> = text.lines().filter_map(item).collect();
    let documented: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(documented.len(), listed.len(), "an id stands twice: {listed:?}");
    let missing: Vec<_> = cited('L').into_iter().chain(ids(&text, 'L')).filter(|id| !documented.contains(id)).collect();
    assert!(missing.is_empty(), "no such limit: {missing:?}");
}

/// What a part of a rule puts between back-ticks: a path, or a word of the file or folder that was named before it. Where
/// none was, it is a scenario.
#[test]
fn every_rule_names_code_and_tests_that_exist() {
    let mut faults = Vec::new();
    for Rule { id, parts } in rules() {
        let labels = parts.iter().zip(PARTS).filter(|(part, label)| part.starts_with(label)).count();
        if parts.len() != PARTS.len() || labels != PARTS.len() {
            faults.push(format!("{id}: its parts are not {PARTS:?}"));
            continue;
        }
        let words: usize = parts.iter().map(|part| part.split(' ').count()).sum();
        if words > MOST_WORDS {
            faults.push(format!("{id}: {words} words"));
        }
        for part in &parts[3..] {
            let mut place = "tests/simulation/scenarios";
            for (at, word) in part.split('`').enumerate() {
                if at % 2 == 0 {
                    if word.contains("scenario") {
                        place = "tests/simulation/scenarios";
                    } else if word.contains("fault") {
                        place = "tests/simulation/faults.rs";
                    } else if word.contains("mutant") {
                        place = "src";
                    }
                } else if is_path(word) {
                    place = word;
                } else if !is_there(word, place) {
                    faults.push(format!("{id}: {word} is not in {place}"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Whether a file or a folder has a word. `src` has mutants, by their markers.
fn is_there(word: &str, place: &str) -> bool {
    match place {
        "src" => {
            let text = text_of("src");
            text.lines().any(|line| line.trim() == format!("// mutant: {word}"))
        }
        place => text_of(place).contains(word),
    }
}

/// The text of a file, or of all files in a folder.
fn text_of(place: &str) -> String {
    let path = root().join(place);
    let paths = if path.is_dir() { walk(&path) } else { vec![path] };
    paths.into_iter().filter_map(|path| fs::read_to_string(path).ok()).collect::<Vec<_>>().join("\n")
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
