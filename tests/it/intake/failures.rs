//! Stages fail; what was sent still ends in front of people (invariant 2).

use super::gateway::{Gateway, accepted, json_of, rules};
use frontdoor::domain::facts::FactId;
use frontdoor::domain::ids::RefusalId;
use frontdoor::domain::refusal::RefusalKind;
use frontdoor::domain::{ChildHistory, PersonId, Priority, Timestamp};
use frontdoor::pipeline::{Outcome, Stages};
use frontdoor::store::Batch;
use frontdoor::store::error::{Result, StoreError};
use frontdoor::store::work::*;
use frontdoor::store::{
    Clock, Doubt, Meeting, OutcomeRow, Repeat, StoredReferral, ToTell, Token16,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn referral(worry: &str) -> Value {
    json!({
        "referrer": "Sam Rowe",
        "children": [{"given_name": "Ada", "family_name": "Rowe", "date_of_birth": "2019-03-04"}],
        "worry": worry,
        "concerns": ["11A"],
    })
}

/// The stages, but for one that fails.
struct Spoilt {
    stages: Arc<Stages>,
    /// Whether the defect is still there.
    defect: Arc<AtomicBool>,
    what: What,
}

#[derive(PartialEq)]
enum What {
    Link,
    Conclude,
    Add,
}

impl Spoilt {
    fn fails(&self, what: &What) -> bool {
        self.what == *what && self.defect.load(Ordering::SeqCst)
    }
}

impl Judge for Spoilt {
    fn open_profile(&self, person: PersonId, sealed: &[u8]) -> Option<Vec<u8>> {
        self.stages.open_profile(person, sealed)
    }

    fn link(&self, child: &ChildProfile, candidates: &[Candidate]) -> LinkVerdict {
        if self.fails(&What::Link) {
            let cut_short = ChildProfile { profile: b"?".to_vec(), ..child.clone() };
            return self.stages.link(&cut_short, candidates);
        }
        self.stages.link(child, candidates)
    }

    fn conclude(
        &self,
        referred: &Referred,
        links: &[ChildLink],
        histories: &[ChildHistory],
        now: Timestamp,
    ) -> Result<Concluded> {
        let raw = String::from_utf8_lossy(&referred.raw);
        assert!(!(self.fails(&What::Conclude) && raw.contains("unlucky")), "a defect");
        self.stages.conclude(referred, links, histories, now)
    }

    fn merge(
        &self,
        stored: &StoredReferral,
        addition: &Addition,
    ) -> Result<std::result::Result<Referred, Done>> {
        self.stages.merge(stored, addition)
    }

    fn conclude_addition(&self, added: &Added<'_>, now: Timestamp) -> Result<Concluded> {
        if self.fails(&What::Add) {
            return Err(StoreError::Damaged("a part is not as written".to_owned()));
        }
        self.stages.conclude_addition(added, now)
    }

    fn is_of_the_same(&self, stored: &StoredReferral, referred: &Referred) -> Result<bool> {
        self.stages.is_of_the_same(stored, referred)
    }

    fn reopen(&self, stored: &StoredReferral, now: Timestamp) -> Result<Referred> {
        self.stages.reopen(stored, now)
    }

    fn conclude_revisit(
        &self,
        revisit: &Revisit<'_>,
        now: Timestamp,
    ) -> Result<(Batch, Option<Arc<[u8]>>)> {
        self.stages.conclude_revisit(revisit, now)
    }

    fn conclude_meetings(
        &self,
        stored: &StoredReferral,
        meetings: &[Meeting],
        now: Timestamp,
    ) -> Result<Batch> {
        self.stages.conclude_meetings(stored, meetings, now)
    }

    fn conclude_outcome(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        before: &[OutcomeRow],
        told: &Told,
        now: Timestamp,
    ) -> Result<Concluded> {
        self.stages.conclude_outcome(stored, clocks, before, told, now)
    }

    fn conclude_attachments(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        to_tell: &[ToTell],
        now: Timestamp,
    ) -> Result<Batch> {
        self.stages.conclude_attachments(stored, clocks, to_tell, now)
    }

    fn conclude_doubt(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        doubt: &Doubt,
        now: Timestamp,
    ) -> Result<Batch> {
        self.stages.conclude_doubt(stored, clocks, doubt, now)
    }

    fn conclude_refusal(
        &self,
        refused: &Refused,
        again: Option<RefusalId>,
        now: Timestamp,
    ) -> Result<Concluded> {
        self.stages.conclude_refusal(refused, again, now)
    }

    fn repeated(&self, stored: &Repeat, body: Token16) -> Result<Done> {
        self.stages.repeated(stored, body)
    }
}

async fn spoilt(what: What) -> (Gateway, Arc<AtomicBool>) {
    let defect = Arc::new(AtomicBool::new(true));
    let of_judge = defect.clone();
    let judge = |stages| -> Arc<dyn Judge> { Arc::new(Spoilt { stages, defect: of_judge, what }) };
    (Gateway::with(rules(), judge).await, defect)
}

fn failed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(refusal) if refusal.kind == RefusalKind::Failed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_fails_sends_the_referral_to_masstt_with_the_failure_attached() {
    let mut rules = rules();
    for rule in &mut rules.policy.rules {
        // There is no such fact: whatever fires panics.
        rule.reads.push(FactId(200));
    }
    let gateway = Gateway::with(rules, |stages| stages).await;
    let (reference, receipt, _) = accepted(gateway.send(referral("cold"), None).await);
    assert_eq!(receipt["children"][0]["level_of_need"]["code"], "5");
    assert_eq!(receipt["children"][0]["priority"], "urgent");
    let (stored, dossier) = gateway.stored(reference).await;
    let to: Vec<&str> = stored.deliveries.iter().map(|row| row.destination.as_str()).collect();
    assert_eq!(to, ["masstt"]);
    let decided = json_of(&dossier.decision);
    assert_eq!(decided["full"]["failure"], "policy-failed");
    // What is added is decided as well.
    let added = gateway.add(reference, json!({"danger_now": "yes"}), None).await;
    assert_eq!(accepted(added).0, reference);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_cannot_be_compared_stands_as_new_and_that_goes_on_record() {
    let (gateway, defect) = spoilt(What::Link).await;
    let (reference, failing, _) = accepted(gateway.send(referral("cold"), None).await);
    let (_, dossier) = gateway.stored(reference).await;
    let decided = json_of(&dossier.decision);
    assert_eq!(decided["full"]["failure"], "linkage-failed");
    assert_eq!(decided["alone"]["failure"], Value::Null);
    defect.store(false, Ordering::SeqCst);
    let (_, sound, _) = accepted(gateway.send(referral("colder"), None).await);
    // The sender learns nothing of it.
    assert_eq!(failing["children"], sound["children"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_stage_can_conclude_is_kept_as_sent_before_people_until_it_can() {
    let (gateway, defect) = spoilt(What::Conclude).await;
    let (unlucky, neighbour) = (referral("unlucky"), referral("cold"));
    let (bad, good) =
        tokio::join!(gateway.send(&unlucky, Some("k")), gateway.send(&neighbour, None));
    accepted(good);
    assert!(failed(&bad), "{bad:?}");
    assert!(failed(&gateway.send(&unlucky, Some("k")).await));
    let refusals = gateway.refusals().await;
    assert_eq!(refusals.len(), 1);
    let (message, record) = &refusals[0];
    assert_eq!((message.destination.as_str(), message.priority), ("masstt", Priority::Urgent));
    assert_eq!((record.problem.as_str(), record.count), ("failed-kept", 2));
    assert_eq!(json_of(&gateway.kept(record).raw), unlucky);
    defect.store(false, Ordering::SeqCst);
    accepted(gateway.send(&unlucky, Some("k")).await);
    assert!(gateway.refusals().await[0].1.cleared_at.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn information_that_cannot_be_put_to_its_referral_is_kept_and_names_it() {
    let (gateway, _) = spoilt(What::Add).await;
    let (reference, ..) = accepted(gateway.send(referral("cold"), None).await);
    let outcome = gateway.add(reference, json!({"danger_now": "yes"}), None).await;
    assert!(failed(&outcome), "{outcome:?}");
    let (message, record) = gateway.refusals().await.remove(0);
    assert_eq!(json_of(&message.payload)["data"]["reference"], reference.to_string());
    assert_eq!(json_of(&gateway.kept(&record).raw), json!({"danger_now": "yes"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_while_reading_keeps_what_was_sent() {
    let gateway = Gateway::start().await;
    gateway.clock.broken.store(true, Ordering::SeqCst);
    let outcome = gateway.send(referral("cold"), None).await;
    assert!(failed(&outcome), "{outcome:?}");
    let (_, record) = gateway.refusals().await.remove(0);
    assert_eq!(json_of(&gateway.kept(&record).raw), referral("cold"));
    accepted(gateway.send(referral("cold"), None).await);
}
