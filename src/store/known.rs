//! Who a child may be, as far as one batch has read: people by blocking token.

use super::rows::{CandidateRow, Candidates, Token};
use super::work::{Candidate, ChildProfile, Judge};
use crate::domain::PersonId;
use crate::domain::shortlist::shortlist;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use std::sync::Arc;

/// People by token, with opened profiles.
#[derive(Default, Clone)]
pub(super) struct Known {
    by_token: HashMap<Token, Vec<PersonId>>,
    pub(super) profiles: HashMap<PersonId, Arc<[u8]>>,
}

impl Known {
    /// What was read ahead: all who share a token, and the profiles of those on a shortlist.
    pub(super) fn of(judge: &dyn Judge, read: Candidates) -> Self {
        let by_token = read.blocks.into_iter().collect();
        let mut known = Known { by_token, profiles: HashMap::new() };
        known.add(judge, read.rows);
        known
    }

    /// Adds people; returns the tokens whose blocks grew, or hold someone who changed.
    pub(super) fn add(&mut self, judge: &dyn Judge, rows: Vec<CandidateRow>) -> HashSet<Token> {
        let mut touched = HashSet::new();
        for row in rows {
            let Some(profile) = judge.open_profile(row.person, &row.profile) else {
                // Whoever a person has found to be another has an empty one.
                if self.profiles.remove(&row.person).is_some() {
                    touched.extend(&row.tokens);
                }
                continue;
            };
            let same = self.profiles.get(&row.person).is_some_and(|known| **known == *profile);
            if !same {
                // New, or an import replaced it: verdicts on the one before are worth nothing.
                touched.extend(&row.tokens);
            }
            self.profiles.insert(row.person, profile.into());
            self.index(row.person, &row.tokens, &mut touched);
        }
        touched
    }

    pub(super) fn index(
        &mut self,
        person: PersonId,
        tokens: &[Token],
        touched: &mut HashSet<Token>,
    ) {
        for token in tokens {
            let block = self.by_token.entry(*token).or_default();
            if !block.contains(&person) {
                block.push(person);
                touched.insert(*token);
            }
        }
    }

    /// The child's shortlist without those who are not it. Whoever was not on it when it was read
    /// has no profile here, or has it for another child's sake: the sizes of whole blocks are
    /// known, so that one is left out again.
    pub(super) fn candidates(
        &self,
        child: &ChildProfile,
        not: &HashSet<PersonId>,
    ) -> Vec<Candidate> {
        let blocks = child.tokens.iter().filter_map(|token| self.by_token.get(token));
        let people = match not.is_empty() {
            true => shortlist(blocks.map(Vec::as_slice).collect()),
            false => {
                let may = |person: &&PersonId| !not.contains(person);
                let blocks: Vec<Vec<PersonId>> =
                    blocks.map(|block| block.iter().filter(may).copied().collect()).collect();
                shortlist(blocks.iter().map(Vec::as_slice).collect())
            }
        };
        let with_profile = |person| Some((person, self.profiles.get(&person)?.clone()));
        people.into_iter().filter_map(with_profile).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shortlist::MAX_CANDIDATES;

    fn person(number: usize) -> PersonId {
        PersonId(uuid::Uuid::from_u128(number as u128))
    }

    /// One child shares two blocks with the first person, another one with fifty.
    #[test]
    fn whoever_was_left_out_for_one_child_stays_out_when_read_for_another() {
        let fifty: Vec<PersonId> = (1..=50).map(person).collect();
        let mut known = Known::default();
        known.by_token.insert(Token(1), fifty);
        known.by_token.insert(Token(2), vec![person(50)]);
        for number in (1..=MAX_CANDIDATES).chain([50]) {
            known.profiles.insert(person(number), Arc::from([]));
        }
        let candidates = |tokens: &[i64], not: &[usize]| -> Vec<PersonId> {
            let tokens = tokens.iter().map(|token| Token(*token)).collect();
            let not: HashSet<PersonId> = not.iter().map(|number| person(*number)).collect();
            let child = ChildProfile { tokens, ..ChildProfile::default() };
            known.candidates(&child, &not).into_iter().map(|(person, _)| person).collect()
        };
        let first: Vec<PersonId> = (1..=MAX_CANDIDATES).map(person).collect();
        assert_eq!(candidates(&[1], &[]), first);
        assert_eq!(candidates(&[1], &[1]), first[1..]);
        let both = candidates(&[1, 2], &[]);
        assert_eq!((both[0], &both[1..]), (person(50), &first[..MAX_CANDIDATES - 1]));
    }
}
