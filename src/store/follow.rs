//! What receiving teams record of referrals, and the clocks that run until they have.

use super::error::Result;
use super::records::{damaged, priority, reference, token16};
use super::rows::{Sealed, Token16};
use crate::domain::{
    AgencyId, Children, ClockKind, DestinationId, OutcomeCode, OutcomeId, Priority, Purpose,
    Reference, ReferralId, Timestamp,
};
use async_trait::async_trait;
use sqlx::FromRow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use uuid::Uuid;

/// What a receiving team recorded: append-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRow {
    pub id: OutcomeId,
    pub referral: ReferralId,
    pub destination: DestinationId,
    pub code: OutcomeCode,
    /// Whom it concerns.
    pub children: Children,
    /// The level that was decided, with its rank; and the rank that the rules had suggested.
    pub level: Option<(String, i16)>,
    pub suggested_rank: i16,
    /// A person has released it to the sender.
    pub told: bool,
    /// It steps a case down to early help, or closes one that was worked on: later referrals of
    /// the child count that.
    pub lowers: bool,
    pub at: Timestamp,
    /// By what the same outcome is known when it comes again.
    pub body: Token16,
    /// All that was said, and the answer, sealed.
    pub record: Sealed,
}

impl OutcomeRow {
    /// The name under which its record is sealed.
    pub fn name(id: OutcomeId) -> Vec<u8> {
        [b"outcome:".as_slice(), id.0.as_bytes()].concat()
    }
}

/// What becomes of a clock that runs already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Winding {
    /// It runs out sooner, if at all; one that has ended stays so.
    Join,
    /// The same; and one that has ended begins anew.
    Reopen,
    /// It begins anew, whatever was.
    Anew,
}

/// A clock to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockRow {
    pub referral: ReferralId,
    pub destination: DestinationId,
    pub kind: ClockKind,
    pub purpose: Purpose,
    pub priority: Priority,
    pub started_at: Timestamp,
    pub amber_at: Timestamp,
    pub due_at: Timestamp,
    /// A named person's acknowledgement ends it.
    pub by_acknowledgement: bool,
    /// Those for whom it runs; of a clock that runs already, those who wait besides.
    pub children: Children,
    pub winding: Winding,
}

/// Of a clock that comes round again, such as a review: those who have had theirs while others of
/// the family wait still, and when the next of all of them is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Again {
    pub children: Children,
    pub due_at: Option<Timestamp>,
}

impl Again {
    /// With these besides, due then at the latest.
    pub fn and(self, children: Children, due_at: Timestamp) -> Self {
        let soonest = self.due_at.map_or(due_at, |own| own.min(due_at));
        Again { children: self.children.and(children), due_at: Some(soonest) }
    }

    pub fn without(self, children: Children) -> Self {
        let children = self.children.without(children);
        Again { children, due_at: self.due_at.filter(|_| !children.is_empty()) }
    }
}

/// A clock that has ended, for some of its children or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedClock {
    pub referral: ReferralId,
    pub destination: DestinationId,
    pub kind: ClockKind,
    /// Those who wait still: while there are any it runs on.
    pub waiting: Children,
    pub again: Again,
    pub at: Timestamp,
}

/// What one lane batch writes of follow-up.
#[derive(Clone, Debug, Default)]
pub struct FollowRows {
    pub outcomes: Vec<OutcomeRow>,
    /// Of one referral, destination and kind there is one.
    pub clocks: Vec<ClockRow>,
    pub ended: Vec<EndedClock>,
}

impl FollowRows {
    pub(super) fn append(&mut self, other: FollowRows) {
        self.outcomes.extend(other.outcomes);
        self.clocks.extend(other.clocks);
        self.ended.extend(other.ended);
    }

