//! Marks in a prompt that tell a simulated model how to answer, such as `[[tokens:20]]`.

/// No answer is longer than this, whatever a mark says.
const MOST_TOKENS: usize = 100_000;

/// What the last user message asks of the simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// `[[tokens:N]]`: exactly N tokens of text.
    pub(super) tokens: Option<usize>,
    /// `[[say:TEXT]]`: this text, to the letter.
    pub(super) say: Option<String>,
    /// `[[cached:N]]`: N prompt tokens count as read from the cache.
    pub(super) cached: usize,
    /// `[[reasoning:N]]`: N tokens of reasoning, on a model that reasons.
    pub(super) reasoning: Option<usize>,
    /// `[[refuse]]`: the model itself declines.
    pub(super) refuse: bool,
    /// The message without its marks.
    pub(super) plain: String,
}

impl Marks {
    /// Reads the marks of a message. What is no mark stays text.
    pub(super) fn of(text: &str) -> Self {
        let mut marks = Self::default();
        let mut rest = text;
        while let Some(start) = rest.find("[[") {
            let (before, after) = rest.split_at(start);
            marks.plain.push_str(before);
            match after[2..].split_once("]]") {
                Some((mark, left)) if marks.take(mark) => rest = left,
                Some(_) | None => {
                    marks.plain.push_str("[[");
                    rest = &after[2..];
                }
            }
        }
        marks.plain.push_str(rest);
        marks.plain = marks.plain.trim().to_owned();
        marks
    }

    fn take(&mut self, mark: &str) -> bool {
        let (name, value) = mark.split_once(':').unwrap_or((mark, ""));
        let number = value
            .trim()
            .parse::<usize>()
            .ok()
            .map(|n| n.min(MOST_TOKENS));
        match (name.trim(), number) {
            ("say", _) => self.say = Some(value.to_owned()),
            ("refuse", _) => self.refuse = true,
            ("tokens", Some(n)) => self.tokens = Some(n),
            ("reasoning", Some(n)) => self.reasoning = Some(n),
            ("cached", Some(n)) => self.cached = n,
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_and_taken_out() {
        let marks = Marks::of("Hi [[tokens:7]][[say:a: b]] there [[cached:3]] [[refuse]]");
        assert_eq!(marks.tokens, Some(7));
        assert_eq!(marks.say.as_deref(), Some("a: b"));
        assert_eq!((marks.cached, marks.refuse), (3, true));
        assert_eq!(marks.plain, "Hi  there");
    }

    #[test]
    fn what_is_no_mark_stays() {
        for text in ["[[wiki]]", "[[tokens:x]]", "a [[ b", "[[", "]] [["] {
            assert_eq!(Marks::of(text).plain, text);
        }
        assert_eq!(Marks::of("[[[[tokens:2]]").tokens, Some(2));
        assert_eq!(Marks::of("[[tokens:9999999]]").tokens, Some(MOST_TOKENS));
    }
}
