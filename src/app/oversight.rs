//! What those who answer for the front door read and are told of, over the store of the settings.

use super::feeds;
use crate::config::settings::Settings;
use crate::domain::time::Env;
use crate::domain::{DestinationId, Directory};
use crate::followup::Oversight;
use crate::followup::alarms::AlarmWatch;
use crate::followup::feeds::FeedWatch;
use crate::followup::oversight::Stores;
use crate::store::Store;
use crate::store::keys::KeyRing;
use crate::web::Board;
use arc_swap::ArcSwap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What looks by itself, and is shown.
pub(super) struct Watches {
    pub(super) feeds: Arc<FeedWatch>,
    alarms: Arc<AlarmWatch>,
    store: Arc<dyn Store>,
    ring: KeyRing,
    env: Arc<dyn Env>,
    directory: Arc<ArcSwap<Directory>>,
}

impl Watches {
    pub(super) fn new(
        settings: &Settings,
        (store, ring, env): (&Arc<dyn Store>, &KeyRing, &Arc<dyn Env>),
        directory: &Arc<ArcSwap<Directory>>,
        screening: DestinationId,
    ) -> Self {
        let (store, env, directory) = (store.clone(), env.clone(), directory.clone());
        let feeds = feeds::watch(&settings.feeds, &store, ring, &env);
        let alarms = AlarmWatch::new(store.clone(), env.clone(), directory.clone(), screening);
        let (alarms, ring) = (Arc::new(alarms), ring.clone());
        Watches { feeds, alarms, store, ring, env, directory }
    }

    pub(super) fn start(&self, stopped: &watch::Receiver<bool>) -> [JoinHandle<()>; 2] {
        let feeds = self.feeds.clone().run(stopped.clone());
        [tokio::spawn(feeds), tokio::spawn(self.alarms.clone().run(stopped.clone()))]
    }

    /// The numbers of the operations page; `channel`: whether notices can be sent.
    pub(super) fn board(&self, channel: bool) -> Board {
        let (feeds, alarms) = (self.feeds.clone(), self.alarms.clone());
        Board::new(self.store.clone(), self.env.clone(), feeds, alarms, channel)
    }

    pub(super) fn oversight(&self) -> Oversight {
        let store = &self.store;
        let stores =
            Stores { quality: store.clone(), reads: store.clone(), matches: store.clone() };
        Oversight::over(stores, &self.ring, &self.env, &self.directory, self.alarms.clone())
    }
}
