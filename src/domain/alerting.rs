//! Whom the authority alerts, by which address, and when. Addresses stand here and nowhere else:
//! nothing inside a submission is ever written to.

use super::alarms::AlarmRules;
use super::{DestinationId, RoleId, Whom};
use std::collections::BTreeMap;
use std::fmt;

/// An e-mail address that configuration gives: `local@domain`, and no other form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// `None` where it is no address. Quoted local parts, comments and names beside the address
    /// are left out on purpose: what is accepted can break out of no header.
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let local_fits = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        let domain_fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let dotted = |part: &str, fits: &dyn Fn(char) -> bool| {
            part.split('.').all(|label| !label.is_empty() && label.chars().all(fits))
        };
        let fits = text.len() <= 254
            && local.len() <= 64
            && dotted(local, &local_fits)
            && dotted(domain, &domain_fits)
            && !domain.split('.').any(|label| label.starts_with('-') || label.ends_with('-'));
        fits.then(|| Address(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Somebody whom the authority alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertedRole {
    pub name: String,
    pub contact: Address,
}

/// How a receiving team is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Paged at once when something immediate arrives.
    pub contact: Option<Address>,
    /// Who is alerted in turn while nobody acknowledges it.
    pub escalates_to: Vec<RoleId>,
}

/// Whom the authority alerts, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alerting {
    /// Elapsed minutes in which a named person acknowledges what is immediate.
    pub acknowledge_minutes: u32,
    /// Elapsed minutes from one alert to the next.
    pub repeat_minutes: u32,
    pub roles: BTreeMap<RoleId, AlertedRole>,
    pub teams: BTreeMap<DestinationId, Reached>,
    /// For teams that are configured no more, and still have something that waits.
    pub escalates_to: Vec<RoleId>,
    /// What is out of the ordinary in how agencies refer.
    pub alarms: AlarmRules,
}

impl Alerting {
    /// Where a notice to somebody goes; `None` where that is not configured.
    pub fn contact(&self, whom: &Whom) -> Option<&Address> {
        match whom {
            Whom::Destination(id) => self.teams.get(id)?.contact.as_ref(),
            Whom::Role(id) => self.roles.get(id).map(|role| &role.contact),
        }
    }

    /// Whom the next alert about something at a destination goes to, after so many: one after the
    /// other of those whom it escalates to, then all of them, and each time the team itself.
    pub fn escalation(&self, destination: &DestinationId, before: usize) -> Vec<Whom> {
        let team = self.teams.get(destination);
        let roles = team.map_or(&self.escalates_to, |team| &team.escalates_to);
        let roles = match roles.get(before) {
            Some(next) => std::slice::from_ref(next),
            None => roles.as_slice(),
        };
        let own = team.and_then(|team| team.contact.as_ref());
        let own = own.map(|_| Whom::Destination(destination.clone()));
        roles.iter().cloned().map(Whom::Role).chain(own).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_address_and_nothing_more() {
        for good in ["masstt-duty@example.org", "o'neil+alerts@mail.example.org", "a@localhost"] {
            assert_eq!(Address::parse(good).expect("an address").as_str(), good);
        }
        let long = format!("{}@example.org", "a".repeat(65));
        let bad = [
            "",
            "duty",
            "@example.org",
            "duty@",
            "duty@@example.org",
            "a@b@c",
            "duty @example.org",
            "Duty <duty@example.org>",
            "duty@example.org, b@example.org",
            "duty@exa mple.org",
            "duty@example.org\nBcc: x@example.org",
            "\"a b\"@example.org",
            "duty@example..org",
            ".duty@example.org",
            "duty@-example.org",
            "dutü@example.org",
            &long,
        ];
        for bad in bad {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn alerts_go_to_one_after_the_other_and_then_to_all() {
        let team = DestinationId::new("masstt");
        let escalates_to = ["duty", "night"].map(RoleId::new).to_vec();
        let contact = Address::parse("masstt@example.org");
        let reached = Reached { contact, escalates_to: escalates_to.clone() };
        let teams = BTreeMap::from([(team.clone(), reached)]);
        let alerting = Alerting { teams, escalates_to, ..Alerting::default() };
        let told = |team: &DestinationId, before| {
            let whom = alerting.escalation(team, before);
            whom.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(&team, 0), "role:duty destination:masstt");
        assert_eq!(told(&team, 1), "role:night destination:masstt");
        for later in [2, 3, 99] {
            assert_eq!(told(&team, later), "role:duty role:night destination:masstt");
        }
        assert_eq!(told(&DestinationId::new("closed-down"), 0), "role:duty");
    }
}
