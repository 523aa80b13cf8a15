//! A referral's reference: ten characters with a check character, readable over a telephone.

use std::fmt;

/// Twenty-three characters that neither look nor sound much alike; prime, so that the weighted
/// check catches every single wrong character and every transposition of neighbours.
const ALPHABET: &[u8; 23] = b"2346789ACDFGHJKMPQRTWXY";

/// `XXXXX-XXXXX`; the last character checks the other nine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference([u8; 10]);

impl Reference {
    /// Makes a reference from random bytes; 23⁹ ≈ 1.8 × 10¹² are possible.
    pub fn from_entropy(entropy: u64) -> Self {
        let mut rest = entropy;
        let mut symbols = [0u8; 10];
        for symbol in symbols.iter_mut().take(9) {
            *symbol = u8::try_from(rest % 23).unwrap_or_default();
            rest /= 23;
        }
        symbols[9] = check(&symbols);
        Reference(symbols.map(|symbol| ALPHABET[usize::from(symbol)]))
    }

    /// Reads one as typed or spoken: case, blanks and hyphens do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        let mut symbols = [0u8; 10];
        let mut count = 0;
        for byte in text.trim().bytes().filter(|b| !matches!(b, b' ' | b'-')) {
            let upper = byte.to_ascii_uppercase();
            let symbol = ALPHABET.iter().position(|known| *known == upper)?;
            *symbols.get_mut(count)? = u8::try_from(symbol).ok()?;
            count += 1;
        }
        (count == 10 && check(&symbols) == symbols[9])
            .then(|| Reference(symbols.map(|symbol| ALPHABET[usize::from(symbol)])))
    }
}

fn check(symbols: &[u8; 10]) -> u8 {
    let weighted = symbols[..9].iter().zip(2u32..);
    let sum: u32 = weighted.map(|(symbol, weight)| u32::from(*symbol) * weight).sum();
    u8::try_from(sum % 23).unwrap_or_default()
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = std::str::from_utf8(&self.0).unwrap_or_default();
        write!(f, "{}-{}", &text[..5], &text[5..])
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Reference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Reference::parse(&text).ok_or_else(|| serde::de::Error::custom("not a reference"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_wrong_character_and_every_swap_of_neighbours_is_noticed() {
        let text = Reference::from_entropy(0x1234_5678_9abc_def0).to_string().replace('-', "");
        for position in 0..10 {
            for other in ALPHABET {
                let mut wrong = text.clone().into_bytes();
                if wrong[position] != *other {
                    wrong[position] = *other;
                    assert!(Reference::parse(&String::from_utf8_lossy(&wrong)).is_none());
                }
            }
        }
        for position in 0..9 {
            let mut swapped = text.clone().into_bytes();
            swapped.swap(position, position + 1);
            let swapped = String::from_utf8_lossy(&swapped).into_owned();
            assert_eq!(Reference::parse(&swapped).is_some(), swapped == text);
        }
    }

    #[test]
    fn it_is_read_however_it_is_typed() {
        let reference = Reference::from_entropy(42);
        let typed = reference.to_string().to_lowercase().replace('-', " ");
        assert_eq!(Reference::parse(&typed), Some(reference));
    }
}
