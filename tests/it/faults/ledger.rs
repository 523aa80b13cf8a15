//! What senders were told, and whether it is so.

use crate::harness::{Home, Services, http};
use lapin::options::BasicGetOptions;
use serde_json::Value;
use sqlx::{Connection, PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Receipts by idempotency key, as first given.
pub type Receipts = Arc<Mutex<BTreeMap<u32, Value>>>;

/// Senders that go on sending, and repeat each submission with its key until it is accepted, and
/// some of them once more after that.
pub struct Senders {
    pub receipts: Receipts,
    pub url: Arc<Mutex<String>>,
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Senders {
    pub fn start(url: String, key: String, count: u32) -> Senders {
        let receipts = Receipts::default();
        let url = Arc::new(Mutex::new(url));
        let stop = Arc::new(AtomicBool::new(false));
        let next = Arc::new(AtomicU32::new(0));
        let client = http::client();
        let tasks = (0..count)
            .map(|_| {
                let sender = Sender {
                    client: client.clone(),
                    key: key.clone(),
                    url: url.clone(),
                    receipts: receipts.clone(),
                };
                let (stop, next) = (stop.clone(), next.clone());
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        sender.send(next.fetch_add(1, Ordering::Relaxed)).await;
                    }
                })
            })
            .collect();
        Senders { receipts, url, stop, tasks }
    }

    pub fn accepted(&self) -> usize {
        self.receipts.lock().expect("not poisoned").len()
    }

    /// Stops once everything begun is accepted.
    pub async fn finish(self) -> BTreeMap<u32, Value> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            tokio::time::timeout(Duration::from_secs(120), task)
                .await
                .expect("every submission is accepted in the end")
                .expect("a sender does not panic");
        }
        self.receipts.lock().expect("not poisoned").clone()
    }
}

struct Sender {
    client: reqwest::Client,
    key: String,
    url: Arc<Mutex<String>>,
    receipts: Receipts,
}

impl Sender {
    /// The receipt first given for a submission; this one, when it is the first.
    fn first(&self, n: u32, receipt: &Value) -> Value {
        let mut receipts = self.receipts.lock().expect("not poisoned");
        receipts.entry(n).or_insert_with(|| receipt.clone()).clone()
    }

    async fn send(&self, n: u32) {
        let body = http::referral(n);
        let repeat_after = n.is_multiple_of(5);
        for _ in 0..2_000 {
            let url = self.url.lock().expect("not poisoned").clone();
            let key = format!("key-{n}");
            match http::post_referral(&self.client, &url, &self.key, Some(&key), &body).await {
                Ok((200 | 201, receipt)) => {
                    let first = self.first(n, &receipt);
                    assert_eq!(first, receipt, "a repeat answers with the first receipt");
                    if !repeat_after {
                        return;
                    }
                    let again =
                        http::post_referral(&self.client, &url, &self.key, Some(&key), &body);
                    if let Ok((status, again)) = again.await {
                        assert!(status != 409 && status != 201, "accepted twice: {status}");
                        if status == 200 {
                            assert_eq!(again, receipt, "a repeat answers with the first receipt");
                        }
                    }
                    return;
                }
                Ok((429 | 503 | 500 | 504 | 408, _)) | Err(_) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Ok((status, problem)) => panic!("unexpected answer {status}: {problem}"),
            }
        }
        panic!("submission {n} was never accepted");
    }
}

/// Messages that the broker has not confirmed.
pub async fn waiting(home: &Home) -> i64 {
    count(home, &["delivering", "delivery-failing"]).await
}

/// Those of them that were tried.
pub async fn failing(home: &Home) -> i64 {
    count(home, &["delivery-failing"]).await
}

async fn count(home: &Home, states: &[&str]) -> i64 {
    let mut connection = PgConnection::connect(&home.database_url).await.expect("connects");
    let count = sqlx::query_scalar("SELECT count(*) FROM outbox WHERE state = ANY ($1)");
    count.bind(states).fetch_one(&mut connection).await.expect("counts")
}

