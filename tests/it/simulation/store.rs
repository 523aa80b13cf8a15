//! The store as one gateway process sees it: statements that may fail, commits whose answer may
//! be lost, one lane transaction at a time.

use super::database::{MessageEntry, Tables};
use super::sim::{Process, count, held};
use async_trait::async_trait;
use frontdoor::domain::ids::RefusalId;
use frontdoor::domain::{AgencyId, DestinationId, PersonId, Reference, ReferralId, Timestamp};
use frontdoor::store::error::{Result, StoreError};
use frontdoor::store::*;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Of a thousand statements that fail, those that are not answered for minutes.
const SILENT: u64 = 30;

/// What all processes share.
pub(super) struct Database {
    pub tables: Mutex<Tables>,
    /// The lane's lock: whoever waits longest has it next.
    lock: Arc<Semaphore>,
    /// An outage: statements fail until it ends.
    pub down: std::sync::atomic::AtomicBool,
}

impl Default for Database {
    fn default() -> Self {
        Database {
            tables: Mutex::default(),
            lock: Arc::new(Semaphore::new(1)),
            down: std::sync::atomic::AtomicBool::new(false),
        }
    }
}

impl Database {
    pub(super) fn tables(&self) -> MutexGuard<'_, Tables> {
        held(&self.tables)
    }
}

/// One process's connection.
#[derive(Clone)]
pub(super) struct SimStore {
    pub database: Arc<Database>,
    pub process: Process,
}

pub(super) fn unavailable<T>() -> Result<T> {
    Err(StoreError::Unavailable("simulated".to_owned()))
}

impl SimStore {
    /// A statement's way to the database.
    pub(super) async fn statement(&self) -> Result<()> {
        self.process.alive().await;
        let sim = &self.process.sim;
        count(&sim.counts.statements, 1);
        let down = self.database.down.load(std::sync::atomic::Ordering::Relaxed);
        if down && !sim.is_calm() || sim.fault(sim.weather.statement) {
            // Now and then it is silent for longer than anyone waits.
            let most = if sim.fault(SILENT) { 600_000 } else { 2000 };
            sim.sleep_ms(1, most).await;
            self.process.alive().await;
            return unavailable();
        }
        Ok(())
    }

    /// A commit: the writes take hold all at once in `apply`, or not at all. An error does not say
    /// which.
    pub(super) async fn commit<T>(&self, apply: impl FnOnce(&mut Tables) -> T) -> Result<T> {
        let sim = &self.process.sim;
        let down = self.database.down.load(std::sync::atomic::Ordering::Relaxed);
        if down && !sim.is_calm() || sim.fault(sim.weather.commit) {
            sim.sleep_ms(1, 300).await;
            self.process.alive().await;
            return unavailable();
        }
        sim.sleep_ms(1, 4).await;
        // A process may die while its commit is under way: the database goes on.
        let result = apply(&mut self.database.tables());
        let lost = sim.fault(sim.weather.commit);
        if lost {
            sim.sleep_ms(1, 300).await;
        }
        self.process.alive().await;
        if lost { unavailable() } else { Ok(result) }
    }
}

#[async_trait]
impl LaneStore for SimStore {
    async fn candidates(&self, children: &[&[Token]]) -> Result<Candidates> {
        self.statement().await?;
        let answer = self.database.tables().ahead(children);
        self.process.sim.sleep_ms(1, 3).await;
        Ok(answer)
    }

    async fn repeats(&self, keys: &[Token16], now: Timestamp) -> Result<Vec<Repeat>> {
        self.statement().await?;
        let answer = repeats(&self.database.tables(), keys, now);
        self.process.sim.sleep_ms(1, 3).await;
        Ok(answer)
    }

    async fn histories(&self, people: &[PersonId], since: Timestamp) -> Result<Vec<HistoryRow>> {
        self.statement().await?;
        let answer = histories(&self.database.tables(), people, since, &[]);
        self.process.sim.sleep_ms(1, 3).await;
        Ok(answer)
    }

    async fn residents(&self, _: &[Token], _: Timestamp) -> Result<Vec<Resident>> {
        Ok(Vec::new())
    }

    async fn begin(&self) -> Result<Box<dyn LaneTx>> {
        self.statement().await?;
        let lock = self.database.lock.clone().acquire_owned().await;
        let lock = lock.expect("never closed");
        self.statement().await?;
        Ok(Box::new(SimTx {
            store: self.clone(),
            now: self.process.sim.now(),
            seq: self.database.tables().seq,
            staged: None,
            _lock: lock,
        }))
    }
}

/// A lane transaction; dropping it rolls back and frees the lock.
struct SimTx {
    store: SimStore,
    now: Timestamp,
    seq: LaneSeq,
    staged: Option<Batch>,
    _lock: OwnedSemaphorePermit,
}

fn repeats(tables: &Tables, keys: &[Token16], now: Timestamp) -> Vec<Repeat> {
    let live = keys
        .iter()
        .filter_map(|key| tables.repeats.get(key))
        .filter(|repeat| repeat.expires_at > now);
    let repeat = |stored: &NewRepeat| {
        let row = &tables.referrals[&stored.referral].row;
        Repeat {
            key: stored.key,
            body: stored.body,
            referral: row.id,
            reference: row.reference,
            record: row.record.clone(),
        }
    };
    live.map(repeat).collect()
}

