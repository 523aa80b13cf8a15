//! The canonical decoder: bytes to one JSON document, strictly, without losing or guessing.
//!
//! - UTF-8 only; a byte order mark at the start is tolerated.
//! - The same key twice in one object is refused: which one is meant is not ours to guess.
//! - A number stays a number only when writing it again gives the same characters. Any other
//!   (`1.50`, `-0`, `1e3`, more digits than 64 bits hold) is kept as the text it was written as,
//!   so that a telephone or case number never changes silently. One beyond 64-bit floating point
//!   (`1e400`) is not readable.
//! - Depth, length and size are bounded by [`LIMITS`], so that a small body cannot cost much.

use crate::domain::record::Path;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::{Field, Referral, Unread};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

/// How much one document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Objects and lists within one another.
    pub depth: usize,
    /// Values in the whole document, objects and lists counted.
    pub nodes: usize,
    /// Items in one list.
    pub items: usize,
    /// Bytes of one key.
    pub key_bytes: usize,
}

/// The limits of every document.
pub const LIMITS: Limits = Limits { depth: 32, nodes: 20_000, items: 1_000, key_bytes: 200 };

/// Reads one document.
///
/// # Errors
/// `NotReadable` (rules `encoding`, `json`, `incomplete`, `trailing-content`), `DuplicateKey`
/// (`duplicate-key`) or `TooDeep` (`depth`, `node-count`, `list-length`, `key-length`), with the
/// place as a JSON pointer and as line and column; a segment that the schema does not declare is
/// written `…`.
pub fn read(bytes: &[u8]) -> Result<Value, Refusal> {
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(body).map_err(|error| not_utf8(body, error.valid_up_to()))?;
    let mut reader = Reader {
        numbers: Numbers { bytes: body, at: 0, taken: 0 },
        numbers_read: 0,
        nodes: 0,
        stop: None,
        trail: Vec::new(),
    };
    let mut source = serde_json::Deserializer::from_str(text);
    let root = Node { reader: &mut reader, depth: 0 };
    let value = root.deserialize(&mut source).map_err(|error| refuse(&reader, &error))?;
    source.end().map_err(|error| {
        let ask = "Send one JSON object and nothing after it";
        refusal(RefusalKind::NotReadable, String::new(), "trailing-content", place(ask, &error))
    })?;
    Ok(value)
}

/// What is counted and remembered while one document is read.
struct Reader<'a> {
    numbers: Numbers<'a>,
    numbers_read: usize,
    nodes: usize,
    /// Why we stopped, when it was not the syntax.
    stop: Option<Stop>,
    /// Where we stopped, innermost segment first; filled only while an error travels outwards.
    trail: Vec<String>,
}

#[derive(Clone, Copy)]
enum Stop {
    Duplicate,
    Depth,
    Nodes,
    Items,
    KeyLength,
}

impl Reader<'_> {
    fn stop<E: serde::de::Error>(&mut self, why: Stop) -> E {
        self.stop = Some(why);
        E::custom("stopped")
    }

    fn pointer(&self) -> String {
        self.trail.iter().rev().fold(String::new(), |pointer, segment| pointer + "/" + segment)
    }
}

