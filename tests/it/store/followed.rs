//! What follows from outcomes child by child, in time, and when something new has come since.

use super::desks::*;
use super::homes::Home;
use super::on_both;
use frontdoor::domain::time::Env;
use frontdoor::domain::{Children, DestinationId, Reference};
use frontdoor::pipeline::{Desk, Followed};
use frontdoor::store::*;
use serde_json::{Value, json};

on_both!(
    what_is_new_of_one_child_waits_for_that_child_alone,
    an_assessment_ends_child_by_child,
    each_transfer_is_accepted_by_whoever_was_asked,
    what_waits_for_strategy_is_not_transferred_as_less,
    the_same_step_up_after_it_was_answered_is_another,
    a_sender_may_be_asked_the_same_again_another_day,
    what_happened_is_not_to_come_and_a_review_is_not_past,
    a_review_is_due_on_the_day_that_is_stated_for_the_whole_family,
    a_panels_word_is_not_that_of_social_work,
    who_waits_to_be_told_is_not_told_twice,
    who_is_only_told_and_has_it_need_not_be_told_that_it_is_overdue,
    a_forecast_counts_what_is_ahead,
    what_was_telephoned_is_acted_on_and_its_form_is_chased_until_it_has_come,
    a_later_referral_that_was_telephoned_first_is_the_form_of_the_same_agencys_call,
);

const PANEL: &str = "early-intervention.halifax-central";

fn family() -> Value {
    json!({"children": [child("Ada"), child("Ben")], "concerns": ["16A"]})
}

fn of_child(index: u16, body: Value) -> Value {
    with(body, json!({"children": [index]}))
}

fn transfer(to: &str) -> Value {
    json!({
        "outcome": "transfer", "to": to, "rationale": "Their part of the borough",
        "history_considered": {"considered": true}, "by": worker(),
        "manager": managers()["manager"],
    })
}

fn early_help() -> Value {
    json!({"request": "early-help", "agreement": {"informed": "yes", "agreed": "yes"}})
}

async fn waits(desks: &Desks, of: Reference) -> Option<Children> {
    let clock = desks.clock(of, "masstt", "respond").await;
    clock.ended_at.is_none().then_some(clock.children)
}

async fn what_is_new_of_one_child_waits_for_that_child_alone(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(family()).await;
    desks.stands("masstt", of, decision("advice", "2")).await;
    assert_eq!(waits(&desks, of).await, None);
    let words =
        json!({"children": [{"index": 1, "own_words": "Invented: I do not want to go home"}]});
    desks.adds(of, words).await;
    assert_eq!(waits(&desks, of).await, Some(Children::of(&[1])));
    // Of a child that does not wait, nothing ends it; of the one that does, new words do.
    let anew = |index, level| {
        let why = json!({"rationale": "Invented: after what Ben has said"});
        of_child(index, with(decision("advice", level), why))
    };
    desks.stands("masstt", of, anew(0, "1")).await;
    assert_eq!(waits(&desks, of).await, Some(Children::of(&[1])));
    desks.stands("masstt", of, anew(1, "2")).await;
    assert_eq!(waits(&desks, of).await, None);
    // A third child is new altogether.
    let third =
        json!({"children": [{"index": 2, "given_name": "Cai", "date_of_birth": "2020-01-02"}]});
    desks.adds(of, third).await;
    assert_eq!(waits(&desks, of).await, Some(Children::of(&[2])));
}

async fn an_assessment_ends_child_by_child(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(family()).await;
    desks.stands("masstt", of, decision("assessment", "4")).await;
    let manager = json!({"manager": managers()["manager"]});
    let done =
        |index| of_child(index, with(decision("assessment-completed", "4"), manager.clone()));
    let answer = desks.stands("masstt", of, done(0)).await;
    assert_eq!(answer["clocks_ended"], json!([]));
    let clock = desks.clock(of, "masstt", "assessment").await;
    assert_eq!((clock.ended_at, clock.children), (None, Children::of(&[1])));
    let answer = desks.stands("masstt", of, done(1)).await;
    assert_eq!(answer["clocks_ended"], json!([{"destination": "masstt", "clock": "assessment"}]));
}

async fn each_transfer_is_accepted_by_whoever_was_asked(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(family()).await;
    let teams = ["locality.halifax-central", "locality.lower-valley"];
    for (index, team) in (0..).zip(teams) {
        desks.stands("masstt", of, of_child(index, transfer(team))).await;
    }
    let accepts = json!({"outcome": "transfer-accepted", "rationale": "Ours", "by": worker()});
    desks.stands(teams[0], of, accepts.clone()).await;
    let duty = desks.clock(of, "masstt", "handover").await;
    assert_eq!((duty.ended_at, duty.children), (None, Children::of(&[1])));
    assert_eq!(
        waits(&desks, of).await,
        Some(Children::of(&[1])),
        "one child is decided here still"
    );
    desks.stands(teams[1], of, accepts).await;
    let open = desks.open(of).await;
    assert!(!open.iter().any(|clock| clock.starts_with("masstt")), "{open:?}");
}

