//! Forms as Stripe takes them: `name=value`, with nested names such as `metadata[order]`.

use serde_json::{Map, Value};

use super::trouble::Trouble;

/// The fields of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(bytes).into_owned().collect())
    }

    pub(super) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Trouble> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Trouble::missing(name))
    }

    /// A whole number of cents that has to be there.
    pub(super) fn cents(&self, name: &str) -> Result<u64, Trouble> {
        let text = self.required(name)?;
        text.parse()
            .map_err(|_| Trouble::invalid(name, format!("Invalid integer: {text}")))
    }

    /// The members of a nested name: `metadata` of `metadata[order]=…`.
    pub(super) fn object(&self, name: &str) -> Value {
        let start = format!("{name}[");
        let member = |(key, value): &(String, String)| {
            let inner = key.strip_prefix(&start)?.strip_suffix(']')?;
            Some((inner.to_owned(), Value::String(value.clone())))
        };
        Value::Object(self.0.iter().filter_map(member).collect::<Map<_, _>>())
    }
}
