//! What a store must do. PostgreSQL, SQLite and the simulation's store implement these; one
//! contract suite runs against all.

use super::adults::{AdultPair, AdultStore};
use super::alarms::AlarmStore;
use super::attachments::{AttachmentStore, ToTell};
use super::drafts::DraftStore;
use super::error::Result;
use super::feed::*;
use super::follow::{Clock, FollowStore, OutcomeRow};
use super::matches::{MatchStore, Statement};
use super::news::NewsStore;
use super::notices::NoticeStore;
use super::pages::Span;
use super::pauses::PauseStore;
use super::recounts::Recount;
use super::rows::*;
use super::second_looks::SecondLookStore;
use super::sessions::SessionStore;
use super::staff::StaffStore;
use super::ticks::Ticks;
use super::totals::TotalStore;
use crate::audit::{ChainKey, ChainName, Event, StoredLinkOfChain};
use crate::domain::ids::RefusalId;
use crate::domain::{
    AgencyId, DestinationId, MessageId, PersonId, Reference, ReferralId, Timestamp,
};
use async_trait::async_trait;

pub use super::homes::RESIDENTS;
pub use crate::domain::shortlist::BLOCK_CAP;

/// What the commit lane needs.
#[async_trait]
pub trait LaneStore: Send + Sync {
    /// The people who carry any of the children's tokens (blocks over [`BLOCK_CAP`] are left out),
    /// with the profiles of each child's shortlist. Read outside the lane's lock.
    ///
    /// The horizon and the blocks are of one moment, or the blocks are the newer; profiles are read
    /// after them. Newer than the horizon they do no harm: whatever changes a profile, empties it
    /// or merges its record takes the lane's lock and its next number in the same transaction, so
    /// a batch that has the lock and finds the horizon unchanged was told what holds, and any
    /// other looks again at whoever was written or changed after the horizon.
    async fn candidates(&self, children: &[&[Token]]) -> Result<Candidates>;

    /// As [`LaneTx::repeats`], outside the lane's lock.
    async fn repeats(&self, keys: &[Token16], now: Timestamp) -> Result<Vec<Repeat>>;

    /// As [`LaneTx::histories`], outside the lane's lock.
    async fn histories(&self, people: &[PersonId], since: Timestamp) -> Result<Vec<HistoryRow>>;

    /// As [`LaneTx::residents`], outside the lane's lock.
    async fn residents(&self, homes: &[Token], since: Timestamp) -> Result<Vec<Resident>>;

    /// Opens the batch's transaction and takes the lane's lock (in PostgreSQL
    /// `pg_advisory_xact_lock` in a statement of its own, READ COMMITTED).
    async fn begin(&self) -> Result<Box<dyn LaneTx>>;
}

/// One batch's transaction, under the lane's lock. Dropping it rolls back.
#[async_trait]
pub trait LaneTx: Send {
    /// The number of the last batch that was committed. When it is the horizon of what was read
    /// ahead of the lock, all of that still holds.
    fn seq(&self) -> LaneSeq;

    /// Of the people who carry any of `tokens` (blocks over [`BLOCK_CAP`] are left out) all who, or
    /// whose tokens, were written or changed after `since`.
    async fn candidates_since(
        &mut self,
        since: LaneSeq,
        tokens: &[Token],
    ) -> Result<Vec<CandidateRow>>;

    /// Stored answers for these keys that have not expired at `now`.
    async fn repeats(&mut self, keys: &[Token16], now: Timestamp) -> Result<Vec<Repeat>>;

    /// Open refusals with one of these bodies (an agency's token already contains the agency).
    async fn open_refusals(&mut self, bodies: &[Token16]) -> Result<Vec<(Token16, RefusalId)>>;

    /// History in clear of these people, counting referrals received at or after `since`, but
    /// for those of `except`: a referral is no history of itself.
    async fn histories(
        &mut self,
        people: &[PersonId],
        since: Timestamp,
        except: &[ReferralId],
    ) -> Result<Vec<HistoryRow>>;

    /// Who lives at these homes, or lived there, as the newest [`RESIDENTS`] referrals of each say
    /// and the links that stand; recent are those received at or after `since`.
    async fn residents(&mut self, homes: &[Token], since: Timestamp) -> Result<Vec<Resident>>;

    /// Every statement about this person, by any of its records, and a child of a referral, in
    /// the order in which they were made.
    async fn statements(&mut self, person: PersonId) -> Result<Vec<Statement>>;

