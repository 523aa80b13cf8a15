//! The pages, over the running gateway.

use super::staff::staff_desk;
use crate::api::{Extra, ForPeople};
use crate::config::settings::Settings;
use crate::domain::Directory;
use crate::domain::time::Env;
use crate::pipeline::drafts::Drafts;
use crate::pipeline::{Desk, Intake};
use crate::store::Store;
use crate::store::keys::KeyRing;
use crate::web::{self, Board, Doors, Front, OpsState, Pages, People, ReferState, Texts};
use actix_web::web::{Data, ServiceConfig};
use anyhow::Result;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// What the pages look into.
pub(super) struct Behind<'a> {
    pub settings: &'a Settings,
    pub store: &'a Arc<dyn Store>,
    pub ring: &'a KeyRing,
    pub env: &'a Arc<dyn Env>,
    pub directory: &'a Arc<ArcSwap<Directory>>,
    pub intake: Arc<dyn Intake>,
    pub desk: Arc<dyn Desk>,
    pub board: Board,
}

/// Reads the words of the authority, and says what to register.
pub(super) fn open(behind: Behind<'_>) -> Result<Extra> {
    let Behind { settings, store, ring, env, directory, intake, desk, board } = behind;
    let texts = Arc::new(Texts::open(&settings.authority.config)?);
    let people = staff_desk(settings, store.clone(), ring.clone(), env.clone());
    let secure = settings.http.certificate.is_some() || settings.http.behind_proxy;
    let doors = Doors { desk: Arc::new(people), secure };
    let refer = ReferState {
        drafts: Drafts { store: store.clone(), ring: ring.clone(), env: env.clone() },
        intake,
        desk,
        store: store.clone(),
        ring: ring.clone(),
    };
    Ok(over(Pages {
        front: Arc::new(Front { texts, directory: directory.clone(), env: env.clone() }),
        ops: Arc::new(OpsState::new(board, env.clone())),
        people: Some(People { doors: Arc::new(doors), refer: Arc::new(refer) }),
    }))
}

/// All pages, and how a person is told of a problem.
pub fn over(pages: Pages) -> Extra {
    let told = pages.front.clone();
    let people =
        Data::new(ForPeople(Box::new(move |status| web::trouble::of_status(&told, status))));
    Arc::new(move |cfg: &mut ServiceConfig| {
        cfg.app_data(people.clone());
        web::configure(cfg, &pages);
    })
}
