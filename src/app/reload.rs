//! Configuration that changes while the gateway runs: validated first, then swapped; a folder with
//! a fault leaves the last good one in use.

use super::rules::read_rules;
use crate::broker::Broker;
use crate::broker::topology::Topology;
use crate::config::{self, settings::Settings};
use crate::domain::Directory;
use crate::pipeline::Rules;
use anyhow::{Result, ensure};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often the folder is looked at. A change is taken up when two looks see the same, so that a
/// file that is being written is not read half.
const LOOK: Duration = Duration::from_secs(1);

/// What was refused is read again this often: a file may not have been there to read.
const AGAIN: Duration = Duration::from_secs(60);

/// What is swapped when the authority's folder changes.
pub(super) struct Reload {
    pub(super) settings: Settings,
    pub(super) rules: Arc<ArcSwap<Rules>>,
    pub(super) directory: Arc<ArcSwap<Directory>>,
    pub(super) topology: Arc<Topology>,
    pub(super) broker: Arc<dyn Broker>,
}

impl Reload {
    /// Looks at the folder for ever. `read` is the fingerprint of what is in use.
    pub(super) async fn keep_fresh(self, mut read: String) {
        let mut last = read.clone();
        let mut refused: Option<(String, Instant)> = None;
        // 1 while what is in the folder is in use, 0 while it has faults and is not.
        let current = metrics::gauge!("frontdoor_configuration_current");
        current.set(1.0);
        loop {
            tokio::time::sleep(LOOK).await;
            let seen = config::fingerprint(&self.settings.authority.config);
            let settled = seen == std::mem::replace(&mut last, seen.clone());
            let waits =
                refused.as_ref().is_some_and(|(what, at)| *what == seen && at.elapsed() < AGAIN);
            if !settled || waits || seen == read && refused.is_none() {
                continue;
            }
            match self.take_up(&seen).await {
                // It changed while it was read: the next look sees it.
                Ok(None) => {}
                Ok(Some(hash)) => {
                    (read, refused) = (seen, None);
                    tracing::info!(code = "configuration-changed", policy = hash, "now in use");
                    current.set(1.0);
                }
                Err(error) => {
                    refused = Some((seen, Instant::now()));
                    tracing::error!(
                        code = "configuration-refused",
                        "the last good configuration stays in use: {error:#}"
                    );
                    current.set(0.0);
                }
            }
        }
    }

    /// Queues first: what is decided under the new rules must find where it goes.
    async fn take_up(&self, seen: &str) -> Result<Option<String>> {
        let settings = self.settings.clone();
        let (new, read) = tokio::task::spawn_blocking(move || read_rules(&settings)).await??;
        if read != seen {
            return Ok(None);
        }
        let (screening, now) = (&self.rules.load().policy.teams.screening, &new.policy.teams);
        ensure!(
            *screening == now.screening,
            "the screening team is {screening} and would be {}; restart the gateway to change it",
            now.screening
        );
        let hash = new.policy.hash.clone();
        self.topology.replace(new.directory.destinations.keys().cloned());
        if let Err(error) = self.broker.declare().await {
            // It is declared again whenever a connection is made or a message comes back.
            tracing::warn!(code = "broker-declare", %error, "new queues are not declared yet");
        }
        self.directory.store(Arc::new(new.directory.clone()));
        new.linkage.model.count(self.rules.load().linkage.model.people());
        self.rules.store(Arc::new(new));
        Ok(Some(hash))
    }
}
