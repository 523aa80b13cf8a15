//! Handing rows over in memory: from the transaction that wrote them straight to the relay.

use crate::store::OutboxRow;
use crate::store::lane::{self, Place};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, mpsc, watch};

/// Batches that may wait for the relay.
const WAITING: usize = 64;

/// How the commit lane reaches the relay of its own process; clones share it.
#[derive(Clone)]
pub struct Handover {
    rows: mpsc::Sender<Vec<OutboxRow>>,
    shared: Arc<Shared>,
}

/// What both ends see.
pub(super) struct Shared {
    pub(super) wake: Notify,
    /// The relay can send on at once; otherwise a lease at birth would only delay.
    pub(super) accepting: AtomicBool,
}

impl lane::Handover for Handover {
    fn reserve(&self) -> Option<Place> {
        if !self.shared.accepting.load(Ordering::Relaxed) {
            return None;
        }
        let permit = self.rows.clone().try_reserve_owned().ok()?;
        Some(Box::new(move |rows| {
            // Without its relay the lease runs out, and another claims the rows.
            let _ = permit.send(rows);
        }))
    }

    fn wake(&self) {
        self.shared.wake.notify_one();
    }
}

/// Holds a running relay.
pub struct RelayHandle {
    pub handover: Handover,
    stop: watch::Sender<bool>,
}

impl RelayHandle {
    /// Asks the relay to claim nothing more, to send what it holds, to mark what is confirmed, and
    /// to end; `Relay::run` returns when that is done, or after ten seconds.
    pub fn shutdown(&self) {
        self.handover.shared.accepting.store(false, Ordering::Relaxed);
        self.stop.send_replace(true);
    }
}

/// The relay's ends.
pub(super) struct Inbox {
    pub(super) rows: mpsc::Receiver<Vec<OutboxRow>>,
    pub(super) shared: Arc<Shared>,
    pub(super) stop: watch::Receiver<bool>,
}

pub(super) fn channel() -> (RelayHandle, Inbox) {
    let (sender, rows) = mpsc::channel(WAITING);
    let shared = Arc::new(Shared { wake: Notify::new(), accepting: AtomicBool::new(false) });
    let (stop, stopped) = watch::channel(false);
    let handover = Handover { rows: sender, shared: shared.clone() };
    (RelayHandle { handover, stop }, Inbox { rows, shared, stop: stopped })
}
