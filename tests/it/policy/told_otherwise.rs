//! Signs of harm that stand where the machine reads none: codes of another list, answers in a
//! sentence, misspelt keys, people and levels instead of ticks. Each begins as a request for early
//! help with everybody's agreement, which by itself goes to the panel of Upper Valley.

use super::stories::{child, early_help, harm};
use super::*;
use frontdoor::domain::DestinationId;
use serde_json::json;

/// The plain request, with other members.
fn with(extra: Value) -> Value {
    let mut says = early_help("HX7 5AA", "Bedtimes are hard");
    for (key, value) in extra.as_object().expect("an object") {
        says[key] = value.clone();
    }
    says
}

/// The plain request, with other members of its child.
fn with_child(extra: Value) -> Value {
    let mut says = with(json!({}));
    for (key, value) in extra.as_object().expect("an object") {
        says["children"][0][key] = value.clone();
    }
    says
}

fn has_panel(decision: &Decision) -> bool {
    let to = |route: &Route| route.destination.as_str().to_owned();
    decision.routes.iter().map(to).any(|to| to.contains("intervention") || to.contains("caf"))
}

/// Level, purpose and priority at MASSTT, and whether a panel has it.
fn outcome(says: &Value) -> String {
    let decision = decided(says);
    let first = masstt(&decision);
    let panel = if has_panel(&decision) { " panel" } else { "" };
    let (purpose, priority) = (first.purpose.as_str(), first.priority.as_str());
    format!("{} {purpose} {priority}{panel}", decision.level.code)
}

fn each(expected: &str, stories: &[Value]) {
    for extra in stories {
        assert_eq!(outcome(&with(extra.clone())), expected, "{extra}");
    }
}

#[test]
fn the_plain_request_goes_to_the_panel() {
    each(
        "3 confirmation standard panel",
        &[
            json!({}),
            json!({"danger_now": "no.", "do_not_alert": 0}),
            json!({"level_claimed": "2", "domains": {"scale": 7}}),
            json!({"referrer": {"role": "Rape crisis worker", "faxNumber": "01632 960199"}}),
            json!({"dangerNow": "", "more": {}}),
        ],
    );
}

#[test]
fn what_cannot_be_read_is_screened_soon_and_goes_to_no_panel() {
    each(
        "3 screening urgent",
        &[
            json!({"concerns": ["CSE"]}),
            json!({"concerns": [{"code": 99, "detail": "x"}]}),
            json!({"indicators": ["dv-high"]}),
            json!({"danger_now": "perhaps"}),
            json!({"danger_now": ["yes"]}),
            json!({"dangerNow": "yes"}),
            json!({"do_not_alert": "only mum may know"}),
            json!({"doNotAlert": "yes"}),
            json!({"harm": [{"kind": ""}], "harms": ["a burn"]}),
            json!({"agreement": {"agreed": "yes", "agred": "no"}}),
            json!({"agreement": "yes, all of them"}),
            json!({"primary_need": "N99"}),
            json!({"abuse_category": "physical and more"}),
            json!({"domains": {"scale": "between 2 and 3"}}),
            json!({"household": {"people": [{"alleged_to_have_harmed": "so the police say"}]}}),
        ],
    );
    for extra in [
        json!({"private_fostering": "since May"}),
        json!({"unborn": "due in March"}),
        json!({"privateFostering": true}),
        json!({"address": {"postcode": "HX7 5AA", "withheldFrom": ["A Person"]}}),
    ] {
        assert_eq!(outcome(&with_child(extra.clone())), "3 screening urgent", "{extra}");
    }
}

#[test]
fn danger_now_is_read_in_the_ways_in_which_people_write_it() {
    for yes in [json!(1), json!("Yes, now"), json!("yes."), json!("Y"), json!(true)] {
        let says = json!({"danger_now": yes});
        assert_eq!(outcome(&with(says.clone())), "5 strategy immediate", "{says}");
    }
    let sentence = json!({"danger_now": "Yes – he is outside the house"});
    assert_eq!(outcome(&with(sentence)), "5 strategy immediate");
    let kept = read(&with(json!({"danger_now": "Yes – he is outside the house"}))).document();
    assert!(kept.to_string().contains("outside the house"), "what follows the yes is kept");
}

