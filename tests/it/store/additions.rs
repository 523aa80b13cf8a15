//! Information added to a referral, through the whole pipeline and a real store.

use super::homes::{Home, ring};
use super::on_both;
use super::rows::person;
use frontdoor::app::{OsEnv, import_people, load_rules};
use frontdoor::config::settings::Settings;
use frontdoor::domain::agency::Agency;
use frontdoor::domain::time::Env;
use frontdoor::domain::{AgencyId, LinkState, PersonId, Priority, Reference};
use frontdoor::linkage::Model;
use frontdoor::pipeline::{Decided, Intake, Outcome, Pipeline, Rules, Stages, Submission};
use frontdoor::store::lane::{LaneParts, lane, offload_to_threads};
use frontdoor::store::seal::Dossier;
use frontdoor::store::*;
use frontdoor::validation::Validator;
use serde_json::{Value, json};
use std::sync::Arc;

on_both!(
    information_that_names_a_child_on_a_plan_brings_in_the_plan,
    a_child_named_by_information_is_known_by_it_to_the_next_sender,
    what_others_said_of_the_child_counts_and_the_referral_itself_does_not,
);

/// The pipeline over a store.
struct Gateway {
    store: Arc<dyn Store>,
    rules: Arc<Rules>,
    pipeline: Pipeline,
}

impl Gateway {
    async fn over(home: &Home) -> Gateway {
        let store = home.store().await;
        let rules = load_rules(&Settings::default()).expect("the configuration is sound");
        let rules = Arc::new(rules);
        let env: Arc<dyn Env> = Arc::new(OsEnv::new());
        let stages = Arc::new(Stages {
            rules: Arc::new(arc_swap::ArcSwap::from(rules.clone())),
            ring: ring(),
            model: Model::shipped(),
            env: env.clone(),
        });
        let parts = LaneParts {
            store: store.clone(),
            judge: stages.clone(),
            env: env.clone(),
            offload: offload_to_threads(),
            handover: None,
        };
        let (entrance, run) = lane(parts, 16);
        tokio::spawn(run);
        let (validator, lane, found) = (Validator::new(), entrance, store.clone());
        let pipeline = Pipeline { stages, validator, lane, store: found, env };
        Gateway { store, rules, pipeline }
    }

    fn submission(&self, agency: &str, body: &Value) -> Submission {
        let agency: Arc<Agency> = self.rules.directory.agencies[&AgencyId::new(agency)].clone();
        Submission {
            agency,
            body: serde_json::to_vec(body).expect("JSON"),
            media_type: Some("application/json".to_owned()),
            idempotency_key: None,
            traceparent: None,
        }
    }

    async fn refer(&self, agency: &str, child: Value) -> Reference {
        let body = json!({
            "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
            "children": [child],
            "worry": format!("Invented: lessons were missed, says {agency}."),
            "danger_now": "no",
        });
        accepted(self.pipeline.receive(self.submission(agency, &body)).await)
    }

    async fn inform(&self, reference: Reference, child: Value) {
        let body = json!({"children": [child]});
        let submission = self.submission("school-ridgeway", &body);
        accepted(self.pipeline.inform(reference, submission).await);
    }

    async fn stored(&self, reference: Reference) -> (StoredReferral, Vec<StoredLink>) {
        let stored = self.store.referral(reference).await.expect("reads").expect("there");
        let links = self.store.links(stored.row.id).await.expect("reads");
        (stored, links)
    }

    /// The rules that fired with history.
    async fn fired(&self, reference: Reference) -> Vec<String> {
        let row = self.stored(reference).await.0.row;
        let name = Dossier::name(row.id);
        let bytes = ring().open_record(&name, &row.record).expect("opens");
        let dossier = Dossier::from_bytes(&bytes).expect("a dossier");
        let decided: Decided = serde_json::from_slice(&dossier.decision).expect("a decision");
        let reasons = decided.full.children.into_iter().flat_map(|child| child.reasons);
        reasons.map(|reason| reason.rule.to_string()).collect()
    }

    /// The person that a child is, or was made.
    async fn person(&self, reference: Reference) -> (PersonId, LinkState) {
        let (_, links) = self.stored(reference).await;
        let link = links.iter().find(|link| link.state != LinkState::Possible);
        link.map(|link| (link.person, link.state)).expect("a child is somebody")
    }
}

