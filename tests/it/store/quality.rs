//! How agencies refer and how teams decide, through the whole pipeline and both stores.

use super::gateway::Gateway;
use super::homes::{Home, ring};
use super::on_both;
use super::rows::*;
use frontdoor::app::OsEnv;
use frontdoor::domain::time::Env;
use frontdoor::domain::{AgencyId, DestinationId, Directory, Reference, ReferralId, Timestamp};
use frontdoor::followup::Oversight;
use frontdoor::followup::oversight::Stores;
use frontdoor::followup::quality::three_months;
use frontdoor::pipeline::{Desk, Followed, Recording};
use frontdoor::store::*;
use serde_json::{Value, json};
use std::sync::Arc;

on_both!(
    scores_and_referrals_are_read_the_newest_first_within_a_span_and_a_limit,
    counts_are_added_up_by_day_or_hour_whether_folded_or_not,
    a_report_tells_by_agency_how_complete_its_referrals_are,
    an_example_of_somebody_restricted_is_not_told,
    an_agency_is_compared_with_five_others_of_its_kind_or_with_none,
    an_agency_reads_its_own_however_much_others_send,
    decisions_are_held_against_what_was_suggested_by_team,
);

fn oversight(gateway: &Gateway, directory: Directory) -> Oversight {
    let store = &gateway.store;
    let stores = Stores {
        alarms: store.clone(),
        looks: store.clone(),
        reads: store.clone(),
        matches: store.clone(),
        follow: store.clone(),
        doubts: Arc::new(gateway.pipeline.lane.clone()),
    };
    let env: Arc<dyn Env> = Arc::new(OsEnv::new());
    let directory = Arc::new(arc_swap::ArcSwap::from_pointee(directory));
    Oversight::over(stores, &ring(), &env, &directory, DestinationId::new("masstt"))
}

async fn scores_and_referrals_are_read_the_newest_first_within_a_span_and_a_limit(home: Home) {
    let store = home.store().await;
    let made = |days: i64, score: u8| {
        let received_at = at(days * 86_400);
        let id = ReferralId::from_parts(received_at, [score; 10]);
        ReferralRow { id, received_at, score, ..referral() }
    };
    let referrals = vec![made(0, 10), made(1, 20), made(2, 30), made(9, 90)];
    write(store.as_ref(), &Batch { referrals: referrals.clone(), ..batch() }).await;
    let span = Span { since: at(86_400), until: at(3 * 86_400) };
    let which = Which { span, agency: None };
    let scores = store.scores(which, 9).await.expect("reads");
    let scored = |row: &ReferralRow| Scored {
        agency: row.agency.clone(),
        received_at: row.received_at,
        score: row.score,
    };
    assert_eq!(scores, [scored(&referrals[2]), scored(&referrals[1])]);
    assert_eq!(store.scores(which, 1).await.expect("reads"), [scored(&referrals[2])]);
    let newest =
        async |which, before, limit| store.newest(which, before, limit).await.expect("reads");
    assert_eq!(newest(which, None, 9).await, [referrals[2].clone(), referrals[1].clone()]);
    assert_eq!(newest(which, None, 1).await, [referrals[2].clone()]);
    // The next page.
    assert_eq!(newest(which, Some(referrals[2].id), 9).await, [referrals[1].clone()]);
    assert!(newest(which, Some(referrals[1].id), 9).await.is_empty());
    // Of one agency, whatever others have sent.
    let (own, other) = (referrals[1].agency.clone(), AgencyId::new("nobody"));
    let of = |agency| Which { span, agency: Some(agency) };
    assert_eq!(newest(of(&own), None, 1).await, [referrals[2].clone()]);
    assert!(newest(of(&other), None, 9).await.is_empty());
    assert_eq!(store.scores(of(&own), 9).await.expect("reads").len(), 2);
    assert!(store.scores(of(&other), 9).await.expect("reads").is_empty());
}

