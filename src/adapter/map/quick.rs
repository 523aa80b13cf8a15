//! Words of jq that others define in terms of others (`type` compares, `true` is `0 == 0`), here
//! told directly: a map says them thousands of times for one document. What they give is the same.

use super::places::Places;
use super::traced::{Data, Traced};
use super::words::Kind;
use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Bind, Cv, Error, Native, RunPtr, ValR, ValT as _, ValX};

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
        ("to_entries", 0, |cv| bome(entries(cv.1))),
        ("from_entries", 0, |cv| bome(of_entries(cv.1))),
        ("join", 1, |mut cv| bome(joined(&cv.0.pop_var(), cv.1))),
    ];
    let plain = plain.into_iter().map(|(name, arity, word)| run::<Kind>((name, v(arity), word)));
    plain.chain(of_filters()).chain(selections())
}

/// `strings` and the like: the value if it is one, or nothing; also where something is changed.
fn selections() -> impl Iterator<Item = Fun<Kind>> {
    macro_rules! only {
        ($name:literal, $kind:pat) => {{
            let only = Native::<Kind>::new(|cv| match cv.1.data {
                $kind => bome(Ok(cv.1)),
                _ => Box::new(std::iter::empty()),
            });
            let only = only.with_paths(|cv| match cv.1.0.data {
                $kind => box_once(Ok(cv.1)),
                _ => Box::new(std::iter::empty()),
            });
            let only = only.with_update(|cv, change| match cv.1.data {
                $kind => change(cv.1),
                _ => bome(Ok(cv.1)),
            });
            ($name, v(0), only)
        }};
    }
    let value = only!(
        "values",
        Data::Bool(_) | Data::Number(_) | Data::Text(_) | Data::List(_) | Data::Object(_)
    );
    let words: [Fun<Kind>; 7] = [
        value,
        only!("nulls", Data::Null),
        only!("booleans", Data::Bool(_)),
        only!("numbers", Data::Number(_)),
        only!("strings", Data::Text(_)),
        only!("arrays", Data::List(_)),
        only!("objects", Data::Object(_)),
    ];
    words.into_iter()
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

/// Each member of an object, or item of a list, with its key.
fn entries(whole: Traced) -> ValR<Traced> {
    let entry = |pair: ValR<(Traced, Traced), Traced>| {
        let (key, value) = pair?;
        let members = [("key".into(), key), ("value".into(), value)];
        Ok(Traced::object(members.into_iter().collect(), Places::none()))
    };
    whole.key_values().map(entry).collect()
}

/// The object of which these are the entries.
fn of_entries(list: Traced) -> ValR<Traced> {
    let (key, value) = ("key".to_owned().into(), "value".to_owned().into());
    let pair = |entry: ValR<Traced>| {
        let entry = entry?;
        Ok((entry.clone().index(&key)?, entry.index(&value)?))
    };
    let pairs: ValR<Vec<_>, Traced> = list.values().map(pair).collect();
    Traced::from_map(pairs?)
}

fn joined(between: &Traced, list: Traced) -> ValR<Traced> {
    let Data::List(items) = &list.data else { return Err(Error::typ(list, "list")) };
    let (mut text, mut places) = (String::new(), Places::none());
    for (nth, item) in items.iter().enumerate() {
        if nth > 0 {
            match &between.data {
                Data::Text(between) => text.push_str(between),
                Data::Null => {}
                _ => return Err(Error::typ(between.clone(), "text")),
            }
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
