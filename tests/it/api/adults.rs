//! `/v1/matches?kind=adult`, and what people say of them.

use super::{World, problem};
use frontdoor::domain::{AdultKey, AdultMatchId, LinkState, PersonId, Timestamp};
use frontdoor::store::{AdultMatch, AdultMatchRow, PersonRecord, StoredLink};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use uuid::Uuid;

/// A match of adults of two stored referrals, the first of which is the earlier.
fn met(world: &World, number: u64) -> AdultMatch {
    let [earlier, later] = [2 * number, 2 * number + 1].map(|entropy| {
        let reference = world.store_referral(entropy);
        let id = world.store.referrals.lock().unwrap()[&reference].row.id;
        (AdultKey { referral: id, n: 0 }, reference)
    });
    let row = AdultMatchRow {
        id: AdultMatchId(Uuid::from_u128(u128::from(number))),
        later: later.0,
        earlier: earlier.0,
        alleged: true,
        weight: 6.5,
        at: Timestamp(1_768_386_600_000_000),
    };
    let one = AdultMatch { row, reference: later.1, other: earlier.1, said: None };
    world.store.adults.lock().unwrap().push(one.clone());
    one
}

/// A child of the referral is somebody whose record is restricted.
fn restrict(world: &World) {
    let id = PersonId(Uuid::from_u128(7));
    let person = PersonRecord { restricted: true, ..super::matches::record(id, true) };
    world.store.people.lock().unwrap().insert(id, person);
    let link = StoredLink {
        child: 0,
        person: id,
        record: id,
        seq: 1,
        state: LinkState::Possible,
        weight: 1.0,
        level_rank: 1,
        decision: None,
    };
    // Of every referral.
    world.store.links.lock().unwrap().push(link);
}

async fn list(world: &World, key: &str, query: &str) -> Value {
    let path = format!("/v1/matches?kind=adult{query}");
    let answer = world.get(&path, key).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

fn word(decision: &str) -> Value {
    json!({
        "decision": decision,
        "reason": "Spoken to both families",
        "by": {"name": "Invented Osei", "role": "Senior social worker"},
    })
}

#[tokio::test]
async fn adults_are_listed_with_what_speaks_for_them_and_each_read_is_audited() {
    let world = World::start().await;
    let (one, two) = (met(&world, 1), met(&world, 2));
    let page = list(&world, &world.masstt, "&limit=1").await;
    let [first] = page["matches"].as_array().expect("a list").as_slice() else { panic!("{page}") };
    assert_eq!((&first["id"], &first["kind"]), (&json!(one.row.id), &json!("adult")));
    assert_eq!(first["reference"], one.reference.to_string());
    assert_eq!(first["other"], json!({"reference": one.other, "role": "alleged"}));
    assert_eq!((&first["state"], &first["by"]), (&json!("possible"), &json!("machine")));
    assert_eq!(first["evidence"][0]["field"], "birth");
    let next = page["next"].as_str().expect("a next page").to_owned();
    let page = list(&world, &world.masstt, &format!("&after={next}")).await;
    assert_eq!(page["matches"][0]["id"], json!(two.row.id));
    assert_eq!(list(&world, &world.masstt, "&state=decided").await["matches"], json!([]));
    let children: Value =
        world.get("/v1/matches", &world.masstt).send().await.unwrap().json().await.unwrap();
    assert_eq!(children["matches"], json!([]), "children are what is asked for by default");
    {
        let audited = world.store.audited.lock().unwrap();
        let about: Vec<_> = audited.iter().map(|(_, event)| event.referral).collect();
        let [one, two] = [one, two].map(|one| [one.row.later.referral, one.row.earlier.referral]);
        assert_eq!(about, [one, two].concat().into_iter().map(Some).collect::<Vec<_>>());
        assert!(audited.iter().all(|(_, event)| event.kind == "adult.read"));
    }
    for key in [&world.panel, &world.school, &world.operator] {
        let answer = world.get("/v1/matches?kind=adult", key).send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
    }
    for query in ["kind=dog", "kind=adult&after=x", "kind=adult&state=lost"] {
        let path = format!("/v1/matches?{query}");
        let answer = world.get(&path, &world.masstt).send().await.unwrap();
        problem(answer, 400, "parameter").await;
    }
    world.store.audit_down.store(true, Ordering::SeqCst);
    let answer = world.get("/v1/matches?kind=adult", &world.masstt).send().await.unwrap();
    problem(answer, 503, "unavailable").await;
}

#[tokio::test]
async fn a_restricted_childs_family_is_shown_to_the_named_few() {
    let world = World::start().await;
    let one = met(&world, 1);
    restrict(&world);
    let page = list(&world, &world.masstt, "").await;
    let shown = &page["matches"][0];
    assert_eq!(shown["restricted"], true);
    assert!(shown["ask"].is_string() && shown.get("evidence").is_none(), "{shown}");
    assert!(!page.to_string().contains(&one.other.to_string()), "{page}");
    let page = list(&world, &world.named, "").await;
    assert_eq!(page["matches"][0]["other"]["reference"], one.other.to_string());
    let path = format!("/v1/matches/{}/decision", one.row.id);
    let said = word("same-person");
    let answer = world.post(&path, &world.masstt).json(&said).send().await.unwrap();
    problem(answer, 403, "not-permitted").await;
    let answer = world.post(&path, &world.named).json(&said).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_named_persons_word_on_adults_is_kept_sealed_with_its_event() {
    let world = World::start().await;
    let one = met(&world, 1);
    let path = format!("/v1/matches/{}/decision", one.row.id);
    let said = word("not-the-same");
    let answer = world.post(&path, &world.masstt).json(&said).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let told: Value = answer.json().await.unwrap();
    let state = "not-the-same";
    assert_eq!(told, json!({"match": one.row.id, "state": state, "confirmed": true}));
    {
        let kept = world.store.said_of_adults.lock().unwrap();
        let [kept] = kept.as_slice() else { panic!("{kept:?}") };
        assert_eq!((kept.of, kept.word.as_str()), (one.row.id, state));
        assert_eq!(
            (kept.event.kind.as_str(), kept.event.actor.as_str()),
            ("adult.decided", "masstt")
        );
        assert!(!String::from_utf8_lossy(&kept.by.body).contains("Osei"));
    }
    for (member, value) in [("decision", json!("link")), ("reason", json!(" "))] {
        let mut bad = word("same-person");
        bad[member] = value;
        let answer = world.post(&path, &world.masstt).json(&bad).send().await.unwrap();
        let document = problem(answer, 422, "decision-needed").await;
        assert_eq!(document["faults"][0]["pointer"], format!("/{member}"));
    }
    let nobody = format!("/v1/matches/{}/decision", Uuid::from_u128(99));
    let answer = world.post(&nobody, &world.masstt).json(&said).send().await.unwrap();
    problem(answer, 404, "not-found").await;
    for key in [&world.panel, &world.school] {
        let answer = world.post(&path, key).json(&said).send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
    }
    assert_eq!(world.store.said_of_adults.lock().unwrap().len(), 1);
}
