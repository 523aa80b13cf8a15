//! What one destination may see of a referral.
//!
//! Statutory social work sees all. The others see the children that were sent to them, the fields
//! of their list, no reason that comes from history, and no withheld address: not in its place,
//! and not where its words recur in another text. What is known from a restricted record, only the
//! named few see; everyone else under statute learns that there is one, and whom to ask.

use super::Routing;
use crate::domain::agency::{Destination, FieldList};
use crate::domain::values::YesNo;
use crate::domain::{Answer, Decision, Mark, Reason, Referral, Route};
use serde_json::{Map, Value, json};

const WITHHELD: &str = "[withheld]";
/// Shorter parts of a withheld address, such as a house number, would take words out of any text.
const TELLING: usize = 5;

impl Routing {
    /// The document that stands behind the claim-check of `to`: marks first, then the decision as
    /// far as it concerns this destination, then the referral.
    pub fn cut(&self, referral: &Referral, to: &Destination, decision: &Decision) -> Value {
        let mut document = referral.document();
        let route = decision.routes.iter().find(|route| route.destination == to.id);
        let withheld = withheld_texts(&document);
        if !to.statutory {
            keep_children(&mut document, route);
            hide_addresses(&mut document);
            redact(&mut document, &withheld.texts);
        }
        if let FieldList::Only(patterns) = &to.fields {
            let patterns: Vec<Vec<&str>> =
                patterns.iter().map(|p| p.split('/').skip(1).collect()).collect();
            let patterns: Vec<&[&str]> = patterns.iter().map(Vec::as_slice).collect();
            document = keep(document, &patterns).unwrap_or_else(|| Value::Object(Map::new()));
        }
        let mut decided = decided(decision, route, to);
        if to.statutory {
            self.name_teams(referral, &mut decided);
        }
        json!({
            "marks": self.marks(referral, decision, &withheld),
            "decision": decided,
            "referral": document,
        })
    }

    /// Which team of social work serves each child's home: whoever passes the case on sends it
    /// there (paragraph 44 of the inspection report).
    fn name_teams(&self, referral: &Referral, decided: &mut Value) {
        let children = decided.get_mut("children").and_then(Value::as_array_mut);
        for (said, child) in children.into_iter().flatten().zip(&referral.children) {
            let locality = self.reader.locality_of_child(referral, child);
            if let Some(team) = locality.and_then(|name| self.locality_teams.get(name)) {
                said["locality_team"] = json!(team);
            }
        }
    }

    /// What everyone who opens the document must see before anything else.
    fn marks(&self, referral: &Referral, decision: &Decision, withheld: &Withheld) -> Value {
        let reasons = decision.children.iter().flat_map(|child| &child.reasons);
        let set: Vec<Mark> =
            reasons.filter_map(|reason| self.marks.get(&reason.rule)).flatten().copied().collect();
        let yes = Answer::<YesNo>::says_yes;
        // What was answered in more than a plain no may hold a reason for silence.
        let silence = &referral.do_not_alert;
        let silence = yes(silence) || silence.is_unreadable();
        let children = referral.children.iter().map(|child| &child.interpreter);
        let people = referral.household.people.iter().map(|person| &person.interpreter);
        let languages = referral.children.iter().filter_map(|child| child.language.value());
        let mut languages: Vec<&str> = languages.map(|language| language.0.as_str()).collect();
        languages.dedup();
        let safety = &referral.worker_safety;
        let unsafe_for_workers = [&safety.violence, &safety.dogs, &safety.weapons];
        json!({
            "do_not_alert": silence || set.contains(&Mark::DoNotAlert),
            "no_relative_interpreter": set.contains(&Mark::NoRelativeInterpreter),
            "interpreter": children.chain(people).any(yes),
            "languages": languages,
            "address_withheld": !withheld.from.is_empty(),
            "withheld_from": withheld.from,
            "keep_confidential": !referral.keep_confidential.is_absent(),
            "worker_safety": unsafe_for_workers.into_iter().any(yes),
            // Its sender has said so; whether that ends anything, people decide.
            "corrected": !referral.corrections.is_empty(),
        })
    }
}

