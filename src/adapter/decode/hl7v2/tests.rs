use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const MSH: &str = "MSH|^~\\&|A|B|C|D|20260105||REF^I12|1|P|2.5";

fn plain(message: &str) -> Value {
    read(message.as_bytes()).expect("read").plain()
}

/// The pointer and rule of the refusal.
fn fault(message: impl AsRef<[u8]>) -> (String, String) {
    let refusal = read(message.as_ref()).expect_err("refused");
    assert_eq!(refusal.faults.len(), 1);
    assert!(refusal.faults[0].ask.len() > 20);
    (refusal.faults[0].pointer.clone(), refusal.faults[0].rule.clone())
}

fn of(pointer: &str, rule: &str) -> (String, String) {
    (pointer.to_owned(), rule.to_owned())
}

/// The second segment, of a message of two.
fn second(segment: &str) -> Value {
    plain(&format!("{MSH}\r{segment}\r"))["segments"][1].clone()
}

/// The text of one field.
fn text(field: &str) -> Value {
    second(&format!("NTE|{field}"))["1"][0]["1"].clone()
}

const REFERRAL: &str = "MSH|^~\\&|MATERNITY|RXX^Canary Trust|FRONTDOOR|LA|20260105093000||\
    REF^I12^REF_I12|MSG00001|P|2.5|||||GBR|UNICODE UTF-8\r\
    RF1|P^Pending|U^Urgent|SG^Safeguarding|||R-77\r\
    PRD|RP|Canary&van&van der Meer^Ada^^^Ms|||^WPN^PH^^^01632^960001\r\
    PRD|RT|Front door team\r\
    PID|1||9990001234^^^NHS^NH~H-12^^^RXX^MR||Canary^Tilly^^^||20150403|F|\"\"||\
    1 Test Street^\"\"^Canarytown^^ZZ99 3WZ~~2 Other Road\r\
    NK1|1|Canary^Jo|MTH^Mother\r\
    NTE|1||Bruises \\T\\ a burn\\.br\\seen at 36\\S\\C, \\H\\urgent\\N\\, Zo\u{eb} \\X41\\\r\
    NTE|2||Second note\r";

#[test]
fn a_referral() {
    let expected = json!({"segments": [
        {"segment": "MSH", "1": "|", "2": "^~\\&", "3": [{"1": "MATERNITY"}],
            "4": [{"1": "RXX", "2": "Canary Trust"}], "5": [{"1": "FRONTDOOR"}],
            "6": [{"1": "LA"}], "7": [{"1": "20260105093000"}],
            "9": [{"1": "REF", "2": "I12", "3": "REF_I12"}], "10": [{"1": "MSG00001"}],
            "11": [{"1": "P"}], "12": [{"1": "2.5"}], "17": [{"1": "GBR"}],
            "18": [{"1": "UNICODE UTF-8"}]},
        {"segment": "RF1", "1": [{"1": "P", "2": "Pending"}], "2": [{"1": "U", "2": "Urgent"}],
            "3": [{"1": "SG", "2": "Safeguarding"}], "6": [{"1": "R-77"}]},
        {"segment": "PRD", "1": [{"1": "RP"}],
            "2": [{"1": {"1": "Canary", "2": "van", "3": "van der Meer"}, "2": "Ada",
                "5": "Ms"}],
            "5": [{"2": "WPN", "3": "PH", "6": "01632", "7": "960001"}]},
        {"segment": "PRD", "1": [{"1": "RT"}], "2": [{"1": "Front door team"}]},
        {"segment": "PID", "1": [{"1": "1"}],
            "3": [{"1": "9990001234", "4": "NHS", "5": "NH"},
                {"1": "H-12", "4": "RXX", "5": "MR"}],
            "5": [{"1": "Canary", "2": "Tilly"}], "7": [{"1": "20150403"}], "8": [{"1": "F"}],
            "9": [{"1": null}],
            "11": [{"1": "1 Test Street", "2": null, "3": "Canarytown", "5": "ZZ99 3WZ"}, {},
                {"1": "2 Other Road"}]},
        {"segment": "NK1", "1": [{"1": "1"}], "2": [{"1": "Canary", "2": "Jo"}],
            "3": [{"1": "MTH", "2": "Mother"}]},
        {"segment": "NTE", "1": [{"1": "1"}],
            "3": [{"1": "Bruises & a burn\nseen at 36^C, urgent, Zo\u{eb} A"}]},
        {"segment": "NTE", "1": [{"1": "2"}], "3": [{"1": "Second note"}]},
    ]});
    assert_eq!(plain(REFERRAL), expected);
    assert_eq!(plain(&REFERRAL.replace('\r', "\r\n")), expected);
    assert_eq!(plain(&REFERRAL.replace('\r', "\n")), expected);
    for framed in ["\u{b}…\u{1c}\r", "\u{feff}…", "\u{b}\u{feff}…\u{1c}", "\u{feff}\u{b}…\u{1c}\r"]
    {
        assert_eq!(plain(&framed.replace('…', REFERRAL)), expected, "{framed:?}");
    }
}

