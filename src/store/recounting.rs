//! Deciding again, under the lane's lock, a referral that was decided with a history that was not
//! its children's: what rested on it goes, and everyone who was sent it is told.

use super::error::StoreError;
use super::histories::Within;
use super::lane::LaneParts;
use super::linking::year_before;
use super::recounts::Recount;
use super::rows::*;
use super::standing::{known_of, leave_apart, links_of};
use super::traits::LaneTx;
use super::work::*;
use crate::audit::Event;
use crate::domain::matching::WrongBy;
use crate::domain::{LinkState, Timestamp, Withdrawn};

/// Once for each [`Recount`]: another gateway may have had it.
pub(super) async fn recount(
    parts: &LaneParts,
    tx: &mut dyn LaneTx,
    wrong: &Recount,
    now: Timestamp,
) -> Result<Concluded, StoreError> {
    let nothing = || Concluded { rows: Batch::default(), done: Done::Looked };
    if !tx.recount_stands(wrong).await? {
        return Ok(nothing());
    }
    let Some((stored, known)) = tx.referral(wrong.reference).await? else { return Ok(nothing()) };
    let referred = parts.judge.reopen(&stored, now)?;
    let mut links = links_of(&known, referred.children.len())?;
    let since = year_before(stored.row.received_at);
    let read = known_of(tx, &links, &referred.children, since, stored.row.id).await?;
    leave_apart(&mut links, &read.people, &[]);
    let histories = Within::default().histories(&links, &referred.children, &read);
    // A brother's or sister's history was counted only where a rule has told of it.
    let is_or_may_be = |link: &StoredLink| {
        let said = link.state.is_settled() || link.state == LinkState::Possible;
        said && [link.person, link.record].contains(&wrong.person)
    };
    let own = known.iter().any(is_or_may_be);
    let withdrawn = Withdrawn { person: wrong.person, kind: WrongBy::Counted, since: wrong.since };
    let clocks = tx.clocks(stored.row.id).await?;
    let visit = Revisit {
        stored: &stored,
        referred: &referred,
        links: &links,
        histories: &histories,
        clocks: &clocks,
        how: if own && wrong.decision.is_some() { How::Propose } else { How::Free },
        withdrawn: Some(withdrawn),
        own: false,
    };
    let (mut rows, _) = parts.judge.conclude_revisit(&visit, now)?;
    let word = wrong.decision.map_or("records".to_owned(), |id| id.to_string());
    let kind = match visit.how {
        // Nobody is told: at most what it was decided with is kept anew.
        How::Free if rows.outbox.is_empty() => "history.counted-again",
        _ => "history.withdrawn",
    };
    let event = Event::new(kind, "frontdoor").about(stored.row.id);
    rows.desk.push(event.of(wrong.person).detail(word));
    rows.recounted.push(*wrong);
    Ok(Concluded { rows, done: Done::Looked })
}
