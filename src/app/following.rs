//! Starts the tasks that follow what the store keeps for them.

use crate::pipeline::{AdultWatch, DocumentWatch, Newsreader, Stages};
use crate::store::Store;
use crate::store::lane::Lane;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The tasks that follow what the authority's records tell, the adults of referrals, and what
/// senders attach.
pub(super) fn start(
    store: &Arc<dyn Store>,
    stages: &Arc<Stages>,
    lane: &Lane,
    stopped: &watch::Receiver<bool>,
) -> [JoinHandle<()>; 3] {
    let (store, stages, lane) = (store.clone(), stages.clone(), lane.clone());
    let news = Newsreader { store: store.clone(), stages: stages.clone(), lane: lane.clone() };
    let documents = DocumentWatch { store: store.clone(), lane: lane.clone() };
    let adults = AdultWatch { store, stages, lane };
    [
        tokio::spawn(news.run(stopped.clone())),
        tokio::spawn(documents.run(stopped.clone())),
        tokio::spawn(adults.run(stopped.clone())),
    ]
}
