//! The composition root: the only place that names concrete backends, reads the wall clock and
//! draws randomness from the operating system.

use crate::access::Directory;
use crate::access::keys::KeyTable;
use crate::api::{self, ApiState, Server};
use crate::broker::deadletters::DeadLetters;
use crate::broker::embedded::Embedded;
use crate::broker::rabbitmq::RabbitMq;
use crate::broker::relay::{Relay, RelayParts};
use crate::broker::{Broker, Mailbox};
use crate::config::settings::Settings;
use crate::config::{self, Authority};
use crate::domain::Timestamp;
use crate::domain::time::Env;
use crate::linkage::Model;
use crate::pipeline::{Pipeline, Stages};
use crate::store::keys::KeyRing;
use crate::store::lane::{LaneParts, lane, offload_to_threads};
use crate::store::{Store, open};
use crate::validation::Validator;
use anyhow::{Context, Result, bail};
use arc_swap::ArcSwap;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The operating system's clock and entropy.
#[derive(Default)]
pub struct OsEnv {
    kill: Option<KillPoint>,
}

/// Where a test asked this process to die: a named point, and after how many passes.
struct KillPoint {
    point: String,
    left: std::sync::atomic::AtomicU32,
}

impl OsEnv {
    /// In debug builds `FRONTDOOR_TEST_KILL_AT=point:passes` ends the process with SIGKILL there.
    pub fn new() -> Self {
        let asked = std::env::var("FRONTDOOR_TEST_KILL_AT").ok().filter(|_| cfg!(debug_assertions));
        let kill = asked.as_deref().and_then(|asked| asked.split_once(':')).map(|(point, left)| {
            let left = left.parse().unwrap_or(1);
            KillPoint { point: point.to_owned(), left: left.into() }
        });
        OsEnv { kill }
    }
}

impl Env for OsEnv {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        Timestamp::from_jiff(jiff::Timestamp::now())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
    fn entropy(&self, into: &mut [u8]) {
        getrandom::fill(into).expect("the operating system gives randomness");
    }

    fn reached(&self, point: &'static str) {
        use std::sync::atomic::Ordering;
        let Some(kill) = self.kill.as_ref().filter(|kill| kill.point == point) else { return };
        if kill.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let me = std::process::id().to_string();
            let _ = std::process::Command::new("kill").args(["-KILL", &me]).status();
            std::process::abort();
        }
    }
}

/// Opens the store of the settings; a schema that is older or newer than needed is refused.
pub async fn open_store(settings: &Settings) -> Result<Arc<dyn Store>> {
    let url = &settings.database.url;
    if url.starts_with("sqlite:") {
        // On one machine there is nobody else to run it beside.
        open::migrate(url).await?;
    }
    Ok(open::open(url).await?)
}

/// Reads the master key, making one where settings allow, and opens the authority's keys.
pub async fn open_keys(settings: &Settings, store: &dyn Store) -> Result<KeyRing> {
    let env = OsEnv::new();
    let path = &settings.keys.master_key_file;
    if !path.exists() && settings.keys.create {
        make_master_key(path, &env)?;
    }
    let master = read_master_key(path)?;
    let ring = KeyRing::open(store, &master, &env).await?;
    store.set_chain_key(ring.chains().clone());
    Ok(ring)
}

fn make_master_key(path: &Path, env: &dyn Env) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let mut key = Zeroizing::new([0u8; 32]);
    env.entropy(key.as_mut());
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(Zeroizing::new(text).as_bytes())?;
    Ok(())
}

fn read_master_key(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new).with_context(|| {
        format!(
            "the master key {} cannot be read; make one with `openssl rand -hex 32` and keep it \
             apart from the database and its backups",
            path.display()
        )
    })?;
    let text = text.trim();
    let mut key = Zeroizing::new([0u8; 32]);
    if text.len() != 64 || !text.is_ascii() {
        bail!("the master key {} is not 64 hexadecimal digits", path.display());
    }
    for (byte, pair) in key.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair)?;
        *byte = u8::from_str_radix(pair, 16)
            .with_context(|| format!("the master key {} is not hexadecimal", path.display()))?;
    }
    Ok(key)
}
