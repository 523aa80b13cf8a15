//! One adapter at work: bytes to items, items to canonical documents that know where each of their
//! values came from.

use super::decode::{self, csv, json::Style};
use super::folder::{Fault, Folder};
use super::leftover;
use super::located::{Data, Located, Place};
use super::manifest::{Decoder, Manifest};
use super::map::{Map, Mapped, Places, RunFault};
use super::shape::Shape;
use crate::domain::Unread;
use crate::domain::refusal::{Refusal, RefusalKind};
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// An adapter that is ready to work. It stays on one thread.
pub struct Adapter {
    pub manifest: Manifest,
    map: Map,
    shape: Shape,
    /// By agency: their heading, in small letters, to ours.
    columns: BTreeMap<String, BTreeMap<String, Rc<str>>>,
    defaults: Value,
}

/// One thing that was sent: a document, or a row of a table.
pub struct Item {
    /// A row as it was sent, under its header, or an item of a list; empty where the item is the
    /// whole body.
    pub raw: Vec<u8>,
    pub decoded: Result<Located, Refusal>,
}

/// What an item became.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The canonical document, with what had no place in it as source notes.
    pub document: Value,
    /// By JSON pointer into the document: the places that the value was made from. Empty for what
    /// the adapter itself states.
    pub provenance: BTreeMap<String, Vec<String>>,
    /// Where the item is not of the shape that `input.schema.json` describes. It is no reason to
    /// refuse; the pointer is a place in the source.
    pub shape: Vec<Unread>,
}

impl Adapter {
    /// Makes an adapter of its texts.
    ///
    /// # Errors
    /// Every fault, with file and line.
    pub fn read(folder: &Folder) -> Result<Adapter, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut fault = |file: &str, line, what| {
            faults.push(Fault { file: format!("{}/{file}", folder.name), line, what });
        };
        let manifest = Manifest::read(&folder.manifest)
            .map_err(|(line, what)| fault("manifest.toml", line, what));
        let shape = Shape::read(&folder.schema).map_err(|what| fault("input.schema.json", 0, what));
        let map = Map::read(&folder.map).map_err(|found| {
            found.into_iter().for_each(|one| fault("map.jq", one.line, one.what));
        });
        let mut columns = BTreeMap::new();
        for (agency, text) in &folder.columns {
            match toml::from_str::<BTreeMap<String, String>>(text) {
                Ok(table) => {
                    let ours = |(theirs, ours): (String, String)| (folded(&theirs), ours.into());
                    columns.insert(agency.clone(), table.into_iter().map(ours).collect());
                }
                Err(error) => {
                    fault(&format!("columns/{agency}.toml"), 0, error.message().to_owned());
                }
            }
        }
        match (manifest, map, shape) {
            (Ok(manifest), Ok(map), Ok(shape)) if faults.is_empty() => {
                let defaults = manifest.defaults();
                Ok(Adapter { manifest, map, shape, columns, defaults })
            }
            _ => Err(faults),
        }
    }

    /// The items of one body, in their order. `agency` is whose columns are meant.
    ///
    /// # Errors
    /// When the body as a whole cannot be decoded, or holds no item; an item of its own may be
    /// refused by itself.
    pub fn items<'a>(
        &'a self,
        decoder: Decoder,
        bytes: &'a [u8],
        agency: Option<&str>,
    ) -> Result<Box<dyn Iterator<Item = Item> + 'a>, Refusal> {
        let one = match decoder {
            Decoder::Csv => return self.rows(bytes, agency),
            Decoder::Json => decode::json::read(bytes, Style::Pointer)?,
            Decoder::Fhir => decode::json::read(bytes, Style::FhirPath)?,
            Decoder::Xml => decode::xml::read(bytes)?,
            Decoder::Hl7v2 => decode::hl7v2::read(bytes)?,
        };
        match one.data {
            Data::List(items) if decoder == Decoder::Json => {
                if items.is_empty() {
                    return Err(nothing("Send the referrals; the list is empty"));
                }
                let item = |item: Located| Item {
                    raw: item.plain().to_string().into_bytes(),
                    decoded: Ok(item),
                };
                Ok(Box::new(items.into_iter().map(item)))
            }
            data => {
                let decoded = Ok(Located { data, ..one });
                Ok(Box::new(std::iter::once(Item { raw: Vec::new(), decoded })))
            }
        }
    }

    fn rows<'a>(
        &'a self,
        bytes: &'a [u8],
        agency: Option<&str>,
    ) -> Result<Box<dyn Iterator<Item = Item> + 'a>, Refusal> {
        let columns = agency.and_then(|agency| self.columns.get(agency));
        let mut rows = csv::Rows::open(bytes)?;
        let ours = |heading: &Rc<str>| columns.and_then(|columns| columns.get(&folded(heading)));
        let known = |heading: &Rc<str>| self.shape.knows(ours(heading).unwrap_or(heading));
        if !rows.named().any(known) {
            // A first row of data would be taken for headings, and its child be named nowhere.
            return Err(nothing(
                "None of the headings is known: let the first row hold the headings of the \
                 columns, as they are described for this format",
            ));
        }
        let mut next = move || {
            let decoded = rows.next()?.map(|row| match columns {
                Some(columns) => named(row, columns),
                None => row,
            });
            Some(Item { raw: rows.raw(), decoded })
        };
        let first = next().ok_or_else(|| nothing("Send the rows below the headings as well"))?;
        Ok(Box::new(std::iter::once(first).chain(std::iter::from_fn(next))))
    }

    /// Makes a canonical document of an item.
    ///
    /// # Errors
    /// `NotReadable`, with each place where the item is not of the expected shape, when the map
    /// gave nothing for it; `Failed` when it did so for an item that is.
    pub fn make(&self, item: &Located) -> Result<Made, Refusal> {
        let shape = self.shape.faults(item);
        let mapped = self.map.run(item).map_err(|fault| no_document(fault, shape.clone()))?;
        let Mapped { mut document, provenance } = mapped;
        fill(&mut document, &self.defaults);
        let mut provenance: BTreeMap<String, Vec<String>> =
            provenance.into_iter().map(|(pointer, places)| (pointer, told(&places))).collect();
        leftover::note(&mut document, &mut provenance, item, &self.manifest);
        Ok(Made { document, provenance, shape })
    }
}