    /// Of one referral, destination and kind one, as if they were written one after another: not
    /// looser than any.
    pub(super) fn folded(&self) -> Vec<ClockRow> {
        let mut folded: Vec<ClockRow> = Vec::with_capacity(self.clocks.len());
        let mut places: HashMap<(ReferralId, &DestinationId, &ClockKind), usize> =
            HashMap::default();
        for row in &self.clocks {
            match places.entry((row.referral, &row.destination, &row.kind)) {
                Entry::Vacant(place) => {
                    place.insert(folded.len());
                    folded.push(row.clone());
                }
                Entry::Occupied(place) => {
                    let held = &mut folded[*place.get()];
                    if row.priority >= held.priority {
                        (held.priority, held.purpose) = (row.priority, row.purpose.clone());
                    }
                    held.children = held.children.and(row.children);
                    held.due_at = held.due_at.min(row.due_at);
                    held.amber_at = held.amber_at.min(row.amber_at);
                    held.started_at = held.started_at.min(row.started_at);
                    held.by_acknowledgement &= row.by_acknowledgement;
                    held.winding = held.winding.max(row.winding);
                }
            }
        }
        folded
    }

    pub(super) fn is_empty(&self) -> bool {
        let FollowRows { outcomes, clocks, ended } = self;
        outcomes.is_empty() && clocks.is_empty() && ended.is_empty()
    }
}

/// How far a clock has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Green,
    Amber,
    Red,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Stage::Green => "green",
            Stage::Amber => "amber",
            Stage::Red => "red",
        }
    }

    pub(super) fn code(self) -> i16 {
        match self {
            Stage::Green => 0,
            Stage::Amber => 1,
            Stage::Red => 2,
        }
    }
}

/// A clock as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    pub referral: ReferralId,
    pub reference: Reference,
    /// Whose referral it is, and its level: for counts.
    pub agency: AgencyId,
    pub level: String,
    pub destination: DestinationId,
    pub kind: ClockKind,
    pub purpose: Purpose,
    pub priority: Priority,
    pub started_at: Timestamp,
    pub amber_at: Timestamp,
    pub due_at: Timestamp,
    /// As last marked: what the hour says may be more.
    pub stage: Stage,
    /// How often it has escalated.
    pub alerts: i32,
    pub ended_at: Option<Timestamp>,
    /// For whom it runs: those who are still undecided.
    pub children: Children,
    pub again: Again,
}

impl Clock {
    /// How far it has run by now.
    pub fn stage_at(&self, now: Timestamp) -> Stage {
        match now {
            now if now >= self.due_at => Stage::Red,
            now if now >= self.amber_at => Stage::Amber,
            _ => Stage::Green,
        }
    }

    /// Where the next page begins.
    pub fn place(&self) -> ClockPlace {
        (self.due_at, self.referral, self.kind.clone())
    }
}

/// The place of an open clock among its destination's.
pub type ClockPlace = (Timestamp, ReferralId, ClockKind);

/// Outcomes and clocks as people and systems read them.
#[async_trait]
pub trait FollowStore: Send + Sync {
    /// What was recorded of a referral, oldest first.
    async fn outcomes(&self, of: ReferralId) -> Result<Vec<OutcomeRow>>;
    /// The same of several referrals.
    async fn outcomes_of(&self, all: &[ReferralId]) -> Result<Vec<OutcomeRow>>;
    /// All clocks of a referral.
    async fn clocks_of(&self, of: ReferralId) -> Result<Vec<Clock>>;
    /// A destination's open clocks by when they run out, after a place.
    async fn open_clocks(
        &self,
        destination: &DestinationId,
        after: Option<ClockPlace>,
        limit: usize,
    ) -> Result<Vec<Clock>>;
    /// How many decisions wait for a destination up to a place, this one included; of very many, no
    /// more than [`AHEAD`] are counted.
    async fn ahead_of(&self, destination: &DestinationId, place: ClockPlace) -> Result<u64>;
    /// Whether a destination was sent one of these referrals.
    async fn was_sent(&self, any: &[ReferralId], destination: &DestinationId) -> Result<bool>;
    /// How many decisions a destination's clocks ended by since a time.
    async fn ended_since(&self, destination: &DestinationId, since: Timestamp) -> Result<u64>;
}

macro_rules! outcome_columns {
    () => {
        "SELECT id, referral, destination, code, children, level, level_rank, suggested_rank, \
         told, lowers, at, body, wrapped_key, record FROM outcome "
    };
}

