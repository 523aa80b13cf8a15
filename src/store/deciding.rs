//! A person's word on a match, under the lane's lock: what changes with it, and whose decisions
//! rested on what was wrong. Statements are only ever added; a later word supersedes.

use super::change::{Change, change};
use super::error::StoreError;
use super::families::{is_left, joined, last_said, on_records};
use super::histories::Within;
use super::lane::LaneParts;
use super::linking::year_before;
use super::matches::*;
use super::recounts::Recount;
use super::rows::*;
use super::settled::{of_child, settled};
use super::standing::{known_of, leave_apart, links_of};
use super::traits::LaneTx;
use super::work::*;
use crate::audit::Event;
use crate::domain::matching::WrongBy;
use crate::domain::{
    DecisionId, LinkState, MatchId, PersonId, Reference, ReferralId, Timestamp, Withdrawn, Word,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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
    let asked = word.of.person;
    let is_asked = |link: &&StoredLink| link.person == asked || link.record == asked;
    let pair = of_child(&known, child).find(is_asked);
    // Of the person that the referral made, only what is proposed can be asked or taken.
    let known_as = |link: &&StoredLink| match link.state {
        LinkState::New => word.word == Word::Link,
        state => !matches!(state, LinkState::Left | LinkState::Moved),
    };
    let Some(pair) = pair.filter(known_as) else { return done(Done::Unknown) };
    let Some(mut change) = change(word.word, pair, &known) else { return done(Done::Taken) };
    let pair = pair.clone();
    let said = tx.statements(pair.person).await?;
    if change == Change::Join && is_left(&said) {
        return done(Done::Taken);
    }
    let joined = joined(&said, stored.row.id, word.of.child);
    if change == Change::Whose
        && word.word == Word::NotSure
        && joined.is_some_and(|first| first.decision.is_some())
    {
        change = Change::Doubt;
    }
    let person = pair.person;
    let mut case = Case { parts, tx, word, now, stored, known, pair, rows: Batch::default() };
    let proposed = case.settle(change).await?;
    let takes = word.lower.is_some() && !matches!(change, Change::Join | Change::Reopen);
    if let (true, Some(proposed)) = (takes, &proposed) {
        let rows = Batch { desk: vec![case.event("proposal.shown")], ..Batch::default() };
        return Ok(Concluded { rows, done: Done::Unread(proposed.clone()) });
    }
    if case.rows.is_empty() {
        // It stands so already: nothing is kept but that somebody said it, and was told.
        let again = case.event("match.said-again").detail(word.word.as_str());
        case.rows.desk.push(again);
    } else {
        case.note();
    }
    let standing = settled(&case.known, child);
    let pair = of_child(&case.known, child).find(|link| link.person == person);
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

/// The machine has linked a child to a record, and the authority's records have merged it since
/// with another, of which a person had said that it is not the child. The word outweighs the link:
/// the child is one of its own, and should the merge be taken back the machine's is possible.
/// Of one child at a time; `None` where there is nothing to heed.
pub(super) async fn heed_word(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    (stored, known): &(StoredReferral, Vec<StoredLink>),
    now: Timestamp,
) -> Result<Option<Batch>, StoreError> {
    let by_machine =
        known.iter().filter(|link| link.state == LinkState::Linked && link.decision.is_none());
    for pair in by_machine {
        let said = tx.statements(pair.person).await?;
        let of_child = |one: &&Statement| (one.referral, one.child) == (stored.row.id, pair.child);
        let mut last: BTreeMap<PersonId, &Statement> = BTreeMap::new();
        last.extend(said.iter().filter(of_child).map(|one| (one.record, one)));
        let not = last.values().find(|one| one.state == LinkState::Separate);
        let Some((id, other)) = not.and_then(|one| Some((one.decision?, one.record))) else {
            continue;
        };
        let of = MatchId { reference: stored.row.reference, child: pair.child, person: other };
        let by = Sealed { wrapped_key: Vec::new(), body: Vec::new() };
        let actor = "frontdoor".to_owned();
        let word = MatchWord { of, id, word: Word::Separate, lower: None, by, actor };
        let event = Event::new("match.separated", "frontdoor").about(stored.row.id);
        let rows = Batch { desk: vec![event.of(pair.record)], ..Batch::default() };
        let (stored, known, pair) = (stored.clone(), known.clone(), pair.clone());
        let mut case = Case { parts, tx, word: &word, now, stored, known, pair, rows };
        case.give_way(other).await?;
        return Ok(Some(case.rows));
    }
    Ok(None)
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
        if change != Change::Nothing {
            self.restate();
        }
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
            Change::Part => self.part(LinkState::Separate).await?,
            Change::Doubt => self.part(LinkState::Possible).await?,
            Change::Exclude => {
                self.exclude(true).await?;
                None
            }
            Change::Reopen => {
                self.exclude(false).await?;
                None
            }
        };
        let how = match (change, self.word.lower) {
            (Change::Join | Change::Reopen, _) => How::Raise,
            (Change::Part | Change::Doubt | Change::Exclude, Some(read)) => How::Lower(read),
            (Change::Part | Change::Doubt | Change::Exclude, None) => How::Propose,
            (Change::Nothing | Change::Whose, Some(read)) => How::Take(read),
            (Change::Nothing | Change::Whose, None) => How::Look,
        };
        let parts = matches!(change, Change::Part | Change::Doubt);
        let withdrawn = if parts { self.wrong().await? } else { None };
        self.revisit_own(how, withdrawn, fresh).await
    }

    /// A person speaks of the record that they see, the survivor's. A link to one that was merged
    /// is a link to that one from now on; should the merge be taken back, the merged one is
    /// possible.
    fn restate(&mut self) {
        let (merged, own) = (self.pair.record, self.pair.person);
        if merged == own {
            return;
        }
        if self.pair.state.is_settled() {
            let link = StoredLink { decision: None, ..self.pair.clone() };
            self.write(&link, merged, LinkState::Possible);
            let moved = self.event("match.moved").detail(format!("{merged} to {own}"));
            self.rows.desk.push(moved);
            self.write(&self.pair.clone(), own, self.pair.state);
        }
        let pair = &self.pair;
        let same = |link: &&mut StoredLink| link.child == pair.child && link.person == own;
        if let Some(held) = self.known.iter_mut().find(same) {
            held.record = own;
        }
        self.pair.record = own;
    }

    fn event(&self, kind: &str) -> Event {
        let word = self.word;
        Event::new(kind, &word.actor).about(self.stored.row.id).of(word.of.person)
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
        self.rows.desk.push(self.event("match.decided").detail(detail));
        // Whether anything was lowered, the judge has told; by whose word, is told here.
        let lowered = |event: &&mut Event| event.kind == LOWERED;
        for event in self.rows.desk.iter_mut().filter(lowered) {
            event.actor.clone_from(&word.actor);
            event.detail = Some(word.id.to_string());
        }
    }

    /// States how the child stands to a person now.
    fn say(&mut self, person: PersonId, state: LinkState, decision: Option<DecisionId>) {
        let mut link = StoredLink { person, record: person, state, decision, ..self.pair.clone() };
        if let Some(held) =
            self.known.iter_mut().find(|held| held.child == link.child && held.person == person)
        {
            link = StoredLink { state, decision, ..held.clone() };
            *held = link.clone();
        } else {
            self.known.push(link.clone());
        }
        // What the child is, deciding again writes with its level.
        self.write(&link, link.record, state);
    }

    /// A statement on a record; of several in one word on the same record the last.
    fn write(&mut self, link: &StoredLink, record: PersonId, state: LinkState) {
        let referral = self.stored.row.id;
        self.rows
            .links
            .retain(|row| (row.referral, row.child, row.person) != (referral, link.child, record));
        self.rows.links.push(LinkRow {
            referral,
            child: link.child,
            person: record,
            state,
            weight: link.weight,
            at: self.now,
            agency: self.stored.row.agency.clone(),
            level_rank: link.level_rank,
            decision: link.decision,
        });
    }

    fn tell_apart(&mut self, own: PersonId, person: PersonId, stands: bool) {
        let (at, decision) = (self.now, self.word.id);
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
            if !theirs.contains_key(&(other.referral, other.child)) {
                self.say_of(&other, self.pair.person, LinkState::Possible, None);
            }
        }
        if self.pair.state == LinkState::Separate {
            self.tell_apart(own, self.pair.person, false);
        }
        self.say(own, LinkState::Left, Some(self.word.id));
        self.say(self.pair.person, LinkState::Linked, Some(self.word.id));
        Ok(())
    }

    /// The child is one of its own. The other is not the child, or may be.
    async fn part(&mut self, state: LinkState) -> Result<Option<PersonId>, StoreError> {
        self.say(self.pair.person, state, Some(self.word.id));
        let not = (state == LinkState::Separate).then_some(self.pair.person);
        self.its_own(not).await
    }

    /// The same for a word that was said of another record of the same person.
    async fn give_way(&mut self, other: PersonId) -> Result<(), StoreError> {
        let machine = StoredLink { decision: None, ..self.pair.clone() };
        self.write(&machine, self.pair.record, LinkState::Possible);
        let pair = &self.pair;
        let same = |link: &&mut StoredLink| (link.child, link.person) == (pair.child, pair.person);
        if let Some(held) = self.known.iter_mut().find(same) {
            (held.state, held.record) = (LinkState::Separate, other);
            held.decision = Some(self.word.id);
        }
        let fresh = self.its_own(Some(other)).await?;
        let withdrawn = self.wrong().await?;
        self.revisit_own(How::Propose, withdrawn, fresh).await?;
        Ok(())
    }

    /// The child goes back to the person that its referral made, or gets a new one, which is
    /// returned; told apart from whom it is `not`.
    async fn its_own(&mut self, not: Option<PersonId>) -> Result<Option<PersonId>, StoreError> {
        let child = usize::from(self.pair.child);
        let left = of_child(&self.known, child).find(|link| link.state == LinkState::Left);
        let by = left.and_then(|link| link.decision);
        let left = left.map(|link| link.person);
        let own =
            left.unwrap_or_else(|| PersonId::from_parts(self.now, self.parts.env.entropy_id()));
        self.say(own, LinkState::New, None);
        if let Some(not) = not {
            self.tell_apart(own, not, true);
        }
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
            self.tell_apart(own, self.pair.person, out);
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
        let kind = if state == LinkState::Moved { "match.moved" } else { "match.possible" };
        self.rows.desk.push(Event::new(kind, &self.word.actor).about(other.referral).of(person));
    }

    /// What was wrong since when. The referrals that were decided with it since are decided again
    /// one after another, when this word is kept.
    async fn wrong(&mut self) -> Result<Option<Withdrawn>, StoreError> {
        let (referral, person) = (self.stored.row.id, self.pair.person);
        let said = self.tx.statements(person).await?;
        let Some(first) = joined(&said, referral, self.pair.child) else { return Ok(None) };
        let (seq, since) = (first.seq, first.at);
        let counted = last_said(said).into_values().filter(|one| {
            let may_be = one.state.is_settled() || one.state == LinkState::Possible;
            may_be && one.decided >= seq
        });
        let mut others: BTreeMap<ReferralId, Reference> =
            counted.map(|one| (one.referral, one.reference)).collect();
        // Brothers and sisters had counted it as well.
        others.extend(self.tx.counted_by_kin(person, seq).await?);
        others.remove(&referral);
        let decision = Some(self.word.id);
        let recount = |(referral, reference)| Recount {
            seq: 0,
            referral,
            reference,
            person,
            since,
            decision,
        };
        self.rows.recounts.extend(others.into_iter().map(recount));
        Ok(Some(Withdrawn { person, kind: WrongBy::Joined, since }))
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
        let since = year_before(self.stored.row.received_at);
        let id = self.stored.row.id;
        let mut read = known_of(self.tx, &links, &referred.children, since, id).await?;
        read.heed(&self.rows.apart);
        leave_apart(&mut links, &read.people, &self.rows.apart);
        let histories = Within::default().histories(&links, &referred.children, &read);
        let stored = &self.stored;
        let clocks = self.tx.clocks(id).await?;
        let visit = Revisit {
            stored,
            referred: &referred,
            links: &links,
            histories: &histories,
            clocks: &clocks,
            how,
            withdrawn,
            own: true,
        };
        let (mut rows, proposed) = self.parts.judge.conclude_revisit(&visit, self.now)?;
        // It has written anew who the children are.
        on_records(&mut rows.links, &self.known);
        let again: BTreeSet<(u16, PersonId)> =
            rows.links.iter().map(|link| (link.child, link.person)).collect();
        let referral = self.stored.row.id;
        self.rows.links.retain(|link| {
            link.referral != referral || !again.contains(&(link.child, link.person))
        });
        self.rows.append(rows);
        Ok(proposed)
    }
}
