//! Outcomes that are looked at a second time: what was drawn, and what a second person decided.

use super::error::Result;
use super::follow::{OutcomeRecord, OutcomeRow};
use super::records::reference;
use super::rows::Sealed;
use crate::audit::Event;
use crate::domain::second_looks::Week;
use crate::domain::{DestinationId, OutcomeCode, OutcomeId, Reference, ReferralId, Timestamp};
use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

/// A decision at a level, of which a week's are drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub id: OutcomeId,
    pub referral: ReferralId,
    pub destination: DestinationId,
    pub code: OutcomeCode,
}

/// What was drawn and waits for a second decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingLook {
    pub id: OutcomeId,
    pub reference: Reference,
    pub drawn_at: Timestamp,
}

/// What was drawn, with the first decision, and the second where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnLook {
    pub reference: Reference,
    pub first: OutcomeRow,
    pub second: Option<Look>,
}

/// A second decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whose system recorded it.
    pub by: DestinationId,
    pub at: Timestamp,
    pub level: String,
    /// The level is that of the first decision.
    pub agrees: bool,
    /// Who decided and why, sealed.
    pub record: Sealed,
}

impl Look {
    /// The name under which its record is sealed.
    pub fn name(of: OutcomeId) -> Vec<u8> {
        [b"second-look:".as_slice(), of.0.as_bytes()].concat()
    }
}

/// How second looks at one team's outcomes came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    pub destination: DestinationId,
    pub drawn: i64,
    pub looked_at: i64,
    pub agreed: i64,
}

/// How often something was found in one team's outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    pub destination: DestinationId,
    pub theme: String,
    pub times: i64,
}

/// Says which of a week's decisions are drawn.
pub type Choose<'a> = &'a (dyn Fn(Vec<Ending>) -> Vec<Ending> + Send + Sync);

/// Who asks for what waits: the screening team all of it, anyone else what another team decided of
/// a referral that they were sent.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub team: &'a DestinationId,
    pub screens: bool,
}

