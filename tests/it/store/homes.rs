//! A fresh database for each test.

use frontdoor::store::keys::KeyRing;
use frontdoor::store::{Store, open};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::sync::Arc;
use tempfile::TempDir;

/// One test's database: a SQLite file in a folder of its own, or a schema of its own.
pub(crate) struct Home {
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

impl Home {
    pub(crate) async fn sqlite() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite:{}/data/frontdoor.db", folder.path().display());
        Home { url, _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Self {
        let server = std::env::var("FRONTDOOR_DATABASE_URL").expect(
            "FRONTDOOR_DATABASE_URL is not set: run the tests through `make test` or \
             `scripts/with-services cargo test`, which start a private PostgreSQL",
        );
        assert!(
            server.starts_with("postgres"),
            "FRONTDOOR_DATABASE_URL must name a PostgreSQL server for the tests"
        );
        let schema = format!("test_{}", uuid::Uuid::new_v4().simple());
        let mut db = PgConnection::connect(&server).await.expect("PostgreSQL answers");
        let create = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::raw_sql(create).execute(&mut db).await.expect("a schema of the test's own");
        let mark = if server.contains('?') { '&' } else { '?' };
        Home { url: format!("{server}{mark}options[search_path]={schema}"), _folder: None }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// The store, migrated and with its chain key.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        let store = open(&self.url).await.expect("the store opens");
        store.migrate().await.expect("the schema is made");
        store.set_chain_key(ring().chains().clone());
        store
    }

    /// Two stores on one database: two gateways, or on SQLite a gateway and a command.
    pub(crate) async fn two(&self) -> [Arc<dyn Store>; 2] {
        [self.store().await, self.store().await]
    }

    /// Runs SQL behind the store's back.
    pub(crate) async fn sql(&self, text: &str) {
        let text = AssertSqlSafe(text.to_owned());
        if self.is_sqlite() {
            let mut db = SqliteConnection::connect(&self.url).await.expect("the file opens");
            sqlx::raw_sql(text).execute(&mut db).await.expect("the statement runs");
        } else {
            let mut db = PgConnection::connect(&self.url).await.expect("PostgreSQL answers");
            sqlx::raw_sql(text).execute(&mut db).await.expect("the statement runs");
        }
    }

    /// The first column of a query, as text.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let query = AssertSqlSafe(query.to_owned());
        if self.is_sqlite() {
            let mut db = SqliteConnection::connect(&self.url).await.expect("the file opens");
            sqlx::query_scalar(query).fetch_all(&mut db).await.expect("the query runs")
        } else {
            let mut db = PgConnection::connect(&self.url).await.expect("PostgreSQL answers");
            sqlx::query_scalar(query).fetch_all(&mut db).await.expect("the query runs")
        }
    }
}

/// The keys of all tests.
pub(crate) fn ring() -> KeyRing {
    KeyRing::for_tests(7)
}
