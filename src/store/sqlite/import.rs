use super::{SqliteStore, append, many, news, people, write};
use crate::audit::ChainName;
use crate::domain::Timestamp;
use crate::store::error::Result;
use crate::store::feed::*;
use crate::store::feeding::*;
use crate::store::news::{Before, told};
use crate::store::records::{KnownRecord, read_all};
use crate::store::rows::*;
use crate::store::statements::*;
use crate::store::traits::ImportStore;
use async_trait::async_trait;
use sqlx::query_builder::QueryBuilder;
use sqlx::sqlite::SqliteConnection;
use std::collections::HashMap;
use uuid::Uuid;

#[async_trait]
impl ImportStore for SqliteStore {
    async fn known(&self, sources: &[Token16]) -> Result<Vec<KnownPerson>> {
        let mut known = Vec::new();
        for sources in sources.chunks(many::ROWS) {
            let mut query = QueryBuilder::new(format!("{KNOWN} source IN "));
            many::push_list(&mut query, sources.iter().map(|source| source.as_slice()));
            let records = query.build_query_as().persistent(false).fetch_all(&self.readers).await?;
            known.extend(read_all(records, KnownRecord::row)?);
        }
        Ok(known)
    }

    async fn feed(&self, feed: &Feed, now: Timestamp) -> Result<Fed> {
        let chains = self.chains()?;
        let mut tx = self.begin_writing().await?;
        if !is_as_read(&mut tx, feed).await? {
            return Ok(Fed::Outdated);
        }
        let seq = write::next_seq(&mut tx).await?;
        for rows in feed.people.chunks(many::ROWS) {
            let (rows, of_whom) = not_older(&mut tx, rows).await?;
            news::tell(&mut tx, &of_whom, seq).await?;
            people::write(&mut tx, &rows).await?;
            people::replace_tokens(&mut tx, &rows, seq).await?;
        }
        for (person, as_of) in &feed.closed {
            let query = sqlx::query(CLOSE_CASE).bind(person.0).bind(as_of.0).bind(seq);
            query.execute(&mut *tx).await?;
        }
        let (mut told, mut events) = (Vec::with_capacity(feed.merges.len()), feed.events.clone());
        for merge in &feed.merges {
            let came = merged(&mut tx, merge, seq, now).await?;
            events.extend(merge_events(merge, came));
            told.push(came);
        }
        for (name, value) in &feed.notes {
            let statement = if value.is_some() { NOTE } else { FORGET_NOTE };
            let query = sqlx::query(statement).bind(*name);
            match value {
                Some(value) => query.bind(value.as_slice()).execute(&mut *tx).await?,
                None => query.execute(&mut *tx).await?,
            };
        }
        append(&mut tx, chains, ChainName::Import, now, &events).await?;
        tx.commit().await?;
        Ok(Fed::Written(told))
    }

    async fn count_people(&self) -> Result<u64> {
        let count: i64 = sqlx::query_scalar(COUNT_PEOPLE).fetch_one(&self.readers).await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

/// Those of whom nothing newer is known by now, and of whom of them something is new.
async fn not_older(
    db: &mut SqliteConnection,
    rows: &[PersonRow],
) -> Result<(Vec<PersonRow>, Vec<Uuid>)> {
    let mut query = QueryBuilder::new("SELECT id, as_of, case_status FROM person WHERE id IN ");
    many::push_list(&mut query, rows.iter().map(|row| row.id.0));
    let before: Vec<Before> = query.build_query_as().persistent(false).fetch_all(&mut *db).await?;
    let there: HashMap<Uuid, Option<i64>> = before.iter().map(|row| (row.0, row.1)).collect();
    let as_of = |row: &PersonRow| there.get(&row.id.0).copied().flatten();
    let rows: Vec<PersonRow> =
        rows.iter().filter(|row| !row.is_older(as_of(row))).cloned().collect();
    let held = news::fed_tokens(db, rows.iter().map(|row| row.id.0)).await?;
    let of_whom = told(&rows, &before, &held);
    Ok((rows, of_whom))
}

/// Whether what a feed was made from is as it was read.
async fn is_as_read(db: &mut SqliteConnection, feed: &Feed) -> Result<bool> {
    for (name, read) in &feed.notes_read {
        let now: Option<Vec<u8>> =
            sqlx::query_scalar(KEPT).bind(*name).fetch_optional(&mut *db).await?;
        if now != *read {
            return Ok(false);
        }
    }
    for read in feed.read.chunks(many::ROWS) {
        let mut query = QueryBuilder::new("SELECT id, changed FROM person WHERE id IN ");
        many::push_list(&mut query, read.iter().map(|(person, _)| person.0));
        let query = query.build_query_as().persistent(false);
        let now: Vec<(Uuid, Option<i64>)> = query.fetch_all(&mut *db).await?;
        if !stands(read, &now) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn merged(
    db: &mut SqliteConnection,
    merge: &Merge,
    seq: LaneSeq,
    now: Timestamp,
) -> Result<Merged> {
    let (person, into) = (merge.person.0, merge.into.map(|into| into.0));
    let as_of: Option<i64> =
        sqlx::query_scalar(AS_OF).bind(person).fetch_optional(&mut *db).await?.flatten();
    let chain: Vec<Link> =
        sqlx::query_as(CHAIN).bind(person).bind(into).fetch_all(&mut *db).await?;
    let came = judge(merge, as_of, &chain);
    if !came.holds() {
        return Ok(came);
    }
    let before = news::merging(db, person).await?;
    if let Merged::HoldsInstead(undone) = came {
        // It stays of the family by way of the others, so that no history of it was wrong.
        let query = sqlx::query(UNDO_MERGE).bind(undone.0).bind(seq);
        query.execute(&mut *db).await?;
        news::tell(db, &[undone.0], seq).await?;
    }
    let query = sqlx::query(MERGE).bind(person).bind(into).bind(merge.as_of.map(|at| at.0));
    query.bind(seq).execute(&mut *db).await?;
    news::survivor_changed(db, person, before, (seq, now)).await?;
    Ok(came)
}
