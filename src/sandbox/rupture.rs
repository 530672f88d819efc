//! Where and how a simulated answer breaks: any point of an answer, in any manner.

use std::str::FromStr;

/// The point of an answer at which it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// `before_headers`
    BeforeHeaders,
    /// `after_headers`: before the first byte of the body.
    AfterHeaders,
    /// `after_role`: before the first token, after whatever a stream says before it.
    AfterRole,
    /// `after_tokens:10`
    AfterTokens(usize),
    /// `before_last:2`: with this many pieces of the body unsent. Of a stream in OpenAI's dialect
    /// the last but one is the usage and the last is `[DONE]`.
    BeforeLast(usize),
}

/// How an answer breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// `fin`: the connection is closed.
    Fin,
    /// `rst`: the connection is reset.
    Rst,
    /// `stall`: silence on an open connection.
    Stall,
    /// `error`: a 500 with the provider's error; after the headers, its error event.
    Error,
    /// `broken`: a piece that nobody can read, and then the rest; before the headers, a body that
    /// is no JSON.
    Broken,
}

/// How far a body has been sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// Tokens sent.
    pub tokens: usize,
    /// Pieces sent.
    pub pieces: usize,
    /// Tokens of the next piece.
    pub next_tokens: usize,
    /// Pieces unsent, the next one included; counted up to three.
    pub left: usize,
}

impl Point {
    /// Whether a body that has been sent so far has reached the point.
    pub(super) fn reached(self, progress: Progress) -> bool {
        match self {
            Self::BeforeHeaders | Self::AfterHeaders => progress.pieces == 0,
            Self::AfterRole => progress.tokens == 0 && progress.next_tokens > 0,
            Self::AfterTokens(tokens) => progress.tokens >= tokens,
            Self::BeforeLast(pieces) => progress.left == pieces,
        }
    }
}

/// Reads `after_role/rst`.
pub(super) fn parse(text: &str) -> Option<(Point, Manner)> {
    let (point, manner) = text.split_once('/')?;
    Some((point.parse().ok()?, manner.parse().ok()?))
}

impl FromStr for Point {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, number) = match text.split_once(':') {
            Some((name, digits)) => (name, Some(digits.parse::<usize>().map_err(drop)?)),
            None => (text, None),
        };
        match (name, number) {
            ("before_headers", None) => Ok(Self::BeforeHeaders),
            ("after_headers", None) => Ok(Self::AfterHeaders),
            ("after_role", None) => Ok(Self::AfterRole),
            ("after_tokens", Some(tokens)) => Ok(Self::AfterTokens(tokens)),
            ("before_last", Some(pieces @ 1..=2)) => Ok(Self::BeforeLast(pieces)),
            _ => Err(()),
        }
    }
}

impl FromStr for Manner {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "fin" => Ok(Self::Fin),
            "rst" => Ok(Self::Rst),
            "stall" => Ok(Self::Stall),
            "error" => Ok(Self::Error),
            "broken" => Ok(Self::Broken),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_manners_are_read() {
        for (text, read) in [
            ("before_headers/rst", (Point::BeforeHeaders, Manner::Rst)),
            (
                "after_tokens:10/stall",
                (Point::AfterTokens(10), Manner::Stall),
            ),
            ("before_last:2/fin", (Point::BeforeLast(2), Manner::Fin)),
        ] {
            assert_eq!(parse(text), Some(read));
        }
        for nonsense in [
            "",
            "rst",
            "after_tokens/fin",
            "after_role:1/fin",
            "before_last:3/fin",
            "after_role/bang",
        ] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
