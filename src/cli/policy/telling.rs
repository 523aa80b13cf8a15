//! What a replay found, as a table or as one JSON object, told as it is found.

use super::{Head, Told};
use crate::cli::table::table;
use crate::cli::{Result, say};
use crate::domain::Reference;
use crate::pipeline::{ChildOtherwise, DestinationOtherwise, How, RouteTold};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many referrals would be decided otherwise, and in what way; one may be in several ways.
#[derive(Debug, Default, Serialize)]
pub(super) struct Counts {
    looked_at: u64,
    unchanged: u64,
    raised: u64,
    lowered: u64,
    routed_elsewhere: u64,
    timed_otherwise: u64,
    other_rules: u64,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    #[serde(flatten)]
    all: Counts,
    /// Decided before what was known was kept: as if nothing were known, under both.
    without_history: u64,
    /// The policy in use decides today otherwise than is stored.
    not_as_stored: u64,
    /// What cannot be opened is not looked at.
    pub(super) unopened: Vec<Reference>,
    by_agency_kind: BTreeMap<String, Counts>,
    /// By the level under the policy in use.
    by_level: BTreeMap<String, Counts>,
}

/// What counts of one referral.
pub(super) struct Counted<'a> {
    pub(super) agency_kind: &'a str,
    pub(super) level: &'a str,
    pub(super) how: Option<How>,
    pub(super) history_kept: bool,
    pub(super) as_stored: bool,
}

impl Counts {
    fn count(&mut self, how: Option<How>) {
        self.looked_at += 1;
        self.unchanged += u64::from(how.is_none());
        let how = how.unwrap_or_default();
        self.raised += u64::from(how.raised);
        self.lowered += u64::from(how.lowered);
        self.routed_elsewhere += u64::from(how.routed_elsewhere);
        self.timed_otherwise += u64::from(how.timed_otherwise);
        self.other_rules += u64::from(how.other_rules);
    }

    fn row(&self, of: &str) -> Vec<String> {
        let counts = [
            self.looked_at,
            self.unchanged,
            self.raised,
            self.lowered,
            self.routed_elsewhere,
            self.timed_otherwise,
            self.other_rules,
        ];
        let counts = counts.iter().map(ToString::to_string);
        std::iter::once(of.to_owned()).chain(counts).collect()
    }
}

impl Summary {
    pub(super) fn count(&mut self, one: &Counted<'_>) {
        self.all.count(one.how);
        self.by_agency_kind.entry(one.agency_kind.to_owned()).or_default().count(one.how);
        self.by_level.entry(one.level.to_owned()).or_default().count(one.how);
        self.without_history += u64::from(!one.history_kept);
        self.not_as_stored += u64::from(!one.as_stored);
    }
}

/// How it is told: each referral when it is found, so that none is held.
pub(super) struct Telling {
    json: bool,
    any: bool,
}

impl Telling {
    pub(super) fn begin(json: bool, head: &Head) -> Result<Telling> {
        if json {
            let head = serde_json::to_string(head)?;
            let open = head.strip_suffix('}').unwrap_or(&head);
            say(format!("{open},\"referrals\":["));
        } else {
            let (before, after) = (&head.in_use, &head.against);
            let day =
                after.in_force.as_ref().map(|day| format!(", by the rules in force on {day}"));
            say(format!("before: {}, policy {}", before.folder.display(), before.policy));
            say(format!(
                "after:  {}, policy {}{}\n",
                after.folder.display(),
                after.policy,
                day.unwrap_or_default()
            ));
        }
        Ok(Telling { json, any: false })
    }

    pub(super) fn referral(&mut self, told: &Told<'_>) -> anyhow::Result<()> {
        let first = !std::mem::replace(&mut self.any, true);
        if self.json {
            let comma = if first { "" } else { "," };
            say(format!("{comma}{}", serde_json::to_string(told)?));
            return Ok(());
        }
        if first {
            say(row("REFERENCE", "CHILD", "LEVEL", "PRIORITY", "WHAT IS OTHERWISE, AND WHY"));
        }
        for child in &told.otherwise.children {
            tell_child(told, child);
        }
        Ok(())
    }

    pub(super) fn end(&self, summary: &Summary) -> Result {
        if self.json {
            say(format!("],\"summary\":{}}}", serde_json::to_string(summary)?));
            return Ok(());
        }
        if self.any {
            say("");
        }
        let header = [
            "",
            "looked at",
            "unchanged",
            "raised",
            "lowered",
            "routed elsewhere",
            "timed otherwise",
            "other rules",
        ];
        let mut rows = vec![summary.all.row("all")];
        rows.extend(summary.by_agency_kind.iter().map(|(kind, counts)| counts.row(kind)));
        let levels = summary.by_level.iter();
        rows.extend(levels.map(|(level, counts)| counts.row(&format!("level {level} before"))));
        say(table(&header, &rows));
        let Summary { without_history, not_as_stored, unopened, .. } = summary;
        if *without_history > 0 {
            say(format!(
                "{without_history} were decided before it was kept what was known: both policies \
                 decide them here as if nothing were."
            ));
        }
        if *not_as_stored > 0 {
            say(format!(
                "{not_as_stored} are stored otherwise than the policy in use decides today: the \
                 policy has changed since, something was added, or a person has lowered them."
            ));
        }
        if !unopened.is_empty() {
            let names: Vec<String> = unopened.iter().map(ToString::to_string).collect();
            say(format!("{} cannot be opened: {}.", unopened.len(), names.join(", ")));
        }
        Ok(())
    }
}

fn row(reference: &str, child: &str, level: &str, priority: &str, what: &str) -> String {
    format!("{reference:<12}  {child:<5}  {level:<7}  {priority:<20}  {what}")
}

fn tell_child(told: &Told<'_>, child: &ChildOtherwise) {
    let change = |before: &str, after: &str| match before == after {
        true => before.to_owned(),
        false => format!("{before} → {after}"),
    };
    let level = change(&child.level.before, &child.level.after);
    let priority = change(child.priority.before.as_str(), child.priority.after.as_str());
    let index = child.index.map(|index| index.to_string()).unwrap_or_default();
    let routes = child.destinations.iter().map(route);
    let gained = child.rules_gained.iter().map(|rule| format!("+ {}: {}", rule.rule, rule.why));
    let lost = child.rules_lost.iter().map(|rule| format!("− {}: {}", rule.rule, rule.why));
    let mut what = routes.chain(gained).chain(lost);
    let first = what.next().unwrap_or_default();
    say(row(&told.reference.to_string(), &index, &level, &priority, &first));
    what.for_each(|more| say(row("", "", "", "", &more)));
}

fn route(one: &DestinationOtherwise) -> String {
    let told = |route: &Option<RouteTold>| match route {
        Some(RouteTold { purpose, priority, due_at }) => {
            format!("{} {} by {due_at}", purpose.as_str(), priority.as_str())
        }
        None => "not sent".to_owned(),
    };
    format!("{}: {} → {}", one.id, told(&one.before), told(&one.after))
}
