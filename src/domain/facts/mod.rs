//! The declared table of facts: everything that a rule of the policy may read of one child.
//!
//! Every fact has finitely many values, so that expressions over facts lower to bit masks, are
//! evaluated in nanoseconds, and can be reasoned about. A fact of one value (a choice, a count) is
//! held as the one bit of that value; a fact of many (a set of codes) as one bit for each code.
//! The completeness score is no fact, so that no rule can read it (invariant 3). Neither is
//! ethnicity, language, religion, sex or the kind of agency.

mod reading;
mod shape;
mod texts;
mod unread;

pub use reading::Reader;
pub use shape::{Fact, FactId, Role, Shape};

use super::codes::{ConcernCode, Indicator, Request};
use super::decision::CaseStatus;
use shape::{choice, codes, count, names};
use std::fmt;

/// How many facts there are.
pub const COUNT: usize = 30;

/// Years of age above which nothing changes.
const OLDEST: i16 = 25;
/// An age that is not known.
pub const UNKNOWN_AGE: i16 = -1;
/// Earlier referrals and agencies are counted up to here; this value means "or more".
const MANY: i16 = 9;

pub const DANGER_NOW: FactId = FactId(0);
pub const CONCERNS: FactId = FactId(1);
pub const INDICATORS: FactId = FactId(2);
pub const WORDS_NOTICED: FactId = FactId(3);
pub const WORDS_NEGATED: FactId = FactId(4);
pub const PRIVATE_FOSTERING: FactId = FactId(5);
pub const HARM_STATED: FactId = FactId(6);
pub const REQUEST: FactId = FactId(7);
pub const UNBORN: FactId = FactId(8);
pub const AGE: FactId = FactId(9);
pub const AGREEMENT: FactId = FactId(10);
pub const DISABILITY: FactId = FactId(11);
pub const LOCALITY: FactId = FactId(12);
pub const DO_NOT_ALERT: FactId = FactId(13);
pub const TELEPHONE_FIRST: FactId = FactId(14);
pub const LINK: FactId = FactId(15);
pub const CASE_STATUS: FactId = FactId(16);
pub const REFERRALS_12M: FactId = FactId(17);
pub const AGENCIES_12M: FactId = FactId(18);
pub const HIGHEST_LEVEL_12M: FactId = FactId(19);
pub const UNREAD_SIGN: FactId = FactId(20);
pub const LEVEL_CLAIMED: FactId = FactId(21);
pub const SOCIAL_WORKER: FactId = FactId(22);
pub const ALLEGED_HAS_ACCESS: FactId = FactId(23);
pub const SCALE: FactId = FactId(24);
pub const HOUSEHOLD_REFERRALS_12M: FactId = FactId(25);
pub const HOUSEHOLD_AGENCIES_12M: FactId = FactId(26);
pub const HOUSEHOLD_HIGHEST_LEVEL_12M: FactId = FactId(27);
pub const STEPPED_DOWN_12M: FactId = FactId(28);
pub const ADDRESS_CONTACTS_12M: FactId = FactId(29);
/// What is known of the other children of a referral.
pub const OF_HOUSEHOLD: [FactId; 3] =
    [HOUSEHOLD_REFERRALS_12M, HOUSEHOLD_AGENCIES_12M, HOUSEHOLD_HIGHEST_LEVEL_12M];

/// What a sender claims by naming the statute, above every authority's own levels.
const STATUTORY: i16 = 9;
/// No place on the scale was stated.
const NO_SCALE: i16 = -1;

const YES_NO: [&str; 3] = ["yes", "no", "unknown"];
/// A locality that is not known, and one outside the authority's area.
pub const NO_LOCALITY: &str = "unknown";
pub const OUTSIDE: &str = "outside";

/// The facts with the values that this authority's configuration gives some of them.
#[derive(Clone, Debug)]
pub struct Table {
    facts: Vec<Fact>,
}

