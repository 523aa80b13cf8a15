//! Route: what a sender is told, and what each destination may see.
//!
//! Everything a sender sees comes from the decision on the submission alone (invariant 6): give
//! [`Routing::receipt`] and [`Routing::advice`] nothing else. What a destination sees is cut to
//! its field list ([`Routing::cut`]).

mod advice;
mod cut;
mod receipt;

pub use advice::{AdviceRule, Duty};
pub use receipt::receipt;

use crate::domain::facts::Reader;
use crate::domain::working_days::Calendar;
use crate::domain::{DestinationId, Mark, RuleId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What routing needs of one authority.
#[derive(Clone, Debug)]
pub struct Routing {
    pub advice: Vec<AdviceRule>,
    pub duty: Duty,
    pub calendar: Calendar,
    pub reader: Arc<Reader>,
    /// Marks of the rules that set any.
    pub marks: BTreeMap<RuleId, Vec<Mark>>,
    /// The team of social work that serves each locality.
    pub locality_teams: BTreeMap<String, DestinationId>,
}
