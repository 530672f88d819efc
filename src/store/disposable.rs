//! Mail domains that hand out mailboxes for minutes, from `data/disposable-domains.txt`.

use std::collections::HashSet;
use std::sync::LazyLock;

static DOMAINS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("../../data/disposable-domains.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect()
});

/// Whether a domain, or one above it, is on the list.
pub(super) fn is_disposable(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    let above = domain.match_indices('.').map(|(dot, _)| &domain[dot + 1..]);
    // Every domain above is looked up, so that a hit takes as long as a miss.
    let hits = above.filter(|domain| DOMAINS.contains(domain)).count();
    hits > 0 || DOMAINS.contains(domain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_domains_and_those_below_them_are_known_in_any_case() {
        for listed in ["10minutemail.com", "a.b.10MinuteMail.com", "mailinator.com"] {
            assert!(is_disposable(listed), "{listed}");
        }
    }

    #[test]
    fn domains_that_people_keep_are_not_listed() {
        for kept in [
            "gmail.com",
            "example.com",
            "posteo.de",
            "not10minutemail.com",
            "com",
            "",
        ] {
            assert!(!is_disposable(kept), "{kept}");
        }
    }

    #[test]
    fn the_file_is_domains_in_order_one_a_line() {
        let lines: Vec<&str> = include_str!("../../data/disposable-domains.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert!(lines.len() > 1000);
        assert!(lines.is_sorted(), "sort it, so that changes can be read");
        let odd = |line: &&&str| !line.contains('.') || line.contains(char::is_whitespace);
        assert_eq!(lines.iter().find(odd), None);
    }
}