macro_rules! clock_columns {
    () => {
        "SELECT c.referral, r.reference, r.agency, r.level, c.destination, c.kind, c.purpose, \
         c.priority, c.started_at, c.amber_at, c.due_at, c.stage, c.alerts, c.ended_at, \
         c.children, c.again, c.again_at FROM clock c JOIN referral r ON r.id = c.referral "
    };
}

pub(super) use clock_columns;

pub(super) const OUTCOMES_OF: &str =
    concat!(outcome_columns!(), "WHERE referral = $1 ORDER BY at, id");

/// The list of referrals comes last.
pub(super) const OUTCOMES_OF_ALL: &str = concat!(outcome_columns!(), "WHERE referral ");

/// In the order in which they were recorded.
pub(super) fn by_time(mut outcomes: Vec<OutcomeRow>) -> Vec<OutcomeRow> {
    outcomes.sort_by_key(|row| (row.at, row.id));
    outcomes
}

pub(super) const CLOCKS_OF: &str =
    concat!(clock_columns!(), "WHERE c.referral = $1 ORDER BY c.destination, c.kind");

pub(super) const OPEN_CLOCKS: &str = concat!(
    clock_columns!(),
    "WHERE c.destination = $1 AND c.ended_at IS NULL AND (c.due_at, c.referral, c.kind) > \
     ($2, $3, $4) ORDER BY c.due_at, c.referral, c.kind LIMIT $5"
);

/// Decisions that are counted ahead of another.
pub const AHEAD: i64 = 100_000;

pub(super) const AHEAD_OF: &str = "SELECT count(*) FROM (SELECT 1 FROM clock \
     WHERE destination = $1 AND ended_at IS NULL AND kind = 'respond' \
     AND (due_at, referral, kind) <= ($2, $3, $4) LIMIT $5) AS ahead";

/// By the index of messages about something; the list of referrals follows, and the destination.
pub(super) const WAS_SENT: &str = "SELECT 1 FROM outbox WHERE coalesce(referral, refusal, id)";

pub(super) const ENDED_SINCE: &str = "SELECT count(*) FROM clock WHERE destination = $1 \
     AND kind = 'respond' AND ended_at >= $2";

/// `$4` is when, null where it runs on for the children of `$5`, and again for those of `$6`, who
/// are due at `$7`: then it is so for all, so that no day that was stated passes in silence. A
/// clock that has ended stays as it ended.
pub(super) const END_CLOCK: &str = "UPDATE clock SET ended_at = $4, children = $5, again = $6, \
     again_at = $7, \
     due_at = CASE WHEN $5 <> 0 AND $7 < due_at THEN $7 ELSE due_at END, \
     amber_at = CASE WHEN $5 <> 0 AND $7 < amber_at THEN $7 ELSE amber_at END, \
     next_at = CASE WHEN $5 = 0 THEN NULL WHEN $7 < next_at THEN $7 ELSE next_at END \
     WHERE referral = $1 AND destination = $2 AND kind = $3 AND ended_at IS NULL";

/// Whoever was not told yet that it ran out need not be told any more.
pub(super) const NOT_OVERDUE: &str = "UPDATE notice SET state = 'moot' \
     WHERE state IN ('waiting', 'failing') AND referral = $1 AND destination = $2 \
     AND kind = 'overdue' AND NOT EXISTS (SELECT 1 FROM clock WHERE referral = $1 \
         AND destination = $2 AND ended_at IS NULL AND stage = 2)";

/// Where an acknowledgement is all that is asked for, it ends the clock.
pub(super) const ACKNOWLEDGED: &str = "UPDATE clock SET ended_at = $3, next_at = NULL \
     WHERE referral = $1 AND destination = $2 AND by_acknowledgement AND ended_at IS NULL";

/// What begins anew is taken away first.
pub(super) const FORGET_CLOCK: &str = "DELETE FROM clock WHERE referral = $1 \
     AND destination = $2 AND kind = $3 AND (ended_at IS NOT NULL OR $4)";

