//! Dates of birth, expected dates, and dates that could not be read.

use super::Birth;
use crate::linkage::profile::{Birth as Known, Profile};
use crate::linkage::text::Text;
use jiff::civil::Date;

pub(super) fn compare(one: &Profile, two: &Profile) -> Birth {
    if one.unborn || two.unborn {
        return unborn(one, two);
    }
    match (&one.birth, &two.birth) {
        (Known::Born(one), Known::Born(two)) => born(*one, *two),
        (Known::Stated(one), Known::Stated(two)) if one == two => Birth::Stated,
        (Known::Stated(digits), Known::Born(day)) | (Known::Born(day), Known::Stated(digits)) => {
            stated(digits, *day)
        }
        (Known::Born(born), Known::Unknown) => undated(two.stated_on, *born),
        (Known::Unknown, Known::Born(born)) => undated(one.stated_on, *born),
        _ => Birth::Missing,
    }
}

/// Someone born on `born`, and a child whose date of birth was not known on `stated_on`.
fn undated(stated_on: Option<Date>, born: Date) -> Birth {
    let adult = stated_on.is_some_and(|stated_on| days(born, stated_on) > 19 * 365);
    if adult { Birth::Adult } else { Birth::Missing }
}

/// One of the two at least is unborn.
fn unborn(one: &Profile, two: &Profile) -> Birth {
    match (&one.birth, &two.birth) {
        (Known::Due(one), Known::Due(two)) => {
            if days(*one, *two).abs() <= 21 {
                Birth::DueNear
            } else {
                Birth::Different
            }
        }
        (Known::Born(born), Known::Due(due)) | (Known::Due(due), Known::Born(born)) => {
            if (-56..=28).contains(&days(*due, *born)) {
                Birth::BornWhenDue
            } else {
                Birth::Different
            }
        }
        (Known::Stated(digits), Known::Due(day)) | (Known::Due(day), Known::Stated(digits)) => {
            stated(digits, *day)
        }
        _ if one.unborn && two.unborn => Birth::BothUnborn,
        (Known::Born(born), _) => since(two.stated_on, *born),
        (_, Known::Born(born)) => since(one.stated_on, *born),
        _ => Birth::Missing,
    }
}

/// A child born on `born`, and one that was unborn, or not known to be born, on `stated_on`.
fn since(stated_on: Option<Date>, born: Date) -> Birth {
    match stated_on {
        Some(stated_on) if (-180..=300).contains(&days(stated_on, born)) => Birth::BornSince,
        Some(_) => Birth::Different,
        None => Birth::Missing,
    }
}

/// Days from `one` to `two`.
fn days(one: Date, two: Date) -> i64 {
    two.duration_since(one).as_hours() / 24
}

fn born(one: Date, two: Date) -> Birth {
    let default = |day: Date| day.month() == 1 && day.day() == 1;
    let (first, second) = (digits(one), digits(two));
    if one == two {
        return if default(one) { Birth::BothDefault } else { Birth::Exact };
    }
    let same_year = one.year() == two.year();
    if same_year && one.month() == two.day() && one.day() == two.month() {
        return Birth::Swapped;
    }
    if a_slip(&first, &second) {
        return Birth::Digit;
    }
    let years = (one.year() - two.year()).abs();
    if years <= 5 && one.month() == two.month() && one.day() == two.day() && !default(one) {
        return Birth::Year;
    }
    if years <= 1 && days(one, two).abs() <= 3 {
        return Birth::Near;
    }
    if same_year && (default(one) || default(two)) {
        return Birth::Default;
    }
    if same_year { Birth::SameYear } else { Birth::Different }
}

/// `YYYYMMDD` as digits.
fn digits(day: Date) -> [u8; 8] {
    let (month, date) = (i32::from(day.month()), i32::from(day.day()));
    let mut number = i32::from(day.year()) * 10_000 + month * 100 + date;
    let mut out = [b'0'; 8];
    for place in out.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    out
}

/// One digit differs, or two neighbouring ones are transposed.
fn a_slip(one: &[u8; 8], two: &[u8; 8]) -> bool {
    let mut differing = (0..8).filter(|at| one[*at] != two[*at]);
    match (differing.next(), differing.next(), differing.next()) {
        (Some(_), None, _) => true,
        (Some(first), Some(second), None) => {
            second == first + 1 && one[first] == two[second] && one[second] == two[first]
        }
        _ => false,
    }
}

/// The digits of an unreadable date, read as day first or year first, against a real one.
fn stated(stated: &Text<8>, day: Date) -> Birth {
    let digits = digits(day);
    let (year, month, date) = (&digits[..4], &digits[4..6], &digits[6..]);
    let orders = [[year, month, date], [date, month, year], [month, date, year]];
    let near = orders.iter().any(|order| {
        let theirs = order.iter().flat_map(|part| part.iter());
        let ours = stated.as_bytes().iter();
        stated.len() == 8 && theirs.zip(ours).filter(|(one, two)| one != two).count() <= 1
    });
    if near { Birth::Stated } else { Birth::Missing }
}