fn histories(
    tables: &Tables,
    people: &[PersonId],
    since: Timestamp,
    except: &[ReferralId],
) -> Vec<HistoryRow> {
    let history = |person: &PersonId| {
        let entry = tables.people.get(person)?;
        let referrals = entry.referrals.iter();
        let referrals = referrals.filter(|(id, at)| *at >= since && !except.contains(id)).count();
        Some(HistoryRow {
            person: *person,
            case_status: entry.row.case_status,
            case_team: None,
            referrals: u32::try_from(referrals).unwrap_or(u32::MAX),
            agencies: 1,
            highest_level: 4,
            restricted: false,
            adoption: false,
            address: false,
            apart: Vec::new(),
            stepped_down: false,
            contacts: Vec::new(),
            kin: Vec::new(),
        })
    };
    people.iter().filter_map(history).collect()
}

pub(super) fn delivery(entry: &MessageEntry) -> DeliveryRow {
    let row = &entry.row;
    DeliveryRow {
        id: row.id,
        referral: row.referral,
        destination: row.destination.clone(),
        purpose: row.purpose.clone(),
        priority: row.priority,
        kind: row.kind.clone(),
        sequence: row.sequence,
        state: entry.state,
        created_at: row.created_at,
        due_at: row.due_at,
        delivered_at: entry.delivered_at,
        acknowledged_at: entry.acknowledged_at,
        attempts: row.attempts,
        last_fault: None,
    }
}

#[async_trait]
impl LaneTx for SimTx {
    fn seq(&self) -> LaneSeq {
        self.seq
    }

    async fn candidates_since(
        &mut self,
        since: LaneSeq,
        tokens: &[Token],
    ) -> Result<Vec<CandidateRow>> {
        self.store.statement().await?;
        Ok(self.store.database.tables().candidates(since, tokens))
    }

    async fn repeats(&mut self, keys: &[Token16], now: Timestamp) -> Result<Vec<Repeat>> {
        self.store.statement().await?;
        self.now = now;
        Ok(repeats(&self.store.database.tables(), keys, now))
    }

    async fn open_refusals(&mut self, bodies: &[Token16]) -> Result<Vec<(Token16, RefusalId)>> {
        self.store.statement().await?;
        let tables = self.store.database.tables();
        let open = |body: &Token16| tables.open_refusals.get(body).map(|id| (*body, *id));
        Ok(bodies.iter().filter_map(open).collect())
    }

    async fn histories(
        &mut self,
        people: &[PersonId],
        since: Timestamp,
        except: &[ReferralId],
    ) -> Result<Vec<HistoryRow>> {
        self.store.statement().await?;
        Ok(histories(&self.store.database.tables(), people, since, except))
    }

    async fn residents(&mut self, _: &[Token], _: Timestamp) -> Result<Vec<Resident>> {
        Ok(Vec::new())
    }

    async fn statements(&mut self, _: PersonId) -> Result<Vec<Statement>> {
        unavailable()
    }

    async fn counted_by_kin(
        &mut self,
        _: PersonId,
        _: LaneSeq,
    ) -> Result<Vec<(ReferralId, Reference)>> {
        unavailable()
    }

    async fn recount_stands(&mut self, _: &Recount) -> Result<bool> {
        unavailable()
    }

    async fn adult_pairs(&mut self, _: ReferralId) -> Result<Vec<AdultPair>> {
        unavailable()
    }

    async fn awaited_forms(
        &mut self,
        _: &AgencyId,
        _: PersonId,
    ) -> Result<Vec<(Reference, DestinationId)>> {
        Ok(Vec::new())
    }

    async fn attachments_to_tell(&mut self, _: ReferralId) -> Result<Vec<ToTell>> {
        Ok(Vec::new())
    }

    async fn clocks(&mut self, _: ReferralId) -> Result<Vec<Clock>> {
        Ok(Vec::new())
    }

    async fn outcomes(&mut self, _: ReferralId) -> Result<Vec<OutcomeRow>> {
        Ok(Vec::new())
    }

    async fn referral(
        &mut self,
        reference: Reference,
    ) -> Result<Option<(StoredReferral, Vec<StoredLink>)>> {
        self.store.statement().await?;
        let tables = self.store.database.tables();
        let Some(entry) = tables.by_reference.get(&reference).map(|id| &tables.referrals[id])
        else {
            return Ok(None);
        };
        let deliveries = entry.messages.iter().map(|id| delivery(&tables.outbox[id])).collect();
        let link = |row: &LinkRow| StoredLink {
            child: row.child,
            person: row.person,
            record: row.person,
            state: row.state,
            weight: row.weight,
            level_rank: row.level_rank,
            decision: row.decision,
            seq: 0,
        };
        let links = entry.links.iter().map(link).collect();
        Ok(Some((StoredReferral { row: entry.row.clone(), deliveries }, links)))
    }

    async fn write(&mut self, batch: &Batch) -> Result<()> {
        self.store.statement().await?;
        self.store.database.tables().check(batch, self.now)?;
        self.staged = Some(batch.clone());
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        let SimTx { store, now, staged, _lock, .. } = *self;
        store.process.note("commit", staged.as_ref().map_or(0, |b| b.audit.len() as u64));
        let latest = store.process.sim.latest();
        store
            .commit(move |tables| {
                if let Some(batch) = staged {
                    tables.apply(batch, now, latest);
                }
            })
            .await
    }
}
