//! The desk at which people sign in.

use super::{OsEnv, open_keys, open_store};
use crate::access::staff::{SessionLimits, StaffDesk};
use crate::config::settings::Settings;
use crate::domain::time::Env;
use crate::store::Store;
use crate::store::keys::KeyRing;
use anyhow::Result;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often what nobody needs any more of sign-ins is taken away, and how much at once.
const TIDY_EVERY: Duration = Duration::from_secs(60);
const AT_ONCE: usize = 1_000;

/// For a command.
pub async fn open_staff_desk(settings: &Settings) -> Result<StaffDesk> {
    let store = open_store(settings).await?;
    let ring = open_keys(settings, store.as_ref()).await?;
    Ok(staff_desk(settings, store, ring, Arc::new(OsEnv::new())))
}

/// Over a store and its keys.
pub fn staff_desk(
    settings: &Settings,
    store: Arc<dyn Store>,
    ring: KeyRing,
    env: Arc<dyn Env>,
) -> StaffDesk {
    let limits = SessionLimits {
        idle: i64::from(settings.sessions.idle_minutes) * 60,
        absolute: i64::from(settings.sessions.absolute_hours) * 3_600,
    };
    StaffDesk::new(store, ring, env, limits)
}

/// Housekeeping: a page at a time, so that nobody waits for it.
pub(super) fn keep_tidy(
    settings: &Settings,
    store: &Arc<dyn Store>,
    ring: &KeyRing,
    env: &Arc<dyn Env>,
) -> JoinHandle<()> {
    let desk = staff_desk(settings, store.clone(), ring.clone(), env.clone());
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(TIDY_EVERY).await;
            while tidied(&desk).await.is_some_and(|most| most >= AT_ONCE as u64) {}
        }
    })
}

async fn tidied(desk: &StaffDesk) -> Option<u64> {
    let tidied = desk.tidy(AT_ONCE).await;
    let told = tidied.inspect_err(|error| {
        tracing::warn!(code = "sign-ins-untidy", %error, "old sign-ins are taken away later");
    });
    told.ok()
}
