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
    /// A FHIR resource within another, told by its type: a FHIRPath,
    /// `Bundle.entry[1].resource.ofType(Patient)`.
    Resource(Place, Rc<str>),
    /// An element of a FHIR resource: `Patient.birthDate`.
    FhirElement(Place, Rc<str>),
    /// An item of a FHIR list, from 0: `Patient.name[0]`.
    FhirItem(Place, usize),
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

    /// Whether it is a whole document, and no part of one.
    pub fn is_whole(&self) -> bool {
        match self.step() {
            Step::Document => true,
            Step::Resource(parent, _) => *parent.step() == Step::Document,
            _ => false,
        }
    }

    /// Which of the format's fields it is, whatever row, item or repetition: `/persons/*/name`,
    /// `/PPN/Person/@grade`, `Date of birth`, `PID-5.1`, `Patient.name.family`. What the whole, a
    /// row or a list is, is empty or ends with its parent.
    pub fn pattern(&self) -> String {
        match self.step() {
            Step::Document | Step::Row(_) => String::new(),
            Step::Member(parent, key) => format!("{}/{}", parent.pattern(), escaped(key)),
            Step::Item(parent, _) => parent.pattern() + "/*",
            Step::Element(parent, name, _) => format!("{}/{name}", parent.pattern()),
            Step::Attribute(parent, name) => format!("{}/@{name}", parent.pattern()),
            Step::Cell { heading, .. } => heading.to_string(),
            Step::Segment(name, _) => name.to_string(),
            Step::HlField(parent, number, _) => format!("{}-{number}", parent.pattern()),
            Step::HlPart(parent, number) => format!("{}.{number}", parent.pattern()),
            Step::Resource(_, kind) => kind.to_string(),
            Step::FhirElement(parent, name) => format!("{}.{name}", parent.pattern()),
            Step::FhirItem(parent, _) => parent.pattern(),
        }
    }

    /// As a label that stays the same when the same item is sent again: a cell's is its heading,
    /// for its row may be another then.
    pub fn label(&self) -> String {
        match self.step() {
            Step::Cell { heading, .. } => heading.to_string(),
            _ => self.to_string(),
        }
    }
}

/// A key as a segment of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step() {
            Step::Document => Ok(()),
            Step::Member(parent, key) => write!(f, "{parent}/{}", escaped(key)),
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
            Step::Resource(parent, kind) if *parent.step() == Step::Document => f.write_str(kind),
            Step::Resource(parent, kind) => write!(f, "{parent}.ofType({kind})"),
            Step::FhirElement(parent, name) => write!(f, "{parent}.{name}"),
            Step::FhirItem(parent, index) => write!(f, "{parent}[{index}]"),
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
    fn a_pattern_says_which_field_it_is_and_a_label_lasts() {
        let root = Place::of(Step::Resource(Place::document(), "Bundle".into()));
        let entry = Place::of(Step::FhirElement(root, "entry".into()));
        let entry = Place::of(Step::FhirItem(entry, 1));
        let resource = Place::of(Step::FhirElement(entry, "resource".into()));
        let patient = Place::of(Step::Resource(resource, "Patient".into()));
        let name = Place::of(Step::FhirElement(patient, "name".into()));
        let family =
            Place::of(Step::FhirElement(Place::of(Step::FhirItem(name, 0)), "family".into()));
        assert_eq!(family.to_string(), "Bundle.entry[1].resource.ofType(Patient).name[0].family");
        assert_eq!(family.pattern(), "Patient.name.family");
        let persons = Place::of(Step::Member(Place::document(), "persons".into()));
        let name = Place::of(Step::Member(Place::of(Step::Item(persons, 3)), "name".into()));
        assert_eq!(name.pattern(), "/persons/*/name");
        assert_eq!(name.label(), "/persons/3/name");
        let cell = Place::of(Step::Cell { row: 9, column: 2, heading: "House".into() });
        assert_eq!((cell.pattern(), cell.label()), ("House".to_owned(), "House".to_owned()));
    }

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