#[test]
fn each_value_knows_its_place() {
    let message = read(REFERRAL.as_bytes()).expect("read");
    let place = |segment: usize, field: &str, repetition: usize, parts: &[&str]| {
        let segment = message.get("segments").and_then(|all| all.at(segment));
        let value = segment.and_then(|s| s.get(field)).and_then(|f| f.at(repetition));
        let value = parts.iter().fold(value, |value, part| value.and_then(|v| v.get(part)));
        value.expect("a value").place.to_string()
    };
    assert_eq!(place(4, "3", 1, &["5"]), "PID-3[2].5");
    assert_eq!(place(4, "11", 0, &["2"]), "PID-11.2");
    assert_eq!(place(2, "2", 0, &["1", "3"]), "PRD-2.1.3");
    assert_eq!(place(3, "1", 0, &[]), "PRD[2]-1");
    assert_eq!(place(7, "3", 0, &["1"]), "NTE[2]-3.1");
    let header = message.get("segments").and_then(|all| all.at(0)).expect("the header");
    assert_eq!(header.get("2").expect("the separators").place.to_string(), "MSH-2");
    assert_eq!(header.get("18").expect("a field").place.to_string(), "MSH-18");
}

#[test]
fn escapes_are_resolved_and_unknown_ones_kept() {
    assert_eq!(text("\\F\\\\S\\\\T\\\\R\\\\E\\"), "|^&~\\");
    assert_eq!(text("a\\.br\\b\\X0D0A\\c"), "a\nb\r\nc");
    assert_eq!(text("\\XC3\\\\XAB\\, \\XEB\\ and \\xEB\\"), "\u{eb}, \u{eb} and \\xEB\\");
    for kept in [
        "\\Z1\\",
        "\\.sp2\\",
        "\\X4\\",
        "\\XZZ\\",
        "\\X\\",
        "\\X00\\",
        "\\X00\\\\X41\\",
        "\\X81\\",
        "C:\\",
        "\\",
        "\\\\",
        "\\X41",
    ] {
        assert_eq!(text(kept), kept);
    }
    // A separator that was escaped separates nothing, and `\E\` begins no escape.
    assert_eq!(second("NTE|a\\S\\b^c\\R\\d")["1"], json!([{"1": "a^b", "2": "c~d"}]));
    assert_eq!(text("\\E\\F\\E\\"), "\\F\\");
    // A null is only what stands alone and unescaped.
    assert_eq!(text("\"\""), Value::Null);
    assert_eq!(text("\"\"x"), "\"\"x");
    assert_eq!(second("NTE|a&\"\"&b")["1"], json!([{"1": {"1": "a", "2": null, "3": "b"}}]));
}

