//! The shape of one fact: its values, and what rules may do with it.

/// Place of a fact in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactId(pub u8);

/// How a fact's values are written in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One text of a list: `request == "advice"`.
    Choice,
    /// Any number of codes: `"16A" in concerns`.
    Codes,
    /// One whole number, from `lowest` up; the last means "or more".
    Count { lowest: i16 },
}

/// What the policy may do with a fact. The loader holds rules to it (see `threshold::check`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A sign of harm: read only where its presence makes a rule fire, never its absence.
    Harm,
    /// Words in free text: as `Harm`, and may only raise to urgent screening.
    Words,
    /// Selects a team: may add a destination, never a level, a clock or a higher priority.
    Team,
    /// From the record, not from the sender: a rule that reads it fires only on something known,
    /// and is never shown to a sender.
    History,
    Plain,
}

/// One fact of the table.
#[derive(Clone, Debug)]
pub struct Fact {
    pub name: &'static str,
    pub shape: Shape,
    pub role: Role,
    /// Every value, in order; at most 128, and the bit of a value is its place here.
    pub values: Vec<String>,
    pub doc: &'static str,
}

impl Fact {
    /// The bit of a value as written.
    pub fn bit(&self, value: &str) -> Option<u128> {
        let index = self.values.iter().position(|known| known == value)?;
        1_u128.checked_shl(u32::try_from(index).ok()?)
    }

    /// The bits of every value.
    pub fn all(&self) -> u128 {
        let unused = u32::try_from(128_usize.saturating_sub(self.values.len())).unwrap_or(0);
        u128::MAX.checked_shr(unused).unwrap_or(0)
    }

    /// The bit of a count; counts beyond an end are taken as the end.
    pub(super) fn count_bit(&self, number: i64) -> u128 {
        let Shape::Count { lowest } = self.shape else { return 0 };
        let last = i64::try_from(self.values.len()).unwrap_or(1) - 1;
        let offset = (number - i64::from(lowest)).clamp(0, last);
        1_u128.checked_shl(u32::try_from(offset).unwrap_or(0)).unwrap_or(0)
    }
}

pub(super) fn names(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

pub(super) fn choice(
    name: &'static str,
    values: Vec<String>,
    role: Role,
    doc: &'static str,
) -> Fact {
    Fact { name, shape: Shape::Choice, role, values, doc }
}

pub(super) fn codes<'a>(
    name: &'static str,
    values: impl Iterator<Item = &'a str>,
    role: Role,
    doc: &'static str,
) -> Fact {
    Fact { name, shape: Shape::Codes, role, values: values.map(str::to_owned).collect(), doc }
}

pub(super) fn count(
    name: &'static str,
    lowest: i16,
    highest: i16,
    role: Role,
    doc: &'static str,
) -> Fact {
    let values = (lowest..=highest).map(|number| number.to_string()).collect();
    Fact { name, shape: Shape::Count { lowest }, role, values, doc }
}
