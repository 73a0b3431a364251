//! Reads one section of the file key by key and collects what is wrong instead of stopping at it.

use std::{fmt::Display, net::SocketAddr};

use serde_json::{Map, Value};

use crate::core::Millis;

use super::keys::KEYS;

/// One thing that is wrong in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Path of the key, such as `timing.callTimeout`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, and what to do.
    pub text: String,
}

/// A mapping of the file.
pub(super) struct Section<'p> {
    path: String,
    values: Map<String, Value>,
    problems: &'p mut Vec<Problem>,
}

impl<'p> Section<'p> {
    pub(super) fn root(value: Value, problems: &'p mut Vec<Problem>) -> Self {
        Self::new(String::new(), value, problems)
    }

    fn new(path: String, value: Value, problems: &'p mut Vec<Problem>) -> Self {
        let values = match value {
            Value::Object(values) => values,
            Value::Null => Map::new(),
            other => {
                let text = format!("must be a mapping of keys to values, not {}", describe(&other));
                problems.push(Problem { path: path.clone(), text });
                Map::new()
            }
        };
        Self { path, values, problems }
    }

    /// A section within this one; empty when it is absent.
    pub(super) fn section(&mut self, key: &str) -> Section<'_> {
        let value = self.values.remove(key).unwrap_or_default();
        Section::new(self.path_of(key), value, self.problems)
    }

    /// Keys that have not been read yet.
    pub(super) fn remaining(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    pub(super) fn problem(&mut self, key: &str, text: impl Display) {
        let path = self.path_of(key);
        self.problems.push(Problem { path, text: text.to_string() });
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A value that is there and not null.
    fn take(&mut self, key: &str) -> Option<Value> {
        self.values.remove(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if !text.is_empty() => Some(text),
            other => {
                self.problem(key, format_args!("must be a text, not {}", describe(&other)));
                None
            }
        }
    }

    pub(super) fn choice(&mut self, key: &str, allowed: &[&str]) -> Option<usize> {
        let text = self.text(key)?;
        let found = allowed.iter().position(|word| *word == text);
        if found.is_none() {
            self.problem(key, format_args!("must be {}, not {text:?}", allowed.join(" or ")));
        }
        found
    }

    pub(super) fn number(&mut self, key: &str, default: u64, least: u64, most: u64) -> u64 {
        let Some(value) = self.take(key) else { return default };
        match value.as_u64() {
            Some(number) if (least..=most).contains(&number) => number,
            _ => {
                self.problem(
                    key,
                    format_args!("must be a whole number from {least} to {most}, not {}", describe(&value)),
                );
                default
            }
        }
    }

    pub(super) fn duration(&mut self, key: &str, default: Millis, least: Millis, most: Millis) -> Millis {
        let Some(value) = self.take(key) else { return default };
        match value.as_str().and_then(parse_duration) {
            Some(millis) if (least..=most).contains(&millis) => millis,
            Some(_) => {
                let (least, most) = (print_duration(least), print_duration(most));
                self.problem(key, format_args!("must be from {least} to {most}, not {}", describe(&value)));
                default
            }
            None => {
                self.problem(
                    key,
                    format_args!("must be a duration such as 500ms, 20s or 4m, not {}", describe(&value)),
                );
                default
            }
        }
    }

    pub(super) fn address(&mut self, key: &str, default: SocketAddr) -> SocketAddr {
        let Some(text) = self.text(key) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.problem(key, format_args!("must be an IP address and a port such as 127.0.0.1:8080, not {text:?}"));
            default
        })
    }

    /// The name of a Kubernetes object or namespace.
    pub(super) fn name(&mut self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        if is_name(&text) {
            return Some(text);
        }
        self.problem(
            key,
            format_args!("must be a Kubernetes name (a-z, 0-9 and -, at most 63 characters), not {text:?}"),
        );
        None
    }

    pub(super) fn names(&mut self, key: &str) -> Vec<String> {
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.problem(key, format_args!("must be a list of namespaces, not {}", describe(&other)));
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            match item.as_str() {
                Some(name) if is_name(name) => names.push(name.to_owned()),
                _ => {
                    let text = format!("must be the name of a namespace, not {}", describe(&item));
                    self.problem(&format!("{key}[{index}]"), text);
                }
            }
        }
        // Watching one twice would be two opinions on when an object is gone.
        names.sort();
        names.dedup();
        names
    }

    pub(super) fn log_level(&mut self, key: &str) -> Option<String> {
        let text = self.text(key)?;
        let levels = ["error", "warn", "info", "debug", "trace"];
        let directives = text.contains(['=', ',']);
        if levels.contains(&&*text) || (directives && text.parse::<tracing_subscriber::filter::Targets>().is_ok()) {
            return Some(text);
        }
        self.problem(
            key,
            format_args!("must be {} or directives such as info,dli_operator=debug, not {text:?}", levels.join(", ")),
        );
        None
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(mut self) {
        for unknown in self.remaining() {
            let siblings = siblings(&self.path);
            let text = match nearest(&unknown, &siblings) {
                Some(near) => format!("unknown key; did you mean {near}?"),
                None => format!("unknown key; known here are {}", siblings.join(", ")),
            };
            self.problem(&unknown, text);
        }
    }
}

/// Keys of the section `path`, from the table of all keys.
fn siblings(path: &str) -> Vec<&'static str> {
    let depth = if path.is_empty() { 0 } else { path.split('.').count() };
    let mut found: Vec<&str> = KEYS
        .iter()
        .filter(|key| {
            let mut parts = key.path.split('.');
            path.split('.')
                .filter(|part| !part.is_empty())
                .all(|part| parts.next().is_some_and(|known| known == part || known == "NAME"))
        })
        .filter_map(|key| key.path.split('.').nth(depth))
        .collect();
    found.dedup();
    found
}

fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let limit = (word.len() / 3).clamp(1, 4);
    known
        .iter()
        .map(|candidate| (distance(&word.to_lowercase(), &candidate.to_lowercase()), *candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row.first().copied().unwrap_or(0);
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let cost = (diagonal + usize::from(x != *y)).min(*above + 1).min(left + 1);
            diagonal = *above;
            *above = cost;
            left = cost;
        }
    }
    row.last().copied().unwrap_or(0)
}

fn is_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&text.len())
        && text.bytes().all(|byte| inner(byte) || byte == b'-')
        && text.bytes().next().is_some_and(inner)
        && text.bytes().last().is_some_and(inner)
}

/// Such as `500ms`, `20s`, `1m30s`.
pub(super) fn parse_duration(text: &str) -> Option<Millis> {
    let mut total: Millis = 0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let (factor, tail) = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)]
            .into_iter()
            .find_map(|(unit, factor)| tail.strip_prefix(unit).map(|tail| (factor, tail)))?;
        total = total.checked_add(number.parse::<Millis>().ok()?.checked_mul(factor)?)?;
        rest = tail;
    }
    Some(total)
}

fn print_duration(millis: Millis) -> String {
    for (factor, unit) in [(3_600_000, "h"), (60_000, "m"), (1_000, "s")] {
        if millis > 0 && millis.is_multiple_of(factor) {
            return format!("{}{unit}", millis / factor);
        }
    }
    format!("{millis}ms")
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(text) => format!("{text:?}"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
    }
}
