//! Stories in the agencies' formats, and what each of these can express.

mod authority;
mod fhir;
mod hl7v2;
mod housing;
mod police;
mod school;
mod voluntary;

use super::compare::matches;
use super::story::{Day, Story, Told};
use frontdoor::adapter::manifest::Decoder;
use serde_json::{Map, Value};

/// A format in one notation.
pub(super) struct Format {
    pub(super) name: &'static str,
    /// The folder of the adapter that reads it.
    pub(super) adapter: &'static str,
    pub(super) decoder: Decoder,
    pub(super) render: fn(&Story) -> Vec<u8>,
    /// Places of the canonical document, as of [`super::compare`], for which it has a place.
    pub(super) expresses: &'static [&'static [&'static str]],
    /// Places that its adapter fills from what is no part of a story, such as who sends it.
    pub(super) adds: &'static [&'static str],
    /// Takes from a story what the format can say only of some: of the first child, or yes alone.
    pub(super) as_told: fn(&mut Story),
}

impl Format {
    pub(super) fn expresses(&self, place: &str) -> bool {
        self.expresses.iter().copied().flatten().any(|pattern| matches(pattern, place))
    }

    pub(super) fn adds(&self, place: &str) -> bool {
        self.adds.iter().any(|pattern| matches(pattern, place))
    }
}

pub(super) const FORMATS: [&Format; 8] = [
    &fhir::FORMAT,
    &hl7v2::FORMAT,
    &police::XML,
    &police::JSON,
    &school::FORMAT,
    &voluntary::FORMAT,
    &housing::FORMAT,
    &authority::FORMAT,
];

/// What every format has a place for.
const COMMON: &[&str] = &[
    "/referrer/name",
    "/referrer/role",
    "/referrer/agency",
    "/referrer/telephone",
    "/children/*/full_name",
    "/children/*/address/lines",
    "/children/*/address/town",
    "/children/*/address/postcode",
    "/children/*/address/withheld_from/*",
    "/worry",
    "/danger_now",
    "/concerns/*/code",
    "/agreement/informed",
    "/agreement/agreed",
    "/agreement/reason",
    "/do_not_alert",
    "/level_claimed",
    "/form_date",
    "/source_message_id",
    "/corrections/*/kind",
    "/household/people/*/name",
    "/household/people/*/relationship",
    "/household/people/*/lives_with_child",
    "/household/people/*/parental_responsibility",
    "/household/people/*/alleged_to_have_harmed",
    "/household/people/*/has_access_to_child",
    "/household/people/*/date_of_birth",
    "/household/people/*/telephone",
];

/// What is known of every child, where a format has a place for each of several.
const CHILDREN: &[&str] = &[
    "/children/*/given_name",
    "/children/*/family_name",
    "/children/*/date_of_birth",
    "/children/*/unborn",
    "/children/*/expected_date",
    "/children/*/sex",
    "/children/*/nhs_number",
    "/children/*/own_words",
];

/// The same of the child whose row it is.
const FIRST_CHILD: &[&str] = &[
    "/children/0/given_name",
    "/children/0/family_name",
    "/children/0/estimated_age",
    "/children/0/unborn",
    "/children/0/expected_date",
    "/children/0/sex",
    "/children/0/nhs_number",
    "/children/0/own_words",
    "/children/0/mother_name",
];

/// The document as bytes, without members that say nothing.
fn bytes(document: Value) -> Vec<u8> {
    serde_json::to_vec_pretty(&said(document).unwrap_or_default()).expect("JSON")
}

fn said(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(members) => {
            let members = members.into_iter().filter_map(|(key, value)| Some((key, said(value)?)));
            let members: Map<String, Value> = members.collect();
            (!members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().filter_map(said).collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        other => Some(other),
    }
}

/// A table of one row. Empty cells are columns that the sheet has and nobody filled in.
fn table(story: &Story, cells: &[(&str, Option<String>)]) -> Vec<u8> {
    let delimiter = story.way(&[",", ";", "\t", "|"]);
    let line = |texts: Vec<&str>| {
        let cells: Vec<String> = texts.into_iter().map(|text| quoted(text, delimiter)).collect();
        cells.join(delimiter)
    };
    let heading = line(cells.iter().map(|(heading, _)| *heading).collect());
    let row = line(cells.iter().map(|(_, text)| text.as_deref().unwrap_or_default()).collect());
    // Excel begins a file in UTF-8 with a byte order mark.
    let mark = story.way(&["", "\u{feff}", ""]);
    format!("{mark}{heading}\r\n{row}\r\n").into_bytes()
}

fn quoted(text: &str, delimiter: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.contains(delimiter) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A date as sheets have it: in figures, in words, as ISO 8601, or as the days that a spreadsheet
/// counts.
fn sheet_date(story: &Story, day: Day) -> String {
    let since = day.since(jiff::civil::date(1899, 12, 30)).expect("a span").get_days();
    match story.hand % 4 {
        0 => day.strftime("%d/%m/%Y").to_string(),
        1 => day.strftime("%-d %B %Y").to_string(),
        2 => day.to_string(),
        _ => since.to_string(),
    }
}

/// A yes, a no or neither, as sheets have it.
fn cell(story: &Story, told: Told) -> String {
    let ways: &[&str] = match told {
        Told::Yes => &["Yes", "y", "TRUE", "1", "✓"],
        Told::No => &["No", "n", "FALSE", "0", "No."],
        Told::NotKnown => &["not known", "?", "Don't know", "unknown", "N/K"],
    };
    story.way(ways).to_owned()
}

/// A telephone number, of which a spreadsheet may have taken the leading zero.
fn sheet_telephone(story: &Story, number: &str) -> String {
    story.way(&[number, number.trim_start_matches('0')]).to_owned()
}

/// A postcode as people type it.
fn typed(story: &Story, postcode: &str) -> String {
    let compact = postcode.replace(' ', "");
    story.way(&[postcode, &compact.to_lowercase(), &compact]).to_owned()
}

/// Three, three and four digits, with blanks between them or without.
fn grouped(story: &Story, number: &str) -> String {
    let blanks = format!("{} {} {}", &number[..3], &number[3..6], &number[6..]);
    story.way(&[number, &blanks]).to_owned()
}