#[test]
fn what_is_empty_is_no_member() {
    assert_eq!(second("NTE|||^^|&|~~^&|"), json!({"segment": "NTE"}));
    assert_eq!(second("NTE"), json!({"segment": "NTE"}));
    assert_eq!(second("NTE|~a~~")["1"], json!([{}, {"1": "a"}]));
    assert_eq!(second("NTE|a&")["1"], json!([{"1": {"1": "a"}}]));
}

#[test]
fn separators_are_the_messages_own() {
    let message = plain("MSH#*!%+#A\rPID##a*b+c!d%F%e");
    let field = json!([{"1": "a", "2": {"1": "b", "2": "c"}}, {"1": "d#e"}]);
    assert_eq!(message["segments"][1]["2"], field);
    // Without the two that may be left out nothing is escaped nor divided further.
    let message = plain("MSH|^~|A\rPID|a\\F\\&b^c");
    assert_eq!(message["segments"][1]["1"], json!([{"1": "a\\F\\&b", "2": "c"}]));
    assert_eq!(plain("MSH|^~\\&#|A")["segments"][0]["2"], "^~\\&#");
    for wrong in ["MSH", "MSHX^~\\&X", "MSH ^~\\&", "MSH\u{eb}^~\\&"] {
        assert_eq!(fault(wrong), of("MSH-1", "hl7v2"), "{wrong}");
    }
    for wrong in
        ["MSH|", "MSH||", "MSH|^|A", "MSH|^~\\^|", "MSH|a~\\&|", "MSH|^~\\&#$|", "MSH|^~ &"]
    {
        assert_eq!(fault(wrong), of("MSH-2", "hl7v2"), "{wrong}");
    }
}

#[test]
fn what_is_no_message_is_refused() {
    for wrong in ["", "\r\n", "\u{b}\u{1c}\r", "PID|1", "msh|^~\\&|", " MSH|^~\\&|", "{}"] {
        assert_eq!(fault(wrong), of("segment 1", "hl7v2"), "{wrong}");
    }
    for wrong in ["PIDX|1", "pid|1", "PI|1", "the line goes on", "|", "Zo\u{eb}|", "P\0D|"] {
        let found = fault(format!("{MSH}\rNTE|1\r\n{wrong}"));
        assert_eq!(found, of("segment 3", "hl7v2"), "{wrong}");
    }
    assert_eq!(fault(format!("FHS|^~\\&\r{MSH}")), of("segment 1", "hl7v2"));
    assert_eq!(fault(format!("BHS|^~\\&\r{MSH}")), of("segment 1", "hl7v2"));
    assert_eq!(fault(format!("{MSH}\rBTS|1")), of("BTS", "hl7v2"));
    assert_eq!(fault(format!("{MSH}\rFTS")), of("FTS", "hl7v2"));
    assert_eq!(fault(format!("{MSH}\rPID|1\r{MSH}")), of("MSH[2]", "hl7v2"));
    assert_eq!(fault(format!("{MSH}\rPID|1|a~\0")), of("PID-2", "encoding"));
    assert_eq!(fault(format!("{MSH}|\0")), of("MSH-13", "encoding"));
}

