//! The commit lane: many submissions, one transaction.
//!
//! While one batch commits the next gathers, up to [`BATCH`]; there is no timer. Candidates are
//! fetched and compared before the lock; under it only what committed since is looked at. A batch
//! that the database refuses is split until only the culprit fails.

use super::deciding;
use super::error::StoreError;
use super::families::on_records;
use super::linking::{Ahead, Linker};
use super::rows::*;
use super::traits::{LaneStore, LaneTx};
use super::work::*;
use super::{attaching, doubting, following, meeting, recounting, relinking, written};
use crate::domain::time::Env;
use crate::domain::{Reference, Timestamp};
use futures::FutureExt;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The greatest number of submissions in one transaction.
pub const BATCH: usize = 256;

/// Longest wait for a batch: longer than one statement may take.
const PATIENCE: Duration = Duration::from_secs(45);

/// Why a submission did not get through the lane.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaneError {
    /// The queue is full: the sender should come again shortly.
    #[error("the lane is full")]
    Full,
    /// The database cannot be reached, or its answer was lost: repeat with the same key.
    #[error("the store is unavailable")]
    Unavailable,
    /// Nothing of this submission can be stored; its neighbours were.
    #[error("the submission could not be stored")]
    Failed,
}

type Reply = oneshot::Sender<Result<Done, LaneError>>;

struct Item {
    work: Work,
    reply: Reply,
}

/// The entrance of the lane; clones share it.
#[derive(Clone)]
pub struct Lane {
    entrance: mpsc::Sender<Item>,
}

impl Lane {
    /// Queues the work and waits until it is durable. An error before that leaves nothing behind,
    /// but for `Unavailable`, after which a repeat finds out.
    pub async fn submit(&self, work: Work) -> Result<Done, LaneError> {
        let (reply, answer) = oneshot::channel();
        self.entrance.try_send(Item { work, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LaneError::Full,
            mpsc::error::TrySendError::Closed(_) => LaneError::Unavailable,
        })?;
        answer.await.unwrap_or(Err(LaneError::Unavailable))
    }

    /// Free places in the queue, for load shedding.
    pub fn room(&self) -> usize {
        self.entrance.capacity()
    }
}

/// Runs work that keeps a processor busy off the async threads; a simulation runs it in place.
pub type Offload =
    Arc<dyn Fn(Box<dyn FnOnce() + Send>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What the lane works with.
pub struct LaneParts {
    pub store: Arc<dyn LaneStore>,
    pub judge: Arc<dyn Judge>,
    pub env: Arc<dyn Env>,
    pub offload: Offload,
    /// The relay of this process; `None` leaves every row to claims.
    pub handover: Option<Arc<dyn Handover>>,
}

/// A place for one batch in a relay's queue: called with the rows once they are committed.
pub type Place = Box<dyn FnOnce(Vec<OutboxRow>) + Send>;

/// The relay of this process, as the lane reaches it.
pub trait Handover: Send + Sync {
    /// A place for one batch; `None` while the relay does not keep up or the broker is away, when
    /// a lease at birth would only delay.
    fn reserve(&self) -> Option<Place>;

    /// There may be something to claim.
    fn wake(&self);
}

/// Seconds for which a row is leased to the relay of this process when it is written.
pub const BIRTH_LEASE_SECONDS: i64 = 30;

/// Makes a lane with room for `queue` submissions; the future runs until every [`Lane`] is gone
/// and the queue is empty.
pub fn lane(parts: LaneParts, queue: usize) -> (Lane, impl Future<Output = ()> + Send) {
    let (entrance, exit) = mpsc::channel(queue);
    (Lane { entrance }, Runner { parts: Arc::new(parts) }.run(exit))
}

struct Runner {
    parts: Arc<LaneParts>,
}

/// Items under way: an index into the batch's replies, and the work.
type Indexed<'a> = Vec<(usize, &'a Work)>;

impl Runner {
    async fn run(self, mut exit: mpsc::Receiver<Item>) {
        let mut gathered = Vec::with_capacity(BATCH);
        while exit.recv_many(&mut gathered, BATCH).await > 0 {
            let started = self.parts.env.now();
            metrics::histogram!("frontdoor_lane_batch_size").record(gathered.len() as f64);
            let (works, replies): (Vec<Work>, Vec<Reply>) =
                gathered.drain(..).map(|item| (item.work, item.reply)).unzip();
            let works = Arc::new(works);
            let answers = self.process(&works).await;
            self.parts.env.reached("lane.commit-reply");
            for (reply, answer) in replies.into_iter().zip(answers) {
                // A sender that went away finds its receipt by repeating.
                let _ = reply.send(answer);
            }
            let seconds = self.parts.env.now().seconds_since(started);
            metrics::histogram!("frontdoor_lane_batch_seconds").record(seconds);
        }
    }

