//! Outcomes that are looked at a second time: what was drawn, and what a second person decided.

use super::error::Result;
use super::follow::{OutcomeRecord, OutcomeRow};
use super::records::reference;
use super::rows::Sealed;
use crate::audit::Event;
use crate::domain::second_looks::Week;
use crate::domain::{
    Children, DestinationId, LookId, OutcomeCode, OutcomeId, Reference, ReferralId, Timestamp,
};
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
    pub id: LookId,
    pub reference: Reference,
    /// Whom the first decision concerned.
    pub children: Children,
    pub drawn_at: Timestamp,
}

impl WaitingLook {
    /// Where the next page begins.
    pub fn place(&self) -> LookPlace {
        (self.drawn_at, self.id)
    }
}

/// The place of a waiting look among the others: by week, and within it in no order at all.
pub type LookPlace = (Timestamp, LookId);

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
    pub fn name(of: LookId) -> Vec<u8> {
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
    /// How many of the team's outcomes were looked at in that time.
    pub looked_at: i64,
}

/// Says which of a week's decisions are drawn, and gives each an id of its own.
pub type Choose<'a> = &'a (dyn Fn(Vec<Ending>) -> Vec<(LookId, Ending)> + Send + Sync);

/// Who asks for what waits: the screening team all of it, anyone else what another team decided of
/// a referral that they were sent, where they were not told what was decided.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    pub team: &'a DestinationId,
    pub screens: bool,
}

