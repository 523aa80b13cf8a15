//! Referrals that were decided with a history that was wrong, until they are decided again without
//! it. They are written with what found it wrong, a person's word or the authority's records, and
//! each is taken off with its own new decision, so that nothing is withdrawn twice or never.

use super::error::Result;
use super::families::{family_of, survivor_of};
use super::records::reference;
use super::rows::LaneSeq;
use crate::domain::{DecisionId, PersonId, Reference, ReferralId, Timestamp};
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
     ORDER BY c.lane_seq, c.referral, c.person LIMIT $1";

pub(super) const RECOUNT_STANDS: &str = "SELECT EXISTS (SELECT 1 FROM recount \
     WHERE lane_seq = $1 AND referral = $2 AND person = $3)";

pub(super) const RECOUNTED: &str =
    "DELETE FROM recount WHERE lane_seq = $1 AND referral = $2 AND person = $3";

/// Whose record one has become, and when.
pub(super) type Survivor = (Option<Uuid>, Option<i64>);

pub(super) const SURVIVOR: &str = "SELECT merged_into, merged_at FROM person WHERE id = $1";

pub(super) const MERGED_AT: &str = "UPDATE person SET merged_at = $2 WHERE id = $1";

/// Of the children of `$2`'s records, decided since `$4`, that `$3`'s history was not theirs; where
/// `$3` had any.
pub(super) const PARTED: &str = concat!(
    "INSERT INTO recount (lane_seq, referral, person, since) \
     SELECT DISTINCT $1, l.referral, $3, $4 FROM link l \
     WHERE l.state IN ('new', 'linked', 'possible') AND l.at >= $4 AND l.person IN ",
    family_of!("$2"),
    " AND NOT EXISTS (SELECT 1 FROM link later WHERE later.referral = l.referral \
         AND later.child = l.child AND later.person = l.person AND later.lane_seq > l.lane_seq) \
     AND (EXISTS (SELECT 1 FROM person WHERE id = $3 AND case_status <> 'none') \
         OR EXISTS (SELECT 1 FROM link theirs WHERE theirs.state = 'linked' AND theirs.person IN ",
    family_of!("$3"),
    ")) ON CONFLICT DO NOTHING"
);

/// Batch, referral, reference, person, since, decision.
pub(super) type RecountRecord = (LaneSeq, Uuid, String, Uuid, i64, Option<Uuid>);

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
