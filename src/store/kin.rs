//! Who a person's brothers and sisters are, what was referred of them, and what became of the
//! person's cases. Brothers and sisters are whoever was a child of the same referral, by the links
//! that stand and over all records that were merged. That is all that shows them to be any:
//! children who were harmed at one party are in one referral as well, so no reason calls them so.
//!
//! However often a person was referred, what is read of it is bounded: of each record the newest
//! fifty links that stand, and of each referral the first twenty children, as [`CHILDREN`] says.
//! Whatever else is said of a record takes nobody's place among the fifty. Whether a case was
//! stepped down is read of all.

use super::rows::{Contact, HistoryRow, Relative};
use crate::domain::{AgencyId, PersonId, ReferralId};
use foldhash::HashMap;
use sqlx::FromRow;
use uuid::Uuid;

/// A longer list of children is no family's.
pub(super) const CHILDREN: usize = 20;

/// The rest of a statement that begins with `up (person, id, survivor)`, `since (at)` and
/// `left_out (id)`, referrals that do not count. `$look` looks rows up by one column, `$newest` the
/// newest links of a record that stand, `$stands` says that nothing later was said than link `l`.
macro_rules! kin {
    ($look:ident, $newest:ident, $stands:ident) => {
        concat!(
            ", own (person, id) AS (SELECT person, id FROM up WHERE survivor IS NULL \
                 UNION SELECT o.person, m.id FROM own o ",
            $look!("person", "merged_into", "o.id", "m"),
            "), mine (person, referral, child, agency, level_rank) AS (\
                 SELECT o.person, l.referral, l.child, l.agency, l.level_rank FROM own o ",
            $newest!("o.id"),
            " WHERE l.referral NOT IN (SELECT id FROM left_out)\
             ), sibling (person, id) AS (SELECT DISTINCT m.person, l.person FROM mine m ",
            $look!("link", "referral", "m.referral", "l"),
            " WHERE l.child <> m.child AND l.child < 20 AND m.child < 20 AND ",
            settled!($stands),
            "), upward (person, id, survivor) AS (\
                 SELECT s.person, p.id, p.merged_into FROM sibling s ",
            $look!("person", "id", "s.id", "p"),
            " UNION SELECT u.person, p.id, p.merged_into FROM upward u ",
            $look!("person", "id", "u.survivor", "p"),
            "), kin (person, root, id) AS (SELECT person, id, id FROM upward \
                 WHERE survivor IS NULL AND (person, id) NOT IN (SELECT person, id FROM own) \
                 UNION SELECT k.person, k.root, m.id FROM kin k ",
            $look!("person", "merged_into", "k.id", "m"),
            ") SELECT m.person, NULL AS other, false AS restricted, m.referral, m.agency, \
                 m.level_rank, ",
            recent!("m.referral"),
            " AS recent, false AS lowered FROM mine m \
             UNION ALL SELECT k.person, k.root, p.restricted, NULL, NULL, NULL, false, false \
             FROM kin k ",
            $look!("person", "id", "k.id", "p"),
            " UNION ALL SELECT k.person, k.root, false, l.referral, l.agency, l.level_rank, \
                 true, false FROM kin k ",
            $newest!("k.id"),
            " WHERE l.referral NOT IN (SELECT id FROM left_out) AND ",
            recent!("l.referral"),
            " UNION ALL SELECT o.person, NULL, false, NULL, NULL, NULL, false, true \
             FROM own o WHERE ",
            lowered!("o.id", $stands)
        )
    };
}

/// Link `l` says that a child is the person, and nothing later was said.
macro_rules! settled {
    ($stands:ident) => {
        concat!("l.state IN ('new', 'linked') AND ", $stands!())
    };
}

/// Whether a case of a record was stepped down in the time that counts, by any link that stands. A
/// count, for nothing joins it: it is looked up record by record.
macro_rules! lowered {
    ($of:literal, $stands:ident) => {
        concat!(
            "(SELECT count(*) FROM link l WHERE l.person = ",
            $of,
            " AND l.referral NOT IN (SELECT id FROM left_out) \
             AND (SELECT count(*) FROM outcome o WHERE o.referral = l.referral AND o.lowers \
                 AND ((o.children >> CASE WHEN l.child < 62 THEN l.child ELSE 62 END) & 1) = 1 \
                 AND o.at >= (SELECT at FROM since)) > 0 AND ",
            settled!($stands),
            ") > 0"
        )
    };
}

/// Whether a referral was received in the time that counts.
macro_rules! recent {
    ($referral:literal) => {
        concat!(
            "(SELECT received_at FROM referral WHERE id = ",
            $referral,
            ") >= (SELECT at FROM since)"
        )
    };
}

pub(super) use {kin, lowered, recent, settled};

/// One of the person's own referrals, or that a case was stepped down; or a referral of a brother
/// or sister (`other`), or only that there is one.
#[derive(FromRow)]
pub(super) struct KinRecord {
    person: Uuid,
    other: Option<Uuid>,
    restricted: bool,
    referral: Option<Uuid>,
    agency: Option<String>,
    level_rank: Option<i16>,
    /// It was received in the time that counts.
    recent: bool,
    /// Within that time its case was stepped down, or closed after work, for this child.
    lowered: bool,
}

impl KinRecord {
    fn contact(&self) -> Option<Contact> {
        let (referral, agency) = (self.referral?, self.agency.as_deref()?);
        let contact = Contact {
            referral: ReferralId(referral),
            agency: AgencyId::new(agency),
            level_rank: self.level_rank?,
        };
        self.recent.then_some(contact)
    }
}

/// Puts what is known around people to what is known of them.
pub(super) fn add(rows: &mut [HistoryRow], records: Vec<KinRecord>) {
    let places: HashMap<PersonId, usize> =
        rows.iter().enumerate().map(|(place, row)| (row.person, place)).collect();
    for record in records {
        let Some(place) = places.get(&PersonId(record.person)) else { continue };
        let row = &mut rows[*place];
        row.stepped_down |= record.lowered;
        let contact = record.contact();
        let Some(other) = record.other.map(PersonId) else {
            row.contacts.extend(contact);
            continue;
        };
        let place = row.kin.iter().position(|one| one.person == other).unwrap_or_else(|| {
            row.kin.push(Relative { person: other, restricted: false, contacts: Vec::new() });
            row.kin.len() - 1
        });
        row.kin[place].restricted |= record.restricted;
        row.kin[place].contacts.extend(contact);
    }
    for row in rows {
        row.kin.sort_unstable_by_key(|one| one.person);
        row.kin.iter_mut().for_each(|one| once(&mut one.contacts));
        once(&mut row.contacts);
    }
}

/// Each referral once, also where two of its children are one person.
fn once(contacts: &mut Vec<Contact>) {
    contacts.sort_unstable_by_key(|one| (one.referral, std::cmp::Reverse(one.level_rank)));
    contacts.dedup_by_key(|one| one.referral);
}
