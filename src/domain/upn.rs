//! Unique pupil number: check letter, LA, school, year and serial (DfE UPN guide).

use super::answer::Readable;
use serde_json::Value;
use std::fmt;

const CHECK_LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPQRTUVWXYZ";

/// A pupil number whose check letter holds; upper case, thirteen characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Upn([u8; 13]);

impl Upn {
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.trim().to_ascii_uppercase();
        let bytes: [u8; 13] = upper.as_bytes().try_into().ok()?;
        let digits = bytes[1..12].iter().all(u8::is_ascii_digit);
        // A letter at the end marks a temporary number.
        let last = match bytes[12] {
            digit @ b'0'..=b'9' => u32::from(digit - b'0'),
            letter => u32::try_from(CHECK_LETTERS.iter().position(|l| *l == letter)?).ok()?,
        };
        if !digits {
            return None;
        }
        let mut sum = last * 13;
        for (offset, digit) in bytes[1..12].iter().enumerate() {
            sum += u32::from(digit - b'0') * (u32::try_from(offset).ok()? + 2);
        }
        let check = CHECK_LETTERS[usize::try_from(sum % 23).ok()?];
        (check == bytes[0]).then_some(Upn(bytes))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Upn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upn(…)")
    }
}

impl Readable for Upn {
    const RULE: &'static str = "upn";
    const ASK: &'static str = "Check the unique pupil number: a letter and twelve characters";

    fn read(stated: &Value) -> Option<Self> {
        Self::parse(stated.as_str()?)
    }

    fn write(&self) -> Value {
        Value::String(self.as_str().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_census_guides_example_is_read_and_a_wrong_letter_is_not() {
        assert!(Upn::parse("E381203117001").is_some());
        assert!(Upn::parse("F381203117001").is_none());
        assert!(Upn::parse("E38120311700").is_none());
    }
}
