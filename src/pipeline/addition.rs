//! Putting what was missing, or is new, to a referral that was accepted.
//!
//! Nothing known is lost: what a later statement replaces is kept as a source note, concerns and
//! signs are only added to, and danger only rises. Nobody takes another's place: a child or person
//! who contradicts the one that is known is a further one.

use super::identity::{Identity, ListOf};
use crate::domain::Children;
use serde_json::{Map, Value, json};

/// How a note begins that holds what a later statement replaced.
const REPLACED: &str = "before a later addition: ";

/// What is put to a referral, and what that replaces.
struct Putting {
    /// The sender's whole document again, under the same message id: a child or person at the same
    /// place of it, of the same name or number, is the same although another answer was mended.
    again: bool,
    replaced: Vec<Value>,
}

/// The canonical document with the addition put to it. `again` says that it is the sender's whole
/// document, changed.
pub(super) fn merge(known: Value, addition: Value, again: bool) -> Value {
    let mut putting = Putting { again, replaced: Vec::new() };
    let mut merged = merge_at("", known, addition, &mut putting);
    let replaced = putting.replaced;
    if let Value::Object(map) = &mut merged
        && !replaced.is_empty()
    {
        let notes = map.entry("notes").or_insert_with(|| json!([]));
        if let Value::Array(notes) = notes {
            notes.extend(replaced);
        }
    }
    merged
}

fn merge_at(pointer: &str, known: Value, addition: Value, putting: &mut Putting) -> Value {
    match (known, addition) {
        (known, Value::Null) => known,
        (known, addition) if is_open(&known) => fill(&known, addition),
        (Value::Object(known), Value::Object(addition)) => {
            Value::Object(merge_objects(pointer, known, addition, putting))
        }
        (Value::Array(known), addition) => merge_lists(pointer, known, addition, putting),
        (known, addition) if known == addition || is_open(&addition) => known,
        (known, addition) => match pointer {
            "/danger_now" => graver(known, addition),
            "/worry" => worries(&text(&known), &text(&addition)),
            _ => {
                let label = format!("{REPLACED}{pointer}");
                putting.replaced.push(json!({ "label": label, "text": text(&known) }));
                addition
            }
        },
    }
}

fn merge_objects(
    pointer: &str,
    mut known: Map<String, Value>,
    addition: Map<String, Value>,
    putting: &mut Putting,
) -> Map<String, Value> {
    for (key, value) in addition.into_iter().filter(|(key, _)| key != "index") {
        let before = known.remove(&key).unwrap_or(Value::Null);
        let merged = merge_at(&format!("{pointer}/{key}"), before, value, putting);
        known.insert(key, merged);
    }
    known
}

fn merge_lists(
    pointer: &str,
    mut known: Vec<Value>,
    addition: Value,
    putting: &mut Putting,
) -> Value {
    let items = match addition {
        Value::Array(items) => items,
        single => vec![single],
    };
    let list = ListOf::at(pointer);
    let meant = match &list {
        Some(list) => all_meant(list, &known, &items, putting.again),
        None => vec![None; items.len()],
    };
    for (item, meant) in items.into_iter().zip(meant) {
        if let Some(index) = meant {
            let before = std::mem::take(&mut known[index]);
            known[index] = merge_at(&format!("{pointer}/{index}"), before, item, putting);
        } else if !known.contains(&item) && !item.is_null() {
            known.push(without_index(item));
        }
    }
    Value::Array(known)
}

/// Which of the known items each added one is about. In a document that is sent again no two are
/// about the same: whom one agrees with is found first, then who stands at its own place.
fn all_meant(list: &ListOf, known: &[Value], items: &[Value], again: bool) -> Vec<Option<usize>> {
    let known: Vec<Identity> = known.iter().map(|item| list.identity(item)).collect();
    if !again {
        let meant = |(place, item)| meant(list, &known, place, item);
        return items.iter().enumerate().map(meant).collect();
    }
    let stated: Vec<Identity> = items.iter().map(|item| list.identity(item)).collect();
    let mut meant: Vec<Option<usize>> = stated
        .iter()
        .map(|stated| {
            let mut agreeing = (0..known.len()).filter(|index| known[*index].agrees(stated));
            agreeing.next().filter(|_| agreeing.next().is_none())
        })
        .collect();
    for place in 0..items.len() {
        let twice = meant[..place].contains(&meant[place]);
        if twice {
            meant[place] = None;
        }
        let free = place < known.len() && !meant.contains(&Some(place));
        if meant[place].is_none() && free && items[place].is_object() {
            let (at_place, stated) = (&known[place], &stated[place]);
            let same = !at_place.contradicts(stated) || at_place.is_mended_by(stated);
            meant[place] = same.then_some(place);
        }
    }
    meant
}

