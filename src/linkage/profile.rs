//! A child's standardised features: what linkage compares, and what is sealed and stored.
//!
//! Stored form, version 1: the version byte, then fields of (tag, length, content), the most
//! telling first; what does not fit within [`LIMIT`] is left out, from the end.

use super::names::Name;
use super::text::{Few, Text};
use std::fmt;

/// Most bytes of a stored profile, so that with its nonce and tag it stays under 512.
pub const LIMIT: usize = 448;

const VERSION: u8 = 1;

/// When a child was born, or is expected.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Birth {
    #[default]
    Unknown,
    Born(jiff::civil::Date),
    /// Expected date of delivery.
    Due(jiff::civil::Date),
    /// The digits of a date that could not be read, in the order stated.
    Stated(Text<8>),
}

/// A number given by a service; weak evidence when its check character does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Identifier {
    pub text: Text<13>,
    pub holds: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Sex {
    #[default]
    Unknown,
    Female,
    Male,
}

/// Where a child lives: the first line's numbers and street, and postcodes without blanks.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Home {
    pub number: Text<8>,
    pub street: Text<20>,
    /// Whole, or as much as was stated of one that could not be read.
    pub postcode: Text<8>,
    pub previous_postcode: Text<8>,
    /// Mark of the town's name; 0 where none is stated.
    pub town: u16,
}

/// One child as linkage sees it. Empty members are unknown.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Profile {
    pub forenames: Few<Name, 3>,
    pub middle_names: Few<Name, 3>,
    pub known_as: Few<Name, 1>,
    pub surnames: Few<Name, 3>,
    pub unborn: bool,
    pub birth: Birth,
    /// When it was so; kept of children without a date of birth, to tell who was born since, and
    /// who was an adult by then.
    pub stated_on: Option<jiff::civil::Date>,
    pub sex: Sex,
    pub nhs_number: Identifier,
    pub upn: Identifier,
    /// What another service numbers the child by.
    pub other_id: Text<13>,
    pub home: Home,
    pub mother: Few<Name, 3>,
    pub father: Few<Name, 3>,
    /// Last nine digits of a telephone number of the household.
    pub phone: Text<9>,
}

impl fmt::Debug for Birth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Birth::Unknown => "Unknown",
            Birth::Born(_) => "Born(…)",
            Birth::Due(_) => "Due(…)",
            Birth::Stated(_) => "Stated(…)",
        })
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// A stored profile that cannot be read. Standardise the record again and store it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    #[error("a linkage profile is of a version that this program does not know")]
    Version,
    #[error("a linkage profile is damaged")]
    Content,
}

/// Tags of the stored form. They are never given another meaning.
mod tag {
    pub(super) const BORN: u8 = 1;
    pub(super) const DUE: u8 = 2;
    pub(super) const STATED_BIRTH: u8 = 3;
    pub(super) const FLAGS: u8 = 4;
    pub(super) const NHS: u8 = 5;
    pub(super) const UPN: u8 = 6;
    pub(super) const FORENAME: u8 = 7;
    pub(super) const SURNAME: u8 = 8;
    pub(super) const POSTCODE: u8 = 9;
    pub(super) const PHONE: u8 = 10;
    pub(super) const NUMBER: u8 = 11;
    pub(super) const STREET: u8 = 12;
    pub(super) const KNOWN_AS: u8 = 13;
    pub(super) const MOTHER: u8 = 14;
    pub(super) const PREVIOUS_POSTCODE: u8 = 15;
    pub(super) const MIDDLE_NAME: u8 = 16;
    pub(super) const FATHER: u8 = 17;
    pub(super) const STATED_ON: u8 = 18;
    pub(super) const TOWN: u8 = 19;
    pub(super) const OTHER_ID: u8 = 20;
}

