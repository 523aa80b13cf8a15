//! Linking within the lane: who is a candidate for whom, ahead of the lock and under it, so that
//! the same child received twice at the same instant is linked.

use super::error::StoreError;
use super::histories::{Stored, Within, homes_of};
use super::known::Known;
use super::lane::LaneParts;
use super::rows::*;
use super::settled::{
    child_of_its_own, heed_people, made_before, not_for, people_once, settled, takers,
};
use super::standing::read_without;
use super::traits::LaneTx;
use super::work::*;
use crate::domain::shortlist::MAX_CANDIDATES;
use crate::domain::{ChildHistory, LinkState, PersonId, ReferralId, Timestamp};
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use std::sync::{Arc, Mutex};

/// Twelve months, in seconds, for "earlier referrals".
const YEAR_SECONDS: i64 = 366 * 24 * 3600;

/// Comparisons that take about a millisecond at most.
const FEW: usize = 1_000;

/// What was read, and which verdicts were given, before the lock. It holds under the lock when no
/// batch was committed since `horizon`, and the clock was not put back since `asked`.
#[derive(Default)]
pub(super) struct Ahead {
    horizon: LaneSeq,
    asked: Timestamp,
    pub(super) repeats: Vec<Repeat>,
    stored: Stored,
    /// Where the children of the round live.
    homes: Vec<Token>,
    known: Known,
    /// By work index and child.
    verdicts: Verdicts,
    /// Of each child whom nobody is like, somebody of its candidates, or else nobody by name: what
    /// is known of them is asked for as well, so that a sender does not learn by waiting whether
    /// the child is known (invariant 6).
    others: Vec<PersonId>,
}

impl Ahead {
    /// Fetches candidates for every child of the round in one query, compares them, and reads the
    /// stored answers for `keys`.
    pub(super) async fn fetch(
        parts: &Arc<LaneParts>,
        works: &Arc<Vec<Work>>,
        round: &[usize],
        keys: &[Token16],
    ) -> Result<Ahead, StoreError> {
        let children: Vec<&[Token]> = children_of(round.iter().map(|index| &works[*index]))
            .map(|child| child.tokens.as_slice())
            .filter(|tokens| !tokens.is_empty())
            .collect();
        let homes = homes_of(children_of(round.iter().map(|index| &works[*index])));
        if children.is_empty() && homes.is_empty() && keys.is_empty() {
            return Ok(Ahead::default());
        }
        let asked = parts.env.now();
        // The candidates first: with them comes the horizon, and nothing may be older than it.
        let read = parts.store.candidates(&children).await?;
        let horizon = read.horizon;
        let repeats = async {
            if keys.is_empty() { Ok(Vec::new()) } else { parts.store.repeats(keys, asked).await }
        };
        let compared = compare_aside(parts, works, round, read);
        let (repeats, compared) = futures::future::try_join(repeats, compared).await?;
        let (known, verdicts, others) = compared;
        let stored = Stored::default();
        Ok(Ahead { horizon, asked, repeats, stored, homes, known, verdicts, others })
    }

    /// Reads the histories of those found, and who lives where the children do.
    pub(super) async fn histories(&self, parts: &LaneParts) -> Result<Stored, StoreError> {
        let (mut people, since) = (people_once(self.verdicts.values()), year_before(self.asked));
        people.extend(&self.others);
        people.sort_unstable();
        people.dedup();
        let histories = async {
            if people.is_empty() {
                Ok(Vec::new())
            } else {
                parts.store.histories(&people, since).await
            }
        };
        let residents = async {
            let homes = &self.homes;
            if homes.is_empty() {
                Ok(Vec::new())
            } else {
                parts.store.residents(homes, since).await
            }
        };
        let (people, residents) = futures::future::try_join(histories, residents).await?;
        Ok(Stored::of(people, residents))
    }

    pub(super) fn keep(&mut self, stored: Stored) {
        self.stored = stored;
    }

