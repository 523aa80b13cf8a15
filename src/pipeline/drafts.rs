//! Referrals that are being written at a screen: sealed, saved as they are answered, and theirs
//! alone who may see them.

use crate::domain::draft::DraftState;
use crate::domain::time::Env;
use crate::domain::{AgencyId, DraftId, Reference, StaffId, Timestamp};
use crate::store::error::Result;
use crate::store::keys::KeyRing;
use crate::store::{DraftRow, Event, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Times that a draft is written again which was written meanwhile in another window. Each writes
/// but its own page, so both stand. What a page saves by itself is not written again: it may be
/// older than what its writer has sent since.
const TRIES: usize = 8;

/// The page of the worry, by which an allegation is told.
const WORRY: &str = "worry";

/// The indicator of an allegation against somebody who works with children.
pub const TRUSTED_PERSON: &str = "trusted-person";

/// Whoever writes.
#[derive(Clone, Debug)]
pub struct Writer {
    pub staff: StaffId,
    pub agency: AgencyId,
    /// A named safeguarding lead, who may take over what a colleague cannot finish.
    pub lead: bool,
    /// As colleagues call them.
    pub name: String,
}

/// What is sealed of a draft.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    /// A referral in its canonical form, as far as it is written.
    pub answers: Map<String, Value>,
    /// The pages that were answered, each with the number of whom it is about.
    pub seen: BTreeSet<(String, usize)>,
    /// How often somebody was taken out: a page that was opened before is about somebody else now.
    pub taken_out: u32,
    /// Who writes it, as colleagues call them.
    pub author: String,
    /// What the child is called in lists, once the referral was sent and its answers are gone.
    pub about: String,
}

impl Content {
    /// Whether it is about somebody who works or volunteers with children, or may be: until its
    /// worry was answered nobody knows.
    fn is_closed(&self) -> bool {
        let indicators = self.answers.get("indicators").and_then(Value::as_array);
        let trusted = |all: &Vec<Value>| all.iter().any(|one| one == TRUSTED_PERSON);
        indicators.is_some_and(trusted) || !self.seen.contains(&(WORRY.to_owned(), 0))
    }

    /// What the first child is called, as far as that is known.
    pub fn first_child(&self) -> String {
        let child = self.answers.get("children").and_then(|children| children.get(0));
        let part = |name: &str| child.and_then(|child| child.get(name)).and_then(Value::as_str);
        let names: Vec<&str> = ["given_name", "family_name"].into_iter().filter_map(part).collect();
        match names.is_empty() {
            true => part("description").unwrap_or_default().to_owned(),
            false => names.join(" "),
        }
    }
}

/// A draft that may be seen by whoever asked.
#[derive(Clone, Debug)]
pub struct Draft {
    pub id: DraftId,
    pub state: DraftState,
    pub made_at: Timestamp,
    pub changed_at: Timestamp,
    pub reference: Option<Reference>,
    pub content: Content,
    row: DraftRow,
}

impl Draft {
    /// One that is kept nowhere, to be looked at.
    pub fn for_samples(content: Content) -> Self {
        let (id, at) = (DraftId(uuid::Uuid::nil()), Timestamp(0));
        let row = DraftRow {
            id,
            agency: AgencyId::new("sample"),
            author: StaffId(uuid::Uuid::nil()),
            closed: false,
            state: DraftState::Open,
            revision: 1,
            made_at: at,
            changed_at: at,
            reference: None,
            record: crate::store::Sealed { wrapped_key: Vec::new(), body: Vec::new() },
        };
        let (state, made_at, changed_at) = (row.state, at, at);
        Draft { id, state, made_at, changed_at, reference: None, content, row }
    }
}

/// A colleague's draft, as it is listed: nothing of what stands in it.
#[derive(Clone, Debug)]
pub struct OfColleague {
    pub id: DraftId,
    pub author: String,
    pub changed_at: Timestamp,
}

/// All drafts of an authority.
pub struct Drafts {
    pub store: Arc<dyn Store>,
    pub ring: KeyRing,
    pub env: Arc<dyn Env>,
}

