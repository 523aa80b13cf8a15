//! The real pipeline over the real lane and a real store, with a clock that a test sets and stages
//! that it may spoil.

use frontdoor::app::load_rules;
use frontdoor::config::settings::Settings;
use frontdoor::domain::ids::RefusalId;
use frontdoor::domain::time::Env;
use frontdoor::domain::{MessageId, Reference, Timestamp};
use frontdoor::pipeline::{Intake, Outcome, Pipeline, Rules, Stages, Submission};
use frontdoor::store::keys::KeyRing;
use frontdoor::store::lane::{LaneParts, lane, offload_to_threads};
use frontdoor::store::seal::Dossier;
use frontdoor::store::work::Judge;
use frontdoor::store::{OutboxRow, ReadStore, RefusalRow, Store, StoredReferral, open};
use frontdoor::validation::Validator;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use tempfile::TempDir;

/// A Tuesday morning, and the night after it.
pub(super) const MORNING: &str = "2026-11-24T10:30:00Z";
pub(super) const NIGHT: &str = "2026-11-24T23:30:00Z";

/// A clock that goes on a millisecond at each look, so that ids are in order; entropy that never
/// repeats itself.
pub(super) struct Clock {
    now: AtomicI64,
    drawn: AtomicU64,
    /// The next look at the clock panics: a defect wherever that is.
    pub(super) broken: AtomicBool,
}

impl Clock {
    pub(super) fn set(&self, time: &str) {
        let time = Timestamp::parse(time).expect("a time");
        self.now.store(time.0, Ordering::SeqCst);
    }
}

impl Env for Clock {
    fn now(&self) -> Timestamp {
        assert!(!self.broken.swap(false, Ordering::SeqCst), "a defect");
        Timestamp(self.now.fetch_add(1_000, Ordering::SeqCst))
    }

    fn entropy(&self, into: &mut [u8]) {
        // SplitMix64 (Steele, Lea and Flood).
        for bytes in into.chunks_mut(8) {
            let mut z = self.drawn.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bytes.copy_from_slice(&(z ^ (z >> 31)).to_be_bytes()[..bytes.len()]);
        }
    }
}

/// A gateway without its HTTP.
pub(super) struct Gateway {
    pub(super) pipeline: Pipeline,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<Clock>,
    stages: Arc<Stages>,
    _folder: TempDir,
}

/// The rules of `config/calderdale`.
pub(super) fn rules() -> Rules {
    let mut settings = Settings::default();
    settings.authority.config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/calderdale");
    load_rules(&settings).expect("the configuration is in order")
}

impl Gateway {
    pub(super) async fn start() -> Gateway {
        Gateway::with(rules(), |stages| stages).await
    }

    /// With rules that were changed, and a judge around the stages.
    pub(super) async fn with(
        rules: Rules,
        judge: impl FnOnce(Arc<Stages>) -> Arc<dyn Judge>,
    ) -> Gateway {
        let folder = TempDir::new().expect("a temporary folder");
        let url = format!("sqlite:{}/frontdoor.db", folder.path().display());
        let store = open::open_alone(&url).await.expect("the store opens");
        store.migrate().await.expect("the schema is made");
        let ring = KeyRing::for_tests(7);
        store.set_chain_key(ring.chains().clone());
        let clock = Arc::new(Clock {
            now: AtomicI64::new(0),
            drawn: AtomicU64::new(1),
            broken: AtomicBool::new(false),
        });
        clock.set(MORNING);
        let env: Arc<dyn Env> = clock.clone();
        let rules = Arc::new(arc_swap::ArcSwap::from_pointee(rules));
        let stages = Arc::new(Stages { rules, ring, env: env.clone() });
        let parts = LaneParts {
            store: store.clone(),
            judge: judge(stages.clone()),
            env: env.clone(),
            offload: offload_to_threads(),
            handover: None,
        };
        let (entrance, running) = lane(parts, 64);
        tokio::spawn(running);
        let validator = Validator::new();
        let (stages, lane) = (stages.clone(), entrance);
        let found = store.clone();
        let pipeline = Pipeline { stages: stages.clone(), validator, lane, store: found, env };
        Gateway { pipeline, store, clock, stages, _folder: folder }
    }

    /// What a school sends.
    pub(super) fn submission(&self, body: impl ToString, key: Option<&str>) -> Submission {
        let rules = self.stages.rules.load();
        let agency = rules.directory.agencies.values();
        let agency = agency.into_iter().find(|agency| agency.id.as_str() == "school-ridgeway");
        Submission {
            agency: Arc::clone(agency.expect("an agency of Calderdale's")),
            body: body.to_string().into_bytes(),
            media_type: Some("application/json".to_owned()),
            idempotency_key: key.map(str::to_owned),
            traceparent: None,
        }
    }

    pub(super) async fn send(&self, body: impl ToString, key: Option<&str>) -> Outcome {
        self.pipeline.receive(self.submission(body, key)).await
    }

    pub(super) async fn add(
        &self,
        to: Reference,
        body: impl ToString,
        key: Option<&str>,
    ) -> Outcome {
        self.pipeline.inform(to, self.submission(body, key)).await
    }

    /// Every message in the outbox, oldest first.
    pub(super) async fn messages(&self) -> Vec<OutboxRow> {
        let rows = self.store.deliveries(None, None, 1_000).await.expect("deliveries");
        let ids: Vec<MessageId> = rows.into_iter().map(|row| row.id).collect();
        let mut messages = Vec::new();
        for id in ids {
            messages.push(self.store.message(id).await.expect("reads").expect("there"));
        }
        messages
    }

    /// Messages about refusals, each with its record.
    pub(super) async fn refusals(&self) -> Vec<(OutboxRow, RefusalRow)> {
        let mut refusals = Vec::new();
        for message in self.messages().await {
            if let Some(id) = message.refusal {
                let record = self.store.refusal(id).await.expect("reads").expect("there");
                refusals.push((message, record));
            }
        }
        refusals
    }

    /// What was kept of a refused submission.
    pub(super) fn kept(&self, record: &RefusalRow) -> Dossier {
        let name = Dossier::refusal_name(RefusalId(record.id.0));
        let plain = self.stages.ring.open_record(&name, &record.record).expect("opens");
        Dossier::from_bytes(&plain).expect("whole")
    }

    pub(super) async fn stored(&self, reference: Reference) -> (StoredReferral, Dossier) {
        let read = ReadStore::referral(self.store.as_ref(), reference).await.expect("reads");
        let stored = read.expect("there");
        let name = Dossier::name(stored.row.id);
        let plain = self.stages.ring.open_record(&name, &stored.row.record).expect("opens");
        (stored, Dossier::from_bytes(&plain).expect("whole"))
    }
}

/// The reference and receipt of an accepted submission, and whether it was a repeat.
pub(super) fn accepted(outcome: Outcome) -> (Reference, Value, bool) {
    match outcome {
        Outcome::Accepted { reference, receipt, repeat } => (reference, json_of(&receipt), repeat),
        other => panic!("{other:?} for what must be accepted"),
    }
}

pub(super) fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}
