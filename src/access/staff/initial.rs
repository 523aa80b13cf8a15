//! Passwords that somebody else chose: a hundred random bits, which open an account once.
//!
//! Nobody guesses one, so it is looked up by a keyed hash, neither counted nor waited for: whatever
//! others guess at a name, its holder gets in with this.

use crate::access::keys::{is_symbol, symbols};
use crate::domain::time::Env;
use crate::store::Token16;
use crate::store::keys::KeyRing;

const GROUPS: usize = 4;
const SYMBOLS: usize = 5;

/// Four groups of five symbols, which can be read over a telephone. There is a digit among them,
/// so that no words of one's own have its form.
pub(super) fn draw(env: &dyn Env) -> String {
    loop {
        let groups: Vec<String> = (0..GROUPS).map(|_| symbols(env, SYMBOLS)).collect();
        let text = groups.join("-");
        if text.contains(|c: char| c.is_ascii_digit()) {
            return text;
        }
    }
}

/// What has the form of one, as it is compared: however it was typed.
pub(super) fn read(typed: &str) -> Option<String> {
    let plain = super::list_codes::plain(typed);
    let fits = plain.len() == GROUPS * SYMBOLS
        && plain.chars().all(is_symbol)
        && plain.contains(|c: char| c.is_ascii_digit());
    fits.then_some(plain)
}

/// As it is kept.
pub(super) fn token(ring: &KeyRing, sign_in: Token16, plain: &str) -> Token16 {
    ring.token16("initial", plain, &sign_in)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);

    impl Env for Counting {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn entropy(&self, into: &mut [u8]) {
            into.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed) % 26);
        }
    }

    #[test]
    fn one_is_read_however_it_is_typed_and_no_words_are_one() {
        let drawn = draw(&Counting(AtomicU8::new(0)));
        assert_eq!(drawn, "wxyz2-3abcd-efghi-jkmnp", "one without a digit is drawn again");
        let read_as = "wxyz23abcdefghijkmnp";
        for typed in [drawn.clone(), drawn.to_uppercase(), drawn.replace('-', " "), drawn + "\n"] {
            assert_eq!(read(&typed).as_deref(), Some(read_as), "{typed}");
        }
        for other in
            ["", "yz234-abcde-fghij-kmnp", "happy-brick-stand-chair", "yz204-abcde-fghij-kmnpq"]
        {
            assert_eq!(read(other), None, "{other}");
        }
        let (ring, other) = (KeyRing::for_tests(3), KeyRing::for_tests(4));
        let kept = token(&ring, [1; 16], read_as);
        assert_ne!(token(&ring, [2; 16], read_as), kept);
        assert_ne!(token(&other, [1; 16], read_as), kept);
    }
}
