//! Where the children of referrals live, by blind tokens: from it later referrals of other children
//! at the same address learn how many there were before, and nothing else.

use super::error::Result;
use super::records::people;
use super::rows::{Resident, Token};
use crate::domain::{PersonId, ReferralId};
use sqlx::FromRow;
use uuid::Uuid;

/// How many of one home are read, the newest. A family's are fewer; of a hostel so many tell that
/// it is one.
pub const RESIDENTS: usize = 50;

/// `$lived` is a query of homes, `(token, at, referral, child)`; what was received at `$2` or later
/// is recent. `$listed` puts ids in one text.
macro_rules! residents {
    ($lived:literal, $look:ident, $stands:ident, $listed:literal) => {
        concat!(
            "WITH lived (token, at, referral, child) AS (",
            $lived,
            ") SELECT h.token, h.referral, ",
            survivor_of!("l.person"),
            " AS person, h.at >= $2 AS recent, (SELECT max((SELECT \
                 CASE WHEN restriction = 'address' THEN 2 WHEN restricted THEN 1 ELSE 0 END \
                 FROM person WHERE id = f.id)) FROM ",
            family_of!("l.person"),
            " AS f) AS closed, ",
            apart_from!(concat!("IN ", family_of!("l.person")), $listed),
            " AS apart FROM lived h ",
            $look!("link", "referral", "h.referral", "l"),
            " WHERE l.child = h.child AND l.state IN ('new', 'linked') AND ",
            $stands!()
        )
    };
}

pub(super) use residents;

/// What is added to a referral tells its homes anew.
pub(super) const FORGET: &str = "DELETE FROM home WHERE referral = $1";

#[derive(FromRow)]
pub(super) struct ResidentRecord {
    token: i64,
    referral: Uuid,
    person: Uuid,
    recent: bool,
    /// 1 where the record is restricted, 2 where the address is why.
    closed: i32,
    /// Ids in a list; null where there are none.
    apart: Option<String>,
}

impl ResidentRecord {
    pub(super) fn row(self) -> Result<Resident> {
        Ok(Resident {
            token: Token(self.token),
            referral: ReferralId(self.referral),
            person: PersonId(self.person),
            recent: self.recent,
            restricted: self.closed > 0,
            address: self.closed > 1,
            apart: self.apart.as_deref().map_or(Ok(Vec::new()), people)?,
        })
    }
}
