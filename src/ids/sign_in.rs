//! What signing in is made of: flows, codes, session tokens, and the digests that are kept of them.

use std::fmt;
use std::str::FromStr;

use hmac::Mac;
use rand::RngExt;
use rand::distr::{Alphanumeric, SampleString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::{Choice, ConstantTimeEq};
use ulid::Ulid;

use super::{EmailAddress, IdError, KEY_CHECKSUM, Pepper, checksum};

/// Digits of a code: one guess in 10⁸ is right.
const CODE_DIGITS: usize = 8;
const CODES: u32 = 100_000_000;
/// Characters of the random part of a session token: 62²² is just over 2¹³⁰.
const TOKEN_RANDOM: usize = 22;
const TOKEN_PREFIX: &str = "mr_ss_";

ulid_id!(
    /// A session's public name, `sess_` + ULID.
    SessionId, "sess_"
);

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The digest, for storage keys.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// HMAC-SHA-256 over the parts, each ended by a zero byte, which none of them holds.
            fn of(pepper: &Pepper, parts: &[&str]) -> Self {
                let mut mac = pepper.mac();
                mac.update(concat!(stringify!($name), "\0").as_bytes());
                for part in parts {
                    mac.update(part.as_bytes());
                    mac.update(b"\0");
                }
                Self(mac.finalize().into_bytes().into())
            }
        }

        impl ConstantTimeEq for $name {
            fn ct_eq(&self, other: &Self) -> Choice {
                self.0.ct_eq(&other.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

digest!(
    /// What is kept of a flow's id.
    FlowHash
);
digest!(
    /// What is kept of a code: it is bound to its flow and its address.
    CodeHash
);
digest!(
    /// What limits per address are counted under.
    AddressHash
);
digest!(
    /// What a session token is looked up by.
    SessionHash
);

/// One attempt to sign in, from the request for a code to its use: 128 random bits that only the
/// one who asked for the code knows. A guesser needs it beside the code.
#[derive(Clone, PartialEq, Eq)]
pub struct FlowId(String);

impl FlowId {
    /// A new one: `flow_` and 32 hexadecimal digits.
    pub fn generate() -> Self {
        Self(format!("flow_{}", hex::encode(rand::random::<[u8; 16]>())))
    }

    /// The text, for the one who asked.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up.
    pub fn hash(&self, pepper: &Pepper) -> FlowHash {
        FlowHash::of(pepper, &[&self.0])
    }
}

impl FromStr for FlowId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text.strip_prefix("flow_").unwrap_or_default();
        let hexadecimal = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if digits.len() != 32 || !digits.bytes().all(hexadecimal) {
            return Err(IdError("FlowId"));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The code that a mail brings: eight digits.
pub struct SignInCode(String);

impl SignInCode {
    /// A new random code.
    pub fn generate() -> Self {
        let number = rand::rng().random_range(0..CODES);
        Self(format!("{number:0width$}", width = CODE_DIGITS))
    }

    /// The digits, for the mail.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and compared.
    pub fn hash(&self, flow: &FlowId, email: &EmailAddress, pepper: &Pepper) -> CodeHash {
        CodeHash::of(pepper, &[&flow.0, &email.folded(), &self.0])
    }
}

impl FromStr for SignInCode {
    type Err = IdError;

    /// Reads a code as people copy it: spaces and dashes between the digits do not matter.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.len() != CODE_DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdError("SignInCode"));
        }
        Ok(Self(digits))
    }
}

impl AddressHash {
    /// The digest of an address, in whatever case it was typed.
    pub fn new(email: &EmailAddress, pepper: &Pepper) -> Self {
        Self::of(pepper, &[&email.folded()])
    }
}

/// A session's secret in the clear, as a cookie or a bearer token carries it. Only its hash is kept.
pub struct SessionToken(String);

impl SessionToken {
    /// What every token begins with.
    pub const PREFIX: &str = TOKEN_PREFIX;

    /// A new one: `mr_ss_`, 22 random base-62 characters, 6 characters of checksum.
    pub fn generate() -> Self {
        let random = Alphanumeric.sample_string(&mut rand::rng(), TOKEN_RANDOM);
        let sum = checksum(&random);
        Self(format!("{TOKEN_PREFIX}{random}{sum}"))
    }

    /// The text, for the one who signed in.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up.
    pub fn hash(&self, pepper: &Pepper) -> SessionHash {
        SessionHash::of(pepper, &[&self.0])
    }
}

impl FromStr for SessionToken {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = IdError("SessionToken");
        let body = text.strip_prefix(TOKEN_PREFIX).ok_or(error)?;
        if body.len() != TOKEN_RANDOM + KEY_CHECKSUM
            || !body.bytes().all(|b| b.is_ascii_alphanumeric())
        {
            return Err(error);
        }
        let (random, sum) = body.split_at(TOKEN_RANDOM);
        if checksum(random) == sum {
            Ok(Self(text.to_owned()))
        } else {
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_bound_to_its_flow_and_address() {
        let pepper = Pepper::generate();
        let ada: EmailAddress = "ada@example.com".parse().unwrap();
        let typed: EmailAddress = "ADA@example.com".parse().unwrap();
        let eve: EmailAddress = "eve@example.com".parse().unwrap();
        let (flow, other) = (FlowId::generate(), FlowId::generate());
        let code = SignInCode::generate();
        let kept = code.hash(&flow, &ada, &pepper);
        assert_eq!(kept, code.hash(&flow, &typed, &pepper));
        assert_ne!(kept, code.hash(&other, &ada, &pepper));
        assert_ne!(kept, code.hash(&flow, &eve, &pepper));
        assert_ne!(kept, code.hash(&flow, &ada, &Pepper::generate()));
    }

    #[test]
    fn flows_codes_and_tokens_round_trip() {
        let flow = FlowId::generate();
        assert!(flow.reveal().parse::<FlowId>() == Ok(flow));
        let code = SignInCode::generate();
        assert_eq!(code.reveal().len(), 8);
        let spaced = format!("{} {}", &code.reveal()[..4], &code.reveal()[4..]);
        assert_eq!(
            spaced.parse::<SignInCode>().unwrap().reveal(),
            code.reveal()
        );
        let token = SessionToken::generate();
        let again: SessionToken = token.reveal().parse().unwrap();
        let pepper = Pepper::generate();
        assert_eq!(token.hash(&pepper), again.hash(&pepper));
    }

    #[test]
    fn other_shapes_are_refused() {
        for bad in [
            "",
            "flow_",
            "flow_0123",
            &format!("flow_{}", "G".repeat(32)),
        ] {
            assert!(bad.parse::<FlowId>().is_err(), "{bad}");
        }
        for bad in ["", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨"] {
            assert!(bad.parse::<SignInCode>().is_err(), "{bad}");
        }
        let key = super::super::ApiKey::generate();
        assert!(key.reveal().parse::<SessionToken>().is_err());
        assert!(
            format!("mr_ss_{}", "a".repeat(28))
                .parse::<SessionToken>()
                .is_err()
        );
    }

    proptest! {
        #[test]
        fn nonsense_never_panics(text in ".{0,60}") {
            let _ = text.parse::<FlowId>();
            let _ = text.parse::<SignInCode>();
            let _ = text.parse::<SessionToken>();
        }
    }
}
