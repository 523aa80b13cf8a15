//! The three facts, told twice: by the schema on the document, and here on the typed referral.

use super::shape;
use frontdoor::domain::answer::Readable;
use frontdoor::domain::household::{Address, Person};
use frontdoor::domain::referral::{Concern, Harm};
use frontdoor::domain::refusal::RefusalKind;
use frontdoor::domain::values::{Danger, Words, YesNo};
use frontdoor::domain::{Answer, Child, Referral};
use frontdoor::validation::Validator;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use std::cell::Cell;

/// Something is said, readable or not; a bare true or false says nothing in words.
fn said<T: Readable>(answer: &Answer<T>) -> bool {
    let text = match answer {
        Answer::Value(value) => value.write().as_str().unwrap_or("a number").to_owned(),
        Answer::Unreadable(text) => text.clone(),
        Answer::Absent | Answer::NotKnown | Answer::Refused => return false,
    };
    !["true", "false"].contains(&text.trim())
}

fn any(answers: &[&Answer<Words>]) -> bool {
    answers.iter().any(|answer| said(*answer))
}

/// A plain yes, or an answer that begins with one.
fn yes(answer: &Answer<YesNo>) -> bool {
    let begins = |text: &str| {
        let text = text.trim_start().to_ascii_lowercase();
        let word: String = text.chars().take_while(char::is_ascii_alphanumeric).collect();
        ["yes", "y", "true"].contains(&word.as_str())
    };
    answer.value() == Some(&YesNo(true)) || answer.as_stated().is_some_and(begins)
}

fn place(address: &Address) -> bool {
    any(&[&address.lines, &address.uprn]) || said(&address.postcode)
}

fn child(c: &Child) -> bool {
    any(&[
        &c.given_name,
        &c.middle_names,
        &c.family_name,
        &c.full_name,
        &c.known_as,
        &c.description,
        &c.location_now,
        &c.mother_name,
        &c.father_name,
    ]) || said(&c.nhs_number)
        || said(&c.upn)
        || place(&c.address)
}

/// Pointers of the facts that are missing, by the typed referral alone.
fn missing(r: &Referral) -> Vec<&'static str> {
    let referrer = any(&[&r.referrer.name, &r.referrer.role]) || yes(&r.referrer.anonymous);
    let named = |person: &Person| said(&person.name);
    let home = place(&r.household.address) || r.household.people.iter().any(named);
    let children = r.children.iter().any(child) || (home && !r.children.is_empty());
    let concern = |c: &Concern| said(&c.code) || said(&c.detail);
    let harm = |h: &Harm| any(&[&h.what, &h.when, &h.place, &h.who, &h.exact_words, &h.body_map]);
    let domains = &r.domains;
    let worry = said(&r.worry)
        || r.concerns.iter().any(concern)
        || r.indicators.iter().any(said)
        || r.harm.iter().any(harm)
        || r.danger() == Danger::Yes
        || any(&[&domains.development, &domains.parenting, &domains.family_and_environment]);
    let facts = [(referrer, "/referrer"), (children, "/children"), (worry, "/worry")];
    facts.into_iter().filter(|(holds, _)| !holds).map(|(_, pointer)| pointer).collect()
}

/// What the gateway says is missing.
fn refused(validator: &Validator, document: Value) -> Vec<String> {
    match validator.validate(document) {
        Ok(_) => Vec::new(),
        Err(refusal) => {
            assert!(!refusal.faults.is_empty());
            refusal.faults.into_iter().map(|fault| fault.pointer).collect()
        }
    }
}

#[test]
fn the_schema_and_the_typed_referral_agree_on_every_document() {
    let validator = Validator::new();
    let published = jsonschema::draft202012::new(&shape::schema()).expect("compiles");
    // Sparse documents decide between missing and there; dense ones hold everything.
    for (density, cases) in [(0.04, 2_000), (0.3, 200)] {
        let (accepted, seen) = (Cell::new(0), Cell::new([0; 3]));
        let mut runner =
            TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let result = runner.run(&documents(density), |document| {
            let expected = missing(&Referral::read(document.clone()).0);
            assert_eq!(published.is_valid(&document), expected.is_empty());
            accepted.set(accepted.get() + u32::from(expected.is_empty()));
            let mut counts = seen.get();
            for pointer in &expected {
                counts[["/referrer", "/children", "/worry"]
                    .iter()
                    .position(|p| p == pointer)
                    .expect("a fact")] += 1;
            }
            seen.set(counts);
            assert_eq!(refused(&validator, document), expected);
            Ok(())
        });
        result.expect("schema and reading agree");
        let accepted = accepted.get();
        assert!(accepted > cases / 20, "{accepted} of {cases} accepted at {density}");
        if density < 0.1 {
            assert!(seen.get().iter().all(|count| *count > cases / 20), "{:?}", seen.get());
        }
    }
}

