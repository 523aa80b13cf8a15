//! A file of statements leaves what the statements one by one would leave, in any order of the
//! records, of what befell them and of their times.

use super::homes::{Home, ring};
use super::on_both;
use frontdoor::app::{Import, OsEnv, Whole};
use frontdoor::linkage::Profile;
use frontdoor::store::{KnownPerson, Sealed, Store};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

on_both!(
    one_file_leaves_what_a_file_for_each_statement_leaves,
    a_record_that_is_taken_back_and_changed_in_one_file_is_taken_back,
);

const RECORDS: u8 = 3;

/// What a row says: its record, what befell it, the day, the record that it names, and columns.
type Row = (u8, &'static str, u8, u8, Vec<(&'static str, &'static str)>);

fn row() -> impl Strategy<Value = Row> {
    let column = prop_oneof![
        prop_oneof![Just(""), Just("none"), Just("cin"), Just("cp")]
            .prop_map(|v| ("case_status", v)),
        prop_oneof![Just(""), Just("team-a"), Just("team-b")].prop_map(|v| ("case_team", v)),
        prop_oneof![Just(""), Just("Gwen"), Just("Ravi")].prop_map(|v| ("case_worker", v)),
        prop_oneof![Just(""), Just("yes"), Just("adoption")].prop_map(|v| ("restricted", v)),
        prop_oneof![Just(""), Just("Hollins"), Just("Uttley")].prop_map(|v| ("surname", v)),
        prop_oneof![Just(""), Just("Imogen"), Just("Unborn")].prop_map(|v| ("forename", v)),
        prop_oneof![Just(""), Just("2016-03-09"), Just("x")].prop_map(|v| ("dob", v)),
        prop_oneof![Just(""), Just("HX1 3ZU"), Just("HX7 6ZR")].prop_map(|v| ("postcode", v)),
    ];
    let op =
        prop_oneof![3 => Just("add"), 2 => Just("change"), 2 => Just("merge"), 1 => Just("close")];
    let columns = proptest::collection::vec(column, 0..5);
    (0..RECORDS, op, 1..9_u8, 0..RECORDS - 1, columns)
}

/// A row as a line of JSON; the records of one story have names of their own.
fn line(story: &str, (record, op, day, other, columns): &Row) -> String {
    let other = (record + 1 + other) % RECORDS;
    let mut row: Map<String, Value> =
        columns.iter().map(|(column, value)| ((*column).to_owned(), json!(value))).collect();
    row.insert("record_id".to_owned(), json!(format!("{story}-{record}")));
    row.insert("merged_into".to_owned(), json!(format!("{story}-{other}")));
    row.insert("op".to_owned(), json!(op));
    row.insert("as_of".to_owned(), json!(format!("2026-03-0{day}")));
    format!("{}\n", Value::Object(row))
}

async fn import(store: &dyn Store, text: &str) {
    let file = tempfile::Builder::new().suffix(".ndjson").tempfile().expect("a file");
    std::fs::write(file.path(), text).expect("is written");
    let (ring, env, whole) = (ring(), OsEnv::new(), Whole::default());
    let (ring, env, file) = (&ring, &env, file.path());
    let import = Import { store, ring, env, file, delta: true, whole, progress: &|_| {} };
    import.run().await.expect("imports");
}

/// All that is kept of a story's records, in words that do not depend on ids.
async fn kept(home: &Home, store: &dyn Store, story: &str) -> Vec<String> {
    let name = |record| format!("{story}-{record}");
    let token = |record| ring().token16("person", "", name(record).as_bytes());
    let tokens: Vec<_> = (0..RECORDS).map(token).collect();
    let known = store.known(&tokens).await.expect("reads");
    let mut told = Vec::new();
    for (record, token) in tokens.iter().enumerate() {
        let Some(person) = known.iter().find(|known| known.source == *token) else {
            told.push(format!("{record} is not known"));
            continue;
        };
        let into = known.iter().find(|known| Some(known.id) == person.merged_into);
        let into = into.and_then(|into| tokens.iter().position(|token| *token == into.source));
        assert_eq!(into.is_some(), person.merged_into.is_some());
        told.push(format!(
            "{record}: {:?} {:?} {} {:?} as of {:?} into {into:?}; {}; found by {:?}",
            person.case_status,
            person.case_team,
            person.restricted,
            person.restriction,
            person.as_of,
            sealed(person),
            found_by(home, person).await,
        ));
    }
    told
}

fn sealed(person: &KnownPerson) -> String {
    let profile = ring().open_profile(person.id, &person.profile).expect("opens");
    assert!(Profile::decode(&profile).is_ok());
    let name = [b"person:".as_slice(), person.id.0.as_bytes()].concat();
    let worker = (person.record != Sealed::default())
        .then(|| ring().open_record(&name, &person.record).expect("opens"));
    format!("{profile:?} {worker:?}")
}

async fn found_by(home: &Home, person: &KnownPerson) -> Vec<String> {
    let id = person.id.0.simple();
    let id = if home.is_sqlite() { format!("x'{id}'") } else { format!("'{id}'::uuid") };
    home.texts(&format!(
        "SELECT CAST(token AS text) FROM person_token WHERE person = {id} ORDER BY token"
    ))
    .await
}

async fn one_file_leaves_what_a_file_for_each_statement_leaves(home: Home) {
    let store = home.store().await;
    let stories = Cell::new(0);
    let config = Config { cases: 16, failure_persistence: None, ..Config::default() };
    let told = TestRunner::new(config).run(&proptest::collection::vec(row(), 1..12), |rows| {
        let number = stories.replace(stories.get() + 1);
        let (whole, apart) = (format!("whole-{number}"), format!("apart-{number}"));
        let text: String = rows.iter().map(|row| line(&whole, row)).collect();
        let kept = block_in_place(|| {
            Handle::current().block_on(async {
                import(store.as_ref(), &text).await;
                for row in &rows {
                    import(store.as_ref(), &line(&apart, row)).await;
                }
                let whole = kept(&home, store.as_ref(), &whole).await;
                (whole, kept(&home, store.as_ref(), &apart).await)
            })
        });
        prop_assert_eq!(kept.0, kept.1);
        Ok(())
    });
    told.expect("both ways leave the same");
}

async fn a_record_that_is_taken_back_and_changed_in_one_file_is_taken_back(home: Home) {
    let store = home.store().await;
    let rows: [Row; 3] =
        [(0, "add", 1, 0, vec![]), (1, "add", 1, 0, vec![]), (1, "merge", 2, 1, vec![])];
    let text: String = rows.iter().map(|row| line("s", row)).collect();
    import(store.as_ref(), &text).await;
    assert!(kept(&home, store.as_ref(), "s").await[1].contains("into Some(0)"));
    let back: [Row; 2] = [
        (1, "add", 3, 0, vec![("restricted", "adoption")]),
        (1, "change", 4, 0, vec![("case_status", "cp")]),
    ];
    let text: String = back.iter().map(|row| line("s", row)).collect();
    import(store.as_ref(), &text).await;
    let kept = kept(&home, store.as_ref(), "s").await;
    assert!(kept[1].contains("into None") && kept[1].contains("Cp"), "{kept:?}");
    assert!(kept[1].contains("Adoption"), "what the later row has no column for: {kept:?}");
}
