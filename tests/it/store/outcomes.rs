//! What receiving teams record, through the whole pipeline and both stores: what a decision must
//! say, which clocks end and begin, who else learns of it, and what the sender is told.

use super::desks::*;
use super::homes::Home;
use super::on_both;
use frontdoor::domain::Reference;
use frontdoor::domain::time::Env;
use frontdoor::pipeline::{Desk, Followed};
use frontdoor::store::*;
use serde_json::json;

on_both!(
    a_decision_says_at_which_level_why_and_on_what,
    a_referral_is_never_held_for_information,
    social_work_ends_its_part_with_a_decision_at_a_level,
    going_below_a_threshold_that_was_met_needs_a_manager_and_a_second,
    the_same_outcome_again_is_answered_as_the_first_time,
    a_clock_ends_when_every_child_is_decided,
    an_acknowledgement_ends_the_clock_of_who_is_only_told,
    a_clock_turns_amber_then_red_and_escalates_until_it_ends,
    a_step_down_goes_to_the_panel_with_agreement_and_the_panel_sees_its_children,
    a_step_up_is_screened_again_within_hours_on_the_same_record,
    the_duty_stays_until_a_transfer_is_accepted,
    what_another_authority_takes_on_is_accepted_in_writing,
    what_is_decided_at_night_waits_for_the_screening_team,
    new_information_that_raises_starts_the_clock_again,
    a_missing_child_that_returned_is_offered_an_interview_within_72_hours,
    a_sender_learns_what_was_released_and_no_more,
    another_teams_referral_is_unknown,
    no_other_team_loosens_a_clock_that_runs,
    what_was_never_handed_over_is_not_declined_or_accepted,
    a_step_up_of_one_child_leaves_the_others_where_they_are,
    what_a_person_found_to_be_significant_harm_is_not_closed_by_one_alone,
);

async fn a_decision_says_at_which_level_why_and_on_what(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let whole = decision("assessment", "4");
    for member in
        ["level_of_need", "rationale", "evidence", "history_considered", "child_view", "by"]
    {
        let lacks = desks.lacks("masstt", of, without(whole.clone(), member)).await;
        assert!(
            lacks.iter().any(|at| at.starts_with(&format!("/{member}"))),
            "{member}: {lacks:?}"
        );
    }
    let typeless = with(whole.clone(), json!({"by": {"name": "A", "role": "B"}}));
    assert_eq!(desks.lacks("masstt", of, typeless).await, ["/by/worker_type"]);
    let misspelt = with(whole.clone(), json!({"rational": "x"}));
    assert_eq!(desks.lacks("masstt", of, misspelt).await, [""]);
    assert_eq!(desks.lacks("masstt", of, decision("assessment", "2")).await, ["/level_of_need"]);
    let answer = desks.stands("masstt", of, whole).await;
    assert_eq!(answer["level_of_need"]["code"], "4");
    assert_eq!(answer["clocks_ended"], json!([{"destination": "masstt", "clock": "respond"}]));
    // 45 working days from referral.
    let due = desks.clock(of, "masstt", "assessment").await.due_at;
    assert_eq!(due.to_string(), "2027-01-29T17:00:00.000Z");
}

async fn a_referral_is_never_held_for_information(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["disclosure"]})).await;
    for code in ["hold", "awaiting-information", "pending"] {
        assert_eq!(desks.lacks("masstt", of, decision(code, "5")).await, ["/outcome"]);
    }
    let asked = json!({"outcome": "asked", "by": worker(), "tell_sender": "Which school?"});
    desks.stands("masstt", of, asked).await;
    assert_eq!(desks.open(of).await, ["masstt respond strategy green"]);
}

async fn social_work_ends_its_part_with_a_decision_at_a_level(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["disclosure"]})).await;
    let undecided = |code| json!({"outcome": code, "rationale": "Invented", "by": worker()});
    for code in ["considered", "declined", "step-up", "interview-refused"] {
        let lacks = desks.lacks("masstt", of, undecided(code)).await;
        assert_eq!(lacks, ["/outcome"], "{code}");
    }
    // What was sent for strategy is not merely confirmed.
    let confirmed = decision("confirmed", "5");
    assert_eq!(desks.lacks("masstt", of, confirmed).await, ["/outcome"]);
    let nobody = with(decision("strategy-discussion", "5"), json!({"children": [3]}));
    assert_eq!(desks.lacks("masstt", of, nobody).await, ["/children"]);
    assert_eq!(desks.open(of).await, ["masstt respond strategy green"]);
    // A service that is no social work may say that it has considered it.
    let of = desks.refer(json!({"indicators": ["missing-now"]})).await;
    desks.stands("missing-children", of, undecided("considered")).await;
}

