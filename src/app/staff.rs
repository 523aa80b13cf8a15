//! The desk at which people sign in.

use super::{OsEnv, open_keys, open_store};
use crate::access::staff::{SessionLimits, StaffDesk};
use crate::config::settings::Settings;
use crate::domain::time::Env;
use crate::store::Store;
use crate::store::keys::KeyRing;
use anyhow::Result;
use std::sync::Arc;

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
