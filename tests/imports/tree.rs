//! The modules of all files, and where a path leads among them.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Source,
    parse::{Mention, Module, Path, module_of, parse},
};

/// How many names in a row may stand for another one.
const STEPS: usize = 16;

/// All modules and their imports.
pub(crate) struct Tree {
    modules: BTreeMap<Path, (String, Module)>,
    mentions: Vec<(String, Mention)>,
}

/// Which files each file imports from.
pub(crate) type Imports = BTreeMap<String, BTreeSet<String>>;

impl Tree {
    /// Reads all sources. `main.rs` is another crate and is left out.
    pub(crate) fn of(sources: &[Source]) -> Self {
        let mut tree = Self { modules: BTreeMap::new(), mentions: Vec::new() };
        for (name, text) in sources.iter().filter(|(name, _)| name != "main.rs") {
            let file = parse(name, text);
            tree.modules.extend(file.modules.into_iter().map(|(path, module)| (path, (name.clone(), module))));
            tree.mentions.extend(file.mentions.into_iter().map(|mention| (name.clone(), mention)));
        }
        tree
    }

    /// Of made-up sources. A folder whose parent file is left out has an empty one.
    pub(crate) fn made_up(files: &[(&str, &str)]) -> Self {
        let mut sources: Vec<Source> = files.iter().map(|(file, text)| ((*file).into(), (*text).into())).collect();
        let there: BTreeSet<Path> = files.iter().map(|(file, _)| module_of(file)).collect();
        let above = |path: &Path| (1..path.len()).map(|length| path[..length].to_vec()).collect::<Vec<_>>();
        let parents: BTreeSet<Path> = there.iter().flat_map(above).collect();
        sources.extend(parents.difference(&there).map(|path| (format!("{}/mod.rs", path.join("/")), String::new())));
        Self::of(&sources)
    }

    /// The files that were read.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.modules.values().map(|(file, _)| file.as_str())
    }

    /// Which files the files of one module of the library import from, each in the same module.
    ///
    /// What a file passes on by name from the modules within it is no import: others import that from where it is
    /// defined. With a star nobody sees what the file takes for itself, so that counts.
    pub(crate) fn imports(&self, module: &str) -> Imports {
        let is_of = |file: &str| module_of(file).first().is_some_and(|first| first == module);
        let mut imports = Imports::new();
        for (file, mention) in self.mentions.iter().filter(|(file, _)| is_of(file)) {
            let target = self.file_of(&mention.module, &mention.path, STEPS);
            let target = target.filter(|target| is_of(target) && target != file);
            let target = target.filter(|target| !mention.passed_on || !module_of(target).starts_with(&mention.module));
            if let Some(target) = target {
                imports.entry(file.clone()).or_default().insert(target.to_owned());
            }
        }
        imports
    }

    /// The file in which the thing at the end of a path is defined, if it is one of ours.
    fn file_of(&self, module: &[String], path: &[String], steps: usize) -> Option<&str> {
        let steps = steps.checked_sub(1)?;
        if let Some(path) = absolute(module, path) {
            return self.walk(Path::new(), &path, steps);
        }
        // In plain code a single word may well be a variable, so modules are looked for in longer paths only.
        let (first, rest) = path.split_first()?;
        let child = [module, std::slice::from_ref(first)].concat();
        if !rest.is_empty() && self.modules.contains_key(&child) {
            return self.walk(child, rest, steps);
        }
        self.brought_in(module, first, rest, steps)
    }

    /// Follows a path from a module down, and through names that stand for something elsewhere.
    fn walk(&self, mut module: Path, path: &[String], steps: usize) -> Option<&str> {
        let mut rest = path;
        while let Some((first, after)) = rest.split_first() {
            let child = [&*module, std::slice::from_ref(first)].concat();
            if !self.modules.contains_key(&child) {
                if let Some(file) = self.brought_in(&module, first, after, steps) {
                    return Some(file);
                }
                break;
            }
            (module, rest) = (child, after);
        }
        self.modules.get(&module).map(|(file, _)| file.as_str())
    }

    /// Where a name leads that a `use` line brought into a module.
    fn brought_in(&self, module: &[String], name: &String, rest: &[String], steps: usize) -> Option<&str> {
        let (_, here) = self.modules.get(module)?;
        if let Some(path) = here.names.get(name) {
            return self.file_of(module, &[path, rest].concat(), steps);
        }
        if here.defined.contains(name) {
            return None;
        }
        here.globs.iter().find_map(|glob| self.defined_in(module, glob, name, steps))
    }

    /// The file that defines a name, looked for where a `use` line with a star points.
    fn defined_in(&self, module: &[String], glob: &[String], name: &String, steps: usize) -> Option<&str> {
        let steps = steps.checked_sub(1)?;
        let target = absolute(module, glob).unwrap_or_else(|| [module, glob].concat());
        let (file, there) = self.modules.get(&target)?;
        if there.defined.contains(name) {
            return Some(file);
        }
        self.brought_in(&target, name, &[], steps)
    }
}

/// A path from the root of the crate, where the path says where it begins.
pub(crate) fn absolute(module: &[String], path: &[String]) -> Option<Path> {
    let (first, mut rest) = path.split_first()?;
    let mut base = match first.as_str() {
        "crate" | "dli_operator" => &[],
        "self" => module,
        "super" => module.split_last()?.1,
        _ => return None,
    };
    while let Some(("super", after)) = rest.split_first().map(|(first, after)| (first.as_str(), after)) {
        (base, rest) = (base.split_last()?.1, after);
    }
    Some([base, rest].concat())
}
