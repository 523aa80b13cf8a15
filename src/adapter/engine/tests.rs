use super::*;
use crate::adapter::folder::Folder;
use serde_json::json;

fn folder() -> Folder {
    Folder {
        name: "notes".to_owned(),
        manifest: "title = 'x'\nkind = 'school'\nversion = '1'\nanswer = 'csv'\n\
            defaults = { referrer = { source = '2A', role = 'Teacher' } }\n\
            asks = { minimum-referrer = 'a', minimum-child = 'b', minimum-worry = 'c' }\n\
            ignored = { 'Exported by' = 'the clerk' }\n\
            [[reads]]\ndecoder = 'csv'\nmedia_types = ['text/csv']\nextension = 'csv'\n\
            [[reads]]\ndecoder = 'json'\nmedia_types = []\nextension = 'json'\n"
            .to_owned(),
        schema: r#"{"type": "object", "required": ["Concern"]}"#.to_owned(),
        map: "{children: [{full_name: .Pupil}], worry: .Concern, referrer: {role: .By}}".to_owned(),
        columns: [("moor".to_owned(), "'Name of  pupil' = 'Pupil'\n'What' = 'Concern'".to_owned())]
            .into(),
    }
}

fn adapter() -> Adapter {
    Adapter::read(&folder()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn made(adapter: &Adapter, bytes: &[u8], agency: Option<&str>) -> Vec<Made> {
    let items = adapter.items(Decoder::Csv, bytes, agency).expect("a table");
    items.map(|item| adapter.make(&item.decoded.expect("a row")).expect("is made")).collect()
}

#[test]
fn what_has_no_place_is_carried_as_a_note_and_defaults_stand_where_nothing_is_said() {
    let table = b"Pupil,Concern,House,Exported by\nAda Test,Bruise,Red,Clerk\nBen,Cut,,\n";
    let made = made(&adapter(), table, None);
    assert_eq!(
        made[0].document,
        json!({
            "children": [{"full_name": "Ada Test"}],
            "worry": "Bruise",
            "referrer": {"source": "2A", "role": "Teacher"},
            "notes": [{"label": "House", "text": "Red"}],
        })
    );
    assert_eq!(made[0].provenance["/notes/0/text"], ["row 2, column C (House)"]);
    assert_eq!(made[0].provenance["/worry"], ["row 2, column B (Concern)"]);
    assert_eq!(made[1].document.get("notes"), None);
}

#[test]
fn an_agencys_own_headings_are_read_as_ours_and_told_as_theirs() {
    let table = b"name of pupil;WHAT\nAda Test;Bruise\n";
    let made = made(&adapter(), table, Some("moor"));
    assert_eq!(made[0].document["worry"], "Bruise");
    assert_eq!(made[0].provenance["/worry"], ["row 2, column B (WHAT)"]);
    assert!(made[0].shape.is_empty());
}

#[test]
fn another_shape_is_told_and_refuses_only_what_gives_no_document() {
    let adapter = adapter();
    let first = |text: &str| {
        let mut items = adapter.items(Decoder::Json, text.as_bytes(), None).expect("is JSON");
        adapter.make(&items.next().expect("an item").decoded.expect("is read"))
    };
    let made = first(r#"{"Pupil": "Ada"}"#).expect("is made");
    assert_eq!(made.shape[0].ask, "Give Concern here");
    // A member that is named by a number is no item of a list; what may be used is told plainly.
    let mut folder = folder();
    folder.schema =
        r#"{"properties": {"9": {"enum": ["REF", "RRI"]}, "Pupil": {"const": "A"}}}"#.into();
    let fixed = Adapter::read(&folder).unwrap_or_else(|faults| panic!("{faults:?}"));
    let mut items =
        fixed.items(Decoder::Json, br#"{"9": "ADT", "Pupil": "B"}"#, None).expect("JSON");
    let made =
        fixed.make(&items.next().expect("an item").decoded.expect("is read")).expect("is made");
    let told: Vec<_> = made.shape.iter().map(|one| (&*one.pointer, &*one.ask)).collect();
    assert_eq!(told, [("/9", "Use one of REF, RRI"), ("/Pupil", "Use A")]);
    let refusal = first(r#""text""#).expect_err("no object");
    assert_eq!(
        (refusal.kind, refusal.faults[0].rule.as_str()),
        (RefusalKind::NotReadable, "shape")
    );
    let items = adapter.items(Decoder::Json, br#"[{"Pupil": "A"}, {"Pupil": "B"}]"#, None);
    let places: Vec<String> = items
        .expect("is JSON")
        .map(|item| item.decoded.expect("is read").place.to_string())
        .collect();
    assert_eq!(places, ["/0", "/1"], "a list is a batch");
}

#[test]
fn faults_of_an_adapter_name_file_and_line() {
    let faulty = Folder { map: "{a: .b,\nworry: nosuch}".to_owned(), ..folder() };
    let faults = Adapter::read(&faulty).err().expect("faults");
    assert_eq!((faults[0].file.as_str(), faults[0].line), ("notes/map.jq", 2));
    let faulty = Folder { schema: "{".to_owned(), manifest: "x = 1".to_owned(), ..folder() };
    let files: Vec<String> =
        Adapter::read(&faulty).err().expect("faults").into_iter().map(|fault| fault.file).collect();
    assert_eq!(files, ["notes/manifest.toml", "notes/input.schema.json"]);
}

#[test]
fn a_row_is_kept_as_it_was_sent_and_a_table_without_known_headings_is_refused_whole() {
    let schema = r#"{"properties": {"Pupil": {}, "Concern": {}}}"#.to_owned();
    let adapter = Adapter::read(&Folder { schema, ..folder() }).expect("an adapter");
    let table = b"Pupil,Concern\r\n\"Ada, T\",Bruise\r\n\"Ben,cut off\r\n";
    let raw: Vec<Vec<u8>> =
        adapter.items(Decoder::Csv, table, None).expect("a table").map(|item| item.raw).collect();
    let first = b"Pupil,Concern\n\"Ada, T\",Bruise".as_slice();
    let second = b"Pupil,Concern\n\"Ben,cut off\r\n".as_slice();
    assert_eq!(raw, [first, second]);
    for nothing in ["Ada Test,Bruise\nBen Test,Cut\n", "Pupil,Concern\n", "Pupil;Concern"] {
        let refusal = adapter.items(Decoder::Csv, nothing.as_bytes(), None).err();
        let refusal = refusal.unwrap_or_else(|| panic!("refused: {nothing}"));
        assert_eq!(refusal.faults[0].rule, "nothing-sent");
        assert!(!refusal.faults[0].ask.contains("Ada"));
    }
    assert!(adapter.items(Decoder::Json, b"[]", None).is_err());
}
