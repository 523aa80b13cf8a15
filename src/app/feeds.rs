//! The watch over the authority's own records, as the settings have it.

use crate::config::settings;
use crate::domain::time::Env;
use crate::followup::feeds::{FeedRules, FeedWatch};
use crate::store::Store;
use crate::store::keys::KeyRing;
use std::sync::Arc;

pub(super) fn watch(
    settings: &settings::Feeds,
    store: &Arc<dyn Store>,
    ring: &KeyRing,
    env: &Arc<dyn Env>,
) -> Arc<FeedWatch> {
    let stale_after_seconds = i64::from(settings.stale_after_hours) * 3_600;
    let rules = FeedRules { stale_after_seconds, named: settings.named.clone() };
    Arc::new(FeedWatch::new(store.clone(), ring.clone(), env.clone(), rules))
}
