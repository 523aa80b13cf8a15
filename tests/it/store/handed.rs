//! Cases that are handed over, handed back and handed on: nothing that waits is lost or loosened on
//! the way, by night or by day.

use super::desks::*;
use super::homes::Home;
use super::on_both;
use frontdoor::domain::{Children, Reference};
use frontdoor::pipeline::Followed;
use serde_json::{Value, json};

on_both!(
    what_came_after_a_hand_over_waits_at_whoever_took_the_case_on,
    what_was_sent_for_strategy_is_not_handed_back_as_less,
    what_was_decided_on_an_older_document_decides_nothing,
    that_another_authority_declines_ends_nothing_here,
    whoever_keeps_a_case_after_all_is_asked_no_longer_to_hand_it_over,
    a_second_child_that_returned_is_interviewed_too,
    what_is_stepped_up_or_handed_back_at_night_reaches_who_is_awake,
    the_soonest_review_holds_and_a_closed_child_does_not_come_back,
    whoever_was_reviewed_is_reviewed_again_however_the_others_leave,
    a_further_child_before_birth_has_milestones_and_they_go_with_the_case,
    milestones_of_one_unborn_child_are_not_those_of_another,
    a_school_does_not_make_a_confirmation_a_strategy,
    a_case_that_was_handed_on_twice_is_accepted,
    what_was_answered_may_be_said_again_and_a_further_child_is_no_repeat,
    what_the_few_for_restricted_records_decide_is_told_to_nobody_else,
    a_second_call_is_not_the_form_of_the_first,
    what_is_stepped_up_before_it_is_accepted_is_decided_by_somebody,
    what_is_urgent_is_handed_back_as_urgent_whatever_it_was_for,
    a_milestone_before_a_birth_is_not_put_off_by_a_telephone_number,
    a_clock_that_was_written_before_children_were_kept_ends_when_all_are_decided,
);

const TEAM: &str = "locality.halifax-central";
const PANEL: &str = "early-intervention.halifax-central";

fn transfer(to: &str) -> Value {
    json!({
        "outcome": "transfer", "to": to, "rationale": format!("To {to}"),
        "history_considered": {"considered": true}, "by": worker(),
        "manager": managers()["manager"],
    })
}

fn says(code: &str) -> Value {
    json!({"outcome": code, "rationale": format!("Invented: {code}"), "by": worker()})
}

fn of_child(index: u16, body: Value) -> Value {
    with(body, json!({"children": [index]}))
}

fn early_help() -> Value {
    json!({"request": "early-help", "agreement": {"informed": "yes", "agreed": "yes"}})
}

fn family() -> Value {
    json!({"children": [child("Ada"), child("Ben")], "concerns": ["16A"]})
}

async fn what_came_after_a_hand_over_waits_at_whoever_took_the_case_on(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, transfer(TEAM)).await;
    // The team decides on what it was sent before it accepts; then a disclosure comes.
    desks.stands(TEAM, of, decision("assessment", "4")).await;
    desks.hand.pass(1);
    desks.adds(of, json!({"indicators": ["disclosure"]})).await;
    let before = desks.clock(of, "masstt", "respond").await;
    assert_eq!((before.purpose.as_str(), before.ended_at), ("strategy", None));
    desks.stands(TEAM, of, says("transfer-accepted")).await;
    let after = desks.clock(of, TEAM, "respond").await;
    assert_eq!((after.purpose.as_str(), after.ended_at), ("strategy", None));
    assert_eq!((after.priority, after.due_at), (before.priority, before.due_at));
    assert!(desks.clock(of, "masstt", "respond").await.ended_at.is_some());
}

async fn what_was_sent_for_strategy_is_not_handed_back_as_less(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["disclosure"]})).await;
    let onward = with(decision("strategy-discussion", "5"), json!({"to": TEAM}));
    desks.stands("masstt", of, onward).await;
    let sent = desks.clock(of, TEAM, "respond").await;
    desks.stands(TEAM, of, says("declined")).await;
    let back = desks.clock(of, "masstt", "respond").await;
    assert_eq!((back.purpose.as_str(), back.priority), ("strategy", sent.priority));
    assert!(back.due_at <= sent.due_at && back.ended_at.is_none());
    let open = desks.open(of).await;
    assert!(!open.iter().any(|clock| clock.starts_with(TEAM)), "{open:?}");
    for kind in ["conference", "assessment"] {
        assert_eq!(desks.clock(of, "masstt", kind).await.ended_at, None, "{kind}");
    }
}

