//! Early help worked well where it was used; plans were not specific, not reviewed in time, and the
//! child's own view was missing. A panel never stands in for a social worker.

use super::front::{Front, decision, early_help, managers, plain, story, with, worker};
use serde_json::{Value, json};

super::scenarios!(
    paragraph_10_poverty_alone_is_screened_and_is_not_child_protection,
    paragraph_11_the_caf_coordinator_sees_what_goes_to_a_panel_and_nothing_else,
    paragraph_12_a_family_that_agrees_reaches_the_panel_of_its_own_address,
    paragraph_12_without_agreement_a_social_worker_screens_it_and_no_panel_sees_it,
    paragraph_12_what_a_service_is_asked_to_take_on_it_accepts_or_hands_back,
    paragraph_23_a_programme_is_recorded_with_its_language_and_if_it_is_taken_up,
    paragraph_24_a_plan_has_a_lead_professional_and_a_review_that_shows_when_late,
    paragraph_25_a_step_up_keeps_one_record_and_is_screened_within_hours,
    paragraph_25_a_step_down_names_its_reason_a_manager_and_who_agrees,
    paragraph_36_the_child_s_own_words_go_to_the_panel_with_the_referral,
    paragraph_46_a_closed_service_gets_nothing_and_the_child_is_screened_instead,
);

const SCHOOL: &str = "school-ridgeway";
const PANEL: &str = "early-intervention.halifax-central";

fn accepted() -> Value {
    let plan = json!({
        "level_of_need": "3",
        "lead_professional": "Invented Shah",
        "review_on": "2099-02-01",
    });
    with(plain("help-accepted"), plan)
}

async fn paragraph_10_poverty_alone_is_screened_and_is_not_child_protection() {
    let front = Front::open(&[SCHOOL], &[]).await;
    let poor = json!({"primary_need": "N7", "worry": "Money runs out before the month does."});
    let sent = front.would(SCHOOL, story("Ada", poor.clone())).await;
    assert_eq!((sent.purpose("masstt"), sent.priority()), (Some("screening"), "standard"));
    assert!(sent.level() < "4", "{}", sent.receipt);
    // With the family's agreement early help is offered.
    let sent = front.would(SCHOOL, story("Ada", with(poor, early_help()))).await;
    assert_eq!(
        (sent.purpose(PANEL), sent.purpose("masstt")),
        (Some("panel"), Some("confirmation"))
    );
    front.close().await;
}

async fn paragraph_11_the_caf_coordinator_sees_what_goes_to_a_panel_and_nothing_else() {
    let front = Front::open(&[SCHOOL], &["masstt", "caf-coordinator"]).await;
    let help = front.refers(SCHOOL, story("Ada", early_help())).await;
    let neglect = json!({"concerns": ["16A"]});
    let need = front.refers(SCHOOL, story("Ben", with(neglect, early_help()))).await;
    for sent in [&help, &need] {
        assert!(front.sees("masstt", sent).await.is_some(), "MASSTT has every child");
    }
    assert!(front.sees("caf-coordinator", &help).await.is_some());
    assert!(front.sees("caf-coordinator", &need).await.is_none());
    front.close().await;
}

async fn paragraph_12_a_family_that_agrees_reaches_the_panel_of_its_own_address() {
    let front = Front::open(&[SCHOOL], &[]).await;
    for (postcode, panel) in [
        ("HX7 5AA", "early-intervention.upper-valley"),
        ("HD6 1AA", "early-intervention.lower-valley"),
        ("HX1 1AA", "early-intervention.halifax-central"),
        ("HX3 5AA", "early-intervention.north-east"),
    ] {
        let mut story = story("Ada", early_help());
        story["children"][0]["address"]["postcode"] = json!(postcode);
        let sent = front.would(SCHOOL, story).await;
        assert_eq!(sent.purpose(panel), Some("panel"), "{postcode}: {}", sent.receipt);
        assert_eq!(sent.purpose("masstt"), Some("confirmation"), "a social worker confirms it");
    }
    front.close().await;
}

