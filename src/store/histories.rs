//! What is known of a referral's children, from what was stored of the people whom they are or may
//! be and from what the batch under way adds: their own referrals, and those of their brothers and
//! sisters.

use super::kin::CHILDREN;
use super::rows::*;
use super::settled::is_settled;
use super::work::ChildLink;
use crate::domain::{AgencyId, ChildHistory, LinkState, PersonId, ReferralId};
use foldhash::{HashMap, HashSet};
use std::collections::BTreeSet;

/// What was stored of people.
pub(super) type Stored = HashMap<PersonId, HistoryRow>;

/// What earlier items of one batch add to people's histories.
#[derive(Default)]
pub(super) struct Within(HashMap<PersonId, Added>);

#[derive(Default)]
struct Added {
    contacts: Vec<Contact>,
    /// Children of the same referrals.
    kin: BTreeSet<PersonId>,
}

/// What is known of brothers and sisters, in referrals that are not the child's own.
#[derive(Default)]
struct Household {
    referrals: BTreeSet<ReferralId>,
    agencies: BTreeSet<AgencyId>,
    highest_level: i16,
    /// Somebody of them has a record that only the named few may see.
    restricted: bool,
}

impl Within {
    /// Of each child of one referral.
    pub(super) fn histories(&self, links: &[ChildLink], stored: &Stored) -> Vec<ChildHistory> {
        let family: Vec<PersonId> = links.iter().take(CHILDREN).map(|link| link.person).collect();
        let of_child = |(child, link)| {
            let brothers = if child < CHILDREN { family.as_slice() } else { &[] };
            self.history_of(link, brothers, stored)
        };
        links.iter().enumerate().map(of_child).collect()
    }

    /// Makes what was concluded known to the rest of the batch. `known` are the links that the
    /// referral had before.
    pub(super) fn remember(&mut self, rows: &[LinkRow], known: &[StoredLink]) {
        let settled = || rows.iter().filter(|row| row.state != LinkState::Possible);
        let family = || settled().filter(|row| usize::from(row.child) < CHILDREN);
        for row in settled() {
            let added = self.0.entry(row.person).or_default();
            if usize::from(row.child) < CHILDREN {
                added.kin.extend(family().map(|other| other.person));
            }
            if !is_settled(known, row.person) {
                let (referral, level_rank) = (row.referral, row.level_rank);
                added.contacts.push(Contact { referral, agency: row.agency.clone(), level_rank });
            }
        }
    }

    /// What is known of the linked person, or else of the likeliest of the possible ones.
    fn history_of(&self, link: &ChildLink, brothers: &[PersonId], stored: &Stored) -> ChildHistory {
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
        self.household(&is, brothers, stored).tell(&mut history);
        history
    }