async fn what_was_decided_on_an_older_document_decides_nothing(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let revision = desks.gateway.stored(of).await.0.row.revision;
    desks.adds(of, json!({"worry": "Invented: it happened again tonight."})).await;
    let read = |revision: i32| with(decision("advice", "2"), json!({"revision": revision}));
    assert_eq!(desks.lacks("masstt", of, read(revision)).await, ["/revision"]);
    desks.stands("masstt", of, read(revision + 1)).await;
}

async fn that_another_authority_declines_ends_nothing_here(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, transfer("other-authority")).await;
    let declined = with(
        says("transfer-declined"),
        json!({
            "manager": managers()["manager"],
            "accepted_in_writing": {"by": "Invented Novak", "on": "2026-11-25"},
        }),
    );
    desks.stands("masstt", of, declined).await;
    let open = ["masstt handover handover green", "masstt respond screening green"];
    assert_eq!(desks.open(of).await, open);
}

async fn whoever_keeps_a_case_after_all_is_asked_no_longer_to_hand_it_over(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, transfer(TEAM)).await;
    let declined = with(says("transfer-declined"), json!({"manager": managers()["manager"]}));
    desks.stands(TEAM, of, declined).await;
    desks.stands("masstt", of, decision("assessment", "4")).await;
    assert_eq!(desks.open(of).await, ["masstt assessment assessment green"]);
}

async fn a_second_child_that_returned_is_interviewed_too(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(family()).await;
    for index in [0, 1] {
        let returned = json!({
            "outcome": "returned", "returned_at": "2026-11-24T09:00:00Z", "by": worker(),
            "children": [index],
        });
        desks.stands("masstt", of, returned).await;
    }
    let held = |index| {
        let seen = json!({"child_view": {"considered": true}});
        of_child(index, with(says("interview-held"), seen))
    };
    desks.stands("missing-children", of, held(1)).await;
    let clock = desks.clock(of, "missing-children", "interview").await;
    assert_eq!((clock.ended_at, clock.children), (None, Children::of(&[0])));
    desks.stands("missing-children", of, held(0)).await;
    assert!(desks.clock(of, "missing-children", "interview").await.ended_at.is_some());
}

async fn what_is_stepped_up_or_handed_back_at_night_reaches_who_is_awake(home: Home) {
    let desks = Desks::over(&home, "2026-11-27T18:00:00Z").await;
    let of = desks.refer(with(early_help(), json!({"indicators": ["disclosure"]}))).await;
    let open = desks.open(of).await;
    assert!(open.contains(&"out-of-hours respond strategy green".to_owned()), "{open:?}");
    let of = desks.refer(early_help()).await;
    desks.hand.pass(1);
    desks.stands(PANEL, of, says("step-up")).await;
    let night = desks.clock(of, "out-of-hours", "respond").await;
    assert_eq!((night.purpose.as_str(), night.ended_at), ("screening", None));
    // What comes back to the day team goes to who is awake as well, so that it is decided on.
    let of = desks.refer(json!({"indicators": ["missing-now"]})).await;
    desks.hand.pass(1);
    desks.stands("missing-children", of, says("declined")).await;
    let sent = desks.gateway.stored(of).await.0.deliveries;
    let told = |team: &str| {
        let own = sent.iter().filter(|row| row.destination.as_str() == team);
        own.filter(|row| row.kind != "referral.outcome.v1").count()
    };
    assert_eq!((told("masstt"), told("out-of-hours")), (2, 2));
    desks.stands("out-of-hours", of, decision("strategy-discussion", "5")).await;
    let day = desks.clock(of, "masstt", "respond").await;
    assert_eq!((day.purpose.as_str(), day.ended_at), ("confirmation", None));
}

