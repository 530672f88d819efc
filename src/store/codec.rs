//! How a value is stored: a version byte, its postcard form, and a checksum that covers its key.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;

/// Version of the form below. A changed form gets a new number and keeps reading the old one.
const VERSION: u8 = 1;
/// What [`seal`] appends.
pub(super) const CHECKSUM_BYTES: usize = 4;

/// The stored form of a value that goes under `key`.
pub(super) fn encode<T: Serialize>(key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
    encode_joined(key, &[], value)
}

/// The same of a value whose first members are in postcard's form already.
pub(super) fn encode_joined<T: Serialize>(
    key: &[u8],
    first: &[u8],
    rest: &T,
) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(1 + first.len() + size_of::<T>() + CHECKSUM_BYTES);
    bytes.push(VERSION);
    bytes.extend(first);
    let mut bytes = postcard::to_extend(rest, bytes).map_err(|source| StoreError::Encode {
        key: show(key),
        source,
    })?;
    seal(key, &mut bytes);
    Ok(bytes)
}

/// Appends the checksum over a key and what stands under it.
pub(super) fn seal(key: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend(checksum(key, bytes));
}

/// What [`seal`] was given, version byte first and so never empty.
pub(super) fn unseal<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], StoreError> {
    let body_end = bytes
        .len()
        .checked_sub(CHECKSUM_BYTES)
        .filter(|end| *end > 0)
        .ok_or_else(|| corrupt(key, "too short"))?;
    let (body, sum) = bytes.split_at(body_end);
    if sum != checksum(key, body) {
        return Err(corrupt(key, "wrong checksum"));
    }
    Ok(body)
}

/// Reads what [`encode`] made for the same key. The error names the key.
pub(super) fn decode<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
    match postcard::take_from_bytes(body(key, bytes)?) {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(corrupt(key, "bytes left over")),
        Err(_) => Err(corrupt(key, "not of its type")),
    }
}

/// The same of a type that has got an optional member at its end: a value from before lacks it.
pub(super) fn decode_grown<T: DeserializeOwned>(key: &[u8], bytes: &[u8]) -> Result<T, StoreError> {
    /// How the stored form says `None`.
    const NONE: u8 = 0;
    decode(key, bytes).or_else(|error| {
        let mut grown = body(key, bytes)?.to_vec();
        grown.push(NONE);
        match postcard::take_from_bytes(&grown) {
            Ok((value, [])) => Ok(value),
            Ok(_) | Err(_) => Err(error),
        }
    })
}

/// The stored form without its version and its checksum, which are looked at.
fn body<'a>(key: &[u8], bytes: &'a [u8]) -> Result<&'a [u8], StoreError> {
    match unseal(key, bytes)?.split_first() {
        Some((&VERSION, body)) => Ok(body),
        Some(_) | None => Err(corrupt(key, "unknown version")),
    }
}

fn corrupt(key: &[u8], reason: &'static str) -> StoreError {
    StoreError::Corrupt {
        key: show(key),
        reason,
    }
}

/// A storage key for messages.
pub(super) fn show(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

fn checksum(key: &[u8], bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(bytes);
    hasher.finalize().to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_belongs_to_its_key() {
        let bytes = encode(b"a/1", &7_u64).unwrap();
        assert_eq!(decode::<u64>(b"a/1", &bytes).unwrap(), 7);
        let error = decode::<u64>(b"a/2", &bytes).unwrap_err().to_string();
        assert!(error.contains("a/2"), "{error}");
    }

    #[test]
    fn left_over_bytes_and_other_versions_are_refused() {
        let long = encode(b"k", &(1_u8, 2_u8)).unwrap();
        assert!(decode::<u8>(b"k", &long).is_err());
        let mut newer = vec![VERSION + 1, 5];
        newer.extend(checksum(b"k", &newer));
        assert!(decode::<u8>(b"k", &newer).is_err());
        assert!(decode::<u8>(b"k", b"").is_err());
    }

    #[test]
    fn a_value_from_before_its_type_grew_lacks_the_member() {
        type Grown = (u8, String, Option<Vec<u8>>);
        let read = |bytes: &[u8]| decode_grown::<Grown>(b"k", bytes);
        let old = encode(b"k", &(7_u8, "text")).unwrap();
        assert_eq!(read(&old).unwrap(), (7, "text".to_owned(), None));
        let new = (7, "text".to_owned(), Some(vec![1, 2]));
        assert_eq!(read(&encode(b"k", &new).unwrap()).unwrap(), new);
        for other in [
            encode(b"k", &7_u8),
            encode(b"k", &(7_u8, "text", 0_u8, 1_u8)),
        ] {
            assert!(read(&other.unwrap()).is_err());
        }
        assert!(decode_grown::<Grown>(b"other", &old).is_err());
    }

    proptest! {
        #[test]
        fn every_flipped_bit_is_found(text in ".{0,40}", at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut bytes = encode(b"k", &text).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(decode::<String>(b"k", &bytes).is_err());
        }

        #[test]
        fn nonsense_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = decode::<Vec<String>>(b"k", &bytes);
        }
    }
}
