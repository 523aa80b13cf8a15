//! The committed examples: who sends them, what becomes of them, and that nobody in them exists.

use frontdoor::adapter::json;
use frontdoor::domain::decision::CaseStatus;
use frontdoor::domain::nhs_number::NhsNumber;
use frontdoor::domain::postcode::Postcode;
use frontdoor::domain::refusal::RefusalKind;
use frontdoor::domain::upn::Upn;
use frontdoor::validation::Validator;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(super) fn manifest() -> Vec<Value> {
    let manifest: Value = serde_json::from_str(&read("manifest.json")).expect("json");
    manifest["referrals"].as_array().expect("a list").clone()
}

pub(super) fn body(entry: &Value) -> String {
    read(entry["file"].as_str().expect("a file"))
}

#[test]
fn each_example_is_accepted_or_refused_as_the_manifest_says() {
    let validator = Validator::new();
    let mut agencies = BTreeSet::new();
    for entry in manifest() {
        let file = entry["file"].as_str().expect("a file");
        assert!(entry["title"].is_string() && entry["story"].is_string(), "{file}");
        agencies.insert(entry["agency"].as_str().expect("an agency").to_owned());
        let document = json::read(body(&entry).as_bytes()).expect(file);
        match (entry["expect"].as_str(), validator.validate(document)) {
            (Some("accepted"), Ok((_, unread))) => {
                let rules: Vec<&str> = unread.iter().map(|u| u.rule.as_str()).collect();
                let mistyped = file.contains("mistyped");
                let expected: &[&str] =
                    if mistyped { &["date", "nhs-number", "postcode"] } else { &[] };
                assert_eq!(rules, expected, "{file}");
            }
            (Some("refused"), Err(refusal)) => {
                assert_eq!(refusal.kind, RefusalKind::BelowMinimum, "{file}");
                assert_eq!(refusal.faults.len(), 1);
                assert_eq!(refusal.faults[0].pointer, "/worry");
            }
            (expected, result) => panic!("{file}: expected {expected:?}, got {result:?}"),
        }
    }
    assert!(agencies.len() >= 7, "{agencies:?}");
}

#[test]
fn the_manifest_lists_every_file_once() {
    let listed: Vec<String> =
        manifest().iter().map(|e| e["file"].as_str().expect("a file").to_owned()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/referrals");
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| {
        let name = file.expect("a file").file_name();
        format!("referrals/{}", name.to_str().expect("a name"))
    });
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), files.collect());
    assert_eq!(listed.len(), listed.iter().collect::<BTreeSet<_>>().len());
    assert!(listed.len() >= 16);
}

#[test]
fn nobody_in_the_examples_can_be_rung_written_to_or_looked_up() {
    for entry in manifest() {
        let document: Value = serde_json::from_str(&body(&entry)).expect("json");
        each_text(&document, "", &mut |key, text| match key {
            "telephone" => assert!(drama_number(text), "{text}"),
            "email" => assert!(text.ends_with(".example"), "{text}"),
            "nhs_number" => assert!(text.starts_with("999"), "{text}"),
            "upn" => assert!(Upn::parse(text).is_some(), "{text}"),
            "postcode" if text != "HX5 O1A" => {
                assert!(Postcode::parse(text).is_some(), "{text}");
                assert!(text.to_ascii_uppercase().contains('Z'), "{text} may be lived at");
            }
            _ => {}
        });
    }
}

fn each_text(value: &Value, key: &str, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(key, text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, key, visit)),
        Value::Object(members) => {
            members.iter().for_each(|(key, member)| each_text(member, key, visit));
        }
        _ => {}
    }
}

/// Ofcom keeps these ranges for drama.
fn drama_number(text: &str) -> bool {
    text.starts_with("01632 960") && text.len() == 12
        || text.starts_with("07700 900") && text.len() == 12
}

#[test]
fn the_people_are_invented_and_well_formed_and_hold_the_children_already_known() {
    let text = read("people.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> =
        reader.deserialize().collect::<Result<_, _>>().expect("rows of strings");
    assert!((280..=340).contains(&rows.len()), "{}", rows.len());
    let mut ids = BTreeSet::new();
    for row in &rows {
        let at = |column: &str| row[column].as_str();
        assert!(ids.insert(at("record_id")), "{}", at("record_id"));
        let number = at("nhs_number");
        assert!(number.is_empty() || number.starts_with("999"));
        assert!(number.is_empty() || NhsNumber::parse(number).is_some(), "{number}");
        assert!(at("upn").is_empty() || Upn::parse(at("upn")).is_some());
        assert!(Postcode::parse(at("postcode")).is_some(), "{}", at("postcode"));
        assert!(at("phone").is_empty() || drama_number(at("phone")), "{}", at("phone"));
        assert!(at("dob").is_empty() != at("edd").is_empty(), "one of the two dates");
        let status = CaseStatus::parse(at("case_status")).expect("a case status");
        assert_eq!(status == CaseStatus::None, at("case_team").is_empty());
    }
    let known = |forename: &str, surname: &str| {
        rows.iter().find(|row| row["forename"] == forename && row["surname"] == surname)
    };
    let mason = known("Mason", "Ibbotson").expect("the open case");
    assert_eq!(mason["case_status"], "cp");
    let ruby = known("Ruby", "Hargreave").expect("the repeat contact");
    assert_eq!(ruby["postcode"], "HX1 3ZU", "her previous address");
}
