//! What those who answer for the front door read, put together.

use super::alarms::AlarmWatch;
use super::consistency::Consistency;
use super::quality::Quality;
use crate::domain::Directory;
use crate::domain::time::Env;
use crate::store::keys::KeyRing;
use crate::store::{MatchStore, QualityStore, ReadStore};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// How agencies refer, how teams decide, and what is out of the ordinary.
pub struct Oversight {
    pub quality: Quality,
    pub consistency: Consistency,
    pub alarms: Arc<AlarmWatch>,
}

/// Where it is read.
pub struct Stores {
    pub quality: Arc<dyn QualityStore>,
    pub reads: Arc<dyn ReadStore>,
    pub matches: Arc<dyn MatchStore>,
}

impl Oversight {
    pub fn over(
        stores: Stores,
        ring: &KeyRing,
        env: &Arc<dyn Env>,
        directory: &Arc<ArcSwap<Directory>>,
        alarms: Arc<AlarmWatch>,
    ) -> Self {
        let (ring, env, directory) = (ring.clone(), env.clone(), directory.clone());
        let decided = stores.quality.clone();
        let consistency = Consistency::new(decided, ring.clone(), env.clone(), directory.clone());
        Oversight { quality: Quality::new(stores, ring, env, directory), consistency, alarms }
    }
}
