//! What must be true of a world that has come to rest.

use super::judge::{dossier_of, receipts, stored};
use super::replay;
use super::senders::Ledger;
use super::sim::Sim;
use super::spec::{MASSTT, Poison};
use super::world::World;
use super::{broker::Exchange, database::Tables};
use frontdoor::audit::{ChainName, Event, GENESIS};
use frontdoor::domain::MessageId;
use frontdoor::domain::ids::RefusalId;
use frontdoor::store::{DeliveryState, NewRepeat, Token16};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Everything, once. Findings go to the simulation.
pub(super) fn check(world: &World, ledger: &Ledger) {
    let (sim, tables) = (&world.sim, world.database.tables());
    let look = Look { sim, tables: &tables, exchange: &world.exchange };
    look.promises(ledger);
    look.keys();
    look.wholeness();
    look.deliveries();
    look.order();
    look.refusals(ledger);
    look.clocks();
    look.audit();
    replay::links(sim, &tables);
}

struct Look<'a> {
    sim: &'a Sim,
    tables: &'a Tables,
    exchange: &'a Exchange,
}

impl Look<'_> {
    /// Whoever was told of a reference finds it, with the receipt that was given.
    fn promises(&self, ledger: &Ledger) {
        for promise in ledger.promises.values() {
            let id = self.tables.by_reference.get(&promise.reference);
            let Some(entry) = id.and_then(|id| self.tables.referrals.get(id)) else {
                self.sim.found(format!("{} was promised and is lost", promise.reference));
                continue;
            };
            let kept = receipts(&dossier_of(&entry.row.record));
            let kept = kept.iter().find(|(body, _)| *body == promise.body);
            if kept.is_none_or(|(_, receipt)| **receipt != *promise.receipt) {
                self.sim.found(format!("{} keeps another receipt", promise.reference));
            }
        }
    }

    /// A key stands for one referral for as long as it is valid.
    fn keys(&self) {
        let mut last: HashMap<Token16, &NewRepeat> = HashMap::new();
        for (repeat, at) in &self.tables.keys_written {
            if let Some(before) = last.insert(repeat.key, repeat)
                && before.expires_at > *at
            {
                self.sim.found(format!("one key, two writes: {before:?} and at {at} {repeat:?}"));
            }
        }
    }

    /// A referral is there with everything that belongs to it, or not at all.
    fn wholeness(&self) {
        let mut answered: BTreeMap<_, usize> = BTreeMap::new();
        for (repeat, _) in &self.tables.keys_written {
            *answered.entry(repeat.referral).or_default() += 1;
        }
        let ids: BTreeSet<_> =
            self.tables.history.iter().map(|decision| decision.referral).collect();
        for id in ids {
            let entry = &self.tables.referrals[&id];
            let (spec, decided) = stored(&entry.row.record);
            let mut missing = Vec::new();
            let name = |id: &MessageId| self.tables.outbox[id].row.destination.as_str();
            let reached: BTreeSet<&str> = entry.messages.iter().map(name).collect();
            let routed = |(name, _): &(String, _)| reached.contains(name.as_str());
            if !decided.routes.iter().all(routed) || !reached.contains(MASSTT) {
                missing.push("messages");
            }
            let linked: BTreeSet<u16> = entry.links.iter().map(|link| link.child).collect();
            if linked.len() != spec.children.len() {
                missing.push("links");
            }
            let writes = usize::try_from(entry.row.revision).unwrap_or(0) + 1;
            if answered.get(&id) != Some(&writes) {
                missing.push("repeat keys");
            }
            if spec.poison != Poison::None {
                missing.push("health: it is what the database refuses");
            }
            if !missing.is_empty() {
                self.sim.found(format!("{} lacks {missing:?}", entry.row.reference));
            }
        }
    }

    /// Every message was in a queue, and is marked for what became of it.
    fn deliveries(&self) {
        for entry in self.tables.outbox.values() {
            let done = !matches!(entry.state, DeliveryState::Delivering | DeliveryState::Failing);
            let dead = entry.state == DeliveryState::Dead;
            let done = done && !(dead && entry.row.destination.as_str() == MASSTT);
            if !done || !self.exchange.has_held(entry.row.id) {
                let finding = format!("{} is {:?} at the end", entry.row.id, entry.state);
                self.sim.found(finding);
            }
        }
    }

    /// Messages of one referral to one destination are numbered without gaps.
    fn order(&self) {
        for entry in self.tables.referrals.values() {
            let mut numbers: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
            for row in entry.messages.iter().map(|id| &self.tables.outbox[id].row) {
                if row.sequence > 0 {
                    numbers.entry(row.destination.as_str()).or_default().push(row.sequence);
                }
            }
            for (destination, numbers) in numbers {
                if !numbers.iter().copied().eq(1..=len(&numbers)) {
                    let reference = entry.row.reference;
                    self.sim.found(format!("{reference} to {destination}: {numbers:?}"));
                }
            }
        }
    }

    /// Each refused body is one record that counts, with one message.
    fn refusals(&self, ledger: &Ledger) {
        let mut counts: BTreeMap<Token16, i32> = BTreeMap::new();
        let mut messages: BTreeMap<RefusalId, u32> = BTreeMap::new();
        for id in self.tables.outbox.values().filter_map(|entry| entry.row.refusal) {
            *messages.entry(id).or_default() += 1;
        }
        for row in self.tables.refusals.values() {
            *counts.entry(row.body).or_default() += row.count;
            if messages.get(&row.id) != Some(&1) {
                self.sim.found(format!("refusal {} is not in front of anyone", row.id));
            }
        }
        for (body, kept) in &ledger.kept {
            if counts.get(body).is_none_or(|count| count < kept) {
                let finding = format!("kept {kept} times: counted {:?}", counts.get(body));
                self.sim.found(finding);
            }
        }
    }

    /// Whatever nobody acknowledged in time was marked, once.
    fn clocks(&self) {
        for entry in self.tables.outbox.values() {
            let late = entry.acknowledged_at.is_none();
            if entry.breaches > 1 || late && entry.breaches == 0 {
                let (id, breaches) = (entry.row.id, entry.breaches);
                self.sim.found(format!("{id} is late: {late}, marked {breaches} times"));
            }
        }
    }

    /// The chains hold, tell of everything once, and agree with the tallies.
    fn audit(&self) {
        let mut told: BTreeMap<(String, String), i64> = BTreeMap::new();
        let mut kinds: BTreeMap<String, i64> = BTreeMap::new();
        for chain in [ChainName::Intake, ChainName::Delivery] {
            let links = self.tables.chains.get(chain.as_str()).map_or(&[][..], Vec::as_slice);
            if let Err(broken) = self.tables.key.verify(chain, (0, GENESIS.to_vec()), links) {
                self.sim.found(broken.to_string());
            }
            for link in links {
                let events: Vec<Event> = super::judge::read(&link.events);
                for event in events {
                    let about = event.referral.map(|id| id.to_string()).or(event.detail);
                    *told.entry((event.kind.clone(), about.unwrap_or_default())).or_default() += 1;
                    *kinds.entry(event.kind).or_default() += 1;
                }
            }
        }
        for (kind, times) in told {
            let once = match kind.0.as_str() {
                "referral.accepted" => times == 1,
                // Once more for each time that it was sent again.
                "delivery.confirmed" | "delivery.dead" => times <= 1 + self.revivals(&kind.1),
                _ => true,
            };
            if !once {
                self.sim.found(format!("{kind:?} is told {times} times"));
            }
        }
        let referrals = i64::try_from(self.tables.referrals.len()).unwrap_or(0);
        let tallied = |what: &str| -> i64 {
            let totals =
                self.tables.totals.iter().chain(self.tables.deltas.iter().map(|(t, n)| (t, n)));
            totals.filter(|(tally, _)| tally.what == what).map(|(_, by)| by).sum()
        };
        let revived = self.tables.outbox.values().map(|entry| i64::from(entry.revivals)).sum();
        let of = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
        for (what, one, other) in [
            ("referrals and events", referrals, of("referral.accepted")),
            ("referrals and tallies", referrals, tallied("received")),
            ("additions", of("referral.added-to"), tallied("added")),
            ("confirms", of("delivery.confirmed"), tallied("delivered")),
            ("breaches", of("delivery.breached"), tallied("breached")),
            ("what was sent again", of("delivery.redriven"), revived),
        ] {
            if one != other {
                self.sim.found(format!("{what} do not agree: {one} and {other}"));
            }
        }
    }

    /// How often a message was sent again.
    fn revivals(&self, id: &str) -> i64 {
        let id = id.parse().ok().map(MessageId);
        let entry = id.and_then(|id| self.tables.outbox.get(&id));
        entry.map_or(0, |entry| i64::from(entry.revivals))
    }
}

fn len(numbers: &[i32]) -> i32 {
    i32::try_from(numbers.len()).unwrap_or(i32::MAX)
}
