//! `frontdoor adapters test|new|explain`

mod each_line;
mod example;
mod explain;
mod new;
mod test;

use super::{Ended, Result, say};
use crate::adapter::engine::Adapter;
use crate::adapter::folder::{self, Folder};
use anyhow::{anyhow, bail};
use std::path::{Path, PathBuf};

/// Agencies' own formats, each a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: frontdoor adapters test police-ppn")]
pub(super) struct Adapters {
    /// The folder of all adapters.
    #[arg(long, global = true, env = "FRONTDOOR_ADAPTERS", default_value = "adapters")]
    adapters: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Run every adapter's examples; shows a diff on a mismatch, and what became of each field.
    Test(test::Test),
    /// Make a working skeleton of a new adapter from an existing one.
    New(new::New),
    /// Show what a file becomes: decoded input, output, where each value is from, and faults.
    Explain(explain::Explain),
}

impl Adapters {
    pub(super) fn run(self) -> Result {
        match self.what {
            What::Test(test) => test.run(&self.adapters),
            What::New(new) => new.run(&self.adapters),
            What::Explain(explain) => explain.run(&self.adapters),
        }
    }
}

/// The folder and the adapter of this name.
fn open(dir: &Path, name: &str) -> Result<(Folder, Adapter)> {
    let folder = folder::read_one(dir, name).map_err(|faults| lines(&faults))?;
    let adapter = Adapter::read(&folder).map_err(|faults| lines(&faults))?;
    Ok((folder, adapter))
}

fn lines(faults: &[folder::Fault]) -> Ended {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Ended::Failed(anyhow!(lines.join("\n")))
}

/// Names of the adapters in `dir`.
fn names(dir: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.path().join("manifest.toml").exists() {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    if names.is_empty() {
        bail!("there is no adapter in {}", dir.display());
    }
    names.sort_unstable();
    Ok(names)
}
