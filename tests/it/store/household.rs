//! Brothers and sisters, and what was stepped down: on both stores, and through the whole pipeline.

use super::gateway::{Gateway, accepted};
use super::homes::Home;
use super::matches::{imogen, of};
use super::on_both;
use super::rows::{at, batch, link, person, referral, write};
use frontdoor::domain::{AgencyId, LinkState, Reference, ReferralId, Word};
use frontdoor::pipeline::Intake;
use frontdoor::store::*;
use serde_json::{Value, json};

on_both!(
    brothers_and_sisters_count_where_the_referral_is_not_the_childs_own,
    many_referrals_of_one_family_are_read_in_bounded_time,
    a_sisters_referral_fires_also_at_the_same_instant,
    a_wrong_history_is_taken_back_from_brothers_and_sisters,
);

fn bram() -> Value {
    json!({
        "index": 0,
        "given_name": "Bram",
        "family_name": "Hollins",
        "date_of_birth": "2019-05-02",
        "nhs_number": "9990001189",
    })
}

async fn household(store: &dyn Store, child: &PersonRow, except: &[ReferralId]) -> HistoryRow {
    let mut tx = store.begin().await.expect("begins");
    let mut rows = tx.histories(&[child.id], at(-10), except).await.expect("reads");
    rows.pop().expect("is known")
}

async fn brothers_and_sisters_count_where_the_referral_is_not_the_childs_own(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let (child, mut sister, cousin) = (person(&[1]), person(&[2]), person(&[3]));
    sister.restricted = true;
    let (shared, mut alone, mut edge, mut old) = (referral(), referral(), referral(), referral());
    (alone.agency, alone.level_rank) = (AgencyId::new("police"), 5);
    edge.received_at = at(-10);
    (old.received_at, old.level_rank) = (at(-11), 9);
    let with_sister = LinkRow { child: 1, ..link(&shared, sister.id, LinkState::New) };
    let links = vec![
        link(&shared, child.id, LinkState::New),
        with_sister.clone(),
        link(&alone, sister.id, LinkState::Linked),
        link(&edge, sister.id, LinkState::Linked),
        // Linked of late, and received before the time asked about.
        LinkRow { at: at(0), ..link(&old, sister.id, LinkState::Linked) },
        // Whoever only may be a child of the same referral is no brother or sister.
        LinkRow { child: 2, ..link(&shared, cousin.id, LinkState::Possible) },
        link(&old, cousin.id, LinkState::New),
    ];
    let written = Batch {
        referrals: vec![shared.clone(), alone.clone(), edge, old],
        persons: vec![child.clone(), sister.clone(), cousin],
        links,
        ..batch()
    };
    write(store, &written).await;
    let read = household(store, &child, &[]).await;
    assert_eq!((read.referrals, read.restricted, read.stepped_down), (1, false, false));
    let people = vec![sister.id];
    let expected = Household {
        referrals: 2,
        agencies: 2,
        highest_level: 5,
        restricted: true,
        people: people.clone(),
    };
    assert_eq!(read.household, expected);
    // Without a referral of hers; and without the one by which she is a sister.
    let without = household(store, &child, &[alone.id]).await.household;
    assert_eq!((without.referrals, without.people), (1, people));
    let apart = household(store, &child, &[shared.id]).await.household;
    assert_eq!(apart, Household::default());
    // What was said of her later: it was somebody else.
    let not_she = LinkRow { state: LinkState::Separate, ..with_sister };
    write(store, &Batch { links: vec![not_she], ..batch() }).await;
    assert_eq!(household(store, &child, &[]).await.household, Household::default());
}

/// Fifty are enough to know a family by, and what counts does not grow beyond it.
async fn many_referrals_of_one_family_are_read_in_bounded_time(home: Home) {
    let store = home.store().await;
    let store = store.as_ref();
    let (child, brother) = (person(&[1]), person(&[2]));
    let sent: Vec<ReferralRow> = (0..1_000).map(|_| referral()).collect();
    let both = |row: &ReferralRow| {
        let brothers = LinkRow { child: 1, ..link(row, brother.id, LinkState::Linked) };
        [link(row, child.id, LinkState::Linked), brothers]
    };
    let links = sent.iter().flat_map(both).collect();
    let people = vec![child.clone(), brother.clone()];
    write(store, &Batch { referrals: sent, persons: people, links, ..batch() }).await;
    let begun = std::time::Instant::now();
    let read = household(store, &child, &[]).await;
    assert_eq!((read.referrals, read.household.people), (1_000, vec![brother.id]));
    assert_eq!(read.household.referrals, 0, "all of them are the child's own");
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}

async fn together(gateway: &Gateway) -> Reference {
    let mut second = bram();
    second["index"] = json!(1);
    let body = json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
        "children": [imogen(), second],
        "worry": "Invented: both were late.",
        "danger_now": "no",
    });
    accepted(gateway.pipeline.receive(gateway.submission("school-ridgeway", &body)).await)
}

async fn knows_of_household(gateway: &Gateway, of: Reference) -> bool {
    gateway.fired(of).await.iter().any(|rule| rule == "household-known")
}

async fn a_sisters_referral_fires_also_at_the_same_instant(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = together(&gateway).await;
    assert!(!knows_of_household(&gateway, first).await);
    let (one, other) = futures::future::join(
        gateway.refer("police-west", imogen()),
        gateway.refer("police-west", bram()),
    )
    .await;
    let fired =
        (knows_of_household(&gateway, one).await, knows_of_household(&gateway, other).await);
    assert!(fired.0 != fired.1, "whichever came second has the other before it: {fired:?}");
}

async fn a_wrong_history_is_taken_back_from_brothers_and_sisters(home: Home) {
    let gateway = Gateway::over(&home).await;
    together(&gateway).await;
    let wrong = gateway.refer("police-west", imogen()).await;
    let person = gateway.person(wrong).await.0;
    let brothers = gateway.refer("school-ridgeway", bram()).await;
    assert!(knows_of_household(&gateway, brothers).await);
    gateway.settled(of(wrong, person), Word::Separate, false).await;
    assert!(!knows_of_household(&gateway, brothers).await, "it was not his sister");
}
