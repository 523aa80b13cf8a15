//! What a template shows of a page of the form.

use super::answers::{Fault, at};
use super::flow::Step;
use super::options::{Listed, NOT_KNOWN, Named};
use super::questions::{Field, Kind, Of, PAGES, Section};
use crate::domain::answer::Readable as _;
use crate::domain::values::Date;
use crate::pipeline::SenderState;
use crate::pipeline::drafts::Content;
use crate::web::page::Frame;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// One question, ready to be shown.
pub(super) struct Question {
    pub(super) id: &'static str,
    pub(super) label: String,
    pub(super) hint: Option<String>,
    pub(super) fault: Option<String>,
    pub(super) input: Input,
    /// It was said that this is not known.
    pub(super) not_known: bool,
}

impl Question {
    /// Ids of what describes the field, for those who do not see it.
    pub(super) fn described_by(&self) -> String {
        let hint = self.hint.is_some().then(|| format!("{}-hint", self.id));
        let fault = self.fault.is_some().then(|| format!("{}-error", self.id));
        hint.into_iter().chain(fault).collect::<Vec<_>>().join(" ")
    }

    /// Where a link to this question's fault leads: to what is filled in first.
    pub(super) fn first_input(&self) -> String {
        match &self.input {
            Input::Date(_) => format!("{}-day", self.id),
            Input::Choices { groups, .. } => {
                let first = groups.iter().flat_map(|group| &group.choices).next();
                first.map_or_else(|| self.id.to_owned(), |choice| choice.id.clone())
            }
            _ => self.id.to_owned(),
        }
    }
}

/// How it is answered, with what was answered.
pub(super) enum Input {
    Line { value: String, width: u8, autocomplete: &'static str, numeric: bool },
    Words { value: String, rows: u8 },
    Date(Vec<Part>),
    Choices { groups: Vec<Choices>, many: bool },
}

/// One of the three parts of a date.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) width: u8,
    pub(super) value: String,
}

/// Choices under a heading.
pub(super) struct Choices {
    pub(super) heading: Option<String>,
    pub(super) choices: Vec<Choice>,
}

pub(super) struct Choice {
    pub(super) id: String,
    pub(super) value: &'static str,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// The questions of a page, with what the draft answers.
pub(super) fn questions(
    frame: &Frame,
    step: Step,
    answers: &Map<String, Value>,
    faults: &[Fault],
) -> Vec<Question> {
    let question = |field: &'static Field| {
        let value = at(answers, &format!("{}{}", step.place(), field.at));
        let fault = faults.iter().find(|fault| fault.field == field.id);
        Question {
            id: field.id,
            label: frame.say(&label(step, field)),
            hint: frame.say_if_any(&format!("{}-hint", label(step, field))),
            fault: fault.map(|fault| frame.say(fault.message)),
            input: input(frame, field, value),
            not_known: value.is_some_and(|value| value == NOT_KNOWN),
        }
    };
    step.page.fields.iter().map(question).collect()
}

/// The name of the message of a question.
pub(super) fn label(step: Step, field: &Field) -> String {
    format!("refer-{}-{}", step.page.id, field.id)
}

/// The name of the message of a page.
pub(super) fn title(step: Step) -> String {
    format!("refer-{}", step.page.id)
}

fn input(frame: &Frame, field: &Field, value: Option<&Value>) -> Input {
    let stated = value.filter(|value| *value != NOT_KNOWN);
    let text = stated.map(plain).unwrap_or_default();
    match field.kind {
        Kind::Line(width, autocomplete) => {
            Input::Line { value: text, width, autocomplete, numeric: false }
        }
        Kind::Number => Input::Line { value: text, width: 3, autocomplete: "off", numeric: true },
        Kind::Words(rows) => Input::Words { value: text, rows },
        Kind::Lines => Input::Words { value: text, rows: 3 },
        Kind::Date => {
            let named =
                [("day", "date-day", 2), ("month", "date-month", 2), ("year", "date-year", 4)];
            let parts = named.into_iter().zip(parts_of_date(&text));
            let part = |((name, label, width), value)| Part {
                name,
                label: frame.say(label),
                width,
                value,
            };
            Input::Date(parts.map(part).collect())
        }
        Kind::One(listed) => {
            let choices = listed().into_iter().map(|one| choice(frame, field, one, value));
            let group = Choices { heading: None, choices: choices.collect() };
            Input::Choices { groups: vec![group], many: false }
        }
        Kind::Any(groups) => {
            let shown = groups().into_iter().map(|group| Choices {
                heading: group.heading.map(|name| frame.say(name)),
                choices: group
                    .listed
                    .into_iter()
                    .map(|one| choice(frame, field, one, value))
                    .collect(),
            });
            Input::Choices { groups: shown.collect(), many: true }
        }
        Kind::Tick => {
            let yes = Listed { value: "yes", named: Named::By("refer-tick-yes") };
            let choices = vec![choice(frame, field, yes, value)];
            Input::Choices { groups: vec![Choices { heading: None, choices }], many: true }
        }
    }
}

