//! A list that is parsed while it arrives: an item is decoded when its last byte has arrived, and its text is dropped.
//! Of a list of ten thousand items only the decoded items are ever in memory.

use serde_json::value::RawValue;

use super::fields::{DecodeError, Envelope, Object, kind_of_text};

/// Placeholder of an item in the rest of the body.
const TAKEN: &str = "{}";

/// Reads one item.
type Read<T> = fn(&Object<'_>) -> Result<T, DecodeError>;

/// Where the next byte belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// To the part around the list.
    Around,
    /// Between two items of the list.
    Between,
    /// To an item.
    Item,
}

/// The list of this name in an object that is arriving.
pub(super) struct Items<T> {
    name: &'static str,
    read: Read<T>,
    /// The body without its items.
    rest: Vec<u8>,
    /// The bytes so far of the item that is arriving.
    item: Vec<u8>,
    place: Place,
    /// Open brackets and braces.
    depth: u32,
    /// Inside of a text, and just behind a backslash in it.
    text: bool,
    escaped: bool,
    /// The list has begun.
    found: bool,
    taken: Vec<T>,
    /// Why the first unreadable item cannot be read; no item is read after it.
    failed: Option<DecodeError>,
}

impl<T> Items<T> {
    pub(super) fn new(name: &'static str, read: Read<T>) -> Self {
        Self {
            name,
            read,
            rest: Vec::new(),
            item: Vec::new(),
            place: Place::Around,
            depth: 0,
            text: false,
            escaped: false,
            found: false,
            taken: Vec::new(),
            failed: None,
        }
    }

