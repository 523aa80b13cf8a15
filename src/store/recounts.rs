//! Referrals that were decided with a history that was wrong, until they are decided again without
//! it. They are written with what found it wrong, a person's word or the authority's records, and
//! each is taken off with its own new decision, so that nothing is withdrawn twice or never.

use super::error::Result;
use super::families::{family_of, survivor_of};
use super::records::reference;
use super::rows::LaneSeq;
use super::statements::last_said;
use crate::domain::{DecisionId, PersonId, Reference, ReferralId, Timestamp};
use sqlx::FromRow;
use uuid::Uuid;

/// One referral to be decided again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recount {
    /// The batch that found it wrong; 0 until it is written.
    pub seq: LaneSeq,
    pub referral: ReferralId,
    pub reference: Reference,
    /// Whose history it was.
    pub person: PersonId,
    /// Since when it was counted.
    pub since: Timestamp,
    /// The person's word, if it was one.
    pub decision: Option<DecisionId>,
}

pub(super) const RECOUNTS: &str = "SELECT c.lane_seq, c.referral, r.reference, c.person, \
     c.since, c.decision FROM recount c JOIN referral r ON r.id = c.referral \
     WHERE (c.lane_seq, c.referral, c.person) > ($1, $2, $3) \
     ORDER BY c.lane_seq, c.referral, c.person LIMIT $4";

pub(super) const RECOUNT_STANDS: &str = "SELECT EXISTS (SELECT 1 FROM recount \
     WHERE lane_seq = $1 AND referral = $2 AND person = $3)";

pub(super) const RECOUNTED: &str =
    "DELETE FROM recount WHERE lane_seq = $1 AND referral = $2 AND person = $3";

/// What is kept of a record's merge: into whose, by which batch and when; and whose record it is by
/// way of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub(super) struct Merging {
    pub(super) into: Option<Uuid>,
    pub(super) seq: Option<LaneSeq>,
    pub(super) at: Option<i64>,
    pub(super) root: Uuid,
}

pub(super) const MERGING: &str = concat!(
    "SELECT merged_into AS \"into\", merged_seq AS seq, merged_at AS at, ",
    survivor_of!("$1"),
    " AS root FROM person WHERE id = $1"
);

pub(super) const MERGED_SINCE: &str =
    "UPDATE person SET merged_seq = $2, merged_at = $3 WHERE id = $1";

/// Records, and those of whoever was a child of the same referral as one of them: brothers and
/// sisters count a person's history as well. Who is one is as [`super::kin`] says, but also by what
/// no longer stands, for it was counted while it stood.
macro_rules! and_kin {
    ($records:expr) => {
        concat!(
            "(SELECT id FROM ",
            $records,
            " AS records UNION SELECT id FROM (WITH RECURSIVE upward (id, survivor) AS (\
             SELECT p.id, p.merged_into FROM person p WHERE p.id IN (\
                 SELECT other.person FROM link one JOIN link other \
                 ON other.referral = one.referral AND other.child <> one.child \
                 WHERE one.state IN ('new', 'linked') AND other.state IN ('new', 'linked') \
                 AND one.child < 20 AND other.child < 20 AND one.person IN ",
            $records,
            ") UNION SELECT p.id, p.merged_into FROM upward u \
             JOIN person p ON p.id = u.survivor), \
             kin (id) AS (SELECT id FROM upward WHERE survivor IS NULL \
             UNION SELECT m.id FROM kin k JOIN person m ON m.merged_into = k.id) \
             SELECT id FROM kin) AS siblings)"
        )
    };
}

/// Referrals of the brothers and sisters of `$1`, or of whom they may be, that were decided by the
/// batch `$2` or later.
pub(super) const COUNTED_BY_KIN: &str = concat!(
    "SELECT DISTINCT l.referral, r.reference FROM link l JOIN referral r ON r.id = l.referral \
     WHERE l.state IN ('new', 'linked', 'possible') AND l.person IN ",
    and_kin!(family_of!("$1")),
    " AND ",
    last_said!("l"),
    " AND EXISTS (SELECT 1 FROM link decided WHERE decided.referral = l.referral \
         AND decided.lane_seq >= $2)"
);

macro_rules! parted {
    ($records:expr) => {
        concat!(
            "INSERT INTO recount (lane_seq, referral, person, since) \
             SELECT DISTINCT $1, l.referral, $3, $5 FROM link l \
             WHERE l.state IN ('new', 'linked', 'possible') AND l.person IN ",
            and_kin!($records),
            " AND ",
            last_said!("l"),
            " AND EXISTS (SELECT 1 FROM link decided WHERE decided.referral = l.referral \
                 AND decided.lane_seq >= $4) ON CONFLICT DO NOTHING"
        )
    };
}

/// Of the children of `$2` and of those merged into it, that the history of `$3` was not theirs,
/// where they were decided by the batch `$4` (at `$5`) or later.
pub(super) const PARTED: &str = parted!(
    "(WITH RECURSIVE below (id) AS (SELECT id FROM person WHERE id = $2 \
     UNION SELECT m.id FROM below b JOIN person m ON m.merged_into = b.id) SELECT id FROM below)"
);

/// The same of the children of all records of a person that `$2` is one of.
pub(super) const LEFT_BY: &str = parted!(family_of!("$2"));

/// Batch, referral, reference, person, since, decision.
pub(super) type RecountRecord = (LaneSeq, Uuid, String, Uuid, i64, Option<Uuid>);

/// Id and reference.
pub(super) fn counted((referral, named): (Uuid, String)) -> Result<(ReferralId, Reference)> {
    Ok((ReferralId(referral), reference(&named)?))
}

pub(super) fn recount(record: RecountRecord) -> Result<Recount> {
    let (seq, referral, named, person, since, decision) = record;
    Ok(Recount {
        seq,
        referral: ReferralId(referral),
        reference: reference(&named)?,
        person: PersonId(person),
        since: Timestamp(since),
        decision: decision.map(DecisionId),
    })
}
