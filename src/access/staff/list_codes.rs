//! Codes of a printed list: a sender's second step, and everybody's way back when a telephone is
//! lost. Each is used once.

use crate::access::keys::spelt;
use crate::domain::StaffId;
use crate::store::Token16;
use crate::store::keys::KeyRing;

/// Codes of a list.
pub const LISTED: usize = 10;
/// Symbols of a code: fifty bits, which nobody finds at a hundred tries a day.
const SYMBOLS: usize = 10;

/// The list of this seed, as it is printed: `abcde-fghjk`.
pub(super) fn list(ring: &KeyRing, seed: &[u8]) -> Vec<String> {
    let one = |n: usize| {
        let bytes = ring.token16("list", &n.to_string(), seed);
        let mut code = spelt(&bytes[..SYMBOLS]);
        code.insert(SYMBOLS / 2, '-');
        code
    };
    (0..LISTED).map(one).collect()
}

/// As it is kept: under a key that is not in the database, so that a fast hash gives nothing away.
pub(super) fn token(ring: &KeyRing, staff: StaffId, code: &str) -> Token16 {
    ring.token16("staff-code", &staff.to_string(), plain(code).as_bytes())
}

/// As it is compared: however it was typed.
pub(super) fn plain(code: &str) -> String {
    let typed = code.chars().filter(|c| !c.is_whitespace() && !"-–".contains(*c));
    typed.flat_map(char::to_lowercase).collect()
}

/// Whether it has the form of a code of a list.
pub(super) fn has_form(code: &str) -> bool {
    code.len() == SYMBOLS && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use std::collections::HashSet;

    #[test]
    fn a_list_has_ten_codes_that_are_read_however_they_are_typed() {
        let (ring, id) = (KeyRing::for_tests(3), StaffId::from_parts(Timestamp(0), [1; 10]));
        let codes = list(&ring, b"seed");
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), LISTED);
        assert!(list(&ring, b"seed") == codes && list(&ring, b"other")[0] != codes[0]);
        assert_ne!(list(&KeyRing::for_tests(4), b"seed")[0], codes[0]);
        for code in &codes {
            assert!(has_form(&plain(code)), "{code}");
            let token = token(&ring, id, code);
            for typed in [code.to_uppercase(), code.replace('-', ""), format!(" {code} ")] {
                assert_eq!(super::token(&ring, id, &typed), token, "{typed}");
            }
            let other = StaffId::from_parts(Timestamp(0), [2; 10]);
            assert_ne!(super::token(&ring, other, code), token);
            assert_ne!(super::token(&KeyRing::for_tests(4), id, code), token);
        }
        assert!(!has_form("123456") && !has_form("abcde-fghjk") && !has_form(""));
    }
}