fn decided(decision: &Decision, route: Option<&Route>, to: &Destination) -> Value {
    let sent = |index: u16| route.is_some_and(|route| route.children.contains(&index));
    let children = decision.children.iter().filter(|child| to.statutory || sent(child.index));
    let children = children.map(|child| {
        let reasons = child.reasons.iter().filter(|reason| to.statutory || !reason.history);
        let named = |reason: &&Reason| reason.restricted && !to.restricted;
        let (closed, reasons): (Vec<_>, Vec<_>) = reasons.partition(named);
        let (hidden, reasons): (Vec<_>, Vec<_>) =
            reasons.into_iter().partition(|reason| reason.unreviewed);
        let told = reasons.into_iter().map(shown);
        let held_back = (!hidden.is_empty()).then(unreviewed);
        let restricted = (!closed.is_empty()).then(|| shown(&Reason::of_restricted()));
        json!({
            "index": child.index,
            "level_of_need": {
                "code": child.level.code,
                "label": child.level.label,
                "basis": child.level.basis,
                "suggested": true,
            },
            "priority": child.priority,
            "reasons": told.chain(held_back).chain(restricted).collect::<Vec<_>>(),
        })
    });
    json!({
        "purpose": route.map(|route| &route.purpose),
        "priority": route.map_or(decision.priority, |route| route.priority),
        "due_at": route.map(|route| route.due_at),
        "rules": route.map(|route| decision.rules_told(route, to.restricted)),
        "children": children.collect::<Vec<_>>(),
        "failure": decision.failure,
    })
}

fn shown(reason: &Reason) -> Value {
    json!({
        "rule": reason.rule,
        "basis": reason.basis,
        "why": reason.why,
        "tasks": reason.tasks,
    })
}

/// In place of the history of somebody whom the child may be: it leaves only after review.
fn unreviewed() -> Value {
    json!({
        "rule": "possible-match",
        "basis": "A person confirms who the child is",
        "why": "This may be a child who is known. What is known is shown once a person has \
                confirmed it.",
        "tasks": [],
    })
}

/// Leaves the children that were sent to this destination, in their order.
fn keep_children(document: &mut Value, route: Option<&Route>) {
    let Some(children) = document.get_mut("children").and_then(Value::as_array_mut) else {
        return;
    };
    let mut index = 0_u16;
    children.retain(|_| {
        let sent = route.is_some_and(|route| route.children.contains(&index));
        index = index.saturating_add(1);
        sent
    });
}

fn is_withheld(value: &Value) -> bool {
    let from = value.get("withheld_from").and_then(Value::as_array);
    from.is_some_and(|from| !from.is_empty())
}

/// Replaces each withheld address by the fact that there is one. Where a child is at the moment
/// would tell it as well.
fn hide_addresses(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if map.values().any(is_withheld) {
                map.remove("location_now");
            }
            for inner in map.values_mut() {
                match is_withheld(inner) {
                    true => *inner = json!({ "withheld": true }),
                    false => hide_addresses(inner),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_addresses),
        _ => {}
    }
}

#[derive(Default)]
struct Withheld {
    /// Telling parts of withheld addresses, in lower case.
    texts: Vec<String>,
    /// Names of the people who must not learn them.
    from: Vec<String>,
}

fn withheld_texts(document: &Value) -> Withheld {
    let mut withheld = Withheld::default();
    gather(document, &mut withheld);
    withheld.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    withheld.texts.dedup();
    withheld.from.sort();
    withheld.from.dedup();
    withheld
}

