//! Messages that do not get through.

use super::sheets::{Sheet, Words};
use super::times::priority_name;
use crate::domain::Timestamp;
use crate::domain::pauses::{Pause, PauseReason};
use crate::store::{DeliveryRow, DeliveryState, ReadStore, StoreError};

/// Messages of each kind that are listed, the oldest first.
const LISTED: usize = 100;

/// What is dead, and what is failing.
pub(super) async fn stuck(store: &dyn ReadStore) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut rows = store.deliveries(Some(DeliveryState::Dead), None, LISTED).await?;
    rows.extend(store.deliveries(Some(DeliveryState::Failing), None, LISTED).await?);
    Ok(rows)
}

fn time(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y-%m-%d %H:%M").to_string()
}

/// Destinations that are sent nothing.
pub(super) fn paused(words: Words<'_>, pauses: &[Pause]) -> Sheet {
    let row = |pause: &Pause| {
        let reason = match pause.reason {
            PauseReason::Maintenance => "ops-pause-maintenance",
            PauseReason::Fault => "ops-pause-fault",
            PauseReason::Security => "ops-pause-security",
            PauseReason::Move => "ops-pause-move",
        };
        vec![
            words.team(pause.destination.as_str()),
            words.say(reason),
            time(pause.since),
            time(pause.until),
        ]
    };
    Sheet {
        id: "pauses",
        caption: "ops-pauses-caption",
        hint: "ops-pauses-hint",
        columns: words.columns(&["ops-team", "ops-reason", "ops-since", "ops-until"], 4),
        rows: pauses.iter().map(row).collect(),
        chart: None,
    }
}

pub(super) fn sheet(words: Words<'_>, rows: &[DeliveryRow]) -> Sheet {
    let row = |row: &DeliveryRow| {
        let state = match row.state {
            DeliveryState::Dead => "ops-dead",
            _ => "ops-failing",
        };
        vec![
            words.team(row.destination.as_str()),
            words.say(priority_name(row.priority)),
            words.say(state),
            row.last_fault.clone().unwrap_or_default(),
            time(row.created_at),
            row.attempts.to_string(),
            row.id.to_string(),
        ]
    };
    let columns = [
        "ops-team",
        "ops-priority",
        "ops-state",
        "ops-fault",
        "ops-written",
        "ops-attempts",
        "ops-message",
    ];
    let mut columns = words.columns(&columns, 5);
    if let Some(last) = columns.last_mut() {
        last.number = false;
    }
    Sheet {
        id: "deliveries",
        caption: "ops-stuck-caption",
        hint: "ops-stuck-hint",
        columns,
        rows: rows.iter().map(row).collect(),
        chart: None,
    }
}
