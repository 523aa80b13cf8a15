use super::homes::{Home, ring};
use super::on_both;
use super::rows::*;
use frontdoor::app::{Imported, OsEnv, import_people};
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::decision::CaseStatus;
use frontdoor::domain::{DestinationId, PersonId};
use frontdoor::store::*;

on_both!(
    people_are_loaded_and_found_by_their_tokens,
    a_person_is_replaced_under_the_id_it_has_and_a_batch_under_way_sees_it,
    a_source_known_under_another_id_is_refused_and_nothing_is_changed,
    the_import_waits_for_the_lane,
    a_new_feed_leaves_what_referrals_taught,
    a_better_profile_reaches_a_batch_under_way_and_never_the_feeds_people,
    a_record_that_comes_twice_is_folded_and_an_older_statement_is_passed_over,
);

fn event() -> Event {
    Event::new("people.imported", "operator")
}

fn recorded(source: u8, tokens: &[i64]) -> PersonRow {
    PersonRow {
        source: Some(token16(source)),
        as_of: Some(at(-100)),
        case_status: CaseStatus::Open,
        case_team: Some(DestinationId::new("team-south")),
        restricted: true,
        record: sealed("worker"),
        ..person(tokens)
    }
}

async fn people_are_loaded_and_found_by_their_tokens(home: Home) {
    let store = home.store().await;
    let people: Vec<PersonRow> =
        (0..1200).map(|n| PersonRow { source: None, ..recorded(0, &[n, n + 10_000]) }).collect();
    store.import(&people, event(), at(0)).await.expect("imports");
    assert_eq!(store.count_people().await.expect("counts"), 1200);
    let (horizon, found) = ahead(store.as_ref(), &[Token(1199), Token(10_007)]).await;
    assert_eq!((horizon, found.len()), (1, 2));
    assert_eq!(store.chain(ChainName::Import, 0, 9).await.expect("reads").len(), 1);
    store.import(&[], event(), at(0)).await.expect("imports nobody");
}

async fn a_person_is_replaced_under_the_id_it_has_and_a_batch_under_way_sees_it(home: Home) {
    let store = home.store().await;
    let first = recorded(1, &[1, 2]);
    store.import(&[first.clone(), recorded(2, &[9])], event(), at(0)).await.expect("imports");
    let known = store.known(&[token16(1), token16(77)]).await.expect("reads");
    let expected = KnownPerson {
        source: token16(1),
        id: first.id,
        as_of: first.as_of,
        merged_into: None,
        changed: None,
        profile: first.profile.clone(),
        case_status: first.case_status,
        case_team: first.case_team.clone(),
        restricted: true,
        restriction: None,
        record: first.record.clone(),
    };
    assert_eq!(known, [expected]);
    let (horizon, _) = ahead(store.as_ref(), &[Token(2)]).await;
    let changed = PersonRow {
        id: first.id,
        created_at: at(50),
        case_status: CaseStatus::Cp,
        ..recorded(1, &[2, 3])
    };
    store.import(std::slice::from_ref(&changed), event(), at(50)).await.expect("imports");
    assert_eq!(store.count_people().await.expect("counts"), 2);
    let (_, by_old) = ahead(store.as_ref(), &[Token(1)]).await;
    assert!(by_old.is_empty());
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(horizon, &[Token(2), Token(3)]).await.expect("reads");
    assert_eq!((since.len(), &since[0].profile), (1, &changed.profile));
    let history = tx.histories(&[first.id], at(0), &[]).await.expect("reads");
    assert_eq!(history[0].case_status, CaseStatus::Cp);
}

