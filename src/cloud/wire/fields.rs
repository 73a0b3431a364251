//! Lenient reading of JSON objects, with errors that name the place.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// Why the body of a response cannot be decoded. The message names places and types, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It is not JSON: HTML, truncated, not UTF-8.
    #[error("the answer is not a JSON object: {reason}")]
    NotJson {
        /// Why.
        reason: String,
    },
    /// It is empty, but must not be.
    #[error("the answer is empty")]
    Empty,
    /// A field is missing.
    #[error("the answer has no field {path}")]
    Missing {
        /// Where it should be, such as `queues[3].queue_name`.
        path: String,
    },
    /// A field has a type that cannot be converted to the expected one.
    #[error("field {path} of the answer is {found}, not {expected}")]
    Type {
        /// Where it is.
        path: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// The response is about another object than the requested one.
    #[error("the answer is about another {0} than the one asked for")]
    Another(&'static str),
}

impl DecodeError {
    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        Self::NotJson { reason: place(error) }
    }
}

/// The fields of a JSON object, none of them read yet: an item of a list has forty, of which a dozen matter.
#[derive(Clone, Default)]
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Fields<'a> {
    /// The field of this name; of several the last.
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(other, _)| other == name).map(|(_, raw)| *raw)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A name that is borrowed where it has no escapes.
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Taken;

        impl<'de> Visitor<'de> for Taken {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::with_capacity(16);
                while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    fields.push((name, raw));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Taken)
    }
}

/// The body of a 2xx answer.
pub(super) struct Envelope<'a> {
    fields: Fields<'a>,
    empty: bool,
}

impl<'a> Envelope<'a> {
    /// Splits an object into fields without reading their values. An empty body and `null` are an object without
    /// fields.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let body = body.trim_ascii();
        if body.is_empty() || body == b"null" {
            return Ok(Self { fields: Fields::default(), empty: true });
        }
        let fields = serde_json::from_slice(body).map_err(|e| DecodeError::not_json(&e))?;
        Ok(Self { fields, empty: false })
    }

    /// The field of this name, unread.
    pub(super) fn field(&self, name: &str) -> Option<&'a RawValue> {
        self.fields.get(name)
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
    pub(super) fn object(&self) -> Result<Object<'a>, DecodeError> {
        if self.empty {
            return Err(DecodeError::Empty);
        }
        Ok(Object { fields: self.fields.clone(), path: String::new() })
    }

    /// The items of a list, all or none. Where the list is absent or `null`, an explicit `is_success: true` or a zero
    /// `count` makes it an empty one. Nothing else does, because absence from a list is evidence.
    pub(super) fn list<T>(
        &self,
        name: &'static str,
        item: impl Fn(&Object<'_>) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        if self.empty {
            return Err(DecodeError::Empty);
        }
        let raw = self.fields.get(name).filter(|raw| raw.get() != "null");
        let Some(raw) = raw else {
            let count = self.fields.get("count").map(RawValue::get);
            let empty = match count {
                Some(count) => count == "0" || count == "\"0\"",
                None => self.flag()? == Some(true),
            };
            return if empty { Ok(Vec::new()) } else { Err(DecodeError::Missing { path: name.to_owned() }) };
        };
        list(raw, name, item)
    }
}

/// One JSON object and its path.
pub(super) struct Object<'a> {
    fields: Fields<'a>,
    path: String,
}

impl<'a> Object<'a> {
    fn new(raw: &'a RawValue, path: String) -> Result<Self, DecodeError> {
        let text = raw.get();
        if !text.starts_with('{') {
            return Err(DecodeError::Type { path, expected: "an object", found: kind_of_text(text) });
        }
        Self::read(text.as_bytes(), path)
    }

    /// Reads what is known to begin as an object.
    pub(super) fn read(text: &'a [u8], path: String) -> Result<Self, DecodeError> {
        let fields = serde_json::from_slice(text)
            .map_err(|e| DecodeError::NotJson { reason: format!("{} of {path}", place(&e)) })?;
        Ok(Self { fields, path })
    }

    fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The first spelling that is there and not `null`.
    fn get(&self, names: &[&'static str]) -> Option<(&'static str, &'a RawValue)> {
        names.iter().find_map(|name| self.fields.get(name).filter(|raw| raw.get() != "null").map(|raw| (*name, raw)))
    }

    fn typed<T>(
        &self,
        names: &[&'static str],
        expected: &'static str,
        read: impl Fn(&Value) -> Result<Option<T>, &'static str>,
    ) -> Result<Option<T>, DecodeError> {
        let Some((name, raw)) = self.get(names) else { return Ok(None) };
        read(&value(raw)?).map_err(|found| DecodeError::Type { path: self.path(name), expected, found })
    }

    /// A text; a number or a boolean is converted to text.
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
        item: impl Fn(&Object<'_>) -> Result<T, DecodeError>,
    ) -> Result<Option<Vec<T>>, DecodeError> {
        let Some((_, raw)) = self.get(&[name]) else { return Ok(None) };
        let path = self.path(name);
        list(raw, &path, item).map(Some)
    }
}

/// The items of a list, all or none.
fn list<T>(
    raw: &RawValue,
    path: &str,
    item: impl Fn(&Object<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| DecodeError::Type {
        path: path.to_owned(),
        expected: "a list",
        found: kind_of_text(raw.get()),
    })?;
    // Most connections have one entry, and the operator keeps the vector: allocate no spare room.
    let mut read = Vec::with_capacity(items.len());
    for (i, raw) in items.into_iter().enumerate() {
        read.push(item(&Object::new(raw, format!("{path}[{i}]"))?)?);
    }
    Ok(read)
}

fn value(raw: &RawValue) -> Result<Value, DecodeError> {
    serde_json::from_str(raw.get()).map_err(|e| DecodeError::not_json(&e))
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

pub(super) fn kind_of_text(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a text",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}
