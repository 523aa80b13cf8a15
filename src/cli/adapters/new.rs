use super::{Result, open, say};
use crate::adapter::folder;
use anyhow::{Context, anyhow};
use std::path::Path;

/// Make a new adapter.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: frontdoor adapters new hospice-csv --like voluntary-csv")]
pub(super) struct New {
    /// Its name: small letters, digits and hyphens.
    name: String,
    /// The adapter to begin with.
    #[arg(long)]
    like: String,
}

impl New {
    pub(super) fn run(self, dir: &Path) -> Result {
        let (from, to) = (dir.join(&self.like), dir.join(&self.name));
        open(dir, &self.like)?;
        if !folder::is_name(&self.name) {
            return Err(anyhow!("name it in small letters, digits and hyphens, 64 at most").into());
        }
        if to.exists() {
            return Err(anyhow!("{} is there already", to.display()).into());
        }
        copy(&from, &to)?;
        say(format!("{} is made, and its examples pass. Now:", to.display()));
        say(format!("  1. put a file as it is sent to {}/examples/NAME.in.EXT", to.display()));
        say(format!("  2. frontdoor adapters explain {} FILE", self.name));
        say("  3. change manifest.toml, input.schema.json and map.jq until it says what was meant");
        say(format!("  4. frontdoor adapters test {} --write-missing", self.name));
        Ok(())
    }
}

pub(super) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
