//! Documents that senders attach, through the real gateway and a real scanner: what is clean is
//! handed out, what is harmful to nobody, and nothing waits for either.

use crate::harness::clamd::{ClamAv, MARKER, SIGNATURE};
use crate::harness::{Gateway, Home, Services, http};
use frontdoor::config::documents::ScannerAddress;
use frontdoor::followup::scanning::{Clamd, ScanFault, Scanner};
use frontdoor::store::Verdict;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A gateway with keys of a sender, of social work, of a panel and of an operator.
struct World {
    home: Home,
    gateway: Gateway,
    school: String,
    masstt: String,
    panel: String,
    operations: String,
    /// A referral that went to both.
    reference: String,
}

impl World {
    async fn start(home: Home, scanner: &str) -> World {
        let school = home.key("--agency", "school-ridgeway").await;
        let masstt = home.key("--destination", "masstt").await;
        let panel = home.key("--destination", "cse-panel").await;
        let operations = home.key("--operations", "duty").await;
        let gateway = home.start_with(&[("FRONTDOOR__DOCUMENTS__SCANNER", scanner)]).await;
        let mut body = http::referral(1);
        body["concerns"] = json!(["11A"]);
        let client = http::client();
        let sent = http::post_referral(&client, &gateway.url, &school, None, &body).await;
        let (status, receipt) = sent.expect("an answer");
        assert_eq!(status, 201, "{receipt}");
        let reference = receipt["reference"].as_str().expect("a reference").to_owned();
        World { home, gateway, school, masstt, panel, operations, reference }
    }

    fn path(&self) -> String {
        format!("{}/v1/referrals/{}/documents", self.gateway.url, self.reference)
    }

    /// Attaches a file; its id.
    async fn attach(&self, name: &str, body: impl Into<Vec<u8>>) -> String {
        let post = http::client().post(self.path()).bearer_auth(&self.school);
        let post = post.header("Content-Disposition", format!("attachment; filename=\"{name}\""));
        let answer = post.body(body.into()).send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
        let kept: Value = answer.json().await.expect("JSON");
        assert_eq!(kept["state"], "quarantined", "{kept}");
        kept["id"].as_str().expect("an id").to_owned()
    }

