//! More than the gateway can hold at once: it turns away what it cannot, says when to come again,
//! and its memory stays bounded.

use crate::harness::{Home, http};
use serde_json::{Value, json};
use std::time::Duration;

/// Bodies of nearly the largest size, at once: more than twice what is set aside for bodies.
const SENDERS: u32 = 150;
const WORRY: usize = 960 * 1024;
/// What a body may cost while it is worked on, beside itself, comes to some hundred megabytes with
/// all that are let in; all that were sent would need a good deal more than this.
const MOST_MEGABYTES: u64 = 700;

fn large(n: u32) -> Value {
    let mut body = http::referral(n);
    body["worry"] = json!("Cold, hungry and late again today. ".repeat(WORRY / 35));
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_large_bodies_is_shed_and_memory_stays_bounded() {
    let mut home = Home::sqlite().await;
    home.env.push(("FRONTDOOR__HTTP__RATE_LIMITS".to_owned(), "false".to_owned()));
    let key = home.key("--agency", "school-ridgeway").await;
    let gateway = home.start().await;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(120)).build().unwrap();
    let tasks: Vec<_> = (0..SENDERS)
        .map(|n| {
            let (client, url, key) = (client.clone(), gateway.url.clone(), key.clone());
            tokio::spawn(async move { until_accepted(&client, &url, &key, n).await })
        })
        .collect();
    let mut turned_away = 0;
    for task in tasks {
        turned_away += task.await.expect("accepted in the end");
    }
    let most = gateway.peak_megabytes();
    println!("{turned_away} times asked to come again, at most {most} MB");
    assert!(turned_away > 0, "all at once were let in");
    assert!(most < MOST_MEGABYTES, "{most} MB");
    let (status, _) =
        http::post_referral(&client, &gateway.url, &key, None, &http::referral(7)).await.unwrap();
    assert_eq!(status, 201);
    assert_eq!(gateway.stop().await, Some(0));
}

/// How often it was asked to come again first.
async fn until_accepted(client: &reqwest::Client, url: &str, key: &str, n: u32) -> u32 {
    let mut asked = 0;
    for _ in 0..200 {
        let request = client.post(format!("{url}/v1/referrals")).bearer_auth(key).json(&large(n));
        let request = request.header("Idempotency-Key", format!("flood-{n}"));
        let wait = match request.send().await {
            Ok(answer) if answer.status() == 201 => return asked,
            Ok(answer) if answer.status() == 503 => {
                asked += 1;
                answer.headers()["retry-after"].to_str().unwrap().parse().unwrap()
            }
            // Among so many it came too slowly; what came of it is kept.
            Ok(answer) if answer.status() == 408 => 1,
            Ok(answer) => panic!("{}", answer.status()),
            // Turned away before its body was read, and its connection with it.
            Err(_) => 1,
        };
        assert!((1..=60).contains(&wait), "{wait}");
        tokio::time::sleep(Duration::from_secs(wait)).await;
    }
    panic!("{n} was never accepted");
}
