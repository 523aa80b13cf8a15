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
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if let Some(parent) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
    }
    let mut key = Zeroizing::new([0u8; 32]);
    env.entropy(key.as_mut());
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = Zeroizing::new(text);
    // Whole and on the disk under another name first: without this key nothing opens again. The
    // name is linked, not renamed, so that a key made meanwhile is not replaced.
    let unfinished = path.with_added_extension(format!("{}.part", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&unfinished, path);
    std::fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}

/// Refuses a key that other accounts of this machine can read.
fn private(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = path.metadata().map_or(0, |file| file.permissions().mode());
    if mode & 0o077 != 0 {
        bail!(
            "the master key {0} is open to other accounts of this machine (mode {1:03o}): run \
             `chmod 600 {0}`, and take a new key if someone may have read it",
            path.display(),
            mode & 0o777
        );
    }
    Ok(())
}

fn read_master_key(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    private(path)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("there").permissions().mode() & 0o777
    }

    #[test]
    fn a_key_is_made_once_whole_and_for_this_account_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new").join("master.key");
        make_master_key(&path, &OsEnv::new()).expect("is made");
        let key = read_master_key(&path).expect("is read");
        make_master_key(&path, &OsEnv::new()).expect("is there");
        assert_eq!(*read_master_key(&path).expect("is read"), *key);
        let parent = path.parent().expect("a folder");
        assert_eq!((mode(&path), mode(parent)), (0o600, 0o700));
        assert_eq!(parent.read_dir().expect("reads").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("master.key");
        std::fs::write(&path, "5a".repeat(32)).expect("writes");
        for open in [0o640, 0o604, 0o620] {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(open)).expect("sets");
            let error = read_master_key(&path).expect_err("is refused").to_string();
            assert!(error.contains("chmod 600") && !error.contains("5a5a"), "{error}");
        }
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o400)).expect("sets");
        assert!(read_master_key(&path).is_ok());
    }
}
