//! `frontdoor migrate`

use super::{Result, say};
use crate::config::settings::Settings;
use crate::store::open;

/// Apply the database's migrations.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: FRONTDOOR_DATABASE_URL=postgres:… frontdoor migrate")]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn run(self, settings: Settings) -> Result {
        for name in open::open_alone(&settings.database.url).await?.migrate().await? {
            say(format!("Applied {name}."));
        }
        say("The database's schema is up to date.");
        Ok(())
    }
}
