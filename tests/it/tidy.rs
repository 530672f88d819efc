//! The house rules that a compiler does not check: who imports whom, how long a file may be.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// Lines a file may have at the most.
const MOST_LINES: usize = 500;

/// Folder or file, and what its `use` lines and paths must not name.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("src/catalog", PURE),
    ("src/routing", PURE),
    ("src/wire", PURE),
    ("src/mail", PURE),
    ("src/billing", PURE),
    (
        "src/pages",
        &["actix", "actix_web", "tokio", "reqwest", "sled", "crate"],
    ),
    (
        "src/store",
        &[
            "actix",
            "actix_web",
            "reqwest",
            "crate::actors",
            "crate::http",
            "crate::wire",
        ],
    ),
    (
        "src/spans",
        &[
            "actix",
            "actix_web",
            "tokio",
            "reqwest",
            "sled",
            "crate::actors",
            "crate::http",
            "crate::otlp",
        ],
    ),
    (
        "src/otlp",
        &[
            "actix",
            "actix_web",
            "sled",
            "crate::actors",
            "crate::http",
            "crate::store",
        ],
    ),
    ("src/actors", &["actix_web", "reqwest", "crate::http"]),
    ("src/http", &["actix", "sled"]),
    (
        "src/sandbox",
        &[
            "actix",
            "sled",
            "crate::actors",
            "crate::http",
            "crate::wire",
            "crate::routing",
        ],
    ),
    ("src/money.rs", &["crate"]),
    ("src/ids.rs", &["crate"]),
    ("src", &["hyper", "hyper_rustls", "hyper_util"]),
];
/// Files that may name what their folder may not: they are its hands.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("src/actors/stripe.rs", "reqwest"),
    ("src/http/client.rs", "hyper"),
    ("src/http/client.rs", "hyper_rustls"),
    ("src/http/client.rs", "hyper_util"),
    ("src/http/upstream.rs", "hyper"),
    ("src/http/upstream.rs", "hyper_util"),
];
const PURE: &[&str] = &[
    "actix",
    "actix_web",
    "tokio",
    "reqwest",
    "sled",
    "crate::actors",
    "crate::http",
    "crate::store",
];
/// Clocks that pure code must not read.
const CLOCKS: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "now_utc()",
    "now_local()",
];

#[test]
fn modules_import_only_what_the_map_allows() {
    let mut breaches = Vec::new();
    for (place, forbidden) in FORBIDDEN {
        for (file, text) in sources(place) {
            for (number, line) in production(&text) {
                let named = |word: &&&str| names(line, word) && !is_exception(&file, word);
                if let Some(word) = forbidden.iter().find(named) {
                    breaches.push(format!("{}:{number}: {word} in {place}", file.display()));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn pure_modules_read_no_clock_and_only_config_reads_the_environment() {
    let mut breaches = Vec::new();
    for (file, text) in sources("src") {
        let path = file
            .strip_prefix(ROOT)
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let pure = [
            "src/catalog",
            "src/routing",
            "src/wire",
            "src/mail",
            "src/pages",
            "src/spans",
            "src/billing",
            "src/store",
        ]
        .iter()
        .any(|p| path.starts_with(p));
        for (number, line) in production(&text) {
            if pure && CLOCKS.iter().any(|clock| line.contains(clock)) {
                breaches.push(format!("{path}:{number}: reads a clock"));
            }
            if line.contains("env::var") && !path.starts_with("src/config") {
                breaches.push(format!("{path}:{number}: reads the environment"));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are_for() {
    let mut breaches = Vec::new();
    for place in [
        "src",
        "tests/it",
        "tools/bench/src",
        "tools/instructions/src",
    ] {
        for (file, text) in sources(place) {
            if text.lines().count() > MOST_LINES {
                breaches.push(format!("{}: more than {MOST_LINES} lines", file.display()));
            }
            if !text.starts_with("//!") {
                breaches.push(format!(
                    "{}: no first line that says what it is for",
                    file.display()
                ));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_code_map_says_what_the_files_say() {
    let map = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let mut missing = Vec::new();
    for (file, text) in sources("src") {
        let path = file
            .strip_prefix(Path::new(ROOT).join("src"))
            .unwrap()
            .display()
            .to_string();
        let paragraph: Vec<&str> = text
            .lines()
            .map_while(|line| line.strip_prefix("//!"))
            .map(str::trim)
            .take_while(|line| !line.is_empty())
            .collect();
        let row = format!("| `{path}` | {} |", paragraph.join(" ").replace('|', "\\|"));
        if !map.lines().any(|line| line == row) {
            missing.push(row);
        }
    }
    assert!(
        missing.is_empty(),
        "ARCHITECTURE.md lacks\n{}",
        missing.join("\n")
    );
}

fn is_exception(file: &Path, word: &str) -> bool {
    EXCEPTIONS
        .iter()
        .any(|(path, crate_name)| file.ends_with(path) && *crate_name == word)
}

/// Whether a line of code names a crate or module path.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = &line[at + word.len()..];
        let starts =
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '"');
        starts && (after.starts_with("::") || after.starts_with(';'))
    })
}

/// Numbered lines of code: without comments, and without test modules, which stand last.
fn production(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
        .map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
}

/// Every Rust file of a folder, or one file; files of tests are left out.
fn sources(place: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&Path::new(ROOT).join(place), &mut found);
    assert!(!found.is_empty(), "{place} has no sources");
    found
}

fn collect(path: &Path, found: &mut Vec<(PathBuf, String)>) {
    if path.is_dir() {
        if path.ends_with("src/wire/openai/tests") {
            return;
        }
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), found);
        }
        return;
    }
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let is_test = name == "tests.rs"
        || name.ends_with("_tests.rs")
        || path.components().any(|c| c.as_os_str() == "tests");
    let wanted =
        name.ends_with(".rs") && (!is_test || path.starts_with(Path::new(ROOT).join("tests")));
    if wanted {
        found.push((path.to_path_buf(), fs::read_to_string(path).unwrap()));
    }
}
