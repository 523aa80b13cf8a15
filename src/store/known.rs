//! Who a child may be, as far as one batch has read: people by blocking token.

use super::rows::{CandidateRow, Token};
use super::traits::BLOCK_CAP;
use super::work::{Candidate, ChildProfile, Judge};
use crate::domain::PersonId;
use foldhash::{HashMap, HashSet, HashSetExt};
use std::sync::Arc;

/// People by token, with opened profiles.
#[derive(Default, Clone)]
pub(super) struct Known {
    by_token: HashMap<Token, Vec<PersonId>>,
    pub(super) profiles: HashMap<PersonId, Arc<[u8]>>,
}

impl Known {
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
            let changed = self.profiles.get(&row.person).is_some_and(|known| **known != *profile);
            if changed {
                // An import replaced it: verdicts on the one before are worth nothing.
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

    /// At most [`BLOCK_CAP`] candidates for a child, rarest block first.
    pub(super) fn candidates(
        &self,
        child: &ChildProfile,
        not: &HashSet<PersonId>,
    ) -> Vec<Candidate> {
        let mut blocks: Vec<&Vec<PersonId>> =
            child.tokens.iter().filter_map(|token| self.by_token.get(token)).collect();
        blocks.sort_by_key(|block| block.len());
        let mut seen = HashSet::new();
        let mut out = Vec::new();
        for person in blocks.into_iter().flatten() {
            if out.len() >= BLOCK_CAP {
                break;
            }
            if !not.contains(person)
                && seen.insert(*person)
                && let Some(profile) = self.profiles.get(person)
            {
                out.push((*person, profile.clone()));
            }
        }
        out
    }
}
