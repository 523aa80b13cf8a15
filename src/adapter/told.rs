//! Faults of a canonical document, told in terms of what its sender sent.

use super::manifest::Manifest;
use crate::domain::Unread;
use std::collections::BTreeMap;

/// Places of one fault that are told.
const MOST: usize = 6;

/// A fault as the sender is told it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Told {
    /// The place in what was sent: `row 4, column C (Date of birth)`, `PID-7`, `/PPN/Person[2]`;
    /// several, with commas, where the value was made of several; empty for the whole.
    pub at: String,
    pub rule: String,
    /// What to do, in plain English.
    pub ask: String,
}

/// Tells faults of the canonical document. `item` is the place of the whole item.
pub fn tell(
    faults: &[Unread],
    provenance: &BTreeMap<String, Vec<String>>,
    item: &str,
    manifest: &Manifest,
) -> Vec<Told> {
    let told = |fault: &Unread| Told {
        at: place(&fault.pointer, provenance, item),
        rule: fault.rule.clone(),
        ask: manifest.asks.get(&fault.rule).unwrap_or(&fault.ask).clone(),
    };
    faults.iter().map(told).collect()
}

/// Faults whose pointers are places in the source already.
pub fn as_they_are(faults: Vec<Unread>) -> Vec<Told> {
    let told = |fault: Unread| Told { at: fault.pointer, rule: fault.rule, ask: fault.ask };
    faults.into_iter().map(told).collect()
}

/// The places of the value at `pointer`, or of all that lie below it, or of the whole item.
fn place(pointer: &str, provenance: &BTreeMap<String, Vec<String>>, item: &str) -> String {
    let mut places: Vec<&str> = Vec::new();
    let within = |known: &str| {
        known.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    for (_, from) in provenance.iter().filter(|(known, _)| !pointer.is_empty() && within(known)) {
        for place in from {
            if !places.contains(&place.as_str()) {
                places.push(place);
            }
        }
    }
    match places.len() {
        0 => item.to_owned(),
        few if few <= MOST => places.join(", "),
        many => format!("{} and {} more places", places[..MOST].join(", "), many - MOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_where_its_value_came_from_and_in_the_formats_own_terms() {
        let manifest = Manifest::read(
            "title = 'x'\nkind = 'k'\nversion = '1'\nanswer = 'csv'\n[asks]\n\
             minimum-referrer = 'a'\n\
             minimum-child = 'b'\nminimum-worry = 'Fill in Concern'\n[[reads]]\ndecoder = 'csv'\n\
             media_types = []\nextension = 'csv'",
        )
        .expect("a manifest");
        let from = |places: &[&str]| places.iter().map(|place| (*place).to_owned()).collect();
        let provenance = BTreeMap::from([
            ("/children/0/date_of_birth".to_owned(), from(&["row 4, column C (DOB)"])),
            ("/children/0/full_name".to_owned(), from(&["row 4, column A (Name)"])),
            ("/children/01".to_owned(), from(&["row 4, column Z (No)"])),
        ]);
        let fault = |pointer: &str, rule: &str| Unread {
            pointer: pointer.to_owned(),
            rule: rule.to_owned(),
            ask: "as JSON".to_owned(),
        };
        let faults = [
            fault("/children/0/date_of_birth", "date"),
            fault("/children/0", "record"),
            fault("/worry", "minimum-worry"),
        ];
        let told = tell(&faults, &provenance, "row 4", &manifest);
        let seen: Vec<(&str, &str)> =
            told.iter().map(|told| (told.at.as_str(), told.ask.as_str())).collect();
        let both = "row 4, column C (DOB), row 4, column A (Name)";
        let expected =
            [("row 4, column C (DOB)", "as JSON"), (both, "as JSON"), ("row 4", "Fill in Concern")];
        assert_eq!(seen, expected);
    }
}
