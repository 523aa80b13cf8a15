//! Written forms of what was said on the telephone: a referral that says that it was telephoned
//! first ends the wait of the same agency's earlier one of the same child.

use super::error::StoreError;
use super::families::{family_of, survivor_of};
use super::follow::EndedClock;
use super::rows::Batch;
use super::traits::LaneTx;
use super::work::{ChildLink, Referred};
use crate::audit::Event;
use crate::domain::outcome::WRITTEN_FORM;
use crate::domain::values::YesNo;
use crate::domain::{Children, ClockKind, Timestamp};

/// What of one person an agency `$1` has said and not written yet; `$2` is the person.
pub(super) const AWAITED: &str = concat!(
    "SELECT DISTINCT c.referral, c.destination FROM link l JOIN clock c \
     ON c.referral = l.referral AND c.kind = 'written-form' AND c.ended_at IS NULL \
     JOIN referral r ON r.id = c.referral AND r.agency = $1 \
     WHERE l.state IN ('linked', 'new') AND l.person IN ",
    family_of!("$2"),
    " ORDER BY c.referral LIMIT 20"
);

/// Ends the wait for what this referral is the written form of.
pub(super) async fn pair(
    tx: &mut dyn LaneTx,
    referred: &Referred,
    links: &[ChildLink],
    now: Timestamp,
    rows: &mut Batch,
) -> Result<(), StoreError> {
    if referred.referral.telephone_first.value() != Some(&YesNo(true)) {
        return Ok(());
    }
    for link in links.iter().filter(|link| !link.fresh) {
        for (referral, destination) in tx.awaited_forms(&referred.agency, link.person).await? {
            rows.follow.ended.push(EndedClock {
                referral,
                destination,
                kind: ClockKind::new(WRITTEN_FORM),
                waiting: Children::NONE,
                at: now,
            });
            let form = rows.referrals.first().map(|row| row.reference.to_string());
            let event = Event::new("referral.written", referred.agency.as_str()).about(referral);
            rows.audit.push(event.detail(form.unwrap_or_default()));
        }
    }
    Ok(())
}
