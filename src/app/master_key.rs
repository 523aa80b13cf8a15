//! The master key: a file apart from the database and its backups.

use super::OsEnv;
use crate::config::settings::Settings;
use crate::domain::time::Env;
use crate::store::Store;
use crate::store::keys::KeyRing;
use anyhow::{Context, Result, bail};
use std::path::Path;
use zeroize::Zeroizing;

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