fn accepted(outcome: Outcome) -> Reference {
    match outcome {
        Outcome::Accepted { reference, .. } => reference,
        other => panic!("not accepted: {other:?}"),
    }
}

fn unknown() -> Value {
    json!({"description": "unknown child at 14 Example Street"})
}

fn imogen() -> Value {
    json!({
        "index": 0,
        "given_name": "Imogen",
        "family_name": "Hollins",
        "date_of_birth": "2016-03-09",
        "nhs_number": "9990006504",
    })
}

const ON_A_PLAN: &str = "record_id,source,forename,surname,dob,address,postcode,nhs_number,\
    case_status,case_team\n\
    R1,lcs,Imogen,Hollins,2016-03-09,4 Dale Street,HX3 6DP,9990006504,cp,\
    locality.halifax-central\n";

async fn information_that_names_a_child_on_a_plan_brings_in_the_plan(home: Home) {
    let gateway = Gateway::over(&home).await;
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), ON_A_PLAN).expect("is written");
    let imported = import_people(gateway.store.as_ref(), &ring(), &OsEnv::new(), file.path()).await;
    assert_eq!(imported.expect("imports").loaded, 1);

    let reference = gateway.refer("school-ridgeway", unknown()).await;
    let (before, links) = gateway.stored(reference).await;
    assert_eq!(before.row.priority, Priority::Standard);
    assert_eq!(links.len(), 1);

    gateway.inform(reference, imogen()).await;
    let (after, links) = gateway.stored(reference).await;
    assert!(gateway.fired(reference).await.contains(&"possible-open-case".to_owned()));
    assert_eq!(after.row.priority, Priority::Urgent);
    let told = after.deliveries.iter().filter(|row| row.destination.as_str() == "masstt");
    assert!(told.into_iter().any(|row| row.sequence == 2 && row.priority == Priority::Urgent));
    let possible = links.iter().filter(|link| link.state == LinkState::Possible);
    assert_eq!(possible.count(), 1, "a reviewer sees whom it may be");

    // And again: what was possible before is no less so.
    gateway.inform(reference, json!({"index": 0, "sex": "F"})).await;
    assert!(gateway.fired(reference).await.contains(&"possible-open-case".to_owned()));
    assert_eq!(gateway.person(reference).await.1, LinkState::New);
}

async fn a_child_named_by_information_is_known_by_it_to_the_next_sender(home: Home) {
    let gateway = Gateway::over(&home).await;
    let first = gateway.refer("school-ridgeway", unknown()).await;
    let made = gateway.person(first).await.0;
    gateway.inform(first, imogen()).await;
    let second = gateway.refer("police-west", imogen()).await;
    assert_eq!(gateway.person(second).await, (made, LinkState::Linked));
}

async fn what_others_said_of_the_child_counts_and_the_referral_itself_does_not(home: Home) {
    let gateway = Gateway::over(&home).await;
    let alone = gateway.refer("school-ridgeway", imogen()).await;
    gateway.inform(alone, json!({"index": 0, "sex": "F"})).await;
    let re_referral = "re-referral".to_owned();
    assert!(!gateway.fired(alone).await.contains(&re_referral), "it is no history of itself");
    gateway.refer("police-west", imogen()).await;
    gateway.inform(alone, json!({"index": 0, "school": "Ridgeway"})).await;
    assert!(gateway.fired(alone).await.contains(&re_referral));

    // To one person: two referrals of two agencies, each without itself.
    let (made, _) = gateway.person(alone).await;
    let own = gateway.stored(alone).await.0.row;
    let stranger = person(&[]).id;
    let mut tx = gateway.store.begin().await.expect("begins");
    let since = own.received_at.plus_seconds(-60);
    let all = tx.histories(&[made, stranger], since, None).await.expect("reads");
    assert_eq!((all.len(), all[0].referrals, all[0].agencies), (1, 2, 2));
    let others = tx.histories(&[made], since, Some(own.id)).await.expect("reads");
    assert_eq!((others[0].referrals, others[0].agencies), (1, 1));
}
