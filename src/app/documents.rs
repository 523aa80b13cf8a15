//! What senders attach: how it is kept, and the task that has it scanned.

use crate::config::documents;
use crate::domain::time::Env;
use crate::followup::scanning::{Clamd, Scanner, Scanning};
use crate::pipeline::{DocumentLimits, Documents, Stages};
use crate::store::Store;
use crate::store::keys::KeyRing;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(super) fn open(
    settings: &documents::Documents,
    store: &Arc<dyn Store>,
    stages: &Stages,
) -> Documents {
    Documents {
        store: store.clone(),
        reads: store.clone(),
        ring: stages.ring.clone(),
        env: stages.env.clone(),
        limits: DocumentLimits {
            bytes: settings.max_bytes,
            files: settings.max_files,
            bytes_of_all: settings.max_bytes_of_all,
        },
    }
}

/// The task that has documents scanned.
pub(super) fn start(
    settings: &documents::Documents,
    store: &Arc<dyn Store>,
    (ring, env): (&KeyRing, &Arc<dyn Env>),
    stopped: &watch::Receiver<bool>,
) -> JoinHandle<()> {
    let scanner = settings.address().map(|at| Arc::new(Clamd(at)) as Arc<dyn Scanner>);
    if scanner.is_none() {
        tracing::warn!(
            code = "no-scanner",
            "no scanner is configured for documents: what senders attach stays in quarantine and \
             is handed to nobody. Set documents.scanner"
        );
    }
    let (store, ring, env) = (store.clone(), ring.clone(), env.clone());
    tokio::spawn(Scanning { store, scanner, ring, env }.run(stopped.clone()))
}
