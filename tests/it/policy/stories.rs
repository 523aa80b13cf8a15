//! What an experienced front-door manager would expect of plain stories: where each goes first,
//! how quickly, and at which level. `history` is what linkage would say.

use super::*;
use frontdoor::domain::decision::CaseStatus;
use frontdoor::domain::{ChildHistory, DestinationId, LinkState};
use frontdoor::threshold::{decide, merge};
use serde_json::json;

struct Story {
    name: &'static str,
    says: Value,
    known: Option<ChildHistory>,
    level: &'static str,
    /// `masstt` purpose and priority.
    masstt: &'static str,
    /// The other destinations with their purposes, in any order.
    others: &'static [&'static str],
}

fn story(
    name: &'static str,
    says: Value,
    level: &'static str,
    masstt: &'static str,
    others: &'static [&'static str],
) -> Story {
    Story { name, says, known: None, level, masstt, others }
}

fn known(mut story: Story, known: ChildHistory) -> Story {
    story.known = Some(known);
    story
}

pub(super) fn child(extra: Value) -> Value {
    let mut child = json!({"given_name": "Test", "date_of_birth": "2016-05-02"});
    for (key, value) in extra.as_object().expect("an object") {
        child[key] = value.clone();
    }
    child
}

pub(super) fn early_help(postcode: &str, worry: &str) -> Value {
    json!({
        "children": [child(json!({"address": {"postcode": postcode}}))],
        "worry": worry,
        "request": "early-help",
        "agreement": {"informed": "yes", "agreed": "yes"},
    })
}

pub(super) fn harm(extra: Value) -> Value {
    let mut says = json!({"children": [child(json!({}))], "worry": "Please see what is ticked"});
    for (key, value) in extra.as_object().expect("an object") {
        says[key] = value.clone();
    }
    says
}

fn case(link: LinkState, case_status: CaseStatus, team: Option<&str>) -> ChildHistory {
    let case_team = team.map(DestinationId::new);
    ChildHistory { link, case_status, case_team, ..Default::default() }
}

fn earlier(referrals_12m: u32, agencies_12m: u32, highest_level_12m: i16) -> ChildHistory {
    let link = LinkState::Linked;
    ChildHistory { link, referrals_12m, agencies_12m, highest_level_12m, ..Default::default() }
}

fn statutory_stories() -> Vec<Story> {
    vec![
        story(
            "immediate danger with almost nothing filled in",
            json!({"children": [{"description": "a boy at 4 Test Street"}], "danger_now": "yes"}),
            "5",
            "strategy immediate",
            &[],
        ),
        story(
            "danger unknown is not danger",
            harm(json!({"danger_now": "unknown"})),
            "2",
            "screening standard",
            &[],
        ),
        story(
            "sexual exploitation goes to the panel and to strategy",
            harm(json!({"concerns": ["11A"]})),
            "5",
            "strategy urgent",
            &["cse-panel panel"],
        ),
        story(
            "a disclosure",
            harm(json!({"indicators": ["disclosure"]})),
            "5",
            "strategy urgent",
            &[],
        ),
        story(
            "a bruised baby who cannot move",
            harm(json!({"indicators": ["injury-non-mobile-baby"]})),
            "5",
            "strategy immediate",
            &[],
        ),
        story(
            "forced marriage",
            harm(json!({"indicators": ["forced-marriage"]})),
            "5",
            "strategy urgent",
            &[],
        ),
        story("FGM feared", harm(json!({"indicators": ["fgm-risk"]})), "5", "strategy urgent", &[]),
        story(
            "a concealed pregnancy",
            json!({
                "children": [{"unborn": "yes", "expected_date": "2027-02-01"}],
                "worry": "Booked at 30 weeks", "indicators": ["concealed-pregnancy"],
            }),
            "5",
            "strategy urgent",
            &["pre-birth assessment"],
        ),
    ]
}