#[test]
fn the_encoding_is_what_the_header_names_or_what_the_bytes_are() {
    let message = |named: &str, note: &[u8]| {
        [MSH.as_bytes(), b"||||||", named.as_bytes(), b"|\rNTE|", note].concat()
    };
    let note = |named: &str, note: &[u8]| {
        let read = read(&message(named, note)).expect("read").plain();
        read["segments"][1]["1"][0]["1"].clone()
    };
    assert_eq!(note("", b"Zo\xc3\xab"), "Zo\u{eb}");
    assert_eq!(note("", b"Zo\xeb \x80"), "Zo\u{eb} \u{20ac}");
    assert_eq!(note("8859/1", b"Zo\xc3\xab"), "Zo\u{c3}\u{ab}");
    assert_eq!(note("UNICODE UTF-8~ASCII", b"Zo\xc3\xab"), "Zo\u{eb}");
    assert_eq!(note("8859/15", b"Zo\xc3\xab"), "Zo\u{eb}");
    assert_eq!(note("ASCII", b"Zoe"), "Zoe");
    for (named, wrong) in [
        ("UNICODE UTF-8", b"\xeb".as_slice()),
        ("ASCII", b"\xc3\xab"),
        ("8859/15", b"\xa4"),
        ("8859/1", b"\x81"),
    ] {
        assert_eq!(fault(message(named, wrong)), of("MSH-18", "encoding"), "{named}");
    }
    assert_eq!(fault(message("", b"\x81")), of("", "encoding"));
    assert_eq!(fault([b"\xef\xbb\xbf", &*message("", b"\xeb")].concat()), of("", "encoding"));
    assert_eq!(fault(b"\xff\xfeM\0S\0H\0"), of("", "encoding"));
    let marked = [b"\xef\xbb\xbf", &*message("8859/1", b"\xc3\xab")].concat();
    assert_eq!(read(&marked).expect("read").plain()["segments"][1]["1"][0]["1"], "\u{eb}");
}

#[test]
fn limits_hold_exactly() {
    let message = |tail: String| format!("{MSH}\r{tail}");
    let read = |tail: String| read(message(tail).as_bytes());
    assert!(read("NTE|1\r".repeat(1_999)).is_ok());
    assert_eq!(fault(message("NTE|1\r".repeat(2_000))), of("", "limit"));
    assert!(read(format!("NTE{}a", "|".repeat(500))).is_ok());
    assert_eq!(fault(message(format!("NTE{}", "|".repeat(501)))), of("NTE", "limit"));
    assert!(read(format!("NTE||{}a", "~".repeat(199))).is_ok());
    assert_eq!(fault(message(format!("NTE||{}", "~".repeat(200)))), of("NTE-2", "limit"));
    for (separator, place) in [("^", "NTE-2[2]"), ("&", "NTE-2[2].1")] {
        assert!(read(format!("NTE||~{}a", separator.repeat(99))).is_ok());
        let many = format!("NTE||~{}", separator.repeat(100));
        assert_eq!(fault(message(many)), of(place, "limit"));
    }
    let header = |fields: usize| format!("MSH|^~\\&{}", "|".repeat(fields - 2));
    assert!(super::read(header(500).as_bytes()).is_ok());
    assert_eq!(fault(header(501)), of("MSH", "limit"));
}

/// A mebibyte of single letters was 350 MiB of values once, more than a worker has.
#[test]
fn the_parts_of_a_whole_message_are_limited_too() {
    let own = MSH.chars().filter(|sign| "|^~&".contains(*sign)).count();
    let message = |parts: usize| {
        let left = parts - own;
        let (full, rest) = (format!("NTE{}\r", "|A".repeat(500)).repeat(left / 500), left % 500);
        format!("{MSH}\r{full}NTE{}", "|A".repeat(rest))
    };
    assert!(read(message(50_000).as_bytes()).is_ok());
    assert_eq!(fault(message(50_001)), of("", "limit"));
}

#[test]
fn cut_anywhere_it_is_read_or_refused() {
    let whole = plain(REFERRAL);
    for length in 0..REFERRAL.len() {
        let Ok(cut) = read(&REFERRAL.as_bytes()[..length]) else { continue };
        let cut = cut.plain();
        let segments = cut["segments"].as_array().expect("a list");
        let before = segments.len() - 1;
        assert_eq!(segments[..before], whole["segments"].as_array().expect("a list")[..before]);
    }
}

#[test]
fn a_long_run_of_escapes_takes_linear_time() {
    for part in ["\\X00\\", "\\X41\\", "\\", "\\Z", "\\X", "\"\"", "&", "X\\"] {
        let long = format!("{MSH}\rNTE|{}", part.repeat(400_000));
        let _either = read(long.as_bytes());
    }
}