async fn going_below_a_threshold_that_was_met_needs_a_manager_and_a_second(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["disclosure"]})).await;
    for below in [decision("no-further-action", "2"), decision("assessment", "4")] {
        let lacks = desks.lacks("masstt", of, below.clone()).await;
        assert_eq!(lacks, ["/manager", "/second_manager"]);
        let mut one_twice = with(below.clone(), managers());
        one_twice["second_manager"]["name"] = json!("invented  ADEYEMI");
        assert_eq!(desks.lacks("masstt", of, one_twice).await, ["/second_manager"]);
        let mut own = with(below, managers());
        own["manager"]["name"] = json!("Invented Osei");
        assert_eq!(desks.lacks("masstt", of, own).await, ["/manager", "/second_manager"]);
    }
    let agreed = with(decision("assessment", "4"), managers());
    desks.stands("masstt", of, agreed).await;
    // Where the threshold was not met nobody else is needed.
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, decision("no-further-action", "2")).await;
}

async fn the_same_outcome_again_is_answered_as_the_first_time(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let first = desks.says("masstt", of, decision("assessment", "4")).await;
    desks.hand.pass(1);
    let again = desks.says("masstt", of, decision("assessment", "4")).await;
    let (Followed::Stands { answer, repeat: false }, Followed::Stands { answer: same, repeat }) =
        (first, again)
    else {
        panic!("both stand")
    };
    assert!(repeat && answer == same);
    let id = desks.gateway.stored(of).await.0.row.id;
    assert_eq!(desks.gateway.store.outcomes(id).await.expect("reads").len(), 1);
}

async fn a_clock_ends_when_every_child_is_decided(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(with(in_need(), json!({"children": [child("Ada"), child("Ben")]}))).await;
    let one = |index: u16, code, level| with(decision(code, level), json!({"children": [index]}));
    desks.stands("masstt", of, one(0, "assessment", "4")).await;
    let open = desks.open(of).await;
    assert!(open.contains(&"masstt respond screening green".to_owned()), "{open:?}");
    assert_eq!(desks.lacks("masstt", of, one(2, "assessment", "4")).await, ["/children"]);
    desks.stands("masstt", of, one(1, "no-further-action", "2")).await;
    assert_eq!(desks.open(of).await, ["masstt assessment assessment green"]);
}

async fn an_acknowledgement_ends_the_clock_of_who_is_only_told(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let disabled = with(child("Ada"), json!({"disabilities": ["AUT"]}));
    let of = desks.refer(json!({"children": [disabled], "indicators": ["disclosure"]})).await;
    let before = ["disabled-children respond notify green", "masstt respond strategy green"];
    assert_eq!(desks.open(of).await, before);
    let (stored, store) = (desks.gateway.stored(of).await.0, &desks.gateway.store);
    for row in &stored.deliveries {
        let event = Event::new("delivery.acknowledged", row.destination.as_str());
        let by = Sealed { wrapped_key: vec![1], body: vec![2] };
        store.acknowledge(row.id, by, event, desks.hand.now()).await.expect("writes");
    }
    assert_eq!(desks.open(of).await, ["masstt respond strategy green"]);
}

async fn a_clock_turns_amber_then_red_and_escalates_until_it_ends(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let notices = async || {
        let now = desks.hand.now();
        let due = desks.gateway.store.claim_notices(now, now.plus_seconds(1), 9).await;
        due.expect("reads").len()
    };
    assert_eq!((desks.run_down().await, notices().await), (0, 0));
    // Urgent: four hours, amber after three of them.
    desks.hand.pass(3);
    assert_eq!((desks.run_down().await, desks.run_down().await, notices().await), (1, 0, 0));
    assert_eq!(desks.open(of).await, ["masstt respond screening amber"]);
    desks.hand.pass(1);
    assert_eq!((desks.run_down().await, desks.run_down().await, notices().await), (1, 0, 1));
    assert_eq!(desks.open(of).await, ["masstt respond screening red"]);
    desks.hand.pass(1);
    assert_eq!(desks.run_down().await, 1);
    let clock = desks.clock(of, "masstt", "respond").await;
    assert_eq!((clock.stage, clock.alerts), (Stage::Red, 2));
    desks.stands("masstt", of, decision("no-further-action", "2")).await;
    desks.hand.pass(48);
    assert_eq!((desks.run_down().await, notices().await), (0, 0), "what ended is told to nobody");
}

