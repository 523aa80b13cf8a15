//! Records of the authority's that were found to be one person's: a merged record names its
//! survivor, and whatever is read of one of a family is read over all of it. What was said of a
//! record is never rewritten, so that taking the merge back restores what stood before it.

use super::matches::Statement;
use super::rows::{LaneSeq, LinkRow, StoredLink};
use crate::domain::{LinkState, PersonId, ReferralId};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// From each person asked, by way of `(person, id, survivor)` rows that begin with it, to whoever
/// has its history: `(person, root)`. The caller writes the first rows. Each step is a look-up: a
/// join could be planned the other way round, over all people, while these are few.
macro_rules! up_to_survivors {
    ($first:expr) => {
        concat!(
            "WITH RECURSIVE up (person, id, survivor) AS (",
            $first,
            " UNION SELECT up.person, up.survivor, \
             (SELECT merged_into FROM person WHERE id = up.survivor) \
             FROM up WHERE up.survivor IS NOT NULL)"
        )
    };
}

/// Whose record a person's is by now: the person itself, unless it was merged.
macro_rules! survivor_of {
    ($person:literal) => {
        concat!(
            "coalesce((WITH RECURSIVE up (id, survivor) AS (\
             SELECT id, merged_into FROM person WHERE id = ",
            $person,
            " UNION SELECT up.survivor, (SELECT merged_into FROM person WHERE id = up.survivor) \
             FROM up WHERE up.survivor IS NOT NULL) \
             SELECT id FROM up WHERE survivor IS NULL), ",
            $person,
            ")"
        )
    };
}

/// All records of a person's family, the survivor's and those merged into it, as one column.
macro_rules! family_of {
    ($person:literal) => {
        concat!(
            "(WITH RECURSIVE family (id) AS (SELECT ",
            survivor_of!($person),
            " UNION SELECT m.id FROM family f JOIN person m ON m.merged_into = f.id) \
             SELECT id FROM family)"
        )
    };
}

/// Whom people have told apart from a family, by the last word on any two records of both;
/// `$held` says which records are the family's, `$listed` how ids are put in one text.
macro_rules! apart_from {
    ($held:expr, $listed:literal) => {
        concat!(
            "(SELECT ",
            $listed,
            " FROM (SELECT who, stands, \
                 row_number() OVER (PARTITION BY who ORDER BY lane_seq DESC) AS place \
                 FROM (SELECT a.stands, a.lane_seq, ",
            survivor_of!("a.other"),
            " AS who FROM apart a WHERE a.one ",
            $held,
            ") AS told) AS said WHERE place = 1 AND stands)"
        )
    };
}

pub(super) use {apart_from, family_of, survivor_of, up_to_survivors};

/// By what one of several statements on a person's records stands for all of them: the child is
/// that one; else the last word that a person has said; else what is likeliest.
fn standing(state: LinkState, said: Option<LaneSeq>, weight: f32, record: PersonId) -> Standing {
    Standing { settled: state.is_settled(), said: said.unwrap_or_default(), weight, record }
}

#[derive(PartialEq, PartialOrd)]
struct Standing {
    settled: bool,
    said: LaneSeq,
    weight: f32,
    record: PersonId,
}

/// Of several with the same key the one that stands.
fn that_stand<K: Ord, T>(
    all: impl Iterator<Item = (K, T)>,
    standing: impl Fn(&T) -> Standing,
) -> BTreeMap<K, T> {
    let mut standing_of: BTreeMap<K, T> = BTreeMap::new();
    for (key, one) in all {
        match standing_of.entry(key) {
            Entry::Vacant(free) => drop(free.insert(one)),
            Entry::Occupied(mut held) if standing(&one) > standing(held.get()) => {
                held.insert(one);
            }
            Entry::Occupied(_) => {}
        }
    }
    standing_of
}

/// How each child stands to each person, once for all records of it.
pub(super) fn one_each(links: Vec<StoredLink>) -> Vec<StoredLink> {
    let keyed = links.into_iter().map(|link| ((link.child, link.person), link));
    let standing = |link: &StoredLink| {
        standing(link.state, link.decision.map(|_| link.seq), link.weight, link.record)
    };
    that_stand(keyed, standing).into_values().collect()
}

/// How each child stands to one person, from all that was said of its records.
pub(super) fn last_said(said: Vec<Statement>) -> BTreeMap<(ReferralId, u16), Statement> {
    let by_record = said.into_iter().map(|one| ((one.referral, one.child, one.record), one));
    let by_record: BTreeMap<_, Statement> = by_record.collect();
    let keyed = by_record.into_values().map(|one| ((one.referral, one.child), one));
    let standing = |one: &Statement| {
        standing(one.state, one.decision.map(|_| one.seq), one.weight, one.record)
    };
    that_stand(keyed, standing)
}

/// Says of the records of which it was said before what is said of people. Where it says nothing
/// new, a person's word on it stays one.
pub(super) fn on_records(rows: &mut [LinkRow], known: &[StoredLink]) {
    for row in rows {
        let held = known.iter().find(|link| link.child == row.child && link.person == row.person);
        let Some(held) = held else { continue };
        row.person = held.record;
        if row.state == held.state {
            row.decision = row.decision.or(held.decision);
        }
    }
}

/// The statement by which a child was taken for a person, if it is: the first since when one or
/// other of the person's records was the child.
pub(super) fn joined(said: &[Statement], referral: ReferralId, child: u16) -> Option<&Statement> {
    let of_child = |one: &&Statement| (one.referral, one.child) == (referral, child);
    let theirs: Vec<&Statement> = said.iter().filter(of_child).collect();
    let (mut linked, mut first) = (BTreeSet::new(), None);
    for batch in theirs.chunk_by(|one, next| one.seq == next.seq) {
        for one in batch {
            match one.state {
                LinkState::Linked => linked.insert(one.record),
                _ => linked.remove(&one.record),
            };
        }
        let began = batch.iter().copied().find(|one| one.state == LinkState::Linked);
        first = first.or(began).filter(|_| !linked.is_empty());
    }
    first
}

/// Whether the person was made by a referral and is nobody's any more. Of the authority's own
/// people no referral has said that they are new.
pub(super) fn is_left(said: &[Statement]) -> bool {
    let made = said.iter().any(|one| one.state == LinkState::New);
    made && !last_said(said.to_vec()).values().any(|one| one.state.is_settled())
}
