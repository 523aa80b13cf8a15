//! `phrases.yaml`: the words that are noticed in free text.

use super::agencies::is_name;
use super::fault::Fault;
use super::source::Source;
use crate::domain::phrases::{Negations, Phrases, Topic};
use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    negations: Turning,
    #[serde(default)]
    harmless: Vec<String>,
    topics: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turning {
    before: Vec<String>,
    fillers: Vec<String>,
    after: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    phrases: Vec<String>,
}

/// A topic is one bit of a fact.
const MOST: usize = 128;

pub(super) fn read(source: &Source, faults: &mut Vec<Fault>) -> Option<Phrases> {
    let file: File = source.yaml(faults)?;
    let mut topics: Vec<Topic> = Vec::new();
    let mut sound = true;
    for entry in file.topics {
        let id = entry.id.value;
        let line = usize::try_from(entry.id.referenced.line()).unwrap_or(0);
        if !is_name(&id) || topics.iter().any(|topic| topic.id == id) {
            let mend = "use an id of its own: lower-case letters, digits, -";
            faults.push(source.fault(line, format!("{id} cannot be the id of a topic"), mend));
            sound = false;
        }
        let topic = Topic { id, phrases: entry.phrases };
        let alone = Phrases::new(vec![topic.clone()], Negations::default());
        if let Err(phrase) = alone {
            let mend = "begin the phrase with a word of two letters or more";
            faults.push(source.fault(line, format!("“{phrase}” cannot be looked for"), mend));
            sound = false;
        }
        topics.push(topic);
    }
    let Turning { before, fillers, after } = file.negations;
    if topics.len() > MOST {
        let what = format!("lists {} topics", topics.len());
        faults.push(source.fault(1, what, format!("list at most {MOST}")));
        sound = false;
    }
    let negations = Negations { before, fillers, after, harmless: file.harmless };
    Phrases::new(topics, negations).ok().filter(|_| sound)
}