async fn paragraph_12_without_agreement_a_social_worker_screens_it_and_no_panel_sees_it() {
    let front = Front::open(&[SCHOOL], &["masstt", PANEL]).await;
    for agreed in ["no", "not-known"] {
        let asks = json!({"request": "early-help", "agreement": {"agreed": agreed}});
        let sent = front.refers(SCHOOL, story("Ada", asks)).await;
        assert_eq!(sent.purpose("masstt"), Some("screening"), "{agreed}");
        assert!(front.sees(PANEL, &sent).await.is_none(), "{agreed}");
    }
    front.close().await;
}

async fn paragraph_12_what_a_service_is_asked_to_take_on_it_accepts_or_hands_back() {
    let front = Front::open(&[SCHOOL], &["masstt", PANEL]).await;
    let sent = front.refers(SCHOOL, story("Ada", early_help())).await;
    let path = format!("/v1/referrals/{}/acknowledgement", sent.reference);
    let person = json!({"name": "Invented Shah", "role": "Panel chair"});
    assert_eq!(front.says(PANEL, &path, &person).await.0, 200);
    assert!(front.clock(PANEL, &sent, "respond").await.is_some(), "to have it is no answer");
    front.records("masstt", &sent, decision("confirmed", "3")).await;
    front.records(PANEL, &sent, plain("declined")).await;
    assert!(front.clock(PANEL, &sent, "respond").await.is_none());
    let back = front.clock("masstt", &sent, "respond").await.expect("MASSTT has it again");
    assert_eq!(back["purpose"], "screening");
    front.close().await;
}

async fn paragraph_23_a_programme_is_recorded_with_its_language_and_if_it_is_taken_up() {
    let front = Front::open(&[SCHOOL], &[PANEL]).await;
    let sent = front.refers(SCHOOL, story("Ada", early_help())).await;
    let offered = json!({"outcome": "help-offered", "by": worker()});
    assert_eq!(front.refused(PANEL, &sent, offered.clone()).await, ["/programme"]);
    let half = json!({"programme": {"name": "Freedom Programme"}});
    let lacks = front.refused(PANEL, &sent, with(offered.clone(), half)).await;
    assert_eq!(lacks, ["/programme"]);
    let whole = json!({
        "name": "Strengthening Families, Strengthening Communities",
        "language": "ur",
        "taken_up": "yes",
    });
    let words = json!({"programme": whole, "tell_sender": "Ada's mother has a place in May."});
    front.records(PANEL, &sent, with(offered, words)).await;
    let seen = front.status(SCHOOL, &sent).await;
    assert_eq!(seen["services"][0]["code"], "help-offered");
    assert_eq!(seen["services"][0]["message"], "Ada's mother has a place in May.");
    front.close().await;
}

async fn paragraph_24_a_plan_has_a_lead_professional_and_a_review_that_shows_when_late() {
    let front = Front::open(&[SCHOOL], &[PANEL]).await;
    let sent = front.refers(SCHOOL, story("Ada", early_help())).await;
    let bare = with(plain("help-accepted"), json!({"level_of_need": "3"}));
    let lacks = front.refused(PANEL, &sent, bare).await;
    assert_eq!(lacks, ["/lead_professional", "/review_on"]);
    front.records(PANEL, &sent, accepted()).await;
    assert_eq!(front.clock(PANEL, &sent, "review").await.expect("it runs")["stage"], "green");
    front.hours_pass(24 * 110).await;
    assert_eq!(front.clock(PANEL, &sent, "review").await.expect("it runs on")["stage"], "red");
    let reviewed = with(plain("reviewed"), json!({"review_on": "2099-06-01"}));
    assert_eq!(front.refused(PANEL, &sent, reviewed.clone()).await, ["/child_view"]);
    let heard = with(reviewed, json!({"child_view": {"considered": true}}));
    front.records(PANEL, &sent, heard).await;
    assert_eq!(front.clock(PANEL, &sent, "review").await.expect("the next")["stage"], "green");
    front.close().await;
}

