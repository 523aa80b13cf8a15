use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::cell::Cell;
use std::io;

/// What a file gives: rows with their numbers, and pointer and rule of each refusal.
#[derive(Debug, PartialEq)]
enum Seen {
    Row(usize, Value),
    Refused(String, String),
}

fn told(refusal: &Refusal) -> Seen {
    assert_eq!(refusal.faults.len(), 1);
    let fault = &refusal.faults[0];
    assert!(fault.ask.len() > 20, "{fault:?}");
    Seen::Refused(fault.pointer.clone(), fault.rule.clone())
}

fn refused(pointer: &str, rule: &str) -> Seen {
    Seen::Refused(pointer.to_owned(), rule.to_owned())
}

fn seen(file: impl Read) -> Vec<Seen> {
    let rows = match Rows::open(file) {
        Ok(rows) => rows,
        Err(refusal) => return vec![told(&refusal)],
    };
    let row = |row: Result<Located, Refusal>| match row {
        Ok(row) => {
            let Step::Row(number) = *row.place.step() else { panic!("{:?}", row.place) };
            Seen::Row(number, row.plain())
        }
        Err(refusal) => told(&refusal),
    };
    rows.map(row).collect()
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(unit).collect()
}

const CHARITY: &str = "\u{feff}Ref;Child's  name;Date of birth;NHS number;Phone;Worry\r\n\
    1;Tilly Canary;03/04/2015;9,99E+09;'07700 900123;\"Bruises, she said \"\"a fall\"\".\r\n\
    Third time; see notes\"\r\n\
    ;;;;;\r\n\
    2;\"O\u{2019}Canary; Zo\u{eb}\";1/2/2014;9990001234;=+44;-\r\n\
    3;Bo;;;\r\n";

#[test]
fn a_spreadsheet_of_a_charity() {
    let expected = vec![
        Seen::Row(
            2,
            json!({"Ref": "1", "Child's name": "Tilly Canary", "Date of birth": "03/04/2015",
                "NHS number": "9,99E+09", "Phone": "'07700 900123",
                "Worry": "Bruises, she said \"a fall\".\r\nThird time; see notes"}),
        ),
        Seen::Row(
            4,
            json!({"Ref": "2", "Child's name": "O\u{2019}Canary; Zo\u{eb}",
                "Date of birth": "1/2/2014", "NHS number": "9990001234", "Phone": "=+44",
                "Worry": "-"}),
        ),
        Seen::Row(5, json!({"Ref": "3", "Child's name": "Bo"})),
    ];
    assert_eq!(seen(CHARITY.as_bytes()), expected);
    // The same as Excel's "Unicode text", and as it writes CSV in the West.
    let unmarked = CHARITY.trim_start_matches('\u{feff}');
    assert_eq!(seen(&*utf16(unmarked, u16::to_le_bytes)), expected);
    assert_eq!(seen(&*utf16(unmarked, u16::to_be_bytes)), expected);
    let western = |c: char| match c {
        '\u{2019}' => 0x92,
        c => u8::try_from(c).expect("western"),
    };
    assert_eq!(seen(&*unmarked.chars().map(western).collect::<Vec<u8>>()), expected);
    // With the line breaks of other systems, outside the quotation marks.
    for line_break in ["\n", "\r"] {
        let file = CHARITY.replace("\r\n", line_break).replace("fall\"\".\n", "fall\"\".\r\n");
        let file = file.replace("fall\"\".\rT", "fall\"\".\r\nT");
        assert_eq!(seen(file.as_bytes()), expected);
    }
}

#[test]
fn each_cell_knows_its_place() {
    let mut rows = Rows::open(b"Name,,Age\nBo,x,7,,more".as_slice()).expect("a header");
    let row = rows.next().expect("a row").expect("read");
    assert_eq!(row.place.to_string(), "row 2");
    let places: Vec<String> = ["Name", "column B", "Age", "extra 2"]
        .map(|heading| row.get(heading).expect(heading).place.to_string())
        .into();
    assert_eq!(
        places,
        [
            "row 2, column A (Name)",
            "row 2, column B (column B)",
            "row 2, column C (Age)",
            "row 2, column E (extra 2)"
        ]
    );
    assert!(row.get("extra 1").is_none());
}

#[test]
fn headings_are_made_different() {
    let file = "Name;Name;;Name (2);\"A\n  b\";extra 1;column C;\n1;2;3;4;5;6;7;8;9";
    let expected = json!({"Name": "1", "Name (2)": "2", "column C": "3", "Name (2) (2)": "4",
        "A b": "5", "extra 1": "6", "column C (2)": "7", "column H": "8", "extra 1 (2)": "9"});
    assert_eq!(seen(file.as_bytes()), [Seen::Row(2, expected)]);
}

