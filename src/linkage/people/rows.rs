//! Rows as they stand in a file: cheap to cut apart, so that many threads may read their values.

use super::given::Given;
use super::quotations::{LONGEST, Lost, Quotations};
use super::{Fault, Layout};
use csv::{ByteRecord, Reader, ReaderBuilder, StringRecord};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

/// One row, its values not looked at.
pub struct Row {
    /// Line of the file, the first being 1.
    pub line: u64,
    content: Content,
}

enum Content {
    Cells(ByteRecord),
    Object(Vec<u8>),
}

/// Which of a file's columns a value is made of, where they have other names: a table of lists,
/// such as `address = ["street_number", "address_1"]`. What a column's list gives is joined by
/// blanks; columns not named keep their own names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Mapping(BTreeMap<String, Vec<String>>);

/// The places of columns, where the file's first line names them.
#[derive(Debug, Default)]
pub(super) struct Places {
    width: usize,
    of: HashMap<String, Vec<usize>>,
    given: Given,
}

pub(super) type Columns = Arc<Places>;

impl Places {
    fn of(header: &StringRecord, mapping: &Mapping) -> Self {
        let name = |column: &str| column.trim_start_matches('\u{feff}').trim().to_lowercase();
        let mut of: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, column) in header.iter().enumerate() {
            of.insert(name(column), vec![place]);
        }
        let mapped = mapping.0.iter().map(|(column, from)| {
            let places = from.iter().filter_map(|from| of.get(&name(from)));
            (column.clone(), places.flatten().copied().collect())
        });
        let mapped: Vec<(String, Vec<usize>)> = mapped.collect();
        of.extend(mapped);
        let given = Given::of(|column| of.get(column).is_some_and(|places| !places.is_empty()));
        Places { width: header.len(), of, given }
    }

    /// Whether a quotation has swallowed rows, of a row of several lines: there are other cells
    /// than columns, or lines where a value has one. What other columns hold is not ours to say.
    fn is_broken(&self, cells: &ByteRecord) -> bool {
        if cells.len() != self.width {
            return true;
        }
        let one_line = |column: &str| column != "address" && (Given::knows(column) || ID == column);
        let places = self.of.iter().filter(|(column, _)| one_line(column.as_str()));
        let mut cells = places.flat_map(|(_, places)| places).filter_map(|at| cells.get(*at));
        cells.any(|cell| cell.trim_ascii().contains(&b'\n'))
    }
}

const ID: &str = "record_id";

/// A row's values by the names of their columns.
pub(super) enum Values<'r> {
    Cells(&'r Places, &'r ByteRecord),
    Object(Map<String, Value>),
}

impl Row {
    pub(super) fn values<'r>(&'r self, columns: &'r Columns) -> Result<Values<'r>, Fault> {
        match &self.content {
            Content::Cells(cells) if lines(cells) > 1 && columns.is_broken(cells) => {
                let through = self.line + lines(cells) - 1;
                let problem = format!(
                    "lines {} to {through} were read as one row, as a quotation mark that opens \
                     on one is closed on another; close it where its value ends",
                    self.line
                );
                Err(Fault::new(self.line, problem))
            }
            Content::Cells(cells) if cells.len() == columns.width => {
                Ok(Values::Cells(columns.as_ref(), cells))
            }
            Content::Cells(_) => {
                let mend =
                    "give as many values as the header has columns; quote values with commas";
                Err(Fault::new(self.line, mend))
            }
            Content::Object(bytes) => object(bytes)
                .map(Values::Object)
                .ok_or_else(|| Fault::new(self.line, "write one JSON object of texts on the line")),
        }
    }
}

/// Lines of a row.
fn lines(cells: &ByteRecord) -> u64 {
    1 + cells.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64
}

/// An object whose values are plain.
fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    let object: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    let plain = |value: &Value| !value.is_array() && !value.is_object();
    object.values().all(plain).then_some(object)
}

impl Values<'_> {
    /// The columns that the row has, empty or not.
    pub(super) fn given(&self) -> Given {
        match self {
            Values::Cells(columns, _) => columns.given,
            Values::Object(object) => Given::of(|column| object.contains_key(column)),
        }
    }

    /// The text of a column; empty where there is none.
    pub(super) fn text(&self, column: &str) -> String {
        match self {
            Values::Cells(columns, cells) => {
                let places = columns.of.get(column).into_iter().flatten();
                let cells = places.filter_map(|place| cells.get(*place));
                let texts = cells.map(|cell| String::from_utf8_lossy(cell).trim().to_owned());
                texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
            }
            Values::Object(object) => match object.get(column) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.trim().to_owned(),
                Some(other) => other.to_string(),
            },
        }
    }
}

