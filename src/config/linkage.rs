//! `linkage.toml`, which an authority need not have: its own linkage model, and addresses that many
//! households share.

use super::fault::Fault;
use super::source::Source;
use crate::domain::postcode::Postcode;
use crate::linkage::{Linkage, Model, Shared};
use serde::Deserialize;
use std::path::Path;
use toml::Spanned;

pub(super) const FILE: &str = "linkage.toml";
pub(super) const MODEL: &str = "linkage-model.toml";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    shared_address: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// For people who read the file.
    #[serde(rename = "name")]
    _name: String,
    /// First line; without one all of the postcode is shared.
    #[serde(default)]
    address: String,
    postcode: Spanned<String>,
    #[serde(default)]
    telephone: String,
}

/// The files that are there.
pub(super) fn sources(dir: &Path, faults: &mut Vec<Fault>) -> Vec<Source> {
    let there = [FILE, MODEL].into_iter().filter(|name| dir.join(name).exists());
    there.filter_map(|name| Source::read(dir, name, faults)).collect()
}

pub(super) fn read(sources: &[Source], faults: &mut Vec<Fault>) -> Linkage {
    let mut linkage = Linkage::default();
    for source in sources {
        if source.is(MODEL) {
            match Model::parse(source.text()) {
                Ok(model) => linkage.model = model,
                Err(fault) => {
                    let mend = "write it with `frontdoor linkage train`, or take the file away";
                    faults.push(source.fault(0, fault.to_string(), mend));
                }
            }
        } else if let Some(file) = source.toml::<File>(faults) {
            linkage.shared = shared(source, &file, faults);
        }
    }
    linkage
}

fn shared(source: &Source, file: &File, faults: &mut Vec<Fault>) -> Shared {
    let mut shared = Shared::default();
    for entry in &file.shared_address {
        let postcode = entry.postcode.get_ref();
        if Postcode::parse(postcode).is_none() {
            let line = source.line_at(entry.postcode.span().start);
            let what = format!("{postcode} is no postcode");
            faults.push(source.fault(line, what, "write it like HX1 2XQ"));
        }
        shared.add(&entry.address, postcode, &entry.telephone);
    }
    shared
}
