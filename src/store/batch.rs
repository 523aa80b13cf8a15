//! What one batch of the commit lane writes.

use super::adults::AdultRows;
use super::attachments::ToTell;
use super::follow::FollowRows;
use super::matches::{ApartRow, DecisionRow, WithdrawalRow};
use super::notices::{NoticeRow, pages};
use super::recounts::Recount;
use super::rows::*;
use crate::audit::Event;
use crate::domain::ids::RefusalId;
use crate::domain::{PersonId, Timestamp};

/// Everything one lane batch writes, in one transaction.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// When it is written: the time of its audit link.
    pub at: Timestamp,
    pub referrals: Vec<ReferralRow>,
    pub information: Vec<InformationRow>,
    pub persons: Vec<PersonRow>,
    /// Better profiles of people that a referral made. A person of the authority's own records
    /// keeps the profile of the feed.
    pub profiles: Vec<(PersonId, Vec<u8>)>,
    /// Tokens that known persons gain.
    pub tokens: Vec<(Token, PersonId)>,
    pub links: Vec<LinkRow>,
    /// Where the children of new referrals live, and of those that are added to.
    pub homes: Vec<HomeRow>,
    pub adults: AdultRows,
    pub follow: FollowRows,
    /// Referrals decided again because of what a person said of a match; each at the revision that
    /// was read, which stays.
    pub revisits: Vec<ReferralRow>,
    pub decisions: Vec<DecisionRow>,
    pub apart: Vec<ApartRow>,
    pub withdrawals: Vec<WithdrawalRow>,
    /// Referrals that were decided with a history that is wrong, as is found now.
    pub recounts: Vec<Recount>,
    /// Those that are decided again now.
    pub recounted: Vec<Recount>,
    /// Attachments of which receiving teams are told now.
    pub attachments_told: Vec<ToTell>,
    pub outbox: Vec<OutboxRow>,
    /// Who is told that something waits: see [`Batch::page`].
    pub notices: Vec<NoticeRow>,
    pub repeats: Vec<NewRepeat>,
    pub refusals: Vec<RefusalRow>,
    /// Refusals seen again: id and when.
    pub refused_again: Vec<(RefusalId, Timestamp)>,
    /// Repeat keys whose open refusals an accepted submission clears, and when.
    pub clears: Vec<(Token16, Timestamp)>,
    pub tallies: Vec<(Tally, i64)>,
    pub audit: Vec<Event>,
    /// Events of the `desk` chain.
    pub desk: Vec<Event>,
}

impl Batch {
    /// Adds another batch's rows to this one's.
    pub fn append(&mut self, other: Batch) {
        self.referrals.extend(other.referrals);
        self.information.extend(other.information);
        self.persons.extend(other.persons);
        self.profiles.extend(other.profiles);
        self.tokens.extend(other.tokens);
        self.links.extend(other.links);
        self.homes.extend(other.homes);
        self.adults.append(other.adults);
        self.follow.append(other.follow);
        self.revisits.extend(other.revisits);
        self.decisions.extend(other.decisions);
        self.apart.extend(other.apart);
        self.withdrawals.extend(other.withdrawals);
        self.recounts.extend(other.recounts);
        self.recounted.extend(other.recounted);
        self.attachments_told.extend(other.attachments_told);
        self.outbox.extend(other.outbox);
        self.notices.extend(other.notices);
        self.repeats.extend(other.repeats);
        self.refusals.extend(other.refusals);
        self.refused_again.extend(other.refused_again);
        self.clears.extend(other.clears);
        self.tallies.extend(other.tallies);
        self.audit.extend(other.audit);
        self.desk.extend(other.desk);
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        let Batch {
            at: _,
            referrals,
            information,
            persons,
            profiles,
            tokens,
            links,
            homes,
            adults,
            follow,
            revisits,
            decisions,
            apart,
            withdrawals,
            recounts,
            recounted,
            attachments_told,
            outbox,
            notices,
            repeats,
            refusals,
            refused_again,
            clears,
            tallies,
            audit,
            desk,
        } = self;
        referrals.is_empty()
            && information.is_empty()
            && persons.is_empty()
            && profiles.is_empty()
            && tokens.is_empty()
            && links.is_empty()
            && homes.is_empty()
            && adults.is_empty()
            && follow.is_empty()
            && revisits.is_empty()
            && decisions.is_empty()
            && apart.is_empty()
            && withdrawals.is_empty()
            && recounts.is_empty()
            && recounted.is_empty()
            && attachments_told.is_empty()
            && outbox.is_empty()
            && notices.is_empty()
            && repeats.is_empty()
            && refusals.is_empty()
            && refused_again.is_empty()
            && clears.is_empty()
            && tallies.is_empty()
            && audit.is_empty()
            && desk.is_empty()
    }

    /// Whoever is sent something immediate is told at once, in the transaction that sends it.
    pub fn page(&mut self) {
        let pages = pages(&self.outbox);
        self.audit.extend(pages.iter().map(NoticeRow::written));
        self.notices.extend(pages);
    }

    /// Sums equal tallies, so that one batch appends few deltas.
    pub fn fold_tallies(&mut self) {
        let mut sums = std::collections::BTreeMap::new();
        for (tally, count) in self.tallies.drain(..) {
            *sums.entry(tally).or_insert(0) += count;
        }
        self.tallies = sums.into_iter().collect();
    }
}
