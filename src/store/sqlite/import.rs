use super::{SqliteStore, append, many, news, people, write};
use crate::audit::ChainName;
use crate::domain::Timestamp;
use crate::store::error::Result;
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
            let mut query = QueryBuilder::new(
                "SELECT source, id, as_of, merged_into FROM person \
                 WHERE source IS NOT NULL AND source IN ",
            );
            many::push_list(&mut query, sources.iter().map(|source| source.as_slice()));
            let records = query.build_query_as().persistent(false).fetch_all(&self.readers).await?;
            known.extend(read_all(records, KnownRecord::row)?);
        }
        Ok(known)
    }

    async fn feed(&self, feed: &Feed, now: Timestamp) -> Result<()> {
        let chains = self.chains()?;
        let mut tx = self.begin_writing().await?;
        let seq = write::next_seq(&mut tx).await?;
        for rows in feed.people.chunks(many::ROWS) {
            let (rows, of_whom) = not_older(&mut tx, rows).await?;
            news::tell(&mut tx, &of_whom, seq).await?;
            people::write(&mut tx, &rows).await?;
            people::replace_tokens(&mut tx, &rows, seq).await?;
        }
        for (person, as_of) in &feed.closed {
            sqlx::query(CLOSE_CASE).bind(person.0).bind(as_of.0).execute(&mut *tx).await?;
        }
        for merge in &feed.merges {
            merged(&mut tx, merge, seq, now).await?;
        }
        for (name, value) in &feed.notes {
            let statement = if value.is_some() { NOTE } else { FORGET_NOTE };
            let query = sqlx::query(statement).bind(*name);
            match value {
                Some(value) => query.bind(value.as_slice()).execute(&mut *tx).await?,
                None => query.execute(&mut *tx).await?,
            };
        }
        append(&mut tx, chains, ChainName::Import, now, &feed.events).await?;
        Ok(tx.commit().await?)
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

async fn merged(
    db: &mut SqliteConnection,
    merge: &Merge,
    seq: LaneSeq,
    now: Timestamp,
) -> Result<()> {
    let (person, into) = (merge.person.0, merge.into.map(|into| into.0));
    let before = news::survivor(db, person).await?;
    if let Some(into) = into {
        sqlx::query(UNDO_CIRCLE).bind(person).bind(into).bind(seq).execute(&mut *db).await?;
    }
    let as_of = merge.as_of.map(|at| at.0);
    sqlx::query(MERGE).bind(person).bind(into).bind(as_of).bind(seq).execute(&mut *db).await?;
    news::survivor_changed(db, person, before, seq, now).await
}
