//! What those who answer for the front door read and are told of, over the store of the settings.

use super::feeds;
use crate::access::tls::Certificates;
use crate::config::settings::Settings;
use crate::domain::time::Env;
use crate::domain::{DestinationId, Directory};
use crate::followup::Oversight;
use crate::followup::feeds::FeedWatch;
use crate::followup::oversight::Stores;
use crate::store::Store;
use crate::store::keys::KeyRing;
use crate::store::lane::Lane;
use crate::web::{Besides, Board};
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What looks by itself, and is shown.
pub(super) struct Watches {
    pub(super) feeds: Arc<FeedWatch>,
    pub(super) oversight: Arc<Oversight>,
    store: Arc<dyn Store>,
    env: Arc<dyn Env>,
}

impl Watches {
    pub(super) fn new(
        settings: &Settings,
        (store, ring, env): (&Arc<dyn Store>, &KeyRing, &Arc<dyn Env>),
        lane: &Lane,
        directory: &Arc<ArcSwap<Directory>>,
        screening: DestinationId,
    ) -> Self {
        let (store, env) = (store.clone(), env.clone());
        let feeds = feeds::watch(&settings.feeds, &store, ring, &env);
        let stores = Stores {
            alarms: store.clone(),
            looks: store.clone(),
            reads: store.clone(),
            matches: store.clone(),
            follow: store.clone(),
            doubts: Arc::new(lane.clone()),
        };
        let oversight = Arc::new(Oversight::over(stores, ring, &env, directory, screening));
        Watches { feeds, oversight, store, env }
    }

    pub(super) fn start(&self, stopped: &watch::Receiver<bool>) -> [JoinHandle<()>; 3] {
        let feeds = self.feeds.clone().run(stopped.clone());
        let alarms = self.oversight.alarms.clone().run(stopped.clone());
        let looks = self.oversight.second_looks.clone().run(stopped.clone());
        [tokio::spawn(feeds), tokio::spawn(alarms), tokio::spawn(looks)]
    }

    /// The numbers of the operations page; `channel`: whether notices can be sent.
    pub(super) fn board(&self, channel: bool, tls: Option<Arc<Certificates>>) -> Board {
        let (feeds, oversight) = (self.feeds.clone(), self.oversight.clone());
        let board = Board::new(self.store.clone(), self.env.clone(), feeds, oversight, channel);
        board.with(Besides::new(self.store.clone(), tls))
    }
}
