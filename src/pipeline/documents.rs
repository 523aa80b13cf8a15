//! Documents that a sender adds to a referral: what is taken, and how it is kept and handed out.
//! The HTTP API and the form call the same.
//!
//! Keeping one is a transaction of its own and not the commit lane's: ten megabytes hold no
//! referral up. Teams are told by the lane afterwards ([`super::DocumentWatch`]), and a scanner
//! looks at the bytes when it can (`followup::scanning`); neither delays the answer to the sender.

mod fit;

pub use fit::Unfit;

use crate::audit::{ChainName, Event};
use crate::domain::time::Env;
use crate::domain::{
    AgencyId, AttachmentId, AttachmentKind, AttachmentState, Reference, ReferralId, Timestamp,
};
use crate::store::error::{Result, StoreError};
use crate::store::keys::KeyRing;
use crate::store::{Attached, AttachmentRow, AttachmentStore, NewAttachment, ReadStore, Token16};
use serde::Serialize;
use std::sync::Arc;

/// What one referral may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentLimits {
    /// Bytes of one.
    pub bytes: usize,
    /// How many.
    pub files: usize,
    /// Bytes of all.
    pub bytes_of_all: usize,
}

impl Default for DocumentLimits {
    fn default() -> Self {
        DocumentLimits { bytes: 10 << 20, files: 20, bytes_of_all: 100 << 20 }
    }
}

/// A file as it is offered.
pub struct Offered {
    pub referral: ReferralId,
    pub agency: AgencyId,
    /// As its sender calls it.
    pub name: Option<String>,
    /// What it is said to be.
    pub media_type: Option<String>,
    pub content: Vec<u8>,
    pub idempotency_key: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is durable, now or before (`repeat`).
    Kept {
        document: Listed,
        repeat: bool,
    },
    /// The sender's key was used for another file.
    KeyReused,
    TooLarge,
    /// The referral has as many as it may have.
    Full,
    Unfit(Unfit),
}

/// A document in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub id: AttachmentId,
    pub name: String,
    #[serde(rename = "type")]
    pub kind: AttachmentKind,
    /// Bytes.
    pub size: i64,
    pub received_at: Timestamp,
    pub state: AttachmentState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scanned_at: Option<Timestamp>,
    /// What is to be done about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<&'static str>,
}

/// What a sender is asked whose file was found harmful.
pub const CLEAN_COPY: &str = "The scanner found something harmful in it, and nobody is handed it. \
    Telephone the team about what it says, have the computer looked at that it came from, and send \
    a clean copy";
/// What a team is asked then.
pub const TELEPHONE: &str = "The scanner found something harmful in it, and nobody is handed it. \
    Telephone its sender about what it says";

/// The documents of referrals.
pub struct Documents {
    pub store: Arc<dyn AttachmentStore>,
    pub reads: Arc<dyn ReadStore>,
    pub ring: KeyRing,
    pub env: Arc<dyn Env>,
    pub limits: DocumentLimits,
}

impl Documents {
    /// An agency's own referral. Another's, and one that does not exist, are told apart by nothing.
    pub async fn own(&self, of: Reference, agency: &AgencyId) -> Result<Option<ReferralId>> {
        let stored = self.reads.referral(of).await?;
        Ok(stored.filter(|stored| stored.row.agency == *agency).map(|stored| stored.row.id))
    }

    /// Takes a file; durable when it says that it is kept. Of what is not taken there is an event.
    pub async fn take(&self, offered: Offered) -> Result<Taken> {
        let (referral, agency) = (offered.referral, offered.agency.clone());
        let taken = self.keep(offered).await?;
        self.not_taken(referral, &agency, taken).await
    }

    /// Leaves an event, where a file was not taken.
    pub async fn not_taken(
        &self,
        of: ReferralId,
        agency: &AgencyId,
        taken: Taken,
    ) -> Result<Taken> {
        let why = match &taken {
            Taken::Kept { .. } => return Ok(taken),
            Taken::KeyReused => "key-reused",
            Taken::TooLarge => "too-large",
            Taken::Full => "full",
            Taken::Unfit(why) => why.rule(),
        };
        let event = Event::new("attachment.refused", agency.as_str()).about(of).detail(why);
        self.reads.record(ChainName::Desk, vec![event], self.env.now()).await?;
        Ok(taken)
    }

