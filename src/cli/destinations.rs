//! `frontdoor destinations list|pause|resume`

use super::table::table;
use super::{Ended, Result, say};
use crate::app;
use crate::config::settings::Settings;
use crate::domain::DestinationId;
use crate::domain::pauses::{Pause, PauseReason};
use crate::domain::time::Env as _;
use crate::followup::pauses::{self, MOST_HOURS, Wish};
use clap::builder::PossibleValuesParser;

/// Who acts here.
const BY: &str = "command-line";

/// Receiving teams that are sent nothing for a while.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor destinations pause early-help.upper-valley --hours 4 \
    --reason maintenance")]
pub(super) enum Destinations {
    /// List pauses that hold now.
    List,
    /// Send a team nothing for some hours, but for what is immediate. Receiving and clocks go on.
    Pause {
        /// As `destinations.toml` names it.
        destination: String,
        /// For so long; then it goes on by itself.
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=i64::from(MOST_HOURS)))]
        hours: u8,
        #[arg(long, value_parser = reasons())]
        reason: String,
    },
    /// End a pause now.
    Resume {
        /// As `destinations.toml` names it.
        destination: String,
    },
}

fn reasons() -> PossibleValuesParser {
    PossibleValuesParser::new(PauseReason::ALL.map(PauseReason::as_str))
}

impl Destinations {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let store = app::open_store(&settings).await?;
        let env = app::OsEnv::new();
        match self {
            Destinations::List => {
                say(as_table(&store.pauses(env.now()).await?));
                Ok(())
            }
            Destinations::Pause { destination, hours, reason } => {
                // Opens the event chains, too.
                app::open_keys(&settings, store.as_ref()).await?;
                let rules = app::load_rules(&settings)?;
                let destination = DestinationId::new(&destination);
                if !rules.directory.destinations.contains_key(&destination) {
                    let told = "check its spelling";
                    return Err(
                        anyhow::anyhow!("destinations.toml has no {destination}: {told}").into()
                    );
                }
                let reason =
                    PauseReason::parse(&reason).ok_or_else(|| anyhow::anyhow!("no such reason"))?;
                let teams = &rules.policy.teams;
                let fallbacks = [teams.screening.clone(), teams.out_of_hours.clone()];
                let wish = Wish { destination, reason, hours };
                let pause = pauses::pause(store.as_ref(), wish, &fallbacks, BY, env.now()).await?;
                say(format!(
                    "{} is sent nothing until {}, but for what is immediate.",
                    pause.destination, pause.until
                ));
                Ok(())
            }
            Destinations::Resume { destination } => {
                app::open_keys(&settings, store.as_ref()).await?;
                let destination = DestinationId::new(&destination);
                if pauses::resume(store.as_ref(), &destination, BY, env.now()).await? {
                    say(format!("{destination} is sent what waits, now."));
                    return Ok(());
                }
                say(format!("{destination} is not paused."));
                Err(Ended::Findings)
            }
        }
    }
}

fn as_table(pauses: &[Pause]) -> String {
    let row = |pause: &Pause| {
        vec![
            pause.destination.to_string(),
            pause.reason.as_str().to_owned(),
            pause.since.to_string(),
            pause.until.to_string(),
            pause.by.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = pauses.iter().map(row).collect();
    table(&["destination", "reason", "since", "until", "by"], &rows)
}
