//! The simulated tokenizer: the same for all simulated providers, and simple enough to check by hand.
//!
//! A token is a run of white space, at most sixteen characters, glued to what follows it: up to
//! four ASCII letters or digits, or one punctuation character, or one character beyond ASCII.
//! White space at the very end is a token of its own. Joined together, tokens give the text back.

/// Tokens a message costs beside its text.
pub(super) const PER_MESSAGE: usize = 4;

const LONGEST_WORD: usize = 4;
const LONGEST_SPACE: usize = 16;

/// Words of one token each, to make a text as long as wanted.
const FILLER: [&str; 8] = [
    " and", " so", " it", " goes", " on", " word", " by", " word",
];

/// The text in tokens.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (token, left) = rest.split_at(first_length(rest));
        rest = left;
        (!token.is_empty()).then_some(token)
    })
}

/// How many tokens the text has.
pub(super) fn count(text: &str) -> usize {
    split(text).count()
}

/// The text cut or continued to exactly `n` tokens.
pub(super) fn exactly(text: &str, n: usize) -> Vec<String> {
    split(text.trim_end())
        .chain(FILLER.into_iter().cycle())
        .take(n)
        .map(str::to_owned)
        .collect()
}

/// The length in bytes of the first token.
fn first_length(text: &str) -> usize {
    let space: usize = text
        .chars()
        .take(LONGEST_SPACE)
        .take_while(|c| c.is_whitespace())
        .map(char::len_utf8)
        .sum();
    let body = &text[space..];
    let word = body
        .bytes()
        .take(LONGEST_WORD)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let other = match body.chars().next() {
        Some(first) if word == 0 && !first.is_whitespace() => first.len_utf8(),
        Some(_) | None => 0,
    };
    space + word + other
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_can_be_made_by_hand() {
        let tokens: Vec<_> = split("Hello, wörld 12345 \n").collect();
        assert_eq!(
            tokens,
            ["Hell", "o", ",", " w", "ö", "rld", " 1234", "5", " \n"]
        );
        assert_eq!(count(""), 0);
    }

    proptest! {
        #[test]
        fn tokens_join_to_the_text(text in "\\PC*[ \n]{0,40}\\PC*") {
            prop_assert_eq!(split(&text).collect::<String>(), text);
        }

        #[test]
        fn exactly_is_exact_even_when_counted_again(text in "\\PC{0,60}", n in 0usize..80) {
            let tokens = exactly(&text, n);
            prop_assert_eq!(tokens.len(), n);
            prop_assert_eq!(count(&tokens.concat()), n);
        }
    }
}
