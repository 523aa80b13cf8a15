//! A housing association's safeguarding alert.

use super::{CHILDREN, COMMON, Format, bytes, grouped, typed};
use crate::adapters::equivalence::story::{Child, Person, Story, Told};
use frontdoor::adapter::manifest::Decoder;
use serde_json::{Value, json};

pub(super) const FORMAT: Format = Format {
    name: "housing-json",
    adapter: "housing-json",
    decoder: Decoder::Json,
    render,
    expresses: &[
        COMMON,
        CHILDREN,
        &[
            "/children/*/estimated_age",
            "/children/*/mother_name",
            "/concerns/*/detail",
            "/indicators/child-alone",
            "/indicators/unexplained-injury",
            "/request",
        ],
    ],
    // A type of concern that is a sign keeps its own words as well.
    adds: &["/referrer/source", "/concerns/words/detail", "/concerns/words (2)/detail"],
    as_told,
};

/// A type of concern in the landlord's words.
fn kind(code: &str) -> &'static str {
    match code {
        "16A" => "neglect",
        "17A" => "emotional-abuse",
        "18A" => "physical-abuse",
        "3A" => "domestic-abuse",
        "7A" => "young-carer",
        _ => "self-harm",
    }
}

/// Concerns are in the landlord's words.
fn as_told(story: &mut Story) {
    for concern in &mut story.concerns {
        concern.words = kind(concern.code).to_owned();
    }
}

fn answer(story: &Story, told: Told) -> Value {
    match (told, story.hand % 3) {
        (Told::Yes, 0) => json!(true),
        (Told::No, 0) => json!(false),
        (told, _) => {
            let ways: [&str; 2] = match told {
                Told::Yes => ["yes", "Y"],
                Told::No => ["no", "N"],
                Told::NotKnown => ["not known", "Unknown"],
            };
            json!(story.way(&ways))
        }
    }
}

fn render(story: &Story) -> Vec<u8> {
    let told = |told: Option<Told>| told.map(|told| answer(story, told));
    let referrer = &story.referrer;
    let name = format!("{} {}", referrer.given, referrer.family);
    let home = story.home.as_ref();
    let signs = ["child-alone", "unexplained-injury"].into_iter().filter(|s| story.has_sign(s));
    let kinds: Vec<&str> =
        story.concerns.iter().map(|concern| kind(concern.code)).chain(signs).collect();
    let household: Vec<Value> = (story.children.iter().map(|one| child(story, one)))
        .chain(story.people.iter().map(|one| person(story, one)))
        .collect();
    let secret = home.map(|home| home.withheld_from.clone()).unwrap_or_default();
    let address = home.map(|home| {
        json!({
            "line1": home.lines,
            "town": home.town,
            "postcode": home.postcode.map(|code| typed(story, code)),
        })
    });
    let mut alert = json!({
        "schemaVersion": "3.1",
        "alertId": story.message_id,
        "status": story.withdrawn.then(|| story.way(&["withdrawn", "raised in error"])),
        "raisedAt": story.written.map(|day| day.to_string()),
        "landlord": {"name": referrer.agency},
        "raisedBy": {"name": name, "jobTitle": referrer.role, "telephone": referrer.telephone},
        "immediateDanger": told(story.danger),
        "riskRating": story.level,
        "requestedService": story.request,
        "concernTypes": kinds,
        "property": {"address": address},
        "addressConfidential": {"from": secret},
        "household": household,
        "tenantInformed": told(story.informed),
        "tenantAgrees": told(story.agreed),
        "reasonNotInformed": story.reason,
        "doNotAlertFamily": told(story.do_not_alert),
    });
    match story.hand % 3 {
        0 => alert["summary"] = json!(story.worry),
        1 => alert["observation"] = json!(story.worry),
        _ => alert["observation"] = json!({"text": story.worry}),
    }
    bytes(alert)
}

fn child(story: &Story, child: &Child) -> Value {
    let sex = child.sex.map(|sex| match sex {
        "M" => story.way(&["M", "male", "Boy"]),
        "F" => story.way(&["F", "female", "Girl"]),
        other => other,
    });
    json!({
        "role": if child.is_unborn() { "unborn" } else { story.way(&["child", "Child", "baby"]) },
        "givenName": child.given,
        "familyName": child.family,
        "dateOfBirth": child.born().map(|day| day.to_string()),
        "age": child.years(),
        "expectedDate": child.due().map(|day| day.to_string()),
        "sex": sex,
        "nhsNumber": child.nhs_number.as_deref().map(|number| grouped(story, number)),
        "childSaid": child.words,
        "motherName": child.mother,
    })
}

fn person(story: &Story, person: &Person) -> Value {
    let told = |told: Option<Told>| told.map(|told| answer(story, told));
    json!({
        "name": person.whole_name(),
        story.way(&["relationshipToChild", "role"]): person.relationship,
        "dateOfBirth": person.born.map(|day| day.to_string()),
        "livesHere": told(person.lives_with_child),
        "parentalResponsibility": told(person.responsible),
        "allegedToHaveHarmed": person.alleged.then(|| answer(story, Told::Yes)),
        "hasAccessToChild": told(person.access),
        "telephone": person.telephone,
    })
}
