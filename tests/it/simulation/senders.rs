//! Partner agencies: they send, repeat what was not answered, and remember what they were told.

use super::sim::{Sim, count, held};
use super::spec::{KEY_DAYS, Poison, Population, Spec, Submission, refusal, token16};
use super::store::Database;
use frontdoor::domain::{AgencyId, Reference};
use frontdoor::store::Token16;
use frontdoor::store::lane::{Lane, LaneError};
use frontdoor::store::work::{Done, Work};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) const AGENCIES: [&str; 4] = ["school", "police", "health", "housing"];

/// Seconds for which a fleeting key answers.
const FLEETING: i64 = 60;

/// What a sender was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    pub body: Token16,
    pub reference: Reference,
    pub receipt: Arc<[u8]>,
}

/// What all senders were told.
#[derive(Default)]
pub(super) struct Ledger {
    /// By key.
    pub promises: BTreeMap<Token16, Promise>,
    /// Bodies of refusals kept, and how often `Kept` was answered.
    pub kept: BTreeMap<Token16, i32>,
}

/// All senders.
pub(super) struct Senders {
    pub sim: Arc<Sim>,
    pub database: Arc<Database>,
    /// The entrances of the gateways that run.
    pub gates: Arc<Mutex<Vec<Option<Lane>>>>,
    pub ledger: Mutex<Ledger>,
    pub population: Population,
    pub serial: AtomicU64,
}

fn agency(index: u64) -> AgencyId {
    AgencyId::new(AGENCIES[usize::try_from(index).unwrap_or(0) % AGENCIES.len()])
}

impl Senders {
    /// One sender's operations, one after the other.
    pub(super) async fn work(&self, operations: u64) {
        for _ in 0..operations {
            if self.sim.has_findings() {
                return;
            }
            self.sim.sleep_ms(0, 30).await;
            match self.sim.below(100) {
                0..45 => self.refer().await,
                45..57 => self.same_child().await,
                57..65 => self.twice_at_once().await,
                65..75 => self.refused().await,
                75..82 => self.poisoned().await,
                82..88 => self.gives_up().await,
                88..94 => self.fleeting().await,
                _ => self.two_bodies().await,
            }
        }
    }

    fn draw(&self) -> Submission {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let mut dice = self.sim.dice();
        let spec = Spec::draw(&mut dice, serial, &self.population);
        let agency = agency(dice.below(AGENCIES.len() as u64));
        let repeat = (token16(1, serial), token16(2, serial));
        let valid_seconds = KEY_DAYS * 24 * 3600;
        Submission { agency, spec, repeat, adds_to: None, valid_seconds }
    }

    /// The same key with another body.
    fn other_body(&self, first: &Submission) -> Submission {
        let mut other = self.draw();
        other.agency = first.agency.clone();
        other.repeat.0 = first.repeat.0;
        other
    }

    /// Sends until there is an answer.
    async fn send(&self, make: impl Fn() -> Work) -> Result<Done, LaneError> {
        loop {
            self.sim.sleep_ms(0, 3).await;
            let gate = {
                let gates = held(&self.gates);
                let gate = self.sim.below(gates.len() as u64);
                gates[usize::try_from(gate).expect("few")].clone()
            };
            if let Some(lane) = gate {
                count(&self.sim.counts.submissions, 1);
                match lane.submit(make()).await {
                    Err(LaneError::Unavailable | LaneError::Full) => {}
                    answer => return answer,
                }
            }
            self.sim.sleep_ms(20, 1000).await;
        }
    }

    /// Sends a submission that must be accepted, and checks what is told.
    async fn accepted(&self, submission: &Submission) -> Option<Reference> {
        match self.send(|| submission.work(self.sim.now())).await {
            Ok(Done::Accepted { reference, receipt, .. }) => {
                self.sim.note("accepted", 0, submission.spec.serial);
                let body = submission.repeat.1;
                self.told(submission, Promise { body, reference, receipt });
                Some(reference)
            }
            other => {
                self.sim.found(format!("{other:?} for the good {submission:?}"));
                None
            }
        }
    }

    fn told(&self, submission: &Submission, promise: Promise) {
        if !self.database.tables().by_reference.contains_key(&promise.reference) {
            self.sim.found(format!("{} was acknowledged and is not stored", promise.reference));
        }
        if submission.valid_seconds == FLEETING {
            return;
        }
        let mut ledger = held(&self.ledger);
        let first = ledger.promises.entry(submission.repeat.0).or_insert(promise.clone());
        if *first != promise {
            let finding = format!("one key, two answers: {first:?} and then {promise:?}");
            drop(ledger);
            self.sim.found(finding);
        }
    }

    async fn refer(&self) {
        let first = self.draw();
        let Some(reference) = self.accepted(&first).await else { return };
        if self.sim.below(3) == 0 {
            self.accepted(&first).await;
        }
        if self.sim.below(8) == 0 {
            self.conflicts(&self.other_body(&first), reference).await;
        }
        match self.sim.below(8) {
            0 => {
                self.adds(&first, reference).await;
                self.adds(&first, reference).await;
                // The first answer is the first answer, whatever was added since.
                self.accepted(&first).await;
            }
            1 => {
                let three = [(); 3].map(|()| self.adds(&first, reference));
                futures::future::join_all(three).await;
            }
            2 => self.adds_to_anothers(&first, reference).await,
            _ => {}
        }
    }

