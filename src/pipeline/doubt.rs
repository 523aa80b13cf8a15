//! Sends a referral on because people say so: by an outcome, or because whoever decided a second
//! time found it graver. Where people have sent it is kept with what was decided.

use super::consequences::{as_waiting, at_night};
use super::judge::{Rules, Stages, from_json, json};
use super::rows::{Decided, Doubted, Facts, referral_row};
use crate::audit::Event;
use crate::domain::outcome::RESPOND;
use crate::domain::{Priority, Route, RuleId, Timestamp};
use crate::store::error::Result;
use crate::store::seal::Dossier;
use crate::store::work::Referred;
use crate::store::{Batch, Clock, Doubt, ReferralRow, Sealed, StoredReferral};
use crate::threshold::add_route;

/// What the screening team is told as the reason.
const SECOND_DECISION: &str = "second-decision";

impl Stages {
    /// The screening team decides again on the children concerned, urgently.
    pub(super) fn screen_again(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        doubt: &Doubt,
        now: Timestamp,
    ) -> Result<Batch> {
        let rules = self.rules.load();
        let policy = &rules.policy;
        let screening = &policy.teams.screening;
        let dossier = self.open(stored.row.id, &stored.row.record)?;
        let mut decided: Decided = from_json(&dossier.decision)?;
        let referred = self.as_it_stands(stored, now)?;
        let all = 0..u16::try_from(referred.referral.children.len()).unwrap_or(u16::MAX);
        let mut routes = vec![Route {
            destination: screening.clone(),
            purpose: policy.screening.clone(),
            priority: Priority::Urgent,
            due_at: policy.due(screening, Priority::Urgent, None, now),
            rules: vec![RuleId::new(SECOND_DECISION)],
            children: all.filter(|child| doubt.children.has(*child)).collect(),
        }];
        let doubted = Doubted { children: routes[0].children.clone(), rank: doubt.rank };
        if !decided.doubts.contains(&doubted) {
            decided.doubts.push(doubted);
        }
        // What waits there already is not made less grave, nor given more time.
        let waits = |clock: &&Clock| {
            clock.destination == *screening
                && clock.kind.as_str() == RESPOND
                && clock.ended_at.is_none()
        };
        for clock in clocks.iter().filter(waits) {
            let waiting = as_waiting(clock, &routes[0]);
            add_route(policy, &mut routes, waiting);
        }
        let mut rows = Batch::default();
        routes.extend(at_night(policy, &routes[0], now));
        let (rules, referred, routes) = (&*rules, &referred, &routes[..]);
        let sent = Sent { rules, stored, clocks, referred, routes, now };
        self.send_by_people(&sent, (dossier, decided), &mut rows)?;
        let event = Event::new("decision.doubted", doubt.by.as_str()).about(stored.row.id);
        rows.desk.push(event.detail(doubt.look.to_string()));
        Ok(rows)
    }

    /// Sends the referral to whom people give it, and keeps where.
    pub(super) fn send_by_people(
        &self,
        sent: &Sent<'_>,
        (mut dossier, mut decided): (Dossier, Decided),
        rows: &mut Batch,
    ) -> Result<()> {
        let Sent { rules, stored, clocks, referred, routes, now } = *sent;
        if routes.is_empty() {
            return Ok(());
        }
        for route in routes {
            // What was given before and is still open stands with it.
            add_route(&rules.policy, &mut decided.by_people, route.clone());
        }
        dossier.decision = json(&decided)?;
        let env = self.env.as_ref();
        let (id, reference) = (stored.row.id, stored.row.reference);
        let sealed = &stored.row.record;
        let (name, bytes) = (Dossier::name(id), dossier.to_bytes());
        let body = self.ring.seal_more(&name, &sealed.wrapped_key, &bytes, env)?;
        let record = Sealed { wrapped_key: sealed.wrapped_key.clone(), body };
        let row = ReferralRow {
            revision: stored.row.revision,
            ..referral_row(id, reference, referred, &decided.full, record)
        };
        let facts = Facts { row: &row, referred, decided: &decided, rules, links: &[], now };
        for route in routes {
            facts.send_on(route, &stored.deliveries, env, rows);
        }
        facts.before_birth(clocks, rows);
        rows.revisits.push(row);
        Ok(())
    }
}

/// What people send on, and to whom.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) rules: &'a Rules,
    pub(super) stored: &'a StoredReferral,
    pub(super) clocks: &'a [Clock],
    pub(super) referred: &'a Referred,
    pub(super) routes: &'a [Route],
    pub(super) now: Timestamp,
}
