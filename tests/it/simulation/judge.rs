//! A judge that decides simply and writes whole rows, as the pipeline's does: children are the
//! same when their truth is the same.

use super::spec::{DESTINATIONS, HISTORY, Poison, Spec, UNCOMPARABLE, destination};
use frontdoor::audit::Event;
use frontdoor::domain::decision::CaseStatus;
use frontdoor::domain::ids::RefusalId;
use frontdoor::domain::time::Env;
use frontdoor::domain::{
    ChildHistory, DestinationId, LinkState, MessageId, PersonId, Priority, Purpose, Reference,
    ReferralId, Timestamp,
};
use frontdoor::store::error::{Result, StoreError};
use frontdoor::store::seal::Dossier;
use frontdoor::store::work::*;
use frontdoor::store::*;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The level that the simulated database refuses.
pub(super) const REFUSED_LEVEL: &str = "poison";

/// What is kept in a dossier as the decision: what the invariants look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(super) struct Decided {
    pub routes: Vec<(String, Priority)>,
    /// Earlier referrals of each child, as the lane said.
    pub earlier: Vec<u32>,
}

/// The judge of one gateway process.
pub(super) struct SimJudge {
    pub env: Arc<dyn Env>,
}

fn plain<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain data")
}

pub(super) fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> T {
    serde_json::from_slice(bytes).expect("written by the simulation")
}

fn hour(at: Timestamp) -> Timestamp {
    Timestamp(at.0 - at.0.rem_euclid(3_600_000_000))
}

/// Receipts by the body that they answer, first to last.
pub(super) fn receipts(dossier: &Dossier) -> Vec<(Token16, Vec<u8>)> {
    read(&dossier.receipt)
}

/// A referral's ids and the parts that its rows are made of.
struct Facing<'a> {
    id: ReferralId,
    reference: Reference,
    referred: &'a Referred,
    spec: Spec,
    links: &'a [ChildLink],
    decided: Decided,
    now: Timestamp,
}

impl SimJudge {
    fn decide(&self, spec: &Spec, histories: &[ChildHistory]) -> Decided {
        let route =
            |(index, priority): &(usize, Priority)| (DESTINATIONS[*index].to_owned(), *priority);
        let mut routes: Vec<(String, Priority)> = spec.routes.iter().map(route).collect();
        let earlier: Vec<u32> = histories.iter().map(|history| history.referrals_12m).collect();
        if earlier.iter().any(|count| *count >= 3) {
            routes.push((HISTORY.to_owned(), Priority::Urgent));
        }
        Decided { routes, earlier }
    }

    fn spoil(&self, spec: &Spec) -> Result<()> {
        match spec.poison {
            Poison::Panics => std::panic::resume_unwind(Box::new("a stage panics")),
            Poison::Damaged => Err(StoreError::Damaged("poison".to_owned())),
            _ => Ok(()),
        }
    }

    fn row(&self, facing: &Facing<'_>, record: Sealed) -> ReferralRow {
        let poisoned = facing.spec.poison == Poison::Row;
        ReferralRow {
            id: facing.id,
            reference: facing.reference,
            agency: facing.referred.agency.clone(),
            received_at: facing.referred.received_at,
            respond_by: facing.now.plus_seconds(24 * 3600),
            level: if poisoned { REFUSED_LEVEL.to_owned() } else { "4".to_owned() },
            level_rank: 4,
            priority: Priority::Standard,
            score: 50,
            policy_hash: String::new(),
            revision: 0,
            record,
        }
    }

