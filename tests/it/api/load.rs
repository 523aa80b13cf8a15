//! Too much, too large, too slow.

use super::fakes::Behaviour;
use super::{Setup, World, problem};
use frontdoor::api::{AdmissionSettings, ApiSettings};
use frontdoor::domain::refusal::RefusalKind;
use futures::{StreamExt as _, stream};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

fn limited(change: impl FnOnce(&mut ApiSettings)) -> Setup {
    let mut setup = Setup::default();
    change(&mut setup.settings);
    setup
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_while_it_streams_and_its_size_is_kept() {
    let world = World::with(limited(|settings| settings.body_limit = 100_000)).await;
    // Chunked, so that nothing announces the size.
    let chunks = stream::repeat(vec![b'x'; 10_000]).take(1_000).map(Ok::<_, std::io::Error>);
    let body = reqwest::Body::wrap_stream(chunks);
    let answer = world.post("/v1/referrals", &world.school).body(body).send().await.unwrap();
    problem(answer, 413, "too-large").await;
    let kept = world.intake.kept.lock().unwrap().pop().expect("kept");
    assert_eq!(kept.refusal.kind, RefusalKind::TooLarge);
    assert!((100_001..200_000).contains(&kept.extent.read), "{:?}", kept.extent);
    assert!(!kept.extent.whole && kept.extent.announced.is_none());
    assert!(kept.submission.body.is_empty());

    let announced = world.post("/v1/referrals", &world.school).body(vec![b'x'; 100_001]);
    problem(announced.send().await.unwrap(), 413, "too-large").await;
    let kept = world.intake.kept.lock().unwrap().pop().expect("kept");
    assert_eq!((kept.extent.size(), kept.extent.read), (100_001, 0));
    assert_eq!(kept.submission.agency.id.as_str(), "school");

    let most = world.post("/v1/referrals", &world.school).body(vec![b'x'; 100_000]);
    assert_eq!(most.send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_slow_body_is_given_up_and_what_came_is_kept() {
    let setup = limited(|settings| settings.body_timeout = Duration::from_millis(200));
    let world = World::with(setup).await;
    let start = stream::once(async { Ok::<_, std::io::Error>(b"{\"worry\"".to_vec()) });
    let body = reqwest::Body::wrap_stream(start.chain(stream::pending()));
    let answer = world.post("/v1/referrals", &world.school).body(body).send().await.unwrap();
    problem(answer, 408, "slow-body").await;
    let kept = world.intake.kept.lock().unwrap().pop().expect("kept");
    assert_eq!(kept.submission.body, b"{\"worry\"");
    assert_eq!((kept.extent.read, kept.extent.whole), (8, false));
}

#[tokio::test]
async fn a_body_whose_connection_breaks_off_is_kept_as_far_as_it_came() {
    let world = World::start().await;
    for _ in 0..2 {
        let mut connection = TcpStream::connect(world.running.address).await.unwrap();
        let head = format!(
            "POST /v1/referrals HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Length: 90\r\n\r\n{{\"worry\"",
            world.school
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        drop(connection);
    }
    while world.intake.kept.lock().unwrap().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let kept = world.intake.kept.lock().unwrap().pop().expect("kept");
    assert_eq!((kept.extent.read, kept.extent.announced, kept.extent.whole), (8, Some(90), false));
}

#[tokio::test]
async fn reads_and_dry_runs_are_turned_away_while_referrals_are_still_taken() {
    let admission = AdmissionSettings { referrals: 4, others: 2, ..AdmissionSettings::default() };
    let world = World::with(limited(|settings| settings.admission = admission)).await;
    world.intake.behave(Behaviour::Wait);
    let referral = || world.post("/v1/referrals", &world.school).body("{}").send();
    let arrived = |count: usize| {
        let intake = world.intake.clone();
        async move {
            while intake.received.lock().unwrap().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    };
    let mut waiting: Vec<_> = (0..4).map(|_| tokio::spawn(referral())).collect();
    arrived(4).await;
    // No place is left for referrals, so none is spent on anything else.
    let dry = world.post("/v1/referrals/validate", &world.school).body("{}").send().await.unwrap();
    assert_eq!(dry.headers()["retry-after"], "1");
    problem(dry, 503, "overloaded").await;
    let read = world.get("/v1/referrals/22222-22222", &world.school).send().await.unwrap();
    problem(read, 503, "overloaded").await;
    let fifth = referral().await.unwrap();
    problem(fifth, 503, "overloaded").await;
    // The body of what was turned away was not taken.
    assert_eq!(world.intake.received.lock().unwrap().len(), 4);
    // Liveness and metrics answer whatever the load.
    assert_eq!(
        world.client.get(format!("{}/health/live", world.url)).send().await.unwrap().status(),
        200
    );

    world.intake.gate.add_permits(4);
    for answer in waiting.drain(..) {
        assert_eq!(answer.await.unwrap().unwrap().status(), 201);
    }
    let dry = world.post("/v1/referrals/validate", &world.school).body("{}").send().await.unwrap();
    assert_eq!(dry.status(), 200);
}

#[tokio::test]
async fn bodies_wait_for_memory_that_is_set_aside_for_them() {
    let admission = AdmissionSettings { body_bytes: 1_000, ..AdmissionSettings::default() };
    let world = World::with(limited(|settings| settings.admission = admission)).await;
    let send = |size: usize| world.post("/v1/referrals", &world.school).body(vec![b'x'; size]);
    assert_eq!(send(1_000).send().await.unwrap().status(), 201);
    problem(send(1_001).send().await.unwrap(), 503, "overloaded").await;
    assert_eq!(send(1_000).send().await.unwrap().status(), 201);
    assert!(world.intake.kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn slow_dry_runs_keep_no_referral_and_no_read_out() {
    let admission = AdmissionSettings { body_bytes: 1_000, ..AdmissionSettings::default() };
    let world = World::with(limited(|settings| settings.admission = admission)).await;
    // Each announces a mebibyte and sends nothing.
    let slow = || {
        let body = reqwest::Body::wrap_stream(stream::pending::<std::io::Result<Vec<u8>>>());
        let request = world.post("/v1/referrals/validate", &world.school);
        tokio::spawn(request.header("Content-Length", 1 << 20).body(body).send())
    };
    let under_way: Vec<_> = (0..4).map(|_| slow()).collect();
    let fifth = async || {
        let path = "/v1/referrals/validate";
        world.post(path, &world.school).body("{}").send().await.unwrap()
    };
    let mut answer = fifth().await;
    while answer.status() == 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        answer = fifth().await;
    }
    problem(answer, 503, "overloaded").await;
    let referral = world.post("/v1/referrals", &world.school).body(vec![b'x'; 1_000]);
    assert_eq!(referral.send().await.unwrap().status(), 201);
    let read = world.get("/v1/destinations/masstt/messages", &world.masstt).send().await.unwrap();
    assert_eq!(read.status(), 200);
    let other = world.post("/v1/referrals/validate", &world.police).body("{}");
    assert_eq!(other.send().await.unwrap().status(), 200);
    under_way.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn announcing_a_large_body_sets_no_memory_aside() {
    let admission = AdmissionSettings { body_bytes: 20_000, ..AdmissionSettings::default() };
    let world = World::with(limited(|settings| settings.admission = admission)).await;
    let body = reqwest::Body::wrap_stream(stream::pending::<std::io::Result<Vec<u8>>>());
    let request = world.post("/v1/referrals", &world.police).header("Content-Length", 1 << 20);
    let slow = tokio::spawn(request.body(body).send());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let referral = world.post("/v1/referrals", &world.school).body("{}");
    assert_eq!(referral.send().await.unwrap().status(), 201);
    slow.abort();
}

#[tokio::test]
async fn an_agency_over_its_rate_is_asked_to_wait_and_its_reads_are_counted_apart() {
    let world = World::with(Setup { rate_per_minute: 2, ..Setup::default() }).await;
    let send = |key: &str| world.post("/v1/referrals", key).body("{}").send();
    for left in [1, 0] {
        let answer = send(&world.school).await.unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["ratelimit-policy"], "\"default\";q=2;w=60");
        let standing = format!("\"default\";r={left};t={}", 60 - left * 30);
        assert_eq!(answer.headers()["ratelimit"], standing);
    }
    let over = send(&world.school).await.unwrap();
    let wait: u32 = over.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(over.headers()["ratelimit"], "\"default\";r=0;t=60");
    problem(over, 429, "rate-limited").await;
    assert_eq!(send(&world.police).await.unwrap().status(), 201);
    let read = world.get("/v1/referrals/22222-22222", &world.school).send().await.unwrap();
    assert_eq!(read.headers()["ratelimit-policy"], "\"reads\";q=10;w=60");
    problem(read, 404, "not-found").await;
}

#[tokio::test]
async fn a_call_that_takes_too_long_and_one_that_meets_a_defect_get_problem_documents() {
    let setup = limited(|settings| settings.request_timeout = Duration::from_millis(200));
    let world = World::with(setup).await;
    let send = || world.post("/v1/referrals", &world.school).body("{}").send();
    world.intake.behave(Behaviour::Wait);
    let late = send().await.unwrap();
    assert_eq!(late.headers()["retry-after"], "2");
    assert_eq!(late.headers()["x-content-type-options"], "nosniff");
    problem(late, 503, "timed-out").await;
    world.intake.behave(Behaviour::Panic);
    problem(send().await.unwrap(), 500, "failed").await;
    world.intake.behave(Behaviour::Answer(super::fakes::accepted(false)));
    assert_eq!(send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_stop_waits_for_what_is_under_way() {
    let world = World::start().await;
    world.intake.behave(Behaviour::Wait);
    let under_way = tokio::spawn(world.post("/v1/referrals", &world.school).body("{}").send());
    while world.intake.received.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let World { running, intake, .. } = world;
    let stop = tokio::spawn(running.stop());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!stop.is_finished());
    intake.gate.add_permits(1);
    let answer = under_way.await.unwrap().unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["connection"], "close");
    stop.await.unwrap().unwrap();
}
