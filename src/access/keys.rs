//! The form of a key: `fd_<id>_<secret>`; the id is public, the secret is shown once.
//!
//! The prefix lets secret scanners find a key that was committed by mistake.

pub use super::table::OwnerKind;
use crate::domain::Timestamp;
use crate::domain::time::Env;
use crate::store::{KeyRow, KeyStore, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::fmt;

const PREFIX: &str = "fd_";
const ID: usize = 12;
const SECRET: usize = 32;
/// Lower-case letters and digits that are not mistaken for each other; 32, so a byte's low five
/// bits choose one without bias.
const ID_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// So many random symbols that people can read aloud, five bits each.
pub(super) fn symbols(env: &dyn Env, count: usize) -> String {
    let mut entropy = vec![0u8; count];
    env.entropy(&mut entropy);
    spelt(&entropy)
}

/// Bytes in such symbols, five bits of each.
pub(super) fn spelt(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(ID_ALPHABET[usize::from(byte % 32)])).collect()
}

/// Whether somebody may have been given it to read aloud.
pub(super) fn is_symbol(symbol: char) -> bool {
    u8::try_from(symbol).is_ok_and(|byte| ID_ALPHABET.contains(&byte))
}

/// A key as a caller presents it, split in its parts.
#[derive(Clone, Copy)]
pub struct PresentedKey<'a> {
    pub id: &'a str,
    secret: &'a str,
}

impl<'a> PresentedKey<'a> {
    /// Splits a key; `None` when it does not have a key's form.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_at_checked(ID)?;
        let secret = secret.strip_prefix('_')?;
        let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = secret.len() == SECRET && id.bytes().chain(secret.bytes()).all(url_safe);
        fits.then_some(PresentedKey { id, secret })
    }

    /// SHA-256 of the secret. A fast hash is enough: the secret has 192 random bits, so nothing
    /// can be guessed that a slow hash would protect.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.secret.as_bytes()).into()
    }
}

impl fmt::Debug for PresentedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_…", self.id)
    }
}

/// A new key. Its text exists here and nowhere else.
pub struct IssuedKey {
    pub id: String,
    text: String,
}

impl IssuedKey {
    /// Draws a key.
    fn draw(env: &dyn Env) -> Self {
        let id = symbols(env, ID);
        let mut entropy = [0u8; SECRET * 3 / 4];
        env.entropy(&mut entropy);
        let text = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(entropy));
        IssuedKey { id, text }
    }

    /// The whole key, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    fn hash(&self) -> [u8; 32] {
        PresentedKey::parse(&self.text).expect("a drawn key has a key's form").hash()
    }
}

/// The whole key, for the one line that shows it.
impl AsRef<str> for IssuedKey {
    fn as_ref(&self) -> &str {
        self.reveal()
    }
}

impl fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}_…", self.id)
    }
}

/// Issues a key that works until it is ended; a running gateway knows it within a refresh.
pub async fn issue(
    store: &dyn KeyStore,
    env: &dyn Env,
    kind: OwnerKind,
    owner: &str,
) -> Result<IssuedKey, StoreError> {
    issue_until(store, env, kind, owner, None).await
}

/// Issues a key that works until `expires_at`. Several keys of one owner work side by side, so
/// that a key can be rotated without a gap.
pub async fn issue_until(
    store: &dyn KeyStore,
    env: &dyn Env,
    kind: OwnerKind,
    owner: &str,
    expires_at: Option<Timestamp>,
) -> Result<IssuedKey, StoreError> {
    let key = IssuedKey::draw(env);
    let row = KeyRow {
        id: key.id.clone(),
        owner_kind: kind.as_str().to_owned(),
        owner: owner.to_owned(),
        hash: key.hash().to_vec(),
        created_at: env.now(),
        expires_at,
        revoked_at: None,
    };
    store.add_key(row).await?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU8, Ordering};

    struct Counting(AtomicU8);

    impl Env for Counting {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn entropy(&self, into: &mut [u8]) {
            into.fill_with(|| self.0.fetch_add(41, Ordering::Relaxed));
        }
    }

    #[test]
    fn a_drawn_key_parses_and_tells_nothing_when_printed() {
        let key = IssuedKey::draw(&Counting(AtomicU8::new(3)));
        let parsed = PresentedKey::parse(key.reveal()).expect("parses");
        assert_eq!(parsed.id, key.id);
        assert_eq!(parsed.hash(), key.hash());
        assert_eq!(key.reveal().len(), 3 + 12 + 1 + 32);
        let secret = key.reveal().rsplit_at(16);
        assert!(!format!("{key:?}{parsed:?}").contains(secret));
    }

    #[test]
    fn what_does_not_have_a_keys_form_is_no_key() {
        let good = IssuedKey::draw(&Counting(AtomicU8::new(9))).reveal().to_owned();
        let bad = [
            String::new(),
            "fd_".to_owned(),
            good[1..].to_owned(),
            good[..good.len() - 1].to_owned(),
            format!("{good}A"),
            good.replacen("fd_", "FD_", 1),
            format!("{}é{}", &good[..20], &good[22..]),
            format!("{} {}", &good[..20], &good[21..]),
        ];
        for text in bad {
            assert!(PresentedKey::parse(&text).is_none(), "{text}");
        }
    }

    trait Tail {
        fn rsplit_at(&self, tail: usize) -> &str;
    }

    impl Tail for str {
        fn rsplit_at(&self, tail: usize) -> &str {
            &self[self.len() - tail..]
        }
    }
}
