//! `outcomes.yaml`: what receiving teams may decide, and which clocks that starts.

use super::Team;
use super::fault::Fault;
use super::second_looks::{self, SecondLooksEntry, ThemeEntry};
use super::source::Source;
use super::thresholds::line;
use crate::domain::outcome::{ACCEPT, HANDOVER, RESPOND, WRITTEN_FORM};
use crate::domain::second_looks::SecondLooks;
use crate::domain::working_days::Duration;
use crate::domain::{ClockKind, DestinationId, Level, OutcomeCode, Priority, Purpose};
use crate::threshold::Policy;
use crate::threshold::outcomes::{
    BeforeBirth, By, From, HELD, Need, Onward, Outcome, Outcomes, Sends, Starts,
};
use serde::Deserialize;
use serde_saphyr::Spanned;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    amber_percent: Spanned<u8>,
    written_form: Duration,
    before_birth: Option<BeforeBirthEntry>,
    repeat_minutes: Spanned<BTreeMap<Priority, Spanned<u32>>>,
    acknowledged: Vec<Spanned<String>>,
    #[serde(default)]
    no_desk: Vec<Spanned<String>>,
    clocks: BTreeMap<String, String>,
    outcomes: Vec<Entry>,
    #[serde(default)]
    second_looks: SecondLooksEntry,
    #[serde(default)]
    themes: Vec<ThemeEntry>,
}

