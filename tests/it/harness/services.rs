//! Databases and virtual hosts of their own for each test, on the services that
//! `scripts/with-services` started. A missing service fails the test and says so.

use sqlx::{Connection, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A name that no other test of this run uses.
pub fn fresh_name() -> String {
    format!("t{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// A variable that `scripts/with-services` exports.
pub fn required(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests with `make test` or scripts/with-services")
    })
}

/// Creates an empty database and returns its URL.
pub async fn create_database(name: &str) -> String {
    let url = required("FRONTDOOR_DATABASE_URL");
    let mut connection = PgConnection::connect(&url).await.expect("PostgreSQL answers");
    let statement = format!("CREATE DATABASE {name}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.expect("created");
    let (server, _) = url.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}

/// Creates an empty virtual host and returns its URL.
pub async fn create_vhost(name: &str) -> String {
    let url = required("FRONTDOOR_AMQP_URL");
    rabbitmqctl(&["add_vhost", name]).await;
    rabbitmqctl(&["set_permissions", "-p", name, "guest", ".*", ".*", ".*"]).await;
    let (server, _) = url.rsplit_once('/').expect("a URL with a virtual host");
    format!("{server}/{name}")
}

/// Runs `rabbitmqctl` against the private node and returns what it printed.
pub async fn rabbitmqctl(args: &[&str]) -> String {
    let program = required("FRONTDOOR_TEST_RABBITMQCTL");
    let output = tokio::process::Command::new(program).args(args).output().await.expect("runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "rabbitmqctl {args:?}: {text}");
    text
}

/// Stops, starts, kills or restarts a service: `postgres` or `rabbitmq`.
pub async fn service(name: &str, action: &str) {
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/service");
    let mut command = tokio::process::Command::new(script);
    let status = command.args([name, action]).status().await.expect("the script runs");
    assert!(status.success(), "scripts/service {name} {action} failed");
}
