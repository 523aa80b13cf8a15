//! The bytes of a table, made UTF-8 where they are UTF-16 and cut into rows, with no more in
//! memory than one row and what was read ahead.

use std::io::{ErrorKind, Read, Result};
use std::ops::Range;

/// Bytes of one row as it is written, without the line break that ends it.
pub(super) const ROW_BYTES: usize = 1024 * 1024;
/// Bytes read at once, and from which the encoding is decided.
const CHUNK: usize = 64 * 1024;
/// What may stand between cells; of two that are equally common the later is meant, for it is
/// rarer within a heading.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'|', b'\t'];
const MARK: &[u8] = b"\xef\xbb\xbf";
/// Stands for UTF-16 that is no character; UTF-8 never has it.
const NO_CHARACTER: u8 = 0xff;

/// Reads, and gives the bytes of one row at a time to the library that splits it.
pub(super) struct Feed<R> {
    source: R,
    chunk: Vec<u8>,
    coding: Coding,
    /// What was read and not yet passed by; from `start` on it is the next row.
    text: Vec<u8>,
    start: usize,
    ended: bool,
    /// The source gave an error in place of its end, and nobody was told yet.
    failed: bool,
    /// The row that the library may read, and whether the line break after it.
    staged: Range<usize>,
    line_break: bool,
    /// The bytes of a broken row's first line, as far as they are not too many.
    pub(super) broken: Vec<u8>,
}

enum Coding {
    /// A cell that is not UTF-8 is read as Windows-1252.
    Utf8,
    Windows1252,
    Utf16(Utf16),
}

/// The next row's edges.
pub(super) enum Frame {
    End,
    /// Its bytes, the bytes up to the next row, and how many cells it has.
    Row {
        length: usize,
        next: usize,
        columns: usize,
    },
    /// Already passed by.
    Broken {
        flaw: Flaw,
        column: usize,
    },
}

/// Why a row's edges are not known.
pub(super) enum Flaw {
    /// A quotation mark inside a cell that has none around it, or anything after the closing one.
    StrayQuote,
    OpenQuote,
    RowBytes,
    Incomplete,
}

/// Where in a cell we are.
#[derive(Clone, Copy)]
enum Within {
    Start,
    Plain,
    Quoted,
    /// After a quotation mark in a quoted cell: the closing one, or the first of two.
    Closing,
}

impl<R: Read> Feed<R> {
    pub(super) fn open(source: R) -> Self {
        let mut feed = Feed {
            source,
            chunk: vec![0; CHUNK],
            coding: Coding::Utf8,
            text: Vec::new(),
            start: 0,
            ended: false,
            failed: false,
            staged: 0..0,
            line_break: false,
            broken: Vec::new(),
        };
        while feed.text.len() < CHUNK && feed.fill() {}
        let big_endian = feed.starts_with(b"\xfe\xff");
        if big_endian || feed.starts_with(b"\xff\xfe") {
            let mut decoder = Utf16 { big_endian, first: None, high: None };
            let read = std::mem::take(&mut feed.text);
            decoder.push(&read[2..], &mut feed.text);
            if feed.ended {
                decoder.finish(&mut feed.text);
            }
            feed.coding = Coding::Utf16(decoder);
        } else if !feed.starts_with(MARK) {
            let head = &feed.text[..feed.text.len().min(CHUNK)];
            // A character that is only cut off at the end does not count against UTF-8.
            let wrong = std::str::from_utf8(head).err().and_then(|error| error.error_len());
            if wrong.is_some() {
                feed.coding = Coding::Windows1252;
            }
        }
        feed
    }

    /// Reads on; false when nothing more can come.
    fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.text.drain(..self.start);
        self.start = 0;
        let read = loop {
            match self.source.read(&mut self.chunk) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.ended = !matches!(read, Ok(1..));
        self.failed = read.is_err();
        let more = &self.chunk[..read.unwrap_or(0)];
        match &mut self.coding {
            Coding::Utf16(decoder) if self.ended => decoder.finish(&mut self.text),
            Coding::Utf16(decoder) => decoder.push(more, &mut self.text),
            Coding::Utf8 | Coding::Windows1252 => self.text.extend_from_slice(more),
        }
        true
    }

