//! Looks for adults of one family in another's.
//!
//! The lane keeps the adults of each referral. The gateway follows: it compares those who were not
//! compared yet with the adults of other families who share a blocking token, and has the
//! screening team of the later referral told of likely ones. Nothing is decided by it. What was
//! not compared to its end is compared again, which tells nothing twice; whoever cannot be compared
//! keeps nobody else waiting.

use super::adults::Opened;
use super::follower::{self, Follower};
use super::judge::Stages;
use crate::domain::shortlist::shortlist;
use crate::domain::{AdultKey, PersonId, Reference, ReferralId};
use crate::store::error::{Result, StoreError};
use crate::store::lane::{Lane, LaneError};
use crate::store::work::Work;
use crate::store::{AdultRow, BLOCK_CAP, Meeting, Store};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// Adults compared before it is noted that they were, and rested.
const PAGE: usize = 10;

/// Adults of one family compared with one adult: those who share most with it, the newest first.
const MOST_OF_FAMILY: usize = 32;

/// The task that follows the adults.
pub struct AdultWatch {
    pub store: Arc<dyn Store>,
    pub stages: Arc<Stages>,
    pub lane: Lane,
}

impl Follower for AdultWatch {
    const DELAYED: &'static str = "adults-delayed";

    async fn next(&self) -> Result<bool> {
        self.round().await.map(|_| false)
    }
}

/// The children of a referral as they stand; or where there are none the referral alone.
type Family = (BTreeSet<PersonId>, Option<ReferralId>);

type Families = BTreeMap<ReferralId, Family>;

/// The gravest meeting of an adult of a later referral with one of each other family.
type Found = BTreeMap<(AdultKey, Family), (Reference, Meeting)>;

impl AdultWatch {
    /// Runs until `stop` is true or its sender is gone.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        follower::run(&self, stop).await;
    }

    /// Compares all who were not compared yet, each once; returns how many were. One who cannot be
    /// compared stays, is told of in the log, and does not keep the others waiting.
    ///
    /// # Errors
    /// Of the store, and when the lane is full or away: the same are compared again.
    pub async fn round(&self) -> Result<usize> {
        let mut compared = 0;
        let mut page = self.store.adults_waiting(None, PAGE).await?;
        while let Some(last) = page.last().map(|row| (row.seq, row.key)) {
            let began = Instant::now();
            compared += self.compare(&page).await?;
            if page.len() == PAGE {
                tokio::time::sleep(follower::rest(began)).await;
            }
            page = self.store.adults_waiting(Some(last), PAGE).await?;
        }
        Ok(compared)
    }

    /// Compares these, has told what was found, and notes who was compared to the end.
    async fn compare(&self, page: &[AdultRow]) -> Result<usize> {
        let (mut found, mut failed) = (Found::new(), BTreeSet::new());
        for adult in page {
            if let Err(error) = self.look(adult, &mut found).await {
                not_compared(adult.reference, &error.to_string());
                failed.insert(adult.key);
            }
        }
        let mut by_referral: BTreeMap<Reference, Vec<Meeting>> = BTreeMap::new();
        for (reference, meeting) in found.into_values() {
            by_referral.entry(reference).or_default().push(meeting);
        }
        for (reference, meetings) in by_referral {
            let of = meetings.iter().flat_map(|one| [one.later, one.earlier]).collect::<Vec<_>>();
            match self.lane.submit(Work::Meet(reference, meetings)).await {
                Ok(_) => {}
                Err(LaneError::Failed) => {
                    not_compared(reference, "telling of its adults failed");
                    failed.extend(of);
                }
                Err(error) => return Err(StoreError::Unavailable(error.to_string())),
            }
        }
        let is_done = |row: &&AdultRow| !failed.contains(&row.key);
        let done: Vec<AdultRow> = page.iter().filter(is_done).cloned().collect();
        self.store.adults_compared(&done).await?;
        Ok(done.len())
    }

    /// Adds the likely ones among the adults of other families, the gravest of each. Where one of
    /// them fails, the others are added all the same.
    async fn look(&self, adult: &AdultRow, found: &mut Found) -> Result<()> {
        let damaged = || StoreError::Damaged("an adult's profile cannot be opened".to_owned());
        let opened = self.stages.open_adult(adult).ok_or_else(damaged)?;
        let blocks = self.store.adult_blocks(&self.stages.tokens_of(&opened)).await?;
        let own = adult.key.referral;
        let referrals: BTreeSet<ReferralId> =
            blocks.iter().flatten().map(|key| key.referral).chain([own]).collect();
        let referrals: Vec<ReferralId> = referrals.into_iter().collect();
        let families = families(&referrals, self.store.settled_people(&referrals).await?);
        let mut all = Ok(());
        for (theirs, keys) in others(&blocks, &families[&own], &families) {
            let mut gravest: Option<(Reference, Meeting)> = None;
            for key in keys {
                let met = match self.meeting(adult, &opened, key).await {
                    Ok(met) => met,
                    Err(error) => {
                        all = Err(error);
                        continue;
                    }
                };
                gravest = match (gravest, met) {
                    (Some(one), Some(other)) => Some(graver(one, other)),
                    (one, other) => one.or(other),
                };
            }
            let Some(met) = gravest else { continue };
            let later = met.1.later;
            let of = if later == adult.key { theirs } else { &families[&own] };
            let met = match found.remove(&(later, of.clone())) {
                Some(one) => graver(one, met),
                None => met,
            };
            found.insert((later, of.clone()), met);
        }
        all
    }

    /// What is told of these two, where they may be one, with the later referral's name. That a
    /// record is not restricted is known to the lane alone, under its lock.
    async fn meeting(
        &self,
        adult: &AdultRow,
        opened: &Opened,
        key: AdultKey,
    ) -> Result<Option<(Reference, Meeting)>> {
        let Some(other) = self.store.adult(key).await? else { return Ok(None) };
        let Some(theirs) = self.stages.open_adult(&other) else { return Ok(None) };
        let failed = || StoreError::Refused("comparing it with another adult failed".to_owned());
        if !self.stages.may_be_one(opened, &theirs).ok_or_else(failed)? {
            return Ok(None);
        }
        let (later, earlier) = if adult.key > key { (adult, &other) } else { (&other, adult) };
        let seen = self.stages.adult_seen(later, earlier, true).ok_or_else(failed)?;
        let meeting = Meeting { later: later.key, earlier: earlier.key, seen };
        Ok(Some((later.reference, meeting)))
    }
}