async fn the_soonest_review_holds_and_a_closed_child_does_not_come_back(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(with(early_help(), json!({"children": family()["children"]}))).await;
    let accepts = json!({
        "outcome": "help-accepted", "level_of_need": "3", "rationale": "Fits", "by": worker(),
        "lead_professional": "Invented Shah", "review_on": "2026-12-01",
    });
    desks.stands(PANEL, of, accepts).await;
    desks.hand.pass(24 * 7);
    let reviewed = |index, day: &str| {
        let view = json!({"child_view": {"considered": true}, "review_on": day});
        of_child(index, with(says("reviewed"), view))
    };
    desks.stands(PANEL, of, reviewed(0, "2026-12-10")).await;
    desks.stands(PANEL, of, reviewed(1, "2027-01-20")).await;
    let clock = desks.clock(of, PANEL, "review").await;
    assert_eq!(clock.due_at.to_string(), "2026-12-10T17:00:00.000Z", "Ada's comes first");
    assert_eq!(clock.children, Children::of(&[0, 1]));
    let ended = json!({"level_of_need": "2", "child_view": {"considered": true}});
    desks.stands(PANEL, of, of_child(1, with(says("help-ended"), ended))).await;
    desks.hand.pass(24 * 7);
    desks.stands(PANEL, of, reviewed(0, "2027-01-11")).await;
    let clock = desks.clock(of, PANEL, "review").await;
    assert_eq!((clock.ended_at, clock.children), (None, Children::of(&[0])));
}

async fn whoever_was_reviewed_is_reviewed_again_however_the_others_leave(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let reviewed = |day: &str| {
        json!({
            "outcome": "reviewed", "rationale": "It helps", "by": worker(),
            "child_view": {"considered": true}, "review_on": day,
        })
    };
    let ended = json!({
        "outcome": "help-ended", "level_of_need": "1", "rationale": "It helped", "by": worker(),
        "child_view": {"considered": true},
    });
    let begun = async |worry: &str| {
        desks.hand.pass(1);
        let says = json!({"children": family()["children"], "worry": worry});
        let of = desks.refer(with(early_help(), says)).await;
        let accepts = json!({
            "outcome": "help-accepted", "level_of_need": "3", "rationale": "Fits", "by": worker(),
            "lead_professional": "Invented Shah", "review_on": "2026-12-08",
        });
        desks.stands(PANEL, of, accepts).await;
        of
    };
    let runs = async |of: Reference| {
        let clock = desks.clock(of, PANEL, "review").await;
        (clock.ended_at.is_none(), clock.children.indices(), clock.due_at.to_string())
    };
    // One is reviewed, and help for the other ends.
    let of = begun("Invented: one.").await;
    desks.stands(PANEL, of, of_child(0, reviewed("2027-01-12"))).await;
    desks.stands(PANEL, of, of_child(1, ended.clone())).await;
    assert_eq!(runs(of).await, (true, vec![0], "2027-01-12T17:00:00.000Z".to_owned()));
    // One is reviewed, then help ends for it: the next review is of the other alone.
    let of = begun("Invented: two.").await;
    desks.stands(PANEL, of, of_child(0, reviewed("2027-01-12"))).await;
    desks.stands(PANEL, of, of_child(0, ended.clone())).await;
    assert_eq!(runs(of).await, (true, vec![1], "2026-12-08T17:00:00.000Z".to_owned()));
    desks.stands(PANEL, of, of_child(1, reviewed("2027-01-19"))).await;
    assert_eq!(runs(of).await, (true, vec![1], "2027-01-19T17:00:00.000Z".to_owned()));
    let too = with(ended.clone(), json!({"rationale": "It helped too"}));
    desks.stands(PANEL, of, of_child(1, too)).await;
    assert!(!runs(of).await.0, "nobody is left");
    // A day that is sooner than the family's does not pass in silence.
    let of = begun("Invented: four.").await;
    desks.stands(PANEL, of, of_child(0, reviewed("2026-12-01"))).await;
    assert_eq!(runs(of).await, (true, vec![1], "2026-12-01T17:00:00.000Z".to_owned()));
    // Whom help ended for is not meant where nobody is named.
    let of = begun("Invented: five.").await;
    desks.stands(PANEL, of, of_child(1, ended.clone())).await;
    desks.stands(PANEL, of, reviewed("2027-01-12")).await;
    assert_eq!(runs(of).await, (true, vec![0], "2027-01-12T17:00:00.000Z".to_owned()));
    // Who was reviewed is stepped up with the rest: nothing is left to review here.
    let of = begun("Invented: three.").await;
    desks.stands(PANEL, of, of_child(0, reviewed("2027-01-12"))).await;
    desks.stands(PANEL, of, says("step-up")).await;
    assert!(!runs(of).await.0);
}

