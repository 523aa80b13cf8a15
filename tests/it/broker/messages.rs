//! Every message fits its published schema.

use super::support::{START, Still, row};
use frontdoor::broker::copies::{Cause, for_masstt};
use frontdoor::domain::adults::Bar;
use frontdoor::domain::ids::RefusalId;
use frontdoor::domain::matching::WrongBy;
use frontdoor::domain::message::{
    Envelope, OUTCOME, OUTCOME_REFUSED, OutboxDraft, OutcomeDraft, POSSIBLE_ADULT, REFUSED, ROUTED,
    RefusalDraft, UPDATED, claim_check, outcome, outcome_refused, refusal,
};
use frontdoor::domain::outcome::fault;
use frontdoor::domain::refusal::Extent;
use frontdoor::domain::time::Env;
use frontdoor::domain::{
    AdultMatchId, AdultRole, AdultSeen, AgencyId, DestinationId, Level, MessageId, OutcomeCode,
    PersonId, Priority, Purpose, Reference, RuleId, Withdrawn,
};
use serde_json::{Value, json};

fn fits(message: &[u8]) -> Value {
    let message: Value = serde_json::from_slice(message).expect("JSON");
    let kind = message["type"].as_str().expect("a type");
    let path = format!("{}/schemas/messages/{kind}.json", env!("CARGO_MANIFEST_DIR"));
    let schema = std::fs::read_to_string(&path).expect("a schema for every type");
    let schema: Value = serde_json::from_str(&schema).expect("JSON");
    assert_eq!(schema["$id"], message["dataschema"]);
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    let validator = validator.expect("a valid schema");
    let errors: Vec<String> =
        validator.iter_errors(&message).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {message:#}");
    message
}

fn envelope<'a>(kind: &'a str, env: &dyn Env) -> Envelope<'a> {
    Envelope {
        id: MessageId::from_parts(START, env.entropy_id()),
        kind,
        at: START,
        sequence: 12,
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    }
}

fn routed(kind: &str, env: &dyn Env) -> (Reference, Vec<u8>) {
    let reference = Reference::from_entropy(env.entropy_u64());
    let level = Level {
        code: "5".to_owned(),
        label: "Significant harm".to_owned(),
        basis: "Children Act 1989 s47".to_owned(),
        rank: 50,
    };
    let message = claim_check(&OutboxDraft {
        envelope: envelope(kind, env),
        reference,
        destination: &DestinationId::new("masstt"),
        purpose: &Purpose::new("strategy"),
        priority: Priority::Immediate,
        level: &level,
        due_at: START.plus_seconds(3600),
        rules: &[RuleId::new("danger-now")],
        children: 2,
        withdrawn: None,
        adults: &[],
        more_adults: 0,
        documents: &[],
    });
    (reference, message)
}

#[test]
fn an_outcome_fits_its_schema() {
    let env = Still::new();
    let level = Level {
        code: "4".to_owned(),
        label: "Child in need".to_owned(),
        basis: "Children Act 1989 s17".to_owned(),
        rank: 4,
    };
    for level in [None, Some(&level)] {
        let message = fits(&outcome(&OutcomeDraft {
            envelope: envelope(OUTCOME, &env),
            reference: Reference::from_entropy(env.entropy_u64()),
            destination: &DestinationId::new("masstt"),
            recorded_by: &DestinationId::new("first-response"),
            outcome: &OutcomeCode::new("assessment"),
            level,
            due_at: START.plus_seconds(3600),
        }));
        assert_eq!(message["data"]["recorded_by"], "first-response");
    }
    let reference = Reference::from_entropy(env.entropy_u64());
    let faults = [fault("/rationale", "decision", "Say why")];
    let (envelope, masstt) = (envelope(OUTCOME_REFUSED, &env), DestinationId::new("masstt"));
    let message = fits(&outcome_refused(&envelope, reference, &masstt, &faults));
    assert_eq!(message["data"]["faults"][0]["pointer"], "/rationale");
}

#[test]
fn a_routed_and_an_updated_referral_fit_their_schemas() {
    let env = Still::new();
    for kind in [ROUTED, UPDATED] {
        let (reference, message) = routed(kind, &env);
        let message = fits(&message);
        assert_eq!(message["sequence"], "0000000012");
        assert_eq!(message["subject"], reference.to_string());
        assert_eq!(message["data"]["document"], format!("/v1/referrals/{reference}/document"));
        assert_eq!(message["data"]["level_of_need"]["suggested"], true);
    }
}

