use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// An invented notice as a police force's system writes one.
const NOTICE: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<?xml-stylesheet href="notice.xsl"?>
<!-- Public protection notice -->
<p:PPN xmlns:p="urn:example:ppn" xmlns="urn:example:person" grade="2" p:force='Example &amp; Co'>
  <Person role="subject" nhs="9990001111">
    <Name>Ama&#233; O&apos;Test</Name>
    <Born>2015-02-29</Born>
  </Person>
  <p:Officer number="0042"/>
  <Person role="subject"><Name>Bo <!-- said --> Test</Name><Known/></Person>
  <Person role="carer"
          note="line&#10;one
two&#x9;&lt;"><Name>  Cy	Test  </Name></Person>
  <Worry>Seen <b>twice</b> at
 <i/> <![CDATA[<home> & school]]>&#x2019;s gate<?note x?>.</Worry>
</p:PPN>
<!-- end -->
"#;

fn text(element: &Located) -> &str {
    match element.get("#text").map(|text| &text.data) {
        Some(Data::Text(text)) => text,
        _ => "",
    }
}

fn fault(bytes: impl AsRef<[u8]>) -> (RefusalKind, String, String) {
    let refusal = read(bytes.as_ref()).expect_err("refused");
    assert_eq!(refusal.faults.len(), 1);
    let fault = refusal.faults.into_iter().next().expect("one fault");
    (refusal.kind, fault.pointer, fault.rule)
}

/// Pointer, rule, and the line and column that the ask ends with.
fn told(text: &str) -> (String, String, String) {
    let refusal = read(text.as_bytes()).expect_err("refused");
    let fault = &refusal.faults[0];
    let (_, place) = fault.ask.rsplit_once(" (line ").expect("line and column");
    let place = place.trim_end_matches(')').replace(", column ", ":");
    (fault.pointer.clone(), fault.rule.clone(), place)
}

#[test]
fn a_notice_is_read_whole_and_knows_its_places() {
    let notice = read(NOTICE.as_bytes()).expect("a notice");
    let expected = json!({"PPN": {
        "@grade": "2",
        "@force": "Example & Co",
        "Person": [
            {"@role": "subject", "@nhs": "9990001111",
             "Name": [{"#text": "Amaé O'Test"}], "Born": [{"#text": "2015-02-29"}]},
            {"@role": "subject", "Name": [{"#text": "Bo  Test"}], "Known": [{}]},
            {"@role": "carer", "@note": "line\none two\t<", "Name": [{"#text": "Cy\tTest"}]},
        ],
        "Officer": [{"@number": "0042"}],
        "Worry": [{"#text": "Seen at <home> & school’s gate.",
                   "b": [{"#text": "twice"}], "i": [{}]}],
    }});
    assert_eq!(notice.plain(), expected);
    let keys = |of: &Located| match &of.data {
        Data::Object(members) => members.iter().map(|(key, _)| key.to_string()).collect(),
        _ => Vec::new(),
    };
    let root = notice.get("PPN").expect("the outermost element");
    assert_eq!(keys(root), ["@grade", "@force", "Person", "Officer", "Worry"]);

    let place = |of: Option<&Located>| of.map(|of| of.place.to_string());
    let persons = root.get("Person").expect("persons");
    let second = persons.at(1).expect("a second");
    assert_eq!(notice.place.to_string(), "");
    assert_eq!(place(Some(root)).as_deref(), Some("/PPN"));
    assert_eq!(place(Some(persons)).as_deref(), Some("/PPN/Person"));
    assert_eq!(place(persons.at(0)).as_deref(), Some("/PPN/Person"));
    assert_eq!(place(second.get("@role")).as_deref(), Some("/PPN/Person[2]/@role"));
    let name = second.get("Name").and_then(|names| names.at(0)).expect("a name");
    assert_eq!(place(name.get("#text")).as_deref(), Some("/PPN/Person[2]/Name"));
    assert_eq!(text(name), "Bo  Test");
}

