//! Databases and virtual hosts of their own for each test, on services that `scripts/with-services`
//! started. A test that stops a service has services of its own. A missing service fails the test
//! and says so.

use sqlx::{Connection, PgConnection};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::process::{Child, Command};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A name that no other test of this run uses.
pub fn fresh_name() -> String {
    format!("t{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// One PostgreSQL and one RabbitMQ.
pub struct Services {
    variables: BTreeMap<String, String>,
    /// Holds private services; they end when its standard input closes.
    keeper: Option<Child>,
}

impl Services {
    /// Those that the whole run shares: never stop them.
    pub fn shared() -> Services {
        let variables = std::env::vars().filter(|(name, _)| name.starts_with("FRONTDOOR_"));
        Services { variables: variables.collect(), keeper: None }
    }

    /// A pair of this test's own, to be stopped and killed at will.
    pub async fn private() -> Services {
        let told = tempfile::tempdir().expect("a temporary folder");
        let file = told.path().join("variables");
        let script = format!("env > {0}.part; mv {0}.part {0}; cat >/dev/null", file.display());
        let keeper = Command::new(root().join("scripts/with-services"))
            .args(["sh", "-c", &script])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("scripts/with-services starts");
        for _ in 0..600 {
            if let Ok(text) = std::fs::read_to_string(&file) {
                let pairs = text.lines().filter_map(|line| line.split_once('='));
                let variables = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                return Services { variables, keeper: Some(keeper) };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("private services did not start within a minute");
    }

    /// A variable that `scripts/with-services` exports.
    pub fn variable(&self, name: &str) -> &str {
        self.variables.get(name).unwrap_or_else(|| {
            panic!("{name} is not set: run the tests with `make test` or scripts/with-services")
        })
    }

    /// Creates an empty database and returns its URL.
    pub async fn create_database(&self, name: &str) -> String {
        let url = self.variable("FRONTDOOR_DATABASE_URL");
        let mut connection = PgConnection::connect(url).await.expect("PostgreSQL answers");
        let statement = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(statement).execute(&mut connection).await.expect("created");
        let (server, _) = url.rsplit_once('/').expect("a URL with a database");
        format!("{server}/{name}")
    }

    /// Creates an empty virtual host and returns its URL.
    pub async fn create_vhost(&self, name: &str) -> String {
        self.rabbitmqctl(&["add_vhost", name]).await;
        self.rabbitmqctl(&["set_permissions", "-p", name, "guest", ".*", ".*", ".*"]).await;
        let url = self.variable("FRONTDOOR_AMQP_URL");
        let (server, _) = url.rsplit_once('/').expect("a URL with a virtual host");
        format!("{server}/{name}")
    }

    /// Runs `rabbitmqctl` against the node and returns what it printed.
    pub async fn rabbitmqctl(&self, args: &[&str]) -> String {
        let program = self.variable("FRONTDOOR_TEST_RABBITMQCTL");
        let output = Command::new(program).args(args).output().await.expect("rabbitmqctl runs");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(output.status.success(), "rabbitmqctl {args:?}: {text}");
        text
    }

    /// Stops, starts, kills or restarts a service of this test's own: `postgres` or `rabbitmq`.
    pub async fn service(&self, name: &str, action: &str) {
        assert!(self.keeper.is_some(), "services that others use are not stopped");
        let mut command = Command::new(root().join("scripts/service"));
        let status = command.args([name, action]).envs(&self.variables).status().await;
        assert!(status.expect("the script runs").success(), "{name} {action} failed");
    }

    /// Ends private services and waits until they are gone.
    pub async fn end(mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            drop(keeper.stdin.take());
            let _ = tokio::time::timeout(Duration::from_secs(60), keeper.wait()).await;
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
