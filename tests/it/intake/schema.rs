//! The published schema says exactly what the domain reads.

use super::shape::{self, Shape};
use frontdoor::domain::codes::{
    AbuseCategory, ConcernCode, CorrectionKind, DisabilityCode, Indicator, PrimaryNeed, Request,
    Sex, SourceCode, UpnMissing,
};
use frontdoor::domain::record::Path;
use frontdoor::domain::{Field, Referral, State};
use frontdoor::validation::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn the_schema_is_valid_2020_12_and_its_own_examples_are_accepted() {
    let schema = shape::schema();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let examples = schema["examples"].as_array().expect("examples");
    assert!(!examples.is_empty());
    for example in examples {
        let (_, unread) = Validator::new().validate(example.clone()).expect("accepted");
        assert_eq!(unread, [], "an example is readable in every part");
    }
}

#[test]
fn every_field_of_every_record_is_in_the_schema_and_the_other_way_round() {
    let mut declared = BTreeSet::new();
    Referral::places(&mut Path::default(), &mut |at| {
        declared.insert(at.pattern());
    });
    let described: BTreeSet<String> = shape::referral().places().into_keys().collect();
    assert_eq!(declared, described);
    assert!(described.contains("/children/*/address/withheld_from/*"));
}

#[test]
fn every_field_is_read_by_the_type_that_its_definition_describes() {
    // One value that only this definition reads; every other reads it as something else or not.
    let telling = |definition: &str| match definition {
        "Words" => json!("in words"),
        "YesNo" => json!(true),
        "Danger" => json!("unknown"),
        "Date" => json!("2019-03-04"),
        "Small" => json!(150),
        "NhsNumber" => json!("999 000 0018"),
        "Upn" => json!("e381203117001"),
        "Postcode" => json!("hx11aa"),
        "Sex" => json!("u"),
        "SourceCode" => json!("3d"),
        "ConcernCode" => json!("24a"),
        "Indicator" => json!("MISSING-NOW"),
        "DisabilityCode" => json!("mob"),
        "Request" => json!("EARLY-HELP"),
        "PrimaryNeed" => json!("n1"),
        "AbuseCategory" => json!("sab"),
        "UpnMissing" => json!("un7"),
        "CorrectionKind" => json!("Wrong-Child"),
        other => panic!("no value tells {other}"),
    };
    let shape = shape::referral();
    let (referral, unread) = Referral::read(shape.filled(&telling));
    assert_eq!(unread, []);
    let expected = super::naive::canonical(&shape, &shape.filled(&telling));
    assert_eq!(Some(referral.document()), expected);
    referral.walk(&mut Path::default(), &mut |at, state| {
        assert_eq!(state, State::Value, "{}", at.pointer());
    });
}

#[test]
fn a_bare_value_goes_where_the_schema_says() {
    fn check(shape: &Shape, wrap: &dyn Fn(Value) -> Value, seen: &mut usize) {
        match shape {
            Shape::Answer(_) => {}
            Shape::List(item) => check(item, &|value| wrap(json!([value])), seen),
            Shape::Record { fields, scalar } => {
                if let Some(scalar) = scalar {
                    let bare = Referral::read(wrap(json!("bare"))).0;
                    let named = Referral::read(wrap(json!({ scalar.as_str(): "bare" }))).0;
                    assert_eq!(bare, named);
                    assert_ne!(bare, Referral::default());
                    *seen += 1;
                }
                for (name, field) in fields {
                    check(field, &|value| wrap(json!({ name.as_str(): value })), seen);
                }
            }
        }
    }
    let mut seen = 0;
    check(&shape::referral(), &|value| value, &mut seen);
    assert!(seen > 10, "{seen}");
}

#[test]
fn the_schemas_codes_and_labels_are_those_of_the_domain() {
    macro_rules! same {
        ($($name:ident)*) => { $(
            let known: Vec<Value> = $name::ALL
                .iter()
                .map(|code| json!({"const": code.code(), "title": code.label()}))
                .collect();
            let listed = &shape::schema()["$defs"][stringify!($name)]["anyOf"][0]["oneOf"];
            assert_eq!(listed, &Value::from(known), stringify!($name));
        )* };
    }
    same!(ConcernCode Indicator SourceCode DisabilityCode Sex Request);
    same!(PrimaryNeed AbuseCategory UpnMissing CorrectionKind);
}

#[test]
fn every_answer_offers_a_value_not_known_refused_and_anything_else_as_stated() {
    let schema = shape::schema();
    for definition in shape::referral().places().values() {
        let forms = schema["$defs"][definition]["anyOf"].as_array().expect("forms");
        let [.., not_known, refused, anything] = forms.as_slice() else { panic!("{definition}") };
        assert_eq!(not_known["const"], "not-known", "{definition}");
        assert_eq!(refused["const"], "refused", "{definition}");
        // Spelled out where it stands, so that every tool sees that nothing here refuses.
        let keys: Vec<&String> = anything.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["description", "title"], "{definition} accepts everything");
    }
}

#[test]
fn a_referral_with_every_optional_answer_unreadable_is_accepted() {
    // No type reads a list, and no type but words reads this text.
    let unreadable = |definition: &str| match definition {
        "Words" => json!(["as stated"]),
        _ => json!("as stated"),
    };
    let shape = shape::referral();
    let (referral, unread) =
        Validator::new().validate(shape.filled(&unreadable)).expect("accepted");
    let places = shape.places().len();
    assert_eq!(unread.len(), places, "each is asked for");
    let mut kept = 0;
    referral.walk(&mut Path::default(), &mut |at, state| {
        assert_eq!(state, State::Unreadable, "{}", at.pointer());
        kept += 1;
    });
    assert_eq!(kept, places);
    assert_eq!(referral.document().to_string().matches("as stated").count(), places);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn what_stands_under_properties_refuses_nothing(
        document in shape::documents(&shape::referral(), 0.15)
    ) {
        thread_local!(static FORMS: jsonschema::Validator = {
            let mut schema = shape::schema();
            schema.as_object_mut().expect("an object").remove("allOf");
            schema.as_object_mut().expect("an object").remove("type");
            jsonschema::draft202012::new(&schema).expect("compiles")
        });
        prop_assert!(FORMS.with(|forms| forms.is_valid(&document)));
    }
}
