//! What one body becomes, as `examples/NAME.expected.json` and `NAME.problem.json` say it.

use crate::adapter::engine::{self, Adapter, Made};
use crate::adapter::leftover::{self, Coverage};
use crate::adapter::located::Located;
use crate::adapter::manifest::Decoder;
use crate::adapter::told::{self, Told};
use crate::domain::refusal::Refusal;
use crate::validation::Validator;
use serde_json::{Value, json};

/// One item and what became of it.
pub(super) struct Item {
    pub at: String,
    /// `None` where it could not be decoded.
    pub decoded: Option<Located>,
    pub made: Option<Made>,
    pub result: Result<Vec<Told>, (&'static str, Vec<Told>)>,
}

/// What a body becomes.
pub(super) struct Outcome {
    pub items: Vec<Item>,
    /// Why the body as a whole is refused.
    pub refused: Option<Refusal>,
    many: bool,
}

/// Takes a body through the adapter and the validation of the canonical document.
pub(super) fn outcome(
    adapter: &Adapter,
    decoder: Decoder,
    bytes: &[u8],
    agency: Option<&str>,
) -> Outcome {
    let validator = Validator::new();
    let items = match adapter.items(decoder, bytes, agency) {
        Err(refusal) => return Outcome { items: Vec::new(), refused: Some(refusal), many: false },
        Ok(items) => items.map(|item| one(adapter, &validator, item)).collect::<Vec<_>>(),
    };
    let many = decoder == Decoder::Csv || items.first().is_some_and(|item| item.at == "/0");
    Outcome { items, refused: None, many }
}

fn one(adapter: &Adapter, validator: &Validator, item: engine::Item) -> Item {
    let decoded = match item.decoded {
        Ok(decoded) => decoded,
        Err(refusal) => {
            let at = refusal.faults.first().map(|fault| fault.pointer.clone());
            let at = at.unwrap_or_default().split(',').next().unwrap_or_default().to_owned();
            let result = Err((refusal.kind.code(), told::as_they_are(refusal.faults)));
            return Item { at, decoded: None, made: None, result };
        }
    };
    let at = decoded.place.to_string();
    let made = match adapter.make(&decoded) {
        Ok(made) => made,
        Err(refusal) => {
            let result = Err((refusal.kind.code(), told::as_they_are(refusal.faults)));
            return Item { at, decoded: Some(decoded), made: None, result };
        }
    };
    let tell = |faults: &[_]| told::tell(faults, &made.provenance, &at, &adapter.manifest);
    let shape = told::as_they_are(made.shape.clone());
    let result = match validator.validate(made.document.clone()) {
        Ok((_, unread)) => Ok([shape, tell(&unread)].concat()),
        Err(refusal) => Err((refusal.kind.code(), [tell(&refusal.faults), shape].concat())),
    };
    Item { at, decoded: Some(decoded), made: Some(made), result }
}

impl Outcome {
    /// As it stands in an example's file.
    pub(super) fn told(&self) -> Value {
        if let Some(refusal) = &self.refused {
            let faults = told::as_they_are(refusal.faults.clone());
            return problem(refusal.kind.code(), &faults);
        }
        let told = |item: &Item| match (&item.result, &item.made) {
            (Ok(unread), Some(made)) => accepted(made, unread),
            (Err((kind, faults)), _) => problem(kind, faults),
            (Ok(_), None) => Value::Null,
        };
        if !self.many {
            return self.items.first().map_or(Value::Null, told);
        }
        let of_many = |item: &Item| {
            let mut one = json!({"at": item.at});
            match (told(item), item.result.is_ok()) {
                (Value::Object(members), true) => {
                    if let Some(one) = one.as_object_mut() {
                        one.extend(members);
                    }
                }
                (problem, _) => one["problem"] = problem,
            }
            one
        };
        json!({"items": self.items.iter().map(of_many).collect::<Vec<_>>()})
    }

    /// Whether all of it is refused.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.is_some() || !self.many && self.items.iter().all(|item| item.result.is_err())
    }

    pub(super) fn coverage(&self, adapter: &Adapter) -> Coverage {
        let mut all = Coverage::default();
        for item in &self.items {
            if let (Some(decoded), Some(made)) = (&item.decoded, &item.made) {
                let one = leftover::coverage(decoded, &made.provenance, &adapter.manifest);
                all.mapped.extend(one.mapped);
                all.noted.extend(one.noted);
                all.ignored.extend(one.ignored);
            }
        }
        all
    }
}

fn accepted(made: &Made, unread: &[Told]) -> Value {
    let mut told = json!({"referral": made.document});
    if !unread.is_empty() {
        told["unread"] = unread.iter().map(|one| json!({"at": one.at, "rule": one.rule})).collect();
    }
    told
}

fn problem(kind: &str, faults: &[Told]) -> Value {
    let faults: Vec<Value> =
        faults.iter().map(|one| json!({"at": one.at, "rule": one.rule})).collect();
    json!({"kind": kind, "faults": faults})
}
