//! Words and numbers of a prompt, handed out one by one to fill made-up values.

use serde_json::Number;

/// Words that say nothing about the matter.
const STOPWORDS: [&str; 24] = [
    "about", "call", "both", "each", "from", "give", "have", "json", "name", "parallel", "please",
    "tell", "that", "their", "them", "then", "there", "these", "this", "tool", "what", "when",
    "which", "with",
];

/// Fills values from a prompt; the same prompt gives the same values.
#[derive(Clone, Debug)]
pub(super) struct Words {
    words: Vec<String>,
    numbers: Vec<Number>,
    next_word: usize,
    next_number: usize,
}

impl Words {
    /// Names of things first (capitalised words), then other words that carry meaning.
    pub(super) fn of(prompt: &str) -> Self {
        let all: Vec<&str> = prompt
            .split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '.' || c == '_'))
            .map(|word| word.trim_matches(['-', '.', '_']))
            .filter(|word| !word.is_empty())
            .collect();
        let named = all.iter().skip(1).filter(|word| {
            word.len() > 1 && word.starts_with(char::is_uppercase) && !is_stopword(word)
        });
        let plain = all.iter().filter(|word| {
            word.chars().count() > 3 && word.starts_with(char::is_lowercase) && !is_stopword(word)
        });
        let mut words: Vec<String> = named.chain(plain).map(|word| (*word).to_owned()).collect();
        if words.is_empty() {
            words.push("example".to_owned());
        }
        Self {
            words,
            numbers: all.iter().filter_map(|word| word.parse().ok()).collect(),
            next_word: 0,
            next_number: 0,
        }
    }

    /// The next word; starts again when all are used up.
    pub(super) fn word(&mut self) -> String {
        let word = self.words[self.next_word % self.words.len()].clone();
        self.next_word += 1;
        word
    }

    /// The next number of the prompt, while there are any.
    pub(super) fn number(&mut self) -> Option<f64> {
        let number = self.numbers.get(self.next_number)?.as_f64();
        self.next_number += 1;
        number
    }
}

fn is_stopword(word: &str) -> bool {
    STOPWORDS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_first_and_numbers_apart() {
        let mut words = Words::of("What is the weather in Paris and Rome for 3 days, 2.5 hours?");
        let first: Vec<_> = (0..4).map(|_| words.word()).collect();
        assert_eq!(first, ["Paris", "Rome", "weather", "days"]);
        assert_eq!(words.number(), Some(3.0));
        assert_eq!(words.number(), Some(2.5));
        assert_eq!(words.number(), None);
        assert_eq!(Words::of("").word(), "example");
    }
}