/// Cuts a file into rows, in bounded memory.
pub struct Rows<R> {
    from: From<R>,
    columns: Columns,
    ended: bool,
}

enum From<R> {
    Cells(Box<Reader<Quotations<R>>>),
    Lines { reader: BufReader<R>, line: u64 },
}

impl<R: Read> Rows<R> {
    /// Comma-separated values; reads the header.
    ///
    /// # Errors
    /// A fault on line 1 when there is no header that names the records' ids.
    pub fn csv(from: R) -> Result<Self, Fault> {
        Self::mapped(from, &Mapping::default())
    }

    /// Comma-separated values whose columns have other names.
    ///
    /// # Errors
    /// As [`Rows::csv`].
    pub fn mapped(from: R, mapping: &Mapping) -> Result<Self, Fault> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(Quotations::new(from));
        let header = reader.headers().map_err(|error| fault(&error, 1))?;
        let columns = Places::of(header, mapping);
        if !columns.of.contains_key("record_id") && !columns.of.contains_key("referral_id") {
            let ask = "the first line must name the columns, among them record_id or referral_id";
            return Err(Fault::new(1, ask));
        }
        let from = From::Cells(Box::new(reader));
        Ok(Rows { from, columns: Arc::new(columns), ended: false })
    }

    /// One JSON object a line.
    pub fn ndjson(from: R) -> Self {
        let from = From::Lines { reader: BufReader::new(from), line: 0 };
        Rows { from, columns: Columns::default(), ended: false }
    }

    /// How the values of these rows are read.
    pub fn layout(&self) -> Layout {
        Layout(self.columns.clone())
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let (next, lost) = match &mut self.from {
            From::Cells(reader) => cells(reader),
            From::Lines { reader, line } => object_line(reader, line),
        };
        // What could not be read once would fail again, for ever.
        self.ended = lost;
        next
    }
}

/// The next row, and whether the file cannot be read any further.
type Next = (Option<Result<Row, Fault>>, bool);

fn cells(reader: &mut Reader<impl Read>) -> Next {
    let line = reader.position().line();
    let mut row = ByteRecord::new();
    match reader.read_byte_record(&mut row) {
        Ok(false) => (None, true),
        Ok(true) => {
            let line = row.position().map_or(line, csv::Position::line);
            (Some(Ok(Row { line, content: Content::Cells(row) })), false)
        }
        Err(error) => (Some(Err(fault(&error, line))), error.is_io_error()),
    }
}

fn object_line(reader: &mut BufReader<impl Read>, line: &mut u64) -> Next {
    loop {
        *line += 1;
        let mut bytes = Vec::new();
        match reader.by_ref().take(LONGEST).read_until(b'\n', &mut bytes) {
            Err(_) => {
                let fault = Fault::new(*line, "the file could not be read to its end");
                return (Some(Err(fault.that_loses())), true);
            }
            Ok(0) => return (None, true),
            Ok(_) if bytes.len() as u64 == LONGEST && !bytes.ends_with(b"\n") => {
                let lost = reader.skip_until(b'\n').is_err();
                let fault = Fault::new(*line, "the line is longer than any person's");
                return (Some(Err(Fault { lost, ..fault })), lost);
            }
            Ok(_) if bytes.trim_ascii().is_empty() => {}
            Ok(_) => {
                if *line == 1 && bytes.starts_with("\u{feff}".as_bytes()) {
                    bytes.drain(..3);
                }
                return (Some(Ok(Row { line: *line, content: Content::Object(bytes) })), false);
            }
        }
    }
}

fn fault(error: &csv::Error, line: u64) -> Fault {
    let line = error.position().map_or(line, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Io(error) => {
            let lost = error.get_ref().and_then(|lost| lost.downcast_ref::<Lost>());
            let unread = Lost { line, problem: "the file could not be read to its end" };
            let Lost { line, problem } = *lost.unwrap_or(&unread);
            Fault::new(line, problem).that_loses()
        }
        csv::ErrorKind::Utf8 { .. } => {
            Fault::new(line, "the line is not UTF-8 text; save the file as UTF-8")
        }
        _ => Fault::new(line, "the line could not be read as comma-separated values"),
    }
}
