//! The composition root: the only place that names concrete backends, reads the wall clock and
//! draws randomness from the operating system.

mod adapters;
mod documents;
mod env;
mod escalation;
mod feeds;
mod following;
mod import;
mod letters;
mod master_key;
mod notices;
mod outcomes;
mod oversight;
mod pages;
mod reload;
mod rules;
mod staff;

pub use env::OsEnv;
pub use import::{Import, Imported, Progress, Whole, import_people};
pub use master_key::open_keys;
pub use pages::over as pages;
pub use rules::load_rules;
pub use staff::{open_staff_desk, staff_desk};

use crate::access::tls::{Certificates, TlsFiles};
use crate::access::{Access, AccessSettings};
use crate::api::{
    self, Admission, AdmissionSettings, ApiSettings, ApiState, Document, Listen, OpenApi, Running,
    Vitals,
};
use crate::broker::deadletters::DeadLetters;
use crate::broker::embedded::Embedded;
use crate::broker::rabbitmq::{self, RabbitMq};
use crate::broker::relay::{Relay, RelayHandle};
use crate::broker::taken::Taken;
use crate::broker::topology::Topology;
use crate::broker::{Broker, Mailbox, relay};
use crate::config::settings::{self, Settings};
use crate::domain::agency::Destination;
use crate::domain::time::Env;
use crate::domain::{DestinationId, Directory, Referral};
use crate::followup::clocks::Clocks;
use crate::pipeline::{Decided, Pipeline, Rules, Stages, close_proposal};
use crate::store::keys::KeyRing;
use crate::store::lane::{Lane, LaneParts, lane, offload_to_threads};
use crate::store::patient::Patient;
use crate::store::seal::Dossier;
use crate::store::{Store, open};
use crate::telemetry::{LogFormat, Telemetry, TelemetrySettings};
use crate::validation::Validator;
use crate::workers::Pool;
use anyhow::{Context, Result, bail};
use arc_swap::{ArcSwap, ArcSwapOption};
use oversight::Watches;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Submissions that may wait for the lane.
const LANE_QUEUE: usize = 4_096;

/// Longest wait of the relay, the dead letters and the clocks for an answer of the store: longer
/// than a statement may take.
const STORE_LIMIT: Duration = Duration::from_secs(45);

/// Opens the store of the settings for a command, also beside a gateway; a schema that is older
/// or newer than needed is refused.
pub async fn open_store(settings: &Settings) -> Result<Arc<dyn Store>> {
    let url = &settings.database.url;
    let store = open::open(url).await?;
    if url.starts_with("sqlite:") && store.check_schema().await.is_err() {
        // On one machine nobody else migrates; but never under a gateway that is running.
        open::open_alone(url).await?.migrate().await?;
    }
    store.check_schema().await?;
    Ok(store)
}

/// Opens the store of the settings for a gateway.
pub async fn open_store_to_serve(settings: &Settings) -> Result<Arc<dyn Store>> {
    let url = &settings.database.url;
    let store = open::open_alone(url).await?;
    if url.starts_with("sqlite:") {
        store.migrate().await?;
    }
    store.check_schema().await?;
    Ok(store)
}

/// The running gateway.
pub struct App {
    pub settings: Settings,
    pub store: Arc<dyn Store>,
    pub ring: KeyRing,
    pub env: Arc<dyn Env>,
    pub access: Arc<Access>,
    server: Running,
    relay: RelayHandle,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    lane: JoinHandle<()>,
    relaying: JoinHandle<()>,
    telemetry: Telemetry,
}

/// The two ends of a broker.
struct Ends {
    broker: Arc<dyn Broker>,
    mailbox: Arc<dyn Mailbox>,
    /// Where teams can send outcomes as messages.
    rabbit: Option<Arc<RabbitMq>>,
}

fn open_broker(
    settings: &Settings,
    store: &Arc<dyn Store>,
    topology: &Arc<Topology>,
    env: &Arc<dyn Env>,
) -> Ends {
    let (topology, env) = (topology.clone(), env.clone());
    match &settings.broker.url {
        Some(url) => {
            let reach =
                rabbitmq::Settings { url: url.clone(), ca_pem: None, name: "frontdoor".to_owned() };
            let rabbit = Arc::new(RabbitMq::start(reach, topology, env.clone()));
            let mailbox = Taken { mailbox: rabbit.clone(), store: store.clone(), env };
            Ends { broker: rabbit.clone(), mailbox: Arc::new(mailbox), rabbit: Some(rabbit) }
        }
        None => {
            let embedded = Arc::new(Embedded::new(store.clone(), topology, env));
            Ends { broker: embedded.clone(), mailbox: embedded, rabbit: None }
        }
    }
}

