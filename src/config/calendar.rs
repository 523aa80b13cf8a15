//! `calendar.toml`: whose authority it is, when it works, and which telephone someone answers.

use super::fault::Fault;
use super::source::Source;
use crate::domain::hours::Hours;
use crate::domain::working_days::Calendar;
use crate::routing::Duty;
use jiff::civil::{Date, Time};
use serde::Deserialize;
use toml::Spanned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    authority: Named,
    hours: Open,
    duty: Numbers,
    /// Days besides weekends and bank holidays on which nobody works.
    #[serde(default)]
    closures: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    opens: Spanned<String>,
    closes: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    office: String,
    out_of_hours: String,
}

/// What the file says.
pub(super) struct Days {
    pub(super) name: String,
    pub(super) code: String,
    pub(super) calendar: Calendar,
    pub(super) duty: Duty,
}

pub(super) fn read(source: &Source, faults: &mut Vec<Fault>) -> Option<Days> {
    let file: File = source.toml(faults)?;
    let opens = time(source, &file.hours.opens, faults);
    let closes = time(source, &file.hours.closes, faults);
    let closures: Vec<Date> = file
        .closures
        .iter()
        .filter_map(|day| {
            let line = source.line_at(day.span().start);
            source.day(Some(day.get_ref()), line, faults)
        })
        .collect();
    let (opens, closes) = opens.zip(closes)?;
    if opens >= closes {
        let line = source.line_at(file.hours.closes.span().start);
        faults.push(source.fault(line, "closes before it opens", "put closes after opens"));
    }
    let hours = Hours::new(opens, closes);
    Some(Days {
        name: file.authority.name,
        code: file.authority.code,
        calendar: Calendar::new(closures, closes),
        duty: Duty { office: file.duty.office, out_of_hours: file.duty.out_of_hours, hours },
    })
}

fn time(source: &Source, text: &Spanned<String>, faults: &mut Vec<Fault>) -> Option<Time> {
    let read = text.get_ref().parse().ok();
    if read.is_none() {
        let line = source.line_at(text.span().start);
        let what = format!("{} is no time of day", text.get_ref());
        faults.push(source.fault(line, what, "write it as HH:MM, for example 08:45"));
    }
    read
}