    /// The byte at this distance from the start of the next row.
    fn peek(&mut self, at: usize) -> Option<u8> {
        while self.start + at >= self.text.len() && self.fill() {}
        self.text.get(self.start + at).copied()
    }

    pub(super) fn starts_with(&mut self, wanted: &[u8]) -> bool {
        (0..).zip(wanted).all(|(at, byte)| self.peek(at) == Some(*byte))
    }

    /// The next row, of which so many bytes were framed.
    pub(super) fn row(&self, length: usize) -> &[u8] {
        self.text.get(self.start..self.start + length).unwrap_or_default()
    }

    /// Passes bytes by.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// The distance behind the line break that stands at this one: CR, LF or CRLF.
    fn after_break(&mut self, at: usize) -> usize {
        let both = self.peek(at) == Some(b'\r') && self.peek(at + 1) == Some(b'\n');
        at + if both { 2 } else { 1 }
    }

    /// Bytes of memory in use.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.text.capacity() + self.chunk.capacity()
    }

    /// Passes by a first line `sep=;` and gives what it names.
    pub(super) fn separator_line(&mut self) -> Option<u8> {
        self.skip_marks();
        let written = self.starts_with(b"sep=") || self.starts_with(b"SEP=");
        let named = self.peek(4).filter(|byte| !matches!(byte, b'\r' | b'\n'))?;
        if !written || !matches!(self.peek(5), None | Some(b'\r' | b'\n')) {
            return None;
        }
        let next = if self.peek(5).is_none() { 5 } else { self.after_break(5) };
        self.advance(next);
        Some(named)
    }

    fn skip_marks(&mut self) {
        while self.starts_with(MARK) {
            self.advance(MARK.len());
        }
    }

    /// Passes by lines that hold blanks and delimiters only, and tells how many they were.
    pub(super) fn skip_blank_lines(&mut self) -> usize {
        let (mut lines, mut at) = (0, 0);
        self.skip_marks();
        while at < ROW_BYTES {
            match self.peek(at) {
                Some(b'\r' | b'\n') => {
                    let next = self.after_break(at);
                    self.advance(next);
                    self.skip_marks();
                    (lines, at) = (lines + 1, 0);
                }
                Some(byte) if byte == b' ' || DELIMITERS.contains(&byte) => at += 1,
                _ => break,
            }
        }
        lines
    }

    /// What the next row has most of outside quotation marks; a comma when it has none.
    pub(super) fn commonest_delimiter(&mut self) -> u8 {
        let (mut counts, mut quoted, mut at) = ([0_usize; DELIMITERS.len()], false, 0);
        while let Some(byte) = self.peek(at).filter(|_| at < ROW_BYTES) {
            match byte {
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'\r' | b'\n' => break,
                _ => {
                    let found = DELIMITERS.iter().position(|delimiter| *delimiter == byte);
                    found.into_iter().for_each(|index| counts[index] += 1);
                }
            }
            at += 1;
        }
        let seen = DELIMITERS.iter().zip(counts).filter(|(_, count)| *count > 0);
        seen.max_by_key(|(_, count)| *count).map_or(b',', |(delimiter, _)| *delimiter)
    }

    /// Finds the edges of the next row. A broken one is passed by up to the end of its first line.
    ///
    /// Each line is looked at twice at most: a row goes on over a line break only from a line
    /// with an odd number of quotation marks to the next such line, and the lines between them
    /// are complete rows when they are looked at again.
    pub(super) fn frame(&mut self, delimiters: &[u8]) -> Frame {
        let (mut at, mut column, mut within) = (0, 1, Within::Start);
        let mut second_line = None;
        let flaw = loop {
            let Some(byte) = self.peek(at) else {
                break match within {
                    _ if std::mem::take(&mut self.failed) => {
                        self.broken = self.text[self.start..].to_vec();
                        self.start = self.text.len();
                        return Frame::Broken { flaw: Flaw::Incomplete, column };
                    }
                    Within::Quoted => Flaw::OpenQuote,
                    _ if at == 0 => return Frame::End,
                    _ => return Frame::Row { length: at, next: at, columns: column },
                };
            };
            within = match (within, byte) {
                (Within::Quoted, b'"') => Within::Closing,
                (Within::Closing, b'"') => Within::Quoted,
                (Within::Quoted, b'\r' | b'\n') => {
                    let next = self.after_break(at);
                    second_line.get_or_insert(next);
                    Within::Quoted
                }
                (Within::Quoted, _) => Within::Quoted,
                (_, b'\r' | b'\n') => {
                    let next = self.after_break(at);
                    return Frame::Row { length: at, next, columns: column };
                }
                (_, byte) if delimiters.contains(&byte) => {
                    column += 1;
                    Within::Start
                }
                (Within::Start, b'"') => Within::Quoted,
                (Within::Start | Within::Plain, _) if byte != b'"' => Within::Plain,
                _ => break Flaw::StrayQuote,
            };
            at += 1;
            if at > ROW_BYTES {
                break Flaw::RowBytes;
            }
        };
        self.broken = self.row(second_line.unwrap_or(at)).to_vec();
        match second_line {
            Some(next) => self.advance(next),
            None => self.skip_line(at),
        }
        Frame::Broken { flaw, column }
    }

    /// Passes by what is left of a line, of which so many bytes were seen.
    fn skip_line(&mut self, seen: usize) {
        self.advance(seen);
        while let Some(byte) = self.peek(0) {
            if matches!(byte, b'\r' | b'\n') {
                let next = self.after_break(0);
                return self.advance(next);
            }
            if self.broken.len() < ROW_BYTES {
                self.broken.push(byte);
            }
            self.advance(1);
        }
    }

    /// Lets the library read the next row, and a line break after it.
    pub(super) fn stage(&mut self, length: usize) {
        self.staged = self.start..self.start + length;
        self.line_break = true;
    }

    /// The text of a cell; `None` when it holds what is no character.
    pub(super) fn decode(&self, bytes: &[u8]) -> Option<String> {
        let utf8 = || std::str::from_utf8(bytes).ok().map(str::to_owned);
        match self.coding {
            Coding::Utf8 => utf8().or_else(|| windows_1252(bytes)),
            Coding::Windows1252 => windows_1252(bytes),
            Coding::Utf16(_) => utf8(),
        }
    }
}

