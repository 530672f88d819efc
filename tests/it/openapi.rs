//! The document of `GET /openapi.json` as tests use it: operations looked up, answers held against
//! what it says of them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jsonschema::{Draft, Validator};
use reqwest::Response;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::router::Router;

/// The document.
pub struct Document {
    pub whole: Value,
    /// Schemas that were used, compiled.
    compiled: RefCell<BTreeMap<String, Rc<Validator>>>,
}

/// An answer that was checked.
pub struct Checked {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Checked {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// Headers that frameworks and proxies speak to each other in.
const TRANSPORT: [&str; 17] = [
    "access-control-allow-origin",
    "access-control-expose-headers",
    "connection",
    "content-length",
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "content-type",
    "date",
    "permissions-policy",
    "referrer-policy",
    "transfer-encoding",
    "vary",
    "x-accel-buffering",
    "x-content-type-options",
    "x-frame-options",
    "keep-alive",
];

impl Document {
    pub async fn of(router: &Router) -> Self {
        let url = format!("{}/openapi.json", router.url);
        let response = router.client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Self {
            whole: response.json().await.unwrap(),
            compiled: RefCell::default(),
        }
    }

    /// Every operation: method in capitals, path, what is said of it.
    pub fn operations(&self) -> BTreeMap<(String, String), &Value> {
        let mut all = BTreeMap::new();
        for (path, item) in self.whole["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.insert((method.to_ascii_uppercase(), path.clone()), operation);
            }
        }
        all
    }

    /// What a reference stands for.
    pub fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            None => value,
            Some(to) => {
                let pointer = to.strip_prefix('#').unwrap();
                let found = self.whole.pointer(pointer);
                found.unwrap_or_else(|| panic!("{to} leads nowhere"))
            }
        }
    }

    /// A schema of the document, ready to be used.
    pub fn validator(&self, schema: &Value) -> Rc<Validator> {
        let mut compiled = self.compiled.borrow_mut();
        let known = compiled.entry(schema.to_string());
        Rc::clone(known.or_insert_with(|| Rc::new(self.compile(schema))))
    }

    fn compile(&self, schema: &Value) -> Validator {
        let root = json!({ "allOf": [schema], "components": self.whole["components"] });
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true);
        options
            .build(&root)
            .unwrap_or_else(|error| panic!("{schema}: {error}"))
    }

    /// Panics with every way in which a value is not what its schema says.
    pub fn hold(&self, schema: &Value, value: &Value, what: &str) {
        let validator = self.validator(schema);
        let errors = validator.iter_errors(value);
        let errors: Vec<String> = errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:#?} in {value}");
    }

    /// An answer of this operation: its status is in the document, and headers and body are as it
    /// says.
    pub async fn check(&self, method: &str, path: &str, response: Response) -> Checked {
        let checked = Checked {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        };
        let what = format!("{method} {path} {}", checked.status);
        let operation = &self.whole["paths"][path][method.to_ascii_lowercase()];
        let said = &operation["responses"][checked.status.to_string()];
        assert!(
            !said.is_null(),
            "{what} is not documented: {}",
            checked.text
        );
        let said = self.resolve(said);
        self.check_headers(said, &checked.headers, &what);
        if method == "HEAD" {
            assert_eq!(checked.text, "", "{what}");
        } else {
            self.check_body(said, &checked, &what);
        }
        checked
    }

    fn check_headers(&self, said: &Value, got: &HeaderMap, what: &str) {
        let empty = serde_json::Map::new();
        let said = said["headers"].as_object().unwrap_or(&empty);
        let names: BTreeSet<String> = said.keys().map(|name| name.to_lowercase()).collect();
        for name in got.keys().map(|name| name.as_str()) {
            let known = names.contains(name) || TRANSPORT.contains(&name);
            assert!(known, "{what}: header {name} is not documented");
        }
        for (name, header) in said {
            let header = self.resolve(header);
            let Some(value) = got.get(name) else {
                assert_ne!(header["required"], true, "{what}: header {name} is missing");
                continue;
            };
            let text = value.to_str().unwrap();
            let value = match self.resolve(&header["schema"])["type"].as_str() {
                Some("integer" | "number") => serde_json::from_str(text).unwrap(),
                _ => json!(text),
            };
            self.hold(&header["schema"], &value, &format!("{what}: header {name}"));
        }
    }

    fn check_body(&self, said: &Value, checked: &Checked, what: &str) {
        if said["content"].is_null() {
            assert_eq!(checked.text, "", "{what}");
            return;
        }
        let kind = checked.headers["content-type"].to_str().unwrap();
        let kind = kind.split(';').next().unwrap();
        let content = &said["content"][kind];
        assert!(!content.is_null(), "{what}: {kind} is not documented");
        match kind {
            "application/json" => self.hold(&content["schema"], &checked.json(), what),
            "text/event-stream" => {
                let data = &content["x-itemSchema"]["properties"]["data"];
                self.check_events(&data["contentSchema"], checked, what);
            }
            _ => self.hold(&content["schema"], &json!(checked.text), what),
        }
    }

    fn check_events(&self, schema: &Value, checked: &Checked, what: &str) {
        assert!(!schema.is_null(), "{what}");
        for chunk in super::router::chunks(&checked.text) {
            self.hold(schema, &chunk, what);
        }
    }
}
