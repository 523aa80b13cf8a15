//! From (token, person) pairs to candidates.

use super::rows::{CandidateRow, Token};
use super::traits::BLOCK_CAP;
use foldhash::{HashMap, HashMapExt};
use uuid::Uuid;

/// Rows to read of one block to see that it is over the cap.
pub(super) const READ_OF_BLOCK: i64 = BLOCK_CAP as i64 + 1;

/// The pairs of blocks that are not over the cap.
pub(super) fn within_cap(mut pairs: Vec<(i64, Uuid)>) -> Vec<(i64, Uuid)> {
    let mut sizes: HashMap<i64, usize> = HashMap::new();
    for (token, _) in &pairs {
        *sizes.entry(*token).or_default() += 1;
    }
    pairs.retain(|(token, _)| sizes[token] <= BLOCK_CAP);
    pairs
}

/// Groups pairs by person, in a fixed order.
fn by_person(pairs: &[(i64, Uuid)]) -> Vec<(Uuid, Vec<Token>)> {
    let mut people: HashMap<Uuid, Vec<Token>> = HashMap::new();
    for (token, person) in pairs {
        people.entry(*person).or_default().push(Token(*token));
    }
    let mut people: Vec<_> = people.into_iter().collect();
    people.sort_unstable_by_key(|(person, _)| *person);
    people.iter_mut().for_each(|(_, tokens)| tokens.sort_unstable());
    people
}

/// People as found by token, with their profiles, of whom some may have been merged.
pub(super) type Found = (Uuid, Vec<u8>, Option<Uuid>);

/// Those found whose records were merged into another's.
pub(super) fn merged(found: &[Found]) -> Vec<Uuid> {
    found.iter().filter(|(_, _, into)| into.is_some()).map(|(person, ..)| *person).collect()
}

/// Puts survivors in the place of those merged: `(merged, survivor, its profile)`. Who is merged
/// and has none is nobody.
pub(super) fn candidates(
    mut pairs: Vec<(i64, Uuid)>,
    mut found: Vec<Found>,
    survivors: Vec<Found>,
) -> Vec<CandidateRow> {
    if found.iter().any(|(_, _, into)| into.is_some()) {
        let of = |(merged, _, survivor): &Found| Some((*merged, (*survivor)?));
        let survivor: HashMap<Uuid, Uuid> = survivors.iter().filter_map(of).collect();
        for (_, person) in &mut pairs {
            *person = survivor.get(person).copied().unwrap_or(*person);
        }
        pairs.sort_unstable();
        pairs.dedup();
        found.retain(|(_, _, into)| into.is_none());
        let theirs = |(_, profile, survivor)| Some((survivor?, profile, None));
        found.extend(survivors.into_iter().filter_map(theirs));
    }
    let profiles = found.into_iter().map(|(person, profile, _)| (person, profile)).collect();
    with_profiles(by_person(&within_cap(pairs)), profiles)
}

/// Joins grouped people with their profiles. A person erased in between has none and is left out.
fn with_profiles(
    people: Vec<(Uuid, Vec<Token>)>,
    profiles: Vec<(Uuid, Vec<u8>)>,
) -> Vec<CandidateRow> {
    let mut profiles: HashMap<Uuid, Vec<u8>> = profiles.into_iter().collect();
    let candidates = people.into_iter().filter_map(|(person, tokens)| {
        let profile = profiles.remove(&person)?;
        Some(CandidateRow { person: crate::domain::PersonId(person), tokens, profile })
    });
    candidates.collect()
}

/// The tokens asked for, each once: the same block is not read twice.
pub(super) fn distinct(tokens: &[Token]) -> Vec<i64> {
    let mut tokens: Vec<i64> = tokens.iter().map(|token| token.0).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}
