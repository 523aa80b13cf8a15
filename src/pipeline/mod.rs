//! One function, seven verbs, exactly one outcome for each submission.
//!
//! `receive` adapts, validates and scores, and hands the work to the commit lane, which calls back
//! into [`judge`] to link, decide and route under its lock.

mod adapted;
mod addition;
mod adult_watch;
mod adults;
mod attached;
mod concerned;
mod consequences;
mod decided;
pub mod desk;
mod document_watch;
pub mod documents;
mod doubt;
pub mod drafts;
mod ending;
mod follower;
mod following;
mod guard;
mod identity;
mod intake;
mod judge;
mod news;
mod otherwise;
mod refusals;
mod replay;
mod rows;
mod sender_view;
mod waiting;

pub use crate::adapter::media_type;
pub use crate::linkage::{Evidence, Explanation};
pub use adapted::{Adapted, Answered, Canonical};
pub use adult_watch::AdultWatch;
pub use decided::close_proposal;
pub use desk::{Desk, Followed, Heard, Recording, Said, SenderTold, ToldOutcome};
pub use document_watch::DocumentWatch;
pub use documents::{DocumentLimits, Documents, Listed, Offered, Taken};
pub use intake::{Intake, Outcome, Pipeline, Submission};
pub use judge::{Rules, Stages};
pub use news::Newsreader;
pub use otherwise::{ChildOtherwise, DestinationOtherwise, How, Otherwise, RouteTold, RuleTold};
pub use replay::{Replay, Replayed};
pub use rows::{Decided, Made};
pub use sender_view::{SenderDesk, SenderState, SenderView};