    fn people(&self, facing: &Facing<'_>, into: &mut Batch) {
        for (index, (link, child)) in facing.links.iter().zip(&facing.referred.children).enumerate()
        {
            if link.fresh {
                into.persons.push(PersonRow {
                    id: link.person,
                    created_at: facing.now,
                    profile: child.profile.clone(),
                    case_status: CaseStatus::None,
                    case_team: None,
                    restricted: false,
                    restriction: None,
                    as_of: None,
                    source: None,
                    record: Sealed::default(),
                    tokens: child.tokens.clone(),
                });
            } else {
                into.tokens.extend(child.tokens.iter().map(|token| (*token, link.person)));
                if link.state != LinkState::Linked {
                    into.profiles.push((link.person, child.profile.clone()));
                }
            }
            let row = |person, state, weight| LinkRow {
                referral: facing.id,
                child: u16::try_from(index).unwrap_or(u16::MAX),
                person,
                state,
                weight,
                at: facing.now,
                agency: facing.referred.agency.clone(),
                level_rank: 4,
                decision: None,
            };
            let state = match link.state {
                LinkState::Linked => LinkState::Linked,
                _ => LinkState::New,
            };
            into.links.push(row(link.person, state, link.weight));
            for (person, weight) in &link.possible {
                into.links.push(row(*person, LinkState::Possible, *weight));
            }
        }
    }

    fn messages(&self, facing: &Facing<'_>, before: &[DeliveryRow], into: &mut Batch) {
        for (name, priority) in &facing.decided.routes {
            let to = DestinationId::new(name);
            let earlier = before.iter().filter(|row| row.destination == to);
            let sequence = earlier.map(|row| row.sequence).max().unwrap_or(0) + 1;
            let about = About { referral: Some(facing.id), refusal: None };
            let mut row = self.message(about, to, *priority, facing.now);
            row.sequence = sequence;
            row.agency = facing.referred.agency.clone();
            into.outbox.push(row);
            into.tallies.push((self.tally("routed", facing, name), 1));
        }
    }

    fn message(
        &self,
        about: About,
        destination: DestinationId,
        priority: Priority,
        now: Timestamp,
    ) -> OutboxRow {
        let seconds = match priority {
            Priority::Immediate => 600,
            Priority::Urgent => 4 * 3600,
            Priority::Standard => 24 * 3600,
        };
        OutboxRow {
            id: MessageId::from_parts(now, self.env.entropy_id()),
            referral: about.referral,
            refusal: about.refusal,
            destination,
            purpose: Purpose::new("screening"),
            priority,
            kind: "referral.routed.v1".to_owned(),
            sequence: 1,
            created_at: now,
            due_at: now.plus_seconds(seconds),
            payload: b"{}".to_vec(),
            traceparent: None,
            agency: frontdoor::domain::AgencyId::new(""),
            level: String::new(),
            attempts: 0,
            fence: 0,
            leased_until: None,
        }
    }

    fn tally(&self, what: &str, facing: &Facing<'_>, destination: &str) -> Tally {
        Tally {
            hour: hour(facing.now),
            what: what.to_owned(),
            agency: facing.referred.agency.clone(),
            destination: destination.to_owned(),
            level: String::new(),
            priority: Priority::Standard,
        }
    }

    /// A receipt says nothing that history could change (invariant 6).
    fn receipt(&self, facing: &Facing<'_>) -> Vec<u8> {
        format!("{} {} {:?}", facing.reference, facing.spec.serial, facing.spec.routes).into_bytes()
    }
}

struct About {
    referral: Option<ReferralId>,
    refusal: Option<RefusalId>,
}

pub(super) fn dossier_of(record: &Sealed) -> Dossier {
    Dossier::from_bytes(&record.body).expect("written by the simulation")
}

impl Judge for SimJudge {
    fn open_profile(&self, _person: PersonId, sealed: &[u8]) -> Option<Vec<u8>> {
        Some(sealed.to_vec())
    }

    fn link(&self, child: &ChildProfile, candidates: &[Candidate]) -> LinkVerdict {
        if child.profile == UNCOMPARABLE {
            std::panic::resume_unwind(Box::new("a stage panics"));
        }
        let mut same = candidates.iter().filter(|(_, profile)| **profile == *child.profile);
        let oldest = same.by_ref().map(|(person, _)| *person).min();
        match oldest {
            Some(person) => LinkVerdict {
                state: LinkState::Linked,
                person: Some(person),
                weight: 20.0,
                ..LinkVerdict::default()
            },
            None => LinkVerdict::default(),
        }
    }

