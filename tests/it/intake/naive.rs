//! An independent reading of a body: the plainest way from JSON to the canonical document, driven
//! by the published schema, sharing no code with the gateway.

use super::shape::{Shape, schema};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Plain JSON; a number that would not be written as it was read becomes its text.
pub(super) fn parse(text: &str) -> Option<Value> {
    let text = text.trim_matches([' ', '\n', '\r', '\t']);
    match text.bytes().next()? {
        b'{' => {
            let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
            let members = members.into_iter().map(|(k, v)| Some((k, parse(v.get())?)));
            members.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        b'[' => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
            items.iter().map(|item| parse(item.get())).collect::<Option<_>>().map(Value::Array)
        }
        _ => {
            let value: Value = serde_json::from_str(text).ok()?;
            let written = value.to_string();
            let changed = value.is_number() && written != text;
            Some(if changed { Value::from(text) } else { value })
        }
    }
}

/// The canonical form of what is stated, `None` when nothing is said.
pub(super) fn canonical(shape: &Shape, stated: &Value) -> Option<Value> {
    match shape {
        Shape::Answer(_) if empty(stated) => None,
        Shape::Answer(definition) => Some(answer(definition, stated)),
        Shape::List(item) => {
            let one = [stated.clone()];
            let items = match stated {
                Value::Null => return None,
                Value::Array(items) => items.as_slice(),
                _ => &one,
            };
            let read = items.iter().map(|stated| canonical(item, stated).unwrap_or(Value::Null));
            (!items.is_empty()).then(|| read.collect())
        }
        Shape::Record { fields, scalar } => {
            let members = match stated {
                Value::Object(members) => members.clone(),
                _ if empty(stated) => return None,
                _ => {
                    let key = scalar.as_deref().unwrap_or("as_stated");
                    Map::from_iter([(key.to_owned(), stated.clone())])
                }
            };
            let mut out = Map::new();
            for (key, value) in members {
                let read = match fields.get(&key) {
                    Some(field) => canonical(field, &value),
                    None => Some(value),
                };
                if let Some(read) = read {
                    out.insert(key, read);
                }
            }
            (!out.is_empty()).then_some(Value::Object(out))
        }
    }
}

fn empty(stated: &Value) -> bool {
    match stated {
        Value::Null => true,
        Value::String(text) => text.trim() == "",
        Value::Array(items) => items.is_empty(),
        Value::Object(_) => {
            *stated == json!({}) || unreadable(stated).is_some_and(|text| text.trim() == "")
        }
        _ => false,
    }
}

fn unreadable(stated: &Value) -> Option<&str> {
    let members = stated.as_object()?;
    (members.len() == 1).then(|| members.get("unreadable")?.as_str()).flatten()
}

