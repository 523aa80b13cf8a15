//! The one database that every gateway process shares: tables in memory, changed only by whole
//! transactions.

use super::dice::Map;
use super::judge::REFUSED_LEVEL;
use frontdoor::audit::{ChainKey, ChainName, Event, GENESIS, StoredLinkOfChain};
use frontdoor::domain::ids::RefusalId;
use frontdoor::domain::shortlist::shortlist;
use frontdoor::domain::{
    DestinationId, MessageId, PersonId, Priority, Reference, ReferralId, Timestamp,
};
use frontdoor::store::error::{Result, StoreError};
use frontdoor::store::*;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A referral with all that hangs on it.
pub(super) struct ReferralEntry {
    pub row: ReferralRow,
    pub links: Vec<LinkRow>,
    pub messages: Vec<MessageId>,
}

pub(super) struct PersonEntry {
    pub row: PersonRow,
    /// Referrals linked to it, oldest first.
    pub referrals: Vec<(ReferralId, Timestamp)>,
}

/// A message of the outbox.
pub(super) struct MessageEntry {
    pub row: OutboxRow,
    pub state: DeliveryState,
    pub next_attempt_at: Timestamp,
    pub delivered_at: Option<Timestamp>,
    pub acknowledged_at: Option<Timestamp>,
    pub breaches: u32,
    pub diverted: bool,
    /// How often it was sent again after it had died.
    pub revivals: u32,
}

impl MessageEntry {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, DeliveryState::Delivering | DeliveryState::Failing)
    }
}

/// One referral or addition, as it was committed.
pub(super) struct Decision {
    pub referral: ReferralId,
    pub record: Sealed,
    pub links: Vec<LinkRow>,
}

impl Decision {
    fn of(row: &ReferralRow) -> Self {
        Decision { referral: row.id, record: row.record.clone(), links: Vec::new() }
    }
}

/// One (referral or refusal, destination).
pub(super) type Pair = (Uuid, DestinationId);

pub(super) fn pair(row: &OutboxRow) -> Pair {
    let about = row.referral.map(|id| id.0).or(row.refusal.map(|id| id.0)).unwrap_or(row.id.0);
    (about, row.destination.clone())
}

/// The order in which messages are claimed: the most pressing, then the oldest.
type ClaimOrder = (Reverse<bool>, Timestamp, MessageId);

fn claim_order(row: &OutboxRow) -> ClaimOrder {
    let immediate = row.priority == frontdoor::domain::Priority::Immediate;
    (Reverse(immediate), row.created_at, row.id)
}

/// A token, and who carries it since when.
type Block = Vec<(PersonId, LaneSeq)>;

/// All tables. Maps that are walked are ordered, so that a seed repeats itself.
pub(super) struct Tables {
    pub seq: LaneSeq,
    pub referrals: Map<ReferralId, ReferralEntry>,
    pub by_reference: Map<Reference, ReferralId>,
    /// What was decided, in order of commit.
    pub history: Vec<Decision>,
    pub people: Map<PersonId, PersonEntry>,
    pub blocks: Map<Token, Block>,
    pub outbox: Map<MessageId, MessageEntry>,
    /// Messages that no broker has confirmed.
    pub open: BTreeSet<ClaimOrder>,
    /// The same by pair and sequence.
    pub open_pairs: Map<Pair, BTreeSet<(i32, MessageId)>>,
    pub dead_to_masstt: BTreeSet<MessageId>,
    /// Neither acknowledged nor breached, by when they are due.
    pub ticking: BTreeSet<(Timestamp, MessageId)>,
    pub repeats: Map<Token16, NewRepeat>,
    /// Every repeat key ever written, with the latest time that a clock had said by then.
    pub keys_written: Vec<(NewRepeat, Timestamp)>,
    pub refusals: BTreeMap<RefusalId, RefusalRow>,
    pub open_refusals: Map<Token16, RefusalId>,
    refusals_by_key: Map<Token16, Vec<RefusalId>>,
    pub chains: Map<&'static str, Vec<StoredLinkOfChain>>,
    pub totals: BTreeMap<Tally, i64>,
    pub deltas: Vec<(Tally, i64)>,
    pub key: ChainKey,
}