fn nothing(ask: &str) -> Refusal {
    let (pointer, rule, ask) = (String::new(), "nothing-sent".to_owned(), ask.to_owned());
    Refusal { kind: RefusalKind::NotReadable, faults: vec![Unread { pointer, rule, ask }] }
}

fn told(places: &Places) -> Vec<String> {
    places.iter().map(Place::to_string).collect()
}

/// A heading as it is compared.
fn folded(heading: &str) -> String {
    heading.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The row under our headings. Where two columns have one of ours, the first keeps it.
fn named(mut row: Located, columns: &BTreeMap<String, Rc<str>>) -> Located {
    if let Data::Object(members) = &mut row.data {
        for at in 0..members.len() {
            let ours = columns.get(&folded(&members[at].0));
            if let Some(ours) = ours.filter(|ours| !members.iter().any(|(name, _)| name == *ours)) {
                members[at].0 = ours.clone();
            }
        }
    }
    row
}

/// Puts defaults where nothing is said.
fn fill(document: &mut Value, defaults: &Value) {
    let (Value::Object(members), Value::Object(defaults)) = (document, defaults) else { return };
    for (key, default) in defaults {
        match members.get_mut(key) {
            Some(stated) => fill(stated, default),
            None => {
                members.insert(key.clone(), default.clone());
            }
        }
    }
}

fn no_document(fault: RunFault, shape: Vec<Unread>) -> Refusal {
    if shape.is_empty() {
        tracing::error!(code = "adapter-map", %fault, "a map gave no document");
        return Refusal::failed();
    }
    Refusal { kind: RefusalKind::NotReadable, faults: shape }
}

#[cfg(test)]
mod tests;
