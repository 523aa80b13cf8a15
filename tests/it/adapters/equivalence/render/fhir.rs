//! FHIR R4: a message of the NHS Booking and Referral Standard.

use super::{CHILDREN, COMMON, Format, bytes, grouped, typed};
use crate::adapters::equivalence::story::{Child, Person, Story, Told};
use frontdoor::adapter::manifest::Decoder;
use serde_json::{Value, json};

pub(super) const FORMAT: Format = Format {
    name: "health-fhir",
    adapter: "health-fhir",
    decoder: Decoder::Fhir,
    render,
    expresses: &[
        COMMON,
        CHILDREN,
        &[
            "/children/*/estimated_age",
            // Relatives are those of the first child.
            "/children/0/mother_name",
            "/concerns/*/detail",
            "/indicators/*",
            "/request",
        ],
    ],
    adds: &["/referrer/source"],
    as_told: |_| (),
};

fn name(nth: usize) -> String {
    format!("urn:uuid:00000000-0000-5000-8000-{nth:012}")
}

/// Who is who within the message.
const REQUEST: usize = 1;
const PERSON_WHO_REFERS: usize = 2;
const ROLE: usize = 3;
const AGENCY: usize = 4;
const GROUP: usize = 5;
const CHILD: usize = 10;

fn to(nth: usize) -> Value {
    json!({"reference": name(nth)})
}

/// Resources, those with a name of their own by it.
type Entries = Vec<(Option<usize>, Value)>;

fn render(story: &Story) -> Vec<u8> {
    let mut entries: Entries = vec![(None, header()), (Some(REQUEST), request(story))];
    entries.extend(referrer(story));
    if story.children.len() > 1 {
        let members = 0..story.children.len();
        let members: Vec<Value> = members.map(|nth| json!({"entity": to(CHILD + nth)})).collect();
        let group = json!({"resourceType": "Group", "type": "person", "actual": true,
            "member": members});
        entries.push((Some(GROUP), group));
    }
    for (nth, child) in (CHILD..).zip(&story.children) {
        entries.push((Some(nth), patient(story, child)));
        entries.extend(of_child(nth, child));
    }
    entries.extend(story.people.iter().map(|person| (None, relative(story, person))));
    entries.extend(answers(story).into_iter().map(|resource| (None, resource)));
    entries.extend(marks(story).into_iter().map(|resource| (None, resource)));
    let entry = |(nth, resource): (Option<usize>, Value)| {
        let url = nth.map(name);
        json!({"fullUrl": url, "resource": resource})
    };
    bytes(json!({
        "resourceType": "Bundle",
        "type": "message",
        "entry": entries.into_iter().map(entry).collect::<Vec<_>>(),
    }))
}

fn header() -> Value {
    json!({
        "resourceType": "MessageHeader",
        "eventCoding": {"code": "servicerequest-request"},
        "focus": [to(REQUEST)],
        "sender": to(AGENCY),
    })
}

fn request(story: &Story) -> Value {
    let subject = if story.children.len() > 1 { GROUP } else { CHILD };
    let asked = story.request.map(|request| coding("request", request, None));
    let taken_back = story.way(&["revoked", "entered-in-error"]);
    let status = if story.withdrawn { taken_back } else { "active" };
    let mut request = json!({
        "resourceType": "ServiceRequest",
        "identifier": [{"value": story.message_id}],
        "status": status,
        "intent": "plan",
        "category": [{"coding": [asked]}],
        "subject": to(subject),
        "requester": to(ROLE),
        "authoredOn": story.written.map(|day| day.to_string()),
    });
    match story.hand % 2 {
        0 => request["note"] = json!([{"text": story.worry}]),
        _ => request["reasonCode"] = json!([{"text": story.worry}]),
    }
    request
}

fn coding(list: &str, code: &str, display: Option<&str>) -> Value {
    json!({"system": format!("urn:frontdoor:code:{list}"), "code": code, "display": display})
}

fn telecom(number: Option<&str>) -> Value {
    json!([{"system": number.map(|_| "phone"), "value": number}])
}

fn referrer(story: &Story) -> Entries {
    let who = &story.referrer;
    let practitioner = json!({
        "resourceType": "Practitioner",
        "name": [{"family": who.family, "given": [who.given]}],
        "telecom": telecom(who.telephone.as_deref()),
    });
    let role = json!({
        "resourceType": "PractitionerRole",
        "practitioner": to(PERSON_WHO_REFERS),
        "organization": to(AGENCY),
        "code": [{story.way(&["text", "coding"]): match story.hand % 2 {
            0 => json!(who.role),
            _ => json!([{"display": who.role}]),
        }}],
    });
    let agency = json!({"resourceType": "Organization", "name": who.agency});
    vec![(Some(PERSON_WHO_REFERS), practitioner), (Some(ROLE), role), (Some(AGENCY), agency)]
}

