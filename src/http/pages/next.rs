//! Where a visitor goes after signing in: a path of this very site, whatever a link says.

use url::Url;
use url::form_urlencoded::byte_serialize;

/// Longest path that is kept.
const MOST_BYTES: usize = 1024;
/// Where visitors go who came from nowhere.
const DEFAULT: &str = "/dashboard";

/// A path of this site with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next(String);

impl Next {
    /// The path that was asked for; the dashboard for anything that might lead elsewhere or back to
    /// signing in.
    pub fn of(asked: &str) -> Self {
        let is_plain = asked.len() <= MOST_BYTES
            && asked.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
            && asked.starts_with('/')
            && !asked.starts_with("//");
        let ends =
            |path: &str| path == "/login" || path.starts_with("/login/") || path == "/logout";
        let kept = is_plain
            .then(|| Url::parse("http://here.invalid").ok()?.join(asked).ok())
            .flatten()
            .filter(|url| url.host_str() == Some("here.invalid") && !ends(url.path()));
        Self(match kept {
            // As a browser would read it.
            Some(url) => url[url::Position::BeforePath..].to_owned(),
            None => DEFAULT.to_owned(),
        })
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The sign-in page that leads there.
    pub fn login(&self) -> String {
        let next: String = byte_serialize(self.0.as_bytes()).collect();
        format!("/login?next={next}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_of_this_site_are_kept() {
        for path in [
            "/",
            "/models",
            "/models?q=a%20b&sort=price",
            "/docs/api#x",
            "/models/a/b:c",
        ] {
            assert_eq!(Next::of(path).as_str(), path);
        }
        let login = Next::of("/models?q=a&b=c").login();
        assert_eq!(login, "/login?next=%2Fmodels%3Fq%3Da%26b%3Dc");
    }

    #[test]
    fn nothing_leads_elsewhere() {
        for bad in [
            "",
            "models",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nset-cookie: x",
            " /models",
            "/login",
            "/login?next=/login",
            "/login/code",
            "/logout",
            "/./login",
        ] {
            assert_eq!(Next::of(bad).as_str(), DEFAULT, "{bad:?}");
        }
        assert_eq!(
            Next::of(&format!("/{}", "a".repeat(2000))).as_str(),
            DEFAULT
        );
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_a_browser_stays_here(asked in "\\PC{0,40}") {
            let base = Url::parse("https://router.example/login").unwrap();
            let next = base.join(Next::of(&asked).as_str()).unwrap();
            prop_assert_eq!(next.origin(), base.origin());
        }
    }
}
