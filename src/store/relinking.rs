//! Late truth, under the lane's lock: an earlier referral is looked at again because the
//! authority's own records tell more. It only rises, and what people have said stands.

use super::deciding::heed_word;
use super::error::StoreError;
use super::families::on_records;
use super::histories::Within;
use super::lane::LaneParts;
use super::linking::{Linker, year_before};
use super::rows::*;
use super::settled::{made_before, not_for, of_child};
use super::standing::known_of;
use super::traits::LaneTx;
use super::work::*;
use crate::audit::Event;
use crate::domain::{LinkState, PersonId, Reference, Timestamp};
use std::collections::BTreeSet;

/// Looks up the referral's children again. Whoever is found now and was never said to be one of
/// them is possible, for a reviewer; or the child is linked, where linkage is sure and nobody else
/// would be chained.
pub(super) async fn relink(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    linker: &mut Linker<'_>,
    reference: Reference,
    now: Timestamp,
) -> Result<Concluded, StoreError> {
    let nothing = || Concluded { rows: Batch::default(), done: Done::Looked };
    let Some(read) = tx.referral(reference).await? else { return Ok(nothing()) };
    if let Some(rows) = heed_word(parts, tx, &read, now).await? {
        return Ok(Concluded { rows, done: Done::LookAgain });
    }
    let (stored, known) = read;
    let referred = parts.judge.reopen(&stored, now)?;
    let id = stored.row.id;
    let (mut links, _) = linker.links_again(tx, id, &referred, &known, now).await?;
    let found = found(&links, &known);
    let mut left = Vec::new();
    for child in 0..links.len() {
        let looked = Looked { stored: &stored, known: &known, found: &found, child };
        let profile = &referred.children[child];
        if let Some(link) = looked.sure(tx, linker, profile, &links, now).await? {
            left.push(looked.left(links[child].person, now));
            links[child] = link;
        }
    }
    keep_possible(&mut links, &known);
    let read = known_of(tx, &links, &referred.children, year_before(now), id).await?;
    let histories = Within::default().histories(&links, &referred.children, &read);
    let clocks = tx.clocks(id).await?;
    let visit = Revisit {
        stored: &stored,
        referred: &referred,
        links: &links,
        histories: &histories,
        clocks: &clocks,
        how: if found.is_empty() { How::Heed } else { How::Raise },
        withdrawn: None,
        own: true,
    };
    let (mut rows, _) = parts.judge.conclude_revisit(&visit, now)?;
    if rows.is_empty() {
        return Ok(nothing());
    }
    // What was said of the others stands as it was said.
    let stays = |link: &LinkRow| link.state == LinkState::Possible;
    rows.links.retain(|link| !stays(link) || found.contains(&(link.child, link.person)));
    let event = |kind| Event::new(kind, "frontdoor").about(id);
    rows.audit.push(event("referral.decided-again"));
    for (child, person) in &found {
        let linked = links[usize::from(*child)].person == *person;
        let kind = if linked { "match.linked" } else { "match.possible" };
        rows.audit.push(event(kind).of(*person));
    }
    // An empty profile cannot be opened: whoever was left is no candidate.
    rows.profiles.extend(left.iter().map(|link| (link.person, Vec::new())));
    rows.links.extend(left);
    on_records(&mut rows.links, &known);
    Ok(Concluded { rows, done: Done::Looked })
}

/// Who may be which child, and was not known to be.
type Found = BTreeSet<(u16, PersonId)>;

fn found(links: &[ChildLink], known: &[StoredLink]) -> Found {
    let mut found = BTreeSet::new();
    for (child, link) in links.iter().enumerate() {
        for (person, _) in &link.possible {
            if of_child(known, child).all(|link| link.person != *person) {
                found.insert((number(child), *person));
            }
        }
    }
    found
}

/// Whoever may be the child may be it still, also where the survivor's record is not found by it.
fn keep_possible(links: &mut [ChildLink], known: &[StoredLink]) {
    for (child, link) in links.iter_mut().enumerate() {
        for held in of_child(known, child).filter(|held| held.state == LinkState::Possible) {
            if link.possible.iter().all(|(person, _)| *person != held.person) {
                link.possible.push((held.person, held.weight));
            }
        }
        if link.state == LinkState::New && !link.possible.is_empty() {
            link.state = LinkState::Possible;
        }
    }
}

fn number(child: usize) -> u16 {
    u16::try_from(child).unwrap_or(u16::MAX)
}

/// One child that is looked at.
struct Looked<'a> {
    stored: &'a StoredReferral,
    known: &'a [StoredLink],
    found: &'a Found,
    child: usize,
}

impl Looked<'_> {
    /// The link that the machine may make: to one of the authority's people who was found just now,
    /// of a child that its referral had made new, of which no person has said anything, and nobody
    /// else's child is or may be.
    async fn sure(
        &self,
        tx: &mut dyn LaneTx,
        linker: &Linker<'_>,
        profile: &ChildProfile,
        links: &[ChildLink],
        now: Timestamp,
    ) -> Result<Option<ChildLink>, StoreError> {
        let (child, known) = (self.child, self.known);
        let Some(own) = made_before(known, child) else { return Ok(None) };
        let Some((best, _)) = links[child].possible.first().copied() else { return Ok(None) };
        let siblings = links.iter().enumerate().filter(|(other, _)| *other != child);
        let mut may_be = siblings.flat_map(|(_, link)| &link.possible);
        if !self.found.contains(&(number(child), best))
            || of_child(known, child).any(|link| link.decision.is_some())
            || may_be.any(|(person, _)| *person == best)
        {
            return Ok(None);
        }
        let sure = linker.sure_of(tx, profile, &not_for(known, child), now).await?;
        let Some((person, weight)) = sure.filter(|(person, _)| *person == best) else {
            return Ok(None);
        };
        let theirs = tx.statements(person).await?;
        let own = tx.statements(own).await?;
        if theirs.iter().any(|said| said.state == LinkState::New)
            || own.iter().any(|said| said.referral != self.stored.row.id)
        {
            return Ok(None);
        }
        let mut link =
            ChildLink { state: LinkState::Linked, person, weight, ..links[child].clone() };
        link.possible.retain(|(other, _)| *other != person);
        Ok(Some(link))
    }

    /// States that the child has left the person that its referral made.
    fn left(&self, own: PersonId, now: Timestamp) -> LinkRow {
        LinkRow {
            referral: self.stored.row.id,
            child: number(self.child),
            person: own,
            state: LinkState::Left,
            weight: 0.0,
            at: now,
            agency: self.stored.row.agency.clone(),
            level_rank: 0,
            decision: None,
        }
    }
}
