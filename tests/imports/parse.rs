//! What one file says about modules.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{code, is_word, tokens};

/// A path. That of a module begins at the root of the crate.
pub(crate) type Path = Vec<String>;

/// A module: a file, or a `mod` with a body inside one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Module {
    /// What it defines itself.
    pub(crate) defined: BTreeSet<String>,
    /// What its `use` lines bring in: the name here, and the path it stands for.
    pub(crate) names: BTreeMap<String, Path>,
    /// Where its `use` lines end in a star.
    pub(crate) globs: Vec<Path>,
}

/// A path that a file mentions.
#[derive(Clone, Debug)]
pub(crate) struct Mention {
    /// The module in which it stands.
    pub(crate) module: Path,
    /// What is written.
    pub(crate) path: Path,
    /// Whether it only passes one thing on: `pub use`.
    pub(crate) passed_on: bool,
}

/// One file.
#[derive(Debug)]
pub(crate) struct File {
    /// The modules in it; the first is the file itself.
    pub(crate) modules: Vec<(Path, Module)>,
    /// The paths in it.
    pub(crate) mentions: Vec<Mention>,
}

/// The module that a file is, from its path below `src`.
pub(crate) fn module_of(file: &str) -> Path {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { Path::new() } else { path.split('/').map(ToOwned::to_owned).collect() }
}

/// Reads a file.
pub(crate) fn parse(file: &str, text: &str) -> File {
    let code = code(text);
    let tokens = tokens(&code);
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
        open: vec![(0, 0)],
        file: File { modules: vec![(module_of(file), Module::default())], mentions: Vec::new() },
    };
    parser.run();
    parser.file
}

struct Parser<'a> {
    tokens: &'a [&'a str],
    at: usize,
    /// How many braces are open.
    depth: usize,
    /// The modules that are open: their index, and the depth at which each begins.
    open: Vec<(usize, usize)>,
    file: File,
}

impl Parser<'_> {
    fn token(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn module(&mut self) -> &mut (Path, Module) {
        let index = self.open.last().map_or(0, |(index, _)| *index);
        &mut self.file.modules[index]
    }

    fn mention(&mut self, path: Path, passed_on: bool) {
        let module = self.module().0.clone();
        self.file.mentions.push(Mention { module, path, passed_on });
    }

    fn run(&mut self) {
        let mut public = false;
        while self.at < self.tokens.len() {
            let was_public = std::mem::take(&mut public);
            match self.token(0) {
                "pub" => {
                    public = true;
                    // `pub(in super::super)` says who may see something, and imports nothing.
                    let close = self.tokens[self.at..].iter().position(|token| *token == ")");
                    self.at += if self.token(1) == "(" { close.unwrap_or_default() + 1 } else { 1 };
                }
                "use" if self.token(1) != "<" => {
                    self.at += 1;
                    self.use_tree(&Path::new(), was_public);
                }
                "mod" if self.token(2) == "{" => {
                    let mut path = self.module().0.clone();
                    path.push(self.token(1).to_owned());
                    self.open.push((self.file.modules.len(), self.depth));
                    self.file.modules.push((path, Module::default()));
                    self.at += 2;
                }
                "mod" if self.token(2) == ";" => self.at += 3,
                "struct" | "enum" | "union" | "trait" | "type" | "fn" | "const" | "static" => {
                    let name = self.token(1).to_owned();
                    self.module().1.defined.insert(name);
                    self.at += 1;
                }
                "macro_rules" => {
                    let name = self.token(2).to_owned();
                    self.module().1.defined.insert(name);
                    self.at += 3;
                }
                "{" => {
                    self.depth += 1;
                    self.at += 1;
                }
                "}" => {
                    self.depth = self.depth.saturating_sub(1);
                    self.open.retain(|(index, depth)| *index == 0 || *depth < self.depth);
                    self.at += 1;
                }
                token if is_word(token) => self.path(),
                _ => self.at += 1,
            }
        }
    }

    /// A path in plain code. A single word may be a name that was brought in.
    fn path(&mut self) {
        let before = self.at.checked_sub(1).map_or("", |before| self.tokens[before]);
        let mut path = vec![self.token(0).to_owned()];
        self.at += 1;
        while self.token(0) == "::" && is_word(self.token(1)) {
            path.push(self.token(1).to_owned());
            self.at += 2;
        }
        // The field of something, the rest of another path, a lifetime, or the parameter of a macro.
        if !matches!(before, "." | "::" | "'") && (before != "$" || path[0] == "crate") {
            self.mention(path, false);
        }
    }

    /// What follows `use`, or stands within its braces.
    fn use_tree(&mut self, prefix: &Path, public: bool) {
        let mut path = prefix.clone();
        loop {
            match self.token(0).to_owned().as_str() {
                // From the root of all crates: nothing of ours.
                "::" if path.is_empty() => path.push(String::new()),
                "::" => {}
                "{" => {
                    self.at += 1;
                    while !matches!(self.token(0), "}" | "") {
                        self.use_tree(&path, public);
                        if self.token(0) != "}" {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                "*" => {
                    self.at += 1;
                    self.module().1.globs.push(path.clone());
                    return self.mention(path, false);
                }
                "as" => {
                    let alias = self.token(1).to_owned();
                    self.at += 2;
                    return self.bring_in(alias, path, public);
                }
                // `{self}` is what stands before the brace.
                "self" if !path.is_empty() => {}
                token if is_word(token) => path.push(token.to_owned()),
                "," | "}" | ";" | "" => {
                    let name = path.last().cloned().unwrap_or_default();
                    return self.bring_in(name, path, public);
                }
                // The parameter of a macro: nobody knows what it will be.
                _ => {
                    while !matches!(self.token(0), "," | "}" | ";" | "") {
                        self.at += 1;
                    }
                    return;
                }
            }
            self.at += 1;
        }
    }

    fn bring_in(&mut self, name: String, path: Path, public: bool) {
        if self.token(0) == ";" {
            self.at += 1;
        }
        // A crate, or a macro under the name it already has.
        if path.len() > 1 || path.first() != Some(&name) {
            self.module().1.names.insert(name, path.clone());
        }
        self.mention(path, public);
    }
}
