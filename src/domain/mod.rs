//! The words of the field: what a referral is, who it concerns, and what was decided.
//!
//! Nothing here does I/O, reads a clock or draws a random number, and nothing here knows of HTTP,
//! SQL or AMQP. Personal values have a redacting `Debug`, so that a stray `{:?}` tells no story.

pub mod adults;
pub mod agency;
pub mod alarms;
pub mod alerting;
pub mod answer;
pub mod attachment;
pub mod child;
pub mod children;
pub mod codes;
pub mod decision;
pub mod directory;
pub mod draft;
pub mod expression;
pub mod facts;
pub mod hours;
pub mod household;
pub mod ids;
pub mod localities;
pub mod mark;
pub mod matching;
pub mod message;
pub mod nhs_number;
pub mod notice;
pub mod outcome;
pub mod pauses;
pub mod phrases;
pub mod postcode;
pub mod receipt;
pub mod record;
pub mod reference;
pub mod referral;
pub mod refusal;
pub mod second_looks;
pub mod shortlist;
pub mod staff;
pub mod time;
pub mod upn;
pub mod values;
pub mod working_days;

pub use adults::{AdultKey, AdultRole, AdultSeen, AdultWord};
pub use alerting::{Address, Alerting};
pub use answer::{Answer, State};
pub use attachment::{AttachmentKind, AttachmentState, AttachmentTold};
pub use child::Child;
pub use children::Children;
pub use decision::{ChildDecision, ChildHistory, Decision, Level, LinkState, Reason, Route};
pub use directory::Directory;
pub use ids::{
    AdultMatchId, AgencyId, AttachmentId, ClockKind, DecisionId, DestinationId, DraftId, LookId,
    MessageId, NoticeId, OutcomeCode, OutcomeId, PersonId, Priority, Purpose, ReferralId, RoleId,
    RuleId, StaffId,
};
pub use mark::Mark;
pub use matching::{MatchId, Withdrawn, Word};
pub use notice::{NoticeKind, Whom};
pub use receipt::Receipt;
pub use record::{Field, Unread};
pub use reference::Reference;
pub use referral::Referral;
pub use staff::{Post, Role};
pub use time::Timestamp;
