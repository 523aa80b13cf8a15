//! Sealing: XChaCha20-Poly1305 with random 24-byte nonces (draft-irtf-cfrg-xchacha-03), and the
//! dossier: the parts of a referral that are sealed together.

use super::rows::Token16;
use crate::domain::time::Env;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use chacha20::{R20, hchacha};
use zeroize::{Zeroize, Zeroizing};

const NONCE: usize = 24;
const TAG: usize = 16;

/// A key of XChaCha20-Poly1305. As section 2.3 of the draft builds it: HChaCha20 makes a key for
/// each nonce from its first 16 bytes, the last 8 go into ChaCha20-Poly1305 of RFC 8439.
#[derive(Clone)]
pub(super) struct Cipher([u8; 32]);

impl Drop for Cipher {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Cipher {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Cipher(*key)
    }

    fn for_nonce(&self, nonce: &[u8; NONCE]) -> (LessSafeKey, Nonce) {
        let (first, last) = nonce.split_at(16);
        let first: [u8; 16] = first.try_into().expect("it was split there");
        let key = Zeroizing::new(<[u8; 32]>::from(hchacha::<R20>(&self.0.into(), &first.into())));
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.as_slice()).expect("the length is right");
        let mut short = [0; 12];
        short[4..].copy_from_slice(last);
        (LessSafeKey::new(key), Nonce::assume_unique_for_key(short))
    }
}

/// `nonce || ciphertext || tag`; `name` is authenticated with it, so that it opens in its place
/// only.
pub(super) fn seal(cipher: &Cipher, name: &[u8], plain: &[u8], env: &dyn Env) -> Vec<u8> {
    let mut nonce = [0u8; NONCE];
    env.entropy(&mut nonce);
    let mut out = Vec::with_capacity(NONCE + plain.len() + TAG);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let (key, short) = cipher.for_nonce(&nonce);
    let tag = key
        .seal_in_place_separate_tag(short, Aad::from(name), &mut out[NONCE..])
        .expect("encryption fails only beyond 256 GiB");
    out.extend_from_slice(tag.as_ref());
    out
}

/// Opens what [`seal`] made; `None` when key, name or bytes are not the same.
pub(super) fn open(cipher: &Cipher, name: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE>()?;
    let mut body = body.to_vec();
    let (key, short) = cipher.for_nonce(nonce);
    let length = key.open_in_place(short, Aad::from(name), &mut body).ok()?.len();
    body.truncate(length);
    Some(body)
}

/// As [`seal`], compressed first: the parts of a dossier repeat each other, and a small row stays
/// out of PostgreSQL's overflow storage. Nobody but us chooses what is compressed together with a
/// secret and sees its length, so length tells no more than the sender's own size.
pub(super) fn seal_packed(cipher: &Cipher, name: &[u8], plain: &[u8], env: &dyn Env) -> Vec<u8> {
    seal(cipher, name, &lz4_flex::compress_prepend_size(plain), env)
}

/// Opens what [`seal_packed`] made.
pub(super) fn open_packed(cipher: &Cipher, name: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    lz4_flex::decompress_size_prepended(&open(cipher, name, sealed)?).ok()
}

/// What is sealed of one referral: exactly what was sent, what was read, decided and answered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Dossier {
    /// The raw bytes as received.
    pub raw: Vec<u8>,
    /// Where each canonical value stood in what was sent, JSON by JSON pointer; empty where the
    /// canonical document itself was sent. Of the first submission, not of what was added.
    pub provenance: Vec<u8>,
    /// Canonical referral, JSON.
    pub canonical: Vec<u8>,
    /// `Decision` with history, JSON.
    pub decision: Vec<u8>,
    /// `Receipt`, JSON: the first answer to the sender.
    pub receipt: Vec<u8>,
    /// The receipt of each addition, by the token of its repeat key, in order.
    pub added: Vec<(Token16, Vec<u8>)>,
}

