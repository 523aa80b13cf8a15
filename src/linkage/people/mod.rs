//! A file of people or referrals, read row by row: comma-separated values, or one JSON object a
//! line with the same names.
//!
//! Columns are found by their names, in any order: `record_id` or `referral_id` (needed), and
//! `source, forename, middle_names, surname, full_name, known_as, dob, edd, sex, address, town,
//! postcode, prev_postcode, nhs_number, upn, other_id, mother_name, father_name, phone`, of the
//! case `case_status, case_team, case_worker, restricted, as_of`, and of a delta `op, merged_into`.
//! Others are passed over, and what there is no column for stays as it was ([`Person::complete`]).

mod given;
mod quotations;
mod rows;

pub use given::Given;
pub use rows::{Mapping, Row, Rows};

use super::profile::Profile;
use super::standardise::{Stated, standardise};
use crate::domain::decision::{CaseStatus, Restriction};
use crate::domain::{DestinationId, Timestamp};
use rows::{Columns, Values};
use std::fmt;
use std::io::Read;

/// What a row of a delta says of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Op {
    /// The record stands as the row says; so does every row of a whole feed. A cell left empty is
    /// empty now; what the file has no column for stays as it was.
    #[default]
    Add,
    /// As [`Op::Add`], but a record that was merged stays merged.
    Change,
    /// The record was found to be another's, who is named by `merged_into`.
    Merge,
    /// Its case was closed. Nothing else of the row is read.
    Close,
}

impl Op {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "add" => Some(Op::Add),
            "change" => Some(Op::Change),
            "merge" => Some(Op::Merge),
            "close" => Some(Op::Close),
            _ => None,
        }
    }
}

/// A person of the authority's records.
#[derive(Clone)]
pub struct Person {
    /// Line of the file, the header being line 1.
    pub line: u64,
    /// `record_id` or `referral_id`.
    pub id: String,
    /// The system that keeps the record.
    pub source: String,
    pub profile: Profile,
    pub case_status: CaseStatus,
    pub case_team: Option<DestinationId>,
    pub case_worker: Option<String>,
    /// Named access only, and why.
    pub restriction: Option<Restriction>,
    /// When the feed was true.
    pub as_of: Option<Timestamp>,
    pub op: Op,
    /// The record of the same system that this one was merged into; there where `op` is `merge`.
    pub merged_into: Option<String>,
    /// The columns that the row has.
    pub given: Given,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Person(line {})", self.line)
    }
}

/// A row that was not read, and how to mend it. Never a value from the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Fault {
    pub line: u64,
    pub problem: String,
    /// Nothing behind it was read.
    pub lost: bool,
}

impl Fault {
    /// A fault of a line, and how to mend it.
    pub fn new(line: u64, problem: impl Into<String>) -> Self {
        Fault { line, problem: problem.into(), lost: false }
    }

    /// Behind which the file could not be read.
    fn that_loses(self) -> Self {
        Fault { lost: true, ..self }
    }
}

/// How the rows of one file are read; apart from [`Rows`], so that many threads may.
#[derive(Clone)]
pub struct Layout(Columns);

impl Layout {
    /// Reads a row.
    ///
    /// # Errors
    /// What is wrong with it and how to mend it.
    pub fn read(&self, row: &Row) -> Result<Person, Fault> {
        let values = row.values(&self.0)?;
        let person = checked(row.line, &values)?;
        let stated_on = person.as_of.map(Timestamp::date);
        let profile = standardise(&Stated { stated_on, ..stated(&values) });
        Ok(Person { profile, ..person })
    }

    /// As [`Layout::read`], but for the profile, which is what takes the time.
    ///
    /// # Errors
    /// The same.
    pub fn check(&self, row: &Row) -> Result<Person, Fault> {
        checked(row.line, &row.values(&self.0)?)
    }
}

fn checked(line: u64, values: &Values<'_>) -> Result<Person, Fault> {
    let some = |column: &str| Some(values.text(column)).filter(|text| !text.is_empty());
    let fault = |mend: &str| Fault::new(line, mend);
    let id = [values.text("record_id"), values.text("referral_id")].concat();
    if id.is_empty() {
        return Err(fault("give the record's id"));
    }
    let case_status = match some("case_status") {
        None => CaseStatus::None,
        Some(text) => CaseStatus::parse(&text.to_lowercase())
            .ok_or_else(|| fault("case_status must be none, open, cin, cp or cla"))?,
    };
    let as_of = match some("as_of") {
        None => None,
        Some(text) => Some(
            as_of(&text)
                .ok_or_else(|| fault("as_of must be a time such as 2026-03-01T06:00:00Z"))?,
        ),
    };
    let op = Op::parse(&values.text("op").to_lowercase())
        .ok_or_else(|| fault("op must be add, change, merge or close"))?;
    let merged_into = some("merged_into");
    if op == Op::Merge && merged_into.is_none() {
        return Err(fault("name in merged_into the record that this one was merged into"));
    }
    if op == Op::Merge && merged_into.as_ref() == Some(&id) {
        return Err(fault("a record cannot be merged into itself; mend merged_into"));
    }
    Ok(Person {
        line,
        id,
        source: values.text("source"),
        profile: Profile::default(),
        case_status,
        case_team: some("case_team").map(|team| DestinationId::new(&team)),
        case_worker: some("case_worker"),
        restriction: restricted(&values.text("restricted"))
            .ok_or_else(|| fault("restricted must be yes, no, adoption, staff or address"))?,
        as_of,
        op,
        merged_into,
        given: values.given(),
    })
}

