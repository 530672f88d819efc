//! Tables of `docs/api.md`, so that the pages and the reference cannot say different things.

const API: &str = include_str!("../../docs/api.md");

/// A piece of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it says.
    pub text: String,
    /// Whether it is code.
    pub is_code: bool,
}

/// The rows of the first table under a heading of the second rank, cell by cell.
pub fn table(heading: &str) -> Vec<Vec<Vec<Span>>> {
    let heading = format!("## {heading}");
    let section = API.lines().skip_while(|line| *line != heading).skip(1);
    let section = section.take_while(|line| !line.starts_with("## "));
    let mut rows = section
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .map(row);
    let columns = rows.next().map_or(0, |heads| heads.len());
    rows.skip(1).filter(|row| row.len() == columns).collect()
}

fn row(line: &str) -> Vec<Vec<Span>> {
    let inner = line.trim();
    let inner = inner.strip_prefix('|').unwrap_or(inner);
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    inner.split('|').map(|cell| spans(cell.trim())).collect()
}

/// Code stands between backticks; of a link only its words are kept.
pub fn spans(cell: &str) -> Vec<Span> {
    let parts = cell.split('`').enumerate();
    parts
        .map(|(n, part)| Span {
            text: if n % 2 == 1 {
                part.to_owned()
            } else {
                without_links(part)
            },
            is_code: n % 2 == 1,
        })
        .filter(|span| !span.text.is_empty())
        .collect()
}

fn without_links(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some((before, link)) = rest.split_once('[') {
        kept.push_str(before);
        let Some((words, after)) = link.split_once("](") else {
            kept.push('[');
            rest = link;
            continue;
        };
        kept.push_str(words);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(row: &[Vec<Span>]) -> Vec<String> {
        let text = |cell: &Vec<Span>| cell.iter().map(|span| span.text.as_str()).collect();
        row.iter().map(text).collect()
    }

    #[test]
    fn the_tables_of_the_reference_are_read() {
        for (heading, columns, least) in [
            ("Routes", 3, 30),
            ("Response headers", 3, 12),
            ("Errors", 4, 30),
        ] {
            let rows = table(heading);
            assert!(rows.len() >= least, "{heading}: {}", rows.len());
            assert!(rows.iter().all(|row| row.len() == columns), "{heading}");
        }
        let routes = table("Routes");
        assert_eq!(
            plain(&routes[0]),
            [
                "POST /v1/chat/completions",
                "API key",
                "chat, streamed and not"
            ]
        );
        assert!(routes[0][0][0].is_code);
        assert!(table("No such heading").is_empty());
    }

    #[test]
    fn links_lose_their_targets() {
        assert_eq!(without_links("a [b c](d.md#e) f [g"), "a b c f [g");
        assert_eq!(spans("`a` or `b`").len(), 3);
    }
}
