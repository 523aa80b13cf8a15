//! The authority's keys: made once, wrapped by the master key, opened at start, kept in memory.

use super::error::{Result, StoreError};
use super::rows::{Sealed, Token, Token16};
use super::seal::{Cipher, open, open_packed, seal, seal_packed};
use super::traits::KeyStore;
use crate::audit::ChainKey;
use crate::domain::time::Env;
use crate::domain::{AdultKey, PersonId};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Name under which the wrapped authority keys are stored.
const STORED_AS: &str = "authority-keys.v1";
/// Bytes of the authority's keys: wrapping, profiles, tokens, repeats, chains.
const LENGTH: usize = 5 * 32;

/// The keys of one authority, ready to use.
#[derive(Clone)]
pub struct KeyRing {
    wrapping: Cipher,
    profiles: Cipher,
    tokens: Hmac<Sha256>,
    repeats: Hmac<Sha256>,
    chains: ChainKey,
}

impl KeyRing {
    /// Opens the authority's keys with the master key, making them when the store is new.
    ///
    /// # Errors
    /// `Damaged` when the stored keys do not open: this is another master key than the one they
    /// were wrapped with. Nothing is overwritten.
    pub async fn open(store: &dyn KeyStore, master: &[u8; 32], env: &dyn Env) -> Result<Self> {
        let cipher = Cipher::new(master);
        let mut fresh = Zeroizing::new(vec![0u8; LENGTH]);
        env.entropy(&mut fresh);
        let wrapped = seal(&cipher, STORED_AS.as_bytes(), &fresh, env);
        let stored = store.once(STORED_AS, &wrapped).await?;
        let keys = open(&cipher, STORED_AS.as_bytes(), &stored).ok_or_else(|| {
            StoreError::Damaged(
                "the authority's keys do not open with this master key; start with the master \
                 key that this database was made with"
                    .to_owned(),
            )
        })?;
        Self::from_bytes(&Zeroizing::new(keys))
            .ok_or_else(|| StoreError::Damaged("the authority's keys are cut short".to_owned()))
    }

    fn from_bytes(keys: &[u8]) -> Option<Self> {
        let mut parts = keys.chunks_exact(32).map(|part| <[u8; 32]>::try_from(part).ok());
        let mut next = || parts.next().flatten();
        Some(KeyRing {
            wrapping: Cipher::new(&next()?),
            profiles: Cipher::new(&next()?),
            tokens: Hmac::new_from_slice(&next()?).ok()?,
            repeats: Hmac::new_from_slice(&next()?).ok()?,
            chains: ChainKey::new(&next()?),
        })
    }

    /// Keys for tests and simulations.
    pub fn for_tests(seed: u8) -> Self {
        Self::from_bytes(&[seed; LENGTH]).expect("the length is right")
    }

    /// The key of the event chains.
    pub fn chains(&self) -> &ChainKey {
        &self.chains
    }

    /// Seals a record under a data key of its own. `name` binds it to its place.
    pub fn seal_record(&self, name: &[u8], plain: &[u8], env: &dyn Env) -> Sealed {
        let mut data_key = Zeroizing::new([0u8; 32]);
        env.entropy(data_key.as_mut());
        let cipher = Cipher::new(&data_key);
        Sealed {
            wrapped_key: seal(&self.wrapping, name, data_key.as_ref(), env),
            body: seal_packed(&cipher, name, plain, env),
        }
    }

    /// Seals more under a record's existing data key.
    pub fn seal_more(
        &self,
        name: &[u8],
        wrapped_key: &[u8],
        plain: &[u8],
        env: &dyn Env,
    ) -> Result<Vec<u8>> {
        Ok(seal_packed(&self.data_cipher(name, wrapped_key)?, name, plain, env))
    }

    /// Opens what [`KeyRing::seal_record`] sealed under the same name.
    pub fn open_record(&self, name: &[u8], sealed: &Sealed) -> Result<Vec<u8>> {
        let cipher = self.data_cipher(name, &sealed.wrapped_key)?;
        open_packed(&cipher, name, &sealed.body)
            .ok_or_else(|| StoreError::Damaged("a record does not open with its key".to_owned()))
    }

