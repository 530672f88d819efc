//! Identifiers as text and in storage, and the checksum of keys.

use super::*;

#[test]
fn ids_are_text_for_people_and_numbers_in_storage() {
    let id = GenerationId::new();
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, format!("\"{id}\""));
    assert_eq!(serde_json::from_str::<GenerationId>(&json).unwrap(), id);
    let stored = postcard::to_stdvec(&id).unwrap();
    assert_eq!(stored, postcard::to_stdvec(&id.0).unwrap());
    assert_eq!(postcard::from_bytes::<GenerationId>(&stored).unwrap(), id);
    let hash = KeyHash([0xab; 32]);
    let json = serde_json::to_string(&hash).unwrap();
    assert_eq!(json, format!("\"{}\"", "ab".repeat(32)));
    assert!(serde_json::from_str::<KeyHash>(&json).unwrap() == hash);
    assert_eq!(postcard::to_stdvec(&hash).unwrap(), [0xab; 32]);
}

#[test]
fn ids_of_a_moment_stand_between_those_before_and_after() {
    let first = GenerationId::first_at(5);
    let last_before = GenerationId((4 << 80) | ((1 << 80) - 1));
    assert!(first > last_before);
    assert_eq!(GenerationId::from_bytes(first.to_bytes()), first);
    assert!(GenerationId::first_at(6) > first);
    assert!(GenerationId::new() > first);
    let of_five = GenerationId::new_at(5);
    assert!((first..GenerationId::first_at(6)).contains(&of_five));
    assert_ne!(of_five, GenerationId::new_at(5));
}

#[test]
fn ids_round_trip_and_refuse_each_other() {
    let id = GenerationId::new();
    assert_eq!(id.to_string().parse::<GenerationId>(), Ok(id));
    assert!(id.to_string().parse::<RequestId>().is_err());
    assert!("gen_".parse::<GenerationId>().is_err());
}

#[test]
fn keys_carry_a_checksum() {
    let key = ApiKey::generate();
    assert_eq!(key.reveal().len(), 6 + 43 + 6);
    let again = ApiKey::parse(key.reveal()).unwrap();
    let pepper = Pepper::generate();
    assert_eq!(key.hash(&pepper), again.hash(&pepper));
    assert_ne!(key.hash(&pepper), key.hash(&Pepper::generate()));

    let mut broken = key.reveal().to_owned();
    let last = if broken.ends_with('0') { '1' } else { '0' };
    broken.pop();
    broken.push(last);
    assert!(ApiKey::parse(&broken).is_err());
    assert!(ApiKey::parse("sk-abc").is_err());
}
