//! What holds of every decoder, whatever comes.

use crate::adapter::json::LIMITS;
use crate::adapter::located::{Data, Located};
use crate::domain::Unread;
use crate::domain::refusal::{Refusal, RefusalKind};
use crate::{echo, memory};
use std::collections::HashSet;

/// What a decoder made of a body: its items in their order, or one refusal.
pub type Items = Vec<Result<Located, Refusal>>;

/// What a refusal may tell of the sender's own words.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pointers {
    /// Nothing.
    Ours,
    /// In a pointer, the elements around the fault, as [`crate::adapter::decode::xml`] says.
    Elements,
}

/// Reads the bytes and holds what was made of them against all that must be so.
pub fn decoder(bytes: &[u8], pointers: Pointers, read: impl Fn(&[u8]) -> Items) -> Items {
    let items = memory::within(memory::decoding(bytes.len()), || read(bytes));
    assert!(items == read(bytes), "reading twice gives two things");
    let mut size = Size::default();
    for item in &items {
        match item {
            Ok(item) => size.add(item, 0),
            Err(refusal) => refused(refusal),
        }
    }
    // Windows-1252 has characters that are three bytes of UTF-8; HL7 v2 makes a list of an object
    // of a text from two bytes.
    assert!(size.text <= 3 * bytes.len(), "{size:?} of {} bytes", bytes.len());
    assert!(size.values <= 3 * bytes.len() + 8, "{size:?} of {} bytes", bytes.len());
    assert!(size.depth <= LIMITS.depth * 2, "{size:?}");
    echo::none(bytes, &told(&items, pointers), |bytes| told(&read(bytes), pointers));
    items
}

/// A decoder that makes one document.
pub fn one(document: Result<Located, Refusal>) -> Items {
    vec![document]
}

#[derive(Debug, Default)]
struct Size {
    values: usize,
    text: usize,
    depth: usize,
}

impl Size {
    fn add(&mut self, value: &Located, depth: usize) {
        self.values += 1;
        self.depth = self.depth.max(depth);
        match &value.data {
            Data::Null | Data::Bool(_) | Data::Number(_) => {}
            Data::Text(text) => self.text += text.len(),
            Data::List(items) => items.iter().for_each(|item| self.add(item, depth + 1)),
            Data::Object(members) => {
                let keys: HashSet<&str> = members.iter().map(|(key, _)| &**key).collect();
                assert_eq!(keys.len(), members.len(), "a key stands twice in one object");
                members.iter().for_each(|(_, item)| self.add(item, depth + 1));
            }
        }
    }
}

fn refused(refusal: &Refusal) {
    assert!(refusal.kind != RefusalKind::Failed, "a decoder does not fail");
    assert!((1..=50).contains(&refusal.faults.len()), "{} faults", refusal.faults.len());
    for fault in &refusal.faults {
        let told = !fault.rule.is_empty() && !fault.ask.is_empty() && fault.ask.len() < 500;
        assert!(told, "{fault:?}");
    }
}

fn told(items: &Items, pointers: Pointers) -> Vec<String> {
    // Of a table, in which every row may be refused, the first of them tell enough.
    let refusals = items.iter().filter_map(|item| item.as_ref().err()).take(100);
    let faults = refusals.flat_map(|refusal| &refusal.faults);
    faults.flat_map(|fault| texts(fault, pointers)).collect()
}

/// What a fault says.
pub fn texts(fault: &Unread, pointers: Pointers) -> Vec<String> {
    let pointer = (pointers == Pointers::Ours).then_some(&fault.pointer);
    pointer.into_iter().chain([&fault.rule, &fault.ask]).cloned().collect()
}
