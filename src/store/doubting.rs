//! A second person has decided more gravely than the first: under the lane's lock the referral goes
//! before the screening team again.

use super::error::{Result, StoreError};
use super::lane::{Lane, LaneError, LaneParts};
use super::rows::Batch;
use super::traits::LaneTx;
use super::work::{Concluded, Done, Work};
use crate::domain::{Children, DestinationId, LookId, Reference, Timestamp};
use async_trait::async_trait;

/// A decision that a second person would have made more gravely.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub reference: Reference,
    /// What was drawn and decided again.
    pub look: LookId,
    /// Whose system says it.
    pub by: DestinationId,
    /// Whom the first decision concerned.
    pub children: Children,
    /// The rank of the level that was found.
    pub rank: i16,
}

/// Written again it does no harm: a clock that runs is only joined.
pub(super) async fn doubt(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    doubt: &Doubt,
    now: Timestamp,
) -> Result<Concluded> {
    let Some((stored, _)) = tx.referral(doubt.reference).await? else {
        return Ok(Concluded { rows: Batch::default(), done: Done::Unknown });
    };
    let clocks = tx.clocks(stored.row.id).await?;
    let rows = parts.judge.conclude_doubt(&stored, &clocks, doubt, now)?;
    Ok(Concluded { rows, done: Done::Looked })
}

/// Where a doubt is taken; durable when it answers.
#[async_trait]
pub trait Doubts: Send + Sync {
    async fn doubt(&self, doubt: Doubt) -> Result<()>;
}

#[async_trait]
impl Doubts for Lane {
    async fn doubt(&self, doubt: Doubt) -> Result<()> {
        let failed = |why: &str| Err(StoreError::Refused(why.to_owned()));
        match self.submit(Work::Doubt(doubt)).await {
            Ok(Done::Looked) => Ok(()),
            Ok(_) => failed("the referral that is doubted is not there"),
            Err(LaneError::Failed) => failed("a doubt could not be written"),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }
}
