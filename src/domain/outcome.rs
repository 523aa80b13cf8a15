//! What a receiving team says that it decided or did, and who says so. Reading finds every fault at
//! once, each with its place and what to do; which answers an outcome needs, the policy says.

use super::record::Unread;
use super::{DestinationId, OutcomeCode};
use jiff::civil::Date;
use serde_json::{Map, Value};

/// The clock that runs from the routing of a referral to a destination until it has acted.
pub const RESPOND: &str = "respond";
/// The clock of a destination that was asked to take a case on.
pub const ACCEPT: &str = "accept";
/// The clock of whoever asked: the duty stays until the other has accepted.
pub const HANDOVER: &str = "handover";

/// The clock of the written form of what was said on the telephone.
pub const WRITTEN_FORM: &str = "written-form";

/// Characters of a name, a role or another short answer.
const SHORT: usize = 200;
/// Characters of an answer in sentences.
const LONG: usize = 8000;

/// How a worker is employed (paragraphs 19, 41 and 56 of the inspection report).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerType {
    Permanent,
    Agency,
    NewlyQualified,
    Manager,
    /// Not a social worker: somebody of a panel or a service.
    Other,
}

impl WorkerType {
    pub const ALL: [WorkerType; 5] = [
        WorkerType::Permanent,
        WorkerType::Agency,
        WorkerType::NewlyQualified,
        WorkerType::Manager,
        WorkerType::Other,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            WorkerType::Permanent => "permanent",
            WorkerType::Agency => "agency",
            WorkerType::NewlyQualified => "newly-qualified",
            WorkerType::Manager => "manager",
            WorkerType::Other => "other",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A named person.
#[derive(Clone, PartialEq, Eq)]
pub struct Worker {
    pub name: String,
    pub role: String,
    /// Required of whoever records an outcome.
    pub worker_type: Option<WorkerType>,
}

/// Whether something was considered that must be: it was, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Considered {
    #[default]
    Unsaid,
    Yes,
    WhyNot,
}

/// What a receiving team says. Texts are not kept here: they stand in the body, which is sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    pub code: OutcomeCode,
    /// The revision of the document that was read.
    pub revision: Option<i32>,
    /// Indices of children; of all that the team was sent where it names none.
    pub children: Vec<u16>,
    /// Code of the level of need that was decided.
    pub level: Option<String>,
    pub rationale: bool,
    /// On what the decision rests.
    pub evidence: bool,
    pub history: Considered,
    /// The child's own view.
    pub child_view: Considered,
    pub by: Worker,
    pub manager: Option<Worker>,
    pub second_manager: Option<Worker>,
    /// Who takes it on, or is asked to.
    pub to: Option<DestinationId>,
    /// The family agrees, as a person has heard from it.
    pub agreed: bool,
    /// Of another authority: who accepted in writing, and when.
    pub accepted_in_writing: bool,
    /// A programme was named, with its language and whether it is taken up.
    pub programme: bool,
    /// The lead professional was named.
    pub lead_professional: bool,
    /// When it is looked at again.
    pub review_on: Option<Date>,
    /// When a missing child returned.
    pub returned_at: Option<super::Timestamp>,
    /// There are words for the sender, and whoever records this releases them.
    pub tells_sender: bool,
}

impl Said {
    /// Reads an outcome's body.
    ///
    /// # Errors
    /// Every member that is missing or cannot be understood.
    pub fn read(body: &Map<String, Value>) -> Result<Said, Vec<Unread>> {
        let mut read = Reading { body, faults: Vec::new() };
        let code = read.name("outcome", "Say what was decided or done: a code of outcomes.yaml");
        let by = read.worker("by", true);
        let said = Said {
            code: OutcomeCode::new(&code.unwrap_or_default()),
            revision: read.revision(),
            children: read.children(),
            level: read.name_if("level_of_need", "Give the code of a level of need, as a text"),
            rationale: read.text("rationale", LONG).is_some(),
            evidence: read.text("evidence", LONG).is_some(),
            history: read.considered("history_considered"),
            child_view: read.considered("child_view"),
            by: by.unwrap_or_else(Worker::nobody),
            manager: read.worker("manager", false),
            second_manager: read.worker("second_manager", false),
            to: read.name_if("to", "Name a destination").map(|id| DestinationId::new(&id)),
            agreed: read.agreed(),
            accepted_in_writing: read.parts("accepted_in_writing", &["by", "on"]),
            programme: read.parts("programme", &["name", "language", "taken_up"]),
            lead_professional: read.text("lead_professional", SHORT).is_some(),
            review_on: read.parsed("review_on", "Write a day as YYYY-MM-DD"),
            returned_at: read.time("returned_at"),
            tells_sender: read.text("tell_sender", LONG).is_some(),
        };
        read.strangers();
        if read.faults.is_empty() { Ok(said) } else { Err(read.faults) }
    }

