//! jq's operators. Their outcome is from wherever both sides are from.

use super::members::Members;
use super::places::Places;
use super::traced::{Data, Traced};
use jaq_core::ops::Math;
use jaq_core::{Error, ValR};
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

fn numbers(
    one: Traced,
    two: Traced,
    sign: Math,
    whole: impl Fn(i64, i64) -> Option<i64>,
    broken: impl Fn(f64, f64) -> f64,
) -> ValR<Traced> {
    let (Data::Number(left), Data::Number(right)) = (&one.data, &two.data) else {
        return Err(Error::math(one, sign, two));
    };
    let from = one.from.and(&two.from);
    let exact = left.as_i64().zip(right.as_i64()).and_then(|(left, right)| whole(left, right));
    let float = || left.as_f64().zip(right.as_f64()).map(|(left, right)| broken(left, right));
    let data = match exact {
        Some(number) => Data::Number(number.into()),
        None => Traced::number(float().unwrap_or(f64::NAN)),
    };
    Ok(Traced::new(data, from))
}

/// Members of `two` over those of `one`, objects within both put together likewise.
fn merged(one: &Members, two: &Members) -> Members {
    let mut all = one.clone();
    for (key, value) in two.iter() {
        let value = match (all.get(key).map(|old| &old.data), &value.data) {
            (Some(Data::Object(old)), Data::Object(new)) => {
                Traced::object(merged(old, new), value.from.clone())
            }
            _ => value.clone(),
        };
        all.insert(key.clone(), value);
    }
    all
}

impl Add for Traced {
    type Output = ValR<Traced>;

    fn add(self, other: Traced) -> Self::Output {
        let from = self.from.and(&other.from);
        // A map builds what it makes piece by piece: what nobody else holds is not copied.
        match (self.data, other.data) {
            (Data::Null, data) => Ok(Traced::new(data, other.from)),
            (data, Data::Null) => Ok(Traced::new(data, self.from)),
            (Data::Text(one), Data::Text(two)) => {
                Ok(Traced::new(Data::Text([&*one, &*two].concat().into()), from))
            }
            (Data::List(one), Data::List(two)) => {
                let mut all = Rc::unwrap_or_clone(one);
                all.extend(two.iter().cloned());
                Ok(Traced::list(all, from))
            }
            (Data::Object(one), Data::Object(two)) => {
                let mut all = Rc::unwrap_or_clone(one);
                all.extend(&two);
                Ok(Traced::object(all, from))
            }
            (one, two) => {
                let (one, two) = (Traced::new(one, self.from), Traced::new(two, other.from));
                numbers(one, two, Math::Add, i64::checked_add, |a, b| a + b)
            }
        }
    }
}

impl Sub for Traced {
    type Output = ValR<Traced>;

    fn sub(self, other: Traced) -> Self::Output {
        match (&self.data, &other.data) {
            (Data::List(one), Data::List(two)) => {
                let left = one.iter().filter(|item| !two.contains(item)).cloned();
                Ok(Traced::list(left.collect(), self.from.and(&other.from)))
            }
            _ => numbers(self, other, Math::Sub, i64::checked_sub, |a, b| a - b),
        }
    }
}

/// Longest text that repeating one may make, bytes.
const LONGEST: usize = 1 << 20;

impl Mul for Traced {
    type Output = ValR<Traced>;

    fn mul(self, other: Traced) -> Self::Output {
        let from = self.from.and(&other.from);
        match (&self.data, &other.data) {
            (Data::Object(one), Data::Object(two)) => Ok(Traced::object(merged(one, two), from)),
            (Data::Text(text), Data::Number(_)) | (Data::Number(_), Data::Text(text)) => {
                let times = self.float().or(other.float()).unwrap_or_default();
                if times <= 0.0 {
                    return Ok(Traced::new(Data::Null, from));
                }
                let times = times.ceil() as usize;
                if text.len().saturating_mul(times) > LONGEST {
                    return Err(Error::str("a text is repeated too often"));
                }
                Ok(Traced::text(&text.repeat(times), from))
            }
            _ => numbers(self, other, Math::Mul, i64::checked_mul, |a, b| a * b),
        }
    }
}

impl Div for Traced {
    type Output = ValR<Traced>;

    fn div(self, other: Traced) -> Self::Output {
        match (&self.data, &other.data) {
            (Data::Text(text), Data::Text(by)) => {
                let from = self.from.and(&other.from);
                let pieces: Vec<Traced> = match by.is_empty() {
                    true => {
                        text.chars().map(|c| Traced::text(&c.to_string(), from.clone())).collect()
                    }
                    false => {
                        text.split(&**by).map(|part| Traced::text(part, from.clone())).collect()
                    }
                };
                let nothing = text.is_empty();
                Ok(Traced::list(if nothing { Vec::new() } else { pieces }, from))
            }
            (Data::Number(_), Data::Number(by)) if by.as_f64() == Some(0.0) => {
                Err(Error::math(self, Math::Div, other))
            }
            _ => {
                let whole = |a: i64, b: i64| (a.checked_rem(b) == Some(0)).then(|| a / b);
                numbers(self, other, Math::Div, whole, |a, b| a / b)
            }
        }
    }
}

impl Rem for Traced {
    type Output = ValR<Traced>;

    fn rem(self, other: Traced) -> Self::Output {
        if other.float() == Some(0.0) {
            return Err(Error::math(self, Math::Rem, other));
        }
        numbers(self, other, Math::Rem, i64::checked_rem, |a, b| a % b)
    }
}

impl Neg for Traced {
    type Output = ValR<Traced>;

    fn neg(self) -> Self::Output {
        let from = self.from.clone();
        let zero = Traced::new(Data::Number(0.into()), Places::none());
        (zero - self).map(|negative| Traced::new(negative.data, from))
    }
}
