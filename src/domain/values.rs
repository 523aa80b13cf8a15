//! Small readable values: words, names, dates, yes/no, whole numbers.

use super::answer::Readable;
use serde_json::Value;
use std::fmt;

/// Free text in a person's words. Kept exactly; never printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Words(pub String);

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} bytes)", self.0.len())
    }
}

impl Readable for Words {
    const RULE: &'static str = "text";
    const ASK: &'static str = "Give this in words, as text";

    fn read(stated: &Value) -> Option<Self> {
        match stated {
            Value::String(text) => Some(Words(text.clone())),
            Value::Number(number) => Some(Words(number.to_string())),
            _ => None,
        }
    }

    fn write(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn text(&self) -> Option<&str> {
        Some(&self.0)
    }
}

/// A short answer without blanks and stops around it.
fn plain(text: &str) -> &str {
    text.trim().trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | '!' | ','))
}

/// Whether an answer begins with a plain yes and goes on: "Yes – do not tell dad". Such an answer
/// is kept as stated, since what follows would be lost, but it is a yes to whoever looks for harm.
pub fn begins_with_yes(text: &str) -> bool {
    let text = text.trim_start();
    ["yes", "y", "true"].into_iter().any(|yes| {
        let begins = text.get(..yes.len()).is_some_and(|start| start.eq_ignore_ascii_case(yes));
        let next = || text.as_bytes().get(yes.len());
        begins && !next().is_some_and(u8::is_ascii_alphanumeric)
    })
}

/// Yes or no. "Unknown" is the answer `not-known`, or `unknown` where a form says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YesNo(pub bool);

impl Readable for YesNo {
    const RULE: &'static str = "yes-no";
    const ASK: &'static str = "Answer yes, no, not-known or refused";

    fn read(stated: &Value) -> Option<Self> {
        match stated {
            Value::Bool(yes) => Some(YesNo(*yes)),
            Value::Number(number) => match number.as_f64()? {
                1.0 => Some(YesNo(true)),
                0.0 => Some(YesNo(false)),
                _ => None,
            },
            Value::String(text) => match plain(text).to_ascii_lowercase().as_str() {
                "yes" | "y" | "true" | "1" | "yes now" | "yes, now" => Some(YesNo(true)),
                "no" | "n" | "false" | "0" => Some(YesNo(false)),
                _ => None,
            },
            _ => None,
        }
    }

    fn write(&self) -> Value {
        Value::String(if self.0 { "yes" } else { "no" }.to_owned())
    }
}

/// Yes, no, or plainly unknown; the answer to "is a child in danger now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Danger {
    Yes,
    No,
    Unknown,
}

impl Readable for Danger {
    const RULE: &'static str = "danger";
    const ASK: &'static str = "Say whether a child is in danger now: yes, no or unknown";

    fn read(stated: &Value) -> Option<Self> {
        match YesNo::read(stated) {
            Some(YesNo(true)) => Some(Danger::Yes),
            Some(YesNo(false)) => Some(Danger::No),
            None => match plain(stated.as_str()?).to_ascii_lowercase().as_str() {
                "unknown" => Some(Danger::Unknown),
                _ => None,
            },
        }
    }

    fn write(&self) -> Value {
        let text = match self {
            Danger::Yes => "yes",
            Danger::No => "no",
            Danger::Unknown => "unknown",
        };
        Value::String(text.to_owned())
    }
}

/// A calendar date, ISO 8601 `YYYY-MM-DD` in canonical form; `DD/MM/YYYY` is read as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub jiff::civil::Date);

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Date(…)")
    }
}

impl Readable for Date {
    const RULE: &'static str = "date";
    const ASK: &'static str = "Give a real date as YYYY-MM-DD, for example 2019-03-04";

    fn read(stated: &Value) -> Option<Self> {
        let text = stated.as_str()?.trim();
        let day = text.split_once('T').map_or(text, |(day, _)| day);
        let parts: Vec<&str> = day.split(['-', '/', '.']).collect();
        let [a, b, c] = parts.as_slice() else { return None };
        let (year, month, date) = if a.len() == 4 { (a, b, c) } else { (c, b, a) };
        if year.len() != 4 || !parts.iter().all(|p| p.bytes().all(|b| b.is_ascii_digit())) {
            return None;
        }
        let (year, month, date) = (year.parse().ok()?, month.parse().ok()?, date.parse().ok()?);
        let plausible = (1900..=2100).contains(&year);
        jiff::civil::Date::new(year, month, date).ok().filter(|_| plausible).map(Date)
    }

    fn write(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A whole number from 0 to 150: an estimated age in years, a scale, a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Small(pub u8);

impl Readable for Small {
    const RULE: &'static str = "small-number";
    const ASK: &'static str = "Give a whole number, for example 7";

    fn read(stated: &Value) -> Option<Self> {
        let number = match stated {
            Value::Number(number) => number.as_u64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        u8::try_from(number).ok().filter(|n| *n <= 150).map(Small)
    }

    fn write(&self) -> Value {
        Value::from(self.0)
    }
}
