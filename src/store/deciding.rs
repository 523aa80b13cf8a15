//! A person's word on a match, under the lane's lock: what changes with it, and whose decisions
//! rested on what was wrong. Statements are only ever added; a later word supersedes.

use super::error::StoreError;
use super::lane::LaneParts;
use super::linking::{Ahead, Linker, year_before};
use super::matches::*;
use super::rows::*;
use super::settled::{of_child, settled};
use super::traits::LaneTx;
use super::work::*;
use crate::audit::Event;
use crate::domain::matching::WrongBy;
use crate::domain::{
    ChildHistory, DecisionId, LinkState, PersonId, Reference, ReferralId, Timestamp, Withdrawn,
    Word,
};
use foldhash::{HashMap, HashMapExt};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a word changes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// It stands so already.
    Nothing,
    /// Whose word it is: links stay as they are.
    Whose,
    /// The child is that person.
    Join,
    /// The child, which was taken for that person, is one of its own.
    Part,
    /// A possible one is none.
    Exclude,
    /// A separated one is possible again.
    Reopen,
}

/// Takes a person's word.
pub(super) async fn decide(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    word: &MatchWord,
    now: Timestamp,
) -> Result<Concluded, StoreError> {
    let done = |done| Ok(Concluded { rows: Batch::default(), done });
    let Some((stored, known)) = tx.referral(word.of.reference).await? else {
        return done(Done::Unknown);
    };
    let child = usize::from(word.of.child);
    let pair = of_child(&known, child).find(|link| link.person == word.of.person);
    // Of the person that the referral made, only what is proposed can be asked or taken.
    let known_as = |link: &&StoredLink| match link.state {
        LinkState::New => word.word == Word::Link,
        state => !matches!(state, LinkState::Left | LinkState::Moved),
    };
    let Some(pair) = pair.filter(known_as) else { return done(Done::Unknown) };
    let Some(change) = change(word.word, pair, &known) else { return done(Done::Taken) };
    let pair = pair.clone();
    if change == Change::Join && is_left(&tx.statements(pair.person).await?) {
        return done(Done::Taken);
    }
    let mut case = Case { parts, tx, word, now, stored, known, pair, rows: Batch::default() };
    let proposed = case.settle(change).await?;
    let standing = settled(&case.known, child);
    let pair = of_child(&case.known, child).find(|link| link.person == word.of.person);
    let (Some(standing), Some(pair)) = (standing, pair) else {
        return Err(StoreError::Damaged("a child is nobody".to_owned()));
    };
    let settled = Settled {
        state: pair.state,
        confirmed: pair.decision.is_some() && pair.state != LinkState::Possible,
        person: standing.person,
        proposed,
    };
    Ok(Concluded { rows: case.rows, done: Done::Settled(settled) })
}

/// Whether the person was made by a referral and is nobody's any more. Of the authority's own
/// people no referral has said that they are new.
fn is_left(said: &[Statement]) -> bool {
    let made = said.iter().any(|one| one.state == LinkState::New);
    made && !last_said(said.to_vec()).values().any(|one| one.state.is_settled())
}

/// What a word changes in a match; `None` where the child, or the person, is taken.
fn change(word: Word, pair: &StoredLink, known: &[StoredLink]) -> Option<Change> {
    let said = pair.decision.is_some();
    let same = if said { Change::Nothing } else { Change::Whose };
    Some(match (word, pair.state) {
        (Word::Link, LinkState::Linked) | (Word::NotSure, LinkState::Possible) => same,
        (Word::Link, LinkState::New) => Change::Nothing,
        (Word::Link, _) => {
            // A child is one person, and two children of one referral are two.
            let own = settled(known, usize::from(pair.child));
            let of_its_own = own.is_some_and(|own| own.state == LinkState::New);
            let mut others = known.iter().filter(|link| link.child != pair.child);
            let free = !others.any(|link| link.state.is_settled() && link.person == pair.person);
            return (of_its_own && free).then_some(Change::Join);
        }
        (Word::Separate, LinkState::Linked) => Change::Part,
        (Word::Separate, LinkState::Separate) => Change::Nothing,
        (Word::Separate, _) => Change::Exclude,
        (Word::NotSure, LinkState::Linked) if said => Change::Whose,
        (Word::NotSure, LinkState::Linked) => Change::Nothing,
        (Word::NotSure, _) => Change::Reopen,
    })
}

