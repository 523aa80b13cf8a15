//! How two profiles agree: one level for each comparison. Symmetric, and without allocation.

mod birth;
mod household;
mod identifiers;
mod names;

use super::profile::{Profile, Sex as Stated};

/// A comparison's name in the model, and its levels from `levels[0]` on; 0 is `Missing`.
pub struct Field {
    pub name: &'static str,
    pub levels: &'static [&'static str],
}

/// Declares the comparisons: an enum of levels for each, the struct that holds one of each, and
/// their names for the model.
macro_rules! comparisons {
    ($(
        $(#[$meta:meta])*
        $field:ident: $type:ident { $( $(#[$lmeta:meta])* $level:ident = $name:literal, )* }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
            pub enum $type {
                /// One side or both say nothing: no evidence.
                #[default]
                Missing,
                $( $(#[$lmeta])* $level, )*
            }
        )*

        /// A level for each comparison of two profiles.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct Comparison { $( pub $field: $type, )* }

        /// The comparisons in the order of [`Comparison::levels`].
        pub const FIELDS: &[Field] =
            &[ $( Field { name: stringify!($field), levels: &["missing", $( $name, )*] }, )* ];

        /// How many comparisons there are.
        pub const COUNT: usize = FIELDS.len();

        impl Comparison {
            /// The level of each comparison as an index into its [`Field::levels`].
            pub fn levels(&self) -> [usize; COUNT] {
                [ $( self.$field as usize, )* ]
            }
        }
    };
}

comparisons! {
    forename: Forename {
        Exact = "exact",
        /// A nickname, or another spelling of one name.
        Family = "family",
        Typo = "typo",
        Sound = "sound",
        /// One's forename is the other's middle name.
        Middle = "middle",
        /// They share an honorific such as Mohammed; one has another name beside it.
        Prefix = "prefix",
        /// One is called by an honorific alone, which the other does not bear.
        Honorific = "honorific",
        Initial = "initial",
        /// Forename and surname stand in each other's place.
        Swapped = "swapped",
        Similar = "similar",
        Different = "different",
    }
    middle_name: MiddleName {
        Same = "same",
        Initial = "initial",
        Different = "different",
    }
    birth: Birth {
        Exact = "exact",
        /// Both on 1 January, which many systems put where only the year is known.
        BothDefault = "both-default",
        Swapped = "swapped",
        /// One digit of the date differs, or two neighbours are transposed.
        Digit = "digit",
        /// The same day and month of a year at most five years apart.
        Year = "year",
        /// At most three days apart.
        Near = "near",
        /// One is on 1 January of the other's year.
        Default = "default",
        /// Two expected dates at most three weeks apart.
        DueNear = "due-near",
        /// An expected date and a birth at most eight weeks before, or four after, it.
        BornWhenDue = "born-when-due",
        /// Two unborn children, one without an expected date.
        BothUnborn = "both-unborn",
        /// An unborn child without an expected date, and one born about then.
        BornSince = "born-since",
        /// A child without a date of birth, and one who was an adult by then.
        Adult = "adult",
        /// The digits of an unreadable date are the other's, or nearly.
        Stated = "stated",
        SameYear = "same-year",
        Different = "different",
    }
    sex: Sex {
        Same = "same",
        Different = "different",
    }
    nhs_number: NhsNumber {
        Same = "same",
        Near = "near",
        Different = "different",
    }
    upn: Upn {
        Same = "same",
        Near = "near",
        Different = "different",
    }
    /// A number that another service gave, without a check character.
    other_id: OtherId {
        Same = "same",
        Near = "near",
        Different = "different",
    }
    /// The first of the household's comparisons.
    surname: Surname {
        Exact = "exact",
        Family = "family",
        Typo = "typo",
        Sound = "sound",
        /// One part of a double-barrelled name.
        Part = "part",
        /// One's surname is borne by the other's mother or father.
        Parent = "parent",
        /// A second name that changes from one document to the next.
        SecondName = "second-name",
        Similar = "similar",
        Different = "different",
    }
    address: Address {
        /// The same number in the same street.
        Home = "home",
        /// The same postcode, nothing else to compare.
        Postcode = "postcode",
        /// One's postcode is the other's former one.
        Previous = "previous",
        /// The same postcode, another house.
        Neighbour = "neighbour",
        Street = "street",
        Sector = "sector",
        Town = "town",
        Different = "different",
    }
    mother: Mother {
        Full = "full",
        Part = "part",
        Mixed = "mixed",
        Different = "different",
    }
    father: Father {
        Full = "full",
        Part = "part",
        Mixed = "mixed",
        Different = "different",
    }
    phone: Phone {
        Same = "same",
        Near = "near",
        Different = "different",
    }
}

/// Comparisons from here on are evidence of a household, not of a child.
pub const HOUSEHOLD_START: usize = 7;

/// Compares two profiles. `compare(a, b) == compare(b, a)`.
pub fn compare(one: &Profile, two: &Profile) -> Comparison {
    let mut found = Comparison {
        birth: birth::compare(one, two),
        sex: sex(one.sex, two.sex),
        nhs_number: identifiers::nhs_number(&one.nhs_number, &two.nhs_number),
        upn: identifiers::upn(&one.upn, &two.upn),
        other_id: identifiers::other_id(&one.other_id, &two.other_id),
        address: household::address(&one.home, &two.home),
        mother: household::mother(&one.mother, &two.mother),
        father: household::father(&one.father, &two.father),
        phone: identifiers::phone(&one.phone, &two.phone),
        ..Comparison::default()
    };
    names::compare(one, two, &mut found);
    found
}

fn sex(one: Stated, two: Stated) -> Sex {
    match (one, two) {
        (Stated::Unknown, _) | (_, Stated::Unknown) => Sex::Missing,
        _ if one == two => Sex::Same,
        _ => Sex::Different,
    }
}

impl Comparison {
    /// Same birthday, same household, and no forename in common: twins, unless much else speaks
    /// for one child. Amelia and Emily sound alike to a machine.
    pub fn may_be_twins(&self) -> bool {
        let same_birthday = matches!(
            self.birth,
            Birth::Exact
                | Birth::BothDefault
                | Birth::Swapped
                | Birth::Near
                | Birth::Digit
                | Birth::Default
        );
        let same_home =
            matches!(self.address, Address::Home | Address::Postcode | Address::Previous)
                || matches!(self.mother, Mother::Full | Mother::Part)
                || self.father == Father::Full
                || self.phone == Phone::Same
                || matches!(self.surname, Surname::Exact | Surname::Family | Surname::Typo);
        let no_forename_in_common = matches!(
            self.forename,
            Forename::Different | Forename::Similar | Forename::Sound | Forename::Honorific
        );
        same_birthday && same_home && no_forename_in_common
    }
}
