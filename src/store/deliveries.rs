//! What both dialects write beside a change of a delivery: its event and its counts.

use super::error::StoreError;
use super::notices::{NoticeRow, pages};
use super::rows::{OutboxRow, Tally};
use crate::audit::Event;
use crate::domain::{MessageId, Timestamp};
use std::collections::BTreeMap;

/// Who acts when the relay or the clocks do.
const ACTOR: &str = "frontdoor";

/// The event of a change of a message's delivery; `more` is a fixed code.
pub(super) fn event(kind: &str, changed: &Changed, more: Option<&str>) -> Event {
    let detail = match more {
        Some(more) => format!("{} {more}", changed.id),
        None => changed.id.to_string(),
    };
    let mut event = Event::new(kind, ACTOR).detail(detail);
    event.referral = changed.referral.map(crate::domain::ReferralId);
    event
}

/// What a change of a delivery's state gives back.
#[derive(sqlx::FromRow)]
pub(super) struct Changed {
    pub(super) id: uuid::Uuid,
    pub(super) referral: Option<uuid::Uuid>,
}

impl Changed {
    pub(super) fn of(row: &OutboxRow) -> Self {
        Changed { id: row.id.0, referral: row.referral.map(|id| id.0) }
    }

    pub(super) fn message(&self) -> MessageId {
        MessageId(self.id)
    }
}

/// One more of `what` for a message.
pub(super) fn tally(what: &str, row: &OutboxRow, now: Timestamp) -> (Tally, i64) {
    let tally = Tally {
        hour: Tally::hour_of(now),
        what: what.to_owned(),
        agency: row.agency.clone(),
        destination: row.destination.as_str().to_owned(),
        level: row.level.clone(),
        priority: row.priority,
    };
    (tally, 1)
}

/// Why a message is a copy of another: once for each reason and original.
#[derive(Clone, Copy)]
pub(super) enum CopyWhy {
    Diverted,
    Dead,
}

impl CopyWhy {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            CopyWhy::Diverted => "diverted",
            CopyWhy::Dead => "dead",
        }
    }
}

/// Of copies wanted (the original, its copy), those to write: the original is still open, and has
/// none. Originals and copies in the same order.
pub(super) fn to_divert(
    copies: &[(MessageId, OutboxRow)],
    open: Vec<Changed>,
    there: &[uuid::Uuid],
) -> (Vec<Changed>, Vec<OutboxRow>) {
    let mut open: BTreeMap<_, _> = open.into_iter().map(|one| (one.id, one)).collect();
    open.retain(|id, _| !there.contains(id));
    let chosen = copies.iter().filter_map(|(id, copy)| Some((open.remove(&id.0)?, copy.clone())));
    chosen.unzip()
}

/// The events of copies, and of the notices that go with them.
pub(super) fn diverted(originals: &[Changed], copies: &[OutboxRow]) -> Vec<Event> {
    let pairs = originals.iter().zip(copies);
    let events = pairs.flat_map(|(original, copy)| {
        [
            event("delivery.diverted", original, None),
            event("delivery.copied", &Changed::of(copy), Some("diverted")),
        ]
    });
    events.chain(pages(copies).iter().map(NoticeRow::written)).collect()
}

/// Nothing is written without its link.
pub(super) fn no_chain_key() -> StoreError {
    StoreError::Unsafe(
        "the store has no key for its event chains yet: give it the key ring's first".to_owned(),
    )
}
