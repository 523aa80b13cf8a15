//! An authority's folder, as the stages use it.

use crate::config::settings::Settings;
use crate::config::{self, Authority};
use crate::domain::Directory;
use crate::pipeline::Rules;
use anyhow::{Result, anyhow};
use std::sync::Arc;

/// Reads an authority's folder.
pub fn load_rules(settings: &Settings) -> Result<Rules> {
    Ok(read_rules(settings)?.0)
}

/// The rules, and the fingerprint of the files that they were read from.
pub(super) fn read_rules(settings: &Settings) -> Result<(Rules, String)> {
    let dir = &settings.authority.config;
    let authority = config::load(dir).map_err(|faults| {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        anyhow!("the configuration in {} has faults:\n{}", dir.display(), lines.join("\n"))
    })?;
    for warning in &authority.warnings {
        tracing::warn!(code = "configuration-warning", "{warning}");
    }
    let mut directory = directory(&authority);
    if !settings.http.rate_limits {
        for agency in directory.agencies.values_mut() {
            Arc::make_mut(agency).rate_per_minute = u32::MAX;
        }
    }
    let rules = Rules {
        policy: authority.policy,
        scorer: authority.completeness,
        routing: authority.routing,
        directory,
        outcomes: authority.outcomes,
        linkage: authority.linkage,
    };
    Ok((rules, authority.fingerprint))
}

/// Whom the API works with.
fn directory(authority: &Authority) -> Directory {
    let agencies = authority.agencies.iter();
    let destinations = authority.destinations.iter();
    let duty = &authority.routing.duty;
    Directory {
        authority_name: authority.name.clone(),
        agencies: agencies.map(|(id, partner)| (id.clone(), partner.agency.clone())).collect(),
        destinations: destinations
            .map(|(id, team)| (id.clone(), team.destination.clone()))
            .collect(),
        amqp_users: authority.amqp_users(),
        duty_telephone: duty.office.clone(),
        out_of_hours_telephone: duty.out_of_hours.clone(),
        alerting: authority.alerting.clone(),
        second_looks: authority.second_looks.clone(),
    }
}
