//! Screening did not consider what was known, new risk in open cases was missed, and chronologies
//! were poor.

use super::front::{Front, Sent, decision, managers, minutes_between, story, time, with, without};
use crate::harness::Home;
use serde_json::{Value, json};

super::scenarios!(
    paragraph_29_a_new_worry_in_an_open_case_is_screened_and_its_team_is_told,
    paragraph_29_a_team_that_records_call_by_another_name_is_told_all_the_same,
    paragraph_25_a_case_that_was_stepped_down_and_comes_back_is_screened_in_hours,
    paragraph_37_a_baby_has_at_once_the_history_of_its_brother,
    paragraph_37_earlier_contacts_about_the_same_home_are_counted_and_name_nobody,
    paragraph_37_earlier_contacts_are_seen_and_must_be_considered_at_screening,
    paragraph_37_history_holds_nothing_up_and_no_sender_learns_of_it,
    paragraph_40_the_fourth_contact_in_a_year_is_not_one_more_small_worry,
    paragraph_43_the_team_at_night_reads_the_history_as_it_is_at_that_moment,
    paragraph_47_a_chronology_builds_itself_with_each_event_once_and_its_source,
    paragraph_55_records_that_are_out_of_date_are_told_to_whoever_reads_them,
);

const SCHOOL: &str = "school-ridgeway";
const POLICE: &str = "police-west";
const TEAM: &str = "locality.halifax-central";

/// The authority's own record of a child with an open case.
fn record(as_of: &str) -> String {
    format!(
        "record_id,source,forename,surname,dob,address,postcode,nhs_number,case_status,case_team,\
         as_of\n\
         R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504,cin,{TEAM},{as_of}\n"
    )
}

fn today() -> String {
    jiff::Timestamp::now().to_string()[..10].to_owned()
}

/// A worry about that child.
fn imogen(says: Value) -> Value {
    let mut story = story("Imogen", says);
    story["children"] = json!([{
        "given_name": "Imogen",
        "family_name": "Hollins",
        "date_of_birth": "2016-03-09",
        "nhs_number": "9990006504",
    }]);
    story
}

async fn known(agencies: &[&str], teams: &[&str], as_of: &str) -> Front {
    let home = Home::sqlite().await;
    Front::imports(&home, &record(as_of)).await;
    Front::over(home, agencies, teams).await
}

/// Who the child of a referral is, as MASSTT sees it.
async fn person(front: &Front, sent: &Sent) -> String {
    let (_, page) = front.asks("masstt", "/v1/matches?state=unconfirmed").await;
    let all = page["matches"].as_array().expect("a list");
    let of = all.iter().find(|one| one["reference"] == sent.reference.as_str());
    of.expect("a link")["person"].as_str().expect("an id").to_owned()
}

async fn paragraph_29_a_new_worry_in_an_open_case_is_screened_and_its_team_is_told() {
    let front = known(&[SCHOOL], &["masstt", TEAM], &today()).await;
    let sent = front.refers(SCHOOL, imogen(json!({}))).await;
    let clock = front.clock("masstt", &sent, "respond").await.expect("it is screened");
    assert_eq!((&clock["purpose"], &clock["priority"]), (&json!("screening"), &json!("urgent")));
    assert_eq!(minutes_between(&clock["started_at"], &clock["due_at"]), 240);
    assert!(front.rules("masstt", &sent).await.contains(&"open-case".to_owned()));
    let told = front.message(TEAM, &sent, |event| event["type"] == "referral.routed.v1").await;
    assert_eq!(told["data"]["purpose"], "notify");
    assert!(front.sees(TEAM, &sent).await.is_some(), "and may read it");
    front.close().await;
}

async fn paragraph_29_a_team_that_records_call_by_another_name_is_told_all_the_same() {
    let home = Home::sqlite().await;
    Front::imports(&home, &record(&today()).replace(TEAM, "Frontline Response Team")).await;
    let front = Front::over(home, &[SCHOOL], &["masstt", "first-response"]).await;
    let sent = front.refers(SCHOOL, imogen(json!({}))).await;
    let document = front.document("first-response", &sent).await;
    assert_eq!(document["decision"]["purpose"], "notify");
    front.close().await;
}

