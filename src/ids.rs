//! Identifiers: private fields, made here or parsed on entry, printable with a prefix.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use rand::distr::{Alphanumeric, SampleString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use ulid::Ulid;

/// A map by ids, names and other keys that no caller chooses: its hashes are fast, and need not stand up to an
/// attacker.
pub type IdMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// The same without values.
pub type IdSet<K> = HashSet<K, foldhash::fast::RandomState>;

/// The text is not an identifier of the kind that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct IdError(&'static str);

macro_rules! ulid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// A new one: time-ordered and random.
            pub fn new() -> Self {
                Self(Ulid::new().0)
            }

            /// A new one of a moment, in milliseconds since 1970: the order of ids is that of moments.
            pub fn new_at(unix_ms: u64) -> Self {
                let random = rand::random::<u128>() >> 48;
                Self(Self::first_at(unix_ms).0 | random)
            }

            /// The 16 bytes that stand for it in storage keys, in time order.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// Reads back what `to_bytes` gave.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }

            /// The least one that can be made at a moment, in milliseconds since 1970.
            pub fn first_at(unix_ms: u64) -> Self {
                // A ULID begins with 48 bits of time.
                Self(u128::from(unix_ms.min((1 << 48) - 1)) << 80)
            }
        }

        /// As text where people read it, as its number where it is stored.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    u128::deserialize(deserializer).map(Self)
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                const PREFIX: &str = $prefix;
                let mut text = [0; PREFIX.len() + ulid::ULID_LEN];
                let (prefix, rest) = text.split_at_mut(PREFIX.len());
                prefix.copy_from_slice(PREFIX.as_bytes());
                rest.copy_from_slice(Ulid(self.0).array_to_str(&mut [0; ulid::ULID_LEN]).as_bytes());
                f.write_str(std::str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix)
                    .and_then(|rest| Ulid::from_string(rest).ok())
                    .map(|ulid| Self(ulid.0))
                    .ok_or(IdError(stringify!($name)))
            }
        }
    };
}

mod email;
mod sign_in;

pub use email::EmailAddress;
pub use sign_in::{
    AddressHash, CodeHash, FlowHash, FlowId, SessionHash, SessionId, SessionToken, SignInCode,
};

ulid_id!(
    /// One HTTP request, `req_` + ULID.
    RequestId, "req_"
);
ulid_id!(
    /// One inference and its record in the ledger, `gen_` + ULID. The ledger's holds carry it too:
    /// a repeated message about the same generation changes nothing.
    GenerationId, "gen_"
);
ulid_id!(
    /// A customer's account, `acct_` + ULID.
    AccountId, "acct_"
);
ulid_id!(
    /// An API key's public name, `key_` + ULID.
    KeyId, "key_"
);
ulid_id!(
    /// A row of the audit log, `aud_` + ULID.
    AuditId, "aud_"
);

impl AuditId {
    /// A new one of that moment. Of two in the same millisecond, the later is the greater.
    pub fn at(unix_ms: u64) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = u128::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let chance = u128::from(rand::random::<u64>() >> 16);
        Self(Self::first_at(unix_ms).0 | (number << 48) | chance)
    }
}

ulid_id!(
    /// A deposit that someone has ordered, `order_` + ULID. Stripe hands it back with the payment.
    OrderId, "order_"
);

/// Characters of the random part of an API key: 62⁴³ is just over 2²⁵⁶.
const KEY_RANDOM: usize = 43;
/// Characters of the checksum that tells a mistyped key from a wrong one without a look-up.
const KEY_CHECKSUM: usize = 6;
const KEY_PREFIX: &str = "mr_sk_";

/// An API key in the clear. It exists while it is shown once or checked; only its hash is kept.
pub struct ApiKey(String);

impl ApiKey {
    /// A new key: `mr_sk_`, 43 random base-62 characters, 6 characters of checksum.
    pub fn generate() -> Self {
        let random = Alphanumeric.sample_string(&mut rand::rng(), KEY_RANDOM);
        let sum = checksum(&random);
        Self(format!("{KEY_PREFIX}{random}{sum}"))
    }

    /// Reads a key as a caller sent it. Fails on a wrong shape or checksum.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let error = IdError("API key");
        let body = text.strip_prefix(KEY_PREFIX).ok_or(error)?;
        if body.len() != KEY_RANDOM + KEY_CHECKSUM
            || !body.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return Err(error);
        }
        let (random, sum) = body.split_at(KEY_RANDOM);
        if checksum(random) != sum {
            return Err(error);
        }
        Ok(Self(text.to_owned()))
    }

    /// The key's text, to be shown to its owner once.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up: HMAC-SHA-256 under the installation's secret.
    pub fn hash(&self, pepper: &Pepper) -> KeyHash {
        let mut mac = pepper.mac();
        mac.update(self.0.as_bytes());
        KeyHash(mac.finalize().into_bytes().into())
    }

    /// A short form for lists and logs: prefix and last four characters.
    pub fn hint(&self) -> String {
        format!("{KEY_PREFIX}…{}", &self.0[self.0.len() - 4..])
    }
}

fn checksum(random: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(random.as_bytes());
    let mut text = [b'0'; KEY_CHECKSUM];
    for slot in text.iter_mut().rev() {
        *slot = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    text.iter().map(|&b| char::from(b)).collect()
}

/// The installation's secret under which API keys are hashed. 64 bytes is SHA-256's block.
#[derive(Clone)]
pub struct Pepper {
    secret: [u8; 64],
    /// HMAC that has taken the secret in: half of the work of a short text.
    mac: Hmac<Sha256>,
}

impl Pepper {
    fn new(secret: [u8; 64]) -> Self {
        Self {
            secret,
            mac: Hmac::new(&secret.into()),
        }
    }

    /// A new random secret.
    pub fn generate() -> Self {
        Self::new(rand::random())
    }

    /// Reads back what [`Pepper::as_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    /// The secret itself, for the store alone.
    pub fn as_bytes(&self) -> &[u8] {
        &self.secret
    }

    /// HMAC-SHA-256 under it.
    fn mac(&self) -> Hmac<Sha256> {
        self.mac.clone()
    }
}

/// HMAC-SHA-256 of an API key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyHash(#[serde(with = "digest")] [u8; 32]);

impl KeyHash {
    /// The digest, for storage keys.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

/// A SHA-256 digest in serde: hexadecimal digits where people read it, bytes where it is stored.
pub(crate) mod digest {
    use super::{Deserialize, Deserializer, Serialize, Serializer};
    use serde::de::Error as _;

    pub(crate) fn serialize<S: Serializer>(
        digest: &[u8; 32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&hex::encode(digest))
        } else {
            digest.serialize(serializer)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 32], D::Error> {
        if !deserializer.is_human_readable() {
            return Deserialize::deserialize(deserializer);
        }
        let mut digest = [0; 32];
        hex::decode_to_slice(String::deserialize(deserializer)?, &mut digest)
            .map_err(D::Error::custom)?;
        Ok(digest)
    }
}

#[cfg(test)]
mod tests;
