//! What people do at screens, from beginning to end.

use super::{chromium, run};
use crate::harness::Home;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::Path;

#[derive(Deserialize)]
struct Walked {
    journey: String,
    fault: Option<String>,
}

/// An account as it is made: its holder has yet to set it up.
async fn account(home: &Home, name: &str, more: &[&str]) -> Value {
    let sign_in = format!("{name}@example.org");
    let begin = ["staff", "add", &sign_in, "--name", name, "--json"];
    let told = home.run(&[begin.as_slice(), more].concat()).await;
    let told: Value = serde_json::from_str(&told).expect("JSON");
    json!({ "sign_in": sign_in, "initial": told["initial_password"] })
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_refer_come_to_their_end() {
    let home = Home::sqlite().await;
    let sender = ["--role", "sender", "--agency"];
    let mut people = Map::new();
    for (name, agency, lead) in [
        ("ada", "school-ridgeway", false),
        ("bea", "school-ridgeway", false),
        ("lena", "school-ridgeway", true),
        ("hal", "police-west", false),
    ] {
        let more = [sender.as_slice(), &[agency], if lead { &["--lead"] } else { &[] }].concat();
        people.insert(name.to_owned(), account(&home, name, &more).await);
    }
    let gateway = home.start().await;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let plan = json!({
        "chromium": chromium(),
        "screenshots": root.join("target/screenshots/journeys"),
        "url": gateway.url,
        "people": people,
    });
    let walked: Vec<Walked> = run("journeys.mjs", &plan).await;
    gateway.stop().await;
    assert!(walked.len() >= 10, "all are walked");
    let faults = walked.iter().filter_map(|one| Some((&one.journey, one.fault.as_ref()?)));
    let told: Vec<String> = faults.map(|(journey, fault)| format!("{journey}: {fault}")).collect();
    assert!(told.is_empty(), "\n{}\n", told.join("\n\n"));
}
