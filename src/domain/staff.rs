//! People who sign in: what they are for, what they belong to, and how sure their sign-in must be.

use super::{AgencyId, DestinationId};
use std::fmt;

/// Whose knowledge somebody adds to a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckKind {
    Police,
    Health,
    Education,
    EarlyHelp,
}

/// What somebody signs in for. One account has one: whoever does two things has two accounts, so
/// that each page and each event tells in which of them a person acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Refers, for an agency.
    Sender,
    /// Decides what comes in, for a receiving team.
    Screener,
    /// Answers what their own organisation knows, for a receiving team.
    Checker(CheckKind),
    /// Signs off, for a receiving team.
    Manager,
    /// Runs a panel.
    Coordinator,
    /// Sees that messages flow; no child's record.
    Operations,
    /// Reads who did what; changes nothing.
    Auditor,
    /// Makes and ends accounts; no child's record.
    Administrator,
}

/// What an account of a role must belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BelongsTo {
    Agency,
    Destination,
    Neither,
}

/// What follows a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondStep {
    /// A code of an authenticator app; a recovery code where the telephone is lost.
    App,
    /// A code of the printed list.
    ///
    /// Whoever refers twice a year has no app set up, has a new telephone by the next time, and in
    /// many schools may not carry one. A sheet of paper in a locked drawer works at once, without a
    /// network, and says by itself which code comes next: it is something that a guesser elsewhere
    /// does not have, which is what a second step is for. Ten codes are years of use. What a sender
    /// can do once signed in is to refer and to read their own referrals; whoever reads other
    /// people's records gets the stronger step.
    List,
}

