//! Decoded values that know where in the sender's own document they stood, so that a fault can be
//! told to the sender in the terms of what it sent, and every canonical field has its provenance.

use serde_json::{Map, Number, Value};
use std::fmt;
use std::rc::Rc;

/// A value and its place. A decoder makes one for every value that it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    pub data: Data,
    pub place: Place,
}

/// As JSON, members in the order in which they came, each key once.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Null,
    Bool(bool),
    Number(Number),
    Text(Rc<str>),
    List(Vec<Located>),
    Object(Vec<(Rc<str>, Located)>),
}

impl Located {
    pub fn new(data: Data, place: Place) -> Self {
        Located { data, place }
    }

    pub fn text(text: &str, place: Place) -> Self {
        Located::new(Data::Text(text.into()), place)
    }

    /// The member of an object.
    pub fn get(&self, key: &str) -> Option<&Located> {
        let Data::Object(members) = &self.data else { return None };
        members.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// The item of a list.
    pub fn at(&self, index: usize) -> Option<&Located> {
        let Data::List(items) = &self.data else { return None };
        items.get(index)
    }

    /// The value without places.
    pub fn plain(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(truth) => Value::Bool(*truth),
            Data::Number(number) => Value::Number(number.clone()),
            Data::Text(text) => Value::from(&**text),
            Data::List(items) => items.iter().map(Located::plain).collect(),
            Data::Object(members) => {
                let members = members.iter().map(|(name, value)| (name.to_string(), value.plain()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

/// Where a value stood, shared with the values beside it. Written as its format's people write
/// places; see [`Step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(Rc<Step>);

/// The last step to a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The whole document.
    Document,
    /// A member of a JSON object: a JSON pointer, `/persons/0/name` (RFC 6901).
    Member(Place, Rc<str>),
    /// An item of a JSON list, from 0.
    Item(Place, usize),
    /// An XML element, the nth of its name within its parent, from 1: an XPath, `/PPN/Person[2]`.
    Element(Place, Rc<str>, usize),
    /// An XML attribute: `/PPN/@grade`.
    Attribute(Place, Rc<str>),
    /// A row of a table, counted as a spreadsheet does, from 1 with the header: `row 4`.
    Row(usize),
    /// A cell, with the heading of its column: `row 4, column C (Date of birth)`.
    Cell { row: usize, column: usize, heading: Rc<str> },
    /// An HL7 segment, the nth of its name in the message, from 1: `PID` or `NTE[2]`.
    Segment(Rc<str>, usize),
    /// A field of a segment, and the repetition, both from 1: `PID-3`, `PID-3[2]`.
    HlField(Place, usize, usize),
    /// A component, or a subcomponent of one, from 1: `PID-5.1`, `PID-5.1.2`.
    HlPart(Place, usize),
}

impl Place {
    pub fn document() -> Self {
        Place(Rc::new(Step::Document))
    }

    pub fn of(step: Step) -> Self {
        Place(Rc::new(step))
    }

    pub fn step(&self) -> &Step {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step() {
            Step::Document => Ok(()),
            Step::Member(parent, key) => {
                write!(f, "{parent}/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Step::Item(parent, index) => write!(f, "{parent}/{index}"),
            Step::Element(parent, name, 1) => write!(f, "{parent}/{name}"),
            Step::Element(parent, name, nth) => write!(f, "{parent}/{name}[{nth}]"),
            Step::Attribute(parent, name) => write!(f, "{parent}/@{name}"),
            Step::Row(row) => write!(f, "row {row}"),
            Step::Cell { row, column, heading } => {
                write!(f, "row {row}, column {} ({heading})", letters(*column))
            }
            Step::Segment(name, 1) => f.write_str(name),
            Step::Segment(name, nth) => write!(f, "{name}[{nth}]"),
            Step::HlField(parent, number, 1) => write!(f, "{parent}-{number}"),
            Step::HlField(parent, number, nth) => write!(f, "{parent}-{number}[{nth}]"),
            Step::HlPart(parent, number) => write!(f, "{parent}.{number}"),
        }
    }
}

/// A column's name as a spreadsheet gives it: `A` for 1, `AA` for 27.
fn letters(column: usize) -> String {
    let (mut left, mut out) = (column, Vec::new());
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or_default();
        out.push(b'A' + digit);
        left = (left - 1) / 26;
    }
    out.iter().rev().map(|letter| char::from(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_each_format_writes_them() {
        let root = Place::document();
        let persons = Place::of(Step::Member(root.clone(), "per/sons".into()));
        assert_eq!(Place::of(Step::Item(persons, 2)).to_string(), "/per~1sons/2");
        let notice = Place::of(Step::Element(root, "PPN".into(), 1));
        let person = Place::of(Step::Element(notice, "Person".into(), 2));
        let grade = Place::of(Step::Attribute(person, "grade".into()));
        assert_eq!(grade.to_string(), "/PPN/Person[2]/@grade");
        let cell = Step::Cell { row: 4, column: 28, heading: "Date of birth".into() };
        assert_eq!(Place::of(cell).to_string(), "row 4, column AB (Date of birth)");
        let pid = Place::of(Step::Segment("PID".into(), 2));
        let field = Place::of(Step::HlField(pid, 5, 1));
        assert_eq!(Place::of(Step::HlPart(field, 1)).to_string(), "PID[2]-5.1");
    }
}