    /// Whether it concerns a child.
    pub fn concerns(&self, child: u16) -> bool {
        self.children.is_empty() || self.children.contains(&child)
    }
}

impl Worker {
    fn nobody() -> Self {
        Worker { name: String::new(), role: String::new(), worker_type: None }
    }

    /// Whether two names are one person's, but for how they are typed.
    pub fn is(&self, other: &Worker) -> bool {
        let plain = |name: &str| -> String {
            name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        plain(&self.name) == plain(&other.name)
    }
}

/// Names are personal: a stray `{:?}` shows none.
impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Said({})", self.code)
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Worker(…)")
    }
}

/// A fault at a member of an outcome.
pub fn fault(pointer: &str, rule: &str, ask: impl Into<String>) -> Unread {
    Unread { pointer: pointer.to_owned(), rule: rule.to_owned(), ask: ask.into() }
}

/// Every member that an outcome may have.
const MEMBERS: [&str; 21] = [
    "outcome",
    "revision",
    "children",
    "level_of_need",
    "rationale",
    "evidence",
    "history_considered",
    "child_view",
    "by",
    "manager",
    "second_manager",
    "to",
    "agreement",
    "accepted_in_writing",
    "programme",
    "lead_professional",
    "review_on",
    "returned_at",
    "tell_sender",
    "reference",
    "destination",
];

struct Reading<'a> {
    body: &'a Map<String, Value>,
    faults: Vec<Unread>,
}

impl<'a> Reading<'a> {
    fn fault(&mut self, member: &str, ask: impl Into<String>) {
        self.faults.push(fault(&format!("/{member}"), "outcome", ask));
    }

