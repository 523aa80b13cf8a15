//! Rows to write, told apart by a running number. Sealed columns hold bytes that stand for sealed
//! ones: a store cannot tell.

use frontdoor::audit::Event;
use frontdoor::domain::decision::{CaseStatus, LinkState};
use frontdoor::domain::ids::RefusalId;
use frontdoor::domain::{
    AgencyId, DestinationId, MessageId, PersonId, Priority, Purpose, Reference, ReferralId,
    Timestamp,
};
use frontdoor::store::*;
use std::sync::atomic::{AtomicU64, Ordering};

static NUMBER: AtomicU64 = AtomicU64::new(1);

fn next() -> u64 {
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

fn entropy() -> [u8; 10] {
    let mut entropy = [0; 10];
    entropy[2..].copy_from_slice(&next().to_be_bytes());
    entropy
}

/// Seconds after nine o'clock on a Friday morning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::parse("2026-11-20T09:00:00Z").expect("a time").plus_seconds(seconds)
}

pub(crate) fn sealed(text: &str) -> Sealed {
    Sealed { wrapped_key: format!("key of {text}").into(), body: format!("body of {text}").into() }
}

pub(crate) fn token16(number: u8) -> Token16 {
    [number; 16]
}

pub(crate) fn referral() -> ReferralRow {
    let id = ReferralId::from_parts(at(0), entropy());
    ReferralRow {
        id,
        reference: Reference::from_entropy(next().wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        agency: AgencyId::new("school-a"),
        received_at: at(0),
        respond_by: at(3600),
        level: "3".to_owned(),
        level_rank: 3,
        priority: Priority::Urgent,
        score: 64,
        policy_hash: "ab".repeat(32),
        revision: 0,
        record: sealed(&id.to_string()),
    }
}

pub(crate) fn person(tokens: &[i64]) -> PersonRow {
    let id = PersonId::from_parts(at(0), entropy());
    PersonRow {
        id,
        created_at: at(0),
        profile: format!("profile of {id}").into(),
        case_status: CaseStatus::None,
        case_team: None,
        restricted: false,
        restriction: None,
        as_of: None,
        source: None,
        record: Sealed::default(),
        tokens: tokens.iter().map(|token| Token(*token)).collect(),
    }
}

pub(crate) fn link(referral: &ReferralRow, person: PersonId, state: LinkState) -> LinkRow {
    LinkRow {
        referral: referral.id,
        child: 0,
        person,
        state,
        weight: 12.5,
        at: referral.received_at,
        agency: referral.agency.clone(),
        level_rank: referral.level_rank,
        decision: None,
    }
}

/// A referral, as history.
pub(crate) fn contact(of: &ReferralRow) -> Contact {
    Contact { referral: of.id, agency: of.agency.clone(), level_rank: of.level_rank }
}

/// The message `sequence` to `destination` about a referral, due in an hour.
pub(crate) fn message(referral: &ReferralRow, destination: &str, sequence: i32) -> OutboxRow {
    OutboxRow {
        id: MessageId::from_parts(referral.received_at, entropy()),
        referral: Some(referral.id),
        refusal: None,
        destination: DestinationId::new(destination),
        purpose: Purpose::new("screening"),
        priority: referral.priority,
        kind: "referral.routed.v1".to_owned(),
        sequence,
        created_at: referral.received_at,
        due_at: referral.received_at.plus_seconds(3600),
        payload: b"{\"specversion\":\"1.0\"}".to_vec(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        agency: referral.agency.clone(),
        level: referral.level.clone(),
        attempts: 0,
        fence: 0,
        leased_until: None,
    }
}

pub(crate) fn refusal(body: Token16, key: Option<Token16>) -> RefusalRow {
    let id = RefusalId::from_parts(at(0), entropy());
    RefusalRow {
        id,
        agency: AgencyId::new("police"),
        received_at: at(0),
        last_at: at(0),
        count: 1,
        bytes: 512,
        problem: "below-minimum".to_owned(),
        body,
        key,
        record: sealed(&id.to_string()),
        cleared_at: None,
    }
}

pub(crate) fn tally(what: &str) -> Tally {
    Tally {
        hour: at(0),
        what: what.to_owned(),
        agency: AgencyId::new("school-a"),
        destination: "masstt".to_owned(),
        level: "3".to_owned(),
        priority: Priority::Urgent,
    }
}

/// A batch with one event, as every batch has.
pub(crate) fn batch() -> Batch {
    Batch {
        at: at(0),
        audit: vec![Event::new("referral.accepted", "school-a")],
        ..Batch::default()
    }
}

/// Writes a batch as the lane does.
pub(crate) async fn write(store: &dyn Store, batch: &Batch) {
    try_write(store, batch).await.expect("the batch is written");
}

pub(crate) async fn try_write(store: &dyn Store, batch: &Batch) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    tx.write(batch).await?;
    tx.commit().await
}

/// A referral with messages to these destinations, written.
pub(crate) async fn sent(
    store: &dyn Store,
    destinations: &[&str],
) -> (ReferralRow, Vec<OutboxRow>) {
    let referral = referral();
    let outbox: Vec<OutboxRow> =
        destinations.iter().map(|destination| message(&referral, destination, 1)).collect();
    let batch = Batch { referrals: vec![referral.clone()], outbox: outbox.clone(), ..batch() };
    write(store, &batch).await;
    (referral, outbox)
}

/// The one delivery of a message.
pub(crate) async fn delivery(store: &dyn Store, id: MessageId) -> DeliveryRow {
    let all = store.deliveries(None, None, 10_000).await.expect("deliveries are read");
    all.into_iter().find(|row| row.id == id).expect("the delivery is there")
}

/// The candidates of one child, read ahead of the lane's lock.
pub(crate) async fn ahead(store: &dyn Store, child: &[Token]) -> (LaneSeq, Vec<CandidateRow>) {
    let read = store.candidates(&[child]).await.expect("reads");
    (read.horizon, read.rows)
}
