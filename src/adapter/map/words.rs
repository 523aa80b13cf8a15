//! The words that a map may use: those of jq that depend on nothing but their input, a few that
//! keep places where jq's own would lose them, and these of ours.
//!
//! | word | what it gives |
//! |---|---|
//! | `because(v; x)` | `x`, made from the places of `v` as well: for what a condition decides |
//! | `lower`, `upper` | a text in small or capital letters |
//! | `snake` | a heading as a name: `Parents' informed?` is `parents_informed` |

use super::expressions;
use super::quick;
use super::traced::{Data, Traced};
use jaq_core::data::JustLut;
use jaq_core::load::parse::Def;
use jaq_core::native::{Fun, bome, run, unary, v};
use jaq_core::{Error, RunPtr, ValR};

pub(super) type Kind = JustLut<Traced>;

/// What reads a clock, the environment or this machine's zone, writes outside, or ends the
/// process; and what is defined anew below.
const LEFT_OUT: [&str; 15] = [
    "now",
    "env",
    "halt",
    "halt_error",
    "debug",
    "debug_empty",
    "stderr",
    "stderr_empty",
    "input",
    "inputs",
    "localtime",
    "strflocaltime",
    "ascii_downcase",
    "ascii_upcase",
    "length",
];

/// Words that stand in the place of jaq's own of that name and number of arguments.
fn instead() -> impl Iterator<Item = Fun<Kind>> {
    quick::words().chain(expressions::words())
}

/// Whether jaq's own word is one that a map has.
fn is_kept(name: &str, arguments: usize) -> bool {
    let replaced = instead().any(|(ours, taken, _)| ours == name && taken.len() == arguments);
    !LEFT_OUT.contains(&name) && !replaced
}

pub(super) fn definitions() -> impl Iterator<Item = Def<&'static str>> {
    let all = jaq_core::defs().chain(jaq_std::defs());
    all.filter(|def| is_kept(def.name, def.args.len()))
}

pub(super) fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let all = jaq_core::funs::<Kind>().chain(jaq_std::funs::<Kind>());
    all.filter(|(name, taken, _)| is_kept(name, taken.len())).chain(ours()).chain(instead())
}

fn ours() -> impl Iterator<Item = Fun<Kind>> {
    let words: [(&'static str, usize, RunPtr<Kind>); 9] = [
        ("because", 2, |mut cv| {
            let value = cv.0.pop_var();
            bome(Ok(because(&cv.0.pop_var(), value)))
        }),
        ("lower", 0, |cv| bome(cased(cv.1, |text| text.to_lowercase()))),
        ("upper", 0, |cv| bome(cased(cv.1, |text| text.to_uppercase()))),
        ("snake", 0, |cv| bome(cased(cv.1, snake))),
        ("length", 0, |cv| bome(length(cv.1))),
        ("has", 1, |cv| unary(cv, has)),
        ("contains", 1, |cv| unary(cv, |whole, part| Ok(contains(&whole, &part).into()))),
        ("tojson", 0, |cv| bome(Ok(Traced::text(&cv.1.plain().to_string(), cv.1.everywhere())))),
        ("tonumber", 0, |cv| bome(number(cv.1))),
    ];
    words.into_iter().map(|(name, arity, word)| run::<Kind>((name, v(arity), word)))
}

fn because(reason: &Traced, value: Traced) -> Traced {
    let places = value.from.and(&reason.everywhere());
    Traced::new(value.data, places)
}

fn cased(value: Traced, change: impl Fn(&str) -> String) -> ValR<Traced> {
    match &value.data {
        Data::Text(text) => Ok(Traced::text(&change(text), value.from.clone())),
        _ => Err(Error::typ(value, "text")),
    }
}

/// Small letters and figures; one `_` for whatever stands between them, nothing for apostrophes.
fn snake(heading: &str) -> String {
    let mut name = String::with_capacity(heading.len());
    let mut between = false;
    for letter in heading.chars().flat_map(char::to_lowercase) {
        match letter {
            'a'..='z' | '0'..='9' => {
                if between && !name.is_empty() {
                    name.push('_');
                }
                name.push(letter);
                between = false;
            }
            '\'' | '’' => {}
            _ => between = true,
        }
    }
    name
}

fn length(value: Traced) -> ValR<Traced> {
    let length = match &value.data {
        Data::Null => 0,
        Data::Text(text) => text.chars().count(),
        Data::List(items) => items.len(),
        Data::Object(members) => members.len(),
        Data::Bool(_) | Data::Number(_) => return Err(Error::typ(value, "text, list or object")),
    };
    Ok(Traced::new(Data::Number(length.into()), value.from.clone()))
}

fn has(value: Traced, key: Traced) -> ValR<Traced> {
    match (&value.data, &key.data) {
        (Data::Object(members), Data::Text(key)) => Ok(members.get(key).is_some().into()),
        (Data::List(items), Data::Number(at)) => {
            let at = at.as_u64().and_then(|at| usize::try_from(at).ok());
            Ok(at.is_some_and(|at| at < items.len()).into())
        }
        _ => Err(Error::index(value, key)),
    }
}

fn contains(whole: &Traced, part: &Traced) -> bool {
    match (&whole.data, &part.data) {
        (Data::Text(whole), Data::Text(part)) => whole.contains(&**part),
        (Data::List(whole), Data::List(parts)) => {
            parts.iter().all(|part| whole.iter().any(|item| contains(item, part)))
        }
        (Data::Object(whole), Data::Object(parts)) => parts
            .iter()
            .all(|(key, part)| whole.get(key).is_some_and(|value| contains(value, part))),
        _ => whole == part,
    }
}

/// A number that is written in digits; blanks around it and noughts before it are left out.
fn number(value: Traced) -> ValR<Traced> {
    let read = match &value.data {
        Data::Number(_) => return Ok(value),
        Data::Text(text) => without_noughts(text.trim()).parse::<serde_json::Number>().ok(),
        _ => None,
    };
    let number = read.ok_or_else(|| Error::typ(value.clone(), "number"))?;
    Ok(Traced::new(Data::Number(number), value.from.clone()))
}

/// `-07` as `-7`: JSON has no noughts before a number, people do.
fn without_noughts(written: &str) -> String {
    let (sign, digits) = written.split_at(usize::from(written.starts_with('-')));
    let needless = |at: &usize| digits[*at..].starts_with(|next: char| next.is_ascii_digit());
    let noughts = digits.bytes().take_while(|digit| *digit == b'0').count();
    let before = (1..=noughts).rev().find(needless).unwrap_or_default();
    format!("{sign}{}", &digits[before..])
}
