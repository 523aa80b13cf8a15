//! From what a browser sends to the answers of a draft, and back to what its fields show.

use super::flow::Step;
use super::options::{Listed, NOT_KNOWN};
use super::questions::{Field, Kind, Of, PAGES};
use crate::domain::answer::Readable as _;
use crate::domain::values::{Date, Small};
use crate::pipeline::drafts::Content;
use serde_json::{Map, Value};

/// What stands at a JSON pointer of a draft's answers.
pub(super) fn at<'a>(answers: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let mut parts = pointer.split('/').skip(1);
    let first = answers.get(parts.next()?)?;
    parts.try_fold(first, |value, part| match value {
        Value::Array(list) => list.get(part.parse::<usize>().ok()?),
        Value::Object(object) => object.get(part),
        _ => None,
    })
}

/// How many there are in a list.
pub(super) fn count(answers: &Map<String, Value>, pointer: &str) -> usize {
    at(answers, pointer).and_then(Value::as_array).map_or(0, Vec::len)
}

/// Puts an answer at a pointer, or takes away what stands there. What is on the way is made; a list
/// grows by one at most.
fn put(answers: &mut Map<String, Value>, pointer: &str, answer: Option<Value>) {
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    let Some((last, way)) = parts.split_last() else { return };
    let mut inside = std::mem::take(answers).into();
    if let Some(place) = way.iter().try_fold(&mut inside, |value, part| step_into(value, part)) {
        place_in(place, last, answer);
    }
    if let Value::Object(object) = inside {
        *answers = object;
    }
}

/// The member of this name, or the element of this number, made where there is none.
fn step_into<'a>(value: &'a mut Value, part: &str) -> Option<&'a mut Value> {
    if let Ok(n) = part.parse::<usize>() {
        if !value.is_array() {
            *value = Value::Array(Vec::new());
        }
        let list = value.as_array_mut()?;
        if list.len() == n {
            list.push(Value::Object(Map::new()));
        }
        return list.get_mut(n);
    }
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().map(|object| object.entry(part).or_insert(Value::Null))
}

fn place_in(value: &mut Value, name: &str, answer: Option<Value>) {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Some(object) = value.as_object_mut() else { return };
    match answer {
        Some(answer) => object.insert(name.to_owned(), answer),
        None => object.remove(name),
    };
}

/// What a browser sent: names with their values, some of them more than once.
pub(super) struct Sent(pub(super) Vec<(String, String)>);

impl Sent {
    /// What was sent of one name, without the blanks around it, and with lines as they are kept.
    pub(super) fn text(&self, name: &str) -> String {
        let sent = self.0.iter().find(|(sent, _)| sent == name);
        sent.map(|(_, value)| value.replace("\r\n", "\n").trim().to_owned()).unwrap_or_default()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(sent, _)| sent == name)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(sent, _)| sent == name).map(|(_, value)| value.as_str())
    }
}

/// What is wrong with an answer, as the name of a message; it is kept all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) field: &'static str,
    /// Says what to do.
    pub(super) message: &'static str,
}

/// Writes what was sent of a page into a draft, whatever is wrong with it. With `not_known`,
/// whatever was left empty is said to be not known.
pub(super) fn write(answers: &mut Map<String, Value>, step: Step, sent: &Sent, not_known: bool) {
    let is_new = step.page.of.list().is_some_and(|list| count(answers, list) == step.n);
    for field in step.page.fields {
        let pointer = format!("{}{}", step.place(), field.at);
        let stood = at(answers, &pointer);
        // What was said to be not known stays so until something is written in its place.
        let unknown = not_known || stood.is_some_and(|stood| stood == NOT_KNOWN);
        let may_be = !matches!(field.kind, Kind::Any(_) | Kind::Tick | Kind::Lines);
        let blank = || (unknown && may_be).then(|| Value::from(NOT_KNOWN));
        let answer = read(field, sent, stood).or_else(blank);
        if answer.is_some() || stood.is_some() {
            put(answers, &pointer, answer);
        }
    }
    let first = at(answers, "/children/0/address").cloned();
    let made = is_new && at(answers, &step.place()).is_some();
    // The children of one referral are of one household.
    if let (true, Of::Child, 1.., Some(address)) = (made, step.page.of, step.n, first) {
        put(answers, &format!("{}/address", step.place()), Some(address));
    }
}