    async fn get(&self, path: &str, key: &str) -> Value {
        let url = format!("{}{path}", self.gateway.url);
        let answer = http::client().get(url).bearer_auth(key).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// How a document stands, as its sender sees it.
    async fn state(&self, id: &str) -> String {
        let path = format!("/v1/referrals/{}/documents", self.reference);
        let list = self.get(&path, &self.school).await;
        let all = list["documents"].as_array().expect("a list");
        let own = all.iter().find(|one| one["id"] == id).expect("it is listed");
        own["state"].as_str().expect("a state").to_owned()
    }

    async fn until(&self, id: &str, state: &str) {
        for _ in 0..300 {
            if self.state(id).await == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = std::fs::read_to_string(&self.gateway.log).unwrap_or_default();
        panic!("{id} does not become {state}:\n{log}");
    }

    /// What MASSTT's system is told of documents, until it was told of this one in this state.
    async fn told_until(&self, told: &mut Vec<Value>, id: &str, state: &str) {
        let one = json!({"id": id, "state": state});
        for _ in 0..300 {
            told.extend(self.messages("masstt", &self.masstt).await);
            let has = |event: &Value| {
                event["data"]["documents"].as_array().is_some_and(|all| all.contains(&one))
            };
            if told.iter().any(has) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("MASSTT is not told that {id} is {state}: {told:?}");
    }

    /// Messages about the referral that tell of documents.
    async fn messages(&self, to: &str, key: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/destinations/{to}/messages?limit=50"), key).await;
        let all = page["messages"].as_array().expect("a list").clone();
        let events = all.into_iter().map(|one| one["event"].clone());
        events.filter(|event| event["data"].get("documents").is_some()).collect()
    }

    async fn read(&self, id: &str, key: &str) -> reqwest::Response {
        let url = format!("{}/{id}", self.path());
        http::client().get(url).bearer_auth(key).send().await.expect("an answer")
    }

    /// Behind the gateway's back.
    async fn sql(&self, text: &str) {
        let (url, text) = (&self.home.database_url, AssertSqlSafe(text.to_owned()));
        if url.starts_with("sqlite:") {
            let mut db = SqliteConnection::connect(url).await.expect("the file opens");
            sqlx::raw_sql(text).execute(&mut db).await.expect("it runs");
        } else {
            let mut db = PgConnection::connect(url).await.expect("PostgreSQL answers");
            sqlx::raw_sql(text).execute(&mut db).await.expect("it runs");
        }
    }

    async fn metrics(&self) -> String {
        let url = format!("{}/metrics", self.gateway.url);
        let answer = http::client().get(url).bearer_auth(&self.operations).send().await;
        answer.expect("an answer").text().await.expect("text")
    }

    async fn until_metric(&self, line: &str) {
        for _ in 0..200 {
            if self.metrics().await.contains(line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no {line} in {}", self.metrics().await);
    }

    /// Ends it; the chains hold.
    async fn end(self) {
        assert_eq!(self.gateway.stop().await, Some(0));
        self.home.run(&["audit", "verify"]).await;
    }
}

async fn what_is_clean_is_handed_out(home: Home) {
    let mut scanner = ClamAv::new();
    scanner.start().await;
    let world = World::start(home, &scanner.address()).await;
    let clean = world.attach("notes.txt", "Invented notes of a visit.").await;
    let harmful = world.attach("letter.txt", format!("A letter. {MARKER}")).await;
    world.until(&clean, "clean").await;
    world.until(&harmful, "infected").await;
    let mut told = Vec::new();
    world.told_until(&mut told, &clean, "clean").await;
    world.told_until(&mut told, &harmful, "infected").await;
    let one = &told[0];
    assert_eq!(one["type"], "referral.updated.v1", "{one}");
    assert_eq!(one["data"]["purpose"], "documents", "{one}");

    let read = world.read(&clean, &world.masstt).await;
    assert_eq!(read.status(), 200);
    assert_eq!(read.headers()["content-type"], "text/plain");
    assert_eq!(read.text().await.expect("text"), "Invented notes of a visit.");
    let held = world.read(&harmful, &world.masstt).await;
    assert_eq!(held.status(), 409);
    let held: Value = held.json().await.expect("JSON");
    assert_eq!(held["type"], "/problems/document-infected", "{held}");

    let path = format!("/v1/referrals/{}/document", world.reference);
    let document = world.get(&path, &world.masstt).await;
    let listed = document["documents"].as_array().expect("a list");
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["name"], "notes.txt");
    assert!(listed[1]["ask"].as_str().expect("what to do").contains("Telephone"), "{document}");
    // A panel reads the referral cut: it is not told, and reads nothing of what was attached.
    let cut = world.get(&path, &world.panel).await;
    assert!(cut["referral"].is_object() && cut.get("documents").is_none(), "{cut}");
    assert_eq!(world.read(&clean, &world.panel).await.status(), 404);
    assert!(world.messages("cse-panel", &world.panel).await.is_empty());

    world.until_metric("frontdoor_documents_scanned_total{state=\"infected\"} 1").await;
    world.until_metric("frontdoor_documents_held{state=\"infected\"} 1").await;
    world.until_metric("frontdoor_documents_held{state=\"quarantined\"} 0").await;
    let log = std::fs::read_to_string(&world.gateway.log).expect("the log");
    assert!(log.contains("document-infected") && !log.contains("letter.txt"), "{log}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_clean_is_handed_out_and_what_is_harmful_to_nobody_on_sqlite() {
    what_is_clean_is_handed_out(Home::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_clean_is_handed_out_and_what_is_harmful_to_nobody_on_postgresql() {
    what_is_clean_is_handed_out(Home::full(&Services::shared()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_scanner_is_away_nothing_waits_and_all_is_scanned_when_it_is_back() {
    let mut scanner = ClamAv::new();
    let world = World::start(Home::sqlite().await, &scanner.address()).await;
    let notes = world.attach("notes.txt", "Invented notes of a visit.").await;
    let mut told = Vec::new();
    world.told_until(&mut told, &notes, "quarantined").await;
    let held = world.read(&notes, &world.masstt).await;
    assert_eq!(held.status(), 409);
    let held: Value = held.json().await.expect("JSON");
    assert_eq!(held["type"], "/problems/document-unscanned", "{held}");
    world.until_metric("frontdoor_documents_held{state=\"quarantined\"} 1").await;
    world.until_metric("frontdoor_documents_scanned_total{state=\"failing\"}").await;
    let answer = http::client().get(format!("{}/ops", world.gateway.url));
    let page = answer.bearer_auth(&world.operations).send().await.expect("an answer");
    let page = page.text().await.expect("a page");
    assert!(page.contains("quarantined") && page.contains("unreachable"), "{page}");
    // Another referral is taken meanwhile as ever.
    let body = http::referral(2);
    let client = http::client();
    let sent = http::post_referral(&client, &world.gateway.url, &world.school, None, &body).await;
    assert_eq!(sent.expect("an answer").0, 201);

    scanner.start().await;
    world.sql("UPDATE attachment SET next_attempt_at = 0").await;
    world.until(&notes, "clean").await;
    world.told_until(&mut told, &notes, "clean").await;
    assert_eq!(world.read(&notes, &world.masstt).await.status(), 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decided_referral_is_before_the_screening_team_again_when_a_document_comes() {
    let world = World::start(Home::sqlite().await, "unix:/nowhere/clamd").await;
    let open = async || {
        let page = world.get("/v1/clocks", &world.masstt).await;
        let all = page["clocks"].as_array().expect("a list").clone();
        all.iter().filter(|one| one["clock"] == "respond").count()
    };
    assert_eq!(open().await, 1);
    let path = format!("{}/v1/referrals/{}/outcome", world.gateway.url, world.reference);
    let outcome = json!({
        "outcome": "strategy-discussion",
        "level_of_need": "5",
        "rationale": "Invented rationale.",
        "evidence": "Invented evidence.",
        "history_considered": {"considered": true},
        "child_view": {"considered": true},
        "by": {"name": "Invented Osei", "role": "Social worker", "worker_type": "permanent"},
    });
    let post = http::client().post(path).bearer_auth(&world.masstt).json(&outcome);
    let answer = post.send().await.expect("an answer");
    let status = answer.status();
    assert_eq!(status, 201, "{}", answer.text().await.expect("text"));
    assert_eq!(open().await, 0);
    let id = world.attach("notes.txt", "Invented notes of a visit.").await;
    world.told_until(&mut Vec::new(), &id, "quarantined").await;
    assert_eq!(open().await, 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_scanner_finds_refuses_and_is_missed() {
    let mut daemon = ClamAv::new();
    let scanner = Clamd(ScannerAddress::Unix(daemon.socket()));
    assert_eq!(scanner.scan(b"x").await, Err(ScanFault::Unreachable));
    daemon.start().await;
    assert_eq!(scanner.scan(b"Invented notes.").await, Ok(Verdict::Clean));
    assert_eq!(scanner.scan(b"").await, Ok(Verdict::Clean));
    let found = Verdict::Infected(SIGNATURE.to_owned());
    assert_eq!(scanner.scan(MARKER.as_bytes()).await, Ok(found.clone()));
    // Also where it lies across two pieces, and at the end of what is taken.
    let across = [vec![b'x'; (64 << 10) - 9], MARKER.as_bytes().to_vec()].concat();
    assert_eq!(scanner.scan(&across).await, Ok(found));
    // Longer than it takes: it breaks off, and that says nothing of what it has not seen.
    assert_eq!(scanner.scan(&vec![b'x'; 4 << 20]).await, Err(ScanFault::Refused));
}

/// Whoever listens there, says this once so much was read, and closes.
async fn says(answer: &'static [u8], after: usize) -> Clamd {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let place = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut read = vec![0; after];
            let _ = stream.read_exact(&mut read).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
            // Not reset before it was read.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    });
    Clamd(ScannerAddress::Tcp(place))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_scanner_says_that_is_not_understood_is_never_clean() {
    // The command, a length, five bytes, and a length of nothing.
    let whole = 10 + 4 + 5 + 4;
    for nonsense in [
        &b"HTTP/1.1 200 OK\r\n\r\n"[..],
        b"stream: OK",
        b"OK\0",
        b"stream: BROKEN\0",
        b"\xff\0\xff\0",
        b"",
    ] {
        let said = says(nonsense, whole).await.scan(b"notes").await;
        assert_eq!(said, Err(ScanFault::NotUnderstood), "{nonsense:?}");
    }
    assert_eq!(says(b"stream: OK\0", whole).await.scan(b"notes").await, Ok(Verdict::Clean));
    let error = b"Can't allocate memory ERROR\0";
    assert_eq!(says(error, whole).await.scan(b"notes").await, Err(ScanFault::Refused));
    // Clean, before it has seen all of it.
    let said = says(b"stream: OK\0", whole).await.scan(&vec![b'x'; 32 << 20]).await;
    assert_eq!(said, Err(ScanFault::Unreachable));
}
