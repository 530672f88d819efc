//! What stands in the fields of a form: what is stored, or what was typed and what is wrong with it.

/// The fields of the forms of one page. Templates ask for them by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    values: Vec<(String, String)>,
    wrong: Option<(String, String)>,
}

impl Typed {
    /// Puts another value into a field, which may have several.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values.push((name.to_owned(), value.into()));
        self
    }

    /// Puts values into a field of boxes that are ticked.
    #[must_use]
    pub fn with_all(self, name: &str, values: impl IntoIterator<Item = String>) -> Self {
        let values = values.into_iter();
        values.fold(self, |typed, value| typed.with(name, value))
    }

    /// Takes what stood in a field out of it.
    pub fn clear(&mut self, name: &str) {
        self.values.retain(|(known, _)| known != name);
    }

    /// Says what is wrong with a field.
    #[must_use]
    pub fn but(mut self, name: &str, wrong: impl Into<String>) -> Self {
        self.wrong = Some((name.to_owned(), wrong.into()));
        self
    }

    /// What stands in a field.
    pub fn value(&self, name: &str) -> &str {
        let found = self.values.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Whether a box is ticked or a choice made.
    pub fn has(&self, name: &str, value: &str) -> bool {
        let mut values = self.values.iter();
        values.any(|(known, given)| known == name && given == value)
    }

    /// What is wrong with a field; empty when nothing is.
    pub fn wrong(&self, name: &str) -> &str {
        match &self.wrong {
            Some((known, wrong)) if known == name => wrong,
            Some(_) | None => "",
        }
    }

    /// Whether anything is wrong.
    pub fn is_wrong(&self) -> bool {
        self.wrong.is_some()
    }

    /// Whether something is wrong with a field whose name begins so.
    pub fn is_wrong_in(&self, prefix: &str) -> bool {
        let wrong = self.wrong.as_ref();
        wrong.is_some_and(|(name, _)| name.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_its_values_and_what_is_wrong_with_it() {
        let mut typed = Typed::default()
            .with("name", "laptop")
            .with_all("scopes", ["read".to_owned(), "inference".to_owned()])
            .but("name", "Too long.");
        assert_eq!(typed.value("name"), "laptop");
        assert!(typed.has("scopes", "inference") && !typed.has("scopes", "manage"));
        assert_eq!(
            (typed.wrong("name"), typed.wrong("scopes")),
            ("Too long.", "")
        );
        assert!(typed.is_wrong() && typed.is_wrong_in("na") && !typed.is_wrong_in("scopes"));
        typed.clear("scopes");
        assert!(!typed.has("scopes", "read"));
        assert_eq!(typed.value("nothing"), "");
    }
}