#[test]
fn text_is_trimmed_of_xml_white_space_only_and_line_ends_are_one_kind() {
    let read = |text: &str| read(text.as_bytes()).map(|read| read.plain());
    assert_eq!(
        read("<a>\u{a0}x\r\ny\rz&#13;q \n</a>"),
        Ok(json!({"a": {"#text": "\u{a0}x\ny\nz\rq"}}))
    );
    assert_eq!(read("<a> <![CDATA[]]> \n </a>"), Ok(json!({"a": {}})));
    assert_eq!(
        read("<a b='  x \r\n'>]]&gt;</a>"),
        Ok(json!({"a": {"@b": "  x  ", "#text": "]]>"}}))
    );
    assert_eq!(read("\u{feff}<é.1-_ />"), Ok(json!({"é.1-_": {}})));
}

#[test]
fn what_is_no_xml_is_refused_with_its_place() {
    let cases = [
        // What was sent, the pointer, the rule, line and column.
        ("", "", "incomplete", "1:1"),
        (" \n ", "", "incomplete", "2:2"),
        ("<!-- x -->", "", "incomplete", "1:11"),
        ("<a>\n <b>x", "/a/b", "incomplete", "2:6"),
        ("<a><b/><b x='1'", "/a", "incomplete", "1:8"),
        ("<a>x<!-- <b>", "/a", "incomplete", "1:5"),
        ("<a>&am", "/a", "incomplete", "1:4"),
        ("<a>\né</b></a>", "/a", "xml", "2:2"),
        ("</a>", "", "xml", "1:1"),
        ("x<a/>", "", "xml", "1:1"),
        ("<![CDATA[ ]]><a/>", "", "xml", "1:1"),
        ("<a>\u{0}</a>", "/a", "xml", "1:4"),
        ("<a b='é\u{1b}'/>", "", "xml", "1:8"),
        ("<a><b/>\u{ffff}</a>", "/a", "xml", "1:8"),
        ("<a>x]]>y</a>", "/a", "xml", "1:5"),
        ("<a><!ELEMENT b></a>", "/a", "xml", "1:4"),
        ("<a><!-- x-y -- z --></a>", "/a", "xml", "1:13"),
        ("<a><!-- x ---></a>", "/a", "xml", "1:11"),
        ("<a/><!-- x -- y -->", "", "xml", "1:12"),
        ("<a> < b/></a>", "/a", "xml", "1:5"),
        ("<a><1b/></a>", "/a", "xml", "1:4"),
        ("<a><b:c:d/></a>", "/a", "xml", "1:4"),
        ("<a><:b/></a>", "/a", "xml", "1:4"),
        ("<a><b c/></a>", "/a/b", "xml", "1:4"),
        ("<a><b/><b c=d/></a>", "/a/b[2]", "xml", "1:8"),
        ("<a><b c='1'd='2'/></a>", "/a/b", "xml", "1:4"),
        ("<a><b c='<'/></a>", "/a/b", "xml", "1:4"),
        ("<a><b ='1'/></a>", "/a/b", "xml", "1:4"),
        (" <?xml version='1.0'?><a/>", "", "xml", "1:2"),
        ("<?xml encoding='UTF-8'?><a/>", "", "xml", "1:1"),
        ("<a/><?xml version='1.0'?>", "", "xml", "1:5"),
        ("<a/>\n<b/>", "", "trailing-content", "2:1"),
        ("<a/>\n x", "", "trailing-content", "2:2"),
        ("<a/></a>", "", "trailing-content", "1:5"),
        ("<a/>&amp;", "", "trailing-content", "1:5"),
        ("<a/>& ", "", "trailing-content", "1:5"),
        ("<a/><![CDATA[x]]>", "", "trailing-content", "1:5"),
        ("<!DOCTYPE a><a/>", "", "doctype", "1:1"),
        ("<!doctype a><a/>", "", "doctype", "1:1"),
        ("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:c'>", "", "doctype", "1:1"),
        ("<!DOCTYPE><a/>", "", "doctype", "1:10"),
        ("<a>\n x &nbsp; y</a>", "/a", "entity", "2:4"),
        ("<a>Test & Co<b/></a>", "/a", "entity", "1:9"),
        ("<a>Test & Co; x<b/></a>", "/a", "entity", "1:9"),
        ("<a><b c='&b;'/></a>", "/a/b", "entity", "1:4"),
        ("<a><b c='Test & Co'/></a>", "/a/b", "entity", "1:4"),
        ("<a>&#0;</a>", "/a", "entity", "1:4"),
        ("<a>&#xD800;</a>", "/a", "entity", "1:4"),
        ("<a>&#+65;</a>", "/a", "entity", "1:4"),
        ("<a>&#;</a>", "/a", "entity", "1:4"),
        ("<a>&#X41;</a>", "/a", "entity", "1:4"),
        ("<a>&#99999999999;</a>", "/a", "entity", "1:4"),
        ("<a><b c='&#1;'/></a>", "/a/b", "entity", "1:4"),
    ];
    for (sent, pointer, rule, place) in cases {
        let expected = (pointer.to_owned(), rule.to_owned(), place.to_owned());
        assert_eq!(told(sent), expected, "{sent:?}");
        assert_eq!(fault(sent).0, RefusalKind::NotReadable, "{sent:?}");
    }
}

