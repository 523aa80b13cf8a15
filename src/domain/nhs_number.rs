//! NHS number: ten digits with a modulus-11 check digit (NHS Data Dictionary).

use super::answer::Readable;
use serde_json::Value;
use std::fmt;

/// A number whose check digit holds. A valid number may still be the wrong child's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NhsNumber([u8; 10]);

impl NhsNumber {
    /// Reads ten digits; blanks and hyphens between them are allowed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = [0u8; 10];
        let mut count = 0;
        for byte in text.trim().bytes() {
            match byte {
                b' ' | b'-' => continue,
                b'0'..=b'9' if count < 10 => digits[count] = byte,
                _ => return None,
            }
            count += 1;
        }
        (count == 10 && check_digit_holds(&digits)).then_some(NhsNumber(digits))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn check_digit_holds(digits: &[u8; 10]) -> bool {
    let weighted = digits[..9].iter().zip((2..=10).rev());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = match 11 - sum % 11 {
        11 => 0,
        other => other,
    };
    check == u32::from(digits[9] - b'0')
}

impl fmt::Debug for NhsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NhsNumber(…)")
    }
}

impl Readable for NhsNumber {
    const RULE: &'static str = "nhs-number";
    const ASK: &'static str = "Check the NHS number: ten digits, the last one checks the others";

    fn read(stated: &Value) -> Option<Self> {
        match stated {
            Value::String(text) => Self::parse(text),
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    fn write(&self) -> Value {
        Value::String(self.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_a_right_check_digit_is_read_with_or_without_blanks() {
        assert!(NhsNumber::parse("9990000018").is_some());
        assert_eq!(NhsNumber::parse("999 000 0026"), NhsNumber::parse("9990000026"));
    }

    #[test]
    fn a_single_wrong_digit_is_not_read() {
        for position in 0..10 {
            let mut digits = *b"9990000018";
            digits[position] = if digits[position] == b'5' { b'6' } else { b'5' };
            let text = String::from_utf8(digits.to_vec()).expect("digits");
            assert_eq!(NhsNumber::parse(&text), None, "{text}");
        }
    }
}