async fn a_further_child_before_birth_has_milestones_and_they_go_with_the_case(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let unborn = json!({"unborn": "yes", "mother_name": "Gwen", "expected_date": "2027-03-26"});
    let of =
        desks.refer(json!({"children": [unborn], "indicators": ["avoided-antenatal-care"]})).await;
    let twin = with(unborn.clone(), json!({"index": 1}));
    desks.adds(of, json!({"children": [twin]})).await;
    let clock = desks.clock(of, "pre-birth", "pre-birth-conference").await;
    assert_eq!(clock.children.indices(), [0, 1]);
    assert_eq!(clock.due_at.to_string(), "2027-01-29T17:00:00.000Z");
    // The case is passed on, and its day is told later.
    desks.stands("pre-birth", of, with(decision("assessment", "4"), managers())).await;
    desks.stands("pre-birth", of, transfer(TEAM)).await;
    desks.stands(TEAM, of, says("transfer-accepted")).await;
    let sooner = json!([
        {"index": 0, "expected_date": "2027-03-12"}, {"index": 1, "expected_date": "2027-03-12"},
    ]);
    desks.adds(of, json!({"children": sooner})).await;
    let clock = desks.clock(of, TEAM, "pre-birth-conference").await;
    assert_eq!(
        (clock.due_at.to_string().as_str(), clock.ended_at),
        ("2027-01-15T17:00:00.000Z", None)
    );
    let left = desks.clock(of, "pre-birth", "pre-birth-conference").await;
    assert!(left.ended_at.is_some());
}

async fn milestones_of_one_unborn_child_are_not_those_of_another(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let unborn = json!({"unborn": "yes", "mother_name": "Gwen", "expected_date": "2027-03-26"});
    let twin = with(unborn.clone(), json!({"index": 1}));
    let indicators = json!(["avoided-antenatal-care"]);
    let kind = "pre-birth-conference";
    let runs = async |of: Reference, at: &str| {
        let clock = desks.clock(of, at, kind).await;
        clock.ended_at.is_none().then(|| clock.children.indices())
    };
    let telephone = json!({"children": [{"index": 0, "school": {"name": "None yet"}}]});
    // One of two goes on to another team: what is added of neither changes neither.
    let both = json!({"children": [unborn, unborn], "indicators": indicators});
    let of = desks.refer(both).await;
    desks.stands("pre-birth", of, of_child(1, with(decision("assessment", "4"), managers()))).await;
    desks.stands("pre-birth", of, of_child(1, transfer(TEAM))).await;
    desks.stands(TEAM, of, of_child(1, says("transfer-accepted"))).await;
    let before = (desks.clock(of, TEAM, kind).await, desks.clock(of, "pre-birth", kind).await);
    desks.adds(of, telephone.clone()).await;
    let after = (desks.clock(of, TEAM, kind).await, desks.clock(of, "pre-birth", kind).await);
    assert_eq!(before, after);
    assert_eq!((runs(of, TEAM).await, runs(of, "pre-birth").await), (Some(vec![1]), Some(vec![0])));
    // One goes on before the other is told of.
    let one = json!({"children": [unborn], "indicators": indicators, "worry": "Invented: one."});
    let of = desks.refer(one.clone()).await;
    desks.stands("pre-birth", of, with(decision("assessment", "4"), managers())).await;
    desks.stands("pre-birth", of, transfer(TEAM)).await;
    desks.stands(TEAM, of, says("transfer-accepted")).await;
    desks.adds(of, json!({"children": [twin]})).await;
    assert_eq!((runs(of, TEAM).await, runs(of, "pre-birth").await), (Some(vec![0]), Some(vec![1])));
    // What is done for one begins for another that is told later.
    let of = desks.refer(with(one, json!({"worry": "Invented: two."}))).await;
    let held = json!({
        "outcome": "conference-held", "rationale": "Held", "by": worker(), "evidence": "All of it",
        "history_considered": {"considered": true}, "manager": managers()["manager"],
    });
    desks.stands("pre-birth", of, held).await;
    desks.adds(of, telephone).await;
    assert_eq!(runs(of, "pre-birth").await, None);
    desks.adds(of, json!({"children": [twin]})).await;
    assert_eq!(runs(of, "pre-birth").await, Some(vec![1]));
}