async fn a_step_down_goes_to_the_panel_with_agreement_and_the_panel_sees_its_children(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let panel = "early-intervention.halifax-central";
    let down = with(decision("step-down", "3"), json!({"to": panel}));
    let lacks = desks.lacks("masstt", of, down.clone()).await;
    assert_eq!(lacks, ["/manager", "/agreement"]);
    let mut down = with(down, json!({"agreement": {"agreed": true, "by": "her mother"}}));
    down["manager"] = managers()["manager"].clone();
    let elsewhere = with(down.clone(), json!({"to": "lado"}));
    assert_eq!(desks.lacks("masstt", of, elsewhere).await, ["/to"]);
    let answer = desks.stands("masstt", of, down).await;
    assert_eq!(answer["sent_to"][0]["destination"], panel);
    assert_eq!(desks.open(of).await, [format!("{panel} respond panel green")]);
    let sent = desks.gateway.stored(of).await.0;
    let message = sent.deliveries.iter().find(|row| row.destination.as_str() == panel);
    let message = message.expect("a message to the panel");
    assert_eq!((message.kind.as_str(), message.purpose.as_str()), ("referral.routed.v1", "panel"));
    // A decision of the panel's own, with who leads and when it is looked at again.
    let accepts = json!({
        "outcome": "help-accepted", "level_of_need": "3", "rationale": "Fits", "by": worker(),
        "lead_professional": "Invented Shah", "review_on": "2027-02-01",
    });
    desks.stands(panel, of, accepts).await;
    assert_eq!(desks.open(of).await, [format!("{panel} review review green")]);
    // When the child comes back it counts, for whoever is social work under statute.
    let back = desks.refer(json!({"worry": "Invented: it is worse again."})).await;
    let rule = "stepped-down-then-back".to_owned();
    assert!(desks.gateway.fired(back).await.contains(&rule));
    assert!(!desks.gateway.fired(of).await.contains(&rule), "what was stepped down itself");
}

async fn a_step_up_is_screened_again_within_hours_on_the_same_record(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks
        .refer(json!({
            "request": "early-help",
            "agreement": {"informed": "yes", "agreed": "yes"},
        }))
        .await;
    let panel = "early-intervention.halifax-central";
    let confirmed = json!({
        "outcome": "confirmed", "level_of_need": "3", "rationale": "As suggested",
        "history_considered": {"considered": true}, "by": worker(),
    });
    desks.stands("masstt", of, confirmed).await;
    desks.hand.pass(30);
    let up = json!({"outcome": "step-up", "rationale": "A new injury was seen", "by": worker()});
    let answer = desks.stands(panel, of, up).await;
    assert_eq!(answer["sent_to"][0]["destination"], "masstt");
    let clock = desks.clock(of, "masstt", "respond").await;
    assert_eq!((clock.purpose.as_str(), clock.ended_at), ("screening", None));
    assert_eq!(clock.due_at, desks.hand.now().plus_seconds(4 * 3600));
    let open = desks.open(of).await;
    assert!(!open.iter().any(|clock| clock.starts_with(panel)), "{open:?}");
}

async fn the_duty_stays_until_a_transfer_is_accepted(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, decision("assessment", "4")).await;
    let team = "locality.halifax-central";
    let transfer = json!({
        "outcome": "transfer", "to": team, "rationale": "Their part of the borough",
        "history_considered": {"considered": true}, "by": worker(),
        "manager": managers()["manager"],
    });
    desks.stands("masstt", of, transfer).await;
    let handed = [
        format!("{team} accept accept green"),
        format!("{team} respond assessment green"),
        "masstt assessment assessment green".to_owned(),
        "masstt handover handover green".to_owned(),
    ];
    assert_eq!(desks.open(of).await, handed);
    let declined = json!({
        "outcome": "transfer-declined", "rationale": "No case summary", "by": worker(),
        "manager": managers()["manager"],
    });
    desks.stands(team, of, declined).await;
    let open = desks.open(of).await;
    assert!(open.contains(&handed[3]), "the duty stays: {open:?}");
    assert!(!open.iter().any(|clock| clock.starts_with(team)), "{open:?}");
    let accepts = json!({"outcome": "transfer-accepted", "rationale": "Ours", "by": worker()});
    assert_eq!(desks.lacks(team, of, accepts.clone()).await, ["/accepted_in_writing"]);
    let again = json!({
        "outcome": "transfer", "to": team, "rationale": "With the summary now",
        "history_considered": {"considered": true}, "by": worker(),
        "manager": managers()["manager"],
    });
    desks.stands("masstt", of, again).await;
    desks.stands(team, of, accepts).await;
    // The clock of the assessment is that of whoever has the case.
    let open = desks.open(of).await;
    assert_eq!(open, [format!("{team} assessment assessment green"), handed[1].clone()]);
    let due = desks.clock(of, team, "assessment").await.due_at;
    assert_eq!(due, desks.clock(of, "masstt", "assessment").await.due_at);
}

