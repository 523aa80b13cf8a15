//! Whom the authority works with, ready to look up: one consistent snapshot of its configuration.

use super::agency::{Agency, Destination};
use super::second_looks::SecondLooks;
use super::{AgencyId, Alerting, DestinationId};
use std::collections::HashMap;
use std::sync::Arc;

/// A snapshot; replaced as a whole when the configuration changes.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// E.g. `Calderdale Council`.
    pub authority_name: String,
    pub agencies: HashMap<AgencyId, Arc<Agency>>,
    pub destinations: HashMap<DestinationId, Arc<Destination>>,
    /// Which destination a user of the broker is.
    pub amqp_users: HashMap<String, DestinationId>,
    /// The duty team in office hours; stands in every problem a sender is given.
    pub duty_telephone: String,
    /// The emergency duty team at other times.
    pub out_of_hours_telephone: String,
    pub alerting: Alerting,
    pub second_looks: SecondLooks,
}
