//! Ten thousand mutations sent to a running gateway over HTTP: each is answered with a problem or
//! a receipt, and each is in the store afterwards, sealed, as it was sent.

use super::bad_input::mutated;
use super::{naive, shape};
use crate::harness::{Home, http};
use frontdoor::app::{open_keys, open_store};
use frontdoor::config::settings::Settings;
use frontdoor::domain::{MessageId, Reference};
use frontdoor::store::keys::KeyRing;
use frontdoor::store::seal::Dossier;
use frontdoor::store::{ReadStore, Store};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::Semaphore;

const ROUNDS: usize = 10_000;
/// Sent at the same time.
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_mutations_over_http_are_each_kept_as_they_were_sent() {
    let mut home = Home::sqlite().await;
    home.env.push(("FRONTDOOR__HTTP__RATE_LIMITS".to_owned(), "false".to_owned()));
    let key = home.key("--agency", "school-ridgeway").await;
    let gateway = home.start().await;
    let (client, room) = (http::client(), Arc::new(Semaphore::new(AT_ONCE)));
    let mut sent = Vec::new();
    for body in mutated(0xba5e_ba11).take(ROUNDS) {
        let place = room.clone().acquire_owned().await.expect("open");
        let (url, client, key) = (gateway.url.clone(), client.clone(), key.clone());
        sent.push(tokio::spawn(async move {
            let answer = send(&client, &url, &key, &body).await;
            drop(place);
            (body, answer)
        }));
    }
    let (mut accepted, mut refused) = (Vec::new(), HashMap::<Vec<u8>, usize>::new());
    for task in sent {
        let (body, (status, answer)) = task.await.expect("sent");
        match status {
            // 200: the same mutation came before.
            200 | 201 => accepted.push((body, answer)),
            400..500 => {
                check_problem(status, &answer);
                *refused.entry(body).or_default() += 1;
            }
            other => panic!("answered with {other}: {answer}"),
        }
    }
    assert_eq!(gateway.stop().await, Some(0));
    assert!(accepted.len() > 1_000 && refused.len() > 1_000, "{} accepted", accepted.len());

    let (store, ring) = opened(&home).await;
    let shape = shape::referral();
    for (body, receipt) in accepted {
        let reference: Reference =
            serde_json::from_value(receipt["reference"].clone()).expect("a reference");
        let kept = stored(store.as_ref(), &ring, reference).await;
        assert_eq!(kept.raw, body, "the very bytes");
        let plain = naive::parse(std::str::from_utf8(&body).expect("UTF-8")).expect("JSON");
        let canonical: Value = serde_json::from_slice(&kept.canonical).expect("JSON");
        assert_eq!(Some(canonical), naive::canonical(&shape, &plain));
    }
    let kept = refusals(store.as_ref(), &ring).await;
    for (body, times) in &refused {
        assert_eq!(kept.get(body), Some(times), "{:?}", String::from_utf8_lossy(body));
    }
    assert_eq!(kept.len(), refused.len(), "and nothing else");
}

/// Text that is no JSON comes back as one string.
async fn send(client: &reqwest::Client, url: &str, key: &str, body: &[u8]) -> (u16, Value) {
    let request = client.post(format!("{url}/v1/referrals")).bearer_auth(key);
    let request = request.header("Content-Type", "application/json").body(body.to_vec());
    let answer = request.send().await.expect("an answer, and no hang");
    let (status, text) = (answer.status().as_u16(), answer.text().await.expect("text"));
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// What is at fault is said, and where.
fn check_problem(status: u16, problem: &Value) {
    assert_eq!(problem["status"], status, "{problem}");
    assert!(problem["type"].as_str().is_some_and(|kind| kind.starts_with("/problems/")));
    let faults = problem["faults"].as_array().unwrap_or_else(|| panic!("no faults: {problem}"));
    assert!(!faults.is_empty());
    for fault in faults {
        let pointer = fault["pointer"].as_str().expect("a pointer");
        assert!(pointer.is_empty() || pointer.starts_with('/'), "{fault}");
        assert!(fault["ask"].as_str().is_some_and(|ask| !ask.is_empty()), "{fault}");
    }
}

async fn opened(home: &Home) -> (Arc<dyn Store>, KeyRing) {
    let mut settings = Settings::default();
    settings.database.url = home.database_url.clone();
    settings.keys.master_key_file = home.dir.path().join("master.key");
    let store = open_store(&settings).await.expect("the store opens");
    let ring = open_keys(&settings, store.as_ref()).await.expect("the keys open");
    (store, ring)
}

async fn stored(store: &dyn Store, ring: &KeyRing, reference: Reference) -> Dossier {
    let stored = ReadStore::referral(store, reference).await.expect("reads").expect("there");
    let name = Dossier::name(stored.row.id);
    let plain = ring.open_record(&name, &stored.row.record).expect("opens");
    Dossier::from_bytes(&plain).expect("whole")
}

/// The refused bodies that a message in the outbox tells of, and how often each came.
async fn refusals(store: &dyn Store, ring: &KeyRing) -> HashMap<Vec<u8>, usize> {
    let (mut found, mut seen) = (HashMap::new(), HashSet::new());
    let mut after: Option<MessageId> = None;
    loop {
        let page = store.deliveries(None, after, 1_000).await.expect("a page");
        let Some(last) = page.last() else { return found };
        after = Some(last.id);
        for row in page.iter().filter(|row| row.referral.is_none()) {
            let message = store.message(row.id).await.expect("reads").expect("there");
            let id = message.refusal.expect("of a refusal");
            // At night there are two messages of each.
            if !seen.insert(id.0) {
                continue;
            }
            let record = store.refusal(id).await.expect("reads").expect("there");
            let name = Dossier::refusal_name(id);
            let plain = ring.open_record(&name, &record.record).expect("opens");
            let count = usize::try_from(record.count).expect("few");
            *found.entry(Dossier::from_bytes(&plain).expect("whole").raw).or_default() += count;
        }
    }
}