/// One value to be read, `depth` containers down.
struct Node<'r, 'a> {
    reader: &'r mut Reader<'a>,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        self.reader.nodes += 1;
        if self.reader.nodes > LIMITS.nodes {
            return Err(self.reader.stop(Stop::Nodes));
        }
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Value, E> {
        Ok(Value::Bool(yes))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        self.reader.numbers_read += 1;
        Ok(Value::from(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        self.reader.numbers_read += 1;
        Ok(Value::from(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        let written = self.reader.numbers.nth(self.reader.numbers_read);
        self.reader.numbers_read += 1;
        Ok(match Number::from_f64(number) {
            Some(number) if number.to_string() == written => Value::Number(number),
            _ => Value::String(written.to_owned()),
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let (reader, depth) = (self.reader, self.depth + 1);
        if depth > LIMITS.depth {
            return Err(reader.stop(Stop::Depth));
        }
        let mut items = Vec::new();
        loop {
            match list.next_element_seed(Node { reader: &mut *reader, depth }) {
                Ok(None) => return Ok(Value::Array(items)),
                Ok(Some(_)) if items.len() == LIMITS.items => {
                    return Err(reader.stop(Stop::Items));
                }
                Ok(Some(item)) => items.push(item),
                Err(error) => {
                    reader.trail.push(items.len().to_string());
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let (reader, depth) = (self.reader, self.depth + 1);
        if depth > LIMITS.depth {
            return Err(reader.stop(Stop::Depth));
        }
        let mut members = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            if key.len() > LIMITS.key_bytes {
                return Err(reader.stop(Stop::KeyLength));
            }
            if members.contains_key(&key) {
                return Err(reader.stop(Stop::Duplicate));
            }
            match object.next_value_seed(Node { reader: &mut *reader, depth }) {
                Ok(value) => members.insert(key, value),
                Err(error) => {
                    reader.trail.push(declared(&key).to_owned());
                    return Err(error);
                }
            };
        }
        Ok(Value::Object(members))
    }
}

/// The number tokens of a document in their order, as they were written. Advanced only when a
/// floating-point number turns up, and never backwards, so the whole costs one pass at most.
struct Numbers<'a> {
    bytes: &'a [u8],
    at: usize,
    taken: usize,
}

impl<'a> Numbers<'a> {
    /// The number at this place in the document's order, counted from nought.
    fn nth(&mut self, wanted: usize) -> &'a str {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => self.skip_string(),
                b'-' | b'0'..=b'9' => {
                    let token = self.token();
                    self.taken += 1;
                    if self.taken > wanted {
                        return token;
                    }
                }
                _ => self.at += 1,
            }
        }
        ""
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'"' {
                return;
            }
        }
    }

    fn token(&mut self) -> &'a str {
        let rest = &self.bytes[self.at..];
        let in_number = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().position(|b| !in_number(b)).unwrap_or(rest.len());
        self.at += length;
        std::str::from_utf8(&rest[..length]).unwrap_or_default()
    }
}

/// The key when some record declares it, else `…`.
fn declared(key: &str) -> &str {
    static KEYS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
        let mut keys = BTreeSet::new();
        Referral::places(&mut Path::default(), &mut |at| {
            keys.extend(at.pattern().split('/').map(str::to_owned));
        });
        keys
    });
    if KEYS.contains(key) { key } else { "…" }
}

fn refuse(reader: &Reader<'_>, error: &serde_json::Error) -> Refusal {
    let (kind, rule, ask) = match reader.stop {
        Some(Stop::Duplicate) => (
            RefusalKind::DuplicateKey,
            "duplicate-key",
            "Name each field of this object once; one stands here twice".to_owned(),
        ),
        Some(Stop::Depth) => (
            RefusalKind::TooDeep,
            "depth",
            format!("Nest objects and lists at most {} deep", LIMITS.depth),
        ),
        Some(Stop::Nodes) => (
            RefusalKind::TooDeep,
            "node-count",
            format!("Send at most {} values in one document", LIMITS.nodes),
        ),
        Some(Stop::Items) => (
            RefusalKind::TooDeep,
            "list-length",
            format!("Give at most {} items in one list", LIMITS.items),
        ),
        Some(Stop::KeyLength) => (
            RefusalKind::TooDeep,
            "key-length",
            format!("Use field names of at most {} bytes", LIMITS.key_bytes),
        ),
        None if error.is_eof() => (
            RefusalKind::NotReadable,
            "incomplete",
            "The JSON ends before it is complete; send the whole object again".to_owned(),
        ),
        None => (
            RefusalKind::NotReadable,
            "json",
            "This is not JSON as RFC 8259 has it; look for a missing quotation mark or comma, \
             an unescaped line break, or a number that is not one"
                .to_owned(),
        ),
    };
    refusal(kind, reader.pointer(), rule, place(&ask, error))
}

fn place(ask: &str, error: &serde_json::Error) -> String {
    format!("{ask} (line {}, column {})", error.line(), error.column())
}

