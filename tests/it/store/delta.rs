//! What changed in the authority's records: additions, changes, merges and closures.

use super::homes::{Home, ring};
use super::on_both;
use super::rows::*;
use frontdoor::app::{Import, Imported, OsEnv, Whole};
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::decision::CaseStatus;
use frontdoor::domain::time::Env;
use frontdoor::domain::{AgencyId, LinkState, PersonId, Timestamp};
use frontdoor::followup::feeds::Feeds;
use frontdoor::store::*;
use std::collections::BTreeMap;
use std::sync::Mutex;

on_both!(
    a_merged_record_s_tokens_links_and_history_are_the_survivor_s_until_it_is_taken_back,
    merges_of_merges_reach_the_last_and_a_circle_is_undone,
    something_newer_written_meanwhile_is_not_replaced,
    a_delta_adds_changes_merges_and_closes_in_its_order,
    a_row_that_does_not_fit_is_told_and_the_others_are_applied,
    an_older_statement_of_any_kind_is_passed_over,
    lines_of_json_are_loaded_as_a_table_is,
    an_import_that_ended_in_the_middle_goes_on_behind_what_it_wrote,
    a_feed_is_as_new_as_the_last_whole_file_says,
);

fn of_source(n: u8, tokens: &[i64]) -> PersonRow {
    PersonRow { source: Some(token16(n)), as_of: Some(at(-100)), ..person(tokens) }
}

async fn fed(store: &dyn Store, feed: Feed) {
    let events = vec![Event::new("people.imported", "frontdoor")];
    store.feed(&Feed { events, ..feed }, at(0)).await.expect("the feed is written");
}

fn merge(person: PersonId, into: Option<PersonId>) -> Feed {
    Feed { merges: vec![Merge { person, into, as_of: Some(at(5)) }], ..Feed::default() }
}

/// Who is found by a token, under the lock.
async fn found(store: &dyn Store, token: i64) -> Vec<(PersonId, Vec<Token>, Vec<u8>)> {
    let (_, rows) = ahead(store, &[Token(token)]).await;
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(0, &[Token(token)]).await.expect("reads");
    assert_eq!(rows, since, "ahead of the lock and under it");
    rows.into_iter().map(|row| (row.person, row.tokens, row.profile)).collect()
}

async fn a_merged_record_s_tokens_links_and_history_are_the_survivor_s_until_it_is_taken_back(
    home: Home,
) {
    let store = home.store().await;
    let gone = PersonRow { case_status: CaseStatus::Open, ..of_source(1, &[1, 9]) };
    let stays = PersonRow { case_status: CaseStatus::Cp, ..of_source(2, &[2, 9]) };
    fed(store.as_ref(), Feed { people: vec![gone.clone(), stays.clone()], ..Feed::default() })
        .await;
    let (one, two) = (referral(), referral());
    let links = vec![
        LinkRow { agency: AgencyId::new("a"), ..link(&one, gone.id, LinkState::Linked) },
        LinkRow { agency: AgencyId::new("b"), ..link(&two, stays.id, LinkState::Linked) },
    ];
    let referrals = vec![one.clone(), two.clone()];
    write(store.as_ref(), &Batch { referrals, links, ..batch() }).await;
    let (horizon, _) = ahead(store.as_ref(), &[Token(1)]).await;

    fed(store.as_ref(), merge(gone.id, Some(stays.id))).await;
    let survivor = |tokens: &[i64]| {
        vec![(stays.id, tokens.iter().map(|t| Token(*t)).collect(), stays.profile.clone())]
    };
    assert_eq!(found(store.as_ref(), 1).await, survivor(&[1]));
    assert_eq!(found(store.as_ref(), 9).await, survivor(&[9]), "each once");
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(horizon, &[Token(1)]).await.expect("reads");
    assert_eq!(since[0].person, stays.id, "a batch under way sees it");
    for asked in [gone.id, stays.id] {
        let history = tx.histories(&[asked], at(-1000), &[]).await.expect("reads");
        let [history] = history.as_slice() else { panic!("one history each") };
        assert_eq!((history.person, history.case_status), (asked, CaseStatus::Cp));
        assert_eq!((history.referrals, history.agencies), (2, 2));
    }
    drop(tx);
    let stored = store.links(one.id).await.expect("reads");
    assert_eq!(stored.iter().map(|link| link.person).collect::<Vec<_>>(), [stays.id]);
    let known = store.known(&[token16(1)]).await.expect("reads");
    assert_eq!((known[0].id, known[0].merged_into), (gone.id, Some(stays.id)));
    assert_eq!(known[0].as_of, Some(at(5)));

    fed(store.as_ref(), merge(gone.id, None)).await;
    assert_eq!(found(store.as_ref(), 1).await[0].0, gone.id);
    let mut tx = store.begin().await.expect("begins");
    let history = tx.histories(&[gone.id], at(-1000), &[]).await.expect("reads");
    assert_eq!((history[0].case_status, history[0].referrals), (CaseStatus::Open, 1));
    drop(tx);
    let stored = store.links(one.id).await.expect("reads");
    assert_eq!(stored[0].person, gone.id, "nothing was lost by the merge");
}