    /// Referrals of this person, or of a brother or sister, that the batch `since` or a later one
    /// has decided: they may have counted what was wrong since then.
    async fn counted_by_kin(
        &mut self,
        person: PersonId,
        since: LaneSeq,
    ) -> Result<Vec<(ReferralId, Reference)>>;

    /// Whether it was not decided again yet.
    async fn recount_stands(&mut self, recount: &Recount) -> Result<bool>;

    /// The pairs of adults of this referral and of earlier ones of whom something was told.
    async fn adult_pairs(&mut self, later: ReferralId) -> Result<Vec<AdultPair>>;

    /// Referrals of a person by telephone whose written form an agency owes, and who waits for it.
    async fn awaited_forms(
        &mut self,
        agency: &AgencyId,
        person: PersonId,
    ) -> Result<Vec<(Reference, DestinationId)>>;

    /// The attachments of a referral of which receiving teams are to be told.
    async fn attachments_to_tell(&mut self, of: ReferralId) -> Result<Vec<ToTell>>;

    /// The clocks of a referral.
    async fn clocks(&mut self, of: ReferralId) -> Result<Vec<Clock>>;

    /// What was recorded of a referral, oldest first.
    async fn outcomes(&mut self, of: ReferralId) -> Result<Vec<OutcomeRow>>;

    /// A referral with its deliveries and links, for adding to it.
    async fn referral(
        &mut self,
        reference: Reference,
    ) -> Result<Option<(StoredReferral, Vec<StoredLink>)>>;

    /// Writes everything, gives the batch the next lane sequence, and appends one link to each
    /// chain that it has events of: `intake`, `desk`.
    async fn write(&mut self, batch: &Batch) -> Result<()>;

    /// Makes it durable. After an error it is unknown whether it took hold.
    async fn commit(self: Box<Self>) -> Result<()>;
}

/// What a relay leaves in the outbox for now, although it is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// Rows that are failing already: while the broker is away, another attempt tells nothing.
    pub failing: bool,
    /// Destinations of which the relay holds enough that is immediate.
    pub immediate: Vec<DestinationId>,
    /// Destinations of which it holds enough that is not.
    pub others: Vec<DestinationId>,
}

