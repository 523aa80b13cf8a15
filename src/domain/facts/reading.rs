//! How the facts of each child are read from a referral, its time of receipt and what is known.
//!
//! An answer that is absent, refused, not known or unreadable is `unknown`, whatever else it says
//! (invariant 4). Where a sign of harm may stand in what cannot be read, that is a fact of its own.
//! Nothing here fails.

use super::*;
use super::{texts, unread};
use crate::domain::answer::Answer;
use crate::domain::child::Child;
use crate::domain::codes::{AbuseCategory, DisabilityCode};
use crate::domain::household::{Address, Agreement, Person};
use crate::domain::localities::Localities;
use crate::domain::phrases::{Phrases, Words as Found};
use crate::domain::values::{Danger, YesNo};
use crate::domain::{ChildHistory, Referral, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Reads facts with one authority's localities and phrases.
#[derive(Clone, Debug)]
pub struct Reader {
    table: Table,
    localities: Localities,
    phrases: Phrases,
    zone: TimeZone,
}

impl Reader {
    pub fn new(localities: Localities, phrases: Phrases) -> Self {
        let table = Table::new(localities.names(), &phrases.topics());
        let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
        Reader { table, localities, phrases, zone }
    }

    pub fn table(&self) -> &Table {
        &self.table
    }

    pub fn localities(&self) -> &Localities {
        &self.localities
    }

    /// The calendar day of an instant in England.
    pub fn day(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at.to_jiff()).date()
    }

    /// The facts of each child of the submission alone, in the order of `children`.
    pub fn read(&self, referral: &Referral, received_at: Timestamp) -> Vec<Facts> {
        let words = self.phrases.find(|scan| texts::visit(referral, scan));
        let shared = self.of_referral(referral, words);
        let today = self.day(received_at);
        let child = |child| self.of_child(shared, referral, child, today);
        referral.children.iter().map(child).collect()
    }

    /// The same facts with what the record says of the child.
    pub fn with_history(&self, mut facts: Facts, known: &ChildHistory) -> Facts {
        self.choose(&mut facts, LINK, known.link.as_str());
        self.choose(&mut facts, CASE_STATUS, known.case_status.as_str());
        let lowered = if known.stepped_down_12m { "yes" } else { "no" };
        self.choose(&mut facts, STEPPED_DOWN_12M, lowered);
        let counts = [
            (REFERRALS_12M, i64::from(known.referrals_12m)),
            (AGENCIES_12M, i64::from(known.agencies_12m)),
            (HIGHEST_LEVEL_12M, i64::from(known.highest_level_12m)),
            (HOUSEHOLD_REFERRALS_12M, i64::from(known.household_referrals_12m)),
            (HOUSEHOLD_AGENCIES_12M, i64::from(known.household_agencies_12m)),
            (HOUSEHOLD_HIGHEST_LEVEL_12M, i64::from(known.household_highest_level_12m)),
            (ADDRESS_CONTACTS_12M, i64::from(known.address_contacts_12m)),
        ];
        for (id, number) in counts {
            facts.set(id, self.table.fact(id).count_bit(number));
        }
        facts
    }

    /// The locality that a child's facts name, when it is one of the authority's.
    pub fn locality_of(&self, facts: &Facts) -> Option<&str> {
        let index = usize::try_from(facts.mask(LOCALITY).trailing_zeros()).ok()?;
        Some(self.table.fact(LOCALITY).values.get(index)?.as_str()).filter(|name| is_ours(name))
    }

    /// The same, of a child as it stands in the referral.
    pub fn locality_of_child(&self, referral: &Referral, child: &Child) -> Option<&str> {
        Some(self.locality(referral, child)).filter(|name| is_ours(name))
    }

    fn choose(&self, facts: &mut Facts, id: FactId, value: &str) {
        if let Some(bit) = self.table.fact(id).bit(value) {
            facts.set(id, bit);
        }
    }

    fn of_referral(&self, referral: &Referral, words: Found) -> Facts {
        let mut facts = self.table.nothing();
        let danger = match referral.danger() {
            Danger::Yes => "yes",
            Danger::No => "no",
            Danger::Unknown => "unknown",
        };
        self.choose(&mut facts, DANGER_NOW, danger);
        let concerns = referral.concerns.iter().filter_map(|concern| concern.code.value().copied());
        let concerns = concerns.chain(concern_of(referral));
        let concerns = concerns.fold(0, |mask, code| mask | 1_u128 << (code as u8));
        facts.set(CONCERNS, concerns);
        let indicators = referral.indicators.iter().filter_map(Answer::value);
        let indicators = indicators.fold(0, |mask, code| mask | 1_u128 << (*code as u8));
        facts.set(INDICATORS, indicators);
        facts.set(WORDS_NOTICED, words.noticed);
        facts.set(WORDS_NEGATED, words.negated);
        for (id, holds) in [
            (HARM_STATED, texts::describes_harm(referral)),
            (UNREAD_SIGN, unread::sign(referral)),
            (ALLEGED_HAS_ACCESS, texts::alleged_has_access(referral)),
        ] {
            self.choose(&mut facts, id, if holds { "yes" } else { "no" });
        }
        let claimed = i64::from(texts::level_claimed(referral));
        facts.set(LEVEL_CLAIMED, self.table.fact(LEVEL_CLAIMED).count_bit(claimed));
        let scale = referral.domains.scale.value().filter(|scale| scale.0 <= 10);
        let scale = scale.map_or(i64::from(NO_SCALE), |scale| i64::from(scale.0));
        facts.set(SCALE, self.table.fact(SCALE).count_bit(scale));
        if let Some(request) = referral.request.value() {
            self.choose(&mut facts, REQUEST, request.code());
        }
        let silent = unread::asks_for_silence(referral);
        let silent = if silent { "yes" } else { yes_no(&referral.do_not_alert) };
        self.choose(&mut facts, DO_NOT_ALERT, silent);
        self.choose(&mut facts, TELEPHONE_FIRST, yes_no(&referral.telephone_first));
        facts
    }

    fn of_child(&self, mut facts: Facts, referral: &Referral, child: &Child, today: Date) -> Facts {
        self.choose(&mut facts, UNBORN, unborn(child, today));
        let age = age(child, today).unwrap_or(i64::from(UNKNOWN_AGE));
        facts.set(AGE, self.table.fact(AGE).count_bit(age));
        self.choose(&mut facts, AGREEMENT, agreement(referral, child));
        self.choose(&mut facts, DISABILITY, disability(child));
        self.choose(&mut facts, PRIVATE_FOSTERING, yes_no(&child.private_fostering));
        self.choose(&mut facts, LOCALITY, self.locality(referral, child));
        let named = texts::says_something(&child.social_worker);
        self.choose(&mut facts, SOCIAL_WORKER, if named { "yes" } else { "no" });
        facts
    }

    /// The child's own postcode, or else the household's, or else the child's school. Where one
    /// was stated and cannot be read, nothing else is taken for it.
    fn locality(&self, referral: &Referral, child: &Child) -> &str {
        let by_address = |address: &Address| match &address.postcode {
            Answer::Value(postcode) => Some(self.localities.of_postcode(postcode)),
            Answer::Unreadable(_) => Some(NO_LOCALITY),
            Answer::Absent | Answer::NotKnown | Answer::Refused => None,
        };
        by_address(&child.address)
            .or_else(|| by_address(&referral.household.address))
            .or_else(|| self.localities.of_school(&child.school.code.value()?.0))
            .unwrap_or(NO_LOCALITY)
    }
}