async fn paragraph_25_a_step_up_keeps_one_record_and_is_screened_within_hours() {
    let front = Front::open(&[SCHOOL], &["masstt", PANEL]).await;
    let sent = front.refers(SCHOOL, story("Ada", early_help())).await;
    front.records("masstt", &sent, decision("confirmed", "3")).await;
    front.records(PANEL, &sent, accepted()).await;
    front.hours_pass(24 * 30).await;
    let why = json!({"rationale": "A new injury, and her mother will not say how"});
    front.records(PANEL, &sent, with(plain("step-up"), why)).await;
    let clock = front.clock("masstt", &sent, "respond").await.expect("the same reference");
    assert_eq!((&clock["purpose"], &clock["priority"]), (&json!("screening"), &json!("urgent")));
    let minutes = super::front::minutes_between(&clock["started_at"], &clock["due_at"]);
    assert_eq!(minutes, 240);
    assert!(front.clock(PANEL, &sent, "review").await.is_none(), "the panel's part is done");
    front.close().await;
}

async fn paragraph_25_a_step_down_names_its_reason_a_manager_and_who_agrees() {
    let front = Front::open(&[SCHOOL], &["masstt", PANEL]).await;
    let sent = front.refers(SCHOOL, story("Ada", json!({"concerns": ["16A"]}))).await;
    assert!(front.sees(PANEL, &sent).await.is_none());
    let down = with(decision("step-down", "3"), json!({"to": PANEL}));
    let lacks = front.refused("masstt", &sent, down.clone()).await;
    assert_eq!(lacks, ["/manager", "/agreement"]);
    let agreed = json!({
        "manager": managers()["manager"],
        "agreement": {"agreed": true, "by": "Ada's mother"},
    });
    let answer = front.records("masstt", &sent, with(down, agreed)).await;
    assert_eq!(answer["sent_to"][0]["destination"], PANEL);
    let document = front.document(PANEL, &sent).await;
    assert_eq!(document["decision"]["purpose"], "panel", "the receiver has it");
    assert!(front.clock(PANEL, &sent, "respond").await.is_some(), "and a date to respond by");
    front.close().await;
}

async fn paragraph_36_the_child_s_own_words_go_to_the_panel_with_the_referral() {
    let front = Front::open(&[SCHOOL], &[PANEL]).await;
    let mut story = story("Ada", early_help());
    let silent = front.would(SCHOOL, story.clone()).await;
    assert!(silent.asked_for().contains(&"/children/0/own_words"), "they are asked for");
    story["children"][0]["own_words"] = json!("I want my mum to be less sad.");
    let sent = front.refers(SCHOOL, story).await;
    assert!(!sent.asked_for().contains(&"/children/0/own_words"));
    let document = front.document(PANEL, &sent).await;
    let words = &document["referral"]["children"][0]["own_words"];
    assert_eq!(words, "I want my mum to be less sad.");
    front.close().await;
}

async fn paragraph_46_a_closed_service_gets_nothing_and_the_child_is_screened_instead() {
    let mut home = crate::harness::Home::sqlite().await;
    let file = home.own_folder().join("destinations.toml");
    let text = std::fs::read_to_string(&file).expect("read");
    let id = format!("id = \"{PANEL}\"\n");
    let closed = text.replacen(&id, &format!("{id}open = false\n"), 1);
    assert_ne!(closed, text);
    std::fs::write(&file, closed).expect("written");
    let front = Front::over(home, &[SCHOOL], &["masstt", PANEL]).await;
    let sent = front.refers(SCHOOL, story("Ada", early_help())).await;
    assert_eq!((sent.purpose(PANEL), sent.purpose("masstt")), (None, Some("screening")));
    assert!(front.sees(PANEL, &sent).await.is_none());
    let to = json!({"to": PANEL, "manager": managers()["manager"]});
    let down = with(decision("step-down", "3"), to);
    assert_eq!(front.refused("masstt", &sent, down).await, ["/to"], "nor by hand");
    front.close().await;
}
