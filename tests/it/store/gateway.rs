//! The pipeline over a store, with Calderdale's rules.

use super::homes::{Home, ring};
use frontdoor::app::{OsEnv, load_rules};
use frontdoor::config::settings::Settings;
use frontdoor::domain::agency::Agency;
use frontdoor::domain::time::Env;
use frontdoor::domain::{AgencyId, LinkState, PersonId, Reference};
use frontdoor::pipeline::{
    Decided, Intake, Newsreader, Outcome, Pipeline, Rules, Stages, Submission,
};
use frontdoor::store::lane::{LaneParts, lane, offload_to_threads};
use frontdoor::store::seal::Dossier;
use frontdoor::store::*;
use frontdoor::validation::Validator;
use serde_json::{Value, json};
use std::sync::Arc;

/// The pipeline over a store.
pub(super) struct Gateway {
    pub(super) store: Arc<dyn Store>,
    pub(super) rules: Arc<Rules>,
    pub(super) pipeline: Pipeline,
}

impl Gateway {
    pub(super) async fn over(home: &Home) -> Gateway {
        Gateway::with_env(home, Arc::new(OsEnv::new())).await
    }

    pub(super) async fn with_env(home: &Home, env: Arc<dyn Env>) -> Gateway {
        let store = home.store().await;
        let rules = load_rules(&Settings::default()).expect("the configuration is sound");
        let rules = Arc::new(rules);
        let stages = Arc::new(Stages {
            rules: Arc::new(arc_swap::ArcSwap::from(rules.clone())),
            ring: ring(),
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

    pub(super) fn submission(&self, agency: &str, body: &Value) -> Submission {
        let agency: Arc<Agency> = self.rules.directory.agencies[&AgencyId::new(agency)].clone();
        Submission {
            agency,
            body: serde_json::to_vec(body).expect("JSON"),
            media_type: Some("application/json".to_owned()),
            idempotency_key: None,
            traceparent: None,
        }
    }

    pub(super) async fn refer(&self, agency: &str, child: Value) -> Reference {
        let body = json!({
            "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
            "children": [child],
            "worry": format!("Invented: lessons were missed, says {agency}."),
            "danger_now": "no",
        });
        accepted(self.pipeline.receive(self.submission(agency, &body)).await)
    }

    pub(super) async fn inform(&self, reference: Reference, child: Value) {
        let body = json!({"children": [child]});
        let submission = self.submission("school-ridgeway", &body);
        accepted(self.pipeline.inform(reference, submission).await);
    }

    /// Information by the agency that referred.
    pub(super) async fn add(&self, reference: Reference, child: Value) {
        let agency = self.stored(reference).await.0.row.agency;
        let submission = self.submission(agency.as_str(), &json!({"children": [child]}));
        accepted(self.pipeline.inform(reference, submission).await);
    }

    pub(super) fn newsreader(&self) -> Newsreader {
        let (stages, lane) = (self.pipeline.stages.clone(), self.pipeline.lane.clone());
        Newsreader { store: self.store.clone(), stages, lane }
    }

    pub(super) async fn stored(&self, reference: Reference) -> (StoredReferral, Vec<StoredLink>) {
        let stored = self.store.referral(reference).await.expect("reads").expect("there");
        let links = self.store.links(stored.row.id).await.expect("reads");
        (stored, links)
    }

    /// The rules that fired with history.
    pub(super) async fn fired(&self, reference: Reference) -> Vec<String> {
        let row = self.stored(reference).await.0.row;
        let name = Dossier::name(row.id);
        let bytes = ring().open_record(&name, &row.record).expect("opens");
        let dossier = Dossier::from_bytes(&bytes).expect("a dossier");
        let decided: Decided = serde_json::from_slice(&dossier.decision).expect("a decision");
        let reasons = decided.full.children.into_iter().flat_map(|child| child.reasons);
        reasons.map(|reason| reason.rule.to_string()).collect()
    }

    /// The person that a child is, or was made.
    pub(super) async fn person(&self, reference: Reference) -> (PersonId, LinkState) {
        let (_, links) = self.stored(reference).await;
        let link = links.iter().find(|link| link.state.is_settled());
        link.map(|link| (link.person, link.state)).expect("a child is somebody")
    }
}

pub(super) fn accepted(outcome: Outcome) -> Reference {
    match outcome {
        Outcome::Accepted { reference, .. } => reference,
        other => panic!("not accepted: {other:?}"),
    }
}
