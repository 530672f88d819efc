//! `tracestate`: what other tracing systems pass along. We add nothing to it.

/// Longest list that is passed on, W3C's own bound.
const MOST_BYTES: usize = 512;
const MOST_MEMBERS: usize = 32;
const MOST_PART: usize = 256;

/// A list that is fit to be passed on; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceState(String);

impl TraceState {
    /// Reads the header's values in order. One that is wrong or too long makes the whole list empty.
    pub fn read<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut list: Vec<(&str, &str)> = Vec::new();
        for member in values.into_iter().flat_map(|value| value.split(',')) {
            let member = member.trim_matches([' ', '\t']);
            if member.is_empty() {
                continue;
            }
            let Some((key, value)) = member.split_once('=') else {
                return Self::default();
            };
            let is_new = list.iter().all(|(known, _)| *known != key);
            if !is_key(key) || !is_value(value) || !is_new || list.len() == MOST_MEMBERS {
                return Self::default();
            }
            list.push((key, value));
        }
        let members: Vec<String> = list.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let text = members.join(",");
        if text.len() > MOST_BYTES {
            return Self::default();
        }
        Self(text)
    }

    /// The list as a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_key(key: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-*/@".contains(c);
    let begins = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    key.len() <= MOST_PART && key.starts_with(begins) && key.chars().all(fits)
}

fn is_value(value: &str) -> bool {
    let fits = |c: char| (' '..='~').contains(&c) && c != ',' && c != '=';
    !value.is_empty()
        && value.len() <= MOST_PART
        && value.chars().all(fits)
        && !value.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_lists_pass_and_bad_ones_do_not() {
        let read = |values: &[&str]| TraceState::read(values.iter().copied()).0;
        assert_eq!(read(&["a=1, b@v=2", "", "c=x y"]), "a=1,b@v=2,c=x y");
        let many = (0..33)
            .map(|i| format!("k{i}=1"))
            .collect::<Vec<_>>()
            .join(",");
        let long = format!("a={}", "x".repeat(257));
        let both = [
            format!("a={}", "x".repeat(256)),
            format!("b={}", "x".repeat(256)),
        ]
        .join(",");
        for bad in [
            "a", "A=1", "a=", "=1", "a=1,a=2", "a=é", "a=1=2", &many, &long, &both, "a b=1",
        ] {
            assert_eq!(read(&[bad]), "", "{bad}");
        }
    }
}