/// Whether both documents name children, and none of one can be a child of the other: then they
/// are about different families, whatever id they share.
pub(super) fn is_of_others(known: &Value, addition: &Value) -> bool {
    let children = |document: &Value| -> Vec<Identity> {
        let all = document.get("children").and_then(Value::as_array);
        all.into_iter().flatten().map(|child| ListOf::Children.identity(child)).collect()
    };
    let (known, stated) = (children(known), children(addition));
    let maybe =
        |one: &Identity, other: &Identity| !one.contradicts(other) || one.is_mended_by(other);
    let some = known.iter().any(|one| stated.iter().any(|other| maybe(one, other)));
    !known.is_empty() && !stated.is_empty() && !some
}

/// What a referral says of a child's safety, and not of who it is and how to reach it.
const SAID: [&str; 14] = [
    "worry",
    "concerns",
    "indicators",
    "danger_now",
    "harm",
    "domains",
    "primary_need",
    "abuse_category",
    "agreement",
    "request",
    "worker_safety",
    "do_not_alert",
    "keep_confidential",
    "corrections",
];
/// The same of one child.
const SAID_OF_A_CHILD: [&str; 8] = [
    "own_words",
    "location_now",
    "seen",
    "seen_alone",
    "agreement",
    "private_fostering",
    "social_worker",
    "contact",
];
/// Of an adult these say nothing of safety.
const OF_REACHING: [&str; 3] = ["telephone", "language", "interpreter"];

/// The children of whose safety something new is said; none where nothing is.
pub(super) fn news(known: &Value, merged: &Value) -> Option<Children> {
    let differs =
        |before: &Value, after: &Value, member: &str| before.get(member) != after.get(member);
    let withheld = |of: &Value| of.pointer("/address/withheld_from").cloned();
    let list = |document: &Value| document.get("children").and_then(Value::as_array).cloned();
    let (before, after) = (list(known).unwrap_or_default(), list(merged).unwrap_or_default());
    let home = |document: &Value| document.get("household").and_then(withheld);
    let of_all = SAID.iter().any(|member| differs(known, merged, member))
        || people(known) != people(merged)
        || home(known) != home(merged)
        || unplaced(known) != unplaced(merged);
    let news = |index: &usize| {
        let earlier = before.get(*index).unwrap_or(&Value::Null);
        let child = &after[*index];
        let own = |member: &&str| differs(earlier, child, member);
        let said = SAID_OF_A_CHILD.iter().any(own) || withheld(earlier) != withheld(child);
        of_all || earlier.is_null() || said
    };
    let some = (0..after.len()).filter(news).map(|index| u16::try_from(index).unwrap_or(u16::MAX));
    let some: Vec<u16> = some.collect();
    (of_all || !some.is_empty()).then(|| Children::of(&some))
}

/// Adults, but for how to reach them.
fn people(document: &Value) -> Vec<Value> {
    let all = document.pointer("/household/people").and_then(Value::as_array);
    let mut all = all.cloned().unwrap_or_default();
    for person in all.iter_mut().filter_map(Value::as_object_mut) {
        person.retain(|member, _| !OF_REACHING.contains(&member.as_str()));
    }
    all
}

/// Parts of the source that have no place; what a later statement replaced is none of them.
fn unplaced(document: &Value) -> Vec<&Value> {
    let notes = document.get("notes").and_then(Value::as_array).into_iter().flatten();
    let replaced = |note: &&Value| {
        let label = note.get("label").and_then(Value::as_str);
        label.is_some_and(|label| label.starts_with(REPLACED))
    };
    notes.filter(|note| !replaced(note)).collect()
}

/// Which of the known items an added one is about: the one that its `index` names, or the one at
/// its own place unless they contradict each other, or the only other that it agrees with.
fn meant(list: &ListOf, known: &[Identity], place: usize, item: &Value) -> Option<usize> {
    if !item.is_object() {
        return None;
    }
    if let Some(index) = item.get("index").and_then(Value::as_u64) {
        return usize::try_from(index).ok().filter(|index| *index < known.len());
    }
    let stated = list.identity(item);
    if known.get(place).is_some_and(|at_place| !at_place.contradicts(&stated)) {
        return Some(place);
    }
    let mut agreeing = (0..known.len()).filter(|index| known[*index].agrees(&stated));
    let first = agreeing.next();
    first.filter(|_| agreeing.next().is_none())
}

/// `index` says where an addition belongs; it is no part of a referral.
fn without_index(mut item: Value) -> Value {
    if let Value::Object(map) = &mut item {
        map.remove("index");
    }
    item
}

/// Nothing is known here yet.
pub(super) fn is_open(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => matches!(text.trim(), "" | "not-known" | "refused"),
        Value::Object(map) => map.len() == 1 && map.contains_key("unreadable"),
        _ => false,
    }
}

