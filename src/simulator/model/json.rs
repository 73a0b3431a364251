//! A JSON writer for answers: no tree in between, and numbers as strings where the configuration says so.

use std::io::Write;

/// An object under construction.
#[derive(Debug)]
pub(crate) struct Json {
    out: Vec<u8>,
    comma: bool,
    as_strings: bool,
}

impl Json {
    /// Opens the outermost object. `as_strings` turns [`Json::number`] and [`Json::flag`] into strings.
    pub(crate) fn new(as_strings: bool) -> Self {
        let mut out = Vec::with_capacity(256);
        out.push(b'{');
        Self { out, comma: false, as_strings }
    }

    /// Closes the outermost object.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.quoted(key);
        self.out.push(b':');
    }

    fn quoted(&mut self, text: &str) {
        self.out.push(b'"');
        if text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            for b in text.bytes() {
                match b {
                    b'"' | b'\\' => self.out.extend_from_slice(&[b'\\', b]),
                    0..0x20 => {
                        let _ = write!(self.out, "\\u{b:04x}");
                    }
                    _ => self.out.push(b),
                }
            }
        }
        self.out.push(b'"');
    }

    /// A string.
    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        self.quoted(value);
        self
    }

    /// A number that is never written as a string: ids and times.
    pub(crate) fn integer(&mut self, key: &str, value: i64) -> &mut Self {
        self.key(key);
        let _ = write!(self.out, "{value}");
        self
    }

    /// A number that the documentation sometimes prints as a string.
    pub(crate) fn number(&mut self, key: &str, value: i64) -> &mut Self {
        self.key(key);
        let _ = if self.as_strings { write!(self.out, "\"{value}\"") } else { write!(self.out, "{value}") };
        self
    }

    /// A boolean, which the documentation sometimes prints as a string.
    pub(crate) fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.key(key);
        let _ = if self.as_strings { write!(self.out, "\"{value}\"") } else { write!(self.out, "{value}") };
        self
    }

    /// Opens a list under `key`.
    pub(crate) fn open_list(&mut self, key: &str) -> &mut Self {
        self.key(key);
        self.out.push(b'[');
        self.comma = false;
        self
    }

    /// Closes a list.
    pub(crate) fn close_list(&mut self) -> &mut Self {
        self.out.push(b']');
        self.comma = true;
        self
    }

    /// A list of strings.
    pub(crate) fn texts<'a>(&mut self, key: &str, values: impl IntoIterator<Item = &'a str>) -> &mut Self {
        self.open_list(key);
        for value in values {
            self.separate();
            self.quoted(value);
        }
        self.close_list()
    }

    /// Members as they are, without a comma at either end.
    pub(crate) fn members(&mut self, text: &'static str) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(text.as_bytes());
        self
    }

    /// Opens an object under `key`.
    pub(crate) fn open_object(&mut self, key: &str) -> &mut Self {
        self.key(key);
        self.out.push(b'{');
        self.comma = false;
        self
    }

    /// Opens an object in a list.
    pub(crate) fn open_item(&mut self) -> &mut Self {
        self.separate();
        self.out.push(b'{');
        self.comma = false;
        self
    }

    /// Closes an object.
    pub(crate) fn close_object(&mut self) -> &mut Self {
        self.out.push(b'}');
        self.comma = true;
        self
    }
}
