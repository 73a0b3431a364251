//! Does the search bite? Bugs are planted in a copy of the source, all of them at once behind a switch, and the fault
//! search is built over that copy and has to find each.
//!
//! The copy is below `target`; the source itself knows nothing of mutants. A mutant whose place is not found exactly once
//! fails the test: it has to follow the code.
//!
//! `MUTANTS_ONLY=words|words` hunts those whose name has the words; `MUTANTS_PROFILE=search` builds the copy faster the second time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub, missing_docs)]

mod list;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use list::mutants;

/// The switch, in the copy.
const SWITCH: &str = "//! Which bug is in force in this thread.

use std::cell::Cell;

thread_local! {
    static ON: Cell<usize> = const { Cell::new(usize::MAX) };
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

/// The copy with all mutants in it.
fn plant(repository: &Path, place: &Path) {
    let _ = fs::remove_dir_all(place.join("src"));
    let _ = fs::remove_dir_all(place.join("tests"));
    copy(&repository.join("src"), &place.join("src"));
    copy(&repository.join("tests/fault_search"), &place.join("tests/fault_search"));
    copy(&repository.join("benches"), &place.join("benches"));
    fs::remove_file(place.join("src/main.rs")).unwrap();
    for (index, mutant) in mutants().enumerate() {
        let path = place.join("src").join(mutant.file);
        let source = fs::read_to_string(&path).unwrap();
        let found = source.matches(mutant.find).count();
        assert_eq!(found, 1, "{}: its place is found {found} times in {}", mutant.name, mutant.file);
        let bug = mutant.replace.replace("ON", &format!("crate::mutant::on({index})"));
        fs::write(&path, source.replacen(mutant.find, &bug, 1)).unwrap();
    }
    let library = place.join("src/lib.rs");
    let source = fs::read_to_string(&library).unwrap();
    fs::write(&library, format!("{source}\npub mod mutant;\n")).unwrap();
    fs::write(place.join("src/mutant.rs"), SWITCH).unwrap();
    let search = place.join("tests/fault_search/main.rs");
    let source = fs::read_to_string(&search).unwrap();
    fs::write(&search, format!("{source}\nmod hunt;\n")).unwrap();
    fs::copy(repository.join("tests/mutants/hunt.rs"), place.join("tests/fault_search/hunt.rs")).unwrap();
    let lines: Vec<String> = mutants().map(|mutant| [mutant.name, mutant.found_by].join("\t")).collect();
    fs::write(place.join("tests/fault_search/mutants.txt"), lines.join("\n")).unwrap();
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
fn the_search_finds_every_planted_bug() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let place = target.join("mutants");
    plant(repository, &place);
    let status = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["test", "--offline", "--test", "fault_search", "--profile"])
        .arg(env::var_os("MUTANTS_PROFILE").unwrap_or_else(|| "release".into()))
        .arg("--target-dir")
        .arg(&target)
        .args(["--", "--nocapture", "every_mutant_is_killed"])
        .current_dir(&place)
        .env_remove("FAULT_SEARCH")
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the mutants are not all killed, or their copy is not built: see above");
}