/// One word under way.
struct Case<'a> {
    parts: &'a LaneParts,
    tx: &'a mut dyn LaneTx,
    word: &'a MatchWord,
    now: Timestamp,
    stored: StoredReferral,
    /// What stands of the referral; changed as the word says.
    known: Vec<StoredLink>,
    /// The match, as it stood.
    pair: StoredLink,
    rows: Batch,
}

impl Case<'_> {
    async fn settle(&mut self, change: Change) -> Result<Option<Arc<[u8]>>, StoreError> {
        let fresh = match change {
            Change::Nothing => None,
            Change::Whose => {
                let said = (self.word.word != Word::NotSure
                    || self.pair.state == LinkState::Possible)
                    .then_some(self.word.id);
                self.say(self.pair.person, self.pair.state, said);
                None
            }
            Change::Join => {
                self.join().await?;
                None
            }
            Change::Part => self.part().await?,
            Change::Exclude => {
                self.exclude(true).await?;
                None
            }
            Change::Reopen => {
                self.exclude(false).await?;
                None
            }
        };
        let how = match change {
            Change::Join | Change::Reopen => How::Raise,
            Change::Part | Change::Exclude if self.word.lower => How::Lower,
            Change::Part | Change::Exclude => How::Propose,
            Change::Nothing | Change::Whose if self.word.lower => How::Take,
            Change::Nothing | Change::Whose => How::Look,
        };
        let wrong = if change == Change::Part { self.wrong().await? } else { None };
        let withdrawn = wrong.as_ref().map(|wrong| wrong.0);
        let proposed = self.revisit_own(how, withdrawn, fresh).await?;
        if let Some((joined, others)) = wrong {
            for reference in others {
                self.revisit_other(reference, joined).await?;
            }
        }
        if !self.rows.is_empty() {
            self.note();
        }
        Ok(proposed)
    }

    /// Keeps what was said, by whom and why, with its event.
    fn note(&mut self) {
        let (word, referral) = (self.word, self.stored.row.id);
        self.rows.decisions.push(DecisionRow {
            id: word.id,
            referral,
            child: word.of.child,
            person: word.of.person,
            word: word.word,
            at: self.now,
            by: word.by.clone(),
        });
        let detail = format!("{} {}", word.word.as_str(), word.id);
        let event = Event::new("match.decided", &word.actor).about(referral).of(word.of.person);
        self.rows.desk.push(event.detail(detail));
        if word.lower {
            let event = Event::new("decision.lowered", &word.actor).about(referral);
            self.rows.desk.push(event.detail(word.id.to_string()));
        }
    }

    /// States how the child stands to a person now.
    fn say(&mut self, person: PersonId, state: LinkState, decision: Option<DecisionId>) {
        let mut link = StoredLink { person, state, decision, ..self.pair.clone() };
        if let Some(held) =
            self.known.iter_mut().find(|held| held.child == link.child && held.person == person)
        {
            link = StoredLink { state, decision, ..held.clone() };
            *held = link.clone();
        } else {
            self.known.push(link.clone());
        }
        // What the child is, deciding again writes with its level.
        let (referral, agency) = (self.stored.row.id, self.stored.row.agency.clone());
        self.rows.links.push(LinkRow {
            referral,
            child: link.child,
            person,
            state,
            weight: link.weight,
            at: self.now,
            agency,
            level_rank: link.level_rank,
            decision,
        });
    }

    fn tell_apart(&mut self, own: PersonId, stands: bool) {
        let (person, at, decision) = (self.pair.person, self.now, self.word.id);
        let row = |one, other| ApartRow { one, other, stands, at, decision };
        self.rows.apart.extend([row(own, person), row(person, own)]);
    }

    fn own(&self) -> Option<PersonId> {
        settled(&self.known, usize::from(self.pair.child)).map(|link| link.person)
    }

    /// The child is that person. The one that its referral made is left: with nobody else linked
    /// to it, it is no candidate any more, and whoever may be it may be that person instead. Others
    /// stay, and may be that person as well.
    async fn join(&mut self) -> Result<(), StoreError> {
        let Some(own) = self.own() else { return Ok(()) };
        let mut others = self.others_of(own, LinkState::is_settled).await?;
        if others.is_empty() {
            // An empty profile cannot be opened.
            self.rows.profiles.push((own, Vec::new()));
            others = self.others_of(own, |state| state == LinkState::Possible).await?;
            for other in &others {
                self.say_of(other, own, LinkState::Moved, Some(self.word.id));
            }
        }
        let theirs = last_said(self.tx.statements(self.pair.person).await?);
        for other in others {
            let said = theirs.get(&(other.referral, other.child));
            let carried = |said: &Statement| {
                said.state == LinkState::Separate && said.decision == self.pair.decision
            };
            if said.is_none_or(carried) {
                self.say_of(&other, self.pair.person, LinkState::Possible, None);
            }
        }
        if self.pair.state == LinkState::Separate {
            self.tell_apart(own, false);
        }
        self.say(own, LinkState::Left, Some(self.word.id));
        self.say(self.pair.person, LinkState::Linked, Some(self.word.id));
        Ok(())
    }

    /// The child goes back to the person that its referral made, or gets a new one, which is
    /// returned.
    async fn part(&mut self) -> Result<Option<PersonId>, StoreError> {
        let child = usize::from(self.pair.child);
        let left = of_child(&self.known, child).find(|link| link.state == LinkState::Left);
        let by = left.and_then(|link| link.decision);
        let left = left.map(|link| link.person);
        let own =
            left.unwrap_or_else(|| PersonId::from_parts(self.now, self.parts.env.entropy_id()));
        self.say(self.pair.person, LinkState::Separate, Some(self.word.id));
        self.say(own, LinkState::New, None);
        self.tell_apart(own, true);
        self.carry(own).await?;
        // Whoever might have been it may be it again.
        for other in self.others_of(own, |state| state == LinkState::Moved).await? {
            if by.is_some() && other.decision == by {
                self.say_of(&other, own, LinkState::Possible, None);
            }
        }
        Ok(left.is_none().then_some(own))
    }

    /// A possible one is none (`out`), or is possible again.
    async fn exclude(&mut self, out: bool) -> Result<(), StoreError> {
        let state = if out { LinkState::Separate } else { LinkState::Possible };
        self.say(self.pair.person, state, Some(self.word.id));
        let child = usize::from(self.pair.child);
        let made = of_child(&self.known, child)
            .find(|link| matches!(link.state, LinkState::New | LinkState::Left))
            .map(|link| link.person);
        if let Some(own) = made {
            self.tell_apart(own, out);
            if out {
                self.carry(own).await?;
            }
        }
        Ok(())
    }

    /// Whoever else is the child's own person is not the other one either.
    async fn carry(&mut self, own: PersonId) -> Result<(), StoreError> {
        let others = self.others_of(own, LinkState::is_settled).await?;
        let theirs = last_said(self.tx.statements(self.pair.person).await?);
        for other in others {
            let said = theirs.get(&(other.referral, other.child));
            if said.is_some_and(|said| said.state == LinkState::Possible) {
                let (not, by) = (self.pair.person, Some(self.word.id));
                self.say_of(&other, not, LinkState::Separate, by);
            }
        }
        Ok(())
    }

    /// Children of other referrals, by how they stand to this person.
    async fn others_of(
        &mut self,
        person: PersonId,
        stands: impl Fn(LinkState) -> bool,
    ) -> Result<Vec<Statement>, StoreError> {
        let referral = self.stored.row.id;
        let all = last_said(self.tx.statements(person).await?);
        let others = all.into_values().filter(|said| said.referral != referral);
        Ok(others.filter(|said| stands(said.state)).collect())
    }

    /// States how another referral's child stands to a person.
    fn say_of(
        &mut self,
        other: &Statement,
        person: PersonId,
        state: LinkState,
        decision: Option<DecisionId>,
    ) {
        self.rows.links.push(LinkRow {
            referral: other.referral,
            child: other.child,
            person,
            state,
            weight: self.pair.weight,
            at: self.now,
            agency: other.agency.clone(),
            level_rank: 0,
            decision,
        });
        if state == LinkState::Possible {
            let event = Event::new("match.possible", &self.word.actor).about(other.referral);
            self.rows.desk.push(event.of(person));
        }
    }

    /// What was wrong since when, and the referrals that were decided with it since.
    async fn wrong(&mut self) -> Result<Option<(Withdrawn, BTreeSet<Reference>)>, StoreError> {
        let (referral, child) = (self.stored.row.id, self.pair.child);
        let said = self.tx.statements(self.pair.person).await?;
        let mut joined: Option<(LaneSeq, Timestamp)> = None;
        for one in said.iter().filter(|one| one.referral == referral && one.child == child) {
            joined = match one.state {
                LinkState::Linked => joined.or(Some((one.seq, one.at))),
                _ => None,
            };
        }
        let Some((seq, since)) = joined else { return Ok(None) };
        let counted = last_said(said).into_values().filter(|one| {
            let may_be = one.state.is_settled() || one.state == LinkState::Possible;
            one.referral != referral && may_be && one.seq >= seq
        });
        let others = counted.map(|one| one.reference).collect();
        let person = self.pair.person;
        Ok(Some((Withdrawn { person, kind: WrongBy::Joined, since }, others)))
    }

    async fn revisit_own(
        &mut self,
        how: How,
        withdrawn: Option<Withdrawn>,
        fresh: Option<PersonId>,
    ) -> Result<Option<Arc<[u8]>>, StoreError> {
        let referred = self.parts.judge.reopen(&self.stored, self.now)?;
        let mut links = links_of(&self.known, referred.children.len())?;
        for link in &mut links {
            link.fresh = Some(link.person) == fresh;
        }
        let except = [self.stored.row.id];
        let since = year_before(self.stored.row.received_at);
        let histories = histories(self.parts, self.tx, &links, since, &except).await?;
        let stored = &self.stored;
        let visit = Revisit {
            stored,
            referred: &referred,
            links: &links,
            histories: &histories,
            how,
            withdrawn,
            own: true,
        };
        let (rows, proposed) = self.parts.judge.conclude_revisit(&visit, self.now)?;
        // It has written anew who the children are.
        let again: BTreeSet<(u16, PersonId)> =
            rows.links.iter().map(|link| (link.child, link.person)).collect();
        let referral = self.stored.row.id;
        self.rows.links.retain(|link| {
            link.referral != referral || !again.contains(&(link.child, link.person))
        });
        self.rows.append(rows);
        Ok(proposed)
    }

    async fn revisit_other(
        &mut self,
        reference: Reference,
        joined: Withdrawn,
    ) -> Result<(), StoreError> {
        let Some((stored, known)) = self.tx.referral(reference).await? else { return Ok(()) };
        let referred = self.parts.judge.reopen(&stored, self.now)?;
        let links = links_of(&known, referred.children.len())?;
        let except = [stored.row.id, self.stored.row.id];
        let since = year_before(stored.row.received_at);
        let histories = histories(self.parts, self.tx, &links, since, &except).await?;
        let visit = Revisit {
            stored: &stored,
            referred: &referred,
            links: &links,
            histories: &histories,
            how: How::Propose,
            withdrawn: Some(Withdrawn { kind: WrongBy::Counted, ..joined }),
            own: false,
        };
        let (rows, _) = self.parts.judge.conclude_revisit(&visit, self.now)?;
        self.rows.append(rows);
        let event = Event::new("history.withdrawn", &self.word.actor).about(stored.row.id);
        self.rows.desk.push(event.of(joined.person).detail(self.word.id.to_string()));
        Ok(())
    }
}

