//! `frontdoor people import`

use super::{Ended, Result, say};
use crate::app;
use crate::config::settings::Settings;
use std::path::PathBuf;

/// Existing records to link against.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor people import examples/people.csv")]
pub(super) enum People {
    /// Load records from a CSV file; a record already loaded is replaced.
    Import {
        /// Columns as in docs/people.md; at least `record_id` and a name or a date.
        file: PathBuf,
    },
}

impl People {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let People::Import { file } = self;
        let store = app::open_store(&settings).await?;
        let ring = app::open_keys(&settings, store.as_ref()).await?;
        let env = app::OsEnv::new();
        let imported = app::import_people(store.as_ref(), &ring, &env, &file).await?;
        for line in imported.faults.iter().chain(&imported.passed_over) {
            say(line);
        }
        let (unread, over) = (imported.faults.len(), imported.passed_over.len());
        say(format!(
            "{} people loaded, {unread} rows not read, {over} passed over.",
            imported.loaded
        ));
        if imported.faults.is_empty() { Ok(()) } else { Err(Ended::Findings) }
    }
}
