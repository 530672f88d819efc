//! Suffixes of a name: `:floor` for the cheapest, `:nitro` for the fastest, `:free` for what costs
//! nothing. OpenRouter's words.

use super::tier::Prefer;

/// What the suffixes of a name ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Suffixes {
    /// `:floor` or `:nitro`.
    pub prefer: Option<Prefer>,
    /// `:free`.
    pub free: Option<Free>,
}

/// Only what costs the caller nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free;

/// Two suffixes that cannot both hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} has two suffixes of one kind; keep one of :floor and :nitro, and at most one :free")]
pub struct Contradiction(pub String);

/// A name without its suffixes, and what they ask for. Ids with a colon of their own stay whole.
pub fn split(text: &str) -> Result<(&str, Suffixes), Contradiction> {
    let (mut name, mut found) = (text.trim(), Suffixes::default());
    while let Some((rest, suffix)) = name.rsplit_once(':') {
        let twice = || Contradiction(text.trim().chars().take(64).collect());
        match suffix.to_ascii_lowercase().as_str() {
            "floor" | "nitro" if found.prefer.is_some() => return Err(twice()),
            "free" if found.free.is_some() => return Err(twice()),
            "floor" => found.prefer = Some(Prefer::Cheap),
            "nitro" => found.prefer = Some(Prefer::Fast),
            "free" => found.free = Some(Free),
            _ => break,
        }
        name = rest.trim_end();
    }
    Ok((name, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_suffixes_are_cut_and_others_belong_to_the_name() {
        let asks = |prefer, free| Suffixes { prefer, free };
        for (text, name, expected) in [
            ("economy", "economy", asks(None, None)),
            (
                " Economy:FLOOR ",
                "Economy",
                asks(Some(Prefer::Cheap), None),
            ),
            ("gpt-4.1:nitro", "gpt-4.1", asks(Some(Prefer::Fast), None)),
            (
                "auto:free:nitro",
                "auto",
                asks(Some(Prefer::Fast), Some(Free)),
            ),
            ("zai.glm-5:thinking", "zai.glm-5:thinking", asks(None, None)),
            (
                "qwen.qwen3-32b-v1:0",
                "qwen.qwen3-32b-v1:0",
                asks(None, None),
            ),
            (
                "qwen.qwen3-32b-v1:0:floor",
                "qwen.qwen3-32b-v1:0",
                asks(Some(Prefer::Cheap), None),
            ),
        ] {
            assert_eq!(split(text), Ok((name, expected)), "{text}");
        }
        assert!(split("economy:floor:nitro").is_err());
        assert!(split("economy:free:free").is_err());
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in ".{0,40}(:free|:floor|:nitro){0,4}") {
            if let Ok((name, _)) = split(&text) {
                prop_assert!(text.trim().starts_with(name));
            }
        }
    }
}
