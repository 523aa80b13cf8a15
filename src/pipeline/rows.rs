//! From a decision to the rows that carry it.

mod besides;

use super::judge::Rules;
use crate::audit::Event;
use crate::domain::adults::AdultTold;
use crate::domain::message::{self, Envelope, OutboxDraft};
use crate::domain::outcome::RESPOND;
use crate::domain::time::Env;
use crate::domain::{
    AdultKey, AdultMatchId, AttachmentTold, ChildHistory, Children, ClockKind, Decision,
    DestinationId, Level, LinkState, MessageId, Priority, ReferralId, Route, RuleId, Timestamp,
    Withdrawn,
};
use crate::store::keys::KeyRing;
use crate::store::work::{ChildLink, Referred};
use crate::store::{
    Batch, ClockRow, DeliveryRow, HomeRow, LinkRow, NewAdult, OutboxRow, PersonRow, ReferralRow,
    Sealed, Tally, Token, Winding, WithdrawalRow,
};
use crate::threshold::{self, Policy};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Both decisions, as sealed: the one a sender may learn of, and the one that routed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// From the submission alone (invariant 6).
    pub alone: Decision,
    /// With history, which only adds, raises and shortens.
    pub full: Decision,
    /// With the right history, where a wrong one had raised `full`: it waits for a person's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Decision>,
    /// Where people have sent it besides, or for what else, since it was decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_people: Vec<Route>,
    /// Second decisions that were graver than the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubted>,
    /// What it was made with when it was last made; absent where that was before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
}

/// Whom a second decision found graver, and the rank of the level that it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubted {
    pub children: Vec<u16>,
    pub rank: i16,
}

/// What a decision was made with besides the referral and the policy, so that it can be made again
/// under another. Nobody is shown it: it is for replay alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Whose rules were in force, and from when its clocks run.
    pub at: Timestamp,
    /// The day by which the children's ages were read.
    pub read_at: Timestamp,
    /// What was known of each child, in order.
    pub history: Vec<ChildHistory>,
}

impl Decided {
    /// Whether both say the same, whatever they were made with.
    pub(super) fn says_the_same(&self, other: &Decided) -> bool {
        let Decided { alone, full, proposed, made: _, by_people, doubts: _ } = self;
        let others = (&other.alone, &other.full, &other.proposed, &other.by_people);
        (alone, full, proposed, by_people) == others
    }

    /// What a destination may learn of: history only where it is social work under statute.
    pub fn for_whom(&self, statutory: bool) -> &Decision {
        if statutory { &self.full } else { &self.alone }
    }

    /// The same, with where people have sent it: of each destination the graver holds.
    pub fn as_sent(&self, policy: &Policy, statutory: bool) -> Cow<'_, Decision> {
        if self.by_people.is_empty() {
            return Cow::Borrowed(self.for_whom(statutory));
        }
        let mut decision = self.for_whom(statutory).clone();
        for given in &self.by_people {
            threshold::add_route(policy, &mut decision.routes, given.clone());
        }
        Cow::Owned(decision)
    }
}

/// A referral's ids and what was decided of it.
pub(super) struct Facts<'a> {
    pub row: &'a ReferralRow,
    pub referred: &'a Referred,
    pub decided: &'a Decided,
    pub rules: &'a Rules,
    pub links: &'a [ChildLink],
    pub now: Timestamp,
}

/// What a message says besides what was decided.
#[derive(Clone, Copy, Default)]
struct Besides<'a> {
    /// Taken back from whoever was sent it.
    withdrawn: Option<Withdrawn>,
    adults: &'a [(AdultMatchId, AdultTold<'a>)],
    more_adults: usize,
    /// What its sender attached.
    documents: &'a [AttachmentTold],
    /// There is something new to decide on of these children: clocks that have ended begin again.
    reopens: Option<Children>,
    /// A person has given the route, and it is told as given.
    by_people: bool,
}

/// Seconds in which whoever was sent a wrong history should know.
const A_DAY: i64 = 24 * 3600;

/// Start of the hour, for tallies.
fn hour(at: Timestamp) -> Timestamp {
    const HOUR: i64 = 3_600_000_000;
    Timestamp(at.0 - at.0.rem_euclid(HOUR))
}

