//! Loading people from the authority's own records.

use crate::audit::Event;
use crate::domain::time::Env;
use crate::domain::{PersonId, Timestamp};
use crate::linkage;
use crate::linkage::people::{People, Person};
use crate::store::keys::KeyRing;
use crate::store::{KnownPerson, PersonRow, Sealed, Store, Token16};
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::path::Path;

/// What an import did.
#[derive(Default)]
pub struct Imported {
    pub loaded: usize,
    /// Rows that were not read, each with its line and a mend.
    pub faults: Vec<String>,
    /// Rows that were read and not loaded, because a newer statement about the record is, or was
    /// loaded; each with its line.
    pub passed_over: Vec<String>,
}

/// People written in one transaction.
const IMPORT_BATCH: usize = 500;

/// A person of the file, and the blind token of the record it is in.
type Recorded = (Token16, Person);

/// Loads people from a CSV file, in bounded memory; a record already loaded is replaced, but never
/// by an older statement.
pub async fn import_people(
    store: &dyn Store,
    ring: &KeyRing,
    env: &dyn Env,
    file: &Path,
) -> Result<Imported> {
    let reader = std::fs::File::open(file)
        .with_context(|| format!("the file {} cannot be opened", file.display()))?;
    let mut imported = Imported::default();
    let mut batch = Vec::with_capacity(IMPORT_BATCH);
    for person in People::new(std::io::BufReader::new(reader))? {
        match person {
            Ok(person) => {
                let source = ring.token16("person", &person.source, person.id.as_bytes());
                batch.push((source, person));
            }
            Err(fault) => imported.faults.push(fault.to_string()),
        }
        if batch.len() == IMPORT_BATCH {
            import_batch(store, ring, env, std::mem::take(&mut batch), &mut imported).await?;
        }
    }
    import_batch(store, ring, env, batch, &mut imported).await?;
    Ok(imported)
}

async fn import_batch(
    store: &dyn Store,
    ring: &KeyRing,
    env: &dyn Env,
    batch: Vec<Recorded>,
    imported: &mut Imported,
) -> Result<()> {
    let mut batch = last_of_each(batch, &mut imported.passed_over);
    let sources: Vec<Token16> = batch.iter().map(|(source, _)| *source).collect();
    let known = store.known(&sources).await?;
    let known: HashMap<Token16, KnownPerson> =
        known.into_iter().map(|known| (known.source, known)).collect();
    batch.retain(|(source, person)| {
        let newer = known.get(source).is_some_and(|known| is_older(person.as_of, known.as_of));
        if newer {
            imported.passed_over.push(format!(
                "line {}: a newer statement about this record is loaded already",
                person.line
            ));
        }
        !newer
    });
    if batch.is_empty() {
        return Ok(());
    }
    let now = env.now();
    let row = |(source, person): Recorded| {
        let id = known.get(&source).map(|known| known.id);
        let id = id.unwrap_or_else(|| PersonId::from_parts(now, env.entropy_id()));
        let tokens = linkage::keys(&person.profile).iter().map(|key| ring.token(key)).collect();
        PersonRow {
            id,
            created_at: now,
            profile: ring.seal_profile(id, &person.profile.encode(), env),
            case_status: person.case_status,
            case_team: person.case_team,
            restricted: person.restriction.is_some(),
            restriction: person.restriction,
            as_of: person.as_of,
            source: Some(source),
            record: worker_record(ring, env, id, person.case_worker),
            tokens,
        }
    };
    let rows: Vec<PersonRow> = batch.into_iter().map(row).collect();
    let event = Event::new("people.imported", "frontdoor").detail(rows.len().to_string());
    store.import(&rows, event, now).await?;
    imported.loaded += rows.len();
    Ok(())
}

/// Of several statements about one record the newest, or where they do not say, the last.
fn last_of_each(batch: Vec<Recorded>, passed_over: &mut Vec<String>) -> Vec<Recorded> {
    let mut places: HashMap<Token16, usize> = HashMap::new();
    let mut kept: Vec<Recorded> = Vec::with_capacity(batch.len());
    for (source, mut person) in batch {
        let Some(place) = places.get(&source) else {
            places.insert(source, kept.len());
            kept.push((source, person));
            continue;
        };
        let before = &mut kept[*place].1;
        if !is_older(person.as_of, before.as_of) {
            std::mem::swap(before, &mut person);
        }
        let (line, newer) = (person.line, before.line);
        passed_over.push(format!("line {line}: line {newer} says it newer of the same record"));
    }
    kept
}

fn is_older(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one < other)
}

/// The case's worker, sealed; nothing where none is known.
fn worker_record(ring: &KeyRing, env: &dyn Env, id: PersonId, worker: Option<String>) -> Sealed {
    let name = [b"person:".as_slice(), id.0.as_bytes()].concat();
    worker.map_or_else(Sealed::default, |worker| ring.seal_record(&name, worker.as_bytes(), env))
}
