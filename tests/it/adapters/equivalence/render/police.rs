//! A police protection notice, in its two notations: one document, written as JSON or as XML.

use super::{CHILDREN, COMMON, Format, bytes, grouped, said, typed};
use crate::adapters::equivalence::story::{Child, Person, Story, Told};
use frontdoor::adapter::manifest::Decoder;
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) const XML: Format =
    Format { name: "police-ppn in XML", decoder: Decoder::Xml, render: xml, ..JSON };

pub(super) const JSON: Format = Format {
    name: "police-ppn in JSON",
    adapter: "police-ppn",
    decoder: Decoder::Json,
    render: json,
    expresses: &[
        COMMON,
        CHILDREN,
        &["/children/*/estimated_age", "/concerns/*/detail", "/indicators/*"],
    ],
    adds: &["/referrer/source"],
    as_told: |_| (),
};

fn answer(story: &Story, told: Told) -> Value {
    match (told, story.hand % 3) {
        (Told::Yes, 0) => json!(true),
        (Told::No, 0) => json!(false),
        (told, _) => {
            let ways: [&str; 2] = match told {
                Told::Yes => ["yes", "Y"],
                Told::No => ["no", "N"],
                Told::NotKnown => ["unknown", "Not known"],
            };
            json!(story.way(&ways))
        }
    }
}

fn event(story: &Story) -> Value {
    let told = |told: Option<Told>| told.map(|told| answer(story, told));
    let referrer = &story.referrer;
    let name = if story.hand % 2 == 0 {
        json!({"given": referrer.given, "family": referrer.family})
    } else {
        json!(format!("{} {}", referrer.given, referrer.family))
    };
    let concerns: Vec<Value> = story
        .concerns
        .iter()
        .map(|concern| json!({"code": concern.code, "detail": concern.words}))
        .collect();
    // The canonical words for danger are read as they are.
    let danger = story.danger.map(|told| match told {
        Told::NotKnown => json!("unknown"),
        told => answer(story, told),
    });
    json!({
        "occurrence_no": story.message_id,
        "status": story.withdrawn.then_some("withdrawn"),
        "force": referrer.agency,
        "officer": {"name": name, "rank": referrer.role, "telephone": referrer.telephone},
        "reported_at": story.written.map(|day| day.to_string()),
        "grade": story.level,
        "immediate_danger": danger,
        "narrative": story.worry,
        "concerns": concerns,
        "indicators": story.signs,
        "agreement": {
            "informed": told(story.informed),
            "agreed": told(story.agreed),
            "reason": story.reason,
        },
        "do_not_alert": told(story.do_not_alert),
    })
}

fn persons(story: &Story) -> Value {
    let children = story.children.iter().map(|one| child(story, one));
    children.chain(story.people.iter().map(|one| person(story, one))).collect()
}

fn location(story: &Story) -> Value {
    let Some(home) = &story.home else { return Value::Null };
    let secret = (!home.withheld_from.is_empty()).then(|| answer(story, Told::Yes));
    json!({
        "kind": "home",
        "line": home.lines,
        "town": home.town,
        "postcode": home.postcode.map(|code| typed(story, code)),
        "do_not_disclose": secret,
        "do_not_disclose_to": home.withheld_from,
    })
}

fn child(story: &Story, child: &Child) -> Value {
    let role = if child.is_unborn() {
        story.way(&["unborn child", "Unborn"])
    } else {
        story.way(&["child", "Subject child"])
    };
    json!({
        "role": role,
        "name": {"given": child.given, "family": child.family},
        "dob": child.born().map(|day| day.to_string()),
        "apparent_age": child.years(),
        "expected_date": child.due().map(|day| day.to_string()),
        "sex": child.sex.map(|sex| match sex {
            "M" => story.way(&["M", "Male"]),
            "F" => story.way(&["F", "female"]),
            _ => story.way(&["U", "Unknown"]),
        }),
        "nhs_number": child.nhs_number.as_deref().map(|number| grouped(story, number)),
        "words": child.words,
    })
}

/// Someone with a role of their own has the relationship beside it; of another it is the role.
fn person(story: &Story, person: &Person) -> Value {
    let told = |told: Option<Told>| told.map(|told| answer(story, told));
    let (role, relationship) = if person.alleged {
        (Some(story.way(&["suspect", "Alleged offender"])), person.relationship)
    } else {
        (person.relationship, None)
    };
    json!({
        "role": role,
        "relationship": relationship,
        "name": {"given": person.given, "family": person.family},
        "dob": person.born.map(|day| day.to_string()),
        "lives_with_child": told(person.lives_with_child),
        "parental_responsibility": told(person.responsible),
        "access_to_child": told(person.access),
        "telephone": person.telephone,
    })
}

fn json(story: &Story) -> Vec<u8> {
    let mut notice = event(story);
    notice["persons"] = persons(story);
    notice["location"] = location(story);
    bytes(notice)
}

fn xml(story: &Story) -> Vec<u8> {
    let mut text = r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned();
    text.push_str("\n<PPN xmlns=\"urn:example:ppn\" version=\"1.0\">");
    for (name, value) in
        [("event", event(story)), ("persons", persons(story)), ("location", location(story))]
    {
        element(story, &mut text, name, &said(value).unwrap_or_default());
    }
    text.push_str("</PPN>\n");
    text.into_bytes()
}

/// Elements of a name, one for each of a list.
fn element(story: &Story, into: &mut String, name: &str, value: &Value) {
    let tag: String = match name {
        "persons" => "person",
        "concerns" => "concern",
        "indicators" => "indicator",
        one => one,
    }
    .split('_')
    .map(|word| word[..1].to_uppercase() + &word[1..])
    .collect();
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| element(story, into, name, item)),
        Value::Object(members) => {
            write!(into, "\n<{tag}>").expect("text");
            members.iter().for_each(|(name, value)| element(story, into, name, value));
            write!(into, "</{tag}>").expect("text");
        }
        Value::String(text) => {
            write!(into, "\n<{tag}>{}</{tag}>", written(story, text)).expect("text")
        }
        other => write!(into, "\n<{tag}>{other}</{tag}>").expect("text"),
    }
}

/// Text with its markup escaped, or set apart.
fn written(story: &Story, text: &str) -> String {
    if story.hand % 2 == 0 {
        return text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    }
    format!("<![CDATA[{}]]>", text.replace("]]>", "]]]]><![CDATA[>"))
}
