//! `frontdoor check`

use super::{Ended, Result, say};
use crate::adapter::engine::Adapter;
use crate::adapter::folder;
use crate::config::settings::Settings;
use crate::config::{self, Authority};
use std::path::{Path, PathBuf};

/// Validate an authority's configuration, and the adapters.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: frontdoor check --config config/calderdale")]
pub(super) struct Check {
    /// The authority's folder.
    #[arg(long, env = "FRONTDOOR_CONFIG")]
    config: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, settings: Settings) -> Result {
        let dir = self.config.unwrap_or_else(|| settings.authority.config.clone());
        match config::load(&dir) {
            Ok(authority) => {
                say(format!("{} is in order; policy {}.", dir.display(), authority.hash));
                for warning in authority.warnings() {
                    say(format!("Warning: {warning}."));
                }
                adapters(&settings.adapters.folder, &authority)
            }
            Err(faults) => {
                for fault in &faults {
                    say(fault.to_string());
                }
                say(format!("{} faults in {}.", faults.len(), dir.display()));
                Err(Ended::Findings)
            }
        }
    }
}

/// Every adapter must be in order, and each that an agency may use must be there.
fn adapters(dir: &Path, authority: &Authority) -> Result {
    let mut faults = Vec::new();
    let folders = folder::read_all(dir).unwrap_or_else(|found| {
        faults.extend(found.iter().map(ToString::to_string));
        Vec::new()
    });
    for folder in &folders {
        if let Err(found) = Adapter::read(folder) {
            faults.extend(found.iter().map(ToString::to_string));
        }
    }
    for partner in authority.agencies.values() {
        let names = partner.agency.adapters.iter();
        for name in names.filter(|name| !folders.iter().any(|folder| folder.name == **name)) {
            let (agency, dir) = (&partner.agency.id, dir.display());
            faults.push(format!(
                "agencies.toml: {agency} may send {name}, which is not in {dir}: add the adapter, \
                 or take it off the list"
            ));
        }
    }
    if faults.is_empty() {
        say(format!("{} adapters in {} are in order.", folders.len(), dir.display()));
        return Ok(());
    }
    faults.iter().for_each(say);
    say(format!("{} faults in {}.", faults.len(), dir.display()));
    Err(Ended::Findings)
}
