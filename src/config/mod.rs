//! One local authority's settings: `config/<authority>/`, read, checked and made ready to decide.
//!
//! Everything is checked before anything is used. A fault names its file, its line and a mend, and
//! all faults are told at once; a folder with a fault gives no authority, so that the last good
//! one stays in use.

mod advice;
mod agencies;
mod alarms;
mod alerting;
mod calendar;
mod completeness;
mod destinations;
pub mod documents;
mod examples;
mod fault;
mod findings;
mod linkage;
mod localities;
mod never_held;
mod outcomes;
mod phrases;
mod rules;
mod second_looks;
pub mod settings;
mod source;
mod thresholds;
mod undone;

pub use fault::Fault;

use crate::completeness::Scorer;
use crate::domain::agency::{Agency, Destination};
use crate::domain::facts::Reader;
use crate::domain::second_looks::SecondLooks;
use crate::domain::working_days::Calendar;
use crate::domain::{AgencyId, Alerting, DestinationId, Timestamp};
use crate::linkage::Linkage;
use crate::routing::Routing;
use crate::threshold::review::Decided;
use crate::threshold::{Outcomes, Policy};
use source::{Source, digest};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// A partner agency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    pub agency: Arc<Agency>,
    /// Where notices about its referrals go: a reference and "sign in", nothing else.
    pub contact: Option<String>,
}

/// A receiving team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub destination: Arc<Destination>,
    pub needs_agreement: bool,
    /// The broker's user by which it sends outcomes as messages.
    pub amqp_user: Option<String>,
    /// People send to it, and no rule does.
    pub reached_by_people: bool,
}

/// One authority, ready to decide.
#[derive(Clone, Debug)]
pub struct Authority {
    pub name: String,
    /// Three-digit code of the authority, e.g. `381`.
    pub code: String,
    pub agencies: BTreeMap<AgencyId, Partner>,
    pub destinations: BTreeMap<DestinationId, Team>,
    pub alerting: Alerting,
    pub calendar: Calendar,
    pub facts: Arc<Reader>,
    pub policy: Policy,
    /// What receiving teams may decide, and which clocks that starts.
    pub outcomes: Outcomes,
    /// What of it is decided again by somebody else.
    pub second_looks: SecondLooks,
    pub completeness: Scorer,
    pub routing: Routing,
    pub linkage: Linkage,
    /// SHA-256 of the files that decide, hexadecimal; recorded with each decision.
    pub hash: String,
    /// Of all files, as [`fingerprint`] has it.
    pub fingerprint: String,
    /// What is in order, and still leaves something undone.
    pub warnings: Vec<Fault>,
    /// How much was decided about the policy.
    pub decided: Decided,
}

impl Authority {
    pub fn agency(&self, id: &AgencyId) -> Option<&Arc<Agency>> {
        self.agencies.get(id).map(|partner| &partner.agency)
    }

    pub fn destination(&self, id: &DestinationId) -> Option<&Arc<Destination>> {
        self.destinations.get(id).map(|team| &team.destination)
    }

    /// Which destination a user of the broker is.
    pub fn amqp_users(&self) -> HashMap<String, DestinationId> {
        let teams = self.destinations.iter();
        teams.filter_map(|(id, team)| Some((team.amqp_user.clone()?, id.clone()))).collect()
    }

    /// The duty telephone number that someone answers at this instant.
    pub fn duty_number(&self, at: Timestamp) -> &str {
        self.routing.duty_number(at)
    }
}

/// The files of an authority, in the order in which they depend on each other.
pub const FILES: [&str; 8] = [
    "agencies.toml",
    "calendar.toml",
    "localities.toml",
    "destinations.toml",
    "phrases.yaml",
    "thresholds.yaml",
    "completeness.yaml",
    "outcomes.yaml",
];

/// Tells whether a folder's files changed: of the same content it is the same.
pub fn fingerprint(dir: &Path) -> String {
    let mut unread = Vec::new();
    let mut sources: Vec<Source> =
        FILES.iter().filter_map(|name| Source::read(dir, name, &mut unread)).collect();
    sources.extend(linkage::sources(dir, &mut unread));
    digest(&sources.iter().collect::<Vec<_>>())
}

