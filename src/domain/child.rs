//! A child whom a worry concerns: born, unborn, or known only by where they are.

use super::answer::Answer;
use super::codes::{DisabilityCode, Sex, UpnMissing};
use super::household::{Address, Agreement, SafeContact};
use super::nhs_number::NhsNumber;
use super::upn::Upn;
use super::values::{Date, Small, Words, YesNo};

crate::record! {
    /// One child. Every answer is optional; `description` is enough for "unknown child at …".
    pub struct Child scalar = description {
        given_name: Answer<Words>,
        middle_names: Answer<Words>,
        family_name: Answer<Words>,
        /// The whole name where its parts are not known apart.
        full_name: Answer<Words>,
        known_as: Answer<Words>,
        /// Whom it concerns in words, where no name is known.
        description: Answer<Words>,
        date_of_birth: Answer<Date>,
        unborn: Answer<YesNo>,
        /// Expected date of delivery of an unborn child.
        expected_date: Answer<Date>,
        /// Years, where no date of birth is known.
        estimated_age: Answer<Small>,
        sex: Answer<Sex>,
        nhs_number: Answer<NhsNumber>,
        upn: Answer<Upn>,
        /// Why there is no unique pupil number.
        upn_missing: Answer<UpnMissing>,
        /// The authority's own number of the child.
        la_child_id: Answer<Words>,
        address: Address,
        previous_address: Address,
        /// Where the child is at this moment.
        location_now: Answer<Words>,
        school: Service,
        gp: Service,
        health_visitor: Service,
        ethnicity: Answer<Words>,
        religion: Answer<Words>,
        immigration_status: Answer<Words>,
        /// BCP 47 tag or the language's name.
        language: Answer<Words>,
        interpreter: Answer<YesNo>,
        disabilities: Vec<Answer<DisabilityCode>>,
        disability_detail: Answer<Words>,
        /// What the child said, in the child's own words.
        own_words: Answer<Words>,
        seen: Answer<YesNo>,
        seen_alone: Answer<YesNo>,
        seen_on: Answer<Date>,
        /// Asked of a child who can understand and decide.
        agreement: Agreement,
        contact: SafeContact,
        social_worker: Answer<Words>,
        /// Cared for by someone not a close relative, 28 days or more (2005 Regulations).
        private_fostering: Answer<YesNo>,
        mother_name: Answer<Words>,
        father_name: Answer<Words>,
    }
}

crate::record! {
    /// A school, practice or visitor that knows the child.
    pub struct Service scalar = name {
        name: Answer<Words>,
        /// URN, ODS code or another identifier of the service.
        code: Answer<Words>,
        telephone: Answer<Words>,
    }
}
