//! A document that a sender adds to a referral: a letter, a photograph, notes. It is called an
//! attachment here, because the referral itself is the document that receiving teams read.

use super::AttachmentId;
use serde::{Serialize, Serializer};

/// What an attachment is by its bytes, whatever was said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttachmentKind {
    Pdf,
    Jpeg,
    Png,
    /// Of Word, without macros.
    Docx,
    /// UTF-8.
    Text,
}

impl AttachmentKind {
    pub const ALL: [AttachmentKind; 5] = [
        AttachmentKind::Pdf,
        AttachmentKind::Jpeg,
        AttachmentKind::Png,
        AttachmentKind::Docx,
        AttachmentKind::Text,
    ];

    pub fn media_type(self) -> &'static str {
        match self {
            AttachmentKind::Pdf => "application/pdf",
            AttachmentKind::Jpeg => "image/jpeg",
            AttachmentKind::Png => "image/png",
            AttachmentKind::Docx => {
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
            }
            AttachmentKind::Text => "text/plain",
        }
    }

    pub fn of_media_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.media_type() == text)
    }

    /// What its name may end in; the first is what a name gets that ends otherwise.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            AttachmentKind::Pdf => &[".pdf"],
            AttachmentKind::Jpeg => &[".jpg", ".jpeg"],
            AttachmentKind::Png => &[".png"],
            AttachmentKind::Docx => &[".docx"],
            AttachmentKind::Text => &[".txt", ".text", ".md", ".log"],
        }
    }

    pub fn is_picture(self) -> bool {
        matches!(self, AttachmentKind::Jpeg | AttachmentKind::Png)
    }
}

impl Serialize for AttachmentKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.media_type())
    }
}

/// How far an attachment has come. Only what is clean is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentState {
    /// No scanner has looked at it yet.
    Quarantined,
    Clean,
    /// The scanner found something harmful: it is kept, and handed to nobody.
    Infected,
}

impl AttachmentState {
    pub fn as_str(self) -> &'static str {
        match self {
            AttachmentState::Quarantined => "quarantined",
            AttachmentState::Clean => "clean",
            AttachmentState::Infected => "infected",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [AttachmentState::Quarantined, AttachmentState::Clean, AttachmentState::Infected]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What a message tells of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AttachmentTold {
    pub id: AttachmentId,
    pub state: AttachmentState,
}
