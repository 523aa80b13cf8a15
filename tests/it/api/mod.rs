//! The HTTP API as its callers meet it: a real server on a free port, with stand-ins behind it.

mod fakes;

mod acknowledgement;
mod adults;
mod days;
mod desk;
mod destinations;
mod document;
mod documents;
mod feeds;
mod flood;
mod fuzz;
mod keys;
mod load;
mod matches;
mod openapi;
mod operations;
mod outcomes;
mod pages;
mod problems;
mod quality;
mod referrals;
mod reload;
mod status;
mod tls;
mod whole;

use arc_swap::ArcSwap;
use fakes::{FakeDesk, FakeEnv, FakeIntake, FakeLetters, FakeStore, FakeVitals};
use frontdoor::access::{Access, AccessSettings, Owner, OwnerKind, tls::Certificates};
use frontdoor::api::{self, Admission, ApiSettings, ApiState, Document, Listen, OpenApi, Running};
use frontdoor::domain::agency::{Agency, AgencyState, Destination, FieldList, Payload};
use frontdoor::domain::second_looks::SecondLooks;
use frontdoor::domain::time::Env;
use frontdoor::domain::working_days::Duration as Clock;
use frontdoor::domain::{
    AgencyId, Alerting, AttachmentState, DestinationId, Directory, MessageId, Priority, Purpose,
    Reference, ReferralId, RoleId, Timestamp, Whom,
};
use frontdoor::followup::Oversight;
use frontdoor::followup::feeds::{FeedRules, FeedWatch};
use frontdoor::followup::oversight::Stores;
use frontdoor::pipeline::{DocumentLimits, Documents};
use frontdoor::store::keys::KeyRing;
use frontdoor::store::seal::Dossier;
use frontdoor::store::{
    AttachmentCount, DeliveryRow, DeliveryState, OpenNotices, Overview, ReferralRow,
    StoredReferral, Tally,
};
use frontdoor::web;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

pub(crate) const DUTY: &str = "01632 960000";
pub(crate) const OUT_OF_HOURS: &str = "01632 960001";

/// What a test changes before the server starts.
pub(crate) struct Setup {
    pub settings: ApiSettings,
    pub access: AccessSettings,
    pub rate_per_minute: u32,
    pub tls: Option<Arc<Certificates>>,
}

impl Default for Setup {
    fn default() -> Self {
        Setup {
            settings: ApiSettings::default(),
            access: AccessSettings::default(),
            rate_per_minute: 1000,
            tls: None,
        }
    }
}

/// A running server, and everything behind it.
pub(crate) struct World {
    pub url: String,
    pub client: reqwest::Client,
    pub env: Arc<FakeEnv>,
    pub intake: Arc<FakeIntake>,
    pub store: Arc<FakeStore>,
    pub letters: Arc<FakeLetters>,
    pub desk: Arc<FakeDesk>,
    pub vitals: Arc<FakeVitals>,
    pub access: Arc<Access>,
    pub running: Running,
    /// Keys: an agency's, another agency's, MASSTT's, a panel's, an operator's.
    pub school: String,
    pub police: String,
    pub masstt: String,
    pub panel: String,
    pub operator: String,
    /// Of the named few.
    pub named: String,
}

