//! Tables as CSV (RFC 4180, and as spreadsheets really write it): a file is a batch of rows, read
//! one by one within bounded memory.
//!
//! A row is an object with a member for each cell that is not empty, named by its column's
//! heading: `{"Child's name": "…", "Date of birth": "01/04/2015"}`. A cell is text, trimmed, and
//! nothing in it is evaluated or mended: `=A1`, `'07…` and `1.23457E+11` stay as they are.
//!
//! - Delimiter: `,` `;` tab or `|`, the one that the header row has most of, or what a first line
//!   `sep=;` names, as Excel writes it.
//! - Encoding: UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252.
//! - Headings are trimmed and inner blanks folded. An empty one becomes `column C`, the same one
//!   again `Name (2)`; cells beyond the headings are `extra 1` and so on, unless they are empty.
//! - Rows are counted as a spreadsheet shows them: the header is row 1, blank rows count though
//!   they are left out, a quoted cell with line breaks is one row.
//! - A row that cannot be read is refused alone, and reading goes on after it. Where its quotation
//!   marks are at fault, it is taken to end with its first line, so that a mark which was never
//!   closed cannot swallow the rows below it.

mod feed;
#[cfg(test)]
mod tests;

use crate::adapter::located::{Data, Located, Place, Step};
use crate::domain::Unread;
use crate::domain::refusal::{Refusal, RefusalKind};
use feed::{DELIMITERS, Feed, Flaw, Frame, ROW_BYTES};
use std::collections::HashSet;
use std::io::Read;
use std::rc::Rc;

pub(super) use feed::windows_1252;

/// Columns of a table, and cells of a row.
const COLUMNS: usize = 500;
/// Bytes of one cell.
const CELL_BYTES: usize = 256 * 1024;
/// Bytes of one heading.
const HEADING_BYTES: usize = 200;

/// The rows of one file, in their order. Beside the reader it holds one row, at most a mebibyte,
/// and 64 KiB that were read ahead.
///
/// A refused row is `NotReadable` (rules `csv`, `encoding`, and `incomplete` when the reader
/// fails, after which no row follows), `TooLarge` or `TooDeep` (rule `limit`). The pointer says
/// `row 4` or `row 4, column C (…)`: a heading is the sender's own text and is not repeated, for
/// a file without headings has a child's name there.
pub struct Rows<R: Read> {
    table: ::csv::Reader<Feed<R>>,
    delimiter: u8,
    /// A name for every column that a row may have: the headings, then the extras.
    names: Vec<Rc<str>>,
    /// How many of these are headings.
    stated: usize,
    record: ::csv::ByteRecord,
    row: usize,
    /// The bytes of the row that was read last, in UTF-8 where the file is UTF-16; of one that
    /// cannot be told from the next, its first line.
    raw: Vec<u8>,
    /// Those of the header.
    head: Vec<u8>,
}

impl<R: Read> Rows<R> {
    /// Reads the head of a file.
    ///
    /// # Errors
    /// As for a row, when there is no header or it cannot be read; then no row can be either.
    pub fn open(reader: R) -> Result<Self, Refusal> {
        let mut feed = Feed::open(reader);
        if feed.starts_with(b"PK\x03\x04") {
            let ask = "This is a workbook and not CSV; save its sheet as CSV UTF-8 and send that";
            return Err(refusal(RefusalKind::NotReadable, &Place::document(), "csv", ask));
        }
        let named = feed.separator_line();
        if named.is_some_and(|byte| !DELIMITERS.contains(&byte)) {
            let ask = "Separate the cells with a comma, a semicolon, a tab or |";
            return Err(refusal(RefusalKind::NotReadable, &Place::document(), "csv", ask));
        }
        let row = feed.skip_blank_lines();
        let delimiter = named.unwrap_or_else(|| feed.commonest_delimiter());
        let mut table = ::csv::ReaderBuilder::new();
        table.has_headers(false).flexible(true).delimiter(delimiter);
        let table = table.from_reader(feed);
        let record = ::csv::ByteRecord::new();
        let (names, raw, head) = (Vec::new(), Vec::new(), Vec::new());
        let mut rows = Rows { table, delimiter, names, stated: 0, record, row, raw, head };
        rows.read_record().unwrap_or_else(|| Err(no_header()))?;
        rows.names = rows.headings()?;
        rows.stated = rows.record.len();
        rows.head = std::mem::take(&mut rows.raw);
        Ok(rows)
    }

    /// The row that was read last as it was sent, under the header.
    pub fn raw(&self) -> Vec<u8> {
        [self.head.as_slice(), b"\n", &self.raw].concat()
    }

    /// The headings of the columns, each different from the others.
    pub fn named(&self) -> impl Iterator<Item = &Rc<str>> {
        self.names.iter().take(self.stated)
    }

    /// Splits the next row that is not an empty line into the cells of `self.record`; `None` at
    /// the end. The row's edges are found by the feed, so that its size is bounded and a stray
    /// quotation mark is seen; cells are then split and unquoted by the library.
    fn read_record(&mut self) -> Option<Result<(), Refusal>> {
        loop {
            let feed = self.table.get_mut();
            let (length, next, columns) = match feed.frame(&[self.delimiter]) {
                Frame::End => return None,
                Frame::Row { length, next, columns } => (length, next, columns),
                Frame::Broken { flaw, column } => {
                    self.raw = std::mem::take(&mut feed.broken);
                    self.row += 1;
                    return Some(Err(broken(&flaw, self.row, column)));
                }
            };
            self.row += 1;
            if length == 0 {
                feed.advance(next);
                continue;
            }
            self.raw = feed.row(length).to_vec();
            if columns > COLUMNS {
                feed.advance(next);
                let ask = format!("Use at most {COLUMNS} columns");
                let row = Place::of(Step::Row(self.row));
                return Some(Err(refusal(RefusalKind::TooDeep, &row, "limit", &ask)));
            }
            feed.stage(length);
            let read = self.table.read_byte_record(&mut self.record);
            self.table.get_mut().advance(next);
            return Some(match read {
                Ok(true) => Ok(()),
                // Cannot be: what was staged is one whole row and not empty.
                Ok(false) | Err(_) => Err(broken(&Flaw::StrayQuote, self.row, 1)),
            });
        }
    }

