//! The authority's folder changes while the gateway runs.

use crate::harness::{Home, Services, http};
use std::path::Path;
use std::time::Duration;

const NEW_AGENCY: &str = r#"
[[agency]]
id = "school-lately"
name = "Lately School"
kind = "school"
state = "active"
telephone = "01632 960199"
"#;

const NEW_TEAM: &str = r#"
[[destination]]
id = "lately"
name = "Lately Team"
statutory = true
clock = "end_of_next_working_day"
"#;

fn append(file: &Path, text: &str) {
    let before = std::fs::read_to_string(file).expect("read");
    std::fs::write(file, before + text).expect("written");
}

struct Caller {
    client: reqwest::Client,
    url: String,
    operations: String,
}

impl Caller {
    async fn refer(&self, key: &str, n: u32) -> u16 {
        let body = http::referral(n);
        let answer = http::post_referral(&self.client, &self.url, key, None, &body).await;
        answer.expect("an answer").0
    }

    async fn messages(&self, key: &str) -> u16 {
        let url = format!("{}/v1/destinations/lately/messages", self.url);
        let answer = self.client.get(url).bearer_auth(key).send().await;
        answer.expect("an answer").status().as_u16()
    }

    /// Waits until the metrics say whether what is in the folder is in use.
    async fn current(&self, wanted: u8) {
        let line = format!("frontdoor_configuration_current {wanted}");
        for _ in 0..150 {
            let metrics = self.client.get(format!("{}/metrics", self.url));
            let answer = metrics.bearer_auth(&self.operations).send().await.expect("an answer");
            if answer.text().await.expect("text").lines().any(|found| found == line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("never: {line}");
    }

    /// Waits until the new team's queue can be read.
    async fn reads(&self, key: &str) {
        for _ in 0..150 {
            if self.messages(key).await == 200 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("its queue is never there");
    }

    /// Waits until a referral is answered with a status.
    async fn becomes(&self, key: &str, status: u16) {
        for n in 0..150 {
            if self.refer(key, n).await == status {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("never answered with {status}");
    }
}

async fn changes_are_taken_up(mut home: Home) {
    let folder = home.own_folder();
    let gateway = home.start().await;
    let operations = home.key("--operations", "night").await;
    let known = home.key("--agency", "school-ridgeway").await;
    let caller = Caller { client: http::client(), url: gateway.url.clone(), operations };
    caller.current(1).await;

    append(&folder.join("agencies.toml"), NEW_AGENCY);
    append(&folder.join("destinations.toml"), NEW_TEAM);
    let lately = home.key("--agency", "school-lately").await;
    let team = home.key("--destination", "lately").await;
    caller.becomes(&lately, 201).await;
    caller.reads(&team).await;

    // A fault: what was in use stays in use, and the log says what to mend and where.
    append(&folder.join("agencies.toml"), "\n[[agency]]\nid = \"half\"\n");
    caller.current(0).await;
    assert_eq!(caller.refer(&lately, 201).await, 201);
    assert_eq!(caller.refer(&known, 202).await, 201);
    let log = std::fs::read_to_string(&gateway.log).expect("a log");
    assert!(log.contains("configuration-refused") && log.contains("agencies.toml"), "{log}");

    // Mended, with one agency less: its key opens nothing any more.
    let text = std::fs::read_to_string(folder.join("agencies.toml")).expect("read");
    let (before, _) = text.split_once(NEW_AGENCY).expect("ours");
    std::fs::write(folder.join("agencies.toml"), before).expect("written");
    caller.current(1).await;
    caller.becomes(&lately, 403).await;
    assert_eq!(caller.refer(&known, 203).await, 201);
    assert_eq!(gateway.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_is_taken_up_while_running_on_sqlite() {
    changes_are_taken_up(Home::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_is_taken_up_while_running_on_postgresql_and_rabbitmq() {
    changes_are_taken_up(Home::full(&Services::shared()).await).await;
}

/// The screening team is whom every fallback goes to: it does not change under a running gateway.
#[tokio::test(flavor = "multi_thread")]
async fn another_screening_team_waits_for_a_restart() {
    let mut home = Home::sqlite().await;
    let folder = home.own_folder();
    let gateway = home.start().await;
    let operations = home.key("--operations", "night").await;
    let caller = Caller { client: http::client(), url: gateway.url.clone(), operations };
    caller.current(1).await;
    let file = folder.join("thresholds.yaml");
    let text = std::fs::read_to_string(&file).expect("read");
    let changed = text.replace("masstt", "first-response");
    assert_ne!(changed, text, "the test knows how the team is named");
    std::fs::write(&file, changed).expect("written");
    caller.current(0).await;
    let log = std::fs::read_to_string(&gateway.log).expect("a log");
    assert!(log.contains("restart the gateway"), "{log}");
    assert_eq!(gateway.stop().await, Some(0));
}