fn choice(frame: &Frame, field: &Field, one: Listed, value: Option<&Value>) -> Choice {
    let chosen = value.is_some_and(|value| match value {
        Value::Array(all) => all.iter().any(|stated| stated == one.value),
        value => value == one.value,
    });
    let id = format!("{}-{}", field.id, one.value);
    Choice { id, value: one.value, label: named(frame, one.named), chosen }
}

fn named(frame: &Frame, named: Named) -> String {
    match named {
        Named::By(message) => frame.say(message),
        Named::As(words) => words.to_owned(),
    }
}

/// A date as its three parts, or whatever was typed into them.
fn parts_of_date(text: &str) -> [String; 3] {
    let apart =
        |text: &str, by: char| -> Vec<String> { text.split(by).map(str::to_owned).collect() };
    match (apart(text, '-').as_slice(), apart(text, '/').as_slice()) {
        ([year, month, day], _) => [plain_number(day), plain_number(month), year.clone()],
        (_, [day, month, year]) => [day.clone(), month.clone(), year.clone()],
        _ => [text.to_owned(), String::new(), String::new()],
    }
}

fn plain_number(text: &str) -> String {
    text.trim_start_matches('0').to_owned()
}

/// A value in plain text; each of a list on a line.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join("\n"),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// An answer as it is read on the page on which all are checked; `None` where there is none.
pub(super) fn answer(frame: &Frame, field: &Field, value: Option<&Value>) -> Option<String> {
    let value = value?;
    if value == NOT_KNOWN {
        return Some(frame.say("answer-not-known-short"));
    }
    let listed: Vec<Listed> = match field.kind {
        Kind::One(listed) => listed(),
        Kind::Any(groups) => groups().into_iter().flat_map(|group| group.listed).collect(),
        Kind::Tick => vec![Listed { value: "yes", named: Named::By("answer-yes") }],
        Kind::Date => return Some(day(value)),
        _ => return Some(plain(value)),
    };
    let stated: Vec<&Value> = match value {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    let chosen = listed.into_iter().filter(|one| stated.iter().any(|value| *value == one.value));
    let words: Vec<String> = chosen.map(|one| named(frame, one.named)).collect();
    (!words.is_empty()).then(|| words.join("\n"))
}

/// A date as people write it, e.g. `4 March 2019`; what is none as it was typed.
fn day(value: &Value) -> String {
    let date = Date::read(value).map(|date| date.0.strftime("%-d %B %Y").to_string());
    date.unwrap_or_else(|| plain(value))
}

/// The child or person that a page is about, by name where there is one, else by number.
pub(super) fn whom(frame: &Frame, content: &Content, step: Step) -> Option<String> {
    let of = at(&content.answers, &step.place());
    let part = |name: &str| of.and_then(|of| of.get(name)).and_then(Value::as_str);
    let parts = match step.page.of {
        Of::Referral => return None,
        Of::Child => [part("given_name"), part("family_name")],
        Of::Person => [part("name"), None],
    };
    let names: Vec<&str> = parts.into_iter().flatten().filter(|name| *name != NOT_KNOWN).collect();
    if !names.is_empty() {
        return Some(names.join(" "));
    }
    let message = if step.page.of == Of::Child { "refer-child-n" } else { "refer-person-n" };
    Some(frame.fill(message, "n", &(step.n + 1).to_string()))
}

/// The names of all messages that stand in no code: each page's, each question's, and those of
/// what can be chosen. `true` where there may be none.
pub fn message_names() -> BTreeSet<(String, bool)> {
    let mut names = BTreeSet::new();
    let mut add = |name: String, optional: bool| names.insert((name, optional));
    for section in Section::ALL {
        add(format!("refer-part-{}", section.name()), false);
    }
    for state in SenderState::ALL {
        add(super::sent::status(state), false);
    }
    for page in PAGES {
        let step = Step { page, n: 0 };
        add(title(step), false);
        add(format!("{}-hint", title(step)), true);
        for field in page.fields {
            add(label(step, field), false);
            add(format!("{}-hint", label(step, field)), true);
        }
    }
    names
}
