//! `frontdoor deliveries list|redrive`

use super::table::table;
use super::{Ended, Result, say};
use crate::app;
use crate::config::settings::Settings;
use crate::domain::MessageId;
use crate::followup::{self, redrive::Redriven};
use crate::store::{DeliveryRow, DeliveryState, Store};
use clap::builder::PossibleValuesParser;
use uuid::Uuid;

/// How many deliveries are read at a time.
const PAGE: usize = 1_000;

/// Failing or dead deliveries.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: frontdoor deliveries redrive --state dead")]
pub(super) enum Deliveries {
    /// List deliveries that are failing or dead, oldest first.
    List {
        /// Only those in this state, which may be any.
        #[arg(long, value_parser = states())]
        state: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Send failing or dead messages again, now.
    Redrive(Chosen),
}

/// Which messages.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Chosen {
    /// Their ids.
    id: Vec<Uuid>,
    /// All that are in this state.
    #[arg(long, value_parser = ["delivery-failing", "dead"])]
    state: Option<String>,
}

fn states() -> PossibleValuesParser {
    PossibleValuesParser::new(DeliveryState::ALL.map(DeliveryState::as_str))
}

impl Deliveries {
    pub(super) async fn run(self, settings: Settings) -> Result {
        let store = app::open_store(&settings).await?;
        match self {
            Deliveries::List { state, limit, json } => {
                let rows = find(store.as_ref(), state.as_deref(), limit).await?;
                say(if json { as_json(&rows)? } else { as_table(&rows) });
                Ok(())
            }
            Deliveries::Redrive(chosen) => {
                // Opens the event chains, too.
                app::open_keys(&settings, store.as_ref()).await?;
                redrive(store.as_ref(), chosen).await
            }
        }
    }
}

/// Deliveries in a state, or those that are failing or dead.
async fn find(
    store: &dyn Store,
    state: Option<&str>,
    limit: usize,
) -> anyhow::Result<Vec<DeliveryRow>> {
    let states = match state.and_then(DeliveryState::parse) {
        Some(state) => vec![state],
        None => vec![DeliveryState::Failing, DeliveryState::Dead],
    };
    let mut rows = Vec::new();
    for state in states {
        let (before, mut after) = (rows.len(), None);
        while rows.len() - before < limit {
            let most = PAGE.min(limit - (rows.len() - before));
            let page = store.deliveries(Some(state), after, most).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id);
            rows.extend(page);
        }
    }
    rows.sort_by_key(|row| row.id);
    rows.truncate(limit);
    Ok(rows)
}

async fn redrive(store: &dyn Store, chosen: Chosen) -> Result {
    let ids: Vec<MessageId> = match &chosen.state {
        Some(_) => {
            let rows = find(store, chosen.state.as_deref(), usize::MAX).await?;
            rows.iter().map(|row| row.id).collect()
        }
        None => chosen.id.into_iter().map(MessageId).collect(),
    };
    let env = app::OsEnv::new();
    let (mut again, mut left) = (0, 0);
    for id in ids {
        let state = match followup::redrive::redrive(store, &env, id, "command-line").await? {
            Redriven::Again => {
                again += 1;
                continue;
            }
            Redriven::Left(state) => state.as_str(),
            Redriven::Unknown => "not known",
        };
        say(format!("{id} is {state}: left as it is."));
        left += 1;
    }
    say(format!("{again} messages are sent again."));
    if left == 0 { Ok(()) } else { Err(Ended::Findings) }
}

fn cells(row: &DeliveryRow) -> [(&'static str, String); 7] {
    [
        ("id", row.id.to_string()),
        ("destination", row.destination.to_string()),
        ("priority", row.priority.as_str().to_owned()),
        ("state", row.state.as_str().to_owned()),
        ("created", row.created_at.to_string()),
        ("attempts", row.attempts.to_string()),
        ("fault", row.last_fault.clone().unwrap_or_default()),
    ]
}

fn as_table(rows: &[DeliveryRow]) -> String {
    let header = ["id", "destination", "priority", "state", "created", "attempts", "fault"];
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| cells(row).map(|(_, cell)| cell).to_vec()).collect();
    table(&header, &rows)
}

fn as_json(rows: &[DeliveryRow]) -> anyhow::Result<String> {
    let rows: Vec<serde_json::Map<String, serde_json::Value>> = rows
        .iter()
        .map(|row| cells(row).map(|(name, cell)| (name.to_owned(), cell.into())).into_iter())
        .map(Iterator::collect)
        .collect();
    Ok(serde_json::to_string_pretty(&rows)?)
}
