//! What jq does with a value, kept true to its places: what is taken out of a value keeps its own
//! places, what is put together from several has the places of all, and what is not there is from
//! where it was looked for.

use super::members::Members;
use super::places::Places;
use super::traced::{Data, Traced};
use jaq_core::box_iter::{BoxIter, box_once};
use jaq_core::path::Opt;
use jaq_core::val::Range;
use jaq_core::{Error, Exn, ValR, ValT, ValX};
use serde_json::Number;
use std::rc::Rc;

type R<T = Traced> = Result<T, Error<Traced>>;

impl From<bool> for Traced {
    fn from(truth: bool) -> Self {
        Traced::stated(Data::Bool(truth))
    }
}

impl From<isize> for Traced {
    fn from(number: isize) -> Self {
        Traced::stated(Data::Number(number.into()))
    }
}

impl From<usize> for Traced {
    fn from(number: usize) -> Self {
        Traced::stated(Data::Number(number.into()))
    }
}

impl From<f64> for Traced {
    fn from(number: f64) -> Self {
        Traced::stated(Traced::number(number))
    }
}

impl From<String> for Traced {
    fn from(text: String) -> Self {
        Traced::text(&text, Places::none())
    }
}

/// As jq shows a slice's bounds: `{"start": …, "end": …}`.
impl From<Range<Traced>> for Traced {
    fn from(range: Range<Traced>) -> Self {
        let bounds = [("start", range.start), ("end", range.end)];
        let members = bounds.into_iter().filter_map(|(key, at)| Some((key.into(), at?)));
        Traced::object(members.collect(), Places::none())
    }
}

impl FromIterator<Traced> for Traced {
    fn from_iter<I: IntoIterator<Item = Traced>>(items: I) -> Self {
        Traced::list(items.into_iter().collect(), Places::none())
    }
}

/// A place in a list of `length`, counted from its end when it is negative.
fn position(index: f64, length: usize) -> Option<usize> {
    let index = index.floor();
    let index = if index < 0.0 { index + length as f64 } else { index };
    (0.0..length as f64).contains(&index).then_some(index as usize)
}

impl Traced {
    pub(super) fn float(&self) -> Option<f64> {
        let Data::Number(number) = &self.data else { return None };
        number.as_f64()
    }

    /// The bounds of a slice of a list or text of `length`.
    fn bounds(range: &Range<&Traced>, length: usize) -> R<std::ops::Range<usize>> {
        let at = |bound: Option<&Traced>, open: f64| match bound {
            None => Ok(open),
            Some(value) if matches!(value.data, Data::Null) => Ok(open),
            Some(value) => {
                let at = value.float().ok_or_else(|| Error::typ(value.clone(), "number"))?;
                let at = if at < 0.0 { at + length as f64 } else { at };
                Ok(at.clamp(0.0, length as f64))
            }
        };
        let start = at(range.start, 0.0)?.floor() as usize;
        let end = at(range.end, length as f64)?.ceil() as usize;
        Ok(start..end.max(start))
    }

    fn slice(&self, range: &Range<&Traced>) -> R {
        match &self.data {
            Data::Null => Ok(self.clone()),
            Data::List(items) => {
                let bounds = Traced::bounds(range, items.len())?;
                Ok(Traced::list(items[bounds].to_vec(), self.from.clone()))
            }
            Data::Text(text) => {
                let bounds = Traced::bounds(range, text.chars().count())?;
                let part: String = text.chars().skip(bounds.start).take(bounds.len()).collect();
                Ok(Traced::text(&part, self.from.clone()))
            }
            _ => Err(Error::typ(self.clone(), "list or text")),
        }
    }

    fn child(&self, key: &Traced) -> R {
        let absent = || Traced::new(Data::Null, self.from.clone());
        match (&self.data, &key.data) {
            (Data::Null, Data::Text(_) | Data::Number(_) | Data::Null) => Ok(absent()),
            (Data::Object(members), Data::Text(key)) => {
                Ok(members.get(key).cloned().unwrap_or_else(absent))
            }
            (Data::List(items), Data::Number(_)) => {
                let at = position(key.float().unwrap_or(f64::NAN), items.len());
                Ok(at.map_or_else(absent, |at| items[at].clone()))
            }
            _ => Err(Error::index(self.clone(), key.clone())),
        }
    }
}

/// The first output of an update, or none.
fn first<'a, I: Iterator<Item = ValX<'a, Traced>>>(
    mut outputs: I,
) -> Result<Option<Traced>, Exn<'a, Traced>> {
    outputs.next().transpose()
}

