//! What a sender should do now, whatever the authority does: 999, the duty line, and duties that
//! a referral does not discharge.

use super::Routing;
use crate::domain::expression::Expr;
use crate::domain::facts::Facts;
use crate::domain::hours::Hours;
use crate::domain::working_days::Calendar;
use crate::domain::{Referral, Timestamp};
use jiff::civil::Date;

/// Stands for the duty telephone number in a text of advice.
const DUTY: &str = "{duty}";

/// One piece of advice, given where `when` holds of any child. It may not read history.
#[derive(Clone, Debug)]
pub struct AdviceRule {
    pub id: String,
    pub from: Option<Date>,
    pub until: Option<Date>,
    pub when: Expr,
    pub text: String,
}

/// The duty telephone numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    pub office: String,
    pub out_of_hours: String,
    pub hours: Hours,
}

impl Duty {
    /// The number that someone answers at this instant.
    pub fn number(&self, calendar: &Calendar, at: Timestamp) -> &str {
        if self.hours.staffed(calendar, at) { &self.office } else { &self.out_of_hours }
    }
}

impl Routing {
    /// The duty number of the hour.
    pub fn duty_number(&self, at: Timestamp) -> &str {
        self.duty.number(&self.calendar, at)
    }

    /// Advice on a submission, in the policy's order. Reads the submission and nothing else.
    pub fn advice(&self, referral: &Referral, received_at: Timestamp) -> Vec<String> {
        self.advice_on(&self.reader.read(referral, received_at), received_at)
    }

    /// As [`Routing::advice`], from facts of the submission alone that were read already.
    pub fn advice_on(&self, children: &[Facts], received_at: Timestamp) -> Vec<String> {
        let nothing = [self.reader.table().nothing()];
        let children = if children.is_empty() { &nothing } else { children };
        let day = self.reader.day(received_at);
        let number = self.duty_number(received_at);
        let given = self.advice.iter().filter(|one| {
            let begun = one.from.is_none_or(|from| from <= day);
            let over = one.until.is_some_and(|until| until < day);
            begun && !over && children.iter().any(|facts| one.when.holds(facts))
        });
        given.map(|one| one.text.replace(DUTY, number)).collect()
    }
}
