//! Written forms of what was said on the telephone: a referral that says that it was telephoned
//! first ends the wait of the same agency's earlier one of the same child.

use super::error::StoreError;
use super::families::{family_of, survivor_of};
use super::follow::{Again, EndedClock};
use super::lane::LaneParts;
use super::rows::Batch;
use super::statements::last_said;
use super::traits::LaneTx;
use super::work::{ChildLink, Referred};
use crate::audit::Event;
use crate::domain::outcome::WRITTEN_FORM;
use crate::domain::values::YesNo;
use crate::domain::{Answer, Children, ClockKind};

/// What of one person an agency `$1` has said and not written yet; `$2` is the person.
pub(super) const AWAITED: &str = concat!(
    "SELECT DISTINCT r.reference, c.destination FROM link l JOIN clock c \
     ON c.referral = l.referral AND c.kind = 'written-form' AND c.ended_at IS NULL \
     JOIN referral r ON r.id = c.referral AND r.agency = $1 \
     WHERE l.state IN ('linked', 'new') AND l.person IN ",
    family_of!("$2"),
    " AND ",
    last_said!("l"),
    " ORDER BY r.reference LIMIT 20"
);

/// Ends the wait for what this referral is the written form of. That both name a child alike is
/// asked as well: that the records know it by both names is no sender's to learn (invariant 6).
pub(super) async fn pair(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    referred: &Referred,
    links: &[ChildLink],
    rows: &mut Batch,
) -> Result<(), StoreError> {
    let says = |answer: &Answer<YesNo>| answer.value() == Some(&YesNo(true));
    let referral = &referred.referral;
    let (Some(form), true) = (rows.referrals.first(), says(&referral.telephone_first)) else {
        return Ok(());
    };
    if says(&referral.form_to_follow) {
        return Ok(());
    }
    let (reference, at) = (form.reference, referred.received_at);
    for link in links.iter().filter(|link| !link.fresh) {
        for (call, destination) in tx.awaited_forms(&referred.agency, link.person).await? {
            let Some((stored, _)) = tx.referral(call).await? else { continue };
            if !parts.judge.is_of_the_same(&stored, referred)? {
                continue;
            }
            let referral = stored.row.id;
            let (kind, waiting) = (ClockKind::new(WRITTEN_FORM), Children::NONE);
            let again = Again::default();
            let ended = EndedClock { referral, destination, kind, waiting, again, at };
            rows.follow.ended.push(ended);
            let event = Event::new("referral.written", referred.agency.as_str());
            rows.audit.push(event.about(referral).detail(reference.to_string()));
        }
    }
    Ok(())
}
