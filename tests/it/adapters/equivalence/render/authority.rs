//! A transfer from another local authority.

use super::{CHILDREN, COMMON, Format, bytes, grouped, typed};
use crate::adapters::equivalence::story::{Child, Home, Person, Story, Told};
use frontdoor::adapter::manifest::Decoder;
use serde_json::{Value, json};

pub(super) const FORMAT: Format = Format {
    name: "local-authority-json",
    adapter: "local-authority-json",
    decoder: Decoder::Json,
    render,
    expresses: &[COMMON, CHILDREN, &["/children/*/mother_name", "/indicators/*", "/request"]],
    adds: &["/referrer/source"],
    as_told,
};

/// The kind of document asks for protection or assessment, and for nothing else.
fn as_told(story: &mut Story) {
    story.request = story.request.filter(|request| ["protection", "assessment"].contains(request));
}

fn answer(story: &Story, told: Told) -> Value {
    match (told, story.hand % 3) {
        (Told::Yes, 0) => json!(true),
        (Told::No, 0) => json!(false),
        (told, _) => {
            let ways: [&str; 2] = match told {
                Told::Yes => ["Yes", "y"],
                Told::No => ["No", "n"],
                Told::NotKnown => ["unknown", "not known"],
            };
            json!(story.way(&ways))
        }
    }
}

fn render(story: &Story) -> Vec<u8> {
    let told = |told: Option<Told>| told.map(|told| answer(story, told));
    let referrer = &story.referrer;
    let name = format!("{} {}", referrer.given, referrer.family);
    let codes: Vec<&str> = story.concerns.iter().map(|concern| concern.code).collect();
    let kind = story.request.and_then(|request| match request {
        "protection" => Some(story.way(&["transfer-in-conference", "child-protection-transfer"])),
        "assessment" => Some("child-in-need-transfer"),
        _ => None,
    });
    // What one child has missing is asked of that child.
    let asked = story.hand % 2 == 0;
    let signs: Vec<&str> =
        story.signs.iter().copied().filter(|sign| !asked || *sign != "missing-now").collect();
    let mut children: Vec<Value> = story.children.iter().map(|one| child(story, one)).collect();
    if asked && story.has_sign("missing-now") {
        children[0]["missingNow"] = answer(story, Told::Yes);
    }
    let people: Vec<Value> = story.people.iter().map(|one| person(story, one)).collect();
    let mut transfer = json!({
        "schemaVersion": "2",
        "transferId": story.message_id,
        "messageType": kind,
        "status": story.withdrawn.then(|| story.way(&["withdrawn", "entered-in-error"])),
        "sentAt": story.written.map(|day| day.to_string()),
        "sendingAuthority": {"name": referrer.agency},
        "sentBy": {"name": name, "role": referrer.role, "telephone": referrer.telephone},
        "immediateDanger": told(story.danger),
        story.way(&["reason", "summary", "risks"]): story.worry,
        "factors": codes,
        "indicators": signs,
        "levelOfNeed": story.level,
        "agreement": {
            "informed": told(story.informed),
            "agreed": told(story.agreed),
            "reason": story.reason,
        },
        "doNotAlertFamily": told(story.do_not_alert),
        "children": children,
        "household": {"people": people},
    });
    // The home is said of each child, or once of the household.
    if let Some(home) = &story.home {
        let address = address(story, home);
        if story.hand % 2 == 1 {
            transfer["household"]["address"] = address;
        } else {
            for child in transfer["children"].as_array_mut().expect("a list") {
                child["currentAddress"] = address.clone();
            }
        }
    }
    bytes(transfer)
}

fn address(story: &Story, home: &Home) -> Value {
    json!({
        story.way(&["line1", "lines"]): home.lines,
        "town": home.town,
        "postcode": home.postcode.map(|code| typed(story, code)),
        "withheldFrom": home.withheld_from,
    })
}

fn child(story: &Story, child: &Child) -> Value {
    let sex = child.sex.map(|sex| match sex {
        "M" => story.way(&["M", "male", "1"]),
        "F" => story.way(&["F", "Female", "2"]),
        other => other,
    });
    json!({
        "givenName": child.given,
        "familyName": child.family,
        "dateOfBirth": child.born().map(|day| day.to_string()),
        "unborn": child.is_unborn().then(|| answer(story, Told::Yes)),
        "expectedDate": child.due().map(|day| day.to_string()),
        "sex": sex,
        "nhsNumber": child.nhs_number.as_deref().map(|number| grouped(story, number)),
        "views": child.words,
        "motherName": child.mother,
    })
}

fn person(story: &Story, person: &Person) -> Value {
    let told = |told: Option<Told>| told.map(|told| answer(story, told));
    json!({
        "name": person.whole_name(),
        "relationship": person.relationship,
        "dateOfBirth": person.born.map(|day| day.to_string()),
        "livesWithChild": told(person.lives_with_child),
        "parentalResponsibility": told(person.responsible),
        "allegedToHaveHarmed": person.alleged.then(|| answer(story, Told::Yes)),
        "hasAccessToChild": told(person.access),
        "telephone": person.telephone,
    })
}
