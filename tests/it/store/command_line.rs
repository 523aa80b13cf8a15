//! `frontdoor deliveries` and `frontdoor people import`.

use super::rows::*;
use crate::harness::Home;
use frontdoor::app::OsEnv;
use frontdoor::store::keys::KeyRing;
use frontdoor::store::*;
use serde_json::Value;
use std::sync::Arc;

/// The store of a home, with the keys that its commands use.
async fn open_store(home: &Home) -> Arc<dyn Store> {
    let store = open(&home.database_url).await.expect("the store opens");
    let ring = KeyRing::open(store.as_ref(), &[0x5a; 32], &OsEnv::new()).await.expect("opens");
    store.set_chain_key(ring.chains().clone());
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_and_dead_deliveries_are_listed_and_sent_again() {
    let home = Home::sqlite().await;
    let store = open_store(&home).await;
    let (_, outbox) = sent(store.as_ref(), &["masstt", "panel", "cse"]).await;
    store.claim(at(0), at(30), 9).await.expect("claims");
    let failure = Failure { id: outbox[0].id, fence: 1, next_attempt_at: at(9), fault: "nacked" };
    store.fail(&[failure], at(1)).await.expect("fails");
    store.dead(outbox[1].id, None, at(2)).await.expect("marks");
    store.confirm(&[(outbox[2].id, 1)], at(2)).await.expect("confirms");
    drop(store);

    let table = home.run(&["deliveries", "list"]).await;
    assert!(table.contains("delivery-failing") && table.contains("nacked"), "{table}");
    assert!(!table.contains(&outbox[2].id.to_string()), "{table}");
    let list = async |more: &[&str]| -> Vec<(String, String)> {
        let told = home.run(&[&["deliveries", "list", "--json"], more].concat()).await;
        let rows: Vec<Value> = serde_json::from_str(&told).expect("JSON");
        let text = |row: &Value, name: &str| row[name].as_str().expect("text").to_owned();
        rows.iter().map(|row| (text(row, "destination"), text(row, "state"))).collect()
    };
    let one = |destination: &str, state: &str| (destination.to_owned(), state.to_owned());
    assert_eq!(list(&[]).await, [one("masstt", "delivery-failing"), one("panel", "dead")]);
    assert_eq!(list(&["--limit", "1"]).await, [one("masstt", "delivery-failing")]);
    assert_eq!(list(&["--state", "delivered"]).await, [one("cse", "delivered")]);

    let told = home.run(&["deliveries", "redrive", "--state", "dead"]).await;
    assert!(told.contains("1 messages are sent again"), "{told}");
    home.run(&["deliveries", "redrive", &outbox[0].id.to_string()]).await;
    assert!(list(&[]).await.is_empty());
    // What has got through is left; there is nothing else to say how to choose.
    let delivered = outbox[2].id.to_string();
    assert_eq!(home.try_run(&["deliveries", "redrive", &delivered]).await.0, 1);
    assert_eq!(home.try_run(&["deliveries", "redrive"]).await.0, 2);
    let due = open_store(&home).await.claim(at(1 << 40), at(1 << 41), 9).await.expect("claims");
    assert_eq!(due.len(), 2);
    home.run(&["audit", "verify"]).await;
}

/// A file of so many invented people, one row of which cannot be read.
fn people(home: &Home, count: u32) -> String {
    let mut text = String::from("record_id,source,forename,surname,dob,nhs_number,as_of\n");
    for n in 0..count {
        text += &format!("R{n},lcs,Ada,Testbury{n},2015-{:02}-07,,2026-03-01\n", n % 12 + 1);
    }
    text += "R0,lcs,Ada,Testbury0,2015-01-07,,yesterday\n";
    let file = home.dir.path().join("people.csv");
    std::fs::write(&file, text).expect("is written");
    file.to_str().expect("a path").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_killed_midway_and_run_again_ends_in_the_same_state() {
    let on = crate::harness::Services::shared();
    for mut home in [Home::sqlite().await, Home::full(&on).await] {
        let file = people(&home, 3_500);
        home.env = vec![("FRONTDOOR_TEST_KILL_AT".to_owned(), "import.batch:2".to_owned())];
        let (code, told) = home.try_run(&["people", "import", &file]).await;
        assert_eq!(code, -1, "{told}");
        home.env.clear();
        assert_eq!(open_store(&home).await.count_people().await.expect("counts"), 2_000);
        let (code, told) = home.try_run(&["people", "import", &file]).await;
        assert_eq!(code, 1, "{told}");
        assert!(told.contains("Resumed after line 2001"), "{told}");
        assert!(told.contains("1500 people loaded") && told.contains("line 3502: "), "{told}");
        assert_eq!(open_store(&home).await.count_people().await.expect("counts"), 3_500);
        // It had come to its end: the same file again is loaded from its beginning.
        let (_, told) = home.try_run(&["people", "import", "--json", &file]).await;
        let told: Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!((&told["loaded"], &told["unread"]), (&3_500.into(), &1.into()), "{told}");
        assert!(told["resumed_after"].is_null(), "{told}");
        assert_eq!(open_store(&home).await.count_people().await.expect("counts"), 3_500);
        home.run(&["audit", "verify"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_off_fails_and_an_empty_delta_makes_its_feed_newer() {
    let home = Home::sqlite().await;
    let file = |name: &str, text: &str| {
        let file = home.dir.path().join(name);
        std::fs::write(&file, text).expect("is written");
        file.to_str().expect("a path").to_owned()
    };
    let header = "record_id,source,surname,as_of\n";
    let text =
        format!("{header}R1,lcs,Testbury,2026-03-01\nR2,lcs,\"Testbury,2026-03-01\nR3,lcs,A,\n");
    let broken = file("broken.csv", &text);
    let (code, told) = home.try_run(&["people", "import", &broken]).await;
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("line 3: a quotation mark opens on this line"), "{told}");
    assert!(told.contains("Broken off at line 3") && told.contains("1 people loaded"), "{told}");

    let empty = file("empty.csv", "record_id,op,as_of\n");
    let (code, told) = home.try_run(&["people", "import", &empty, "--delta"]).await;
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("give --as-of"), "{told}");
    let whole = ["--delta", "--source", "lcs", "--as-of", "2026-03-02T02:00:00Z"];
    let told = home.run(&[&["people", "import", &empty], whole.as_slice()].concat()).await;
    assert!(!told.contains("--as-of"), "{told}");
    let (code, told) = home.try_run(&["people", "import", &empty, "--as-of", "soon"]).await;
    assert_eq!(code, 2, "{told}");
    let (code, told) = home.try_run(&["people", "import", &empty, "--as-of", "2262-03-01"]).await;
    assert!(code != 0 && told.contains("future"), "{code}: {told}");
}
