//! The same referrals through the whole pipeline and the lane: read, scored, linked, decided,
//! routed and committed; no HTTP, no broker.

use anyhow::{Context, Result};
use frontdoor::app::OsEnv;
use frontdoor::domain::AgencyId;
use frontdoor::pipeline::{Intake, Outcome, Pipeline, Stages, Submission};
use frontdoor::store::Store;
use frontdoor::store::lane::{LaneParts, lane, offload_to_threads};
use frontdoor::validation::Validator;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Referrals sent, and how many wait for their answers at once.
const SENT: usize = 6_000;
const AT_ONCE: usize = 512;

/// Referrals a second.
pub async fn run(store: Arc<dyn Store>, stages: Arc<Stages>, referrals: &str) -> Result<f64> {
    let bodies = Arc::new(bodies(referrals)?);
    let env = Arc::new(OsEnv::new());
    let parts = LaneParts {
        store: store.clone(),
        judge: stages.clone(),
        env: env.clone(),
        offload: offload_to_threads(),
        handover: None,
    };
    let (entrance, run) = lane(parts, AT_ONCE);
    tokio::spawn(run);
    let rules = stages.rules.load_full();
    let agency = rules.directory.agencies.get(&AgencyId::new("school-ridgeway"));
    let agency = agency.context("the agency of the bench")?.clone();
    let (validator, lane) = (Validator::new(), entrance);
    let pipeline = Arc::new(Pipeline { stages, validator, lane, store, env });
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (pipeline, bodies, next) = (pipeline.clone(), bodies.clone(), next.clone());
            let agency = agency.clone();
            tokio::spawn(async move {
                while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let submission = Submission {
                        agency: agency.clone(),
                        body: body.clone(),
                        media_type: Some("application/json".to_owned()),
                        idempotency_key: None,
                        traceparent: None,
                    };
                    let outcome = pipeline.receive(submission).await;
                    anyhow::ensure!(matches!(outcome, Outcome::Accepted { .. }), "not accepted");
                }
                Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(bodies.len() as f64 / started.elapsed().as_secs_f64())
}

fn bodies(referrals: &str) -> Result<Vec<Vec<u8>>> {
    let mut bodies = Vec::with_capacity(SENT);
    for row in csv::Reader::from_path(referrals)?.deserialize().take(SENT) {
        let row: HashMap<String, String> = row?;
        let text = |column: &str| row.get(column).cloned().unwrap_or_default();
        let mut child =
            json!({"address": {"lines": text("address"), "postcode": text("postcode")}});
        for (member, column) in [
            ("given_name", "forename"),
            ("family_name", "surname"),
            ("date_of_birth", "dob"),
            ("nhs_number", "nhs_number"),
            ("mother_name", "mother_name"),
        ] {
            if !text(column).is_empty() {
                child[member] = text(column).into();
            }
        }
        let body = json!({
            "referrer": {"name": "A. Teacher", "role": "Designated safeguarding lead"},
            "children": [child],
            "worry": format!("Invented worry about {}.", text("referral_id")),
            "danger_now": "no",
        });
        bodies.push(serde_json::to_vec(&body)?);
    }
    Ok(bodies)
}