impl Dossier {
    /// Parts with their lengths before them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Dossier { raw, provenance, canonical, decision, receipt, added: _ } = self;
        let parts = [raw, provenance, canonical, decision, receipt];
        let mut out = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
        for part in parts {
            out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(part);
        }
        for (key, receipt) in &self.added {
            out.extend_from_slice(key);
            out.extend_from_slice(&u32::try_from(receipt.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.extend_from_slice(receipt);
        }
        out
    }

    /// Reads what [`Dossier::to_bytes`] wrote; `None` when it is cut short.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        fn part(rest: &mut &[u8]) -> Option<Vec<u8>> {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (part, after) = after.split_at_checked(length)?;
            *rest = after;
            Some(part.to_vec())
        }
        let rest = &mut &*bytes;
        let (raw, provenance, canonical) = (part(rest)?, part(rest)?, part(rest)?);
        let (decision, receipt) = (part(rest)?, part(rest)?);
        let mut added = Vec::new();
        while !rest.is_empty() {
            let (key, after) = rest.split_first_chunk::<16>()?;
            *rest = after;
            added.push((*key, part(rest)?));
        }
        Some(Dossier { raw, provenance, canonical, decision, receipt, added })
    }

    /// The answer to what was accepted under a key: each has its own.
    pub fn receipt_of(&self, key: Token16) -> &[u8] {
        let added = self.added.iter().rev().find(|(known, _)| *known == key);
        added.map_or(&self.receipt, |(_, receipt)| receipt)
    }

    /// The last answer: what the sender was told of the referral as it stands.
    pub fn last_receipt(&self) -> &[u8] {
        self.added.last().map_or(&self.receipt, |(_, receipt)| receipt)
    }

    /// The name a referral's record is sealed under.
    pub fn name(id: crate::domain::ReferralId) -> Vec<u8> {
        [b"referral:".as_slice(), id.0.as_bytes()].concat()
    }

    /// The name a refused submission's record is sealed under.
    pub fn refusal_name(id: crate::domain::ids::RefusalId) -> Vec<u8> {
        [b"refusal:".as_slice(), id.0.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use chacha20poly1305::aead::{Aead, KeyInit, Payload};
    use chacha20poly1305::{XChaCha20Poly1305, XNonce};

    struct Same(u8);

    impl Env for Same {
        fn now(&self) -> Timestamp {
            Timestamp(0)
        }
        fn entropy(&self, into: &mut [u8]) {
            into.iter_mut().zip(self.0..).for_each(|(byte, value)| *byte = value);
        }
    }

    /// Another implementation of the whole construction writes the same bytes.
    #[test]
    fn it_is_xchacha20_poly1305() {
        for length in [0, 1, 15, 16, 63, 64, 65, 500, 5000] {
            let key: [u8; 32] = std::array::from_fn(|i| u8::try_from(i * 7 % 251).unwrap_or(0));
            let plain: Vec<u8> = (0..length).map(|i| u8::try_from(i % 256).unwrap_or(0)).collect();
            let sealed = seal(&Cipher::new(&key), b"name", &plain, &Same(40));
            let nonce: [u8; NONCE] = std::array::from_fn(|i| 40 + u8::try_from(i).unwrap_or(0));
            let other = XChaCha20Poly1305::new(&key.into());
            let payload = Payload { msg: plain.as_slice(), aad: b"name" };
            let expected = other.encrypt(&XNonce::from(nonce), payload).expect("encrypts");
            assert_eq!(sealed, [nonce.as_slice(), &expected].concat());
            assert_eq!(open(&Cipher::new(&key), b"name", &sealed), Some(plain));
        }
    }

    #[test]
    fn nothing_opens_that_was_changed_or_cut() {
        let cipher = Cipher::new(&[7; 32]);
        let sealed = seal(&cipher, b"name", b"a worry", &Same(1));
        assert!(open(&cipher, b"other", &sealed).is_none());
        assert!(open(&Cipher::new(&[8; 32]), b"name", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&cipher, b"name", &changed).is_none(), "changed at {at}");
            assert!(open(&cipher, b"name", &sealed[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn a_dossier_is_read_back_and_each_key_has_its_own_receipt() {
        let first = Dossier { receipt: b"first".to_vec(), ..Dossier::default() };
        assert_eq!(Dossier::from_bytes(&first.to_bytes()), Some(first.clone()));
        let added = vec![([1; 16], b"second".to_vec()), ([2; 16], b"third".to_vec())];
        let dossier = Dossier { added, ..first };
        let bytes = dossier.to_bytes();
        assert_eq!(Dossier::from_bytes(&bytes), Some(dossier.clone()));
        assert_eq!(Dossier::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(dossier.receipt_of([1; 16]), b"second");
        assert_eq!(dossier.receipt_of([9; 16]), b"first");
        assert_eq!(dossier.last_receipt(), b"third");
    }
}
