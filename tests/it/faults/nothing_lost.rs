//! The server is killed while it works; whatever a sender was told stays true.

use super::ledger::{Senders, drained, failing, verify, waiting};
use crate::harness::{Home, Services, http};
use serde_json::Value;
use std::time::Duration;

const AGENCY: &str = "school-ridgeway";
const SENDERS: u32 = 12;

/// Points at which the server ends itself with SIGKILL, and after how many passes.
const POINTS: [&str; 10] = [
    "lane.commit-reply:2",
    "lane.within:3",
    "relay.publish-confirm:1",
    "relay.confirm-mark:1",
    "lane.commit-reply:5",
    "lane.within:1",
    "relay.publish-confirm:3",
    "relay.confirm-mark:2",
    "lane.before-commit:2",
    "lane.before-commit:4",
];

/// Gives every agency room: the rate limit is not what is tested here.
fn unlimited(mut home: Home) -> Home {
    home.env.push(("FRONTDOOR__HTTP__RATE_LIMITS".to_owned(), "false".to_owned()));
    home
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_killed_twenty_times_at_named_points_and_at_random_nothing_is_lost() {
    let services = Services::private().await;
    let home = unlimited(Home::full(&services).await);
    let key = home.key("--agency", AGENCY).await;
    let first = home.start().await;
    let senders = Senders::start(first.url.clone(), key, SENDERS);
    let mut gateway = Some(first);
    let now_at = |url: &str| url.clone_into(&mut senders.url.lock().expect("not poisoned"));
    for kill in 0..20u64 {
        let point = POINTS.get(usize::try_from(kill / 2).expect("small"));
        if kill % 2 == 0 {
            // A moment that differs each time, and nothing the server does decides it.
            tokio::time::sleep(Duration::from_millis(150 + kill * 37 % 400)).await;
            gateway.take().expect("it runs").kill().await;
            let asked = point.map(|point| ("FRONTDOOR_TEST_KILL_AT", *point));
            // It ends itself at the named point; the next round waits for that.
            match home.try_start(asked.as_slice()).await {
                Ok(started) => {
                    now_at(&started.url);
                    gateway = Some(started);
                }
                // What was left to send brought it to the point before it was ready.
                Err(log) => assert!(point.is_some(), "not ready:\n{log}"),
            }
            continue;
        }
        {
            let mut waited = 0;
            while gateway.as_mut().is_some_and(|gateway| !gateway.has_ended()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
                waited += 1;
                assert!(waited < 1_500, "the server did not reach {point:?}");
            }
            let started = home.start().await;
            now_at(&started.url);
            gateway = Some(started);
        }
        let (before, mut waited) = (senders.accepted(), 0);
        while senders.accepted() < before + 20 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            waited += 1;
            assert!(waited < 1_500, "no progress after kill {kill}");
        }
    }
    let receipts = senders.finish().await;
    drained(&home, &services).await;
    gateway.take().expect("it runs").stop().await;
    println!("{} referrals through 20 kills", receipts.len());
    verify(&home, &receipts).await;
    services.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_rabbitmq_stopped_and_started_and_a_queue_deleted_by_hand_loses_nothing() {
    let services = Services::private().await;
    let home = unlimited(Home::full(&services).await);
    let key = home.key("--agency", AGENCY).await;
    let second = home.key("--agency", "health-royal-trust").await;
    let gateway = home.start().await;
    let senders = Senders::start(gateway.url.clone(), key, 4);
    progress(&senders, 30).await;
    services.service("rabbitmq", "kill").await;
    progress(&senders, 60).await;
    services.service("rabbitmq", "start").await;
    progress(&senders, 30).await;
    let receipts = senders.finish().await;
    drained(&home, &services).await;
    verify(&home, &receipts).await;

    let vhost = home.amqp_url.as_deref().and_then(|url| url.rsplit_once('/')).expect("one").1;
    services.rabbitmqctl(&["delete_queue", "-p", vhost, "frontdoor.masstt.standard"]).await;
    let senders = Senders::start(gateway.url.clone(), second, 4);
    progress(&senders, 30).await;
    let more = senders.finish().await;
    drained(&home, &services).await;
    gateway.stop().await;
    assert!(!more.is_empty());
    services.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_postgresql_killed_and_started_loses_nothing() {
    let services = Services::private().await;
    let home = unlimited(Home::full(&services).await);
    let key = home.key("--agency", AGENCY).await;
    let gateway = home.start().await;
    let senders = Senders::start(gateway.url.clone(), key, 8);
    for _ in 0..3 {
        progress(&senders, 40).await;
        services.service("postgres", "kill").await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        services.service("postgres", "start").await;
    }
    progress(&senders, 40).await;
    let receipts = senders.finish().await;
    drained(&home, &services).await;
    gateway.stop().await;
    verify(&home, &receipts).await;
    services.end().await;
}

/// What was taken is finished: a gateway that is asked to stop answers, commits and delivers what
/// is under way, and ends well.
#[tokio::test(flavor = "multi_thread")]
async fn faults_stopped_under_load_it_drains_and_nothing_is_lost() {
    let services = Services::shared();
    let home = unlimited(Home::full(&services).await);
    let key = home.key("--agency", AGENCY).await;
    let mut gateway = home.start().await;
    let senders = Senders::start(gateway.url.clone(), key, SENDERS);
    for _ in 0..4 {
        progress(&senders, 60).await;
        settled(&home, &gateway.url).await;
        assert_eq!(gateway.stop().await, Some(0), "it ends by itself, and well");
        let waiting = waiting(&home).await;
        assert_eq!(waiting, 0, "everything committed is delivered before it ends");
        gateway = home.start().await;
        *senders.url.lock().expect("not poisoned") = gateway.url.clone();
    }
    let receipts = senders.finish().await;
    drained(&home, &services).await;
    gateway.stop().await;
    verify(&home, &receipts).await;
}

/// Waits until the gateway has RabbitMQ, and what it could not send before is on its way.
async fn settled(home: &Home, url: &str) {
    for _ in 0..500 {
        let answer = http::client().get(format!("{url}/health/ready")).send().await;
        let ready: Value = answer.expect("an answer").json().await.expect("JSON");
        if ready["checks"]["broker"] == "up" && failing(home).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    panic!("RabbitMQ is never up");
}

/// Waits until `more` further submissions are accepted.
async fn progress(senders: &Senders, more: usize) {
    let before = senders.accepted();
    for _ in 0..1_500 {
        if senders.accepted() >= before + more {
            return;
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    panic!("no progress: {} accepted", senders.accepted());
}
