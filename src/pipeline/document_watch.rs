//! Has receiving teams told of documents that senders attach, and of what the scanner says of them.
//!
//! The gateway follows what the store keeps to be told, so that whoever sends a file waits for
//! nothing but its being durable, and several files that come together are told of together.
//! Whatever cannot be told stays, and keeps nothing else waiting.

use super::follower::{self, Follower};
use crate::domain::Reference;
use crate::store::Store;
use crate::store::error::{Result, StoreError};
use crate::store::lane::{Lane, LaneError};
use crate::store::work::Work;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::Instant;

/// Attachments looked at before it rests.
const PAGE: usize = 50;

/// The task that follows the attachments.
pub struct DocumentWatch {
    pub store: Arc<dyn Store>,
    pub lane: Lane,
}

impl Follower for DocumentWatch {
    const DELAYED: &'static str = "documents-delayed";

    async fn next(&self) -> Result<bool> {
        self.round().await.map(|()| false)
    }
}

impl DocumentWatch {
    /// Runs until `stop` is true or its sender is gone.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        follower::run(&self, stop).await;
    }

    /// Has all told that is to be told by now.
    ///
    /// # Errors
    /// Of the store, and when the lane is full or away: the same are told in the next round.
    pub async fn round(&self) -> Result<()> {
        let mut page = self.store.attachments_to_tell(None, PAGE).await?;
        while let Some((last, _)) = page.last().copied() {
            let began = Instant::now();
            let referrals: BTreeSet<Reference> = page.iter().map(|(_, of)| *of).collect();
            for reference in referrals {
                match self.lane.submit(Work::Attached(reference)).await {
                    Ok(_) => {}
                    Err(LaneError::Failed) => {
                        let code = "documents-not-told";
                        tracing::warn!(code, %reference, "its documents are told of later");
                    }
                    Err(error) => return Err(StoreError::Unavailable(error.to_string())),
                }
            }
            if page.len() < PAGE {
                break;
            }
            tokio::time::sleep(follower::rest(began)).await;
            page = self.store.attachments_to_tell(Some(last), PAGE).await?;
        }
        Ok(())
    }
}