fn answer(definition: &str, stated: &Value) -> Value {
    let text = match stated {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if stated.is_string() && ["not-known", "refused"].contains(&text.trim()) {
        return Value::from(text.trim());
    }
    let scalar = stated.is_string() || stated.is_number();
    let read =
        match definition {
            "Words" => scalar.then(|| Value::from(text.as_str())),
            "YesNo" => yes_no(stated, &text),
            "Danger" => yes_no(stated, &text)
                .or((stated.is_string() && stopped(&text) == "unknown")
                    .then(|| Value::from("unknown"))),
            "Date" => stated.as_str().and_then(date).map(Value::from),
            "Small" => small(stated),
            "NhsNumber" if scalar => nhs_number(&text).map(Value::from),
            "Upn" => stated.as_str().and_then(upn).map(Value::from),
            "Postcode" => stated.as_str().and_then(postcode).map(Value::from),
            _ if scalar => code(definition, text.trim()).map(Value::from),
            _ => None,
        };
    let kept = || json!({"unreadable": unreadable(stated).unwrap_or(&text)});
    read.unwrap_or_else(kept)
}

fn yes_no(stated: &Value, text: &str) -> Option<Value> {
    match stated {
        Value::Number(number) if number.as_f64() == Some(1.0) => return Some("yes".into()),
        Value::Number(number) if number.as_f64() == Some(0.0) => return Some("no".into()),
        Value::String(_) | Value::Bool(_) => {}
        _ => return None,
    }
    match stopped(text).as_str() {
        "yes" | "y" | "true" | "1" | "yes, now" | "yes now" => Some("yes".into()),
        "no" | "n" | "false" | "0" => Some("no".into()),
        _ => None,
    }
}

/// In lower case, without the blanks and stops around it.
fn stopped(text: &str) -> String {
    let mut text = text.trim().to_ascii_lowercase();
    while text.ends_with(|c: char| c.is_whitespace() || ".!,".contains(c)) {
        text.pop();
    }
    text
}

fn small(stated: &Value) -> Option<Value> {
    let number: u64 = match stated {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (number <= 150).then(|| number.into())
}

fn date(text: &str) -> Option<String> {
    let day = text.trim().split('T').next()?;
    let parts: Vec<&str> = day.split(|c| "-/.".contains(c)).collect();
    let digits = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
    if parts.len() != 3 || !parts.iter().all(digits) {
        return None;
    }
    let (y, m, d) = if parts[0].len() == 4 { (0, 1, 2) } else { (2, 1, 0) };
    let year: u32 = parts[y].parse().ok().filter(|_| parts[y].len() == 4)?;
    let (month, day): (u32, u32) = (parts[m].parse().ok()?, parts[d].parse().ok()?);
    let every = |years: u32| year.is_multiple_of(years);
    let leap = every(4) && (!every(100) || every(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    let real = (1..=days).contains(&day) && (1900..=2100).contains(&year);
    real.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

fn nhs_number(text: &str) -> Option<String> {
    let kept: String = text.trim().chars().filter(|c| !" -".contains(*c)).collect();
    let digits: Vec<u32> = kept.chars().map(|c| c.to_digit(10)).collect::<Option<_>>()?;
    if digits.len() != 10 || !kept.is_ascii() {
        return None;
    }
    let sum: u32 = (0..9).map(|i| digits[i] * (10 - i as u32)).sum();
    ((sum + digits[9]).is_multiple_of(11)).then_some(kept)
}

fn upn(text: &str) -> Option<String> {
    const LETTERS: &str = "ABCDEFGHJKLMNPQRTUVWXYZ";
    let upper = text.trim().to_ascii_uppercase();
    let characters: Vec<char> = upper.chars().collect();
    if characters.len() != 13 || !characters[1..12].iter().all(char::is_ascii_digit) {
        return None;
    }
    let value = |c: char| c.to_digit(10).map(|d| d as usize).or_else(|| LETTERS.find(c));
    let mut sum = 0;
    for (index, character) in characters.iter().enumerate().skip(1) {
        sum += value(*character)? * (index + 1);
    }
    (LETTERS.chars().nth(sum % 23) == Some(characters[0])).then_some(upper)
}

fn postcode(text: &str) -> Option<String> {
    let compact: String = text.split_whitespace().collect::<String>().to_ascii_uppercase();
    let shape: String = compact
        .chars()
        .map(|c| match c {
            '0'..='9' => '9',
            'A'..='Z' => 'A',
            _ => '?',
        })
        .collect();
    let shapes = ["A99AA", "A999AA", "AA99AA", "AA999AA", "A9A9AA", "AA9A9AA"];
    if !shapes.contains(&shape.as_str()) {
        return None;
    }
    let (outward, inward) = compact.split_at(compact.len() - 3);
    (!inward.contains(['C', 'I', 'K', 'M', 'O', 'V'])).then(|| format!("{outward} {inward}"))
}

fn code(definition: &str, text: &str) -> Option<String> {
    thread_local!(static SCHEMA: Value = schema());
    SCHEMA.with(|schema| {
        let listed = schema["$defs"][definition]["anyOf"][0]["oneOf"].as_array().expect("codes");
        let codes = listed.iter().filter_map(|entry| entry["const"].as_str());
        codes.into_iter().find(|code| code.eq_ignore_ascii_case(text)).map(str::to_owned)
    })
}
