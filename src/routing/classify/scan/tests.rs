//! What a text is counted as, and what leaves no trace.

use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (Texture, Vec<u32>) {
    let mut grams = Vec::new();
    let mut take = |gram| grams.push(gram);
    let mut scanner = Scanner::new(&mut take);
    scanner.read(text);
    (scanner.texture, grams)
}

#[test]
fn a_text_is_counted_by_what_it_is_made_of() {
    let (texture, _) =
        read("Why does f(x) fail?\n\n- 12 of 3456 rows\nA) $x^2$\n    let a = b.c;\n");
    assert_eq!((texture.lines, texture.items, texture.options), (4, 1, 1));
    assert_eq!((texture.numbers, texture.long_numbers), (3, 1));
    assert_eq!(
        (texture.questions, texture.asks, texture.failures),
        (1, 1, 1)
    );
    assert_eq!((texture.code_lines, texture.invoked), (1, 1));
    assert_eq!((texture.formulas, texture.depth), (3, 1));
}

#[test]
fn what_carries_nothing_leaves_no_trace() {
    for (one, other) in [
        ("Sort a list", "  sort   A\tLIST "),
        ("Sort a list", "Please sort a list, thanks"),
        ("Sort a list", "**Sort** a _list_"),
        ("It costs 12 euros", "It costs 47 euros"),
        ("Écris un mot", "écris UN MOT"),
    ] {
        assert_eq!(read(one).1, read(other).1, "{other}");
    }
}

#[test]
fn courtesy_is_counted_as_nothing_else() {
    let counts = |text| {
        let Texture {
            words,
            sentences,
            commas,
            ..
        } = read(text).0;
        (words, sentences, commas)
    };
    let bare = counts("Find the roots of it, then sum them.");
    let polite = "Hello, please find the roots of it, then sum them. Thanks, cheers!";
    assert_eq!(counts(polite), bare);
    let letters = read("sort it").0.letters;
    assert_eq!(read("please sort it kindly").0.letters, letters);
}

proptest! {
    #[test]
    fn any_text_is_read_and_counts_stay_within_its_length(text in "\\PC{0,300}") {
        let (texture, grams) = read(&text);
        prop_assert!(texture.words as usize <= text.len());
        prop_assert!(texture.content <= texture.words && texture.distinct <= texture.words);
        prop_assert!(grams.len() <= 2 * texture.words as usize);
        prop_assert_eq!(read(&text), (texture, grams));
    }
}
