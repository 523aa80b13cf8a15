//! Validate: a canonical document becomes a [`Referral`], or a refusal that names which of the
//! three facts is missing (invariant 4). Nothing else refuses here.
//!
//! The contract is `schemas/referral.v1.schema.json` (JSON Schema 2020-12), compiled into the
//! binary. What it asserts stands under its `allOf`, one entry for each fact; what stands under
//! `properties` describes the intended forms and accepts everything (a test holds that), so only
//! the facts are compiled.

use crate::domain::refusal::{Refusal, RefusalKind};
use crate::domain::{Referral, Unread};
use jsonschema::PatternOptions;
use serde_json::Value;

/// The published schema of a canonical referral, version 1.
pub const SCHEMA: &str = include_str!("../../schemas/referral.v1.schema.json");

/// One of the three facts: where it stands, the rule's name, and what to ask for.
struct Fact {
    pointer: &'static str,
    rule: &'static str,
    ask: &'static str,
}

/// In the order of the schema's `allOf`.
const FACTS: [Fact; 3] = [
    Fact {
        pointer: "/referrer",
        rule: "minimum-referrer",
        ask: "Say who is referring, by name or role, or that they stay anonymous. For example \
              {\"referrer\": {\"role\": \"Class teacher\"}} or \
              {\"referrer\": {\"anonymous\": \"yes\"}}",
    },
    Fact {
        pointer: "/children",
        rule: "minimum-child",
        ask: "Say whom it concerns, as far as that is known: a name, a number, a description or \
              an address. For example \
              {\"children\": [{\"description\": \"Unknown child at 14 Example Street\"}]}",
    },
    Fact {
        pointer: "/worry",
        rule: "minimum-worry",
        ask: "Say what the worry is: in words, as a concern or an indicator, or that a child is \
              in danger now. For example {\"worry\": \"Bruise on the left ear, no explanation\"} \
              or {\"danger_now\": \"yes\"}",
    },
];

/// The fault of a document that is no object at all.
const NO_OBJECT: Fact = Fact {
    pointer: "",
    rule: "object",
    ask: "Send one JSON object. The smallest is {\"referrer\": {\"anonymous\": \"yes\"}, \
          \"children\": [{\"description\": \"Unknown child at 14 Example Street\"}], \
          \"danger_now\": \"yes\"}",
};

/// The compiled contract. Made once, at start; shared by all threads.
pub struct Validator {
    /// One for each of [`FACTS`].
    minimum: Vec<jsonschema::Validator>,
}

impl Validator {
    /// Compiles the schema.
    pub fn new() -> Self {
        let mut schema: Value =
            serde_json::from_str(SCHEMA).expect("the schema in this binary is JSON; tests read it");
        if let Some(members) = schema.as_object_mut() {
            members.remove("properties");
        }
        // Definitions of forms begin with a capital letter, those that assert do not.
        if let Some(definitions) = schema["$defs"].as_object_mut() {
            definitions.retain(|name, _| name.starts_with(char::is_lowercase));
        }
        let facts = schema["allOf"].as_array().cloned().unwrap_or_default();
        assert_eq!(facts.len(), FACTS.len(), "the schema asserts exactly the three facts");
        let compile = |fact: Value| {
            schema["allOf"] = Value::Array(vec![fact]);
            jsonschema::draft202012::options()
                // An engine without backtracking: no pattern can be made slow by what is sent.
                .with_pattern_options(PatternOptions::regex())
                .build(&schema)
                .expect("the schema in this binary compiles; tests compile it")
        };
        Validator { minimum: facts.into_iter().map(compile).collect() }
    }

    /// Reads a canonical document. The second part lists optional answers that could not be
    /// read: they are kept as stated and asked for, and never refuse.
    ///
    /// # Errors
    /// [`RefusalKind::BelowMinimum`] with one fault for each missing fact (`minimum-referrer`,
    /// `minimum-child`, `minimum-worry`); [`RefusalKind::NotReadable`] (`object`) when the
    /// document is not an object.
    pub fn validate(&self, document: Value) -> Result<(Referral, Vec<Unread>), Refusal> {
        if !document.is_object() {
            return Err(Refusal {
                kind: RefusalKind::NotReadable,
                faults: vec![NO_OBJECT.unread()],
            });
        }
        let facts = FACTS.iter().zip(&self.minimum);
        let missing = facts.filter(|(_, minimum)| !minimum.is_valid(&document));
        let faults: Vec<Unread> = missing.map(|(fact, _)| fact.unread()).collect();
        if faults.is_empty() {
            return Ok(Referral::read(document));
        }
        Err(Refusal { kind: RefusalKind::BelowMinimum, faults })
    }
}

impl Default for Validator {
    fn default() -> Self {
        Self::new()
    }
}

impl Fact {
    fn unread(&self) -> Unread {
        Unread {
            pointer: self.pointer.to_owned(),
            rule: self.rule.to_owned(),
            ask: self.ask.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn missing(document: Value) -> Vec<String> {
        let refusal = Validator::new().validate(document).expect_err("refused");
        refusal.faults.into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn each_missing_fact_is_named_and_only_those() {
        let whole = json!({"referrer": "Sam", "children": [{"known_as": "Bee"}], "worry": "x"});
        for (index, fact) in FACTS.iter().enumerate() {
            let mut document = whole.clone();
            let key = fact.pointer.trim_start_matches('/');
            document.as_object_mut().expect("an object").remove(key);
            assert_eq!(missing(document), [fact.pointer], "fact {index}");
        }
        assert_eq!(missing(json!({})), ["/referrer", "/children", "/worry"]);
        assert!(Validator::new().validate(whole).is_ok());
    }

    #[test]
    fn every_example_in_an_ask_meets_the_fact_it_is_an_example_of() {
        for fact in &FACTS {
            let (_, examples) = fact.ask.split_once("For example ").expect("an example");
            for example in examples.split(" or ") {
                let document = serde_json::from_str(example).expect(example);
                assert!(!missing(document).contains(&fact.pointer.to_owned()), "{example}");
            }
        }
    }

    #[test]
    fn what_is_no_object_is_refused_as_a_whole() {
        for document in [json!(null), json!([]), json!("x"), json!(1), json!([{}])] {
            let refusal = Validator::new().validate(document).expect_err("refused");
            assert_eq!(refusal.kind, RefusalKind::NotReadable);
            assert_eq!(refusal.faults[0].rule, "object");
        }
    }
}
