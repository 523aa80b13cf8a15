//! What changes slowly and is shown with what waits now: matches that a person is to decide, and
//! until when the listener's certificate is good. Read once a minute, for everyone who looks.

use crate::access::tls::Certificates;
use crate::domain::Timestamp;
use crate::store::{MatchState, MatchStore, StoreError};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Seconds.
const FRESH: f64 = 60.0;
/// Matches that are counted; of more it is said that there are.
const COUNTED: usize = 1_000;

/// Where it is read.
pub struct Besides {
    matches: Arc<dyn MatchStore>,
    certificates: Option<Arc<Certificates>>,
    backlog: Mutex<Option<(Timestamp, Backlog)>>,
}

/// Matches that wait for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backlog {
    pub(super) count: i64,
    /// Whether there are others.
    pub(super) more: bool,
    pub(super) oldest: Option<Timestamp>,
}

impl Besides {
    pub fn new(matches: Arc<dyn MatchStore>, certificates: Option<Arc<Certificates>>) -> Self {
        Besides { matches, certificates, backlog: Mutex::default() }
    }

    /// Until when the certificate is good; `None` where the gateway has none of its own.
    pub(super) fn certificate(&self) -> Option<Timestamp> {
        self.certificates.as_ref().and_then(|certificates| certificates.ends())
    }

    pub(super) async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        let mut kept = self.backlog.lock().await;
        let fresh = |at: Timestamp| (0.0..FRESH).contains(&now.seconds_since(at));
        if let Some((_, told)) = kept.filter(|(at, _)| fresh(*at)) {
            return Ok(told);
        }
        let open = self.matches.matches(MatchState::Open, None, COUNTED + 1).await?;
        let count = open.len().min(COUNTED);
        let told = Backlog {
            count: i64::try_from(count).unwrap_or(i64::MAX),
            more: open.len() > COUNTED,
            oldest: open.iter().map(|one| one.at).min(),
        };
        *kept = Some((now, told));
        Ok(told)
    }
}