async fn a_school_does_not_make_a_confirmation_a_strategy(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["disclosure"]})).await;
    desks.stands("masstt", of, decision("strategy-discussion", "5")).await;
    desks.hand.pass(5);
    desks.adds(of, json!({"worry": "Invented: he is home again."})).await;
    let before = desks.clock(of, "masstt", "respond").await;
    assert_eq!(before.purpose.as_str(), "confirmation");
    desks.hand.pass(1);
    desks.adds(of, json!({"children": [{"index": 0, "school": {"name": "Invented"}}]})).await;
    assert_eq!(desks.clock(of, "masstt", "respond").await, before);
}

async fn a_case_that_was_handed_on_twice_is_accepted(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let other = "locality.lower-valley";
    desks.stands("masstt", of, decision("assessment", "4")).await;
    desks.stands("masstt", of, transfer(TEAM)).await;
    desks.stands(TEAM, of, decision("assessment", "4")).await;
    desks.stands(TEAM, of, transfer(other)).await;
    desks.stands(other, of, says("transfer-accepted")).await;
    let open = desks.open(of).await;
    assert!(open.contains(&format!("{other} assessment assessment green")), "{open:?}");
    assert!(!open.iter().any(|clock| clock.contains("handover")), "{open:?}");
}

async fn what_was_answered_may_be_said_again_and_a_further_child_is_no_repeat(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(early_help()).await;
    desks.stands(PANEL, of, says("disagreement")).await;
    desks.hand.pass(1);
    let answered = with(says("disagreement-answered"), json!({"manager": managers()["manager"]}));
    desks.stands("masstt", of, answered).await;
    assert!(desks.clock(of, "masstt", "answer").await.ended_at.is_some());
    desks.hand.pass(1);
    desks.stands(PANEL, of, says("disagreement")).await;
    assert_eq!(desks.clock(of, "masstt", "answer").await.ended_at, None, "it stands again");
    let of = desks.refer(family()).await;
    desks.stands("masstt", of, decision("advice", "2")).await;
    let third = json!({"index": 2, "given_name": "Cai", "date_of_birth": "2020-01-02"});
    desks.adds(of, json!({"children": [third]})).await;
    assert_eq!(desks.lacks("masstt", of, decision("advice", "2")).await, ["/rationale"]);
}

async fn what_the_few_for_restricted_records_decide_is_told_to_nobody_else(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, transfer("restricted-records")).await;
    let letters = async |desks: &Desks, of: Reference| {
        let sent = desks.gateway.stored(of).await.0.deliveries;
        sent.iter().filter(|row| row.kind == "referral.outcome.v1").count()
    };
    let before = letters(&desks, of).await;
    let said = desks.says("restricted-records", of, decision("assessment", "4")).await;
    assert!(matches!(said, Followed::Stands { .. }), "{said:?}");
    assert_eq!(letters(&desks, of).await, before);
}