    async fn conflicts(&self, other: &Submission, first: Reference) {
        match self.send(|| other.work(self.sim.now())).await {
            Ok(Done::Conflict { first: named }) if named == first => {}
            answer => {
                let finding = format!("{answer:?} for another body under the key of {first}");
                self.sim.found(finding);
            }
        }
    }

    async fn adds(&self, first: &Submission, reference: Reference) {
        let mut addition = self.draw();
        addition.agency = first.agency.clone();
        addition.adds_to = Some(reference);
        if self.sim.below(2) == 0 {
            addition.spec.children.clear();
        }
        let added_to = self.accepted(&addition).await;
        if added_to.is_some_and(|added_to| added_to != reference) {
            self.sim.found(format!("an addition to {reference} went to another referral"));
        }
        if self.sim.below(3) == 0 {
            self.accepted(&addition).await;
        }
    }

    async fn adds_to_anothers(&self, first: &Submission, reference: Reference) {
        let mut addition = self.draw();
        addition.agency = AgencyId::new("stranger");
        addition.adds_to = Some(reference);
        match self.send(|| addition.work(self.sim.now())).await {
            Ok(Done::Unknown) => {}
            other => {
                self.sim.found(format!("{other:?} for a stranger's addition to {first:?}"));
            }
        }
    }

    /// Two agencies send the same new child at the same moment.
    async fn same_child(&self) {
        let (one, mut two) = (self.draw(), self.draw());
        two.spec.children.clone_from(&one.spec.children);
        tokio::join!(biased; self.accepted(&one), self.accepted(&two));
    }

    /// A sender presses the button twice.
    async fn twice_at_once(&self) {
        let one = self.draw();
        tokio::join!(biased; self.accepted(&one), self.accepted(&one));
    }

    /// Two bodies under one key at the same moment: one of them is first.
    async fn two_bodies(&self) {
        let one = self.draw();
        let two = self.other_body(&one);
        let (first, second) = tokio::join!(
            biased;
            self.send(|| one.work(self.sim.now())),
            self.send(|| two.work(self.sim.now()))
        );
        let (winner, reference, loser) = match (first, second) {
            (Ok(Done::Accepted { reference, .. }), Ok(Done::Conflict { first })) => {
                (&one, reference, first)
            }
            (Ok(Done::Conflict { first }), Ok(Done::Accepted { reference, .. })) => {
                (&two, reference, first)
            }
            other => return self.sim.found(format!("two bodies under one key: {other:?}")),
        };
        if reference != loser {
            self.sim.found(format!("a conflict names {loser}, the first was {reference}"));
        }
        self.accepted(winner).await;
    }

    /// A refusal, some more of the same, and at times a good body under its key.
    async fn refused(&self) {
        let good = self.draw();
        let (key, body) = (good.repeat.0, token16(3, good.spec.serial));
        let times = 1 + self.sim.below(3);
        let one = || async {
            match self.send(|| refusal(&good.agency, body, key, self.sim.now())).await {
                Ok(Done::Kept) => *held(&self.ledger).kept.entry(body).or_default() += 1,
                other => self.sim.found(format!("{other:?} for a refused submission")),
            }
        };
        futures::future::join_all((0..times).map(|_| one())).await;
        if self.sim.below(2) == 0 {
            self.accepted(&good).await;
        }
    }

    /// What cannot be concluded is kept as it was sent, alone, and its key stays free.
    async fn poisoned(&self) {
        let mut poison = self.draw();
        poison.spec.poison = match self.sim.below(4) {
            0 => Poison::Row,
            1 => Poison::Damaged,
            2 => Poison::Panics,
            _ => Poison::PanicsAhead,
        };
        let good = self.other_body(&poison);
        let bad = self.send(|| poison.work(self.sim.now()));
        let answer = if self.sim.below(2) == 0 {
            let answer = bad.await;
            self.accepted(&good).await;
            answer
        } else {
            tokio::join!(biased; bad, self.accepted(&good)).0
        };
        match answer {
            Ok(Done::Kept) => *held(&self.ledger).kept.entry(poison.repeat.1).or_default() += 1,
            Ok(Done::Conflict { .. }) => {}
            other => self.sim.found(format!("{other:?} for what cannot be concluded")),
        }
    }

    /// A sender that does not wait for its answer.
    async fn gives_up(&self) {
        let one = self.draw();
        let patience = Duration::from_millis(self.sim.below(20));
        let work = || one.work(self.sim.now());
        let _ = tokio::time::timeout(patience, self.send(work)).await;
    }

    /// A key that is soon forgotten: afterwards the same body is a new referral.
    async fn fleeting(&self) {
        let mut one = self.draw();
        one.valid_seconds = FLEETING;
        self.accepted(&one).await;
        tokio::time::sleep(Duration::from_secs(1 + self.sim.below(90))).await;
        self.accepted(&one).await;
    }
}
