//! A receiving team records an outcome: whether it stands, and what is written.

use super::consequences::{Following, refused};
use super::judge::{Rules, Stages, from_json, json};
use super::rows::{Decided, Facts, referral_row};
use crate::audit::Event;
use crate::domain::{DestinationId, Route, Timestamp, Unread, facts};
use crate::store::error::Result;
use crate::store::seal::Dossier;
use crate::store::work::{Concluded, Done, Referred, Told};
use crate::store::{Batch, Clock, OutcomeRow, ReferralRow, Sealed, StoredReferral};
use crate::threshold::add_route;
use crate::threshold::outcomes::{Case, RESPOND};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is sealed of an outcome.
#[derive(Serialize, Deserialize)]
pub struct Recorded {
    /// All that was said.
    pub said: Value,
    /// What was answered.
    pub answer: Value,
}

impl Stages {
    pub(super) fn follow(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        before: &[OutcomeRow],
        told: &Told,
        now: Timestamp,
    ) -> Result<Concluded> {
        let same = |row: &&OutcomeRow| row.destination == told.destination && row.body == told.body;
        if let Some(row) = before.iter().find(same) {
            let answer = json(&self.recorded(row)?.answer)?.into();
            let done = Done::Followed { answer, repeat: true };
            return Ok(Concluded { rows: Batch::default(), done });
        }
        let said = match &told.said {
            Ok(said) => said,
            Err(faults) => return Ok(self.lacking(stored, told, faults.clone(), now)),
        };
        let rules = self.rules.load();
        let dossier = self.open(stored.row.id, &stored.row.record)?;
        let decided: Decided = from_json(&dossier.decision)?;
        let referred = self.as_it_stands(stored, now)?;
        let all = sent_children(&rules, &decided, &referred, &told.destination);
        let children: Vec<u16> = all.iter().copied().filter(|c| said.concerns(*c)).collect();
        let open = |clock: &&Clock| {
            clock.destination == told.destination
                && clock.kind.as_str() == RESPOND
                && clock.ended_at.is_none()
        };
        let purpose = clocks.iter().find(open).map(|clock| &clock.purpose);
        let found = case(&rules, &decided, &referred, told, &children);
        let met = found.threshold_met || found_met(&rules, before);
        let case = Case { purpose, threshold_met: met, ..found };
        let follows = match rules.outcomes.follows(&rules.policy, &case, said) {
            Ok(follows) => follows,
            Err(faults) => return Ok(self.lacking(stored, told, faults, now)),
        };
        let suggested = case.suggested.rank;
        let one = Following { rules: &rules, stored, clocks, told, said, follows, children, now };
        let accepted = match one.accepted() {
            Ok(accepted) => accepted,
            Err(fault) => return Ok(self.lacking(stored, told, vec![fault], now)),
        };
        let covered = self.covered(&one, before)?;
        let mut rows = Batch::default();
        let whole = all.iter().all(|child| covered.contains(child));
        one.end(&accepted, whole, &mut rows);
        let routes = one.routes();
        self.send_on(&one, (dossier, decided), &referred, &routes, &mut rows)?;
        one.start(whole, &mut rows);
        one.tell_others(&routes, self.env.as_ref(), &mut rows);
        rows.tallies.push((one.tally(), 1));
        rows.desk.push(one.event());
        let answer = one.answer(&routes, &rows);
        let recorded = Recorded { said: told.whole.clone(), answer: answer.clone() };
        let (name, env) = (OutcomeRow::name(told.id), self.env.as_ref());
        let sealed = self.ring.seal_record(&name, &json(&recorded)?, env);
        rows.follow.outcomes.push(one.row(suggested, sealed));
        let done = Done::Followed { answer: json(&answer)?.into(), repeat: false };
        Ok(Concluded { rows, done })
    }

    /// It cannot stand. Whoever sent it as a message is told so by one.
    fn lacking(
        &self,
        stored: &StoredReferral,
        told: &Told,
        faults: Vec<Unread>,
        now: Timestamp,
    ) -> Concluded {
        let mut rows = Batch::default();
        if told.by_message {
            rows.outbox.push(refused(stored, told, &faults, self.env.as_ref(), now));
            let event = Event::new("outcome.refused", told.destination.as_str());
            rows.desk.push(event.about(stored.row.id));
        }
        Concluded { rows, done: Done::Lacking(faults) }
    }

