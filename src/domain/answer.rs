//! An optional answer. Whatever a sender states is kept; nothing optional ever refuses
//! (invariant 4): a typed value inside is valid or unreadable, never invalid.

use super::record::{Field, Path, Spoken, Unread};
use super::values::{YesNo, begins_with_yes};
use serde_json::Value;
use std::fmt;

/// What a sender may say to a question that is not part of the minimum.
///
/// In JSON: absent, `null` or empty (a blank string, `[]`, `{}`); `"not-known"`; `"refused"`;
/// a value; or, in canonical form, `{"unreadable": "as stated"}`.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Answer<T> {
    /// Nothing was said.
    #[default]
    Absent,
    /// The sender said that they do not know.
    NotKnown,
    /// The person asked would not say.
    Refused,
    /// A value that was read.
    Value(T),
    /// Something was stated that could not be read; kept as stated, asked for, unknown to rules.
    Unreadable(String),
}

/// The state of an answer without its content: safe to log and to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Absent,
    NotKnown,
    Refused,
    Value,
    Unreadable,
}

/// A value that can be read from, and written to, canonical JSON.
pub trait Readable: Sized {
    /// The rule named in a fault when reading fails, e.g. `nhs-number`.
    const RULE: &'static str;
    /// Plain-English request for a mend, e.g. "Give the ten digits of the NHS number".
    const ASK: &'static str;
    /// Reads one stated JSON value; `None` when it cannot be read as this type.
    fn read(stated: &Value) -> Option<Self>;
    /// The canonical JSON of the value; `read(&write(x)) == Some(x)`.
    fn write(&self) -> Value;
    /// The value's free text, where it is any.
    fn text(&self) -> Option<&str> {
        None
    }
}

impl<T> Answer<T> {
    /// The value, when there is a readable one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Answer::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The answer's state without its content.
    pub fn state(&self) -> State {
        match self {
            Answer::Absent => State::Absent,
            Answer::NotKnown => State::NotKnown,
            Answer::Refused => State::Refused,
            Answer::Value(_) => State::Value,
            Answer::Unreadable(_) => State::Unreadable,
        }
    }

    /// Text that was stated but could not be read: weak evidence to linkage, nothing to rules.
    pub fn as_stated(&self) -> Option<&str> {
        match self {
            Answer::Unreadable(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self, Answer::Absent)
    }

    pub fn is_unreadable(&self) -> bool {
        matches!(self, Answer::Unreadable(_))
    }
}

impl Answer<YesNo> {
    /// A plain yes, or an answer that begins with one.
    pub fn says_yes(&self) -> bool {
        match self {
            Answer::Value(YesNo(yes)) => *yes,
            other => other.as_stated().is_some_and(begins_with_yes),
        }
    }
}

impl<T> fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.state())
    }
}

/// The text under `unreadable`, when that is all the value holds: our own canonical form.
fn unreadable_text(value: &Value) -> Option<&str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.get("unreadable")?.as_str()
}

/// Blank, or empty: stated in form only.
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => {
            map.is_empty() || unreadable_text(value).is_some_and(|text| text.trim().is_empty())
        }
        Value::Bool(_) | Value::Number(_) => false,
    }
}

impl<T: Readable> Field for Answer<T> {
    fn read(stated: Option<Value>, at: &mut Path, unread: &mut Vec<Unread>) -> Self {
        let Some(value) = stated.filter(|value| !says_nothing(value)) else {
            return Answer::Absent;
        };
        if let Value::String(text) = &value {
            match text.trim() {
                "not-known" => return Answer::NotKnown,
                "refused" => return Answer::Refused,
                _ => {}
            }
        }
        if let Some(read) = T::read(&value) {
            return Answer::Value(read);
        }
        unread.push(Unread::new(at, T::RULE, T::ASK));
        if let Some(text) = unreadable_text(&value) {
            return Answer::Unreadable(text.to_owned());
        }
        match value {
            Value::String(text) => Answer::Unreadable(text),
            other => Answer::Unreadable(other.to_string()),
        }
    }

    fn write(&self) -> Option<Value> {
        match self {
            Answer::Absent => None,
            Answer::NotKnown => Some("not-known".into()),
            Answer::Refused => Some("refused".into()),
            Answer::Value(value) => Some(value.write()),
            Answer::Unreadable(text) => Some(serde_json::json!({ "unreadable": text })),
        }
    }

    fn walk(&self, at: &mut Path, visit: &mut dyn FnMut(&Path, State)) {
        visit(at, self.state());
    }

    fn places(at: &mut Path, visit: &mut dyn FnMut(&Path)) {
        visit(at);
    }

    fn speak<'a>(&'a self, at: &mut Path, visit: &mut dyn FnMut(&Path, Spoken<'a>)) {
        match self {
            Answer::Value(value) => {
                if let Some(text) = value.text() {
                    visit(at, Spoken::Text(text));
                }
            }
            Answer::Unreadable(text) => visit(at, Spoken::Text(text)),
            Answer::Absent | Answer::NotKnown | Answer::Refused => {}
        }
    }
}
