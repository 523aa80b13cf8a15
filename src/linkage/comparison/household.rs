//! What children of one household share: the address and the parents.

use super::{Address, Father, Mother};
use crate::linkage::names::{Agreement, Name, a_slip_apart};
use crate::linkage::profile::Home;
use crate::linkage::text::{Few, Text};

pub(super) fn address(one: &Home, two: &Home) -> Address {
    let postcodes = postcodes(&one.postcode, &two.postcode);
    let lines = lines(one, two);
    match (postcodes, lines) {
        (Postcodes::Missing, Lines::Missing) => return previous(one, two, town(one, two)),
        // One street name serves several towns: a far postcode speaks against it.
        (Postcodes::Same | Postcodes::Sector | Postcodes::Missing, Lines::Same) => {
            return Address::Home;
        }
        (Postcodes::Same, Lines::Missing) => return Address::Postcode,
        _ => {}
    }
    let otherwise = match (postcodes, lines) {
        (Postcodes::Same, _) => Address::Neighbour,
        (_, Lines::Same | Lines::Street) => Address::Street,
        (Postcodes::Sector, _) => Address::Sector,
        _ if one.town != 0 && one.town == two.town => Address::Town,
        _ => Address::Different,
    };
    previous(one, two, otherwise)
}

/// Nothing but the towns can be compared.
fn town(one: &Home, two: &Home) -> Address {
    match (one.town, two.town) {
        (0, _) | (_, 0) => Address::Missing,
        (one, two) if one == two => Address::Town,
        _ => Address::Different,
    }
}

fn previous(one: &Home, two: &Home, otherwise: Address) -> Address {
    let moved = |here: &Text<8>, before: &Text<8>| !here.is_empty() && here == before;
    if moved(&one.postcode, &two.previous_postcode) || moved(&two.postcode, &one.previous_postcode)
    {
        Address::Previous
    } else {
        otherwise
    }
}

#[derive(Clone, Copy)]
enum Postcodes {
    Missing,
    Same,
    Sector,
    Apart,
}

fn postcodes(one: &Text<8>, two: &Text<8>) -> Postcodes {
    let (these, those) = (one.as_bytes(), two.as_bytes());
    if these.is_empty() || those.is_empty() {
        return Postcodes::Missing;
    }
    if these == those {
        return if is_whole(these) { Postcodes::Same } else { Postcodes::Sector };
    }
    // Of a postcode that was cut short, what there is counts: at least the outward part.
    let (short, long) = if these.len() <= those.len() { (these, those) } else { (those, these) };
    let sector = long.len().saturating_sub(2);
    let cut_short = short.len() >= 3 && short.len() < long.len() && long.starts_with(short);
    if cut_short || (short.len() == long.len() && short[..sector] == long[..sector]) {
        return Postcodes::Sector;
    }
    if a_slip_apart(these, those) { Postcodes::Sector } else { Postcodes::Apart }
}

/// A digit and two letters end a whole postcode.
fn is_whole(postcode: &[u8]) -> bool {
    let shape = |[digit, one, two]: &[u8; 3]| {
        digit.is_ascii_digit() && one.is_ascii_alphabetic() && two.is_ascii_alphabetic()
    };
    postcode.len() >= 5 && postcode.last_chunk().is_some_and(shape)
}

#[derive(Clone, Copy)]
enum Lines {
    Missing,
    Same,
    Street,
    Apart,
}

fn lines(one: &Home, two: &Home) -> Lines {
    if one.street.is_empty() || two.street.is_empty() {
        return Lines::Missing;
    }
    let street =
        one.street == two.street || a_slip_apart(one.street.as_bytes(), two.street.as_bytes());
    if !street {
        return Lines::Apart;
    }
    if one.number == two.number { Lines::Same } else { Lines::Street }
}

enum Parents {
    Missing,
    Full,
    Part,
    Mixed,
    Different,
}

/// Words of two names agree in any order: two or more, or one with nothing against it, or one
/// with another that differs, or none.
fn parents(one: &Few<Name, 3>, two: &Few<Name, 3>) -> Parents {
    let (these, those) = (one.as_slice(), two.as_slice());
    if these.is_empty() || those.is_empty() {
        return Parents::Missing;
    }
    let (mut here, mut there) = ([false; 3], [false; 3]);
    for (this, here) in these.iter().zip(&mut here) {
        for (that, there) in those.iter().zip(&mut there) {
            if this.agree(that) <= Agreement::Sound {
                (*here, *there) = (true, true);
            }
        }
    }
    let count = |found: &[bool]| found.iter().filter(|agrees| **agrees).count();
    let (here, there) = (count(&here), count(&there));
    let agree = here.min(there);
    match agree {
        0 => Parents::Different,
        1 if here < these.len() && there < those.len() => Parents::Mixed,
        1 => Parents::Part,
        _ => Parents::Full,
    }
}

pub(super) fn mother(one: &Few<Name, 3>, two: &Few<Name, 3>) -> Mother {
    match parents(one, two) {
        Parents::Missing => Mother::Missing,
        Parents::Full => Mother::Full,
        Parents::Part => Mother::Part,
        Parents::Mixed => Mother::Mixed,
        Parents::Different => Mother::Different,
    }
}

pub(super) fn father(one: &Few<Name, 3>, two: &Few<Name, 3>) -> Father {
    match parents(one, two) {
        Parents::Missing => Father::Missing,
        Parents::Full => Father::Full,
        Parents::Part => Father::Part,
        Parents::Mixed => Father::Mixed,
        Parents::Different => Father::Different,
    }
}
