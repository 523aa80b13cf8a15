//! Whoever harmed one family's children, and is seen in another's.
//!
//! The lane keeps the adults of each referral. The gateway follows: it compares those who were not
//! compared yet with the adults of other referrals who share a blocking token, and has the
//! screening team of the later referral told of likely ones. Nothing is decided by it. What was
//! not compared to its end is compared again, which tells nothing twice.

use super::follower::{self, Follower};
use super::guard::guarded;
use super::judge::{Stages, from_json};
use super::rows::{Decided, Facts};
use crate::audit::Event;
use crate::domain::adults::{AdultTold, Bar};
use crate::domain::shortlist::shortlist;
use crate::domain::{
    AdultKey, AdultMatchId, AdultRole, AdultSeen, DestinationId, PersonId, Reference, Referral,
    ReferralId, Timestamp,
};
use crate::linkage::{Profile, adults};
use crate::store::adults::any_restricted;
use crate::store::error::{Result, StoreError};
use crate::store::lane::{Lane, LaneError};
use crate::store::work::{AdultProfile, Work};
use crate::store::{AdultMatchRow, AdultRow, Batch, Meeting, Store, StoredReferral, Token};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::watch;

/// Adults compared in one round.
const ROUND: usize = 50;

/// Pairs listed in one message: all of them can be read from the gateway.
const MOST_TOLD: usize = 20;

/// An adult whose sealed parts were opened.
struct Opened {
    role: AdultRole,
    profile: Profile,
}

impl Stages {
    /// The adults of a referral, ready to be sealed. Should this fail, it goes on without them.
    pub(super) fn adults_of(&self, referral: &Referral, at: Timestamp) -> Vec<AdultProfile> {
        let rules = self.rules.load();
        let made = guarded("adults", || {
            let adults = adults::adults_of(referral, at.date()).into_iter();
            let ready = adults.map(|mut adult| {
                rules.linkage.shared.clear(&mut adult.profile);
                let mut profile = vec![adult.role.code()];
                profile.extend(adult.profile.encode());
                AdultProfile { n: adult.n, profile, tokens: self.adult_tokens(&adult.profile) }
            });
            ready.collect()
        });
        made.unwrap_or_default()
    }

    fn adult_tokens(&self, profile: &Profile) -> Vec<Token> {
        let keys = adults::keys(profile);
        let tokens: BTreeSet<Token> = keys.iter().map(|key| self.ring.token(key)).collect();
        tokens.into_iter().collect()
    }

    fn open_adult(&self, adult: &AdultRow) -> Option<Opened> {
        let plain = self.ring.open_adult(adult.key, &adult.profile)?;
        let (role, profile) = plain.split_first()?;
        let mut profile = Profile::decode(profile).ok()?;
        self.rules.load().linkage.shared.clear(&mut profile);
        Some(Opened { role: AdultRole::of_code(*role)?, profile })
    }

    /// Whether it matters that these two may be one, and is likely enough.
    fn may_be_one(&self, one: &Opened, other: &Opened) -> bool {
        let model = &self.rules.load().linkage.model;
        let meet = || adults::meet(model, &one.profile, &other.profile).is_some();
        one.role.matters_with(other.role) && guarded("adults", meet).unwrap_or(false)
    }

    /// What is told of two adults; `None` where one of them cannot be opened.
    pub(super) fn adult_seen(
        &self,
        later: &AdultRow,
        earlier: &AdultRow,
        restricted: bool,
    ) -> Option<AdultSeen> {
        let (one, other) = (self.open_adult(later)?, self.open_adult(earlier)?);
        let model = &self.rules.load().linkage.model;
        let explain = || adults::explain(model, &one.profile, &other.profile);
        let explained = guarded("adults", explain)?;
        let mut total = 0.0;
        let bars = explained.evidence.into_iter().map(|one| {
            total += one.bits;
            Bar { field: one.field, level: one.level, bits: one.bits, total }
        });
        Some(AdultSeen {
            role: one.role,
            other: earlier.reference,
            other_role: other.role,
            restricted,
            weight: explained.weight,
            probability: explained.probability,
            evidence: bars.collect(),
            model: explained.model,
        })
    }