fn patient(story: &Story, child: &Child) -> Value {
    let number = child.nhs_number.as_deref().map(|number| grouped(story, number));
    let system = number.as_ref().map(|_| "https://fhir.nhs.uk/Id/nhs-number");
    let status = "http://hl7.org/fhir/StructureDefinition/patient-fetalStatus";
    let unborn = json!({"url": status, "valueCodeableConcept": {"coding": [{"code": "U"}]}});
    let address = story.home.as_ref().map(|home| {
        let secret =
            |name: &&str| json!({"url": "urn:frontdoor:withheld-from", "valueString": name});
        json!({
            "use": "home",
            "line": [home.lines],
            "city": home.town,
            "postalCode": home.postcode.map(|code| typed(story, code)),
            "extension": home.withheld_from.iter().map(secret).collect::<Vec<_>>(),
        })
    });
    json!({
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": number}],
        "name": [{"use": "official", "family": child.family, "given": [child.given]}],
        "gender": child.sex.map(|sex| match sex {
            "M" => "male",
            "F" => "female",
            _ => "unknown",
        }),
        "birthDate": child.born().map(|day| day.to_string()),
        "address": [address],
        "extension": [child.is_unborn().then_some(unborn)],
    })
}

/// What is observed of a child.
fn of_child(nth: usize, child: &Child) -> Entries {
    let observation = |code: Value, key: &str, value: Value| {
        json!({"resourceType": "Observation", "status": "final", "code": code,
            "subject": to(nth), key: value})
    };
    let age = child.years().map(|years| {
        let value = json!({"value": years, "unit": "years"});
        observation(json!({"text": "Estimated age"}), "valueQuantity", value)
    });
    let due = child.due().map(|day| {
        let code = json!({"coding": [{"system": "http://loinc.org", "code": "11778-8"}]});
        observation(code, "valueDateTime", json!(day.to_string()))
    });
    let words = child.words.as_deref().map(|words| {
        let code = json!({"coding": [coding("question", "child-words", None)]});
        observation(code, "valueString", json!(words))
    });
    [age, due, words].into_iter().flatten().map(|resource| (None, resource)).collect()
}

fn relative(story: &Story, person: &Person) -> Value {
    let truths = [
        ("lives-with-child", person.lives_with_child),
        ("parental-responsibility", person.responsible),
        ("alleged-to-have-harmed", person.alleged.then_some(Told::Yes)),
        ("has-access-to-child", person.access),
    ];
    let truths = truths.into_iter().filter_map(|(what, told)| {
        let (key, value) = answer(story, told?);
        Some(json!({"url": format!("urn:frontdoor:person:{what}"), key: value}))
    });
    json!({
        "resourceType": "RelatedPerson",
        "patient": to(CHILD),
        "relationship": [{"text": person.relationship}],
        "name": [{"family": person.family, "given": [person.given]}],
        "birthDate": person.born.map(|day| day.to_string()),
        "telecom": telecom(person.telephone.as_deref()),
        "extension": truths.collect::<Vec<_>>(),
    })
}

/// An answer with the name of its element: a truth, or SNOMED CT's words.
fn answer(story: &Story, told: Told) -> (&'static str, Value) {
    let code = match told {
        Told::Yes if story.hand % 2 == 0 => return ("valueBoolean", json!(true)),
        Told::No if story.hand % 2 == 0 => return ("valueBoolean", json!(false)),
        Told::Yes => "373066001",
        Told::No => "373067005",
        Told::NotKnown => "261665006",
    };
    let coding = json!({"system": "http://snomed.info/sct", "code": code});
    ("valueCodeableConcept", json!({"coding": [coding]}))
}

/// Answers to questions of ours: observations, or a form that was filled in.
fn answers(story: &Story) -> Vec<Value> {
    let told = [
        ("danger-now", story.danger),
        ("family-informed", story.informed),
        ("family-agreed", story.agreed),
        ("do-not-alert", story.do_not_alert),
    ];
    let told = told.into_iter().filter_map(|(ask, told)| Some((ask, answer(story, told?))));
    let words = [("agreement-reason", story.reason.as_deref()), ("level", story.level)];
    let words =
        words.into_iter().filter_map(|(ask, words)| Some((ask, ("valueString", json!(words?)))));
    let all = told.chain(words);
    if story.hand % 3 == 0 {
        let item = |(ask, (key, value)): (&str, (&str, Value))| {
            // A form answers with a coding of its own.
            let (key, value) = match key {
                "valueCodeableConcept" => ("valueCoding", value["coding"][0].clone()),
                key => (key, value),
            };
            json!({"linkId": ask, "answer": [{key: value}]})
        };
        let items: Vec<Value> = all.map(item).collect();
        let form = json!({"resourceType": "QuestionnaireResponse", "status": "completed",
            "questionnaire": "urn:frontdoor:questionnaire:referral", "item": items});
        return if items.is_empty() { Vec::new() } else { vec![form] };
    }
    all.map(|(ask, (key, value))| {
        json!({"resourceType": "Observation", "status": "final",
            "code": {"coding": [coding("question", ask, None)]}, key: value})
    })
    .collect()
}

/// Concerns and signs as flags.
fn marks(story: &Story) -> Vec<Value> {
    let flag = |coding: Value| {
        json!({
            "resourceType": "Flag",
            "status": "active",
            "category": [{"coding": [{"code": "SG", "display": "Safeguarding Concern"}]}],
            "code": {"coding": [coding]},
            "subject": to(CHILD),
        })
    };
    let concerns = story.concerns.iter();
    let concerns = concerns.map(|one| flag(coding("concern", one.code, Some(&one.words))));
    let signs = story.signs.iter().map(|sign| flag(coding("indicator", sign, None)));
    concerns.chain(signs).collect()
}