async fn merges_of_merges_reach_the_last_and_a_circle_is_undone(home: Home) {
    let store = home.store().await;
    let people: Vec<PersonRow> = (1..4).map(|n| of_source(n, &[i64::from(n)])).collect();
    let [a, b, c] = [people[0].id, people[1].id, people[2].id];
    fed(store.as_ref(), Feed { people, ..Feed::default() }).await;
    fed(store.as_ref(), merge(a, Some(b))).await;
    fed(store.as_ref(), merge(b, Some(c))).await;
    for token in 1..4 {
        assert_eq!(found(store.as_ref(), token).await[0].0, c);
    }
    // Taken back in the middle, the first merge still holds.
    fed(store.as_ref(), merge(b, None)).await;
    assert_eq!(found(store.as_ref(), 1).await[0].0, b);
    fed(store.as_ref(), merge(b, Some(c))).await;
    // The other way round: the last is the first one's.
    fed(store.as_ref(), merge(c, Some(a))).await;
    let survivors: Vec<PersonId> =
        [found(store.as_ref(), 1).await[0].0, found(store.as_ref(), 3).await[0].0].into();
    assert_eq!(survivors[0], survivors[1], "one of them survives");
    let mut tx = store.begin().await.expect("begins");
    assert_eq!(tx.histories(&[a, b, c], at(0), &[]).await.expect("reads").len(), 3);
}

async fn something_newer_written_meanwhile_is_not_replaced(home: Home) {
    let store = home.store().await;
    let first = PersonRow { as_of: Some(at(50)), ..of_source(1, &[1]) };
    fed(store.as_ref(), Feed { people: vec![first.clone()], ..Feed::default() }).await;
    let late = PersonRow { id: first.id, as_of: Some(at(40)), ..of_source(1, &[2]) };
    fed(store.as_ref(), Feed { people: vec![late], ..Feed::default() }).await;
    assert_eq!(found(store.as_ref(), 1).await[0].2, first.profile);
    assert!(found(store.as_ref(), 2).await.is_empty());
    let closed = vec![(first.id, at(40))];
    fed(store.as_ref(), Feed { closed, ..Feed::default() }).await;
    let known = store.known(&[token16(1)]).await.expect("reads");
    assert_eq!(known[0].as_of, Some(at(50)));
}

const HEADER: &str = "record_id,source,surname,dob,case_status,as_of,op,merged_into\n";

async fn import(store: &dyn Store, name: &str, text: &str, delta: bool) -> Imported {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(name);
    std::fs::write(&file, text).expect("is written");
    let (ring, env) = (ring(), OsEnv::new());
    let (ring, env, file, whole) = (&ring, &env, &file, Whole::default());
    let import = Import { store, ring, env, file, delta, whole, progress: &|_| {} };
    import.run().await.expect("imports")
}

async fn delta(store: &dyn Store, rows: &str) -> Imported {
    import(store, "delta.csv", &format!("{HEADER}{rows}"), true).await
}

/// Status of each case, and whether the record was merged, in the order of loading.
async fn cases(home: &Home) -> Vec<String> {
    let query = "SELECT case_status || CASE WHEN merged_into IS NULL THEN '' ELSE ' merged' END \
         FROM person WHERE source IS NOT NULL ORDER BY created_at, 1";
    home.texts(query).await
}

