//! Where variables come from.

use std::collections::HashMap;

use secrecy::SecretString;

/// Where variables come from: the process, or a fixed table in tests and the sandbox.
#[derive(Clone, Debug)]
pub enum Environment {
    /// The process's own variables.
    Process,
    /// A table.
    Fixed(HashMap<String, String>),
}

impl Environment {
    /// A variable's value; an empty one counts as not set.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match self {
            Self::Process => std::env::var(name).ok(),
            Self::Fixed(table) => table.get(name).cloned(),
        };
        value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty())
    }

    /// The first of several variables that is set, as a secret.
    pub fn secret(&self, names: &[String]) -> Option<SecretString> {
        names
            .iter()
            .find_map(|name| self.get(name))
            .map(SecretString::from)
    }
}
