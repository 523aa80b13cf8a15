//! Postcodes, by shape (BS 7666). Whether one exists, and who serves it, is the gazetteer's word.

use super::answer::Readable;
use serde_json::Value;
use std::fmt;

/// A postcode in canonical form: outward, one blank, inward, upper case.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Postcode(String);

impl Postcode {
    pub fn parse(text: &str) -> Option<Self> {
        let compact: String =
            text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        if !compact.is_ascii() || !(5..=7).contains(&compact.len()) {
            return None;
        }
        let (outward, inward) = compact.split_at(compact.len() - 3);
        let inward = inward.as_bytes();
        let inward_holds = inward[0].is_ascii_digit()
            && inward[1..].iter().all(|b| b.is_ascii_uppercase() && !b"CIKMOV".contains(b));
        (inward_holds && outward_holds(outward.as_bytes()))
            .then(|| Postcode(format!("{outward} {}", String::from_utf8_lossy(inward))))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Outward part and the first inward digit, e.g. `HX1 2`.
    pub fn sector(&self) -> &str {
        &self.0[..self.0.len() - 2]
    }

    /// Outward part, e.g. `HX1`.
    pub fn outward(&self) -> &str {
        &self.0[..self.0.len() - 4]
    }
}

/// Outward shapes: A9 A99 AA9 AA99 A9A AA9A.
fn outward_holds(outward: &[u8]) -> bool {
    let shape: String = outward
        .iter()
        .map(|b| match b {
            b'A'..=b'Z' => 'A',
            b'0'..=b'9' => '9',
            _ => '?',
        })
        .collect();
    matches!(shape.as_str(), "A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A")
}

impl fmt::Debug for Postcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postcode(…)")
    }
}

impl Readable for Postcode {
    const RULE: &'static str = "postcode";
    const ASK: &'static str = "Check the postcode, for example HX1 1AA";

    fn read(stated: &Value) -> Option<Self> {
        Self::parse(stated.as_str()?)
    }

    fn write(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_case_do_not_matter_and_sector_and_outward_are_parts_of_it() {
        let postcode = Postcode::parse(" hx25fe").expect("a postcode");
        assert_eq!(postcode.as_str(), "HX2 5FE");
        assert_eq!(postcode.sector(), "HX2 5");
        assert_eq!(postcode.outward(), "HX2");
    }

    #[test]
    fn a_mistyped_one_is_not_read() {
        for text in ["HX1 1A", "1HX 1AA", "HX1 O1A", "", "HX1 1CI", "é1 1AA"] {
            assert_eq!(Postcode::parse(text), None, "{text}");
        }
    }
}