impl Table {
    /// `localities` and `phrases` are the names in `localities.toml` and `phrases.yaml`.
    pub fn new(localities: &[String], phrases: &[String]) -> Self {
        let concerns = ConcernCode::ALL.iter().map(|code| code.code());
        let indicators = Indicator::ALL.iter().map(|code| code.code());
        let mut places = names(&[NO_LOCALITY, OUTSIDE]);
        places.extend(localities.iter().cloned());
        let cases = CaseStatus::ALL.map(CaseStatus::as_str);
        let requests = Request::ALL.iter().map(|code| code.code()).chain(["unknown"]);
        let requests: Vec<&str> = requests.collect();
        let (harm, team, history, plain) = (Role::Harm, Role::Team, Role::History, Role::Plain);
        let yes_no = || names(&YES_NO);
        let mut facts = vec![
            choice("danger_now", yes_no(), harm, "Is a child in danger at this moment?"),
            codes("concerns", concerns, harm, "Ticked concerns: CIN census factor codes"),
            codes("indicators", indicators, harm, "Ticked signs that are never held back"),
            codes(
                "words_noticed",
                phrases.iter().map(String::as_str),
                Role::Words,
                "Phrases of phrases.yaml found in free text",
            ),
            codes(
                "words_negated",
                phrases.iter().map(String::as_str),
                Role::Words,
                "Phrases found in free text, each time with a negation",
            ),
            choice("private_fostering", yes_no(), harm, "28 days or more with no close relative"),
            choice("harm_stated", names(&["yes", "no"]), harm, "A harm is described"),
            choice("request", names(&requests), plain, "What the sender asks for"),
            choice("unborn", yes_no(), plain, "The child is not yet born"),
            count("age", UNKNOWN_AGE, OLDEST, plain, "Full years at receipt; -1 is unknown"),
            choice(
                "agreement",
                yes_no(),
                team,
                "yes: the family, or a parent with responsibility, agreed and nobody refused",
            ),
            choice("disability", yes_no(), team, "A disability is recorded"),
            choice("locality", places, team, "Whose area the child's home is in"),
            choice("do_not_alert", yes_no(), plain, "The family must not learn of this"),
            choice("telephone_first", yes_no(), plain, "This follows a telephone call"),
            choice("link", names(&["new", "possible", "linked"]), history, "Known already?"),
            choice("case_status", names(&cases), history, "The case now held"),
            count("referrals_12m", 0, MANY, history, "Earlier referrals in 12 months; 9 or more"),
            count("agencies_12m", 0, MANY, history, "Agencies that sent them; 9 or more"),
            count("highest_level_12m", 0, MANY, history, "Gravest level rank among them"),
        ];
        facts.extend(Self::signs_told_otherwise());
        facts.extend(Self::known_around());
        Table { facts }
    }

    /// Signs of harm that stand neither in a code nor in free text.
    fn signs_told_otherwise() -> [Fact; 5] {
        let (harm, yes_no) = (Role::Harm, || names(&["yes", "no"]));
        let claimed = "Highest level that the sender claims; 0 is none, 9 a statutory threshold";
        [
            choice("unread_sign", yes_no(), harm, "A sign of harm may stand in what is unreadable"),
            count("level_claimed", 0, STATUTORY, harm, claimed),
            choice("social_worker", yes_no(), harm, "A social worker of the child is named"),
            choice("alleged_has_access", yes_no(), harm, "Who is accused can reach the child"),
            count("scale", NO_SCALE, 10, Role::Plain, "Signs of Safety, 0 is gravest; -1 unknown"),
        ]
    }

    /// What is known of the other children of a referral and of the address, and what became of
    /// cases.
    fn known_around() -> [Fact; 5] {
        let history = Role::History;
        let referrals = "Referrals of other children of a shared one in 12 months; 9 or more";
        let lowered = "A case was stepped down, or closed after work, in 12 months";
        [
            count("household_referrals_12m", 0, MANY, history, referrals),
            count("household_agencies_12m", 0, MANY, history, "Agencies that sent those"),
            count("household_highest_level_12m", 0, MANY, history, "Gravest level rank of those"),
            choice("stepped_down_12m", names(&["yes", "no"]), history, lowered),
            count("address_contacts_12m", 0, MANY, history, "Referrals of others at the address"),
        ]
    }

    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    pub fn fact(&self, id: FactId) -> &Fact {
        &self.facts[usize::from(id.0)]
    }

    pub fn find(&self, name: &str) -> Option<(FactId, &Fact)> {
        let index = self.facts.iter().position(|fact| fact.name == name)?;
        Some((FactId(u8::try_from(index).ok()?), &self.facts[index]))
    }