impl Drafts {
    /// A new one.
    ///
    /// # Errors
    /// When it was not kept.
    pub async fn begin(&self, writer: &Writer, mut content: Content) -> Result<DraftId> {
        let now = self.env.now();
        let id = DraftId::from_parts(now, self.env.entropy_id());
        content.author.clone_from(&writer.name);
        let row = DraftRow {
            id,
            agency: writer.agency.clone(),
            author: writer.staff,
            closed: content.is_closed(),
            state: DraftState::Open,
            revision: 1,
            made_at: now,
            changed_at: now,
            reference: None,
            record: self.seal(id, &content),
        };
        self.store.add_draft(&row, event("draft.begun", writer, id)).await?;
        Ok(id)
    }

    /// One's own draft; `None` when it is another's or there is none.
    ///
    /// # Errors
    /// When the store does not answer, or the draft does not open.
    pub async fn open(&self, writer: &Writer, id: DraftId) -> Result<Option<Draft>> {
        let row = self.store.draft(id).await?;
        row.filter(|row| row.author == writer.staff && row.agency == writer.agency)
            .map(|row| self.opened(row))
            .transpose()
    }

    /// Writes on one's own open draft; what it is then. What is not open stays as it is. What a
    /// page saves `by_itself` is tried once, and opens to colleagues nothing that was closed.
    ///
    /// # Errors
    /// When it was not kept.
    pub async fn save(
        &self,
        writer: &Writer,
        id: DraftId,
        by_itself: bool,
        change: impl Fn(&mut Content),
    ) -> Result<Option<Draft>> {
        let tries = if by_itself { 1 } else { TRIES };
        for _ in 0..tries {
            let Some(mut draft) = self.open(writer, id).await? else { return Ok(None) };
            let before = draft.content.clone();
            change(&mut draft.content);
            if draft.state != DraftState::Open || draft.content == before {
                draft.content = before;
                return Ok(Some(draft));
            }
            let closed = by_itself && draft.row.closed;
            draft.row.closed = closed || draft.content.is_closed();
            if self.write(&mut draft, event("draft.saved", writer, id)).await? {
                return Ok(Some(draft));
            }
        }
        Err(in_use())
    }

    /// Notes that these answers of it were accepted; they are with the referral now, and not here.
    /// What else was written meanwhile stays, and is answered: it is to be sent as well.
    ///
    /// # Errors
    /// When it was not noted.
    pub async fn sent(
        &self,
        writer: &Writer,
        id: DraftId,
        reference: Reference,
        answers: &Map<String, Value>,
    ) -> Result<Option<Draft>> {
        for _ in 0..TRIES {
            let draft = self.open(writer, id).await?;
            let Some(mut draft) = draft.filter(|draft| draft.state == DraftState::Open) else {
                return Ok(None);
            };
            if draft.content.answers != *answers {
                return Ok(Some(draft));
            }
            draft.row.state = DraftState::Sent;
            draft.row.reference = Some(reference);
            draft.content.about = draft.content.first_child();
            if self.write_empty(draft, event("draft.sent", writer, id)).await? {
                return Ok(None);
            }
        }
        Err(in_use())
    }

    /// Takes one's own draft away.
    ///
    /// # Errors
    /// When it was not taken away.
    pub async fn discard(&self, writer: &Writer, id: DraftId) -> Result<()> {
        for _ in 0..TRIES {
            let draft = self.open(writer, id).await?;
            let Some(mut draft) = draft.filter(|draft| draft.state == DraftState::Open) else {
                return Ok(());
            };
            draft.row.state = DraftState::Discarded;
            if self.write_empty(draft, event("draft.discarded", writer, id)).await? {
                return Ok(());
            }
        }
        Err(in_use())
    }

    /// Writes a draft that is over: nothing of what stood in it stays.
    async fn write_empty(&self, mut draft: Draft, event: Event) -> Result<bool> {
        draft.content.answers = Map::new();
        draft.content.seen = BTreeSet::new();
        self.write(&mut draft, event).await
    }