impl<R> Read for Feed<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let row = &self.text[self.staged.clone()];
        if row.is_empty() && std::mem::take(&mut self.line_break) {
            return b"\n".as_slice().read(out);
        }
        let given = { row }.read(out)?;
        self.staged.start += given;
        Ok(given)
    }
}

/// UTF-16 that comes in pieces.
struct Utf16 {
    big_endian: bool,
    /// The first byte of a unit, while the second is to come.
    first: Option<u8>,
    /// The first unit of a pair, while the second is to come.
    high: Option<u16>,
}

impl Utf16 {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for byte in bytes {
            match self.first.take() {
                None => self.first = Some(*byte),
                Some(first) if self.big_endian => {
                    self.unit(u16::from_be_bytes([first, *byte]), out);
                }
                Some(first) => self.unit(u16::from_le_bytes([first, *byte]), out),
            }
        }
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            if let Some(Ok(character)) = char::decode_utf16([high, unit]).next() {
                return write(character, out);
            }
            out.push(NO_CHARACTER);
        }
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else if let Some(character) = char::from_u32(u32::from(unit)) {
            write(character, out);
        } else {
            out.push(NO_CHARACTER);
        }
    }

    /// At the end nothing may be half done.
    fn finish(&mut self, out: &mut Vec<u8>) {
        if self.first.take().is_some() || self.high.take().is_some() {
            out.push(NO_CHARACTER);
        }
    }
}

fn write(character: char, out: &mut Vec<u8>) {
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Windows-1252 at 0x80 to 0x9F (Unicode's mapping table CP1252.TXT); NUL where it has nothing.
const HIGH: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘',
    '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

/// Text in Windows-1252; `None` when a byte is no character of it.
pub(in super::super) fn windows_1252(bytes: &[u8]) -> Option<String> {
    let character = |byte: &u8| match byte {
        0x80..=0x9f => Some(HIGH[usize::from(byte - 0x80)]).filter(|found| *found != '\0'),
        _ => Some(char::from(*byte)),
    };
    bytes.iter().map(character).collect()
}
