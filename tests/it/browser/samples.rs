//! A small server of our own with every sample, as the gateway would answer it.

use actix_web::{App, HttpServer};
use frontdoor::web::Front;
use frontdoor::web::samples;
use std::sync::Arc;

/// Serves until the test ends; the URL.
pub(super) fn serve(front: Arc<Front>) -> String {
    let server =
        HttpServer::new(move || App::new().configure(|cfg| samples::configure(cfg, &front)))
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .expect("a free port");
    let address = *server.addrs().first().expect("an address");
    tokio::spawn(server.run());
    format!("http://{address}")
}