fn read(field: &Field, sent: &Sent, stood: Option<&Value>) -> Option<Value> {
    let text = sent.text(field.id);
    let said = |text: String| (!text.is_empty()).then(|| Value::from(text));
    match field.kind {
        Kind::Line(..) | Kind::Words(_) => said(text),
        Kind::Lines => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let lines: Vec<Value> = lines.map(Value::from).collect();
            (!lines.is_empty()).then_some(Value::Array(lines))
        }
        Kind::Number => {
            let stated = said(text)?;
            Some(Small::read(&stated).map_or(stated, |number| number.write()))
        }
        Kind::Date => date(field.id, sent),
        Kind::One(listed) => {
            listed().iter().find(|one| one.value == text).map(|one| Value::from(one.value))
        }
        Kind::Any(groups) => {
            let listed: Vec<Listed> = groups().into_iter().flat_map(|group| group.listed).collect();
            let ours = |value: &str| listed.iter().find(|one| one.value == value);
            let others = stood.and_then(Value::as_array).into_iter().flatten();
            let others = others.filter(|one| one.as_str().is_none_or(|one| ours(one).is_none()));
            let ticked = sent.all(field.id).filter_map(ours).map(|one| Value::from(one.value));
            let all: Vec<Value> = others.cloned().chain(ticked).collect();
            (!all.is_empty()).then_some(Value::Array(all))
        }
        Kind::Tick => (text == "yes").then(|| Value::from("yes")),
    }
}

/// The three parts of a date, as a date where they are one, and else as they were typed.
fn date(id: &str, sent: &Sent) -> Option<Value> {
    let [day, month, year] =
        ["day", "month", "year"].map(|part| sent.text(&format!("{id}-{part}")));
    let parts: Vec<&str> =
        [&day, &month, &year].into_iter().map(String::as_str).filter(|p| !p.is_empty()).collect();
    if parts.is_empty() {
        return None;
    }
    // Somebody who writes the whole date into one of them has written it all the same.
    let stated = Value::from(parts.join("/"));
    Some(Date::read(&stated).map_or(stated, |date| date.write()))
}

/// What is wrong with the answers of a page.
pub(super) fn faults(answers: &Map<String, Value>, step: Step) -> Vec<Fault> {
    let of = at(answers, &step.place());
    let fault = |field: &Field| {
        let value = at(answers, &format!("{}{}", step.place(), field.at));
        let stated = value.filter(|value| *value != NOT_KNOWN);
        let message = match (field.kind, stated) {
            (Kind::Date, Some(stated)) if Date::read(stated).is_none() => "refer-fault-date",
            (Kind::Number, Some(stated)) if Small::read(stated).is_none() => "refer-fault-number",
            (Kind::Number, Some(stated)) if is_off_the_scale(field, stated) => "refer-fault-scale",
            _ if field.needed && is_missing(field, value, of) => needed(field.id),
            _ => return None,
        };
        Some(Fault { field: field.id, message })
    };
    step.page.fields.iter().filter_map(fault).collect()
}

/// Of a child any name will do, or who it is where nobody knows the name; a baby has none yet.
fn is_missing(field: &Field, value: Option<&Value>, of: Option<&Value>) -> bool {
    let told = ["given_name", "family_name", "description", "unborn"];
    let known = |child: &Value| told.iter().any(|name| child.get(name).is_some());
    value.is_none() && !(field.id == "given" && of.is_some_and(known))
}

/// From 0 to 10 and no further.
fn is_off_the_scale(field: &Field, stated: &Value) -> bool {
    field.at == "/domains/scale" && Small::read(stated).is_some_and(|number| number.0 > 10)
}

fn needed(id: &str) -> &'static str {
    match id {
        "danger" => "refer-fault-danger",
        "worry" => "refer-fault-worry",
        "given" => "refer-fault-name",
        _ => "refer-fault-needed",
    }
}

/// Takes a child or a person out, and whatever was answered of them; whoever comes after moves up.
pub(super) fn remove(content: &mut Content, of: Of, n: usize) {
    let Some(list) = of.list() else { return };
    let Some(Value::Array(mut all)) = at(&content.answers, list).cloned() else { return };
    // A referral has a child.
    let least = if of == Of::Child { 1 } else { 0 };
    if n >= all.len() || all.len() <= least {
        return;
    }
    all.remove(n);
    content.taken_out += 1;
    put(&mut content.answers, list, Some(Value::Array(all)));
    let of_these = PAGES.iter().filter(|page| page.of == of);
    let pages: Vec<&str> = of_these.map(|page| page.id).collect();
    let seen = std::mem::take(&mut content.seen);
    let moved = seen.into_iter().filter_map(|(page, of)| match pages.contains(&page.as_str()) {
        true if of == n => None,
        true if of > n => Some((page, of - 1)),
        _ => Some((page, of)),
    });
    content.seen = moved.collect();
}

