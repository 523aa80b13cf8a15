//! Reports cost the store something, so that what was read serves everyone who asks for the same
//! within a minute; and only one reads at a time.

use crate::domain::Timestamp;
use crate::store::StoreError;
use jiff::civil::Date;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Seconds.
const FRESH: f64 = 60.0;
/// Reports that are kept, each from another day on.
const KEPT: usize = 4;

/// Reports by the day from which they begin.
pub(super) struct Fresh<T>(Mutex<Vec<(Date, Timestamp, Arc<T>)>>);

impl<T> Default for Fresh<T> {
    fn default() -> Self {
        Fresh(Mutex::default())
    }
}

impl<T> Fresh<T> {
    /// The report that begins with a day: the one that is kept, or what `read` gives.
    pub(super) async fn get(
        &self,
        since: Date,
        now: Timestamp,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Arc<T>, StoreError> {
        let mut kept = self.0.lock().await;
        kept.retain(|(_, at, _)| (0.0..FRESH).contains(&now.seconds_since(*at)));
        if let Some((_, _, report)) = kept.iter().find(|(day, _, _)| *day == since) {
            return Ok(report.clone());
        }
        let report = Arc::new(read.await?);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((since, now, report.clone()));
        Ok(report)
    }
}