    /// Processes the works at `indices`; the answers are in the order of all works asked for.
    async fn process(&self, works: &Arc<Vec<Work>>) -> Vec<Result<Done, LaneError>> {
        let mut answers = vec![Err(LaneError::Unavailable); works.len()];
        let mut waiting: Vec<usize> = (0..works.len()).collect();
        // Each pass settles at least the first of every key.
        while !waiting.is_empty() {
            let (leaders, followers) = fold_repeats(works, &waiting);
            self.settle(works, &leaders, &mut answers).await;
            waiting.clear();
            for (follower, leader) in followers {
                match follow(&works[leader], &works[follower], &answers[leader]) {
                    Some(answer) => answers[follower] = answer,
                    None => waiting.push(follower),
                }
            }
        }
        answers
    }

    /// Commits the works at `leaders`, in as few transactions as they allow.
    async fn settle(
        &self,
        works: &Arc<Vec<Work>>,
        leaders: &[usize],
        answers: &mut [Result<Done, LaneError>],
    ) {
        let mut rounds = rounds_of(works, leaders);
        rounds.reverse();
        // A refused batch is halved: at most 2 × 256 rounds, then each fails alone.
        while let Some(round) = rounds.pop() {
            match self.try_round(works, &round).await {
                Ok(done) => {
                    for (index, done) in round.into_iter().zip(done) {
                        answers[index] = Ok(done);
                    }
                }
                Err(StoreError::Unavailable(why)) => {
                    tracing::warn!(why, "a lane batch met an unavailable store");
                    // Nor is the rest tried: it would wait as long again, and out of its order.
                    rounds.clear();
                }
                Err(error) if round.len() <= 1 => {
                    tracing::error!(%error, "a submission could not be stored");
                    metrics::counter!("frontdoor_lane_culprits_total").increment(1);
                    for index in round {
                        answers[index] = self.keep_failed(&works[index]).await;
                    }
                }
                Err(_) => {
                    let (first, second) = round.split_at(round.len() / 2);
                    rounds.push(second.to_vec());
                    rounds.push(first.to_vec());
                }
            }
        }
    }

