//! The lane's transaction: opened, locked and told where it stands in one round trip.

use super::PostgresStore;
use crate::store::error::{Result, StoreError};
use crate::store::rows::LaneSeq;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Postgres, Row};

/// A transaction that holds the lane's lock. Dropping it closes the connection, and with it the
/// server rolls back and frees the lock: sqlx rolls back only what it has begun itself.
pub(super) struct Locked {
    connection: PoolConnection<Postgres>,
    /// The number of the last batch committed.
    pub(super) seq: LaneSeq,
    /// The last link of the `intake` chain, which only the lane moves: its number and MAC.
    pub(super) head: (i64, Vec<u8>),
    ended: bool,
}

/// In READ COMMITTED every statement has its own snapshot, also of several sent as one: the last
/// sees all that was committed before the lock was had.
pub(super) fn begin_statement(lock: i64) -> String {
    format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({lock}); \
         SELECT seq, number, mac FROM lane, audit_head WHERE chain = 'intake'"
    )
}

impl Locked {
    pub(super) async fn begin(store: &PostgresStore) -> Result<Locked> {
        let connection = store.pool.acquire().await?;
        let unknown = (0, Vec::new());
        // From here on whatever goes wrong, or is given up, closes the connection.
        let mut locked = Locked { connection, seq: 0, head: unknown, ended: false };
        let statement = AssertSqlSafe(store.begin_lane.clone());
        let rows: Vec<PgRow> = sqlx::raw_sql(statement).fetch_all(&mut *locked.connection).await?;
        let row = rows.last().filter(|row| row.len() == 3).ok_or_else(|| {
            StoreError::Schema("the lane's number is missing; run `frontdoor migrate`".to_owned())
        })?;
        locked.seq = row.try_get(0)?;
        locked.head = (row.try_get(1)?, row.try_get(2)?);
        Ok(locked)
    }

    pub(super) async fn commit(mut self) -> Result<()> {
        sqlx::raw_sql("COMMIT").execute(&mut *self.connection).await?;
        self.ended = true;
        Ok(())
    }
}

impl std::ops::Deref for Locked {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl std::ops::DerefMut for Locked {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if !self.ended {
            self.connection.close_on_drop();
        }
    }
}