async fn counts_are_added_up_by_day_or_hour_whether_folded_or_not(home: Home) {
    let store = home.store().await;
    let hour = |what: &str, hours: i64| Tally { hour: at(hours * 3_600), ..tally(what) };
    let tallies = vec![(hour("received", 0), 2), (hour("received", 1), 3), (hour("routed", 1), 9)];
    write(store.as_ref(), &Batch { tallies, ..batch() }).await;
    store.fold_tallies(99).await.expect("folds");
    let tallies = vec![
        (hour("received", 1), 4),
        (hour("refused", 1), 1),
        (hour("received", -1), 7),
        (hour("received", 24), 5),
    ];
    write(store.as_ref(), &Batch { tallies, ..batch() }).await;
    let told = |counted: Vec<Counted>| -> Vec<String> {
        let tell = |one: Counted| {
            let from = one.from.seconds_since(at(0)) / 3_600.0;
            format!("{} {} {from} {}", one.agency, one.what, one.count)
        };
        counted.into_iter().map(tell).collect()
    };
    let hours = told(store.counted(at(0), Grain::Hour).await.expect("reads"));
    assert_eq!(
        hours,
        [
            "school-a received 0 2",
            "school-a received 1 7",
            "school-a received 24 5",
            "school-a refused 1 1"
        ]
    );
    // Days begin at midnight, nine hours before `at(0)`.
    let days = told(store.counted(at(0), Grain::Day).await.expect("reads"));
    assert_eq!(days, ["school-a received -9 9", "school-a received 15 5", "school-a refused -9 1"]);
}

fn child(name: &str) -> Value {
    json!({
        "given_name": name,
        "family_name": "Invented",
        "date_of_birth": "2016-03-09",
        "address": {"lines": "1 Test Street", "postcode": "HX1 1AA"},
    })
}

async fn score(home: &Home, of: Reference, score: u8) {
    home.sql(&format!("UPDATE referral SET score = {score} WHERE reference = '{of}'")).await;
}

async fn a_report_tells_by_agency_how_complete_its_referrals_are(home: Home) {
    let gateway = Gateway::over(&home).await;
    let ada = gateway.refer("school-ridgeway", child("Ada")).await;
    let bea = gateway.refer("school-ridgeway", json!({"given_name": "Bea"})).await;
    gateway.refer("police-west", child("Cleo")).await;
    score(&home, ada, 91).await;
    score(&home, bea, 20).await;
    let over = oversight(&gateway, gateway.rules.directory.clone());
    let day = three_months(OsEnv::new().now());
    let report = over.quality.since(day, None).await.expect("reads");
    assert_eq!((report.scores_read, report.opened, report.more), (3, 3, false));
    let school = report.agencies.iter().find(|of| of.agency.as_str() == "school-ridgeway");
    let school = school.expect("it has referred");
    assert_eq!((school.name.as_str(), school.kind.as_str()), ("Ridgeway School", "school"));
    let told = serde_json::to_value(&school.figures).expect("JSON");
    assert_eq!(told["referrals"], 2);
    assert_eq!(told["score"], json!({"mean": 55.5, "median": 55.5}));
    assert_eq!(
        (&told["months"][0]["referrals"], &told["months"][0]["mean"]),
        (&2.into(), &55.5.into())
    );
    let missing = &school.figures.missing;
    assert_eq!(missing.len(), 5);
    assert!(missing.is_sorted_by_key(|lacking| std::cmp::Reverse(lacking.referrals)));
    assert!(missing[0].percent == 100 && !missing[0].ask.is_empty(), "{missing:?}");
    assert!(missing.iter().any(|lacking| lacking.pointer.starts_with("/children/*/")));
    let examples = over.quality.examples(school).await.expect("reads");
    let examples: Vec<_> = examples.iter().map(|(_, one)| (one.reference, one.score)).collect();
    assert_eq!(examples, [(ada, 91)]);
    // What a minute ago was read serves whoever asks again.
    gateway.refer("police-west", child("Dora")).await;
    assert_eq!(over.quality.since(day, None).await.expect("reads").opened, 3);
}

