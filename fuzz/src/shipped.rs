//! The adapters that are shipped, and what holds of all that they make.

use crate::adapter::answer::{self, Duty, Manner, Outcome, Problem, Request, Verdict};
use crate::adapter::decode::{self, json::Style};
use crate::adapter::engine::{Adapter, Made};
use crate::adapter::located::{Data, Located};
use crate::adapter::manifest::Decoder;
use crate::adapter::{folder, leftover, told};
use crate::check::{Pointers, texts};
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::{echo, memory};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

thread_local! {
    static ALL: BTreeMap<String, Adapter> = all();
}

fn all() -> BTreeMap<String, Adapter> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters");
    let folders = folder::read_all(&folder).expect("the adapters' folders");
    let read = |folder: &folder::Folder| Adapter::read(folder).expect("an adapter without faults");
    folders.iter().map(|folder| (folder.name.clone(), read(folder))).collect()
}

/// Reads them all, before anything is measured.
pub fn load() {
    ALL.with(|all| assert!(!all.is_empty(), "no adapter is shipped"));
}

/// An input of the target `adapt`: a line with the adapter's name, the extension of one of its
/// encodings and the agency, which may be missing, and then the body.
pub struct Sent<'a> {
    adapter: &'a str,
    extension: &'a str,
    agency: Option<&'a str>,
    body: &'a [u8],
}

impl<'a> Sent<'a> {
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.iter().take(200).position(|byte| *byte == b'\n')?;
        let mut words = std::str::from_utf8(&bytes[..end]).ok()?.split(' ');
        let (adapter, extension) = (words.next()?, words.next()?);
        Some(Sent { adapter, extension, agency: words.next(), body: &bytes[end + 1..] })
    }
}

/// Makes documents of what was sent and holds them against all that must be so. False where it is
/// for no adapter of ours.
pub fn check(sent: &Sent<'_>) -> bool {
    ALL.with(|all| {
        let Some(adapter) = all.get(sent.adapter) else { return false };
        let mut reads = adapter.manifest.reads.iter();
        let Some(reads) = reads.find(|reads| reads.extension == sent.extension) else {
            return false;
        };
        At { adapter, decoder: reads.decoder, agency: sent.agency }.check(sent.body);
        true
    })
}

#[derive(Clone, Copy)]
struct At<'a> {
    adapter: &'a Adapter,
    decoder: Decoder,
    agency: Option<&'a str>,
}

impl At<'_> {
    fn check(self, body: &[u8]) {
        let mut first = Vec::new();
        self.each(body, |item, made| {
            if let Ok(made) = &made {
                whole(made);
                from_the_item(made, item);
                self.nothing_dropped(made, item);
            }
            self.answered(item);
            first.push(made);
        });
        memory::within(memory::MAKING, || {
            let mut again = 0;
            self.each(body, |_, made| {
                assert!(first.get(again) == Some(&made), "made twice, an item is two things");
                again += 1;
            });
        });
        echo::none(body, &faults(&first), |body| {
            let mut all = Vec::new();
            self.each(body, |_, made| all.push(made));
            faults(&all)
        });
    }

    /// Makes a document of each item that is decoded.
    fn each(self, body: &[u8], mut visit: impl FnMut(&Located, Result<Made, Refusal>)) {
        let Ok(items) = self.adapter.items(self.decoder, body, self.agency) else { return };
        for item in items.filter_map(|item| item.decoded.ok()) {
            let made = self.adapter.make(&item);
            if let Err(refusal) = &made {
                assert!(refusal.kind != RefusalKind::Failed, "no document for what has its shape");
                assert!(!refusal.faults.is_empty(), "{refusal:?}");
            }
            visit(&item, made);
        }
    }

    /// What neither a field of ours nor the manifest takes up is a note.
    fn nothing_dropped(self, made: &Made, item: &Located) {
        let coverage = leftover::coverage(item, &made.provenance, &self.adapter.manifest);
        let notes = made.document.get("notes").and_then(|notes| notes.as_array());
        let noted = notes.is_some_and(|notes| !notes.is_empty());
        assert!(coverage.noted.is_empty() || noted, "{:?} is dropped", coverage.noted);
    }

    /// An answer can be written, and is of its format.
    fn answered(self, item: &Located) {
        let manner = self.adapter.manifest.answer;
        let problem = Problem {
            status: 422,
            code: "below-minimum".to_owned(),
            title: "The submission lacks one of the three facts needed".to_owned(),
            detail: None,
            faults: told::as_they_are(Vec::new()),
            duty: Duty { in_hours: "01632 960000".into(), out_of_hours: "01632 960001".into() },
            reference: None,
            retry_after: None,
        };
        let verdict =
            Verdict { at: String::new(), message_id: None, outcome: Outcome::Refused(problem) };
        let request = Request {
            id: "0190a000-0000-7000-8000-000000000000".into(),
            at: "2026-01-02T03:04:05Z".into(),
        };
        let answer = answer::one(manner, &answer::head(manner, item), &verdict, &request);
        let read = match manner {
            Manner::Json | Manner::Fhir => decode::json::read(&answer.body, Style::Pointer).err(),
            Manner::Hl7v2 => decode::hl7v2::read(&answer.body).err(),
            Manner::Csv => None,
        };
        assert!(read.is_none(), "{read:?}: {}", String::from_utf8_lossy(&answer.body));
    }
}

/// Every place in the provenance is one of the item's, and every pointer leads to a value.
fn from_the_item(made: &Made, item: &Located) {
    let mut places = HashSet::new();
    each_place(item, &mut |place| {
        places.insert(place);
    });
    for (pointer, from) in &made.provenance {
        for place in from {
            assert!(places.contains(place), "{pointer} is from {place}, which is nowhere");
        }
    }
}

fn whole(made: &Made) {
    assert!(made.document.is_object(), "a document is an object");
    for pointer in made.provenance.keys() {
        let value = made.document.pointer(pointer);
        let plain = value.is_some_and(|value| !value.is_object() && !value.is_array());
        assert!(plain, "{pointer} is no value of the document");
    }
}

fn each_place(value: &Located, visit: &mut dyn FnMut(String)) {
    visit(value.place.to_string());
    match &value.data {
        Data::List(items) => items.iter().for_each(|item| each_place(item, visit)),
        Data::Object(members) => members.iter().for_each(|(_, item)| each_place(item, visit)),
        Data::Null | Data::Bool(_) | Data::Number(_) | Data::Text(_) => {}
    }
}

fn faults(all: &[Result<Made, Refusal>]) -> Vec<String> {
    let faults = all.iter().flat_map(|made| match made {
        Ok(made) => &made.shape,
        Err(refusal) => &refusal.faults,
    });
    faults.flat_map(|fault| texts(fault, Pointers::Ours)).collect()
}