    fn data_cipher(&self, name: &[u8], wrapped_key: &[u8]) -> Result<Cipher> {
        let key = open(&self.wrapping, name, wrapped_key).map(Zeroizing::new);
        let key = key.and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok());
        let key = key.map(Zeroizing::new).ok_or_else(|| {
            StoreError::Damaged("a record's data key does not open; it may be erased".to_owned())
        })?;
        Ok(Cipher::new(&key))
    }

    /// Seals a person's linkage profile.
    pub fn seal_profile(&self, person: PersonId, plain: &[u8], env: &dyn Env) -> Vec<u8> {
        seal(&self.profiles, person.0.as_bytes(), plain, env)
    }

    /// Opens a person's linkage profile; `None` when it is damaged or another person's.
    pub fn open_profile(&self, person: PersonId, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.profiles, person.0.as_bytes(), sealed)
    }

    /// Seals an adult's role and linkage profile.
    pub fn seal_adult(&self, adult: AdultKey, plain: &[u8], env: &dyn Env) -> Vec<u8> {
        seal(&self.profiles, &adult_name(adult), plain, env)
    }

    /// Opens them; `None` when they are damaged or another adult's.
    pub fn open_adult(&self, adult: AdultKey, sealed: &[u8]) -> Option<Vec<u8>> {
        open(&self.profiles, &adult_name(adult), sealed)
    }

    /// Seals a value that is kept once under its name.
    pub fn seal_note(&self, name: &str, plain: &[u8], env: &dyn Env) -> Vec<u8> {
        seal(&self.wrapping, name.as_bytes(), plain, env)
    }

    /// Opens what [`KeyRing::seal_note`] sealed under the same name.
    pub fn open_note(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        open(&self.wrapping, name.as_bytes(), sealed)
            .ok_or_else(|| StoreError::Damaged("a note does not open with its key".to_owned()))
    }

    /// The blind token of a compound blocking key, e.g. `sn+dob|hussain|2017-11-20`.
    pub fn token(&self, compound: &str) -> Token {
        let mut mac = self.tokens.clone();
        mac.update(compound.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let mut first = [0u8; 8];
        first.copy_from_slice(&bytes[..8]);
        Token(i64::from_be_bytes(first))
    }

    /// The blind token of an agency's key or body, for repeats.
    pub fn token16(&self, label: &str, agency: &str, content: &[u8]) -> Token16 {
        let mut mac = self.repeats.clone();
        for part in [label.as_bytes(), agency.as_bytes()] {
            mac.update(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.update(content);
        let bytes = mac.finalize().into_bytes();
        let mut first = [0u8; 16];
        first.copy_from_slice(&bytes[..16]);
        first
    }
}

/// Longer than a person's, so that neither opens the other's.
fn adult_name(adult: AdultKey) -> Vec<u8> {
    [b"adult:".as_slice(), adult.referral.0.as_bytes(), &adult.n.to_be_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use std::sync::atomic::{AtomicU8, Ordering};

    /// Entropy that never repeats itself, and a clock that stands still.
    struct Still(AtomicU8);

    impl Env for Still {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn entropy(&self, into: &mut [u8]) {
            into.fill(self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    #[test]
    fn a_record_opens_under_its_own_name_and_key_only() {
        let env = Still(AtomicU8::new(1));
        let ring = KeyRing::for_tests(3);
        let sealed = ring.seal_record(b"referral:1", b"a worry", &env);
        assert_eq!(ring.open_record(b"referral:1", &sealed).expect("opens"), b"a worry");
        assert!(ring.open_record(b"referral:2", &sealed).is_err());
        assert!(KeyRing::for_tests(4).open_record(b"referral:1", &sealed).is_err());
        let more = ring.seal_more(b"referral:1", &sealed.wrapped_key, b"more", &env);
        let more = Sealed { body: more.expect("seals"), ..sealed.clone() };
        assert_eq!(ring.open_record(b"referral:1", &more).expect("opens"), b"more");
    }

    #[test]
    fn tokens_differ_by_key_label_and_agency() {
        let (one, two) = (KeyRing::for_tests(1), KeyRing::for_tests(2));
        assert_ne!(one.token("a|b"), two.token("a|b"));
        assert_ne!(one.token16("key", "a", b"bc"), one.token16("key", "ab", b"c"));
        assert_ne!(one.token16("key", "a", b"x"), one.token16("body", "a", b"x"));
    }
}
