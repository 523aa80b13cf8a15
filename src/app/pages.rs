//! The pages, over the running gateway.

use crate::api::{Extra, ForPeople};
use crate::config::settings::Settings;
use crate::domain::Directory;
use crate::domain::time::Env;
use crate::web::{self, Board, Front, OpsState, Texts};
use actix_web::web::{Data, ServiceConfig};
use anyhow::Result;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// Reads the words of the authority, and says what to register.
pub(super) fn open(
    settings: &Settings,
    board: Board,
    directory: &Arc<ArcSwap<Directory>>,
    env: &Arc<dyn Env>,
) -> Result<Extra> {
    let texts = Arc::new(Texts::open(&settings.authority.config)?);
    let front = Arc::new(Front { texts, directory: directory.clone(), env: env.clone() });
    Ok(over(front, OpsState::new(board, env.clone())))
}

/// All pages, and how a person is told of a problem.
pub fn over(front: Arc<Front>, ops: OpsState) -> Extra {
    let ops = Arc::new(ops);
    let told = front.clone();
    let people =
        Data::new(ForPeople(Box::new(move |status| web::trouble::of_status(&told, status))));
    Arc::new(move |cfg: &mut ServiceConfig| {
        cfg.app_data(people.clone());
        web::configure(cfg, &front, &ops);
    })
}
