//! The canonical referral: what every sender's format becomes.

use super::answer::Answer;
use super::child::Child;
use super::codes::{
    AbuseCategory, ConcernCode, CorrectionKind, Indicator, PrimaryNeed, Request, SourceCode,
};
use super::household::{Agreement, Household};
use super::record::{Field, Path, Unread};
use super::values::{Danger, Date, Small, Words, YesNo, begins_with_yes};
use serde_json::Value;

crate::record! {
    /// One submission about one or more children of one household.
    pub struct Referral {
        referrer: Referrer,
        children: Vec<Child>,
        household: Household,
        /// The worry in the sender's own words.
        worry: Answer<Words>,
        concerns: Vec<Concern>,
        indicators: Vec<Answer<Indicator>>,
        danger_now: Answer<Danger>,
        primary_need: Answer<PrimaryNeed>,
        abuse_category: Answer<AbuseCategory>,
        harm: Vec<Harm>,
        domains: Domains,
        /// What the family as a whole was told and agreed to; see also each person's own.
        agreement: Agreement,
        /// Nothing may reach the family that shows that a worry was raised.
        do_not_alert: Answer<YesNo>,
        request: Answer<Request>,
        /// The level the sender claims, as stated: input, never the decision.
        level_claimed: Answer<Words>,
        earlier_help: EarlierHelp,
        worker_safety: WorkerSafety,
        /// What must not be passed on, or to whom it must not be.
        keep_confidential: Answer<Words>,
        form_date: Answer<Date>,
        form_time: Answer<Words>,
        /// This follows a telephone call.
        telephone_first: Answer<YesNo>,
        /// This is what was said on the telephone: its written form is to follow.
        form_to_follow: Answer<YesNo>,
        telephone_date: Answer<Date>,
        telephone_time: Answer<Words>,
        safeguarding_lead_consulted: Answer<YesNo>,
        /// The sender's own id of the message or incident.
        source_message_id: Answer<Words>,
        /// What the sender takes back or puts right. It changes no decision and deletes nothing:
        /// people see it.
        corrections: Vec<Correction>,
        notes: Vec<SourceNote>,
    }
}

crate::record! {
    /// Who refers. A name, a role, or staying anonymous meets the minimum.
    pub struct Referrer scalar = name {
        name: Answer<Words>,
        role: Answer<Words>,
        agency: Answer<Words>,
        telephone: Answer<Words>,
        email: Answer<Words>,
        relationship: Answer<Words>,
        source: Answer<SourceCode>,
        anonymous: Answer<YesNo>,
        /// The referrer's identity is not to be told to the family.
        withheld_from_family: Answer<YesNo>,
    }
}

crate::record! {
    /// One ticked concern.
    pub struct Concern scalar = code {
        code: Answer<ConcernCode>,
        detail: Answer<Words>,
    }
}

crate::record! {
    /// What is known of one harm.
    pub struct Harm scalar = what {
        what: Answer<Words>,
        when: Answer<Words>,
        place: Answer<Words>,
        who: Answer<Words>,
        exact_words: Answer<Words>,
        /// Where on the body, in words.
        body_map: Answer<Words>,
    }
}

crate::record! {
    /// The three domains of assessment, what goes well, and what must change.
    pub struct Domains {
        development: Answer<Words>,
        parenting: Answer<Words>,
        family_and_environment: Answer<Words>,
        going_well: Answer<Words>,
        what_must_change: Answer<Words>,
        /// Signs of Safety scale, 0 (gravest) to 10.
        scale: Answer<Small>,
    }
}

crate::record! {
    /// Help the family has had.
    pub struct EarlierHelp scalar = detail {
        assessment: Answer<YesNo>,
        team_around_child: Answer<YesNo>,
        lead_professional: Answer<Words>,
        previous_referrals: Answer<Words>,
        review_date: Answer<Date>,
        detail: Answer<Words>,
    }
}

crate::record! {
    /// What a worker should know before knocking.
    pub struct WorkerSafety scalar = detail {
        violence: Answer<YesNo>,
        dogs: Answer<YesNo>,
        weapons: Answer<YesNo>,
        detail: Answer<Words>,
    }
}

crate::record! {
    /// The sender's own word on what it sent before.
    pub struct Correction scalar = detail {
        kind: Answer<CorrectionKind>,
        detail: Answer<Words>,
    }
}

crate::record! {
    /// A part of the source that has no canonical place, carried with its label.
    pub struct SourceNote scalar = text {
        label: Answer<Words>,
        text: Answer<Words>,
    }
}

impl Referral {
    /// Reads a canonical document. Never fails; the second part lists what could not be read.
    pub fn read(document: Value) -> (Referral, Vec<Unread>) {
        let mut unread = Vec::new();
        let referral = <Referral as Field>::read(Some(document), &mut Path::default(), &mut unread);
        (referral, unread)
    }

    /// The canonical document; reading it again gives an equal referral.
    pub fn document(&self) -> Value {
        self.write().unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    }

    /// Danger now. An answer that begins with a yes is one; absent, refused or otherwise
    /// unreadable is unknown (invariant 4).
    pub fn danger(&self) -> Danger {
        match &self.danger_now {
            Answer::Value(danger) => *danger,
            Answer::Unreadable(text) if begins_with_yes(text) => Danger::Yes,
            _ => Danger::Unknown,
        }
    }
}
