//! Pages for people. Server-rendered, without requests to anyone else, and usable without
//! JavaScript.

mod assets;
mod board;
pub mod ops;
pub mod page;
mod privacy;
pub mod samples;
pub mod texts;
pub mod trouble;

pub use board::{Board, Snapshot};
pub use ops::OpsState;
pub use page::Front;
pub use texts::Texts;

use actix_web::web::{self, ServiceConfig};
use std::sync::Arc;

/// Registers all pages. `Access` is registered by the API.
pub fn configure(cfg: &mut ServiceConfig, front: &Arc<Front>, ops: &Arc<OpsState>) {
    cfg.app_data(web::Data::from(Arc::clone(front)))
        .service(web::resource("/assets/{name}").get(assets::serve).head(assets::serve))
        .service(web::resource("/privacy").get(privacy::page).head(privacy::page));
    ops::configure(cfg, ops);
}
