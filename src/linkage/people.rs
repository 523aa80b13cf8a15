//! A file of people or referrals as comma-separated values, read row by row.
//!
//! Columns are found by their names, in any order: `record_id` or `referral_id` (needed), and
//! `source, forename, middle_names, surname, full_name, known_as, dob, edd, sex, address, town,
//! postcode, prev_postcode, nhs_number, upn, mother_name, father_name, phone`, and of the case
//! `case_status, case_team, case_worker, restricted, as_of`. Others are passed over.

use super::profile::Profile;
use super::standardise::{Stated, standardise};
use crate::domain::decision::{CaseStatus, Restriction};
use crate::domain::{DestinationId, Timestamp};
use csv::{ByteRecord, Reader, ReaderBuilder};
use std::collections::HashMap;
use std::fmt;
use std::io::Read;

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
}

impl Fault {
    fn new(line: u64, problem: impl Into<String>) -> Self {
        Fault { line, problem: problem.into() }
    }
}

/// Reads people one by one, in bounded memory.
pub struct People<R> {
    reader: Reader<R>,
    columns: HashMap<String, usize>,
    row: ByteRecord,
    ended: bool,
}

impl<R: Read> People<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// A fault on line 1 when there is no header that names the records' ids.
    pub fn new(from: R) -> Result<Self, Fault> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(from);
        let header = reader.headers().map_err(|error| fault(&error, 1))?;
        let name = |column: &str| column.trim_start_matches('\u{feff}').trim().to_lowercase();
        let columns: HashMap<_, _> =
            header.iter().enumerate().map(|(place, column)| (name(column), place)).collect();
        if !columns.contains_key("record_id") && !columns.contains_key("referral_id") {
            let ask = "the first line must name the columns, among them record_id or referral_id";
            return Err(Fault::new(1, ask));
        }
        Ok(People { reader, columns, row: ByteRecord::new(), ended: false })
    }

    fn text(&self, column: &str) -> String {
        let value = self.columns.get(column).and_then(|place| self.row.get(*place));
        String::from_utf8_lossy(value.unwrap_or_default()).trim().to_owned()
    }

    fn person(&self, line: u64) -> Result<Person, Fault> {
        if self.row.len() != self.columns.len() {
            let ask = "give as many values as the header has columns; quote values with commas";
            return Err(Fault::new(line, ask));
        }
        let id = [self.text("record_id"), self.text("referral_id")].concat();
        if id.is_empty() {
            return Err(Fault::new(line, "give the record's id"));
        }
        let some = |text: String| (!text.is_empty()).then_some(text);
        let case_status = match some(self.text("case_status")) {
            None => CaseStatus::None,
            Some(text) => CaseStatus::parse(&text.to_lowercase()).ok_or_else(|| {
                Fault::new(line, "case_status must be none, open, cin, cp or cla")
            })?,
        };
        Ok(Person {
            line,
            id,
            source: self.text("source"),
            profile: standardise(&self.stated()),
            case_status,
            case_team: some(self.text("case_team")).map(|team| DestinationId::new(&team)),
            case_worker: some(self.text("case_worker")),
            restriction: restricted(&self.text("restricted")).ok_or_else(|| {
                Fault::new(line, "restricted must be yes, no, adoption, staff or address")
            })?,
            as_of: match some(self.text("as_of")) {
                None => None,
                Some(text) => Some(as_of(&text).ok_or_else(|| {
                    Fault::new(line, "as_of must be a time such as 2026-03-01T06:00:00Z")
                })?),
            },
        })
    }

    fn stated(&self) -> Stated {
        Stated {
            forename: self.text("forename"),
            middle_names: self.text("middle_names"),
            surname: self.text("surname"),
            full_name: self.text("full_name"),
            known_as: self.text("known_as"),
            date_of_birth: self.text("dob"),
            expected_date: self.text("edd"),
            unborn: false,
            sex: self.text("sex"),
            address: self.text("address"),
            postcode: self.text("postcode"),
            previous_postcode: self.text("prev_postcode"),
            nhs_number: self.text("nhs_number"),
            upn: self.text("upn"),
            mother_name: self.text("mother_name"),
            father_name: self.text("father_name"),
            phone: self.text("phone"),
        }
    }
}

impl<R: Read> Iterator for People<R> {
    type Item = Result<Person, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let line = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.row) {
            Ok(false) => None,
            Ok(true) => {
                let line = self.row.position().map_or(line, csv::Position::line);
                Some(self.person(line))
            }
            Err(error) => {
                // What could not be read once would fail again, for ever.
                self.ended = error.is_io_error();
                Some(Err(fault(&error, line)))
            }
        }
    }
}

fn fault(error: &csv::Error, line: u64) -> Fault {
    let line = error.position().map_or(line, csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::Io(_) => "the file could not be read to its end",
        csv::ErrorKind::Utf8 { .. } => "the line is not UTF-8 text; save the file as UTF-8",
        _ => "the line could not be read as comma-separated values",
    };
    Fault::new(line, problem)
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
fn as_of(text: &str) -> Option<Timestamp> {
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
}
