//! COPY in its binary form: many new rows at less cost than statements.

use crate::store::error::Result;
use sqlx::postgres::PgConnection;

/// Rows on their way into one table, in the form of PostgreSQL's documentation of COPY.
pub(super) struct Copy {
    bytes: Vec<u8>,
    columns: i16,
}

impl Copy {
    /// For rows of so many columns, of which each takes about so many bytes.
    pub(super) fn new(columns: i16, rows: usize, bytes_each: usize) -> Self {
        let mut bytes = Vec::with_capacity(rows * bytes_each + 32);
        bytes.extend_from_slice(b"PGCOPY\n\xff\r\n\0");
        bytes.extend_from_slice(&[0; 8]);
        Copy { bytes, columns }
    }

    /// Begins a row; its fields follow in the order of the columns.
    pub(super) fn row(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
        self
    }

    /// A field's bytes as the type's binary form has them; `None` is null.
    pub(super) fn field(&mut self, value: Option<&[u8]>) -> &mut Self {
        let length = value.map_or(-1, |value| i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self
    }

    pub(super) fn number(&mut self, value: Option<i64>) -> &mut Self {
        self.field(value.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice))
    }

    /// Sends the rows; `into` names the table and its columns.
    pub(super) async fn run(mut self, db: &mut PgConnection, into: &str) -> Result<()> {
        self.bytes.extend_from_slice(&(-1i16).to_be_bytes());
        let statement = format!("COPY {into} FROM STDIN WITH (FORMAT binary)");
        let mut copy = db.copy_in_raw(&statement).await?;
        copy.send(self.bytes).await?;
        copy.finish().await?;
        Ok(())
    }
}
