//! Whoever harmed one family's children, and is seen in another's: the adults of a referral,
//! whether two may be one, and what is told of it. [`super::adult_watch`] looks for them.

use super::guard::guarded;
use super::judge::{Stages, from_json};
use super::rows::{Decided, Facts};
use crate::audit::Event;
use crate::domain::adults::{AdultTold, Bar};
use crate::domain::{AdultMatchId, AdultRole, AdultSeen, DestinationId, Referral, Timestamp};
use crate::linkage::{Profile, adults};
use crate::store::error::Result;
use crate::store::work::AdultProfile;
use crate::store::{AdultMatchRow, AdultRow, Batch, Meeting, StoredReferral, Token};
use std::collections::BTreeSet;

/// Pairs listed in one message: all of them can be read from the gateway.
const MOST_TOLD: usize = 20;

/// An adult whose sealed parts were opened.
pub(super) struct Opened {
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

    /// What an opened adult shares with others who may be the same.
    pub(super) fn tokens_of(&self, adult: &Opened) -> Vec<Token> {
        self.adult_tokens(&adult.profile)
    }

    pub(super) fn open_adult(&self, adult: &AdultRow) -> Option<Opened> {
        let plain = self.ring.open_adult(adult.key, &adult.profile)?;
        let (role, profile) = plain.split_first()?;
        let mut profile = Profile::decode(profile).ok()?;
        self.rules.load().linkage.shared.clear(&mut profile);
        Some(Opened { role: AdultRole::of_code(*role)?, profile })
    }

    /// Whether it matters that these two may be one, and is likely enough; `None` where comparing
    /// them fails.
    pub(super) fn may_be_one(&self, one: &Opened, other: &Opened) -> Option<bool> {
        let model = &self.rules.load().linkage.model;
        let meet = || adults::meet(model, &one.profile, &other.profile).is_some();
        if one.role.matters_with(other.role) { guarded("adults", meet) } else { Some(false) }
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
        let (referred, decided, rules) = (&referred, &decided, &rules);
        let facts = Facts { row, referred, decided, rules, links, now };
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
