//! How much is taken on at once. What is not admitted is turned away before its body is read, so
//! that memory does not grow with the load; reads and dry runs are turned away before a referral.

use super::catalogue as kind;
use super::problem::Problem;
use crate::telemetry::metric;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Semaphore, SemaphorePermit};

/// What kind of work a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A referral, or information on one: turned away last.
    Referral,
    /// Dry runs and everything that only reads or confirms.
    Other,
}

impl Class {
    fn as_str(self) -> &'static str {
        match self {
            Class::Referral => "referral",
            Class::Other => "other",
        }
    }
}

/// The limits of this process.
#[derive(Clone, Debug)]
pub struct AdmissionSettings {
    /// Referrals and information at once.
    pub referrals: usize,
    /// Everything else at once.
    pub others: usize,
    /// Bytes of bodies held in memory at once.
    pub body_bytes: usize,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        AdmissionSettings { referrals: 1024, others: 64, body_bytes: 64 << 20 }
    }
}

/// Counts what is in flight.
pub struct Admission {
    referrals: Semaphore,
    others: Semaphore,
    /// Free places for referrals below which nothing else is admitted: a quarter of all.
    reserve: usize,
    body_bytes: AtomicUsize,
}

/// A place; free again when it is dropped.
pub struct Permit<'a> {
    _place: SemaphorePermit<'a>,
    gauge: metrics::Gauge,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}

impl Admission {
    pub fn new(settings: &AdmissionSettings) -> Self {
        Admission {
            referrals: Semaphore::new(settings.referrals),
            others: Semaphore::new(settings.others),
            reserve: settings.referrals / 4,
            body_bytes: AtomicUsize::new(settings.body_bytes),
        }
    }

    /// Takes a place, or says to come back in a second.
    pub fn admit(&self, class: Class) -> Result<Permit<'_>, Problem> {
        let place = match class {
            Class::Referral => self.referrals.try_acquire().ok(),
            Class::Other if self.referrals.available_permits() < self.reserve => None,
            Class::Other => self.others.try_acquire().ok(),
        };
        let Some(place) = place else {
            metrics::counter!(metric::SHED, "class" => class.as_str()).increment(1);
            return Err(overloaded());
        };
        let gauge = metrics::gauge!(metric::IN_FLIGHT, "class" => class.as_str());
        gauge.increment(1.0);
        Ok(Permit { _place: place, gauge })
    }

    /// Sets memory aside for a body; starts empty.
    pub fn reservation(&self) -> Reservation<'_> {
        Reservation { free: &self.body_bytes, held: 0 }
    }
}

pub(super) fn overloaded() -> Problem {
    Problem::new(&kind::OVERLOADED).retry_after(1)
}

/// Memory that a body may use; given back when it is dropped.
pub struct Reservation<'a> {
    free: &'a AtomicUsize,
    held: usize,
}

impl Reservation<'_> {
    /// Makes the reservation at least `bytes`; false when that much is not free.
    pub fn grow_to(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.held);
        let take = |free: usize| free.checked_sub(more);
        let taken = self.free.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).is_ok();
        if taken {
            self.held += more;
        }
        taken
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.free.fetch_add(self.held, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admission(referrals: usize, others: usize) -> Admission {
        Admission::new(&AdmissionSettings { referrals, others, body_bytes: 100 })
    }

    fn place(admission: &Admission, class: Class) -> Permit<'_> {
        let Ok(permit) = admission.admit(class) else { panic!("there is a place") };
        permit
    }

    #[test]
    fn reads_are_turned_away_while_referrals_are_still_taken() {
        let admission = admission(8, 2);
        let mut held = Vec::new();
        for _ in 0..6 {
            held.push(place(&admission, Class::Referral));
        }
        assert!(admission.admit(Class::Other).is_ok(), "two referrals' places are the reserve");
        held.push(place(&admission, Class::Referral));
        assert!(admission.admit(Class::Other).is_err());
        held.push(place(&admission, Class::Referral));
        assert!(admission.admit(Class::Referral).is_err());
        drop(held);
        let _one = place(&admission, Class::Other);
        let _two = place(&admission, Class::Other);
        assert!(admission.admit(Class::Other).is_err());
        assert!(admission.admit(Class::Referral).is_ok());
    }

    #[test]
    fn bodies_share_one_budget_and_give_it_back() {
        let admission = admission(1, 1);
        let mut one = admission.reservation();
        assert!(one.grow_to(60) && one.grow_to(50));
        let mut two = admission.reservation();
        assert!(!two.grow_to(41) && two.grow_to(40));
        drop(one);
        assert!(two.grow_to(100));
    }
}
