//! Code samples: files that run as they stand, shown with the address of the router that shows them.

/// The address that the files name: that of a router with built-in settings.
pub const ADDRESS: &str = "http://127.0.0.1:8080";

macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        /// Every sample: its name and its text.
        pub const ALL: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../pages/samples/", $name)))),*];
    };
}

samples!(
    "ai-sdk.mjs",
    "auto.sh",
    "credits.sh",
    "embed.sh",
    "environment.sh",
    "fallbacks.sh",
    "health.sh",
    "hello.sh",
    "langchain.py",
    "litellm.py",
    "metrics.sh",
    "models.sh",
    "openai.mjs",
    "openai.py",
    "opencode.json",
    "pin.sh",
    "route.sh",
    "serve.sh",
    "stream.sh",
);

/// A sample for callers of `base_url`; empty when there is none of that name.
pub fn sample(name: &str, base_url: &str) -> String {
    let found = ALL.iter().find(|(known, _)| *known == name);
    found.map_or_else(String::new, |(_, text)| {
        text.trim_end().replace(ADDRESS, base_url)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_name_the_router_that_shows_them() {
        let shown = sample("hello.sh", "https://router.example");
        assert!(shown.starts_with("curl https://router.example/v1/chat/completions"));
        assert!(
            ALL.iter()
                .all(|(name, _)| !sample(name, "x").contains(ADDRESS))
        );
        assert_eq!(sample("nothing", "x"), "");
    }
}