async fn paragraph_25_a_case_that_was_stepped_down_and_comes_back_is_screened_in_hours() {
    let front = Front::open(&[SCHOOL, POLICE], &["masstt"]).await;
    let first = front.refers(SCHOOL, imogen(json!({}))).await;
    let down = json!({
        "to": "early-intervention.north-east",
        "manager": managers()["manager"],
        "agreement": {"agreed": true, "by": "Imogen's mother"},
    });
    front.records("masstt", &first, with(decision("step-down", "3"), down)).await;
    front.hours_pass(24 * 60).await;
    let sent = front.refers(POLICE, imogen(json!({}))).await;
    let rules = front.rules("masstt", &sent).await;
    assert!(rules.contains(&"stepped-down-then-back".to_owned()), "{rules:?}");
    let clock = front.clock("masstt", &sent, "respond").await.expect("it is screened");
    assert_eq!((&clock["purpose"], &clock["priority"]), (&json!("screening"), &json!("urgent")));
    front.close().await;
}

async fn paragraph_37_a_baby_has_at_once_the_history_of_its_brother() {
    let front = Front::open(&[SCHOOL, POLICE], &["masstt"]).await;
    front.refers(SCHOOL, imogen(json!({"concerns": ["16A"]}))).await;
    let mut both = imogen(json!({}));
    let baby = json!({"given_name": "Otto", "date_of_birth": "2026-10-01"});
    both["children"].as_array_mut().expect("a list").insert(0, baby);
    let sent = front.refers(POLICE, both).await;
    let rules = front.rules("masstt", &sent).await;
    assert!(rules.contains(&"household-grave-before".to_owned()), "{rules:?}");
    let clock = front.clock("masstt", &sent, "respond").await.expect("it is screened");
    assert_eq!(clock["priority"], "urgent");
    front.close().await;
}

async fn paragraph_37_earlier_contacts_about_the_same_home_are_counted_and_name_nobody() {
    let front = Front::open(&[SCHOOL, POLICE], &["masstt"]).await;
    let home = |name: &str, born: &str, more: Value| {
        let address = json!({"lines": "7 Mill Lane", "postcode": "HX1 2XQ"});
        let child = json!({
            "given_name": name, "family_name": format!("{name}son"), "date_of_birth": born,
            "address": with(address, more),
        });
        story(name, json!({"children": [child]}))
    };
    front.refers(POLICE, home("Otis", "2012-01-02", json!({}))).await;
    let sent = front.refers(SCHOOL, home("Uma", "2019-05-06", json!({}))).await;
    let rules = front.rules("masstt", &sent).await;
    assert!(rules.contains(&"address-known".to_owned()), "{rules:?}");
    let document = front.document("masstt", &sent).await;
    assert!(!document.to_string().contains("Otis"), "a count, and nobody's name");
    assert!(!sent.receipt.to_string().contains("address-known"), "the sender learns nothing of it");
    // Where a mother is hidden nothing is counted, and nothing is kept to count.
    let hidden = json!({"withheld_from": ["Invented Father"]});
    let sent = front.refers(SCHOOL, home("Ivo", "2020-07-08", hidden)).await;
    let rules = front.rules("masstt", &sent).await;
    assert!(!rules.contains(&"address-known".to_owned()), "{rules:?}");
    front.close().await;
}

async fn paragraph_37_earlier_contacts_are_seen_and_must_be_considered_at_screening() {
    let front = Front::open(&[SCHOOL, POLICE], &["masstt"]).await;
    front.refers(SCHOOL, imogen(json!({"concerns": ["16A"]}))).await;
    let sent = front.refers(POLICE, imogen(json!({}))).await;
    let rules = front.rules("masstt", &sent).await;
    for rule in ["re-referral", "grave-before"] {
        assert!(rules.contains(&rule.to_owned()), "{rule}: {rules:?}");
    }
    let clock = front.clock("masstt", &sent, "respond").await.expect("it runs");
    assert_eq!(clock["priority"], "urgent", "what came before counts");
    let whole = decision("assessment", "4");
    let unseen = without(whole.clone(), "history_considered");
    assert_eq!(front.refused("masstt", &sent, unseen).await, ["/history_considered"]);
    front.records("masstt", &sent, whole).await;
    front.close().await;
}

