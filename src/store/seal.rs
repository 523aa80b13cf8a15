//! Sealing: XChaCha20-Poly1305 with random 24-byte nonces (draft-irtf-cfrg-xchacha), and the
//! dossier: the parts of a referral that are sealed together.

use super::rows::Token16;
use crate::domain::time::Env;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

const NONCE: usize = 24;

/// `nonce || ciphertext`; `name` is authenticated with it, so that it opens in its place only.
pub(super) fn seal(
    cipher: &XChaCha20Poly1305,
    name: &[u8],
    plain: &[u8],
    env: &dyn Env,
) -> Vec<u8> {
    let mut nonce = [0u8; NONCE];
    env.entropy(&mut nonce);
    let payload = Payload { msg: plain, aad: name };
    let sealed = cipher
        .encrypt(&XNonce::from(nonce), payload)
        .expect("encryption fails only beyond 256 GiB");
    [nonce.as_slice(), &sealed].concat()
}

/// Opens what [`seal`] made; `None` when key, name or bytes are not the same.
pub(super) fn open(cipher: &XChaCha20Poly1305, name: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, body) = sealed.split_at_checked(NONCE)?;
    let nonce = <[u8; NONCE]>::try_from(nonce).ok()?;
    cipher.decrypt(&XNonce::from(nonce), Payload { msg: body, aad: name }).ok()
}

/// As [`seal`], compressed first: the parts of a dossier repeat each other, and a small row stays
/// out of PostgreSQL's overflow storage. Nobody but us chooses what is compressed together with a
/// secret and sees its length, so length tells no more than the sender's own size.
pub(super) fn seal_packed(
    cipher: &XChaCha20Poly1305,
    name: &[u8],
    plain: &[u8],
    env: &dyn Env,
) -> Vec<u8> {
    seal(cipher, name, &lz4_flex::compress_prepend_size(plain), env)
}

/// Opens what [`seal_packed`] made.
pub(super) fn open_packed(
    cipher: &XChaCha20Poly1305,
    name: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    lz4_flex::decompress_size_prepended(&open(cipher, name, sealed)?).ok()
}

/// What is sealed of one referral: exactly what was sent, what was read, decided and answered.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Dossier {
    /// The raw bytes as received.
    pub raw: Vec<u8>,
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
        let parts = [&self.raw, &self.canonical, &self.decision, &self.receipt];
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
        let (raw, canonical) = (part(rest)?, part(rest)?);
        let (decision, receipt) = (part(rest)?, part(rest)?);
        let mut added = Vec::new();
        while !rest.is_empty() {
            let (key, after) = rest.split_first_chunk::<16>()?;
            *rest = after;
            added.push((*key, part(rest)?));
        }
        Some(Dossier { raw, canonical, decision, receipt, added })
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
