//! Documents that senders attach: kept once, scanned by one gateway at a time, told once.

use super::homes::Home;
use super::on_both;
use super::rows::*;
use frontdoor::audit::{ChainName, Event};
use frontdoor::domain::{
    AgencyId, AttachmentId, AttachmentKind, AttachmentState, ReferralId, Timestamp,
};
use frontdoor::store::*;

on_both!(
    a_document_is_kept_with_its_event_and_read_back,
    the_same_bytes_are_kept_once_and_a_key_is_for_one_file,
    a_referral_has_so_many_and_so_many_bytes_also_when_they_come_at_once,
    what_waits_for_the_scanner_is_one_gateways_until_its_time_has_run_out,
    a_verdict_stands_and_a_fault_is_told_of_when_it_changes,
    what_is_to_be_told_is_told_once_and_again_when_its_state_has_changed,
    what_is_held_is_counted,
);

/// Twenty, and a hundred bytes of all.
const MOST: (i64, i64) = (20, 100);

fn document(of: ReferralId, body: u8, now: Timestamp) -> NewAttachment {
    let id = AttachmentId(uuid::Uuid::now_v7());
    NewAttachment {
        row: AttachmentRow {
            id,
            referral: of,
            agency: AgencyId::new("school"),
            received_at: now,
            kind: AttachmentKind::Pdf,
            size: 10,
            state: AttachmentState::Quarantined,
            attempts: 0,
            scanned_at: None,
            signature: None,
            record: sealed("name"),
        },
        key: None,
        body: token16(body),
        content: vec![body; 99],
        most: MOST,
    }
}

async fn a_referral(store: &dyn Store) -> ReferralRow {
    let row = referral();
    let batch =
        Batch { referrals: vec![row.clone()], outbox: vec![message(&row, "masstt", 1)], ..batch() };
    write(store, &batch).await;
    row
}

async fn attach(store: &dyn Store, new: &NewAttachment) -> Attached {
    store.attach(new).await.expect("attaches")
}

async fn events(store: &dyn Store, chain: ChainName) -> Vec<String> {
    let links = store.chain(chain, 0, 999).await.expect("reads");
    let of = |link: &frontdoor::audit::StoredLinkOfChain| -> Vec<Event> {
        serde_json::from_slice(&link.events).expect("events")
    };
    let all = links.iter().flat_map(of).filter(|event| event.kind.starts_with("attachment."));
    all.map(|event| format!("{} {}", event.kind, event.detail.unwrap_or_default())).collect()
}

async fn a_document_is_kept_with_its_event_and_read_back(home: Home) {
    let store = home.store().await;
    let of = a_referral(store.as_ref()).await.id;
    let new = document(of, 1, at(5));
    assert_eq!(attach(store.as_ref(), &new).await, Attached::Kept);
    assert_eq!(store.attachments(of).await.expect("reads"), std::slice::from_ref(&new.row));
    assert_eq!(store.attachments(referral().id).await.expect("reads"), []);
    let content = store.attachment_content(new.row.id).await.expect("reads");
    assert_eq!(content, Some(new.content.clone()));
    assert_eq!(store.attachment_content(document(of, 2, at(5)).row.id).await.expect("reads"), None);
    let told = events(store.as_ref(), ChainName::Desk).await;
    assert_eq!(told, [format!("attachment.received {}", new.row.id)]);
    // Ten megabytes go in and out as they are.
    let large = NewAttachment { content: vec![7; 10 << 20], ..document(of, 3, at(6)) };
    assert_eq!(attach(store.as_ref(), &large).await, Attached::Kept);
    let content = store.attachment_content(large.row.id).await.expect("reads");
    assert_eq!(content.map(|bytes| bytes.len()), Some(10 << 20));
}

async fn the_same_bytes_are_kept_once_and_a_key_is_for_one_file(home: Home) {
    let store = home.store().await;
    let (one, two) = (a_referral(store.as_ref()).await.id, a_referral(store.as_ref()).await.id);
    let keyed =
        |of, body, key| NewAttachment { key: Some(token16(key)), ..document(of, body, at(1)) };
    let first = keyed(one, 1, 101);
    assert_eq!(attach(store.as_ref(), &first).await, Attached::Kept);
    let repeat = Attached::Repeat(Box::new(first.row.clone()));
    assert_eq!(attach(store.as_ref(), &keyed(one, 1, 101)).await, repeat);
    assert_eq!(attach(store.as_ref(), &keyed(one, 1, 102)).await, repeat);
    assert_eq!(attach(store.as_ref(), &document(one, 1, at(2))).await, repeat);
    assert_eq!(attach(store.as_ref(), &keyed(one, 2, 101)).await, Attached::KeyReused);
    assert_eq!(attach(store.as_ref(), &document(two, 1, at(2))).await, Attached::Kept);
    assert_eq!(store.attachments(one).await.expect("reads").len(), 1);
    assert_eq!(events(store.as_ref(), ChainName::Desk).await.len(), 2);
}