    /// Whether it holds for the transaction, which has the lane's lock.
    pub(super) fn holds(&self, tx: &dyn LaneTx, now: Timestamp) -> bool {
        self.horizon == tx.seq() && self.asked <= now
    }
}

type Verdicts = HashMap<(usize, usize), LinkVerdict>;

/// Who may be whom, and whose history is read although nobody is like the child.
type Compared = (Known, Verdicts, Vec<PersonId>);

/// Off the async threads, unless there are so few that going there and back takes as long.
async fn compare_aside(
    parts: &LaneParts,
    works: &Arc<Vec<Work>>,
    round: &[usize],
    read: Candidates,
) -> Result<Compared, StoreError> {
    let children = round.iter().map(|index| match &works[*index] {
        Work::Refer(referred) => referred.children.len(),
        _ => 0,
    });
    if children.sum::<usize>() * read.rows.len().min(MAX_CANDIDATES) <= FEW {
        return Ok(known_and_verdicts(parts.judge.as_ref(), read, works, round));
    }
    let result = Arc::new(Mutex::new(None));
    let (into, judge) = (result.clone(), parts.judge.clone());
    let (works, round) = (works.clone(), round.to_vec());
    (parts.offload)(Box::new(move || {
        let compared = known_and_verdicts(judge.as_ref(), read, &works, &round);
        if let Ok(mut into) = into.lock() {
            *into = Some(compared);
        }
    }))
    .await;
    let compared = result.lock().ok().and_then(|mut result| result.take());
    compared.ok_or_else(|| StoreError::Refused("comparing candidates failed".to_owned()))
}

fn known_and_verdicts(
    judge: &dyn Judge,
    read: Candidates,
    works: &[Work],
    round: &[usize],
) -> Compared {
    let known = Known::of(judge, read);
    let (mut verdicts, mut others) = (HashMap::new(), Vec::new());
    for index in round {
        if let Work::Refer(referred) = &works[*index] {
            for (child, profile) in referred.children.iter().enumerate() {
                let candidates = known.candidates(profile, &HashSet::new());
                let verdict = judge.link(profile, &candidates);
                if verdict.person.is_none() && verdict.possible.is_empty() {
                    others.push(candidates.first().map_or(PersonId::NOBODY, |(person, _)| *person));
                }
                verdicts.insert((*index, child), verdict);
            }
        }
    }
    others.sort_unstable();
    others.dedup();
    (known, verdicts, others)
}

fn children_of<'a>(
    works: impl Iterator<Item = &'a Work>,
) -> impl Iterator<Item = &'a ChildProfile> {
    let referred = works.filter_map(|work| match work {
        Work::Refer(referred) => Some(referred),
        _ => None,
    });
    referred.flat_map(|referred| referred.children.iter())
}

fn tokens_of<'a>(works: impl Iterator<Item = &'a Work>) -> Vec<Token> {
    let mut tokens: Vec<Token> =
        children_of(works).flat_map(|child| child.tokens.iter()).copied().collect();
    tokens.sort_unstable();
    tokens.dedup();
    tokens
}

/// Links the items of one batch in order, each seeing the people that earlier ones made.
pub(super) struct Linker<'a> {
    parts: &'a LaneParts,
    ahead: Ahead,
    /// Tokens whose blocks grew since the ahead verdicts were given.
    grown: HashSet<Token>,
    /// What earlier items of this batch add to people's histories.
    within: Within,
}

impl<'a> Linker<'a> {
    pub(super) fn new(parts: &'a LaneParts, ahead: Ahead) -> Self {
        Linker { parts, ahead, grown: HashSet::new(), within: Within::default() }
    }

