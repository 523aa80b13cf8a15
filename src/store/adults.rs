//! The adults of referrals: what the lane writes of them, which were not compared yet, who may be
//! one, and what people say of that.

use super::error::Result;
use super::families::survivor_of;
use super::matches::MatchState;
use super::records::{damaged, reference};
use super::rows::{Batch, LaneSeq, Sealed, Token};
use super::statements::last_said;
use crate::audit::Event;
use crate::domain::{
    AdultKey, AdultMatchId, AdultSeen, AdultWord, PersonId, Reference, ReferralId, Timestamp,
};
use async_trait::async_trait;
use sqlx::FromRow;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Most rows that a block of adults may have before it says nothing.
pub const MOST_OF_BLOCK: usize = 1000;

/// Rows to read of one block to see that it has more.
pub(super) const READ_OF_BLOCK: i64 = MOST_OF_BLOCK as i64 + 1;

/// An adult of a referral, to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAdult {
    pub key: AdultKey,
    /// Role and linkage profile, sealed.
    pub profile: Vec<u8>,
    pub tokens: Vec<Token>,
}

/// An adult of a later referral who may be one of an earlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdultMatchRow {
    pub id: AdultMatchId,
    pub later: AdultKey,
    pub earlier: AdultKey,
    /// Either is said to have harmed a child.
    pub alleged: bool,
    pub weight: f32,
    pub at: Timestamp,
}

/// What one lane batch writes of adults.
#[derive(Clone, Debug, Default)]
pub struct AdultRows {
    /// New, or as their referral now has them.
    pub people: Vec<NewAdult>,
    pub matches: Vec<AdultMatchRow>,
}

impl AdultRows {
    pub(super) fn append(&mut self, other: AdultRows) {
        self.people.extend(other.people);
        self.matches.extend(other.matches);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty() && self.matches.is_empty()
    }
}

/// An adult as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdultRow {
    pub key: AdultKey,
    /// The batch that wrote it.
    pub seq: LaneSeq,
    pub reference: Reference,
    pub profile: Vec<u8>,
}

/// Two adults of whom something was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdultPair {
    pub later: AdultKey,
    pub earlier: AdultKey,
    /// Also that one of them is said to have harmed a child; or a person has told them apart.
    pub settled: bool,
}

/// A likely pair that was found among what was kept, and what is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Meeting {
    pub later: AdultKey,
    pub earlier: AdultKey,
    pub seen: AdultSeen,
}

/// A match of adults as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct AdultMatch {
    pub row: AdultMatchRow,
    /// The later referral's, and the earlier's.
    pub reference: Reference,
    pub other: Reference,
    /// What a person said last, and when.
    pub said: Option<(AdultWord, Timestamp)>,
}

/// What a person says of a match of adults.
#[derive(Clone, Debug)]
pub struct AdultDecision {
    pub of: AdultMatchId,
    pub word: AdultWord,
    /// Who says it and why, sealed.
    pub by: Sealed,
    pub event: Event,
}

/// Adults as the gateways follow them, and as people decide on them.
#[async_trait]
pub trait AdultStore: Send + Sync {
    /// Adults who were not compared, in the order in which they were written, after one of them.
    async fn adults_waiting(
        &self,
        after: Option<(LaneSeq, AdultKey)>,
        limit: usize,
    ) -> Result<Vec<AdultRow>>;
    /// Who carries these tokens, block by block. They are rows of referrals, of which one family
    /// may have many: blocks of more than [`MOST_OF_BLOCK`] are left out.
    async fn adult_blocks(&self, tokens: &[Token]) -> Result<Vec<Vec<AdultKey>>>;
    /// Who the children of these referrals are, as they stand.
    async fn settled_people(&self, of: &[ReferralId]) -> Result<Vec<(ReferralId, PersonId)>>;
    async fn adult(&self, key: AdultKey) -> Result<Option<AdultRow>>;
    /// Notes that they were compared, unless they were written again since.
    async fn adults_compared(&self, rows: &[AdultRow]) -> Result<()>;
    /// Open or decided matches by id, after one of them; none is ever unconfirmed.
    async fn adult_matches(
        &self,
        state: MatchState,
        after: Option<AdultMatchId>,
        limit: usize,
    ) -> Result<Vec<AdultMatch>>;
    async fn adult_match(&self, id: AdultMatchId) -> Result<Option<AdultMatch>>;
    /// Keeps what a person says, with its event. False where it was the last word already: it is
    /// kept all the same, since somebody else may have said it, or for another reason.
    async fn decide_adults(&self, decision: AdultDecision, now: Timestamp) -> Result<bool>;
}