fn gather(value: &Value, into: &mut Withheld) {
    match value {
        Value::Object(map) if is_withheld(value) => {
            for (key, inner) in map {
                match key.as_str() {
                    "withheld_from" => texts_of(inner, &mut into.from),
                    // A town by itself is on half of all referrals.
                    "town" => {}
                    _ => {
                        let mut texts = Vec::new();
                        texts_of(inner, &mut texts);
                        texts.iter().for_each(|text| telling(text, &mut into.texts));
                    }
                }
            }
        }
        Value::Object(map) => map.values().for_each(|inner| gather(inner, into)),
        Value::Array(items) => items.iter().for_each(|inner| gather(inner, into)),
        _ => {}
    }
}

fn texts_of(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|inner| texts_of(inner, into)),
        Value::Object(map) => map.values().for_each(|inner| texts_of(inner, into)),
        _ => {}
    }
}

/// The parts of an address that would tell it, also without blanks.
fn telling(text: &str, into: &mut Vec<String>) {
    for part in text.split([',', '\n']).map(str::trim).chain([text.trim()]) {
        let part = part.to_ascii_lowercase();
        let compact: String = part.chars().filter(|c| !c.is_whitespace()).collect();
        if compact.chars().count() >= TELLING {
            into.extend([part, compact]);
        }
    }
}

fn redact(value: &mut Value, secrets: &[String]) {
    match value {
        Value::String(text) => secrets.iter().for_each(|secret| redact_text(text, secret)),
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secrets)),
        Value::Object(map) => map.values_mut().for_each(|inner| redact(inner, secrets)),
        _ => {}
    }
}

fn redact_text(text: &mut String, secret: &str) {
    // Lower-casing ASCII keeps every byte in its place.
    let mut from = 0;
    while let Some(at) = text.to_ascii_lowercase().get(from..).and_then(|rest| rest.find(secret)) {
        let start = from + at;
        text.replace_range(start..start + secret.len(), WITHHELD);
        from = start + WITHHELD.len();
    }
}

/// What of `value` lies at or below one of the patterns.
fn keep(value: Value, patterns: &[&[&str]]) -> Option<Value> {
    if patterns.iter().any(|pattern| pattern.is_empty()) {
        return Some(value);
    }
    let below = |key: &str| -> Vec<&[&str]> {
        let starts = patterns.iter().filter(|pattern| pattern.first() == Some(&key));
        starts.map(|pattern| &pattern[1..]).collect()
    };
    match value {
        Value::Object(map) => {
            let kept = map.into_iter().filter_map(|(key, inner)| {
                let inner = keep(inner, &below(&key))?;
                Some((key, inner))
            });
            let kept: Map<String, Value> = kept.collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(items) => {
            let patterns = below("*");
            let kept = items.into_iter().filter_map(|item| keep(item, &patterns));
            let kept: Vec<Value> = kept.collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_is_below_it_and_nothing_else() {
        let document = json!({"children": [{"given_name": "A", "ethnicity": "x"}], "worry": "w"});
        let kept = keep(document, &[&["children", "*", "given_name"], &["worry"]]);
        assert_eq!(kept, Some(json!({"children": [{"given_name": "A"}], "worry": "w"})));
    }

    #[test]
    fn a_withheld_address_is_hidden_also_where_its_words_recur() {
        let mut document = json!({
            "children": [{
                "location_now": "with her aunt",
                "address": {
                    "lines": "12 Mill Lane, Elland", "postcode": "HX5 0AB",
                    "withheld_from": ["X Y"]
                }
            }],
            "household": {"address": {"postcode": "HX5 0AB", "town": "Elland"}},
            "worry": "They moved to 12 MILL lane (hx50ab) last week"
        });
        let withheld = withheld_texts(&document);
        hide_addresses(&mut document);
        redact(&mut document, &withheld.texts);
        let text = document.to_string().to_lowercase();
        for secret in ["mill lane", "hx5 0ab", "hx50ab", "aunt"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert_eq!(withheld.from, ["X Y"]);
    }
}
