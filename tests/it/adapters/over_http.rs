//! `POST /v1/adapters/{adapter}/referrals` on the real binary.

use super::{NOTICE, TABLE, small_adapters};
use crate::harness::{Gateway, Home, Services, http};
use serde_json::{Value, json};
use std::time::Duration;

/// A gateway with the small adapters, and keys of who may use them.
struct There {
    home: Home,
    gateway: Gateway,
    police: String,
    school: String,
    masstt: String,
    operations: String,
    client: reqwest::Client,
}

struct Said {
    status: u16,
    kind: String,
    text: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// The rows of a table, without its header.
    fn rows(&self) -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_reader(self.text.as_bytes());
        let rows = reader.records().map(|row| row.expect("a row"));
        rows.map(|row| row.iter().map(str::to_owned).collect()).collect()
    }
}

impl There {
    async fn new(mut home: Home) -> There {
        let folder = small_adapters(home.dir.path());
        home.env.push(("FRONTDOOR_ADAPTERS".to_owned(), folder.display().to_string()));
        home.env.push(("FRONTDOOR__HTTP__RATE_LIMITS".to_owned(), "false".to_owned()));
        let police = home.key("--agency", "police-west").await;
        let school = home.key("--agency", "school-ridgeway").await;
        let masstt = home.key("--destination", "masstt").await;
        let operations = home.key("--operations", "night").await;
        let gateway = home.start().await;
        let client = http::client();
        There { home, gateway, police, school, masstt, operations, client }
    }

