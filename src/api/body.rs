//! Reading a body: within a size, within a time, within the memory that is set aside for bodies.

use super::admission::Reservation;
use actix_web::web::Payload;
use futures::StreamExt as _;
use std::time::Duration;

/// Memory for a body is set aside in steps of at least this many bytes, as they arrive: announcing
/// a size costs a sender nothing.
const STEP: usize = 16 << 10;

/// Why a body was not read whole. What was read of it is in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// More bytes than the limit were announced or came; how many came.
    TooLarge(u64),
    /// Not whole in time.
    Slow,
    /// The connection or the framing broke off.
    Broken,
    /// No memory is free for it now.
    Crowded,
}

/// Limits of one body.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    /// Bytes.
    pub bytes: usize,
    pub time: Duration,
}

/// Reads the whole body into `buffer`. `declared` is its `Content-Length`.
pub(super) async fn read(
    payload: Payload,
    declared: Option<u64>,
    limits: BodyLimits,
    reservation: &mut Reservation<'_>,
    buffer: &mut Vec<u8>,
) -> Result<(), BodyFault> {
    // An announced size over the limit is answered at once, before a byte is read.
    let announced = usize::try_from(declared.unwrap_or_default()).unwrap_or(usize::MAX);
    if announced > limits.bytes {
        return Err(BodyFault::TooLarge(0));
    }
    let most = if announced > 0 { announced } else { limits.bytes };
    let reading = gather(payload.into_inner(), limits.bytes, most, reservation, buffer);
    tokio::time::timeout(limits.time, reading).await.unwrap_or(Err(BodyFault::Slow))
}

async fn gather(
    mut payload: actix_web::dev::Payload,
    limit: usize,
    most: usize,
    reservation: &mut Reservation<'_>,
    buffer: &mut Vec<u8>,
) -> Result<(), BodyFault> {
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| BodyFault::Broken)?;
        let size = buffer.len() + chunk.len();
        if size > limit {
            return Err(BodyFault::TooLarge(u64::try_from(size).unwrap_or(u64::MAX)));
        }
        if size > buffer.capacity() {
            // Doubled, so that a large body is not copied at each step.
            let step = buffer.capacity().max(STEP);
            let capacity = size.saturating_add(step).min(most).max(size);
            if !reservation.grow_to(capacity) {
                return Err(BodyFault::Crowded);
            }
            buffer.reserve_exact(capacity - buffer.len());
        }
        buffer.extend_from_slice(&chunk);
    }
    Ok(())
}
