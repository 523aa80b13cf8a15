//! A database of its own, people loaded into it by the real command, and what a process took.

use super::measure::Measured;
use anyhow::{Context, Result, bail};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub struct Home {
    dir: tempfile::TempDir,
    database: String,
}

impl Home {
    pub fn new(number: usize) -> Result<Home> {
        let dir = tempfile::tempdir()?;
        let server = std::env::var("FRONTDOOR_DATABASE_URL")
            .context("run this through scripts/with-services")?;
        let name = format!("linkage_{number}_{}", std::process::id());
        sql(&server, &format!("CREATE DATABASE {name}"))?;
        let (server, _) = server.rsplit_once('/').context("a URL with a database")?;
        let key = dir.path().join("master.key");
        std::fs::write(&key, "5a".repeat(32))?;
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        let home = Home { database: format!("{server}/{name}"), dir };
        if !home.frontdoor(&["migrate"]).status()?.success() {
            bail!("the schema was not made");
        }
        Ok(home)
    }

    fn frontdoor(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdoor"));
        command
            .args(args)
            .env("FRONTDOOR_DATABASE_URL", &self.database)
            .env("FRONTDOOR_MASTER_KEY_FILE", self.dir.path().join("master.key"));
        command
    }

    /// People a second, and the command's greatest resident megabytes.
    pub fn import(&self, file: &str) -> Result<(f64, f64)> {
        eprintln!("importing {file}");
        let started = Instant::now();
        let mut child =
            self.frontdoor(&["people", "import", file]).stdout(Stdio::null()).spawn()?;
        let mut memory = 0.0;
        let status = loop {
            memory = f64::max(memory, peak_megabytes(&child.id().to_string()).unwrap_or_default());
            match child.try_wait()? {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        // Rows that cannot be read are told and are no failure of the measurement.
        if status.code().is_none_or(|code| code > 1) {
            bail!("the import failed");
        }
        let lines = std::fs::read_to_string(file)?.lines().count();
        for statement in ["VACUUM", "CHECKPOINT"] {
            sql(&self.database, statement)?;
        }
        Ok((lines.saturating_sub(1) as f64 / seconds, memory))
    }

    /// Measures in a process of its own.
    pub fn measure(&self, referrals: &str, truth: &str) -> Result<Measured> {
        let key = self.dir.path().join("master.key");
        let output = Command::new(std::env::current_exe()?)
            .args(["measure", &self.database, key.to_str().context("a path")?, referrals, truth])
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            bail!("measuring failed");
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

fn sql(url: &str, statement: &str) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await?;
        Ok(())
    })
}

/// The most memory that a process (`self` or a number) has had resident.
pub fn peak_megabytes(process: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("a peak")?;
    let kilobytes: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
    Ok(kilobytes / 1024.0)
}
