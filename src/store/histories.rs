//! What is known of a referral's children, from what was stored of the people whom they are or may
//! be and from what the batch under way adds: their own referrals, those of their brothers and
//! sisters, and how many there were of others at the same address.

use super::kin::CHILDREN;
use super::matches::ApartRow;
use super::rows::*;
use super::settled::is_settled;
use super::work::{ChildLink, ChildProfile};
use crate::domain::{AgencyId, ChildHistory, LinkState, PersonId, ReferralId};
use foldhash::{HashMap, HashSet};
use std::collections::BTreeSet;

/// Where more children than these live, or lived, is a hostel, a school or a refuge.
const MOST_AT_HOME: usize = 20;

/// What was stored of people and homes.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) people: HashMap<PersonId, HistoryRow>,
    homes: HashMap<Token, Vec<Resident>>,
}

/// What earlier items of one batch add to it.
#[derive(Default)]
pub(super) struct Within {
    people: HashMap<PersonId, Added>,
    homes: HashMap<Token, Vec<Resident>>,
}

#[derive(Default)]
struct Added {
    contacts: Vec<Contact>,
    /// Children of the same referrals.
    kin: BTreeSet<PersonId>,
}

/// What is known of brothers and sisters, in referrals that are not the child's own.
#[derive(Default)]
struct Household {
    people: BTreeSet<PersonId>,
    referrals: BTreeSet<ReferralId>,
    agencies: BTreeSet<AgencyId>,
    highest_level: i16,
    /// Somebody of them has a record that only the named few may see.
    restricted: bool,
}

impl Stored {
    pub(super) fn of(people: Vec<HistoryRow>, residents: Vec<Resident>) -> Self {
        let people = people.into_iter().map(|row| (row.person, row)).collect();
        let mut homes: HashMap<Token, Vec<Resident>> = HashMap::default();
        for one in residents {
            homes.entry(one.token).or_default().push(one);
        }
        Stored { people, homes }
    }

    /// Heeds what a word says that is not written yet: who is apart from whom, or no longer.
    pub(super) fn heed(&mut self, said: &[ApartRow]) {
        let of_people = self.people.iter_mut().map(|(one, row)| (*one, &mut row.apart));
        let residents = self.homes.values_mut().flatten();
        let of_residents = residents.map(|one| (one.person, &mut one.apart));
        for (person, apart) in of_people.chain(of_residents) {
            for word in said {
                let from = match person {
                    one if one == word.one => word.other,
                    other if other == word.other => word.one,
                    _ => continue,
                };
                apart.retain(|one| *one != from);
                apart.extend(word.stands.then_some(from));
            }
        }
    }

    /// The same without what one referral says of where its children live.
    pub(super) fn without(mut self, referral: ReferralId) -> Self {
        for residents in self.homes.values_mut() {
            residents.retain(|one| one.referral != referral);
        }
        self
    }
}

/// The tokens of the children's homes, each once.
pub(super) fn homes_of<'a>(children: impl Iterator<Item = &'a ChildProfile>) -> Vec<Token> {
    let all: BTreeSet<Token> = children.flat_map(|child| child.homes.iter().copied()).collect();
    all.into_iter().collect()
}

impl Within {
    /// Of each child of one referral.
    pub(super) fn histories(
        &self,
        links: &[ChildLink],
        children: &[ChildProfile],
        stored: &Stored,
    ) -> Vec<ChildHistory> {
        let family: Vec<PersonId> = links.iter().take(CHILDREN).map(|link| link.person).collect();
        let of_child = |(place, (link, child)): (usize, (&ChildLink, &ChildProfile))| {
            let brothers = if place < CHILDREN { family.as_slice() } else { &[] };
            self.history_of(link, child, brothers, stored)
        };
        links.iter().zip(children).enumerate().map(of_child).collect()
    }

