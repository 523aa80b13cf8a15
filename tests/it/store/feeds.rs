//! Files of the authority's records that say less than all, or not what they should.

use super::homes::{Home, ring};
use super::on_both;
use super::rows::*;
use frontdoor::app::{Import, Imported, OsEnv, Whole};
use frontdoor::audit::ChainName;
use frontdoor::domain::Timestamp;
use frontdoor::domain::decision::{CaseStatus, Restriction};
use frontdoor::domain::time::Env;
use frontdoor::followup::feeds::Feeds;
use frontdoor::store::*;
use std::collections::BTreeMap;

on_both!(
    a_file_without_a_column_leaves_what_is_stored_and_an_empty_value_takes_it_away,
    of_merges_that_make_a_circle_the_oldest_is_undone_and_told,
    a_merge_that_is_older_than_its_circle_is_passed_over,
    a_quotation_that_is_not_closed_ends_the_import_and_no_feed_is_newer,
    what_was_read_before_another_import_wrote_is_not_written_over_it,
    imports_that_end_at_once_are_all_remembered,
    a_delta_without_rows_says_that_nothing_has_changed,
);

struct File<'a> {
    name: &'a str,
    text: &'a str,
    delta: bool,
    whole: Whole,
}

fn feed<'a>(text: &'a str) -> File<'a> {
    File { name: "people.csv", text, delta: false, whole: Whole::default() }
}

fn delta<'a>(text: &'a str) -> File<'a> {
    File { name: "changes.csv", delta: true, ..feed(text) }
}

async fn import(store: &dyn Store, file: File<'_>) -> Imported {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(file.name);
    std::fs::write(&path, file.text).expect("is written");
    let File { delta, whole, .. } = file;
    let (ring, env, file) = (&ring(), &OsEnv::new(), path.as_path());
    let import = Import { store, ring, env, file, delta, whole, progress: &|_| {} };
    import.run().await.expect("imports")
}

async fn known(store: &dyn Store, source: &str, id: &str) -> KnownPerson {
    let token = ring().token16("person", source, id.as_bytes());
    store.known(&[token]).await.expect("reads").pop().expect("it is known")
}

async fn events(store: &dyn Store) -> String {
    let chain = store.chain(ChainName::Import, 0, 99).await.expect("reads");
    chain.iter().map(|link| String::from_utf8_lossy(&link.events).into_owned()).collect()
}

fn day(day: &str) -> Option<Timestamp> {
    Timestamp::parse(&format!("{day}T00:00:00Z"))
}

async fn a_file_without_a_column_leaves_what_is_stored_and_an_empty_value_takes_it_away(
    home: Home,
) {
    let store = home.store().await;
    let store = store.as_ref();
    let text = "record_id,surname,dob,postcode,case_status,case_team,case_worker,restricted,as_of\n\
        R1,Hollins,2016-03-09,HX1 3ZU,cp,team-south,Gwen,adoption,2026-03-01\n";
    import(store, feed(text)).await;
    let first = known(store, "", "R1").await;
    let held = home.texts("SELECT CAST(token AS text) FROM person_token ORDER BY token").await;
    assert!(!held.is_empty());
    // A whole feed, a delta and a line of JSON, none of which tells of the case or of who it is.
    import(store, feed("record_id,upn\nR1,\n")).await;
    import(store, delta("record_id,op,as_of\nR1,change,2026-03-02\n")).await;
    let text = "{\"record_id\": \"R1\", \"as_of\": \"2026-03-03\"}\n";
    import(store, File { name: "people.ndjson", ..feed(text) }).await;
    let now = known(store, "", "R1").await;
    assert_eq!((now.case_status, &now.case_team), (CaseStatus::Cp, &first.case_team));
    assert!(now.case_team.is_some() && now.restricted);
    assert_eq!((now.restriction, now.as_of), (Some(Restriction::Adoption), day("2026-03-03")));
    let name = [b"person:".as_slice(), now.id.0.as_bytes()].concat();
    assert_eq!(ring().open_record(&name, &now.record).expect("opens"), b"Gwen");
    let plain = |known: &KnownPerson| ring().open_profile(known.id, &known.profile);
    assert_eq!(plain(&now), plain(&first));
    let holds = home.texts("SELECT CAST(token AS text) FROM person_token ORDER BY token").await;
    assert_eq!(holds, held, "it is found as before");
    // What is said is taken, and what is said to be empty is empty.
    let text = "record_id,case_status,case_team,case_worker,restricted,postcode,as_of\n\
        R1,cin,,,,,2026-03-04\n";
    import(store, feed(text)).await;
    let now = known(store, "", "R1").await;
    assert_eq!((now.case_status, now.case_team.clone()), (CaseStatus::Cin, None));
    assert_eq!((now.restricted, now.restriction, &now.record), (false, None, &Sealed::default()));
    assert_ne!(plain(&now), plain(&first));
    let held = home.texts("SELECT CAST(token AS text) FROM person_token ORDER BY token").await;
    assert!(!held.is_empty() && held.len() < holds.len(), "by name and birthday alone");
}

