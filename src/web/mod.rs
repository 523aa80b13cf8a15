//! Pages for people. Server-rendered, without requests to anyone else, and usable without
//! JavaScript.

mod assets;
mod besides;
mod board;
pub mod ops;
pub mod page;
mod privacy;
pub mod refer;
pub mod samples;
pub mod session;
pub mod signin;
pub mod texts;
mod times;
pub mod trouble;

pub use besides::Besides;
pub use board::{Board, Snapshot};
pub use ops::OpsState;
pub use ops::reports::{Reports, Stores as ReportStores};
pub use page::Front;
pub use refer::ReferState;
pub use session::Doors;
pub use texts::Texts;

use actix_web::web::{self, ServiceConfig};
use std::sync::Arc;

/// What all pages are made from.
#[derive(Clone)]
pub struct Pages {
    pub front: Arc<Front>,
    pub ops: Arc<OpsState>,
    pub people: Option<People>,
}

/// What the pages of people who sign in are made from.
#[derive(Clone)]
pub struct People {
    pub doors: Arc<Doors>,
    pub refer: Arc<ReferState>,
}

/// Registers all pages. `Access` is registered by the API.
pub fn configure(cfg: &mut ServiceConfig, pages: &Pages) {
    cfg.app_data(web::Data::from(Arc::clone(&pages.front)))
        .service(web::resource("/assets/{name}").get(assets::serve).head(assets::serve))
        .service(web::resource("/privacy").get(privacy::page).head(privacy::page));
    ops::configure(cfg, &pages.ops);
    if let Some(people) = &pages.people {
        cfg.app_data(web::Data::from(Arc::clone(&people.doors)));
        signin::configure(cfg);
        refer::configure(cfg, &people.refer);
    }
}