impl Role {
    pub const ALL: [Role; 11] = [
        Role::Sender,
        Role::Screener,
        Role::Checker(CheckKind::Police),
        Role::Checker(CheckKind::Health),
        Role::Checker(CheckKind::Education),
        Role::Checker(CheckKind::EarlyHelp),
        Role::Manager,
        Role::Coordinator,
        Role::Operations,
        Role::Auditor,
        Role::Administrator,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Sender => "sender",
            Role::Screener => "screener",
            Role::Checker(CheckKind::Police) => "checker-police",
            Role::Checker(CheckKind::Health) => "checker-health",
            Role::Checker(CheckKind::Education) => "checker-education",
            Role::Checker(CheckKind::EarlyHelp) => "checker-early-help",
            Role::Manager => "manager",
            Role::Coordinator => "coordinator",
            Role::Operations => "operations",
            Role::Auditor => "auditor",
            Role::Administrator => "administrator",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub fn belongs_to(self) -> BelongsTo {
        match self {
            Role::Sender => BelongsTo::Agency,
            Role::Screener | Role::Checker(_) | Role::Manager | Role::Coordinator => {
                BelongsTo::Destination
            }
            Role::Operations | Role::Auditor | Role::Administrator => BelongsTo::Neither,
        }
    }

    pub fn second_step(self) -> SecondStep {
        match self {
            Role::Sender => SecondStep::List,
            _ => SecondStep::App,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a role and what it should belong to do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostFault {
    #[error("a {0} refers for an agency: say for which, and name no receiving team")]
    NeedsAgency(Role),
    #[error("a {0} works for a receiving team: say for which, and name no agency")]
    NeedsDestination(Role),
    #[error("a {0} belongs to no agency and no receiving team: name neither")]
    BelongsToNeither(Role),
    #[error("only a sender is a named safeguarding lead; a {0} is none")]
    NoLead(Role),
}

/// A role with what it belongs to; the two always go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    role: Role,
    agency: Option<AgencyId>,
    destination: Option<DestinationId>,
    lead: bool,
}

impl Post {
    /// # Errors
    /// What does not go together, and what to say instead.
    pub fn new(
        role: Role,
        agency: Option<AgencyId>,
        destination: Option<DestinationId>,
        lead: bool,
    ) -> Result<Self, PostFault> {
        match (role.belongs_to(), &agency, &destination) {
            (BelongsTo::Agency, Some(_), None)
            | (BelongsTo::Destination, None, Some(_))
            | (BelongsTo::Neither, None, None) => {}
            (BelongsTo::Agency, ..) => return Err(PostFault::NeedsAgency(role)),
            (BelongsTo::Destination, ..) => return Err(PostFault::NeedsDestination(role)),
            (BelongsTo::Neither, ..) => return Err(PostFault::BelongsToNeither(role)),
        }
        if lead && role != Role::Sender {
            return Err(PostFault::NoLead(role));
        }
        Ok(Post { role, agency, destination, lead })
    }

    pub fn role(&self) -> Role {
        self.role
    }

    /// Of a sender.
    pub fn agency(&self) -> Option<&AgencyId> {
        self.agency.as_ref()
    }

    /// Of a screener, checker, manager or coordinator.
    pub fn destination(&self) -> Option<&DestinationId> {
        self.destination.as_ref()
    }

    /// A named safeguarding lead, who sees what others of the agency referred.
    pub fn is_lead(&self) -> bool {
        self.lead
    }
}

/// What has become of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffState {
    /// Made or reset: its holder has yet to choose a password and a second step.
    New,
    Active,
    /// Opens nothing until it is reset.
    Disabled,
}

impl StaffState {
    const ALL: [StaffState; 3] = [StaffState::New, StaffState::Active, StaffState::Disabled];

    pub fn as_str(self) -> &'static str {
        match self {
            StaffState::New => "new",
            StaffState::Active => "active",
            StaffState::Disabled => "disabled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Seconds by which the clocks of two gateways may differ; whatever was written further ahead was
/// written by a clock that was wrong.
pub const CLOCKS_APART: i64 = 120;

/// Failures after which a name at one place, a browser or a network is locked for a while.
const LOCKS_AFTER: i64 = 10;
/// How long it is locked, in seconds. Never longer, however often it fails: the hundred guesses
/// that a day has room for find no password.
pub const LOCKED_FOR: i64 = 15 * 60;
/// One failure is forgotten in so many seconds: a school whose people mistype now and then never
/// comes near a lock.
const FORGOTTEN_IN: i64 = 10 * 60;

/// Failures in a row, and what they lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many there were, this one among them.
    pub count: i64,
    /// Failures that cost nothing besides: an address may be a whole school's.
    pub free: i64,
}

impl Failures {
    /// One more, so many seconds after there were `before`.
    pub fn one_more(before: i64, seconds_after: i64, free: i64) -> Self {
        let left = before.saturating_sub(seconds_after.max(0) / FORGOTTEN_IN).max(0);
        Failures { count: left.saturating_add(1), free }
    }

    /// Seconds until the next try: a mistyped password costs nothing, then it doubles, then it is
    /// locked.
    pub fn wait(self) -> i64 {
        match self.count.saturating_sub(self.free) {
            ..=2 => 0,
            counted if counted >= LOCKS_AFTER => LOCKED_FOR,
            counted => 1 << (counted - 2),
        }
    }

    /// This failure is the one that locks.
    pub fn locks(self) -> bool {
        self.count.saturating_sub(self.free) == LOCKS_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_role_is_read_as_it_is_written_and_asks_for_what_it_belongs_to() {
        use BelongsTo::{Agency, Destination, Neither};
        use SecondStep::{App, List};
        let table = [
            ("sender", Agency, List),
            ("screener", Destination, App),
            ("checker-police", Destination, App),
            ("checker-health", Destination, App),
            ("checker-education", Destination, App),
            ("checker-early-help", Destination, App),
            ("manager", Destination, App),
            ("coordinator", Destination, App),
            ("operations", Neither, App),
            ("auditor", Neither, App),
            ("administrator", Neither, App),
        ];
        assert_eq!(table.len(), Role::ALL.len());
        let (agency, team) = (AgencyId::new("school-a"), DestinationId::new("masstt"));
        for ((name, belongs, step), role) in table.into_iter().zip(Role::ALL) {
            assert_eq!((role.as_str(), Role::parse(name)), (name, Some(role)));
            assert_eq!((role.belongs_to(), role.second_step()), (belongs, step), "{name}");
            for (of, to, given) in [
                (None, None, Some(Neither)),
                (Some(&agency), None, Some(Agency)),
                (None, Some(&team), Some(Destination)),
                (Some(&agency), Some(&team), None),
            ] {
                for lead in [false, true] {
                    let post = Post::new(role, of.cloned(), to.cloned(), lead);
                    let fits = given == Some(belongs) && (!lead || role == Role::Sender);
                    assert_eq!(post.is_ok(), fits, "{name} {given:?} {lead}");
                }
            }
        }
        assert_eq!(Role::parse("Sender"), None);
    }

    #[test]
    fn a_mistyped_password_costs_nothing_and_the_tenth_failure_locks_for_a_while() {
        let waits = |free| (1..=12).map(move |count| Failures { count, free }.wait());
        let expected = [0, 0, 2, 4, 8, 16, 32, 64, 128, 900, 900, 900];
        assert_eq!(waits(0).collect::<Vec<_>>(), expected);
        assert!(waits(20).all(|wait| wait == 0));
        let locking: Vec<i64> =
            (1..50).filter(|count| Failures { count: *count, free: 20 }.locks()).collect();
        assert_eq!(locking, [30]);
    }

    /// Whoever guesses as often as they are let, each time at once.
    #[test]
    fn fewer_than_a_hundred_and_twenty_guesses_a_day_are_looked_at() {
        let (mut now, mut last, mut count, mut looked_at) = (0, 0, 0, 0);
        while now < 24 * 3_600 {
            let failures = Failures::one_more(count, now - last, 0);
            (count, last, looked_at) = (failures.count, now, looked_at + 1);
            now += failures.wait();
        }
        assert!((80..120).contains(&looked_at), "{looked_at}");
        assert_eq!(
            Failures::one_more(count, 24 * 3_600, 0).count,
            1,
            "a day later all is forgotten"
        );
        assert_eq!(
            Failures::one_more(3, -5, 0).count,
            4,
            "a clock that was set back forgives none"
        );
    }

    proptest! {
        #[test]
        fn more_failures_never_wait_less_and_nobody_waits_for_good(
            count in 0..i64::MAX,
            free in 0..100_i64,
        ) {
            let wait = |count| Failures { count, free }.wait();
            prop_assert!((0..=LOCKED_FOR).contains(&wait(count)));
            prop_assert!(wait(count) >= wait(count - 1));
            let with_none_free = Failures { count, free: 0 };
            prop_assert!(wait(count) <= with_none_free.wait());
        }
    }
}