impl Profile {
    /// The names the child is called by: forenames, and the name it is known as.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &Name> + Clone {
        self.forenames.as_slice().iter().chain(self.known_as.as_slice())
    }

    /// Notes when it was so, where it tells something and is not known yet.
    pub fn date(&mut self, stated_on: Option<jiff::civil::Date>) {
        if self.unborn || self.birth == Birth::Unknown {
            self.stated_on = self.stated_on.or(stated_on);
        }
    }

    /// The expected date of an unborn child.
    pub fn due(&self) -> Option<jiff::civil::Date> {
        match self.birth {
            Birth::Due(day) => Some(day),
            _ => None,
        }
    }

    /// The stored form: at most [`LIMIT`] bytes. `decode` gives back what was written; only of
    /// the longest profiles the last members are left out.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer(vec![VERSION]);
        match &self.birth {
            Birth::Unknown => {}
            Birth::Born(day) => out.day(tag::BORN, *day),
            Birth::Due(day) => out.day(tag::DUE, *day),
            Birth::Stated(digits) => out.put(tag::STATED_BIRTH, digits.as_bytes()),
        }
        let sex = match self.sex {
            Sex::Unknown => 0,
            Sex::Female => 1,
            Sex::Male => 2,
        };
        let flags = sex
            | u8::from(self.unborn) << 2
            | u8::from(self.nhs_number.holds) << 3
            | u8::from(self.upn.holds) << 4;
        out.put(tag::FLAGS, &[flags]);
        if let Some(day) = self.stated_on {
            out.day(tag::STATED_ON, day);
        }
        out.put(tag::NHS, self.nhs_number.text.as_bytes());
        out.put(tag::UPN, self.upn.text.as_bytes());
        out.put(tag::OTHER_ID, self.other_id.as_bytes());
        out.names(tag::FORENAME, self.forenames.as_slice());
        out.names(tag::SURNAME, self.surnames.as_slice());
        out.put(tag::POSTCODE, self.home.postcode.as_bytes());
        out.put(tag::PHONE, self.phone.as_bytes());
        out.put(tag::NUMBER, self.home.number.as_bytes());
        out.put(tag::STREET, self.home.street.as_bytes());
        if self.home.town != 0 {
            out.put(tag::TOWN, &self.home.town.to_be_bytes());
        }
        out.names(tag::KNOWN_AS, self.known_as.as_slice());
        out.names(tag::MOTHER, self.mother.as_slice());
        out.put(tag::PREVIOUS_POSTCODE, self.home.previous_postcode.as_bytes());
        out.names(tag::MIDDLE_NAME, self.middle_names.as_slice());
        out.names(tag::FATHER, self.father.as_slice());
        out.0
    }

    /// Reads the stored form. Never panics.
    ///
    /// # Errors
    /// [`Damaged`] when the bytes are not a profile of a known version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let (version, mut rest) = bytes.split_first().ok_or(Damaged::Content)?;
        if *version != VERSION {
            return Err(Damaged::Version);
        }
        let mut profile = Profile::default();
        while let [tag, length, after @ ..] = rest {
            let (content, after) =
                after.split_at_checked(usize::from(*length)).ok_or(Damaged::Content)?;
            profile.take(*tag, content).ok_or(Damaged::Content)?;
            rest = after;
        }
        // A record of before may be called unborn and have a date of birth, which counts.
        profile.unborn &= !matches!(profile.birth, Birth::Born(_));
        if rest.is_empty() { Ok(profile) } else { Err(Damaged::Content) }
    }

    fn take(&mut self, tag: u8, content: &[u8]) -> Option<()> {
        match tag {
            tag::BORN => self.birth = Birth::Born(day(content)?),
            tag::DUE => self.birth = Birth::Due(day(content)?),
            tag::STATED_BIRTH => self.birth = Birth::Stated(Text::from_bytes(content)?),
            tag::STATED_ON => self.stated_on = Some(day(content)?),
            tag::TOWN => self.home.town = u16::from_be_bytes(*content.first_chunk()?),
            tag::FLAGS => self.flags(*content.first()?)?,
            tag::NHS => self.nhs_number.text = Text::from_bytes(content)?,
            tag::UPN => self.upn.text = Text::from_bytes(content)?,
            tag::OTHER_ID => self.other_id = Text::from_bytes(content)?,
            tag::FORENAME => self.forenames.add(name(content)?),
            tag::SURNAME => self.surnames.add(name(content)?),
            tag::POSTCODE => self.home.postcode = Text::from_bytes(content)?,
            tag::PHONE => self.phone = Text::from_bytes(content)?,
            tag::NUMBER => self.home.number = Text::from_bytes(content)?,
            tag::STREET => self.home.street = Text::from_bytes(content)?,
            tag::KNOWN_AS => self.known_as.add(name(content)?),
            tag::MOTHER => self.mother.add(name(content)?),
            tag::PREVIOUS_POSTCODE => self.home.previous_postcode = Text::from_bytes(content)?,
            tag::MIDDLE_NAME => self.middle_names.add(name(content)?),
            tag::FATHER => self.father.add(name(content)?),
            // A later minor form may say more; what is not known here is passed over.
            _ => {}
        }
        Some(())
    }

    fn flags(&mut self, flags: u8) -> Option<()> {
        self.sex = match flags & 3 {
            0 => Sex::Unknown,
            1 => Sex::Female,
            2 => Sex::Male,
            _ => return None,
        };
        self.unborn = flags & 4 != 0;
        self.nhs_number.holds = flags & 8 != 0;
        self.upn.holds = flags & 16 != 0;
        Some(())
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn put(&mut self, tag: u8, content: &[u8]) {
        let Ok(length) = u8::try_from(content.len()) else { return };
        if length > 0 && self.0.len() + 2 + content.len() <= LIMIT {
            self.0.extend([tag, length]);
            self.0.extend(content);
        }
    }

    fn day(&mut self, tag: u8, day: jiff::civil::Date) {
        let [high, low] = day.year().to_be_bytes();
        let month = day.month().unsigned_abs();
        self.put(tag, &[high, low, month, day.day().unsigned_abs()]);
    }

    fn names(&mut self, tag: u8, names: &[Name]) {
        for name in names {
            let families = name.families.as_slice();
            let mut content = vec![u8::try_from(families.len()).unwrap_or_default()];
            content.extend(families.iter().flat_map(|family| family.to_be_bytes()));
            content.extend(name.sound.to_be_bytes());
            content.extend(name.text.as_bytes());
            self.put(tag, &content);
        }
    }
}

fn day(content: &[u8]) -> Option<jiff::civil::Date> {
    let [high, low, month, day] = content else { return None };
    let year = i16::from_be_bytes([*high, *low]);
    jiff::civil::Date::new(year, i8::try_from(*month).ok()?, i8::try_from(*day).ok()?).ok()
}

fn name(content: &[u8]) -> Option<Name> {
    let (count, mut rest) = content.split_first()?;
    let mut next = || {
        let (mark, after) = rest.split_first_chunk::<2>()?;
        rest = after;
        Some(u16::from_be_bytes(*mark))
    };
    let mut families = Few::default();
    for _ in 0..(*count).min(3) {
        families.add(next()?);
    }
    let sound = next()?;
    Some(Name::assemble(Text::from_bytes(rest)?, families, sound))
}