fn is_ours(locality: &str) -> bool {
    locality != NO_LOCALITY && locality != OUTSIDE
}

fn yes_no(answer: &Answer<YesNo>) -> &'static str {
    match answer.value() {
        Some(YesNo(false)) => "no",
        _ if answer.says_yes() => "yes",
        _ => "unknown",
    }
}

/// A category of abuse says as much as the concern of the same name.
fn concern_of(referral: &Referral) -> Option<ConcernCode> {
    match referral.abuse_category.value()? {
        AbuseCategory::Neglect => Some(ConcernCode::Neglect),
        AbuseCategory::Physical => Some(ConcernCode::PhysicalAbuse),
        AbuseCategory::Sexual => Some(ConcernCode::SexualAbuse),
        AbuseCategory::Emotional => Some(ConcernCode::EmotionalAbuse),
        AbuseCategory::Multiple => None,
    }
}

/// An expected date in the future says as much as a tick.
fn unborn(child: &Child, today: Date) -> &'static str {
    let expected = child.expected_date.value().is_some_and(|date| date.0 >= today);
    match yes_no(&child.unborn) {
        "unknown" if expected && child.date_of_birth.value().is_none() => "yes",
        "unknown" if child.date_of_birth.value().is_some_and(|date| date.0 <= today) => "no",
        stated => stated,
    }
}

/// Full years; none for an unborn child, where a birth lies in the future, or where its date
/// cannot be read: it may say otherwise than an estimate.
fn age(child: &Child, today: Date) -> Option<i64> {
    let Some(born) = child.date_of_birth.value().map(|date| date.0) else {
        let estimate = child.estimated_age.value().filter(|_| !child.date_of_birth.is_unreadable());
        return estimate.map(|years| i64::from(years.0));
    };
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    let years = i64::from(today.year()) - i64::from(born.year()) - i64::from(!had_birthday);
    (born <= today).then_some(years)
}

/// Agreement of the family as a whole, or of someone with parental responsibility. A child's own
/// yes counts beside theirs and not instead of it; a refusal by anyone, also "would not say",
/// wins; and who agreed without being told, or answered unclearly, makes it unknown: a panel
/// needs a plain yes.
fn agreement(referral: &Referral, child: &Child) -> &'static str {
    let people = &referral.household.people;
    let parental = |person: &&Person| {
        let holds = person.parental_responsibility.value() == Some(&YesNo(true));
        holds && person.alleged_to_have_harmed.value() != Some(&YesNo(true))
    };
    let family = [&referral.agreement].into_iter();
    let family = family.chain(people.iter().filter(parental).map(|person| &person.agreement));
    let everyone = [&referral.agreement, &child.agreement].into_iter();
    let everyone = everyone.chain(people.iter().map(|person| &person.agreement));
    let refused = |one: &Agreement| match &one.agreed {
        Answer::Value(YesNo(agreed)) => !agreed,
        Answer::Refused => true,
        Answer::Absent | Answer::NotKnown | Answer::Unreadable(_) => false,
    };
    let agreed = |one: &Agreement| one.agreed.value() == Some(&YesNo(true));
    let unclear = |one: &Agreement| {
        let told = matches!(one.informed, Answer::Absent | Answer::NotKnown);
        one.agreed.is_unreadable() || (agreed(one) && !told && !one.informed.says_yes())
    };
    if everyone.clone().any(refused) {
        return "no";
    }
    let plain = !everyone.clone().any(unclear) && family.clone().any(agreed);
    if plain { "yes" } else { "unknown" }
}

/// A disability that is named in no code is one.
fn disability(child: &Child) -> &'static str {
    let mut unknown = true;
    for stated in &child.disabilities {
        match stated {
            Answer::Value(DisabilityCode::None) => unknown = false,
            Answer::Value(_) => return "yes",
            Answer::Unreadable(text) if texts::means_something(text) => return "yes",
            _ => {}
        }
    }
    if unknown { "unknown" } else { "no" }
}