    fn conclude(
        &self,
        referred: &Referred,
        links: &[ChildLink],
        histories: &[ChildHistory],
        now: Timestamp,
    ) -> Result<Concluded> {
        let spec: Spec = read(&referred.raw);
        self.spoil(&spec)?;
        let decided = self.decide(&spec, histories);
        let id = ReferralId::from_parts(now, self.env.entropy_id());
        let reference = Reference::from_entropy(self.env.entropy_u64());
        let facing = Facing { id, reference, referred, spec, links, decided, now };
        let receipt = self.receipt(&facing);
        let dossier = Dossier {
            raw: referred.raw.clone(),
            provenance: Vec::new(),
            canonical: referred.raw.clone(),
            decision: plain(&facing.decided),
            receipt: plain(&vec![(referred.repeat.body, receipt.clone())]),
            ..Dossier::default()
        };
        let record = Sealed { wrapped_key: Vec::new(), body: dossier.to_bytes() };
        let mut rows = Batch::default();
        self.people(&facing, &mut rows);
        self.messages(&facing, &[], &mut rows);
        rows.tallies.push((self.tally("received", &facing, ""), 1));
        rows.audit.push(Event::new("referral.accepted", referred.agency.as_str()).about(id));
        rows.repeats.push(repeat_row(&referred.repeat, id));
        rows.clears.push((referred.repeat.key, now));
        rows.referrals.push(self.row(&facing, record));
        let done = Done::Accepted { reference, receipt: receipt.into(), repeat: false };
        Ok(Concluded { rows, done })
    }

    fn merge(
        &self,
        stored: &StoredReferral,
        addition: &Addition,
    ) -> Result<std::result::Result<Referred, Done>> {
        if stored.row.agency != addition.agency {
            return Ok(Err(Done::Unknown));
        }
        let known: Spec = read(&dossier_of(&stored.row.record).canonical);
        let more: Spec = read(&addition.raw);
        let merged = known.with(&more);
        Ok(Ok(Referred {
            agency: addition.agency.clone(),
            received_at: addition.received_at,
            raw: merged.to_bytes(),
            provenance: Vec::new(),
            referral: Default::default(),
            facts: Vec::new(),
            facts_of: String::new(),
            completeness: Default::default(),
            children: merged.profiles(),
            adults: Vec::new(),
            repeat: addition.repeat,
            traceparent: None,
        }))
    }

    fn conclude_addition(&self, added: &Added<'_>, now: Timestamp) -> Result<Concluded> {
        let Added { stored, addition, merged, links, histories, .. } = added;
        let spec: Spec = read(&merged.raw);
        self.spoil(&spec)?;
        let decided = self.decide(&spec, histories);
        let (id, reference) = (stored.row.id, stored.row.reference);
        let facing = Facing { id, reference, referred: merged, spec, links, decided, now };
        let receipt = self.receipt(&facing);
        let before = dossier_of(&stored.row.record);
        let mut answered = receipts(&before);
        answered.push((addition.repeat.body, receipt.clone()));
        let dossier = Dossier {
            canonical: merged.raw.clone(),
            decision: plain(&facing.decided),
            receipt: plain(&answered),
            ..before
        };
        let record = Sealed { wrapped_key: Vec::new(), body: dossier.to_bytes() };
        let mut row = self.row(&facing, record);
        row.received_at = stored.row.received_at;
        row.revision = stored.row.revision + 1;
        let mut rows = Batch::default();
        self.people(&facing, &mut rows);
        self.messages(&facing, &stored.deliveries, &mut rows);
        rows.tallies.push((self.tally("added", &facing, ""), 1));
        rows.audit.push(Event::new("referral.added-to", addition.agency.as_str()).about(id));
        rows.repeats.push(repeat_row(&addition.repeat, id));
        rows.information.push(InformationRow {
            referral: row,
            received_at: addition.received_at,
            raw: addition.raw.clone(),
        });
        let done = Done::Accepted { reference, receipt: receipt.into(), repeat: false };
        Ok(Concluded { rows, done })
    }

