//! The guard's arithmetic.

use super::*;
use crate::catalog::{Catalog, Layer};
use proptest::prelude::*;

fn model(window: u32, max_input: Option<u32>, max_output: u32) -> Model {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let mut model = Model::clone(catalog.model("gpt-4.1").unwrap());
    model.context_window = window;
    model.max_input = max_input;
    model.max_output = max_output;
    model
}

#[test]
fn input_and_reserved_output_share_the_window() {
    let model = model(10_000, None, 4_000);
    assert!(Need::of_tokens(6_000, Some(4_000)).fits(&model, 400));
    assert!(!Need::of_tokens(6_001, Some(4_000)).fits(&model, 400));
    // More than the model can give is not reserved.
    assert!(Need::of_tokens(6_000, Some(9_000)).fits(&model, 400));
}

#[test]
fn without_a_maximum_the_expected_answer_is_reserved_but_at_least_1024() {
    let model = model(10_000, None, 4_000);
    assert!(Need::of_tokens(8_976, None).fits(&model, 400));
    assert!(!Need::of_tokens(8_977, None).fits(&model, 400));
    assert!(!Need::of_tokens(8_976, None).fits(&model, 1_200));
}

#[test]
fn a_limit_of_its_own_holds_for_input() {
    let model = model(400_000, Some(272_000), 128_000);
    assert!(Need::of_tokens(272_000, Some(1)).fits(&model, 400));
    assert!(!Need::of_tokens(272_001, Some(1)).fits(&model, 400));
}

#[test]
fn every_model_counts_by_its_own_familys_rules() {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    let prompt = Prompt {
        texts: vec!["The quick brown fox jumps over the lazy dog.".into()],
        messages: 1,
        ..Prompt::default()
    };
    let need = Need::of(&prompt, &Encoding::ALL, None);
    let input = |id: &str| need.input(catalog.model(id).unwrap());
    // OpenAI's cookbook: three for the answer's start, four around the message, and the text's ten.
    assert_eq!(input("gpt-4.1"), 17);
    assert!(input("claude-sonnet-4-6") > input("gpt-4.1"));
    assert!(input("claude-opus-4-7") > input("claude-sonnet-4-6"));
}

#[test]
fn what_was_not_counted_counts_its_bytes() {
    let prompt = Prompt {
        texts: vec!["abcdefgh".into()],
        ..Prompt::default()
    };
    let need = Need::of(&prompt, &[], None);
    let mut model = model(100, None, 10);
    model.tokenizer = std::sync::Arc::new(crate::catalog::Tokenizer {
        percent: 100,
        per_request: 0,
        ..crate::catalog::Tokenizer::default()
    });
    assert_eq!(need.input(&model), 8);
}

#[test]
fn a_rough_look_is_never_more_than_the_bytes_say() {
    let catalog = Catalog::load(&[Layer::builtin()]).unwrap();
    for text in [
        "",
        "Hello, world!",
        "a1 b2 c3",
        "你好，世界",
        "\u{1F600}\u{1F600}",
        "{}[]();;",
    ] {
        let prompt = Prompt {
            texts: vec![text.into()],
            messages: 1,
            ..Prompt::default()
        };
        let (rough, bytes) = (Need::roughly(&prompt, None), Need::of(&prompt, &[], None));
        for model in catalog.models() {
            assert!(
                rough.input(model) <= bytes.input(model),
                "{text}: {}",
                model.id
            );
        }
    }
}

proptest! {
    #[test]
    fn more_text_never_fits_where_less_did_not(
        less in 0_u64..2_000_000, more in 0_u64..2_000_000, max in prop::option::of(1_u64..200_000),
    ) {
        let model = model(400_000, Some(272_000), 128_000);
        let fits = |input| Need::of_tokens(input, max).fits(&model, 1_200);
        prop_assert!(!fits(less + more) || fits(less));
    }

    #[test]
    fn a_request_that_fits_leaves_room_for_its_answer(
        input in 0_u64..400_000, max in prop::option::of(1_u64..200_000),
    ) {
        let model = model(400_000, Some(272_000), 128_000);
        let need = Need::of_tokens(input, max);
        let answer = need.reserved(&model, 1_200);
        let right = input <= 272_000 && input + answer <= 400_000;
        prop_assert_eq!(need.fits(&model, 1_200), right);
    }
}