/// What readiness is computed from.
struct Pulse {
    broker: Arc<dyn Broker>,
    lane: Lane,
}

impl Vitals for Pulse {
    fn broker_up(&self) -> bool {
        self.broker.is_up()
    }

    fn lane_up(&self) -> bool {
        self.lane.room() > 0
    }
}

/// `restricted` are the children whose records only the named few may see.
fn cut(
    rules: &Rules,
    to: &Destination,
    dossier: &Dossier,
    restricted: &BTreeSet<u16>,
) -> Option<Document> {
    let (referral, _) = Referral::read(serde_json::from_slice(&dossier.canonical).ok()?);
    let decided: Decided = serde_json::from_slice(&dossier.decision).ok()?;
    let mut decision = decided.as_sent(&rules.policy, to.statutory).into_owned();
    if to.statutory {
        decision.restrict(restricted);
    }
    let route = decision.routes.iter().find(|route| route.destination == to.id);
    let mut cut = rules.routing.cut(&referral, to, &decision);
    if let (true, Some(mut proposal)) = (to.statutory, decided.proposal()) {
        if !restricted.is_empty() && !to.restricted {
            close_proposal(&mut proposal);
        }
        cut["decision"]["proposed"] = proposal;
    }
    let mut part = |name: &str| cut.get_mut(name).map(serde_json::Value::take).unwrap_or_default();
    Some(Document {
        marks: part("marks"),
        decision: part("decision"),
        referral: part("referral"),
        priority: route.map_or(decision.priority, |route| route.priority),
        respond_by: decision.respond_by,
    })
}

fn telemetry(settings: &settings::Telemetry) -> Result<Telemetry> {
    let format = LogFormat::parse(&settings.format)
        .with_context(|| format!("telemetry.format is text or json, not {}", settings.format))?;
    let (filter, otlp_endpoint) = (settings.filter.clone(), settings.otlp.clone());
    Ok(Telemetry::start(&TelemetrySettings { format, filter, otlp_endpoint })?)
}

/// Reads certificates again when they are renewed.
fn keep_certificates(certificates: Arc<Certificates>) -> JoinHandle<()> {
    tokio::spawn(async move { certificates.keep_fresh(Duration::from_secs(5)).await })
}

fn listen(settings: &settings::Http) -> Result<Listen> {
    let mut listen = Listen::new(settings.listen);
    if settings.workers > 0 {
        listen.workers = settings.workers;
    }
    listen.connections = settings.max_connections;
    if let (Some(certificate), Some(key)) = (&settings.certificate, &settings.private_key) {
        let files = TlsFiles { certificate: certificate.clone(), key: key.clone() };
        listen.tls = Some(Certificates::open(files)?);
    }
    Ok(listen)
}

