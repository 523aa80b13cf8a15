//! `pgbench`: one indexed look-up among 100,000 rows and one single-row insert of a body as sent.

use anyhow::{Context, Result, bail};
use sqlx::{Connection, PgConnection};
use std::path::{Path, PathBuf};

/// Transactions a second with `clients` clients for `seconds`.
pub async fn run(clients: usize, seconds: u64) -> Result<f64> {
    let url = std::env::var("FRONTDOOR_DATABASE_URL")?;
    let mut connection = PgConnection::connect(&url).await?;
    let prepare = "DROP TABLE IF EXISTS looked_up, put_in;
         CREATE TABLE looked_up AS SELECT id, md5(id::text) AS value
             FROM generate_series(1, 100000) AS id;
         ALTER TABLE looked_up ADD PRIMARY KEY (id);
         CREATE TABLE put_in (id bigserial PRIMARY KEY, body text NOT NULL);
         ANALYZE looked_up;";
    sqlx::raw_sql(prepare).execute(&mut connection).await?;
    let dir = tempfile::tempdir()?;
    let script = dir.path().join("yardstick.sql");
    let body = super::load::body(1).replace('\'', "''");
    let text = format!(
        "\\set id random(1, 100000)\nBEGIN;\nSELECT value FROM looked_up WHERE id = :id;\n\
         INSERT INTO put_in (body) VALUES ('{body}');\nCOMMIT;\n"
    );
    std::fs::write(&script, text)?;
    // As the gateway's: five seconds unmeasured.
    let mut text = String::new();
    for time in [5, seconds] {
        text = pgbench(&url, clients, time, &script).await?;
    }
    sqlx::raw_sql("DROP TABLE looked_up, put_in").execute(&mut connection).await?;
    let rate = text.split("tps = ").nth(1).context("a rate in pgbench's output")?;
    Ok(rate.split_whitespace().next().context("a number")?.parse()?)
}

async fn pgbench(url: &str, clients: usize, seconds: u64, script: &Path) -> Result<String> {
    let program = PathBuf::from(std::env::var("FRONTDOOR_TEST_PG_BIN")?).join("pgbench");
    let output = tokio::process::Command::new(program)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={seconds}"))
        .arg(format!("--file={}", script.display()))
        .arg(url)
        .output()
        .await?;
    if !output.status.success() {
        bail!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
