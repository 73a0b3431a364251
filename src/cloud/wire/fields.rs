//! Lenient reading of JSON objects, with errors that name the place.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Map, Value, value::RawValue};

/// What is wrong with the body of an answer. The text names places and types, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not JSON at all: HTML, cut off, not UTF-8.
    #[error("the answer is not a JSON object: {reason}")]
    NotJson {
        /// Why.
        reason: String,
    },
    /// It is empty where something is needed.
    #[error("the answer is empty")]
    Empty,
    /// A field is missing.
    #[error("the answer has no field {path}")]
    Missing {
        /// Where it should be, such as `queues[3].queue_name`.
        path: String,
    },
    /// A field has a type that cannot stand for what it should be.
    #[error("field {path} of the answer is {found}, not {expected}")]
    Type {
        /// Where it is.
        path: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// The answer is about something else than what was asked for.
    #[error("the answer is about another {0} than the one asked for")]
    Another(&'static str),
}

/// The body of a 2xx answer.
pub(super) struct Envelope<'a> {
    fields: BTreeMap<Cow<'a, str>, &'a RawValue>,
    empty: bool,
}

impl<'a> Envelope<'a> {
    /// Takes an object apart without reading what is in it. An empty body and `null` are an object without fields.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let body = body.trim_ascii();
        if body.is_empty() || body == b"null" {
            return Ok(Self { fields: BTreeMap::new(), empty: true });
        }
        let fields = serde_json::from_slice(body).map_err(|e| DecodeError::NotJson { reason: place(&e) })?;
        Ok(Self { fields, empty: false })
    }

    /// The documented flag; absent and `null` mean true (several calls leave it out).
    pub(super) fn is_success(&self) -> Result<bool, DecodeError> {
        Ok(self.flag()?.unwrap_or(true))
    }

    fn flag(&self) -> Result<Option<bool>, DecodeError> {
        let Some(raw) = self.fields.get("is_success").or_else(|| self.fields.get("isSuccess")) else {
            return Ok(None);
        };
        boolean(&value(raw)?).map_err(|found| DecodeError::Type {
            path: "is_success".to_owned(),
            expected: "a boolean",
            found,
        })
    }

    /// The whole body as one object.
    pub(super) fn object(&self) -> Result<Object, DecodeError> {
        if self.empty {
            return Err(DecodeError::Empty);
        }
        let mut map = Map::new();
        for (name, raw) in &self.fields {
            map.insert(name.clone().into_owned(), value(raw)?);
        }
        Ok(Object { map, path: String::new() })
    }

    /// The items of a list, all or none. Where the list is absent or `null`, an explicit `is_success: true` or a zero
    /// `count` makes it an empty one; nothing less does, since absence from a list is evidence.
    pub(super) fn list<T>(
        &self,
        name: &'static str,
        item: impl Fn(&Object) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        if self.empty {
            return Err(DecodeError::Empty);
        }
        let raw = self.fields.get(name).filter(|raw| raw.get() != "null");
        let Some(raw) = raw else {
            let count = self.fields.get("count").map(|raw| raw.get());
            let empty = match count {
                Some(count) => count == "0" || count == "\"0\"",
                None => self.flag()? == Some(true),
            };
            return if empty { Ok(Vec::new()) } else { Err(DecodeError::Missing { path: name.to_owned() }) };
        };
        let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| DecodeError::Type {
            path: name.to_owned(),
            expected: "a list",
            found: kind_of_text(raw.get()),
        })?;
        items
            .iter()
            .enumerate()
            .map(|(i, raw)| item(&Object::from_value(value(raw)?, format!("{name}[{i}]"))?))
            .collect()
    }
}

/// One JSON object and where it stands.
pub(super) struct Object {
    map: Map<String, Value>,
    path: String,
}

impl Object {
    fn from_value(value: Value, path: String) -> Result<Self, DecodeError> {
        match value {
            Value::Object(map) => Ok(Self { map, path }),
            other => Err(DecodeError::Type { path, expected: "an object", found: kind(&other) }),
        }
    }

    fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The first spelling that is there and not `null`.
    fn get(&self, names: &[&'static str]) -> Option<(&'static str, &Value)> {
        names.iter().find_map(|name| self.map.get(*name).filter(|v| !v.is_null()).map(|v| (*name, v)))
    }

    fn typed<T>(
        &self,
        names: &[&'static str],
        expected: &'static str,
        read: impl Fn(&Value) -> Result<Option<T>, &'static str>,
    ) -> Result<Option<T>, DecodeError> {
        let Some((name, value)) = self.get(names) else { return Ok(None) };
        read(value).map_err(|found| DecodeError::Type { path: self.path(name), expected, found })
    }

    /// A text; a number or a boolean stands for its own text.
    pub(super) fn text(&self, names: &[&'static str]) -> Result<Option<String>, DecodeError> {
        self.typed(names, "a text", |value| match value {
            Value::String(text) => Ok(Some(text.clone())),
            Value::Number(number) => Ok(Some(number.to_string())),
            Value::Bool(flag) => Ok(Some(flag.to_string())),
            other => Err(kind(other)),
        })
    }

    /// A text; an empty one is none.
    pub(super) fn filled(&self, names: &[&'static str]) -> Result<Option<String>, DecodeError> {
        Ok(self.text(names)?.filter(|text| !text.is_empty()))
    }

    /// A text that must be there and not be empty.
    pub(super) fn required(&self, names: &[&'static str]) -> Result<String, DecodeError> {
        let first = names.first().copied().unwrap_or_default();
        self.filled(names)?.ok_or_else(|| DecodeError::Missing { path: self.path(first) })
    }

    /// A whole number, also as text or as a float without a fraction.
    pub(super) fn int(&self, names: &[&'static str]) -> Result<Option<i64>, DecodeError> {
        self.typed(names, "a whole number", integer)
    }

    /// A boolean, also as text.
    pub(super) fn flag(&self, names: &[&'static str]) -> Result<Option<bool>, DecodeError> {
        self.typed(names, "a boolean", boolean)
    }

    /// A list of objects; absent and `null` are `None`.
    pub(super) fn objects<T>(
        &self,
        name: &'static str,
        item: impl Fn(&Object) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some((_, value)) = self.get(&[name]) else { return Ok(None) };
        let Value::Array(items) = value else {
            return Err(DecodeError::Type { path: self.path(name), expected: "a list", found: kind(value) });
        };
        items
            .iter()
            .enumerate()
            .map(|(i, value)| item(&Self::from_value(value.clone(), format!("{}[{i}]", self.path(name)))?))
            .collect::<Result<Vec<T>, DecodeError>>()
            .map(Some)
    }
}

fn value(raw: &RawValue) -> Result<Value, DecodeError> {
    serde_json::from_str(raw.get()).map_err(|e| DecodeError::NotJson { reason: place(&e) })
}

/// Kind and place of a JSON error; its own text may repeat the body.
fn place(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Data => "another kind of value",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "no JSON",
    };
    format!("{what} at line {} column {}", error.line(), error.column())
}

fn integer(value: &Value) -> Result<Option<i64>, &'static str> {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    let from_float = |float: f64| (float.fract() == 0.0 && float.abs() <= LIMIT).then_some(float as i64);
    match value {
        Value::Number(number) => {
            number.as_i64().or_else(|| from_float(number.as_f64()?)).map(Some).ok_or("a number out of range")
        }
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => {
            let text = text.trim();
            let number = text.parse().ok().or_else(|| from_float(text.parse().ok()?));
            number.map(Some).ok_or("another text")
        }
        other => Err(kind(other)),
    }
}

fn boolean(value: &Value) -> Result<Option<bool>, &'static str> {
    match value {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(*flag)),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            _ => Err("a number"),
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err("another text"),
        },
        other => Err(kind(other)),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn kind_of_text(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}
