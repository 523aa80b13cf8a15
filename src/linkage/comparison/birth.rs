//! Dates of birth, expected dates, and dates that could not be read.

use super::Birth;
use crate::linkage::profile::Birth as Known;
use crate::linkage::text::Text;
use jiff::civil::Date;

pub(super) fn compare(one: &Known, two: &Known) -> Birth {
    match (one, two) {
        (Known::Unknown, _) | (_, Known::Unknown) => Birth::Missing,
        (Known::Born(one), Known::Born(two)) => born(*one, *two),
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
        (Known::Stated(one), Known::Stated(two)) if one == two => Birth::Stated,
        (Known::Stated(_), Known::Stated(_)) => Birth::Missing,
        (Known::Stated(digits), Known::Born(day) | Known::Due(day))
        | (Known::Born(day) | Known::Due(day), Known::Stated(digits)) => stated(digits, *day),
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
    if (one.year() - two.year()).abs() <= 1 && days(one, two).abs() <= 3 {
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