impl ValT for Traced {
    fn from_num(text: &str) -> ValR<Self> {
        let number: Result<Number, _> = text.parse();
        let number = number.map_err(|_| Error::str("a number cannot be read"))?;
        Ok(Traced::stated(Data::Number(number)))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(pairs: I) -> ValR<Self> {
        let member = |(key, value): (Traced, Traced)| match key.data {
            Data::Text(key) => Ok((key, value)),
            _ => Err(Error::typ(key, "text")),
        };
        let members = pairs.into_iter().map(member).collect::<R<Members>>()?;
        Ok(Traced::object(members, Places::none()))
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self), Self>> {
        match self.data {
            Data::List(items) => {
                let item = move |at: usize| Some(Ok((at.into(), items.get(at)?.clone())));
                Box::new((0..).map_while(item))
            }
            Data::Object(members) => {
                let member = move |at| {
                    let (key, value) = members.nth(at)?;
                    Some(Ok((Traced::stated(Data::Text(key.clone())), value.clone())))
                };
                Box::new((0..).map_while(member))
            }
            _ => box_once(Err(Error::typ(self, "list or object"))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        match self.data {
            Data::List(items) => {
                Box::new((0..).map_while(move |at: usize| items.get(at).cloned().map(Ok)))
            }
            Data::Object(members) => {
                Box::new((0..).map_while(move |at| Some(Ok(members.nth(at)?.1.clone()))))
            }
            _ => box_once(Err(Error::typ(self, "list or object"))),
        }
    }

    fn index(self, index: &Self) -> ValR<Self> {
        self.child(index)
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        self.slice(&range)
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        match self.data {
            Data::List(items) => {
                let items = items.iter().flat_map(|item| f(item.clone()));
                Ok(Traced::list(items.collect::<Result<_, _>>()?, self.from))
            }
            Data::Object(members) => {
                let change = |(key, value): &(Rc<str>, Traced)| {
                    let changed = first(f(value.clone())).transpose()?;
                    Some(changed.map(|value| (key.clone(), value)))
                };
                let changed = members.iter().filter_map(change).collect::<Result<_, _>>()?;
                Ok(Traced::object(changed, self.from))
            }
            _ => opt.fail(self, |value| Exn::from(Error::typ(value, "list or object"))),
        }
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        index: &Self,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let old = match self.child(index) {
            Ok(old) => old,
            Err(error) => return opt.fail(self, |_| Exn::from(error)),
        };
        let new = first(f(old))?;
        match (self.data, &index.data) {
            (Data::Null, Data::Text(key)) => {
                let members = new.map(|value| (key.clone(), value)).into_iter().collect();
                Ok(Traced::object(members, self.from))
            }
            (Data::Object(members), Data::Text(key)) => {
                let mut members = Rc::unwrap_or_clone(members);
                match new {
                    Some(value) => members.insert(key.clone(), value),
                    None => members.remove(key),
                }
                Ok(Traced::object(members, self.from))
            }
            (Data::List(items), _) => {
                let mut items = Rc::unwrap_or_clone(items);
                let at = position(index.float().unwrap_or(f64::NAN), items.len());
                match (at, new) {
                    (Some(at), Some(value)) => items[at] = value,
                    (Some(at), None) => drop(items.remove(at)),
                    (None, _) => return Err(Error::str("a list has no such place").into()),
                }
                Ok(Traced::list(items, self.from))
            }
            (data, _) => {
                let value = Traced::new(data, self.from);
                opt.fail(value, |value| Exn::from(Error::index(value, index.clone())))
            }
        }
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        range: Range<&Self>,
        opt: Opt,
        f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        let Data::List(items) = &self.data else {
            return opt.fail(self, |value| Exn::from(Error::typ(value, "list")));
        };
        let bounds = Traced::bounds(&range, items.len())?;
        let new = first(f(self.slice(&range)?))?;
        let new = new.unwrap_or_else(|| Traced::list(Vec::new(), Places::none()));
        let Data::List(new) = &new.data else { return Err(Error::typ(new, "list").into()) };
        let mut items = (**items).clone();
        items.splice(bounds, new.iter().cloned());
        Ok(Traced::list(items, self.from))
    }

    fn as_bool(&self) -> bool {
        !matches!(self.data, Data::Null | Data::Bool(false))
    }

    fn into_string(self) -> Self {
        match &self.data {
            Data::Text(_) => self,
            _ => Traced::text(&self.to_string(), self.everywhere()),
        }
    }
}

impl jaq_std::ValT for Traced {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self.data {
            Data::List(items) => Ok(items.iter().cloned().collect()),
            _ => Err(self),
        }
    }

    fn is_int(&self) -> bool {
        matches!(&self.data, Data::Number(number) if number.is_i64() || number.is_u64())
    }

    fn as_isize(&self) -> Option<isize> {
        let Data::Number(number) = &self.data else { return None };
        number.as_i64().and_then(|number| isize::try_from(number).ok())
    }

    fn as_f64(&self) -> Option<f64> {
        self.float()
    }

    fn is_utf8_str(&self) -> bool {
        matches!(self.data, Data::Text(_))
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        let Data::Text(text) = &self.data else { return None };
        Some(text.as_bytes())
    }

    fn as_sub_str(&self, sub: &[u8]) -> Self {
        Traced::text(&String::from_utf8_lossy(sub), self.from.clone())
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Traced::text(&String::from_utf8_lossy(bytes.as_ref()), Places::none())
    }
}
