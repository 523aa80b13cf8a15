//! Dead letters: messages that a destination took and gave back too often.
//!
//! Each is first committed as dead, with a copy for MASSTT in the same transaction, and only then
//! taken off the broker. A crash between the two does it again, which changes nothing. MASSTT's own
//! have nobody behind them: they are sent again after a while, for as long as it takes.

use super::copies::{Cause, for_masstt};
use super::traits::{BrokerError, Mailbox};
use crate::domain::DestinationId;
use crate::domain::time::Env;
use crate::store::{QueuedMessage, RelayStore, StoreError};
use metrics::counter;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Letters taken in one round.
const ROUND: usize = 256;
/// Pause between rounds.
const PAUSE: Duration = Duration::from_secs(5);
/// Seconds after which MASSTT's own dead letters are sent again: as long as they had lived when
/// they died, at least and at most this.
const REVIVED_AFTER: RangeInclusive<i64> = 300..=3600;

/// The task that reads dead letters.
pub struct DeadLetters {
    pub store: Arc<dyn RelayStore>,
    pub mailbox: Arc<dyn Mailbox>,
    pub env: Arc<dyn Env>,
    /// Where copies go. There is nobody behind it to send copies of its own dead letters to: they
    /// page, and are sent again.
    pub masstt: DestinationId,
}

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub buried: usize,
    /// Letters that could not be read or buried: they come again.
    pub failed: usize,
}

impl DeadLetters {
    /// Runs until `stop` is true or its sender is gone.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            // The watch's guard may not be held while letters are read: this task moves.
            let stopped = async { stop.wait_for(|stop| *stop).await.is_ok() };
            let go_on = async {
                let full = self.step().await;
                tokio::time::sleep(if full { Duration::ZERO } else { PAUSE }).await;
            };
            tokio::select! {
                biased;
                _ = stopped => return,
                () = go_on => {}
            }
        }
    }

    /// Reads a round and sends again what may be; whether there is likely to be more to read.
    async fn step(&self) -> bool {
        let round = self.round().await;
        if let Err(error) = &round {
            tracing::warn!(code = "dead-letters-unread", %error, "dead letters wait");
        }
        match self.revive().await {
            Ok(0) => {}
            Ok(revived) => {
                tracing::warn!(code = "masstt-redriven", "dead messages to MASSTT are sent again");
                let revived = u64::try_from(revived).unwrap_or(u64::MAX);
                counter!("frontdoor_dead_letters_redriven_total").increment(revived);
            }
            Err(error) => {
                tracing::warn!(code = "dead-letters-unsent", %error, "dead messages stay dead");
            }
        }
        round.is_ok_and(|round| round.buried >= ROUND)
    }

    /// One round. A letter that cannot be read keeps no other from being read.
    ///
    /// # Errors
    /// When the letters cannot be had at all.
    pub async fn round(&self) -> Result<Round, BrokerError> {
        let mut round = Round::default();
        let mut first = None;
        for letter in self.mailbox.dead_letters(ROUND).await? {
            match self.read(&letter).await {
                Ok(buried) => round.buried += usize::from(buried),
                Err(error) => {
                    round.failed += 1;
                    first.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first {
            let failed = round.failed;
            tracing::warn!(code = "dead-letter-unread", failed, %error, "dead letters wait");
        }
        Ok(round)
    }

    /// Makes MASSTT's own dead letters ready to be sent again, whose pause is over.
    ///
    /// # Errors
    /// Of the store; what was to be sent again is found again.
    pub async fn revive(&self) -> Result<usize, StoreError> {
        self.store.revive(&self.masstt, REVIVED_AFTER, self.env.now(), ROUND).await
    }

    async fn read(&self, letter: &QueuedMessage) -> Result<bool, BrokerError> {
        let Some(original) = self.store.message(letter.id).await? else {
            // Not one of ours: it stays where an operator can look at it.
            counter!("frontdoor_dead_letters_unknown_total").increment(1);
            return Ok(false);
        };
        let now = self.env.now();
        let own = original.destination == self.masstt;
        let copy = (!own)
            .then(|| for_masstt(&original, Cause::Dead, &self.masstt, now, self.env.as_ref()));
        if self.store.dead(letter.id, copy, now).await? {
            let destination = original.destination.to_string();
            counter!("frontdoor_dead_letters_total", "destination" => destination).increment(1);
            if own {
                tracing::error!(
                    code = "masstt-dead-letter",
                    "MASSTT gave a message back too often"
                );
            }
        }
        self.mailbox.bury(letter).await?;
        Ok(true)
    }
}
