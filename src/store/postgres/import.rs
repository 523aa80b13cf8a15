//! What a feed says, under the lane's lock: new people by COPY, everybody else row by row.

use super::together::Together;
use super::{PostgresStore, append, column, news, people, write};
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
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

#[async_trait]
impl ImportStore for PostgresStore {
    async fn known(&self, sources: &[Token16]) -> Result<Vec<KnownPerson>> {
        let sources = column(sources, |source| source.as_slice());
        let query = AssertSqlSafe(format!("{KNOWN} source = ANY($1::bytea[])"));
        let records = sqlx::query_as(query).bind(sources).fetch_all(&self.pool).await?;
        read_all(records, KnownRecord::row)
    }

    async fn feed(&self, feed: &Feed, now: Timestamp) -> Result<Fed> {
        let chains = self.chains()?;
        let mut tx = self.begin_locked().await?;
        if !is_as_read(&mut tx, feed).await? {
            return Ok(Fed::Outdated);
        }
        let seq = write::next_seq(&mut tx).await?;
        persons(&mut tx, &feed.people, seq).await?;
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

async fn persons(db: &mut PgConnection, rows: &[PersonRow], seq: LaneSeq) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let before: Vec<Before> =
        sqlx::query_as("SELECT id, as_of, case_status FROM person WHERE id = ANY($1::uuid[])")
            .bind(column(rows, |row| row.id.0))
            .fetch_all(&mut *db)
            .await?;
    let there: HashMap<Uuid, Option<i64>> = before.iter().map(|row| (row.0, row.1)).collect();
    let (known, new): (Vec<&PersonRow>, Vec<&PersonRow>) =
        rows.iter().partition(|row| there.contains_key(&row.id.0));
    let known: Vec<PersonRow> =
        known.into_iter().filter(|row| !row.is_older(there[&row.id.0])).cloned().collect();
    let mut of_whom = column(&new, |row| row.id.0);
    if !known.is_empty() {
        let held = news::fed_tokens(db, column(&known, |row| row.id.0)).await?;
        of_whom.extend(told(&known, &before, &held));
        people::forget_tokens(db, &known).await?;
        let mut all = Together::default();
        people::write(&mut all, &known);
        people::feed_tokens(&mut all, &known, seq);
        all.run(db).await?;
    }
    people::copy(db, &new, seq).await?;
    news::tell(db, &of_whom, seq).await
}

/// Whether what a feed was made from is as it was read.
async fn is_as_read(db: &mut PgConnection, feed: &Feed) -> Result<bool> {
    for (name, read) in &feed.notes_read {
        let now: Option<Vec<u8>> =
            sqlx::query_scalar(KEPT).bind(*name).fetch_optional(&mut *db).await?;
        if now != *read {
            return Ok(false);
        }
    }
    let now: Vec<(Uuid, Option<i64>)> =
        sqlx::query_as("SELECT id, changed FROM person WHERE id = ANY($1::uuid[])")
            .bind(column(&feed.read, |(person, _)| person.0))
            .fetch_all(db)
            .await?;
    Ok(stands(&feed.read, &now))
}

async fn merged(
    db: &mut PgConnection,
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