#[test]
fn an_attribute_twice_is_refused_at_its_element() {
    for twice in ["c='1' c='2'", "c='1' x:c='2'", "xmlns:x='1' xmlns:x='2'", "xmlns='' xmlns=''"] {
        let sent = format!("<a><b/><b {twice}/></a>");
        let expected =
            (RefusalKind::DuplicateKey, "/a/b[2]".to_owned(), "duplicate-key".to_owned());
        assert_eq!(fault(&sent), expected, "{twice}");
    }
    assert!(read(b"<a xmlns='1' xmlns:c='2' c='3'/>").is_ok());
}

#[test]
fn limits_hold_exactly() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(read(nested(32).as_bytes()).is_ok());
    assert_eq!(fault(nested(33)), (RefusalKind::TooDeep, "/a".repeat(32), "depth".to_owned()));
    assert_eq!(fault("<a>".repeat(100_000)).2, "depth");

    let children = |of: usize| format!("<r>{}<b/></r>", "<a/>".repeat(of));
    assert!(read(children(1_000).as_bytes()).is_ok());
    let expected = (RefusalKind::TooDeep, "/r".to_owned(), "list-length".to_owned());
    assert_eq!(fault(children(1_001)), expected);

    // One for the outermost, and for each: an element, an attribute, a text after it.
    let nodes = |of: usize, more: &str| {
        let names: String = (0..of).map(|nth| format!("<a{nth} b=''/>x")).collect();
        format!("<r>{names}{more}</r>")
    };
    assert!(read(nodes(6_666, "<b/>").as_bytes()).is_ok());
    for more in ["<b/><c/>", "<b>x</b>", "<b c=''/>", "<b xmlns=''/>"] {
        let expected = (RefusalKind::TooDeep, "node-count".to_owned());
        let (kind, _, rule) = fault(nodes(6_666, more));
        assert_eq!((kind, rule), expected, "{more}");
    }

    let name = |bytes: usize| "k".repeat(bytes);
    for shape in ["<K/>", "<r K=''/>"] {
        assert!(read(shape.replace('K', &name(200)).as_bytes()).is_ok());
        let (kind, _, rule) = fault(shape.replace('K', &name(201)));
        assert_eq!((kind, rule.as_str()), (RefusalKind::TooDeep, "key-length"));
    }

    let attributes = |of: usize| {
        let all: String = (0..of).map(|nth| format!(" a{nth}=''")).collect();
        format!("<r{all}/>")
    };
    assert!(read(attributes(200).as_bytes()).is_ok());
    let expected = (RefusalKind::TooDeep, "/r".to_owned(), "attribute-count".to_owned());
    assert_eq!(fault(attributes(201)), expected);
    let refusal = read(attributes(201).as_bytes()).expect_err("refused");
    assert!(refusal.faults[0].ask.contains(" 200 "), "{:?}", refusal.faults);

    let long = "x".repeat(1 << 20);
    let read = read(format!("<a>{long}</a>").as_bytes()).expect("long text");
    assert_eq!(read.get("a").map(text), Some(long.as_str()));
}