fn stories_of_indicators() -> Vec<Story> {
    vec![
        story(
            "an unborn child without any sign of risk",
            json!({"children": [{"unborn": "yes"}], "worry": "Young parents, no support"}),
            "2",
            "screening standard",
            &["pre-birth notify"],
        ),
        story(
            "county lines",
            harm(json!({"indicators": ["county-lines"]})),
            "5",
            "strategy urgent",
            &[],
        ),
        story(
            "missing now",
            harm(json!({"indicators": ["missing-now"]})),
            "5",
            "strategy immediate",
            &["missing-children interview"],
        ),
        story(
            "a teacher accused",
            harm(json!({"indicators": ["trusted-person"]})),
            "5",
            "strategy urgent",
            &["lado allegation"],
        ),
        story(
            "a disabled child with an injury nobody explains",
            json!({
                "children": [child(json!({"disabilities": ["LD"]}))],
                "worry": "A mark", "indicators": ["unexplained-injury"],
            }),
            "5",
            "strategy urgent",
            &["disabled-children notify"],
        ),
        story(
            "domestic abuse ticked",
            harm(json!({"concerns": ["3B"]})),
            "4",
            "screening urgent",
            &[],
        ),
        story(
            "an indicator misspelt beyond reading is noticed by its words",
            harm(json!({"indicators": ["sexually abused by uncle"]})),
            "2",
            "screening urgent",
            &[],
        ),
    ]
}

fn other_stories() -> Vec<Story> {
    vec![
        story(
            "private fostering alone is not s47",
            json!({
                "children": [child(json!({"private_fostering": "yes"}))],
                "worry": "Lives with a family",
            }),
            "4",
            "confirmation standard",
            &["private-fostering assessment"],
        ),
        story(
            "private fostering at 17 is none",
            json!({
                "children": [{"date_of_birth": "2009-06-01", "private_fostering": "yes"}],
                "worry": "Lives with a family",
            }),
            "2",
            "screening standard",
            &[],
        ),
        story(
            "radicalisation",
            harm(json!({"indicators": ["radicalisation"]})),
            "4",
            "screening urgent",
            &["prevent notify"],
        ),
        story(
            "off every school's roll",
            harm(json!({"indicators": ["missing-education"]})),
            "2",
            "confirmation standard",
            &["children-missing-education notify"],
        ),
    ]
}

fn stories_of_places() -> Vec<Story> {
    vec![
        story(
            "early help in Todmorden",
            early_help("OL14 5AA", "Mum is tired and would like a parenting course"),
            "3",
            "confirmation standard",
            &["early-intervention.upper-valley panel", "caf-coordinator notify"],
        ),
        story(
            "early help in Brighouse, with negations that a person reads first",
            early_help(
                "HD6 1AB",
                "Bedtimes are hard. No evidence of sexual abuse. Self-harm: none",
            ),
            "3",
            "screening standard",
            &[],
        ),
        story(
            "early help refused",
            json!({
                "children": [child(json!({"address": {"postcode": "HX1 1AA"}}))],
                "worry": "Bedtimes are hard", "request": "early-help",
                "agreement": {"agreed": "no"},
            }),
            "3",
            "screening standard",
            &[],
        ),
        story(
            "early help where one parent agrees and the other refuses",
            json!({
                "children": [child(json!({"address": {"postcode": "HX1 1AA"}}))],
                "worry": "Bedtimes are hard", "request": "early-help",
                "household": {"people": [
                    {"name": "A", "agreement": {"agreed": "yes"}},
                    {"name": "B", "agreement": {"agreed": "refused"}},
                ]},
            }),
            "3",
            "screening standard",
            &[],
        ),
    ]
}

fn stories_of_history() -> Vec<Story> {
    vec![
        story(
            "early help with a hidden disclosure in the text",
            early_help("HX1 1AA", "Lovely family. She said grandad touches me in bed"),
            "3",
            "screening urgent",
            &[],
        ),
        story(
            "early help with neglect ticked is for a social worker first",
            {
                let mut says = early_help("HX3 5AA", "The home is cold");
                says["concerns"] = json!(["16A"]);
                says
            },
            "4",
            "screening urgent",
            &[],
        ),
        story(
            "early help from a mistyped postcode",
            early_help("HX1 1A", "Bedtimes are hard"),
            "3",
            "screening standard",
            &[],
        ),
        story(
            "outside the area is never lost",
            early_help("M1 1AE", "Bedtimes are hard"),
            "3",
            "screening standard",
            &[],
        ),
    ]
}

