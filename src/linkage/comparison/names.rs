//! Forename, middle name and surname, also where they stand in one another's place.

use super::{Comparison, Forename, MiddleName, Surname};
use crate::linkage::names::{Agreement, Name};
use crate::linkage::profile::Profile;

pub(super) fn compare(one: &Profile, two: &Profile, found: &mut Comparison) {
    found.surname = surname(one, two);
    found.middle_name = middle_name(one, two);
    found.forename = match called(one, two) {
        None => Forename::Missing,
        Some(Called::ByPrefix) => Forename::Prefix,
        Some(Called::ByTitle) => Forename::Honorific,
        Some(Called::By(Agreement::Exact)) => Forename::Exact,
        Some(Called::By(Agreement::Family)) => Forename::Family,
        Some(Called::By(Agreement::Typo)) => Forename::Typo,
        Some(Called::By(Agreement::Sound)) => Forename::Sound,
        Some(Called::By(Agreement::Initial)) => Forename::Initial,
        Some(Called::By(Agreement::Similar)) => Forename::Similar,
        Some(Called::By(Agreement::Apart)) => Forename::Different,
    };
    let forenames_apart =
        matches!(found.forename, Forename::Different | Forename::Similar | Forename::Honorific);
    let surnames_apart = matches!(
        found.surname,
        Surname::Missing
            | Surname::Different
            | Surname::Similar
            | Surname::Parent
            | Surname::SecondName
    );
    if forenames_apart && surnames_apart && swapped(one, two) {
        // Said once: the two come together.
        found.forename = Forename::Swapped;
        found.surname = Surname::Missing;
    } else if (forenames_apart || found.middle_name == MiddleName::Different)
        && by_middle_name(one, two)
    {
        // The middle name is the other's forename: it says no more, and no less, than that.
        found.middle_name = MiddleName::Missing;
        if forenames_apart {
            found.forename = Forename::Middle;
        }
    }
}

enum Called {
    By(Agreement),
    /// They agree by an honorific alone.
    ByPrefix,
    /// One is called by an honorific alone, which the other does not bear.
    ByTitle,
}

/// How the names in use agree: forenames and the name the child is known as. An honorific counts
/// only where there is no other name beside it.
fn called(one: &Profile, two: &Profile) -> Option<Called> {
    let (mut best, mut by_prefix) = (None::<Agreement>, false);
    let plain = |profile: &Profile| profile.in_use().any(|name| !name.is_prefix());
    let both_plain = plain(one) && plain(two);
    for this in one.in_use() {
        for that in two.in_use() {
            let agreement = this.agree(that);
            let prefix = this.is_prefix() || that.is_prefix();
            if prefix && both_plain {
                continue;
            }
            if best.is_none_or(|best| agreement < best) {
                best = Some(agreement);
                by_prefix = prefix && (plain(one) || plain(two));
            }
        }
    }
    let best = best?;
    if best <= Agreement::Sound {
        return Some(if by_prefix { Called::ByPrefix } else { Called::By(best) });
    }
    Some(if plain(one) && plain(two) {
        Called::By(best)
    } else if shares_prefix(one, two) || shares_prefix(two, one) {
        Called::ByPrefix
    } else {
        Called::ByTitle
    })
}

/// Whether the other bears an honorific of this one as a middle name.
fn shares_prefix(one: &Profile, two: &Profile) -> bool {
    let honorifics = one.in_use().filter(|name| name.is_prefix());
    let middle_names = two.middle_names.as_slice();
    honorifics.into_iter().any(|name| {
        middle_names
            .iter()
            .any(|middle| middle.is_prefix() && name.agree(middle) <= Agreement::Sound)
    })
}

fn by_middle_name(one: &Profile, two: &Profile) -> bool {
    let crosswise = |one: &Profile, two: &Profile| {
        let names = one.in_use().filter(|name| !name.is_prefix());
        let mut pairs =
            names.flat_map(|this| two.middle_names.as_slice().iter().map(|that| this.agree(that)));
        pairs.any(|agreement| agreement <= Agreement::Typo)
    };
    crosswise(one, two) || crosswise(two, one)
}

fn swapped(one: &Profile, two: &Profile) -> bool {
    let crosswise = |one: &Profile, two: &Profile| {
        Name::best(one.forenames.as_slice(), two.surnames.as_slice())
            .is_some_and(|agreement| agreement <= Agreement::Sound)
    };
    crosswise(one, two) && crosswise(two, one)
}

fn middle_name(one: &Profile, two: &Profile) -> MiddleName {
    match Name::best(one.middle_names.as_slice(), two.middle_names.as_slice()) {
        None => MiddleName::Missing,
        Some(Agreement::Initial) => MiddleName::Initial,
        Some(Agreement::Similar | Agreement::Apart) => MiddleName::Different,
        Some(_) => MiddleName::Same,
    }
}

fn surname(one: &Profile, two: &Profile) -> Surname {
    let (these, those) = (one.surnames.as_slice(), two.surnames.as_slice());
    let Some(best) = Name::best(these, those) else { return Surname::Missing };
    let parts = these.len() != those.len() || these.len() > 1;
    match best {
        Agreement::Exact if these == those => Surname::Exact,
        Agreement::Exact | Agreement::Family | Agreement::Typo if parts => Surname::Part,
        Agreement::Exact => Surname::Exact,
        Agreement::Family => Surname::Family,
        Agreement::Typo => Surname::Typo,
        Agreement::Sound => Surname::Sound,
        _ if borne_by_parent(one, two) || borne_by_parent(two, one) => Surname::Parent,
        _ if these.iter().chain(those).any(Name::is_second_name) => Surname::SecondName,
        // A forename that stands in the surname's place says nothing of the surname.
        _ if is_forename(one, two) || is_forename(two, one) => Surname::Missing,
        Agreement::Similar => Surname::Similar,
        Agreement::Initial | Agreement::Apart => Surname::Different,
    }
}

/// Whether a surname of `child` is a forename of `other`.
fn is_forename(child: &Profile, other: &Profile) -> bool {
    Name::best(child.surnames.as_slice(), other.forenames.as_slice())
        .is_some_and(|agreement| agreement <= Agreement::Sound)
}

/// Whether a surname of `child` is borne by a parent of `other`.
fn borne_by_parent(child: &Profile, other: &Profile) -> bool {
    [&other.mother, &other.father].into_iter().any(|parent| {
        Name::best(child.surnames.as_slice(), parent.as_slice())
            .is_some_and(|agreement| agreement <= Agreement::Typo)
    })
}
