//! Objects keep what was not changed, and no text panics.

use super::*;
use proptest::prelude::*;

#[test]
fn members_are_edited_in_place() {
    let mut object = Object::parse(r#" {"a":1,"b": [ 1,  2 ],"\u0063":null}"#).unwrap();
    object.set("a", "2");
    object.set("d", r#""x""#.to_owned());
    assert_eq!(object.get("c"), None);
    assert!(object.has("c"));
    assert_eq!(object.remove("c").as_deref(), Some("null"));
    let mut out = String::new();
    object.write(&mut out);
    assert_eq!(out, r#"{"a":2,"b":[ 1,  2 ],"d":"x"}"#);
}

#[test]
fn flaws_are_told_apart() {
    assert!(matches!(Object::parse("{\"a\":}"), Err(Flaw::NotJson(_))));
    assert!(matches!(Object::parse("{} x"), Err(Flaw::NotJson(_))));
    assert!(matches!(Object::parse("[1]"), Err(Flaw::WrongKind { .. })));
    assert!(matches!(array("7", 3), Err(Flaw::WrongKind { .. })));
    assert_eq!(array("[1,2,3]", 2), Err(Flaw::TooMany(2)));
    assert_eq!(
        Object::parse(r#"{"a":1,"\u0061":2}"#),
        Err(Flaw::Duplicate("a".into()))
    );
    let wide: Vec<_> = (0..=MOST_MEMBERS).map(|n| format!("\"{n}\":0")).collect();
    let wide = format!("{{{}}}", wide.join(","));
    assert_eq!(Object::parse(&wide), Err(Flaw::TooMany(MOST_MEMBERS)));
}

proptest! {
    #[test]
    fn compact_objects_round_trip(members in proptest::collection::btree_map("[a-z ]{0,9}", "[0-9]{1,3}|\"[a-z \u{e9}]*\"|\\[ 1 , 2\\]", 0..20)) {
        let members: Vec<_> = members.iter()
            .map(|(name, raw)| format!("\"{name}\":{}", if raw.starts_with('0') { "0" } else { raw }))
            .collect();
        let text = format!("{{{}}}", members.join(","));
        let mut out = String::new();
        Object::parse(&text).unwrap().write(&mut out);
        prop_assert_eq!(out, text);
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = Object::parse(&text);
        let _ = array(&text, 4);
    }
}
