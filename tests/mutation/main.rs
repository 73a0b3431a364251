//! Mutation testing: bugs are planted in a copy of the source, all of them at once behind a switch. The simulation is built
//! over that copy and has to find each, but for those that unit tests of the copy have to find.
//!
//! The copy is below `target`. A comment `// mutant: MARKER` in the source marks the place of a mutant; a mutant whose
//! place is not found exactly once fails the test.
//!
//! `MUTANTS_ONLY=words|words` tries those whose name has the words; `MUTANTS_PROFILE=search` builds the copy faster the second time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

mod list;

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use list::{Mutant, mutants};

/// The switch, in the copy.
const SWITCH: &str = "//! Which bug is in force in this thread.

use std::cell::Cell;

thread_local! {
    static ON: Cell<usize> = Cell::new(std::env::var(\"MUTANT\").ok().and_then(|n| n.parse().ok()).unwrap_or(usize::MAX));
}

/// Puts one in force.
pub fn choose(mutant: usize) {
    ON.set(mutant);
}

/// Whether it is this one.
pub(crate) fn on(mutant: usize) -> bool {
    ON.get() == mutant
}
";

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            write(&target, &fs::read(entry.path()).unwrap());
        }
    }
}

/// Writes what differs, so that what is the same is not built again.
fn write(path: &Path, content: &[u8]) {
    if fs::read(path).ok().as_deref() != Some(content) {
        fs::write(path, content).unwrap();
    }
}

/// The files that mutants change, with all mutants in them. Each place is looked for in the text without mutants; they
/// are planted from the last one on, so that those before it stay where they were found.
fn mutated(files: &BTreeMap<PathBuf, String>) -> Result<BTreeMap<PathBuf, String>, String> {
    let mut edits: Vec<(&Path, usize, &Mutant, usize)> = Vec::new();
    for (index, mutant) in mutants().enumerate() {
        let (path, at) = place_of(mutant, files).map_err(|problem| format!("{}: {problem}", mutant.name))?;
        edits.push((path, at, mutant, index));
    }
    edits.sort_by_key(|(path, at, ..)| (*path, *at));
    let mut changed: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut begin = ("".as_ref(), 0);
    for (path, at, mutant, index) in edits.into_iter().rev() {
        if begin.0 == path && at + mutant.find.len() > begin.1 {
            return Err(format!("{}: another mutant changes the same text", mutant.name));
        }
        begin = (path, at);
        let text = changed.entry(path.to_owned()).or_insert_with(|| files[path].clone());
        let bug = mutant.replace.replace("ON", &format!("crate::mutant::on({index})"));
        text.replace_range(at..at + mutant.find.len(), &bug);
    }
    Ok(changed)
}

/// All Rust files below a folder, with their text.
fn sources(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            files.insert(path, text);
        }
    }
    files
}

/// File and offset of the text that a mutant replaces.
fn place_of<'a>(mutant: &Mutant, files: &'a BTreeMap<PathBuf, String>) -> Result<(&'a Path, usize), String> {
    let line = format!("// mutant: {}", mutant.marker);
    let all = files.iter().flat_map(|(path, text)| marked(text, &line).map(move |from| (path, from)));
    let [(path, from)] = all.collect::<Vec<_>>()[..] else {
        return Err(format!("`{line}` does not stand on exactly one line of the source"));
    };
    match after(&files[path][from..]).match_indices(mutant.find).collect::<Vec<_>>()[..] {
        [(at, _)] => Ok((path, from + at)),
        ref found => Err(format!("its place is found {} times after `{line}`", found.len())),
    }
}

/// Offsets behind the lines that are this marker.
fn marked(text: &str, marker: &str) -> impl Iterator<Item = usize> {
    let lines = text.split_inclusive('\n').scan(0, |at, line| {
        *at += line.len();
        Some((*at, line))
    });
    lines.filter(move |(_, line)| line.trim() == marker).map(|(at, _)| at)
}

/// The lines in which the text of a marked mutant has to be.
fn after(text: &str) -> &str {
    const LINES: usize = 12;
    let end = text.match_indices('\n').nth(LINES - 1).map_or(text.len(), |(at, _)| at + 1);
    &text[..end]
}

