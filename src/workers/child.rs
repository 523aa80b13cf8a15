//! The worker's side: single-threaded, from standard input to standard output.

use super::wire::{Announced, Answer, Outcome, Refused, Task, Tell, read_frame, write_frame};
use crate::adapter::answer;
use crate::adapter::engine::{Adapter, Item};
use crate::adapter::told;
use crate::domain::refusal::Refusal;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{self, Read, Write};

type Adapters = HashMap<String, Adapter>;

/// Works until its input ends.
///
/// # Errors
/// When a frame cannot be read or written: then there is nobody to work for.
pub fn work(input: &mut impl Read, output: &mut impl Write) -> io::Result<()> {
    let mut adapters = Adapters::new();
    while let Some(frame) = read_frame(input)? {
        match serde_json::from_slice(&frame)? {
            Tell::Load(folders) => {
                let mut faults = Vec::new();
                for folder in folders {
                    match Adapter::read(&folder) {
                        Ok(adapter) => drop(adapters.insert(folder.name, adapter)),
                        Err(found) => faults.extend(found.iter().map(ToString::to_string)),
                    }
                }
                say(output, &Answer::Loaded(faults))?;
            }
            Tell::Work(task) => {
                let body = read_frame(input)?.unwrap_or_default();
                job(&adapters, &task, &body, output)?;
            }
        }
        output.flush()?;
    }
    Ok(())
}

fn say(output: &mut impl Write, answer: &Answer) -> io::Result<()> {
    write_frame(output, &serde_json::to_vec(answer)?)
}

fn job(adapters: &Adapters, task: &Task, body: &[u8], output: &mut impl Write) -> io::Result<()> {
    let Some(adapter) = adapters.get(&task.adapter) else {
        return say(output, &Answer::Refused(refused(Refusal::failed())));
    };
    let mut items = match adapter.items(task.decoder, body, Some(&task.agency)) {
        Ok(items) => items.skip(task.skip),
        Err(refusal) => return say(output, &Answer::Refused(refused(refusal))),
    };
    loop {
        let batch: Vec<Item> = items.by_ref().take(task.batch).collect();
        if batch.is_empty() {
            return say(output, &Answer::End);
        }
        let next = batch.iter().map(|item| announced(adapter, item)).collect();
        say(output, &Answer::Next(next))?;
        // Before the work begins: should it be the end of this process, it is known of what.
        output.flush()?;
        let done = batch.into_iter().map(|item| outcome(adapter, item)).collect();
        say(output, &Answer::Done(done))?;
        output.flush()?;
    }
}

fn announced(adapter: &Adapter, item: &Item) -> Announced {
    let raw = BASE64_STANDARD.encode(&item.raw);
    match &item.decoded {
        Ok(decoded) => {
            let whole = decoded.place.is_whole();
            let at = if whole { String::new() } else { decoded.place.to_string() };
            Announced { at, raw, head: answer::head(adapter.manifest.answer, decoded) }
        }
        Err(refusal) => {
            let place = refusal.faults.first().map(|fault| fault.pointer.as_str());
            let at = place.and_then(|place| place.split(',').next()).unwrap_or_default();
            Announced { at: at.to_owned(), raw, head: Value::Null }
        }
    }
}

fn outcome(adapter: &Adapter, item: Item) -> Outcome {
    match item.decoded.and_then(|item| adapter.make(&item)) {
        Ok(made) => Outcome::Made {
            document: made.document,
            provenance: made.provenance,
            shape: told::as_they_are(made.shape),
        },
        Err(refusal) => Outcome::Refused(refused(refusal)),
    }
}

fn refused(refusal: Refusal) -> Refused {
    let code = refusal.kind.code().to_owned();
    Refused { code, faults: told::as_they_are(refusal.faults) }
}