fn stories_of_nothing_known() -> Vec<Story> {
    vec![
        story(
            "everything not known",
            json!({
                "children": [{"given_name": "not-known"}],
                "worry": "not-known",
                "danger_now": "not-known",
            }),
            "2",
            "screening standard",
            &[],
        ),
        known(
            story(
                "a new concern on an open case",
                harm(json!({})),
                "4",
                "screening urgent",
                &["locality.north-east notify"],
            ),
            case(LinkState::Linked, CaseStatus::Cin, Some("locality.north-east")),
        ),
        known(
            story("possibly a child on a plan", harm(json!({})), "2", "screening urgent", &[]),
            case(LinkState::Possible, CaseStatus::Cp, Some("locality.north-east")),
        ),
        known(
            story(
                "early help for a child referred before still goes to the panel",
                early_help("HX7 5AA", "Bedtimes are hard"),
                "4",
                "screening urgent",
                &["early-intervention.upper-valley panel", "caf-coordinator notify"],
            ),
            earlier(3, 2, 2),
        ),
    ]
}

#[test]
fn each_story_goes_where_an_experienced_manager_would_send_it() {
    let mut wrong = Vec::new();
    let all = [
        statutory_stories(),
        stories_of_indicators(),
        other_stories(),
        stories_of_places(),
        stories_of_history(),
        stories_of_nothing_known(),
    ];
    for story in all.into_iter().flatten() {
        let policy = &CALDERDALE.policy;
        let mut decision = decided(&story.says);
        if let Some(known) = story.known {
            let with = decide(policy, &read(&story.says), &[known], tuesday_morning());
            decision = merge(policy, &decision, with);
        }
        let screened = masstt(&decision);
        let screened = format!("{} {}", screened.purpose.as_str(), screened.priority.as_str());
        let mut others: Vec<String> = decision
            .routes
            .iter()
            .filter(|route| route.destination.as_str() != "masstt")
            .map(|route| format!("{} {}", route.destination, route.purpose.as_str()))
            .collect();
        others.sort();
        let mut expected = story.others.to_vec();
        expected.sort();
        let got = (decision.level.code.as_str(), screened.as_str());
        if got != (story.level, story.masstt) || others != expected {
            wrong.push(format!("{}: {got:?} {others:?}", story.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_child_of_a_household_has_its_own_level_and_one_route_a_destination() {
    let decision = decided(&json!({
        "children": [
            child(json!({"private_fostering": "yes"})),
            child(json!({"private_fostering": "no"})),
        ],
        "worry": "See the first child",
    }));
    assert_eq!(decision.children[0].level.code, "4");
    assert_eq!(decision.children[1].level.code, "2");
    assert_eq!(decision.level.code, "4");
    assert_eq!(masstt(&decision).children, [0, 1]);
    let fostering = route_to(&decision, "private-fostering").expect("a route");
    assert_eq!(fostering.children, [0]);
}

#[test]
fn out_of_hours_has_what_is_urgent_by_night_and_masstt_has_it_too() {
    let night = Timestamp::parse("2026-11-21T23:00:00Z").expect("a time");
    let policy = &CALDERDALE.policy;
    let at_night =
        |says: Value| frontdoor::threshold::decide_for_receipt(policy, &read(&says), night);
    let grave = at_night(harm(json!({"danger_now": "yes"})));
    let awake = route_to(&grave, "out-of-hours").expect("a route");
    assert_eq!((awake.purpose.as_str(), awake.due_at), ("strategy", masstt(&grave).due_at));
    assert_eq!(awake.due_at, night.plus_seconds(3_600), "elapsed, over the weekend");
    assert!(route_to(&at_night(harm(json!({}))), "out-of-hours").is_none());
}

#[test]
fn advice_says_999_unless_danger_is_denied_and_names_duties_that_stay_with_the_sender() {
    let advice = |says: Value| CALDERDALE.routing.advice(&read(&says), tuesday_morning());
    let has = |says: Value, word: &str| advice(says).iter().any(|text| text.contains(word));
    assert!(has(harm(json!({"danger_now": "yes"})), "999"));
    assert!(has(harm(json!({})), "999"));
    assert!(!has(harm(json!({"danger_now": "no"})), "999"));
    for sign in ["child-alone", "threat-to-kill", "suicide-plan"] {
        assert!(has(harm(json!({"danger_now": "no", "indicators": [sign]})), "999"), "{sign}");
    }
    assert!(has(harm(json!({})), "01632 960381"));
    assert!(has(harm(json!({"indicators": ["fgm-known"]})), "101"));
    assert!(has(json!({}), "999"), "also where no child could be read");
    let night = Timestamp::parse("2026-11-21T23:00:00Z").expect("a time");
    let at_night = CALDERDALE.routing.advice(&read(&harm(json!({}))), night);
    assert!(at_night.iter().any(|text| text.contains("01632 960999")));
}

#[test]
fn a_failed_decision_is_in_front_of_masstt_as_urgent_and_as_the_gravest() {
    let failed = CALDERDALE.policy.fallback(2, tuesday_morning(), "a rule is missing");
    assert_eq!(failed.failure.as_deref(), Some("a rule is missing"));
    let route = masstt(&failed);
    assert_eq!((route.purpose.as_str(), route.priority.as_str()), ("screening", "urgent"));
    assert_eq!((failed.level.code.as_str(), failed.children.len()), ("5", 2));
    let no_child = decided(&json!({"worry": "x"}));
    assert!(no_child.failure.is_some() && no_child.children.is_empty());
    assert_eq!(masstt(&no_child).priority.as_str(), "urgent");
}

#[test]
fn a_panel_sees_its_child_and_no_withheld_address_while_masstt_sees_all_under_its_marks() {
    let mut says = early_help("HX7 5AA", "They fled to 12 Mill Lane. Bedtimes are hard");
    says["children"][0]["ethnicity"] = json!("APKN");
    says["children"][0]["language"] = json!("ur");
    says["children"][0]["interpreter"] = json!("yes");
    says["children"][0]["address"]["lines"] = json!("12 Mill Lane");
    says["children"][0]["address"]["withheld_from"] = json!(["Y Z"]);
    let other = child(json!({"given_name": "Sibling", "address": {"postcode": "M1 1AE"}}));
    says["children"].as_array_mut().expect("a list").push(other);
    let decision = decided(&says);
    let cut = |id: &str| {
        let to = CALDERDALE.destination(&DestinationId::new(id)).expect("a destination");
        CALDERDALE.routing.cut(&read(&says), to, &decision)
    };
    let panel = cut("early-intervention.upper-valley");
    assert_eq!(panel["marks"]["interpreter"], json!(true));
    assert_eq!(panel["marks"]["address_withheld"], json!(true));
    assert_eq!(panel["decision"]["purpose"], json!("panel"));
    let text = panel.to_string();
    for hidden in ["Mill Lane", "HX7 5AA", "Sibling", "APKN"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    assert!(text.contains("Bedtimes are hard"));
    let all = cut("masstt").to_string();
    for shown in ["Mill Lane", "HX7 5AA", "Sibling", "APKN", "Y Z"] {
        assert!(all.contains(shown), "{shown}");
    }
}

#[test]
fn the_receipt_tells_nothing_that_history_gave() {
    let says = harm(json!({}));
    let policy = &CALDERDALE.policy;
    let known = case(LinkState::Linked, CaseStatus::Cp, Some("locality.north-east"));
    let with = decide(policy, &read(&says), &[known], tuesday_morning());
    let reference = frontdoor::domain::Reference::from_entropy(7);
    let receipt = frontdoor::routing::receipt(
        reference,
        "received",
        tuesday_morning(),
        &with,
        Default::default(),
        vec![],
    );
    let told: Vec<&str> = receipt.children[0].reasons.iter().map(|r| r.rule.as_str()).collect();
    assert!(told.is_empty(), "{told:?}");
    assert!(
        receipt.children[0].destinations.iter().all(|to| to.id.as_str() != "locality.north-east")
    );
}

#[test]
fn history_that_does_not_fit_the_children_is_a_failure_in_front_of_masstt() {
    let policy = &CALDERDALE.policy;
    let says = early_help("HX7 5AA", "Bedtimes are hard");
    let known = [ChildHistory::default(), ChildHistory::default()];
    let decision = decide(policy, &read(&says), &known, tuesday_morning());
    assert!(decision.failure.is_some());
    assert_eq!(masstt(&decision).priority.as_str(), "urgent");
    let panel = route_to(&decision, "early-intervention.upper-valley");
    assert!(panel.is_some(), "what could be decided stands");
}