    /// A text that says something; one that is too long is a fault.
    fn text(&mut self, member: &str, most: usize) -> Option<&'a str> {
        let stated = self.body.get(member).filter(|stated| !stated.is_null())?;
        match stated.as_str().map(str::trim) {
            Some(text) if text.chars().count() <= most => (!text.is_empty()).then_some(text),
            _ => {
                self.fault(member, format!("Write a text of at most {most} characters"));
                None
            }
        }
    }

    fn name(&mut self, member: &str, ask: &str) -> Option<String> {
        let name = self.name_if(member, ask);
        if name.is_none() && !self.faults.iter().any(|f| f.pointer == format!("/{member}")) {
            self.fault(member, ask);
        }
        name
    }

    fn name_if(&mut self, member: &str, ask: &str) -> Option<String> {
        let stated = self.body.get(member).filter(|stated| !stated.is_null())?;
        let text = stated.as_str().map(str::trim).filter(|text| !text.is_empty());
        match text.filter(|text| text.chars().count() <= SHORT) {
            Some(text) => Some(text.to_owned()),
            None => {
                self.fault(member, ask);
                None
            }
        }
    }

    fn revision(&mut self) -> Option<i32> {
        let stated = self.body.get("revision").filter(|stated| !stated.is_null())?;
        let read = stated.as_i64().and_then(|number| i32::try_from(number).ok());
        if read.is_none() {
            self.fault("revision", "Give the whole number that the document has as revision");
        }
        read
    }

    fn children(&mut self) -> Vec<u16> {
        let Some(stated) = self.body.get("children").filter(|stated| !stated.is_null()) else {
            return Vec::new();
        };
        let index = |value: &Value| u16::try_from(value.as_u64()?).ok();
        let read: Option<Vec<u16>> =
            stated.as_array().and_then(|list| list.iter().map(index).collect());
        let mut read = read.filter(|list| !list.is_empty()).unwrap_or_else(|| {
            self.fault("children", "List the indices of children, from 0, or leave it out for all");
            Vec::new()
        });
        read.sort_unstable();
        read.dedup();
        read
    }

    fn worker(&mut self, member: &str, required: bool) -> Option<Worker> {
        let stated = self.body.get(member).filter(|stated| !stated.is_null());
        if stated.is_none() && !required {
            return None;
        }
        let object = stated.and_then(Value::as_object);
        let part = |part: &str| {
            let text = object?.get(part)?.as_str()?.trim();
            (!text.is_empty() && text.chars().count() <= SHORT).then(|| text.to_owned())
        };
        let (name, role, kind) = (part("name"), part("role"), part("worker_type"));
        let worker_type = kind.as_deref().and_then(WorkerType::parse);
        if name.is_none() || role.is_none() {
            self.fault(member, "Give {\"name\": …, \"role\": …} of a person");
        }
        let stated_type = object.is_some_and(|object| object.contains_key("worker_type"));
        if worker_type.is_none() && (required || stated_type) {
            let known = WorkerType::ALL.map(WorkerType::as_str).join(", ");
            self.fault(&format!("{member}/worker_type"), format!("Say one of: {known}"));
        }
        Some(Worker { name: name?, role: role?, worker_type })
    }

    /// `{"considered": true}`, or `{"considered": false, "why_not": "…"}`.
    fn considered(&mut self, member: &str) -> Considered {
        let Some(stated) = self.body.get(member).filter(|stated| !stated.is_null()) else {
            return Considered::Unsaid;
        };
        let why_not = stated.get("why_not");
        let why = why_not.and_then(Value::as_str).map(str::trim);
        match (stated.get("considered").and_then(Value::as_bool), why) {
            (Some(true), why) if why.is_some() == why_not.is_some() => Considered::Yes,
            (Some(false), Some(why)) if !why.is_empty() => Considered::WhyNot,
            _ => {
                let ask = "Say {\"considered\": true}, or {\"considered\": false, \"why_not\": …}";
                self.fault(member, ask);
                Considered::Unsaid
            }
        }
    }

    fn agreed(&mut self) -> bool {
        let Some(stated) = self.body.get("agreement").filter(|stated| !stated.is_null()) else {
            return false;
        };
        let agreed = stated.get("agreed").and_then(Value::as_bool);
        let by = stated.get("by").and_then(Value::as_str).is_some_and(|by| !by.trim().is_empty());
        if agreed.is_none() || !by {
            self.fault("agreement", "Say {\"agreed\": true or false, \"by\": who of the family}");
        }
        agreed == Some(true) && by
    }

    /// Whether an object is there with all of these texts.
    fn parts(&mut self, member: &str, parts: &[&str]) -> bool {
        let Some(stated) = self.body.get(member).filter(|stated| !stated.is_null()) else {
            return false;
        };
        let says = |part: &&str| {
            stated.get(*part).and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
        };
        let whole = parts.iter().all(says);
        if !whole {
            self.fault(member, format!("Give an object with texts for: {}", parts.join(", ")));
        }
        whole
    }

    fn parsed<T: std::str::FromStr>(&mut self, member: &str, ask: &str) -> Option<T> {
        let stated = self.body.get(member).filter(|stated| !stated.is_null())?;
        let read = stated.as_str().and_then(|text| text.parse().ok());
        if read.is_none() {
            self.fault(member, ask);
        }
        read
    }

    fn time(&mut self, member: &str) -> Option<super::Timestamp> {
        let stated = self.body.get(member).filter(|stated| !stated.is_null())?;
        let read = stated.as_str().and_then(super::Timestamp::parse);
        if read.is_none() {
            self.fault(member, "Write a time as 2026-01-31T15:30:00Z");
        }
        read
    }

    /// A misspelt member must not be taken for one that was left out.
    fn strangers(&mut self) {
        let strangers: Vec<String> =
            self.body.keys().filter(|key| !MEMBERS.contains(&key.as_str())).cloned().collect();
        for _ in strangers {
            // A key is text from outside: it is not repeated.
            let known = MEMBERS.join(", ");
            self.faults.push(fault("", "outcome", format!("Use only these members: {known}")));
        }
    }
}