/// A clock that runs already runs out sooner, if at all, and is for nothing less urgent;
/// `$most` and `$least` are the dialect's.
macro_rules! join_clock {
    ($most:literal, $least:literal) => {
        concat!(
            "ON CONFLICT (referral, destination, kind) DO UPDATE SET \
             purpose = CASE WHEN excluded.priority >= clock.priority \
             THEN excluded.purpose ELSE clock.purpose END, \
             children = clock.children | excluded.children, \
             by_acknowledgement = clock.by_acknowledgement AND excluded.by_acknowledgement, \
             priority = ",
            $most,
            "(clock.priority, excluded.priority), amber_at = ",
            $least,
            "(clock.amber_at, excluded.amber_at), due_at = ",
            $least,
            "(clock.due_at, excluded.due_at), next_at = CASE clock.stage \
             WHEN 0 THEN ",
            $least,
            "(clock.next_at, excluded.amber_at) WHEN 1 THEN ",
            $least,
            "(clock.next_at, excluded.due_at) ELSE CASE WHEN excluded.priority > clock.priority \
             THEN ",
            $least,
            "(clock.next_at, excluded.due_at) ELSE clock.next_at END END \
             WHERE clock.ended_at IS NULL"
        )
    };
}

pub(super) use join_clock;

pub(super) fn after(place: Option<ClockPlace>) -> (i64, Uuid, String) {
    let first = || (i64::MIN, Uuid::nil(), String::new());
    place.map_or_else(first, |(due, id, kind)| (due.0, id.0, kind.as_str().to_owned()))
}

#[derive(FromRow)]
pub(super) struct OutcomeRecord {
    id: Uuid,
    referral: Uuid,
    destination: String,
    code: String,
    children: i64,
    level: Option<String>,
    level_rank: Option<i16>,
    suggested_rank: i16,
    told: bool,
    lowers: bool,
    at: i64,
    body: Vec<u8>,
    wrapped_key: Vec<u8>,
    record: Vec<u8>,
}

impl OutcomeRecord {
    pub(super) fn row(self) -> Result<OutcomeRow> {
        Ok(OutcomeRow {
            id: OutcomeId(self.id),
            referral: ReferralId(self.referral),
            destination: DestinationId::new(&self.destination),
            code: OutcomeCode::new(&self.code),
            children: Children::from_bits(self.children),
            level: self.level.zip(self.level_rank),
            suggested_rank: self.suggested_rank,
            told: self.told,
            lowers: self.lowers,
            at: Timestamp(self.at),
            body: token16(&self.body, "body")?,
            record: Sealed { wrapped_key: self.wrapped_key, body: self.record },
        })
    }
}

#[derive(FromRow)]
pub(super) struct ClockRecord {
    referral: Uuid,
    reference: String,
    agency: String,
    level: String,
    destination: String,
    kind: String,
    purpose: String,
    priority: i16,
    started_at: i64,
    amber_at: i64,
    due_at: i64,
    stage: i16,
    alerts: i32,
    ended_at: Option<i64>,
    children: i64,
    again: i64,
    again_at: Option<i64>,
}

impl ClockRecord {
    pub(super) fn row(self) -> Result<Clock> {
        let stage = match self.stage {
            0 => Stage::Green,
            1 => Stage::Amber,
            2 => Stage::Red,
            _ => return Err(damaged("stage")),
        };
        Ok(Clock {
            referral: ReferralId(self.referral),
            reference: reference(&self.reference)?,
            agency: AgencyId::new(&self.agency),
            level: self.level,
            destination: DestinationId::new(&self.destination),
            kind: ClockKind::new(&self.kind),
            purpose: Purpose::new(&self.purpose),
            priority: priority(self.priority)?,
            started_at: Timestamp(self.started_at),
            amber_at: Timestamp(self.amber_at),
            due_at: Timestamp(self.due_at),
            stage,
            alerts: self.alerts,
            ended_at: self.ended_at.map(Timestamp),
            children: Children::from_bits(self.children),
            again: Again {
                children: Children::from_bits(self.again),
                due_at: self.again_at.map(Timestamp),
            },
        })
    }
}