async fn what_another_authority_takes_on_is_accepted_in_writing(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let transfer = json!({
        "outcome": "transfer", "to": "other-authority", "rationale": "They live there now",
        "history_considered": {"considered": true}, "by": worker(),
        "manager": managers()["manager"],
    });
    desks.stands("masstt", of, transfer).await;
    let accepts = json!({"outcome": "transfer-accepted", "rationale": "Theirs", "by": worker()});
    assert_eq!(desks.lacks("masstt", of, accepts.clone()).await, ["/accepted_in_writing"]);
    let written = json!({"by": "Invented Novak, duty manager", "on": "2026-11-25"});
    let accepts = with(accepts, json!({"accepted_in_writing": written}));
    desks.stands("masstt", of, accepts).await;
    assert!(desks.open(of).await.is_empty(), "the other authority has the duty, and no desk here");
}

async fn what_is_decided_at_night_waits_for_the_screening_team(home: Home) {
    let desks = Desks::over(&home, "2026-11-24T22:00:00Z").await;
    let of = desks.refer(json!({"indicators": ["disclosure"]})).await;
    let both = ["masstt respond strategy green", "out-of-hours respond strategy green"];
    assert_eq!(desks.open(of).await, both);
    desks.stands("out-of-hours", of, decision("strategy-discussion", "5")).await;
    let clock = desks.clock(of, "masstt", "respond").await;
    assert_eq!((clock.purpose.as_str(), clock.ended_at), ("confirmation", None));
    assert_eq!(clock.due_at, desks.hand.now().plus_seconds(24 * 3600));
    // By day the screening team decides for both.
    let of = desks.refer(json!({"indicators": ["disclosure"]})).await;
    desks.stands("masstt", of, decision("strategy-discussion", "5")).await;
    let open = desks.open(of).await;
    assert!(!open.iter().any(|clock| clock.contains("respond")), "{open:?}");
}

async fn new_information_that_raises_starts_the_clock_again(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, decision("no-further-action", "2")).await;
    assert!(desks.open(of).await.is_empty());
    desks.hand.pass(48);
    let add = async |body| desks.adds(of, body).await;
    add(json!({"children": [{"index": 0, "school": {"name": "Invented School"}}]})).await;
    assert!(desks.open(of).await.is_empty(), "who she is starts no clock");
    // What raises nothing is looked at all the same, and the words of before decide nothing of it.
    add(json!({"worry": "Invented: she came without a coat again."})).await;
    assert_eq!(desks.open(of).await, ["masstt respond confirmation green"]);
    let same = decision("no-further-action", "2");
    assert_eq!(desks.lacks("masstt", of, same.clone()).await, ["/rationale"]);
    let now = with(same, json!({"rationale": "A coat was lent to her: invented"}));
    desks.stands("masstt", of, now).await;
    assert!(desks.open(of).await.is_empty());
    add(json!({"indicators": ["disclosure"]})).await;
    let clock = desks.clock(of, "masstt", "respond").await;
    assert_eq!((clock.purpose.as_str(), clock.ended_at), ("strategy", None));
    assert_eq!(clock.due_at, desks.hand.now().plus_seconds(4 * 3600));
}

async fn a_missing_child_that_returned_is_offered_an_interview_within_72_hours(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["missing-now"]})).await;
    desks.hand.pass(10);
    let returned = json!({
        "outcome": "returned", "returned_at": "2026-11-24T18:00:00Z", "by": worker(),
    });
    desks.stands("masstt", of, returned).await;
    let clock = desks.clock(of, "missing-children", "interview").await;
    assert_eq!(clock.due_at.to_string(), "2026-11-27T18:00:00.000Z");
    let refused = json!({"outcome": "interview-refused", "rationale": "Said no", "by": worker()});
    desks.stands("missing-children", of, refused).await;
    assert_eq!(desks.open(of).await, ["masstt respond strategy red"]);
}

