//! The gateway under load: its own database and virtual host, 100,000 invented people.

use anyhow::{Context, Result, bail};
use sqlx::{Connection, PgConnection};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};

pub struct Home {
    dir: tempfile::TempDir,
    database: String,
}

pub struct Gateway {
    child: tokio::process::Child,
    pub url: String,
    pub key: String,
    pub ready_after: Duration,
    database: String,
}

impl Home {
    pub async fn new() -> Result<Home> {
        let dir = tempfile::tempdir()?;
        let server = std::env::var("FRONTDOOR_DATABASE_URL")
            .context("run this through scripts/with-services")?;
        let mut connection = PgConnection::connect(&server).await?;
        sqlx::raw_sql("CREATE DATABASE bench").execute(&mut connection).await?;
        let (server, _) = server.rsplit_once('/').context("a URL with a database")?;
        let key = dir.path().join("master.key");
        std::fs::write(&key, "5a".repeat(32))?;
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let home = Home { database: format!("{server}/bench"), dir };
        home.run(&["migrate"])?;
        Ok(home)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdoor"));
        command
            .args(args)
            .env(
                "FRONTDOOR_CONFIG",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale"),
            )
            .env("FRONTDOOR_DATABASE_URL", &self.database)
            .env("FRONTDOOR_MASTER_KEY_FILE", self.dir.path().join("master.key"))
            .env("FRONTDOOR_LISTEN", "127.0.0.1:0")
            .env("FRONTDOOR__HTTP__RATE_LIMITS", "false");
        command
    }

    fn run(&self, args: &[&str]) -> Result<String> {
        let output = self.command(args).output()?;
        if !output.status.success() {
            bail!("{args:?} failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// People of the same make as the load's children, so that some are recognised.
    pub async fn import_people(&self, count: u32) -> Result<()> {
        let mut csv = String::from("record_id,source,forename,surname,dob,sex,address,postcode\n");
        for n in 0..count {
            let child = super::load::Child::number(n);
            writeln!(
                csv,
                "B{n:08},lcs,{},{},{},F,{},{}",
                child.given_name, child.family_name, child.born, child.street, child.postcode
            )?;
        }
        let file = self.dir.path().join("people.csv");
        std::fs::write(&file, csv)?;
        let started = Instant::now();
        self.run(&["people", "import", file.to_str().context("a path")?])?;
        let rate = f64::from(count) / started.elapsed().as_secs_f64();
        eprintln!("imported {count} people, {rate:.0} a second");
        // What an import leaves to tidy up is not the load's.
        let mut connection = PgConnection::connect(&self.database).await?;
        for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
            sqlx::raw_sql(statement).execute(&mut connection).await?;
        }
        Ok(())
    }

    pub async fn start(&self) -> Result<Gateway> {
        let key = self.run(&["keys", "issue", "--agency", "school-ridgeway"])?;
        let started = Instant::now();
        let mut command = tokio::process::Command::from(self.command(&["serve"]));
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
        let url = loop {
            let line = lines.next_line().await?.context("it ended before it was ready")?;
            if let Some((_, url)) = line.split_once("ready on ") {
                break url.trim().trim_end_matches('/').to_owned();
            }
        };
        let ready_after = started.elapsed();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        // Idle memory is measured after a moment's rest.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(Gateway { child, url, key, ready_after, database: self.database.clone() })
    }
}

impl Gateway {
    pub fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Age in seconds of the oldest message that the broker has not confirmed.
    pub async fn outbox_lag(&self) -> Result<f64> {
        let mut connection = PgConnection::connect(&self.database).await?;
        let lag: Option<f64> = sqlx::query_scalar(
            "SELECT (extract(epoch FROM clock_timestamp()) - min(created_at) / 1e6)::float8
             FROM outbox WHERE state IN ('delivering', 'delivery-failing')",
        )
        .fetch_one(&mut connection)
        .await?;
        Ok(lag.unwrap_or(0.0))
    }

    pub async fn wait_until_delivered(&self) -> Result<()> {
        for _ in 0..600 {
            if self.outbox_lag().await? == 0.0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("the outbox was not empty after a minute")
    }

    /// Writes out what the measurement before has left to write, so that none pays for another.
    pub async fn settle(&self) -> Result<()> {
        self.wait_until_delivered().await?;
        let mut connection = PgConnection::connect(&self.database).await?;
        sqlx::raw_sql("CHECKPOINT").execute(&mut connection).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(())
    }

    pub async fn stop(mut self, within: Duration) -> Result<()> {
        let id = self.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        tokio::time::timeout(within, self.child.wait()).await??;
        Ok(())
    }
}
