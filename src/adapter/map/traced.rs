//! Values in a map that remember the places of the sender's document from which they were made.
//!
//! Order and equality are those of jq, and know nothing of places.

use super::members::Members;
use super::places::Places;
use crate::adapter::located::{Data as Decoded, Located};
use serde_json::{Map, Number, Value};
use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

/// A value and where it is from. Cloning one is cheap.
#[derive(Clone, Debug)]
pub(super) struct Traced {
    pub(super) data: Data,
    /// Of the value itself; what is within a list or an object has places of its own.
    pub(super) from: Places,
}

#[derive(Clone, Debug)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Number(Number),
    Text(Rc<str>),
    List(Rc<Vec<Traced>>),
    Object(Rc<Members>),
}

impl Traced {
    pub(super) fn new(data: Data, from: Places) -> Self {
        Traced { data, from }
    }

    /// A value that the map itself states.
    pub(super) fn stated(data: Data) -> Self {
        Traced::new(data, Places::none())
    }

    pub(super) fn text(text: &str, from: Places) -> Self {
        Traced::new(Data::Text(text.into()), from)
    }

    pub(super) fn list(items: Vec<Traced>, from: Places) -> Self {
        Traced::new(Data::List(Rc::new(items)), from)
    }

    pub(super) fn object(members: Members, from: Places) -> Self {
        Traced::new(Data::Object(Rc::new(members)), from)
    }

    pub(super) fn number(number: f64) -> Data {
        let whole = number.fract() == 0.0 && number.abs() < 9e15;
        let exact = if whole { Some((number as i64).into()) } else { Number::from_f64(number) };
        exact.map_or(Data::Null, Data::Number)
    }

    /// The value without places.
    pub(super) fn plain(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Bool(truth) => Value::Bool(*truth),
            Data::Number(number) => Value::Number(number.clone()),
            Data::Text(text) => Value::from(&**text),
            Data::List(items) => items.iter().map(Traced::plain).collect(),
            Data::Object(members) => {
                let members = members.iter().map(|(key, value)| (key.to_string(), value.plain()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }

    /// Every place that it, or anything within it, is from.
    pub(super) fn everywhere(&self) -> Places {
        let mut places = self.from.clone();
        match &self.data {
            Data::List(items) => {
                items.iter().for_each(|item| places = places.and(&item.everywhere()));
            }
            Data::Object(members) => {
                members.values().for_each(|value| places = places.and(&value.everywhere()));
            }
            _ => {}
        }
        places
    }

    fn rank(&self) -> u8 {
        match &self.data {
            Data::Null => 0,
            Data::Bool(false) => 1,
            Data::Bool(true) => 2,
            Data::Number(_) => 3,
            Data::Text(_) => 4,
            Data::List(_) => 5,
            Data::Object(_) => 6,
        }
    }
}

impl From<&Located> for Traced {
    fn from(located: &Located) -> Self {
        let from = Places::one(located.place.clone());
        let data = match &located.data {
            Decoded::Null => Data::Null,
            Decoded::Bool(truth) => Data::Bool(*truth),
            Decoded::Number(number) => Data::Number(number.clone()),
            Decoded::Text(text) => Data::Text(text.clone()),
            Decoded::List(items) => Data::List(Rc::new(items.iter().map(Traced::from).collect())),
            Decoded::Object(members) => {
                let members = members.iter().map(|(key, value)| (key.clone(), value.into()));
                Data::Object(Rc::new(members.collect()))
            }
        };
        Traced { data, from }
    }
}

impl PartialEq for Traced {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Traced {}

impl PartialOrd for Traced {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// null, false, true, numbers, texts, lists, objects; objects by their keys first.
impl Ord for Traced {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.data, &other.data) {
            (Data::Number(one), Data::Number(two)) => compare(one, two),
            (Data::Text(one), Data::Text(two)) => one.cmp(two),
            (Data::List(one), Data::List(two)) => one.cmp(two),
            (Data::Object(one), Data::Object(two)) => {
                one.keys().cmp(two.keys()).then_with(|| one.values().cmp(two.values()))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

fn compare(one: &Number, two: &Number) -> Ordering {
    match (one.as_i64(), two.as_i64()) {
        (Some(one), Some(two)) => one.cmp(&two),
        _ => {
            let float = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
            float(one).total_cmp(&float(two))
        }
    }
}

/// As JSON. It is for the map's own use: what is shown to people never holds a value.
impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.plain())
    }
}