async fn what_waits_for_strategy_is_not_transferred_as_less(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["disclosure"]})).await;
    let before = desks.clock(of, "masstt", "respond").await;
    let team = "locality.halifax-central";
    desks.stands("masstt", of, transfer(team)).await;
    let after = desks.clock(of, team, "respond").await;
    assert_eq!(after.purpose.as_str(), "strategy");
    assert_eq!((after.priority, after.due_at), (before.priority, before.due_at));
    let sent = desks.gateway.stored(of).await.0;
    let message = sent.deliveries.iter().find(|row| row.destination.as_str() == team);
    assert_eq!(message.expect("a message").priority, before.priority);
}

async fn the_same_step_up_after_it_was_answered_is_another(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(early_help()).await;
    let up = json!({"outcome": "step-up", "rationale": "A new injury was seen", "by": worker()});
    desks.stands(PANEL, of, up.clone()).await;
    let again = desks.says(PANEL, of, up.clone()).await;
    assert!(matches!(again, Followed::Stands { repeat: true, .. }));
    desks.hand.pass(1);
    desks.stands("masstt", of, decision("advice", "2")).await;
    assert_eq!(waits(&desks, of).await, None);
    desks.hand.pass(5);
    let again = desks.says(PANEL, of, up).await;
    assert!(
        matches!(again, Followed::Stands { repeat: false, .. }),
        "it happened again: {again:?}"
    );
    assert_eq!(waits(&desks, of).await, Some(Children::of(&[0])));
}

async fn a_sender_may_be_asked_the_same_again_another_day(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(family()).await;
    let asked = json!({"outcome": "asked", "by": worker(), "tell_sender": "Which school?"});
    for hours in [1, 30] {
        desks.stands("masstt", of, asked.clone()).await;
        desks.hand.pass(hours);
    }
    desks.stands("masstt", of, asked).await;
    let id = desks.gateway.stored(of).await.0.row.id;
    let recorded = desks.gateway.store.outcomes(id).await.expect("reads");
    assert_eq!(recorded.len(), 2);
}

async fn what_happened_is_not_to_come_and_a_review_is_not_past(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["missing-now"]})).await;
    let returned = |at: &str| json!({"outcome": "returned", "returned_at": at, "by": worker()});
    assert_eq!(desks.lacks("masstt", of, returned("2026-11-24T12:00:00Z")).await, ["/returned_at"]);
    desks.stands("masstt", of, returned("2026-11-24T09:00:00Z")).await;
    let of = desks.refer(early_help()).await;
    let accepts = json!({
        "outcome": "help-accepted", "level_of_need": "3", "rationale": "Fits", "by": worker(),
        "lead_professional": "Invented Shah", "review_on": "2026-11-23",
    });
    assert_eq!(desks.lacks(PANEL, of, accepts).await, ["/review_on"]);
}

async fn a_review_is_due_on_the_day_that_is_stated_for_the_whole_family(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(with(early_help(), json!({"children": family()["children"]}))).await;
    let accepts = json!({
        "outcome": "help-accepted", "level_of_need": "3", "rationale": "Fits", "by": worker(),
        "lead_professional": "Invented Shah", "review_on": "2026-12-08",
    });
    desks.stands(PANEL, of, accepts).await;
    let due = async || desks.clock(of, PANEL, "review").await.due_at.to_string();
    assert_eq!(due().await, "2026-12-08T17:00:00.000Z");
    desks.hand.pass(24 * 14);
    let reviewed = json!({
        "outcome": "reviewed", "rationale": "It helps", "by": worker(),
        "child_view": {"considered": true}, "review_on": "2027-01-12",
    });
    desks.stands(PANEL, of, of_child(0, reviewed.clone())).await;
    assert_eq!(due().await, "2026-12-08T17:00:00.000Z", "Ben's plan waits still");
    desks.stands(PANEL, of, of_child(1, reviewed)).await;
    assert_eq!(due().await, "2027-01-12T17:00:00.000Z");
    let clock = desks.clock(of, PANEL, "review").await;
    assert_eq!((clock.ended_at, clock.children), (None, Children::of(&[0, 1])));
}

async fn a_panels_word_is_not_that_of_social_work(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(early_help()).await;
    let told = async || {
        let id = desks.gateway.stored(of).await.0.row.id;
        let recorded = desks.gateway.store.outcomes(id).await.expect("reads");
        desks.gateway.pipeline.told_to_sender(&recorded, "school")
    };
    let offered = |words: &str| {
        json!({
            "outcome": "help-offered", "by": worker(), "tell_sender": words,
            "programme": {"name": "Invented", "language": "ur", "taken_up": "yes"},
        })
    };
    desks.stands(PANEL, of, offered("A place from Monday.")).await;
    let first = told().await;
    assert_eq!(first.decided_at, None, "a programme is no decision");
    assert_eq!((first.outcome, first.services.len()), (None, 1));
    let decided = with(decision("assessment", "4"), json!({"tell_sender": "We will see Ada."}));
    desks.stands("masstt", of, decided).await;
    desks.hand.pass(1);
    desks.stands(PANEL, of, offered("A second place.")).await;
    let last = told().await;
    assert!(last.decided_at.is_some());
    assert_eq!(last.outcome.expect("an outcome").code, "assessment", "social work's word stands");
    assert_eq!(last.services.len(), 2);
}