async fn a_referral_has_so_many_and_so_many_bytes_also_when_they_come_at_once(home: Home) {
    let [store, other] = home.two().await;
    let of = a_referral(store.as_ref()).await.id;
    let few = |body| NewAttachment { most: (3, 1000), ..document(of, body, at(1)) };
    let (one, two, three, four) = (few(1), few(2), few(3), few(4));
    let done = tokio::join!(
        store.attach(&one),
        other.attach(&two),
        store.attach(&three),
        other.attach(&four),
    );
    let done = [done.0, done.1, done.2, done.3].map(|one| one.expect("attaches"));
    let kept = done.iter().filter(|one| **one == Attached::Kept).count();
    let full = done.iter().filter(|one| **one == Attached::Full).count();
    assert_eq!((kept, full), (3, 1), "{done:?}");
    let of = a_referral(store.as_ref()).await.id;
    let mut large = document(of, 1, at(1));
    large.row.size = 91;
    assert_eq!(attach(store.as_ref(), &large).await, Attached::Kept);
    assert_eq!(attach(store.as_ref(), &document(of, 2, at(1))).await, Attached::Full);
    let mut small = document(of, 3, at(1));
    small.row.size = 9;
    assert_eq!(attach(store.as_ref(), &small).await, Attached::Kept);
}

async fn claim(store: &dyn Store, now: i64, limit: usize) -> Vec<AttachmentId> {
    let claimed = store.claim_scans(at(now), at(now + 30), limit).await.expect("claims");
    claimed.iter().map(|row| row.id).collect()
}

async fn what_waits_for_the_scanner_is_one_gateways_until_its_time_has_run_out(home: Home) {
    let [store, other] = home.two().await;
    let of = a_referral(store.as_ref()).await.id;
    let (first, second) = (document(of, 1, at(1)), document(of, 2, at(2)));
    for new in [&first, &second] {
        attach(store.as_ref(), new).await;
    }
    assert_eq!(claim(store.as_ref(), 3, 1).await, [first.row.id]);
    assert_eq!(claim(other.as_ref(), 4, 9).await, [second.row.id]);
    assert_eq!(claim(store.as_ref(), 32, 9).await, []);
    // What was never tried goes before what was.
    let third = document(of, 3, at(40));
    attach(store.as_ref(), &third).await;
    assert_eq!(claim(store.as_ref(), 41, 1).await, [third.row.id]);
    // A clock that was an hour ahead claims one; once it is put right the others do not wait.
    assert_eq!(claim(store.as_ref(), 3600, 1).await, [first.row.id]);
    let rows = store.claim_scans(at(42), at(72), 9).await.expect("claims");
    let mut found: Vec<_> = rows.iter().map(|row| (row.id, row.attempts)).collect();
    found.sort();
    assert_eq!(found, [(first.row.id, 3), (second.row.id, 2)]);
}

async fn a_verdict_stands_and_a_fault_is_told_of_when_it_changes(home: Home) {
    let store = home.store().await;
    let of = a_referral(store.as_ref()).await.id;
    let (good, bad) = (document(of, 1, at(1)), document(of, 2, at(1)));
    for new in [&good, &bad] {
        attach(store.as_ref(), new).await;
    }
    for fault in ["unreachable", "unreachable", "timeout"] {
        store.scan_failed(&good.row, fault, at(60), at(2)).await.expect("notes");
    }
    assert_eq!(claim(store.as_ref(), 59, 9).await, [bad.row.id]);
    assert!(store.scanned(&good.row, &Verdict::Clean, at(61)).await.expect("notes"));
    let infected = Verdict::Infected("Test.Marker".to_owned());
    assert!(store.scanned(&bad.row, &infected, at(62)).await.expect("notes"));
    // The first word stands, whoever comes late.
    assert!(!store.scanned(&bad.row, &Verdict::Clean, at(63)).await.expect("notes"));
    store.scan_failed(&bad.row, "timeout", at(99), at(63)).await.expect("notes");
    let rows = store.attachments(of).await.expect("reads");
    let states: Vec<_> =
        rows.iter().map(|row| (row.state, row.scanned_at, row.signature.as_deref())).collect();
    assert_eq!(
        states,
        [
            (AttachmentState::Clean, Some(at(61)), None),
            (AttachmentState::Infected, Some(at(62)), Some("Test.Marker")),
        ]
    );
    assert_eq!(claim(store.as_ref(), 9999, 9).await, []);
    let told = events(store.as_ref(), ChainName::Delivery).await;
    let (good, bad) = (good.row.id, bad.row.id);
    assert_eq!(
        told,
        [
            format!("attachment.unscanned {good} unreachable"),
            format!("attachment.unscanned {good} timeout"),
            format!("attachment.clean {good}"),
            format!("attachment.infected {bad}"),
        ]
    );
}

