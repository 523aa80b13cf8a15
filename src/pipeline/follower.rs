//! Tasks that follow what the store keeps for them, a bounded number at a time.

use crate::store::error::Result;
use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How long to wait for more, and between two rounds while there is.
const EVERY: Duration = Duration::from_secs(3);
const BETWEEN: Duration = Duration::from_millis(100);
/// A round is followed by a rest of so many times what it took: whoever follows leaves the store to
/// what is being received.
const REST: u32 = 4;

/// Somebody who follows.
pub(super) trait Follower: Sync {
    /// The code with which the log tells that a round failed and is tried again.
    const DELAYED: &'static str;

    /// One round; whether there may be more at once.
    fn next(&self) -> impl Future<Output = Result<bool>> + Send;
}

/// Runs until `stop` is true or its sender is gone.
pub(super) async fn run(follower: &impl Follower, mut stop: watch::Receiver<bool>) {
    let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
    tokio::select! {
        biased;
        _ = stopped => {}
        () = follow(follower) => {}
    }
}

/// How long to rest after what began then.
pub(super) fn rest(began: Instant) -> Duration {
    (began.elapsed() * REST).clamp(BETWEEN, EVERY)
}

async fn follow<F: Follower>(follower: &F) {
    loop {
        let began = Instant::now();
        let wait = match follower.next().await {
            Ok(true) => rest(began),
            Ok(false) => EVERY,
            Err(error) => {
                tracing::warn!(code = F::DELAYED, %error, "it waits for the next round");
                EVERY
            }
        };
        tokio::time::sleep(wait).await;
    }
}