async fn paragraph_37_history_holds_nothing_up_and_no_sender_learns_of_it() {
    let front = known(&[SCHOOL, POLICE], &["masstt"], &today()).await;
    front.refers(SCHOOL, imogen(json!({"indicators": ["disclosure"]}))).await;
    let known = front.refers(POLICE, imogen(json!({}))).await;
    let mut stranger = imogen(json!({}));
    stranger["children"][0]["given_name"] = json!("Quentin");
    stranger["children"][0]["family_name"] = json!("Unheard");
    stranger["children"][0]["date_of_birth"] = json!("2011-10-30");
    stranger["children"][0]["nhs_number"] = json!("9990000018");
    let stranger = front.refers(POLICE, stranger).await;
    assert_eq!(known.receipt["children"], stranger.receipt["children"]);
    assert_eq!(known.receipt["advice"], stranger.receipt["advice"]);
    assert_eq!(known.minutes_to_respond(), stranger.minutes_to_respond());
    let urgent = |clock: Option<Value>| clock.expect("it runs")["priority"] == "urgent";
    assert!(urgent(front.clock("masstt", &known, "respond").await), "MASSTT knows all the same");
    assert!(!urgent(front.clock("masstt", &stranger, "respond").await));
    front.close().await;
}

async fn paragraph_40_the_fourth_contact_in_a_year_is_not_one_more_small_worry() {
    let front = Front::open(&[SCHOOL], &["masstt"]).await;
    for week in 1..=4 {
        let worry = json!({"worry": format!("Invented: tired again, week {week}.")});
        let sent = front.refers(SCHOOL, imogen(worry)).await;
        let clock = front.clock("masstt", &sent, "respond").await.expect("it runs");
        assert_eq!(clock["priority"] == "urgent", week == 4, "week {week}: {clock}");
    }
    front.close().await;
}

async fn paragraph_43_the_team_at_night_reads_the_history_as_it_is_at_that_moment() {
    let front = known(&[SCHOOL], &["masstt", "out-of-hours"], &today()).await;
    let sent = front.refers(SCHOOL, imogen(json!({"concerns": ["3A"]}))).await;
    let path = format!("/v1/people/{}/chronology", person(&front, &sent).await);
    let (status, before) = front.asks("out-of-hours", &path).await;
    assert_eq!((status, &before["entries"][0]["outcomes"]), (200, &json!([])));
    front.records("masstt", &sent, decision("assessment", "4")).await;
    let (_, after) = front.asks("out-of-hours", &path).await;
    assert_eq!(after["entries"][0]["outcomes"][0]["outcome"], "assessment");
    assert!(time(&after["read_at"]) > time(&before["read_at"]), "each is made anew");
    let as_of = after["as_of"].as_str().expect("how old the authority's record is");
    assert!(as_of.starts_with(&today()), "{as_of}");
    assert_eq!(after["entries"][0]["unconfirmed"], true, "what no person has confirmed says so");
    front.close().await;
}

async fn paragraph_47_a_chronology_builds_itself_with_each_event_once_and_its_source() {
    let front = Front::open(&[SCHOOL, POLICE], &["masstt"]).await;
    let story = imogen(json!({"concerns": ["16A"]}));
    let first = front.refers(SCHOOL, story.clone()).await;
    let (status, again) = front.says(SCHOOL, "/v1/referrals", &story).await;
    assert_eq!((status, &again["reference"]), (200, &json!(first.reference)), "sent twice");
    let second = front.refers(POLICE, imogen(json!({"concerns": ["3A"]}))).await;
    front.records("masstt", &second, decision("assessment", "4")).await;
    let path = format!("/v1/people/{}/chronology", person(&front, &second).await);
    let (_, told) = front.asks("masstt", &path).await;
    let entries = told["entries"].as_array().expect("a list");
    let sources = entries.iter().map(|one| (one["reference"].clone(), one["agency"].clone()));
    let expected =
        [(json!(first.reference), json!(SCHOOL)), (json!(second.reference), json!(POLICE))];
    assert_eq!(sources.collect::<Vec<_>>(), expected);
    let event = &entries[1]["outcomes"][0];
    assert_eq!((&event["destination"], &event["significant"]), (&json!("masstt"), &json!(true)));
    front.close().await;
}

async fn paragraph_55_records_that_are_out_of_date_are_told_to_whoever_reads_them() {
    for (as_of, stale) in [(today().as_str(), false), ("2020-01-01", true)] {
        let front = known(&[SCHOOL], &["masstt"], as_of).await;
        let sent = front.refers(SCHOOL, imogen(json!({}))).await;
        let document = front.document("masstt", &sent).await;
        let sources = document["history"]["sources"].as_array().expect("a list");
        let lcs = sources.iter().find(|one| one["source"] == "lcs").expect("the case system");
        assert_eq!(lcs["stale"], stale, "{document}");
        assert!(lcs["as_of"].as_str().is_some_and(|at| at.starts_with(as_of)), "{lcs}");
        front.close().await;
    }
}
