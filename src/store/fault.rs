//! From the driver's errors to the store's. PostgreSQL repeats values in its messages and details,
//! so only fixed codes and names of the schema are passed on (invariant 7).

use super::error::StoreError;
use sqlx::error::DatabaseError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = |why: &str| StoreError::Unavailable(why.to_owned());
        match &error {
            sqlx::Error::Database(database) => of_database(database.as_ref()),
            sqlx::Error::Io(io) => StoreError::Unavailable(format!("{}", io.kind())),
            sqlx::Error::Tls(_) => unavailable("TLS could not be agreed"),
            sqlx::Error::PoolTimedOut => unavailable("no connection became free in time"),
            sqlx::Error::PoolClosed => unavailable("the connections are closed"),
            sqlx::Error::WorkerCrashed => unavailable("the connection's worker ended"),
            sqlx::Error::BeginFailed => unavailable("a transaction could not be opened"),
            sqlx::Error::Configuration(_) => StoreError::Unsafe(
                "the database's address cannot be read; write it as \
                 postgres://user@host:5432/database or sqlite:path/to/file.db"
                    .to_owned(),
            ),
            sqlx::Error::Encode(_) => {
                StoreError::Refused("a value does not fit its column".to_owned())
            }
            sqlx::Error::ColumnDecode { index, .. } => {
                StoreError::Damaged(format!("column {index} holds what cannot be read"))
            }
            sqlx::Error::ColumnNotFound(name) => {
                StoreError::Schema(format!("column {name} is missing; run `frontdoor migrate`"))
            }
            sqlx::Error::RowNotFound => {
                StoreError::Damaged("a row that must be there is missing".to_owned())
            }
            // Whatever else there is concerns the connection, not the data.
            _ => unavailable("the connection failed"),
        }
    }
}

fn of_database(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        return of_sqlite(&code);
    }
    let constraint = error.constraint().map(|name| format!(", {name}")).unwrap_or_default();
    let told = format!("SQLSTATE {code}{constraint}");
    match code.as_bytes() {
        // Integrity constraints, data exceptions.
        [b'2', b'2' | b'3', ..] => StoreError::Refused(told),
        // An undefined table, column or function.
        b"42P01" | b"42703" | b"42883" => StoreError::Schema(format!(
            "the schema is not the one this program needs ({told}); run `frontdoor migrate`"
        )),
        b"XX001" | b"XX002" => StoreError::Damaged(told),
        // Connections, deadlocks, serialization, shutdowns, time-outs, no space, a read-only
        // standby, and whatever else may pass.
        _ => StoreError::Unavailable(told),
    }
}

/// SQLite's result codes: the low byte is the kind (<https://www.sqlite.org/rescode.html>).
fn of_sqlite(code: &str) -> StoreError {
    let told = format!("SQLite code {code}");
    match code.parse::<i32>().unwrap_or_default() & 0xff {
        // CONSTRAINT, MISMATCH, TOOBIG, RANGE.
        19 | 20 | 18 | 25 => StoreError::Refused(told),
        // CORRUPT, NOTADB.
        11 | 26 => StoreError::Damaged(told),
        // ERROR: a missing table or column.
        1 => StoreError::Schema(format!(
            "the schema is not the one this program needs ({told}); run `frontdoor migrate`"
        )),
        // BUSY, LOCKED, IOERR, FULL, CANTOPEN, READONLY, NOMEM, INTERRUPT and the rest.
        _ => StoreError::Unavailable(told),
    }
}
