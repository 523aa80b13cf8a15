//! Loading people from the authority's own records.

use crate::audit::Event;
use crate::domain::PersonId;
use crate::domain::time::Env;
use crate::linkage;
use crate::linkage::people::People;
use crate::store::keys::KeyRing;
use crate::store::{PersonRow, Sealed, Store};
use anyhow::{Context, Result};
use std::path::Path;

/// What an import did.
pub struct Imported {
    pub loaded: usize,
    /// Rows that were not read, each with its line and a mend.
    pub faults: Vec<String>,
}

/// People written in one transaction.
const IMPORT_BATCH: usize = 500;

/// Loads people from a CSV file, in bounded memory; a record already loaded is replaced.
pub async fn import_people(
    store: &dyn Store,
    ring: &KeyRing,
    env: &dyn Env,
    file: &Path,
) -> Result<Imported> {
    let reader = std::fs::File::open(file)
        .with_context(|| format!("the file {} cannot be opened", file.display()))?;
    let mut imported = Imported { loaded: 0, faults: Vec::new() };
    let mut batch = Vec::with_capacity(IMPORT_BATCH);
    for person in People::new(std::io::BufReader::new(reader))? {
        match person {
            Ok(person) => batch.push(person),
            Err(fault) => imported.faults.push(fault.to_string()),
        }
        if batch.len() == IMPORT_BATCH {
            imported.loaded += import_batch(store, ring, env, &mut batch).await?;
        }
    }
    imported.loaded += import_batch(store, ring, env, &mut batch).await?;
    Ok(imported)
}

async fn import_batch(
    store: &dyn Store,
    ring: &KeyRing,
    env: &dyn Env,
    batch: &mut Vec<linkage::people::Person>,
) -> Result<usize> {
    if batch.is_empty() {
        return Ok(0);
    }
    let now = env.now();
    let token = |person: &linkage::people::Person| {
        ring.token16("person", &person.source, person.id.as_bytes())
    };
    let sources: Vec<_> = batch.iter().map(token).collect();
    let known: std::collections::HashMap<_, _> = store.known(&sources).await?.into_iter().collect();
    let rows: Vec<PersonRow> = batch
        .drain(..)
        .zip(sources)
        .map(|(person, source)| {
            let id = known.get(&source).copied();
            let id = id.unwrap_or_else(|| PersonId::from_parts(now, env.entropy_id()));
            let tokens = linkage::keys(&person.profile).iter().map(|key| ring.token(key)).collect();
            PersonRow {
                id,
                created_at: now,
                profile: ring.seal_profile(id, &person.profile.encode(), env),
                case_status: person.case_status,
                case_team: person.case_team,
                restricted: person.restricted,
                as_of: person.as_of,
                source: Some(source),
                record: worker_record(ring, env, id, person.case_worker),
                tokens,
            }
        })
        .collect();
    let event = Event::new("people.imported", "frontdoor").detail(rows.len().to_string());
    store.import(&rows, event, now).await?;
    Ok(rows.len())
}

/// The case's worker, sealed; nothing where none is known.
fn worker_record(ring: &KeyRing, env: &dyn Env, id: PersonId, worker: Option<String>) -> Sealed {
    let name = [b"person:".as_slice(), id.0.as_bytes()].concat();
    worker.map_or_else(Sealed::default, |worker| ring.seal_record(&name, worker.as_bytes(), env))
}
