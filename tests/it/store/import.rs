use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::DestinationId;
use frontdoor::domain::decision::CaseStatus;
use frontdoor::store::*;

on_both!(
    people_are_loaded_and_found_by_their_tokens,
    a_person_is_replaced_under_the_id_it_has_and_a_batch_under_way_sees_it,
    a_source_known_under_another_id_is_refused_and_nothing_is_changed,
    the_import_waits_for_the_lane,
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
    let (horizon, found) = store.candidates(&[Token(1199), Token(10_007)]).await.expect("reads");
    assert_eq!((horizon, found.len()), (1, 2));
    assert_eq!(store.chain(ChainName::Import, 0, 9).await.expect("reads").len(), 1);
    store.import(&[], event(), at(0)).await.expect("imports nobody");
}

async fn a_person_is_replaced_under_the_id_it_has_and_a_batch_under_way_sees_it(home: Home) {
    let store = home.store().await;
    let first = recorded(1, &[1, 2]);
    store.import(&[first.clone(), recorded(2, &[9])], event(), at(0)).await.expect("imports");
    let known = store.known(&[token16(1), token16(77)]).await.expect("reads");
    let expected = KnownPerson { source: token16(1), id: first.id, as_of: first.as_of };
    assert_eq!(known, [expected]);
    let (horizon, _) = store.candidates(&[Token(2)]).await.expect("reads");
    let changed = PersonRow {
        id: first.id,
        created_at: at(50),
        case_status: CaseStatus::Cp,
        ..recorded(1, &[2, 3])
    };
    store.import(std::slice::from_ref(&changed), event(), at(50)).await.expect("imports");
    assert_eq!(store.count_people().await.expect("counts"), 2);
    let (_, by_old) = store.candidates(&[Token(1)]).await.expect("reads");
    assert!(by_old.is_empty());
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(horizon, &[Token(2), Token(3)]).await.expect("reads");
    assert_eq!((since.len(), &since[0].profile), (1, &changed.profile));
    let history = tx.histories(&[first.id], at(0), None).await.expect("reads");
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
