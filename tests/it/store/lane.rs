use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::domain::decision::{CaseStatus, LinkState};
use frontdoor::domain::shortlist::MAX_CANDIDATES;
use frontdoor::domain::{AgencyId, DestinationId, PersonId};
use frontdoor::store::*;
use std::time::Duration;

on_both!(
    a_batch_is_read_back_as_it_was_written,
    an_empty_batch_is_written_with_its_link,
    what_is_not_committed_leaves_nothing,
    a_batch_that_failed_is_not_committed_and_its_error_tells_no_value,
    candidates_carry_the_tokens_that_were_asked_for,
    a_block_over_the_cap_is_passed_over_and_its_people_are_found_by_others,
    many_large_blocks_are_read_whole,
    what_was_written_after_the_horizon_is_found_under_the_lock_and_nothing_else,
    a_token_that_a_known_person_gains_is_found_once,
    the_next_lane_waits_for_the_one_before,
    two_lanes_do_not_miss_each_others_people,
    a_repeat_is_answered_until_it_expires_and_its_key_can_be_used_again,
    a_refusal_is_counted_again_and_cleared_by_its_key,
    history_counts_referrals_and_agencies_and_leaves_possible_links_out,
    the_last_statement_about_a_child_and_a_person_holds,
    an_addition_raises_the_revision_and_an_overtaken_one_is_refused,
    nothing_is_written_without_a_chain_key,
    repeats_expire_page_by_page,
);

async fn a_batch_is_read_back_as_it_was_written(home: Home) {
    let store = home.store().await;
    let (one, child) = (referral(), person(&[1]));
    let mut to_masstt = message(&one, "masstt", 1);
    to_masstt.leased_until = Some(at(30));
    to_masstt.fence = 1;
    let refused = refusal(token16(1), Some(token16(2)));
    let mut about_refused = message(&one, "masstt", 1);
    (about_refused.referral, about_refused.refusal) = (None, Some(refused.id));
    let written = Batch {
        referrals: vec![one.clone(), referral()],
        persons: vec![child.clone()],
        links: vec![link(&one, child.id, LinkState::New)],
        outbox: vec![to_masstt.clone(), about_refused.clone()],
        refusals: vec![refused.clone()],
        ..batch()
    };
    write(store.as_ref(), &written).await;

    let read = ReadStore::referral(&*store, one.reference).await.expect("reads").expect("there");
    assert_eq!(read.row, one);
    assert_eq!(read.deliveries.len(), 1);
    assert_eq!(read.deliveries[0].id, to_masstt.id);
    assert_eq!(read.deliveries[0].state, DeliveryState::Delivering);
    assert_eq!(store.referral_by_id(one.id).await.expect("reads"), Some(read.clone()));
    let links = store.links(one.id).await.expect("reads");
    let expected = StoredLink {
        child: 0,
        person: child.id,
        record: child.id,
        state: LinkState::New,
        weight: 12.5,
        level_rank: 3,
        decision: None,
        seq: links[0].seq,
    };
    assert_eq!(links, [expected]);
    assert_eq!(store.message(to_masstt.id).await.expect("reads"), Some(to_masstt));
    assert_eq!(store.message(about_refused.id).await.expect("reads"), Some(about_refused));
    assert_eq!(store.refusal(refused.id).await.expect("reads"), Some(refused));
    let nobody = referral();
    assert_eq!(ReadStore::referral(&*store, nobody.reference).await.expect("reads"), None);
    assert_eq!(store.referral_by_id(nobody.id).await.expect("reads"), None);

    let mut tx = store.begin().await.expect("begins");
    let (again, links_again) = tx.referral(one.reference).await.expect("reads").expect("there");
    assert_eq!((again, links_again), (read, links));
    assert_eq!(tx.referral(nobody.reference).await.expect("reads"), None);
}

async fn an_empty_batch_is_written_with_its_link(home: Home) {
    let store = home.store().await;
    let mut tx = store.begin().await.expect("begins");
    assert!(tx.candidates_since(0, &[]).await.expect("reads").is_empty());
    assert!(tx.repeats(&[], at(0)).await.expect("reads").is_empty());
    assert!(tx.open_refusals(&[]).await.expect("reads").is_empty());
    assert!(tx.histories(&[], at(0), &[]).await.expect("reads").is_empty());
    tx.write(&batch()).await.expect("writes");
    tx.commit().await.expect("commits");
    assert_eq!(ahead(store.as_ref(), &[]).await, (1, Vec::new()));
}