impl World {
    pub(crate) async fn start() -> World {
        World::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> World {
        let env = Arc::new(FakeEnv::new());
        let store = Arc::new(FakeStore::default());
        let directory = Arc::new(ArcSwap::from_pointee(directory(setup.rate_per_minute)));
        let open = Access::open(store.clone(), directory, env.clone(), setup.access);
        let access = Arc::new(open.await.expect("keys are read"));
        let keys = issue_all(&access).await;
        let intake = Arc::new(FakeIntake::new());
        let letters = Arc::new(FakeLetters::default());
        let desk = Arc::new(FakeDesk::default());
        let vitals = Arc::new(FakeVitals::new());
        let feeds = feeds(&store, &env);
        let oversight = oversight(&store, &env, &access);
        let state = Arc::new(ApiState {
            env: env.clone(),
            intake: intake.clone(),
            store: store.clone(),
            matches: store.clone(),
            adults: store.clone(),
            follow: store.clone(),
            desk: desk.clone(),
            documents: documents(&store, &env),
            screening: DestinationId::new("masstt"),
            out_of_hours: DestinationId::new("out-of-hours"),
            letters: letters.clone(),
            vitals: vitals.clone(),
            keys: KeyRing::for_tests(5),
            adapters: Arc::default(),
            access: access.clone(),
            cut: Arc::new(cut),
            metrics: Arc::new(|| "# no metrics here\n".to_owned()),
            document: OpenApi::build(r#"{"type": "object"}"#).expect("the document is whole"),
            admission: Admission::new(&setup.settings.admission),
            settings: setup.settings,
            stopping: Default::default(),
            in_flight: Default::default(),
            readiness: Default::default(),
            feeds: feeds.clone(),
            oversight: oversight.clone(),
        });
        let board = web::Board::new(store.clone(), env.clone(), feeds, oversight, true);
        let front = front(&access, &env);
        let ops = web::OpsState::new(board, reports(&store, &front), env.clone());
        let scheme = if setup.tls.is_some() { "https" } else { "http" };
        let listen = listen(setup.tls);
        let pages = web::Pages { front, ops: Arc::new(ops), people: None };
        let running = api::serve(state, &listen, frontdoor::app::pages(pages)).expect("it listens");
        let url = format!("{scheme}://localhost:{}", running.address.port());
        let [school, police, masstt, panel, operator, named] = keys.try_into().expect("six keys");
        let client = reqwest::Client::new();
        World {
            url,
            client,
            env,
            intake,
            store,
            letters,
            desk,
            vitals,
            access,
            running,
            school,
            police,
            masstt,
            panel,
            operator,
            named,
        }
    }

    pub(crate) fn get(&self, path: &str, key: &str) -> reqwest::RequestBuilder {
        self.client.get(format!("{}{path}", self.url)).bearer_auth(key)
    }

    pub(crate) fn post(&self, path: &str, key: &str) -> reqwest::RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).bearer_auth(key)
    }

    /// Stores a referral of the school that was sent to MASSTT.
    pub(crate) fn store_referral(&self, entropy: u64) -> Reference {
        let reference = Reference::from_entropy(entropy);
        let id = ReferralId::from_parts(Timestamp(1), entropy.to_be_bytes_10());
        let dossier = Dossier {
            raw: b"{}".to_vec(),
            provenance: Vec::new(),
            canonical: br#"{"worry": "Robin is cold", "children": []}"#.to_vec(),
            decision: br#"{"priority": "standard"}"#.to_vec(),
            receipt: receipt(reference).to_string().into_bytes(),
            added: Vec::new(),
        };
        let ring = KeyRing::for_tests(5);
        let record = ring.seal_record(&Dossier::name(id), &dossier.to_bytes(), &*self.env);
        let row = ReferralRow {
            id,
            reference,
            agency: AgencyId::new("school"),
            received_at: Timestamp(1_768_386_600_000_000),
            respond_by: Timestamp(1_768_473_000_000_000),
            level: "4".to_owned(),
            level_rank: 4,
            priority: Priority::Standard,
            score: 42,
            policy_hash: "00".to_owned(),
            revision: 0,
            record,
        };
        let deliveries = vec![delivery(id, "masstt", 1, DeliveryState::Delivered)];
        self.store.referrals.lock().unwrap().insert(reference, StoredReferral { row, deliveries });
        reference
    }
}

/// What pages are made with.
fn front(access: &Access, env: &Arc<FakeEnv>) -> Arc<web::Front> {
    let texts = Arc::new(web::Texts::ours().expect("in order"));
    Arc::new(web::Front { texts, directory: access.directory.clone(), env: env.clone() })
}

/// One worker, at a free port.
fn listen(tls: Option<Arc<Certificates>>) -> Listen {
    let mut listen = Listen::new(SocketAddr::from(([127, 0, 0, 1], 0)));
    (listen.workers, listen.tls) = (1, tls);
    listen
}

fn documents(store: &Arc<FakeStore>, env: &Arc<FakeEnv>) -> Documents {
    Documents {
        store: store.clone(),
        reads: store.clone(),
        ring: KeyRing::for_tests(5),
        env: env.clone(),
        limits: DocumentLimits::default(),
    }
}

