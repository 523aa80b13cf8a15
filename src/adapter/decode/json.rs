//! JSON to located values, as strictly as the canonical decoder reads it; places are JSON pointers,
//! or for FHIR, where a resource says its type, FHIRPaths (HL7 FHIRPath 2.0). A type that FHIR does
//! not know is the sender's own text, and no part of a place.

mod resources;

use crate::adapter::json;
use crate::adapter::located::{Data, Located, Place, Step};
use crate::domain::refusal::Refusal;
use resources::is_resource;
use serde_json::Value;
use std::rc::Rc;

/// How places are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// RFC 6901: `/persons/0/name`.
    Pointer,
    /// `Bundle.entry[0].resource.ofType(Patient).name[0].family`.
    FhirPath,
}

/// Reads one document.
///
/// # Errors
/// As of [`json::read`].
pub fn read(bytes: &[u8], style: Style) -> Result<Located, Refusal> {
    Ok(locate(json::read(bytes)?, Place::document(), style))
}

fn locate(value: Value, place: Place, style: Style) -> Located {
    let place = match value.get("resourceType") {
        Some(Value::String(kind)) if style == Style::FhirPath && is_resource(kind) => {
            Place::of(Step::Resource(place, kind.as_str().into()))
        }
        _ => place,
    };
    let data = match value {
        Value::Null => Data::Null,
        Value::Bool(truth) => Data::Bool(truth),
        Value::Number(number) => Data::Number(number),
        Value::String(text) => Data::Text(text.into()),
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            Data::List(
                items.map(|(at, item)| locate(item, at_item(&place, at, style), style)).collect(),
            )
        }
        Value::Object(members) => {
            let member = |(key, value): (String, Value)| {
                let key: Rc<str> = key.into();
                let place = match style {
                    Style::Pointer => Place::of(Step::Member(place.clone(), key.clone())),
                    Style::FhirPath => Place::of(Step::FhirElement(place.clone(), key.clone())),
                };
                (key, locate(value, place, style))
            };
            Data::Object(members.into_iter().map(member).collect())
        }
    };
    Located::new(data, place)
}

fn at_item(list: &Place, at: usize, style: Style) -> Place {
    match style {
        Style::Pointer => Place::of(Step::Item(list.clone(), at)),
        Style::FhirPath => Place::of(Step::FhirItem(list.clone(), at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_pointers_and_resources_their_paths() {
        let text = br#"{"resourceType":"Bundle","entry":[{"resource":
            {"birthDate":"2019-03-04","resourceType":"Patient"}}]}"#;
        let place = |style| {
            let document = read(text, style).expect("reads");
            let entry = document.get("entry").and_then(|list| list.at(0)).expect("an entry");
            let patient = entry.get("resource").expect("a resource");
            patient.get("birthDate").expect("a date").place.to_string()
        };
        assert_eq!(place(Style::Pointer), "/entry/0/resource/birthDate");
        assert_eq!(place(Style::FhirPath), "Bundle.entry[0].resource.ofType(Patient).birthDate");
    }

    #[test]
    fn a_type_that_fhir_does_not_know_is_not_repeated_in_a_place() {
        let text = br#"{"resourceType":"Bundle","entry":[{"resource":
            {"resourceType":"Ann Canary","birthDate":"2019-03-04"}}]}"#;
        let document = read(text, Style::FhirPath).expect("reads");
        let entry = document.get("entry").and_then(|list| list.at(0)).expect("an entry");
        let date = entry.get("resource").and_then(|resource| resource.get("birthDate"));
        let place = date.map(|date| date.place.to_string());
        assert_eq!(place.as_deref(), Some("Bundle.entry[0].resource.birthDate"));
    }
}
