//! Marks that a referral carries on every copy.

/// What a rule asks of everyone who handles the referral.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// Nothing may reach the family that shows that a worry was raised.
    DoNotAlert,
    /// Neither a relative nor someone of the community may interpret.
    NoRelativeInterpreter,
}