    /// A stage that panics is a culprit like any other; dropping its transaction rolls back. A
    /// store that does not answer is unavailable: the next batch tries it anew.
    async fn try_round(
        &self,
        works: &Arc<Vec<Work>>,
        round: &[usize],
    ) -> Result<Vec<Done>, StoreError> {
        let attempt = tokio::time::timeout(PATIENCE, self.attempt(works, round));
        match AssertUnwindSafe(attempt).catch_unwind().await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(StoreError::Unavailable("it does not answer in time".to_owned())),
            Err(_) => Err(StoreError::Refused("a stage panicked".to_owned())),
        }
    }

    /// The last resort: what cannot be concluded is kept as it was sent, before people.
    async fn keep_failed(&self, work: &Work) -> Result<Done, LaneError> {
        let Some(refused) = work.failed() else { return Err(LaneError::Failed) };
        let alone = Arc::new(vec![Work::Refuse(Box::new(refused))]);
        match self.try_round(&alone, &[0]).await {
            Ok(_) => Ok(Done::Kept),
            Err(StoreError::Unavailable(_)) => Err(LaneError::Unavailable),
            Err(error) => {
                tracing::error!(%error, "not even its record could be stored");
                Err(LaneError::Failed)
            }
        }
    }

    /// One transaction over the works at `round`; all or nothing.
    async fn attempt(
        &self,
        works: &Arc<Vec<Work>>,
        round: &[usize],
    ) -> Result<Vec<Done>, StoreError> {
        let items: Indexed = round.iter().map(|index| (*index, &works[*index])).collect();
        let keyed = keyed(&items);
        let keys: Vec<Token16> = keyed.iter().map(|(_, repeat)| repeat.key).collect();
        let mut ahead = Ahead::fetch(&self.parts, works, round, &keys).await?;
        // Of the same moment or older than the lock, which `holds` tells apart: read meanwhile.
        let (histories, mut tx) =
            futures::future::try_join(ahead.histories(&self.parts), self.parts.store.begin())
                .await?;
        ahead.keep(histories);
        let now = self.parts.env.now();
        let holds = ahead.holds(tx.as_ref(), now);
        let stored = match holds || keys.is_empty() {
            true => std::mem::take(&mut ahead.repeats),
            false => tx.repeats(&keys, now).await?,
        };
        let mut done = self.answer_repeats(&keyed, stored)?;
        let fresh: Indexed =
            items.iter().filter(|(index, _)| !done.contains_key(index)).copied().collect();
        let mut batch = Batch::default();
        let mut linker = Linker::new(&self.parts, ahead);
        if !holds {
            linker.look_again(tx.as_mut(), &fresh, now).await?;
        }
        self.parts.env.reached("lane.within");
        let mut refusals = open_refusals(tx.as_mut(), &fresh).await?;
        for (index, work) in &fresh {
            let concluded = match work {
                Work::Refer(referred) => {
                    let (links, histories) = linker.links_of(*index, referred);
                    let judge = &self.parts.judge;
                    let mut concluded = judge.conclude(referred, &links, &histories, now)?;
                    let rows = &mut concluded.rows;
                    written::pair(&self.parts, tx.as_mut(), referred, &links, rows).await?;
                    linker.remember(referred, &links, &concluded.rows.links, &[]);
                    concluded
                }
                Work::Add(addition) => self.add(tx.as_mut(), &mut linker, addition, now).await?,
                Work::Decide(word) => deciding::decide(&self.parts, tx.as_mut(), word, now).await?,
                Work::Relink(reference) => {
                    let tx = tx.as_mut();
                    relinking::relink(&self.parts, tx, &mut linker, *reference, now).await?
                }
                Work::Recount(wrong) => {
                    recounting::recount(&self.parts, tx.as_mut(), wrong, now).await?
                }
                Work::Meet(reference, meetings) => {
                    meeting::meet(&self.parts, tx.as_mut(), *reference, meetings, now).await?
                }
                Work::Follow(one) => following::follow(&self.parts, tx.as_mut(), one, now).await?,
                Work::Attached(of) => attaching::tell(&self.parts, tx.as_mut(), *of, now).await?,
                Work::Doubt(one) => doubting::doubt(&self.parts, tx.as_mut(), one, now).await?,
                Work::Refuse(refused) => {
                    let again = refusals.get(&refused.body).copied();
                    let concluded = self.parts.judge.conclude_refusal(refused, again, now)?;
                    // The same body again in this batch is counted on the record made here.
                    let made = concluded.rows.refusals.first();
                    refusals.extend(made.map(|row| (refused.body, row.id)));
                    concluded
                }
            };
            batch.append(concluded.rows);
            done.insert(*index, concluded.done);
        }
        self.write(tx, batch, now).await?;
        Ok(round.iter().filter_map(|index| done.remove(index)).collect())
    }

    fn answer_repeats(
        &self,
        keyed: &[(usize, RepeatKey)],
        stored: Vec<Repeat>,
    ) -> Result<HashMap<usize, Done>, StoreError> {
        let stored: HashMap<Token16, Repeat> =
            stored.into_iter().map(|repeat| (repeat.key, repeat)).collect();
        let mut done = HashMap::new();
        for (index, repeat) in keyed {
            if let Some(first) = stored.get(&repeat.key) {
                done.insert(*index, self.parts.judge.repeated(first, repeat.body)?);
            }
        }
        Ok(done)
    }

    async fn add(
        &self,
        tx: &mut dyn LaneTx,
        linker: &mut Linker<'_>,
        addition: &Addition,
        now: Timestamp,
    ) -> Result<Concluded, StoreError> {
        let unknown = || Concluded { rows: Batch::default(), done: Done::Unknown };
        let Some((stored, known_links)) = tx.referral(addition.reference).await? else {
            return Ok(unknown());
        };
        let merged = match self.parts.judge.merge(&stored, addition)? {
            Ok(merged) => merged,
            Err(done) => return Ok(Concluded { rows: Batch::default(), done }),
        };
        let id = stored.row.id;
        let (links, histories) = linker.links_again(tx, id, &merged, &known_links, now).await?;
        let clocks = tx.clocks(id).await?;
        let (stored, merged, clocks) = (&stored, &merged, &clocks[..]);
        let (links, histories) = (&links[..], &histories[..]);
        let added = Added { stored, addition, merged, links, histories, clocks };
        let mut concluded = self.parts.judge.conclude_addition(&added, now)?;
        linker.remember(merged, links, &concluded.rows.links, &known_links);
        on_records(&mut concluded.rows.links, &known_links);
        Ok(concluded)
    }

    async fn write(
        &self,
        mut tx: Box<dyn LaneTx>,
        mut batch: Batch,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if batch.is_empty() {
            return tx.commit().await;
        }
        if batch.audit.is_empty() && batch.desk.is_empty() {
            return Err(StoreError::Refused("rows without an audit event".to_owned()));
        }
        let handover = self.parts.handover.as_ref().filter(|_| !batch.outbox.is_empty());
        let place = handover.and_then(|relay| relay.reserve());
        if place.is_some() {
            // A later message of a (referral, destination) waits for the one before: it is claimed.
            for row in batch.outbox.iter_mut().filter(|row| row.sequence <= 1) {
                // As a claim would have it: under its first lease, at its first attempt.
                (row.fence, row.attempts) = (1, 1);
                row.leased_until = Some(now.plus_seconds(BIRTH_LEASE_SECONDS));
            }
        }
        batch.at = now;
        batch.page();
        batch.fold_tallies();
        tx.write(&batch).await?;
        self.parts.env.reached("lane.before-commit");
        tx.commit().await?;
        let (leased, free): (Vec<_>, Vec<_>) =
            batch.outbox.into_iter().partition(|row| row.leased_until.is_some());
        if let Some(place) = place {
            place(leased);
        }
        if let Some(relay) = handover.filter(|_| !free.is_empty()) {
            relay.wake();
        }
        Ok(())
    }
}