/// The copy with all mutants in it.
fn plant(repository: &Path, place: &Path) {
    let _ = fs::remove_dir_all(place.join("src"));
    let _ = fs::remove_dir_all(place.join("tests"));
    copy(&repository.join("src"), &place.join("src"));
    copy(&repository.join("tests/simulation"), &place.join("tests/simulation"));
    copy(&repository.join("benches"), &place.join("benches"));
    // A unit test reads it.
    fs::create_dir_all(place.join("deploy")).unwrap();
    let example = "deploy/config.example.yaml";
    fs::copy(repository.join(example), place.join(example)).unwrap();
    fs::remove_file(place.join("src/main.rs")).unwrap();
    let src = place.join("src");
    for (path, text) in mutated(&sources(&src)).unwrap_or_else(|problem| panic!("{problem}")) {
        fs::write(path, text).unwrap();
    }
    let library = place.join("src/lib.rs");
    let source = fs::read_to_string(&library).unwrap();
    fs::write(&library, format!("{source}\npub mod mutant;\n")).unwrap();
    fs::write(place.join("src/mutant.rs"), SWITCH).unwrap();
    let search = place.join("tests/simulation/main.rs");
    let source = fs::read_to_string(&search).unwrap();
    fs::write(&search, format!("{source}\nmod hunt;\n")).unwrap();
    fs::copy(repository.join("tests/mutation/hunt.rs"), place.join("tests/simulation/hunt.rs")).unwrap();
    let lines: Vec<String> = mutants().map(|mutant| [mutant.name, mutant.found_by].join("\t")).collect();
    fs::write(place.join("tests/simulation/mutants.txt"), lines.join("\n")).unwrap();
    // Without the program: it would be put in the place of the real one.
    let manifest = fs::read_to_string(repository.join("Cargo.toml")).unwrap();
    let bin = "[[bin]]\nname = \"dli-operator\"\npath = \"src/main.rs\"\n";
    assert!(manifest.contains(bin), "Cargo.toml names the program otherwise");
    // Under another name: what is built of it lies beside what is built of the real one.
    let manifest = manifest.replace(bin, "").replace("default-run = \"dli-operator\"\n", "").replacen(
        "name = \"dli-operator\"",
        "name = \"dli-operator-mutants\"",
        1,
    );
    write(&place.join("Cargo.toml"), format!("{manifest}\n[workspace]\n").as_bytes());
    write(&place.join("Cargo.lock"), &fs::read(repository.join("Cargo.lock")).unwrap());
    write(&place.join("README.md"), &fs::read(repository.join("README.md")).unwrap());
}

#[test]
#[ignore = "builds a copy of the source; make test runs it in an optimised build"]
fn the_simulation_finds_every_mutant() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let place = target.join("mutants");
    plant(repository, &place);
    let cargo_test = |chosen: &[&str]| {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["test", "--offline", "--profile"]);
        command.arg(env::var_os("MUTANTS_PROFILE").unwrap_or_else(|| "release".into()));
        command.arg("--target-dir").arg(&target).args(chosen).current_dir(&place).env_remove("SIMULATION");
        command
    };
    let status = cargo_test(&["--test", "simulation", "--", "--nocapture", "every_mutant_is_killed"]).status();
    let mut survivors = unit_survivors(cargo_test);
    if !status.expect("cargo runs").success() {
        survivors.push("some in the simulation, or their copy is not built: see above");
    }
    assert!(survivors.is_empty(), "the mutants are not all killed: {survivors:#?}");
}

/// Mutants that the unit tests of their module, in the copy, do not find.
fn unit_survivors(cargo_test: impl Fn(&[&str]) -> Command) -> Vec<&'static str> {
    let only = env::var("MUTANTS_ONLY").ok();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only.split('|').any(|words| name.contains(words)));
    let passes = |module: &str, number: Option<usize>| {
        let mut command = cargo_test(&["--quiet", "--lib", "--", module]);
        command.envs(number.map(|number| ("MUTANT", number.to_string())));
        let output = command.output().expect("cargo runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let ran = text.contains("test result:") && !text.contains(" 0 passed; 0 failed");
        assert!(ran, "no unit test of {module} runs: {text}{}", String::from_utf8_lossy(&output.stderr));
        output.status.success()
    };
    let mut survivors = Vec::new();
    let mut sound = BTreeMap::new();
    for (number, mutant) in mutants().enumerate() {
        let Some(module) = mutant.found_by.strip_prefix("unit ").filter(|_| wanted(mutant.name)) else { continue };
        assert!(*sound.entry(module).or_insert_with(|| passes(module, None)), "{module} fails without mutants");
        let survives = passes(module, Some(number));
        println!("{}: {}", mutant.name, if survives { "NOTHING" } else { module });
        survivors.extend(survives.then_some(mutant.name));
    }
    survivors
}

#[test]
fn every_mutant_has_its_own_place() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    if let Err(problem) = mutated(&sources(&src)) {
        panic!("{problem}");
    }
}

#[test]
fn a_marker_is_alone_on_its_line_and_near() {
    let mutant = |find| Mutant { name: "", marker: "here", find, replace: "", found_by: "" };
    let far = "\n".repeat(12);
    let text = format!("a();\n    // mutant: here\n    b(c());\n    d();{far}e();\n");
    let files = |texts: &[&str]| -> BTreeMap<PathBuf, String> {
        texts.iter().enumerate().map(|(n, text)| (PathBuf::from(format!("{n}.rs")), (*text).to_owned())).collect()
    };
    let place = |find, texts: &[&str]| {
        let files = files(texts);
        place_of(&mutant(find), &files).map(|(path, at)| files[path][at..].chars().take(4).collect::<String>())
    };
    assert_eq!(place("c()", &["", &text]), Ok("c());".chars().take(4).collect()));
    assert_eq!(place("d();", &[&text]), Ok("d();".to_owned()));
    for (find, texts) in [
        ("a();", vec![&*text]),
        ("e();", vec![&*text]),
        ("()", vec![&*text]),
        ("d();", vec![&*text, &*text]),
        ("d();", vec!["// mutant: here d();", "x // mutant: here\nd();", "// mutant: here-too\nd();"]),
    ] {
        assert!(place(find, &texts).is_err(), "{find}");
    }
}
