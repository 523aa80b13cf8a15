//! From (token, person) pairs to candidates.

use super::rows::{CandidateRow, Candidates, LaneSeq, Token};
use super::traits::BLOCK_CAP;
use crate::domain::PersonId;
use crate::domain::shortlist::shortlist;
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
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

/// Groups pairs by token, those of blocks that are not over the cap.
pub(super) fn by_token(pairs: Vec<(i64, Uuid)>) -> HashMap<i64, Vec<Uuid>> {
    let mut blocks: HashMap<i64, Vec<Uuid>> = HashMap::new();
    for (token, person) in pairs {
        blocks.entry(token).or_default().push(person);
    }
    blocks.retain(|_, people| people.len() <= BLOCK_CAP);
    blocks
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
        Some(CandidateRow { person: PersonId(person), tokens, profile })
    });
    candidates.collect()
}

/// What is read of the children's blocks before their profiles, and then which profiles to read.
pub(super) struct Choice<'a> {
    children: &'a [&'a [Token]],
    blocks: HashMap<Token, Vec<PersonId>>,
    /// With or without a profile, all that were asked for.
    asked: HashSet<PersonId>,
    profiles: HashMap<PersonId, Vec<u8>>,
}

impl<'a> Choice<'a> {
    /// From whole blocks, none of them over the cap.
    pub(super) fn of(
        children: &'a [&'a [Token]],
        blocks: impl Iterator<Item = (i64, Vec<Uuid>)>,
    ) -> Self {
        let people = |people: Vec<Uuid>| people.into_iter().map(PersonId).collect();
        let blocks = blocks.map(|(token, block)| (Token(token), people(block))).collect();
        Choice { children, blocks, asked: HashSet::new(), profiles: HashMap::new() }
    }

    /// Those of the children's shortlists who were not asked for yet. Where nobody shares anything
    /// with any child it is somebody who does not exist, so that what is asked of the database
    /// does not tell by its time whether a child is known (invariant 6).
    pub(super) fn wanted(&mut self) -> Vec<Uuid> {
        let mut wanted = Vec::new();
        for child in self.children {
            let blocks = child.iter().filter_map(|token| self.blocks.get(token));
            for person in shortlist(blocks.map(Vec::as_slice).collect()) {
                if self.asked.insert(person) {
                    wanted.push(person.0);
                }
            }
        }
        let nobody = wanted.is_empty() && self.asked.is_empty() && !self.children.is_empty();
        if nobody && self.asked.insert(PersonId::NOBODY) {
            wanted.push(PersonId::NOBODY.0);
        }
        wanted.sort_unstable();
        wanted
    }

    /// Takes profiles, and survivors for those merged: in the blocks they take their places, so the
    /// shortlists may be others than before. Says whether they may.
    pub(super) fn add(&mut self, found: Vec<Found>, survivors: Vec<Found>) -> bool {
        let merged = found.iter().any(|(_, _, into)| into.is_some());
        for (person, profile, _) in found.into_iter().filter(|(_, _, into)| into.is_none()) {
            self.profiles.insert(PersonId(person), profile);
        }
        let mut now: HashMap<PersonId, PersonId> = HashMap::new();
        for (merged, profile, survivor) in survivors {
            let Some(survivor) = survivor.map(PersonId) else { continue };
            now.insert(PersonId(merged), survivor);
            self.asked.insert(survivor);
            self.profiles.insert(survivor, profile);
        }
        for block in self.blocks.values_mut().filter(|_| !now.is_empty()) {
            if block.iter().any(|person| now.contains_key(person)) {
                block.iter_mut().for_each(|person| *person = *now.get(person).unwrap_or(person));
                block.sort_unstable();
                block.dedup();
            }
        }
        merged
    }

    /// Whoever was erased in between has no profile, and no row.
    pub(super) fn candidates(self, horizon: LaneSeq) -> Candidates {
        let mut people: HashMap<PersonId, Vec<Token>> = HashMap::new();
        for (token, block) in &self.blocks {
            for person in block.iter().filter(|person| self.profiles.contains_key(*person)) {
                people.entry(*person).or_default().push(*token);
            }
        }
        let mut profiles = self.profiles;
        let rows = people.into_iter().filter_map(|(person, mut tokens)| {
            tokens.sort_unstable();
            Some(CandidateRow { person, tokens, profile: profiles.remove(&person)? })
        });
        let mut rows: Vec<CandidateRow> = rows.collect();
        rows.sort_unstable_by_key(|row| row.person);
        let mut blocks: Vec<(Token, Vec<PersonId>)> = self.blocks.into_iter().collect();
        blocks.sort_unstable_by_key(|(token, _)| *token);
        Candidates { horizon, blocks, rows }
    }
}