impl Default for Tables {
    fn default() -> Self {
        Tables {
            seq: 0,
            referrals: Map::default(),
            by_reference: Map::default(),
            history: Vec::new(),
            people: Map::default(),
            blocks: Map::default(),
            outbox: Map::default(),
            open: BTreeSet::new(),
            open_pairs: Map::default(),
            dead_to_masstt: BTreeSet::new(),
            ticking: BTreeSet::new(),
            repeats: Map::default(),
            keys_written: Vec::new(),
            refusals: BTreeMap::new(),
            open_refusals: Map::default(),
            refusals_by_key: Map::default(),
            chains: Map::default(),
            totals: BTreeMap::new(),
            deltas: Vec::new(),
            key: ChainKey::new(&[9; 32]),
        }
    }
}

fn refused<T>(why: &str) -> Result<T> {
    Err(StoreError::Refused(why.to_owned()))
}

impl Tables {
    /// What the schema's constraints say of a batch, before any of it is written.
    pub(super) fn check(&self, batch: &Batch, now: Timestamp) -> Result<()> {
        let mut references = BTreeSet::new();
        for row in &batch.referrals {
            if row.level == REFUSED_LEVEL {
                return refused("a row breaks a rule of the schema");
            }
            let known = self.by_reference.contains_key(&row.reference);
            if known || !references.insert(row.reference) {
                return refused("reference is not unique");
            }
        }
        let mut revised = BTreeSet::new();
        for row in batch.information.iter().map(|information| &information.referral) {
            if row.level == REFUSED_LEVEL {
                return refused("a row breaks a rule of the schema");
            }
            let known = self.referrals.get(&row.id).map(|entry| entry.row.revision);
            if known != Some(row.revision - 1) || !revised.insert(row.id) {
                return refused("the referral was changed meanwhile");
            }
        }
        let mut keys = BTreeSet::new();
        for repeat in &batch.repeats {
            let stored = self.repeats.get(&repeat.key);
            if stored.is_some_and(|stored| stored.expires_at > now) || !keys.insert(repeat.key) {
                return refused("repeat key is not unique");
            }
        }
        let mut places = BTreeSet::new();
        for row in batch.outbox.iter().filter(|row| row.sequence > 0) {
            let taken = self.sequences(&pair(row)).any(|known| known == row.sequence);
            if taken || !places.insert((pair(row), row.sequence)) {
                return refused("sequence is not unique");
            }
        }
        let paged: BTreeSet<_> = batch.notices.iter().filter_map(|notice| notice.message).collect();
        let mut immediate = batch.outbox.iter().filter(|row| row.priority == Priority::Immediate);
        if !immediate.all(|row| paged.contains(&row.id)) {
            return refused("something immediate pages nobody");
        }
        let made: BTreeSet<PersonId> = batch.persons.iter().map(|person| person.id).collect();
        let mut named =
            batch.links.iter().map(|l| l.person).chain(batch.tokens.iter().map(|(_, p)| *p));
        match named.all(|person| made.contains(&person) || self.people.contains_key(&person)) {
            true => Ok(()),
            false => refused("a link names nobody"),
        }
    }

    fn sequences(&self, pair: &Pair) -> impl Iterator<Item = i32> {
        let messages = self.referrals.get(&ReferralId(pair.0)).map(|entry| &entry.messages);
        let rows = messages.into_iter().flatten().map(|id| &self.outbox[id].row);
        rows.filter(|row| row.destination == pair.1).map(|row| row.sequence)
    }

