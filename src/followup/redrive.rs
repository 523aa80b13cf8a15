//! A person has a failing or dead message sent again.

use crate::audit::Event;
use crate::domain::MessageId;
use crate::domain::time::Env;
use crate::store::{DeliveryState, ReadStore, StoreError};

/// What became of the wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redriven {
    /// It is tried now.
    Again,
    /// It is neither failing nor dead, and is left as it is.
    Left(DeliveryState),
    /// There is no such message.
    Unknown,
}

/// Has a message sent again; `by` is who asks for it.
///
/// # Errors
/// When the store does not answer; saying it again is harmless.
pub async fn redrive(
    store: &dyn ReadStore,
    env: &dyn Env,
    id: MessageId,
    by: &str,
) -> Result<Redriven, StoreError> {
    let event = Event::new("delivery.redriven", by).detail(id.to_string());
    Ok(match store.redrive(id, event, env.now()).await? {
        Some(DeliveryState::Failing | DeliveryState::Dead) => Redriven::Again,
        Some(state) => Redriven::Left(state),
        None => Redriven::Unknown,
    })
}
