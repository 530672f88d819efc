//! Our counts beside those of tiktoken, and the data files beside its tables.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use tiktoken_rs::{CoreBPE, cl100k_base_singleton, o200k_base_singleton};

use super::*;

/// The encodings: ours, tiktoken's, the data file and its name.
fn all() -> [(Encoding, &'static CoreBPE, &'static [u8], &'static str); 2] {
    [
        (
            Encoding::O200k,
            o200k_base_singleton(),
            O200K_FILE,
            "o200k_base",
        ),
        (
            Encoding::Cl100k,
            cl100k_base_singleton(),
            CL100K_FILE,
            "cl100k_base",
        ),
    ]
}

/// The bytes of every token, by rank.
fn published(tables: &CoreBPE) -> Vec<Vec<u8>> {
    (0..)
        .map_while(|rank| tables.decode_bytes(&[rank]).ok())
        .collect()
}

/// A data file: the bytes by rank, the nodes of the trie, the halves of every further token.
fn packed(tokens: &[Vec<u8>]) -> Vec<u8> {
    let ranks: HashMap<&[u8], u32> = (0..)
        .zip(tokens)
        .map(|(rank, token)| (&**token, rank))
        .collect();
    let nodes: HashSet<&[u8]> = tokens
        .iter()
        .flat_map(|token| (0..=token.len()).map(|end| &token[..end]))
        .collect();
    let mut file: Vec<u8> = tokens[..256].concat();
    assert_eq!(file.len(), 256);
    file.extend(u32::try_from(nodes.len()).unwrap().to_le_bytes());
    for (rank, token) in (0..).zip(tokens).skip(256) {
        let [left, right] = merged_below(rank, token, &ranks);
        file.extend(&left.to_le_bytes()[..3]);
        file.extend(&right.to_le_bytes()[..3]);
    }
    file
}

/// The two tokens that a token's bytes are before its own merge.
fn merged_below(rank: u32, token: &[u8], ranks: &HashMap<&[u8], u32>) -> [u32; 2] {
    let mut ends: Vec<usize> = (0..=token.len()).collect();
    loop {
        let lowest = ends
            .windows(3)
            .enumerate()
            .filter_map(|(at, three)| Some((*ranks.get(&token[three[0]..three[2]])?, at)))
            .filter(|(merged, _)| *merged < rank)
            .min();
        let Some((_, at)) = lowest else { break };
        ends.remove(at + 1);
    }
    let halves: Vec<u32> = ends
        .windows(2)
        .map(|two| ranks[&token[two[0]..two[1]]])
        .collect();
    halves.try_into().unwrap()
}

/// Writes the data files anew: `cargo test --lib -- --ignored encodings_are_written`.
#[test]
#[ignore = "writes files"]
fn encodings_are_written() {
    for (_, tables, _, name) in all() {
        let path = format!("{}/data/encodings/{name}.bin", env!("CARGO_MANIFEST_DIR"));
        std::fs::write(path, packed(&published(tables))).unwrap();
    }
}

#[test]
fn the_data_files_are_the_published_encodings() {
    for (encoding, tables, file, name) in all() {
        let published = published(tables);
        let (head, merges) = file.split_at(260);
        let mut ours: Vec<Vec<u8>> = head[..256].iter().map(|byte| vec![*byte]).collect();
        for merge in merges.chunks(6) {
            let half = |at: usize| {
                u32::from_le_bytes([merge[at], merge[at + 1], merge[at + 2], 0]) as usize
            };
            let token = [&*ours[half(0)], &*ours[half(3)]].concat();
            ours.push(token);
        }
        assert!(ours == published, "{name}");
        for (rank, token) in (0..).zip(&published) {
            assert_eq!(table(encoding).longest(token), rank, "{name}: {token:?}");
            assert_eq!(table(encoding).len(rank), token.len(), "{name}: {token:?}");
        }
    }
}

fn same_as_tiktoken(text: &str) {
    for (encoding, tables, _, name) in all() {
        let right = tables.encode_ordinary(text).len() as u64;
        assert_eq!(count(encoding, text), right, "{name}: {text:?}");
    }
}

#[test]
fn counts_are_those_of_the_published_encodings() {
    // Right: o200k_base and cl100k_base as OpenAI's tiktoken 0.12 counts them.
    for (text, o200k, cl100k) in [
        ("", 0, 0),
        ("Hello, world!", 4, 4),
        ("antidisestablishmentarianism", 6, 6),
        ("2 + 2 = 4", 7, 7),
        ("お誕生日おめでとう", 8, 9),
        ("The quick brown fox jumps over the lazy dog.", 10, 10),
    ] {
        assert_eq!(count(Encoding::O200k, text), o200k, "{text}");
        assert_eq!(count(Encoding::Cl100k, text), cl100k, "{text}");
    }
}

#[test]
fn the_files_of_this_project_have_tiktokens_counts() {
    for text in [
        include_str!("../../../../ARCHITECTURE.md"),
        include_str!("../../../../README.md"),
        include_str!("../../../../Cargo.lock"),
        include_str!("../../../../data/catalog.toml"),
        include_str!("../image.rs"),
        include_str!("../sample/tests.rs"),
    ] {
        same_as_tiktoken(text);
        same_as_tiktoken(&text.to_uppercase());
        same_as_tiktoken(&text.replace(' ', ""));
    }
}

#[test]
fn runs_have_tiktokens_counts() {
    for text in [
        "a",
        " ",
        "\n",
        "\r\n",
        "\t ",
        "é",
        "0",
        "!",
        "/",
        "ab",
        "\u{1F600}",
        "a\u{301}",
        "\u{301}",
        "\u{200d}",
        "中",
        "ǅ",
        "'s",
    ] {
        for times in [1, 2, 3, 5, 17, 100, 700] {
            let run = text.repeat(times);
            same_as_tiktoken(&run);
            same_as_tiktoken(&format!("A{run}B\n{run}"));
        }
    }
}

#[test]
fn a_run_of_a_megabyte_is_counted_at_once() {
    for text in ["a", " ", "\n", "é", "!", "ªAA", "qzj"] {
        let long = text.repeat((1 << 20) / text.len());
        let tokens = count(Encoding::O200k, &long);
        assert!(tokens > 0 && tokens <= long.len() as u64, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn any_text_has_tiktokens_count(text in ".{0,120}") {
        same_as_tiktoken(&text);
    }

    #[test]
    fn characters_of_every_class_have_tiktokens_count(
        text in "([a-eA-E]{0,3}|['/!.-]|[sStTrRvVmMlLdDeEſ]{1,2}|[ \t\r\n\u{a0}\u{2028}]{1,3}|[0-9½٣]|[ǅʰªéÉ\u{301}\u{903}中文ひ한\u{1F600}\u{200d}]){0,40}"
    ) {
        same_as_tiktoken(&text);
    }

    #[test]
    fn letters_without_any_order_have_tiktokens_count(text in "[a-z]{0,400}|[A-Za-z0-9+/]{0,400}|[\u{4e00}-\u{9fff}]{0,130}") {
        same_as_tiktoken(&text);
    }

    #[test]
    fn blocks_are_the_text(text in "\\PC{0,300}", most in 4_usize..64) {
        let all: Vec<&str> = blocks(&text, most).collect();
        prop_assert!(all.iter().all(|block| block.len() <= most && !block.is_empty()));
        prop_assert_eq!(all.concat(), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]
    #[test]
    fn cuts_before_words_do_not_change_the_count(words in "([a-zA-Z]{1,12} ){100,200}") {
        let cut: u64 = blocks(&words, 512).map(|block| count(Encoding::O200k, block)).sum();
        prop_assert_eq!(cut, count(Encoding::O200k, &words));
    }
}
