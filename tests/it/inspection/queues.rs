//! The same over AMQP, with PostgreSQL and RabbitMQ: what teams' own systems read from queues and
//! write to them.

use super::front::{Front, Sent, decision, early_help, plain, story, until, with};
use crate::harness::{Home, Services};
use lapin::options::{BasicGetOptions, BasicPublishOptions};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::{Value, json};

super::scenarios!(
    paragraph_22_what_cannot_wait_stands_in_a_queue_of_its_own_within_seconds,
    paragraph_33_a_panel_that_never_reads_its_queue_delays_no_strategy_discussion,
    paragraph_25_a_panel_steps_a_case_up_by_message_and_it_is_screened_in_hours,
    paragraph_46_what_one_team_decides_the_other_teams_of_the_case_are_told,
);

const SCHOOL: &str = "school-ridgeway";

async fn channel(front: &Front) -> Channel {
    let url = front.home.amqp_url.clone().expect("a broker");
    let connection = Connection::connect(&url, ConnectionProperties::default()).await;
    connection.expect("connected").create_channel().await.expect("a channel")
}

/// The next message of a queue about a referral, with its routing key; queues are there as soon as
/// something is delivered.
async fn next(front: &Front, channel: &Channel, queue: &str, about: &Sent) -> (String, Value) {
    until("it is delivered", async || {
        let status = front.status(SCHOOL, about).await["status"].clone();
        (status == "delivered" || status == "decided").then_some(())
    })
    .await;
    until("a message", async || {
        let options = BasicGetOptions { no_ack: true };
        let got = channel.basic_get(queue.into(), options).await.expect("read")?;
        let event: Value = serde_json::from_slice(&got.delivery.data).expect("JSON");
        let of = event["subject"] == about.reference.as_str();
        of.then(|| (got.delivery.routing_key.to_string(), event))
    })
    .await
}

async fn paragraph_22_what_cannot_wait_stands_in_a_queue_of_its_own_within_seconds() {
    let home = Home::full(&Services::shared()).await;
    let front = Front::over(home, &[SCHOOL], &["masstt"]).await;
    let calm = front.refers(SCHOOL, story("Ben", json!({}))).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"danger_now": "yes"}))).await;
    let channel = channel(&front).await;
    let (key, event) = next(&front, &channel, "frontdoor.masstt.immediate", &sent).await;
    assert_eq!(key, "masstt.immediate");
    assert_eq!(event["type"], "referral.routed.v1");
    assert_eq!(event["data"]["purpose"], "strategy");
    let (key, _) = next(&front, &channel, "frontdoor.masstt.standard", &calm).await;
    assert_eq!(key, "masstt.standard");
    front.close().await;
}

async fn paragraph_33_a_panel_that_never_reads_its_queue_delays_no_strategy_discussion() {
    let home = Home::full(&Services::shared()).await;
    let front = Front::over(home, &[SCHOOL], &["masstt"]).await;
    let stories = ["Ada", "Bela", "Caro"].map(|name| story(name, json!({"concerns": ["11A"]})));
    let channel = channel(&front).await;
    for story in stories {
        let sent = front.refers(SCHOOL, story).await;
        let (_, event) = next(&front, &channel, "frontdoor.masstt.standard", &sent).await;
        assert_eq!(event["data"]["purpose"], "strategy");
        front.records("masstt", &sent, decision("strategy-discussion", "5")).await;
    }
    // All the while it was there for the panel, which sees no history and no name in a message.
    let queue = "frontdoor.cse-panel.standard".into();
    let got = channel.basic_get(queue, BasicGetOptions { no_ack: true }).await.expect("read");
    let data = String::from_utf8(got.expect("the first").delivery.data).expect("text");
    assert!(data.contains("\"purpose\":\"panel\"") && !data.contains("Ada"), "{data}");
    front.close().await;
}

/// A gateway that takes outcomes of a panel from the broker's user.
async fn with_a_panel_s_system(panel: &str) -> Home {
    let mut home = Home::full(&Services::shared()).await;
    let file = home.own_folder().join("destinations.toml");
    let text = std::fs::read_to_string(&file).expect("read");
    let id = format!("id = \"{panel}\"\n");
    let named = text.replacen(&id, &format!("{id}amqp_user = \"guest\"\n"), 1);
    assert_ne!(named, text);
    std::fs::write(&file, named).expect("written");
    home
}

async fn paragraph_25_a_panel_steps_a_case_up_by_message_and_it_is_screened_in_hours() {
    let panel = "early-intervention.halifax-central";
    let front = Front::over(with_a_panel_s_system(panel).await, &[SCHOOL], &["masstt"]).await;
    let sent = front.refers(SCHOOL, story("Ada", early_help())).await;
    let channel = channel(&front).await;
    next(&front, &channel, &format!("frontdoor.{panel}.standard"), &sent).await;
    let up = with(plain("step-up"), json!({"reference": sent.reference}));
    let bytes = serde_json::to_vec(&up).expect("JSON");
    let properties = BasicProperties::default().with_user_id("guest".into());
    let (exchange, key) = ("frontdoor.outcomes".into(), panel.into());
    let options = BasicPublishOptions::default();
    let published = channel.basic_publish(exchange, key, options, &bytes, properties).await;
    published.expect("published").await.expect("taken");
    let clock = until("it is screened", async || {
        let clock = front.clock("masstt", &sent, "respond").await?;
        (clock["purpose"] == "screening").then_some(clock)
    });
    assert_eq!(clock.await["priority"], "urgent");
    let back = until("it is in MASSTT's queue", async || {
        let (_, event) = next(&front, &channel, "frontdoor.masstt.standard", &sent).await;
        (event["data"]["purpose"] == "screening").then_some(event)
    });
    assert_eq!(back.await["subject"], sent.reference.as_str(), "one record");
    front.close().await;
}

async fn paragraph_46_what_one_team_decides_the_other_teams_of_the_case_are_told() {
    let home = Home::full(&Services::shared()).await;
    let front = Front::over(home, &[SCHOOL], &["masstt"]).await;
    let mut disabled = story("Ada", json!({"indicators": ["unexplained-injury"]}));
    disabled["children"][0]["disabilities"] = json!(["MOB"]);
    let sent = front.refers(SCHOOL, disabled).await;
    front.records("masstt", &sent, decision("strategy-discussion", "5")).await;
    let channel = channel(&front).await;
    let told = until("they are told", async || {
        let (_, event) =
            next(&front, &channel, "frontdoor.disabled-children.standard", &sent).await;
        (event["type"] == "referral.outcome.v1").then_some(event)
    })
    .await;
    assert_eq!(told["data"]["recorded_by"], "masstt");
    assert_eq!(told["data"]["outcome"], "strategy-discussion");
    assert_eq!(told["data"]["level_of_need"]["suggested"], false, "a person decided");
    front.close().await;
}
