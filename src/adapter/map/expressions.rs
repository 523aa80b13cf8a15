//! Regular expressions in maps: jq's words, with the expressions of the `regex` crate, each read
//! once and kept. jq's other words for them are defined in terms of these.

use super::places::Places;
use super::traced::{Data, Traced};
use super::words::Kind;
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{Error, RunPtr, ValR, ValT as _};
use regex::{Captures, Regex, RegexBuilder};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

pub(super) fn words() -> impl Iterator<Item = Fun<Kind>> {
    let words: [(&'static str, usize, RunPtr<Kind>); 7] = [
        ("test", 1, |mut cv| bome(test(&cv.0.pop_var(), None, &cv.1))),
        ("test", 2, |mut cv| {
            let flags = cv.0.pop_var();
            bome(test(&cv.0.pop_var(), Some(&flags), &cv.1))
        }),
        ("matches", 2, |mut cv| {
            let flags = cv.0.pop_var();
            bome(parts(&cv.0.pop_var(), &flags, &cv.1, Parts { between: false, matches: true }))
        }),
        ("split_matches", 2, |mut cv| {
            let flags = cv.0.pop_var();
            bome(parts(&cv.0.pop_var(), &flags, &cv.1, Parts { between: true, matches: true }))
        }),
        ("split_", 2, |mut cv| {
            let flags = cv.0.pop_var();
            bome(parts(&cv.0.pop_var(), &flags, &cv.1, Parts { between: true, matches: false }))
        }),
        ("capture_of_match", 0, |cv| bome(captured(&cv.1))),
        ("split", 1, |mut cv| {
            let by = cv.0.pop_var();
            let texts = text(&cv.1).and(text(&by)).map(|_| ());
            bome(texts.and_then(|()| cv.1 / by))
        }),
    ];
    words.into_iter().map(|(name, arity, word)| run::<Kind>((name, v(arity), word)))
}

/// Expressions that were read, by flags and text. A map has a fixed number of them, but may also
/// make one of what was sent.
type Expressions = HashMap<(Rc<str>, Rc<str>), Rc<Regex>, foldhash::fast::RandomState>;

thread_local! {
    static READ: RefCell<Expressions> = RefCell::default();
}
/// All that the shipped maps say together are fewer.
const KEPT: usize = 1_000;
/// Memory of one expression, bytes, and what searching with it may keep.
const LARGEST: usize = 1 << 20;
const SEARCHING: usize = 128 << 10;

fn text(value: &Traced) -> ValR<&Rc<str>, Traced> {
    match &value.data {
        Data::Text(text) => Ok(text),
        _ => Err(Error::typ(value.clone(), "text")),
    }
}

fn expression(text: &Rc<str>, flags: &Rc<str>) -> ValR<Rc<Regex>, Traced> {
    READ.with_borrow_mut(|read| {
        let key = (flags.clone(), text.clone());
        if let Some(known) = read.get(&key) {
            return Ok(known.clone());
        }
        let new = Rc::new(built(flags, text)?);
        if read.len() >= KEPT {
            read.clear();
        }
        read.insert(key, new.clone());
        Ok(new)
    })
}

fn built(flags: &str, text: &str) -> ValR<Regex, Traced> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(LARGEST).dfa_size_limit(SEARCHING);
    for flag in flags.chars() {
        match flag {
            'i' => drop(builder.case_insensitive(true)),
            'm' => drop(builder.multi_line(true)),
            's' => drop(builder.dot_matches_new_line(true)),
            'p' => drop(builder.multi_line(true).dot_matches_new_line(true)),
            'l' => drop(builder.swap_greed(true)),
            'x' => drop(builder.ignore_whitespace(true)),
            // All matches, and no empty ones: asked for where the expression is used.
            'g' | 'n' => {}
            other => return Err(Error::str(format_args!("there is no flag {other}"))),
        }
    }
    builder.build().map_err(|_| Error::str("an expression cannot be read"))
}

fn test(what: &Traced, flags: Option<&Traced>, value: &Traced) -> ValR<Traced> {
    thread_local! {
        static NONE: Rc<str> = "".into();
    }
    let flags = flags.map_or_else(|| Ok(NONE.with(Rc::clone)), |flags| text(flags).cloned())?;
    let found = expression(text(what)?, &flags)?.is_match(text(value)?);
    Ok(found.into())
}

/// What is asked of a text: what stands between the matches, the matches, or both.
#[derive(Clone, Copy)]
struct Parts {
    between: bool,
    matches: bool,
}

fn parts(what: &Traced, flags: &Traced, value: &Traced, wanted: Parts) -> ValR<Traced> {
    let (whole, flags) = (text(value)?, text(flags)?);
    let expression = expression(text(what)?, flags)?;
    let part = |part: &str| Traced::text(part, value.from.clone());
    let (mut out, mut last) = (Vec::new(), 0);
    let mut letters = Letters { whole, bytes: 0, letters: 0 };
    for captures in expression.captures_iter(whole) {
        let all = captures.get_match();
        if all.is_empty() && flags.contains('n') {
            continue;
        }
        if wanted.between {
            out.push(part(&whole[last..all.start()]));
            last = all.end();
        }
        if wanted.matches {
            out.push(told(&expression, &captures, &mut letters, value));
        }
        if !flags.contains('g') {
            break;
        }
    }
    if wanted.between {
        out.push(part(&whole[last..]));
    }
    Ok(out.into_iter().collect())
}

/// How many letters stand before a byte of a text. Asked in order, it counts each of them once.
struct Letters<'a> {
    whole: &'a str,
    bytes: usize,
    letters: usize,
}

impl Letters<'_> {
    fn before(&mut self, byte: usize) -> usize {
        // A group may begin before the one that was asked of last.
        if byte < self.bytes {
            let back = self.whole[byte..self.bytes].chars().count();
            return self.letters - back;
        }
        self.letters += self.whole[self.bytes..byte].chars().count();
        self.bytes = byte;
        self.letters
    }
}

thread_local! {
    static KEYS: [Rc<str>; 4] = ["offset", "length", "string", "name"].map(Rc::from);
}

/// One match as jq shows it: itself and its groups, each with its place in letters.
fn told(
    expression: &Regex,
    captures: &Captures<'_>,
    letters: &mut Letters<'_>,
    value: &Traced,
) -> Traced {
    let keys = KEYS.with(Clone::clone);
    let group = |(group, name): (Option<regex::Match<'_>>, Option<&str>)| {
        let group = group?;
        let [offset, length, string, called] = keys.clone();
        let mut members = vec![
            (offset, letters.before(group.start()).into()),
            (length, group.as_str().chars().count().into()),
            (string, Traced::text(group.as_str(), value.from.clone())),
        ];
        members.extend(name.map(|name| (called, Traced::text(name, Places::none()))));
        Some(Traced::object(members.into_iter().collect(), Places::none()))
    };
    captures.iter().zip(expression.capture_names()).filter_map(group).collect()
}

/// The named groups of a match, by their names.
fn captured(one: &Traced) -> ValR<Traced> {
    let Data::List(groups) = &one.data else { return Err(Error::typ(one.clone(), "list")) };
    let named = groups.iter().filter_map(|group| {
        let Data::Object(members) = &group.data else { return None };
        Some((members.get("name")?.clone(), members.get("string")?.clone()))
    });
    Traced::from_map(named.collect::<Vec<_>>())
}