    fn is_of_the_same(&self, _: &StoredReferral, _: &Referred) -> Result<bool> {
        Ok(false)
    }

    fn reopen(&self, _: &StoredReferral, _: Timestamp) -> Result<Referred> {
        Err(StoreError::Refused("nobody decides on matches here".to_owned()))
    }

    fn conclude_revisit(
        &self,
        _: &Revisit<'_>,
        _: Timestamp,
    ) -> Result<(Batch, Option<Arc<[u8]>>)> {
        Err(StoreError::Refused("nobody decides on matches here".to_owned()))
    }

    fn conclude_meetings(&self, _: &StoredReferral, _: &[Meeting], _: Timestamp) -> Result<Batch> {
        Ok(Batch::default())
    }

    fn conclude_outcome(
        &self,
        _: &StoredReferral,
        _: &[Clock],
        _: &[OutcomeRow],
        _: &Told,
        _: Timestamp,
    ) -> Result<Concluded> {
        Ok(Concluded { rows: Batch::default(), done: Done::Unknown })
    }

    fn conclude_attachments(
        &self,
        _: &StoredReferral,
        _: &[Clock],
        _: &[ToTell],
        _: Timestamp,
    ) -> Result<Batch> {
        unreachable!("nothing is attached here")
    }

    fn conclude_doubt(
        &self,
        _: &StoredReferral,
        _: &[Clock],
        _: &Doubt,
        _: Timestamp,
    ) -> Result<Batch> {
        Ok(Batch::default())
    }

    fn conclude_refusal(
        &self,
        refused: &Refused,
        again: Option<RefusalId>,
        now: Timestamp,
    ) -> Result<Concluded> {
        let mut rows = Batch::default();
        rows.audit.push(Event::new("referral.refused", refused.agency.as_str()));
        if let Some(id) = again {
            rows.refused_again.push((id, now));
            return Ok(Concluded { rows, done: Done::Kept });
        }
        let id = RefusalId::from_parts(now, self.env.entropy_id());
        rows.refusals.push(RefusalRow {
            id,
            agency: refused.agency.clone(),
            received_at: refused.received_at,
            last_at: refused.received_at,
            count: 1,
            bytes: 2,
            problem: refused.refusal.kind.code().to_owned(),
            body: refused.body,
            key: refused.key,
            record: Sealed::default(),
            cleared_at: None,
        });
        let about = About { referral: None, refusal: Some(id) };
        let mut row = self.message(about, destination(0), Priority::Urgent, now);
        row.agency = refused.agency.clone();
        rows.outbox.push(row);
        Ok(Concluded { rows, done: Done::Kept })
    }

    fn repeated(&self, stored: &Repeat, body: Token16) -> Result<Done> {
        if stored.body != body {
            return Ok(Done::Conflict { first: stored.reference });
        }
        let answered = receipts(&dossier_of(&stored.record));
        let first = answered.into_iter().find(|(known, _)| *known == body);
        let (_, receipt) = first.ok_or_else(|| StoreError::Damaged("no receipt".to_owned()))?;
        let receipt = receipt.into();
        Ok(Done::Accepted { reference: stored.reference, receipt, repeat: true })
    }
}

fn repeat_row(repeat: &RepeatKey, referral: ReferralId) -> NewRepeat {
    NewRepeat { key: repeat.key, body: repeat.body, referral, expires_at: repeat.expires_at }
}

/// What is stored of a referral: what it says now, and what was decided of it.
pub(super) fn stored(record: &Sealed) -> (Spec, Decided) {
    let dossier = dossier_of(record);
    (read(&dossier.canonical), read(&dossier.decision))
}