    /// Takes in the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let mut from = 0;
        for (at, byte) in bytes.iter().enumerate() {
            if self.text {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.text = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.text = true,
                b'{' | b'[' => {
                    self.depth += 1;
                    match (self.place, self.depth, byte) {
                        (Place::Around, 2, b'[') => {
                            self.rest.extend_from_slice(bytes.get(from..at).unwrap_or_default());
                            from = at;
                            if ends_with_key(&self.rest, self.name) {
                                // Of two lists of one name the last counts, as with any field.
                                self.taken.clear();
                                self.failed = None;
                                self.found = true;
                                self.place = Place::Between;
                            }
                        }
                        (Place::Between, 3, b'{') => {
                            self.rest.extend_from_slice(bytes.get(from..at).unwrap_or_default());
                            from = at;
                            self.place = Place::Item;
                        }
                        _ => {}
                    }
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    match (self.place, self.depth) {
                        (Place::Item, 2) => {
                            self.item.extend_from_slice(bytes.get(from..=at).unwrap_or_default());
                            from = at + 1;
                            self.take();
                            self.place = Place::Between;
                        }
                        (Place::Between, 1) => self.place = Place::Around,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        let tail = bytes.get(from..).unwrap_or_default();
        if self.place == Place::Item { &mut self.item } else { &mut self.rest }.extend_from_slice(tail);
    }

    fn take(&mut self) {
        if self.failed.is_none() {
            let path = format!("{}[{}]", self.name, self.taken.len());
            match Object::read(&self.item, path).and_then(|object| (self.read)(&object)) {
                Ok(item) => self.taken.push(item),
                Err(error) => self.failed = Some(error),
            }
        }
        self.item.clear();
        self.rest.extend_from_slice(TAKEN.as_bytes());
    }

    /// The rest of the body.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }

    /// The items, all or none; `envelope` is what is left of the body.
    pub(super) fn finish(self, envelope: &Envelope<'_>) -> Result<Vec<T>, DecodeError> {
        let Some(list) = envelope.field(self.name).filter(|raw| self.found && raw.get().starts_with('[')) else {
            return envelope.list(self.name, self.read);
        };
        let places: Vec<&RawValue> = serde_json::from_str(list.get()).map_err(|error| DecodeError::not_json(&error))?;
        let (taken, mut failed) = (self.taken.len(), self.failed);
        for (n, place) in places.iter().enumerate() {
            if place.get() != TAKEN {
                let path = format!("{}[{n}]", self.name);
                return Err(DecodeError::Type { path, expected: "an object", found: kind_of_text(place.get()) });
            }
            if n == taken
                && let Some(error) = failed.take()
            {
                return Err(error);
            }
        }
        if places.len() == taken {
            return Ok(self.taken);
        }
        // One of two lists of the name, which is written in two ways.
        Err(DecodeError::NotJson { reason: format!("it has two lists {}", self.name) })
    }
}

/// Whether the last thing in this text is a field of this name, of which the value is still to come.
fn ends_with_key(text: &[u8], name: &str) -> bool {
    let before = |text: &'_ [u8], what: &[u8]| text.trim_ascii_end().strip_suffix(what).map(<[u8]>::len);
    let step = |length: Option<usize>, what: &[u8]| before(text.get(..length?)?, what);
    let mut length = step(Some(text.len()), b":");
    length = step(length, b"\"");
    // Within the quotation marks spaces count.
    let quoted = length.and_then(|length| text.get(..length)?.strip_suffix(name.as_bytes())?.strip_suffix(b"\""));
    quoted.is_some_and(|before| matches!(before.trim_ascii_end().last(), Some(b'{' | b',')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(object: &Object<'_>) -> Result<i64, DecodeError> {
        object.int(&["n"])?.ok_or(DecodeError::Missing { path: "n".to_owned() })
    }

    /// The items of a body that arrives in pieces of this length, and what was left of it.
    fn read(body: &str, piece: usize) -> (Result<Vec<i64>, DecodeError>, String) {
        let mut items = Items::new("all", number);
        body.as_bytes().chunks(piece).for_each(|bytes| items.feed(bytes));
        let rest = items.take_rest();
        let read = Envelope::parse(&rest).and_then(|envelope| items.finish(&envelope));
        (read, String::from_utf8(rest).unwrap())
    }

    #[test]
    fn items_are_taken_out_wherever_the_body_is_cut() {
        let body = r#"{"a":[{"n":9}],"all" : [ {"n":1,"x":{"y":["}","\"]",{}]}} , {"n":2} ],"count":2}"#;
        for piece in 1..=body.len() {
            let (items, rest) = read(body, piece);
            assert_eq!(items, Ok(vec![1, 2]), "in pieces of {piece}");
            assert_eq!(rest, r#"{"a":[{"n":9}],"all" : [ {} , {} ],"count":2}"#);
        }
    }

    #[test]
    fn only_a_field_of_the_answer_itself_is_the_list() {
        for body in [
            r#"{"x":{"all":[{"n":1}]},"is_success":true}"#,
            r#"{"x":"\"all\":[{","is_success":true}"#,
            r#"{"x\"all":[{"n":1}],"is_success":true}"#,
            r#"{"all ":[{"n":1}],"is_success":true}"#,
            r#"{"all":null,"is_success":true}"#,
        ] {
            assert_eq!(read(body, 7).0, Ok(vec![]), "{body}");
        }
        // As for every JSON parser, a name may contain escapes, and the last of two counts.
        assert_eq!(read(r#"{"\u0061ll":[{"n":1}]}"#, 7).0, Ok(vec![1]));
        assert_eq!(read(r#"{"all":[{"n":1},{}],"all":[{"n":2}]}"#, 7).0, Ok(vec![2]));
        assert_eq!(read(r#"{"all":[{"n":1}],"all":null,"count":0}"#, 7).0, Ok(vec![]));
    }

    #[test]
    fn one_item_that_cannot_be_read_spoils_the_list() {
        let error = |body: &str| read(body, 5).0.unwrap_err().to_string();
        assert_eq!(error(r#"{"all":[{"n":1},{"m":2},{"n":3}]}"#), "the answer has no field n");
        assert_eq!(error(r#"{"all":[{"n":1},7,{"n":3}]}"#), "field all[1] of the answer is a number, not an object");
        assert_eq!(error(r#"{"all":[{"n":1},null,{"m":3}]}"#), "field all[1] of the answer is null, not an object");
        let broken = error(r#"{"all":[{"n":1},{"n":2]},{"n":3}]}"#);
        assert!(broken.starts_with("the answer is not a JSON object: "), "{broken}");
        assert!(error(r#"{"all":[{"n":1},{"n":2"#).contains("cut off"));
        assert!(error(r#"{"all":[{"n":1} {"n":2}]}"#).contains("no JSON"));
        assert!(error(r#"{"all":[{"n":1},]}"#).contains("no JSON"));
        assert!(error(r#"{"all":[{"n":1}],"\u0061ll":[{},{}]}"#).contains("two lists"));
    }
}
