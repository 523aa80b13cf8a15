//! Late truth: what the authority's own records tell later is put to earlier referrals.
//!
//! An import leaves word of whom something is new. The gateway follows, a bounded number at a
//! time: it compares them with the children of earlier referrals ahead of the lane, and has only
//! those referrals looked at again that it may concern, one after another. What was not heard to
//! its end is heard again, which changes nothing twice.

use super::follower::{self, Follower};
use super::judge::Stages;
use crate::domain::{LinkState, PersonId, Reference};
use crate::store::error::{Result, StoreError};
use crate::store::lane::{Lane, LaneError};
use crate::store::work::{Candidate, ChildProfile, Done, Judge, Work};
use crate::store::{CandidateRow, News, Standing, Store, Token};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::watch;

/// People heard of in one round.
const ROUND: usize = 100;
/// A referral has fewer children.
const MOST_LOOKS: usize = 100;

/// The task that follows the news.
pub struct Newsreader {
    pub store: Arc<dyn Store>,
    pub stages: Arc<Stages>,
    pub lane: Lane,
}

impl Follower for Newsreader {
    const DELAYED: &'static str = "news-delayed";

    async fn next(&self) -> Result<bool> {
        Ok(self.round().await? == ROUND)
    }
}

impl Newsreader {
    /// Runs until `stop` is true or its sender is gone.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        follower::run(&self, stop).await;
    }

    /// Has the referrals decided again whose history was wrong, and hears of the next people;
    /// returns of how many.
    ///
    /// # Errors
    /// Of the store, and when the lane is full or away: the same are heard again.
    pub async fn round(&self) -> Result<usize> {
        // News is heard also where that fails.
        let recounted = self.recount().await;
        let news = self.store.news(ROUND).await?;
        if let Some(last) = news.last() {
            for reference in self.concerned(&news).await? {
                self.look_again(reference).await?;
            }
            self.store.heard(*last).await?;
        }
        recounted.map(|()| news.len())
    }

    /// All of them, each once: one that fails stays, and does not keep the others waiting.
    async fn recount(&self) -> Result<()> {
        let mut page = self.store.recounts(None, ROUND).await?;
        while let Some(last) = page.last().copied() {
            for wrong in page {
                self.submit(Work::Recount(wrong)).await?;
            }
            page = self.store.recounts(Some(last), ROUND).await?;
        }
        Ok(())
    }

    /// Until there is nothing more to find: each child is parted at most once.
    async fn look_again(&self, reference: Reference) -> Result<()> {
        for _ in 0..MOST_LOOKS {
            if self.submit(Work::Relink(reference)).await? != Some(Done::LookAgain) {
                break;
            }
        }
        Ok(())
    }

    async fn submit(&self, work: Work) -> Result<Option<Done>> {
        match self.lane.submit(work).await {
            Ok(done) => Ok(Some(done)),
            // The lane has told of a failure, and it would fail again.
            Err(LaneError::Failed) => Ok(None),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    /// Earlier referrals with a child who is one of these people, or may be.
    async fn concerned(&self, news: &[News]) -> Result<BTreeSet<Reference>> {
        let people: HashSet<PersonId> = news.iter().map(|one| one.person).collect();
        let people: Vec<PersonId> = people.into_iter().collect();
        let tokens = self.store.shared_tokens(&people).await?;
        let found = self.store.sharing(&tokens).await?;
        let mut asked: HashSet<PersonId> = found.iter().map(|row| row.person).collect();
        asked.extend(&people);
        let asked: Vec<PersonId> = asked.into_iter().collect();
        let standing = self.store.standing(&asked).await?;
        let stages = self.stages.clone();
        let compared = move || concerned(&stages, &people, &found, &standing);
        tokio::task::spawn_blocking(compared).await.map_err(|_| {
            StoreError::Refused("comparing people with earlier children failed".into())
        })
    }
}

/// Referrals of the people themselves, and of children who were new and look like someone who
/// shares a block with them.
fn concerned(
    stages: &Stages,
    news: &[PersonId],
    found: &[CandidateRow],
    standing: &[Standing],
) -> BTreeSet<Reference> {
    let made: HashSet<PersonId> =
        standing.iter().filter(|s| s.state == LinkState::New).map(|s| s.person).collect();
    let mut own: HashSet<PersonId> = news.iter().copied().collect();
    let mut by_token: HashMap<Token, Vec<Candidate>> = HashMap::new();
    for row in found.iter().filter(|row| !made.contains(&row.person)) {
        if let Some(profile) = stages.open_profile(row.person, &row.profile) {
            let candidate: Candidate = (row.person, profile.into());
            for token in &row.tokens {
                by_token.entry(*token).or_default().push(candidate.clone());
            }
        }
    }
    for row in found.iter().filter(|row| made.contains(&row.person)) {
        let mut candidates: Vec<Candidate> =
            row.tokens.iter().filter_map(|token| by_token.get(token)).flatten().cloned().collect();
        candidates.sort_by_key(|(person, _)| *person);
        candidates.dedup_by_key(|(person, _)| *person);
        let Some(profile) = stages.open_profile(row.person, &row.profile) else { continue };
        let child = ChildProfile { profile, ..ChildProfile::default() };
        if stages.link(&child, &candidates).state != LinkState::New {
            own.insert(row.person);
        }
    }
    standing.iter().filter(|s| own.contains(&s.person)).map(|s| s.reference).collect()
}
