//! The keys that work now, in memory. Any replica may issue or revoke a key; the others notice
//! within a refresh.

use super::keys::{self, IssuedKey, PresentedKey};
use super::rate::Limits;
use crate::domain::time::Env;
use crate::domain::{Directory, Timestamp};
use crate::store::{KeyStore, StoreError};
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq as _;

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    Agency,
    Destination,
    Operations,
}

impl OwnerKind {
    pub const ALL: [OwnerKind; 3] =
        [OwnerKind::Agency, OwnerKind::Destination, OwnerKind::Operations];

    /// As stored in [`KeyRow::owner_kind`].
    pub fn as_str(self) -> &'static str {
        match self {
            OwnerKind::Agency => "agency",
            OwnerKind::Destination => "destination",
            OwnerKind::Operations => "operations",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The holder of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub kind: OwnerKind,
    /// An agency's or destination's id; for operations a name of who holds it.
    pub id: Arc<str>,
}

impl Owner {
    pub fn new(kind: OwnerKind, id: &str) -> Self {
        Owner { kind, id: id.into() }
    }
}

/// Settings of who may call how much.
#[derive(Clone, Debug)]
pub struct AccessSettings {
    /// How often keys are read again from the store.
    pub refresh: Duration,
    /// Calls a minute that a receiving team's system, or an operator, may make.
    pub reads_per_minute: u32,
    /// `/ops` and `/metrics` are open to whoever reaches the listener: for demonstrations on a
    /// loopback address.
    pub ops_open: bool,
}

impl Default for AccessSettings {
    fn default() -> Self {
        let refresh = Duration::from_secs(2);
        AccessSettings { refresh, reads_per_minute: 1_200, ops_open: false }
    }
}

struct Entry {
    owner: Owner,
    hash: [u8; 32],
    ends_at: Option<Timestamp>,
}

/// Who may call.
pub struct Access {
    table: ArcSwap<HashMap<String, Entry>>,
    store: Arc<dyn KeyStore>,
    env: Arc<dyn Env>,
    /// Agencies and destinations of the configuration in force.
    pub directory: Arc<ArcSwap<Directory>>,
    pub limits: Limits,
    pub settings: AccessSettings,
}

impl Access {
    /// Starts with the keys in the store.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        directory: Arc<ArcSwap<Directory>>,
        env: Arc<dyn Env>,
        settings: AccessSettings,
    ) -> Result<Self, StoreError> {
        let table = ArcSwap::default();
        let limits = Limits::new(settings.reads_per_minute);
        let access = Access { table, store, env, directory, limits, settings };
        access.refresh().await?;
        Ok(access)
    }

    /// Reads the keys again; after an error the last ones go on working.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let rows = self.store.keys().await?;
        let entries = rows.into_iter().filter_map(|row| {
            let kind = OwnerKind::parse(&row.owner_kind)?;
            let hash = <[u8; 32]>::try_from(row.hash.as_slice()).ok()?;
            let ends_at = row.expires_at.into_iter().chain(row.revoked_at).min();
            Some((row.id, Entry { owner: Owner::new(kind, &row.owner), hash, ends_at }))
        });
        self.table.store(Arc::new(entries.collect()));
        Ok(())
    }

    /// Reads the keys again and again, for as long as it is polled.
    pub async fn keep_fresh(&self) {
        loop {
            tokio::time::sleep(self.settings.refresh).await;
            if let Err(error) = self.refresh().await {
                tracing::warn!(%error, "keys could not be read again; the last ones still work");
            }
        }
    }

    /// Issues a key; several keys of one owner work side by side, so that it can be rotated
    /// without a gap. The result is the only copy of its secret.
    pub async fn issue(
        &self,
        owner: &Owner,
        expires_at: Option<Timestamp>,
    ) -> Result<IssuedKey, StoreError> {
        let (store, env) = (self.store.as_ref(), self.env.as_ref());
        let key = keys::issue_until(store, env, owner.kind, &owner.id, expires_at).await?;
        self.refresh().await?;
        Ok(key)
    }

    /// Stops a key now; false when there is no such key.
    pub async fn revoke(&self, id: &str) -> Result<bool, StoreError> {
        let ended = self.store.end_key(id, self.env.now(), true).await?;
        self.refresh().await?;
        Ok(ended)
    }

    /// The owner of a presented key that works now.
    pub fn owner_of(&self, presented: &str) -> Option<Owner> {
        let presented = PresentedKey::parse(presented)?;
        // Hashed before the look-up, so that an unknown id takes as long as a wrong secret.
        let hash = presented.hash();
        let table = self.table.load();
        let entry = table.get(presented.id)?;
        let matches = bool::from(hash.as_slice().ct_eq(&entry.hash));
        let ended = entry.ends_at.is_some_and(|end| end <= self.env.now());
        (matches && !ended).then(|| entry.owner.clone())
    }
}
