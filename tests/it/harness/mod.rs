//! The real binary, started on a free port over a home of its own: a temporary folder with SQLite
//! and the embedded broker, or a fresh database and virtual host of the services that
//! `scripts/with-services` started.

pub mod clamd;
pub mod http;
pub mod mail;
pub mod services;

pub use services::Services;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long the binary may take to say that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Where one gateway (or several) keeps its data.
pub struct Home {
    pub dir: tempfile::TempDir,
    pub database_url: String,
    pub amqp_url: Option<String>,
    /// Further environment for each gateway started here.
    pub env: Vec<(String, String)>,
}

impl Home {
    /// SQLite and the embedded broker.
    pub async fn sqlite() -> Home {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let database_url = format!("sqlite:{}", dir.path().join("frontdoor.db").display());
        Home::made(dir, database_url, None).await
    }

    /// A fresh PostgreSQL database and a fresh RabbitMQ virtual host.
    pub async fn full(on: &Services) -> Home {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let name = services::fresh_name();
        let database_url = on.create_database(&name).await;
        let amqp_url = on.create_vhost(&name).await;
        Home::made(dir, database_url, Some(amqp_url)).await
    }

    async fn made(dir: tempfile::TempDir, database_url: String, amqp_url: Option<String>) -> Home {
        write_private(&dir.path().join("master.key"), "5a".repeat(32).as_bytes());
        let home = Home { dir, database_url, amqp_url, env: Vec::new() };
        home.run(&["migrate"]).await;
        home
    }

    /// A copy of the authority's folder that this home's gateways and commands use.
    pub fn own_folder(&mut self) -> PathBuf {
        let folder = self.dir.path().join("authority");
        std::fs::create_dir(&folder).expect("made");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale");
        for entry in std::fs::read_dir(shipped).expect("read") {
            let file = entry.expect("a file").path();
            std::fs::copy(&file, folder.join(file.file_name().expect("a name"))).expect("copied");
        }
        self.env.push(("FRONTDOOR_CONFIG".to_owned(), folder.display().to_string()));
        folder
    }

    /// The binary with this home's settings.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_frontdoor"));
        command
            .args(args)
            .env_remove("FRONTDOOR_AMQP_URL")
            .env(
                "FRONTDOOR_CONFIG",
                Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale"),
            )
            .env("FRONTDOOR_DATABASE_URL", &self.database_url)
            .env("FRONTDOOR_MASTER_KEY_FILE", self.dir.path().join("master.key"))
            .env("FRONTDOOR_LISTEN", "127.0.0.1:0")
            .env("FRONTDOOR__HTTP__WORKERS", "2")
            .envs(self.env.iter().cloned())
            .kill_on_drop(true);
        if let Some(url) = &self.amqp_url {
            command.env("FRONTDOOR_AMQP_URL", url);
        }
        command
    }

    /// Runs a command to its end and returns what it printed; panics when it fails.
    pub async fn run(&self, args: &[&str]) -> String {
        let (code, out) = self.try_run(args).await;
        assert_eq!(code, 0, "frontdoor {args:?} failed:\n{out}");
        out
    }

    /// Runs a command to its end: exit code, and what it printed on both outputs.
    pub async fn try_run(&self, args: &[&str]) -> (i32, String) {
        let output = self.command(args).output().await.expect("the binary runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }

    /// Issues a key; `owner` is `--agency`, `--destination` or `--operations`.
    pub async fn key(&self, owner: &str, name: &str) -> String {
        self.run(&["keys", "issue", owner, name]).await.trim().to_owned()
    }

    /// Starts a gateway and waits until it is ready.
    pub async fn start(&self) -> Gateway {
        self.start_with(&[]).await
    }

    /// Starts a gateway with further environment.
    pub async fn start_with(&self, env: &[(&str, &str)]) -> Gateway {
        self.try_start(env).await.unwrap_or_else(|log| panic!("not ready:\n{log}"))
    }

    /// The same; its log where it ended before it was ready.
    pub async fn try_start(&self, env: &[(&str, &str)]) -> Result<Gateway, String> {
        let log = self.dir.path().join(format!("log-{}", services::fresh_name()));
        let errors = std::fs::File::create(&log).expect("a log file");
        let mut command = self.command(&["serve"]);
        command.envs(env.iter().copied()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().expect("the binary starts");
        let out = child.stdout.take().expect("a pipe");
        let url = tokio::time::timeout(READY_WITHIN, ready(out)).await;
        match url.unwrap_or(None) {
            Some(url) => Ok(Gateway { child, url, log }),
            None => Err(std::fs::read_to_string(&log).unwrap_or_default()),
        }
    }
}

/// A file for this account alone.
fn write_private(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.expect("a file").write_all(bytes).expect("is written");
}

/// Reads until the line that names the address, then goes on reading so that the pipe stays open.
async fn ready(out: tokio::process::ChildStdout) -> Option<String> {
    let mut lines = BufReader::new(out).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, url)) = line.split_once("ready on ") {
            let url = url.trim().trim_end_matches('/').to_owned();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some(url);
        }
    }
    None
}

/// A running gateway.
pub struct Gateway {
    child: Child,
    pub url: String,
    pub log: PathBuf,
}

impl Gateway {
    /// SIGKILL, and wait until it is gone.
    pub async fn kill(mut self) {
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
    }

    /// SIGTERM, and wait until it has drained; returns its exit code.
    pub async fn stop(mut self) -> Option<i32> {
        if let Some(id) = self.child.id() {
            let id = id.to_string();
            let _ = std::process::Command::new("kill").args(["-TERM", &id]).status();
        }
        let ended = tokio::time::timeout(Duration::from_secs(40), self.child.wait()).await;
        ended.ok().and_then(Result::ok).and_then(|status| status.code())
    }

    /// The most memory it has had resident, in megabytes.
    pub fn peak_megabytes(&self) -> u64 {
        let id = self.child.id().expect("it runs");
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("kilobytes") / 1024
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }
}
