//! `frontdoor check`

use super::{Ended, Result, say};
use crate::config;
use crate::config::settings::Settings;
use std::path::PathBuf;

/// Validate an authority's configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: frontdoor check --config config/calderdale")]
pub(super) struct Check {
    /// The authority's folder.
    #[arg(long, env = "FRONTDOOR_CONFIG")]
    config: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, settings: Settings) -> Result {
        let dir = self.config.unwrap_or(settings.authority.config);
        match config::load(&dir) {
            Ok(authority) => {
                say(format!("{} is in order; policy {}.", dir.display(), authority.hash));
                Ok(())
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