/// What second looks need.
#[async_trait]
pub trait SecondLookStore: Send + Sync {
    /// The beginning of the last week up to now that was drawn: a clock that was ahead once does
    /// not end all draws.
    async fn last_drawn(&self, now: Timestamp) -> Result<Option<Timestamp>>;
    /// Draws a week, with events, in one transaction; `None` where it was drawn before, or is not
    /// over by the database's clock. Of two gateways one draws.
    async fn draw(&self, week: Week, choose: Choose<'_>, now: Timestamp) -> Result<Option<usize>>;
    /// What waits after a place, the oldest first.
    async fn waiting_looks(
        &self,
        asking: Asking<'_>,
        after: Option<LookPlace>,
        limit: usize,
    ) -> Result<Vec<WaitingLook>>;
    /// How many wait in all, and since when the first does.
    async fn looks_waiting(&self) -> Result<(i64, Option<Timestamp>)>;
    /// What was drawn, whether it waits or not.
    async fn drawn_look(&self, asking: Asking<'_>, id: LookId) -> Result<Option<DrawnLook>>;
    /// Keeps a second decision with what was found; false where there is one already.
    async fn keep_look(
        &self,
        id: LookId,
        look: &Look,
        themes: &[String],
        event: Event,
    ) -> Result<bool>;
    /// Of what was drawn since a time, by whose decision it was.
    async fn looked_since(&self, since: Timestamp) -> Result<Vec<Looked>>;
    /// What was found since a time, by whose decision it was.
    async fn themes_since(&self, since: Timestamp) -> Result<Vec<Theme>>;
}

pub(super) const LAST_DRAWN: &str = "SELECT max(week) FROM second_look_week WHERE week <= $1";

/// Whoever comes second waits for the first, and writes nothing; nor does whoever comes before the
/// week's end `$3`. `$clock` is the database's, in microseconds.
macro_rules! draw_week {
    ($($clock:tt)*) => {
        concat!(
            "INSERT INTO second_look_week (week, drawn_at) SELECT $1, $2 WHERE $3 <= ",
            $($clock)*,
            " ON CONFLICT (week) DO NOTHING"
        )
    };
}

pub(super) use draw_week;

pub(super) const ENDINGS: &str = "SELECT id, referral, destination, code FROM outcome \
     WHERE at >= $1 AND at < $2 AND level IS NOT NULL ORDER BY at, id LIMIT 100000";

pub(super) const DRAW: &str = "INSERT INTO second_look (id, outcome, referral, destination, \
     drawn_at) VALUES ($1, $2, $3, $4, $5)";

/// Who may look: `$1` is the team that asks, `$2` whether it screens. Whoever was told of the first
/// decision, or was sent the referral by it, knows it.
macro_rules! may_look {
    () => {
        "($2 OR (s.destination <> $1 AND EXISTS (SELECT 1 FROM outbox m \
             WHERE coalesce(m.referral, m.refusal, m.id) = s.referral AND m.destination = $1) \
             AND NOT EXISTS (SELECT 1 FROM outbox m \
             WHERE coalesce(m.referral, m.refusal, m.id) = s.referral AND m.destination = $1 \
             AND m.created_at >= o.at \
             AND (m.kind = 'referral.outcome.v1' OR m.created_at = o.at))))"
    };
}

pub(super) const WAITING_LOOKS: &str = concat!(
    "SELECT s.id, r.reference, o.children, s.drawn_at FROM second_look s \
     JOIN referral r ON r.id = s.referral JOIN outcome o ON o.id = s.outcome \
     WHERE s.looked_at IS NULL AND (s.drawn_at, s.id) > ($3, $4) AND ",
    may_look!(),
    " ORDER BY s.drawn_at, s.id LIMIT $5"
);

pub(super) const LOOKS_WAITING: &str =
    "SELECT count(*), min(drawn_at) FROM second_look WHERE looked_at IS NULL";

pub(super) const DRAWN_LOOK: &str = concat!(
    "SELECT o.*, r.reference, s.looked_at, s.looked_by, s.second_level, s.agrees, \
     s.wrapped_key AS look_key, s.record AS look_record FROM second_look s \
     JOIN referral r ON r.id = s.referral JOIN outcome o ON o.id = s.outcome \
     WHERE s.id = $3 AND ",
    may_look!()
);

pub(super) const KEEP_LOOK: &str = "UPDATE second_look SET looked_at = $2, looked_by = $3, \
     second_level = $4, agrees = $5, wrapped_key = $6, record = $7 \
     WHERE id = $1 AND looked_at IS NULL";

pub(super) const KEEP_THEME: &str = "INSERT INTO second_look_theme (look, theme, destination, at) \
     SELECT id, $2, destination, $3 FROM second_look WHERE id = $1";

pub(super) const LOOKED_SINCE: &str = "SELECT destination, count(*), count(looked_at), \
     count(CASE WHEN agrees THEN 1 END) FROM second_look WHERE drawn_at >= $1 \
     GROUP BY destination ORDER BY destination";

pub(super) const THEMES_SINCE: &str = "SELECT t.destination, t.theme, count(*), \
     (SELECT count(*) FROM second_look s \
         WHERE s.destination = t.destination AND s.looked_at >= $1) \
     FROM second_look_theme t WHERE t.at >= $1 GROUP BY t.destination, t.theme \
     ORDER BY t.destination, t.theme";

pub(super) fn ending((id, referral, destination, code): (Uuid, Uuid, String, String)) -> Ending {
    Ending {
        id: OutcomeId(id),
        referral: ReferralId(referral),
        destination: DestinationId::new(&destination),
        code: OutcomeCode::new(&code),
    }
}

pub(super) type WaitingRecord = (Uuid, String, i64, i64);

pub(super) fn waiting((id, of, children, drawn_at): WaitingRecord) -> Result<WaitingLook> {
    let (id, children) = (LookId(id), Children::from_bits(children));
    Ok(WaitingLook { id, reference: reference(&of)?, children, drawn_at: Timestamp(drawn_at) })
}

/// As bound: before the first where there is none.
pub(super) fn after(place: Option<LookPlace>) -> (i64, Uuid) {
    place.map_or((i64::MIN, Uuid::nil()), |(drawn_at, id)| (drawn_at.0, id.0))
}

pub(super) fn looked((destination, drawn, looked_at, agreed): (String, i64, i64, i64)) -> Looked {
    Looked { destination: DestinationId::new(&destination), drawn, looked_at, agreed }
}

pub(super) type ThemeRecord = (String, String, i64, i64);

pub(super) fn theme((destination, theme, times, looked_at): ThemeRecord) -> Theme {
    Theme { destination: DestinationId::new(&destination), theme, times, looked_at }
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
pub(super) fn events(week: Week, drawn: &[(LookId, Ending)]) -> Vec<Event> {
    let event = |kind| Event::new(kind, "frontdoor");
    let each = drawn.iter().map(|(id, one)| {
        let detail = format!("{id} {}", one.destination);
        event("second-look.drawn").about(one.referral).detail(detail)
    });
    let all = event("second-looks.drawn").detail(format!("{} {}", week.from, drawn.len()));
    each.chain([all]).collect()
}
