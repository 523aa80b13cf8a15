//! A watch over the quotation marks of comma-separated values. One that is not closed would take
//! every row behind it for one value, and nobody would know.

use std::fmt;
use std::io::{self, Read};

/// Most bytes of one row; a person takes a few hundred.
pub(super) const LONGEST: u64 = 1 << 20;

/// Where and why a file cannot be read any further.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) line: u64,
    pub(super) problem: &'static str,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for Lost {}

const OPEN: &str = "a quotation mark opens on this line and is not closed: nothing from here to \
    the end of the file was read. Close it and import the file again";
const ASTRAY: &str = "a quotation mark opens on this line and the next one, on another line, \
    closes no value: nothing from here to the end of the file was read. Close it and import the \
    file again";
const LONG: &str = "the row that begins here is longer than any person's: nothing from here to \
    the end of the file was read. Mend it and import the file again";

/// Where in a row the reading is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// A value begins, which alone a quotation mark can open.
    Start,
    Plain,
    Quoted,
    /// Behind a quotation mark, which closes the value unless another one follows.
    Closing,
}

/// A file whose rows are bounded and whose quotations are closed, or which ends with [`Lost`].
pub(super) struct Quotations<R> {
    inner: R,
    at: At,
    line: u64,
    /// Line on which the last quotation opened.
    opened: u64,
    /// Line on which the row began, and its bytes so far.
    row: u64,
    bytes: u64,
    lost: Option<Lost>,
}

impl<R> Quotations<R> {
    pub(super) fn new(inner: R) -> Self {
        Quotations { inner, at: At::Start, line: 1, opened: 1, row: 1, bytes: 0, lost: None }
    }

    /// Follows one byte; what is lost from it on.
    fn follow(&mut self, byte: u8) -> Result<(), Lost> {
        self.bytes += 1;
        let lost = |line, problem| Err(Lost { line, problem });
        if self.bytes > LONGEST {
            let open = self.at == At::Quoted;
            return if open { lost(self.opened, OPEN) } else { lost(self.row, LONG) };
        }
        self.at = match (self.at, byte) {
            (At::Quoted, b'"') => At::Closing,
            (At::Quoted, _) | (At::Closing, b'"') => At::Quoted,
            (At::Start, b'"') => {
                self.opened = self.line;
                At::Quoted
            }
            (_, b',' | b'\n' | b'\r') => At::Start,
            (At::Closing, _) if self.opened != self.line => return lost(self.opened, ASTRAY),
            _ => At::Plain,
        };
        if byte == b'\n' {
            self.line += 1;
        }
        if self.at == At::Start && byte != b',' {
            (self.row, self.bytes) = (self.line, 0);
        }
        Ok(())
    }
}

impl<R: Read> Read for Quotations<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(lost) = self.lost {
            return Err(io::Error::other(lost));
        }
        let read = self.inner.read(into)?;
        if read == 0 && self.at == At::Quoted {
            return Err(io::Error::other(Lost { line: self.opened, problem: OPEN }));
        }
        for (place, byte) in into[..read].iter().enumerate() {
            if let Err(lost) = self.follow(*byte) {
                self.lost = Some(lost);
                // What came before is whole rows, and a part of one that nobody is given.
                return if place > 0 { Ok(place) } else { Err(io::Error::other(lost)) };
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linkage::people::{Fault, Rows};

    /// Lines of the rows read, and the fault at which the file was lost.
    fn read(text: &str) -> (Vec<u64>, Option<Fault>) {
        let (mut lines, mut lost) = (Vec::new(), None);
        let rows = Rows::csv(text.as_bytes()).expect("a header");
        let layout = rows.layout();
        for row in rows {
            assert!(lost.is_none(), "nothing is read behind it");
            match row.and_then(|row| layout.read(&row)) {
                Ok(person) => lines.push(person.line),
                Err(fault) if fault.lost => lost = Some(fault),
                Err(_) => {}
            }
        }
        (lines, lost)
    }

    #[test]
    fn a_quotation_that_is_not_closed_is_told_at_the_line_on_which_it_opened() {
        let tail = "R4,Uttley,x\n".repeat(20_000);
        for rest in ["R3,\"Hollins,x\n", &format!("R3,\"Hollins,x\n{tail}")] {
            let (lines, lost) = read(&format!("record_id,surname,address\nR2,A,\"x\ny\"\n{rest}"));
            assert_eq!(lines, [2]);
            let lost = lost.expect("a fault");
            assert_eq!(lost.line, 4);
            assert!(lost.problem.contains("not closed"), "{lost}");
        }
    }

    #[test]
    fn one_that_the_next_rows_quotation_closes_is_told_as_well() {
        let header = "record_id,surname,address\n";
        let (lines, lost) = read(&format!("{header}R2,\"A,x\nR3,\"B\",y\nR4,C,z\n"));
        assert_eq!((lines, lost.map(|lost| lost.line)), (vec![], Some(2)));
        // Within a line it takes nothing else with it.
        let (lines, lost) = read(&format!("{header}R2,\"A\"B,x\nR3,\"B\"\"\",y\nR4,\"C\",z\n"));
        assert_eq!((lines, lost), (vec![2, 3, 4], None));
    }

    #[test]
    fn a_row_that_is_closed_on_another_line_is_told_with_all_its_lines() {
        let text = "record_id,surname,address,notes\nR2,\"A,x,y\nR3,B\",x,y\n\
            R4,C,\"1 Mill Lane\nHalifax\",\"so\nso\"\nR5,\"A\nR6,B\",y\n";
        let rows = Rows::csv(text.as_bytes()).expect("a header");
        let layout = rows.layout();
        let read: Vec<_> = rows.map(|row| row.and_then(|row| layout.read(&row))).collect();
        let told: Vec<String> =
            read.iter().filter_map(|row| row.as_ref().err()).map(Fault::to_string).collect();
        assert_eq!(read[1].as_ref().map(|person| person.line), Ok(4), "an address has lines");
        assert!(told[0].starts_with("line 2: lines 2 to 3 "), "{told:?}");
        assert!(told[1].starts_with("line 7: lines 7 to 8 "), "{told:?}");
    }

    #[test]
    fn a_row_without_end_is_not_kept_in_memory() {
        let long = "x".repeat(LONGEST as usize * 3);
        let (lines, lost) = read(&format!("record_id,surname\nR2,A\nR3,{long}\nR4,A\n"));
        assert_eq!(lines, [2]);
        let lost = lost.expect("a fault");
        assert!(lost.line == 3 && lost.problem.contains("longer"), "{lost}");
    }
}
