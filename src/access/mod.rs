//! Who may call: keys of partner agencies and receiving teams, their rate limits, and TLS; and who
//! may sign in at a screen (`staff/`).
//!
//! A key's secret is shown once, when it is issued, and only its hash is stored. Nothing here
//! prints a key, and nothing here decides what a caller may see of a referral.

mod expiry;
pub mod keys;
pub mod origin;
mod principal;
mod rate;
pub mod staff;
mod table;
pub mod tls;

pub use keys::{IssuedKey, PresentedKey};
pub use principal::{
    AgencyPrincipal, CallSlot, Denied, DestinationPrincipal, OperationsPrincipal, identify_basic,
};
pub use rate::{Limits, Quota, Standing, TooMany};
pub use table::{Access, AccessSettings, Owner, OwnerKind};