#[test]
fn retired_codes_and_categories_of_abuse_say_what_their_successors_say() {
    for (extra, expected) in [
        (json!({"concerns": ["19A"]}), "5 strategy urgent"),
        (json!({"concerns": ["18A"]}), "5 strategy urgent"),
        (json!({"abuse_category": "SAB"}), "5 strategy urgent"),
        (json!({"abuse_category": "PHY"}), "5 strategy urgent"),
        (json!({"abuse_category": "NEG"}), "4 screening urgent"),
        (json!({"abuse_category": "EMO"}), "4 screening urgent"),
        (json!({"abuse_category": "MUL"}), "4 screening standard"),
        (json!({"primary_need": "N1"}), "4 screening standard"),
        (json!({"primary_need": "N7"}), "3 confirmation standard panel"),
    ] {
        assert_eq!(outcome(&with(extra.clone())), expected, "{extra}");
    }
}

#[test]
fn only_what_asks_for_early_help_goes_to_a_panel() {
    for request in [json!(null), json!("not-known"), json!("Early Help and more"), json!(["x"])] {
        let says = with(json!({"request": request, "concerns": ["7A"]}));
        assert_eq!(outcome(&says), "3 screening standard", "{request}");
    }
    let says = with(json!({"request": "he hits me, please come"}));
    assert_eq!(outcome(&says), "2 screening urgent", "words in it are noticed");
    let says = with(json!({"request": "disabled-children"}));
    assert_eq!(outcome(&says), "4 screening standard");
    assert!(route_to(&decided(&says), "disabled-children").is_some());
}

#[test]
fn people_harms_levels_and_workers_are_read() {
    let person = |extra: Value| json!({"household": {"people": [extra]}});
    each(
        "4 screening standard",
        &[
            person(json!({"alleged_to_have_harmed": "yes", "has_access_to_child": "no"})),
            json!({"harm": [{"who": "An uncle"}]}),
            json!({"harm": [{"when": "Last Friday"}]}),
            json!({"harm": [{"place": "At the park"}]}),
            json!({"harm": [{"what": ["a burn", "a cut"]}]}),
        ],
    );
    each(
        "4 screening urgent",
        &[
            person(json!({"alleged_to_have_harmed": "yes", "has_access_to_child": "yes"})),
            person(json!({"alleged_to_have_harmed": "yes", "lives_with_child": "yes"})),
        ],
    );
    each(
        "3 screening standard",
        &[
            json!({"level_claimed": "Level 4"}),
            json!({"level_claimed": 4}),
            json!({"domains": {"scale": 0}}),
            json!({"domains": {"scale": 3}}),
        ],
    );
    each(
        "3 screening urgent",
        &[
            json!({"level_claimed": "T5"}),
            json!({"level_claimed": "Section 47"}),
            json!({"level_claimed": "child in need"}),
        ],
    );
    let named = |name: Value| outcome(&with_child(json!({"social_worker": name})));
    assert_eq!(named(json!("Farah Example")), "3 screening urgent");
    assert_eq!(named(json!("none")), "3 confirmation standard panel");
}

#[test]
fn words_are_noticed_wherever_they_stand() {
    let person = |extra: Value| json!({"household": {"people": [extra]}});
    each(
        "3 screening urgent",
        &[
            json!({"agreement": {"agreed": "yes", "reason": "she has a black eye"}}),
            json!({"earlier_help": {"previous_referrals": "For neglect"}}),
            person(json!({"relationship": "stepfather, a sex offender"})),
            person(json!({"contact": {"how": "He has a knife: never at home"}})),
            json!({"domains": {"going_well": "No longer afraid to go home"}}),
            json!({"notes": [{"label": "Sexual abuse", "text": "see file"}]}),
        ],
    );
    let child = with_child(json!({"agreement": {"reason": "he hits me"}}));
    assert_eq!(outcome(&child), "3 screening urgent");
    let names = with_child(json!({"given_name": "Isis", "family_name": "Hammer"}));
    assert_eq!(outcome(&names), "3 confirmation standard panel", "a name is no sign");
}

#[test]
fn never_having_told_is_no_denial() {
    for worry in [
        "She has never disclosed sexual abuse until today",
        "Mum had not reported being raped",
        "Sexual abuse not disclosed before today",
        "There is no record of the domestic abuse",
    ] {
        assert_eq!(outcome(&with(json!({ "worry": worry }))), "3 screening urgent", "{worry}");
    }
    let denied = with(json!({"worry": "No evidence of sexual abuse"}));
    assert_eq!(outcome(&denied), "3 screening standard");
}