async fn a_sender_learns_what_was_released_and_no_more(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let told = async |kind: &str| {
        let id = desks.gateway.stored(of).await.0.row.id;
        let recorded = desks.gateway.store.outcomes(id).await.expect("reads");
        desks.gateway.pipeline.told_to_sender(&recorded, kind)
    };
    desks.stands("masstt", of, decision("assessment", "4")).await;
    assert_eq!(told("school").await.outcome, None, "nobody has released it");
    let words = json!({"tell_sender": "We will see Ada this week."});
    desks.stands("masstt", of, with(decision("assessment", "4"), words)).await;
    let outcome = told("school").await.outcome.expect("an outcome");
    assert_eq!(outcome.code, "assessment");
    assert_eq!(outcome.message.as_deref(), Some("We will see Ada this week."));
    let outcome = told("public").await.outcome.expect("an outcome");
    assert_eq!((outcome.code.as_str(), outcome.message), ("considered", None));
}

async fn another_teams_referral_is_unknown(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    let said = desks.says("lado", of, decision("assessment", "4")).await;
    assert_eq!(said, Followed::Unknown);
    let nobodys = Reference::from_entropy(9);
    assert_eq!(desks.says("masstt", nobodys, decision("assessment", "4")).await, Followed::Unknown);
}

async fn no_other_team_loosens_a_clock_that_runs(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(json!({"indicators": ["missing-now"]})).await;
    let before = desks.clock(of, "masstt", "respond").await;
    for code in ["declined", "step-up"] {
        let says = json!({"outcome": code, "rationale": code, "by": worker()});
        desks.stands("missing-children", of, says).await;
        let after = desks.clock(of, "masstt", "respond").await;
        assert_eq!((after.purpose.as_str(), after.priority), ("strategy", before.priority));
        assert_eq!(after.due_at, before.due_at);
    }
}

async fn what_was_never_handed_over_is_not_declined_or_accepted(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let early = json!({
        "request": "early-help",
        "agreement": {"informed": "yes", "agreed": "yes"},
    });
    let of = desks.refer(early).await;
    let declined = json!({
        "outcome": "transfer-declined", "rationale": "Invented", "by": worker(),
        "manager": managers()["manager"],
    });
    let panel = "early-intervention.halifax-central";
    assert_eq!(desks.lacks(panel, of, declined).await, ["/accepted_in_writing"]);
    let of = desks.refer(in_need()).await;
    let team = "locality.halifax-central";
    let transfer = json!({
        "outcome": "transfer", "to": team, "rationale": "Theirs",
        "history_considered": {"considered": true}, "by": worker(),
        "manager": managers()["manager"],
    });
    desks.stands("masstt", of, transfer).await;
    // A team that has a desk says so itself.
    let for_them = json!({
        "outcome": "transfer-accepted", "rationale": "They said so", "by": worker(),
        "accepted_in_writing": {"by": "Invented Shah", "on": "2026-11-24"},
    });
    assert_eq!(desks.lacks("masstt", of, for_them).await, ["/accepted_in_writing"]);
}

async fn a_step_up_of_one_child_leaves_the_others_where_they_are(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks
        .refer(json!({
            "children": [child("Ada"), child("Ben")],
            "request": "early-help",
            "agreement": {"informed": "yes", "agreed": "yes"},
        }))
        .await;
    let up = json!({
        "outcome": "step-up", "rationale": "Invented", "by": worker(), "children": [0],
    });
    desks.stands("early-intervention.halifax-central", of, up).await;
    let one = |index: u16| with(decision("assessment", "4"), json!({"children": [index]}));
    desks.stands("masstt", of, one(0)).await;
    let open = desks.open(of).await;
    assert!(open.contains(&"masstt respond screening green".to_owned()), "{open:?}");
    desks.stands("masstt", of, one(1)).await;
    let open = desks.open(of).await;
    assert!(!open.iter().any(|clock| clock.starts_with("masstt respond")), "{open:?}");
}

async fn what_a_person_found_to_be_significant_harm_is_not_closed_by_one_alone(home: Home) {
    let desks = Desks::over(&home, MORNING).await;
    let of = desks.refer(in_need()).await;
    desks.stands("masstt", of, decision("strategy-discussion", "5")).await;
    let lacks = desks.lacks("masstt", of, decision("no-further-action", "2")).await;
    assert_eq!(lacks, ["/manager", "/second_manager"]);
}
