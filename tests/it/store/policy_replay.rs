//! `frontdoor policy replay`, through the binary, beside a gateway that runs.

use crate::harness::http::{client, post_referral, referral};
use crate::harness::{Home, Services};
use frontdoor::app::OsEnv;
use frontdoor::audit::ChainName;
use frontdoor::config::FILES;
use frontdoor::store::keys::KeyRing;
use frontdoor::store::open;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use std::path::Path;

/// A copy of the shipped folder, in which `old` reads `new`.
fn copy(home: &Home, name: &str, old: &str, new: &str) -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale");
    let folder = home.dir.path().join(name);
    std::fs::create_dir(&folder).expect("a folder");
    for file in FILES {
        let text = std::fs::read_to_string(shipped.join(file)).expect("a file");
        let text = match file {
            "thresholds.yaml" => {
                assert!(text.contains(old), "{old}");
                let text = text.replacen(old, new, 1);
                // Its stories say what the shipped policy suggests, and it leaves no concern out.
                let text = text.replace("\n        level: \"4\"", "");
                text.replace("  no_rule:", "  no_rule:\n    - {concern: \"3C\", why: Invented}")
            }
            _ => text,
        };
        std::fs::write(folder.join(file), text).expect("a copy");
    }
    folder.to_str().expect("a path").to_owned()
}

/// Three families: domestic abuse is ticked for the first, and nothing for the others.
async fn three(url: &str, key: &str) -> Vec<String> {
    let mut references = Vec::new();
    for n in 0..3 {
        let mut body = referral(n * 40);
        if n == 0 {
            body["concerns"] = json!(["3B"]);
        }
        let (status, told) =
            post_referral(&client(), url, key, None, &body).await.expect("an answer");
        assert_eq!(status, 201, "{told}");
        references.push(told["reference"].as_str().expect("a reference").to_owned());
    }
    references
}

const RULE: &str =
    "      \"3A\" in concerns || \"3B\" in concerns || \"3C\" in concerns\n    level: \"4\"";

async fn replay(home: &Home, args: &[&str]) -> Value {
    let told = home.run(&[&["policy", "replay", "--json", "--against"], args].concat()).await;
    serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"))
}

async fn shows_what_would_be_otherwise(home: Home) {
    let key = home.key("--agency", "school-ridgeway").await;
    let gateway = home.start().await;
    let references = three(&gateway.url, &key).await;
    let draft = copy(&home, "draft", RULE, &RULE.replace("level: \"4\"", "level: \"3\""));

    let told = replay(&home, &[&draft]).await;
    let summary = &told["summary"];
    for (name, count) in [("looked_at", 3), ("unchanged", 2), ("lowered", 1), ("raised", 0)] {
        assert_eq!(summary[name], count, "{name} in {summary}");
    }
    assert_eq!(summary["by_agency_kind"]["school"]["lowered"], 1);
    assert_eq!(summary["by_level"]["4"]["lowered"], 1);
    assert_eq!(summary["by_level"]["2"]["unchanged"], 2);
    assert_eq!((&summary["without_history"], &summary["not_as_stored"]), (&json!(0), &json!(0)));
    assert_ne!(told["in_use"]["policy"], told["against"]["policy"]);
    let [one] = told["referrals"].as_array().expect("a list").as_slice() else { panic!("{told}") };
    assert_eq!((&one["reference"], &one["agency_kind"]), (&json!(references[0]), &json!("school")));
    assert_eq!(one["children"][0]["level"], json!({"before": "4", "after": "3"}));

    let table = home.run(&["policy", "replay", "--against", &draft]).await;
    assert!(table.contains(&references[0]) && table.contains("4 → 3"), "{table}");
    assert!(!table.contains(&references[1]), "{table}");
    for personal in ["Ada", "Test Street", "HX1 1AA", "Invented worry"] {
        assert!(!table.contains(personal) && !told.to_string().contains(personal), "{personal}");
    }
    asks_otherwise(&home, &draft).await;
    is_an_event(&home, told["against"]["policy"].as_str().expect("a hash")).await;
    home.run(&["audit", "verify"]).await;
    drop(gateway);
}

/// The same folder, another span, another day of the law; faults; and what does not open.
async fn asks_otherwise(home: &Home, draft: &str) {
    let same = copy(home, "same", RULE, RULE);
    let summary = replay(home, &[&same]).await["summary"].take();
    assert_eq!((&summary["looked_at"], &summary["unchanged"]), (&json!(3), &json!(3)));
    for span in [["--since", "2099-01-01"], ["--until", "2001-01-01"]] {
        let summary = replay(home, &[&[draft], span.as_slice()].concat()).await["summary"].take();
        assert_eq!(summary["looked_at"], 0);
    }
    let ends = "  - id: domestic-abuse\n    effective_until: 2098-12-31\n";
    let law = copy(home, "law", "  - id: domestic-abuse\n", ends);
    assert_eq!(replay(home, &[&law]).await["summary"]["unchanged"], 3);
    let told = replay(home, &[&law, "--in-force", "2099-01-01"]).await;
    assert_eq!(told["summary"]["lowered"], 1);
    assert_eq!(told["against"]["in_force"], "2099-01-01");

    let faulty = copy(home, "faulty", "danger_now == \"yes\"", "danger_now != \"no\"");
    let (code, told) = home.try_run(&["policy", "replay", "--against", &faulty]).await;
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("thresholds.yaml:") && told.contains("1 faults in"), "{told}");
    assert_eq!(home.try_run(&["policy", "replay"]).await.0, 2);
    let since = ["policy", "replay", "--against", draft, "--since", "soon"];
    assert_eq!(home.try_run(&since).await.0, 2);
}

async fn is_an_event(home: &Home, hash: &str) {
    let store = open(&home.database_url).await.expect("the store opens");
    let ring = KeyRing::open(store.as_ref(), &[0x5a; 32], &OsEnv::new()).await.expect("opens");
    store.set_chain_key(ring.chains().clone());
    let links = store.chain(ChainName::Desk, 0, 99).await.expect("reads");
    let events: Vec<Value> = links
        .iter()
        .flat_map(|link| serde_json::from_slice::<Vec<Value>>(&link.events).expect("events"))
        .filter(|event| event["kind"] == "policy.replayed")
        .collect();
    assert_eq!(events.len(), 7, "one for each time, and none where nothing was read");
    assert!(events[0]["detail"].as_str().expect("text").contains(hash), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    shows_what_would_be_otherwise(Home::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    shows_what_would_be_otherwise(Home::full(&Services::shared()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_is_counted_and_named() {
    let home = Home::sqlite().await;
    let key = home.key("--agency", "school-ridgeway").await;
    let gateway = home.start().await;
    let references = three(&gateway.url, &key).await;
    let mut db = SqliteConnection::connect(&home.database_url).await.expect("the file opens");
    let damage = "UPDATE referral SET record = x'00' WHERE level = '4'";
    sqlx::raw_sql(damage).execute(&mut db).await.expect("the statement runs");
    let same = copy(&home, "same", RULE, RULE);
    let told = replay(&home, &[&same]).await;
    assert_eq!(told["summary"]["looked_at"], 2);
    assert_eq!(told["summary"]["unopened"], json!([references[0]]));
    let table = home.run(&["policy", "replay", "--against", &same]).await;
    assert!(table.contains(&format!("1 cannot be opened: {}.", references[0])), "{table}");
    drop(gateway);
}
