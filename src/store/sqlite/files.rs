//! The database's files: for this account alone, and for one gateway at a time.

use crate::store::error::{Result, StoreError};
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Reading and writing, for the owner alone.
const PRIVATE: u32 = 0o600;

/// SQLite's files beside the database; it makes them with the database's permissions.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// Makes the file and its folder where they are absent, and closes files to other accounts. A
/// folder that was there is left as it is: others may use it too.
pub(super) fn make(database: &Path) -> Result<()> {
    if let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| failed("the folder", database, &error))?;
    }
    // A file that is there is not opened: closing it again would take away the locks that SQLite
    // holds on it elsewhere in this process.
    match private().create_new(true).open(database) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(failed("the file", database, &error));
        }
        _ => {}
    }
    close_to_others(database).map_err(|error| failed("the permissions", database, &error))?;
    for end in BESIDE {
        let closed = close_to_others(&beside(database, end));
        closed.map_err(|error| failed("the permissions", database, &error))?;
    }
    Ok(())
}

/// Locks `<file>.lock` for this process.
pub(super) fn lock(database: &Path) -> Result<File> {
    let name = beside(database, ".lock");
    let file = private().open(&name).map_err(|error| failed("the lock file", database, &error))?;
    close_to_others(&name).map_err(|error| failed("the permissions", database, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
            "another process is using the database {}; stop it first, or use PostgreSQL to run \
             several gateways",
            database.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed("the lock", database, &error)),
    }
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.create(true).truncate(false).write(true).mode(PRIVATE);
    options
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn close_to_others(path: &Path) -> io::Result<()> {
    let open = match path.metadata() {
        Ok(there) => there.permissions().mode() & 0o077 != 0,
        // Another process may take away what it made beside the database.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if open { std::fs::set_permissions(path, Permissions::from_mode(PRIVATE)) } else { Ok(()) }
}

fn failed(what: &str, database: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{what} of the database {}: {error}", database.display()))
}
