//! A refusal is a record, and in front of people at once (invariant 5).

use super::gateway::{Gateway, NIGHT, accepted, json_of};
use frontdoor::domain::refusal::{Extent, Refusal, RefusalKind};
use frontdoor::domain::{Priority, Reference};
use frontdoor::pipeline::{Intake, Outcome};
use serde_json::json;

fn refusal(kind: RefusalKind) -> Refusal {
    Refusal { kind, faults: Vec::new() }
}

fn referral() -> serde_json::Value {
    json!({"referrer": "Sam Rowe", "children": [{"given_name": "Ada"}], "worry": "cold"})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_come_whole_is_a_record_of_its_own_each_time() {
    let gateway = Gateway::start().await;
    for announced in [Some(2_000_000), Some(3_000_000), None] {
        let extent = Extent { read: 0, announced, whole: false };
        let (over, sent) = (refusal(RefusalKind::TooLarge), gateway.submission("", None));
        let outcome = gateway.pipeline.refuse(sent, None, over.clone(), extent).await;
        assert_eq!(outcome, Outcome::Refused(over));
    }
    // The same beginning of two worries, and two that hold nothing.
    let extent = Extent { read: 8, announced: Some(90), whole: false };
    for _ in 0..2 {
        let slow = refusal(RefusalKind::NotReadable);
        let sent = gateway.submission("{\"worry\"", Some("one key"));
        gateway.pipeline.refuse(sent, None, slow, extent).await;
        gateway.send("", None).await;
    }
    let refusals = gateway.refusals().await;
    assert_eq!(refusals.len(), 7);
    assert!(refusals.iter().all(|(_, record)| record.count == 1));
    let (message, record) = &refusals[1];
    assert_eq!(record.bytes, 3_000_000);
    let data = &json_of(&message.payload)["data"];
    assert_eq!((&data["bytes_read"], &data["bytes_announced"]), (&json!(0), &json!(3_000_000)));
    // The same whole body is one record that counts.
    for _ in 0..3 {
        gateway.send("{}", None).await;
    }
    let refusals = gateway.refusals().await;
    assert_eq!(refusals.len(), 8);
    assert_eq!(refusals[7].1.count, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_at_night_goes_to_those_who_are_awake_as_well() {
    let gateway = Gateway::start().await;
    let told = async || {
        let refusals = gateway.refusals().await;
        let one = |message: &frontdoor::store::OutboxRow| {
            (message.destination.to_string(), message.priority)
        };
        refusals.iter().map(|(message, _)| one(message)).collect::<Vec<_>>()
    };
    let to = |name: &str, priority| (name.to_owned(), priority);
    gateway.send("{}", None).await;
    assert_eq!(told().await, [to("masstt", Priority::Urgent)]);
    gateway.clock.set(NIGHT);
    gateway.send("[]", None).await;
    let mut after = told().await.split_off(1);
    after.sort();
    let both = [to("masstt", Priority::Urgent), to("out-of-hours", Priority::Urgent)];
    assert_eq!(after, both);
    // An agency that is still testing wakes nobody.
    let sent = gateway.submission(referral(), None);
    let extent = Extent::whole(&sent.body);
    gateway.pipeline.refuse(sent, None, refusal(RefusalKind::Testing), extent).await;
    assert_eq!(told().await.split_off(3), [to("masstt", Priority::Standard)]);
    let (message, record) = gateway.refusals().await.remove(3);
    assert_eq!(record.problem, "testing");
    let next_night = message.due_at.to_string();
    assert!(next_night.starts_with("2026-11-25T23:30"), "MASSTT's own clock: {next_night}");
    assert_eq!(json_of(&gateway.kept(&record).raw), referral());
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_information_names_its_referral_and_is_cleared_by_the_next_under_its_key() {
    let gateway = Gateway::start().await;
    let (reference, ..) = accepted(gateway.send(referral(), None).await);
    let (other, ..) = accepted(
        gateway
            .send(
                json!({"danger_now": "yes", "children": ["x"],
        "referrer": "Sam"}),
                None,
            )
            .await,
    );
    for to in [reference, other] {
        let outcome = gateway.add(to, "[]", Some("k")).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
    }
    let refusals = gateway.refusals().await;
    assert_eq!(refusals.len(), 2, "the same words about two referrals are two refusals");
    let (message, record) = &refusals[0];
    assert_eq!(json_of(&message.payload)["data"]["reference"], reference.to_string());
    assert_eq!(json_of(&gateway.kept(record).decision)["about"], reference.to_string());
    // The same body as a referral is another refusal.
    gateway.send("[]", None).await;
    assert_eq!(gateway.refusals().await.len(), 3);

    accepted(gateway.add(reference, json!({"worry": "colder"}), Some("k")).await);
    let cleared = |refusals: &[(_, frontdoor::store::RefusalRow)]| {
        refusals.iter().map(|(_, record)| record.cleared_at.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(cleared(&gateway.refusals().await), [true, false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_media_type_is_refused_and_kept() {
    let gateway = Gateway::start().await;
    for (media_type, taken) in [
        (Some("text/plain"), false),
        (Some("application/fhir+json"), false),
        (Some("application/json; charset=utf-8"), true),
        (None, true),
    ] {
        let mut sent = gateway.submission(referral(), None);
        sent.media_type = media_type.map(str::to_owned);
        assert_eq!(gateway.pipeline.rehearse(&sent).is_ok(), taken, "{media_type:?}");
        let outcome = gateway.pipeline.receive(sent).await;
        assert_eq!(matches!(outcome, Outcome::Accepted { .. }), taken, "{outcome:?}");
    }
    let refusals = gateway.refusals().await;
    assert_eq!((refusals.len(), refusals[0].1.problem.as_str()), (1, "media-type"));
    let unknown = Reference::from_entropy(1);
    assert_eq!(gateway.add(unknown, json!({"worry": "x"}), None).await, Outcome::Unknown);
}