impl App {
    /// Opens everything over the store of the settings, and starts every role.
    pub async fn start(settings: Settings, store: Arc<dyn Store>) -> Result<App> {
        let telemetry = telemetry(&settings.telemetry)?;
        let env: Arc<dyn Env> = Arc::new(OsEnv::new());
        let ring = open_keys(&settings, store.as_ref()).await?;
        let (rules, fingerprint) = rules::read_rules(&settings)?;
        let directory = Arc::new(ArcSwap::from_pointee(rules.directory.clone()));
        let topology = Arc::new(Topology::new(rules.directory.destinations.keys().cloned()));
        let masstt = rules.policy.teams.screening.clone();
        rules.linkage.model.count(store.count_people().await?);
        let rules = Arc::new(ArcSwap::from_pointee(rules));
        let stages =
            Arc::new(Stages { rules: rules.clone(), ring: ring.clone(), env: env.clone() });
        let ends = open_broker(&settings, &store, &topology, &env);

        let roles = Roles::start(&store, &ends, &env, &stages, masstt.clone());
        let Roles { entrance, lane, relay: handle, relaying } = roles;
        let (stop, stopped) = watch::channel(false);
        let (known, listening) = (directory.clone(), stopped.clone());
        let mut tasks = background(&store, &ends, &env, masstt.clone(), rules.clone(), &stopped);
        tasks.extend(following::start(&store, &stages, &entrance, &stopped));
        let reload = reload::Reload {
            settings: settings.clone(),
            rules: rules.clone(),
            directory: directory.clone(),
            topology,
            broker: ends.broker.clone(),
        };
        tasks.push(tokio::spawn(reload.keep_fresh(fingerprint)));
        tasks.push(tokio::spawn(keep_counting(store.clone(), rules.clone())));
        tasks.push(staff::keep_tidy(&settings, &store, &ring, &env));
        tasks.push(documents::start(&settings.documents, &store, (&ring, &env), &stopped));
        tasks.extend(notices::start(&settings.notices, &store, &env, &directory, &stopped)?);
        tasks.push(tokio::spawn(telemetry.upkeep()));
        let access = open_access(&settings, &store, directory, &env).await?;
        let refreshed = access.clone();
        tasks.push(tokio::spawn(async move { refreshed.keep_fresh().await }));
        let listen = listen(&settings.http)?;
        tasks.extend(listen.tls.clone().map(keep_certificates));
        let metrics = Arc::new(telemetry.renderer());
        let adapters = adapters::open(&settings)?;
        let of_agencies = access.directory.clone();
        let fresh = adapters::keep_fresh(settings.adapters.clone(), adapters.clone(), of_agencies);
        tasks.push(tokio::spawn(fresh));
        let parts = (&store, &ring, &env);
        let watches = Watches::new(&settings, parts, &entrance, &access.directory, masstt);
        tasks.extend(watches.start(&stopped));
        let board = watches.board(settings.notices.smtp.is_some(), listen.tls.clone());
        let (rabbit, served) = (ends.rabbit.clone(), access.clone());
        let behind =
            Behind { rules, stages, entrance, ends, access: served, adapters, metrics, watches };
        let state = Arc::new(api_state(&settings, &store, behind)?);
        let pages = pages::open(&settings, &store, board, &state)?;
        tasks.extend(outcomes::start(rabbit, &state, known, listening));
        let server = api::serve(state, &listen, pages)
            .with_context(|| format!("cannot listen on {}", settings.http.listen))?;
        let relay = handle;
        Ok(App {
            settings,
            store,
            ring,
            env,
            access,
            server,
            relay,
            stop,
            tasks,
            lane,
            relaying,
            telemetry,
        })
    }

    /// Where it listens, e.g. `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        let scheme = if self.settings.http.certificate.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.server.address)
    }

    /// Serves until SIGTERM or SIGINT, then drains: requests, the lane, the relay.
    pub async fn run_until_stopped(mut self) -> Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut term, mut int) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
            ended = self.server.ended() => bail!("the server ended by itself: {ended:?}"),
        }
        tracing::info!("stopping: no new requests, what is under way is finished");
        self.server.stop().await?;
        self.stop.send_replace(true);
        // The last entrances of the lane are gone with the server; what was taken is committed.
        let _ = tokio::time::timeout(Duration::from_secs(10), self.lane).await;
        self.relay.shutdown();
        let _ = tokio::time::timeout(Duration::from_secs(15), self.relaying).await;
        for task in &self.tasks {
            task.abort();
        }
        tokio::task::spawn_blocking(move || self.telemetry.finish()).await?;
        Ok(())
    }
}

/// The lane and the relay, running.
struct Roles {
    entrance: Lane,
    lane: JoinHandle<()>,
    relay: RelayHandle,
    relaying: JoinHandle<()>,
}

impl Roles {
    fn start(
        store: &Arc<dyn Store>,
        ends: &Ends,
        env: &Arc<dyn Env>,
        stages: &Arc<Stages>,
        masstt: DestinationId,
    ) -> Roles {
        let (broker, env) = (ends.broker.clone(), env.clone());
        let patient = Arc::new(Patient::new(store.clone(), STORE_LIMIT));
        let parts = relay::Parts { store: patient, broker, env: env.clone(), masstt };
        let (relay, handle) = Relay::new(parts);
        let relaying = tokio::spawn(relay.run());
        let (entrance, lane) = lane(
            LaneParts {
                store: store.clone(),
                judge: stages.clone(),
                env,
                offload: offload_to_threads(),
                handover: Some(Arc::new(handle.handover.clone())),
            },
            LANE_QUEUE,
        );
        Roles { entrance, lane: tokio::spawn(lane), relay: handle, relaying }
    }
}

