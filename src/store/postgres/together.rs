//! Several writes sent as one statement, which saves a round trip for each.

use crate::store::error::{Result, StoreError};
use sqlx::encode::Encode;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::{Arguments, AssertSqlSafe, Postgres, Type};
use std::fmt::Write as _;

/// Writes that do not read each other's rows: all see the state before any of them.
#[derive(Default)]
pub(super) struct Together {
    sql: String,
    parts: usize,
    arguments: PgArguments,
    failed: Option<sqlx::error::BoxDynError>,
}

impl Together {
    /// Adds a write. Each `?` in it is the place of one value, bound next, in order.
    pub(super) fn part(&mut self, statement: &str) -> &mut Self {
        let first = self.sql.is_empty();
        self.sql.push_str(if first { "WITH " } else { ", " });
        let mut number = self.arguments.len();
        // The name says nothing; a part that returns nothing is run to its end all the same.
        let _ = write!(self.sql, "part_{} AS (", self.parts);
        self.parts += 1;
        for (index, piece) in statement.split('?').enumerate() {
            if index > 0 {
                number += 1;
                let _ = write!(self.sql, "${number}");
            }
            self.sql.push_str(piece);
        }
        self.sql.push(')');
        self
    }

    pub(super) fn bind<'v, T>(&mut self, value: T) -> &mut Self
    where
        T: Encode<'v, Postgres> + Type<Postgres> + 'v,
    {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(error);
        }
        self
    }

    pub(super) async fn run(mut self, db: &mut PgConnection) -> Result<()> {
        if let Some(error) = self.failed {
            return Err(StoreError::Refused(format!("a value cannot be written: {error}")));
        }
        if self.sql.is_empty() {
            return Ok(());
        }
        self.sql.push_str(" SELECT");
        sqlx::query_with(AssertSqlSafe(self.sql), self.arguments).execute(db).await?;
        Ok(())
    }
}