/// What the file says.
pub(super) struct Read {
    pub(super) outcomes: Outcomes,
    pub(super) second_looks: SecondLooks,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    code: Spanned<String>,
    label: String,
    by: By,
    #[serde(default)]
    levels: Vec<Spanned<String>>,
    #[serde(default)]
    needs: Vec<Need>,
    #[serde(default)]
    purposes: Vec<Spanned<String>>,
    #[serde(default)]
    closes: bool,
    #[serde(default)]
    accepts: bool,
    #[serde(default)]
    ends: Vec<Spanned<String>>,
    #[serde(default)]
    starts: Vec<StartsEntry>,
    sends: Option<SendsEntry>,
    #[serde(default)]
    told_to: Vec<Spanned<String>>,
    #[serde(default)]
    significant: bool,
    #[serde(default)]
    asks: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StartsEntry {
    clock: Spanned<String>,
    elapsed: Option<Minutes>,
    working_days: Option<Days>,
    #[serde(default)]
    end_of_next_working_day: bool,
    #[serde(default)]
    from: From,
    #[serde(default)]
    onward: bool,
    at: Option<Spanned<String>>,
    #[serde(default)]
    by_review_on: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeforeBirthEntry {
    at: Spanned<String>,
    unknown: Duration,
    weeks: Vec<Milestone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Milestone {
    clock: Spanned<String>,
    weeks: Spanned<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Minutes {
    minutes: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Days {
    days: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendsEntry {
    to: Onward,
    purpose: Spanned<String>,
    priority: Priority,
    #[serde(default)]
    optional: bool,
}

/// Kinds of agency, as `agencies.toml` has them.
const KINDS: [&str; 7] =
    ["school", "health", "police", "voluntary", "housing", "local-authority", "public"];

pub(super) fn read(
    source: &Source,
    policy: &Policy,
    teams: &BTreeMap<DestinationId, Team>,
    faults: &mut Vec<Fault>,
) -> Option<Read> {
    let file: File = source.yaml(faults)?;
    let clocks: BTreeMap<ClockKind, String> =
        file.clocks.iter().map(|(kind, label)| (ClockKind::new(kind), label.clone())).collect();
    let mut reading = Reading { source, policy, teams, clocks: &clocks, faults };
    reading.times(&file);
    reading.purposes(&file);
    for id in &file.no_desk {
        reading.listed(id);
    }
    let before_birth = file.before_birth.as_ref().map(|entry| reading.before_birth(entry));
    let mut outcomes: BTreeMap<OutcomeCode, Outcome> = BTreeMap::new();
    for entry in &file.outcomes {
        let outcome = reading.outcome(entry);
        if outcomes.insert(outcome.code.clone(), outcome).is_some() {
            let what = format!("outcome {} is listed twice", entry.code.value);
            reading.fault(&entry.code, what, "give each outcome a code of its own");
        }
    }
    let missing = [RESPOND, ACCEPT, HANDOVER, WRITTEN_FORM];
    for kind in missing.iter().filter(|kind| !clocks.contains_key(&ClockKind::new(kind))) {
        let mend = "name it under clocks: frontdoor starts and ends it itself";
        faults.push(source.fault(0, format!("clocks lacks {kind}"), mend));
    }
    let outcomes = Outcomes {
        outcomes,
        clocks,
        acknowledged: file.acknowledged.iter().map(|p| Purpose::new(&p.value)).collect(),
        no_desk: file.no_desk.iter().map(|id| DestinationId::new(&id.value)).collect(),
        written_form: file.written_form,
        before_birth,
        amber_percent: file.amber_percent.value,
        repeat_minutes: file.repeat_minutes.value.iter().map(|(p, m)| (*p, m.value)).collect(),
    };
    let looks = (&file.second_looks, file.themes.as_slice());
    let second_looks = second_looks::read(source, looks, &outcomes, policy, faults);
    Some(Read { outcomes, second_looks })
}

struct Reading<'a> {
    source: &'a Source,
    policy: &'a Policy,
    teams: &'a BTreeMap<DestinationId, Team>,
    clocks: &'a BTreeMap<ClockKind, String>,
    faults: &'a mut Vec<Fault>,
}

impl Reading<'_> {
    fn fault<T>(&mut self, at: &Spanned<T>, what: impl Into<String>, mend: impl Into<String>) {
        self.faults.push(self.source.fault(line(at), what, mend));
    }

    fn times(&mut self, file: &File) {
        if !(1..100).contains(&file.amber_percent.value) {
            let what = format!("amber_percent is {}", file.amber_percent.value);
            self.fault(&file.amber_percent, what, "set between 1 and 99");
        }
        for (priority, minutes) in &file.repeat_minutes.value {
            if minutes.value == 0 {
                let what = format!("repeat_minutes of {} is 0", priority.as_str());
                self.fault(minutes, what, "set at least 1 elapsed minute");
            }
        }
        for priority in [Priority::Standard, Priority::Urgent, Priority::Immediate] {
            if !file.repeat_minutes.value.contains_key(&priority) {
                let what = format!("repeat_minutes lacks {}", priority.as_str());
                self.fault(&file.repeat_minutes, what, "say after how many elapsed minutes");
            }
        }
    }

    fn purposes(&mut self, file: &File) {
        let gravest = self.policy.purposes.last().cloned();
        for purpose in &file.acknowledged {
            let named = Purpose::new(&purpose.value);
            let screens =
                self.policy.gravity(&named) >= self.policy.gravity(&self.policy.screening);
            let confirms = named == self.policy.confirmation;
            let recorded = |entry: &Entry| {
                let sends = entry.sends.as_ref().map(|sends| &sends.purpose);
                sends.into_iter().chain(&entry.purposes).any(|one| one.value == purpose.value)
            };
            let decided =
                file.clocks.contains_key(&purpose.value) || file.outcomes.iter().any(recorded);
            if self.policy.gravity(&named) == 0 {
                self.fault(purpose, format!("{} is no purpose", purpose.value), self.known());
            } else if screens || confirms || decided || Some(&named) == gravest.as_ref() {
                let what = format!("{} would be done when it is merely seen", purpose.value);
                let mend = "leave it out: a person decides this, and records what";
                self.fault(purpose, what, mend);
            }
        }
    }

    fn known(&self) -> String {
        let known: Vec<&str> = self.policy.purposes.iter().map(Purpose::as_str).collect();
        format!("use one of: {}", known.join(", "))
    }

    fn outcome(&mut self, entry: &Entry) -> Outcome {
        let code = &entry.code.value;
        if HELD.contains(&code.as_str()) {
            let mend = "take it out: a clock never waits for information (paragraph 22)";
            self.fault(&entry.code, format!("{code} would hold a referral back"), mend);
        } else if !super::agencies::is_name(code) {
            let mend = "use lower-case letters, digits and -";
            self.fault(&entry.code, format!("{code} cannot be an outcome's code"), mend);
        }
        self.decides(entry);
        self.once_each(entry);
        Outcome {
            code: OutcomeCode::new(code),
            label: entry.label.clone(),
            by: entry.by,
            levels: entry.levels.iter().filter_map(|level| self.level(level)).collect(),
            needs: entry.needs.clone(),
            purposes: entry.purposes.iter().map(|purpose| self.purpose(purpose)).collect(),
            closes: entry.closes,
            accepts: entry.accepts,
            ends: entry.ends.iter().map(|kind| self.clock(kind)).collect(),
            starts: entry.starts.iter().filter_map(|start| self.starts(start)).collect(),
            sends: entry.sends.as_ref().map(|sends| self.sends(sends)),
            told_to: entry.told_to.iter().map(|kind| self.told(kind)).collect(),
            significant: entry.significant,
            asks: entry.asks,
        }
    }

    /// What decides for social work says why, and on what it rests (paragraphs 16, 21, 37).
    fn decides(&mut self, entry: &Entry) {
        let decides = entry.by != By::Anyone && !entry.levels.is_empty();
        let lacks = |need| !entry.needs.contains(&need);
        if (decides || entry.closes) && lacks(Need::Rationale) {
            let what = format!("{} can be recorded without a rationale", entry.code.value);
            self.fault(&entry.code, what, "add rationale to needs");
        }
        let does = entry.closes || !entry.ends.is_empty() || !entry.levels.is_empty();
        if entry.asks && (does || lacks(Need::TellSender)) {
            let what = format!("{} asks the sender and does something else", entry.code.value);
            let mend = "leave closes, ends and levels out, and add tell-sender to needs";
            self.fault(&entry.code, what, mend);
        }
        if decides && lacks(Need::History) {
            let what = format!("{} can be recorded without the history", entry.code.value);
            self.fault(&entry.code, what, "add history to needs");
        }
    }

    /// Two clocks of one kind at one place are one.
    fn once_each(&mut self, entry: &Entry) {
        for (place, start) in entry.starts.iter().enumerate() {
            let there = |other: &StartsEntry| {
                let at = |start: &StartsEntry| start.at.as_ref().map(|at| at.value.clone());
                other.clock.value == start.clock.value
                    && (other.onward, at(other)) == (start.onward, at(start))
            };
            if entry.starts[..place].iter().any(there) {
                let what = format!("{} starts {} twice", entry.code.value, start.clock.value);
                self.fault(&start.clock, what, "start it once, or at another destination");
            }
        }
    }

    fn level(&mut self, code: &Spanned<String>) -> Option<Level> {
        let level = self.policy.levels.iter().find(|level| level.code == code.value).cloned();
        if level.is_none() {
            let known: Vec<&str> = self.policy.levels.iter().map(|l| l.code.as_str()).collect();
            let mend = format!("use one of: {}", known.join(", "));
            self.fault(code, format!("{} is no level", code.value), mend);
        }
        level
    }

    fn listed(&mut self, stated: &Spanned<String>) -> DestinationId {
        let id = DestinationId::new(&stated.value);
        if !self.teams.contains_key(&id) {
            let what = format!("{id} is not listed in destinations.toml");
            self.fault(stated, what, "name one that is");
        }
        id
    }

    fn before_birth(&mut self, entry: &BeforeBirthEntry) -> BeforeBirth {
        let mut weeks = BTreeMap::new();
        for milestone in &entry.weeks {
            let clock = self.clock(&milestone.clock);
            if !(1..=40).contains(&milestone.weeks.value) {
                let what =
                    format!("{clock} runs out {} weeks before a birth", milestone.weeks.value);
                self.fault(&milestone.weeks, what, "give between 1 and 40");
            }
            weeks.insert(clock, milestone.weeks.value);
        }
        BeforeBirth { at: self.open(&entry.at), unknown: entry.unknown, weeks }
    }

    /// Whoever a clock runs at is open.
    fn open(&mut self, stated: &Spanned<String>) -> DestinationId {
        let id = self.listed(stated);
        if self.policy.teams.receivers.get(&id).is_some_and(|receiver| !receiver.open) {
            let what = format!("{id} is closed: nobody there would end the clock");
            self.fault(stated, what, "name a service that is open");
        }
        id
    }

    fn clock(&mut self, kind: &Spanned<String>) -> ClockKind {
        let named = ClockKind::new(&kind.value);
        if !self.clocks.contains_key(&named) {
            let known: Vec<&str> = self.clocks.keys().map(ClockKind::as_str).collect();
            let mend = format!("name it under clocks, or use one of: {}", known.join(", "));
            self.fault(kind, format!("{} is no clock", kind.value), mend);
        }
        named
    }

    fn starts(&mut self, entry: &StartsEntry) -> Option<Starts> {
        let clock = self.clock(&entry.clock);
        if clock.as_str() == RESPOND {
            let mend = "leave it out: it starts wherever a referral is sent";
            self.fault(&entry.clock, "respond is started by hand", mend);
        }
        let lengths = [
            entry.elapsed.as_ref().map(|e| Duration::Elapsed { minutes: e.minutes }),
            entry.working_days.as_ref().map(|w| Duration::WorkingDays { days: w.days }),
            entry.end_of_next_working_day.then_some(Duration::EndOfNextWorkingDay),
        ];
        let mut lengths = lengths.into_iter().flatten();
        let (one, more) = (lengths.next(), lengths.next());
        if one.is_none() || more.is_some() {
            let mend = "give one of elapsed: {minutes: …}, working_days: {days: …} or \
                        end_of_next_working_day: true";
            self.fault(&entry.clock, "a clock has one length", mend);
        }
        let at = entry.at.as_ref().map(|at| self.open(at));
        let (from, onward) = (entry.from, entry.onward);
        let by_review_on = entry.by_review_on;
        Some(Starts { clock, duration: one?, from, onward, at, by_review_on })
    }

    fn purpose(&mut self, stated: &Spanned<String>) -> Purpose {
        let purpose = Purpose::new(&stated.value);
        if self.policy.gravity(&purpose) == 0 {
            self.fault(stated, format!("{} is no purpose", stated.value), self.known());
        }
        purpose
    }

    fn sends(&mut self, entry: &SendsEntry) -> Sends {
        let purpose = self.purpose(&entry.purpose);
        let (to, priority) = (entry.to, entry.priority);
        Sends { to, purpose, priority, optional: entry.optional }
    }

    fn told(&mut self, kind: &Spanned<String>) -> String {
        if !KINDS.contains(&kind.value.as_str()) {
            let mend = format!("use one of: {}", KINDS.join(", "));
            self.fault(kind, format!("{} is no kind of agency", kind.value), mend);
        }
        kind.value.clone()
    }
}