async fn lane_tells(store: &dyn Store, of: ReferralId, told: Option<&[ToTell]>) -> Vec<ToTell> {
    let mut tx = store.begin().await.expect("begins");
    let found = tx.attachments_to_tell(of).await.expect("reads");
    let told = told.unwrap_or(&found).to_vec();
    let audit = vec![Event::new("attachment.told", "frontdoor").about(of)];
    let batch = Batch { at: at(9), attachments_told: told, audit, ..Batch::default() };
    tx.write(&batch).await.expect("writes");
    tx.commit().await.expect("commits");
    found
}

async fn what_is_to_be_told_is_told_once_and_again_when_its_state_has_changed(home: Home) {
    let store = home.store().await;
    let row = a_referral(store.as_ref()).await;
    let (one, two) = (document(row.id, 1, at(1)), document(row.id, 2, at(1)));
    for new in [&one, &two] {
        attach(store.as_ref(), new).await;
    }
    let listed = store.attachments_to_tell(None, 9).await.expect("reads");
    assert_eq!(listed, [(one.row.id, row.reference), (two.row.id, row.reference)]);
    let after = store.attachments_to_tell(Some(one.row.id), 9).await.expect("reads");
    assert_eq!(after, [(two.row.id, row.reference)]);
    let tell = |id, state, is_new| ToTell { id, state, is_new };
    let quarantined = AttachmentState::Quarantined;
    let found = lane_tells(store.as_ref(), row.id, None).await;
    assert_eq!(found, [tell(one.row.id, quarantined, true), tell(two.row.id, quarantined, true)]);
    assert_eq!(store.attachments_to_tell(None, 9).await.expect("reads"), []);
    store.scanned(&one.row, &Verdict::Clean, at(10)).await.expect("notes");
    // It was scanned after it was read, and before that was written: it is still to be told.
    let before = [tell(one.row.id, quarantined, false)];
    let clean = [tell(one.row.id, AttachmentState::Clean, false)];
    assert_eq!(lane_tells(store.as_ref(), row.id, Some(&before)).await, clean);
    assert_eq!(lane_tells(store.as_ref(), row.id, None).await, clean);
    assert_eq!(lane_tells(store.as_ref(), row.id, None).await, []);
}

async fn what_is_held_is_counted(home: Home) {
    let store = home.store().await;
    let of = a_referral(store.as_ref()).await.id;
    let all: Vec<_> = (1..=5).map(|n| document(of, n, at(n.into()))).collect();
    for new in &all {
        attach(store.as_ref(), new).await;
    }
    let infected = Verdict::Infected("x".to_owned());
    store.scanned(&all[0].row, &infected, at(10)).await.expect("notes");
    store.scanned(&all[1].row, &Verdict::Clean, at(10)).await.expect("notes");
    store.scan_failed(&all[2].row, "unreachable", at(60), at(11)).await.expect("notes");
    let mut counts = store.attachment_counts(at(10)).await.expect("counts");
    counts.sort_by_key(|one| one.oldest);
    let count = |state, fault: Option<&str>, count, oldest| AttachmentCount {
        state,
        fault: fault.map(str::to_owned),
        count,
        oldest: at(oldest),
    };
    let quarantined = AttachmentState::Quarantined;
    let waiting = [count(quarantined, Some("unreachable"), 1, 3), count(quarantined, None, 2, 4)];
    assert_eq!(counts[0], count(AttachmentState::Infected, None, 1, 1));
    assert_eq!(counts[1..], waiting);
    assert_eq!(store.attachment_counts(at(11)).await.expect("counts").len(), 2);
}