    /// Sends the referral to whom it goes by the outcome, and keeps where people have sent it.
    fn send_on(
        &self,
        one: &Following<'_>,
        (mut dossier, mut decided): (Dossier, Decided),
        referred: &Referred,
        routes: &[Route],
        rows: &mut Batch,
    ) -> Result<()> {
        if routes.is_empty() {
            return Ok(());
        }
        let rules = one.rules;
        for route in routes {
            // What was given before and is still open stands with it.
            add_route(&rules.policy, &mut decided.by_people, route.clone());
        }
        dossier.decision = json(&decided)?;
        let (stored, env) = (one.stored, self.env.as_ref());
        let (id, reference) = (stored.row.id, stored.row.reference);
        let sealed = &stored.row.record;
        let (name, bytes) = (Dossier::name(id), dossier.to_bytes());
        let body = self.ring.seal_more(&name, &sealed.wrapped_key, &bytes, env)?;
        let record = Sealed { wrapped_key: sealed.wrapped_key.clone(), body };
        let row = ReferralRow {
            revision: stored.row.revision,
            ..referral_row(id, reference, referred, &decided.full, record)
        };
        let (decided, links, now) = (&decided, &[], one.now);
        let facts = Facts { row: &row, referred, decided, rules, links, now };
        for route in routes {
            facts.send_on(route, &stored.deliveries, env, rows);
        }
        rows.revisits.push(row);
        Ok(())
    }

    /// What was said in an outcome, and answered.
    pub fn recorded(&self, row: &OutcomeRow) -> Result<Recorded> {
        from_json(&self.ring.open_record(&OutcomeRow::name(row.id), &row.record)?)
    }

    /// The children of whom the team has said, now or before, what ends its clock.
    fn covered(&self, one: &Following<'_>, before: &[OutcomeRow]) -> Result<BTreeSet<u16>> {
        let ends = |code| {
            let outcome = one.rules.outcomes.outcomes.get(code);
            outcome.is_some_and(|outcome| outcome.ends.iter().any(|kind| kind.as_str() == RESPOND))
        };
        let mut covered: BTreeSet<u16> = BTreeSet::new();
        if ends(&one.said.code) {
            covered.extend(&one.children);
        }
        for row in before {
            if row.destination == one.told.destination && ends(&row.code) {
                let recorded = self.recorded(row)?;
                let named = recorded.answer.get("children").and_then(Value::as_array);
                let index = |value: &Value| u16::try_from(value.as_u64()?).ok();
                covered.extend(named.into_iter().flatten().filter_map(index));
            }
        }
        Ok(covered)
    }
}

/// Whether people have decided at the gravest level before.
fn found_met(rules: &Rules, before: &[OutcomeRow]) -> bool {
    let gravest = rules.policy.levels.last().map(|level| level.rank);
    before.iter().any(|row| row.level.as_ref().map(|(_, rank)| *rank) == gravest)
}

/// The children whom a destination was sent: all, where it was sent a referral without any.
fn sent_children(
    rules: &Rules,
    decided: &Decided,
    referred: &Referred,
    to: &DestinationId,
) -> Vec<u16> {
    let sent = decided.as_sent(&rules.policy, true);
    match sent.routes.iter().find(|route| route.destination == *to) {
        Some(route) if !route.children.is_empty() => route.children.clone(),
        _ => (0..u16::try_from(referred.referral.children.len()).unwrap_or(u16::MAX)).collect(),
    }
}

/// What is known of the children whom an outcome concerns.
fn case<'a>(
    rules: &'a Rules,
    decided: &'a Decided,
    referred: &Referred,
    told: &'a Told,
    children: &[u16],
) -> Case<'a> {
    let full = &decided.full;
    let concerned = || full.children.iter().filter(|child| children.contains(&child.index));
    let gravest = rules.policy.purposes.last();
    let screening = &rules.policy.teams.screening;
    let is_met = |route: &Route| route.destination == *screening && Some(&route.purpose) == gravest;
    let yes = rules.policy.reader.table().fact(facts::AGREEMENT).bit("yes");
    let agreed = |child: &u16| {
        let facts = referred.facts.get(usize::from(*child));
        facts.is_some_and(|facts| Some(facts.mask(facts::AGREEMENT)) == yes)
    };
    Case {
        recorded_by: &told.destination,
        purpose: None,
        suggested: concerned()
            .map(|child| &child.level)
            .max_by_key(|level| level.rank)
            .unwrap_or(&full.level),
        threshold_met: concerned().any(|child| child.routes.iter().any(is_met))
            || full.failure.is_some()
            || (children.is_empty() && full.routes.iter().any(is_met)),
        agreed: !children.is_empty() && children.iter().all(agreed),
        received_at: referred.received_at,
        children: referred.referral.children.len(),
        concerned: children.len(),
    }
}
