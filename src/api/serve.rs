//! The listener: HTTP/1.1, plain or TLS, with limits on the time and number of connections, and a
//! stop that lets what is under way finish.

use super::frame::frame;
use super::routes;
use super::state::ApiState;
use crate::access::tls::Certificates;
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Listen {
    /// Port 0 takes a free one.
    pub address: SocketAddr,
    pub tls: Option<Arc<Certificates>>,
    /// Threads that serve connections.
    pub workers: usize,
    /// Connections open at once, of all threads; further ones wait to be taken.
    pub connections: usize,
    /// How long a stop waits for requests under way.
    pub drain: Duration,
}

impl Listen {
    pub fn new(address: SocketAddr) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, Into::into);
        let drain = Duration::from_secs(20);
        Listen { address, tls: None, workers, connections: 8_192, drain }
    }
}

/// Registers pages beside the API, e.g. `web::configure`.
pub type Extra = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// A server that is listening.
pub struct Running {
    pub address: SocketAddr,
    handle: ServerHandle,
    state: Arc<ApiState>,
    drain: Duration,
    done: JoinHandle<io::Result<()>>,
}

/// Starts listening.
///
/// # Errors
/// When the address cannot be taken or TLS cannot be set up.
pub fn serve(state: Arc<ApiState>, listen: &Listen, extra: Extra) -> io::Result<Running> {
    let of_app = Arc::clone(&state);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(from_fn(frame))
            .configure(|cfg| routes::configure(cfg, &of_app))
            .configure(|cfg| extra(cfg))
    })
    .workers(listen.workers)
    .max_connections(listen.connections.div_ceil(listen.workers.max(1)))
    .keep_alive(Duration::from_secs(75))
    .client_request_timeout(Duration::from_secs(5))
    .client_disconnect_timeout(Duration::from_secs(5))
    .tcp_nodelay(true)
    .shutdown_timeout(1)
    .disable_signals();
    let server = match &listen.tls {
        None => server.bind(listen.address)?,
        Some(certificates) => {
            let config = certificates.server_config().map_err(io::Error::other)?;
            server.bind_rustls_0_23(listen.address, config)?
        }
    };
    let address = *server.addrs().first().ok_or_else(|| io::Error::other("nothing is bound"))?;
    let server = server.run();
    let handle = server.handle();
    let done = tokio::spawn(server);
    Ok(Running { address, handle, state, drain: listen.drain, done })
}

impl Running {
    /// Takes no more connections, waits for requests under way (at most the drain time), and ends.
    /// Connections that are merely kept open do not hold it up.
    ///
    /// # Errors
    /// When the server had already failed.
    pub async fn stop(self) -> io::Result<()> {
        self.state.stopping.store(true, Ordering::Release);
        self.handle.pause().await;
        let idle = async {
            while self.state.in_flight.load(Ordering::Acquire) > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            // The last answers are on their way out of the buffers.
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        if tokio::time::timeout(self.drain, idle).await.is_err() {
            tracing::warn!("requests were still under way when the drain time ran out");
        }
        self.handle.stop(false).await;
        self.done.await.map_err(io::Error::other)?
    }

    /// Waits until the server ends by itself, which it does only when it fails.
    pub async fn ended(&mut self) -> io::Result<()> {
        (&mut self.done).await.map_err(io::Error::other)?
    }
}
