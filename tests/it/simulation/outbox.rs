//! The outbox and the clocks of the simulated store: leases with fences, states, tallies.

use super::broker::Exchange;
use super::database::{Tables, pair};
use super::spec::MASSTT;
use super::store::{SimStore, delivery};
use async_trait::async_trait;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::{AgencyId, DestinationId, MessageId, Priority, Timestamp};
use frontdoor::store::error::Result;
use frontdoor::store::*;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A store for the relay; it looks over the relay's shoulder into the broker's queues.
pub(super) struct RelayView {
    pub store: SimStore,
    pub exchange: Arc<Exchange>,
}

fn tally(what: &str, row: &OutboxRow) -> (Tally, i64) {
    let tally = Tally {
        hour: Timestamp(0),
        what: what.to_owned(),
        agency: AgencyId::new(""),
        destination: row.destination.to_string(),
        level: String::new(),
        priority: Priority::Standard,
    };
    (tally, 1)
}

impl Tables {
    fn claim(
        &mut self,
        leave: &Leave,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<OutboxRow> {
        let mut claimed = Vec::new();
        let leased = |row: &OutboxRow| row.leased_until.is_some_and(|until| until > now);
        for (_, _, id) in &self.open {
            if claimed.len() == limit {
                break;
            }
            let entry = &self.outbox[id];
            let full = match entry.row.priority {
                Priority::Immediate => &leave.immediate,
                _ => &leave.others,
            };
            let failing = entry.state == DeliveryState::Failing;
            if leave.failing && failing || full.contains(&entry.row.destination) {
                continue;
            }
            let siblings = &self.open_pairs[&pair(&entry.row)];
            let first = siblings.first().is_some_and(|(_, first)| first == id);
            let held = siblings.iter().any(|(_, id)| leased(&self.outbox[id].row));
            if entry.next_attempt_at <= now && first && !held {
                claimed.push(*id);
            }
        }
        let lease = |id: MessageId| {
            let row = &mut self.outbox.get_mut(&id).expect("open").row;
            row.fence += 1;
            row.attempts += 1;
            row.leased_until = Some(until);
            row.clone()
        };
        claimed.into_iter().map(lease).collect()
    }

    /// Rows that are open under just this fence.
    fn holds(&self, id: MessageId, fence: i64) -> bool {
        self.outbox.get(&id).is_some_and(|entry| entry.is_open() && entry.row.fence == fence)
    }

    fn confirm(&mut self, done: &[(MessageId, i64)], now: Timestamp) -> Vec<MessageId> {
        let mut marked = Vec::new();
        let mut events = Vec::new();
        for (id, fence) in done {
            if self.holds(*id, *fence) {
                self.close(*id, DeliveryState::Delivered);
                let entry = self.outbox.get_mut(id).expect("open");
                entry.delivered_at = Some(now);
                self.deltas.push(tally("delivered", &entry.row));
                events.push(Event::new("delivery.confirmed", "frontdoor").detail(id.to_string()));
                marked.push(*id);
            }
        }
        if !events.is_empty() {
            self.append(ChainName::Delivery, &events, now);
        }
        marked
    }

    fn release(&mut self, rows: &[(MessageId, i64)]) {
        for (id, fence) in rows {
            if self.holds(*id, *fence) {
                self.outbox.get_mut(id).expect("open").row.leased_until = None;
            }
        }
    }

    fn fail(&mut self, failed: &[Failure]) {
        for failure in failed {
            if self.holds(failure.id, failure.fence) {
                let entry = self.outbox.get_mut(&failure.id).expect("open");
                entry.state = DeliveryState::Failing;
                entry.next_attempt_at = failure.next_attempt_at;
                entry.row.leased_until = None;
            }
        }
    }

    fn divert(&mut self, copies: &[(MessageId, OutboxRow)]) -> usize {
        let mut written = 0;
        for (original, copy) in copies {
            let open = self.outbox.get_mut(original).filter(|entry| entry.is_open());
            if open.is_some_and(|entry| !std::mem::replace(&mut entry.diverted, true)) {
                self.send(copy.clone());
                written += 1;
            }
        }
        written
    }

    fn dead(&mut self, id: MessageId, copy: Option<OutboxRow>, now: Timestamp) -> bool {
        let state = self.outbox.get(&id).map(|entry| entry.state);
        let known = [DeliveryState::Dead, DeliveryState::Acknowledged];
        if state.is_none_or(|state| known.contains(&state)) {
            return false;
        }
        self.close(id, DeliveryState::Dead);
        let entry = self.outbox.get_mut(&id).expect("known");
        entry.next_attempt_at = now;
        if entry.row.destination.as_str() == MASSTT {
            self.dead_to_masstt.insert(id);
        }
        let event = Event::new("delivery.dead", "frontdoor").detail(id.to_string());
        self.append(ChainName::Delivery, &[event], now);
        copy.into_iter().for_each(|copy| self.send(copy));
        true
    }

    /// Dead messages to MASSTT are open again after as long as they had lived, within `wait`.
    fn revive(&mut self, wait: RangeInclusive<i64>, now: Timestamp, limit: usize) -> usize {
        let due = |id: &MessageId| {
            let entry = &self.outbox[id];
            let lived = (entry.next_attempt_at.0 - entry.row.created_at.0) / 1_000_000;
            entry.next_attempt_at.plus_seconds(lived.clamp(*wait.start(), *wait.end())) <= now
        };
        let due: Vec<MessageId> =
            self.dead_to_masstt.iter().filter(|id| due(id)).take(limit).copied().collect();
        let mut events = Vec::new();
        for id in &due {
            self.reopen(*id, now);
            events.push(Event::new("delivery.redriven", "frontdoor").detail(id.to_string()));
        }
        if !events.is_empty() {
            self.append(ChainName::Delivery, &events, now);
        }
        due.len()
    }

    fn breach(&mut self, now: Timestamp, limit: usize) -> Vec<DeliveryRow> {
        let due = self.ticking.iter().take_while(|(at, _)| *at <= now).take(limit).copied();
        let due: Vec<_> = due.collect();
        let mut breached = Vec::new();
        let mut events = Vec::new();
        for (at, id) in due {
            self.ticking.remove(&(at, id));
            let entry = self.outbox.get_mut(&id).expect("known");
            entry.breaches += 1;
            self.deltas.push(tally("breached", &entry.row));
            events.push(Event::new("delivery.breached", "frontdoor").detail(id.to_string()));
            breached.push(delivery(entry));
        }
        if !events.is_empty() {
            self.append(ChainName::Delivery, &events, now);
        }
        breached
    }

    /// A named person has the message.
    pub(super) fn acknowledge(&mut self, id: MessageId, now: Timestamp) {
        let Some(entry) = self.outbox.get_mut(&id) else { return };
        if entry.state == DeliveryState::Delivered {
            entry.state = DeliveryState::Acknowledged;
            entry.acknowledged_at = Some(now);
            self.ticking.remove(&(entry.row.due_at, id));
        }
    }
}

#[async_trait]
impl RelayStore for RelayView {
    async fn claim_except(
        &self,
        leave: &Leave,
        now: Timestamp,
        lease_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<OutboxRow>> {
        self.store.statement().await?;
        self.store.commit(move |tables| tables.claim(leave, now, lease_until, limit)).await
    }

    async fn paused(&self, _: Timestamp) -> Result<Vec<DestinationId>> {
        Ok(Vec::new())
    }

    async fn release(&self, rows: &[(MessageId, i64)]) -> Result<()> {
        self.store.process.note("release", rows.len() as u64);
        self.store.statement().await?;
        self.store.commit(|tables| tables.release(rows)).await
    }

    async fn confirm(&self, done: &[(MessageId, i64)], now: Timestamp) -> Result<Vec<MessageId>> {
        for (id, _) in done {
            if !self.exchange.has_held(*id) {
                let sim = &self.store.process.sim;
                sim.found(format!("{id} is marked delivered, and no queue ever held it"));
            }
        }
        self.store.process.note("confirm", done.len() as u64);
        self.store.statement().await?;
        self.store.commit(|tables| tables.confirm(done, now)).await
    }

    async fn fail(&self, failed: &[Failure], _now: Timestamp) -> Result<()> {
        self.store.process.note("fail", failed.len() as u64);
        self.store.statement().await?;
        self.store.commit(|tables| tables.fail(failed)).await
    }

    async fn dead(&self, id: MessageId, copy: Option<OutboxRow>, now: Timestamp) -> Result<bool> {
        self.store.process.note("dead", 1);
        self.store.statement().await?;
        self.store.commit(|tables| tables.dead(id, copy, now)).await
    }

    async fn revive(
        &self,
        destination: &DestinationId,
        wait: RangeInclusive<i64>,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize> {
        self.store.statement().await?;
        if destination.as_str() != MASSTT || self.store.database.tables().none_dead() {
            return Ok(0);
        }
        self.store.process.note("revive", 1);
        self.store.commit(|tables| tables.revive(wait, now, limit)).await
    }

    async fn divert(&self, copies: &[(MessageId, OutboxRow)], _: Timestamp) -> Result<usize> {
        self.store.process.note("divert", copies.len() as u64);
        self.store.statement().await?;
        self.store.commit(|tables| tables.divert(copies)).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        self.store.statement().await?;
        let tables = self.store.database.tables();
        let due = tables.open.iter().map(|(_, _, id)| {
            let entry = &tables.outbox[id];
            entry.next_attempt_at.max(entry.row.leased_until.unwrap_or(now))
        });
        Ok(due.min())
    }

    async fn message(&self, id: MessageId) -> Result<Option<OutboxRow>> {
        self.store.statement().await?;
        Ok(self.store.database.tables().outbox.get(&id).map(|entry| entry.row.clone()))
    }
}

#[async_trait]
impl ClockStore for RelayView {
    async fn breach(&self, now: Timestamp, limit: usize) -> Result<Vec<DeliveryRow>> {
        self.store.statement().await?;
        self.store.commit(|tables| tables.breach(now, limit)).await
    }

    async fn run_down(&self, _: Timestamp, _: usize, _: &dyn Ticks) -> Result<Vec<Clock>> {
        self.store.statement().await?;
        Ok(Vec::new())
    }

    async fn fold_tallies(&self, limit: usize) -> Result<usize> {
        self.store.statement().await?;
        let fold = |tables: &mut Tables| {
            let few = tables.deltas.len().min(limit);
            for (tally, by) in tables.deltas.drain(..few) {
                *tables.totals.entry(tally).or_default() += by;
            }
            few
        };
        self.store.commit(fold).await
    }

    async fn expire_repeats(
        &self,
        now: Timestamp,
        _after: Option<Token16>,
        _limit: usize,
    ) -> Result<(u64, Option<Token16>)> {
        self.store.statement().await?;
        let expire = |tables: &mut Tables| {
            let before = tables.repeats.len();
            tables.repeats.retain(|_, repeat| repeat.expires_at > now);
            ((before - tables.repeats.len()) as u64, None)
        };
        self.store.commit(expire).await
    }
}