macro_rules! adult_columns {
    () => {
        "SELECT a.referral, a.n, a.lane_seq, a.profile, r.reference FROM adult a \
         JOIN referral r ON r.id = a.referral "
    };
}

pub(super) const WAITING: &str = concat!(
    adult_columns!(),
    "WHERE NOT a.compared AND (a.lane_seq, a.referral, a.n) > ($2, $3, $4) \
         ORDER BY a.lane_seq, a.referral, a.n LIMIT $1"
);

/// The settled people of referrals, by the records that they are by now; which referrals comes
/// last.
pub(super) const SETTLED_PEOPLE: &str = concat!(
    "SELECT DISTINCT l.referral, ",
    survivor_of!("l.person"),
    " AS person FROM link l WHERE l.state IN ('new', 'linked') AND ",
    last_said!("l"),
    " AND l.referral "
);

/// Where to go on; before all where there is none.
pub(super) fn after(last: Option<(LaneSeq, AdultKey)>) -> (LaneSeq, Uuid, i32) {
    last.map_or((LaneSeq::MIN, Uuid::nil(), 0), |(seq, key)| (seq, key.referral.0, place(key)))
}

pub(super) const ADULT: &str = concat!(adult_columns!(), "WHERE a.referral = $1 AND a.n = $2");

pub(super) const COMPARED: &str =
    "UPDATE adult SET compared = true WHERE referral = $1 AND n = $2 AND lane_seq = $3";

/// Where a child is somebody else by now, what was passed over as the same family may be news.
pub(super) const AGAIN: &str =
    "UPDATE adult SET compared = false, lane_seq = $2 WHERE referral = $1";

/// The referrals that were there before a batch, and whose children it says something else of.
pub(super) fn to_compare_again(batch: &Batch) -> BTreeSet<ReferralId> {
    let linked = batch.links.iter().map(|row| row.referral);
    let revisited = batch.revisits.iter().map(|row| row.id);
    let recounted = batch.recounted.iter().map(|row| row.referral);
    let mut again: BTreeSet<_> = linked.chain(revisited).chain(recounted).collect();
    for new in &batch.referrals {
        again.remove(&new.id);
    }
    again
}

/// The referrals that a batch adds to, with the places of the adults that they have now. Where
/// there are none nothing is taken away: reading them may have failed.
pub(super) fn read_again(batch: &Batch) -> Vec<(ReferralId, Vec<i32>)> {
    let places = |of: ReferralId| {
        let own = batch.adults.people.iter().filter(move |adult| adult.key.referral == of);
        own.map(|adult| place(adult.key)).collect::<Vec<_>>()
    };
    let added_to = batch.information.iter().map(|row| row.referral.id);
    added_to.map(|of| (of, places(of))).filter(|(_, places)| !places.is_empty()).collect()
}

/// Before the tokens that they have now are written.
pub(super) const FORGET_TOKENS: &str = "DELETE FROM adult_token WHERE referral = $1";

/// What was told of a referral; of two whom a person has told apart nothing more is.
pub(super) const PAIRS: &str = "SELECT m.later_n, m.earlier, m.earlier_n, \
     m.alleged OR EXISTS (SELECT 1 FROM adult_decision d WHERE d.adult_match = m.id \
         AND d.word = 'not-the-same' AND d.number = (\
             SELECT max(number) FROM adult_decision WHERE adult_match = m.id)) AS settled \
     FROM adult_match m WHERE m.later = $1";

macro_rules! match_columns {
    () => {
        "SELECT m.id, m.later, m.later_n, m.earlier, m.earlier_n, m.alleged, m.weight, m.at, \
         r.reference, o.reference AS other, d.word, d.at AS said_at FROM adult_match m \
         JOIN referral r ON r.id = m.later JOIN referral o ON o.id = m.earlier \
         LEFT JOIN adult_decision d ON d.adult_match = m.id AND d.number = (\
             SELECT max(number) FROM adult_decision WHERE adult_match = m.id) "
    };
}

pub(super) const MATCH: &str = concat!(match_columns!(), "WHERE m.id = $1");