async fn what_is_not_committed_leaves_nothing(home: Home) {
    let store = home.store().await;
    let one = referral();
    let mut tx = store.begin().await.expect("begins");
    let written = Batch {
        referrals: vec![one.clone()],
        persons: vec![person(&[1])],
        outbox: vec![message(&one, "masstt", 1)],
        ..batch()
    };
    tx.write(&written).await.expect("writes");
    drop(tx);
    assert_eq!(store.referral_by_id(one.id).await.expect("reads"), None);
    assert_eq!(ahead(store.as_ref(), &[Token(1)]).await, (0, Vec::new()));
    assert_eq!(store.next_due(at(0)).await.expect("reads"), None);
    assert_eq!(store.count_people().await.expect("counts"), 0);
    // And the lane is free again, with the same chain.
    write(store.as_ref(), &written).await;
    assert_eq!(ahead(store.as_ref(), &[Token(1)]).await.0, 1);
}

async fn a_batch_that_failed_is_not_committed_and_its_error_tells_no_value(home: Home) {
    let store = home.store().await;
    let (first, mut second, neighbour) = (referral(), referral(), referral());
    write(store.as_ref(), &Batch { referrals: vec![first.clone()], ..batch() }).await;
    second.reference = first.reference;
    let mut tx = store.begin().await.expect("begins");
    let written = Batch { referrals: vec![neighbour.clone(), second], ..batch() };
    let error = tx.write(&written).await.expect_err("the reference is taken");
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(&first.reference.to_string()));
    assert!(tx.commit().await.is_err());
    assert_eq!(store.referral_by_id(neighbour.id).await.expect("reads"), None);
    // The neighbour alone goes in.
    write(store.as_ref(), &Batch { referrals: vec![neighbour], ..batch() }).await;
}

async fn candidates_carry_the_tokens_that_were_asked_for(home: Home) {
    let store = home.store().await;
    let (one, two, three) = (person(&[1, 2, 3]), person(&[2, -9]), person(&[4]));
    let written = Batch { persons: vec![one.clone(), two.clone(), three], ..batch() };
    write(store.as_ref(), &written).await;
    let asked = [Token(2), Token(1), Token(2), Token(-9), Token(77)];
    let (horizon, found) = ahead(store.as_ref(), &asked).await;
    assert_eq!(horizon, 1);
    let row = |person: &PersonRow, tokens: &[i64]| CandidateRow {
        person: person.id,
        tokens: tokens.iter().map(|token| Token(*token)).collect(),
        profile: person.profile.clone(),
    };
    assert_eq!(found, [row(&one, &[1, 2]), row(&two, &[-9, 2])]);
}

async fn a_block_over_the_cap_is_passed_over_and_its_people_are_found_by_others(home: Home) {
    let store = home.store().await;
    let mut persons: Vec<PersonRow> = (0..BLOCK_CAP).map(|_| person(&[5])).collect();
    persons[0].tokens.push(Token(6));
    write(store.as_ref(), &Batch { persons: persons.clone(), ..batch() }).await;
    let read = store.candidates(&[&[Token(5), Token(6)]]).await.expect("reads");
    let sizes: Vec<usize> = read.blocks.iter().map(|(_, people)| people.len()).collect();
    assert_eq!(sizes, [BLOCK_CAP, 1]);
    assert_eq!(read.rows.len(), MAX_CANDIDATES);
    assert!(read.rows.iter().any(|row| row.person == persons[0].id));
    write(store.as_ref(), &Batch { persons: vec![person(&[5])], ..batch() }).await;
    let (_, found) = ahead(store.as_ref(), &[Token(5), Token(6)]).await;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].person, found[0].tokens.as_slice()), (persons[0].id, &[Token(6)][..]));
}

async fn many_large_blocks_are_read_whole(home: Home) {
    let store = home.store().await;
    let persons: Vec<PersonRow> = (0..150).map(|_| person(&[1, 2, 3])).collect();
    write(store.as_ref(), &Batch { persons, ..batch() }).await;
    let asked = [Token(1), Token(2), Token(3)];
    let read = store.candidates(&[&asked]).await.expect("reads");
    assert_eq!((read.horizon, read.rows.len()), (1, MAX_CANDIDATES));
    assert!(read.rows.iter().all(|row| row.tokens == asked));
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(0, &asked).await.expect("reads");
    assert_eq!(since.len(), 150);
    assert!(since.iter().all(|row| row.tokens == asked));
    // All have as much in common with the child, so the first by their ids are read.
    assert_eq!(since[..MAX_CANDIDATES], read.rows);
    let people: Vec<PersonId> = since.iter().map(|row| row.person).collect();
    assert_eq!(read.blocks, asked.map(|token| (token, people.clone())));
    assert!(tx.candidates_since(1, &asked).await.expect("reads").is_empty());
}