impl Facts<'_> {
    /// Where the children live, for whoever lives there later.
    pub(super) fn homes(&self, into: &mut Batch) {
        for (child, profile) in (0..).zip(&self.referred.children) {
            let row = |token: &Token| HomeRow {
                token: *token,
                at: self.row.received_at,
                referral: self.row.id,
                child,
            };
            into.homes.extend(profile.homes.iter().map(row));
        }
    }

    /// People made or known again, and the links to them.
    pub(super) fn people(&self, ring: &KeyRing, env: &dyn Env, into: &mut Batch) {
        for (index, (link, child)) in self.links.iter().zip(&self.referred.children).enumerate() {
            if link.fresh {
                into.persons.push(PersonRow {
                    id: link.person,
                    created_at: self.now,
                    profile: ring.seal_profile(link.person, &child.profile, env),
                    case_status: crate::domain::decision::CaseStatus::None,
                    case_team: None,
                    restricted: false,
                    restriction: None,
                    as_of: None,
                    source: None,
                    record: Sealed::default(),
                    tokens: child.tokens.clone(),
                });
            } else {
                into.tokens.extend(child.tokens.iter().map(|token| (*token, link.person)));
                if link.state != LinkState::Linked {
                    // This referral made the person: what was added makes the profile better.
                    let profile = ring.seal_profile(link.person, &child.profile, env);
                    into.profiles.push((link.person, profile));
                }
            }
            self.links_of(index, link, into);
        }
        into.adults.people.extend(self.referred.adults.iter().map(|adult| {
            let key = AdultKey { referral: self.row.id, n: adult.n };
            let profile = ring.seal_adult(key, &adult.profile, env);
            NewAdult { key, profile, tokens: adult.tokens.clone() }
        }));
    }

    fn links_of(&self, index: usize, link: &ChildLink, into: &mut Batch) {
        let rank = self.decided.full.children.get(index).map_or(0, |child| child.level.rank);
        let row = |person, state, weight, decision| LinkRow {
            referral: self.row.id,
            child: u16::try_from(index).unwrap_or(u16::MAX),
            person,
            state,
            weight,
            at: self.now,
            agency: self.referred.agency.clone(),
            level_rank: rank,
            decision,
        };
        // A child without a sure match is a new person; the possible ones are for a reviewer.
        let state = match link.state {
            LinkState::Linked => LinkState::Linked,
            _ => LinkState::New,
        };
        into.links.push(row(link.person, state, link.weight, link.decision));
        for (person, weight) in &link.possible {
            into.links.push(row(*person, LinkState::Possible, *weight, None));
        }
        if !link.possible.is_empty() {
            let event = Event::new("match.possible", "frontdoor").about(self.row.id);
            into.audit.push(event.of(link.person));
        }
    }

    /// One message a destination: routed where it is new there, updated where it was before.
    /// `reopens` for the children of whom it says more than before.
    pub(super) fn messages(
        &self,
        before: &[DeliveryRow],
        reopens: Option<Children>,
        env: &dyn Env,
        into: &mut Batch,
    ) {
        let sent = self.decided.as_sent(&self.rules.policy, true);
        self.send(&sent.routes, before, Besides { reopens, ..Besides::default() }, env, into);
    }

    /// One message to whom a person sends it.
    pub(super) fn send_on(
        &self,
        route: &Route,
        before: &[DeliveryRow],
        env: &dyn Env,
        into: &mut Batch,
    ) {
        let besides = Besides { by_people: true, ..Besides::default() };
        self.send(std::slice::from_ref(route), before, besides, env, into);
    }

    /// The same, also to whoever was sent it and would not be now; `withdrawn` is taken back from
    /// those who were sent it.
    pub(super) fn messages_to_all(
        &self,
        before: &[DeliveryRow],
        withdrawn: Option<Withdrawn>,
        env: &dyn Env,
        into: &mut Batch,
    ) {
        let mut routes = self.decided.as_sent(&self.rules.policy, true).routes.clone();
        for row in before {
            if !routes.iter().any(|route| route.destination == row.destination) {
                routes.push(former(row, self.decided.full.children.len()));
            }
        }
        let besides = Besides { withdrawn, ..Besides::default() };
        self.send(&routes, before, besides, env, into);
    }

    fn send(
        &self,
        routes: &[Route],
        before: &[DeliveryRow],
        besides: Besides<'_>,
        env: &dyn Env,
        into: &mut Batch,
    ) {
        for route in routes {
            let unseen = besides.withdrawn.is_some() && !self.sees_history(&route.destination);
            // It was never sent a history: that there was one is not its business either.
            if !unseen {
                let to = |row: &&DeliveryRow| row.destination == route.destination;
                let earlier: Vec<&DeliveryRow> = before.iter().filter(to).collect();
                self.send_one(route, &earlier, besides, env, into);
            }
        }
    }

    /// `earlier` are the messages that its destination was sent before.
    fn send_one(
        &self,
        route: &Route,
        earlier: &[&DeliveryRow],
        besides: Besides<'_>,
        env: &dyn Env,
        into: &mut Batch,
    ) {
        let Besides { withdrawn, adults, more_adults, documents, by_people, .. } = besides;
        let (own, level, rules) = self.as_told(route);
        // What tells of adults or documents says why it was sent, and has a clock of its own.
        let of_decision = adults.is_empty() && documents.is_empty();
        let (route, rules) = match (of_decision, by_people) {
            (true, false) => (&own, rules),
            (true, true) => (route, route.rules.clone()),
            (false, _) => (route, Vec::new()),
        };
        if of_decision && withdrawn.is_none() {
            into.follow.clocks.extend(self.clock(route, earlier.is_empty(), besides));
        }
        let kind = if earlier.is_empty() { message::ROUTED } else { message::UPDATED };
        let withdrawn = withdrawn.filter(|_| !earlier.is_empty());
        let id = MessageId::from_parts(self.now, env.entropy_id());
        if let Some(wrong) = withdrawn {
            into.withdrawals.push(self.withdrawal(wrong, id, earlier));
        }
        let sequence = earlier.iter().map(|row| row.sequence).max().unwrap_or(0) + 1;
        let traceparent = self.referred.traceparent.as_deref();
        let payload = message::claim_check(&OutboxDraft {
            envelope: Envelope { id, kind, at: self.now, sequence, traceparent },
            reference: self.row.reference,
            destination: &route.destination,
            purpose: &route.purpose,
            priority: route.priority,
            level,
            due_at: route.due_at,
            rules: &rules,
            children: route.children.len(),
            withdrawn,
            adults,
            more_adults,
            documents,
        });
        into.outbox.push(OutboxRow {
            id,
            referral: Some(self.row.id),
            refusal: None,
            destination: route.destination.clone(),
            purpose: route.purpose.clone(),
            priority: route.priority,
            kind: kind.to_owned(),
            sequence,
            created_at: self.now,
            // The clock of a referral may have run out long ago; that of its correction begins.
            due_at: withdrawn
                .map_or(route.due_at, |_| route.due_at.max(self.now.plus_seconds(A_DAY))),
            payload,
            traceparent: self.referred.traceparent.clone(),
            agency: self.referred.agency.clone(),
            level: level.code.clone(),
            attempts: 0,
            fence: 0,
            leased_until: None,
        });
        let what = if earlier.is_empty() { "routed" } else { "updated" };
        into.tallies.push((self.tally(what, route.destination.as_str()), 1));
    }

    fn withdrawal(
        &self,
        wrong: Withdrawn,
        message: MessageId,
        earlier: &[&DeliveryRow],
    ) -> WithdrawalRow {
        let sent_at = earlier.iter().map(|row| row.created_at).min();
        WithdrawalRow {
            message,
            referral: self.row.id,
            person: wrong.person,
            kind: wrong.kind,
            sent_at: sent_at.unwrap_or(self.now),
            at: self.now,
        }
    }

    /// What only rises is sent again although its first clock may have run out: then the clock of a
    /// decision made now runs.
    pub(super) fn wind(&self, anew: &Decided, into: &mut Batch) {
        for row in into.outbox.iter_mut().filter(|row| row.due_at <= self.now) {
            let known = self.rules.directory.destinations.get(&row.destination);
            let told = anew.for_whom(known.is_some_and(|known| known.statutory));
            let own = told.routes.iter().find(|route| route.destination == row.destination);
            row.due_at = own.map_or(self.now.plus_seconds(A_DAY), |route| route.due_at);
        }
        for clock in into.follow.clocks.iter_mut().filter(|clock| clock.due_at <= self.now) {
            let sent = |row: &&OutboxRow| row.destination == clock.destination;
            let due_at = into.outbox.iter().find(sent).map(|row| row.due_at);
            clock.due_at = due_at.unwrap_or(self.now.plus_seconds(A_DAY));
            clock.amber_at = self.rules.outcomes.amber_at(self.now, clock.due_at);
        }
    }

    /// The clock of a destination that is sent the referral, where there is something to decide
    /// that was not there before.
    fn clock(&self, route: &Route, first: bool, besides: Besides<'_>) -> Option<ClockRow> {
        let all = Children::of(&route.children);
        let children = match besides.reopens {
            _ if first || besides.by_people => all,
            Some(risen) => all.among(risen),
            None => return None,
        };
        if children.is_empty() && !all.is_empty() {
            return None;
        }
        Some(ClockRow {
            referral: self.row.id,
            destination: route.destination.clone(),
            kind: ClockKind::new(RESPOND),
            purpose: route.purpose.clone(),
            priority: route.priority,
            started_at: self.now,
            amber_at: self.rules.outcomes.amber_at(self.now, route.due_at),
            due_at: route.due_at,
            by_acknowledgement: self.rules.outcomes.by_acknowledgement(&route.purpose),
            children,
            winding: if first { Winding::Join } else { Winding::Reopen },
        })
    }

    /// The route, the level and the rules as its destination may learn of them: purpose, priority
    /// and clock of a message, and the queue it waits in, say no more than the document behind it.
    fn as_told(&self, route: &Route) -> (Route, &Level, Vec<RuleId>) {
        let statutory = self.sees_history(&route.destination);
        let sent = self.decided.as_sent(&self.rules.policy, statutory);
        let own = sent.routes.iter().find(|other| other.destination == route.destination);
        let told = own.unwrap_or(route).clone();
        let known = self.rules.directory.destinations.get(&route.destination);
        let rules = sent.rules_told(&told, known.is_some_and(|known| known.restricted));
        (told, &self.decided.for_whom(statutory).level, rules)
    }

    fn sees_history(&self, destination: &DestinationId) -> bool {
        self.rules.directory.destinations.get(destination).is_some_and(|known| known.statutory)
    }

    /// A count of something that happened to this referral.
    pub(super) fn tally(&self, what: &str, destination: &str) -> Tally {
        Tally {
            hour: hour(self.now),
            what: what.to_owned(),
            agency: self.referred.agency.clone(),
            destination: destination.to_owned(),
            level: self.row.level.clone(),
            priority: self.row.priority,
        }
    }
}