const OPEN: &str = concat!(
    match_columns!(),
    "WHERE m.id > $1 AND NOT EXISTS (SELECT 1 FROM adult_decision WHERE adult_match = m.id) \
     AND (m.alleged OR NOT EXISTS (SELECT 1 FROM adult_match again WHERE again.alleged \
         AND again.later = m.later AND again.later_n = m.later_n \
         AND again.earlier = m.earlier AND again.earlier_n = m.earlier_n)) \
     ORDER BY m.id LIMIT $2"
);

const DECIDED: &str = concat!(
    match_columns!(),
    "WHERE m.id > $1 AND EXISTS (SELECT 1 FROM adult_decision WHERE adult_match = m.id) \
     ORDER BY m.id LIMIT $2"
);

/// `None` where there can be none.
pub(super) fn matches_in(state: MatchState) -> Option<&'static str> {
    match state {
        MatchState::Open => Some(OPEN),
        MatchState::Unconfirmed => None,
        MatchState::Decided => Some(DECIDED),
    }
}

pub(super) const LAST_WORD: &str = "SELECT number, word FROM adult_decision \
     WHERE adult_match = $1 ORDER BY number DESC LIMIT 1";

pub(super) const SAY: &str = "INSERT INTO adult_decision \
     (adult_match, number, word, at, wrapped_key, record) VALUES ($1, $2, $3, $4, $5, $6)";

/// The number of the next word on a match, and whether it says something else than the last one.
pub(super) fn next_word(last: Option<(i32, String)>, word: AdultWord) -> (i32, bool) {
    last.map_or((1, true), |(number, said)| (number.saturating_add(1), said != word.as_str()))
}

pub(super) fn place(key: AdultKey) -> i32 {
    i32::from(key.n)
}

pub(super) fn key(referral: Uuid, n: i32) -> Result<AdultKey> {
    let n = u16::try_from(n).map_err(|_| damaged("n"))?;
    Ok(AdultKey { referral: ReferralId(referral), n })
}

/// Token, referral, n.
pub(super) type TokenRecord = (i64, Uuid, i32);

/// Blocks of rows that were read no further than to see that a block is over the cap.
pub(super) fn blocks(records: Vec<TokenRecord>) -> Result<Vec<Vec<AdultKey>>> {
    let mut blocks: HashMap<i64, Vec<AdultKey>> = HashMap::new();
    for (token, referral, n) in records {
        blocks.entry(token).or_default().push(key(referral, n)?);
    }
    Ok(blocks.into_values().filter(|block| block.len() <= MOST_OF_BLOCK).collect())
}

/// The adult's n, the earlier referral, the n there, whether nothing more is told of the two.
pub(super) type PairRecord = (i32, Uuid, i32, bool);

pub(super) fn pair(later: ReferralId, record: PairRecord) -> Result<AdultPair> {
    let (n, earlier, earlier_n, settled) = record;
    Ok(AdultPair { later: key(later.0, n)?, earlier: key(earlier, earlier_n)?, settled })
}

#[derive(FromRow)]
pub(super) struct AdultRecord {
    referral: Uuid,
    n: i32,
    lane_seq: LaneSeq,
    profile: Vec<u8>,
    reference: String,
}

impl AdultRecord {
    pub(super) fn row(self) -> Result<AdultRow> {
        Ok(AdultRow {
            key: key(self.referral, self.n)?,
            seq: self.lane_seq,
            reference: reference(&self.reference)?,
            profile: self.profile,
        })
    }
}

#[derive(FromRow)]
pub(super) struct AdultMatchRecord {
    id: Uuid,
    later: Uuid,
    later_n: i32,
    earlier: Uuid,
    earlier_n: i32,
    alleged: bool,
    weight: f32,
    at: i64,
    reference: String,
    other: String,
    word: Option<String>,
    said_at: Option<i64>,
}

impl AdultMatchRecord {
    pub(super) fn row(self) -> Result<AdultMatch> {
        let word = self.word.map(|word| AdultWord::parse(&word).ok_or_else(|| damaged("word")));
        let row = AdultMatchRow {
            id: AdultMatchId(self.id),
            later: key(self.later, self.later_n)?,
            earlier: key(self.earlier, self.earlier_n)?,
            alleged: self.alleged,
            weight: self.weight,
            at: Timestamp(self.at),
        };
        Ok(AdultMatch {
            row,
            reference: reference(&self.reference)?,
            other: reference(&self.other)?,
            said: word.transpose()?.zip(self.said_at.map(Timestamp)),
        })
    }
}