    /// Commits a checked batch.
    pub(super) fn apply(&mut self, batch: Batch, now: Timestamp, latest: Timestamp) {
        self.seq += 1;
        let seq = self.seq;
        self.remember(&batch);
        for row in batch.referrals {
            self.by_reference.insert(row.reference, row.id);
            let (links, messages) = (Vec::new(), Vec::new());
            self.referrals.insert(row.id, ReferralEntry { row, links, messages });
        }
        for information in batch.information {
            let row = information.referral;
            let entry = self.referrals.get_mut(&row.id).expect("checked");
            entry.row = row;
        }
        for row in batch.persons {
            for token in &row.tokens {
                self.blocks.entry(*token).or_default().push((row.id, seq));
            }
            self.people.insert(row.id, PersonEntry { row, referrals: Vec::new() });
        }
        for (person, profile) in batch.profiles {
            self.people.get_mut(&person).expect("checked").row.profile = profile;
            for block in self.blocks.values_mut() {
                block.iter_mut().filter(|(known, _)| *known == person).for_each(|c| c.1 = seq);
            }
        }
        for (token, person) in batch.tokens {
            let block = self.blocks.entry(token).or_default();
            if !block.iter().any(|(known, _)| *known == person) {
                block.push((person, seq));
            }
        }
        for link in batch.links {
            let entry = self.referrals.get_mut(&link.referral).expect("written before");
            let person = self.people.get_mut(&link.person).expect("checked");
            let counted = person.referrals.iter().any(|(id, _)| *id == link.referral);
            if link.state != frontdoor::domain::LinkState::Possible && !counted {
                person.referrals.push((link.referral, entry.row.received_at));
            }
            entry.links.push(link);
        }
        batch.outbox.into_iter().for_each(|row| self.send(row));
        for repeat in batch.repeats {
            self.keys_written.push((repeat.clone(), latest));
            self.repeats.insert(repeat.key, repeat);
        }
        self.apply_refusals(batch.refusals, batch.refused_again, batch.clears);
        self.deltas.extend(batch.tallies);
        self.append(ChainName::Intake, &batch.audit, now);
    }

    /// Notes the decisions in the order in which the lane made them: that of their links.
    fn remember(&mut self, batch: &Batch) {
        let informed = batch.information.iter().map(|information| &information.referral);
        let rows = batch.referrals.iter().chain(informed);
        let mut decided: Map<ReferralId, Decision> =
            rows.map(|row| (row.id, Decision::of(row))).collect();
        for links in batch.links.chunk_by(|one, next| one.referral == next.referral) {
            if let Some(mut decision) = decided.remove(&links[0].referral) {
                decision.links = links.to_vec();
                self.history.push(decision);
            }
        }
        assert!(decided.is_empty(), "every referral has a link");
    }

    fn apply_refusals(
        &mut self,
        made: Vec<RefusalRow>,
        again: Vec<(RefusalId, Timestamp)>,
        clears: Vec<(Token16, Timestamp)>,
    ) {
        for row in made {
            self.open_refusals.insert(row.body, row.id);
            row.key.map(|key| self.refusals_by_key.entry(key).or_default().push(row.id));
            self.refusals.insert(row.id, row);
        }
        for (id, at) in again {
            let row = self.refusals.get_mut(&id).expect("read under the same lock");
            row.count += 1;
            row.last_at = at;
        }
        for (key, at) in clears {
            for id in self.refusals_by_key.remove(&key).unwrap_or_default() {
                let row = self.refusals.get_mut(&id).expect("written before");
                row.cleared_at = Some(at);
                self.open_refusals.remove(&row.body);
            }
        }
    }

