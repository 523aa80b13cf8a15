//! From (token, person) pairs to candidates.

use super::rows::{CandidateRow, Token};
use super::traits::BLOCK_CAP;
use foldhash::{HashMap, HashMapExt};
use uuid::Uuid;

/// Rows to read of one block to see that it is over the cap.
pub(super) const READ_OF_BLOCK: i64 = BLOCK_CAP as i64 + 1;

/// Groups the pairs of blocks that are not over the cap by person, in a fixed order.
pub(super) fn by_person(pairs: &[(i64, Uuid)]) -> Vec<(Uuid, Vec<Token>)> {
    let mut sizes: HashMap<i64, usize> = HashMap::new();
    for (token, _) in pairs {
        *sizes.entry(*token).or_default() += 1;
    }
    let mut people: HashMap<Uuid, Vec<Token>> = HashMap::new();
    for (token, person) in pairs {
        if sizes[token] <= BLOCK_CAP {
            people.entry(*person).or_default().push(Token(*token));
        }
    }
    let mut people: Vec<_> = people.into_iter().collect();
    people.sort_unstable_by_key(|(person, _)| *person);
    people.iter_mut().for_each(|(_, tokens)| tokens.sort_unstable());
    people
}

/// Joins grouped people with their profiles. A person erased in between has none and is left out.
pub(super) fn with_profiles(
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