    /// The text of one cell of `self.record`, not yet trimmed.
    fn cell(&self, index: usize, bytes: &[u8]) -> Result<String, Refusal> {
        let at = cell_place(self.row, index + 1, "…".into());
        if bytes.len() > CELL_BYTES {
            let ask = format!("Shorten this cell to {} KiB", CELL_BYTES / 1024);
            return Err(refusal(RefusalKind::TooLarge, &at, "limit", &ask));
        }
        if bytes.contains(&0) {
            let ask = "This cell holds a zero byte, which is no text; save the sheet as CSV UTF-8";
            return Err(refusal(RefusalKind::NotReadable, &at, "encoding", ask));
        }
        self.table.get_ref().decode(bytes).ok_or_else(|| {
            let ask = "This cell holds bytes that are no text; save the sheet as CSV UTF-8";
            refusal(RefusalKind::NotReadable, &at, "encoding", ask)
        })
    }

    /// Names for all columns, each different from the others, from the header in `self.record`.
    fn headings(&self) -> Result<Vec<Rc<str>>, Refusal> {
        let (mut names, mut taken, mut stated) = (Vec::new(), HashSet::new(), false);
        for (index, bytes) in self.record.iter().enumerate() {
            let text = self.cell(index, bytes)?;
            let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if folded.len() > HEADING_BYTES {
                let at = cell_place(self.row, index + 1, "…".into());
                let ask = format!("Shorten this heading to {HEADING_BYTES} bytes");
                return Err(refusal(RefusalKind::TooLarge, &at, "limit", &ask));
            }
            stated |= !folded.is_empty();
            let heading = if folded.is_empty() { nameless(index + 1) } else { folded };
            names.push(unused(heading, &mut taken));
        }
        if !stated {
            return Err(no_header());
        }
        let extras = 1..=COLUMNS.saturating_sub(names.len());
        names.extend(extras.map(|nth| unused(format!("extra {nth}"), &mut taken)));
        Ok(names)
    }

    /// The row in `self.record`; `None` when all its cells are empty.
    fn located(&self) -> Result<Option<Located>, Refusal> {
        let mut members = Vec::new();
        for ((index, bytes), name) in self.record.iter().enumerate().zip(&self.names) {
            let text = self.cell(index, bytes)?;
            let text = text.trim();
            if !text.is_empty() {
                let place = cell_place(self.row, index + 1, Rc::clone(name));
                members.push((Rc::clone(name), Located::text(text, place)));
            }
        }
        let row = Place::of(Step::Row(self.row));
        Ok((!members.is_empty()).then(|| Located::new(Data::Object(members), row)))
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Located, Refusal>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let row = self.read_record()?.and_then(|()| self.located()).transpose();
            if row.is_some() {
                return row;
            }
        }
    }
}

fn cell_place(row: usize, column: usize, heading: Rc<str>) -> Place {
    Place::of(Step::Cell { row, column, heading })
}

/// The name of a column without a heading: `column C`.
fn nameless(column: usize) -> String {
    let place = cell_place(1, column, "".into()).to_string();
    place.trim_start_matches("row 1, ").trim_end_matches(" ()").to_owned()
}

/// The name, with ` (2)`, ` (3)` and so on where it is taken; taken afterwards.
fn unused(name: String, taken: &mut HashSet<Rc<str>>) -> Rc<str> {
    let mut free: Rc<str> = name.as_str().into();
    let mut nth = 2;
    while taken.contains(&free) {
        free = format!("{name} ({nth})").into();
        nth += 1;
    }
    taken.insert(Rc::clone(&free));
    free
}

fn no_header() -> Refusal {
    let ask = "The first row must hold the headings of the columns; send them and the rows below";
    refusal(RefusalKind::NotReadable, &Place::document(), "csv", ask)
}

fn broken(flaw: &Flaw, row: usize, column: usize) -> Refusal {
    let cell = cell_place(row, column, "…".into());
    match flaw {
        Flaw::StrayQuote => {
            let ask = "A quotation mark stands here where none is expected; put the whole cell \
                       between two of them and write each one inside it twice";
            refusal(RefusalKind::NotReadable, &cell, "csv", ask)
        }
        Flaw::OpenQuote => {
            let ask = "The quotation mark that opens this cell is never closed; close it";
            refusal(RefusalKind::NotReadable, &cell, "csv", ask)
        }
        Flaw::RowBytes => {
            let ask = format!(
                "Shorten this row to {} KiB, or close the quotation mark that makes it so long",
                ROW_BYTES / 1024
            );
            refusal(RefusalKind::TooLarge, &Place::of(Step::Row(row)), "limit", &ask)
        }
        Flaw::Incomplete => {
            let ask = "The file broke off here; send it again, from this row or the whole";
            refusal(RefusalKind::NotReadable, &Place::of(Step::Row(row)), "incomplete", ask)
        }
    }
}

fn refusal(kind: RefusalKind, place: &Place, rule: &str, ask: &str) -> Refusal {
    let (pointer, rule, ask) = (place.to_string(), rule.to_owned(), ask.to_owned());
    Refusal { kind, faults: vec![Unread { pointer, rule, ask }] }
}