async fn who_waits_to_be_told_is_not_told_twice(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    desks.refer(family()).await;
    desks.hand.pass(5);
    for _ in 0..4 {
        assert_eq!(desks.run_down().await, 1);
        desks.hand.pass(1);
    }
    assert_eq!(desks.due_notices().await, 1, "there is no mail server, and one notice waits");
}

async fn who_is_only_told_and_has_it_need_not_be_told_that_it_is_overdue(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let disabled = with(child("Ada"), json!({"disabilities": ["AUT"]}));
    let of = desks.refer(json!({"children": [disabled], "indicators": ["disclosure"]})).await;
    desks.hand.pass(200);
    desks.run_down().await;
    let overdue = desks.due_notices().await;
    let (stored, store) = (desks.gateway.stored(of).await.0, &desks.gateway.store);
    let told = stored.deliveries.iter().find(|row| row.purpose.as_str() == "notify");
    let told = told.expect("somebody is only told");
    let event = Event::new("delivery.acknowledged", told.destination.as_str());
    let by = Sealed { wrapped_key: vec![1], body: vec![2] };
    assert!(store.acknowledge(told.id, by, event, desks.hand.now()).await.expect("writes"));
    // The claim before has run out.
    desks.hand.pass(1);
    assert_eq!(desks.due_notices().await, overdue - 1);
}

async fn a_forecast_counts_what_is_ahead(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    for n in 0..3 {
        desks.refer(with(family(), json!({"worry": format!("Invented, {n}")}))).await;
        desks.hand.pass(1);
    }
    let (store, masstt) = (&desks.gateway.store, DestinationId::new("masstt"));
    let open = store.open_clocks(&masstt, None, 9).await.expect("reads");
    let ahead = async |at: usize| store.ahead_of(&masstt, open[at].place()).await.expect("reads");
    assert_eq!((open.len(), ahead(0).await, ahead(2).await), (3, 1, 3));
    let any: Vec<_> = open.iter().map(|clock| clock.referral).collect();
    let lado = DestinationId::new("lado");
    assert!(store.was_sent(&any, &masstt).await.expect("reads"));
    assert!(!store.was_sent(&any, &lado).await.expect("reads"));
    assert!(!store.was_sent(&[], &masstt).await.expect("reads"));
}

async fn what_was_telephoned_is_acted_on_and_its_form_is_chased_until_it_has_come(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["disclosure"], "form_to_follow": "yes"})).await;
    let both = ["masstt respond strategy green", "masstt written-form written-form green"];
    assert_eq!(desks.open(of).await, both);
    desks.stands("masstt", of, decision("strategy-discussion", "5")).await;
    assert!(desks.open(of).await.contains(&both[1].to_owned()), "the decision waits for no form");
    desks.hand.pass(31);
    desks.run_down().await;
    assert_eq!(desks.due_notices().await, 1, "at the end of the next working day it is chased");
    // A telephone number is no form.
    desks.adds(of, json!({"children": [{"index": 0, "school": {"name": "Invented"}}]})).await;
    let form = async || desks.clock(of, "masstt", "written-form").await.ended_at;
    assert_eq!(form().await, None);
    desks.adds(of, json!({"worry": "Invented: what she said, word for word."})).await;
    assert_eq!(form().await, Some(desks.hand.now()));
}

async fn a_later_referral_that_was_telephoned_first_is_the_form_of_the_same_agencys_call(
    home: Home,
) {
    let desks = Desks::over(&home, MORNING).await;
    let ada = with(child("Ada"), json!({"nhs_number": "999 000 0018"}));
    let call = json!({"children": [ada], "form_to_follow": "yes"});
    let of = desks.refer(call).await;
    let form = async || desks.clock(of, "masstt", "written-form").await.ended_at;
    desks.hand.pass(1);
    let says = |worry: &str, more: Value| with(json!({"children": [ada], "worry": worry}), more);
    desks.refer(says("Invented: another day.", json!({}))).await;
    assert_eq!(form().await, None, "this says nothing of a call");
    let ben = with(child("Ben"), json!({"date_of_birth": "2012-01-02"}));
    desks.refer(json!({"children": [ben], "telephone_first": "yes"})).await;
    assert_eq!(form().await, None, "this is another child's");
    let written = says("Invented: as I told you.", json!({"telephone_first": "yes"}));
    desks.refer_as("health-visiting", written.clone()).await;
    assert_eq!(form().await, None, "this is another agency's");
    desks.refer(written).await;
    assert_eq!(form().await, Some(desks.hand.now()));
}