    /// Under the lock, and only when what was read ahead does not hold: adds what committed since,
    /// and fetches anew the history of every person that might be linked.
    pub(super) async fn look_again(
        &mut self,
        tx: &mut dyn LaneTx,
        items: &[(usize, &Work)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tokens = tokens_of(items.iter().map(|(_, work)| *work));
        if tokens.is_empty() && self.ahead.homes.is_empty() {
            return Ok(());
        }
        let rows = tx.candidates_since(self.ahead.horizon, &tokens).await?;
        let touched = self.ahead.known.add(self.parts.judge.as_ref(), rows);
        self.grown.extend(touched);
        for (index, work) in items {
            if let Work::Refer(referred) = work {
                self.settle(*index, &referred.children);
            }
        }
        let people = people_once(self.ahead.verdicts.values());
        self.ahead.stored = read_again(tx, &people, &self.ahead.homes, now).await?;
        Ok(())
    }

    /// Gives a child whose blocks grew a new verdict.
    fn settle(&mut self, index: usize, children: &[ChildProfile]) {
        for (child, profile) in children.iter().enumerate() {
            let grew = profile.tokens.iter().any(|token| self.grown.contains(token));
            if grew || !self.ahead.verdicts.contains_key(&(index, child)) {
                let candidates = self.ahead.known.candidates(profile, &HashSet::new());
                let verdict = self.parts.judge.link(profile, &candidates);
                self.ahead.verdicts.insert((index, child), verdict);
            }
        }
    }

    /// Links and histories of one referral's children. People made earlier in the batch count.
    pub(super) fn links_of(
        &mut self,
        index: usize,
        referred: &Referred,
    ) -> (Vec<ChildLink>, Vec<ChildHistory>) {
        self.settle(index, &referred.children);
        let mut verdicts: Vec<LinkVerdict> = (0..referred.children.len())
            .map(|child| self.ahead.verdicts[&(index, child)].clone())
            .collect();
        verdicts.iter_mut().for_each(|one| heed_people(one, false, &self.ahead.stored.people));
        self.conclude_links(referred, verdicts, &[], &self.ahead.stored)
    }

    /// `known` are the links that the referral has already, when it is added to; `stored` are
    /// histories without it.
    fn conclude_links(
        &self,
        referred: &Referred,
        verdicts: Vec<LinkVerdict>,
        known: &[StoredLink],
        stored: &Stored,
    ) -> (Vec<ChildLink>, Vec<ChildHistory>) {
        let own = takers(&verdicts, known);
        let links: Vec<ChildLink> = verdicts
            .into_iter()
            .enumerate()
            .map(|(child, verdict)| {
                // What was settled before stays, also where two children are one person by now.
                let stays = |person: &PersonId| {
                    settled(known, child).is_some_and(|link| link.person == *person)
                };
                let person = verdict
                    .person
                    .filter(|person| stays(person) || own.get(person) == Some(&child));
                let decision = settled(known, child).and_then(|link| link.decision);
                match made_before(known, child) {
                    Some(person) => child_of_its_own(verdict, person),
                    None => ChildLink {
                        decision,
                        ..self.child_link(verdict, person, referred.received_at)
                    },
                }
            })
            .collect();
        let histories = self.within.histories(&links, &referred.children, stored);
        (links, histories)
    }

    fn child_link(
        &self,
        verdict: LinkVerdict,
        person: Option<PersonId>,
        at: Timestamp,
    ) -> ChildLink {
        match (verdict.state, person) {
            (LinkState::Linked, Some(person)) => ChildLink {
                state: LinkState::Linked,
                person,
                fresh: false,
                weight: verdict.weight,
                decision: None,
                possible: verdict.possible,
                failed: verdict.failed,
            },
            (state, _) => {
                let mut possible = verdict.possible;
                if state == LinkState::Linked {
                    // Its sibling took the person: a reviewer should see it.
                    possible.splice(0..0, verdict.person.map(|person| (person, verdict.weight)));
                }
                let state = if possible.is_empty() { LinkState::New } else { LinkState::Possible };
                let person = PersonId::from_parts(at, self.parts.env.entropy_id());
                let failed = verdict.failed;
                let decision = None;
                ChildLink { state, person, fresh: true, weight: 0.0, decision, possible, failed }
            }
        }
    }

    /// Makes the people of a concluded referral visible to the rest of the batch. `known` are the
    /// links that it had before.
    pub(super) fn remember(
        &mut self,
        referred: &Referred,
        links: &[ChildLink],
        rows: &[LinkRow],
        known: &[StoredLink],
    ) {
        for (link, child) in links.iter().zip(&referred.children) {
            if link.state != LinkState::Linked {
                self.ahead.known.profiles.insert(link.person, child.profile.clone().into());
            }
            let mut touched = HashSet::new();
            self.ahead.known.index(link.person, &child.tokens, &mut touched);
            self.grown.extend(touched);
        }
        self.within.remember(&referred.children, rows, known);
    }

    /// Links of a referral that was added to. Children keep the people they have; all are looked
    /// up again, and whoever is found now stands first among the possible ones, for a reviewer.
    pub(super) async fn links_again(
        &mut self,
        tx: &mut dyn LaneTx,
        referral: ReferralId,
        merged: &Referred,
        known: &[StoredLink],
        now: Timestamp,
    ) -> Result<(Vec<ChildLink>, Vec<ChildHistory>), StoreError> {
        let tokens: Vec<Token> =
            merged.children.iter().flat_map(|child| child.tokens.iter().copied()).collect();
        let rows = tx.candidates_since(0, &tokens).await?;
        self.ahead.known.add(self.parts.judge.as_ref(), rows);
        let mut verdicts = Vec::new();
        for (index, child) in merged.children.iter().enumerate() {
            let candidates = self.ahead.known.candidates(child, &not_for(known, index));
            let mut verdict = self.parts.judge.link(child, &candidates);
            if let Some(link) = settled(known, index) {
                let found = verdict.person.map(|person| (person, verdict.weight));
                verdict.possible.splice(0..0, found);
                verdict.state = LinkState::Linked;
                verdict.person = Some(link.person);
                verdict.weight = link.weight;
            }
            verdicts.push(verdict);
        }
        let people = people_once(verdicts.iter());
        // Apart from what the rest of the batch reads: there this referral counts.
        let since = year_before(now);
        let stored = read_without(tx, &people, &merged.children, since, referral).await?;
        for (index, verdict) in verdicts.iter_mut().enumerate() {
            heed_people(verdict, settled(known, index).is_some(), &stored.people);
        }
        Ok(self.conclude_links(merged, verdicts, known, &stored))
    }

    /// Whom linkage is sure that a child is, of those read so far. Whoever was adopted, and what
    /// people have told apart, is left to a person.
    pub(super) async fn sure_of(
        &self,
        tx: &mut dyn LaneTx,
        child: &ChildProfile,
        not: &HashSet<PersonId>,
        now: Timestamp,
    ) -> Result<Option<(PersonId, f32)>, StoreError> {
        let candidates = self.ahead.known.candidates(child, not);
        let mut verdict = self.parts.judge.link(child, &candidates);
        let people = people_once(std::iter::once(&verdict));
        let rows = tx.histories(&people, year_before(now), &[]).await?;
        let stored = rows.into_iter().map(|row| (row.person, row)).collect();
        heed_people(&mut verdict, false, &stored);
        let sure = verdict.state == LinkState::Linked;
        Ok(verdict.person.filter(|_| sure).map(|person| (person, verdict.weight)))
    }
}

/// What is known of people and homes, under the lock.
async fn read_again(
    tx: &mut dyn LaneTx,
    people: &[PersonId],
    homes: &[Token],
    now: Timestamp,
) -> Result<Stored, StoreError> {
    let since = year_before(now);
    let people = match people.is_empty() {
        true => Vec::new(),
        false => tx.histories(people, since, &[]).await?,
    };
    let residents = if homes.is_empty() { Vec::new() } else { tx.residents(homes, since).await? };
    Ok(Stored::of(people, residents))
}

pub(super) fn year_before(now: Timestamp) -> Timestamp {
    now.plus_seconds(-YEAR_SECONDS)
}
