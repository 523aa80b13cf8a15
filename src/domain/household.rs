//! The people around the child, where they live, what they agreed to, how to reach them safely.

use super::answer::Answer;
use super::postcode::Postcode;
use super::values::{Date, Words, YesNo};

crate::record! {
    /// Where someone lives. Withheld from the named people on every output (invariant 11).
    pub struct Address scalar = lines {
        lines: Answer<Words>,
        town: Answer<Words>,
        postcode: Answer<Postcode>,
        uprn: Answer<Words>,
        /// Names of the people who must not learn this address.
        withheld_from: Vec<Answer<Words>>,
    }
}

crate::record! {
    /// Agreement is three facts; a missing one never blocks intake.
    pub struct Agreement {
        informed: Answer<YesNo>,
        agreed: Answer<YesNo>,
        /// Why not informed or not agreed.
        reason: Answer<Words>,
    }
}

crate::record! {
    /// How a person may be reached without raising the risk.
    pub struct SafeContact scalar = how {
        how: Answer<Words>,
        when: Answer<Words>,
        voicemail: Answer<YesNo>,
        telephone: Answer<Words>,
    }
}

crate::record! {
    /// A member of the household or another significant adult.
    pub struct Person scalar = name {
        name: Answer<Words>,
        relationship: Answer<Words>,
        date_of_birth: Answer<Date>,
        lives_with_child: Answer<YesNo>,
        parental_responsibility: Answer<YesNo>,
        alleged_to_have_harmed: Answer<YesNo>,
        has_access_to_child: Answer<YesNo>,
        protective: Answer<YesNo>,
        telephone: Answer<Words>,
        address: Address,
        contact: SafeContact,
        language: Answer<Words>,
        interpreter: Answer<YesNo>,
        agreement: Agreement,
    }
}

crate::record! {
    /// The home as the sender knows it.
    pub struct Household {
        address: Address,
        telephone: Answer<Words>,
        people: Vec<Person>,
    }
}