async fn an_example_of_somebody_restricted_is_not_told(home: Home) {
    let gateway = Gateway::over(&home).await;
    // Children whom nobody can take for one another.
    for (name, year, points) in [
        ("Ada Aspen", 2009, 80),
        ("Bea Birch", 2011, 99),
        ("Cleo Cedar", 2013, 90),
        ("Dora Damson", 2015, 85),
        ("Esme Elder", 2017, 79),
    ] {
        let (given_name, family_name) = name.split_once(' ').expect("two names");
        let birth = format!("{year}-0{}-1{}", year % 9 + 1, year % 7);
        let child = json!({
            "given_name": given_name, "family_name": family_name, "date_of_birth": birth,
        });
        let of = gateway.refer("school-ridgeway", child).await;
        score(&home, of, points).await;
        if points == 99 {
            let (person, _) = gateway.person(of).await;
            // Both databases read a blob as hexadecimal; only PostgreSQL has a type for ids.
            let id = match home.is_sqlite() {
                true => format!("x'{}'", person.0.simple()),
                false => format!("'{}'", person.0),
            };
            home.sql(&format!("UPDATE person SET restricted = true WHERE id = {id}")).await;
        }
    }
    let over = oversight(&gateway, gateway.rules.directory.clone());
    let report = over.quality.since(three_months(OsEnv::new().now()), None).await.expect("reads");
    let examples = over.quality.examples(&report.agencies[0]).await.expect("reads");
    let scores: Vec<u8> = examples.iter().map(|(_, example)| example.score).collect();
    assert_eq!(scores, [90, 85, 80], "the best that are good, but for the restricted one");
}

/// So many referrals of an agency, some days before this month began.
async fn wrote(store: &dyn Store, agency: &str, count: u8, days: i64, score: u8) {
    let month = OsEnv::new().now().date().first_of_month();
    let begins = Timestamp::parse(&format!("{month}T00:00:00Z")).expect("a time");
    let received_at = begins.plus_seconds(-days * 86_400);
    let entropy = |n: u8| {
        let mut entropy = [n; 10];
        entropy[..8].copy_from_slice(&OsEnv::new().entropy_u64().to_be_bytes());
        entropy
    };
    let row = |n: u8| ReferralRow {
        id: ReferralId::from_parts(received_at, entropy(n)),
        reference: Reference::from_entropy(OsEnv::new().entropy_u64()),
        agency: AgencyId::new(agency),
        received_at,
        score,
        ..referral()
    };
    let referrals = (0..count).map(row).collect();
    write(store, &Batch { referrals, ..batch() }).await;
}

async fn an_agency_is_compared_with_five_others_of_its_kind_or_with_none(home: Home) {
    let gateway = Gateway::over(&home).await;
    let mut directory = gateway.rules.directory.clone();
    let others = ["school-valley-primary", "gp-hebden", "housing-together", "police-west"];
    for id in others.into_iter().chain(["health-visiting"]) {
        let agency = directory.agencies.get_mut(&AgencyId::new(id)).expect("configured");
        Arc::make_mut(agency).kind = "school".to_owned();
    }
    let store = gateway.store.as_ref();
    gateway.refer("school-ridgeway", child("Ada")).await;
    for (agency, score) in others.into_iter().zip([10, 40, 60, 80]) {
        wrote(store, agency, 10, 3, score).await;
    }
    // Many of one agency are one agency's.
    wrote(store, "gp-hebden", 30, 20, 40).await;
    wrote(store, "health-visiting", 9, 3, 70).await;
    // What came before the last two months, and in this one, is another matter.
    wrote(store, "health-visiting", 9, 70, 70).await;
    wrote(store, "health-visiting", 9, 0, 70).await;
    let own = async || {
        let over = oversight(&gateway, directory.clone());
        let own = over.quality.of(&AgencyId::new("school-ridgeway")).await.expect("reads");
        serde_json::to_value(&own).expect("JSON")
    };
    assert_eq!(own().await["of_kind"], Value::Null, "the fifth has referred too seldom");
    wrote(store, "health-visiting", 1, 3, 70).await;
    let told = own().await;
    assert_eq!(told["of_kind"], json!({"kind": "school", "median": 60.0}));
    assert!(!told.to_string().contains("gp-hebden"), "{told}");
    assert_eq!(told["referrals"], 1, "its own, of this month as well");
    // And one of whom nothing is known has no figures at all.
    let over = oversight(&gateway, directory);
    let none = over.quality.of(&AgencyId::new("public-line")).await.expect("reads");
    assert_eq!((none.figures.referrals, none.of_kind), (0, None));
}

