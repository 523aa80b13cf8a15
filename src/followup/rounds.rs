//! Tasks that do something at intervals.

use super::clocks::interval;
use crate::store::StoreError;
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;

/// Does it at intervals until `stop` is true or its sender is gone. What the store refuses is tried
/// again at the next; `code` and `waits` tell of it in the log.
pub(super) async fn rounds<T, F>(
    every: Duration,
    mut stop: watch::Receiver<bool>,
    (code, waits): (&'static str, &'static str),
    mut round: impl FnMut() -> F,
) where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut every = interval(every);
    loop {
        // The watch's guard may not be held during a round: the task moves.
        let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
        let done = tokio::select! {
            biased;
            _ = stopped => return,
            _ = every.tick() => round().await,
        };
        if let Err(error) = done {
            tracing::warn!(code, %error, "{waits}");
        }
    }
}
