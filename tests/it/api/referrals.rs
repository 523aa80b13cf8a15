//! `POST /v1/referrals`, `…/validate` and `…/information`.

use super::fakes::{Behaviour, accepted, reference};
use super::{World, problem};
use frontdoor::domain::record::Unread;
use frontdoor::domain::refusal::{Refusal, RefusalKind};
use frontdoor::pipeline::Outcome;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

const CANARY: &str = "Zyxquorvane";

fn refusal(kind: RefusalKind) -> Refusal {
    let own = str::to_owned;
    let fault = Unread { pointer: own("/worry"), rule: own("minimum"), ask: own("Say the worry") };
    Refusal { kind, faults: vec![fault] }
}

#[tokio::test]
async fn a_referral_gets_201_with_its_receipt_and_a_repeat_gets_200() {
    let world = World::start().await;
    let path = format!("/v1/referrals/{}", reference());
    let send = || world.post("/v1/referrals", &world.school).json(&json!({"worry": "cold"}));
    let answer = send().header("Idempotency-Key", "k-1").send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["location"], path);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let receipt: Value = answer.json().await.unwrap();
    assert_eq!(receipt["reference"], reference().to_string());
    {
        let received = world.intake.received.lock().unwrap();
        assert_eq!(received[0].agency.id.as_str(), "school");
        assert_eq!(received[0].body, br#"{"worry":"cold"}"#);
        assert_eq!(received[0].idempotency_key.as_deref(), Some("k-1"));
        assert_eq!(received[0].media_type.as_deref(), Some("application/json"));
    }
    world.intake.behave(Behaviour::Answer(accepted(true)));
    let repeat = send().send().await.unwrap();
    assert_eq!(repeat.status(), 200);
    assert_eq!(repeat.headers()["location"], path);
}

#[tokio::test]
async fn every_outcome_of_the_pipeline_has_its_status() {
    let world = World::start().await;
    let paths = ["/v1/referrals".to_owned(), format!("/v1/referrals/{}/information", reference())];
    let refused = |kind| Outcome::Refused(refusal(kind));
    for (outcome, status, code) in [
        (Outcome::Conflict { first: reference() }, 409, "key-reused"),
        (refused(RefusalKind::NotReadable), 400, "not-readable"),
        (refused(RefusalKind::DuplicateKey), 400, "duplicate-key"),
        (refused(RefusalKind::TooDeep), 400, "too-deep"),
        (refused(RefusalKind::BelowMinimum), 422, "below-minimum"),
        (refused(RefusalKind::TooLarge), 413, "too-large"),
        (refused(RefusalKind::MediaType), 415, "media-type"),
        (refused(RefusalKind::Failed), 500, "failed-kept"),
        (Outcome::Unknown, 404, "not-found"),
        (Outcome::Unavailable, 503, "unavailable"),
        (Outcome::Busy, 503, "overloaded"),
        (Outcome::Failed, 500, "failed"),
    ] {
        world.intake.behave(Behaviour::Answer(outcome));
        for path in &paths {
            let answer = world.post(path, &world.school).json(&json!({})).send().await.unwrap();
            let retry = answer.headers().contains_key("retry-after");
            assert_eq!(retry, status == 503, "{code}");
            let document = problem(answer, status, code).await;
            if code == "key-reused" {
                assert_eq!(document["first"], reference().to_string());
            }
            if code == "below-minimum" {
                let fault = json!({"pointer": "/worry", "rule": "minimum", "ask": "Say the worry"});
                assert_eq!(document["faults"], json!([fault]));
            }
        }
    }
}

#[tokio::test]
async fn a_dry_run_answers_like_the_real_one_and_keeps_nothing() {
    let world = World::start().await;
    let send = |body: &'static str| world.post("/v1/referrals/validate", &world.school).body(body);
    let answer = send("{}").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.headers().contains_key("location"));
    let outcome = Outcome::Refused(refusal(RefusalKind::BelowMinimum));
    world.intake.behave(Behaviour::Answer(outcome));
    problem(send("{}").send().await.unwrap(), 422, "below-minimum").await;
    let answer = send("{}").header("Content-Encoding", "gzip").send().await.unwrap();
    problem(answer, 415, "content-encoding").await;
    assert!(world.intake.kept.lock().unwrap().is_empty());
    assert!(world.intake.received.lock().unwrap().is_empty());
}

#[tokio::test]
async fn information_gets_200_and_a_reference_that_is_none_is_unknown() {
    let world = World::start().await;
    let send = |reference: &str| {
        let path = format!("/v1/referrals/{reference}/information");
        world.post(&path, &world.school).body("{}")
    };
    let answer = send(&reference().to_string().to_lowercase()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer = send(&reference().to_string()).header("Content-Encoding", "gzip");
    problem(answer.send().await.unwrap(), 415, "content-encoding").await;
    let kept = world.intake.kept.lock().unwrap().pop().expect("kept");
    assert_eq!(kept.about, Some(reference()));
    problem(send(CANARY).send().await.unwrap(), 404, "not-found").await;
}

#[tokio::test]
async fn a_body_that_cannot_be_taken_is_kept_as_a_refusal() {
    let world = World::start().await;
    let send = || world.post("/v1/referrals", &world.school).body(CANARY);
    for (name, value, status, code, kind) in [
        ("Content-Encoding", "gzip", 415, "content-encoding", RefusalKind::MediaType),
        ("Idempotency-Key", "two words", 400, "idempotency-key", RefusalKind::NotReadable),
    ] {
        let answer = send().header(name, value).send().await.unwrap();
        let document = problem(answer, status, code).await;
        assert!(!document.to_string().contains(CANARY), "{document}");
        let kept = world.intake.kept.lock().unwrap().pop().expect("kept");
        assert_eq!(kept.refusal.kind, kind);
        assert_eq!(kept.submission.body, CANARY.as_bytes());
        assert_eq!(kept.submission.agency.id.as_str(), "school");
        assert!(kept.extent.whole && kept.extent.size() == 11);
    }
    // A sender is not told that something is kept when it is not.
    world.intake.keeps.store(false, Ordering::SeqCst);
    let answer = send().header("Content-Encoding", "gzip").send().await.unwrap();
    problem(answer, 503, "unavailable").await;
}

#[tokio::test]
async fn a_trace_is_passed_on_under_a_parent_of_our_own() {
    let world = World::start().await;
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let send = || world.post("/v1/referrals", &world.school).body("{}");
    send().header("traceparent", given).send().await.unwrap();
    send().header("traceparent", CANARY).send().await.unwrap();
    let received = world.intake.received.lock().unwrap();
    let traces: Vec<_> = received
        .iter()
        .map(|submission| submission.traceparent.clone().expect("a trace"))
        .collect();
    assert!(traces[0].starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{traces:?}");
    assert!(traces[0] != given && traces[0].ends_with("-01"), "{traces:?}");
    assert_eq!(traces[1].len(), given.len());
    assert!(!traces[1].contains("4bf92f3577b34da6a3ce929d0e0e4736"));
}
