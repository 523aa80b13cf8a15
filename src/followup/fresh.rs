//! Reports cost the store something, so that what was read serves everyone who asks for the same
//! within a minute; and only one reads at a time.

use crate::domain::Timestamp;
use crate::store::StoreError;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Seconds.
const FRESH: f64 = 60.0;
/// Seconds for which nobody tries again after a failure: whoever waits behind it is told at once.
const FAILED: f64 = 5.0;
/// Reports that are kept, each of something else.
const KEPT: usize = 64;

/// Reports by what was asked.
pub(super) struct Fresh<K, T>(Mutex<Kept<K, T>>);

struct Kept<K, T> {
    reports: Vec<(K, Timestamp, Arc<T>)>,
    failed: Option<(Timestamp, String)>,
}

impl<K, T> Default for Fresh<K, T> {
    fn default() -> Self {
        Fresh(Mutex::new(Kept { reports: Vec::new(), failed: None }))
    }
}

impl<K: PartialEq, T> Fresh<K, T> {
    /// The report that was asked for: the one that is kept, or what `read` gives.
    pub(super) async fn get(
        &self,
        asked: K,
        now: Timestamp,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Arc<T>, StoreError> {
        let mut kept = self.0.lock().await;
        let within = |at: &Timestamp, seconds| (0.0..seconds).contains(&now.seconds_since(*at));
        kept.reports.retain(|(_, at, _)| within(at, FRESH));
        if let Some((_, _, report)) = kept.reports.iter().find(|(of, _, _)| *of == asked) {
            return Ok(report.clone());
        }
        if let Some((_, why)) = kept.failed.as_ref().filter(|(at, _)| within(at, FAILED)) {
            return Err(StoreError::Unavailable(why.clone()));
        }
        kept.failed = None;
        let report = match read.await {
            Ok(report) => Arc::new(report),
            Err(error) => {
                kept.failed = Some((now, format!("moments ago: {error}")));
                return Err(error);
            }
        };
        if kept.reports.len() >= KEPT {
            kept.reports.remove(0);
        }
        kept.reports.push((asked, now, report.clone()));
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn a_report_serves_for_a_minute_and_a_failure_for_five_seconds() {
        let (fresh, reads) = (Fresh::default(), Cell::new(0));
        let get = async |asked: u8, seconds: i64, works: bool| {
            let read = async {
                reads.set(reads.get() + 1);
                let failed = || StoreError::Damaged("by a test".to_owned());
                if works { Ok(reads.get()) } else { Err(failed()) }
            };
            let report = fresh.get(asked, Timestamp(seconds * 1_000_000), read).await;
            report.map(|report| *report).map_err(|error| error.to_string())
        };
        assert_eq!([get(1, 0, true).await, get(1, 59, true).await], [Ok(1), Ok(1)]);
        assert_eq!(get(1, 60, true).await, Ok(2), "a minute is over");
        assert!(get(2, 61, false).await.is_err());
        let again = get(2, 65, true).await.expect_err("nobody tries");
        assert_eq!((again.contains("moments ago"), reads.get()), (true, 3), "{again}");
        assert_eq!(get(1, 65, true).await, Ok(2), "what is kept serves meanwhile");
        assert_eq!(get(2, 66, true).await, Ok(4));
    }
}