/// Documents of the schema's shape; the three facts' own members are mostly stated.
fn documents(density: f64) -> proptest::strategy::BoxedStrategy<Value> {
    use proptest::prelude::*;
    let shape::Shape::Record { fields, .. } = shape::referral() else { panic!("a record") };
    let rest = shape::documents(&shape::referral(), density)
        .prop_filter("an object", |value| value.is_object());
    let spoken = |name: &str| proptest::option::weighted(0.9, shape::documents(&fields[name], 0.3));
    (rest, spoken("referrer"), spoken("children"), spoken("worry"), spoken("household"))
        .prop_map(|(mut document, referrer, children, worry, household)| {
            let facts = [
                ("referrer", referrer),
                ("children", children),
                ("worry", worry),
                ("household", household),
            ];
            for (name, value) in facts {
                if let Some(value) = value {
                    document[name] = value;
                }
            }
            document
        })
        .boxed()
}

#[test]
fn every_spelling_is_judged_alike_in_every_place_that_decides() {
    let whole = json!({
        "referrer": {"role": "teacher"}, "children": [{"known_as": "Bee"}], "worry": "a bruise"
    });
    let validator = Validator::new();
    type Place = fn(Value) -> Value;
    let places: [(&str, Place); 9] = [
        ("referrer", |v| v),
        ("referrer", |v| json!({"name": v})),
        ("referrer", |v| json!({ "anonymous": v })),
        ("children", |v| json!([{"nhs_number": v}])),
        ("children", |v| json!({"address": {"postcode": v}})),
        ("worry", |v| v),
        ("danger_now", |v| v),
        ("concerns", |v| json!([v])),
        ("indicators", |v| json!({"unreadable": v})),
    ];
    for text in shape::WRITTEN {
        for (name, place) in places {
            let mut document = whole.clone();
            if !["referrer", "children"].contains(&name) {
                document["worry"] = Value::Null;
            }
            document[name] = place(json!(text));
            let expected = missing(&Referral::read(document.clone()).0);
            assert_eq!(refused(&validator, document), expected, "{name}: {text:?}");
        }
    }
}

#[test]
fn a_fact_may_be_told_in_any_of_these_ways() {
    let whole = json!({
        "referrer": {"role": "teacher"}, "children": [{"known_as": "Bee"}], "worry": "a bruise"
    });
    let ways = [
        ("referrer", json!("Sam Example")),
        ("referrer", json!({"anonymous": true})),
        ("referrer", json!({"anonymous": " Yes"})),
        ("referrer", json!({"anonymous": "Yes, please keep my name out of it"})),
        ("referrer", json!({"name": ["Sam", "Example"]})),
        ("children", json!("Unknown child at 14 Example Street")),
        ("children", json!({"full_name": "Robin Example"})),
        ("children", json!([{}, {"nhs_number": "999 mistyped"}])),
        ("children", json!([{"unborn": "yes", "mother_name": "Jo Example"}])),
        ("children", json!([{"address": "14 Example Street"}])),
        ("children", json!([{"address": {"postcode": "HX1 O1A"}}])),
        ("worry", json!(["a bruise", "and no explanation"])),
    ];
    let validator = Validator::new();
    for (name, value) in ways {
        let mut document = whole.clone();
        document[name] = value.clone();
        assert_eq!(refused(&validator, document), [""; 0], "{name}: {value}");
    }
    let worries = [
        ("danger_now", json!("yes")),
        ("danger_now", json!(true)),
        ("danger_now", json!(1)),
        ("danger_now", json!("yes.")),
        ("danger_now", json!("Yes, now")),
        ("danger_now", json!("Yes – he is outside the house")),
        ("danger_now", json!({"unreadable": "Yes – he is outside the house"})),
        ("concerns", json!("16A")),
        ("concerns", json!([{"detail": "hungry"}])),
        ("concerns", json!(["a code of our own"])),
        ("indicators", json!("missing-now")),
        ("indicators", json!(["a sign of our own"])),
        ("harm", json!({"exact_words": "he hurt me"})),
        ("domains", json!({"parenting": "left alone at night"})),
    ];
    for (name, value) in worries {
        let mut document = whole.clone();
        document["worry"] = Value::Null;
        document[name] = value.clone();
        assert_eq!(refused(&validator, document), [""; 0], "{name}: {value}");
    }
}

#[test]
fn a_fact_told_in_form_only_is_missing() {
    let whole = json!({
        "referrer": {"role": "teacher"}, "children": [{"known_as": "Bee"}], "worry": "a bruise"
    });
    let validator = Validator::new();
    let nothing = [
        json!(null),
        json!(""),
        json!(" \u{a0}\n"),
        json!("not-known"),
        json!("refused "),
        json!([]),
        json!({}),
        json!(false),
        json!({"unreadable": " "}),
    ];
    for value in nothing {
        for name in ["referrer", "children", "worry"] {
            let mut document = whole.clone();
            document[name] = value.clone();
            let pointer = format!("/{name}");
            assert_eq!(refused(&validator, document), [pointer], "{name}: {value}");
        }
    }
    for (name, value) in [
        ("referrer", json!({"agency": "a school", "anonymous": "no"})),
        ("children", json!([{"estimated_age": 7, "address": {"town": "Halifax"}}])),
        ("worry", json!({})),
    ] {
        let mut document = whole.clone();
        document[name] = value.clone();
        let refusal = validator.validate(document).expect_err("refused");
        assert_eq!(refusal.kind, RefusalKind::BelowMinimum, "{name}: {value}");
    }
}
