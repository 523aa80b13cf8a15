//! `/v1/quality` and `/v1/alarms`: who may read how agencies refer and teams decide, and what each
//! is told.

use super::{World, problem};
use frontdoor::domain::{AgencyId, Children, LookId, Timestamp};
use frontdoor::store::{Counted, StoredReferral};
use serde_json::{Value, json};

async fn read(world: &World, path: &str, key: &str) -> Value {
    let answer = world.get(path, key).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

fn set_scores(world: &World, score: u8) {
    let mut referrals = world.store.referrals.lock().unwrap();
    let set = |stored: &mut StoredReferral| stored.row.score = score;
    referrals.values_mut().for_each(set);
}

#[tokio::test]
async fn the_screening_team_is_told_good_examples_and_the_read_is_audited() {
    let world = World::start().await;
    let reference = world.store_referral(1);
    set_scores(&world, 95);
    let counted = |what: &str, count| Counted {
        agency: AgencyId::new("school"),
        what: what.to_owned(),
        from: frontdoor::domain::Timestamp(0),
        count,
    };
    *world.store.counted.lock().unwrap() = vec![counted("received", 3), counted("refused", 1)];
    let path = "/v1/quality/agencies?since=2026-01-01&agency=school";
    let told = read(&world, path, &world.masstt).await;
    assert_eq!(told["since"], "2026-01-01T00:00:00.000Z");
    let school = &told["agencies"][0];
    assert_eq!(school["agency"], "school");
    assert_eq!((&school["referrals"], &school["refused"]), (&json!(3), &json!(1)));
    assert_eq!(school["refused_percent"], 25);
    assert_eq!(
        school["months"],
        json!([
            {"month": "2026-01", "referrals": 1, "mean": 95.0, "median": 95.0}
        ])
    );
    assert_eq!(school["good_examples"], json!([{"reference": reference, "score": 95}]));
    let audited = world.store.audited.lock().unwrap().clone();
    let [(_, event)] = audited.as_slice() else { panic!("{audited:?}") };
    assert_eq!((event.kind.as_str(), event.actor.as_str()), ("example.read", "masstt"));
    // Of all agencies at once no reference is told, and nothing is opened for it.
    let told = read(&world, "/v1/quality/agencies", &world.masstt).await;
    assert_eq!(told["agencies"][0].get("good_examples"), None);
    assert_eq!(world.store.audited.lock().unwrap().len(), 1);
    let told = read(&world, "/v1/quality/agencies?agency=police", &world.masstt).await;
    assert_eq!(told["agencies"], json!([]), "police sent nothing");
    let unknown = "/v1/quality/agencies?agency=nobody";
    let answer = world.get(unknown, &world.masstt).send().await.unwrap();
    problem(answer, 400, "parameter").await;
    // Operations run the gateway and read no child's record: no reference leads them to one.
    let told = read(&world, path, &world.operator).await;
    assert_eq!(told["agencies"][0].get("good_examples"), None);
    assert!(!told.to_string().contains(&reference.to_string()));
    assert_eq!(world.store.audited.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_agency_reads_its_own_and_nobody_elses() {
    let world = World::start().await;
    world.store_referral(1);
    let own = read(&world, "/v1/quality", &world.school).await;
    assert_eq!((&own["agency"], &own["score"]["median"]), (&json!("school"), &json!(42.0)));
    assert_eq!(own["of_kind"], Value::Null);
    let police = read(&world, "/v1/quality", &world.police).await;
    assert_eq!((&police["agency"], &police["score"]), (&json!("police"), &Value::Null));
    for path in ["/v1/quality/agencies", "/v1/quality/teams"] {
        for (key, status, code) in [
            (&world.school, 403, "wrong-holder"),
            (&world.panel, 403, "wrong-holder"),
            (&world.named, 403, "wrong-holder"),
            (&String::new(), 401, "no-key"),
        ] {
            let answer = world.get(path, key).send().await.unwrap();
            assert_eq!(answer.status(), status, "{path} {code}");
        }
    }
    for key in [&world.masstt, &world.operator] {
        let answer = world.get("/v1/quality", key).send().await.unwrap();
        assert_eq!(answer.status(), 403);
        let teams = read(&world, "/v1/quality/teams", key).await;
        assert_eq!(teams["teams"][0]["decisions"], 0, "{teams}");
    }
}

#[tokio::test]
async fn a_report_begins_with_a_day_of_the_last_year() {
    let world = World::start().await;
    let told = read(&world, "/v1/quality/teams", &world.operator).await;
    // This month and the two before it.
    assert_eq!(told["since"], "2025-11-01T00:00:00.000Z");
    for since in ["yesterday", "2026-02-01", "2024-12-31", "2026-1-1", ""] {
        let path = format!("/v1/quality/agencies?since={since}");
        let answer = world.get(&path, &world.operator).send().await.unwrap();
        let told = problem(answer, 400, "parameter").await;
        assert_eq!(told["faults"][0]["pointer"], "since", "{told}");
    }
}

#[tokio::test]
async fn alarms_are_shown_to_the_screening_team_and_to_operations_with_their_figures() {
    let world = World::start().await;
    let now = frontdoor::domain::time::Env::now(world.env.as_ref());
    let counted = |what: &str, count| Counted {
        agency: AgencyId::new("school"),
        what: what.to_owned(),
        from: now,
        count,
    };
    *world.store.counted.lock().unwrap() = vec![counted("received", 12), counted("refused", 4)];
    let alarm = |kind: &str, says: &str| {
        let agency = "school";
        json!({"kind": kind, "agency": agency, "since": null, "says": says})
    };
    let flood = alarm("flood", "12 referrals in 7 days, 3 expected");
    let refusals = alarm("refusals", "4 of 16 submissions refused in 7 days");
    for key in [&world.masstt, &world.operator] {
        let told = read(&world, "/v1/alarms", key).await;
        assert_eq!(told, json!({"alarms": [flood, refusals]}));
    }
    for key in [&world.school, &world.panel, &world.named] {
        assert_eq!(world.get("/v1/alarms", key).send().await.unwrap().status(), 403);
    }
    let page = world.get("/ops", &world.operator).send().await.unwrap().text().await.unwrap();
    for part in ["<td>flood</td><td>12 referrals in 7 days, 3 expected</td>", "just now"] {
        assert!(page.contains(part), "{part}");
    }
}

#[tokio::test]
async fn what_waits_to_be_decided_again_is_told_to_social_work_without_the_first_decision() {
    let world = World::start().await;
    let id = frontdoor::domain::LookId(uuid::Uuid::from_u128(7));
    let reference = frontdoor::domain::Reference::from_entropy(7);
    let drawn_at = frontdoor::domain::Timestamp(1_768_386_600_000_000);
    let children = Children::of(&[0, 2]);
    let waiting = frontdoor::store::WaitingLook { id, reference, children, drawn_at };
    let mut later = waiting.clone();
    (later.id, later.drawn_at) = (LookId(uuid::Uuid::from_u128(3)), Timestamp(drawn_at.0 + 1));
    *world.store.looks.lock().unwrap() = vec![waiting, later.clone()];
    let told = read(&world, "/v1/second-looks?limit=1", &world.masstt).await;
    let drawn = "2026-01-14T10:30:00.000Z";
    let one = json!({"id": id, "reference": reference, "children": [0, 2], "drawn_at": drawn});
    assert_eq!(told["second_looks"], json!([one]));
    let next = told["next"].as_str().expect("there is more");
    let path = format!("/v1/second-looks?after={next}");
    let told = read(&world, &path, &world.masstt).await;
    assert_eq!((&told["second_looks"][0]["id"], &told["next"]), (&json!(later.id), &Value::Null));
    for query in ["after=x", "after=1.x", "limit=0", "limit=501"] {
        let path = format!("/v1/second-looks?{query}");
        let answer = world.get(&path, &world.masstt).send().await.unwrap();
        problem(answer, 400, "parameter").await;
    }
    let told = read(&world, "/v1/second-looks", &world.named).await;
    assert_eq!(told, json!({"second_looks": [], "next": null}));
    let path = format!("/v1/second-looks/{id}");
    for key in [&world.school, &world.panel, &world.operator] {
        assert_eq!(world.get("/v1/second-looks", key).send().await.unwrap().status(), 403);
        let answer = world.post(&path, key).json(&json!({})).send().await.unwrap();
        assert_eq!(answer.status(), 403);
    }
    for path in [&path, "/v1/second-looks/nothing"] {
        let answer = world.post(path, &world.masstt).json(&json!({})).send().await.unwrap();
        problem(answer, 404, "not-found").await;
    }
    let answer = world.post(&path, &world.masstt).json(&json!(["x"])).send().await.unwrap();
    problem(answer, 400, "not-readable").await;
    // Three times of one team: on the operations page.
    let page = world.get("/ops", &world.operator).send().await.unwrap().text().await.unwrap();
    let theme = "<td>It took too long</td><td class=\"n\">3</td>\n<td class=\"n\">12</td>";
    assert!(page.contains(theme), "{page}");
    // And that two wait, since when.
    assert!(page.contains("<dd id=\"looks\">2</dd>"));
    assert!(page.contains("<dd id=\"looks-oldest\">0 s</dd>"));
}
