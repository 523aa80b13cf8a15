//! The same child, received twice at the same instant, is one person.

use crate::harness::{Home, Services, http};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, Row, SqliteConnection};
use std::collections::BTreeMap;

const PAIRS: u32 = 200;

/// The same child as a school and the police would describe it.
fn told_by_the_police(n: u32) -> Value {
    let mut body = http::referral(n);
    body["referrer"] = json!({"name": "PC 1234", "role": "Response officer"});
    body["worry"] = json!(format!("Attended an invented incident, number {n}."));
    body
}

async fn send_pairs(first: &str, second: &str, keys: &[String; 2]) -> BTreeMap<u32, [String; 2]> {
    let client = http::client();
    let mut references = BTreeMap::new();
    for n in 0..PAIRS {
        let (one, two) = (http::referral(n), told_by_the_police(n));
        let (one, two) = tokio::join!(
            http::post_referral(&client, first, &keys[0], None, &one),
            http::post_referral(&client, second, &keys[1], None, &two),
        );
        let reference = |answer: reqwest::Result<(u16, Value)>| {
            let (status, receipt) = answer.expect("an answer");
            assert_eq!(status, 201, "{receipt}");
            receipt["reference"].as_str().expect("a reference").to_owned()
        };
        references.insert(n, [reference(one), reference(two)]);
    }
    references
}

/// Panics unless both referrals of every pair are of one person.
fn assert_linked(pairs: &BTreeMap<u32, [String; 2]>, people: &BTreeMap<String, Vec<u8>>) {
    let apart: Vec<u32> = pairs
        .iter()
        .filter(|(_, [one, two])| people.get(one).is_none() || people.get(one) != people.get(two))
        .map(|(n, _)| *n)
        .collect();
    assert_eq!(apart, Vec::<u32>::new(), "these pairs are not linked");
}

const PEOPLE: &str = "SELECT r.reference AS reference, l.person AS person \
                      FROM link l JOIN referral r ON r.id = l.referral \
                      WHERE l.state <> 'possible'";

#[tokio::test(flavor = "multi_thread")]
async fn same_instant_two_gateways_on_one_postgresql_link_every_pair() {
    let mut home = Home::full(&Services::shared()).await;
    home.env.push(("FRONTDOOR__HTTP__RATE_LIMITS".to_owned(), "false".to_owned()));
    let keys =
        [home.key("--agency", "school-ridgeway").await, home.key("--agency", "police-west").await];
    let (one, two) = (home.start().await, home.start().await);
    let pairs = send_pairs(&one.url, &two.url, &keys).await;
    one.stop().await;
    two.stop().await;
    let mut connection = PgConnection::connect(&home.database_url).await.expect("connects");
    let rows = sqlx::query(PEOPLE).fetch_all(&mut connection).await.expect("links");
    let person =
        |row: &sqlx::postgres::PgRow| row.get::<sqlx::types::Uuid, _>("person").as_bytes().to_vec();
    let people = rows.iter().map(|row| (row.get("reference"), person(row))).collect();
    assert_linked(&pairs, &people);
}

#[tokio::test(flavor = "multi_thread")]
async fn same_instant_one_gateway_on_sqlite_links_every_pair() {
    let mut home = Home::sqlite().await;
    home.env.push(("FRONTDOOR__HTTP__RATE_LIMITS".to_owned(), "false".to_owned()));
    let keys =
        [home.key("--agency", "school-ridgeway").await, home.key("--agency", "police-west").await];
    let gateway = home.start().await;
    let pairs = send_pairs(&gateway.url, &gateway.url, &keys).await;
    gateway.stop().await;
    let mut connection = SqliteConnection::connect(&home.database_url).await.expect("opens");
    let rows = sqlx::query(PEOPLE).fetch_all(&mut connection).await.expect("links");
    let people = rows.iter().map(|row| (row.get("reference"), row.get("person"))).collect();
    assert_linked(&pairs, &people);
}
