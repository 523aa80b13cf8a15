//! The receipt and its schema.

use frontdoor::domain::receipt::{
    Completeness, Missing, ReceiptChild, ReceiptDestination, ReceiptReason, SuggestedLevel,
};
use frontdoor::domain::{
    DestinationId, Priority, Purpose, Receipt, Reference, RuleId, Timestamp, Unread,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/receipt.v1.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect("the file")).expect("json")
}

fn receipt() -> Value {
    let receipt = Receipt {
        reference: Reference::from_entropy(42),
        status: "received".to_owned(),
        received_at: Timestamp(1_795_500_000_000_000),
        respond_by: Timestamp(1_795_586_400_000_000),
        completeness: Completeness {
            score: 40,
            missing: vec![Missing {
                pointer: "/children/0/date_of_birth".to_owned(),
                ask: "When was the child born?".to_owned(),
                weight: 8,
            }],
            unread: vec![Unread {
                pointer: "/children/0/address/postcode".to_owned(),
                rule: "postcode".to_owned(),
                ask: "Check the postcode".to_owned(),
            }],
        },
        advice: vec!["If a child is in danger now, ring 999".to_owned()],
        children: vec![ReceiptChild {
            index: 0,
            level_of_need: SuggestedLevel {
                code: "5".to_owned(),
                label: "Significant harm".to_owned(),
                basis: "Children Act 1989 s47".to_owned(),
                suggested: true,
            },
            priority: Priority::Urgent,
            destinations: vec![ReceiptDestination {
                id: DestinationId::new("masstt"),
                purpose: Purpose::new("strategy"),
            }],
            reasons: vec![ReceiptReason {
                rule: RuleId::new("unexplained-injury"),
                basis: "Children Act 1989 s47".to_owned(),
                why: "An injury that nobody has explained".to_owned(),
            }],
        }],
    };
    serde_json::to_value(receipt).expect("serialises")
}

#[test]
fn a_receipt_validates_against_its_schema() {
    let schema = schema();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("compiles");
    let receipt = receipt();
    let errors: Vec<String> = validator.iter_errors(&receipt).map(|e| e.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    for priority in [Priority::Standard, Priority::Urgent, Priority::Immediate] {
        let mut receipt = receipt.clone();
        receipt["children"][0]["priority"] = json!(priority);
        assert!(validator.is_valid(&receipt));
    }
    for (pointer, wrong) in [
        ("/reference", json!("12345-67890")),
        ("/status", json!("closed")),
        ("/received_at", json!("24/11/2026 10:00")),
        ("/completeness/score", json!(101)),
        ("/children/0/level_of_need/suggested", json!(false)),
        ("/children/0/destinations", json!([])),
        ("/children/0/priority", json!("later")),
        ("/advice", json!(null)),
    ] {
        let mut receipt = receipt.clone();
        *receipt.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!validator.is_valid(&receipt), "{pointer}");
    }
}

#[test]
fn the_schema_requires_what_a_receipt_holds_and_describes_nothing_else() {
    fn check(schema: &Value, node: &Value, value: &Value, at: &str) {
        let node = match node["$ref"].as_str() {
            Some(reference) => schema.pointer(&reference[1..]).expect(reference),
            None => node,
        };
        match value {
            Value::Object(members) => {
                let held: BTreeSet<&str> = members.keys().map(String::as_str).collect();
                let listed = node["properties"].as_object().expect(at);
                assert_eq!(held, listed.keys().map(String::as_str).collect(), "{at}");
                let required = node["required"].as_array().expect(at);
                assert_eq!(held, required.iter().filter_map(Value::as_str).collect(), "{at}");
                for (key, member) in members {
                    let node = &listed[key];
                    assert!(node["description"].is_string(), "{at}/{key} is described");
                    check(schema, node, member, &format!("{at}/{key}"));
                }
            }
            Value::Array(items) => {
                for item in items {
                    check(schema, &node["items"], item, &format!("{at}/*"));
                }
            }
            _ => {}
        }
    }
    let schema = schema();
    check(&schema, &schema, &receipt(), "");
}