fn reports(store: &Arc<FakeStore>, front: &Arc<web::Front>) -> web::Reports {
    let (totals, follow) = (store.clone(), store.clone());
    let (reads, pauses) = (store.clone(), store.clone());
    web::Reports::new(web::ReportStores { totals, follow, reads, pauses }, front.clone())
}

fn feeds(store: &Arc<FakeStore>, env: &Arc<FakeEnv>) -> Arc<FeedWatch> {
    let rules = FeedRules { stale_after_seconds: 36 * 3_600, named: vec!["lcs".to_owned()] };
    let ring = KeyRing::for_tests(5);
    Arc::new(FeedWatch::new(store.clone(), ring, env.clone(), rules))
}

fn oversight(store: &Arc<FakeStore>, env: &Arc<FakeEnv>, access: &Access) -> Arc<Oversight> {
    let stores = Stores {
        alarms: store.clone(),
        looks: store.clone(),
        reads: store.clone(),
        matches: store.clone(),
        follow: store.clone(),
        doubts: store.clone(),
    };
    let (ring, env) = (KeyRing::for_tests(5), env.clone() as Arc<dyn Env>);
    let screening = DestinationId::new("masstt");
    Arc::new(Oversight::over(stores, &ring, &env, &access.directory, screening))
}

/// A key for each caller, in the order of [`World`]'s.
async fn issue_all(access: &Access) -> Vec<String> {
    let mut keys = Vec::new();
    for (kind, owner) in [
        (OwnerKind::Agency, "school"),
        (OwnerKind::Agency, "police"),
        (OwnerKind::Destination, "masstt"),
        (OwnerKind::Destination, "panel"),
        (OwnerKind::Operations, "operator"),
        (OwnerKind::Destination, "named"),
    ] {
        let key = access.issue(&Owner::new(kind, owner), None).await.expect("issued");
        keys.push(key.reveal().to_owned());
    }
    keys
}

trait TenBytes {
    fn to_be_bytes_10(&self) -> [u8; 10];
}

impl TenBytes for u64 {
    fn to_be_bytes_10(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.to_be_bytes());
        bytes
    }
}

pub(crate) fn delivery(id: ReferralId, to: &str, number: u8, state: DeliveryState) -> DeliveryRow {
    DeliveryRow {
        id: MessageId::from_parts(Timestamp(i64::from(number) * 1_000_000), [number; 10]),
        referral: Some(id),
        destination: DestinationId::new(to),
        purpose: Purpose::new("screening"),
        priority: Priority::Standard,
        kind: "referral.routed.v1".to_owned(),
        sequence: 1,
        state,
        created_at: Timestamp(1_768_386_600_000_000),
        due_at: Timestamp(1_768_473_000_000_000),
        delivered_at: Some(Timestamp(1_768_386_601_000_000)),
        acknowledged_at: None,
        attempts: 1,
        last_fault: None,
    }
}

pub(crate) fn receipt(reference: Reference) -> Value {
    json!({
        "reference": reference,
        "status": "received",
        "received_at": "2026-01-14T10:30:00.000Z",
        "respond_by": "2026-01-15T10:30:00.000Z",
        "completeness": {"score": 42, "missing": [], "unread": []},
        "advice": [],
        "children": [{
            "index": 0,
            "level_of_need":
                {"code": "4", "label": "Child in need", "basis": "s17", "suggested": true},
            "priority": "standard",
            "destinations": [{"id": "masstt", "purpose": "screening"}],
            "reasons": [],
        }],
    })
}

