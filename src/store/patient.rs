//! A store that is not waited for without end. A server that is lost in silence (no reset, no
//! answer) leaves a statement waiting for as long as TCP does; whoever waits with it does nothing
//! else meanwhile.

use super::error::{Result, StoreError};
use super::follow::Clock;
use super::notices::{Alerted, DueNotice, NoticeRow, NoticeStore, OpenNotices, Overdue, Tell};
use super::rows::{DeliveryRow, Failure, OutboxRow, Token16};
use super::ticks::Ticks;
use super::traits::{ClockStore, Leave, RelayStore};
use crate::domain::{DestinationId, MessageId, Timestamp};
use async_trait::async_trait;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// What the relay, the dead letters and the clocks ask of a store, each answer within a limit. What
/// comes later is unavailable; as with a lost answer, it is unknown whether it took hold.
pub struct Patient<S: ?Sized> {
    store: Arc<S>,
    limit: Duration,
}

impl<S: ?Sized> Patient<S> {
    pub fn new(store: Arc<S>, limit: Duration) -> Self {
        Patient { store, limit }
    }

    async fn within<T>(&self, asked: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let late = || StoreError::Unavailable("it does not answer in time".to_owned());
        timeout(self.limit, asked).await.unwrap_or_else(|_| Err(late()))
    }
}

#[async_trait]
impl<S: RelayStore + ?Sized> RelayStore for Patient<S> {
    async fn claim_except(
        &self,
        leave: &Leave,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>> {
        self.within(self.store.claim_except(leave, now, lease_until, limit)).await
    }

    async fn paused(&self, now: Timestamp) -> Result<Vec<DestinationId>> {
        self.within(self.store.paused(now)).await
    }

    async fn release(&self, rows: &[(MessageId, i64)]) -> Result<()> {
        self.within(self.store.release(rows)).await
    }

    async fn confirm(&self, done: &[(MessageId, i64)], now: Timestamp) -> Result<Vec<MessageId>> {
        self.within(self.store.confirm(done, now)).await
    }

    async fn fail(&self, failed: &[Failure], now: Timestamp) -> Result<()> {
        self.within(self.store.fail(failed, now)).await
    }

    async fn dead(&self, id: MessageId, copy: Option<OutboxRow>, now: Timestamp) -> Result<bool> {
        self.within(self.store.dead(id, copy, now)).await
    }

    async fn revive(
        &self,
        destination: &DestinationId,
        wait: RangeInclusive<i64>,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize> {
        self.within(self.store.revive(destination, wait, now, limit)).await
    }

    async fn divert(&self, copies: &[(MessageId, OutboxRow)], now: Timestamp) -> Result<usize> {
        self.within(self.store.divert(copies, now)).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        self.within(self.store.next_due(now)).await
    }

    async fn message(&self, id: MessageId) -> Result<Option<OutboxRow>> {
        self.within(self.store.message(id)).await
    }
}

#[async_trait]
impl<S: ClockStore + ?Sized> ClockStore for Patient<S> {
    async fn breach(&self, now: Timestamp, limit: usize) -> Result<Vec<DeliveryRow>> {
        self.within(self.store.breach(now, limit)).await
    }

    async fn run_down(
        &self,
        now: Timestamp,
        limit: usize,
        ticks: &dyn Ticks,
    ) -> Result<Vec<Clock>> {
        self.within(self.store.run_down(now, limit, ticks)).await
    }

    async fn fold_tallies(&self, limit: usize) -> Result<usize> {
        self.within(self.store.fold_tallies(limit)).await
    }

    async fn expire_repeats(
        &self,
        now: Timestamp,
        after: Option<Token16>,
        limit: usize,
    ) -> Result<(u64, Option<Token16>)> {
        self.within(self.store.expire_repeats(now, after, limit)).await
    }
}

#[async_trait]
impl<S: NoticeStore + ?Sized> NoticeStore for Patient<S> {
    async fn alert(
        &self,
        now: Timestamp,
        overdue: Overdue,
        limit: usize,
        tell: Tell<'_>,
    ) -> Result<Vec<Alerted>> {
        self.within(self.store.alert(now, overdue, limit, tell)).await
    }

    async fn claim_notices(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueNotice>> {
        self.within(self.store.claim_notices(now, until, limit)).await
    }

    async fn notice_sent(&self, notice: &NoticeRow, now: Timestamp) -> Result<bool> {
        self.within(self.store.notice_sent(notice, now)).await
    }

    async fn notice_failed(
        &self,
        notice: &NoticeRow,
        fault: &'static str,
        next_attempt_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        self.within(self.store.notice_failed(notice, fault, next_attempt_at, now)).await
    }

    async fn open_notices(&self) -> Result<Vec<OpenNotices>> {
        self.within(self.store.open_notices()).await
    }
}
