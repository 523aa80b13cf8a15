//! Teams that record outcomes, over the whole pipeline and a clock that is set by the test.

use super::gateway::{Gateway, accepted};
use super::homes::Home;
use frontdoor::domain::time::Env;
use frontdoor::domain::{DestinationId, Priority, Reference, Timestamp, Whom};
use frontdoor::followup::clocks::{Clocks, Escalation};
use frontdoor::pipeline::{Desk, Followed, Intake, Recording};
use frontdoor::store::*;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A clock that is set by the test.
pub(super) struct Hand {
    now: AtomicI64,
    drawn: AtomicU64,
}

/// A Tuesday morning.
pub(super) const MORNING: &str = "2026-11-24T10:00:00Z";

impl Hand {
    pub(super) fn at(text: &str) -> Arc<Hand> {
        let now = AtomicI64::new(Timestamp::parse(text).expect("a time").0);
        Arc::new(Hand { now, drawn: AtomicU64::new(1) })
    }

    pub(super) fn pass(&self, hours: i64) {
        self.now.fetch_add(hours * 3_600_000_000, Ordering::SeqCst);
    }
}

impl Env for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn entropy(&self, into: &mut [u8]) {
        for byte in into {
            let drawn = self.drawn.fetch_add(1, Ordering::SeqCst);
            *byte = drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[1];
        }
    }
}

/// Tells whoever's clock it is, each hour.
pub(super) struct Hourly;

impl Escalation for Hourly {
    fn repeat_seconds(&self, _: Priority) -> i64 {
        3600
    }

    fn whom(&self, destination: &DestinationId, _: usize) -> Vec<Whom> {
        vec![Whom::Destination(destination.clone())]
    }
}

pub(super) struct Desks {
    pub(super) gateway: Gateway,
    pub(super) hand: Arc<Hand>,
}

impl Desks {
    pub(super) async fn over(home: &Home, at: &str) -> Desks {
        let hand = Hand::at(at);
        let gateway = Gateway::with_env(home, hand.clone()).await;
        Desks { gateway, hand }
    }

    pub(super) async fn refer(&self, more: Value) -> Reference {
        self.refer_as("school-ridgeway", more).await
    }

    pub(super) async fn refer_as(&self, agency: &str, more: Value) -> Reference {
        let mut body = json!({
            "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
            "children": [child("Ada")],
            "worry": "Invented: lessons were missed.",
            "danger_now": "no",
        });
        for (member, value) in more.as_object().expect("an object") {
            body[member] = value.clone();
        }
        let submission = self.gateway.submission(agency, &body);
        accepted(self.gateway.pipeline.receive(submission).await)
    }

    /// The sender puts something to it.
    pub(super) async fn adds(&self, of: Reference, body: Value) {
        let submission = self.gateway.submission("school-ridgeway", &body);
        accepted(self.gateway.pipeline.inform(of, submission).await);
    }

    pub(super) async fn says(&self, team: &str, of: Reference, body: Value) -> Followed {
        let Value::Object(body) = body else { panic!("an object") };
        let team = DestinationId::new(team);
        let recording = Recording { team, of, body, by_message: false };
        self.gateway.pipeline.record(recording).await
    }

    /// What stands, as answered.
    pub(super) async fn stands(&self, team: &str, of: Reference, body: Value) -> Value {
        match self.says(team, of, body).await {
            Followed::Stands { answer, .. } => serde_json::from_slice(&answer).expect("JSON"),
            other => panic!("{team} cannot: {other:?}"),
        }
    }

    /// The places of the faults for which it cannot stand.
    pub(super) async fn lacks(&self, team: &str, of: Reference, body: Value) -> Vec<String> {
        match self.says(team, of, body).await {
            Followed::Lacking(faults) => faults.into_iter().map(|fault| fault.pointer).collect(),
            other => panic!("it stands: {other:?}"),
        }
    }

    /// `destination kind purpose stage` of each clock that runs.
    pub(super) async fn open(&self, of: Reference) -> Vec<String> {
        let id = self.gateway.stored(of).await.0.row.id;
        let clocks = self.gateway.store.clocks_of(id).await.expect("reads");
        let open = clocks.iter().filter(|clock| clock.ended_at.is_none());
        open.map(|clock| {
            let (to, kind, purpose) = (&clock.destination, &clock.kind, clock.purpose.as_str());
            let stage = clock.stage_at(self.hand.now()).as_str();
            format!("{to} {kind} {purpose} {stage}")
        })
        .collect()
    }

    pub(super) async fn clock(&self, of: Reference, destination: &str, kind: &str) -> Clock {
        let id = self.gateway.stored(of).await.0.row.id;
        let clocks = self.gateway.store.clocks_of(id).await.expect("reads");
        let found = clocks
            .into_iter()
            .find(|clock| clock.destination.as_str() == destination && clock.kind.as_str() == kind);
        found.expect("a clock")
    }

    /// How many notices are sent now, each claimed for a second.
    pub(super) async fn due_notices(&self) -> usize {
        let now = self.hand.now();
        let due = self.gateway.store.claim_notices(now, now.plus_seconds(1), 99).await;
        due.expect("reads").len()
    }

    pub(super) async fn run_down(&self) -> usize {
        let (store, env) = (self.gateway.store.clone(), self.hand.clone());
        let escalation = Arc::new(Hourly);
        Clocks { store, env, escalation }.run_down().await.expect("it runs")
    }
}

pub(super) fn child(name: &str) -> Value {
    json!({
        "given_name": name,
        "family_name": "Invented",
        "date_of_birth": "2016-03-09",
        "address": {"lines": "1 Test Street", "postcode": "HX1 1AA"},
    })
}

pub(super) fn worker() -> Value {
    json!({"name": "Invented Osei", "role": "Social worker", "worker_type": "permanent"})
}

/// An outcome that says all that a decision must say.
pub(super) fn decision(code: &str, level: &str) -> Value {
    json!({
        "outcome": code,
        "level_of_need": level,
        "rationale": "The invented reasons",
        "evidence": "What the school saw",
        "history_considered": {"considered": true},
        "child_view": {"considered": false, "why_not": "Not seen yet"},
        "by": worker(),
    })
}

pub(super) fn with(mut body: Value, more: Value) -> Value {
    for (member, value) in more.as_object().expect("an object") {
        body[member] = value.clone();
    }
    body
}

pub(super) fn without(mut body: Value, member: &str) -> Value {
    body.as_object_mut().map(|body: &mut Map<String, Value>| body.remove(member));
    body
}

pub(super) fn managers() -> Value {
    json!({
        "manager": {"name": "Invented Adeyemi", "role": "Team manager"},
        "second_manager": {"name": "Invented Byrne", "role": "Service manager"},
    })
}

pub(super) fn in_need() -> Value {
    json!({"concerns": ["16A"]})
}