    async fn send(&self, adapter: &str, key: &str, kind: &str, body: impl Into<Vec<u8>>) -> Said {
        let url = format!("{}/v1/adapters/{adapter}/referrals", self.gateway.url);
        let call = self.client.post(url).bearer_auth(key).header("Content-Type", kind);
        let answer = call.body(body.into()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
        Said { status, kind, text: answer.text().await.expect("text") }
    }

    async fn notice(&self, document: &Value) -> Said {
        self.send(NOTICE, &self.police, "application/json", document.to_string()).await
    }

    async fn table(&self, text: &str) -> Said {
        self.send(TABLE, &self.school, "text/csv", text.to_owned()).await
    }

    /// What the screening team reads of a referral.
    async fn document(&self, reference: &str) -> Value {
        let url = format!("{}/v1/referrals/{reference}/document", self.gateway.url);
        for _ in 0..100 {
            let answer = self.client.get(&url).bearer_auth(&self.masstt).send().await;
            let answer = answer.expect("an answer");
            if answer.status() == 200 {
                return answer.json().await.expect("JSON");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never sent to the screening team: {reference}");
    }

    /// How many refused submissions wait for somebody to look.
    async fn refused(&self) -> u64 {
        let url = format!("{}/ops/board.json", self.gateway.url);
        let answer = self.client.get(url).bearer_auth(&self.operations).send().await;
        let _ = answer;
        let metrics = self.client.get(format!("{}/metrics", self.gateway.url));
        let text = metrics.bearer_auth(&self.operations).send().await.expect("an answer");
        let text = text.text().await.expect("text");
        let problems = text.lines().filter(|line| line.starts_with("frontdoor_problems_total"));
        problems.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }
}

fn story(id: &str) -> Value {
    json!({
        "id": id,
        "officer": "PC Test",
        "children": [{"name": "Ada Testchild", "born": "2019-03-04"}],
        "story": "Found alone at night.",
        "vehicle": "A grey van",
    })
}

async fn message_ids(home: Home) {
    let there = There::new(home).await;
    let first = there.notice(&story("N-001")).await;
    assert_eq!((first.status, first.kind.as_str()), (201, "application/json"), "{}", first.text);
    let receipt = first.json();
    let reference = receipt["reference"].as_str().expect("a reference").to_owned();
    assert_eq!(receipt["what"], "accepted");
    let document = there.document(&reference).await;
    let note = json!([{"label": "/vehicle", "text": "A grey van"}]);
    assert_eq!(document["referral"]["notes"], note, "what has no place is carried: {document}");

    // The same again, also written in another way, is a repeat with the first receipt.
    let again = there.notice(&story("N-001")).await;
    assert_eq!((again.status, again.json()["what"].clone()), (200, json!("repeat")));
    assert_eq!(again.json()["children"], receipt["children"]);
    let spaced = serde_json::to_string_pretty(&story("N-001")).expect("JSON");
    let again = there.send(NOTICE, &there.police, "application/json", spaced).await;
    assert_eq!(again.json()["what"], "repeat", "{}", again.text);

    // Changed content is information on the first referral.
    let mut changed = story("N-001");
    changed["children"][0]["born"] = json!("2018-03-04");
    changed["story"] = json!("Her brother was there too.");
    for what in ["added", "repeat"] {
        let said = there.notice(&changed).await;
        assert_eq!((said.status, said.json()["what"].clone()), (200, json!(what)), "{}", said.text);
        assert_eq!(said.json()["reference"], json!(reference));
    }
    // Back to what was said first: the last word counts, and nothing is silently dropped.
    let back = there.notice(&story("N-001")).await;
    assert_eq!((back.status, back.json()["what"].clone()), (200, json!("added")), "{}", back.text);
    let said = there.notice(&changed).await;
    assert_eq!(said.json()["what"], "added", "{}", said.text);
    // A cancellation, though it says little else, is shown and deletes nothing.
    let cancel = json!({"id": "N-001", "state": "withdrawn"});
    let said = there.notice(&cancel).await;
    assert_eq!((said.status, said.json()["what"].clone()), (200, json!("added")), "{}", said.text);
    let document = there.document(&reference).await;
    assert_eq!(document["marks"]["corrected"], true, "{document}");
    assert_eq!(document["referral"]["corrections"][0]["kind"], "cancelled");
    let worry = document["referral"]["worry"].as_str().expect("words");
    assert!(worry.contains("Found alone") && worry.contains("brother"), "{worry}");
    assert_eq!(document["referral"]["children"][0]["date_of_birth"], "2018-03-04");

    // Alone it is below the minimum: refused and kept, in terms of what was sent.
    let said = there.notice(&json!({"id": "N-002", "state": "withdrawn"})).await;
    assert_eq!(said.status, 422, "{}", said.text);
    let asks: Vec<Value> = said.json()["faults"].as_array().expect("faults").to_vec();
    assert!(asks.iter().any(|fault| fault["ask"] == "Fill in Pupil"), "{}", said.text);
    assert!(said.text.contains("01632 960381"), "the duty number: {}", said.text);
    // Other children under an id that was used are a referral of their own, and said so.
    let mut other = story("N-001");
    other["children"] = json!([{"name": "Ben Otherchild", "born": "2012-01-01"}]);
    let said = there.notice(&other).await;
    assert_eq!(
        (said.status, said.json()["what"].clone()),
        (201, json!("accepted")),
        "{}",
        said.text
    );
    assert_ne!(said.json()["reference"], json!(reference));
    assert_eq!(said.json()["unread"][0]["rule"], "message-id", "{}", said.text);
    assert_eq!(there.notice(&other).await.json()["what"], "repeat");
    // Another id is another message.
    assert_eq!(there.notice(&story("N-003")).await.status, 201);
    assert_eq!(there.gateway.stop().await, Some(0));
    drop(there.home);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_id_makes_repeats_harmless_and_changes_information_on_sqlite() {
    message_ids(Home::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_id_makes_repeats_harmless_and_changes_information_on_postgresql() {
    message_ids(Home::full(&Services::shared()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_of_a_table_is_judged_alone_and_the_whole_can_be_sent_again() {
    let there = There::new(Home::sqlite().await).await;
    let table = "Id,Pupil,DOB,Concern,By,House\r\n\
        1,Ada Test,2019-03-04,\"Bruise, left ear\",Teacher,Red\r\n\
        2,Ben Test,12/13/2019,Cut,Teacher,\r\n\
        3,Cat Test,,,Teacher,\r\n\
        \"4,broken\r\n";
    let said = there.table(table).await;
    assert_eq!(said.status, 207, "{}", said.text);
    assert!(said.kind.starts_with("text/csv"), "{}", said.kind);
    let rows = said.rows();
    let states: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(states, ["accepted", "accepted", "refused", "refused"], "{}", said.text);
    let places: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(places, ["2", "3", "4", "5"], "{}", said.text);
    assert!(rows[1][8].contains("row 3, column C (DOB)"), "the unreadable date: {}", said.text);
    assert!(rows[2][8].contains("Fill in Concern"), "{}", said.text);
    // The clerk mends the third row and sends the file again.
    let mended = table.replace("3,Cat Test,,,", "3,Cat Test,,Cold,").replace("\"4,broken", "");
    let again = there.table(&mended).await.rows();
    let states: Vec<&str> = again.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(states, ["repeat", "repeat", "accepted"], "{again:?}");
    assert_eq!(again[0][2], rows[0][2], "the first reference");
    // No table, no rows, and a first row that is no headings: refused whole, and kept.
    for nothing in ["Id,Pupil,Concern\r\n", "9,Eve Test,Bruise\r\n10,Flo Test,Cut\r\n"] {
        let said = there.table(nothing).await;
        assert_eq!((said.status, said.rows()[0][1].as_str()), (400, "refused"), "{}", said.text);
    }
    let said = there.table("").await;
    assert_eq!((said.status, said.rows()[0][1].as_str()), (400, "refused"), "{}", said.text);
    assert!(there.refused().await >= 3);
    assert_eq!(there.gateway.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_sent_so_is_kept_and_said_so() {
    let there = There::new(Home::sqlite().await).await;
    let body = story("N-009").to_string();
    // A school may not send notices; nobody may send what there is no adapter for.
    for (adapter, key) in [(NOTICE, &there.school), ("no-such", &there.police)] {
        let said = there.send(adapter, key, "application/json", body.clone()).await;
        assert_eq!(
            (said.status, said.json()["type"].clone()),
            (403, json!("/problems/no-adapter"))
        );
    }
    let said = there.send(NOTICE, &there.police, "text/plain", body.clone()).await;
    assert_eq!(said.status, 415);
    assert!(said.json()["faults"][0]["ask"].as_str().expect("text").contains("application/json"));
    let said = there.send(NOTICE, &there.police, "application/json", "{\"a\":").await;
    assert_eq!((said.status, said.json()["faults"][0]["rule"].clone()), (400, json!("incomplete")));
    let said = there.send(NOTICE, "fd_no_key", "application/json", body).await;
    assert_eq!(said.status, 401);
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(20_000_000));
    let said = there.send(NOTICE, &there.police, "application/json", large).await;
    assert_eq!(said.status, 413, "{}", said.text);
    assert_eq!(there.gateway.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_breaks_its_worker_is_kept_and_its_neighbours_pass() {
    let there = There::new(Home::sqlite().await).await;
    let row = |n: usize| match n {
        40 => "loop",
        77 => "swell",
        120 => "fall",
        _ => "Bruise",
    };
    let rows = (1..=160).map(|n| format!("{n},Child {n},2015-01-01,{},Teacher\n", row(n)));
    let table = format!("Id,Pupil,DOB,Concern,By\n{}", rows.collect::<String>());
    let rows = there.table(&table).await.rows();
    assert_eq!(rows.len(), 160);
    for (n, row) in (1..).zip(&rows) {
        let broke = [40, 77, 120].contains(&n);
        assert_eq!(row[0], (n + 1).to_string());
        assert_eq!(row[1], if broke { "refused" } else { "accepted" }, "{row:?}");
    }
    let log = std::fs::read_to_string(&there.gateway.log).expect("a log");
    assert!(log.contains("adapter-worker-broke"), "{log}");
    assert_eq!(there.gateway.stop().await, Some(0));
}

/// Killed in the middle, started again, sent again: nothing is there twice and nothing is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_is_sent_again_after_a_crash() {
    let mut there = There::new(Home::sqlite().await).await;
    let rows = (1..=3000).map(|n| format!("R{n:05},Child {n},2015-01-01,Worry {n},Teacher\n"));
    let table = format!("Id,Pupil,DOB,Concern,By\n{}", rows.collect::<String>());
    let url = format!("{}/v1/adapters/{TABLE}/referrals", there.gateway.url);
    let call = there.client.post(url).bearer_auth(&there.school).header("Content-Type", "text/csv");
    let mut answer = call.body(table.clone()).send().await.expect("an answer");
    let mut heard = String::new();
    while heard.lines().count() < 200 {
        let piece = answer.chunk().await.expect("a piece").expect("more");
        heard.push_str(std::str::from_utf8(&piece).expect("text"));
    }
    there.gateway.kill().await;
    there.gateway = there.home.start().await;
    let after = there.table(&table).await;
    let rows = after.rows();
    assert_eq!(rows.len(), 3000);
    let mut repeats = 0;
    for line in heard.lines().skip(1).filter(|line| line.ends_with(|c: char| c.is_ascii_digit())) {
        let cells: Vec<&str> = line.split(',').collect();
        let (row, reference) = (cells[0].parse::<usize>().expect("a row"), cells[2]);
        assert_eq!((rows[row - 2][1].as_str(), rows[row - 2][2].as_str()), ("repeat", reference));
        repeats += 1;
    }
    assert!(repeats > 100, "{repeats} were heard of before");
    assert!(rows.iter().any(|row| row[1] == "accepted"), "some were not there yet");
    let mut references: Vec<&str> = rows.iter().map(|row| row[2].as_str()).collect();
    references.sort_unstable();
    references.dedup();
    assert_eq!(references.len(), 3000);
    assert_eq!(there.gateway.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn adapters_are_taken_up_while_running_and_a_faulty_one_leaves_the_last_good_ones() {
    let there = There::new(Home::sqlite().await).await;
    let map = there.home.dir.path().join("adapters").join(NOTICE).join("map.jq");
    let before = std::fs::read_to_string(&map).expect("a map");
    let level = |said: Said| said.json()["faults"][0]["rule"].clone();
    assert_eq!(there.notice(&story("A")).await.status, 201);
    std::fs::write(&map, before.replace(".story", ".tale")).expect("written");
    for n in 0.. {
        let said = there.notice(&story(&format!("B{n}"))).await;
        if said.status == 422 && level(said) == "minimum-worry" {
            break;
        }
        assert!(n < 100, "never taken up");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    std::fs::write(&map, "{worry: nonsense").expect("written");
    for n in 0.. {
        let log = std::fs::read_to_string(&there.gateway.log).expect("a log");
        if log.contains("adapters-refused") && log.contains("police-ppn/map.jq:1") {
            break;
        }
        assert!(n < 100, "never refused: {log}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(there.notice(&story("C")).await.status, 422, "the last good one");
    assert_eq!(there.gateway.stop().await, Some(0));
}