/// In the order of [`FILES`], as a look at the folder has them.
fn in_order<'a>(
    agencies: &'a Source,
    deciding: [&'a Source; 6],
    outcomes: &'a Source,
    linking: &'a [Source],
) -> Vec<&'a Source> {
    [agencies].into_iter().chain(deciding).chain([outcomes]).chain(linking).collect()
}

/// Reads and checks a folder. Errors: every fault found, in the order of the files.
pub fn load(dir: &Path) -> Result<Authority, Vec<Fault>> {
    let mut faults = Vec::new();
    let sources: Vec<Source> =
        FILES.iter().filter_map(|name| Source::read(dir, name, &mut faults)).collect();
    let Ok(sources) = <[Source; 8]>::try_from(sources) else {
        return Err(faults);
    };
    let [agencies, calendar, places, destinations, phrases, thresholds, completeness, outcomes] =
        sources;
    let agencies_read = agencies::read(&agencies, &mut faults);
    let calendar_read = calendar::read(&calendar, &mut faults);
    let localities_read = localities::read(&places, &mut faults);
    let destinations_read = destinations::read(&destinations, &mut faults);
    let phrases_read = phrases::read(&phrases, &mut faults);
    // What follows needs all of these; what is wrong with them is told first.
    let (Some(referring), Some(days), Some(localities), Some(receivers), Some(phrases_read)) =
        (agencies_read, calendar_read, localities_read, destinations_read, phrases_read)
    else {
        return Err(faults);
    };
    let ((partners, ordinary), (teams, mut alerting)) = (referring, receivers);
    alerting.alarms = alarms::read(&agencies, &ordinary, &teams, &alerting, &mut faults);
    let mut warnings: Vec<Fault> = undone::restricted(&destinations, &teams).into_iter().collect();
    let serving = localities::serving(&places, &localities, &teams, &mut faults, &mut warnings);
    let facts = Arc::new(Reader::new(localities.gazetteer, phrases_read));
    let deciding = [&calendar, &places, &destinations, &phrases, &thresholds, &completeness];
    let hash = digest(&deciding);
    let linking = linkage::sources(dir, &mut faults);
    let fingerprint = digest(&in_order(&agencies, deciding, &outcomes, &linking));
    let linkage = linkage::read(&linking, &mut faults);
    let context = thresholds::Context {
        teams: &teams,
        serving,
        days: &days,
        facts: &facts,
        hash: hash.clone(),
        destinations: &destinations,
    };
    let decides = thresholds::read(&thresholds, context, &mut faults);
    let scorer = completeness::read(&completeness, facts.table(), &mut faults);
    let policy = decides.as_ref().map(|decides| &decides.policy);
    faults.extend(policy.iter().flat_map(|p| alerting::unpaged(&destinations, &alerting, p)));
    let ended = policy.and_then(|policy| outcomes::read(&outcomes, policy, &teams, &mut faults));
    if let (Some(decides), Some(scorer), Some(ended)) = (&decides, &scorer, &ended) {
        warnings.extend(undone::all(&thresholds, facts.table(), decides, scorer, &ended.outcomes));
        let policy = &decides.policy;
        warnings.extend(alerting::unreachable(&destinations, &teams, &alerting, policy));
    }
    match (decides, scorer, ended) {
        (Some(decides), Some(completeness), Some(outcomes)) if faults.is_empty() => Ok(Authority {
            name: days.name,
            code: days.code,
            agencies: partners,
            destinations: teams,
            alerting,
            calendar: days.calendar,
            facts,
            policy: decides.policy,
            outcomes: outcomes.outcomes,
            second_looks: outcomes.second_looks,
            completeness,
            routing: decides.routing,
            linkage,
            hash,
            fingerprint,
            warnings,
            decided: decides.decided,
        }),
        _ => Err(faults),
    }
}