#[test]
fn the_delimiter_is_found_by_the_header() {
    let ab = |row| [Seen::Row(row, json!({"A": "1", "B": "2"}))];
    for file in ["A,B\n1,2", "A;B\n1;2", "A\tB\n1\t2", "A|B\n1|2", "sep=;\r\nA;B\n1;2"] {
        assert_eq!(seen(file.as_bytes()), ab(2), "{file}");
    }
    assert_eq!(seen(b"\n \n;;\nA;B\n1;2\n".as_slice()), ab(5));
    // What stands in quotation marks separates nothing, and of equals the rarer is meant.
    let quoted = seen(b"\"A,a,a\";B\n1;2".as_slice());
    assert_eq!(quoted, [Seen::Row(2, json!({"A,a,a": "1", "B": "2"}))]);
    assert_eq!(
        seen(b"Name, first;B\n1;2".as_slice()),
        [Seen::Row(2, json!({"Name, first": "1", "B": "2"}))]
    );
    assert_eq!(
        seen(b"sep=|\nA;a|B\n1|2".as_slice())[0],
        Seen::Row(2, json!({"A;a": "1", "B": "2"}))
    );
    assert_eq!(seen(b"sep=:\nA:B\n1:2".as_slice()), [refused("", "csv")]);
    assert_eq!(seen(b"Only\n1\n\n2".as_slice()).len(), 2);
}

#[test]
fn without_a_header_nothing_is_read() {
    for file in ["", "\u{feff}", "\n\n", ";;;", "\"\",\"\"\n1,2", "\u{a0}", "sep=;"] {
        assert_eq!(seen(file.as_bytes()), [refused("", "csv")], "{file:?}");
    }
    assert_eq!(seen(b"PK\x03\x04\0\0".as_slice()), [refused("", "csv")]);
    assert_eq!(seen(b"A\0,B\n1,2".as_slice()), [refused("row 1, column A (…)", "encoding")]);
    assert_eq!(seen(b"A,\"B\n1,2".as_slice()), [refused("row 1, column B (…)", "csv")]);
}

#[test]
fn a_bad_row_is_refused_alone() {
    let row = |row, a, b| Seen::Row(row, json!({"A": a, "B": b}));
    let expect = |bad: &[u8], rule: &str| {
        let file = [b"A,B\n1,2\n5,", bad, b"\n3,4\n\"x\ny\",z\n"].concat();
        let expected = [
            row(2, "1", "2"),
            refused("row 3, column B (…)", rule),
            row(4, "3", "4"),
            row(5, "x\ny", "z"),
        ];
        assert_eq!(seen(&*file), expected, "{bad:?}");
    };
    expect(b"Canary \"Bo\"", "csv");
    expect(b"\"Canary\" Bo", "csv");
    expect(b" \"Canary, Bo\"", "csv");
    expect(b"\"Canary", "csv");
    expect(b"Can\0ary", "encoding");
    expect(b"Can\x81ary", "encoding");
    expect(&[b'x'; CELL_BYTES + 1], "limit");
}

#[test]
fn a_quotation_mark_that_nobody_closes_swallows_no_row() {
    let file = format!("A,B\n1,\"2\n{}", "3,4\n".repeat(400_000));
    let seen = seen(file.as_bytes());
    assert_eq!(seen[0], refused("row 2", "limit"));
    assert_eq!(seen.len(), 400_001);
    assert_eq!(seen[400_000], Seen::Row(400_002, json!({"A": "3", "B": "4"})));
}

#[test]
fn utf16_that_is_no_character_spoils_its_row_only() {
    let mut file = utf16("A\tB\n1\t2?\n3\t4\n5\t\u{1f424}", u16::to_le_bytes);
    let mark = file.iter().position(|b| *b == b'?').expect("the mark");
    file[mark..mark + 2].copy_from_slice(&0xd83d_u16.to_le_bytes());
    let expected = [
        refused("row 2, column B (…)", "encoding"),
        Seen::Row(3, json!({"A": "3", "B": "4"})),
        Seen::Row(4, json!({"A": "5", "B": "\u{1f424}"})),
    ];
    assert_eq!(seen(&*file), expected);
    file.pop();
    assert_eq!(seen(&*file)[2], refused("row 4, column B (…)", "encoding"));
}