/// The route by which a destination was sent what would not go there now.
fn former(row: &DeliveryRow, children: usize) -> Route {
    Route {
        destination: row.destination.clone(),
        purpose: row.purpose.clone(),
        priority: row.priority,
        due_at: row.due_at,
        rules: Vec::new(),
        children: all(children),
    }
}

/// The indices of so many children.
fn all(children: usize) -> Vec<u16> {
    (0..u16::try_from(children).unwrap_or(u16::MAX)).collect()
}

/// The referral's row for a decision.
pub(super) fn referral_row(
    id: ReferralId,
    reference: crate::domain::Reference,
    referred: &Referred,
    full: &Decision,
    record: Sealed,
) -> ReferralRow {
    ReferralRow {
        id,
        reference,
        agency: referred.agency.clone(),
        received_at: referred.received_at,
        respond_by: full.respond_by,
        level: full.level.code.clone(),
        level_rank: full.level.rank,
        priority: full.priority,
        score: referred.completeness.score,
        policy_hash: full.policy_hash.clone(),
        revision: 0,
        record,
    }
}

/// The tally of a refused submission.
pub(super) fn refused_tally(refused: &crate::store::work::Refused, now: Timestamp) -> Tally {
    Tally {
        hour: hour(now),
        what: "refused".to_owned(),
        agency: refused.agency.clone(),
        destination: String::new(),
        level: String::new(),
        priority: Priority::Standard,
    }
}