async fn an_agency_reads_its_own_however_much_others_send(home: Home) {
    let gateway = Gateway::over(&home).await;
    let own = gateway.refer("gp-hebden", child("Ada")).await;
    for n in 0..150 {
        gateway.refer("school-ridgeway", json!({"given_name": format!("Bea {n}")})).await;
    }
    score(&home, own, 91).await;
    let over = oversight(&gateway, gateway.rules.directory.clone());
    let told = over.quality.of(&AgencyId::new("gp-hebden")).await.expect("reads");
    assert_eq!((told.figures.referrals, told.figures.opened), (1, 1));
    // A report on one agency opens no other's; over two pages nothing is left out or counted twice.
    let day = three_months(OsEnv::new().now());
    let school = AgencyId::new("school-ridgeway");
    let report = over.quality.since(day, Some(&school)).await.expect("reads");
    assert_eq!((report.opened, report.scores_read, report.more), (150, 150, false));
    assert_eq!(report.agencies.len(), 1);
    let all = over.quality.since(day, None).await.expect("reads");
    assert_eq!((all.opened, all.agencies.len()), (151, 2));
}

async fn decide(gateway: &Gateway, team: &str, of: Reference, body: Value) {
    let Value::Object(body) = body else { panic!("an object") };
    let team = DestinationId::new(team);
    let recording = Recording { team, of, body, by_message: false };
    match gateway.pipeline.record(recording).await {
        Followed::Stands { .. } => {}
        other => panic!("it cannot stand: {other:?}"),
    }
}

fn decision(code: &str, level: &str, worker_type: &str) -> Value {
    json!({
        "outcome": code,
        "level_of_need": level,
        "rationale": "The invented reasons",
        "evidence": "What the school saw",
        "history_considered": {"considered": true},
        "child_view": {"considered": false, "why_not": "Not seen yet"},
        "by": {"name": "Invented Osei", "role": "Social worker", "worker_type": worker_type},
        "manager": {"name": "Invented Adeyemi", "role": "Team manager"},
    })
}

async fn decisions_are_held_against_what_was_suggested_by_team(home: Home) {
    let gateway = Gateway::over(&home).await;
    let mut sent = Vec::new();
    for name in ["Ada", "Bea", "Cleo", "Dora"] {
        let body = json!({
            "referrer": {"name": "A. Teacher", "role": "Teacher"},
            "children": [child(name)],
            "worry": format!("Invented: {name} was hungry."),
            "danger_now": "no",
            "concerns": ["16A"],
        });
        let submission = gateway.submission("school-ridgeway", &body);
        let of = frontdoor::pipeline::Intake::receive(&gateway.pipeline, submission).await;
        sent.push(super::gateway::accepted(of));
    }
    decide(&gateway, "masstt", sent[0], decision("assessment", "4", "permanent")).await;
    decide(&gateway, "masstt", sent[1], decision("strategy-discussion", "5", "agency")).await;
    decide(&gateway, "masstt", sent[2], decision("no-further-action", "2", "permanent")).await;
    let mut below = decision("no-further-action", "1", "permanent");
    below["second_manager"] = json!({"name": "Invented Byrne", "role": "Service manager"});
    decide(&gateway, "masstt", sent[3], below).await;
    let took = "UPDATE clock SET started_at = ended_at - 7200000000 \
                WHERE kind = 'respond' AND ended_at IS NOT NULL";
    home.sql(took).await;
    let over = oversight(&gateway, gateway.rules.directory.clone());
    let day = three_months(OsEnv::new().now());
    let report = over.consistency.since(day).await.expect("reads");
    assert_eq!((report.read, report.more), (4, false));
    let told = serde_json::to_value(&report.teams).expect("JSON");
    assert_eq!(
        told,
        json!([{
            "destination": "masstt",
            "name": gateway.rules.directory.destinations[&DestinationId::new("masstt")].name,
            "decisions": 4, "above": 1, "at": 1, "below": 2,
            "below_with_second_manager": 1,
            "levels": {"1": 1, "2": 1, "4": 1, "5": 1},
            "median_hours": 2.0,
            "worker_types": {"agency": 1, "permanent": 3},
            "second_looks": {"drawn": 0, "looked_at": 0, "agreed": 0},
            "themes": [],
        }])
    );
    let later = gateway.store.decided(Timestamp(i64::MAX), 9).await.expect("reads");
    assert!(later.is_empty());
    let one = gateway.store.decided(Timestamp(0), 1).await.expect("reads");
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].outcome.level, Some(("1".to_owned(), 1)), "the newest");
}