/// The tokens asked for, each once: the same block is not read twice.
pub(super) fn distinct<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> Vec<i64> {
    let mut tokens: Vec<i64> = tokens.into_iter().map(|token| token.0).collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::shortlist::MAX_CANDIDATES;

    fn id(number: usize) -> Uuid {
        Uuid::from_u128(number as u128)
    }

    fn found(numbers: &[Uuid]) -> Vec<Found> {
        numbers.iter().map(|id| (*id, b"profile".to_vec(), None)).collect()
    }

    #[test]
    fn profiles_are_read_of_each_child_s_shortlist_alone() {
        let (one, two): (&[Token], &[Token]) = (&[Token(1)], &[Token(2), Token(3)]);
        let children = [one, two];
        let blocks = [(1, (1..=100).map(id).collect()), (2, (91..=200).map(id).collect())];
        let mut choice = Choice::of(&children, blocks.clone().into_iter());
        let wanted = choice.wanted();
        let first = |from: usize| (from..from + MAX_CANDIDATES).map(id);
        assert_eq!(wanted, first(1).chain(first(91)).collect::<Vec<_>>());
        assert!(!choice.add(found(&wanted), Vec::new()));
        assert!(choice.wanted().is_empty());
        let read = choice.candidates(9);
        assert_eq!((read.horizon, read.rows.len()), (9, 2 * MAX_CANDIDATES));
        let sizes: Vec<_> =
            read.blocks.iter().map(|(token, people)| (*token, people.len())).collect();
        assert_eq!(sizes, [(Token(1), 100), (Token(2), 110)]);
        // One is read for the second child; that it has the first one's token, too, is told.
        assert_eq!(read.rows[MAX_CANDIDATES].tokens, [Token(1), Token(2)]);
    }

    #[test]
    fn profiles_are_asked_for_once_also_where_nobody_shares_anything_with_the_child() {
        let child: &[Token] = &[Token(1)];
        let children = [child];
        let mut choice = Choice::of(&children, std::iter::empty());
        assert_eq!(choice.wanted(), [PersonId::NOBODY.0]);
        assert!(!choice.add(Vec::new(), Vec::new()));
        assert!(choice.wanted().is_empty());
        assert!(choice.candidates(1).rows.is_empty());
        assert!(Choice::of(&[], std::iter::empty()).wanted().is_empty(), "of no child nothing");
    }

    /// Two records of one person take one place, and the place that is free is another's.
    #[test]
    fn a_survivor_takes_the_place_of_those_merged_and_the_next_one_theirs() {
        let child: &[Token] = &[Token(1), Token(2)];
        let children = [child];
        let blocks = [(1, (1..=100).map(id).collect()), (2, vec![id(200)])];
        let mut choice = Choice::of(&children, blocks.into_iter());
        let wanted = choice.wanted();
        assert_eq!(wanted.len(), MAX_CANDIDATES);
        assert!(wanted.contains(&id(200)) && !wanted.contains(&id(MAX_CANDIDATES)));
        let mut read = found(&wanted);
        let merged = read.iter_mut().find(|(id, ..)| *id == wanted[MAX_CANDIDATES - 1]);
        merged.expect("read").2 = Some(id(1));
        let survivor = vec![(id(200), b"profile".to_vec(), Some(id(1)))];
        assert!(choice.add(read, survivor));
        let more = choice.wanted();
        assert_eq!(more, [id(MAX_CANDIDATES)]);
        assert!(!choice.add(found(&more), Vec::new()));
        let read = choice.candidates(1);
        assert_eq!(read.rows.len(), MAX_CANDIDATES);
        assert_eq!(read.rows[0].person, PersonId(id(1)));
        assert_eq!(read.rows[0].tokens, [Token(1), Token(2)]);
        assert_eq!(read.blocks[1], (Token(2), vec![PersonId(id(1))]));
    }

    #[test]
    fn whoever_is_merged_into_nobody_or_erased_in_between_is_no_candidate() {
        let child: &[Token] = &[Token(1)];
        let children = [child];
        let mut choice = Choice::of(&children, [(1, vec![id(1), id(2), id(3)])].into_iter());
        choice.wanted();
        let read = vec![(id(1), b"profile".to_vec(), Some(id(9))), found(&[id(3)]).remove(0)];
        assert!(choice.add(read, Vec::new()));
        assert!(choice.wanted().is_empty());
        let rows = choice.candidates(1).rows;
        assert_eq!(rows.iter().map(|row| row.person).collect::<Vec<_>>(), [PersonId(id(3))]);
    }
}