    /// A lead goes on with what a colleague has begun; false when there is nothing to take over.
    ///
    /// # Errors
    /// When it was not taken over.
    pub async fn take_over(&self, writer: &Writer, id: DraftId) -> Result<bool> {
        let row = self.store.draft(id).await?;
        let may = |row: &DraftRow| {
            let theirs = row.agency == writer.agency && row.author != writer.staff;
            writer.lead && theirs && !row.closed && row.state == DraftState::Open
        };
        let Some(row) = row.filter(may) else { return Ok(false) };
        let mut draft = self.opened(row)?;
        draft.row.author = writer.staff;
        draft.content.author.clone_from(&writer.name);
        self.write(&mut draft, event("draft.taken-over", writer, id)).await
    }

    /// One's own drafts in this state.
    ///
    /// # Errors
    /// When the store does not answer, or one of them does not open.
    pub async fn own(&self, writer: &Writer, state: DraftState) -> Result<Vec<Draft>> {
        let rows = self.store.drafts_of(writer.staff, state).await?;
        let own = rows.into_iter().filter(|row| row.agency == writer.agency);
        own.map(|row| self.opened(row)).collect()
    }

    /// What colleagues have begun, for a lead; for others nothing.
    ///
    /// # Errors
    /// When the store does not answer, or one of them does not open.
    pub async fn of_colleagues(&self, writer: &Writer) -> Result<Vec<OfColleague>> {
        let drafts = self.of_agency(writer, DraftState::Open).await?;
        let listed = |draft: Draft| OfColleague {
            id: draft.id,
            author: draft.content.author,
            changed_at: draft.changed_at,
        };
        Ok(drafts.into_iter().map(listed).collect())
    }

    /// What colleagues have sent, for a lead; for others nothing.
    ///
    /// # Errors
    /// When the store does not answer, or one of them does not open.
    pub async fn sent_by_colleagues(&self, writer: &Writer) -> Result<Vec<Draft>> {
        self.of_agency(writer, DraftState::Sent).await
    }

    async fn of_agency(&self, writer: &Writer, state: DraftState) -> Result<Vec<Draft>> {
        if !writer.lead {
            return Ok(Vec::new());
        }
        let rows = self.store.drafts_of_agency(&writer.agency, state).await?;
        let others = rows.into_iter().filter(|row| row.author != writer.staff && !row.closed);
        others.map(|row| self.opened(row)).collect()
    }

    /// Whether somebody may see a referral that was sent from a screen: its author may, and a lead
    /// of the agency where it is not closed. `None` when nobody sent it from a screen.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn may_see(&self, writer: &Writer, reference: Reference) -> Result<Option<bool>> {
        let row = self.store.draft_sent_as(reference).await?;
        let may = |row: DraftRow| {
            let author = row.author == writer.staff;
            row.agency == writer.agency && (author || writer.lead && !row.closed)
        };
        Ok(row.map(may))
    }

    fn opened(&self, row: DraftRow) -> Result<Draft> {
        let bytes = self.ring.open_record(&DraftRow::name(row.id), &row.record)?;
        let content = serde_json::from_slice(&bytes)
            .map_err(|_| StoreError::Damaged("a draft cannot be read".to_owned()))?;
        Ok(Draft {
            id: row.id,
            state: row.state,
            made_at: row.made_at,
            changed_at: row.changed_at,
            reference: row.reference,
            content,
            row,
        })
    }

    fn seal(&self, id: DraftId, content: &Content) -> crate::store::Sealed {
        let bytes = serde_json::to_vec(content).expect("a draft is plain data");
        self.ring.seal_record(&DraftRow::name(id), &bytes, self.env.as_ref())
    }

    /// Writes a draft as it has become; false where somebody else was quicker.
    async fn write(&self, draft: &mut Draft, event: Event) -> Result<bool> {
        draft.row.changed_at = self.env.now();
        draft.row.record = self.seal(draft.id, &draft.content);
        (draft.state, draft.changed_at) = (draft.row.state, draft.row.changed_at);
        draft.reference = draft.row.reference;
        self.store.change_draft(&draft.row, event).await
    }
}

fn in_use() -> StoreError {
    StoreError::Unavailable("a draft is being written in another window".to_owned())
}

fn event(kind: &str, writer: &Writer, id: DraftId) -> Event {
    Event::new(kind, &writer.staff.to_string()).detail(id.to_string())
}