async fn a_delta_adds_changes_merges_and_closes_in_its_order(home: Home) {
    let store = home.store().await;
    let done = delta(
        store.as_ref(),
        "R1,lcs,Hollins,2016-03-09,open,2026-03-01,add,\n\
         R2,lcs,Holins,2016-03-09,cin,2026-03-01,add,\n\
         R1,lcs,Hollins,2016-03-09,cp,2026-03-02,change,\n\
         R2,lcs,,,,2026-03-03,merge,R1\n\
         R1,lcs,,,,2026-03-04,close,\n",
    )
    .await;
    assert_eq!((done.loaded, done.merged, done.closed, done.unread), (2, 1, 1, 0), "{done:?}");
    assert_eq!(done.over, 1, "one of two statements in one batch: {done:?}");
    let mut after = cases(&home).await;
    after.sort();
    assert_eq!(after, ["cin merged", "none"]);
    // The system takes the merge back: the record stands again.
    let done = delta(store.as_ref(), "R2,lcs,Holins,2016-03-09,cin,2026-03-05,add,\n").await;
    assert_eq!(done.loaded, 1);
    let mut after = cases(&home).await;
    after.sort();
    assert_eq!(after, ["cin", "none"]);
    let chain = store.chain(ChainName::Import, 0, 99).await.expect("reads");
    let told: String =
        chain.iter().map(|link| String::from_utf8_lossy(&link.events).into_owned()).collect();
    for kind in ["people.merged", "people.closed", "people.separated", "people.import-ended"] {
        assert!(told.contains(kind), "{kind} is not in {told}");
    }
}

async fn a_row_that_does_not_fit_is_told_and_the_others_are_applied(home: Home) {
    let store = home.store().await;
    let rows = "R1,lcs,Hollins,2016-03-09,open,2026-03-01,add,\n\
                R1,lcs,,,,2026-03-02,merge,R9\n\
                R7,lcs,,,,2026-03-02,close,\n\
                R8,lcs,,,,2026-03-02,merge,R1\n\
                R2,lcs,Uttley,2017-08-13,open,,add,\n\
                R3,lcs,Uttley,2017-08-13,open,2026-03-01,,\n\
                R4,lcs,Uttley,2017-08-13,open,2262-03-01,add,\n";
    let done = delta(store.as_ref(), rows).await;
    let mut lines: Vec<&str> =
        done.faults.iter().filter_map(|fault| fault.split_once(": ")).map(|(l, _)| l).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["line 3", "line 4", "line 5", "line 6", "line 8"], "{:?}", done.faults);
    assert!(done.faults.iter().any(|fault| fault.contains("future")), "{:?}", done.faults);
    assert!(done.faults.iter().any(|fault| fault.contains("merged_into")), "{:?}", done.faults);
    assert_eq!((done.loaded, done.merged, done.closed, done.unread), (2, 0, 0, 5));
    // A whole feed has no such rows.
    let text = format!("{HEADER}R1,lcs,,,,2026-03-05,close,\n");
    let done = import(store.as_ref(), "feed.csv", &text, false).await;
    assert_eq!(done.unread, 1);
    assert!(done.faults[0].contains("--delta"), "{:?}", done.faults);
    assert_eq!(cases(&home).await, ["open", "open"]);
}

async fn an_older_statement_of_any_kind_is_passed_over(home: Home) {
    let store = home.store().await;
    let rows = "R1,lcs,Hollins,2016-03-09,open,2026-03-10,add,\n\
                R2,lcs,Holins,2016-03-09,cin,2026-03-10,add,\n";
    delta(store.as_ref(), rows).await;
    let old = "R1,lcs,Hollins,2016-03-09,cla,2026-03-09,change,\n\
               R2,lcs,,,,2026-03-09,merge,R1\n\
               R1,lcs,,,,2026-03-09,close,\n";
    let done = delta(store.as_ref(), old).await;
    assert_eq!((done.loaded, done.merged, done.closed, done.over), (0, 0, 0, 3), "{done:?}");
    let mut after = cases(&home).await;
    after.sort();
    assert_eq!(after, ["cin", "open"]);
    // Nor does what was said before the merge bring a merged record back.
    delta(store.as_ref(), "R2,lcs,,,,2026-03-12,merge,R1\n").await;
    let done = delta(store.as_ref(), "R2,lcs,Holins,2016-03-09,cp,2026-03-11,add,\n").await;
    assert_eq!((done.loaded, done.over), (0, 1));
    let mut after = cases(&home).await;
    after.sort();
    assert_eq!(after, ["cin merged", "open"]);
}