async fn what_was_written_after_the_horizon_is_found_under_the_lock_and_nothing_else(home: Home) {
    let store = home.store().await;
    let (before, after) = (person(&[1]), person(&[1, 2]));
    write(store.as_ref(), &Batch { persons: vec![before], ..batch() }).await;
    let (horizon, found) = ahead(store.as_ref(), &[Token(1)]).await;
    assert_eq!(found.len(), 1);
    write(store.as_ref(), &Batch { persons: vec![after.clone()], ..batch() }).await;
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(horizon, &[Token(1), Token(2)]).await.expect("reads");
    assert_eq!(since.iter().map(|row| row.person).collect::<Vec<_>>(), [after.id]);
    assert_eq!(since[0].tokens, [Token(1), Token(2)]);
    assert_eq!(since[0].profile, after.profile);
    let none = tx.candidates_since(horizon + 1, &[Token(1), Token(2)]).await.expect("reads");
    assert!(none.is_empty());
}

async fn a_token_that_a_known_person_gains_is_found_once(home: Home) {
    let store = home.store().await;
    let one = person(&[1]);
    write(store.as_ref(), &Batch { persons: vec![one.clone()], ..batch() }).await;
    let gains = Batch { tokens: vec![(Token(8), one.id), (Token(1), one.id)], ..batch() };
    write(store.as_ref(), &gains).await;
    write(store.as_ref(), &gains).await;
    let (_, found) = ahead(store.as_ref(), &[Token(1), Token(8)]).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].tokens, [Token(1), Token(8)]);
    // What it already had is no news to a batch that has read ahead.
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(1, &[Token(1), Token(8)]).await.expect("reads");
    assert_eq!(since[0].tokens, [Token(8)]);
    assert!(tx.candidates_since(2, &[Token(1), Token(8)]).await.expect("reads").is_empty());
}