/// The last statement about each child.
fn last_said(said: Vec<Statement>) -> BTreeMap<(ReferralId, u16), Statement> {
    said.into_iter().map(|one| ((one.referral, one.child), one)).collect()
}

/// How the children of a stored referral stand.
fn links_of(known: &[StoredLink], children: usize) -> Result<Vec<ChildLink>, StoreError> {
    let link = |child| {
        let own = settled(known, child)
            .ok_or_else(|| StoreError::Damaged("a child is nobody".to_owned()))?;
        let may_be = of_child(known, child).filter(|link| link.state == LinkState::Possible);
        let mut possible: Vec<_> = may_be.map(|link| (link.person, link.weight)).collect();
        possible.sort_by(|one, two| two.1.total_cmp(&one.1).then(one.0.cmp(&two.0)));
        let state = match own.state {
            LinkState::New if !possible.is_empty() => LinkState::Possible,
            state => state,
        };
        Ok(ChildLink {
            state,
            person: own.person,
            fresh: false,
            weight: if own.state == LinkState::Linked { own.weight } else { 0.0 },
            decision: own.decision,
            possible,
            failed: false,
        })
    };
    (0..children).map(link).collect()
}

/// What is known of the children without some referrals.
pub(super) async fn histories(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    links: &[ChildLink],
    since: Timestamp,
    except: &[ReferralId],
) -> Result<Vec<ChildHistory>, StoreError> {
    let people = links.iter().flat_map(|link| {
        let best = link.possible.first().map(|(person, _)| *person);
        std::iter::once(link.person).chain(best)
    });
    let people: Vec<PersonId> = people.collect::<BTreeSet<_>>().into_iter().collect();
    let rows = tx.histories(&people, since, except).await?;
    let mut stored = HashMap::new();
    stored.extend(rows.into_iter().map(|row| (row.person, row)));
    let linker = Linker::new(parts, Ahead::default());
    Ok(links.iter().map(|link| linker.history_of(link, &stored)).collect())
}