pub(crate) fn overview() -> Overview {
    let tally = Tally {
        hour: Timestamp(0),
        what: "received".to_owned(),
        agency: AgencyId::new("school"),
        destination: String::new(),
        level: "4".to_owned(),
        priority: Priority::Immediate,
    };
    let at = Timestamp(1_768_386_000_000_000);
    let state = "delivery-failing".to_owned();
    Overview {
        tallies: vec![(tally, 3)],
        deliveries: vec![(DestinationId::new("masstt"), Priority::Immediate, state, 2, at)],
        oldest_unacknowledged: vec![(DestinationId::new("masstt"), at)],
        outbox_oldest: Some(at),
        outbox_waiting: 17,
        refusals: vec![(AgencyId::new("school"), 1, at)],
        documents: vec![AttachmentCount {
            state: AttachmentState::Quarantined,
            fault: None,
            count: 6,
            oldest: at,
        }],
        notices: vec![OpenNotices {
            whom: Whom::Role(RoleId::new("duty-manager")),
            state: "failing".to_owned(),
            fault: Some("unreachable".to_owned()),
            count: 4,
            oldest: at,
        }],
    }
}

/// Shows only the worry to whoever is not statutory.
fn cut(
    destination: &Destination,
    dossier: &Dossier,
    restricted: &BTreeSet<u16>,
) -> Option<Document> {
    let mut referral: Value = serde_json::from_slice(&dossier.canonical).ok()?;
    let mut decision: Value = serde_json::from_slice(&dossier.decision).ok()?;
    if !destination.statutory {
        referral.as_object_mut()?.remove("children");
        decision = Value::Null;
    }
    let marks = json!({"do_not_alert": false, "restricted": restricted});
    let (priority, respond_by) = (Priority::Standard, Timestamp(1_768_386_000_000_000));
    Some(Document { marks, decision, referral, priority, respond_by })
}

fn directory(rate_per_minute: u32) -> Directory {
    let agency = |id: &str, state| {
        let agency = Agency {
            id: AgencyId::new(id),
            name: id.to_owned(),
            kind: "school".to_owned(),
            state,
            telephone: "01632 960100".to_owned(),
            adapters: Vec::new(),
            rate_per_minute,
            expected_per_week: (id == "school").then_some(3),
        };
        (agency.id.clone(), Arc::new(agency))
    };
    let destination = |id: &str, statutory| {
        let destination = Destination {
            id: DestinationId::new(id),
            name: id.to_owned(),
            aliases: Vec::new(),
            statutory,
            fields: FieldList::All,
            payload: Payload::ClaimCheck,
            clock: Clock::Elapsed { minutes: 24 * 60 },
            open: true,
            restricted: id == "named",
        };
        (destination.id.clone(), Arc::new(destination))
    };
    let agencies = [
        agency("school", AgencyState::Active),
        agency("police", AgencyState::Active),
        agency("academy", AgencyState::Testing),
        agency("closed", AgencyState::Inactive),
    ];
    Directory {
        authority_name: "Calderdale Council".to_owned(),
        agencies: agencies.into(),
        destinations: [
            destination("masstt", true),
            destination("panel", false),
            destination("named", true),
        ]
        .into(),
        amqp_users: Default::default(),
        duty_telephone: DUTY.to_owned(),
        out_of_hours_telephone: OUT_OF_HOURS.to_owned(),
        alerting: Alerting::default(),
        second_looks: SecondLooks {
            themes: [("delay".to_owned(), "It took too long".to_owned())].into(),
            ..SecondLooks::default()
        },
    }
}

/// Checks that an answer is a whole problem document of this status and code, and returns it.
pub(crate) async fn problem(answer: reqwest::Response, status: u16, code: &str) -> Value {
    assert_eq!(answer.status().as_u16(), status, "{code}");
    let headers = answer.headers().clone();
    assert_eq!(headers["content-type"], "application/problem+json");
    let document: Value = answer.json().await.expect("JSON");
    assert_eq!(document["type"], format!("/problems/{code}"), "{document}");
    assert_eq!(document["status"], status);
    for member in ["title", "detail"] {
        assert!(document[member].as_str().is_some_and(|text| !text.is_empty()), "{document}");
    }
    assert_eq!(document["duty"], json!({"in_hours": DUTY, "out_of_hours": OUT_OF_HOURS}));
    let instance = document["instance"].as_str().expect("an instance");
    assert!(uuid::Uuid::parse_str(instance).is_ok(), "{instance}");
    let id = headers["x-request-id"].to_str().expect("text");
    assert!(id == instance || uuid::Uuid::parse_str(id).is_err(), "{id}");
    document
}