const TWO: &str = "record_id,surname,dob,as_of,op,merged_into\n\
    R1,Hollins,2016-03-09,2026-03-01,add,\nR2,Holins,2016-03-09,2026-03-01,add,\n";
const MERGES: &str = "record_id,as_of,op,merged_into\n";

async fn of_merges_that_make_a_circle_the_oldest_is_undone_and_told(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    import(store, delta(TWO)).await;
    // What is said of the record later is no newer word on its merge.
    let text = format!("{MERGES}R1,2026-03-05,merge,R2\nR1,2026-03-08,change,\n");
    assert_eq!(import(store, delta(&text)).await.merged, 1);
    let done = import(store, delta(&format!("{MERGES}R2,2026-03-06,merge,R1\n"))).await;
    let (one, two) = (known(store, "", "R1").await, known(store, "", "R2").await);
    assert_eq!((one.merged_into, two.merged_into), (None, Some(one.id)));
    assert_eq!((done.merged, done.undone, done.over), (1, 1, 0), "{done:?}");
    let told = &done.undone_merges[0];
    assert!(told.starts_with("line 2: ") && told.contains(&one.id.to_string()), "{told}");
    let kept = events(store).await;
    let at = kept.find("people.merge-undone").expect("an event");
    assert!(kept[at..].contains(&one.id.to_string()), "{kept}");
}

async fn a_merge_that_is_older_than_its_circle_is_passed_over(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    import(store, delta(TWO)).await;
    import(store, delta(&format!("{MERGES}R1,2026-03-05,merge,R2\n"))).await;
    let done = import(store, delta(&format!("{MERGES}R2,2026-03-04,merge,R1\n"))).await;
    let (one, two) = (known(store, "", "R1").await, known(store, "", "R2").await);
    assert_eq!((one.merged_into, two.merged_into), (Some(two.id), None));
    assert_eq!((done.merged, done.undone, done.over), (0, 0, 1), "{done:?}");
    assert!(done.passed_over[0].contains("circle"), "{done:?}");
    assert_eq!(two.as_of, day("2026-03-01"), "nothing was done");
    assert!(events(store).await.contains("people.merge-passed-over"));
    // An older word on a record undoes nothing either.
    let done = import(store, delta(&format!("{MERGES}R2,2026-02-01,merge,R1\n"))).await;
    assert_eq!((done.merged, done.undone, done.over), (0, 0, 1), "{done:?}");
    assert_eq!(known(store, "", "R1").await.merged_into, Some(two.id));
}

async fn loaded(store: &dyn Store) -> BTreeMap<String, Option<Timestamp>> {
    let feeds = Feeds::read(store, &ring()).await.expect("reads");
    let known = feeds.known_at(OsEnv::new().now());
    known.map(|(system, as_of)| (system.to_owned(), as_of)).collect()
}

async fn a_quotation_that_is_not_closed_ends_the_import_and_no_feed_is_newer(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let header = "record_id,source,surname,address,as_of\n";
    let rows: String =
        (0..1_500).map(|n| format!("R{n},lcs,Hollins,1 Mill Lane,2026-03-01\n")).collect();
    let broken = rows.replacen("R1200,lcs,Hollins", "R1200,lcs,\"Hollins", 1);
    let done = import(store, feed(&format!("{header}{broken}"))).await;
    assert_eq!((done.loaded, done.unread), (1_200, 1), "{:?}", done.faults);
    assert_eq!(done.broken_off_at, Some(1_202));
    assert!(done.faults[0].starts_with("line 1202: a quotation mark opens"), "{:?}", done.faults);
    assert!(loaded(store).await.is_empty(), "it was not loaded to its end");
    let kept = events(store).await;
    assert!(kept.contains("broken-off") && !kept.contains("import-ended"), "{kept}");
    let done = import(store, feed(&format!("{header}{rows}"))).await;
    assert_eq!((done.loaded, done.unread, done.broken_off_at), (1_500, 0, None));
    assert_eq!(store.count_people().await.expect("counts"), 1_500);
    assert_eq!(loaded(store).await, BTreeMap::from([("lcs".to_owned(), day("2026-03-01"))]));
}

