//! `input.schema.json`: the shape that a decoded item is expected to have (JSON Schema 2020-12).
//! Another shape is no reason to refuse; it is told to the sender, in terms of what it sent.

use super::located::Located;
use crate::domain::Unread;
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::paths::LocationSegment;
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;
use std::collections::BTreeSet;

/// Faults of one item that are told; a sender mends these first.
const FAULTS: usize = 50;

pub(super) struct Shape {
    validator: Validator,
    /// The members that the schema names at the top; none where it names none.
    named: BTreeSet<String>,
}

impl Shape {
    pub(super) fn read(text: &str) -> Result<Shape, String> {
        let schema: Value = serde_json::from_str(text).map_err(|error| {
            format!("is not JSON: line {}, column {}", error.line(), error.column())
        })?;
        let validator = jsonschema::draft202012::options()
            // An engine without backtracking: no pattern can be made slow by what is sent.
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| format!("is no JSON Schema 2020-12: {error}"))?;
        let named = schema.get("properties").and_then(Value::as_object);
        let named = named.into_iter().flat_map(|members| members.keys().cloned()).collect();
        Ok(Shape { validator, named })
    }

    /// Whether the schema names this member, or none at all.
    pub(super) fn knows(&self, member: &str) -> bool {
        self.named.is_empty() || self.named.contains(member)
    }

    /// Where the item is not of the shape; the pointer is a place in the source.
    pub(super) fn faults(&self, item: &Located) -> Vec<Unread> {
        let plain = item.plain();
        if self.validator.is_valid(&plain) {
            return Vec::new();
        }
        self.validator.iter_errors(&plain).take(FAULTS).map(|error| fault(item, &error)).collect()
    }
}

fn fault(item: &Located, error: &ValidationError<'_>) -> Unread {
    let mut at = item;
    for segment in error.instance_path() {
        let next = match segment {
            LocationSegment::Property(key) => at.get(&key),
            // A member named by a number looks like an index: the fields of an HL7 segment.
            LocationSegment::Index(index) => at.at(index).or_else(|| at.get(&index.to_string())),
        };
        let Some(next) = next else { break };
        at = next;
    }
    Unread { pointer: at.place.to_string(), rule: "shape".to_owned(), ask: ask(error.kind()) }
}

/// A value of the schema as a person writes it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What to do, from the schema alone: nothing of what was sent is repeated.
fn ask(kind: &Kind) -> String {
    match kind {
        Kind::Required { property } => {
            format!("Give {} here", property.as_str().unwrap_or("what is missing"))
        }
        Kind::Type { kind } => match kind {
            jsonschema::error::TypeKind::Single(kind) => format!("Give this as {kind}"),
            jsonschema::error::TypeKind::Multiple(_) => "Give this as another type".to_owned(),
        },
        Kind::Enum { options } => {
            let all = options.as_array().map(Vec::as_slice).unwrap_or_default();
            format!("Use one of {}", all.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
        Kind::Constant { expected_value } => format!("Use {}", plain(expected_value)),
        Kind::Format { format } => format!("Write this as {format}"),
        Kind::Pattern { pattern } => format!("Write this in the form {pattern}"),
        Kind::MinItems { limit } => format!("Give at least {limit} of these"),
        Kind::MinLength { .. } => "Do not leave this empty".to_owned(),
        _ => "See the description of this format".to_owned(),
    }
}