#[test]
fn no_refusal_repeats_what_was_sent() {
    for bad in [
        "Canary",
        "MSHCanary",
        "MSH|Canary",
        &format!("{MSH}\rCanary"),
        &format!("{MSH}\rNTE|Canary\0"),
        &format!("{MSH}||||||ASCII\rNTE|Canary\u{eb}"),
    ] {
        let refusal = read(bad.as_bytes()).expect_err("refused");
        assert!(!format!("{refusal:?}").contains("Canary"), "{refusal:?}");
    }
}

/// Text as a sender writes it who escapes what it must.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '|' => "\\F\\".to_owned(),
        '^' => "\\S\\".to_owned(),
        '&' => "\\T\\".to_owned(),
        '~' => "\\R\\".to_owned(),
        '\\' => "\\E\\".to_owned(),
        '\n' => "\\.br\\".to_owned(),
        '\r' => "\\X0D\\".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Joins what has a place by number, and tells it as it must be read.
fn joined(parts: Vec<(String, Option<Value>)>, separator: &str) -> (String, Option<Value>) {
    let (texts, values): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let members = (1..).zip(values).filter_map(|(n, value)| Some((n.to_string(), value?)));
    let members: serde_json::Map<String, Value> = members.collect();
    (texts.join(separator), (!members.is_empty()).then_some(Value::Object(members)))
}

fn leaf() -> impl Strategy<Value = (String, Option<Value>)> {
    prop_oneof![
        1 => Just((String::new(), None)),
        1 => Just(("\"\"".to_owned(), Some(Value::Null))),
        4 => "[^\0\u{1c}]{1,10}|[|^&~\\\\a\r\n]{1,6}".prop_filter("null", |text| text != "\"\"")
            .prop_map(|text| (escaped(&text), Some(json!(text)))),
    ]
}

fn field() -> impl Strategy<Value = (String, Option<Value>)> {
    let divided = prop::collection::vec(leaf(), 2..4).prop_map(|parts| joined(parts, "&"));
    let component = prop_oneof![3 => leaf(), 1 => divided];
    let repetition = prop::collection::vec(component, 1..4).prop_map(|parts| joined(parts, "^"));
    prop::collection::vec(repetition, 1..4).prop_map(|parts| {
        let text: Vec<_> = parts.iter().map(|(text, _)| text.as_str()).collect();
        let stated = parts.iter().rposition(|(_, value)| value.is_some());
        let values = parts.iter().map(|(_, value)| value.clone().unwrap_or_else(|| json!({})));
        let list = stated.map(|last| values.take(last + 1).collect());
        (text.join("~"), list)
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            prop::collection::vec(
                prop::sample::select(b"MSH|^~\\&\r\nX0\0\xeb\"".as_slice()),
                0..200,
            ),
        ],
    ) {
        let _either = read(&bytes);
        let _either = read(&[MSH.as_bytes(), b"\rNTE|", &bytes].concat());
        let _either = read(&[b"MSH", &*bytes].concat());
    }

    #[test]
    fn a_message_that_was_written_is_read_back(
        segments in prop::collection::vec(
            ("[A-LN-Z][A-Z0-9]{2}".prop_filter("batch", |name| !is_batch(name)),
                prop::collection::vec(field(), 1..5)),
            0..6,
        ),
        line_break in prop::sample::select(vec!["\r", "\n", "\r\n"]),
    ) {
        let mut message = format!("{MSH}{line_break}");
        let mut expected = Vec::new();
        for (name, fields) in segments {
            let (text, members) = joined(fields, "|");
            message += &format!("{name}|{text}{line_break}");
            let mut segment = members.unwrap_or_else(|| json!({}));
            segment["segment"] = json!(name);
            expected.push(segment);
        }
        let read = plain(&message);
        prop_assert_eq!(&read["segments"].as_array().expect("a list")[1..], &expected[..]);
    }
}