    async fn keep(&self, offered: Offered) -> Result<Taken> {
        if offered.content.len() > self.limits.bytes {
            return Ok(Taken::TooLarge);
        }
        let sealing = Sealing {
            ring: self.ring.clone(),
            env: self.env.clone(),
            most: (whole(self.limits.files), whole(self.limits.bytes_of_all)),
        };
        // Ten megabytes keep a processor busy: off the threads that serve referrals.
        let sealed = tokio::task::spawn_blocking(move || sealing.seal(&offered)).await;
        let sealed = sealed.map_err(|_| StoreError::Refused("sealing a file failed".to_owned()))?;
        let new = match sealed {
            Ok(new) => new,
            Err(unfit) => return Ok(Taken::Unfit(unfit)),
        };
        Ok(match self.store.attach(&new).await? {
            Attached::Kept => Taken::Kept { document: self.listed(new.row)?, repeat: false },
            Attached::Repeat(row) => Taken::Kept { document: self.listed(*row)?, repeat: true },
            Attached::KeyReused => Taken::KeyReused,
            Attached::Full => Taken::Full,
        })
    }

    /// Those of a referral, as `ask` says what is to be done about a harmful one.
    pub async fn list(&self, of: ReferralId, ask: &'static str) -> Result<Vec<Listed>> {
        let rows = self.store.attachments(of).await?.into_iter();
        let listed = rows.map(|row| {
            let mut listed = self.listed(row)?;
            listed.ask = (listed.state == AttachmentState::Infected).then_some(ask);
            Ok(listed)
        });
        listed.collect()
    }

    /// Opens what may be handed out.
    pub async fn content(&self, row: &AttachmentRow) -> Result<Vec<u8>> {
        let missing = || StoreError::Damaged("the bytes of a document are missing".to_owned());
        let body = self.store.attachment_content(row.id).await?.ok_or_else(missing)?;
        row.open(&self.ring, body).await
    }

    /// A document, with its name.
    pub fn listed(&self, row: AttachmentRow) -> Result<Listed> {
        let name = self.ring.open_record(&AttachmentRow::name(row.id), &row.record)?;
        let damaged = |_| StoreError::Damaged("a document's name is not as written".to_owned());
        Ok(Listed {
            id: row.id,
            name: String::from_utf8(name).map_err(damaged)?,
            kind: row.kind,
            size: row.size,
            received_at: row.received_at,
            state: row.state,
            scanned_at: row.scanned_at,
            ask: None,
        })
    }
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What sealing a file needs.
struct Sealing {
    ring: KeyRing,
    env: Arc<dyn Env>,
    most: (i64, i64),
}

impl Sealing {
    fn seal(&self, offered: &Offered) -> std::result::Result<NewAttachment, Unfit> {
        let Offered { referral, agency, content, .. } = offered;
        let kind = fit::fit(offered.media_type.as_deref(), content)?;
        let name = fit::named(offered.name.as_deref(), kind);
        let (now, env) = (self.env.now(), self.env.as_ref());
        let id = AttachmentId::from_parts(now, env.entropy_id());
        let sealed_as = AttachmentRow::name(id);
        let record = self.ring.seal_record(&sealed_as, name.as_bytes(), env);
        let body = self.ring.seal_more(&sealed_as, &record.wrapped_key, content, env);
        let body = body.expect("the key was made just now");
        let token = |what: &str, bytes: &[u8]| -> Token16 {
            self.ring.token16(&format!("document:{referral}:{what}"), agency.as_str(), bytes)
        };
        Ok(NewAttachment {
            key: offered.idempotency_key.as_ref().map(|key| token("key", key.as_bytes())),
            body: token("body", content),
            content: body,
            most: self.most,
            row: AttachmentRow {
                id,
                referral: *referral,
                agency: agency.clone(),
                received_at: now,
                kind,
                size: whole(content.len()),
                state: AttachmentState::Quarantined,
                attempts: 0,
                scanned_at: None,
                signature: None,
                record,
            },
        })
    }
}