#[test]
fn agreement_is_that_of_the_family_or_of_a_parent() {
    let people = |people: Value| json!({"agreement": null, "household": {"people": people}});
    let parent = |extra: Value| {
        let mut parent = json!({"name": "A", "parental_responsibility": "yes"});
        parent["agreement"] = extra;
        parent
    };
    let yes = json!({"informed": "yes", "agreed": "yes"});
    each(
        "3 confirmation standard panel",
        &[people(json!([parent(yes.clone())])), json!({"agreement": {"agreed": "Yes."}})],
    );
    each(
        "3 screening standard",
        &[
            json!({"agreement": {"informed": "no", "agreed": "yes"}}),
            json!({"agreement": {"agreed": "yes if dad does not hear of it"}}),
            people(json!([{"name": "A neighbour", "agreement": yes}])),
            people(json!([parent(yes.clone()), {"name": "B", "agreement": {"agreed": "no"}}])),
            people(json!([parent(yes.clone()), parent(json!({"agreed": "depends"}))])),
            people(json!([parent(json!({"informed": "no", "agreed": "yes"}))])),
        ],
    );
    let mut own = with(json!({"agreement": null}));
    own["children"][0]["agreement"] = yes.clone();
    assert_eq!(outcome(&own), "3 screening standard", "a child's own yes alone");
    own["agreement"] = yes;
    assert_eq!(outcome(&own), "3 confirmation standard panel", "in addition");
    own["children"][0]["agreement"]["agreed"] = json!("no");
    assert_eq!(outcome(&own), "3 screening standard", "a refusal by anyone wins");
}

#[test]
fn domestic_abuse_in_pregnancy_meets_the_threshold() {
    for code in ["3A", "3B"] {
        let says = json!({
            "children": [{"unborn": "yes"}], "worry": "See below", "concerns": [code],
        });
        assert_eq!(outcome(&says), "5 strategy urgent", "{code}");
    }
    let born = harm(json!({"concerns": ["3B"]}));
    assert_eq!(outcome(&born), "4 screening urgent");
}

#[test]
fn more_than_a_plain_no_to_alerting_sets_the_mark() {
    let marks = |says: &Value| {
        let decision = decided(says);
        let to = CALDERDALE.destination(&DestinationId::new("masstt")).expect("a destination");
        CALDERDALE.routing.cut(&read(says), to, &decision)["marks"]["do_not_alert"].clone()
    };
    for answer in ["yes", "Yes – do not tell dad", "dad must not hear of it"] {
        assert_eq!(marks(&with(json!({ "do_not_alert": answer }))), true, "{answer}");
    }
    assert_eq!(marks(&with(json!({"doNotAlert": true}))), true);
    assert_eq!(marks(&with(json!({"do_not_alert": "No."}))), false);
    assert_eq!(marks(&with(json!({}))), false);
}

#[test]
fn the_reasons_that_receivers_see_carry_the_tasks_for_people() {
    let says = harm(json!({"indicators": ["strangulation"]}));
    let to = CALDERDALE.destination(&DestinationId::new("masstt")).expect("a destination");
    let cut = CALDERDALE.routing.cut(&read(&says), to, &decided(&says));
    let reasons = cut["decision"]["children"][0]["reasons"].as_array().expect("reasons").clone();
    let severe = reasons.iter().find(|reason| reason["rule"] == "domestic-abuse-severe");
    assert_eq!(severe.expect("the rule fired")["tasks"], json!(["MARAC"]));
}

#[test]
fn a_sibling_keeps_a_level_of_its_own_while_signs_that_nobody_read_hold_for_all() {
    let mut says = with(json!({}));
    let other = child(json!({"unborn": "??", "address": {"postcode": "HX7 5AA"}}));
    says["children"].as_array_mut().expect("a list").push(other);
    assert_eq!(outcome(&says), "3 screening urgent");
}

#[test]
fn a_date_of_birth_that_cannot_be_read_may_say_otherwise_than_an_estimated_age() {
    let fostered = |born: Value| {
        outcome(&with_child(json!({
            "date_of_birth": born, "estimated_age": "17", "private_fostering": "yes"
        })))
    };
    assert_eq!(fostered(json!("1st of March, I think")), fostered(json!("2026-03-01")));
}
