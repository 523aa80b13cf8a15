//! Reading a body: within a size, within a time, within the memory that is set aside for bodies.

use super::admission::Reservation;
use actix_web::web::Payload;
use futures::StreamExt as _;
use std::time::Duration;

/// A body is read in steps of at least this many reserved bytes.
const STEP: usize = 16 << 10;

/// Why a body was not read whole. What was read of it is in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// More bytes than the limit; how many were announced or seen.
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
    let declared = declared.unwrap_or_default();
    let expected = usize::try_from(declared).ok().filter(|size| *size <= limits.bytes);
    let expected = expected.ok_or(BodyFault::TooLarge(declared))?;
    if !reservation.grow_to(expected) {
        return Err(BodyFault::Crowded);
    }
    buffer.reserve_exact(expected);
    let reading = gather(payload.into_inner(), limits.bytes, reservation, buffer);
    tokio::time::timeout(limits.time, reading).await.unwrap_or(Err(BodyFault::Slow))
}

async fn gather(
    mut payload: actix_web::dev::Payload,
    limit: usize,
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
            let capacity = size.saturating_add(STEP).min(limit);
            if !reservation.grow_to(capacity) {
                return Err(BodyFault::Crowded);
            }
            buffer.reserve_exact(capacity - buffer.len());
        }
        buffer.extend_from_slice(&chunk);
    }
    Ok(())
}