/// What second looks need.
#[async_trait]
pub trait SecondLookStore: Send + Sync {
    /// The beginning of the last week that was drawn.
    async fn last_drawn(&self) -> Result<Option<Timestamp>>;
    /// Draws a week, with events, in one transaction; `None` where it was drawn before. Of two
    /// gateways one draws.
    async fn draw(&self, week: Week, choose: Choose<'_>, now: Timestamp) -> Result<Option<usize>>;
    /// What waits, the oldest first.
    async fn waiting_looks(&self, asking: Asking<'_>, limit: usize) -> Result<Vec<WaitingLook>>;
    /// What was drawn, whether it waits or not.
    async fn drawn_look(&self, asking: Asking<'_>, id: OutcomeId) -> Result<Option<DrawnLook>>;
    /// Keeps a second decision with what was found; false where there is one already.
    async fn keep_look(
        &self,
        id: OutcomeId,
        look: &Look,
        themes: &[String],
        event: Event,
    ) -> Result<bool>;
    /// Of what was drawn since a time, by whose decision it was.
    async fn looked_since(&self, since: Timestamp) -> Result<Vec<Looked>>;
    /// What was found since a time, by whose decision it was.
    async fn themes_since(&self, since: Timestamp) -> Result<Vec<Theme>>;
}

pub(super) const LAST_DRAWN: &str = "SELECT max(week) FROM second_look_week";

/// Whoever comes second waits for the first, and writes nothing.
pub(super) const DRAW_WEEK: &str = "INSERT INTO second_look_week (week, drawn_at) \
     VALUES ($1, $2) ON CONFLICT (week) DO NOTHING";

pub(super) const ENDINGS: &str = "SELECT id, referral, destination, code FROM outcome \
     WHERE at >= $1 AND at < $2 AND level IS NOT NULL ORDER BY at, id LIMIT 100000";

pub(super) const DRAW: &str = "INSERT INTO second_look (outcome, referral, destination, drawn_at) \
     VALUES ($1, $2, $3, $4)";

/// Who may look: `$1` is the team that asks, `$2` whether it screens.
macro_rules! may_look {
    () => {
        "($2 OR (s.destination <> $1 AND EXISTS (SELECT 1 FROM outbox m \
             WHERE coalesce(m.referral, m.refusal, m.id) = s.referral \
             AND m.destination = $1)))"
    };
}

pub(super) const WAITING_LOOKS: &str = concat!(
    "SELECT s.outcome, r.reference, s.drawn_at FROM second_look s \
     JOIN referral r ON r.id = s.referral WHERE s.looked_at IS NULL AND ",
    may_look!(),
    " ORDER BY s.drawn_at, s.outcome LIMIT $3"
);

pub(super) const DRAWN_LOOK: &str = concat!(
    "SELECT o.*, r.reference, s.looked_at, s.looked_by, s.second_level, s.agrees, \
     s.wrapped_key AS look_key, s.record AS look_record FROM second_look s \
     JOIN referral r ON r.id = s.referral JOIN outcome o ON o.id = s.outcome \
     WHERE s.outcome = $3 AND ",
    may_look!()
);

pub(super) const KEEP_LOOK: &str = "UPDATE second_look SET looked_at = $2, looked_by = $3, \
     second_level = $4, agrees = $5, wrapped_key = $6, record = $7 \
     WHERE outcome = $1 AND looked_at IS NULL";

pub(super) const KEEP_THEME: &str = "INSERT INTO second_look_theme (outcome, theme, destination, \
     at) SELECT outcome, $2, destination, $3 FROM second_look WHERE outcome = $1";

pub(super) const LOOKED_SINCE: &str = "SELECT destination, count(*), count(looked_at), \
     count(CASE WHEN agrees THEN 1 END) FROM second_look WHERE drawn_at >= $1 \
     GROUP BY destination ORDER BY destination";

pub(super) const THEMES_SINCE: &str = "SELECT destination, theme, count(*) \
     FROM second_look_theme WHERE at >= $1 GROUP BY destination, theme \
     ORDER BY destination, theme";

pub(super) fn ending((id, referral, destination, code): (Uuid, Uuid, String, String)) -> Ending {
    Ending {
        id: OutcomeId(id),
        referral: ReferralId(referral),
        destination: DestinationId::new(&destination),
        code: OutcomeCode::new(&code),
    }
}

pub(super) fn waiting((id, of, drawn_at): (Uuid, String, i64)) -> Result<WaitingLook> {
    let (id, drawn_at) = (OutcomeId(id), Timestamp(drawn_at));
    Ok(WaitingLook { id, reference: reference(&of)?, drawn_at })
}

pub(super) fn looked((destination, drawn, looked_at, agreed): (String, i64, i64, i64)) -> Looked {
    Looked { destination: DestinationId::new(&destination), drawn, looked_at, agreed }
}

pub(super) fn theme((destination, theme, times): (String, String, i64)) -> Theme {
    Theme { destination: DestinationId::new(&destination), theme, times }
}

#[derive(FromRow)]
pub(super) struct DrawnRecord {
    #[sqlx(flatten)]
    first: OutcomeRecord,
    reference: String,
    looked_at: Option<i64>,
    looked_by: Option<String>,
    second_level: Option<String>,
    agrees: Option<bool>,
    look_key: Option<Vec<u8>>,
    look_record: Option<Vec<u8>>,
}

impl DrawnRecord {
    pub(super) fn row(self) -> Result<DrawnLook> {
        let second = self.looked_at.map(|at| Look {
            by: DestinationId::new(&self.looked_by.unwrap_or_default()),
            at: Timestamp(at),
            level: self.second_level.unwrap_or_default(),
            agrees: self.agrees.unwrap_or_default(),
            record: Sealed {
                wrapped_key: self.look_key.unwrap_or_default(),
                body: self.look_record.unwrap_or_default(),
            },
        });
        let reference = reference(&self.reference)?;
        Ok(DrawnLook { reference, first: self.first.row()?, second })
    }
}

/// One event for each that was drawn; where none was, that the week was looked at.
pub(super) fn events(week: Week, drawn: &[Ending]) -> Vec<Event> {
    let event = |kind| Event::new(kind, "frontdoor");
    let each = drawn.iter().map(|one| {
        let detail = format!("{} {}", one.id, one.destination);
        event("second-look.drawn").about(one.referral).detail(detail)
    });
    let all = event("second-looks.drawn").detail(format!("{} {}", week.from, drawn.len()));
    each.chain([all]).collect()
}