async fn the_next_lane_waits_for_the_one_before(home: Home) {
    let [first, second] = home.two().await;
    let mut tx = first.begin().await.expect("begins");
    let one = person(&[1]);
    tx.write(&Batch { persons: vec![one.clone()], ..batch() }).await.expect("writes");
    let waiting = tokio::spawn(async move {
        let mut tx = second.begin().await.expect("begins");
        tx.candidates_since(0, &[Token(1)]).await.expect("reads")
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished(), "the second lane did not wait");
    tx.commit().await.expect("commits");
    let seen = waiting.await.expect("ends");
    assert_eq!(seen.iter().map(|row| row.person).collect::<Vec<_>>(), [one.id]);
}

/// Looks for the child, and makes it known only when nobody else has.
async fn find_or_make(store: &dyn Store, token: i64) -> PersonId {
    let (horizon, found) = ahead(store, &[Token(token)]).await;
    tokio::task::yield_now().await;
    let mut tx = store.begin().await.expect("begins");
    let since = tx.candidates_since(horizon, &[Token(token)]).await.expect("reads");
    if let Some(known) = found.iter().chain(&since).next() {
        return known.person;
    }
    let child = person(&[token]);
    tx.write(&Batch { persons: vec![child.clone()], ..batch() }).await.expect("writes");
    tx.commit().await.expect("commits");
    child.id
}

async fn two_lanes_do_not_miss_each_others_people(home: Home) {
    let stores = home.two().await;
    for token in 0..40 {
        let tasks = (0..6).map(|lane: usize| {
            let store = stores[lane % 2].clone();
            tokio::spawn(async move { find_or_make(store.as_ref(), token).await })
        });
        let found = futures::future::join_all(tasks).await;
        let found: Vec<PersonId> = found.into_iter().map(|id| id.expect("ends")).collect();
        assert!(found.iter().all(|id| *id == found[0]), "child {token} was made twice");
    }
    assert_eq!(stores[0].count_people().await.expect("counts"), 40);
}

async fn a_repeat_is_answered_until_it_expires_and_its_key_can_be_used_again(home: Home) {
    let store = home.store().await;
    let (first, second) = (referral(), referral());
    let repeat = |of: &ReferralRow, body: u8, expires: i64| NewRepeat {
        key: token16(1),
        body: token16(body),
        referral: of.id,
        expires_at: at(expires),
    };
    let written =
        Batch { referrals: vec![first.clone()], repeats: vec![repeat(&first, 2, 100)], ..batch() };
    write(store.as_ref(), &written).await;
    let mut tx = store.begin().await.expect("begins");
    let keys = [token16(1), token16(9)];
    let found = tx.repeats(&keys, at(99)).await.expect("reads");
    let expected = Repeat {
        key: token16(1),
        body: token16(2),
        referral: first.id,
        reference: first.reference,
        record: first.record.clone(),
    };
    assert_eq!(found, [expected]);
    assert!(tx.repeats(&keys, at(100)).await.expect("reads").is_empty());
    drop(tx);

    let written = Batch {
        referrals: vec![second.clone()],
        repeats: vec![repeat(&second, 3, 300)],
        ..batch()
    };
    write(store.as_ref(), &written).await;
    let mut tx = store.begin().await.expect("begins");
    let found = tx.repeats(&keys, at(200)).await.expect("reads");
    assert_eq!((found.len(), found[0].referral, found[0].body), (1, second.id, token16(3)));
    drop(tx);

    assert_eq!(store.expire_repeats(at(299), None, 9).await.expect("expires"), (0, None));
    assert_eq!(store.expire_repeats(at(300), None, 9).await.expect("expires"), (1, None));
    let mut tx = store.begin().await.expect("begins");
    assert!(tx.repeats(&keys, at(200)).await.expect("reads").is_empty());
}

async fn a_refusal_is_counted_again_and_cleared_by_its_key(home: Home) {
    let store = home.store().await;
    let (one, keyless) = (refusal(token16(1), Some(token16(2))), refusal(token16(3), None));
    let refusals = vec![one.clone(), keyless.clone()];
    write(store.as_ref(), &Batch { refusals, ..batch() }).await;
    let again = vec![(one.id, at(10)), (one.id, at(20)), (keyless.id, at(5))];
    write(store.as_ref(), &Batch { refused_again: again, ..batch() }).await;
    let read = store.refusal(one.id).await.expect("reads").expect("there");
    assert_eq!((read.count, read.last_at, read.received_at), (3, at(20), at(0)));
    let bodies = [token16(1), token16(3), token16(9)];
    let mut tx = store.begin().await.expect("begins");
    let mut open = tx.open_refusals(&bodies).await.expect("reads");
    open.sort_unstable();
    assert_eq!(open, [(token16(1), one.id), (token16(3), keyless.id)]);
    drop(tx);
    write(store.as_ref(), &Batch { clears: vec![(token16(2), at(30))], ..batch() }).await;
    write(store.as_ref(), &Batch { clears: vec![(token16(2), at(40))], ..batch() }).await;
    let cleared = store.refusal(one.id).await.expect("reads").expect("there").cleared_at;
    assert_eq!(cleared, Some(at(30)));
    let mut tx = store.begin().await.expect("begins");
    let open = tx.open_refusals(&bodies).await.expect("reads");
    assert_eq!(open, [(token16(3), keyless.id)]);
}

async fn history_counts_referrals_and_agencies_and_leaves_possible_links_out(home: Home) {
    let store = home.store().await;
    let (mut known, unlinked) = (person(&[1]), person(&[2]));
    known.case_status = CaseStatus::Cp;
    known.case_team = Some(DestinationId::new("team-north"));
    let mut sent = [referral(), referral(), referral(), referral()];
    sent[1].agency = AgencyId::new("police");
    sent[1].level_rank = 5;
    sent[2].agency = AgencyId::new("health");
    sent[3].received_at = at(-1000);
    sent[3].level_rank = 9;
    let links = vec![
        link(&sent[0], known.id, LinkState::New),
        link(&sent[1], known.id, LinkState::Linked),
        LinkRow { child: 1, ..link(&sent[1], known.id, LinkState::Linked) },
        link(&sent[2], known.id, LinkState::Possible),
        // An old referral, linked lately: it was received before the time asked about.
        LinkRow { at: at(0), ..link(&sent[3], known.id, LinkState::Linked) },
    ];
    let written = Batch {
        referrals: sent.to_vec(),
        persons: vec![known.clone(), unlinked.clone()],
        links,
        ..batch()
    };
    write(store.as_ref(), &written).await;
    let mut tx = store.begin().await.expect("begins");
    let stranger = person(&[]).id;
    let asked = [unlinked.id, known.id, stranger, known.id];
    let mut rows = tx.histories(&asked, at(-10), &[]).await.expect("reads");
    rows.sort_unstable_by_key(|row| row.person);
    let known_row = HistoryRow {
        person: known.id,
        case_status: CaseStatus::Cp,
        case_team: Some(DestinationId::new("team-north")),
        referrals: 2,
        agencies: 2,
        highest_level: 5,
        restricted: false,
        adoption: false,
        address: false,
        apart: Vec::new(),
        stepped_down: false,
        contacts: vec![contact(&sent[0]), contact(&sent[1])],
        kin: Vec::new(),
    };
    let unlinked_row = HistoryRow {
        person: unlinked.id,
        case_status: CaseStatus::None,
        case_team: None,
        referrals: 0,
        agencies: 0,
        highest_level: 0,
        restricted: false,
        adoption: false,
        address: false,
        apart: Vec::new(),
        stepped_down: false,
        contacts: Vec::new(),
        kin: Vec::new(),
    };
    assert_eq!(rows, [known_row, unlinked_row]);
}

async fn the_last_statement_about_a_child_and_a_person_holds(home: Home) {
    let store = home.store().await;
    let (one, child) = (referral(), person(&[1]));
    let with = |state| Batch { links: vec![link(&one, child.id, state)], ..batch() };
    let first = Batch {
        referrals: vec![one.clone()],
        persons: vec![child.clone()],
        ..with(LinkState::Linked)
    };
    write(store.as_ref(), &first).await;
    write(store.as_ref(), &with(LinkState::Possible)).await;
    let links = store.links(one.id).await.expect("reads");
    assert_eq!(links.iter().map(|link| link.state).collect::<Vec<_>>(), [LinkState::Possible]);
    let mut tx = store.begin().await.expect("begins");
    let rows = tx.histories(&[child.id], at(-10), &[]).await.expect("reads");
    assert_eq!(rows[0].referrals, 0);
}

async fn an_addition_raises_the_revision_and_an_overtaken_one_is_refused(home: Home) {
    let store = home.store().await;
    let one = referral();
    write(store.as_ref(), &Batch { referrals: vec![one.clone()], ..batch() }).await;
    let mut raised = one.clone();
    (raised.level, raised.level_rank, raised.respond_by) = ("5".to_owned(), 5, at(60));
    raised.record = sealed("more");
    let addition = InformationRow {
        referral: raised.clone(),
        received_at: at(10),
        raw: b"sealed addition".to_vec(),
    };
    let added = Batch { information: vec![addition], ..batch() };
    write(store.as_ref(), &added).await;
    let read = store.referral_by_id(one.id).await.expect("reads").expect("there");
    assert_eq!(read.row, ReferralRow { revision: 1, ..raised });
    let error = try_write(store.as_ref(), &added).await.expect_err("it was added to meanwhile");
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    let kept = home.texts("SELECT CAST(count(*) AS TEXT) FROM information").await;
    assert_eq!(kept, ["1"]);
}

async fn nothing_is_written_without_a_chain_key(home: Home) {
    let store = open(&home.url).await.expect("opens");
    store.migrate().await.expect("migrates");
    let error = try_write(store.as_ref(), &batch()).await.expect_err("there is no key");
    assert!(matches!(error, StoreError::Unsafe(_)), "{error:?}");
    assert_eq!(ahead(store.as_ref(), &[]).await.0, 0);
}

async fn repeats_expire_page_by_page(home: Home) {
    let store = home.store().await;
    let one = referral();
    let repeat = |n: u8| NewRepeat {
        key: token16(n),
        body: token16(n),
        referral: one.id,
        expires_at: at(if n % 2 == 0 { 10 } else { 1000 }),
    };
    let repeats = (0..10).map(repeat).collect();
    write(store.as_ref(), &Batch { referrals: vec![one.clone()], repeats, ..batch() }).await;
    let first = store.expire_repeats(at(10), None, 4).await.expect("expires");
    assert_eq!(first, (2, Some(token16(3))));
    let second = store.expire_repeats(at(10), first.1, 4).await.expect("expires");
    assert_eq!(second, (2, Some(token16(7))));
    let last = store.expire_repeats(at(10), second.1, 4).await.expect("expires");
    assert_eq!(last, (1, None));
    let again = store.expire_repeats(at(1000), None, 99).await.expect("expires");
    assert_eq!(again, (5, None));
}
