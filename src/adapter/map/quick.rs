//! Words of jq that others define in terms of others (`type` compares, `true` is `0 == 0`), here
//! told directly: a map says them thousands of times for one document. What they give is the same.

use super::places::Places;
use super::traced::{Data, Traced};
use super::words::Kind;
use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Bind, Cv, Error, Native, RunPtr, ValR, ValT as _, ValX};
use regex_bites::bytes::{Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The definitions that these stand for, by name and number of arguments.
pub(super) const REPLACED: [(&str, usize); 18] = [
    ("empty", 0),
    ("true", 0),
    ("false", 0),
    ("null", 0),
    ("not", 0),
    ("type", 0),
    ("isboolean", 0),
    ("isnumber", 0),
    ("isstring", 0),
    ("isarray", 0),
    ("isobject", 0),
    ("isempty", 1),
    ("any", 2),
    ("all", 2),
    ("join", 1),
    ("add", 1),
    ("test", 1),
    ("test", 2),
];

pub(super) fn words() -> impl Iterator<Item = Fun<Kind>> {
    let plain: [(&'static str, usize, RunPtr<Kind>); 13] = [
        ("true", 0, |_| bome(Ok(true.into()))),
        ("false", 0, |_| bome(Ok(false.into()))),
        ("null", 0, |_| bome(Ok(Traced::stated(Data::Null)))),
        ("not", 0, |cv| bome(Ok((!cv.1.as_bool()).into()))),
        ("type", 0, |cv| bome(Ok(Traced::text(kind(&cv.1), Places::none())))),
        ("isboolean", 0, |cv| bome(Ok(matches!(cv.1.data, Data::Bool(_)).into()))),
        ("isnumber", 0, |cv| bome(Ok(matches!(cv.1.data, Data::Number(_)).into()))),
        ("isstring", 0, |cv| bome(Ok(matches!(cv.1.data, Data::Text(_)).into()))),
        ("isarray", 0, |cv| bome(Ok(matches!(cv.1.data, Data::List(_)).into()))),
        ("isobject", 0, |cv| bome(Ok(matches!(cv.1.data, Data::Object(_)).into()))),
        ("join", 1, |mut cv| bome(joined(&cv.0.pop_var(), cv.1))),
        ("test", 1, |mut cv| bome(test(&cv.0.pop_var(), None, cv.1))),
        ("test", 2, |mut cv| {
            let flags = cv.0.pop_var();
            bome(test(&cv.0.pop_var(), Some(&flags), cv.1))
        }),
    ];
    let plain = plain.into_iter().map(|(name, arity, word)| run::<Kind>((name, v(arity), word)));
    plain.chain(of_filters())
}

/// The words that take filters.
fn of_filters() -> impl Iterator<Item = Fun<Kind>> {
    let of = |arity: usize| std::iter::repeat_n(Bind::Fun(()), arity).collect::<Box<[_]>>();
    let words: [(&'static str, usize, RunPtr<Kind>); 4] = [
        ("isempty", 1, |mut cv| {
            let (filter, context) = cv.0.pop_fun();
            let first = filter.run((context, cv.1)).next().transpose();
            box_once(first.map(|first| first.is_none().into()))
        }),
        ("any", 2, |cv| box_once(one_is(true, cv).map(Traced::from))),
        ("all", 2, |cv| box_once(one_is(false, cv).map(|one| (!one).into()))),
        ("add", 1, |mut cv| {
            let (filter, context) = cv.0.pop_fun();
            let mut all = filter.run((context, cv.1));
            let null = Traced::stated(Data::Null);
            box_once(all.try_fold(null, |sum, next| Ok((sum + next?)?)))
        }),
    ];
    let word = move |(name, arity, word)| run::<Kind>((name, of(arity), word));
    let words = words.into_iter().map(word);
    // It may also stand where something is changed, and changes nothing there.
    let nothing = Native::<Kind>::new(|_| Box::new(std::iter::empty()))
        .with_paths(|_| Box::new(std::iter::empty()))
        .with_update(|cv, _| box_once(Ok(cv.1)));
    words.chain(std::iter::once(("empty", v(0), nothing)))
}

fn kind(value: &Traced) -> &'static str {
    match value.data {
        Data::Null => "null",
        Data::Bool(_) => "boolean",
        Data::Number(_) => "number",
        Data::Text(_) => "string",
        Data::List(_) => "array",
        Data::Object(_) => "object",
    }
}

/// Whether the condition is `wanted` of one of what the generator gives.
fn one_is<'a>(wanted: bool, mut cv: Cv<'a, Kind>) -> ValX<'a, bool, Traced> {
    let (condition, at_condition) = cv.0.pop_fun();
    let (generator, context) = cv.0.pop_fun();
    for value in generator.run((context, cv.1)) {
        for truth in condition.run((at_condition.clone(), value?)) {
            if truth?.as_bool() == wanted {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn joined(between: &Traced, list: Traced) -> ValR<Traced> {
    let Data::List(items) = &list.data else { return Err(Error::typ(list, "list")) };
    let (mut text, mut places) = (String::new(), Places::none());
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            let Data::Text(between) = &between.data else {
                return Err(Error::typ(between.clone(), "text"));
            };
            text.push_str(between);
        }
        let item = item.clone().into_string();
        if let Data::Text(item) = &item.data {
            text.push_str(item);
        }
        places = places.and(&item.from);
        if nth + 1 < items.len() {
            places = places.and(&between.from);
        }
    }
    Ok(Traced::text(&text, places))
}

/// Expressions that were read, by flags and text. A map has a fixed number of them, but may also
/// make one of what was sent.
type Expressions = HashMap<(Rc<str>, Rc<str>), Regex>;

thread_local! {
    static READ: RefCell<Expressions> = RefCell::default();
}
const KEPT: usize = 500;

fn test(expression: &Traced, flags: Option<&Traced>, value: Traced) -> ValR<Traced> {
    let text = |value: &Traced| match &value.data {
        Data::Text(text) => Ok(text.clone()),
        _ => Err(Error::typ(value.clone(), "text")),
    };
    let key = (flags.map_or_else(|| Ok("".into()), text)?, text(expression)?);
    let value = text(&value)?;
    READ.with_borrow_mut(|read| {
        if let Some(known) = read.get(&key) {
            return Ok(known.is_match(value.as_bytes()).into());
        }
        let new = expression_of(&key.0, &key.1)?;
        let found = new.is_match(value.as_bytes());
        if read.len() >= KEPT {
            read.clear();
        }
        read.insert(key, new);
        Ok(found.into())
    })
}

fn expression_of(flags: &str, text: &str) -> ValR<Regex, Traced> {
    let mut builder = RegexBuilder::new(text);
    for flag in flags.chars() {
        match flag {
            'i' => drop(builder.case_insensitive(true)),
            'm' => drop(builder.multi_line(true)),
            's' => drop(builder.dot_matches_new_line(true)),
            'p' => drop(builder.multi_line(true).dot_matches_new_line(true)),
            'l' => drop(builder.swap_greed(true)),
            'x' => drop(builder.ignore_whitespace(true)),
            'g' | 'n' => {}
            other => return Err(Error::str(format_args!("there is no flag {other}"))),
        }
    }
    builder.build().map_err(|_| Error::str("an expression cannot be read"))
}
