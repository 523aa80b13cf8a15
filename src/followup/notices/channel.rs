//! The way by which a notice reaches somebody, whatever it is.

use super::Letter;
use async_trait::async_trait;

/// Why a notice was not sent. Fixed codes: what a server says stays with it, because it may repeat
/// addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The server does not take it.
    Refused,
    /// The server, or a safe connection to it, cannot be had.
    Unreachable,
    /// The server does not answer in time.
    Timeout,
    /// The configuration has no address for whom it is for.
    NoContact,
    /// The settings name no channel.
    NoChannel,
}

impl Fault {
    pub fn code(self) -> &'static str {
        match self {
            Fault::Refused => "refused",
            Fault::Unreachable => "unreachable",
            Fault::Timeout => "timeout",
            Fault::NoContact => "no-contact",
            Fault::NoChannel => "no-channel",
        }
    }
}

/// Carries notices. E-mail is one; a pager or a telephone gateway would be another.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Hands the letter over; what is taken is the channel's to deliver.
    async fn send(&self, letter: &Letter) -> Result<(), Fault>;
}

/// Where the settings name none: what should be sent is failing until they do.
pub struct NoChannel;

#[async_trait]
impl Channel for NoChannel {
    async fn send(&self, _: &Letter) -> Result<(), Fault> {
        Err(Fault::NoChannel)
    }
}