/// What the outbox relay needs. Every change carries the fence of the lease; a stale fence
/// changes nothing.
#[async_trait]
pub trait RelayStore: Send + Sync {
    /// Claims up to `limit` rows that are due and whose lease, if any, has run out; a time more
    /// than two minutes ahead was written by a clock that was wrong, and has run out too. Of one
    /// (referral, destination) only the lowest unconfirmed sequence is claimed, and none while
    /// another is leased. `immediate` first, then by age.
    async fn claim(
        &self,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>> {
        self.claim_except(&Leave::default(), now, lease_until, limit).await
    }

    /// As [`RelayStore::claim`], without what is to be left. What is not immediate, nor stands
    /// before something that is, is not claimed either while its destination is paused.
    async fn claim_except(
        &self,
        leave: &Leave,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>>;

    /// Destinations that are paused now.
    async fn paused(&self, now: Timestamp) -> Result<Vec<DestinationId>>;

    /// Gives claimed rows back as if they had not been claimed: nothing was tried.
    async fn release(&self, rows: &[(MessageId, i64)]) -> Result<()>;

    /// Marks rows as confirmed by the broker (state `delivered`); returns those that were marked.
    /// Writes roll-ups and one link to the `delivery` chain in the same transaction.
    async fn confirm(&self, done: &[(MessageId, i64)], now: Timestamp) -> Result<Vec<MessageId>>;

    /// Marks rows as failing (state `delivery-failing`) and frees their leases. Events tell of
    /// those whose state or fault is another than before: an outage would fill the chain
    /// otherwise.
    async fn fail(&self, failed: &[Failure], now: Timestamp) -> Result<()>;

    /// Marks a delivered message as dead and writes `copy` (a message to MASSTT) in the same
    /// transaction. Returns whether it changed anything: a second call does not.
    async fn dead(&self, id: MessageId, copy: Option<OutboxRow>, now: Timestamp) -> Result<bool>;

    /// Makes dead messages to `destination` ready to be sent again, up to `limit` of them, that
    /// have been dead for as long as they had lived, or for the least or most of `wait` (seconds);
    /// returns how many.
    async fn revive(
        &self,
        destination: &DestinationId,
        wait: std::ops::RangeInclusive<i64>,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize>;

    /// Writes copies of messages (the first of each pair) that are not getting through, once per
    /// original, all in one transaction; returns how many were written.
    async fn divert(&self, copies: &[(MessageId, OutboxRow)], now: Timestamp) -> Result<usize>;

    /// When the next unconfirmed row falls due, if any.
    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>>;

    /// One message as written, to make a copy from.
    async fn message(&self, id: MessageId) -> Result<Option<OutboxRow>>;
}

/// What the clocks need.
#[async_trait]
pub trait ClockStore: Send + Sync {
    /// Deliveries of destinations not acknowledged by `due_at`, not yet marked; marks them
    /// breached, with tally and audit link, and returns them. At most `limit`.
    async fn breach(&self, now: Timestamp, limit: usize) -> Result<Vec<DeliveryRow>>;

    /// Clocks whose time has come, at most `limit`, each moved on as `ticks` says, with tally and
    /// audit link; two gateways at once move each once.
    async fn run_down(&self, now: Timestamp, limit: usize, ticks: &dyn Ticks)
    -> Result<Vec<Clock>>;

    /// Folds appended tallies into totals; returns how many deltas were folded.
    async fn fold_tallies(&self, limit: usize) -> Result<usize>;

    /// Looks at the next `limit` repeat keys after `after`, in their order, and removes those
    /// that have expired. Returns how many, and where to go on; `None` at the end.
    async fn expire_repeats(
        &self,
        now: Timestamp,
        after: Option<Token16>,
        limit: usize,
    ) -> Result<(u64, Option<Token16>)>;
}

/// What the HTTP API and the pages read and write outside the lane.
#[async_trait]
pub trait ReadStore: Send + Sync {
    async fn referral(&self, reference: Reference) -> Result<Option<StoredReferral>>;
    async fn referral_by_id(&self, id: ReferralId) -> Result<Option<StoredReferral>>;
    async fn links(&self, id: ReferralId) -> Result<Vec<StoredLink>>;
    /// Referrals in the order of their ids, after one; at most `limit`.
    async fn referrals(
        &self,
        span: Span,
        after: Option<ReferralId>,
        limit: usize,
    ) -> Result<Vec<ReferralRow>>;
    async fn refusal(&self, id: RefusalId) -> Result<Option<RefusalRow>>;
    async fn overview(&self, since: Timestamp) -> Result<Overview>;
    /// Deliveries in a state, oldest first, after a message id.
    async fn deliveries(
        &self,
        state: Option<DeliveryState>,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>>;
    /// A named person has the message: state `acknowledged`, `by` sealed. Idempotent: returns
    /// whether this call changed it. A later message of a referral that was never delivered stays
    /// open: nobody has it.
    async fn acknowledge(
        &self,
        id: MessageId,
        by: Sealed,
        event: Event,
        now: Timestamp,
    ) -> Result<bool>;
    /// A person has a failing or dead message sent again: state `delivering`, next attempt now.
    /// Returns the state in which it was; any other is left as it is. `None`: no such message.
    async fn redrive(
        &self,
        id: MessageId,
        event: Event,
        now: Timestamp,
    ) -> Result<Option<DeliveryState>>;
    /// Appends events (a read of a person's record) to a chain, in a transaction of its own.
    async fn record(&self, chain: ChainName, events: Vec<Event>, now: Timestamp) -> Result<()>;
    /// What an import has noted: see [`Feed::notes`].
    async fn note(&self, name: &str) -> Result<Option<Vec<u8>>>;
    /// Whether the database answers, with the schema this program needs.
    async fn ping(&self) -> Result<()>;
}

/// Credentials.
#[async_trait]
pub trait KeyStore: Send + Sync {
    async fn keys(&self) -> Result<Vec<KeyRow>>;
    async fn add_key(&self, key: KeyRow) -> Result<()>;
    /// Sets when a key stops working (overlapping rotation), or stops it now.
    async fn end_key(&self, id: &str, at: Timestamp, revoked: bool) -> Result<bool>;
    /// A value kept once, e.g. key check values: writes when absent, returns what is stored.
    async fn once(&self, name: &str, value: &[u8]) -> Result<Vec<u8>>;
}

/// People loaded from the authority's own records; each call is one transaction under the lane's
/// lock, with one link of the `import` chain.
#[async_trait]
pub trait ImportStore: Send + Sync {
    /// Which of these sources are known, as whom, and of when: an id seals a profile, so a person
    /// is replaced under the id it has.
    async fn known(&self, sources: &[Token16]) -> Result<Vec<KnownPerson>>;
    /// Writes what a feed says. A person of whom something newer is known by now stays as it is.
    /// `Refused` when a `source` is known under another id: see [`ImportStore::known`].
    async fn feed(&self, feed: &Feed, now: Timestamp) -> Result<Fed>;
    /// As [`ImportStore::feed`], people only, made from nothing that was read.
    async fn import(&self, people: &[PersonRow], event: Event, now: Timestamp) -> Result<()> {
        let feed = Feed { people: people.to_vec(), events: vec![event], ..Feed::default() };
        self.feed(&feed, now).await.map(|_| ())
    }
    async fn count_people(&self) -> Result<u64>;
}

/// The embedded broker's queues.
#[async_trait]
pub trait QueueStore: Send + Sync {
    /// Puts messages at the end; a message id already present is put again as a repeat.
    async fn enqueue(&self, messages: &[QueuedMessage], now: Timestamp) -> Result<()>;
    /// Leases up to `limit`, `immediate` first; a message whose lease runs out returns. One that
    /// was leased more than 20 times is dead and returned by [`QueueStore::dead_letters`].
    async fn lease(
        &self,
        destination: &DestinationId,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<QueuedMessage>>;
    /// Takes a message off its queue; false when it was not there.
    async fn take(&self, destination: &DestinationId, id: MessageId) -> Result<bool>;
    /// Messages past their delivery limit, taken off their queues only by `bury`.
    async fn dead_letters(&self, limit: usize) -> Result<Vec<QueuedMessage>>;
    async fn bury(&self, id: MessageId, destination: &DestinationId) -> Result<()>;
    /// Messages waiting, for the operations page.
    async fn depth(&self, destination: &DestinationId) -> Result<u64>;
}

/// Messages that receiving teams' systems have taken over HTTPS. A lease of RabbitMQ's queues is
/// known only to the gateway that gave it; what was taken is known to all.
#[async_trait]
pub trait TakenStore: Send + Sync {
    /// Notes that the destination has the message; false when it was never sent it.
    async fn note_taken(
        &self,
        destination: &DestinationId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<bool>;
    /// Which of these were taken.
    async fn taken(&self, ids: &[MessageId]) -> Result<Vec<MessageId>>;
}

/// The event chains.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Gives the key under which links are MACed: once, after the key ring is opened and before
    /// anything else is written. Without it whatever appends a link is `Unsafe`; a second key is
    /// not taken.
    fn set_chain_key(&self, key: ChainKey);

    /// Links of a chain with numbers above `after`, in order.
    async fn chain(
        &self,
        chain: ChainName,
        after: i64,
        limit: usize,
    ) -> Result<Vec<StoredLinkOfChain>>;
}

/// The schema, as `migrate` and `serve` see it.
#[async_trait]
pub trait SchemaStore: Send + Sync {
    /// Applies the migrations that are missing, each in a transaction of its own; returns their
    /// names.
    async fn migrate(&self) -> Result<Vec<String>>;
    /// `Schema` when a migration that this program needs is missing, or one that it does not know
    /// is there and is not marked as expanding.
    async fn check_schema(&self) -> Result<()>;
}

/// Everything a store can do.
pub trait Store:
    LaneStore
    + RelayStore
    + ClockStore
    + ReadStore
    + KeyStore
    + ImportStore
    + QueueStore
    + TakenStore
    + AuditStore
    + SchemaStore
    + MatchStore
    + NewsStore
    + AdultStore
    + FollowStore
    + NoticeStore
    + AlarmStore
    + AttachmentStore
    + SecondLookStore
    + StaffStore
    + DraftStore
    + SessionStore
    + TotalStore
    + PauseStore
    + 'static
{
}

impl<T> Store for T where
    T: LaneStore
        + RelayStore
        + ClockStore
        + ReadStore
        + KeyStore
        + ImportStore
        + QueueStore
        + TakenStore
        + AuditStore
        + SchemaStore
        + MatchStore
        + NewsStore
        + AdultStore
        + FollowStore
        + NoticeStore
        + AlarmStore
        + AttachmentStore
        + SecondLookStore
        + StaffStore
        + DraftStore
        + SessionStore
        + TotalStore
        + PauseStore
        + 'static
{
}
