//! Secrets of customers at rest: XChaCha20-Poly1305 under a key that follows from the installation's
//! secret. Whoever has the tree without the file `pepper` reads none of them.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ids::Pepper;

/// What tells the key from every other one that follows from the same secret.
const PURPOSE: &[u8] = b"model-router: secrets of customers at rest, 1";
const NONCE_BYTES: usize = 24;

/// Seals secrets and opens them again.
#[derive(Clone)]
pub(super) struct Seal(XChaCha20Poly1305);

impl Seal {
    /// Under the installation's secret, which is random: one HMAC of it is a key.
    pub(super) fn new(pepper: &Pepper) -> Self {
        let mut key = [0; 64];
        for (slot, byte) in key.iter_mut().zip(pepper.as_bytes()) {
            *slot = *byte;
        }
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&key.into());
        mac.update(PURPOSE);
        Self(XChaCha20Poly1305::new(&mac.finalize().into_bytes()))
    }

    /// Seals a secret that belongs to `owner`. `None` when it is too long for the cipher.
    pub(super) fn seal(&self, owner: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: secret,
            aad: owner,
        };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for the same owner under the same secret.
    pub(super) fn open(&self, owner: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: owner,
        };
        self.0.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_its_owner_under_the_same_secret_opens_it() {
        let pepper = Pepper::generate();
        let seal = Seal::new(&pepper);
        let sealed = seal.seal(b"ada", b"hunter2").unwrap();
        assert!(!sealed.windows(7).any(|w| w == b"hunter2"));
        assert_ne!(sealed, seal.seal(b"ada", b"hunter2").unwrap());
        let again = Seal::new(&pepper);
        assert_eq!(again.open(b"ada", &sealed).unwrap(), b"hunter2");
        assert_eq!(again.open(b"bob", &sealed), None);
        assert_eq!(Seal::new(&Pepper::generate()).open(b"ada", &sealed), None);
    }

    proptest! {
        #[test]
        fn a_flipped_bit_or_nonsense_opens_nothing(at: prop::sample::Index, bit in 0_u8..8, nonsense: Vec<u8>) {
            let seal = Seal::new(&Pepper::generate());
            let mut sealed = seal.seal(b"ada", b"hunter2").unwrap();
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(seal.open(b"ada", &sealed), None);
            prop_assert_eq!(seal.open(b"ada", &nonsense), None);
        }
    }
}