#[test]
fn windows_1252_is_found_by_file_and_by_cell() {
    // Decided at the head: what would be UTF-8 by chance is not.
    let expected = [Seen::Row(2, json!({"A": "Zo\u{eb} \u{20ac}", "B": "\u{c3}\u{ab}"}))];
    assert_eq!(seen(b"A,B\nZo\xeb \x80,\xc3\xab".as_slice()), expected);
    // Beyond the head, and after a byte order mark: cell by cell.
    let far = format!("A,B\n{}", "1,2\n".repeat(20_000));
    let tail = b"Zo\xeb,Zo\xc3\xab";
    let expected = Seen::Row(20_002, json!({"A": "Zo\u{eb}", "B": "Zo\u{eb}"}));
    assert_eq!(seen(&*[far.as_bytes(), tail].concat()).last(), Some(&expected));
    let marked = [b"\xef\xbb\xbfA,B\n".as_slice(), tail].concat();
    assert_eq!(seen(&*marked), [Seen::Row(2, json!({"A": "Zo\u{eb}", "B": "Zo\u{eb}"}))]);
    // A character across the edge of the head is still one.
    let across = format!("A,B\n{},Zo\u{eb}\n", "x".repeat(CELL_BYTES / 4 - 8));
    assert_eq!(across.as_bytes()[65_535], 0xc3);
    let Seen::Row(2, row) = &seen(across.as_bytes())[0] else { panic!("refused") };
    assert_eq!(row["B"], "Zo\u{eb}");
}

#[test]
fn limits_hold_exactly() {
    let columns = |count: usize| vec!["a"; count].join(",");
    let widest = seen(format!("{0}\n{0}", columns(500)).as_bytes());
    assert!(matches!(widest[..], [Seen::Row(2, _)]), "{widest:?}");
    assert_eq!(seen(columns(501).as_bytes()), [refused("row 1", "limit")]);
    let wide = format!("A,B\n{}\n{}\n1,2", columns(500), columns(501));
    let wide = seen(wide.as_bytes());
    assert_eq!(wide[1], refused("row 3", "limit"));
    assert_eq!(wide[2], Seen::Row(4, json!({"A": "1", "B": "2"})));

    let heading = |bytes: usize| format!(" {} ,B\n1,2", "h".repeat(bytes));
    assert!(matches!(seen(heading(200).as_bytes())[0], Seen::Row(..)));
    assert_eq!(seen(heading(201).as_bytes()), [refused("row 1, column A (…)", "limit")]);

    let cell = |bytes: usize| format!("A,B\n\"{}\",2", "c".repeat(bytes));
    assert!(matches!(seen(cell(CELL_BYTES).as_bytes())[0], Seen::Row(..)));
    let long = seen(cell(CELL_BYTES + 1).as_bytes());
    assert_eq!(long, [refused("row 2, column A (…)", "limit")]);

    let row = |bytes: usize| {
        let cell = format!("{},", "c".repeat(CELL_BYTES - 1));
        let cells = cell.repeat(bytes / CELL_BYTES);
        format!("A,B\n{}{}\n1,2", cells, "d".repeat(bytes - cells.len()))
    };
    assert!(matches!(seen(row(ROW_BYTES).as_bytes())[0], Seen::Row(..)));
    let long = seen(row(ROW_BYTES + 1).as_bytes());
    assert_eq!(long[0], refused("row 2", "limit"));
    assert_eq!(long[1], Seen::Row(3, json!({"A": "1", "B": "2"})));
}

/// Gives so many rows, made as they are asked for, and counts the bytes given.
struct Generated<'a> {
    rows: usize,
    line: Vec<u8>,
    given: &'a Cell<usize>,
}

fn line(nth: usize) -> String {
    format!("{nth},\"Canary, Bo\r\n{nth}\",0{}/04/2015\r\n", nth % 9 + 1)
}

impl Read for Generated<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.line.len() < out.len() && self.rows > 0 {
            self.line.extend(line(self.rows).into_bytes());
            self.rows -= 1;
        }
        let length = self.line.len().min(out.len());
        out[..length].copy_from_slice(&self.line[..length]);
        self.line.drain(..length);
        self.given.set(self.given.get() + length);
        Ok(length)
    }
}

#[test]
fn a_long_file_is_read_as_a_stream() {
    let given = Cell::new(0);
    let source = Generated { rows: 100_000, line: b"Ref,Name,Born\r\n".to_vec(), given: &given };
    let (mut taken, mut count, mut ahead, mut held) = (15, 0, 0, 0);
    let mut rows = Rows::open(source).expect("a header");
    while let Some(row) = rows.next() {
        let row = row.expect("read");
        let nth = 100_000 - count;
        assert_eq!(row.place.to_string(), format!("row {}", count + 2));
        assert_eq!(row.get("Ref").map(Located::plain), Some(json!(nth.to_string())));
        count += 1;
        taken += line(nth).len();
        ahead = ahead.max(given.get() - taken);
        held = held.max(rows.table.get_ref().held());
    }
    assert_eq!((count, given.get()), (100_000, taken));
    assert!((1..=2 * 64 * 1024).contains(&ahead), "{ahead} bytes were read ahead");
    assert!((1..=4 * 64 * 1024).contains(&held), "{held} bytes were held");
}

/// Gives one byte at a time with an interruption before each, then an error.
struct Failing<'a>(&'a [u8], bool);

