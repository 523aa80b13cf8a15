//! What a browser holds: the token of a session, and the mark of a browser that its owner has
//! signed in with.

use crate::domain::time::Env;
use crate::store::keys::KeyRing;
use crate::store::{SessionKey, Token16};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;

/// A session's token: 256 random bits. It is in a cookie, and its hash in the database.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(String);

impl SessionToken {
    pub(super) fn draw(env: &dyn Env) -> Self {
        let mut entropy = [0u8; 32];
        env.entropy(&mut entropy);
        SessionToken(URL_SAFE_NO_PAD.encode(entropy))
    }

    /// As a cookie brings it; anything may stand there.
    pub fn presented(text: &str) -> Self {
        SessionToken(text.to_owned())
    }

    /// The value of the cookie.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A fast hash is enough: nobody guesses 256 bits.
    pub(super) fn key(&self) -> SessionKey {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(session token)")
    }
}

/// What each form of a session carries: whoever cannot read its pages cannot make it, and nothing
/// is stored for it.
pub(super) fn csrf(ring: &KeyRing, session: SessionKey) -> String {
    URL_SAFE_NO_PAD.encode(ring.token16("csrf", "", &session))
}

/// Compares what only its owner knows; how long it takes does not tell where they differ.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

/// The mark of a browser with which somebody has done both steps. Whoever guesses at a colleague's
/// name has none for it, so that the colleague, who has, does not wait for what others guess.
pub(super) struct Device([u8; 16]);

impl Device {
    pub(super) fn draw(env: &dyn Env) -> Self {
        let mut entropy = [0u8; 16];
        env.entropy(&mut entropy);
        Device(entropy)
    }

    /// One that was given out for this name; `None` for any other text.
    pub(super) fn presented(ring: &KeyRing, sign_in: Token16, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (device, mac) = bytes.split_first_chunk::<16>()?;
        let device = Device(*device);
        same(mac, &device.mac(ring, sign_in)).then_some(device)
    }

    /// The value of its cookie.
    pub(super) fn text(&self, ring: &KeyRing, sign_in: Token16) -> String {
        URL_SAFE_NO_PAD.encode([self.0, self.mac(ring, sign_in)].concat())
    }

    fn mac(&self, ring: &KeyRing, sign_in: Token16) -> Token16 {
        ring.token16("device", "", &[sign_in, self.0].concat())
    }

    /// Under what its failures are counted.
    pub(super) fn key(&self, ring: &KeyRing) -> Token16 {
        ring.token16("try-device", "", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_its_own_name_alone() {
        let ring = KeyRing::for_tests(3);
        let text = Device([5; 16]).text(&ring, [1; 16]);
        assert!(Device::presented(&ring, [1; 16], &text).is_some_and(|device| device.0 == [5; 16]));
        assert!(Device::presented(&ring, [2; 16], &text).is_none());
        assert!(Device::presented(&KeyRing::for_tests(4), [1; 16], &text).is_none());
        let made_up = URL_SAFE_NO_PAD.encode([5; 32]);
        for other in ["", "é", &text[1..], &text[..text.len() - 1], &made_up] {
            assert!(Device::presented(&ring, [1; 16], other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        let token = SessionToken::presented("abc");
        assert!(!format!("{token:?}").contains("abc"));
    }
}
