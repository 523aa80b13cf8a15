//! `/v1/matches`, `/v1/people/{person}/chronology` and `/v1/withdrawals`.

use super::{World, problem};
use frontdoor::domain::decision::{CaseStatus, Restriction};
use frontdoor::domain::ids::DecisionId;
use frontdoor::domain::matching::{ProposalHash, WrongBy};
use frontdoor::domain::{
    AgencyId, DestinationId, LinkState, MatchId, MessageId, PersonId, Reference, ReferralId,
    Timestamp, Word,
};
use frontdoor::store::{
    ChronologyRow, DeliveryState, MatchRow, PersonRecord, StoredLink, WithdrawalRow, WithdrawnRow,
};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

pub(super) fn person(number: u128) -> PersonId {
    PersonId(uuid::Uuid::from_u128(number))
}

pub(super) fn record(id: PersonId, restricted: bool) -> PersonRecord {
    PersonRecord {
        id,
        profile: Vec::new(),
        case_status: CaseStatus::None,
        case_team: None,
        restricted,
        restriction: restricted.then_some(Restriction::Adoption),
        as_of: Timestamp::parse("2026-01-02T00:00:00Z"),
        fed: true,
    }
}

/// A match of a stored referral's child.
fn found(world: &World, entropy: u64, of: PersonId, state: LinkState) -> MatchId {
    let reference = world.store_referral(entropy);
    let referral = world.store.referrals.lock().unwrap()[&reference].row.id;
    let id = MatchId { reference, child: 0, person: of };
    let (weight, at) = (6.5, Timestamp(1_768_386_600_000_000));
    let record = id.person;
    let row = MatchRow { referral, id, record, state, weight, at, decision: None };
    world.store.matches.lock().unwrap().push(row);
    id
}

