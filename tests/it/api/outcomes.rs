//! The real binary: what receiving teams record over HTTP and AMQP, and what its sender learns.

use crate::harness::{Gateway, Home, Services, http};
use lapin::options::{BasicGetOptions, BasicPublishOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::{Value, json};
use std::time::Duration;

fn worker() -> Value {
    json!({"name": "Invented Osei", "role": "Social worker", "worker_type": "permanent"})
}

fn decision() -> Value {
    json!({
        "outcome": "assessment",
        "level_of_need": "4",
        "rationale": "The invented reasons",
        "evidence": "What the school saw",
        "history_considered": {"considered": true},
        "child_view": {"considered": true},
        "by": worker(),
        "tell_sender": "We will see the child this week.",
    })
}

struct Desk {
    gateway: Gateway,
    agency: String,
    masstt: String,
}

impl Desk {
    async fn open(home: &Home) -> Desk {
        let agency = home.key("--agency", "school-ridgeway").await;
        let masstt = home.key("--destination", "masstt").await;
        Desk { gateway: home.start().await, agency, masstt }
    }

    async fn refer(&self, n: u32) -> String {
        let mut body = http::referral(n);
        body["concerns"] = json!(["16A"]);
        let (client, url) = (http::client(), &self.gateway.url);
        let sent = http::post_referral(&client, url, &self.agency, None, &body).await;
        let (status, receipt) = sent.expect("an answer");
        assert_eq!(status, 201, "{receipt}");
        receipt["reference"].as_str().expect("a reference").to_owned()
    }

    async fn record(&self, reference: &str, outcome: &Value) -> (u16, Value) {
        let url = format!("{}/v1/referrals/{reference}/outcome", self.gateway.url);
        let request = http::client().post(url).bearer_auth(&self.masstt).json(outcome);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn get(&self, path: &str, key: &str) -> Value {
        let url = format!("{}{path}", self.gateway.url);
        let answer = http::client().get(url).bearer_auth(key).send().await;
        answer.expect("an answer").json().await.expect("JSON")
    }

    async fn status(&self, reference: &str) -> Value {
        self.get(&format!("/v1/referrals/{reference}"), &self.agency).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_over_http_is_told_what_it_lacks_recorded_once_and_reaches_the_sender() {
    let home = Home::sqlite().await;
    let desk = Desk::open(&home).await;
    let reference = desk.refer(1).await;
    let clocks = desk.get("/v1/clocks", &desk.masstt).await;
    assert_eq!(clocks["clocks"][0]["reference"], reference);
    assert_eq!(clocks["clocks"][0]["stage"], "green");
    assert_eq!(clocks["clocks"][0]["forecast"], "unknown");
    let mut lacking = decision();
    lacking.as_object_mut().map(|outcome| outcome.remove("rationale"));
    let (status, problem) = desk.record(&reference, &lacking).await;
    assert_eq!((status, &problem["type"]), (422, &json!("/problems/outcome-lacking")));
    assert_eq!(problem["faults"][0]["pointer"], "/rationale");
    let (status, held) = desk.record(&reference, &json!({"outcome": "hold", "by": worker()})).await;
    assert_eq!((status, &held["faults"][0]["rule"]), (422, &json!("never-hold")));
    assert_eq!(desk.status(&reference).await["status"], "delivered");
    let (status, first) = desk.record(&reference, &decision()).await;
    assert_eq!(status, 201, "{first}");
    let (status, again) = desk.record(&reference, &decision()).await;
    assert_eq!((status, &again), (200, &first));
    let seen = desk.status(&reference).await;
    assert_eq!(seen["status"], "decided");
    assert_eq!(seen["outcome"]["code"], "assessment");
    assert_eq!(seen["outcome"]["message"], "We will see the child this week.");
    // Whoever decides it a second time reads it without the first decision.
    let document = format!("/v1/referrals/{reference}/document");
    let document = async |query: &str| desk.get(&format!("{document}{query}"), &desk.masstt).await;
    assert_eq!(document("").await["outcomes"][0]["outcome"], "assessment");
    let blind = document("?blind=true").await;
    assert_eq!((blind.get("outcomes"), &blind["reference"]), (None, &json!(reference)));
    assert_eq!(document("?blind=perhaps").await["type"], "/problems/parameter");
    let clocks = desk.get("/v1/clocks", &desk.masstt).await;
    assert_eq!(
        (&clocks["ended_14d"], &clocks["clocks"][0]["clock"]),
        (&json!(1), &json!("assessment"))
    );
    desk.gateway.stop().await;
}

async fn publish(channel: &Channel, user: &str, body: &Value) {
    let properties = BasicProperties::default().with_user_id(user.into());
    let bytes = serde_json::to_vec(body).expect("JSON");
    let (exchange, key) = ("frontdoor.outcomes".into(), "masstt".into());
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish(exchange, key, options, &bytes, properties).await;
    sent.expect("published").await.expect("taken");
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..150 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("never: {what}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_over_amqp_counts_as_its_teams_and_what_cannot_be_taken_is_kept() {
    let services = Services::shared();
    let mut home = Home::full(&services).await;
    let folder = home.own_folder();
    let file = folder.join("destinations.toml");
    let text = std::fs::read_to_string(&file).expect("read");
    let named = text.replacen("id = \"masstt\"\n", "id = \"masstt\"\namqp_user = \"guest\"\n", 1);
    std::fs::write(&file, named).expect("written");
    let desk = Desk::open(&home).await;
    let reference = desk.refer(2).await;
    until("the queues are declared and it is delivered", async || {
        (desk.status(&reference).await["status"] == "delivered").then_some(())
    })
    .await;
    let url = home.amqp_url.clone().expect("a broker");
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    let channel = connection.expect("connected").create_channel().await.expect("a channel");
    // What cannot stand is answered on the team's own queue.
    publish(&channel, "guest", &json!({"reference": reference, "outcome": "assessment"})).await;
    let queue = "frontdoor.masstt.standard";
    let refused = until("a message that says what is missing", async || {
        let got = channel.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await;
        let message = got.expect("read")?;
        let event: Value = serde_json::from_slice(&message.delivery.data).expect("JSON");
        (event["type"] == "referral.outcome-refused.v1").then_some(event)
    })
    .await;
    assert_eq!(refused["data"]["faults"][0]["pointer"], "/by", "{refused}");
    let mut whole = decision();
    whole["reference"] = json!(reference);
    publish(&channel, "guest", &json!({"specversion": "1.0", "data": whole})).await;
    let seen = until("it is decided", async || {
        let seen = desk.status(&reference).await;
        (seen["status"] == "decided").then_some(seen)
    })
    .await;
    assert_eq!(seen["outcome"]["code"], "assessment");
    // Nothing that can be read as an outcome.
    publish(&channel, "guest", &json!(["what is this"])).await;
    until("it is kept for an operator", async || {
        let queue = "frontdoor.outcomes.refused".into();
        channel.basic_get(queue, BasicGetOptions { no_ack: true }).await.expect("read")
    })
    .await;
    desk.gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_decision_about_a_restricted_record_are_for_the_named_few() {
    let home = Home::sqlite().await;
    let file = home.dir.path().join("people.csv");
    let people = "record_id,forename,surname,dob,nhs_number,restricted\n\
        R1,Imogen,Hollins,2016-03-09,9990006504,staff\n";
    std::fs::write(&file, people).expect("is written");
    home.run(&["people", "import", &file.display().to_string()]).await;
    let named = home.key("--destination", "restricted-records").await;
    let desk = Desk::open(&home).await;
    let mut body = http::referral(3);
    body["concerns"] = json!(["16A"]);
    body["children"] = json!([{
        "given_name": "Imogen",
        "family_name": "Hollins",
        "date_of_birth": "2016-03-09",
        "nhs_number": "9990006504",
    }]);
    let (client, url) = (http::client(), &desk.gateway.url);
    let sent = http::post_referral(&client, url, &desk.agency, None, &body).await;
    let (status, receipt) = sent.expect("an answer");
    assert_eq!(status, 201, "{receipt}");
    let reference = receipt["reference"].as_str().expect("a reference");
    assert_eq!(desk.record(reference, &decision()).await.0, 201);
    let path = format!("/v1/referrals/{reference}/document");
    for (key, words) in [(&named, true), (&desk.masstt, false)] {
        let document = desk.get(&path, key).await;
        let one = &document["outcomes"][0];
        assert_eq!((&one["outcome"], &one["level"]), (&json!("assessment"), &json!("4")));
        assert_eq!(one.get("said").is_some(), words, "{document}");
    }
    desk.gateway.stop().await;
}
