//! The examples of a rule, as `thresholds.yaml` writes them.

use super::fault::Fault;
use super::source::Source;
use super::thresholds::line;
use crate::domain::facts::{Fact, Facts, Shape, Table};
use crate::domain::{DestinationId, Priority, Purpose};
use crate::threshold::Example;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    pub(super) story: Spanned<String>,
    /// Facts by name; what is left out is as when nothing is said or known.
    #[serde(default)]
    says: BTreeMap<String, Said>,
    fires: bool,
    level: Option<String>,
    priority: Option<Priority>,
    sent_to: Option<BTreeMap<String, String>>,
}

/// A value of a fact, or the codes that it holds.
struct Said(Vec<String>);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Saying)
    }
}

struct Saying;

impl<'de> Visitor<'de> for Saying {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, or a list of codes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Said, E> {
        Ok(Said(vec![text.to_owned()]))
    }

    /// YAML may take a plain yes for true.
    fn visit_bool<E: Error>(self, yes: bool) -> Result<Said, E> {
        Ok(Said(vec![if yes { "yes" } else { "no" }.to_owned()]))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Said, E> {
        Ok(Said(vec![number.to_string()]))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Said, E> {
        Ok(Said(vec![number.to_string()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Said, A::Error> {
        let mut codes = Vec::new();
        while let Some(code) = list.next_element::<String>()? {
            codes.push(code);
        }
        Ok(Said(codes))
    }
}

pub(super) fn read(
    source: &Source,
    stories: &[Story],
    table: &Table,
    faults: &mut Vec<Fault>,
) -> Vec<Example> {
    let example = |story: &Story| {
        let sent_to = story.sent_to.as_ref().map(|sent| {
            let route =
                |(id, purpose): (&String, &String)| (DestinationId::new(id), Purpose::new(purpose));
            sent.iter().map(route).collect()
        });
        Example {
            story: story.story.value.clone(),
            says: says(source, story, table, faults),
            fires: story.fires,
            level: story.level.clone(),
            priority: story.priority,
            sent_to,
        }
    };
    stories.iter().map(example).collect()
}

/// The facts of a story.
fn says(source: &Source, story: &Story, table: &Table, faults: &mut Vec<Fault>) -> Facts {
    let at = line(&story.story);
    let mut facts = table.nothing();
    if story.story.value.trim().is_empty() {
        let mend = "tell in a few plain words who says what";
        faults.push(source.fault(at, "an example tells no story", mend));
    }
    for (name, Said(values)) in &story.says {
        let Some((id, fact)) = table.find(name) else {
            let known: Vec<&str> = table.facts().iter().map(|fact| fact.name).collect();
            let what = format!("an example says {name}, which is no fact");
            let mend = format!("use declared facts: {}", known.join(", "));
            faults.push(source.fault(at, what, mend));
            continue;
        };
        match mask(fact, values) {
            Some(mask) => facts.set(id, mask),
            None => {
                let what = format!("an example gives {name} a value that it never has");
                let many = if fact.shape == Shape::Codes { "a list of these" } else { "one of" };
                let mend = format!("use {many}: {}", fact.values.join(", "));
                faults.push(source.fault(at, what, mend));
            }
        }
    }
    facts
}

fn mask(fact: &Fact, values: &[String]) -> Option<u128> {
    let one = fact.shape != Shape::Codes;
    if one && values.len() != 1 {
        return None;
    }
    values.iter().map(|value| fact.bit(value)).try_fold(0, |mask, bit| Some(mask | bit?))
}
