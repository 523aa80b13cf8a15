//! Adapters in use: read and validated before they are swapped in; with a fault, the last good ones
//! stay.

use crate::adapter::folder::{self, Fault};
use crate::config::settings::{self, Settings};
use crate::domain::Directory;
use crate::workers::{Pool, Start};
use anyhow::{Context, Result, anyhow, bail};
use arc_swap::{ArcSwap, ArcSwapOption};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// How often the folder is looked at; a change is taken up when two looks see the same.
const LOOK: Duration = Duration::from_secs(1);

/// What was refused is read again this often: a file may not have been there to read.
const AGAIN: Duration = Duration::from_secs(60);

/// The adapters of the settings; none where there is no folder.
pub(super) fn open(settings: &Settings) -> Result<Arc<ArcSwapOption<Pool>>> {
    if !settings.adapters.folder.is_dir() {
        let folder = settings.adapters.folder.display();
        tracing::info!(code = "no-adapters", "there is no folder {folder}: canonical JSON alone");
        return Ok(Arc::default());
    }
    let pool = read(&settings.adapters)?;
    Ok(Arc::new(ArcSwapOption::from_pointee(pool)))
}

fn read(settings: &settings::Adapters) -> Result<Pool> {
    let told = |faults: Vec<Fault>| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow!("the adapters have faults:\n{}", lines.join("\n"))
    };
    let folders = folder::read_all(&settings.folder).map_err(told)?;
    let start = Start {
        program: own()?,
        arguments: vec![
            "worker".to_owned(),
            "--memory".to_owned(),
            settings.worker_memory.to_string(),
        ],
        workers: settings.workers,
    };
    Pool::new(start, folders).map_err(told)
}

/// This program, also when its file was replaced meanwhile: a worker of another version might
/// not understand us.
fn own() -> Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe().context("this program's own file is not found")
}

/// Looks at the folder for ever.
pub(super) async fn keep_fresh(
    settings: settings::Adapters,
    in_use: Arc<ArcSwapOption<Pool>>,
    directory: Arc<ArcSwap<Directory>>,
) {
    let current = metrics::gauge!("frontdoor_adapters_current");
    current.set(1.0);
    let mut read_of = seen(&settings.folder);
    let mut last = read_of.clone();
    let mut refused: Option<Instant> = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = seen(&settings.folder);
        let settled = now == std::mem::replace(&mut last, now.clone());
        let again = refused.is_some_and(|at| at.elapsed() >= AGAIN);
        if !settled || now == read_of && !again {
            continue;
        }
        (read_of, refused) = (now, None);
        let settings = settings.clone();
        let pool = tokio::task::spawn_blocking(move || read(&settings)).await;
        let pool = pool.unwrap_or_else(|error| Err(error.into()));
        match pool.and_then(|pool| whole(pool, in_use.load().as_deref(), &directory.load())) {
            Ok(pool) => {
                in_use.store(Some(Arc::new(pool)));
                tracing::info!(code = "adapters-changed", "now in use");
                current.set(1.0);
            }
            Err(error) => {
                refused = Some(Instant::now());
                let code = "adapters-refused";
                tracing::error!(code, "the last good adapters stay in use: {error:#}");
                current.set(0.0);
            }
        }
    }
}

/// A set that has lost an adapter which some agency may use is a folder half copied.
fn whole(pool: Pool, before: Option<&Pool>, directory: &Directory) -> Result<Pool> {
    let used = directory.agencies.values().flat_map(|agency| &agency.adapters);
    let had = |name: &&String| before.is_some_and(|before| before.manifest(name).is_some());
    let lost = used.filter(had).find(|name| pool.manifest(name).is_none());
    match lost {
        Some(name) => bail!("{name} is gone, and agencies.toml lets agencies send it"),
        None => Ok(pool),
    }
}

/// Every file below a folder, with its size and when it was written; examples are of no concern.
fn seen(folder: &Path) -> Vec<(String, u64, Option<SystemTime>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() && entry.file_name() != "examples" {
                folders.push(entry.path());
            } else if about.is_file() {
                let name = entry.path().display().to_string();
                all.push((name, about.len(), about.modified().ok()));
            }
        }
    }
    all.sort_unstable();
    all
}
