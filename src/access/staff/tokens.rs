//! What a browser holds of a session, and by what the session is known.

use crate::domain::time::Env;
use crate::store::keys::KeyRing;
use crate::store::{SessionKey, Token16};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;
use subtle::ConstantTimeEq as _;

/// A session's token: 256 bits that nobody guesses. It is in a cookie, and a keyed hash of it in
/// the database.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    pub(super) fn draw(env: &dyn Env) -> Self {
        let mut entropy = [0u8; 32];
        env.entropy(&mut entropy);
        SessionToken(URL_SAFE_NO_PAD.encode(entropy))
    }

    /// The token of the session that follows this one, by what was given for it. Whoever presses
    /// twice gives the same to the same session, and so gets into the one that follows, however
    /// often they press. Nobody makes it who has not given the same.
    pub(super) fn after(&self, ring: &KeyRing, given: &str) -> Self {
        let half = |label| ring.token16(label, &self.0, given.as_bytes());
        SessionToken(
            URL_SAFE_NO_PAD.encode([half("session-next.1"), half("session-next.2")].concat()),
        )
    }

    /// As a cookie brings it; anything may stand there.
    pub fn presented(text: &str) -> Self {
        SessionToken(text.to_owned())
    }

    /// The value of the cookie.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(super) fn key(&self, ring: &KeyRing) -> SessionKey {
        ring.token16("session", "", self.0.as_bytes())
    }

    /// More that only this server can make of it.
    pub(super) fn derive(&self, ring: &KeyRing, label: &str, of: &str) -> Token16 {
        ring.token16(label, of, self.0.as_bytes())
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(session token)")
    }
}

/// Compares what only its owner knows; how long it takes does not tell where they differ.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_not_printed() {
        let token = SessionToken::presented("abc");
        assert!(!format!("{token:?}").contains("abc"));
    }

    #[test]
    fn what_follows_is_the_same_for_the_same_and_for_nothing_else() {
        let (ring, token) = (KeyRing::for_tests(3), SessionToken::presented("abc"));
        let next = token.after(&ring, "code");
        assert_eq!((token.after(&ring, "code"), next.reveal().len()), (next.clone(), 43));
        assert_ne!(token.after(&ring, "other"), next);
        assert_ne!(SessionToken::presented("abcd").after(&ring, "code"), next);
        assert_ne!(token.after(&KeyRing::for_tests(4), "code"), next);
    }
}