async fn list(world: &World, key: &str, query: &str) -> Value {
    let answer = world.get(&format!("/v1/matches{query}"), key).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn matches_are_shown_with_what_speaks_for_them_and_each_read_is_audited() {
    let world = World::start().await;
    world.store.people.lock().unwrap().insert(person(1), record(person(1), false));
    let open = found(&world, 1, person(1), LinkState::Possible);
    let linked = found(&world, 2, person(1), LinkState::Linked);
    let page = list(&world, &world.masstt, "").await;
    let [one] = page["matches"].as_array().expect("a list").as_slice() else { panic!("{page}") };
    assert_eq!(one["id"], open.to_string());
    assert_eq!((&one["state"], &one["by"]), (&json!("possible"), &json!("machine")));
    assert_eq!((&one["unconfirmed"], &one["restricted"]), (&json!(false), &json!(false)));
    let bars = one["evidence"].as_array().expect("bars");
    assert_eq!((&bars[0]["total"], &bars[1]["total"]), (&json!(-20.0), &json!(-10.5)));
    let page = list(&world, &world.masstt, "?state=unconfirmed").await;
    assert_eq!(page["matches"][0]["id"], linked.to_string());
    assert_eq!(page["matches"][0]["unconfirmed"], true);
    {
        let audited = world.store.audited.lock().unwrap();
        assert_eq!(audited.len(), 2);
        assert!(audited.iter().all(|(_, event)| event.kind == "match.read"));
        assert_eq!(audited[0].1.person, Some(person(1)));
    }
    world.store.audit_down.store(true, Ordering::SeqCst);
    let answer = world.get("/v1/matches", &world.masstt).send().await.unwrap();
    problem(answer, 503, "unavailable").await;
}

#[tokio::test]
async fn pages_follow_each_other_and_only_the_desk_reads_them() {
    let world = World::start().await;
    for number in 1..=3 {
        found(&world, number, person(1), LinkState::Possible);
    }
    world.store.matches.lock().unwrap().sort_by_key(|row| row.referral);
    let first = list(&world, &world.masstt, "?limit=2").await;
    let next = first["next"].as_str().expect("a next page").to_owned();
    let second = list(&world, &world.masstt, &format!("?limit=2&after={next}")).await;
    assert_eq!(second["matches"].as_array().expect("a list").len(), 1);
    assert_eq!(second["next"], Value::Null);
    let whole = list(&world, &world.masstt, "?limit=3").await;
    assert_eq!(whole["next"], Value::Null, "nothing comes after it");
    let strange = MatchId { reference: Reference::from_entropy(77), child: 0, person: person(1) };
    for query in ["?state=lost", "?after=x", "?limit=101", &format!("?after={strange}")] {
        let answer = world.get(&format!("/v1/matches{query}"), &world.masstt).send().await.unwrap();
        problem(answer, 400, "parameter").await;
    }
    for key in [&world.panel, &world.school, &world.operator] {
        let answer = world.get("/v1/matches", key).send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
    }
}

#[tokio::test]
async fn what_speaks_for_a_restricted_record_is_shown_to_the_named_few() {
    let world = World::start().await;
    world.store.people.lock().unwrap().insert(person(1), record(person(1), true));
    let id = found(&world, 1, person(1), LinkState::Possible);
    let page = list(&world, &world.masstt, "").await;
    let one = &page["matches"][0];
    assert_eq!(one["restricted"], true);
    assert!(one.get("evidence").is_none() && one["ask"].is_string(), "{one}");
    let page = list(&world, &world.named, "").await;
    assert!(page["matches"][0]["evidence"].is_array(), "{page}");
    let path = format!("/v1/people/{}/chronology", person(1));
    let told: Value = world.get(&path, &world.masstt).send().await.unwrap().json().await.unwrap();
    assert_eq!((&told["restricted"], &told["entries"]), (&json!(true), &json!([])));
    assert!(told["ask"].is_string() && told["as_of"].is_null());
    let path = format!("/v1/matches/{id}/decision");
    let answer = world.post(&path, &world.masstt).json(&word("link")).send().await.unwrap();
    problem(answer, 403, "not-permitted").await;
    let answer = world.post(&path, &world.named).json(&word("link")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

/// A child who may be three people, of whom two were adopted, and another child's match after it.
fn adopted(world: &World) -> MatchId {
    let id = found(world, 1, person(1), LinkState::Possible);
    for number in 1..=3 {
        let of = record(person(number), number < 3);
        world.store.people.lock().unwrap().insert(person(number), of);
        if number > 1 {
            let mut matches = world.store.matches.lock().unwrap();
            let mut row = matches[0].clone();
            (row.id, row.record) = (MatchId { person: person(number), ..id }, person(number));
            matches.push(row);
        }
    }
    found(world, 2, person(3), LinkState::Possible);
    world.store.matches.lock().unwrap().sort_by_key(|row| (row.referral, row.id.person));
    id
}

#[tokio::test]
async fn who_somebody_was_before_an_adoption_and_after_cannot_be_put_together() {
    let world = World::start().await;
    let id = adopted(&world);
    // However small the pages are, and whatever leads to the next.
    for limit in 1..=5 {
        let (mut seen, mut query) = (Vec::new(), format!("?limit={limit}"));
        loop {
            let page = list(&world, &world.masstt, &query).await;
            let text = page.to_string();
            for number in 1..3 {
                assert!(!text.contains(&person(number).to_string()), "{limit}: {text}");
            }
            seen.extend(page["matches"].as_array().expect("a list").iter().cloned());
            let Some(next) = page["next"].as_str() else { break };
            query = format!("?limit={limit}&after={next}");
        }
        let people: Vec<_> = seen.iter().map(|one| one["person"].clone()).collect();
        assert_eq!(people, [Value::Null, json!(person(3)), json!(person(3))], "{limit}");
        assert_eq!((&seen[0]["restricted"], &seen[0]["child"]), (&json!(true), &json!(0)));
        assert_eq!(seen[0]["reference"], id.reference.to_string());
        assert!(seen[0]["ask"].is_string() && seen[0].get("weight").is_none(), "{}", seen[0]);
    }
    let path = format!("/v1/people/{}/chronology", person(2));
    let told: Value = world.get(&path, &world.masstt).send().await.unwrap().json().await.unwrap();
    assert_eq!((&told["entries"], &told["as_of"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn the_named_few_see_all_whom_an_adopted_child_may_be() {
    let world = World::start().await;
    adopted(&world);
    let page = list(&world, &world.named, "?limit=1").await;
    let matches = page["matches"].as_array().expect("a list");
    let people: Vec<_> = matches.iter().map(|one| one["person"].clone()).collect();
    assert_eq!(people, [json!(person(1)), json!(person(2)), json!(person(3))]);
    assert!(matches.iter().all(|one| one["id"].is_string() && one["evidence"].is_array()));
    let query = format!("?after={}", page["next"].as_str().expect("a next page"));
    let rest = list(&world, &world.named, &query).await;
    assert_eq!(rest["matches"].as_array().map(Vec::len), Some(1));
}

fn word(decision: &str) -> Value {
    json!({
        "decision": decision,
        "reason": "Spoken to both families",
        "by": {"name": "Invented Osei", "role": "Senior social worker"},
    })
}

#[tokio::test]
async fn a_named_persons_word_is_heard_with_its_reason() {
    let world = World::start().await;
    world.store.people.lock().unwrap().insert(person(1), record(person(1), false));
    let id = found(&world, 1, person(1), LinkState::Possible);
    let path = format!("/v1/matches/{id}/decision");
    let mut body = word("separate");
    body["confirm_lowering"] = json!(true);
    let hash = ProposalHash([9; 16]);
    body["proposal"] = json!(hash.to_string());
    let answer = world.post(&path, &world.masstt).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let told: Value = answer.json().await.unwrap();
    assert_eq!((&told["match"], &told["state"]), (&json!(id.to_string()), &json!("separate")));
    {
        let heard = world.desk.heard.lock().unwrap();
        let [said] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!((said.of, said.word, said.lower), (id, Word::Separate, Some(hash)));
        assert_eq!(said.actor, DestinationId::new("masstt"));
        let by: Value = serde_json::from_slice(&said.by).expect("JSON");
        assert_eq!(by["by"]["name"], "Invented Osei");
        assert_eq!(by["reason"], "Spoken to both families");
        assert_eq!(by["proposal"], hash.to_string());
    }
    let mut nobody = word("link");
    nobody["by"] = json!({"name": " "});
    let answer = world.post(&path, &world.masstt).json(&nobody).send().await.unwrap();
    let document = problem(answer, 422, "name-needed").await;
    assert_eq!(document["faults"][0]["pointer"], "/by/name");
    for (member, value) in
        [("decision", json!("merge")), ("reason", json!("")), ("confirm_lowering", json!("yes"))]
    {
        let mut bad = word("link");
        bad[member] = value;
        let answer = world.post(&path, &world.masstt).json(&bad).send().await.unwrap();
        let document = problem(answer, 422, "decision-needed").await;
        assert_eq!(document["faults"][0]["pointer"], format!("/{member}"));
    }
    // Nobody confirms what they cannot say that they have read.
    for proposal in [json!(null), json!(true), json!("9090")] {
        let mut unread = word("separate");
        (unread["confirm_lowering"], unread["proposal"]) = (json!(true), proposal);
        let answer = world.post(&path, &world.masstt).json(&unread).send().await.unwrap();
        let document = problem(answer, 422, "decision-needed").await;
        assert_eq!(document["faults"][0]["pointer"], "/proposal");
    }
    for key in [&world.panel, &world.school] {
        let answer = world.post(&path, key).json(&word("link")).send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
    }
    let path = path.replace(&person(1).to_string(), &person(9).to_string());
    let answer = world.post(&path, &world.masstt).json(&word("link")).send().await.unwrap();
    problem(answer, 404, "not-found").await;
    assert_eq!(world.desk.heard.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_proposal_that_has_changed_is_shown_and_says_what_to_do() {
    let world = World::start().await;
    world.store.people.lock().unwrap().insert(person(1), record(person(1), false));
    let id = found(&world, 1, person(1), LinkState::Linked);
    let proposed = json!({"hash": ProposalHash([3; 16]).to_string(), "priority": "standard"});
    *world.desk.unread.lock().unwrap() = Some(proposed.clone());
    let mut body = word("separate");
    body["confirm_lowering"] = json!(true);
    body["proposal"] = json!(ProposalHash([9; 16]).to_string());
    let path = format!("/v1/matches/{id}/decision");
    let answer = world.post(&path, &world.masstt).json(&body).send().await.unwrap();
    let document = problem(answer, 409, "proposal-changed").await;
    assert_eq!(document["proposed"], proposed);
    assert!(document["detail"].as_str().expect("text").contains("`hash`"), "{document}");
}

/// Another child of the referral is restricted: what is lower may rest on that.
#[tokio::test]
async fn whoever_is_not_named_confirms_nothing_of_a_restricted_child_s_referral() {
    let world = World::start().await;
    for (number, restricted) in [(1, false), (2, true)] {
        let kept = record(person(number), restricted);
        world.store.people.lock().unwrap().insert(person(number), kept);
    }
    let id = found(&world, 1, person(1), LinkState::Linked);
    let other = person(2);
    let sibling = StoredLink {
        child: 1,
        person: other,
        record: other,
        state: LinkState::Linked,
        weight: 9.0,
        level_rank: 3,
        decision: None,
        seq: 1,
    };
    world.store.links.lock().unwrap().push(sibling);
    let route = json!({"destination": "team", "children": [0]});
    let proposed = json!({
        "hash": ProposalHash([3; 16]).to_string(),
        "priority": "standard",
        "children": [{"index": 0, "routes": [route]}],
        "destinations": ["team"],
        "routes": [route],
    });
    *world.desk.unread.lock().unwrap() = Some(proposed.clone());
    let path = format!("/v1/matches/{id}/decision");
    let answer = world.post(&path, &world.masstt).json(&word("separate")).send().await.unwrap();
    let document = problem(answer, 409, "proposal-changed").await;
    assert_eq!(document["proposed"], json!({"priority": "standard", "children": [{"index": 0}]}));
    let mut body = word("separate");
    body["confirm_lowering"] = json!(true);
    body["proposal"] = json!(ProposalHash([3; 16]).to_string());
    let answer = world.post(&path, &world.masstt).json(&body).send().await.unwrap();
    problem(answer, 403, "not-permitted").await;
    let answer = world.post(&path, &world.named).json(&body).send().await.unwrap();
    let document = problem(answer, 409, "proposal-changed").await;
    assert_eq!(document["proposed"], proposed, "the named few see all of it");
}

#[tokio::test]
async fn of_a_very_long_chronology_the_newest_are_shown_and_that_there_are_more() {
    let world = World::start().await;
    world.store.people.lock().unwrap().insert(person(1), record(person(1), false));
    let row = |number: i64| ChronologyRow {
        referral: ReferralId(uuid::Uuid::from_u128(1)),
        reference: Reference::from_entropy(9),
        child: 0,
        received_at: Timestamp(number * 1_000_000),
        agency: AgencyId::new("school"),
        level: "3".to_owned(),
        state: LinkState::New,
        decision: None,
    };
    let path = format!("/v1/people/{}/chronology", person(1));
    for (rows, cut, first) in [(1000, false, 1), (1001, true, 2)] {
        *world.store.chronology.lock().unwrap() = (1..=rows).map(row).collect();
        let told: Value =
            world.get(&path, &world.masstt).send().await.unwrap().json().await.unwrap();
        assert_eq!(
            (&told["truncated"], told["entries"].as_array().map(Vec::len)),
            (&json!(cut), Some(1000))
        );
        let at = Timestamp(first * 1_000_000);
        assert_eq!(told["entries"][0]["received_at"], json!(at), "the oldest are left out");
    }
}

#[tokio::test]
async fn a_chronology_marks_what_nobody_has_confirmed_and_the_read_is_audited() {
    let world = World::start().await;
    world.store.people.lock().unwrap().insert(person(1), record(person(1), false));
    let row = |number, state, decision| ChronologyRow {
        referral: ReferralId(uuid::Uuid::from_u128(number)),
        reference: Reference::from_entropy(9),
        child: 0,
        received_at: Timestamp(1_768_386_600_000_000),
        agency: AgencyId::new("school"),
        level: "3".to_owned(),
        state,
        decision,
    };
    let said = Some(DecisionId(uuid::Uuid::from_u128(5)));
    *world.store.chronology.lock().unwrap() = vec![
        row(1, LinkState::New, None),
        row(2, LinkState::Linked, None),
        row(3, LinkState::Linked, said),
    ];
    let path = format!("/v1/people/{}/chronology", person(1));
    let told: Value = world.get(&path, &world.masstt).send().await.unwrap().json().await.unwrap();
    let marks: Vec<_> = told["entries"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| entry["unconfirmed"].clone())
        .collect();
    assert_eq!(marks, [json!(false), json!(true), json!(false)]);
    assert_eq!(told["as_of"], "2026-01-02T00:00:00.000Z");
    assert_eq!(told["source"], "records");
    let audited = world.store.audited.lock().unwrap().clone();
    assert_eq!(audited.len(), 1);
    assert_eq!(audited[0].1.kind, "chronology.read");
    for path in ["/v1/people/x/chronology".to_owned(), path.replace("01/", "09/")] {
        problem(world.get(&path, &world.masstt).send().await.unwrap(), 404, "not-found").await;
    }
    let answer = world.get(&path, &world.panel).send().await.unwrap();
    problem(answer, 403, "not-permitted").await;
}

#[tokio::test]
async fn withdrawals_are_listed_for_the_screening_team_and_for_operations() {
    let world = World::start().await;
    let withdrawal = WithdrawalRow {
        message: MessageId(uuid::Uuid::from_u128(3)),
        referral: ReferralId(uuid::Uuid::from_u128(4)),
        person: person(1),
        kind: WrongBy::Joined,
        sent_at: Timestamp(1_768_386_600_000_000),
        at: Timestamp(1_768_386_700_000_000),
    };
    world.store.withdrawals.lock().unwrap().push(WithdrawnRow {
        withdrawal,
        reference: Reference::from_entropy(9),
        destination: DestinationId::new("panel"),
        state: DeliveryState::Delivered,
        delivered_at: Some(Timestamp(1_768_386_701_000_000)),
    });
    for (key, by) in [(&world.masstt, "masstt"), (&world.operator, "operator")] {
        let answer = world.get("/v1/withdrawals", key).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let told: Value = answer.json().await.unwrap();
        let one = &told["withdrawals"][0];
        assert_eq!((&one["kind"], &one["delivered"]), (&json!("joined"), &json!(true)));
        assert_eq!((&one["destination"], &told["next"]), (&json!("panel"), &Value::Null));
        let (_, event) = world.store.audited.lock().unwrap().pop().expect("the read is audited");
        assert_eq!((event.kind.as_str(), event.actor.as_str()), ("withdrawal.read", by));
        assert_eq!((event.referral, event.person), (Some(withdrawal.referral), Some(person(1))));
    }
    for key in [&world.panel, &world.school] {
        let answer = world.get("/v1/withdrawals", key).send().await.unwrap();
        problem(answer, 403, "not-permitted").await;
    }
    world.store.audit_down.store(true, Ordering::SeqCst);
    let answer = world.get("/v1/withdrawals", &world.operator).send().await.unwrap();
    problem(answer, 503, "unavailable").await;
    let answer = world.get("/v1/withdrawals?after=x", &world.masstt).send().await.unwrap();
    problem(answer, 400, "parameter").await;
}