async fn what_was_read_before_another_import_wrote_is_not_written_over_it(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let first = PersonRow { source: Some(token16(1)), as_of: Some(at(1)), ..person(&[1]) };
    let people = |token| vec![PersonRow { tokens: vec![Token(token)], ..first.clone() }];
    let event = Event::new("people.imported", "frontdoor");
    store.import(&people(1), event.clone(), at(0)).await.expect("imports");
    let read = vec![(first.id, None)];
    let feed = |token| Feed { people: people(token), read: read.clone(), ..Feed::default() };
    assert_eq!(store.feed(&feed(2), at(0)).await.expect("writes"), Fed::Written(vec![]));
    let before = events(store).await;
    assert_eq!(store.feed(&feed(3), at(0)).await.expect("reads"), Fed::Outdated);
    assert_eq!(events(store).await, before, "nothing is written");
    let (_, found) = ahead(store, &[Token(2), Token(3)]).await;
    assert_eq!(found[0].tokens, [Token(2)]);
    // And so with a note.
    let note = |value: &[u8], read: Option<&[u8]>| Feed {
        notes: vec![("feeds.v1", Some(value.to_vec()))],
        notes_read: vec![("feeds.v1", read.map(<[u8]>::to_vec))],
        ..Feed::default()
    };
    let feed = async |feed: Feed| store.feed(&feed, at(0)).await.expect("answers");
    assert_eq!(feed(note(b"one", None)).await, Fed::Written(vec![]));
    assert_eq!(feed(note(b"other", None)).await, Fed::Outdated);
    assert_eq!(store.note("feeds.v1").await.expect("reads").as_deref(), Some(b"one".as_slice()));
    assert_eq!(feed(note(b"two", Some(b"one"))).await, Fed::Written(vec![]));
}

async fn imports_that_end_at_once_are_all_remembered(home: Home) {
    let store = home.store().await;
    let texts: Vec<String> = (1..9)
        .map(|n| format!("record_id,source,surname,as_of\nR{n},s{n},Hollins,2026-03-0{n}\n"))
        .collect();
    let imports = texts.iter().map(|text| import(store.as_ref(), feed(text)));
    futures::future::join_all(imports).await;
    let expected = (1..9).map(|n| (format!("s{n}"), day(&format!("2026-03-0{n}"))));
    assert_eq!(loaded(store.as_ref()).await, expected.collect());
}

async fn a_delta_without_rows_says_that_nothing_has_changed(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    import(store, delta(TWO)).await;
    let lcs = |at: &str| {
        BTreeMap::from([(String::new(), day("2026-03-01")), ("lcs".to_owned(), day(at))])
    };
    let empty = |as_of: &str| {
        let whole = Whole { source: Some("lcs".to_owned()), as_of: day(as_of) };
        File { whole, ..delta("record_id,op,as_of\n") }
    };
    let done = import(store, empty("2026-03-02")).await;
    assert_eq!((done.loaded, done.systems), (0, 1));
    assert_eq!(loaded(store).await, lcs("2026-03-02"));
    import(store, empty("2026-03-01")).await;
    assert_eq!(loaded(store).await, lcs("2026-03-02"), "nothing goes back");
    // Nor does a file that does not say whose it is, or of when.
    assert_eq!(import(store, delta("record_id,op,as_of\n")).await.systems, 0);
    // Rows that do not say it are as old as the file, and of its system.
    let whole = Whole { source: Some("lcs".to_owned()), as_of: day("2026-03-09") };
    let text = "record_id,surname,op,as_of\nR1,Hollins,add,2026-03-03\nR2,Uttley,add,\n";
    assert_eq!(import(store, File { whole, ..delta(text) }).await.loaded, 2);
    assert_eq!(loaded(store).await, lcs("2026-03-09"));
    assert_eq!(known(store, "lcs", "R1").await.as_of, day("2026-03-03"));
    assert_eq!(known(store, "lcs", "R2").await.as_of, day("2026-03-09"));
}