impl Read for Failing<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        match self.0.split_first() {
            _ if self.1 => Err(io::ErrorKind::Interrupted.into()),
            None => Err(io::Error::other("Canary")),
            Some((byte, rest)) => {
                (out[0], self.0) = (*byte, rest);
                Ok(1)
            }
        }
    }
}

#[test]
fn a_file_that_breaks_off_gives_no_half_row() {
    let first = Seen::Row(2, json!({"A": "1", "B": "2"}));
    for tail in ["", "3,4", "3,\"4", "3,\"4\n5\n"] {
        let file = format!("A,B\n1,2\n{tail}");
        let expected = [&first, &refused("row 3", "incomplete")];
        assert_eq!(seen(Failing(file.as_bytes(), false)).iter().collect::<Vec<_>>(), expected);
    }
    assert_eq!(seen(Failing(b"A,B", false)), [refused("row 1", "incomplete")]);
}

#[test]
fn cut_anywhere_the_rows_before_are_the_same() {
    let whole = seen(CHARITY.as_bytes());
    let end_of = |text: &str| CHARITY.find(text).expect(text) + text.len();
    let ends = [end_of("see notes\""), end_of("+44;-"), end_of("3;Bo")];
    for length in 0..=CHARITY.len() {
        let cut = seen(&CHARITY.as_bytes()[..length]);
        let complete = ends.iter().filter(|end| **end <= length).count();
        assert_eq!(cut[..complete], whole[..complete], "{length}");
    }
}

#[test]
fn no_refusal_repeats_what_was_sent() {
    let bad = [
        "Canary,\"B",
        "Canary\0,B",
        "Canary,B\nCanary,\"x\"Canary",
        "Canary,B\nCanary\0,",
        "Canary,B\nx,\"Canary",
        "sep=C\nCanary",
    ];
    for file in bad {
        let refusal = match Rows::open(file.as_bytes()) {
            Err(refusal) => refusal,
            Ok(mut rows) => rows.next().expect("a row").expect_err("refused"),
        };
        assert!(!format!("{refusal:?}").contains("Canary"), "{refusal:?}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Written {
    Utf8,
    Utf16(fn(u16) -> [u8; 2]),
}

fn written() -> impl Strategy<Value = Written> {
    prop_oneof![
        Just(Written::Utf8),
        Just(Written::Utf16(u16::to_le_bytes)),
        Just(Written::Utf16(u16::to_be_bytes)),
    ]
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            prop::collection::vec(
                prop::sample::select(b"a\",;\r\n\0\xff\xfe\xef\xbb\xbf ".as_slice()),
                0..200,
            ),
        ],
    ) {
        let lines = bytes.iter().filter(|b| matches!(b, b'\r' | b'\n')).count() + 1;
        prop_assert!(seen(&*bytes).len() <= lines);
    }

    #[test]
    fn a_table_that_was_written_is_read_back(
        headings in prop::collection::btree_set("[A-Z][a-z]{1,8}", 2..6),
        rows in prop::collection::vec(
            prop::collection::vec("[^\0]{0,12}|[a\",;\t|\r\n]{0,6}", 6),
            0..8,
        ),
        delimiter in prop::sample::select(DELIMITERS.as_slice()),
        always in any::<bool>(),
        line_break in prop::sample::select(vec!["\r", "\n", "\r\n"]),
        written in written(),
    ) {
        let style = if always { ::csv::QuoteStyle::Always } else { ::csv::QuoteStyle::Necessary };
        let terminator = match line_break {
            "\r" => ::csv::Terminator::Any(b'\r'),
            "\n" => ::csv::Terminator::Any(b'\n'),
            _ => ::csv::Terminator::CRLF,
        };
        let mut writer = ::csv::WriterBuilder::new();
        writer.delimiter(delimiter).quote_style(style).terminator(terminator);
        let mut writer = writer.from_writer(Vec::new());
        writer.write_record(&headings).expect("written");
        let mut expected = Vec::new();
        for (number, cells) in (2..).zip(&rows) {
            let cells = &cells[..headings.len()];
            writer.write_record(cells).expect("written");
            let members = headings.iter().zip(cells).map(|(h, cell)| (h, cell.trim()));
            let row: serde_json::Map<String, Value> = members
                .filter(|(_, cell)| !cell.is_empty())
                .map(|(heading, cell)| (heading.clone(), json!(cell)))
                .collect();
            if !row.is_empty() {
                expected.push(Seen::Row(number, Value::Object(row)));
            }
        }
        let file = String::from_utf8(writer.into_inner().expect("written")).expect("text");
        let bytes = match written {
            Written::Utf8 => file.into_bytes(),
            Written::Utf16(unit) => utf16(&file, unit),
        };
        prop_assert_eq!(seen(&*bytes), expected);
    }
}