fn keyed(items: &Indexed<'_>) -> Vec<(usize, RepeatKey)> {
    let keyed = |(index, work): &(usize, &Work)| work.repeat().map(|repeat| (*index, repeat));
    items.iter().filter_map(keyed).collect()
}

/// Which works go through, and which only wait for the answer of an earlier one with their key.
/// Refusals are not folded: each is counted.
fn fold_repeats(works: &[Work], indices: &[usize]) -> (Vec<usize>, Vec<(usize, usize)>) {
    let mut first: HashMap<Token16, usize> = HashMap::new();
    let (mut leaders, mut followers) = (Vec::new(), Vec::new());
    for index in indices {
        let key = works[*index].repeat().map(|repeat| repeat.key);
        match key.and_then(|key| first.get(&key).copied()) {
            Some(leader) => followers.push((*index, leader)),
            None => {
                first.extend(key.map(|key| (key, *index)));
                leaders.push(*index);
            }
        }
    }
    (leaders, followers)
}

/// Additions to one referral go in transactions of their own, in order: each reads what the one
/// before has written. So does every word on a match, which may change several, and every referral
/// that is looked at again, of whose adults something is told, or of which a team records
/// something. Everything else is in the first.
fn rounds_of(works: &[Work], leaders: &[usize]) -> Vec<Vec<usize>> {
    let mut earlier: HashMap<Reference, usize> = HashMap::new();
    let (mut rounds, mut words) = (vec![Vec::new()], Vec::new());
    for index in leaders {
        let place = match &works[*index] {
            Work::Add(addition) => {
                let count = earlier.entry(addition.reference).or_default();
                *count += 1;
                *count - 1
            }
            Work::Decide(_)
            | Work::Relink(_)
            | Work::Recount(_)
            | Work::Meet(..)
            | Work::Follow(_)
            | Work::Attached(_)
            | Work::Doubt(_) => {
                words.push(vec![*index]);
                continue;
            }
            _ => 0,
        };
        if place == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[place].push(*index);
    }
    rounds.retain(|round| !round.is_empty());
    rounds.extend(words);
    rounds
}

/// The answer to a work whose key an earlier one of the same batch carries; `None` when it must
/// be judged by itself.
fn follow(
    leader: &Work,
    follower: &Work,
    answer: &Result<Done, LaneError>,
) -> Option<Result<Done, LaneError>> {
    let same_body = leader.repeat().map(|r| r.body) == follower.repeat().map(|r| r.body);
    match answer {
        Ok(Done::Accepted { reference, receipt, .. }) if same_body => {
            let (reference, receipt) = (*reference, receipt.clone());
            Some(Ok(Done::Accepted { reference, receipt, repeat: true }))
        }
        Ok(Done::Accepted { reference, .. }) => Some(Ok(Done::Conflict { first: *reference })),
        Err(LaneError::Unavailable) => Some(Err(LaneError::Unavailable)),
        other if same_body => Some(other.clone()),
        // What befell another body says nothing of this one.
        _ => None,
    }
}

async fn open_refusals(
    tx: &mut dyn LaneTx,
    items: &Indexed<'_>,
) -> Result<HashMap<Token16, crate::domain::ids::RefusalId>, StoreError> {
    let bodies: Vec<Token16> = items
        .iter()
        .filter_map(|(_, work)| match work {
            Work::Refuse(refused) => Some(refused.body),
            _ => None,
        })
        .collect();
    if bodies.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(tx.open_refusals(&bodies).await?.into_iter().collect())
}

/// Offloads to tokio's blocking threads.
pub fn offload_to_threads() -> Offload {
    Arc::new(|work| {
        Box::pin(async move {
            // A panic in a stage leaves its result empty, and the batch is split on it.
            let _ = tokio::task::spawn_blocking(work).await;
        })
    })
}

/// Runs it in place, for simulations.
pub fn offload_in_place() -> Offload {
    Arc::new(|work| {
        work();
        Box::pin(std::future::ready(()))
    })
}
