//! Stored referrals page by page, for whoever looks at all of them.

use super::records::least_id;
use super::statements::referral_columns;
use crate::domain::{ReferralId, Timestamp};
use uuid::Uuid;

/// Referrals received at or after `since` and before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub since: Timestamp,
    pub until: Timestamp,
}

pub(super) const REFERRALS: &str = concat!(
    "SELECT ",
    referral_columns!(),
    " FROM referral WHERE id > $1 AND id < $2 AND received_at >= $3 AND received_at < $4 \
     ORDER BY id LIMIT $5"
);

/// An id is made when a referral is written, soon after it was received; clocks may differ by so
/// many seconds, and it may have waited for as long.
const APART: i64 = 24 * 3600;

impl Span {
    /// Between which ids the next page is: so that an index finds it, however many came before.
    pub(super) fn ids(&self, after: Option<ReferralId>) -> (Uuid, Uuid) {
        let least = least_id(self.since.plus_seconds(-APART));
        let after = after.map_or(least, |after| after.0.max(least));
        (after, least_id(self.until.plus_seconds(APART)))
    }
}