fn not_compared(reference: Reference, why: &str) {
    let code = "adult-not-compared";
    tracing::warn!(code, %reference, why, "its adults are compared again in the next round");
}

/// Of two that are equally grave the first.
fn graver(one: (Reference, Meeting), other: (Reference, Meeting)) -> (Reference, Meeting) {
    if other.1.seen.gravity(&one.1.seen).is_gt() { other } else { one }
}

fn families(of: &[ReferralId], settled: Vec<(ReferralId, PersonId)>) -> Families {
    let mut people: BTreeMap<ReferralId, BTreeSet<PersonId>> = BTreeMap::new();
    for (referral, person) in settled {
        people.entry(referral).or_default().insert(person);
    }
    let family = |referral: &ReferralId| {
        let people = people.remove(referral).unwrap_or_default();
        let alone = people.is_empty().then_some(*referral);
        (*referral, (people, alone))
    };
    of.iter().map(family).collect()
}

/// The likeliest other families, each with its adults who share most, the newest first. A family
/// counts once, however often it was referred; whoever shares a child is the same family. A block
/// that more than [`BLOCK_CAP`] other families share says nothing.
fn others<'a>(
    blocks: &[Vec<AdultKey>],
    ours: &Family,
    families: &'a Families,
) -> Vec<(&'a Family, Vec<AdultKey>)> {
    let other = |key: &AdultKey| {
        let theirs = families.get(&key.referral)?;
        (theirs != ours && theirs.0.is_disjoint(&ours.0)).then_some(theirs)
    };
    let mut sharing: Vec<Vec<&Family>> = Vec::new();
    let mut shares: BTreeMap<&Family, BTreeMap<AdultKey, usize>> = BTreeMap::new();
    for block in blocks {
        let distinct: BTreeSet<&Family> = block.iter().filter_map(other).collect();
        if distinct.is_empty() || distinct.len() > BLOCK_CAP {
            continue;
        }
        sharing.push(distinct.into_iter().collect());
        for (key, theirs) in block.iter().filter_map(|key| Some((key, other(key)?))) {
            *shares.entry(theirs).or_default().entry(*key).or_default() += 1;
        }
    }
    let likeliest = shortlist(sharing.iter().map(Vec::as_slice).collect()).into_iter();
    let with_adults = likeliest.map(|theirs| {
        let mut adults: Vec<(AdultKey, usize)> =
            shares.remove(theirs).unwrap_or_default().into_iter().collect();
        adults.sort_by_key(|(key, shared)| Reverse((*shared, *key)));
        adults.truncate(MOST_OF_FAMILY);
        (theirs, adults.into_iter().map(|(key, _)| key).collect())
    });
    with_adults.collect()
}