async fn lines_of_json_are_loaded_as_a_table_is(home: Home) {
    let store = home.store().await;
    let text = "{\"record_id\": \"R1\", \"surname\": \"Hollins\", \"dob\": \"2016-03-09\"}\n\
                [\"R2\"]\n\
                {\"record_id\": \"R3\", \"case_status\": \"cp\", \"restricted\": true}\n";
    let done = import(store.as_ref(), "people.ndjson", text, false).await;
    assert_eq!((done.loaded, done.unread), (2, 1));
    assert!(done.faults[0].starts_with("line 2: "), "{:?}", done.faults);
    let table = "record_id,surname,dob\nR1,Hollins,2016-03-09\n";
    let done = import(store.as_ref(), "people.csv", table, false).await;
    assert_eq!(done.loaded, 1);
    assert_eq!(store.count_people().await.expect("counts"), 2, "the same record");
}

/// A file of so many people, every hundredth row at fault.
fn many(count: u32) -> String {
    let mut text = HEADER.to_owned();
    for n in 0..count {
        let status = if n % 100 == 99 { "lost" } else { "open" };
        text += &format!("R{n},lcs,Crossdale,2016-03-09,{status},2026-03-01,,\n");
    }
    text
}

async fn an_import_that_ended_in_the_middle_goes_on_behind_what_it_wrote(home: Home) {
    let store = home.store().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("people.csv");
    std::fs::write(&file, many(4_500)).expect("is written");
    let (ring, env) = (ring(), OsEnv::new());
    let batches = Mutex::new(0);
    let progress = |_| *batches.lock().expect("a number") += 1;
    let import = |store| Import {
        store,
        ring: &ring,
        env: &env,
        file: &file,
        delta: false,
        whole: Whole::default(),
        progress: &progress,
    };
    // Dropped at the third batch's write, as a killed process would be.
    let stop = async {
        while *batches.lock().expect("a number") < 2 {
            tokio::task::yield_now().await;
        }
    };
    let first = import(store.as_ref());
    let ended = tokio::select! {
        _ = first.run() => true,
        () = stop => false,
    };
    assert!(!ended, "it was stopped in the middle");
    // The connection that was writing is let go a moment later; another process has its own.
    let store = home.store().await;
    let before = store.count_people().await.expect("counts");
    assert!((1_980..4_455).contains(&before), "{before}");
    let done = import(store.as_ref()).run().await.expect("imports");
    assert_eq!(store.count_people().await.expect("counts"), 4_455);
    let after = done.resumed_after.expect("it goes on");
    assert!(after >= 2_000, "{after}");
    assert!(done.loaded <= 4_455 - 1_980, "{}", done.loaded);
    assert_eq!(done.unread, 45, "all faults are told");
    let tokens = home.texts("SELECT CAST(count(*) AS text) FROM person_token").await;
    let again = import(store.as_ref()).run().await.expect("imports");
    assert_eq!((again.resumed_after, again.loaded), (None, 4_455), "it had come to its end");
    let same = home.texts("SELECT CAST(count(*) AS text) FROM person_token").await;
    assert_eq!((tokens, store.count_people().await.expect("counts")), (same, 4_455));
}

async fn a_feed_is_as_new_as_the_last_whole_file_says(home: Home) {
    let store = home.store().await;
    let known = async || -> BTreeMap<String, Option<Timestamp>> {
        let feeds = Feeds::read(store.as_ref(), &ring()).await.expect("reads");
        let now = OsEnv::new().now();
        feeds.known_at(now).map(|(system, as_of)| (system.to_owned(), as_of)).collect()
    };
    assert!(known().await.is_empty());
    let day = |day: &str| Timestamp::parse(&format!("{day}T00:00:00Z"));
    let rows = "R1,lcs,Hollins,2016-03-09,open,2026-03-10,add,\n\
                R2,lcs,Uttley,2016-03-09,cin,2026-03-12,add,\n\
                R3,ehm,Uttley,2016-03-09,cin,2026-03-08,add,\n";
    delta(store.as_ref(), rows).await;
    let of = |name: &str, at: &str| (name.to_owned(), day(at));
    let expected = BTreeMap::from([of("ehm", "2026-03-08"), of("lcs", "2026-03-12")]);
    assert_eq!(known().await, expected);
    delta(store.as_ref(), "R1,lcs,Hollins,2016-03-09,cp,2026-03-11,change,\n").await;
    assert_eq!(known().await, expected, "an older file makes nothing newer");
    let left = home.texts("SELECT name FROM kept WHERE name LIKE 'import%'").await;
    assert!(left.is_empty(), "nothing to go on with");
}