    /// Makes what was concluded known to the rest of the batch. `known` are the links that the
    /// referral had before.
    pub(super) fn remember(
        &mut self,
        children: &[ChildProfile],
        rows: &[LinkRow],
        known: &[StoredLink],
    ) {
        let settled = || rows.iter().filter(|row| row.state != LinkState::Possible);
        let family = || settled().filter(|row| usize::from(row.child) < CHILDREN);
        for row in settled() {
            let added = self.people.entry(row.person).or_default();
            if usize::from(row.child) < CHILDREN {
                added.kin.extend(family().map(|other| other.person));
            }
            if is_settled(known, row.person) {
                continue;
            }
            let (referral, level_rank) = (row.referral, row.level_rank);
            added.contacts.push(Contact { referral, agency: row.agency.clone(), level_rank });
            let child = children.get(usize::from(row.child));
            for token in child.into_iter().flat_map(|child| &child.homes) {
                let one = Resident {
                    token: *token,
                    referral,
                    person: row.person,
                    recent: true,
                    // Where its record is, that was read with the histories.
                    restricted: false,
                    address: false,
                    apart: Vec::new(),
                };
                self.homes.entry(*token).or_default().push(one);
            }
        }
    }

    /// What is known of the linked person, or else of the likeliest of the possible ones.
    fn history_of(
        &self,
        link: &ChildLink,
        child: &ChildProfile,
        brothers: &[PersonId],
        stored: &Stored,
    ) -> ChildHistory {
        let person = match link.state {
            LinkState::Linked => Some(link.person),
            LinkState::Possible => link.possible.first().map(|(person, _)| *person),
            _ => None,
        };
        let mut history = ChildHistory::default();
        if let Some(person) = person {
            history = self.known_of(person, stored);
            history.link = link.state;
        }
        if link.state != LinkState::Linked && !link.fresh {
            // Others may have been linked to the person that this referral made.
            let own = self.known_of(link.person, stored);
            if person.is_none() && own.referrals_12m > 0 {
                history.link = LinkState::Linked;
            }
            history.referrals_12m = history.referrals_12m.max(own.referrals_12m);
            history.agencies_12m = history.agencies_12m.max(own.agencies_12m);
            history.highest_level_12m = history.highest_level_12m.max(own.highest_level_12m);
            history.stepped_down_12m |= own.stepped_down_12m;
            history.restricted |= own.restricted;
        }
        let is: BTreeSet<PersonId> = person.into_iter().chain([link.person]).collect();
        let mut household = self.household(&is, brothers, stored);
        household.tell(&mut history);
        // Nobody of these is another child; whom the child may be is not either.
        household.people.extend(is.iter().chain(link.possible.iter().map(|(one, _)| one)));
        self.at_home(&is, child, &household, stored, &mut history);
        history
    }

    fn known_of(&self, person: PersonId, stored: &Stored) -> ChildHistory {
        let mut history = ChildHistory::default();
        if let Some(row) = stored.people.get(&person) {
            history.case_status = row.case_status;
            history.case_team = row.case_team.clone();
            history.referrals_12m = row.referrals;
            history.agencies_12m = row.agencies;
            history.highest_level_12m = row.highest_level;
            history.restricted = row.restricted;
            history.stepped_down_12m = row.stepped_down;
        }
        if let Some(added) = self.people.get(&person) {
            let agencies: HashSet<&AgencyId> =
                self.contacts_of(person, stored).map(|contact| &contact.agency).collect();
            let level = added.contacts.iter().map(|contact| contact.level_rank).max();
            history.referrals_12m =
                history.referrals_12m.saturating_add(count(added.contacts.len()));
            history.agencies_12m = history.agencies_12m.max(count(agencies.len()));
            history.highest_level_12m = history.highest_level_12m.max(level.unwrap_or_default());
        }
        history
    }

