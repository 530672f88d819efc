//! The joined document says everything, and nothing twice.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_file_is_joined_and_nothing_is_said_twice() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/openapi");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), PARTS.len());
    let mut said = BTreeSet::new();
    for part in PARTS {
        let part: Value = serde_json::from_str(part).unwrap();
        let components = part["components"].as_object().into_iter().flatten();
        let sections = components.map(|(name, section)| (name.as_str(), section));
        for (section, names) in sections.chain([("paths", &part["paths"])]) {
            for name in names
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name)
            {
                assert!(said.insert((section.to_owned(), name.clone())), "{name}");
            }
        }
    }
    assert!(said.len() > 150, "{}", said.len());
}

#[test]
fn what_follows_from_who_may_call_and_what_is_taken_is_added_to_what_is_said() {
    let mut operation: Members = serde_json::from_str(
        r#"{"security":[{"apiKey":[]}],"requestBody":{},"responses":{"200":{},"402":{"own":1}}}"#,
    )
    .unwrap();
    complete("/v1/things", &mut operation);
    let whole = serde_json::to_value(&operation).unwrap();
    let statuses: Vec<&String> = whole["responses"].as_object().unwrap().keys().collect();
    let wanted = [
        "200", "400", "401", "402", "403", "408", "413", "415", "429", "500", "503",
    ];
    assert_eq!(statuses, wanted);
    assert_eq!(whole["responses"]["402"]["own"], 1);
    assert!(whole["responses"]["200"]["headers"]["X-RateLimit-Limit"].is_object());

    let mut open: Members =
        serde_json::from_str(r#"{"security":[],"responses":{"200":{}}}"#).unwrap();
    complete("/open", &mut open);
    let open = serde_json::to_value(&open).unwrap();
    assert_eq!(open["responses"].as_object().unwrap().len(), 1);
    assert!(open["responses"]["200"]["headers"]["X-RateLimit-Limit"].is_null());
}