    /// Writes a message into the outbox.
    pub(super) fn send(&mut self, row: OutboxRow) {
        if let Some(entry) = row.referral.and_then(|id| self.referrals.get_mut(&id)) {
            entry.messages.push(row.id);
        }
        self.open.insert(claim_order(&row));
        self.ticking.insert((row.due_at, row.id));
        self.open_pairs.entry(pair(&row)).or_default().insert((row.sequence, row.id));
        let entry = MessageEntry {
            state: DeliveryState::Delivering,
            next_attempt_at: row.created_at,
            delivered_at: None,
            acknowledged_at: None,
            breaches: 0,
            diverted: false,
            revivals: 0,
            row,
        };
        self.outbox.insert(entry.row.id, entry);
    }

    /// The message is open no longer.
    pub(super) fn close(&mut self, id: MessageId, state: DeliveryState) {
        let entry = self.outbox.get_mut(&id).expect("known");
        entry.state = state;
        entry.row.leased_until = None;
        let (row, key) = (&entry.row, pair(&entry.row));
        self.open.remove(&claim_order(row));
        if let Some(open) = self.open_pairs.get_mut(&key) {
            open.remove(&(row.sequence, id));
            if open.is_empty() {
                self.open_pairs.remove(&key);
            }
        }
    }

    /// A dead message is to be sent again.
    pub(super) fn reopen(&mut self, id: MessageId, now: Timestamp) {
        self.dead_to_masstt.remove(&id);
        let entry = self.outbox.get_mut(&id).expect("known");
        entry.state = DeliveryState::Delivering;
        entry.next_attempt_at = now;
        entry.delivered_at = None;
        entry.revivals += 1;
        let (row, key) = (&entry.row, pair(&entry.row));
        self.open.insert(claim_order(row));
        self.open_pairs.entry(key).or_default().insert((row.sequence, id));
    }

    pub(super) fn none_dead(&self) -> bool {
        self.dead_to_masstt.is_empty()
    }

    pub(super) fn append(&mut self, chain: ChainName, events: &[Event], now: Timestamp) {
        let links = self.chains.entry(chain.as_str()).or_default();
        let head = links.last().map_or((0, GENESIS.as_slice()), |l| (l.number, l.mac.as_slice()));
        let link = self.key.link(chain, head, now, events);
        links.push(link);
    }

    /// As a store reads ahead: everybody, with the profiles of each child's shortlist.
    pub(super) fn ahead(&self, children: &[&[Token]]) -> Candidates {
        let tokens: BTreeSet<Token> = children.iter().copied().flatten().copied().collect();
        let held = tokens.iter().filter_map(|token| Some((*token, self.blocks.get(token)?)));
        let blocks: BTreeMap<Token, Vec<PersonId>> = held
            .filter(|(_, block)| block.len() <= BLOCK_CAP)
            .map(|(token, block)| (token, block.iter().map(|(person, _)| *person).collect()))
            .collect();
        let chosen: BTreeSet<PersonId> = children
            .iter()
            .flat_map(|child| {
                let blocks = child.iter().filter_map(|token| blocks.get(token));
                shortlist(blocks.map(Vec::as_slice).collect())
            })
            .collect();
        let tokens: Vec<Token> = tokens.into_iter().collect();
        let mut rows = self.candidates(0, &tokens);
        rows.retain(|row| chosen.contains(&row.person));
        Candidates { horizon: self.seq, blocks: blocks.into_iter().collect(), rows }
    }

    /// Who carries one of `tokens`, written after `since`; silent blocks are left out.
    pub(super) fn candidates(&self, since: LaneSeq, tokens: &[Token]) -> Vec<CandidateRow> {
        let mut found: BTreeMap<PersonId, Vec<Token>> = BTreeMap::new();
        for token in tokens {
            let block = self.blocks.get(token).filter(|block| block.len() <= BLOCK_CAP);
            for (person, at) in block.into_iter().flatten() {
                if *at > since {
                    found.entry(*person).or_default().push(*token);
                }
            }
        }
        let row = |(person, tokens): (PersonId, Vec<Token>)| CandidateRow {
            person,
            tokens,
            profile: self.people[&person].row.profile.clone(),
        };
        found.into_iter().map(row).collect()
    }
}
