//! How agencies refer and how teams decide, read for reports. Every read is bounded, and none of
//! them needs an index or a column that a referral would pay for.

use super::error::Result;
use super::follow::{OutcomeRecord, OutcomeRow};
use super::pages::Span;
use super::rows::ReferralRow;
use super::statements::referral_columns;
use crate::domain::{AgencyId, ReferralId, Timestamp};
use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

/// How complete one referral is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    pub agency: AgencyId,
    pub received_at: Timestamp,
    pub score: u8,
}

/// What came of one agency within a day or an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub agency: AgencyId,
    /// `received` or `refused`.
    pub what: String,
    /// Where the day or the hour begins, UTC.
    pub from: Timestamp,
    pub count: i64,
}

/// Referrals of a time, of one agency or of all.
#[derive(Clone, Copy, Debug)]
pub struct Which<'a> {
    pub span: Span,
    pub agency: Option<&'a AgencyId>,
}

impl Which<'_> {
    /// Between which ids they are.
    pub(super) fn ids(&self, before: Option<ReferralId>) -> (Uuid, Uuid) {
        let (after, last) = self.span.ids(None);
        (after, before.map_or(last, |before| before.0.min(last)))
    }

    /// As bound: empty for all.
    pub(super) fn agency(&self) -> &str {
        self.agency.map_or("", AgencyId::as_str)
    }
}

/// Into what counts are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    Hour,
    Day,
}

impl Grain {
    pub(super) fn micros(self) -> i64 {
        match self {
            Grain::Hour => 3_600_000_000,
            Grain::Day => 24 * 3_600_000_000,
        }
    }
}

/// A decision at a level, and how many microseconds the team took to it: from the start of its
/// clock to its end, where it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedRow {
    pub outcome: OutcomeRow,
    pub took: Option<i64>,
}

/// What reports on quality and consistency read.
#[async_trait]
pub trait QualityStore: Send + Sync {
    /// Scores of the newest referrals, the newest first: of one agency, or of all.
    async fn scores(&self, which: Which<'_>, limit: usize) -> Result<Vec<Scored>>;
    /// The newest referrals themselves, the newest first, from before a place on.
    async fn newest(
        &self,
        which: Which<'_>,
        before: Option<ReferralId>,
        limit: usize,
    ) -> Result<Vec<ReferralRow>>;
    /// What was received and refused since a time, by agency.
    async fn counted(&self, since: Timestamp, grain: Grain) -> Result<Vec<Counted>>;
    /// Outcomes that say at which level, the newest first.
    async fn decided(&self, since: Timestamp, limit: usize) -> Result<Vec<DecidedRow>>;
}

/// The newest of a span: ids, which grow with time, lead to them.
macro_rules! newest {
    ($columns:expr) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM referral WHERE id > $1 AND id < $2 AND received_at >= $3 \
             AND received_at < $4 AND ($5 = '' OR agency = $5) ORDER BY id DESC LIMIT $6"
        )
    };
}

pub(super) const SCORES: &str = newest!("agency, received_at, score");

pub(super) const NEWEST: &str = newest!(referral_columns!());

/// Totals and what is not folded into them yet.
pub(super) const COUNTED: &str = "SELECT agency, what, hour - hour % $2 AS since, \
     CAST(sum(count) AS bigint) FROM (\
         SELECT hour, what, agency, count FROM tally \
         WHERE hour >= $1 AND what IN ('received', 'refused') \
         UNION ALL SELECT hour, what, agency, count FROM tally_delta \
         WHERE hour >= $1 AND what IN ('received', 'refused')) AS both_kinds \
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

pub(super) const DECIDED: &str = "SELECT o.*, (SELECT c.ended_at - c.started_at FROM clock c \
         WHERE c.referral = o.referral AND c.destination = o.destination \
         AND c.kind = 'respond' AND NOT c.by_acknowledgement) AS took \
     FROM outcome o WHERE o.at >= $1 AND o.level IS NOT NULL ORDER BY o.at DESC LIMIT $2";

pub(super) type ScoreRecord = (String, i64, i16);

pub(super) fn scored((agency, received_at, score): ScoreRecord) -> Scored {
    let agency = AgencyId::new(&agency);
    Scored {
        agency,
        received_at: Timestamp(received_at),
        score: u8::try_from(score).unwrap_or_default(),
    }
}

pub(super) type CountRecord = (String, String, i64, i64);

pub(super) fn count((agency, what, from, count): CountRecord) -> Counted {
    Counted { agency: AgencyId::new(&agency), what, from: Timestamp(from), count }
}

#[derive(FromRow)]
pub(super) struct DecidedRecord {
    #[sqlx(flatten)]
    outcome: OutcomeRecord,
    took: Option<i64>,
}

impl DecidedRecord {
    pub(super) fn row(self) -> Result<DecidedRow> {
        Ok(DecidedRow { outcome: self.outcome.row()?, took: self.took })
    }
}
