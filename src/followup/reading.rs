//! Reads of a person's record leave a trace before anything is shown (invariant 9).

use crate::audit::{ChainName, Event};
use crate::domain::time::Env;
use crate::domain::{DestinationId, ReferralId};
use crate::store::{ReadStore, StoreError};

/// A receiving team's system reads a referral. Show nothing unless this has succeeded.
pub async fn document_read(
    store: &dyn ReadStore,
    env: &dyn Env,
    referral: ReferralId,
    by: &DestinationId,
) -> Result<(), StoreError> {
    let event = Event::new("document.read", by.as_str()).about(referral);
    store.record(ChainName::Desk, vec![event], env.now()).await
}
