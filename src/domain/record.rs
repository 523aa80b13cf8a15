//! How canonical JSON becomes records and returns to JSON, without losing anything.
//!
//! A record is a struct of fields declared with [`record!`]. Reading never fails: what cannot be
//! read is kept as stated and reported as [`Unread`]; keys that nobody declared are kept in
//! `other`. Whether the whole is enough to accept is the minimum's business, in `validation`.

use super::answer::{State, says_nothing};
use serde_json::{Map, Value};

/// Where in the document we are: segments of an RFC 6901 JSON pointer.
#[derive(Default, Clone, Debug)]
pub struct Path {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug)]
enum Segment {
    Key(&'static str),
    Index(usize),
}

impl Path {
    pub fn key(&mut self, key: &'static str) {
        self.segments.push(Segment::Key(key));
    }

    pub fn index(&mut self, index: usize) {
        self.segments.push(Segment::Index(index));
    }

    pub fn leave(&mut self) {
        self.segments.pop();
    }

    /// RFC 6901 pointer, e.g. `/children/0/date_of_birth`.
    pub fn pointer(&self) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            out.push('/');
            match segment {
                Segment::Key(key) => out.push_str(key),
                Segment::Index(index) => out.push_str(&index.to_string()),
            }
        }
        out
    }

    /// Whether this place lies at or below `pattern`: keys, and `*` for an index.
    pub fn within(&self, pattern: &[String]) -> bool {
        let fits = |(segment, wanted): (&Segment, &String)| match segment {
            Segment::Key(key) => key == wanted,
            Segment::Index(_) => wanted == "*",
        };
        // The last key tells most places apart, so it is compared first.
        self.segments.len() >= pattern.len() && self.segments.iter().zip(pattern).rev().all(fits)
    }

    /// Whether a declared key of this name lies on the way here.
    pub fn passes(&self, name: &str) -> bool {
        self.segments.iter().any(|segment| matches!(segment, Segment::Key(key) if *key == name))
    }

    /// The innermost declared key, e.g. `withheld_from` in `/address/withheld_from/0`.
    pub fn last_key(&self) -> &'static str {
        let mut keys = self.segments.iter().rev().filter_map(|segment| match segment {
            Segment::Key(key) => Some(*key),
            Segment::Index(_) => None,
        });
        keys.next().unwrap_or_default()
    }

    /// The first index on the way here, e.g. 2 in `/children/2/date_of_birth`.
    pub fn first_index(&self) -> Option<usize> {
        self.segments.iter().find_map(|segment| match segment {
            Segment::Index(index) => Some(*index),
            Segment::Key(_) => None,
        })
    }

    /// The pointer with `*` for every index, e.g. `/children/*/date_of_birth`.
    pub fn pattern(&self) -> String {
        let mut out = String::new();
        for segment in &self.segments {
            out.push('/');
            match segment {
                Segment::Key(key) => out.push_str(key),
                Segment::Index(_) => out.push('*'),
            }
        }
        out
    }
}

/// A stated answer that could not be read: where, by which rule, and what to ask. Never the value.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unread {
    /// RFC 6901 JSON pointer into the canonical document.
    pub pointer: String,
    /// Stable rule name, e.g. `date`.
    pub rule: String,
    /// What to do about it, in plain English.
    pub ask: String,
}

impl Unread {
    pub fn new(at: &Path, rule: &str, ask: &str) -> Self {
        Unread { pointer: at.pointer(), rule: rule.to_owned(), ask: ask.to_owned() }
    }
}

/// What someone wrote in their own way: free text, an answer that could not be read, or the
/// members of a record that nobody declared.
#[derive(Clone, Copy)]
pub enum Spoken<'a> {
    Text(&'a str),
    Other(&'a Other),
}

/// Anything that can stand as a member of a record.
pub trait Field: Sized {
    /// Reads a stated value (`None` when absent). Never fails; reports what it could not read.
    fn read(stated: Option<Value>, at: &mut Path, unread: &mut Vec<Unread>) -> Self;
    /// Canonical JSON, `None` when there is nothing to say.
    fn write(&self) -> Option<Value>;
    /// Visits every answer with its place and state, never its content.
    fn walk(&self, at: &mut Path, visit: &mut dyn FnMut(&Path, State));
    /// Visits every place that can hold an answer, stated or not; a list counts as one item.
    fn places(at: &mut Path, visit: &mut dyn FnMut(&Path));
    /// Visits everything that someone wrote in their own way, with its place.
    fn speak<'a>(&'a self, at: &mut Path, visit: &mut dyn FnMut(&Path, Spoken<'a>));
}

impl<F: Field> Field for Vec<F> {
    fn read(stated: Option<Value>, at: &mut Path, unread: &mut Vec<Unread>) -> Self {
        let items = match stated {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => items,
            // One thing where several were possible is read as a list of one.
            Some(single) => vec![single],
        };
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            at.index(index);
            out.push(F::read(Some(item), at, unread));
            at.leave();
        }
        out
    }

    fn write(&self) -> Option<Value> {
        let items = self.iter().map(|item| item.write().unwrap_or(Value::Null));
        (!self.is_empty()).then(|| Value::Array(items.collect()))
    }

    fn walk(&self, at: &mut Path, visit: &mut dyn FnMut(&Path, State)) {
        for (index, item) in self.iter().enumerate() {
            at.index(index);
            item.walk(at, visit);
            at.leave();
        }
    }

    fn places(at: &mut Path, visit: &mut dyn FnMut(&Path)) {
        at.index(0);
        F::places(at, visit);
        at.leave();
    }

    fn speak<'a>(&'a self, at: &mut Path, visit: &mut dyn FnMut(&Path, Spoken<'a>)) {
        for (index, item) in self.iter().enumerate() {
            at.index(index);
            item.speak(at, visit);
            at.leave();
        }
    }
}

/// Keys that no field declares, kept as stated.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Other(pub Map<String, Value>);

impl std::fmt::Debug for Other {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} unrecognised", self.0.len())
    }
}