    /// The rows of what was found, and one message to the screening team, of the gravest; also to
    /// the few who may see restricted records, where they were sent the referral.
    pub(super) fn tell_of_meetings(
        &self,
        stored: &StoredReferral,
        meetings: &[Meeting],
        now: Timestamp,
    ) -> Result<Batch> {
        let (rules, env) = (self.rules.load(), self.env.as_ref());
        let referred = self.as_it_stands(stored, now)?;
        let decided: Decided = from_json(&self.open(stored.row.id, &stored.row.record)?.decision)?;
        let directory = &rules.directory;
        let (row, links) = (&stored.row, &[]);
        let facts = Facts { row, referred: &referred, decided: &decided, directory, links, now };
        let id = || AdultMatchId::from_parts(now, env.entropy_id());
        let mut found: Vec<(AdultMatchId, &Meeting)> =
            meetings.iter().map(|meeting| (id(), meeting)).collect();
        found.sort_by(|(_, one), (_, other)| other.seen.gravity(&one.seen));
        let mut rows = Batch::default();
        let named =
            |to: &DestinationId| directory.destinations.get(to).is_some_and(|team| team.restricted);
        let sent = stored.deliveries.iter().map(|row| &row.destination);
        let mut readers: BTreeSet<&DestinationId> = sent.filter(|to| named(to)).collect();
        readers.insert(&rules.policy.teams.screening);
        for to in readers {
            let is_named = named(to);
            let told: Vec<(AdultMatchId, AdultTold<'_>)> =
                found.iter().map(|(id, one)| (*id, one.seen.told(None, is_named))).collect();
            let (told, more) = told.split_at(told.len().min(MOST_TOLD));
            let told = (told, more.len());
            facts.tell_of_adults(to, told, &stored.deliveries, env, &mut rows);
        }
        for (id, Meeting { later, earlier, seen }) in found {
            rows.adults.matches.push(AdultMatchRow {
                id,
                later: *later,
                earlier: *earlier,
                alleged: seen.is_alleged(),
                weight: seen.weight,
                at: now,
            });
            let event = Event::new("adult.possible", "frontdoor").about(later.referral);
            rows.audit.push(event.detail(id.to_string()));
        }
        Ok(rows)
    }
}

/// The task that follows the adults.
pub struct AdultWatch {
    pub store: Arc<dyn Store>,
    pub stages: Arc<Stages>,
    pub lane: Lane,
}

impl Follower for AdultWatch {
    const DELAYED: &'static str = "adults-delayed";

    async fn next(&self) -> Result<bool> {
        Ok(self.round().await? == ROUND)
    }
}

/// The children of a referral, as they stand.
struct Family {
    people: HashSet<PersonId>,
    /// One of them is, or may be, somebody whose record is restricted.
    restricted: bool,
}

type Families = HashMap<ReferralId, Arc<Family>>;

impl AdultWatch {
    /// Runs until `stop` is true or its sender is gone.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        follower::run(&self, stop).await;
    }

    /// Compares the next adults; returns how many.
    ///
    /// # Errors
    /// Of the store, and when the lane is full or away: the same are compared again.
    pub async fn round(&self) -> Result<usize> {
        let waiting = self.store.adults_waiting(ROUND).await?;
        let (mut families, mut found) = (Families::new(), BTreeMap::new());
        for adult in &waiting {
            self.meetings(adult, &mut families, &mut found).await?;
        }
        let mut by_referral: BTreeMap<Reference, Vec<Meeting>> = BTreeMap::new();
        for (reference, meeting) in found.into_values() {
            by_referral.entry(reference).or_default().push(meeting);
        }
        for (reference, mut meetings) in by_referral {
            meetings.sort_by(|one, two| two.seen.weight.total_cmp(&one.seen.weight));
            match self.lane.submit(Work::Meet(reference, meetings)).await {
                // The lane has told of a failure, and it would fail again.
                Ok(_) | Err(LaneError::Failed) => {}
                Err(error) => return Err(StoreError::Unavailable(error.to_string())),
            }
        }
        if !waiting.is_empty() {
            self.store.adults_compared(&waiting).await?;
        }
        Ok(waiting.len())
    }

    /// The likely ones among the adults of other families, by pair, with the later referral's name.
    async fn meetings(
        &self,
        adult: &AdultRow,
        families: &mut Families,
        found: &mut BTreeMap<(AdultKey, AdultKey), (Reference, Meeting)>,
    ) -> Result<()> {
        let Some(opened) = self.stages.open_adult(adult) else {
            tracing::warn!(code = "adult-damaged", "an adult's profile cannot be opened");
            return Ok(());
        };
        let mut blocks =
            self.store.adult_blocks(&self.stages.adult_tokens(&opened.profile)).await?;
        for block in &mut blocks {
            block.retain(|key| key.referral != adult.key.referral);
        }
        for key in shortlist(blocks.iter().map(Vec::as_slice).collect()) {
            let Some(other) = self.store.adult(key).await? else { continue };
            let Some(theirs) = self.stages.open_adult(&other) else { continue };
            if !self.stages.may_be_one(&opened, &theirs) {
                continue;
            }
            let ours = self.family(adult.key.referral, families).await?;
            let family = self.family(key.referral, families).await?;
            if !ours.people.is_disjoint(&family.people) {
                // The same child, who is linked: its history is seen already.
                continue;
            }
            let (later, earlier) = if adult.key > key { (adult, &other) } else { (&other, adult) };
            let restricted = ours.restricted || family.restricted;
            if let Some(seen) = self.stages.adult_seen(later, earlier, restricted) {
                let meeting = Meeting { later: later.key, earlier: earlier.key, seen };
                found.insert((later.key, earlier.key), (later.reference, meeting));
            }
        }
        Ok(())
    }

    async fn family(&self, of: ReferralId, families: &mut Families) -> Result<Arc<Family>> {
        let entry = match families.entry(of) {
            Entry::Occupied(known) => return Ok(known.get().clone()),
            Entry::Vacant(entry) => entry,
        };
        let links = self.store.links(of).await?;
        let settled = links.iter().filter(|link| link.state.is_settled());
        let people = settled.map(|link| link.person).collect();
        let restricted = any_restricted(&links, self.store.as_ref()).await?;
        Ok(entry.insert(Arc::new(Family { people, restricted })).clone())
    }
}
