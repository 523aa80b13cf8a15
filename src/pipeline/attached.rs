//! What receiving teams are told of documents that a sender attached.

use super::judge::{Stages, from_json};
use super::rows::{Decided, Facts};
use crate::audit::Event;
use crate::domain::{AttachmentTold, Children, Timestamp};
use crate::store::error::Result;
use crate::store::{Batch, Clock, StoredReferral, ToTell};

impl Stages {
    /// One message to each destination that sees the referral whole. What a document says no rule
    /// can read: it is put before the screening team as information on every child.
    pub(super) fn tell_of_attachments(
        &self,
        stored: &StoredReferral,
        clocks: &[Clock],
        to_tell: &[ToTell],
        now: Timestamp,
    ) -> Result<Batch> {
        let rules = self.rules.load();
        let referred = self.as_it_stands(stored, now)?;
        let decided: Decided = from_json(&self.open(stored.row.id, &stored.row.record)?.decision)?;
        let children = Children::all(referred.referral.children.len());
        let (row, rules) = (&stored.row, &**rules);
        let (referred, decided, links) = (&referred, &decided, &[]);
        let facts = Facts { row, referred, decided, rules, links, now };
        let told = to_tell.iter().map(|one| AttachmentTold { id: one.id, state: one.state });
        let told: Vec<AttachmentTold> = told.collect();
        let mut rows = Batch::default();
        facts.tell_of_documents(&told, &stored.deliveries, self.env.as_ref(), &mut rows);
        if to_tell.iter().any(|one| one.is_new) {
            facts.heed(children, clocks, &mut rows);
        }
        let event = |one: &AttachmentTold| {
            let detail = format!("{} {}", one.id, one.state.as_str());
            Event::new("attachment.told", "frontdoor").about(row.id).detail(detail)
        };
        rows.audit.extend(told.iter().map(event));
        rows.attachments_told = to_tell.to_vec();
        Ok(rows)
    }
}
