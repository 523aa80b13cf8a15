//! Expressions over facts, as rules of the policy and of completeness write them.
//!
//! The language is a subset of CEL (cel.dev): literals, fact names, `==`, `!=`, `<`, `<=`, `>`,
//! `>=`, `in`, `&&`, `||`, `!` and brackets. Facts have finitely many values, so every comparison
//! lowers to "one of these values", negations disappear, and evaluation is a few bit tests. What
//! an expression means is what CEL says it means; a test compares the two.

mod lower;

use super::facts::{FactId, Facts, Table};

/// A lowered expression, without negations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    Const(bool),
    /// The fact has any of these values, or holds any of these codes.
    Any(FactId, u128),
    /// A set of codes holds none of these. Facts of one value never need it.
    None(FactId, u128),
    All(Vec<Expr>),
    Either(Vec<Expr>),
}

/// Why an expression cannot be used, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprFault {
    /// Line within the expression, from 1.
    pub line: usize,
    pub what: String,
    pub mend: String,
}

impl Expr {
    /// Parses and lowers `source` over the facts of `table`.
    pub fn compile(source: &str, table: &Table) -> Result<Expr, ExprFault> {
        lower::compile(source, table)
    }

    pub fn holds(&self, facts: &Facts) -> bool {
        match self {
            Expr::Const(value) => *value,
            Expr::Any(fact, mask) => facts.mask(*fact) & mask != 0,
            Expr::None(fact, mask) => facts.mask(*fact) & mask == 0,
            Expr::All(parts) => parts.iter().all(|part| part.holds(facts)),
            Expr::Either(parts) => parts.iter().any(|part| part.holds(facts)),
        }
    }

    /// Visits every test of a fact; `Const` has none.
    pub fn visit(&self, see: &mut dyn FnMut(&Expr)) {
        match self {
            Expr::Const(_) => {}
            Expr::Any(..) | Expr::None(..) => see(self),
            Expr::All(parts) | Expr::Either(parts) => {
                parts.iter().for_each(|part| part.visit(see));
            }
        }
    }

    /// The facts that are read, in order and without repeats.
    pub fn reads(&self) -> Vec<FactId> {
        let mut reads = Vec::new();
        self.visit(&mut |test| {
            if let Expr::Any(fact, _) | Expr::None(fact, _) = test {
                reads.push(*fact);
            }
        });
        reads.sort();
        reads.dedup();
        reads
    }

    /// Whether it can hold only where `fact` has a value of `mask`, by its outermost conditions.
    pub fn requires(&self, fact: FactId, mask: u128) -> bool {
        match self {
            Expr::Any(read, values) => *read == fact && values & !mask == 0,
            Expr::All(parts) => parts.iter().any(|part| part.requires(fact, mask)),
            Expr::Either(parts) => parts.iter().all(|part| part.requires(fact, mask)),
            Expr::Const(value) => !value,
            Expr::None(..) => false,
        }
    }
}
