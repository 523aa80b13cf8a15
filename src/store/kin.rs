//! What is known around a person: brothers and sisters are whoever was a child of the same
//! referral, by the links that stand and over all records that were merged, and what became of the
//! person's cases. Read with a person's own history, by the same people and of the same time.
//!
//! Of a person with many referrals the newest fifty tell who the brothers and sisters are and what
//! became of the cases: what counts further is not more than "many".

use super::error::{Result, StoreError};
use super::records::people;
use super::rows::{HistoryRow, Household};
use crate::domain::{ChildHistory, PersonId};
use sqlx::FromRow;
use uuid::Uuid;

/// The rest of a statement that begins with `up (person, id, survivor)`, `since (at)` and
/// `left_out (id)`, referrals that do not count. `$look` looks rows up by one column, `$stands`
/// says that nothing later was said than link `l`, `$listed` puts ids in one text.
macro_rules! kin {
    ($look:ident, $stands:ident, $listed:literal) => {
        concat!(
            ", own (person, id) AS (SELECT person, id FROM up WHERE survivor IS NULL \
                 UNION SELECT o.person, m.id FROM own o ",
            $look!("person", "merged_into", "o.id", "m"),
            "), mine (person, referral, child, place) AS (\
                 SELECT o.person, l.referral, l.child, row_number() OVER (\
                     PARTITION BY o.person ORDER BY l.at DESC, l.referral DESC, l.child) \
                 FROM own o ",
            $look!("link", "person", "o.id", "l"),
            " WHERE l.state IN ('new', 'linked') \
                 AND l.referral NOT IN (SELECT id FROM left_out) AND ",
            $stands!(),
            "), sibling (person, id) AS (SELECT DISTINCT m.person, l.person FROM mine m ",
            $look!("link", "referral", "m.referral", "l"),
            " WHERE m.place <= 50 AND l.child <> m.child AND l.state IN ('new', 'linked') AND ",
            $stands!(),
            "), upward (person, id, survivor, restricted) AS (\
                 SELECT s.person, p.id, p.merged_into, p.restricted FROM sibling s ",
            $look!("person", "id", "s.id", "p"),
            " UNION SELECT u.person, p.id, p.merged_into, p.restricted FROM upward u ",
            $look!("person", "id", "u.survivor", "p"),
            "), kin (person, root, id, restricted) AS (\
                 SELECT person, id, id, restricted FROM upward WHERE survivor IS NULL \
                 UNION SELECT k.person, k.root, m.id, m.restricted FROM kin k ",
            $look!("person", "merged_into", "k.id", "m"),
            "), theirs (person, referral, agency, level_rank, restricted) AS (\
                 SELECT k.person, l.referral, l.agency, l.level_rank, k.restricted FROM kin k ",
            $look!("link", "person", "k.id", "l"),
            " WHERE l.state IN ('new', 'linked') AND l.at >= (SELECT at FROM since) \
                 AND (SELECT received_at FROM referral WHERE id = l.referral) \
                     >= (SELECT at FROM since) \
                 AND l.referral NOT IN (SELECT id FROM left_out) \
                 AND (k.person, l.referral) NOT IN (SELECT person, referral FROM mine) AND ",
            $stands!(),
            ") SELECT u.person, count(DISTINCT t.referral) AS referrals, \
                 count(DISTINCT t.agency) AS agencies, \
                 coalesce(max(t.level_rank), 0) AS highest_level, \
                 count(CASE WHEN t.restricted THEN 1 END) AS restricted, \
                 (SELECT count(*) FROM mine m ",
            $look!("outcome", "referral", "m.referral", "o"),
            " WHERE m.person = u.person AND m.place <= 50 \
                     AND o.lowers AND o.at >= (SELECT at FROM since)) AS lowered, \
                 (SELECT ",
            $listed,
            " FROM kin k WHERE k.person = u.person AND k.id = k.root) AS people \
             FROM up u LEFT JOIN theirs t ON t.person = u.person \
             WHERE u.survivor IS NULL GROUP BY u.person"
        )
    };
}

pub(super) use kin;

#[derive(FromRow)]
pub(super) struct KinRecord {
    person: Uuid,
    referrals: i64,
    agencies: i64,
    highest_level: i32,
    restricted: i64,
    lowered: i64,
    /// Ids in a list; null where there are none.
    people: Option<String>,
}

/// Puts what is known around people to what is known of them.
pub(super) fn add(rows: &mut [HistoryRow], records: Vec<KinRecord>) -> Result<()> {
    for record in records {
        let person = PersonId(record.person);
        let Some(row) = rows.iter_mut().find(|row| row.person == person) else { continue };
        let mut others = record.people.as_deref().map_or(Ok(Vec::new()), people)?;
        others.retain(|other| *other != person);
        others.sort_unstable();
        row.stepped_down = record.lowered > 0;
        row.household = Household {
            referrals: u32::try_from(record.referrals).unwrap_or(u32::MAX),
            agencies: u32::try_from(record.agencies).unwrap_or(u32::MAX),
            highest_level: i16::try_from(record.highest_level)
                .map_err(|_| StoreError::Damaged("highest_level".to_owned()))?,
            restricted: record.restricted > 0,
            people: others,
        };
    }
    Ok(())
}

/// Adds what is known around another person whom the child is or may be: the greater of each.
pub(super) fn at_least(history: &mut ChildHistory, other: &ChildHistory) {
    history.stepped_down_12m |= other.stepped_down_12m;
    history.household_referrals_12m =
        history.household_referrals_12m.max(other.household_referrals_12m);
    history.household_agencies_12m =
        history.household_agencies_12m.max(other.household_agencies_12m);
    history.household_highest_level_12m =
        history.household_highest_level_12m.max(other.household_highest_level_12m);
    history.household_restricted |= other.household_restricted;
}
