//! The signature of Stripe's events: HMAC-SHA-256 over `timestamp.payload`, on the bytes as they came.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// How far the timestamp may be from now, in seconds, either way.
const TOLERANCE_S: u64 = 300;
/// Longest header that is read, in bytes.
const MOST_HEADER_BYTES: usize = 4096;
/// Signatures of one header that are looked at; Stripe sends one for each secret that is valid.
const MOST_SIGNATURES: usize = 16;

/// Why an event is not believed. The message says nothing that a forger does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// No header, or not one of this form.
    #[error("the header Stripe-Signature must be t=<seconds>,v1=<hex>")]
    Malformed,
    /// Too old, or of the future.
    #[error("the timestamp is more than five minutes away; check the clocks")]
    Stale,
    /// No secret gives any of the signatures.
    #[error("no signature fits; check STRIPE_WEBHOOK_SECRET")]
    Wrong,
}

/// Checks the header `Stripe-Signature` of a payload. Any of the secrets will do. Takes the same
/// time wherever a signature differs.
pub fn verify(
    header: &str,
    payload: &[u8],
    secrets: &[SecretString],
    now_s: u64,
) -> Result<(), BadSignature> {
    let signed = Signed::parse(header).ok_or(BadSignature::Malformed)?;
    let mut right = false;
    for secret in secrets {
        let key = secret.expose_secret().as_bytes();
        if key.is_empty() {
            continue;
        }
        // HMAC takes keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
            continue;
        };
        mac.update(signed.timestamp.as_bytes());
        mac.update(b".");
        mac.update(payload);
        for signature in &signed.signatures {
            right |= mac.clone().verify_slice(signature).is_ok();
        }
    }
    if !right {
        return Err(BadSignature::Wrong);
    }
    if signed.seconds.abs_diff(now_s) > TOLERANCE_S {
        return Err(BadSignature::Stale);
    }
    Ok(())
}

struct Signed<'a> {
    /// As it stands in the header: that is what was signed.
    timestamp: &'a str,
    seconds: u64,
    signatures: Vec<[u8; 32]>,
}

impl<'a> Signed<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        if header.len() > MOST_HEADER_BYTES {
            return None;
        }
        let (mut timestamp, mut signatures) = (None, Vec::new());
        for part in header.split(',') {
            match part.trim().split_once('=')? {
                ("t", text) if timestamp.is_none() => timestamp = Some(text),
                ("t", _) => return None,
                ("v1", text) if signatures.len() < MOST_SIGNATURES => {
                    let mut signature = [0; 32];
                    if hex::decode_to_slice(text, &mut signature).is_ok() {
                        signatures.push(signature);
                    }
                }
                // Other schemes, and signatures beyond the bound.
                _ => {}
            }
        }
        let timestamp = timestamp?;
        let digits = timestamp.bytes().all(|b| b.is_ascii_digit());
        let seconds = timestamp.parse().ok().filter(|_| digits)?;
        (!signatures.is_empty()).then_some(Self {
            timestamp,
            seconds,
            signatures,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAYLOAD: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const NOW_S: u64 = 1_700_000_000;
    // printf '%s' '1700000000.{"id":"evt_1","object":"event"}' | openssl dgst -sha256 -hmac whsec_test
    const V1: &str = "4c15fb2a43f93ef61eaa3e0893866d57cad9cad4223242cfb96f362480cb4021";
    // The same with -hmac whsec_other.
    const V1_OTHER: &str = "ce486949e2e39bec553617072a9bf7c086e490c7071f3324a664d8082cf43f97";

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    fn check(header: &str, now_s: u64) -> Result<(), BadSignature> {
        verify(header, PAYLOAD, &secrets(&["whsec_test"]), now_s)
    }

    #[test]
    fn signatures_computed_elsewhere_are_right() {
        check(&format!("t={NOW_S},v1={V1}"), NOW_S).unwrap();
        let zeros = "0".repeat(64);
        check(&format!("t={NOW_S},v1={zeros},v1={V1},v0={zeros}"), NOW_S).unwrap();
        let both = secrets(&["whsec_old", "", "whsec_other"]);
        let header = format!("t={NOW_S},v1={V1_OTHER}");
        verify(&header, PAYLOAD, &both, NOW_S).unwrap();
        assert_eq!(check(&header, NOW_S), Err(BadSignature::Wrong));
    }

    #[test]
    fn five_minutes_either_way_are_fresh_and_no_second_more() {
        let header = format!("t={NOW_S},v1={V1}");
        for now_s in [NOW_S - 300, NOW_S + 300] {
            check(&header, now_s).unwrap();
        }
        for now_s in [NOW_S - 301, NOW_S + 301, 0] {
            assert_eq!(check(&header, now_s), Err(BadSignature::Stale));
        }
        // The timestamp is part of what is signed.
        let moved = format!("t={},v1={V1}", NOW_S + 100);
        assert_eq!(check(&moved, NOW_S + 100), Err(BadSignature::Wrong));
    }

    #[test]
    fn a_payload_with_another_space_is_another_payload() {
        let header = format!("t={NOW_S},v1={V1}");
        let spaced = br#"{"id": "evt_1","object":"event"}"#;
        let result = verify(&header, spaced, &secrets(&["whsec_test"]), NOW_S);
        assert_eq!(result, Err(BadSignature::Wrong));
    }

    #[test]
    fn nothing_is_right_without_a_secret_or_a_header() {
        let header = format!("t={NOW_S},v1={V1}");
        for none in [secrets(&[]), secrets(&[""])] {
            assert_eq!(
                verify(&header, PAYLOAD, &none, NOW_S),
                Err(BadSignature::Wrong)
            );
        }
        for odd in [
            String::new(),
            format!("v1={V1}"),
            format!("t={NOW_S}"),
            format!("t={NOW_S},v0={V1}"),
            format!("t=+{NOW_S},v1={V1}"),
            format!("t={NOW_S},t={NOW_S},v1={V1}"),
            format!("t={NOW_S},v1={}", &V1[1..]),
            format!("t={NOW_S},v1={V1}{}", " ".repeat(5000)),
        ] {
            assert_eq!(check(&odd, NOW_S), Err(BadSignature::Malformed), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_header_of_chance_is_right(header in ".{0,200}") {
            prop_assert!(check(&header, NOW_S).is_err());
        }

        #[test]
        fn no_changed_signature_is_right(at in 0..64_usize, digit in 1..16_u32) {
            let mut digits: Vec<char> = V1.chars().collect();
            let value = (digits[at].to_digit(16).unwrap() + digit) % 16;
            digits[at] = char::from_digit(value, 16).unwrap();
            let changed: String = digits.into_iter().collect();
            let header = format!("t={NOW_S},v1={changed}");
            prop_assert_eq!(check(&header, NOW_S), Err(BadSignature::Wrong));
        }
    }
}