/// Waits until the outbox holds nothing unconfirmed; tells what is stuck, and where, if it does.
pub async fn drained(home: &Home, services: &Services) {
    for _ in 0..600 {
        if waiting(home).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let mut connection = PgConnection::connect(&home.database_url).await.expect("connects");
    let stuck: String = sqlx::query_scalar(
        "SELECT coalesce(string_agg(line, E'\\n'), '') FROM (SELECT concat_ws(' ', destination, \
         priority, state, last_fault, 'attempts', max(attempts), 'rows', count(*)) AS line \
         FROM outbox WHERE state IN ('delivering', 'delivery-failing') \
         GROUP BY destination, priority, state, last_fault) AS lines",
    )
    .fetch_one(&mut connection)
    .await
    .expect("tells");
    let vhost = home.amqp_url.as_deref().and_then(|url| url.rsplit_once('/')).expect("one").1;
    let columns = ["name", "leader", "online", "state", "messages"];
    let queues =
        services.rabbitmqctl(&[["list_queues", "-p", vhost].as_slice(), &columns].concat()).await;
    panic!("the outbox was not drained within two minutes:\n{stuck}\n{queues}");
}

/// Everything the senders were told is so: one referral for each key, each message in its queue
/// at least once under its id, the chains whole.
pub async fn verify(home: &Home, receipts: &BTreeMap<u32, Value>) {
    let mut connection = PgConnection::connect(&home.database_url).await.expect("connects");
    let rows = sqlx::query("SELECT reference FROM referral").fetch_all(&mut connection).await;
    let stored: Vec<String> =
        rows.expect("references").iter().map(|row| row.get("reference")).collect();
    let told: BTreeSet<String> = receipts
        .values()
        .map(|receipt| receipt["reference"].as_str().expect("a reference").to_owned())
        .collect();
    assert_eq!(told.len(), receipts.len(), "each key has a reference of its own");
    let distinct: BTreeSet<String> = stored.iter().cloned().collect();
    assert_eq!(distinct, told, "what was acknowledged is stored, once, and nothing else is");
    assert_eq!(stored.len(), distinct.len());
    let rows = sqlx::query(
        "SELECT id::text AS id, destination, CASE priority WHEN 2 THEN 'immediate' \
         ELSE 'standard' END AS queue FROM outbox",
    )
    .fetch_all(&mut connection)
    .await
    .expect("messages");
    let used: BTreeSet<(String, String)> =
        rows.iter().map(|row| (row.get("destination"), row.get("queue"))).collect();
    let mut queued = queued_ids(home, &used).await;
    let mut missing = 0;
    for row in &rows {
        let (id, destination): (String, String) = (row.get("id"), row.get("destination"));
        if queued.remove(&(destination.clone(), id.clone())).is_none() {
            missing += 1;
            eprintln!("message {id} for {destination} is in no queue");
        }
    }
    assert_eq!(missing, 0, "every message is in its queue at least once");
    assert!(rows.len() >= told.len(), "every referral has a destination");
    assert!(queued.is_empty(), "nothing is in a queue that the store does not know of");
    home.run(&["audit", "verify"]).await;
}

/// How often each message is in which destination's queues, of those that the store says have had
/// one. After a crash RabbitMQ may leave an unused queue unreadable for minutes; that tells nothing
/// of messages.
async fn queued_ids(
    home: &Home,
    used: &BTreeSet<(String, String)>,
) -> BTreeMap<(String, String), u32> {
    let url = home.amqp_url.as_deref().expect("RabbitMQ");
    let mut ids = BTreeMap::new();
    for (destination, kind) in used {
        for id in ids_in(url, &format!("frontdoor.{destination}.{kind}")).await {
            *ids.entry((destination.clone(), id)).or_insert(0) += 1;
        }
    }
    ids
}

/// Everything in one queue. A quorum queue may elect its leader for a while after a crash: one that
/// cannot be read yet is asked again, and is never taken for an empty one.
async fn ids_in(url: &str, queue: &str) -> Vec<String> {
    let mut last = String::new();
    for _ in 0..60 {
        match try_ids_in(url, queue).await {
            Ok(ids) => return ids,
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{queue} cannot be read: {last}");
}

/// Nothing is acknowledged, so that a failed attempt takes nothing away.
async fn try_ids_in(url: &str, queue: &str) -> lapin::Result<Vec<String>> {
    let connection = lapin::Connection::connect(url, Default::default()).await?;
    let channel = connection.create_channel().await?;
    let mut ids = Vec::new();
    while let Some(got) = channel.basic_get(queue.into(), BasicGetOptions::default()).await? {
        ids.push(got.properties.message_id().as_ref().expect("a message id").to_string());
    }
    connection.close(200, "read".into()).await?;
    Ok(ids)
}
