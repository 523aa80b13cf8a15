//! Why a submission was not accepted: it could not be read, it lacked the minimum of three facts,
//! its sender is not active yet, or a defect here stopped it. A refusal is a record (invariant 5);
//! nothing else refuses.

use super::record::Unread;

/// The kinds of refusal. Codes are stable: they are the tail of a problem's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// Not JSON (or not the adapter's format), or not UTF-8.
    NotReadable,
    /// The same key twice in one object: which one is meant is not ours to guess.
    DuplicateKey,
    /// More bytes than the limit.
    TooLarge,
    /// Nested deeper, or longer, than the limits.
    TooDeep,
    /// Who refers, whom it concerns, or what the worry is, is missing (invariant 4).
    BelowMinimum,
    /// A media type that this address does not read.
    MediaType,
    /// Its sender is still testing: people look all the same.
    Testing,
    /// A defect here, not the submission: it is kept as sent, and people must read it.
    Failed,
}

impl RefusalKind {
    pub fn code(self) -> &'static str {
        match self {
            RefusalKind::NotReadable => "not-readable",
            RefusalKind::DuplicateKey => "duplicate-key",
            RefusalKind::TooLarge => "too-large",
            RefusalKind::TooDeep => "too-deep",
            RefusalKind::BelowMinimum => "below-minimum",
            RefusalKind::MediaType => "media-type",
            RefusalKind::Testing => "testing",
            RefusalKind::Failed => "failed-kept",
        }
    }

    /// The kind of this code.
    pub fn from_code(code: &str) -> Option<Self> {
        use RefusalKind::*;
        let all = [
            NotReadable,
            DuplicateKey,
            TooLarge,
            TooDeep,
            BelowMinimum,
            MediaType,
            Testing,
            Failed,
        ];
        all.into_iter().find(|kind| kind.code() == code)
    }

    /// One sentence for the sender, the same for every such refusal.
    pub fn title(self) -> &'static str {
        match self {
            RefusalKind::NotReadable => "The submission could not be read",
            RefusalKind::DuplicateKey => "The submission says the same thing twice",
            RefusalKind::TooLarge => "The submission is too large",
            RefusalKind::TooDeep => "The submission is nested too deeply or its lists are too long",
            RefusalKind::BelowMinimum => "The submission lacks one of the three facts needed",
            RefusalKind::MediaType => "The submission's media type is not read here",
            RefusalKind::Testing => "The agency is still testing, and its referrals are not taken",
            RefusalKind::Failed => {
                "Something went wrong here; the submission is kept as it was sent"
            }
        }
    }
}

/// A refusal with everything that would mend it. Never holds a value from the submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// Where, by which rule, and what to do. At most 50; more are counted in the last.
    pub faults: Vec<Unread>,
}

impl Refusal {
    /// A defect here stopped the submission; nothing that its sender could mend.
    pub fn failed() -> Self {
        Refusal { kind: RefusalKind::Failed, faults: Vec::new() }
    }
}

/// How much of a body came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes that were read.
    pub read: u64,
    /// Bytes that the sender announced, where it did.
    pub announced: Option<u64>,
    /// All of it was read.
    pub whole: bool,
}

impl Extent {
    /// A body that was read to its end.
    pub fn whole(body: &[u8]) -> Self {
        let read = u64::try_from(body.len()).unwrap_or(u64::MAX);
        Extent { read, announced: Some(read), whole: true }
    }

    /// The size of the body as far as it is known.
    pub fn size(&self) -> u64 {
        self.read.max(self.announced.unwrap_or_default())
    }
}
