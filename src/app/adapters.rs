//! Adapters in use: read and validated before they are swapped in; with a fault, the last good ones
//! stay.

use crate::adapter::folder::{self, Fault};
use crate::config::settings::{self, Settings};
use crate::workers::{Pool, Start};
use anyhow::{Context, Result, anyhow};
use arc_swap::ArcSwapOption;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How often the folder is looked at; a change is taken up when two looks see the same.
const LOOK: Duration = Duration::from_secs(1);

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
        program: std::env::current_exe().context("this program's own file is not found")?,
        arguments: vec![
            "worker".to_owned(),
            "--memory".to_owned(),
            settings.worker_memory.to_string(),
        ],
        workers: settings.workers,
    };
    Pool::new(start, folders).map_err(told)
}

/// Looks at the folder for ever.
pub(super) async fn keep_fresh(settings: settings::Adapters, in_use: Arc<ArcSwapOption<Pool>>) {
    let current = metrics::gauge!("frontdoor_adapters_current");
    current.set(1.0);
    let mut read_of = seen(&settings.folder);
    let mut last = read_of.clone();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = seen(&settings.folder);
        let settled = now == std::mem::replace(&mut last, now.clone());
        if !settled || now == read_of {
            continue;
        }
        read_of = now;
        let settings = settings.clone();
        let pool = tokio::task::spawn_blocking(move || read(&settings)).await;
        match pool.unwrap_or_else(|error| Err(error.into())) {
            Ok(pool) => {
                in_use.store(Some(Arc::new(pool)));
                tracing::info!(code = "adapters-changed", "now in use");
                current.set(1.0);
            }
            Err(error) => {
                let code = "adapters-refused";
                tracing::error!(code, "the last good adapters stay in use: {error:#}");
                current.set(0.0);
            }
        }
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