    fn known_of(&self, person: PersonId, stored: &Stored) -> ChildHistory {
        let mut history = ChildHistory::default();
        if let Some(row) = stored.get(&person) {
            history.case_status = row.case_status;
            history.case_team = row.case_team.clone();
            history.referrals_12m = row.referrals;
            history.agencies_12m = row.agencies;
            history.highest_level_12m = row.highest_level;
            history.restricted = row.restricted;
            history.stepped_down_12m = row.stepped_down;
        }
        if let Some(added) = self.0.get(&person) {
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
        let before = stored.get(&person).into_iter().flat_map(|row| &row.contacts);
        before.chain(self.0.get(&person).into_iter().flat_map(|added| &added.contacts))
    }

    /// Of the brothers and sisters of whom the child `is`: the other children of earlier referrals,
    /// and of this one (`brothers`).
    fn household(
        &self,
        is: &BTreeSet<PersonId>,
        brothers: &[PersonId],
        stored: &Stored,
    ) -> Household {
        let own: BTreeSet<ReferralId> = is
            .iter()
            .flat_map(|person| self.contacts_of(*person, stored))
            .map(|contact| contact.referral)
            .collect();
        let relatives = || is.iter().filter_map(|one| stored.get(one)).flat_map(|row| &row.kin);
        let within = is.iter().filter_map(|one| self.0.get(one)).flat_map(|added| &added.kin);
        let mut others: BTreeSet<PersonId> = relatives().map(|one| one.person).collect();
        others.extend(within.chain(brothers));
        let mut all = Household::default();
        for relative in relatives().filter(|one| !is.contains(&one.person)) {
            all.add(&own, relative.restricted, relative.contacts.iter());
        }
        for other in others.difference(is) {
            let restricted = stored.get(other).is_some_and(|row| row.restricted);
            all.add(&own, restricted, self.contacts_of(*other, stored));
        }
        all
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

    fn tell(self, history: &mut ChildHistory) {
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
mod tests {
    use super::*;
    use crate::domain::decision::CaseStatus;
    use uuid::Uuid;

    fn person(number: u128) -> PersonId {
        PersonId(Uuid::from_u128(number))
    }

    fn contact(number: u128, agency: &str, level_rank: i16) -> Contact {
        let referral = ReferralId(Uuid::from_u128(number));
        Contact { referral, agency: AgencyId::new(agency), level_rank }
    }

    fn known(number: u128, contacts: Vec<Contact>, kin: Vec<Relative>) -> (PersonId, HistoryRow) {
        let row = HistoryRow {
            person: person(number),
            case_status: CaseStatus::None,
            case_team: None,
            referrals: count(contacts.len()),
            agencies: 1,
            highest_level: 3,
            restricted: false,
            adoption: false,
            apart: Vec::new(),
            stepped_down: false,
            contacts,
            kin,
        };
        (row.person, row)
    }

    fn linked(number: u128) -> ChildLink {
        ChildLink {
            state: LinkState::Linked,
            person: person(number),
            fresh: false,
            weight: 12.0,
            decision: None,
            possible: Vec::new(),
            failed: false,
        }
    }

    fn row(child: u16, of: u128, referral: u128) -> LinkRow {
        let Contact { referral, agency, level_rank } = contact(referral, "police", 4);
        LinkRow {
            referral,
            child,
            person: person(of),
            state: LinkState::Linked,
            weight: 12.0,
            at: crate::domain::Timestamp(0),
            agency,
            level_rank,
            decision: None,
        }
    }

    fn household(history: &ChildHistory) -> (u32, u32, i16, bool) {
        (
            history.household_referrals_12m,
            history.household_agencies_12m,
            history.household_highest_level_12m,
            history.household_restricted,
        )
    }

    #[test]
    fn a_referral_of_several_brothers_counts_once_and_the_childs_own_not_at_all() {
        let (both, own) = (contact(10, "school", 3), contact(11, "police", 5));
        let brother = |number, restricted| {
            let contacts = vec![contact(10, "school", 3), contact(20, "health", 4)];
            Relative { person: person(number), restricted, contacts }
        };
        let kin = vec![brother(2, false), brother(3, true)];
        let stored: Stored = [known(1, vec![own, both], kin)].into_iter().collect();
        let all = Within::default().histories(&[linked(1)], &stored);
        assert_eq!(household(&all[0]), (1, 1, 4, true));
    }

    #[test]
    fn the_other_children_of_the_referral_are_brothers() {
        let before = vec![contact(10, "school", 3), contact(11, "police", 5)];
        let stored: Stored = [known(2, before, Vec::new())].into_iter().collect();
        let baby = ChildLink { state: LinkState::New, fresh: true, ..linked(1) };
        let all = Within::default().histories(&[baby, linked(2)], &stored);
        assert_eq!((household(&all[0]), all[0].link), ((2, 2, 5, false), LinkState::New));
        assert_eq!(household(&all[1]), (0, 0, 0, false));
    }

    #[test]
    fn whoever_only_may_be_somebody_is_nobodys_brother() {
        let stored: Stored =
            [known(2, vec![contact(10, "school", 3)], Vec::new())].into_iter().collect();
        let state = LinkState::Possible;
        let perhaps =
            ChildLink { state, fresh: true, possible: vec![(person(2), 5.0)], ..linked(3) };
        let all = Within::default().histories(&[linked(1), perhaps], &stored);
        assert_eq!(household(&all[0]), (0, 0, 0, false));
        assert_eq!(all[1].referrals_12m, 1);
    }

    #[test]
    fn what_earlier_items_of_a_batch_say_counts_once() {
        let stored: Stored =
            [known(1, vec![contact(10, "school", 3)], Vec::new())].into_iter().collect();
        let mut within = Within::default();
        // Both in one referral, and the second in another.
        within.remember(&[row(0, 1, 30), row(1, 2, 30)], &[]);
        within.remember(&[row(0, 2, 31)], &[]);
        let all = within.histories(&[linked(1)], &stored);
        assert_eq!(household(&all[0]), (1, 1, 4, false));
        let own = (all[0].referrals_12m, all[0].agencies_12m, all[0].highest_level_12m);
        assert_eq!(own, (2, 2, 4));
        let all = within.histories(&[linked(2)], &stored);
        assert_eq!((household(&all[0]), all[0].referrals_12m), ((1, 1, 3, false), 2));
    }

    #[test]
    fn a_list_longer_than_a_family_makes_no_brothers() {
        let stored: Stored =
            [known(99, vec![contact(10, "school", 3)], Vec::new())].into_iter().collect();
        let mut links: Vec<ChildLink> = (1..=20).map(linked).collect();
        links.push(linked(99));
        let all = Within::default().histories(&links, &stored);
        assert!(all.iter().all(|history| household(history) == (0, 0, 0, false)));
    }
}
