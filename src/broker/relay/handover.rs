//! Handing rows over in memory: from the transaction that wrote them straight to the relay.

use crate::store::OutboxRow;
use crate::store::lane::{self, Place};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, mpsc, watch};

/// Batches that may wait for the relay.
const WAITING: usize = 64;

/// How a writer of outbox rows reaches the relay of its own process.
///
/// Reserve before the transaction. With a permit, write the first message of each (referral,
/// destination) as leased at birth (`leased_until` 30 s ahead, fence 1) and send the rows when
/// the commit has succeeded. Everything else – no permit, later sequences – is written free for
/// any relay to claim, and [`Handover::wake`] tells this one to look.
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

/// A place in the relay's queue. Dropping it gives the place back.
pub struct Permit(mpsc::OwnedPermit<Vec<OutboxRow>>);

impl Permit {
    /// After the commit: rows exactly as written.
    pub fn send(self, rows: Vec<OutboxRow>) {
        let _ = self.0.send(rows);
    }
}

impl Handover {
    /// A place for one batch, if the relay is keeping up and the broker is there.
    pub fn reserve(&self) -> Option<Permit> {
        if !self.shared.accepting.load(Ordering::Relaxed) {
            return None;
        }
        self.rows.clone().try_reserve_owned().ok().map(Permit)
    }

    /// There may be something to claim.
    pub fn wake(&self) {
        self.shared.wake.notify_one();
    }
}

impl lane::Handover for Handover {
    fn reserve(&self) -> Option<Place> {
        let permit = Handover::reserve(self)?;
        Some(Box::new(move |rows| permit.send(rows)))
    }

    fn wake(&self) {
        Handover::wake(self);
    }
}

/// Holds a running relay.
pub struct RelayHandle {
    pub handover: Handover,
    stop: watch::Sender<bool>,
}

impl RelayHandle {
    /// Asks the relay to send what it holds and what is due in the outbox, to mark what is
    /// confirmed, and to end; `Relay::run` returns when that is done, or after ten seconds. What is
    /// not due yet, and everything while the broker is away, stays in the outbox.
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
