//! `frontdoor serve`

use super::{Result, demo, say};
use crate::app::{self, App};
use crate::config::settings::Settings;
use std::path::PathBuf;

/// Run the gateway: all roles in one process.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: frontdoor serve --config config/calderdale --demo")]
pub(super) struct Serve {
    /// The authority's folder.
    #[arg(long, env = "FRONTDOOR_CONFIG")]
    config: Option<PathBuf>,
    /// Load invented people, issue demonstration keys and send example referrals. Only on this
    /// machine (http.listen = 127.0.0.1), and never into a store that holds anything else.
    #[arg(long)]
    demo: bool,
}

impl Serve {
    pub(super) async fn run(self, mut settings: Settings) -> Result {
        if let Some(config) = self.config {
            settings.authority.config = config;
        }
        if self.demo {
            settings.ops.open = true;
            settings.keys.create = true;
            settings.validate()?;
        }
        let store = app::open_store_to_serve(&settings).await?;
        if self.demo {
            demo::claim(store.as_ref()).await?;
        }
        let app = App::start(settings, store).await?;
        say(format!("frontdoor is ready on {}", app.url()));
        if self.demo {
            demo::welcome(&app).await?;
        }
        app.run_until_stopped().await?;
        Ok(())
    }
}
