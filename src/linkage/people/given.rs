//! What a row says, and what it leaves as it was: a column that the file does not have says
//! nothing.

use super::Person;
use crate::linkage::profile::{Birth, Profile};

/// The columns that say something of a person.
const COLUMNS: [&str; 22] = [
    "forename",
    "middle_names",
    "surname",
    "full_name",
    "known_as",
    "dob",
    "edd",
    "sex",
    "address",
    "town",
    "postcode",
    "prev_postcode",
    "nhs_number",
    "upn",
    "other_id",
    "mother_name",
    "father_name",
    "phone",
    "case_status",
    "case_team",
    "case_worker",
    "restricted",
];

/// The columns that a row has, empty or not.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Given(u32);

impl Given {
    pub(super) fn of(has: impl Fn(&str) -> bool) -> Self {
        let bit = |(place, column): (usize, &&str)| u32::from(has(column)) << place;
        Given(COLUMNS.iter().enumerate().map(bit).sum())
    }

    /// Whether a column says something of a person.
    pub(super) fn knows(column: &str) -> bool {
        COLUMNS.contains(&column)
    }

    /// Whether the row has this column.
    pub fn has(self, column: &str) -> bool {
        COLUMNS.iter().position(|own| *own == column).is_some_and(|at| self.0 & (1 << at) != 0)
    }

    fn lacks(self, columns: &[&str]) -> bool {
        !columns.iter().any(|column| self.has(column))
    }

    /// Keeps a member as it was, where the row has none of the columns that it is made of and says
    /// nothing of it in another.
    fn keep<T: Clone + Default + PartialEq>(self, columns: &[&str], own: &mut T, was: &T) {
        if self.lacks(columns) && *own == T::default() {
            own.clone_from(was);
        }
    }
}

impl Person {
    /// Takes over from the record as it stood what the row has no column for. A column that is
    /// there and empty says that there is nothing any more.
    pub fn complete(&mut self, before: &Person) {
        let given = self.given;
        given.keep(&["case_status"], &mut self.case_status, &before.case_status);
        given.keep(&["case_team"], &mut self.case_team, &before.case_team);
        given.keep(&["case_worker"], &mut self.case_worker, &before.case_worker);
        given.keep(&["restricted"], &mut self.restriction, &before.restriction);
        self.as_of = self.as_of.or(before.as_of);
        complete(&mut self.profile, &before.profile, given);
    }
}

fn complete(own: &mut Profile, was: &Profile, given: Given) {
    if given.lacks(&["dob", "edd"]) {
        let is_named = !given.lacks(&["forename", "full_name"]);
        own.unborn = if is_named && was.birth == Birth::Unknown { own.unborn } else { was.unborn };
        own.birth = was.birth;
        let stated_on = std::mem::replace(&mut own.stated_on, was.stated_on);
        own.date(stated_on);
    }
    given.keep(&["forename", "full_name"], &mut own.forenames, &was.forenames);
    given.keep(&["middle_names", "full_name"], &mut own.middle_names, &was.middle_names);
    given.keep(&["surname", "full_name"], &mut own.surnames, &was.surnames);
    given.keep(&["known_as"], &mut own.known_as, &was.known_as);
    given.keep(&["sex"], &mut own.sex, &was.sex);
    given.keep(&["nhs_number"], &mut own.nhs_number, &was.nhs_number);
    given.keep(&["upn"], &mut own.upn, &was.upn);
    given.keep(&["other_id"], &mut own.other_id, &was.other_id);
    given.keep(&["address"], &mut own.home.number, &was.home.number);
    given.keep(&["address"], &mut own.home.street, &was.home.street);
    given.keep(&["town"], &mut own.home.town, &was.home.town);
    given.keep(&["postcode"], &mut own.home.postcode, &was.home.postcode);
    given.keep(&["prev_postcode"], &mut own.home.previous_postcode, &was.home.previous_postcode);
    given.keep(&["mother_name"], &mut own.mother, &was.mother);
    given.keep(&["father_name"], &mut own.father, &was.father);
    given.keep(&["phone"], &mut own.phone, &was.phone);
}

#[cfg(test)]
mod tests {
    use crate::domain::DestinationId;
    use crate::domain::decision::{CaseStatus, Restriction};
    use crate::linkage::keys;
    use crate::linkage::people::{People, Person};

    fn person(text: &str) -> Person {
        let mut people = People::new(text.as_bytes()).expect("a header");
        people.next().expect("a row").expect("is read")
    }

    const ALL: &str = "record_id,forename,middle_names,surname,known_as,dob,sex,address,town,\
        postcode,prev_postcode,nhs_number,upn,mother_name,father_name,phone,case_status,\
        case_team,case_worker,restricted\n\
        R1,Imogen,Jean,Hollins,Immy,2016-03-09,F,12 Mill Lane,Halifax,HX1 3ZU,HX7 6ZR,9990006504,\
        L381401718127,Dawn Hollins,Asif Midgeley,07700 900164,cp,team-south,Gwen,adoption\n";

    #[test]
    fn what_a_file_has_no_column_for_stays_as_it_was() {
        let before = person(ALL);
        let mut bare = person("record_id,as_of\nR1,2026-03-01\n");
        bare.complete(&before);
        assert!(bare.profile == before.profile);
        assert_eq!(bare.case_status, CaseStatus::Cp);
        assert_eq!(bare.case_team, Some(DestinationId::new("team-south")));
        assert_eq!(bare.case_worker.as_deref(), Some("Gwen"));
        assert_eq!(bare.restriction, Some(Restriction::Adoption));
        // Of each column alone: only what it says is another.
        let mut moved = person("record_id,postcode\nR1,OL14 7ZJ\n");
        moved.complete(&before);
        assert_eq!(moved.profile.home.postcode.as_str(), "OL147ZJ");
        assert_eq!(moved.profile.home.street, before.profile.home.street);
        assert!(moved.profile.forenames == before.profile.forenames);
        assert!(keys(&moved.profile).len() > 2, "it is found as before");
        let mut married = person("record_id,surname\nR1,Uttley\n");
        married.complete(&before);
        assert!(married.profile.surnames != before.profile.surnames);
        assert!(married.profile.forenames == before.profile.forenames);
    }

    #[test]
    fn a_column_that_is_there_and_empty_says_that_there_is_nothing() {
        let before = person(ALL);
        let header = ALL.lines().next().expect("a header");
        let empty = format!("{header}\nR1{}\n", ",".repeat(header.matches(',').count()));
        let mut cleared = person(&empty);
        cleared.complete(&before);
        assert!(cleared.profile == person(&empty).profile);
        assert_eq!(cleared.case_status, CaseStatus::None);
        assert_eq!((cleared.case_team, cleared.case_worker), (None, None));
        assert_eq!(cleared.restriction, None);
    }

    #[test]
    fn a_child_that_was_due_is_due_until_its_birth_is_stated() {
        let before = person("record_id,forename,edd\nR1,Baby of Laura,2016-05-20\n");
        let mut named = person("record_id,forename\nR1,Imogen\n");
        named.complete(&before);
        assert!(named.profile.unborn && named.profile.due().is_some());
        let mut born = person("record_id,dob\nR1,2016-05-18\n");
        born.complete(&before);
        assert!(!born.profile.unborn && born.profile.due().is_none());
        // Known by its name alone.
        let before = person("record_id,forename\nR1,Unborn\n");
        let mut named = person("record_id,forename\nR1,Imogen\n");
        named.complete(&before);
        assert!(before.profile.unborn && !named.profile.unborn);
    }
}
