//! Linking said again, one referral at a time in the order of their commits: whatever gateways
//! received them at whatever moment, the result must be the same.

use super::database::Tables;
use super::judge::stored;
use super::sim::Sim;
use super::spec::{CROWD, Facts, tokens};
use frontdoor::domain::{LinkState, PersonId, ReferralId};
use frontdoor::store::{LinkRow, Token};
use std::collections::{BTreeSet, HashMap};

#[derive(Default)]
struct Known {
    /// People that look alike and carry the token.
    by_token: HashMap<(u32, Token), BTreeSet<PersonId>>,
    referrals: HashMap<PersonId, BTreeSet<ReferralId>>,
    /// Children of each referral, as settled.
    settled: HashMap<(ReferralId, u16), PersonId>,
}

/// Checks every link and every count of earlier referrals.
pub(super) fn links(sim: &Sim, tables: &Tables) {
    let mut known = Known::default();
    for decision in &tables.history {
        let (spec, decided) = stored(&decision.record);
        let mut taken: BTreeSet<PersonId> = BTreeSet::new();
        let own: BTreeSet<PersonId> = known
            .settled
            .iter()
            .filter(|((referral, _), _)| *referral == decision.referral)
            .map(|(_, person)| *person)
            .collect();
        let mut settled = Vec::new();
        for (index, child) in (0u16..).zip(&spec.children) {
            let link = decision
                .links
                .iter()
                .find(|link| link.child == index && link.state != LinkState::Possible);
            let Some(link) = link else {
                sim.found(format!("child {index} of {} has no link", decision.referral));
                continue;
            };
            if !taken.insert(link.person) {
                sim.found(format!("two children of {} are one person", decision.referral));
            }
            let before = known.settled.get(&(decision.referral, index));
            match before {
                Some(before) if *before != link.person => {
                    sim.found(format!("child {index} of {} changed", decision.referral));
                }
                Some(_) => {}
                None => {
                    let others: BTreeSet<PersonId> = spec_others(&decision.links, index, &own);
                    known.check(sim, *child, link.person, link.state, &others);
                }
            }
            if let Some(earlier) = decided.earlier.get(usize::from(index)) {
                known.count(sim, decision.referral, link, before.is_some(), *earlier);
            }
            settled.push((index, *child, link.person));
        }
        for (index, child, person) in settled {
            known.remember(decision.referral, index, child, person);
        }
    }
}

/// People that this child cannot be: they are other children of the same referral.
fn spec_others(links: &[LinkRow], index: u16, own: &BTreeSet<PersonId>) -> BTreeSet<PersonId> {
    let others =
        links.iter().filter(|link| link.child != index && link.state != LinkState::Possible);
    others.map(|link| link.person).chain(own.iter().copied()).collect()
}

impl Known {
    fn alike(&self, child: Facts, not: &BTreeSet<PersonId>, crowd: bool) -> BTreeSet<PersonId> {
        let tokens = tokens(child).into_iter().filter(|token| (*token == CROWD) == crowd);
        tokens
            .filter_map(|token| self.by_token.get(&(child.truth, token)))
            .flatten()
            .filter(|person| !not.contains(person))
            .copied()
            .collect()
    }

    fn check(
        &self,
        sim: &Sim,
        child: Facts,
        person: PersonId,
        state: LinkState,
        not: &BTreeSet<PersonId>,
    ) {
        let sure = self.alike(child, not, false);
        // Whether the crowd's block had already fallen silent is not said again here.
        let perhaps = self.alike(child, not, true);
        // A sibling may have been taken for the likeliest: then a reviewer is asked.
        let nobody = BTreeSet::new();
        let alike = &self.alike(child, &nobody, false) | &self.alike(child, &nobody, true);
        let right = match state {
            LinkState::Linked => sure.contains(&person) || perhaps.contains(&person),
            _ => sure.is_empty() || alike.iter().any(|person| not.contains(person)),
        };
        if !right {
            let finding = format!("{child:?} is {state:?} {person}, and is one of {sure:?}");
            sim.found(finding);
        }
    }

    /// Of a linked person exactly what was counted; of a person that the referral itself made
    /// before, at least what others said since.
    fn count(&self, sim: &Sim, referral: ReferralId, link: &LinkRow, again: bool, earlier: u32) {
        let counted = self.referrals.get(&link.person).into_iter().flatten();
        let counted = counted.filter(|id| **id != referral).count();
        let earlier = usize::try_from(earlier).unwrap_or(usize::MAX);
        let right = match link.state {
            LinkState::Linked => earlier == counted,
            _ => !again || earlier >= counted,
        };
        if !right {
            let child = link.child;
            sim.found(format!(
                "child {child} of {referral}: {earlier} earlier referrals, not {counted}"
            ));
        }
    }

    fn remember(&mut self, referral: ReferralId, index: u16, child: Facts, person: PersonId) {
        self.settled.insert((referral, index), person);
        self.referrals.entry(person).or_default().insert(referral);
        for token in tokens(child) {
            self.by_token.entry((child.truth, token)).or_default().insert(person);
        }
    }
}
