//! The pages, over the running gateway.

use super::staff::staff_desk;
use crate::api::{ApiState, Extra, ForPeople};
use crate::config::settings::Settings;
use crate::pipeline::drafts::Drafts;
use crate::store::Store;
use crate::web::{
    self, Board, Doors, Front, OpsState, Pages, People, ReferState, ReportStores, Reports, Texts,
};
use actix_web::web::{Data, ServiceConfig};
use anyhow::Result;
use std::sync::Arc;

/// Reads the words of the authority, and says what to register. `behind` is what programs ask:
/// people are answered from the same.
pub(super) fn open(
    settings: &Settings,
    store: &Arc<dyn Store>,
    board: Board,
    behind: &ApiState,
) -> Result<Extra> {
    let texts = Arc::new(Texts::open(&settings.authority.config)?);
    let (store, ring, env) = (store.clone(), behind.keys.clone(), behind.env.clone());
    let desk = staff_desk(settings, store.clone(), ring.clone(), env.clone());
    let behind_proxy = settings.http.behind_proxy;
    let secure = settings.http.certificate.is_some() || behind_proxy;
    let stores = ReportStores {
        totals: store.clone(),
        follow: store.clone(),
        reads: store.clone(),
        pauses: store.clone(),
    };
    let refer = ReferState {
        drafts: Drafts { store: store.clone(), ring: ring.clone(), env: env.clone() },
        intake: behind.intake.clone(),
        desk: behind.desk.clone(),
        store,
        ring,
    };
    let doors = Doors { desk: Arc::new(desk), secure, behind_proxy };
    let directory = behind.access.directory.clone();
    let front = Arc::new(Front { texts, directory, env: env.clone() });
    let reports = Reports::new(stores, front.clone());
    Ok(over(Pages {
        front,
        ops: Arc::new(OpsState::new(board, reports, env)),
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