    /// What every fact is when nothing at all was said and nothing is known.
    pub fn nothing(&self) -> Facts {
        let mut facts = Facts([0; COUNT]);
        for (index, fact) in self.facts.iter().enumerate() {
            facts.0[index] = match fact.shape {
                Shape::Codes => 0,
                Shape::Choice => fact.bit("unknown").or(fact.bit("no")).unwrap_or(1),
                Shape::Count { .. } => 1,
            };
        }
        for id in [LINK, CASE_STATUS] {
            facts.0[usize::from(id.0)] = 1;
        }
        facts
    }
}

/// The facts of one child, as masks over the values of a [`Table`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Facts([u128; COUNT]);

impl Facts {
    pub fn mask(&self, id: FactId) -> u128 {
        self.0[usize::from(id.0)]
    }

    /// Replaces the value, or values, of one fact.
    pub fn set(&mut self, id: FactId, mask: u128) {
        self.0[usize::from(id.0)] = mask;
    }
}

/// Concerns are personal: a stray `{:?}` shows none.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Facts(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_names_the_fact_at_its_place() {
        let table = Table::new(&[], &[]);
        assert_eq!(table.facts().len(), COUNT);
        for (name, id) in [
            ("danger_now", DANGER_NOW),
            ("concerns", CONCERNS),
            ("indicators", INDICATORS),
            ("words_noticed", WORDS_NOTICED),
            ("words_negated", WORDS_NEGATED),
            ("private_fostering", PRIVATE_FOSTERING),
            ("harm_stated", HARM_STATED),
            ("request", REQUEST),
            ("unborn", UNBORN),
            ("age", AGE),
            ("agreement", AGREEMENT),
            ("disability", DISABILITY),
            ("locality", LOCALITY),
            ("do_not_alert", DO_NOT_ALERT),
            ("telephone_first", TELEPHONE_FIRST),
            ("link", LINK),
            ("case_status", CASE_STATUS),
            ("referrals_12m", REFERRALS_12M),
            ("agencies_12m", AGENCIES_12M),
            ("highest_level_12m", HIGHEST_LEVEL_12M),
            ("unread_sign", UNREAD_SIGN),
            ("level_claimed", LEVEL_CLAIMED),
            ("social_worker", SOCIAL_WORKER),
            ("alleged_has_access", ALLEGED_HAS_ACCESS),
            ("scale", SCALE),
            ("household_referrals_12m", HOUSEHOLD_REFERRALS_12M),
            ("household_agencies_12m", HOUSEHOLD_AGENCIES_12M),
            ("household_highest_level_12m", HOUSEHOLD_HIGHEST_LEVEL_12M),
            ("stepped_down_12m", STEPPED_DOWN_12M),
            ("address_contacts_12m", ADDRESS_CONTACTS_12M),
        ] {
            assert_eq!(table.find(name).map(|(id, _)| id), Some(id), "{name}");
        }
    }

    #[test]
    fn a_code_has_the_bit_of_its_place_in_its_list() {
        let table = Table::new(&[], &[]);
        for code in ConcernCode::ALL {
            assert_eq!(table.fact(CONCERNS).bit(code.code()), Some(1 << (*code as u8)));
        }
        for code in Indicator::ALL {
            assert_eq!(table.fact(INDICATORS).bit(code.code()), Some(1 << (*code as u8)));
        }
    }

    #[test]
    fn with_nothing_said_a_child_is_unknown_new_and_without_a_case() {
        let table = Table::new(&["upper".to_owned()], &[]);
        let nothing = table.nothing();
        for (id, value) in [
            (DANGER_NOW, "unknown"),
            (LOCALITY, "unknown"),
            (AGE, "-1"),
            (HARM_STATED, "no"),
            (LINK, "new"),
            (CASE_STATUS, "none"),
            (REFERRALS_12M, "0"),
            (UNREAD_SIGN, "no"),
            (LEVEL_CLAIMED, "0"),
            (SCALE, "-1"),
        ] {
            assert_eq!(Some(nothing.mask(id)), table.fact(id).bit(value), "{value}");
        }
        assert_eq!(nothing.mask(CONCERNS), 0);
    }
}