fn stated(values: &Values<'_>) -> Stated {
    Stated {
        forename: values.text("forename"),
        middle_names: values.text("middle_names"),
        surname: values.text("surname"),
        full_name: values.text("full_name"),
        known_as: values.text("known_as"),
        date_of_birth: values.text("dob"),
        expected_date: values.text("edd"),
        unborn: false,
        stated_on: None,
        sex: values.text("sex"),
        address: values.text("address"),
        town: values.text("town"),
        postcode: values.text("postcode"),
        previous_postcode: values.text("prev_postcode"),
        nhs_number: values.text("nhs_number"),
        upn: values.text("upn"),
        other_id: values.text("other_id"),
        mother_name: values.text("mother_name"),
        father_name: values.text("father_name"),
        phone: values.text("phone"),
    }
}

/// Reads people one by one from comma-separated values, in bounded memory.
pub struct People<R> {
    rows: Rows<R>,
    layout: Layout,
}

impl<R: Read> People<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// A fault on line 1 when there is no header that names the records' ids.
    pub fn new(from: R) -> Result<Self, Fault> {
        Self::mapped(from, &Mapping::default())
    }

    /// Of columns with other names.
    ///
    /// # Errors
    /// As [`People::new`].
    pub fn mapped(from: R, mapping: &Mapping) -> Result<Self, Fault> {
        let rows = Rows::mapped(from, mapping)?;
        Ok(People { layout: rows.layout(), rows })
    }
}

impl<R: Read> Iterator for People<R> {
    type Item = Result<Person, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some(row.and_then(|row| self.layout.read(&row)))
    }
}

/// Words for no, and for why; nothing is no. A record whose mark cannot be read is not let through.
fn restricted(text: &str) -> Option<Option<Restriction>> {
    match text.to_lowercase().as_str() {
        "" | "no" | "n" | "false" | "0" => Some(None),
        "y" | "true" | "1" => Some(Some(Restriction::Yes)),
        why => Restriction::parse(why).map(Some),
    }
}

/// An instant, or a date as its first instant in UTC.
pub fn as_of(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<Person, Fault>> {
        People::new(text.as_bytes()).expect("a header").collect()
    }

    #[test]
    fn columns_are_found_by_name_and_the_case_is_read() {
        let text = "surname,record_id,case_status,case_team,restricted,as_of,dob\n\
                    Hollins,R1,cp,upper-valley,yes,2026-03-01,2016-03-09\n";
        let person = read(text).remove(0).expect("a person");
        assert_eq!((person.line, person.id.as_str()), (2, "R1"));
        assert_eq!(person.case_status, CaseStatus::Cp);
        assert_eq!(person.case_team, Some(DestinationId::new("upper-valley")));
        assert_eq!(person.restriction, Some(Restriction::Yes));
        assert_eq!(person.as_of, Timestamp::parse("2026-03-01T00:00:00Z"));
        assert!(!person.profile.surnames.is_empty());
    }

    #[test]
    fn a_row_that_cannot_be_read_is_told_by_its_line_and_the_next_one_is_read() {
        let text =
            "record_id,surname,case_status\nR1,A\n,B,none\nR3,\"two\nlines\",lost\nR4,D,cin\n";
        let read = read(text);
        let lines: Vec<_> =
            read.iter().filter_map(|row| row.as_ref().err()).map(|fault| fault.line).collect();
        assert_eq!(lines, [2, 3, 4]);
        let last = read.last().expect("rows").as_ref().expect("a person");
        assert_eq!((last.line, last.id.as_str()), (6, "R4"));
    }

    #[test]
    fn a_file_without_ids_is_refused_at_once() {
        let fault = People::new("surname\nHollins\n".as_bytes()).err().expect("a fault");
        assert_eq!(fault.line, 1);
    }

    #[test]
    fn lines_of_json_are_read_as_columns_are() {
        let text = "{\"record_id\": \"R1\", \"surname\": \"Hollins\", \"restricted\": true}\n\n\
                    {\"record_id\": 7, \"op\": \"merge\", \"merged_into\": \"R1\"}\n\
                    [1]\n{\"record_id\": {\"x\": 1}}\n{\"surname\": \"A\"}\nno";
        let rows = Rows::ndjson(text.as_bytes());
        let layout = rows.layout();
        let rows: Vec<_> = rows.map(|row| row.and_then(|row| layout.read(&row))).collect();
        let first = rows[0].as_ref().expect("a person");
        assert!(first.restriction.is_some() && !first.profile.surnames.is_empty());
        let second = rows[1].as_ref().expect("a merge");
        assert_eq!((second.line, second.id.as_str(), second.op), (3, "7", Op::Merge));
        assert_eq!(second.merged_into.as_deref(), Some("R1"));
        let faults: Vec<u64> =
            rows.iter().filter_map(|row| row.as_ref().err()).map(|f| f.line).collect();
        assert_eq!(faults, [4, 5, 6, 7]);
    }

    #[test]
    fn a_delta_says_what_befell_a_record() {
        let text =
            "record_id,op,merged_into\nR1,close,\nR2,merge,R1\nR3,merge,\nR4,merge,R4\nR5,drop,\n";
        let rows = read(text);
        assert_eq!(rows[0].as_ref().expect("read").op, Op::Close);
        assert_eq!(rows[1].as_ref().expect("read").merged_into.as_deref(), Some("R1"));
        let faults: Vec<u64> =
            rows[2..].iter().filter_map(|row| row.as_ref().err()).map(|f| f.line).collect();
        assert_eq!(faults, [4, 5, 6]);
    }
}
