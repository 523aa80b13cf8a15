//! Many rows in one statement.

use crate::store::error::Result;
use sqlx::query_builder::{QueryBuilder, Separated};
use sqlx::sqlite::{Sqlite, SqliteConnection};

/// SQLite takes at most 32,766 parameters in one statement; this many rows of the widest table
/// stay well below.
pub(super) const ROWS: usize = 500;

/// Runs `head VALUES (…), (…) tail` for all rows, in as few statements as may be.
pub(super) async fn insert<R>(
    db: &mut SqliteConnection,
    head: &str,
    rows: &[R],
    tail: &str,
    bind: impl Fn(&mut Separated<'_, Sqlite, &'static str>, &R) + Copy,
) -> Result<()> {
    for rows in rows.chunks(ROWS) {
        let mut query = QueryBuilder::new(head);
        query.push(" ");
        query.push_values(rows, |mut values, row| bind(&mut values, row));
        query.push(" ");
        query.push(tail);
        // Each number of rows is a text of its own: kept statements would push out the others.
        query.build().persistent(false).execute(&mut *db).await?;
    }
    Ok(())
}

/// Runs a statement once for each row; for what is rare.
macro_rules! each {
    ($db:expr, $sql:expr, $rows:expr, |$row:pat_param| $($value:expr),+) => {
        for $row in $rows {
            sqlx::query($sql)$(.bind($value))+.execute(&mut *$db).await?;
        }
    };
}

pub(super) use each;

/// A JSON array of numbers, for `json_each`.
pub(super) fn numbers(values: &[i64]) -> String {
    serde_json::to_string(values).expect("numbers are plain data")
}

/// A parenthesised list of parameters: `(?, ?, …)`.
pub(super) fn push_list<'t, T>(
    query: &mut QueryBuilder<Sqlite>,
    values: impl IntoIterator<Item = T>,
) where
    T: sqlx::Encode<'t, Sqlite> + sqlx::Type<Sqlite>,
{
    query.push("(");
    let mut list = query.separated(", ");
    for value in values {
        list.push_bind(value);
    }
    query.push(")");
}
