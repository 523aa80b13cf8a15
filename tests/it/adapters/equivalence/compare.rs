//! Canonical documents side by side.

use super::render::Format;
use frontdoor::domain::{ChildDecision, Decision, Referral, Route};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// The document in the form in which documents of all formats are compared. It is read first, so
/// that `true` is `yes` and `hx75aa` is `HX7 5AA`; and where a format has only one place for what
/// another may say in two, it is said in one:
///
/// - a child has a whole name beside its parts;
/// - the household's home is that of each child who has no other;
/// - of danger, `not-known` and `unknown` are one, as they are to every rule.
pub(super) fn normal(document: &Value) -> Value {
    let mut normal = Referral::read(document.clone()).0.document();
    let home = normal["household"]["address"].take();
    for child in normal["children"].as_array_mut().into_iter().flatten() {
        if child["full_name"].is_null() {
            let parts = [&child["given_name"], &child["family_name"]];
            let parts: Vec<&str> = parts.into_iter().filter_map(Value::as_str).collect();
            child["full_name"] = json!(parts.join(" "));
        }
        if child["address"].is_null() {
            child["address"] = home.clone();
        }
    }
    let children = normal["children"].as_array();
    let everywhere = children.is_some_and(|all| all.iter().all(|child| child["address"] == home));
    if !everywhere {
        normal["household"]["address"] = home;
    }
    if normal["danger_now"] == "not-known" {
        normal["danger_now"] = json!("unknown");
    }
    normal
}

/// The items of a list with the names by which they are compared: what has no order goes by what
/// it is. Of two alike the second is another, so that nothing is said twice unnoticed.
fn named<'a>(list: &str, items: &'a [Value]) -> Vec<(String, &'a Value)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let name = |(index, item): (usize, &'a Value)| {
        let name = match list {
            "people" => item["name"].as_str().map(str::to_owned),
            "concerns" => Some(item["code"].as_str().unwrap_or("words").to_owned()),
            "indicators" => item.as_str().map(str::to_owned),
            _ => None,
        };
        let name = name.unwrap_or_else(|| index.to_string()).replace('/', "_");
        let nth = seen.entry(name.clone()).or_default();
        *nth += 1;
        (if *nth > 1 { format!("{name} ({nth})") } else { name }, item)
    };
    items.iter().enumerate().map(name).collect()
}

/// Visits each answer with its place.
fn each(value: &Value, place: &str, visit: &mut dyn FnMut(&str, &Value)) {
    let key = place.rsplit('/').next().unwrap_or_default();
    match value {
        Value::Null => {}
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| each(value, &format!("{place}/{key}"), visit));
        }
        Value::Array(items) => {
            for (name, item) in named(key, items) {
                each(item, &format!("{place}/{name}"), visit);
            }
        }
        answer => visit(place, answer),
    }
}

/// Each answer by its place.
pub(super) fn flat(document: &Value) -> BTreeMap<String, Value> {
    let mut flat = BTreeMap::new();
    each(document, "", &mut |place, answer| drop(flat.insert(place.to_owned(), answer.clone())));
    flat
}

/// Whether a place is one of a pattern, in which `*` stands for any child, person or item.
pub(super) fn matches(pattern: &str, place: &str) -> bool {
    let mut parts = place.split('/');
    pattern.split('/').all(|part| parts.next().is_some_and(|next| part == "*" || part == next))
        && parts.next().is_none()
}

/// The pattern of a place, as far as lists have names or numbers of items in it.
pub(super) fn general(place: &str) -> String {
    let lists = ["children", "people", "concerns", "indicators", "corrections", "withheld_from"];
    let mut after_list = false;
    let part = |part: &str| {
        let general = if after_list { "*" } else { part }.to_owned();
        after_list = lists.contains(&part);
        general
    };
    place.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// The document without what a format cannot express. It can be decided.
pub(super) fn expressed(format: &Format, document: &Value) -> Value {
    fn kept(format: &Format, value: &Value, place: &str) -> Option<Value> {
        let key = place.rsplit('/').next().unwrap_or_default();
        match value {
            Value::Null => None,
            Value::Object(members) => {
                let inner = |(key, value): (&String, &Value)| {
                    Some((key.clone(), kept(format, value, &format!("{place}/{key}"))?))
                };
                let members: Map<String, Value> = members.iter().filter_map(inner).collect();
                (!members.is_empty()).then_some(Value::Object(members))
            }
            Value::Array(items) => {
                let inner =
                    |(name, item): (String, &Value)| kept(format, item, &format!("{place}/{name}"));
                let items: Vec<Value> = named(key, items).into_iter().filter_map(inner).collect();
                (!items.is_empty()).then_some(Value::Array(items))
            }
            answer => format.expresses(place).then(|| answer.clone()),
        }
    }
    kept(format, document, "").unwrap_or_else(|| json!({}))
}

/// Where what an adapter made differs from the story.
#[derive(Default)]
pub(super) struct Differences(Vec<String>);

impl Differences {
    pub(super) fn between(format: &Format, story: &Value, made: &Value) -> Differences {
        let mut differences = Differences::default();
        let made = flat(made);
        let story: BTreeMap<String, Value> =
            flat(story).into_iter().filter(|(place, _)| format.expresses(place)).collect();
        for (place, told) in &story {
            match made.get(place) {
                Some(same) if same == told => {}
                Some(other) => differences.0.push(format!("{place}: {told} became {other}")),
                None => differences.0.push(format!("{place}: {told} is lost")),
            }
        }
        for (place, said) in &made {
            if !story.contains_key(place) && !format.adds(place) {
                differences.0.push(format!("{place}: {said} was told by nobody"));
            }
        }
        differences
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

/// Level, priority and routes: of the whole, then of each child.
pub(super) fn outcome(decision: &Decision) -> Vec<String> {
    let route = |route: &Route| {
        let (to, purpose) = (route.destination.as_str(), route.purpose.as_str());
        let (priority, due) = (route.priority.as_str(), route.due_at);
        format!("to {to}: {purpose} {priority} by {due:?}, children {:?}", route.children)
    };
    let routes = |all: &[Route]| {
        let mut all: Vec<String> = all.iter().map(route).collect();
        all.sort_unstable();
        all.join("; ")
    };
    let child = |child: &ChildDecision| {
        let (level, priority) = (&child.level.code, child.priority.as_str());
        format!("child {}: {level} {priority} {}", child.index, routes(&child.routes))
    };
    let (level, priority) = (&decision.level.code, decision.priority.as_str());
    let whole = format!("{level} {priority} {}", routes(&decision.routes));
    std::iter::once(whole).chain(decision.children.iter().map(child)).collect()
}
