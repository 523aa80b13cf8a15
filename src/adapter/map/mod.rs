//! Maps: from an agency's decoded document to the canonical one, in jq (`map.jq`), with the places
//! that each canonical value was made from.

mod arithmetic;
mod expressions;
mod members;
mod places;
mod quick;
mod traced;
mod values;
mod words;

pub use places::Places;

use super::located::Located;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars};
use serde_json::{Map as Object, Value};
use std::collections::BTreeMap;
use traced::{Data, Traced};
use words::Kind;

/// A map that is ready to run.
pub struct Map {
    filter: jaq_core::Filter<Kind>,
}

/// What is wrong with a map's own text: the line, from 1, and what was met there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("map.jq:{line}: {what}")]
pub struct MapFault {
    pub line: usize,
    pub what: String,
}

/// Why a map gave no canonical document for a decoded one. What was sent is not repeated here:
/// `explain` shows it to whoever has the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunFault {
    /// `error(…)`, or a value used as what it is not.
    #[error("the map stopped with an error")]
    Stopped,
    #[error("the map gave nothing")]
    Nothing,
    #[error("the map gave more than one document")]
    Several,
    #[error("the map gave something other than an object")]
    NoObject,
}

/// A canonical document as a map made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    pub document: Value,
    /// For each value that is neither list nor object, by its JSON pointer, where it is from;
    /// empty for what the map itself states.
    pub provenance: BTreeMap<String, Places>,
}

impl Map {
    /// Reads a map.
    ///
    /// # Errors
    /// Every fault, in the order of the text.
    pub fn read(text: &str) -> Result<Map, Vec<MapFault>> {
        let arena = Arena::default();
        let loader = Loader::new(words::definitions());
        let modules = loader.load(&arena, File { code: text, path: () });
        let modules = modules.map_err(|errors| load_faults(text, errors))?;
        let compiler = Compiler::default().with_funs(words::natives());
        let filter = compiler.compile(modules).map_err(|errors| {
            let all = errors.into_iter().flat_map(|(_, errors)| errors);
            all.map(|(at, kind)| {
                let what = format!("there is no {} {at}", kind.as_str());
                MapFault { line: line_of(text, at), what }
            })
            .collect::<Vec<_>>()
        })?;
        Ok(Map { filter })
    }

    /// Maps one decoded document.
    ///
    /// # Errors
    /// See [`RunFault`]. A map may run for ever: whoever calls it sees to a limit.
    pub fn run(&self, decoded: &Located) -> Result<Mapped, RunFault> {
        let context = Ctx::<Kind>::new(&self.filter.lut, Vars::new([]));
        let mut outputs = self.filter.id.run((context, Traced::from(decoded)));
        let first = outputs.next().ok_or(RunFault::Nothing)?.map_err(|_| RunFault::Stopped)?;
        match outputs.next() {
            None => {}
            Some(Ok(_)) => return Err(RunFault::Several),
            Some(Err(_)) => return Err(RunFault::Stopped),
        }
        let mut provenance = BTreeMap::new();
        match settle(&first, String::new(), &mut provenance) {
            Some(document @ Value::Object(_)) => Ok(Mapped { document, provenance }),
            Some(_) => Err(RunFault::NoObject),
            None => Ok(Mapped { document: Value::Object(Object::new()), provenance }),
        }
    }
}

/// The plain value, with what is null, and what holds nothing else, left out: nothing is said.
fn settle(
    value: &Traced,
    pointer: String,
    provenance: &mut BTreeMap<String, Places>,
) -> Option<Value> {
    match &value.data {
        Data::Null => None,
        Data::List(items) => {
            let mut list: Vec<Value> = Vec::with_capacity(items.len());
            for item in items.iter() {
                list.extend(settle(item, format!("{pointer}/{}", list.len()), provenance));
            }
            (!list.is_empty()).then_some(Value::Array(list))
        }
        Data::Object(members) => {
            let mut object = Object::new();
            for (key, value) in members.iter() {
                let segment = key.replace('~', "~0").replace('/', "~1");
                if let Some(value) = settle(value, format!("{pointer}/{segment}"), provenance) {
                    object.insert(key.to_string(), value);
                }
            }
            (!object.is_empty()).then_some(Value::Object(object))
        }
        Data::Bool(_) | Data::Number(_) | Data::Text(_) => {
            provenance.insert(pointer, value.from.clone());
            Some(value.plain())
        }
    }
}

fn load_faults(text: &str, errors: load::Errors<&str, ()>) -> Vec<MapFault> {
    let fault = |at: &str, what: String| MapFault { line: line_of(text, at), what };
    let mut faults = Vec::new();
    for (_, error) in errors {
        match error {
            load::Error::Io(modules) => faults.extend(modules.into_iter().map(|(at, _)| {
                fault(at, "a map stands alone: it includes no other file".to_owned())
            })),
            load::Error::Lex(errors) => faults.extend(
                errors
                    .into_iter()
                    .map(|(expected, at)| fault(at, format!("expected {}", expected.as_str()))),
            ),
            load::Error::Parse(errors) => {
                faults.extend(
                    errors
                        .into_iter()
                        .map(|(expected, at)| fault(at, format!("expected {}", expected.as_str()))),
                );
            }
        }
    }
    faults
}

/// The line of a piece of a text, from 1; the last one for what is not within it.
fn line_of(text: &str, piece: &str) -> usize {
    let (start, at) = (text.as_ptr() as usize, piece.as_ptr() as usize);
    let offset = at.checked_sub(start).filter(|offset| *offset <= text.len());
    let before = &text.as_bytes()[..offset.unwrap_or(text.len())];
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests;
