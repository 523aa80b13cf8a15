//! What `linkage evaluate` says of files, the gateway does over both stores.

use super::gateway::{Gateway, accepted};
use super::homes::{Home, ring};
use super::on_both;
use frontdoor::app::{OsEnv, import_people};
use frontdoor::domain::time::Env;
use frontdoor::domain::{LinkState, PersonId, Timestamp};
use frontdoor::linkage::evaluate::{Prediction, evaluate};
use frontdoor::linkage::people::{People, Person};
use frontdoor::linkage::score::{Scorer, Truth};
use frontdoor::linkage::{Model, keys};
use frontdoor::pipeline::Intake;
use frontdoor::store::StoredLink;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

on_both!(the_gateway_links_as_the_evaluation_says);

/// When the files were true.
const DAY: &str = "2026-11-01T00:00:00Z";

/// The day of the files, for ever.
struct ThatDay(OsEnv);

impl Env for ThatDay {
    fn now(&self) -> Timestamp {
        Timestamp::parse(DAY).expect("a time")
    }

    fn entropy(&self, into: &mut [u8]) {
        self.0.entropy(into);
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/linkage").join(name)
}

fn open(name: &str) -> std::fs::File {
    std::fs::File::open(path(name)).expect("the file is there")
}

fn predictions() -> HashMap<String, Prediction> {
    let (people, referrals) =
        (People::new(open("records.csv")), People::new(open("referrals.csv")));
    let mut said = HashMap::new();
    let take = |prediction: Prediction| {
        said.insert(prediction.referral_id.clone(), prediction);
        Ok(())
    };
    let (people, referrals) = (people.expect("people"), referrals.expect("referrals"));
    evaluate(people, referrals, &Model::shipped(), take).expect("evaluates");
    said
}

#[test]
fn the_committed_set_is_linked_well() {
    let mut scorer = Scorer::new(Truth::read(open("truth.csv")).expect("truth"));
    predictions().values().for_each(|prediction| scorer.see(prediction));
    let score = scorer.score();
    assert!(score.best.f1 > 0.95, "{score:?}");
    assert!(score.recall_any > 0.98, "{score:?}");
}

/// The referral's row as a document.
fn document(row: &HashMap<String, String>) -> Value {
    let text = |column: &str| row.get(column).map(String::as_str).unwrap_or_default();
    let mut child = json!({
        "given_name": text("forename"), "middle_names": text("middle_names"),
        "family_name": text("surname"), "known_as": text("known_as"),
        "date_of_birth": text("dob"), "expected_date": text("edd"), "sex": text("sex"),
        "nhs_number": text("nhs_number"), "upn": text("upn"),
        "mother_name": text("mother_name"), "father_name": text("father_name"),
        "address": {
            "lines": text("address"), "town": text("town"), "postcode": text("postcode"),
        },
    });
    let said = |value: &Value| value.as_str() != Some("");
    child.as_object_mut().expect("an object").retain(|_, value| said(value));
    child["address"].as_object_mut().expect("an object").retain(|_, value| said(value));
    json!({
        "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
        "children": [child],
        "household": {"telephone": text("phone")},
        "worry": format!("Invented worry about {}.", text("referral_id")),
        "danger_now": "no",
    })
}

/// The machine's first word on the child: whom it is, or most likely is, and with what weight.
fn first(links: &[StoredLink]) -> Option<(LinkState, PersonId, f32)> {
    let linked = links.iter().find(|link| link.state == LinkState::Linked);
    let possible = links.iter().filter(|link| link.state == LinkState::Possible);
    let likeliest = possible
        .max_by(|one, two| one.weight.total_cmp(&two.weight).then(two.person.cmp(&one.person)));
    linked.or(likeliest).map(|link| (link.state, link.person, link.weight))
}

async fn the_gateway_links_as_the_evaluation_says(home: Home) {
    let gateway = Gateway::with_env(&home, Arc::new(ThatDay(OsEnv::new()))).await;
    let store = gateway.store.as_ref();
    let file = path("records.csv");
    import_people(store, &ring(), &ThatDay(OsEnv::new()), &file).await.expect("imports");
    let mut records = HashMap::new();
    for person in People::new(open("records.csv")).expect("people") {
        let Person { id, source, .. } = person.expect("a person");
        let known = store.known(&[ring().token16("person", &source, id.as_bytes())]).await;
        records.insert(known.expect("reads")[0].id, id);
    }
    gateway.rules.linkage.model.count(records.len() as u64);
    let said = predictions();
    let mut rows = csv::Reader::from_reader(open("referrals.csv"));
    let rows: Vec<HashMap<String, String>> =
        rows.deserialize().collect::<Result<_, _>>().expect("rows");
    // A referral makes a person of its child: those who may be one of them are left out.
    let (mut seen, mut compared) = (BTreeSet::new(), 0);
    let people = People::new(open("referrals.csv")).expect("referrals");
    for (row, person) in rows.iter().zip(people) {
        let person = person.expect("a referral");
        let keys: BTreeSet<String> = keys(&person.profile).into_iter().collect();
        if !keys.is_disjoint(&seen) {
            continue;
        }
        seen.extend(keys);
        let submission = gateway.submission("school-ridgeway", &document(row));
        let reference = accepted(gateway.pipeline.receive(submission).await);
        let (_, links) = gateway.stored(reference).await;
        let said = &said[&person.id];
        let found = first(&links);
        let state = found.map_or("new", |(state, ..)| state.as_str());
        assert_eq!(state, said.state, "{}", person.id);
        if let Some((_, person, weight)) = found {
            let best = &said.candidates[0];
            assert!((weight - best.weight).abs() < 0.01, "{}", said.referral_id);
            let tied = said.candidates.iter().filter(|one| one.weight > weight - 0.01);
            let names: Vec<&String> = tied.map(|one| &one.record_id).collect();
            assert!(names.contains(&&records[&person]), "{}", said.referral_id);
        }
        compared += 1;
    }
    assert!(compared > 150, "only {compared} were compared");
}