fn not_utf8(body: &[u8], valid: usize) -> Refusal {
    let before = &body[..valid];
    let line = before.iter().filter(|b| **b == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
    let utf16 = body.starts_with(b"\xff\xfe") || body.starts_with(b"\xfe\xff");
    let seen = if utf16 { "This looks like UTF-16" } else { "These bytes are not UTF-8" };
    let ask = format!("{seen}; encode the document as UTF-8 (line {line}, column {column})");
    refusal(RefusalKind::NotReadable, String::new(), "encoding", ask)
}

fn refusal(kind: RefusalKind, pointer: String, rule: &str, ask: String) -> Refusal {
    Refusal { kind, faults: vec![Unread { pointer, rule: rule.to_owned(), ask }] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fault(text: &str) -> (RefusalKind, String, String) {
        let refusal = read(text.as_bytes()).expect_err("refused");
        let fault = refusal.faults.into_iter().next().expect("one fault");
        (refusal.kind, fault.pointer, fault.rule)
    }

    #[test]
    fn a_number_is_kept_as_a_number_only_where_it_writes_as_it_was_read() {
        let text = r#"{"a":[7,-7,1.5,1.50,-0,1e3,"\"9.10\\",18446744073709551615,
            18446744073709551616,-9223372036854775808,-9223372036854775809,0.1,
            0.1000000000000000055511151231257827,44.0]}"#;
        let expected = json!({"a": [7, -7, 1.5, "1.50", "-0", "1e3", "\"9.10\\",
            18446744073709551615u64, "18446744073709551616", i64::MIN,
            "-9223372036854775809", 0.1, "0.1000000000000000055511151231257827", 44.0]});
        assert_eq!(read(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn the_same_key_twice_is_refused_at_the_object_that_holds_it() {
        let text = r#"{"children":[{"given_name":"A"},{"given_name":"B","given_name":"C"}]}"#;
        let expected =
            (RefusalKind::DuplicateKey, "/children/1".to_owned(), "duplicate-key".to_owned());
        assert_eq!(fault(text), expected);
        // An escape does not hide a repeat.
        let escaped = "{\"worry\":\"a\",\"w\\u006frry\":\"b\"}";
        assert_eq!(fault(escaped).2, "duplicate-key");
    }

    #[test]
    fn a_key_that_no_record_declares_is_not_repeated_in_the_pointer() {
        let text = r#"{"Mrs Canary":{"children":[{"Canary":{"x":1,"x":2}}]}}"#;
        assert_eq!(fault(text).1, "/…/children/0/…");
    }

    #[test]
    fn limits_hold_exactly() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(read(nested(32).as_bytes()).is_ok());
        assert_eq!(fault(&nested(33)).2, "depth");
        assert_eq!(fault(&nested(100_000)).2, "depth");

        let list = |items: usize| format!("[{}]", vec!["0"; items].join(","));
        assert!(read(list(1_000).as_bytes()).is_ok());
        assert_eq!(fault(&list(1_001)).2, "list-length");

        let nodes = |lists: usize| format!("[{}]", vec![list(999); lists].join(","));
        assert!(read(nodes(19).as_bytes()).is_ok());
        assert_eq!(fault(&nodes(20)).2, "node-count");

        let key = |bytes: usize| format!("{{\"{}\":0}}", "k".repeat(bytes));
        assert!(read(key(200).as_bytes()).is_ok());
        assert_eq!(fault(&key(201)).2, "key-length");
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_line_and_column() {
        let refusal = read(b"{\n  \"worry\": nonsense\n}").expect_err("refused");
        assert_eq!(refusal.kind, RefusalKind::NotReadable);
        assert_eq!(refusal.faults[0].pointer, "/worry");
        assert!(refusal.faults[0].ask.ends_with("(line 2, column 13)"), "{:?}", refusal.faults);
        assert_eq!(fault("").2, "incomplete");
        assert_eq!(fault("{\"worry\":\"x").2, "incomplete");
        assert_eq!(fault("{} {}").2, "trailing-content");
        assert_eq!(fault("{\"worry\":\"\u{0}\"}").2, "json");
        assert_eq!(fault("[1e400]").2, "json");
    }

    #[test]
    fn other_encodings_are_refused_and_a_byte_order_mark_is_tolerated() {
        assert_eq!(read(b"\xef\xbb\xbf{}"), Ok(json!({})));
        for bytes in [b"\xff\xfe{\0}\0".as_slice(), b"{\"worry\":\"caf\xe9\"}", b"\x80"] {
            let refusal = read(bytes).expect_err("refused");
            assert_eq!(refusal.faults[0].rule, "encoding");
        }
    }
}
