//! Dead letters: messages that a destination took and gave back too often.
//!
//! Each is first committed as dead, with a copy for MASSTT in the same transaction, and only then
//! taken off the broker. A crash between the two does it again, which changes nothing.

use super::copies::{Cause, for_masstt};
use super::traits::{BrokerError, Mailbox};
use crate::domain::DestinationId;
use crate::domain::time::Env;
use crate::store::{QueuedMessage, RelayStore};
use metrics::counter;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Letters taken in one round.
const ROUND: usize = 64;
/// Pause between rounds.
const PAUSE: Duration = Duration::from_secs(5);

/// The task that reads dead letters.
pub struct DeadLetters {
    pub store: Arc<dyn RelayStore>,
    pub mailbox: Arc<dyn Mailbox>,
    pub env: Arc<dyn Env>,
    /// Where copies go. Its own dead letters are MASSTT's own: those page.
    pub masstt: DestinationId,
}

impl DeadLetters {
    /// Runs until `stop` is true or its sender is gone.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.round().await {
                tracing::warn!(code = "dead-letters-unread", %error, "dead letters wait");
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// One round; returns how many letters were buried.
    ///
    /// # Errors
    /// Of the broker or the store; what was not buried comes again.
    pub async fn round(&self) -> Result<usize, BrokerError> {
        let mut buried = 0;
        for letter in self.mailbox.dead_letters(ROUND).await? {
            buried += usize::from(self.read(&letter).await?);
        }
        Ok(buried)
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
