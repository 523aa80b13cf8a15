//! What a map leaves over: nothing in the source is silently dropped. What has no canonical place
//! is carried as a source note, labelled with its place; what the manifest ignores is not.

use super::located::{Data, Located, Place, Step};
use super::manifest::Manifest;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Notes of one document; one more says how many are not among them. All stand in the document as
/// it was sent, which is kept.
const NOTES: usize = 500;

/// What became of each field of a format, by its pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub mapped: BTreeSet<String>,
    pub noted: BTreeSet<String>,
    pub ignored: BTreeSet<String>,
}

/// Adds what is left over to the document's notes.
pub(super) fn note(
    document: &mut Value,
    provenance: &mut BTreeMap<String, Vec<String>>,
    item: &Located,
    manifest: &Manifest,
) {
    let mut left = Vec::new();
    {
        let used: HashSet<&str> = provenance.values().flatten().map(String::as_str).collect();
        each_leaf(item, &mut |place, text| {
            if !used.contains(place.to_string().as_str()) && !ignored(manifest, place) {
                left.push((place.clone(), text));
            }
        });
    }
    let Value::Object(members) = document else { return };
    if left.is_empty() {
        return;
    }
    let notes = members.entry("notes").or_insert_with(|| json!([]));
    let Value::Array(notes) = notes else { return };
    let whole = if item.place.is_whole() { String::new() } else { item.place.to_string() };
    let more = left.len().saturating_sub(NOTES);
    for (place, text) in left.into_iter().take(NOTES) {
        provenance.insert(format!("/notes/{}/text", notes.len()), vec![place.to_string()]);
        let label = place.label();
        // Where it stands in a list may be another when it is sent again.
        let label = label.strip_prefix(&whole).unwrap_or(&label);
        notes.push(json!({"label": label, "text": text}));
    }
    if more > 0 {
        let text = format!("{more} more; see the document as it was sent");
        notes.push(json!({"label": "left over", "text": text}));
    }
}

/// What became of the fields of one item.
pub fn coverage(
    item: &Located,
    provenance: &BTreeMap<String, Vec<String>>,
    manifest: &Manifest,
) -> Coverage {
    let mapped = provenance.iter().filter(|(pointer, _)| !pointer.starts_with("/notes/"));
    let mapped: HashSet<&str> = mapped.flat_map(|(_, places)| places).map(String::as_str).collect();
    let mut coverage = Coverage::default();
    each_leaf(item, &mut |place, _| {
        let into = if mapped.contains(place.to_string().as_str()) {
            &mut coverage.mapped
        } else if ignored(manifest, place) {
            &mut coverage.ignored
        } else {
            &mut coverage.noted
        };
        into.insert(place.pattern());
    });
    coverage
}

fn ignored(manifest: &Manifest, place: &Place) -> bool {
    let pattern = place.pattern();
    // A resource's type is told by every place within it.
    pattern.ends_with(".resourceType") || manifest.ignores(&pattern)
}

/// Visits every value that says something, with its text.
fn each_leaf(value: &Located, visit: &mut dyn FnMut(&Place, String)) {
    match &value.data {
        Data::Null => {}
        Data::Bool(truth) => visit(&value.place, truth.to_string()),
        Data::Number(number) => visit(&value.place, number.to_string()),
        Data::Text(text) if text.trim().is_empty() => {}
        // The name of an HL7 segment, which every place within it tells.
        Data::Text(_) if matches!(value.place.step(), Step::Segment(..)) => {}
        Data::Text(text) => visit(&value.place, text.to_string()),
        Data::List(items) => items.iter().for_each(|item| each_leaf(item, visit)),
        Data::Object(members) => members.iter().for_each(|(_, item)| each_leaf(item, visit)),
    }
}