/// An addition that says nothing does not replace a statement that could not be read.
fn fill(known: &Value, addition: Value) -> Value {
    if known.is_object() && is_open(&addition) { known.clone() } else { addition }
}

/// Both, but what was said before is not said twice.
fn worries(known: &str, addition: &str) -> Value {
    if known.contains(addition) {
        return json!(known);
    }
    if addition.contains(known) {
        return json!(addition);
    }
    json!(format!("{known}\n\n{addition}"))
}

fn graver(known: Value, addition: Value) -> Value {
    let rank = |value: &Value| match value {
        Value::Bool(true) => 2,
        Value::Bool(false) => 0,
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" => 2,
            "no" | "n" | "false" => 0,
            _ => 1,
        },
        _ => 1,
    };
    if rank(&addition) > rank(&known) { addition } else { known }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_answers_are_filled_and_known_ones_are_kept_as_notes_when_replaced() {
        let known = json!({
            "children": [{"given_name": "Ada", "date_of_birth": {"unreadable": "12/13/2019"}}],
        });
        let addition = json!({
            "children": [{"index": 0, "given_name": "Adah", "date_of_birth": "2019-12-13"}]
        });
        let merged = merge(known, addition, false);
        assert_eq!(merged["children"][0]["date_of_birth"], "2019-12-13");
        assert_eq!(merged["children"][0]["given_name"], "Adah");
        assert_eq!(merged["notes"][0]["text"], "Ada");
    }

    #[test]
    fn danger_only_rises_and_concerns_are_only_added_to() {
        let known = json!({"danger_now": "yes", "concerns": ["16A"], "worry": "one"});
        let addition = json!({"danger_now": "no", "concerns": ["11A", "16A"], "worry": "two"});
        let merged = merge(known, addition, false);
        assert_eq!(merged["danger_now"], "yes");
        assert_eq!(merged["concerns"], json!(["16A", "11A"]));
        assert_eq!(merged["worry"], "one\n\ntwo");
    }

    #[test]
    fn a_further_child_is_added_and_an_index_names_a_known_one() {
        let known = json!({"children": [{"given_name": "A"}, {"given_name": "B"}]});
        let addition = json!({"children": [{"index": 1, "sex": "F"}, {"index": 2, "sex": "M"}]});
        let merged = merge(known, addition, false);
        assert_eq!(merged["children"][1], json!({"given_name": "B", "sex": "F"}));
        assert_eq!(merged["children"][2], json!({"sex": "M"}));
        assert_eq!(merged["children"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn a_further_child_or_person_never_takes_the_place_of_a_known_one() {
        let ada = json!({"given_name": "Ada", "date_of_birth": "2019-03-04", "upn": "x"});
        let known = || json!({"children": [ada], "household": {"people": [{"name": "A. Rowe"}]}});
        let further = [
            json!({"given_name": "Ben", "date_of_birth": "2021-05-06"}),
            json!({"given_name": "ADA", "date_of_birth": "06/05/2021"}),
            json!({"full_name": "Ben Rowe"}),
        ];
        for child in further {
            let merged = merge(known(), json!({"children": [child]}), false);
            assert_eq!(merged["children"], json!([ada, child]));
            assert!(merged.get("notes").is_none());
        }
        let merged = merge(known(), json!({"household": {"people": [{"name": "C. Dunn"}]}}), false);
        let people = json!([{"name": "A. Rowe"}, {"name": "C. Dunn"}]);
        assert_eq!(merged["household"]["people"], people);
    }

    #[test]
    fn more_about_a_known_child_is_put_to_it_wherever_it_stands() {
        let known = || {
            json!({"children": [
                {"given_name": "Ada", "family_name": "Rowe", "date_of_birth": "2019-03-04"},
                {"given_name": "Ben", "family_name": "Rowe", "date_of_birth": "2021-05-06"},
            ]})
        };
        let same = json!({"given_name": " ada ", "date_of_birth": "04/03/2019", "sex": "F"});
        let merged = merge(known(), json!({"children": [same]}), false);
        assert_eq!(merged["children"][0]["sex"], "F");
        let second = json!({"full_name": "Ben Rowe", "sex": "M"});
        let merged = merge(known(), json!({"children": [second]}), false);
        assert_eq!(merged["children"][1]["sex"], "M");
        assert_eq!(merged["children"].as_array().map(Vec::len), Some(2));
        // Two new ones in one addition are not put to each other.
        let two = json!([{"given_name": "Cai"}, {"given_name": "Dov"}, {"sex": "F"}]);
        let merged = merge(known(), json!({"children": two}), false);
        assert_eq!(merged["children"].as_array().map(Vec::len), Some(5));
    }

    #[test]
    fn a_document_sent_again_mends_the_child_at_its_own_place_and_no_other() {
        let ada = json!({"given_name": "Ada", "date_of_birth": "2019-03-04", "nhs_number": "x"});
        let known = || json!({"children": [ada]});
        let count = |merged: &Value| merged["children"].as_array().map(Vec::len);
        let born = json!({"given_name": "Ada", "date_of_birth": "2018-03-04"});
        let merged = merge(known(), json!({"children": [born]}), true);
        assert_eq!(count(&merged), Some(1));
        assert_eq!(merged["children"][0]["date_of_birth"], "2018-03-04");
        assert_eq!(merged["notes"][0]["text"], "2019-03-04", "what it replaced is kept");
        // A twin who comes first now, and somebody else of the same name, are further children.
        let twin = json!({"given_name": "Ben", "date_of_birth": "2019-03-04"});
        let merged = merge(known(), json!({"children": [twin, ada]}), true);
        assert_eq!(merged["children"], json!([ada, twin]));
        let other = json!({"given_name": "Ada", "family_name": "Y", "date_of_birth": "2011-01-01"});
        let known = json!({"children": [
            {"given_name": "Ada", "family_name": "X", "date_of_birth": "2019-03-04"}]});
        assert_eq!(count(&merge(known, json!({"children": [other]}), true)), Some(2));
    }

    #[test]
    fn no_two_of_a_document_sent_again_become_one() {
        let ada = json!({"given_name": "Ada", "date_of_birth": "2019-03-04"});
        let unborn = json!({"unborn": "yes", "expected_date": "2027-01-01"});
        let merged = merge(json!({"children": [ada]}), json!({"children": [unborn, ada]}), true);
        assert_eq!(merged["children"], json!([ada, unborn]));
        let (father, son) = (
            json!({"name": "Joe Rowe", "date_of_birth": "1980-01-01"}),
            json!({"name": "Joe Rowe", "date_of_birth": "2005-01-01"}),
        );
        let known = json!({"household": {"people": [father]}});
        let merged = merge(known, json!({"household": {"people": [son, father]}}), true);
        assert_eq!(merged["household"]["people"], json!([father, son]));
    }

    #[test]
    fn other_families_under_one_id_are_told_apart_and_a_mended_child_is_not_another() {
        let of = |name: &str, born: &str| {
            let child = json!({"full_name": name, "date_of_birth": born});
            json!({"children": [child]})
        };
        let known = of("Ada Test", "2019-03-04");
        assert!(is_of_others(&known, &of("Ben Moor", "2012-01-01")));
        assert!(!is_of_others(&known, &of("Ada Test", "2018-03-04")));
        assert!(!is_of_others(&known, &json!({"worry": "More"})));
        assert!(!is_of_others(&known, &json!({"children": [{"unborn": "yes"}]})));
    }

    #[test]
    fn what_is_new_of_a_childs_safety_is_told_from_who_it_is() {
        let known = json!({
            "children": [{"given_name": "Ada"}, {"given_name": "Ben"}],
            "worry": "one", "notes": [{"label": "Form", "text": "x"}],
        });
        let with = |addition: Value| news(&known, &merge(known.clone(), addition, false));
        let all = Some(Children::of(&[0, 1]));
        assert_eq!(with(json!({"children": [{"index": 0, "given_name": "Adah"}]})), None);
        assert_eq!(with(json!({"children": [{"index": 1, "upn": "x"}], "worry": "one"})), None);
        let known_adult =
            merge(known.clone(), json!({"household": {"people": [{"name": "A. Rowe"}]}}), false);
        let reached = json!({"household": {"people": [{"name": "A. Rowe", "telephone": "1"}]}});
        assert_eq!(news(&known_adult, &merge(known_adult.clone(), reached, false)), None);
        let words = json!({"children": [{"index": 1, "own_words": "I am afraid"}]});
        assert_eq!(with(words), Some(Children::of(&[1])));
        for said in [
            json!({"worry": "two"}),
            json!({"indicators": ["disclosure"]}),
            json!({"danger_now": "yes"}),
            json!({"household": {"people": [{"name": "A. Rowe"}]}}),
            json!({"household": {"address": {"withheld_from": ["father"]}}}),
            json!({"keep_confidential": "that the school rang"}),
            json!({"notes": [{"label": "Log", "text": "seen at night"}]}),
        ] {
            assert_eq!(with(said.clone()), all, "{said}");
        }
        let further = json!({"children": [{"index": 2, "given_name": "Cai"}]});
        assert_eq!(with(further), Some(Children::of(&[2])));
    }

    #[test]
    fn a_worry_is_not_said_twice() {
        let said = |known: &str, more: &str| {
            merge(json!({"worry": known}), json!({"worry": more}), true)["worry"].clone()
        };
        assert_eq!(said("one\n\ntwo", "two"), "one\n\ntwo");
        assert_eq!(said("one", "one, and more"), "one, and more");
        assert_eq!(said("one", "two"), "one\n\ntwo");
    }
}
