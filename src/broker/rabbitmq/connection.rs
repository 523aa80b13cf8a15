//! The supervised connection that publishes, with its idle confirm channels.

use super::Settings;
use super::declare::declare;
use crate::broker::relay::backoff::exponential;
use crate::broker::topology::Topology;
use crate::broker::traits::BrokerError;
use crate::domain::time::Env;
use arc_swap::ArcSwapOption;
use futures::StreamExt;
use lapin::options::ConfirmSelectOptions;
use lapin::tcp::OwnedTLSConfig;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use metrics::gauge;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longest wait for a connection, a channel or a declaration.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// First and longest wait before connecting again.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// Seconds between heartbeats asked for, where the URL says nothing: a dead peer shows in 20 s.
const HEARTBEAT: u16 = 10;
/// Largest frame asked for, bytes, where the URL says nothing: messages are one or two kilobytes,
/// and 64 frames of this size are kept for each connection.
const FRAME_MAX: u32 = 16 * 1024;
/// Confirm channels kept for reuse.
const IDLE: usize = 16;

/// Where the connection in use is found; empty while there is none.
#[derive(Default)]
pub(super) struct Slot(ArcSwapOption<Live>);

impl Slot {
    /// The connection, when it can send now. RabbitMQ blocks publishers while it lacks memory or
    /// disk.
    pub(super) fn usable(&self) -> Option<Arc<Live>> {
        let live = self.0.load_full()?;
        let status = live.connection.status();
        (status.connected() && !status.blocked()).then_some(live)
    }
}

/// One connection and its idle confirm channels.
pub(super) struct Live {
    pub(super) connection: Connection,
    idle: Mutex<Vec<Channel>>,
}

impl Live {
    /// A confirm channel for one batch alone. Returned messages and confirms are told apart by
    /// channel, so that two batches never share one at the same time.
    pub(super) async fn channel(&self) -> Result<Channel, BrokerError> {
        loop {
            let channel = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match channel {
                Some(channel) if channel.status().connected() => return Ok(channel),
                Some(_) => {}
                None => break,
            }
        }
        patiently(async {
            let channel = self.connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(channel)
        })
        .await
    }

    /// Takes a channel back that has nothing unconfirmed. Any other is simply dropped, and closes.
    pub(super) fn give_back(&self, channel: Channel) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(channel);
        }
    }
}

/// The error while there is no connection.
pub(super) fn down() -> BrokerError {
    BrokerError::Unreachable("no connection to RabbitMQ; it is being tried again".to_owned())
}

/// Waits for an answer of the server, but not for ever.
pub(super) async fn patiently<T>(
    asking: impl Future<Output = lapin::Result<T>>,
) -> Result<T, BrokerError> {
    match timeout(PATIENCE, asking).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(BrokerError::Unreachable(error.to_string())),
        Err(_) => Err(BrokerError::Unreachable("RabbitMQ does not answer in time".to_owned())),
    }
}

/// Connects once. lapin's Tokio runtime sets TCP_NODELAY on the socket.
pub(super) async fn connect(settings: &Settings, part: &str) -> Result<Connection, BrokerError> {
    let mut uri: AMQPUri = settings.url.parse().map_err(|_| {
        let mend = "the AMQP address is not readable; write amqp://user:password@host:port/vhost";
        BrokerError::Unreachable(mend.to_owned())
    })?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT);
    uri.query.frame_max.get_or_insert(FRAME_MAX);
    let tls = OwnedTLSConfig { identity: None, cert_chain: settings.ca_pem.clone() };
    let name = format!("{} {part}", settings.name);
    let properties = ConnectionProperties::default().with_connection_name(name.as_str().into());
    let runtime = lapin::runtime::default_runtime()
        .map_err(|error| BrokerError::Unreachable(error.to_string()))?;
    patiently(Connection::connect_uri_with_config(uri, properties, tls, runtime)).await
}

/// Connects, declares, waits until the connection is lost, and begins again; for ever.
pub(super) async fn supervise(
    settings: Arc<Settings>,
    topology: Arc<Topology>,
    slot: Arc<Slot>,
    env: Arc<dyn Env>,
) {
    let mut failures = 0;
    loop {
        match connect(&settings, "relay").await {
            Ok(connection) => {
                failures = 0;
                serve(connection, &topology, &slot).await;
                tracing::warn!(code = "broker-lost", "the connection to RabbitMQ was lost");
            }
            Err(error) => {
                tracing::warn!(code = "broker-unreachable", %error, "RabbitMQ cannot be reached");
            }
        }
        sleep(exponential(failures, RECONNECT.0, RECONNECT.1, env.as_ref())).await;
        failures += 1;
    }
}

/// Offers one connection until it is lost.
async fn serve(connection: Connection, topology: &Topology, slot: &Slot) {
    // A destination that cannot be declared must not keep the others waiting: its messages are
    // returned, and the relay declares again.
    if let Err(error) = declare(&connection, &topology.all()).await {
        tracing::warn!(code = "broker-declare", %error, "not every queue could be declared");
    }
    let live = Arc::new(Live { connection, idle: Mutex::default() });
    slot.0.store(Some(live.clone()));
    gauge!("frontdoor_broker_up").set(1.0);
    tracing::info!(code = "broker-up", "connected to RabbitMQ");
    lost(&live.connection).await;
    slot.0.store(None);
    gauge!("frontdoor_broker_up").set(0.0);
}

/// Returns when the connection is no longer open. Events tell of errors of single channels too.
async fn lost(connection: &Connection) {
    let mut events = Box::pin(connection.events_listener());
    while connection.status().connected() {
        tokio::select! {
            event = events.next() => if event.is_none() { return },
            () = sleep(Duration::from_millis(500)) => {}
        }
    }
}