fn utf_16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn the_encodings_that_are_declared_or_marked_are_read() {
    let expected = Ok(json!({"a": {"#text": "“Amé” € 😀"}}));
    let read = |bytes: &[u8]| read(bytes).map(|read| read.plain());
    for declared in ["", "<?xml version='1.0'?>", "<?xml version='1.0' encoding='utf-8'?>"] {
        let sent = format!("{declared}<a>“Amé” € 😀</a>");
        assert_eq!(read(sent.as_bytes()), expected, "{declared}");
        assert_eq!(read(format!("\u{feff}{sent}").as_bytes()), expected, "{declared}");
    }
    for declared in ["", "<?xml version='1.0' encoding=\"UTF-16\" ?>"] {
        let sent = format!("\u{feff}{declared}<a>“Amé” € 😀</a>");
        assert_eq!(read(&utf_16(&sent, u16::to_le_bytes)), expected, "{declared}");
        assert_eq!(read(&utf_16(&sent, u16::to_be_bytes)), expected, "{declared}");
    }
    for name in ["windows-1252", "ISO-8859-1"] {
        let head = format!("<?xml version='1.0' encoding='{name}'?><a>");
        let sent = [head.as_bytes(), b"\x93Am\xe9\x94 \x80\x9f\xa0\xff</a>"].concat();
        assert_eq!(read(&sent), Ok(json!({"a": {"#text": "“Amé” €Ÿ\u{a0}ÿ"}})), "{name}");
    }
    let ascii = "<?xml version='1.0' encoding='US-ASCII'?><a>&#233;</a>";
    assert_eq!(read(ascii.as_bytes()), Ok(json!({"a": {"#text": "é"}})));
}

#[test]
fn other_encodings_and_bytes_that_are_no_text_are_refused() {
    let declared = |name: &str, rest: &[u8]| {
        [format!("<?xml version='1.0' encoding='{name}'?>\n").as_bytes(), rest].concat()
    };
    let marked = |bytes: &[u8]| [b"\xef\xbb\xbf".as_slice(), bytes].concat();
    let lone = [b"\xff\xfe".as_slice(), &utf_16("<a>", u16::to_le_bytes), b"\0\xd8<\0"].concat();
    let utf_8_in_16 = "\u{feff}<?xml version='1.0' encoding='utf-8'?><a/>";
    for bytes in [
        b"<a>caf\xe9!</a>".to_vec(),
        declared("us-ascii", "<a>é</a>".as_bytes()),
        declared("utf-16", b"<a/>"),
        declared("Mrs-Canary", b"<a/>"),
        declared("utf-7", b"<a/>"),
        declared("windows-1252", b"<a>\x81</a>"),
        marked(&declared("iso-8859-1", b"<a/>")),
        marked(&declared("us-ascii", "<a>é</a>".as_bytes())),
        utf_16("<a/>", u16::to_le_bytes),
        utf_16("<a/>", u16::to_be_bytes),
        utf_16(utf_8_in_16, u16::to_le_bytes),
        b"\xff\xfe\0\0<\0\0\0".to_vec(),
        b"\0\0\xfe\xff\0\0\0<".to_vec(),
        lone,
    ] {
        let expected = (RefusalKind::NotReadable, String::new(), "encoding".to_owned());
        assert_eq!(fault(&bytes), expected, "{bytes:?}");
    }
    let refusal = read(&declared("windows-1252", b"<a>\xe9\x81</a>")).expect_err("refused");
    assert!(refusal.faults[0].ask.ends_with("(line 2, column 5)"), "{:?}", refusal.faults);
    assert_eq!(fault(b"<a>\xc3").2, "incomplete");
    assert_eq!(fault(b"\xff\xfe<\0a").2, "incomplete");
    assert_eq!(fault(declared("windows-1252", b"<a>\0</a>")).2, "xml");
}

#[test]
fn a_refusal_repeats_nothing_but_the_elements_around_it() {
    let canary = "Canary";
    for sent in [
        "<a>&Canary;</a>",
        "<a>Canary & <b/></a>",
        "<a Canary='Canary' Canary='Canary'/>",
        "<a Canary/>",
        "<a><Canary!/></a>",
        "<a></Canary>",
        "<a/>Canary",
        "<a/><Canary/>",
        "<!DOCTYPE Canary><a/>",
        "<?xml version='1.0' encoding='Canary'?><a/>",
        "<a>Canary\u{0}</a>",
    ] {
        let refusal = read(sent.as_bytes()).expect_err("refused");
        assert!(!format!("{refusal:?}").contains(canary), "{sent}: {refusal:?}");
    }
}

