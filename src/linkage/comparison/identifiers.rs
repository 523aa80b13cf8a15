//! Numbers that others gave: NHS number, pupil number, telephone.

use super::{NhsNumber, OtherId, Phone, Upn};
use crate::linkage::names::a_slip_apart;
use crate::linkage::profile::Identifier;
use crate::linkage::text::Text;

enum Agreement {
    Missing,
    Same,
    Near,
    Different,
}

/// Two numbers that hold and differ belong to different children, or one is another child's; a
/// number that does not hold speaks only where it is nearly the other.
fn compare(one: &Identifier, two: &Identifier) -> Agreement {
    let (these, those) = (one.text.as_bytes(), two.text.as_bytes());
    if these.is_empty() || those.is_empty() {
        return Agreement::Missing;
    }
    if these == those {
        return Agreement::Same;
    }
    match (one.holds && two.holds, a_slip_apart(these, those)) {
        (true, _) => Agreement::Different,
        (false, true) => Agreement::Near,
        (false, false) => Agreement::Missing,
    }
}

pub(super) fn nhs_number(one: &Identifier, two: &Identifier) -> NhsNumber {
    match compare(one, two) {
        Agreement::Missing => NhsNumber::Missing,
        Agreement::Same => NhsNumber::Same,
        Agreement::Near => NhsNumber::Near,
        Agreement::Different => NhsNumber::Different,
    }
}

pub(super) fn upn(one: &Identifier, two: &Identifier) -> Upn {
    match compare(one, two) {
        Agreement::Missing => Upn::Missing,
        Agreement::Same => Upn::Same,
        Agreement::Near => Upn::Near,
        Agreement::Different => Upn::Different,
    }
}

pub(super) fn other_id(one: &Text<13>, two: &Text<13>) -> OtherId {
    if one.is_empty() || two.is_empty() {
        OtherId::Missing
    } else if one == two {
        OtherId::Same
    } else if a_slip_apart(one.as_bytes(), two.as_bytes()) {
        OtherId::Near
    } else {
        OtherId::Different
    }
}

pub(super) fn phone(one: &Text<9>, two: &Text<9>) -> Phone {
    if one.is_empty() || two.is_empty() {
        Phone::Missing
    } else if one == two {
        Phone::Same
    } else if a_slip_apart(one.as_bytes(), two.as_bytes()) {
        Phone::Near
    } else {
        Phone::Different
    }
}