#[cfg(test)]
mod tests {
    use super::super::questions::page_named;
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn step(page: &str, n: usize) -> Step {
        Step { page: page_named(page).expect("a page"), n }
    }

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        Sent(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    fn written(before: Value, of: Step, pairs: &[(&str, &str)]) -> Value {
        let mut answers = object(before);
        write(&mut answers, of, &sent(pairs), false);
        Value::Object(answers)
    }

    #[test]
    fn answers_stand_where_a_referral_has_them() {
        let child = written(
            json!({}),
            step("child", 0),
            &[
                ("given", " Ben "),
                ("family", "Moor"),
                ("born-day", "4"),
                ("born-month", "3"),
                ("born-year", "2018"),
                ("age", "8"),
                ("unborn", "yes"),
                // What the page does not ask is not written, whoever sends it.
                ("worry", "x"),
                ("nhs", "9990000018"),
            ],
        );
        let expected = json!({"children": [{
            "given_name": "Ben", "family_name": "Moor", "date_of_birth": "2018-03-04",
            "estimated_age": 8, "unborn": "yes",
        }]});
        assert_eq!(child, expected);
        let home = written(
            child,
            step("child-home", 0),
            &[("lines", "1 Test Street"), ("withheld", "Dan Moor\r\n\r\n Ed Moor ")],
        );
        assert_eq!(
            home["children"][0]["address"],
            json!({"lines": "1 Test Street", "withheld_from": ["Dan Moor", "Ed Moor"]})
        );
        let harm = written(json!({}), step("body", 0), &[("body", "Left ear")]);
        assert_eq!(harm, json!({"harm": [{"body_map": "Left ear"}]}));
    }

    #[test]
    fn another_child_lives_where_the_first_does_until_somebody_says_otherwise() {
        let one = json!({"children": [{"given_name": "Ben", "address": {"town": "Halifax"}}]});
        let two = written(one, step("child", 1), &[("given", "Dot")]);
        assert_eq!(
            two["children"][1],
            json!({"given_name": "Dot", "address": {"town": "Halifax"}})
        );
        let changed = written(two, step("child", 1), &[("given", "Dora")]);
        assert_eq!(changed["children"][1]["given_name"], "Dora");
        assert_eq!(changed["children"].as_array().expect("children").len(), 2);
    }

    #[test]
    fn what_is_ticked_on_one_page_leaves_what_another_page_ticked() {
        let trusted = &[("worry", "It"), ("trusted", "trusted-person")];
        let answers = written(json!({"indicators": ["child-alone"]}), step("worry", 0), trusted);
        assert_eq!(answers["indicators"], json!(["child-alone", "trusted-person"]));
        let signs = &[("signs", "missing-now"), ("signs", "made-up"), ("signs", "trusted-person")];
        let answers = written(answers, step("signs", 0), signs);
        assert_eq!(answers["indicators"], json!(["trusted-person", "missing-now"]));
        let none = written(answers, step("signs", 0), &[]);
        assert_eq!(none["indicators"], json!(["trusted-person"]));
    }

    #[test]
    fn what_is_left_empty_is_not_known_only_where_that_is_said() {
        let mut answers = object(json!({"children": [{"given_name": "Ben"}]}));
        let some = sent(&[("school", "Test School")]);
        write(&mut answers, step("child-services", 0), &some, true);
        let child = &answers["children"][0];
        assert_eq!(
            (&child["school"]["name"], &child["gp"]["name"]),
            (&json!("Test School"), &json!("not-known"))
        );
        // Ticks are never not known.
        write(&mut answers, step("child-about", 0), &sent(&[]), true);
        assert_eq!(answers["children"][0].get("disabilities"), None);
        // It stays so until something else is written there.
        write(&mut answers, step("child-services", 0), &some, false);
        assert_eq!(answers["children"][0]["gp"]["name"], "not-known");
        let gp = sent(&[("gp", "Test Practice")]);
        write(&mut answers, step("child-services", 0), &gp, false);
        assert_eq!(answers["children"][0]["gp"]["name"], "Test Practice");
        // A list of names is never one: it would withhold the address from somebody of that name.
        write(&mut answers, step("child-home", 0), &sent(&[("lines", "1 Test Street")]), true);
        assert_eq!(answers["children"][0]["address"].get("withheld_from"), None);
    }

    #[test]
    fn what_is_no_date_is_kept_as_it_was_typed_and_told() {
        let parts =
            &[("born-day", "31"), ("born-month", "2"), ("born-year", "2015"), ("given", "B")];
        let answers = object(written(json!({}), step("child", 0), parts));
        assert_eq!(answers["children"][0]["date_of_birth"], "31/2/2015");
        let told = faults(&answers, step("child", 0));
        assert_eq!(told, [Fault { field: "born", message: "refer-fault-date" }]);
    }

    #[test]
    fn a_date_that_is_typed_into_one_box_is_read_and_does_not_grow() {
        for (parts, kept) in [
            (vec![("born-day", "27/3/2015")], "2015-03-27"),
            (vec![("born-day", "2015-03-27")], "2015-03-27"),
            (vec![("born-day", "March")], "March"),
            (vec![("born-month", "3"), ("born-year", "2015")], "3/2015"),
        ] {
            let mut answers = object(written(json!({}), step("child", 0), &parts));
            assert_eq!(answers["children"][0]["date_of_birth"], kept);
            write(&mut answers, step("child", 0), &sent(&[("born-day", kept)]), false);
            assert_eq!(answers["children"][0]["date_of_birth"], kept);
        }
    }

    #[test]
    fn nobody_is_added_by_a_page_on_which_nothing_is_written() {
        let one = json!({"children": [{"given_name": "Ben", "address": {"town": "Halifax"}}]});
        assert_eq!(written(one.clone(), step("child", 1), &[("given", " ")]), one);
        assert_eq!(written(one.clone(), step("person", 0), &[]), one);
    }

    #[test]
    fn safety_is_from_0_to_10() {
        let of = |scale| faults(&object(json!({"domains": {"scale": scale}})), step("well", 0));
        assert_eq!((of(0).len(), of(10).len()), (0, 0));
        assert_eq!(of(11)[0].message, "refer-fault-scale");
    }

    #[test]
    fn a_child_needs_a_name_or_who_it_is_and_a_baby_neither() {
        let of =
            |child: Value| faults(&object(json!({"children": [child]})), step("child", 0)).len();
        assert_eq!(of(json!({})), 1);
        for known in ["given_name", "family_name", "description", "unborn"] {
            assert_eq!(of(json!({known: "x"})), 0, "{known}");
        }
    }

    #[test]
    fn whoever_is_taken_out_takes_their_answers_along_and_the_next_move_up() {
        let answers =
            json!({"children": [{"given_name": "A"}, {"given_name": "B"}, {"given_name": "C"}]});
        let seen = [("child", 0), ("child", 1), ("child-words", 2), ("worry", 0)];
        let mut content = Content {
            answers: object(answers),
            seen: seen.iter().map(|(page, n)| ((*page).to_owned(), *n)).collect(),
            ..Content::default()
        };
        remove(&mut content, Of::Child, 1);
        assert_eq!(content.answers["children"], json!([{"given_name": "A"}, {"given_name": "C"}]));
        let left = [("child", 0), ("child-words", 1), ("worry", 0)];
        assert!(left.iter().all(|(page, n)| content.seen.contains(&((*page).to_owned(), *n))));
        assert_eq!(content.seen.len(), 3);
        assert_eq!(content.taken_out, 1);
        remove(&mut content, Of::Child, 1);
        let before = content.clone();
        remove(&mut content, Of::Child, 7);
        remove(&mut content, Of::Child, 0);
        remove(&mut content, Of::Person, 0);
        assert_eq!(content, before, "a referral has a child");
    }

    proptest! {
        /// Whatever a browser sends, only the page's own places are written, and saving the page
        /// again changes nothing.
        #[test]
        fn a_page_writes_its_own_places_alone(
            page in 0..PAGES.len(),
            values in prop::collection::vec("[a-z0-9/ ]{0,8}", 12),
        ) {
            let page = &PAGES[page];
            let of = Step { page, n: 0 };
            let pairs = page.fields.iter().zip(&values);
            let pair = |(field, value): (&Field, &String)| (field.id.to_owned(), value.clone());
            let sent = Sent(pairs.map(pair).collect());
            let mut answers = object(json!({"elsewhere": {"stays": 1}, "children": [{"kept": 1}]}));
            write(&mut answers, of, &sent, false);
            prop_assert_eq!(&answers["elsewhere"], &json!({"stays": 1}));
            prop_assert_eq!(&answers["children"][0]["kept"], &json!(1));
            let once = answers.clone();
            write(&mut answers, of, &sent, false);
            prop_assert_eq!(answers, once);
        }
    }
}