/// What the API's handlers use, over the pipeline.
struct Behind {
    rules: Arc<ArcSwap<Rules>>,
    stages: Arc<Stages>,
    entrance: Lane,
    ends: Ends,
    access: Arc<Access>,
    adapters: Arc<ArcSwapOption<Pool>>,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
    watches: Watches,
}

fn api_state(settings: &Settings, store: &Arc<dyn Store>, behind: Behind) -> Result<ApiState> {
    let Behind { rules, stages, entrance, ends, access, adapters, metrics, watches } = behind;
    let (env, ring) = (stages.env.clone(), stages.ring.clone());
    let teams = rules.load().policy.teams.clone();
    let (screening, out_of_hours) = (teams.screening, teams.out_of_hours);
    let documents = documents::open(&settings.documents, store, &stages);
    let pipeline = Arc::new(Pipeline {
        stages,
        validator: Validator::new(),
        lane: entrance.clone(),
        store: store.clone(),
        env: env.clone(),
    });
    Ok(ApiState {
        env,
        intake: pipeline.clone(),
        store: store.clone(),
        matches: store.clone(),
        adults: store.clone(),
        follow: store.clone(),
        desk: pipeline,
        documents,
        screening,
        out_of_hours,
        letters: Arc::new(letters::OfMailbox(ends.mailbox)),
        vitals: Arc::new(Pulse { broker: ends.broker, lane: entrance }),
        keys: ring,
        adapters,
        access,
        cut: Arc::new(move |to, dossier, of| cut(&rules.load(), to, dossier, of)),
        metrics,
        document: OpenApi::build(include_str!("../schemas/referral.v1.schema.json"))?,
        admission: Admission::new(&admission(&settings.http)),
        settings: api_settings(&settings.http),
        stopping: AtomicBool::new(false),
        in_flight: AtomicUsize::new(0),
        readiness: api::Readiness::default(),
        feeds: watches.feeds.clone(),
        oversight: watches.oversight.clone(),
    })
}

/// Dead letters and clocks.
fn background(
    store: &Arc<dyn Store>,
    ends: &Ends,
    env: &Arc<dyn Env>,
    masstt: DestinationId,
    rules: Arc<ArcSwap<Rules>>,
    stopped: &watch::Receiver<bool>,
) -> Vec<JoinHandle<()>> {
    let patient = Arc::new(Patient::new(store.clone(), STORE_LIMIT));
    let letters = DeadLetters {
        store: patient.clone(),
        mailbox: ends.mailbox.clone(),
        env: env.clone(),
        masstt,
    };
    let escalation = Arc::new(escalation::OfRules(rules));
    let clocks = Clocks { store: patient, env: env.clone(), escalation };
    vec![tokio::spawn(letters.run(stopped.clone())), tokio::spawn(clocks.run(stopped.clone()))]
}

/// How many people are on record changes slowly, and with it how likely any one of them is.
const COUNT: Duration = Duration::from_secs(600);

async fn keep_counting(store: Arc<dyn Store>, rules: Arc<ArcSwap<Rules>>) {
    loop {
        tokio::time::sleep(COUNT).await;
        match store.count_people().await {
            Ok(people) => rules.load().linkage.model.count(people),
            Err(error) => tracing::warn!(code = "count-people", %error, "people are not counted"),
        }
    }
}

async fn open_access(
    settings: &Settings,
    store: &Arc<dyn Store>,
    directory: Arc<ArcSwap<Directory>>,
    env: &Arc<dyn Env>,
) -> Result<Arc<Access>> {
    let access = AccessSettings { ops_open: settings.ops.open, ..AccessSettings::default() };
    Ok(Arc::new(Access::open(store.clone(), directory, env.clone(), access).await?))
}

fn admission(http: &settings::Http) -> AdmissionSettings {
    AdmissionSettings {
        referrals: http.max_referrals,
        others: http.max_others,
        ..AdmissionSettings::default()
    }
}

fn api_settings(http: &settings::Http) -> ApiSettings {
    ApiSettings {
        body_limit: http.max_body,
        admission: admission(http),
        https: http.certificate.is_some() || http.behind_proxy,
        ..ApiSettings::default()
    }
}