#[test]
fn a_document_cut_short_anywhere_is_incomplete() {
    let whole = NOTICE.rfind("</p:PPN>").expect("an end") + "</p:PPN>".len();
    for end in 0..NOTICE.len() {
        match read(&NOTICE.as_bytes()[..end]) {
            Ok(_) => assert!(end >= whole, "{end}"),
            Err(refusal) => assert_eq!(refusal.faults[0].rule, "incomplete", "{end}"),
        }
    }
    let wide = utf_16(&format!("\u{feff}{NOTICE}"), u16::to_le_bytes);
    for end in (0..wide.len()).step_by(7) {
        let _ = read(&wide[..end]);
    }
}

/// An element to write: its name, attributes, own text and children.
#[derive(Clone, Debug)]
struct Written {
    name: String,
    attributes: std::collections::BTreeMap<String, String>,
    text: String,
    children: Vec<Written>,
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' | '&' | '>' | '"' | '\t' | '\n' | '\r' => {
                out.push_str(&format!("&#x{:X};", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out
}

impl Written {
    fn write(&self, out: &mut String) {
        out.push_str(&format!("<p:{}", self.name));
        for (name, value) in &self.attributes {
            out.push_str(&format!("\n {name} = \"{}\"", escaped(value)));
        }
        out.push_str(&format!(">\n{}", escaped(&self.text)));
        for child in &self.children {
            child.write(out);
            out.push_str(" <!-- & --> ");
        }
        out.push_str(&format!("</p:{} >", self.name));
    }

    fn plain(&self) -> Value {
        let mut members = Map::new();
        for (name, value) in &self.attributes {
            members.insert(format!("@{name}"), json!(value));
        }
        let text = self.text.trim_matches(BLANK);
        if !text.is_empty() {
            members.insert("#text".to_owned(), json!(text));
        }
        for child in &self.children {
            let list = members.entry(child.name.clone()).or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list").push(child.plain());
        }
        Value::Object(members)
    }
}

fn written() -> impl Strategy<Value = Written> {
    let name = "[a-c_é][a-c0-9.-]{0,2}";
    let any_text = || vec(any::<char>().prop_filter("allowed", |c| is_allowed(*c)), 0..8);
    let text = move || any_text().prop_map(String::from_iter);
    let attributes = move || proptest::collection::btree_map(name, text(), 0..3);
    let leaf = (name, attributes(), text()).prop_map(|(name, attributes, text)| Written {
        name,
        attributes,
        text,
        children: vec![],
    });
    leaf.prop_recursive(5, 40, 5, move |inner| {
        (name, attributes(), text(), vec(inner, 0..5)).prop_map(
            |(name, attributes, text, children)| Written { name, attributes, text, children },
        )
    })
}

proptest! {
    #[test]
    fn a_tree_written_as_xml_is_read_back(tree in written()) {
        let mut sent = String::new();
        tree.write(&mut sent);
        let read = read(sent.as_bytes()).map(|read| read.plain());
        prop_assert_eq!(read, Ok(json!({ tree.name.as_str(): tree.plain() })));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }

    #[test]
    fn shuffled_markup_never_panics(parts in vec(prop_oneof![
        Just("<a>"), Just("</a>"), Just("<b c='"), Just("'/>"), Just("<!--"), Just("-->"),
        Just("<![CDATA["), Just("]]>"), Just("<?xml version='1.0'?>"), Just("?>"), Just("<!DOC"),
        Just("&"), Just(";"), Just("#x"), Just("é"), Just("\u{feff}"), Just("\r"), Just(" "),
    ], 0..30), mark in prop_oneof![Just(""), Just("\u{feff}")]) {
        let sent = format!("{mark}{}", parts.concat());
        let _ = read(sent.as_bytes());
        let _ = read(&utf_16(&format!("\u{feff}{sent}"), u16::to_be_bytes));
    }
}