async fn a_source_known_under_another_id_is_refused_and_nothing_is_changed(home: Home) {
    let store = home.store().await;
    store.import(&[recorded(1, &[1])], event(), at(0)).await.expect("imports");
    let refused = store.import(&[recorded(3, &[5]), recorded(1, &[1])], event(), at(0)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(store.count_people().await.expect("counts"), 1);
    assert_eq!(store.chain(ChainName::Import, 0, 9).await.expect("reads").len(), 1);
}

async fn the_import_waits_for_the_lane(home: Home) {
    let [first, second] = home.two().await;
    let tx = first.begin().await.expect("begins");
    let import =
        tokio::spawn(async move { second.import(&[recorded(1, &[1])], event(), at(0)).await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!import.is_finished(), "the import did not wait");
    drop(tx);
    import.await.expect("ends").expect("imports");
}

/// The tokens by which a person is found now.
async fn found_by(store: &dyn Store, of: PersonId, tokens: &[i64]) -> Vec<i64> {
    let asked: Vec<Token> = tokens.iter().map(|token| Token(*token)).collect();
    let (_, found) = ahead(store, &asked).await;
    let row = found.into_iter().find(|row| row.person == of);
    row.into_iter().flat_map(|row| row.tokens).map(|token| token.0).collect()
}

async fn a_new_feed_leaves_what_referrals_taught(home: Home) {
    let store = home.store().await;
    let first = recorded(1, &[1, 2]);
    store.import(std::slice::from_ref(&first), event(), at(0)).await.expect("imports");
    let taught = vec![(Token(7), first.id), (Token(8), first.id)];
    write(store.as_ref(), &Batch { tokens: taught, ..batch() }).await;
    let (horizon, _) = ahead(store.as_ref(), &[Token(7)]).await;
    // The feed knows one of them by now, and has dropped one of its own.
    let changed = PersonRow { id: first.id, ..recorded(1, &[2, 3, 8]) };
    store.import(std::slice::from_ref(&changed), event(), at(9)).await.expect("imports");
    let all = [1, 2, 3, 7, 8];
    assert_eq!(found_by(store.as_ref(), first.id, &all).await, [2, 3, 7, 8]);
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(horizon, &[Token(7)]).await.expect("reads");
    assert_eq!((since.len(), &since[0].profile), (1, &changed.profile), "the change is seen");
    drop(tx);
    let bare = PersonRow { id: first.id, ..recorded(1, &[]) };
    store.import(&[bare], event(), at(10)).await.expect("imports");
    assert_eq!(found_by(store.as_ref(), first.id, &all).await, [7, 8]);
}

async fn a_better_profile_reaches_a_batch_under_way_and_never_the_feeds_people(home: Home) {
    let store = home.store().await;
    let (made, fed) = (person(&[1]), recorded(5, &[2]));
    write(store.as_ref(), &Batch { persons: vec![made.clone()], ..batch() }).await;
    store.import(std::slice::from_ref(&fed), event(), at(0)).await.expect("imports");
    let (horizon, _) = ahead(store.as_ref(), &[Token(1)]).await;
    let better = b"better".to_vec();
    let profiles = vec![(made.id, better.clone()), (fed.id, better.clone())];
    let tokens = vec![(Token(3), made.id)];
    write(store.as_ref(), &Batch { profiles, tokens, ..batch() }).await;
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(horizon, &[Token(1), Token(2), Token(3)]).await.expect("reads");
    let expected =
        CandidateRow { person: made.id, tokens: vec![Token(1), Token(3)], profile: better };
    assert_eq!(since, [expected]);
    drop(tx);
    let (_, found) = ahead(store.as_ref(), &[Token(2)]).await;
    assert_eq!(found[0].profile, fed.profile);
}

async fn import_text(store: &dyn Store, text: &str) -> Imported {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), text).expect("is written");
    import_people(store, &ring(), &OsEnv::new(), file.path()).await.expect("imports")
}

async fn a_record_that_comes_twice_is_folded_and_an_older_statement_is_passed_over(home: Home) {
    let store = home.store().await;
    let header = "record_id,surname,dob,case_status,as_of\n";
    let status = async || {
        home.texts("SELECT case_status FROM person WHERE source IS NOT NULL ORDER BY 1").await
    };
    let twice = format!(
        "{header}R1,Hollins,2016-03-09,open,2026-03-01\nR2,Uttley,2017-08-13,none,\n\
         R1,Hollins,2016-03-09,cp,2026-03-02\nR1,Hollins,2016-03-09,cin,2026-02-01\n"
    );
    let imported = import_text(store.as_ref(), &twice).await;
    assert_eq!((imported.loaded, imported.faults.len()), (2, 0));
    assert_eq!(imported.passed_over.len(), 2);
    assert!(imported.passed_over[0].starts_with("line 2: line 4"), "{:?}", imported.passed_over);
    assert!(imported.passed_over[1].starts_with("line 5: line 4"), "{:?}", imported.passed_over);
    assert_eq!(status().await, ["cp", "none"]);
    // Yesterday's file by mistake.
    let old = format!("{header}R1,Hollins,2016-03-09,none,2026-03-01\n");
    let imported = import_text(store.as_ref(), &old).await;
    assert_eq!((imported.loaded, imported.passed_over.len()), (0, 1));
    assert!(imported.passed_over[0].starts_with("line 2:"), "{:?}", imported.passed_over);
    assert_eq!(status().await, ["cp", "none"]);
    let new = format!("{header}R1,Hollins,2016-03-09,none,2026-03-03\nR2,Uttley,2017-08-13,cla,\n");
    assert_eq!(import_text(store.as_ref(), &new).await.loaded, 2);
    assert_eq!(status().await, ["cla", "none"]);
}