    /// A person's own referrals.
    fn contacts_of<'a>(
        &'a self,
        person: PersonId,
        stored: &'a Stored,
    ) -> impl Iterator<Item = &'a Contact> {
        let before = stored.people.get(&person).into_iter().flat_map(|row| &row.contacts);
        before.chain(self.people.get(&person).into_iter().flat_map(|added| &added.contacts))
    }

    /// Of the brothers and sisters of whom the child `is`: the other children of earlier referrals,
    /// and of this one (`brothers`).
    fn household(
        &self,
        is: &BTreeSet<PersonId>,
        brothers: &[PersonId],
        stored: &Stored,
    ) -> Household {
        let own = self.referrals_of(is, stored);
        let relatives =
            || is.iter().filter_map(|one| stored.people.get(one)).flat_map(|row| &row.kin);
        let within = is.iter().filter_map(|one| self.people.get(one)).flat_map(|added| &added.kin);
        let people = relatives().map(|one| one.person).chain(within.chain(brothers).copied());
        let mut all = Household { people: people.collect(), ..Household::default() };
        for relative in relatives().filter(|one| !is.contains(&one.person)) {
            all.add(&own, relative.restricted, relative.contacts.iter());
        }
        let others: Vec<PersonId> = all.people.difference(is).copied().collect();
        for other in &others {
            let restricted = stored.people.get(other).is_some_and(|row| row.restricted);
            all.add(&own, restricted, self.contacts_of(*other, stored));
        }
        all
    }

    /// How many referrals there were of others at the child's address. Whoever a person has told
    /// apart from the child is not counted; nor is anything where nobody may learn who lives there.
    fn at_home(
        &self,
        is: &BTreeSet<PersonId>,
        child: &ChildProfile,
        household: &Household,
        stored: &Stored,
        history: &mut ChildHistory,
    ) {
        let rows: Vec<&HistoryRow> = is.iter().filter_map(|one| stored.people.get(one)).collect();
        let homes = || child.homes.iter().map(|token| self.residents(*token, stored));
        let shared = homes().any(|all| {
            let people: BTreeSet<PersonId> = all.iter().map(|one| one.person).collect();
            people.len() > MOST_AT_HOME
        });
        if shared || rows.iter().any(|row| row.address) {
            return;
        }
        let own = self.referrals_of(is, stored);
        let is_other = |one: &&Resident| {
            let apart = rows.iter().any(|row| row.apart.contains(&one.person));
            one.recent
                && !household.people.contains(&one.person)
                && !household.referrals.contains(&one.referral)
                && !own.contains(&one.referral)
                && !apart
                && !one.apart.iter().any(|other| is.contains(other))
        };
        let mut referrals: BTreeSet<ReferralId> = BTreeSet::new();
        for one in homes().flatten().filter(is_other) {
            let record = stored.people.get(&one.person);
            if !one.address && !record.is_some_and(|row| row.address) {
                referrals.insert(one.referral);
                let restricted = one.restricted || record.is_some_and(|row| row.restricted);
                history.address_restricted |= restricted;
            }
        }
        history.address_contacts_12m = count(referrals.len());
    }

    fn residents<'a>(&'a self, home: Token, stored: &'a Stored) -> Vec<&'a Resident> {
        [&stored.homes, &self.homes]
            .into_iter()
            .filter_map(|homes| homes.get(&home))
            .flatten()
            .collect()
    }

    /// The referrals of a child who `is` these.
    fn referrals_of(&self, is: &BTreeSet<PersonId>, stored: &Stored) -> BTreeSet<ReferralId> {
        let all = is.iter().flat_map(|person| self.contacts_of(*person, stored));
        all.map(|contact| contact.referral).collect()
    }
}

impl Household {
    fn add<'a>(
        &mut self,
        own: &BTreeSet<ReferralId>,
        restricted: bool,
        contacts: impl Iterator<Item = &'a Contact>,
    ) {
        for contact in contacts.filter(|contact| !own.contains(&contact.referral)) {
            self.referrals.insert(contact.referral);
            self.agencies.insert(contact.agency.clone());
            self.highest_level = self.highest_level.max(contact.level_rank);
            self.restricted |= restricted;
        }
    }

    fn tell(&self, history: &mut ChildHistory) {
        history.household_referrals_12m = count(self.referrals.len());
        history.household_agencies_12m = count(self.agencies.len());
        history.household_highest_level_12m = self.highest_level;
        history.household_restricted = self.restricted;
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