async fn a_second_call_is_not_the_form_of_the_first(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let ada = with(child("Ada"), json!({"nhs_number": "999 000 0018"}));
    let call = |worry: &str, first: &str| {
        json!({
            "children": [ada], "worry": worry, "form_to_follow": "yes", "telephone_first": first,
        })
    };
    let of = desks.refer(call("Invented: one.", "no")).await;
    desks.hand.pass(1);
    desks.refer(call("Invented: another.", "yes")).await;
    assert_eq!(desks.clock(of, "masstt", "written-form").await.ended_at, None);
    desks.adds(of, json!({"telephone_first": "No", "worry": "not-known"})).await;
    assert_eq!(desks.clock(of, "masstt", "written-form").await.ended_at, None);
    // A form that says in writing just what was telephoned is the form.
    desks.adds(of, json!({"worry": "Invented: one."})).await;
    assert!(desks.clock(of, "masstt", "written-form").await.ended_at.is_some());
}

async fn a_clock_that_was_written_before_children_were_kept_ends_when_all_are_decided(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(family()).await;
    // As migration 0010 leaves it.
    home.sql("UPDATE clock SET children = 9223372036854775807").await;
    desks.stands("masstt", of, of_child(0, decision("advice", "2"))).await;
    let clock = desks.clock(of, "masstt", "respond").await;
    assert_eq!((clock.ended_at, clock.children), (None, Children::of(&[1])));
    desks.stands("masstt", of, of_child(1, decision("advice", "1"))).await;
    assert!(desks.open(of).await.is_empty());
}

async fn what_is_stepped_up_before_it_is_accepted_is_decided_by_somebody(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, transfer(TEAM)).await;
    desks.hand.pass(1);
    desks.stands(TEAM, of, says("step-up")).await;
    assert_eq!(desks.lacks(TEAM, of, says("transfer-accepted")).await, ["/accepted_in_writing"]);
    assert_eq!(desks.clock(of, "masstt", "respond").await.ended_at, None);
}

async fn what_is_urgent_is_handed_back_as_urgent_whatever_it_was_for(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let unborn = json!({"unborn": "yes", "mother_name": "Gwen Invented"});
    let says_so = json!({"children": [unborn], "indicators": ["avoided-antenatal-care"]});
    let of = desks.refer(says_so).await;
    let sent = desks.clock(of, "pre-birth", "respond").await;
    assert_eq!((sent.purpose.as_str(), sent.priority.as_str()), ("assessment", "urgent"));
    desks.stands("masstt", of, decision("strategy-discussion", "5")).await;
    desks.hand.pass(3);
    desks.stands("pre-birth", of, says("declined")).await;
    let back = desks.clock(of, "masstt", "respond").await;
    assert_eq!((back.priority, back.due_at, back.ended_at), (sent.priority, sent.due_at, None));
}

async fn a_milestone_before_a_birth_is_not_put_off_by_a_telephone_number(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let unborn = json!({"unborn": "yes", "mother_name": "Gwen", "expected_date": "2027-01-29"});
    let says_so = json!({"children": [unborn], "indicators": ["avoided-antenatal-care"]});
    let of = desks.refer(says_so).await;
    let due =
        async || desks.clock(of, "pre-birth", "pre-birth-conference").await.due_at.to_string();
    assert_eq!(due().await, "2026-12-04T17:00:00.000Z", "eight weeks before");
    desks.hand.pass(24 * 12);
    desks.run_down().await;
    desks.adds(of, json!({"children": [{"index": 0, "school": {"name": "None yet"}}]})).await;
    let clock = desks.clock(of, "pre-birth", "pre-birth-conference").await;
    assert_eq!((clock.stage.as_str(), clock.alerts), ("red", 1), "what has run out stays so");
    let later = json!({"children": [{"index": 0, "expected_date": "2027-03-26"}]});
    desks.adds(of, later).await;
    assert_eq!(due().await, "2027-01-29T17:00:00.000Z", "the day was another");
    // Whoever sends one to be worked on starts them as well.
    let plain = json!({"unborn": "yes", "mother_name": "Nia", "expected_date": "2027-06-25"});
    let of = desks.refer(json!({"children": [plain]})).await;
    let onward = with(decision("assessment", "4"), json!({"to": "pre-birth"}));
    desks.stands("masstt", of, onward).await;
    let clock = desks.clock(of, "pre-birth", "pre-birth-conference").await;
    assert_eq!(clock.due_at.to_string(), "2027-04-30T16:00:00.000Z");
}
