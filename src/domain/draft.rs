//! Referrals that are being written at a screen, and are not sent.

/// What has become of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DraftState {
    /// It can be written on, and nobody who decides knows of it.
    Open,
    /// It was accepted, under a reference.
    Sent,
    /// Its author took it away. What stood in it is gone.
    Discarded,
}

impl DraftState {
    const ALL: [DraftState; 3] = [DraftState::Open, DraftState::Sent, DraftState::Discarded];

    pub fn as_str(self) -> &'static str {
        match self {
            DraftState::Open => "open",
            DraftState::Sent => "sent",
            DraftState::Discarded => "discarded",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}