#[test]
fn a_history_that_is_taken_back_names_a_person_by_id_and_nothing_else() {
    let env = Still::new();
    let (reference, _) = routed(UPDATED, &env);
    let person = PersonId::from_parts(START, env.entropy_id());
    let withdrawn = Withdrawn { person, kind: WrongBy::Counted, since: START };
    let level = Level { code: "2".into(), label: "Help".into(), basis: String::new(), rank: 2 };
    let message = claim_check(&OutboxDraft {
        envelope: envelope(UPDATED, &env),
        reference,
        destination: &DestinationId::new("masstt"),
        purpose: &Purpose::new("screening"),
        priority: Priority::Standard,
        level: &level,
        due_at: START,
        rules: &[],
        children: 1,
        withdrawn: Some(withdrawn),
        adults: &[],
        more_adults: 0,
        documents: &[],
    });
    let what = &fits(&message)["data"]["withdrawn"];
    let since = json!(START);
    let (kind, why) = ("counted", "separated");
    assert_eq!(*what, json!({"person": person, "kind": kind, "why": why, "since": since}));
}

#[test]
fn adults_who_may_be_in_another_family_are_told_by_codes_and_a_reference() {
    let env = Still::new();
    let (reference, other) = (Reference::from_entropy(7), Reference::from_entropy(8));
    let level = Level { code: "2".into(), label: "Help".into(), basis: String::new(), rank: 2 };
    let seen = |restricted| AdultSeen {
        role: AdultRole::Carer,
        other,
        other_role: AdultRole::Alleged,
        restricted,
        weight: 6.5,
        probability: 0.98,
        model: "invented".to_owned(),
        evidence: vec![Bar { field: "birth", level: "exact", bits: 11.5, total: 6.5 }],
    };
    let id = AdultMatchId::from_parts(START, env.entropy_id());
    let (open, closed) = (seen(false), seen(true));
    let message = claim_check(&OutboxDraft {
        envelope: envelope(UPDATED, &env),
        reference,
        destination: &DestinationId::new("masstt"),
        purpose: &Purpose::new(POSSIBLE_ADULT),
        priority: Priority::Standard,
        level: &level,
        due_at: START,
        rules: &[],
        children: 1,
        withdrawn: None,
        adults: &[(id, open.told(None, false)), (id, closed.told(None, false))],
        more_adults: 3,
        documents: &[],
    });
    let data = &fits(&message)["data"];
    assert_eq!(data["more_adults"], 3);
    let told = &data["adults"];
    assert_eq!(told[0]["other"], json!({"reference": other, "role": "alleged"}));
    assert_eq!((&told[1]["restricted"], &told[1]["other"]), (&json!(true), &Value::Null));
}

#[test]
fn a_refused_submission_fits_its_schema() {
    let env = Still::new();
    let message = refusal(&RefusalDraft {
        envelope: Envelope { traceparent: None, ..envelope(REFUSED, &env) },
        refusal: RefusalId::from_parts(START, env.entropy_id()),
        agency: &AgencyId::new("calder-high"),
        agency_telephone: "01422 000000",
        problem: "below-minimum",
        about: Some(Reference::from_entropy(7)),
        extent: Extent { read: 3, announced: Some(9), whole: false },
        received_at: START,
        count: 1,
    });
    let data = &fits(&message)["data"];
    assert_eq!(data["agency_telephone"], "01422 000000");
    assert_eq!((&data["bytes_read"], &data["bytes_announced"]), (&json!(3), &json!(9)));
}

#[test]
fn copies_for_masstt_fit_their_schemas_and_tell_what_they_are_copies_of() {
    let env = Still::new();
    let masstt = DestinationId::new("masstt");
    let mut original = row(&DestinationId::new("panel"), &env);
    let (reference, payload) = routed(ROUTED, &env);
    for (cause, payload) in
        [(Cause::Failing, payload), (Cause::Dead, b"encrypted to the destination".to_vec())]
    {
        original.payload = payload;
        let copy = for_masstt(&original, cause, &masstt, START, &env);
        assert_eq!((copy.referral, &copy.destination), (original.referral, &masstt));
        assert_eq!(copy.priority, Priority::Urgent);
        assert_ne!(copy.id, original.id);
        let message = fits(&copy.payload);
        assert_eq!(message["id"], copy.id.to_string());
        assert_eq!(message["data"]["original"]["id"], original.id.to_string());
        if cause == Cause::Failing {
            assert_eq!(message["subject"], reference.to_string());
            assert_eq!(message["data"]["about"]["reference"], reference.to_string());
        }
    }
}

#[test]
fn the_asyncapi_document_names_every_message_schema() {
    let root = env!("CARGO_MANIFEST_DIR");
    let document = std::fs::read_to_string(format!("{root}/schemas/asyncapi.yaml"));
    let document = document.expect("schemas/asyncapi.yaml");
    let schemas = std::fs::read_dir(format!("{root}/schemas/messages")).expect("a folder");
    let mut count = 0;
    for schema in schemas {
        let name = schema.expect("an entry").file_name().into_string().expect("UTF-8");
        assert!(document.contains(&format!("./messages/{name}")), "{name}");
        count += 1;
    }
    assert_eq!(count, document.matches("$ref: ./messages/").count());
}
