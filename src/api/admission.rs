//! How much is taken on at once. What is not admitted is turned away before its body is read, so
//! that memory does not grow with the load; reads and dry runs are turned away before a referral.

use super::catalogue as kind;
use super::problem::Problem;
use crate::telemetry::metric;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// What kind of work a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A referral, or information on one: turned away last.
    Referral,
    /// A dry run: turned away first.
    DryRun,
    /// A document that a sender attaches or a team reads: few at once, since each is large.
    Document,
    /// Everything that only reads or confirms.
    Other,
}

impl Class {
    fn as_str(self) -> &'static str {
        match self {
            Class::Referral => "referral",
            Class::DryRun => "dry-run",
            Class::Document => "document",
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
    /// Dry runs at once, of all callers and of each.
    pub dry_runs: usize,
    pub dry_runs_each: usize,
    /// Documents under way at once.
    pub documents: usize,
    /// Bytes of documents' bodies held in memory at once.
    pub document_bytes: usize,
    /// Bytes of all other bodies held in memory at once.
    pub body_bytes: usize,
    /// Bytes of dry runs' bodies held in memory at once, besides those.
    pub dry_run_bytes: usize,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        AdmissionSettings {
            referrals: 1024,
            others: 64,
            dry_runs: 32,
            dry_runs_each: 4,
            documents: 4,
            document_bytes: 40 << 20,
            body_bytes: 64 << 20,
            dry_run_bytes: 8 << 20,
        }
    }
}

/// Counts what is in flight.
pub struct Admission {
    referrals: Semaphore,
    others: Semaphore,
    dry_runs: Semaphore,
    documents: Semaphore,
    /// Dry runs under way of each caller.
    of_callers: Mutex<HashMap<Arc<str>, usize>>,
    dry_runs_each: usize,
    /// Free places for referrals below which nothing else is admitted: a quarter of all.
    reserve: usize,
    body_bytes: AtomicUsize,
    document_bytes: AtomicUsize,
    dry_run_bytes: AtomicUsize,
}

/// A place; free again when it is dropped.
pub struct Permit<'a> {
    _place: SemaphorePermit<'a>,
    _of_caller: Option<OfCaller<'a>>,
    gauge: metrics::Gauge,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gauge.decrement(1.0);
    }
}

/// One of a caller's places for dry runs.
struct OfCaller<'a> {
    admission: &'a Admission,
    caller: Arc<str>,
}

impl Drop for OfCaller<'_> {
    fn drop(&mut self) {
        let mut counts = self.admission.counts();
        if let Some(count) = counts.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.caller);
            }
        }
    }
}

impl Admission {
    pub fn new(settings: &AdmissionSettings) -> Self {
        Admission {
            referrals: Semaphore::new(settings.referrals),
            others: Semaphore::new(settings.others),
            dry_runs: Semaphore::new(settings.dry_runs),
            documents: Semaphore::new(settings.documents),
            of_callers: Mutex::default(),
            dry_runs_each: settings.dry_runs_each,
            reserve: settings.referrals / 4,
            body_bytes: AtomicUsize::new(settings.body_bytes),
            document_bytes: AtomicUsize::new(settings.document_bytes),
            dry_run_bytes: AtomicUsize::new(settings.dry_run_bytes),
        }
    }

    /// Takes a place, or says to come back in a second.
    pub fn admit(&self, class: Class) -> Result<Permit<'_>, Problem> {
        self.place(class, None)
    }

    /// Takes one of this caller's places for dry runs.
    pub fn admit_dry_run(&self, caller: &Arc<str>) -> Result<Permit<'_>, Problem> {
        let Some(of_caller) = self.of_caller(caller) else { return Err(shed(Class::DryRun)) };
        self.place(Class::DryRun, Some(of_caller))
    }

    fn place<'a>(
        &'a self,
        class: Class,
        of_caller: Option<OfCaller<'a>>,
    ) -> Result<Permit<'a>, Problem> {
        let spare = self.referrals.available_permits() >= self.reserve;
        let place = match class {
            Class::Referral => self.referrals.try_acquire().ok(),
            Class::DryRun if spare => self.dry_runs.try_acquire().ok(),
            Class::Other if spare => self.others.try_acquire().ok(),
            Class::Document if spare => self.documents.try_acquire().ok(),
            Class::DryRun | Class::Document | Class::Other => None,
        };
        let Some(place) = place else { return Err(shed(class)) };
        let gauge = metrics::gauge!(metric::IN_FLIGHT, "class" => class.as_str());
        gauge.increment(1.0);
        Ok(Permit { _place: place, _of_caller: of_caller, gauge })
    }

    fn of_caller(&self, caller: &Arc<str>) -> Option<OfCaller<'_>> {
        let mut counts = self.counts();
        let count = counts.entry(Arc::clone(caller)).or_default();
        if *count >= self.dry_runs_each {
            return None;
        }
        *count += 1;
        Some(OfCaller { admission: self, caller: Arc::clone(caller) })
    }

    /// A panic while the lock is held leaves whole counts behind.
    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.of_callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets memory aside for a body; starts empty.
    pub fn reservation(&self, class: Class) -> Reservation<'_> {
        let free = match class {
            Class::DryRun => &self.dry_run_bytes,
            Class::Document => &self.document_bytes,
            Class::Referral | Class::Other => &self.body_bytes,
        };
        Reservation { free, held: 0 }
    }
}

fn shed(class: Class) -> Problem {
    metrics::counter!(metric::SHED, "class" => class.as_str()).increment(1);
    overloaded()
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
        let rest = AdmissionSettings::default();
        let settings =
            AdmissionSettings { referrals, others, dry_runs: 3, dry_runs_each: 2, ..rest };
        Admission::new(&AdmissionSettings { body_bytes: 100, dry_run_bytes: 10, ..settings })
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
        let mut one = admission.reservation(Class::Referral);
        assert!(one.grow_to(60) && one.grow_to(50));
        let mut two = admission.reservation(Class::Other);
        assert!(!two.grow_to(41) && two.grow_to(40));
        drop(one);
        assert!(two.grow_to(100));
        let mut dry_run = admission.reservation(Class::DryRun);
        assert!(dry_run.grow_to(10) && !dry_run.grow_to(11));
    }

    #[test]
    fn dry_runs_are_few_for_each_caller_and_for_all_and_take_no_other_place() {
        let admission = admission(8, 2);
        let (one, two): (Arc<str>, Arc<str>) = ("one".into(), "two".into());
        let held = (admission.admit_dry_run(&one), admission.admit_dry_run(&one));
        assert!(held.0.is_ok() && held.1.is_ok());
        assert!(admission.admit_dry_run(&one).is_err());
        let third = admission.admit_dry_run(&two);
        assert!(third.is_ok() && admission.admit_dry_run(&two).is_err());
        assert!(admission.admit(Class::Other).is_ok() && admission.admit(Class::Referral).is_ok());
        drop((held, third));
        assert!(admission.admit_dry_run(&one).is_ok());
        assert!(admission.counts().is_empty());
    }
}
