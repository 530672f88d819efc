//! The sample against the exact count, on texts of every kind and on what is made to mislead it.

use super::*;
use proptest::prelude::*;

const MIB: usize = 1 << 20;

/// Numbers without a pattern, always the same.
fn noise(seed: u64) -> impl Iterator<Item = u32> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap()
    })
}

/// Sentences of a text in a new order, until there are enough bytes.
fn shuffled(text: &str, end: &str, bytes: usize, seed: u64) -> String {
    let pieces: Vec<&str> = text.split_inclusive(end).collect();
    let mut out = String::with_capacity(bytes + 1024);
    for number in noise(seed) {
        if out.len() >= bytes {
            break;
        }
        out.push_str(pieces[number as usize % pieces.len()]);
    }
    out
}

fn english(bytes: usize) -> String {
    shuffled(include_str!("../../../../ARCHITECTURE.md"), ".", bytes, 1)
}

fn code(bytes: usize) -> String {
    shuffled(include_str!("../sample.rs"), "\n", bytes, 2)
}

fn json(bytes: usize) -> String {
    let mut out = String::from("[");
    for number in noise(3) {
        if out.len() >= bytes {
            break;
        }
        let name = ["price", "client_id", "createdAt", "tags"][number as usize % 4];
        out.push_str(&format!(
            "{{\"{name}\": {number}, \"ok\": [true, null, {}.25]}},\n",
            number % 977
        ));
    }
    out
}

fn chinese(bytes: usize) -> String {
    let text = "模型路由器在许多提供商前面提供一个兼容的接口。它按层级选择模型，出现故障时切换，并精确计费。\
        今天天气很好，我们去公园散步吧！人工智能正在改变软件开发的方式。请把这份合同翻译成英文，并保留原来的编号。";
    shuffled(text, "，", bytes, 4)
}

fn base64(bytes: usize) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    noise(5)
        .take(bytes)
        .map(|n| char::from(DIGITS[n as usize % 64]))
        .collect()
}

fn emoji(bytes: usize) -> String {
    noise(6)
        .take(bytes / 4)
        .filter_map(|n| char::from_u32(0x1_F300 + n % 0x200))
        .collect()
}

fn exact(texts: &[&str]) -> f64 {
    texts
        .iter()
        .map(|text| count(Encoding::O200k, text))
        .sum::<u64>() as f64
}

#[test]
fn a_large_text_of_one_kind_is_within_three_per_cent_and_hardly_ever_low() {
    for (name, text) in [
        ("english", english(MIB / 4)),
        ("code", code(MIB / 4)),
        ("json", json(MIB / 4)),
        ("chinese", chinese(MIB / 4)),
        ("base64", base64(MIB / 4)),
        ("emoji", emoji(MIB / 4)),
    ] {
        let ratio = total("", Encoding::O200k, &[&text]) as f64 / exact(&[&text]);
        assert!((0.99..1.03).contains(&ratio), "{name}: {ratio:.4}");
    }
}

#[test]
fn a_conversation_of_all_kinds_is_within_three_per_cent_and_hardly_ever_low() {
    let size = MIB / 8;
    let kinds = [
        english(size),
        code(size),
        json(size),
        chinese(size),
        base64(size),
        emoji(size),
    ];
    let (mut counted, mut real) = (0.0, 0.0);
    for seed in 0..6 {
        let mut random = noise(seed + 100);
        let mut next = |most: usize| random.next().unwrap() as usize % most;
        let texts: Vec<&str> = std::iter::repeat_with(|| {
            let text = &kinds[next(kinds.len())];
            let from = text.floor_char_boundary(next(text.len() - 40_000));
            let until = text.floor_char_boundary(from + 10 + next(20_000));
            &text[from..until]
        })
        .take(25)
        .collect();
        let (ours, right) = (total("", Encoding::O200k, &texts) as f64, exact(&texts));
        let ratio = ours / right;
        assert!(
            (0.97..1.05).contains(&ratio),
            "conversation {seed}: {ratio:.4}"
        );
        counted += ours;
        real += right;
    }
    let ratio = counted / real;
    assert!((0.99..1.03).contains(&ratio), "all together: {ratio:.4}");
}

#[test]
fn runs_of_one_character_are_bounded() {
    for text in ["a", " ", "\n", "0", "é", "\u{1F600}"] {
        let long = text.repeat(MIB / 4 / text.len());
        let ratio = total("", Encoding::O200k, &[&long]) as f64 / exact(&[&long]);
        assert!((0.99..1.1).contains(&ratio), "{text:?}: {ratio:.4}");
    }
}

#[test]
fn the_shares_of_many_texts_make_up_the_total() {
    let text = english(MIB / 4);
    let texts: Vec<&str> = blocks(&text, 700).collect();
    let shares = each("", Encoding::O200k, &texts);
    let whole = total("another", Encoding::O200k, &texts);
    let sum: u64 = shares.iter().sum();
    assert!(
        (whole..=whole + texts.len() as u64).contains(&sum),
        "{sum} of {whole}"
    );
    assert_eq!(each("", Encoding::Cl100k, &["Hello, world!", ""]), [4, 0]);
}

#[test]
fn a_text_that_was_counted_before_has_the_same_count() {
    let text = english(9_000);
    let first = total("one", Encoding::O200k, &[&text]);
    assert_eq!(total("one", Encoding::O200k, &[&text]), first);
    assert_eq!(
        each("one", Encoding::O200k, &["Hello, world!", &text]),
        [4, first]
    );
    assert_eq!(first, count(Encoding::O200k, &text));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn characters_without_any_order_are_within_three_per_cent(seed in any::<u64>()) {
        let text: String = noise(seed)
            .filter_map(|n| char::from_u32(n % 0x1_1000))
            .take(60_000)
            .collect();
        let ratio = total("", Encoding::O200k, &[&text]) as f64 / exact(&[&text]);
        prop_assert!((0.99..1.03).contains(&ratio), "{}", ratio);
    }
}
