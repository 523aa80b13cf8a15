//! What those who answer for the front door read, put together.

use super::alarms::AlarmWatch;
use super::consistency::Consistency;
use super::quality::Quality;
use super::second_looks::SecondLookDesk;
use crate::domain::time::Env;
use crate::domain::{DestinationId, Directory};
use crate::store::keys::KeyRing;
use crate::store::{AlarmStore, Doubts, FollowStore, MatchStore, ReadStore, SecondLookStore};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// How agencies refer, how teams decide, and what is out of the ordinary.
pub struct Oversight {
    pub quality: Quality,
    pub consistency: Arc<Consistency>,
    pub alarms: Arc<AlarmWatch>,
    pub second_looks: Arc<SecondLookDesk>,
}

/// Where it is read.
pub struct Stores {
    pub alarms: Arc<dyn AlarmStore>,
    pub looks: Arc<dyn SecondLookStore>,
    pub reads: Arc<dyn ReadStore>,
    pub matches: Arc<dyn MatchStore>,
    pub follow: Arc<dyn FollowStore>,
    /// The lane: what is doubted goes before the screening team again.
    pub doubts: Arc<dyn Doubts>,
}

impl Oversight {
    /// `screening`: whose work it is to ask agencies, and to decide again.
    pub fn over(
        stores: Stores,
        ring: &KeyRing,
        env: &Arc<dyn Env>,
        directory: &Arc<ArcSwap<Directory>>,
        screening: DestinationId,
    ) -> Self {
        let shared = || (ring.clone(), env.clone(), directory.clone());
        let Stores { alarms, looks, reads, matches, follow, doubts } = stores;
        let (ring, env, directory) = shared();
        let counts = (alarms.clone() as Arc<_>, reads.clone(), matches);
        let quality = Quality::new(counts, ring, env, directory);
        let (ring, env, directory) = shared();
        let decided = (alarms.clone() as Arc<_>, looks.clone());
        let consistency = Arc::new(Consistency::new(decided, ring, env, directory));
        let (ring, env, directory) = shared();
        let alarms = AlarmWatch::new(alarms, env.clone(), directory.clone(), screening.clone());
        let alarms = Arc::new(alarms);
        let second_looks = Arc::new(SecondLookDesk {
            store: looks,
            follow,
            reads,
            doubts,
            ring,
            env,
            directory,
            screening,
        });
        Oversight { quality, consistency, alarms, second_looks }
    }
}