/// Where a record is expected and something else is stated, that is kept under this key.
pub const AS_STATED: &str = "as_stated";

/// Splits a stated value into the members of a record.
#[doc(hidden)]
pub fn members(
    stated: Option<Value>,
    scalar_key: &'static str,
    at: &Path,
    unread: &mut Vec<Unread>,
) -> Map<String, Value> {
    match stated {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(map)) => map,
        Some(other) if says_nothing(&other) => Map::new(),
        Some(other) => {
            if scalar_key == AS_STATED {
                let ask = "Give an object with named fields here; what was stated was kept";
                unread.push(Unread::new(at, "object", ask));
            }
            Map::from_iter([(scalar_key.to_owned(), other)])
        }
    }
}

/// Reports the members that no field took, and keeps them.
#[doc(hidden)]
pub fn leftover(map: Map<String, Value>, at: &Path, unread: &mut Vec<Unread>) -> Other {
    // The key is the sender's own text and may hold anything: it is counted, not repeated.
    if map.keys().any(|key| key != AS_STATED) {
        unread.push(Unread::new(
            at,
            "unrecognised-field",
            "A field here is not one we know; it was kept as stated. Check its spelling against \
             the schema",
        ));
    }
    Other(map)
}

/// Declares a record: a struct with canonical reading, writing, walking and a redacting `Debug`.
///
/// `scalar = field` names the field that takes a bare value where an object was expected.
#[macro_export]
macro_rules! record {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident $(scalar = $scalar:ident)? {
            $( $(#[$fmeta:meta])* $field:ident : $ty:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        $vis struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
            /// Keys that the schema does not declare, kept as stated.
            pub other: $crate::domain::record::Other,
        }

        impl $crate::domain::record::Field for $name {
            fn read(
                stated: Option<serde_json::Value>,
                at: &mut $crate::domain::record::Path,
                unread: &mut Vec<$crate::domain::record::Unread>,
            ) -> Self {
                // The named field where there is one, otherwise the place for what has none.
                let scalar = [$( stringify!($scalar), )? $crate::domain::record::AS_STATED][0];
                let mut map = $crate::domain::record::members(stated, scalar, at, unread);
                $(
                    let $field = {
                        let stated = map.remove(stringify!($field));
                        at.key(stringify!($field));
                        let read = <$ty as $crate::domain::record::Field>::read(
                            stated, at, unread,
                        );
                        at.leave();
                        read
                    };
                )*
                let other = $crate::domain::record::leftover(map, at, unread);
                Self { $( $field, )* other }
            }

            fn write(&self) -> Option<serde_json::Value> {
                let mut map = self.other.0.clone();
                $(
                    if let Some(value) = $crate::domain::record::Field::write(&self.$field) {
                        map.insert(stringify!($field).to_owned(), value);
                    }
                )*
                (!map.is_empty()).then_some(serde_json::Value::Object(map))
            }

            fn walk(
                &self,
                at: &mut $crate::domain::record::Path,
                visit: &mut dyn FnMut(
                    &$crate::domain::record::Path,
                    $crate::domain::answer::State,
                ),
            ) {
                $(
                    at.key(stringify!($field));
                    $crate::domain::record::Field::walk(&self.$field, at, visit);
                    at.leave();
                )*
            }

            fn places(
                at: &mut $crate::domain::record::Path,
                visit: &mut dyn FnMut(&$crate::domain::record::Path),
            ) {
                $(
                    at.key(stringify!($field));
                    <$ty as $crate::domain::record::Field>::places(at, visit);
                    at.leave();
                )*
            }

            fn speak<'a>(
                &'a self,
                at: &mut $crate::domain::record::Path,
                visit: &mut dyn FnMut(
                    &$crate::domain::record::Path,
                    $crate::domain::record::Spoken<'a>,
                ),
            ) {
                $(
                    at.key(stringify!($field));
                    $crate::domain::record::Field::speak(&self.$field, at, visit);
                    at.leave();
                )*
                if !self.other.0.is_empty() {
                    visit(at, $crate::domain::record::Spoken::Other(&self.other));
                }
            }
        }
    };
}
