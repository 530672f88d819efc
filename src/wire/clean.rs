//! Upstream texts made fit to be shown: no keys, no account ids, no HTML, bounded.

/// The longest text that is shown, in characters.
const MOST_CHARS: usize = 500;
/// As much of a body as is looked at.
const MOST_READ: usize = 8 * 1024;

const SECRET: &str = "[redacted]";
/// How keys and account ids of the providers begin.
const SECRET_PREFIXES: [&str; 16] = [
    "sk-", "sk_", "xai-", "gsk_", "csk-", "AIza", "AKIA", "ASIA", "org-", "org_", "proj-", "proj_",
    "acct-", "acct_", "mr_sk_", "eyJ",
];

/// Cleans a text for a caller's eyes.
pub fn message(text: &str) -> String {
    let end = text.floor_char_boundary(MOST_READ);
    let plain = without_markup(text.get(..end).unwrap_or_default());
    let shown = redact(&plain);
    if shown.chars().count() <= MOST_CHARS {
        return shown;
    }
    let mut short: String = shown.chars().take(MOST_CHARS - 1).collect();
    short.push('…');
    short
}

/// Drops tags and control characters, and makes single spaces of white space.
fn without_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let tail = rest.get(next.len_utf8()..).unwrap_or_default();
        let opens =
            next == '<' && tail.starts_with(|c: char| c.is_ascii_alphabetic() || "/!".contains(c));
        if opens && let Some(end) = end_of_tag(rest) {
            rest = rest.get(end..).unwrap_or_default();
            space(&mut out);
            continue;
        }
        if next.is_whitespace() || next.is_control() {
            space(&mut out);
        } else {
            out.push(next);
        }
        rest = tail;
    }
    out.truncate(out.trim_end().len());
    out
}

/// One past the tag that `text` starts with; for style and script, past their content too.
fn end_of_tag(text: &str) -> Option<usize> {
    for (open, close) in [("<style", "</style>"), ("<script", "</script>")] {
        if text
            .get(..open.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(open))
        {
            return Some(text.find(close).map_or(text.len(), |at| at + close.len()));
        }
    }
    text.find('>').map(|at| at + 1)
}

fn space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Replaces words that are keys or account ids.
fn redact(text: &str) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || "-_.*~+=".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_bearer = false;
    while !rest.is_empty() {
        let word_len = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word_len);
        let bare = word.trim_end_matches('.');
        if !bare.is_empty() && (after_bearer || is_secret(bare)) {
            out.push_str(SECRET);
            out.push_str(word.get(bare.len()..).unwrap_or_default());
        } else {
            out.push_str(word);
        }
        if !word.is_empty() {
            after_bearer = word.eq_ignore_ascii_case("bearer");
        }
        let gap_len = tail.find(in_word).unwrap_or(tail.len());
        let (gap, next) = tail.split_at(gap_len);
        out.push_str(gap);
        rest = next;
    }
    out
}

fn is_secret(word: &str) -> bool {
    let prefixed = SECRET_PREFIXES
        .iter()
        .any(|prefix| word.len() >= prefix.len() + 4 && word.starts_with(prefix));
    prefixed || word.contains("***") || is_uuid(word) || is_aws_account(word)
}

fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_aws_account(word: &str) -> bool {
    word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_and_account_ids_do_not_show() {
        let text = "Incorrect API key provided: sk-proj-abc123. Bearer abc.def in organization `org-A1b2C3d4` \
            (key invalid-*****2345, gsk_abcdefgh, AKIAABCDEFGH1234, arn:aws:bedrock:us-east-1:123456789012:x), \
            see https://console.x.ai/team/0f8fad5b-d9cb-469f-a165-70867728950e.";
        insta::assert_snapshot!(message(text), @"Incorrect API key provided: [redacted]. Bearer [redacted] in organization `[redacted]` (key [redacted], [redacted], [redacted], arn:aws:bedrock:us-east-1:[redacted]:x), see https://console.x.ai/team/[redacted].");
    }

    #[test]
    fn markup_goes_and_length_is_bounded() {
        assert_eq!(
            message(
                "<html><head><style>p{x}</style></head>\n<h1>502 Bad\tGateway</h1>\u{7}</html>"
            ),
            "502 Bad Gateway"
        );
        assert_eq!(message("a < b and 3 <5"), "a < b and 3 <5");
        let long = message(&"é".repeat(9_000));
        assert_eq!(long.chars().count(), MOST_CHARS);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn ordinary_words_stay() {
        let text = "The model `gpt-4.1` does not exist; task-based user-friendly sk- words stay.";
        assert_eq!(message(text), text);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in any::<String>()) {
            prop_assert!(message(&text).chars().count() <= MOST_CHARS);
        }
    }
}
