//! More than the gateway can hold at once: it turns away what it cannot, says when to come again,
//! and its memory stays bounded.

use crate::harness::{Home, http};
use futures::StreamExt;
use futures::stream;
use serde_json::json;
use std::io::Result;
use std::time::Duration;
use tokio::sync::watch;

/// Bodies of nearly the largest size, at once: more than twice what is set aside for bodies.
const SENDERS: u32 = 150;
const WORRY: usize = 960 * 1024;
/// What a body may cost while it is worked on, beside itself, comes to some hundred megabytes with
/// all that are let in; all that were sent would need a good deal more than this.
const MOST_MEGABYTES: u64 = 700;

/// As many as are turned away for certain while the rest are held: the budget is 64 MiB.
const SURELY_AWAY: u32 = 60;

fn large(n: u32) -> Vec<u8> {
    let mut body = http::referral(n);
    body["worry"] = json!("Cold, hungry and late again today. ".repeat(WORRY / 35));
    body.to_string().into_bytes()
}

/// Nobody's first body ends before so many were turned away, or the gateway would no longer wait
/// for it: all are there at once also where the machine is slow.
struct Flood {
    client: reqwest::Client,
    url: String,
    key: String,
    away: watch::Sender<u32>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_large_bodies_is_shed_and_memory_stays_bounded() {
    let mut home = Home::sqlite().await;
    home.env.push(("FRONTDOOR__HTTP__RATE_LIMITS".to_owned(), "false".to_owned()));
    let key = home.key("--agency", "school-ridgeway").await;
    let gateway = home.start().await;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(120)).build().unwrap();
    let (url, away) = (gateway.url.clone(), watch::Sender::new(0));
    let flood = std::sync::Arc::new(Flood { client, url, key, away });
    let tasks: Vec<_> = (0..SENDERS)
        .map(|n| {
            let flood = flood.clone();
            tokio::spawn(async move { flood.until_accepted(n).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("accepted in the end");
    }
    let turned_away = *flood.away.borrow();
    let most = gateway.peak_megabytes();
    println!("{turned_away} times asked to come again, at most {most} MB");
    assert!(turned_away >= SURELY_AWAY, "all at once were let in");
    assert!(most < MOST_MEGABYTES, "{most} MB");
    let (status, _) =
        http::post_referral(&flood.client, &gateway.url, &flood.key, None, &http::referral(7))
            .await
            .unwrap();
    assert_eq!(status, 201);
    assert_eq!(gateway.stop().await, Some(0));
}

impl Flood {
    async fn until_accepted(&self, n: u32) {
        let whole = large(n);
        for attempt in 0..200 {
            let url = format!("{}/v1/referrals", self.url);
            let request = self.client.post(url).bearer_auth(&self.key);
            let request = request.header("Idempotency-Key", format!("flood-{n}"));
            let request = request.header("Content-Type", "application/json");
            let request = request.header("Content-Length", whole.len());
            let wait = match request.body(self.body(whole.clone(), attempt)).send().await {
                Ok(answer) if answer.status() == 201 => return,
                Ok(answer) if answer.status() == 503 => {
                    self.away.send_modify(|away| *away += 1);
                    answer.headers()["retry-after"].to_str().unwrap().parse().unwrap()
                }
                // Among so many it came too slowly; what came of it is kept.
                Ok(answer) if answer.status() == 408 => 1,
                Ok(answer) => panic!("{}", answer.status()),
                // Turned away before its body was read, and its connection with it.
                Err(_) => {
                    self.away.send_modify(|away| *away += 1);
                    1
                }
            };
            assert!((1..=60).contains(&wait), "{wait}");
            tokio::time::sleep(Duration::from_secs(wait)).await;
        }
        panic!("{n} was never accepted");
    }

    /// All but the end of it at once; the end of a first attempt when enough were turned away.
    fn body(&self, mut start: Vec<u8>, attempt: u32) -> reqwest::Body {
        let end = start.split_off(start.len() - 1);
        let mut away = self.away.subscribe();
        let held = async move {
            if attempt == 0 {
                let enough = away.wait_for(|away| *away >= SURELY_AWAY);
                let _ = tokio::time::timeout(Duration::from_secs(12), enough).await;
            }
            Ok(end)
        };
        let parts = stream::iter([Result::Ok(start)]).chain(stream::once(held));
        reqwest::Body::wrap_stream(parts)
    }
}
